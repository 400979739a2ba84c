/*
 * The durable keyring of a cell (law 13), intake's own, apart from the log: (tenant, subject) → data key.
 *
 * Owns one folder: its LMDB environment (always durable: a key is on the disk before the event that needs it) and the
 * file master.key (32 bytes, mode 0600), under which the keys stand wrapped (XChaCha20-Poly1305, bound to tenant and
 * subject). An erased key leaves a tombstone: it is never made again under that subject. One thread.
 *
 * What an erasure does not do: the page that the wrapped key stood on is free then, and holds its old bytes until LMDB
 * uses it again; copies of the folder made earlier hold them too. Both open only with master.key, so it is never copied
 * together with the environment, and backups of the environment are short-lived.
 */
#ifndef WB_SEAL_KEYRING_H
#define WB_SEAL_KEYRING_H
#include "base/err.h"
#include "base/id.h"
#include "seal/keys.h"

struct wb_keyring;

/*
 * Opens or makes the keyring in dir (made if absent; its parent must exist). ERR_CRYPTO: master.key is damaged or can
 * open none of the keys; ERR_NOT_FOUND: master.key is gone, keys are there (bring it back, never make another);
 * ERR_DENIED: master.key is not its owner's alone; others as wb_env_open.
 */
WB_MUST_CHECK enum wb_err wb_keyring_open(const char *dir, struct wb_keyring **ret);
void wb_keyring_close(struct wb_keyring *r); /* NULL is fine */
/* The state, and the key if known. create: makes and syncs a missing one (not an erased one). ERR_INVALID: a tenant of
 * more than 64 bytes; ERR_CRYPTO, ERR_CORRUPT: a damaged row; ERR_IO: exit. */
WB_MUST_CHECK enum wb_err wb_keyring_get(struct wb_keyring *r, const char *tenant, struct wb_id subject, bool create,
        enum wb_key_state *ret_state, uint8_t ret_key[static WB_KEY32_BYTES]);
/* The same for many in one synced transaction: makes every one that is missing. */
WB_MUST_CHECK enum wb_err wb_keyring_create(
        struct wb_keyring *r, const char *tenant, const struct wb_id *subjects, size_t n);
/* Deletes the key and leaves the tombstone; synced. Nothing happens to one that is erased already. */
WB_MUST_CHECK enum wb_err wb_keyring_erase(struct wb_keyring *r, const char *tenant, struct wb_id subject);
/* Every row in order of (tenant, subject), until visit returns false. key is NULL for tombstones. */
WB_MUST_CHECK enum wb_err wb_keyring_each(struct wb_keyring *r,
        bool (*visit)(void *ctx, const char *tenant, struct wb_id subject, enum wb_key_state state, const uint8_t *key),
        void *ctx);

/* The next id of a list of the log's; false at its end. */
struct wb_keyring_ids {
	bool (*next)(void *ctx, const char **ret_tenant, struct wb_id *ret_subject);
	void *ctx;
};
struct wb_keyring_report {
	uint64_t erased_again; /* the log says erased, the keyring still had the key: deleted now */
	uint64_t missing;      /* the log needs the key, nobody erased it, and it is not there: an alarm */
};
/*
 * At start, compares the keyring with the log: erased gives the subjects of every erasure, needed those whose keys
 * events were sealed with (erased ones among them do no harm). A key that is missing is never made anew here and never
 * shown as «erased»: the boxes under it may come back with a backup of the keyring. on_missing may be NULL. Synced.
 */
WB_MUST_CHECK enum wb_err wb_keyring_reconcile(struct wb_keyring *r, struct wb_keyring_ids erased,
        struct wb_keyring_ids needed, void (*on_missing)(void *ctx, const char *tenant, struct wb_id subject),
        void *ctx, struct wb_keyring_report *ret_report);
#endif
