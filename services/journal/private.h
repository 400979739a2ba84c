/* What the files of the journal's core share. Not for others: they see core.h. */
#ifndef WB_JOURNAL_PRIVATE_H
#define WB_JOURNAL_PRIVATE_H
#include "core.h"
#include "ledger/note.h"
#include "ledger/record.h"
#include "ledger/tile.h"
#include "ledger/tree.h"
#include "store/txn.h"

#include <limits.h>
#include <stdatomic.h>

#define WB_JOURNAL_FORMAT 1          /* of the log's meta row */
#define WB_JOURNAL_HEADS_FOLD 1      /* fold version of heads: raise it when its tables or their fold change */
#define WB_JOURNAL_INDEX_FOLD 1      /* of index */
#define WB_JOURNAL_SERVICES_MAX 64   /* services that ever started an epoch in this cell */
#define WB_JOURNAL_TIME_EVERY 256    /* index has a time row for every so many positions */
#define WB_JOURNAL_FOLD_CHUNK 4096   /* records folded in one transaction */
#define WB_JOURNAL_TAIL_CHECKED 1000 /* records at the end of the log that a start checks */
#define WB_JOURNAL_OWN_EVENTS_MAX 8  /* events in one append of the journal's own */
#define WB_JOURNAL_LAG_MAX 65536     /* records that a read looks through behind index; more: WB_ERR_AGAIN */
#define WB_JOURNAL_LEASE_US WB_SECOND_US

/* Tables of the environments. */
extern const struct wb_table wb_log_records, wb_log_meta;
extern const struct wb_table wb_heads_streams, wb_heads_commands, wb_heads_epochs, wb_heads_tenants, wb_heads_meta;
extern const struct wb_table wb_index_streams, wb_index_tenants, wb_index_times, wb_index_tiles, wb_index_meta;
extern const struct wb_table wb_signed_notes, wb_signed_meta;

/* How far a projection of the log is, and of which log. */
struct at {
	uint32_t fold;
	struct wb_id log_id;
	uint64_t position;
	struct wb_hash chain; /* at position */
};

struct epoch {
	char service[WB_JOURNAL_NAME_BYTES_MAX + 1];
	uint64_t epoch;
};

/* A tenant's tree as of the last decided append. In memory because each of its records changes it. */
struct tenant {
	struct tenant *next; /* in its bucket */
	bool dirty;          /* ahead of its row in heads */
	size_t name_len;
	char name[WB_JOURNAL_TENANT_BYTES_MAX + 1];
	struct wb_tree tree;
};

#define TENANT_BUCKETS 1024

struct wb_journal {
	char dir[PATH_MAX];
	struct wb_journal_options options; /* with its defaults filled in; dir points above */
	struct wb_env *log, *heads, *index, *signed_env;
	struct wb_hasher *hasher;       /* the writer's */
	struct wb_hasher *index_hasher; /* the index thread's */
	bool dead;                      /* a commit failed: nothing works any more */

	/* the log */
	struct wb_id log_id;
	uint32_t incarnation;
	bool meta_dirty; /* log id or incarnation must go with the next commit */
	_Atomic uint64_t head;
	struct wb_hash chain; /* at head */
	int64_t recorded_us;  /* of the last record */
	_Atomic int64_t announced_us;
	int64_t lease_us; /* synced: nothing greater was ever announced by a heartbeat */

	/* heads: its write transaction stays open over some batches (nobody else reads or writes it), so that a page
	 * changed by many of them is written once */
	struct wb_txn *heads_txn;
	size_t heads_pending; /* records folded into it and not committed */
	struct at heads_at;
	struct epoch epochs[WB_JOURNAL_SERVICES_MAX];
	size_t epoch_count;
	struct tenant *tenants[TENANT_BUCKETS];

	/* index */
	_Atomic uint64_t index_position;
	struct at index_at;

	/* clock.c */
	int64_t offset_us;      /* wall - boot, the greatest that was believed */
	int64_t offset_boot_us; /* when it was taken */
	bool clock_suspect;

	/* a batch: frames one behind the other, grown once and kept */
	uint8_t *frames;
	size_t frames_len, frames_cap;
	size_t *frame_at; /* where each begins, and the end */
	size_t frame_count, frame_slots;
	struct wb_bytes *views;

	/* free space */
	bool full;
	int64_t full_looked_us; /* boot clock; 0: never */

	struct wb_note_key key;
	bool has_key;
	uint64_t commits, outcomes[16];
	int64_t last_sync_us;
};

struct wb_journal_reader {
	struct wb_journal *j;
	struct wb_hasher *hasher;
	uint64_t scrub_next;
	struct wb_hash scrub_chain; /* at scrub_next - 1 */
};

/* tables.c: rows that more than one file reads */
bool wb_journal_at_get(struct wb_txn *txn, const struct wb_table *table, struct at *ret_at);
void wb_journal_at_put(struct wb_txn *txn, const struct wb_table *table, const struct at *at);
void wb_journal_position_key(struct wb_key *k, uint64_t position);
uint64_t wb_journal_log_head(struct wb_txn *log);
/* Opens the frame at position and checks its CRC. WB_ERR_NOT_FOUND, WB_ERR_CORRUPT, or the transaction's error. */
WB_MUST_CHECK enum wb_err wb_journal_frame(struct wb_txn *log, uint64_t position, struct wb_frame *ret_frame);
/* The chain hash at a position, from its frame (0: the start of the chain). */
WB_MUST_CHECK enum wb_err wb_journal_chain_at(
        struct wb_journal *j, struct wb_hasher *h, struct wb_txn *log, uint64_t position, struct wb_hash *ret_chain);
