#include "gateway/http/internal.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Connections by address. Entries are malloc'd, at most one a connection: bounded by connections_max. */
#define BUCKETS 1024u

struct ip_entry {
	struct ip_entry *next;
	struct ip_key key;
	size_t count;
};

bool http_ip_init(struct ip_table *t)
{
	t->buckets = calloc(BUCKETS, sizeof(*t->buckets));
	return t->buckets && pthread_mutex_init(&t->lock, NULL) == 0;
}

void http_ip_done(struct ip_table *t)
{
	if (!t->buckets)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (t->buckets[i]) {
			struct ip_entry *entry = t->buckets[i];
			t->buckets[i] = entry->next;
			free(entry);
		}
	}
	free(t->buckets);
	pthread_mutex_destroy(&t->lock);
}

bool http_ip_of(const struct sockaddr_storage *from, struct ip_key *ret_key, char ret_text[static INET6_ADDRSTRLEN])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct ip_key key = {{0}};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (from->ss_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		memcpy(key.b, mapped, sizeof(mapped));
		memcpy(key.b + 12, &v4.sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		memcpy(key.b, &v6.sin6_addr, 16);
	} else {
		return false;
	}
	bool is_v4 = memcmp(key.b, mapped, sizeof(mapped)) == 0;
	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? key.b + 12 : key.b, ret_text, INET6_ADDRSTRLEN))
		return false;
	if (!is_v4)
		memset(key.b + 8, 0, 8);
	*ret_key = key;
	return true;
}

/* FNV-1a: a peer who finds collisions slows down its own bucket of at most connections_max entries. */
static struct ip_entry **find(struct ip_table *t, const struct ip_key *key)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < sizeof(key->b); i++)
		hash = (hash ^ key->b[i]) * 16777619u;
	struct ip_entry **at = &t->buckets[hash % BUCKETS];
	while (*at && memcmp((*at)->key.b, key->b, sizeof(key->b)) != 0)
		at = &(*at)->next;
	return at;
}

bool http_ip_take(struct ip_table *t, const struct ip_key *key, size_t max)
{
	pthread_mutex_lock(&t->lock);
	struct ip_entry **at = find(t, key);
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (*at)
			(*at)->key = *key;
	}
	bool taken = *at && (*at)->count < max;
	if (taken)
		(*at)->count++;
	pthread_mutex_unlock(&t->lock);
	return taken;
}

void http_ip_give(struct ip_table *t, const struct ip_key *key)
{
	pthread_mutex_lock(&t->lock);
	struct ip_entry **at = find(t, key);
	WB_ASSERT(*at && (*at)->count > 0);
	if (--(*at)->count == 0) {
		struct ip_entry *entry = *at;
		*at = entry->next;
		free(entry);
	}
	pthread_mutex_unlock(&t->lock);
}
