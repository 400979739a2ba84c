#include "seal/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 16
#define BUCKETS_FIRST 1024u

struct entry {
	struct entry *next;
	uint8_t name[NAME_BYTES]; /* hash of tenant and subject */
	uint32_t slot;            /* of the guarded block; NONE: erased */
	uint64_t born;
};
#define SLOT_NONE UINT32_MAX
#define BLOCK_KEYS 1024u

struct wb_keys {
	struct entry **buckets;
	size_t n_buckets, n_entries, n_known;
	uint64_t births;
	uint8_t **blocks; /* guarded, BLOCK_KEYS keys each */
	size_t n_blocks;
	uint32_t *free_slots;
	size_t n_free, cap_free;
};

enum wb_err wb_keys_open(struct wb_keys **ret)
{
	if (sodium_init() < 0)
		return WB_ERR_CRYPTO;
	struct wb_keys *k = calloc(1, sizeof *k); /* the process's life */
	if (!k)
		return WB_ERR_MEMORY;
	k->n_buckets = BUCKETS_FIRST;
	k->buckets = calloc(k->n_buckets, sizeof(struct entry *));
	if (!k->buckets) {
		free(k);
		return WB_ERR_MEMORY;
	}
	*ret = k;
	return WB_OK;
}

void wb_keys_close(struct wb_keys *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n_buckets; i++) {
		struct entry *next;
		for (struct entry *e = k->buckets[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	for (size_t i = 0; i < k->n_blocks; i++)
		sodium_free(k->blocks[i]);
	free(k->blocks);
	free(k->free_slots);
	free(k->buckets);
	free(k);
}

static void name_of(const char *tenant, struct wb_id subject, uint8_t ret[NAME_BYTES])
{
	crypto_generichash_state s;
	crypto_generichash_init(&s, NULL, 0, NAME_BYTES);
	crypto_generichash_update(&s, (const unsigned char *)tenant, strlen(tenant) + 1);
	crypto_generichash_update(&s, subject.b, sizeof subject.b);
	crypto_generichash_final(&s, ret, NAME_BYTES);
}

static struct entry *find(struct wb_keys *k, const uint8_t *name)
{
	struct entry *e = k->buckets[wb_be64_get(name) % k->n_buckets];
	while (e && memcmp(e->name, name, NAME_BYTES) != 0)
		e = e->next;
	return e;
}

static uint8_t *slot_at(const struct wb_keys *k, uint32_t slot)
{
	return k->blocks[slot / BLOCK_KEYS] + (size_t)(slot % BLOCK_KEYS) * WB_KEY32_BYTES;
}

static enum wb_err add_block(struct wb_keys *k)
{
	uint8_t **blocks = realloc(k->blocks, (k->n_blocks + 1) * sizeof *blocks);
	if (!blocks)
		return WB_ERR_MEMORY;
	k->blocks = blocks;
	size_t cap = (k->n_blocks + 1) * BLOCK_KEYS;
	uint32_t *slots = realloc(k->free_slots, cap * sizeof *slots);
	if (!slots)
		return WB_ERR_MEMORY;
	k->free_slots = slots;
	k->cap_free = cap;
	uint8_t *block = sodium_allocarray(BLOCK_KEYS, WB_KEY32_BYTES);
	if (!block)
		return WB_ERR_MEMORY;
	for (uint32_t i = 0; i < BLOCK_KEYS; i++)
		k->free_slots[k->n_free++] = (uint32_t)(k->n_blocks * BLOCK_KEYS + (BLOCK_KEYS - 1 - i));
	k->blocks[k->n_blocks++] = block;
	return WB_OK;
}

static void grow(struct wb_keys *k)
{
	size_t n = k->n_buckets * 2;
	struct entry **b = calloc(n, sizeof(struct entry *));
	if (!b)
		return; /* slower, not wrong */
	for (size_t i = 0; i < k->n_buckets; i++) {
		struct entry *next;
		for (struct entry *e = k->buckets[i]; e; e = next) {
			next = e->next;
			struct entry **to = &b[wb_be64_get(e->name) % n];
			e->next = *to;
			*to = e;
		}
	}
	free(k->buckets);
	k->buckets = b;
	k->n_buckets = n;
}

static void wipe(struct wb_keys *k, struct entry *e)
{
	if (e->slot == SLOT_NONE)
		return;
	sodium_memzero(slot_at(k, e->slot), WB_KEY32_BYTES);
	k->free_slots[k->n_free++] = e->slot;
	e->slot = SLOT_NONE;
	k->n_known--;
}

/* Forgets the older quarter of what is known; what was erased stays remembered. */
static void forget_oldest(struct wb_keys *k)
{
	uint64_t limit = k->births - k->n_known + k->n_known / 4;
	for (size_t i = 0; i < k->n_buckets; i++) {
		for (struct entry **p = &k->buckets[i]; *p;) {
			struct entry *e = *p;
			if (e->slot == SLOT_NONE || e->born > limit) {
				p = &e->next;
				continue;
			}
			wipe(k, e);
			*p = e->next;
			k->n_entries--;
			free(e);
		}
	}
}

static struct entry *add(struct wb_keys *k, const uint8_t *name)
{
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	if (k->n_entries > k->n_buckets)
		grow(k);
	memcpy(e->name, name, NAME_BYTES);
	e->slot = SLOT_NONE;
	struct entry **b = &k->buckets[wb_be64_get(name) % k->n_buckets];
	e->next = *b;
	*b = e;
	k->n_entries++;
	return e;
}

enum wb_err wb_keys_put(
        struct wb_keys *k, const char *tenant, struct wb_id subject, const uint8_t key[static WB_KEY32_BYTES])
{
	uint8_t name[NAME_BYTES];
	name_of(tenant, subject, name);
	struct entry *e = find(k, name);
	if (e)
		return WB_OK; /* known, or erased for good */
	if (k->n_known >= WB_KEYS_MAX)
		forget_oldest(k);
	if (k->n_free == 0 && add_block(k) != WB_OK)
		return WB_ERR_MEMORY;
	e = add(k, name);
	if (!e)
		return WB_ERR_MEMORY;
	e->slot = k->free_slots[--k->n_free];
	e->born = ++k->births;
	memcpy(slot_at(k, e->slot), key, WB_KEY32_BYTES);
	k->n_known++;
	return WB_OK;
}

enum wb_err wb_keys_erase(struct wb_keys *k, const char *tenant, struct wb_id subject)
{
	uint8_t name[NAME_BYTES];
	name_of(tenant, subject, name);
	struct entry *e = find(k, name);
	if (!e)
		e = add(k, name);
	if (!e)
		return WB_ERR_MEMORY;
	wipe(k, e);
	return WB_OK;
}

enum wb_key_state wb_keys_get(
        struct wb_keys *k, const char *tenant, struct wb_id subject, uint8_t ret_key[static WB_KEY32_BYTES])
{
	uint8_t name[NAME_BYTES];
	name_of(tenant, subject, name);
	const struct entry *e = find(k, name);
	if (!e)
		return WB_KEY_UNKNOWN;
	if (e->slot == SLOT_NONE)
		return WB_KEY_ERASED;
	memcpy(ret_key, slot_at(k, e->slot), WB_KEY32_BYTES);
	return WB_KEY_KNOWN;
}

size_t wb_keys_count(const struct wb_keys *k)
{
	return k->n_known;
}

/* Keyed BLAKE2b(key, label with its NUL | data). */
static void derive(const uint8_t *key, const char *label, const void *data, size_t len, uint8_t *ret_key)
{
	crypto_generichash_state s;
	crypto_generichash_init(&s, key, WB_KEY32_BYTES, WB_KEY32_BYTES);
	crypto_generichash_update(&s, (const unsigned char *)label, strlen(label) + 1);
	crypto_generichash_update(&s, data, len);
	crypto_generichash_final(&s, ret_key, WB_KEY32_BYTES);
	sodium_memzero(&s, sizeof s);
}

void wb_key_of_context(
        const uint8_t key[static WB_KEY32_BYTES], struct wb_id context, uint8_t ret_key[static WB_KEY32_BYTES])
{
	derive(key, "weibao context", context.b, sizeof context.b, ret_key);
}

void wb_key_of_purpose(
        const uint8_t key[static WB_KEY32_BYTES], const char *purpose, uint8_t ret_key[static WB_KEY32_BYTES])
{
	derive(key, "weibao purpose", purpose, strlen(purpose), ret_key);
}