/* One record after the other, each checked with its link: visit is told position, fields, leaf and bytes. It stops
 * behind limit records, at the end of the log, at damage (WB_ERR_CORRUPT, *ret_next its position) or at an error of
 * visit. ret_next and chain are where to go on. */
typedef enum wb_err wb_journal_visit_fn(void *ctx, uint64_t position, const struct wb_record_view *v,
        struct wb_bytes record, const struct wb_hash *leaf, const struct wb_hash *chain);
WB_MUST_CHECK enum wb_err wb_journal_walk(struct wb_hasher *h, struct wb_txn *log, uint64_t from, size_t limit,
        struct wb_hash *chain, wb_journal_visit_fn *visit, void *ctx, uint64_t *ret_next);

/* One record by its position, checked with its link to the one before. WB_ERR_CORRUPT: ret_damaged says which of the
 * two. */
WB_MUST_CHECK enum wb_err wb_journal_checked(struct wb_journal *j, struct wb_hasher *h, struct wb_txn *log,
        uint64_t position, struct wb_frame *ret_frame, struct wb_record_view *ret_view, uint64_t *ret_damaged);

/* heads.c */
WB_MUST_CHECK enum wb_err wb_heads_open(struct wb_journal *j, uint64_t *ret_damaged);
/* Throws away what is not committed, also in memory, and folds the log up to its head again. */
WB_MUST_CHECK enum wb_err wb_heads_rollback(struct wb_journal *j, uint64_t *ret_damaged);
/* Commits what was folded; the log must have it already. */
WB_MUST_CHECK enum wb_err wb_heads_flush(struct wb_journal *j);
/* Doubles its map, no transaction of it being under way. */
WB_MUST_CHECK enum wb_err wb_heads_grow(struct wb_journal *j);
WB_MUST_CHECK enum wb_err wb_heads_begin(struct wb_journal *j);
void wb_heads_forget(struct wb_journal *j);
uint64_t wb_heads_version(struct wb_journal *j, struct wb_bytes tenant, struct wb_bytes kind, struct wb_id id);
void wb_heads_version_put(
        struct wb_journal *j, struct wb_bytes tenant, struct wb_bytes kind, struct wb_id id, uint64_t version);
struct command {
	uint64_t position;
	uint32_t count;
	uint8_t digest[WB_DIGEST_BYTES];
};
bool wb_heads_command(struct wb_journal *j, struct wb_id id, struct command *ret_command);
void wb_heads_command_put(struct wb_journal *j, struct wb_id id, const struct command *c);
/* The newest epoch of a service; 0: none. */
uint64_t wb_heads_epoch(const struct wb_journal *j, struct wb_bytes service);
/* WB_ERR_LIMIT: WB_JOURNAL_SERVICES_MAX. */
WB_MUST_CHECK enum wb_err wb_heads_epoch_put(struct wb_journal *j, struct wb_bytes service, uint64_t epoch);
/* The tenant's tree, made empty where it is new; NULL: no memory, or the transaction has failed. */
struct tenant *wb_heads_tenant(struct wb_journal *j, struct wb_bytes name);

/* index.c */
WB_MUST_CHECK enum wb_err wb_index_open(struct wb_journal *j);
/* The hashes of a tile of level 0 out of the records themselves. */
WB_MUST_CHECK enum wb_err wb_index_leaves(struct wb_hasher *h, struct wb_txn *index, struct wb_txn *log,
        const char *tenant, uint64_t tile, uint32_t width, struct wb_hash *ret_leaves);
void wb_index_tile_key(struct wb_key *k, const char *tenant, uint32_t level, uint64_t index);

/* commit.c */
/* Writes the batch's frames (and the meta rows that are due) with one durable commit. WB_ERR_FULL: nothing was
 * written. Any other error: the journal is dead. */
WB_MUST_CHECK enum wb_err wb_journal_commit(struct wb_journal *j, int64_t stamp_us);
void wb_journal_feed_fill(struct wb_journal *j, uint64_t first, struct wb_journal_feed *f);
void wb_journal_batch_reset(struct wb_journal *j);
/* Room for one more frame of at most len bytes behind the others; NULL: no memory. */
uint8_t *wb_journal_batch_room(struct wb_journal *j, size_t len);

/* append.c: an append of the journal's own (no epoch; only versions are checked): n events of one type in one stream of
 * tenant cell. WB_ERR_FULL: refused. */
WB_MUST_CHECK enum wb_err wb_journal_own_events(struct wb_journal *j, const char *kind, const char *type,
        const struct wb_bytes *payloads, size_t n, struct wb_journal_feed *ret_feed);

/* clock.c */
void wb_journal_clock_open(struct wb_journal *j);
void wb_journal_clock_look(struct wb_journal *j);
void wb_journal_clock_believe(struct wb_journal *j);
/* The stamp of the next record. */
int64_t wb_journal_stamp(struct wb_journal *j);

/* checkpoint.c */
WB_MUST_CHECK enum wb_err wb_signed_open(struct wb_journal *j);
/* The newest note of every tenant, one after the other. */
typedef enum wb_err wb_signed_visit_fn(void *ctx, struct wb_bytes note);
WB_MUST_CHECK enum wb_err wb_signed_each(struct wb_journal *j, wb_signed_visit_fn *visit, void *ctx);
/* The greatest incarnation that anything was signed in; 0: none. */
WB_MUST_CHECK enum wb_err wb_signed_incarnation(struct wb_journal *j, uint32_t *ret_incarnation);
WB_MUST_CHECK enum wb_err wb_signed_incarnation_put(struct wb_journal *j, uint32_t incarnation);

/* check.c: whether an append is sound in itself */
bool wb_append_valid(const Weibao__V1__Append *a, bool own);
#endif
