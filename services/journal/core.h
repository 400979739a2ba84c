/*
 * The journal as a value: the one ordered, durable, tamper-evident log of a cell, without sockets, loops or threads of
 * its own, so that a whole cell can run inside one test process. main.c gives it sockets and threads.
 *
 * It owns one folder: log/ (position → record, the only thing synced before an answer), heads/ and index/ (projections
 * of the log: lazily synced, thrown away and folded again whenever they are in doubt), checkpoints/ (what was signed,
 * synced), secrets/ (the signing key, mode 0600), lock, and at times a marker (see WB_JOURNAL_MARKER).
 *
 * Invariants
 *   - Positions are 1, 2, 3 … without a hole; so are a tenant's positions and a stream's versions.
 *   - An answer OK or DUPLICATE given back by wb_journal_append is durable: its fdatasync has returned.
 *   - recorded_at never goes back, and is greater than every time that was ever announced (feed or heartbeat), across
 *     restarts too: a lease, synced ahead of what is announced, is where a start begins.
 *   - heads and index are folds of the log; nothing stands in them that the log does not say.
 *   - Every record given out was checked: CRC-32C and its link in the chain.
 *   - After any failed commit the value is dead (every call fails); the process must exit without answering.
 *
 * Threads: the writer's functions (append, heartbeat, confirm_clock, checkpoint, stats) by one thread at a time;
 * wb_journal_index_step by one thread at a time, which may be another; each wb_journal_reader by one thread at a time.
 * A single-threaded user calls everything from one thread.
 *
 * Source of the idea: a sequencer in front of a log (Kafka's controller log, LMAX), optimistic stream versions as in
 * event stores, raft's pure core (cowsql/raft), Certificate Transparency for the trees.
 */
#ifndef WB_JOURNAL_CORE_H
#define WB_JOURNAL_CORE_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "weibao/v1/bus.pb-c.h"
#include "weibao/v1/envelope.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_journal;
struct wb_journal_reader;

/* Limits, each told by an answer (TOO_LARGE, INVALID) and never by silence. */
#define WB_JOURNAL_APPENDS_MAX 8192                   /* appends in one group commit */
#define WB_JOURNAL_EVENTS_MAX 1024                    /* events in one append */
#define WB_JOURNAL_CONDITIONS_MAX 256                 /* conditions in one append */
#define WB_JOURNAL_APPEND_BYTES_MAX (512 * 1024)      /* records of one append together */
#define WB_JOURNAL_BATCH_BYTES_MAX (1024 * 1024)      /* main.c stops collecting a batch here */
#define WB_JOURNAL_COMMIT_BYTES_MAX (2 * 1024 * 1024) /* of records: no append is added to a commit beyond */
#define WB_JOURNAL_FEED_BYTES_MAX (4 * 1024 * 1024)   /* no feed message is larger: MAXMSGSIZE of subscribers */
#define WB_JOURNAL_PAGE_RECORDS_MAX 2000              /* records in one answer to a read */
#define WB_JOURNAL_PAGE_BYTES_MAX (1024 * 1024)       /* bytes of records in it, at least one record */
#define WB_JOURNAL_TENANT_BYTES_MAX 63                /* tenant: a-z 0-9 and '-' */
#define WB_JOURNAL_NAME_BYTES_MAX 63 /* stream kind, event type, service: letters, digits, '-' and '_' */

/* The reserved tenant of the cell's own records, and its streams. Other services append epochs to it, nothing else. */
#define WB_JOURNAL_CELL "cell"
#define WB_JOURNAL_KIND_EPOCH "epoch"             /* id: wb_id_of("service", name, strlen(name)) */
#define WB_JOURNAL_KIND_INCARNATION "incarnation" /* id: zero */
#define WB_JOURNAL_KIND_CLOCK "clock"             /* id: zero */
#define WB_JOURNAL_SERVICE "journal"              /* the service in the journal's own records; its epoch is 0 */

/* The files in the folder that forbid an automatic start, and what a start then returns: WB_ERR_DENIED. */
#define WB_JOURNAL_MARKER "stopped" /* says why; removed by wb_journal_recover */

