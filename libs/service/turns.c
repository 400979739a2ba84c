#include "service/turns.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096u

/* A want stands in the list of its key, in order of arrival. */
struct want {
	struct want *prev, *next; /* in the bucket, oldest first */
	struct wb_turn_set *set;
	uint8_t key[WB_TURN_KEY_BYTES];
	bool exclusive;
};
struct wb_turn_set {
	struct wb_turn_set *next_ready;
	void (*granted)(void *ctx);
	void *ctx;
	size_t n;
	bool held;
	bool queued; /* in the list of those to be told */
	struct want wants[];
};
struct bucket {
	struct want *first, *last;
};
struct wb_turn_book {
	struct bucket buckets[BUCKETS];
	struct wb_turn_set *ready; /* granted, to be told */
	struct wb_turn_set **ready_tail;
	size_t waiting;
	bool telling;
};

struct wb_turn_book *wb_turn_book_new(void)
{
	struct wb_turn_book *b = calloc(1, sizeof *b);
	if (b)
		b->ready_tail = &b->ready;
	return b;
}

static struct bucket *bucket_of(struct wb_turn_book *b, const uint8_t *key)
{
	return &b->buckets[wb_be32_get(key) % BUCKETS];
}

/* Whether an older want of the same key stands in the way: any, if one of the two is exclusive. */
static bool blocked(const struct want *w)
{
	for (const struct want *o = w->prev; o; o = o->prev) {
		if (o->set == w->set || memcmp(o->key, w->key, sizeof w->key) != 0)
			continue;
		if (o->exclusive || w->exclusive)
			return true;
	}
	return false;
}

static bool grantable(const struct wb_turn_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (blocked(&s->wants[i]))
			return false;
	return true;
}

static void queue_ready(struct wb_turn_book *b, struct wb_turn_set *s)
{
	s->held = true;
	s->queued = true;
	s->next_ready = NULL;
	*b->ready_tail = s;
	b->ready_tail = &s->next_ready;
	b->waiting--;
}

/* Tells the granted ones, flat: a grant may take or release more. */
static void tell(struct wb_turn_book *b)
{
	if (b->telling)
		return;
	b->telling = true;
	while (b->ready) {
		struct wb_turn_set *s = b->ready;
		b->ready = s->next_ready;
		if (!b->ready)
			b->ready_tail = &b->ready;
		s->queued = false;
		s->granted(s->ctx);
	}
	b->telling = false;
}

struct wb_turn_set *wb_turn_take(
        struct wb_turn_book *b, const struct wb_turns *t, void (*granted)(void *ctx), void *ctx)
{
	struct wb_turn_set *s = calloc(1, sizeof *s + t->n * sizeof s->wants[0]);
	if (!s)
		return NULL;
	s->granted = granted;
	s->ctx = ctx;
	s->n = t->n;
	for (size_t i = 0; i < t->n; i++) {
		struct want *w = &s->wants[i];
		w->set = s;
		memcpy(w->key, t->wants[i].key, sizeof w->key);
		w->exclusive = t->wants[i].exclusive;
		struct bucket *bk = bucket_of(b, w->key);
		w->prev = bk->last;
		if (bk->last)
			bk->last->next = w;
		else
			bk->first = w;
		bk->last = w;
	}
	b->waiting++;
	if (grantable(s))
		queue_ready(b, s);
	tell(b);
	return s;
}

static void unlink_want(struct wb_turn_book *b, struct want *w)
{
	struct bucket *bk = bucket_of(b, w->key);
	if (w->prev)
		w->prev->next = w->next;
	else
		bk->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		bk->last = w->prev;
}

static void unqueue(struct wb_turn_book *b, struct wb_turn_set *s)
{
	struct wb_turn_set **p = &b->ready;
	while (*p && *p != s)
		p = &(*p)->next_ready;
	if (*p)
		*p = s->next_ready;
	b->ready_tail = &b->ready;
	while (*b->ready_tail)
		b->ready_tail = &(*b->ready_tail)->next_ready;
}

void wb_turn_release(struct wb_turn_book *b, struct wb_turn_set *s)
{
	if (!s)
		return;
	if (!s->held)
		b->waiting--;
	if (s->queued)
		unqueue(b, s);
	for (size_t i = 0; i < s->n; i++)
		unlink_want(b, &s->wants[i]);
	for (size_t i = 0; i < s->n; i++) {
		for (struct want *w = bucket_of(b, s->wants[i].key)->first; w; w = w->next) {
			if (!w->set->held && memcmp(w->key, s->wants[i].key, sizeof w->key) == 0 && grantable(w->set))
				queue_ready(b, w->set);
		}
	}
	free(s);
	tell(b);
}

void wb_turn_book_free(struct wb_turn_book *b)
{
	for (size_t i = 0; b && i < BUCKETS; i++) {
		while (b->buckets[i].first) {
			struct wb_turn_set *s = b->buckets[i].first->set;
			for (size_t j = 0; j < s->n; j++)
				unlink_want(b, &s->wants[j]);
			free(s);
		}
	}
	free(b);
}

size_t wb_turn_waiting(const struct wb_turn_book *b)
{
	return b->waiting;
}

/* ---- what a turns function calls ---- */

static void want(struct wb_turns *t, const char *tenant, const char *kind, struct wb_bytes id, bool exclusive)
{
	uint8_t buf[512], h[SHA256_DIGEST_LENGTH];
	size_t tl = strlen(tenant) + 1, kl = strlen(kind) + 1;
	if (t->n == WB_TURNS_MAX || tl + kl + id.len > sizeof buf) {
		t->overflow = true;
		return;
	}
	memcpy(buf, tenant, tl);
	memcpy(buf + tl, kind, kl);
	if (id.len)
		memcpy(buf + tl + kl, id.data, id.len);
	SHA256(buf, tl + kl + id.len, h);
	for (size_t i = 0; i < t->n; i++) {
		if (memcmp(t->wants[i].key, h, WB_TURN_KEY_BYTES) == 0) {
			t->wants[i].exclusive |= exclusive; /* named twice: one turn, the stronger */
			return;
		}
	}
	memcpy(t->wants[t->n].key, h, WB_TURN_KEY_BYTES);
	t->wants[t->n].exclusive = exclusive;
	t->n++;
}

void wb_turn_write(struct wb_turns *t, const char *stream_kind, struct wb_id id)
{
	want(t, t->tenant, stream_kind, (struct wb_bytes){id.b, sizeof id.b}, true);
	if (!t->has_thing) {
		t->has_thing = true;
		t->thing_kind = stream_kind;
		t->thing_id = id;
	}
}

void wb_turn_read(struct wb_turns *t, const char *stream_kind, struct wb_id id)
{
	want(t, t->tenant, stream_kind, (struct wb_bytes){id.b, sizeof id.b}, false);
}

void wb_turn_write_in(struct wb_turns *t, const char *tenant, const char *stream_kind, struct wb_id id)
{
	want(t, tenant, stream_kind, (struct wb_bytes){id.b, sizeof id.b}, true);
}

void wb_turn_write_name(struct wb_turns *t, const char *what, struct wb_bytes name)
{
	want(t, t->tenant, what, name, true);
}
