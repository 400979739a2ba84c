/*
 * Keys of persons in memory: (tenant, subject) → 32-byte key, and what is known of those that are not here.
 *
 * A key is known, erased (PersonErased was folded: it never comes back), or unknown (ask the keyring). Keys stand in
 * guarded memory of libsodium and are wiped when forgotten. Not durable: the durable keyring is keyring.h.
 * Bounded: past WB_KEYS_MAX known keys the oldest quarter is forgotten and asked for again when needed. One thread.
 */
#ifndef WB_SEAL_KEYS_H
#define WB_SEAL_KEYS_H
#include "base/err.h"
#include "base/id.h"

#define WB_KEY32_BYTES 32
#define WB_KEYS_MAX (1u << 20)

enum wb_key_state { WB_KEY_UNKNOWN, WB_KEY_KNOWN, WB_KEY_ERASED };

struct wb_keys;
WB_MUST_CHECK enum wb_err wb_keys_open(struct wb_keys **ret);
void wb_keys_close(struct wb_keys *k); /* NULL is fine; wipes */
/* Errors: ERR_MEMORY. A key of an erased subject is not taken in again (WB_OK, no effect). */
WB_MUST_CHECK enum wb_err wb_keys_put(
        struct wb_keys *k, const char *tenant, struct wb_id subject, const uint8_t key[static WB_KEY32_BYTES]);
/* Wipes the key and remembers that it was erased. */
WB_MUST_CHECK enum wb_err wb_keys_erase(struct wb_keys *k, const char *tenant, struct wb_id subject);
/* The state; a known key is copied to ret_key. */
enum wb_key_state wb_keys_get(
        struct wb_keys *k, const char *tenant, struct wb_id subject, uint8_t ret_key[static WB_KEY32_BYTES]);
/* How many keys are known: a gauge. */
size_t wb_keys_count(const struct wb_keys *k);
/* The key of a context (a ticket's text) under a person's key: keyed BLAKE2b(person key, "weibao context" | context).
 */
void wb_key_of_context(
        const uint8_t key[static WB_KEY32_BYTES], struct wb_id context, uint8_t ret_key[static WB_KEY32_BYTES]);
/* A key that serves one purpose only, under another (a tenant's): keyed BLAKE2b(key, "weibao purpose" | purpose). */
void wb_key_of_purpose(
        const uint8_t key[static WB_KEY32_BYTES], const char *purpose, uint8_t ret_key[static WB_KEY32_BYTES]);
#endif