struct wb_journal_options {
	const char *dir;            /* the folder; made if absent (its parent must exist) */
	struct wb_clock clock;      /* system or virtual */
	size_t log_map_bytes;       /* address space, not memory; 0: 64 GiB. Grown by doubling when full */
	size_t heads_map_bytes;     /* 0: 32 GiB */
	size_t index_map_bytes;     /* 0: 64 GiB */
	uint64_t reserve_bytes;     /* appends answer FULL when the file system has less free; 0: 64 MiB */
	int64_t clock_step_us_max;  /* forward step of the wall against the boot clock; 0: 60 s */
	int64_t start_gap_us_max;   /* gap between the last record and a start; 0: 30 days */
	const struct wb_id *log_id; /* id of a log made now; NULL: random. Ignored if the log exists */
	bool new_incarnation;       /* an older copy was put back: begin a new history by a record of its own */
	const char *reason;         /* of the new incarnation; NULL: none */
	bool clock_confirmed; /* an operator says that the present time is right, however long the journal was away */
	bool volatile_log;    /* simulations: never sync. Nothing is durable then */
};

/* Opens or makes the journal: checks the tail of the log, catches up heads (index catches up by its steps), and makes
 * the first record (IncarnationStarted). Errors: WB_ERR_DENIED a marker forbids it, WB_ERR_EXISTS this process has it
 * open already, WB_ERR_AGAIN another process has it, WB_ERR_MISMATCH likewise on another machine or in a container,
 * WB_ERR_CORRUPT the log is damaged (its position in ret_damaged, 0 if unknown), WB_ERR_IO, WB_ERR_FULL, WB_ERR_MEMORY,
 * WB_ERR_UNSUPPORTED a network file system. ret_damaged may be NULL. */
WB_MUST_CHECK enum wb_err wb_journal_open(
        const struct wb_journal_options *o, uint64_t *ret_damaged, struct wb_journal **ret_journal);
/* Leaves a clean folder (heads and index synced) and frees everything; NULL is fine. Readers must be closed before. */
void wb_journal_close(struct wb_journal *j);
/* For tests and simulations: drops everything as a killed process would: no sync, no clean mark. */
void wb_journal_crash(struct wb_journal *j);

/* ---- append ---- */

struct wb_journal_result {
	Weibao__V1__AppendOutcome outcome;
	uint64_t position;      /* OK, DUPLICATE: global position of the first event */
	uint32_t count;         /* OK, DUPLICATE: events */
	struct wb_bytes tenant; /* CONFLICT: the stream in question; views into the append (or static) */
	struct wb_bytes stream_kind;
	struct wb_id stream_id;
	uint64_t version;    /* CONFLICT: its present version; FENCED: the newest epoch of the service */
	int64_t recorded_at; /* OK: of its events */
};

/* What goes to subscribers: a committed batch, or a heartbeat (count 0, first = head + 1). Views live until the next
 * call of a writer's function. Everything up to complete_to is committed; every later record is stamped after time. */
struct wb_journal_feed {
	struct wb_id log_id;
	uint32_t incarnation;
	uint64_t first;
	size_t count;
	const struct wb_bytes *records; /* packed Envelopes at positions first, first + 1 … */
	uint64_t complete_to;
	int64_t time_us;
};

/* One group commit: decides n appends in order (each sees those before it), commits the accepted ones with one
 * fdatasync, folds heads. results has room for n; ret_feed holds what to publish (count 0 if nothing was accepted:
 * then it is a heartbeat). n ≤ WB_JOURNAL_APPENDS_MAX. A commit stops at WB_JOURNAL_COMMIT_BYTES_MAX: the appends
 * behind it have the outcome UNSPECIFIED, nothing happened with them, give them to the next call. An epoch is an append
 * to tenant "cell" with one event EpochStarted on the service's epoch stream; it must be greater than the newest. Any
 * other append must carry the newest epoch of its service. Order of the checks: INVALID, DUPLICATE/OTHER of an epoch,
 * FENCED, DUPLICATE/OTHER, CLOCK_SUSPECT, FULL, CONFLICT (conditions first), TOO_LARGE. Any error: nothing may be
 * answered, the process must exit. */
