/*
 * A projection: the LMDB environment of one service and the fold that fills it, nothing else (law 1).
 *
 * Used by the runtime (live), by weibao-audit (replay into a scratch folder) and by tests (given/when/then). The
 * environment is lazily synced and trusted only within one boot or after a clean stop; otherwise, or when it belongs
 * to another log, incarnation or fold version, it is emptied and folded from zero.
 * Tables of its own beside the service's: _meta (identity and position), _versions (stream → version), _commands
 * (command id → where its events are), _todo and _due (to-do rows, and those by time), _epochs.
 * One thread. No pointer into the environment outlives its transaction.
 */
#ifndef WB_SERVICE_PROJECTION_H
#define WB_SERVICE_PROJECTION_H
#include "base/arena.h"
#include "base/id.h"
#include "ledger/hash.h"
#include "service/service.h"
#include "store/env.h"
#include "store/txn.h"

struct wb_projection {
	const struct wb_service *service;
	struct wb_env *env;
	char *dir;
	const struct wb_table **tables; /* the runtime's and the service's, in order */
	uint64_t position;              /* folded up to here, committed */
	struct wb_hash chain;           /* chain hash at position */
	struct wb_hasher *hasher;
	bool has_log; /* log_id and incarnation are known */
	struct wb_id log_id;
	uint32_t incarnation;
	int64_t time_us;                      /* recorded_at of the last event folded */
	const struct wb_evolve_def **by_type; /* sorted by event type */
	struct wb_arena arena;                /* of one event */
	uint64_t parked_at;                   /* position of an event that could not be folded; 0: none */
	/* after each event of a batch, inside the transaction; the runtime collects answers and to-dos here. May be
	 * NULL. */
	void (*on_event)(void *ctx, const struct wb_event *ev);
	void *on_event_ctx;
};

struct wb_projection_options {
	const char *dir;  /* of the environment; made if missing */
	size_t map_bytes; /* 0: default reserve */
	bool scratch;     /* a replay: start empty */
};

/* Opens (or makes, or empties when it cannot be trusted) the projection. */
WB_MUST_CHECK enum wb_err wb_projection_open(
        struct wb_projection *p, const struct wb_service *service, const struct wb_projection_options *options);
/* Marks a clean stop and closes. */
void wb_projection_close(struct wb_projection *p);
/* Closes as if the process had died: after an error, and in tests. */
void wb_projection_abandon(struct wb_projection *p);
/* Forgets everything and starts from zero under that log. */
WB_MUST_CHECK enum wb_err wb_projection_reset(struct wb_projection *p, struct wb_id log_id, uint32_t incarnation);

/* One record as the journal gives it: exactly the hashed bytes. */
struct wb_record {
	uint64_t position;
	struct wb_bytes bytes;
};
/* Reads a record's envelope into the arena; the payload is left packed (ret->payload NULL). */
WB_MUST_CHECK enum wb_err wb_event_open(const struct wb_record *r, struct wb_arena *arena, struct wb_event *ret);
/* Folds records position + 1 … in one transaction and commits (lazily). Records at or before position are passed over;
 * a gap is WB_ERR_INVALID and nothing is folded. A record that cannot be folded (unknown version, bad bytes) parks the
 * projection: what was before it is folded (WB_ERR_AGAIN, then for itself WB_ERR_CORRUPT with parked_at set). */
WB_MUST_CHECK enum wb_err wb_projection_fold(struct wb_projection *p, const struct wb_record *records, size_t n);

/* Version of a stream in this projection; 0: none. */
uint64_t wb_projection_version(struct wb_txn *txn, const char *tenant, const char *kind, struct wb_id id);

/* Where a command's events are; false if the command was never accepted here. */
struct wb_accepted {
	uint64_t position;
	uint32_t count;
	uint8_t digest[32];
};
bool wb_projection_accepted(struct wb_txn *txn, struct wb_id command_id, struct wb_accepted *ret);
/* Newest epoch of a service that was folded, and the version of its stream. */
uint64_t wb_projection_epoch(struct wb_txn *txn, const char *service);

/* To-do rows by due time: calls visit for rows due at or before until_us, oldest first, until it returns false. */
void wb_projection_due(struct wb_txn *txn, int64_t until_us, bool (*visit)(void *ctx, const struct wb_todo *row),
        void *ctx, struct wb_arena *arena);
/* The same from a cursor on (empty: from the start), which is left where to go on, or emptied at the end of what is
 * due. */
void wb_projection_due_from(struct wb_txn *txn, struct wb_key *cursor, int64_t until_us,
        bool (*visit)(void *ctx, const struct wb_todo *row), void *ctx, struct wb_arena *arena);
/* The row of that name; false if there is none. Strings from the arena. */
bool wb_projection_todo(struct wb_txn *txn, const char *kind, const char *tenant, struct wb_id ref, uint32_t n,
        struct wb_arena *arena, struct wb_todo *ret);
/* The earliest due time, INT64_MAX if nothing is owed. */
int64_t wb_projection_next_due(struct wb_txn *txn);
/* How many to-do rows there are. */
uint64_t wb_projection_todo_count(struct wb_txn *txn);

/* An ordered text dump of all tables ("table key value", hex): equal dumps mean equal projections. _meta is left out.
 */
WB_MUST_CHECK enum wb_err wb_projection_dump(
        struct wb_projection *p, void (*line)(void *ctx, const char *text), void *ctx);
/* SHA-256 over that dump. */
WB_MUST_CHECK enum wb_err wb_projection_digest(struct wb_projection *p, uint8_t ret_digest[32]);
#endif