WB_MUST_CHECK enum wb_err wb_journal_append(struct wb_journal *j, const Weibao__V1__Append *const *appends, size_t n,
        struct wb_journal_result *results, struct wb_journal_feed *ret_feed);

/* Ends what appending has left open (a transaction belongs to its thread): by the appending thread, before another one
 * closes the journal. */
WB_MUST_CHECK enum wb_err wb_journal_rest(struct wb_journal *j);
/* A heartbeat: announces the present time. Syncs a new lease about once a second. WB_ERR_CLOCK: the clock is suspect,
 * nothing may be published. Other errors as with append. */
WB_MUST_CHECK enum wb_err wb_journal_heartbeat(struct wb_journal *j, struct wb_journal_feed *ret_feed);

/* An operator says that the present time is right: appends ClockConfirmed and lifts CLOCK_SUSPECT. ret_feed: what to
 * publish. WB_ERR_AGAIN: the clock is not suspect. Other errors as with append. */
WB_MUST_CHECK enum wb_err wb_journal_confirm_clock(struct wb_journal *j, struct wb_journal_feed *ret_feed);

/* The feed as a message: packs a Weibao__V1__Feed into the arena. WB_ERR_MEMORY. */
WB_MUST_CHECK enum wb_err wb_journal_feed_pack(
        const struct wb_journal_feed *f, struct wb_arena *a, struct wb_bytes *ret_message);
/* The result as a message: fills an initialised Weibao__V1__AppendResult; stream (room for a StreamName given by the
 * caller) and its bytes are views of result, whose tenant and kind must be NUL-terminated where they stand (they are,
 * coming from protobuf-c). */
void wb_journal_result_fill(const struct wb_journal_result *r, uint64_t request_id, Weibao__V1__AppendResult *ret,
        Weibao__V1__StreamName *stream);

/* Folds up to limit records of the log into index; ret_behind (may be NULL): how many are still to come. */
WB_MUST_CHECK enum wb_err wb_journal_index_step(struct wb_journal *j, size_t limit, uint64_t *ret_behind);

/* ---- read ---- */

WB_MUST_CHECK enum wb_err wb_journal_reader_open(struct wb_journal *j, struct wb_journal_reader **ret_reader);
void wb_journal_reader_close(struct wb_journal_reader *r);

struct wb_journal_query {
	uint64_t from;           /* from 1: global position, tenant position, or stream version */
	uint32_t limit;          /* records; capped by WB_JOURNAL_PAGE_RECORDS_MAX */
	const char *tenant;      /* NULL: all records */
	const char *stream_kind; /* with tenant: one stream's records; else NULL */
	struct wb_id stream_id;
};
struct wb_journal_record {
	uint64_t position;
	struct wb_bytes record; /* in the arena */
};
struct wb_journal_page {
	struct wb_journal_record *records; /* in the arena, in order, without a hole */
	size_t count;
	uint64_t head;             /* global head when it was read */
	int64_t time_us;           /* every record after head is stamped after this */
	uint64_t damaged_position; /* reading stopped here; 0: nothing is damaged */
	uint8_t chain_hash[32];    /* at the last record given, or at from - 1 (global reads only; else zero) */
};
/* Reads; tenant's and stream's records are exact up to head (what index lacks is looked through in the log). An empty
 * page means that there is nothing from there on. Errors: WB_ERR_INVALID, WB_ERR_AGAIN (index is far behind),
 * WB_ERR_MEMORY (arena), WB_ERR_IO. */
WB_MUST_CHECK enum wb_err wb_journal_read(struct wb_journal_reader *r, const struct wb_journal_query *q,
        struct wb_arena *a, struct wb_journal_page *ret_page);
/* The last position recorded at or before the instant; 0: none. */
WB_MUST_CHECK enum wb_err wb_journal_position_at(
        struct wb_journal_reader *r, int64_t recorded_us, uint64_t *ret_position);
/* Checks the next limit records of the log, round and round. ret_damaged: 0, or the position of a damaged one. */
WB_MUST_CHECK enum wb_err wb_journal_scrub_step(struct wb_journal_reader *r, size_t limit, uint64_t *ret_damaged);

/* ---- trees: each tenant's records as an RFC 6962 tree, served as C2SP tlog-tiles ---- */

/* A tile: width hashes (1 … 256; 256: whole) of level, at index, as 32 bytes each. WB_ERR_NOT_FOUND past the tree. */
WB_MUST_CHECK enum wb_err wb_journal_tile(struct wb_journal_reader *r, const char *tenant, uint32_t level,
        uint64_t index, uint32_t width, struct wb_arena *a, struct wb_bytes *ret_hashes);
/* The proof that leaf index (tenant position - 1) is in the tree of size; WB_ERR_NOT_FOUND past the tree. */
WB_MUST_CHECK enum wb_err wb_journal_proof_inclusion(struct wb_journal_reader *r, const char *tenant, uint64_t index,
        uint64_t size, struct wb_arena *a, struct wb_bytes *ret_hashes);
/* The proof that the tree of old_size is a prefix of the tree of new_size; WB_ERR_NOT_FOUND past the tree. */
WB_MUST_CHECK enum wb_err wb_journal_proof_consistency(struct wb_journal_reader *r, const char *tenant,
        uint64_t old_size, uint64_t new_size, struct wb_arena *a, struct wb_bytes *ret_hashes);
/* A signed checkpoint of the tenant's whole tree (signed-note text), kept durably before it is given out. The same size
 * gives the same note; WB_ERR_CORRUPT if another root was signed for it in this incarnation; WB_ERR_NOT_FOUND: no
 * record of the tenant. A writer's function. */
WB_MUST_CHECK enum wb_err wb_journal_checkpoint(
        struct wb_journal *j, const char *tenant, struct wb_arena *a, struct wb_bytes *ret_note);
/* The verifier key text (signed-note vkey) of checkpoints of that tenant in this incarnation. */
WB_MUST_CHECK enum wb_err wb_journal_checkpoint_key(
        struct wb_journal *j, const char *tenant, struct wb_arena *a, const char **ret_vkey);

/* ---- facts ---- */

struct wb_journal_stats {
	struct wb_id log_id;
	uint32_t incarnation;
	uint64_t head;
	uint8_t chain_hash[32]; /* at head */
	uint64_t index_position;
	int64_t recorded_us;  /* of the last record */
	int64_t announced_us; /* every later record is stamped after this */
	bool clock_suspect;
	bool full; /* the last look at the free space said so */
	uint64_t log_used_bytes, log_map_bytes;
	uint64_t heads_used_bytes, heads_map_bytes;
	uint64_t index_used_bytes, index_map_bytes;
	uint64_t commits;          /* group commits with at least one record since open */
	uint64_t outcomes[16];     /* appends answered since open, by AppendOutcome */
	int64_t last_sync_us;      /* length of the last commit of the log */
	unsigned log_transactions; /* under way on the log now, in all threads */
};
/* A writer's function. */
void wb_journal_stats(struct wb_journal *j, struct wb_journal_stats *ret);
/* Which log and incarnation: fixed while it is open. */
void wb_journal_identity(const struct wb_journal *j, struct wb_id *ret_log_id, uint32_t *ret_incarnation);
/* The head as other threads may ask for it. */
uint64_t wb_journal_head(struct wb_journal *j);
/* How far index is, likewise. */
uint64_t wb_journal_indexed(struct wb_journal *j);

/* After a failed sync: copies the verified log to a new one, syncs it, swaps the two (the old one is kept beside as
 * log.failed-N) and removes the marker. ret_records: how many were copied. WB_ERR_CORRUPT: ret_damaged names the
 * position, nothing was changed: restore a backup. */
WB_MUST_CHECK enum wb_err wb_journal_recover(const char *dir, uint64_t *ret_records, uint64_t *ret_damaged);
/* Writes the marker (with one line of text why) and syncs it, so that no automatic start follows. */
WB_MUST_CHECK enum wb_err wb_journal_mark_stopped(const char *dir, const char *why);

#endif
