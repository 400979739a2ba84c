/*
 * The runtime: runs one service (service.h) as a state machine. It owns the way of a command: waiting for `after`,
 * idempotency, turns, decide, sealing, one append, the fold that answers, to-dos and their retries.
 *
 * Its clock, log and transport are values (wb_ports): host.h puts it on ZeroMQ and libevent, tests and the demo put
 * many of them into one process on a virtual clock. One thread; no function blocks.
 *
 * Invariants: a projection changes only by the feed; a command holds its turns from before decide until its events
 * are folded, through an unknown append too; nothing is answered OK before the journal said so and it was folded.
 * Limits: WB_RUNTIME_COMMANDS in flight or waiting, past it BUSY; each command an arena of its own.
 * Ideas: raft's pure core (time in, messages out), flux's job-manager (one function folds, another starts the work).
 */
#ifndef WB_SERVICE_RUNTIME_H
#define WB_SERVICE_RUNTIME_H
#include "base/bytes.h"
#include "base/clock.h"
#include "service/effects.h"
#include "service/projection.h"
#include "service/service.h"

#define WB_RUNTIME_COMMANDS 4096 /* in flight or waiting */
#define WB_RUNTIME_QUERIES_WAITING 4096
#define WB_RUNTIME_AFTER_US (2 * WB_SECOND_US)          /* how long `after` may wait */
#define WB_RUNTIME_APPEND_TIMEOUT_US (3 * WB_SECOND_US) /* then the append is UNKNOWN and sent again */
#define WB_RUNTIME_READ_RECORDS 2000                    /* of one read of the journal */
#define WB_RUNTIME_ERRANDS 256                          /* to-dos under way at once */

/* Who asked: opaque to the runtime, copied. */
struct wb_caller {
	uint8_t bytes[96];
	size_t len;
	bool keyless; /* may not ask for keys of persons: the transport knows it for no service that does */
};

/* The durable keyring (intake's runtime has it; others ask intake by KeysRequest). All calls may touch the disk. */
struct wb_keyring_port {
	/* Fills states and keys; create makes and syncs missing ones. */
	enum wb_err (*get)(void *ctx, const char *tenant, struct wb_id subject, bool create,
	        Weibao__V1__KeyState *ret_state, uint8_t ret_key[32]);
	enum wb_err (*erase)(void *ctx, const char *tenant, struct wb_id subject);
	/* Every key: visit returns false to stop. */
	enum wb_err (*all)(void *ctx,
	        bool (*visit)(void *vctx, const char *tenant, struct wb_id subject, Weibao__V1__KeyState state,
	                const uint8_t *key),
	        void *vctx);
	void *ctx;
};

/* The world as the runtime needs it. Messages are packed bytes, valid during the call. */
struct wb_ports {
	void *ctx;
	struct wb_clock clock;
	struct wb_random random;
	/* To the journal: a packed AppendBatch; answered by wb_runtime_append_results. */
	enum wb_err (*append)(void *ctx, struct wb_bytes batch);
	/* To the journal: a packed ReadRequest; answered by wb_runtime_read_result. */
	enum wb_err (*read)(void *ctx, struct wb_bytes request);
	/* To who asked: a packed Reply. */
	void (*reply)(void *ctx, const struct wb_caller *to, struct wb_bytes reply);
	/* To another service: a packed Request; answered by wb_runtime_call_result with the same id. */
	enum wb_err (*call)(void *ctx, const char *service, uint64_t id, struct wb_bytes request);
	/* Runs work(job) off the loop, then done(job) on it. NULL: done in place (tests). */
	enum wb_err (*offload)(void *ctx, void (*work)(void *job), void (*done)(void *job), void *job);
	const struct wb_keyring_port *keyring; /* or NULL */
};

struct wb_runtime_options {
	const struct wb_service *service;
	const char *data_dir; /* its own folder: projection/, cache/, private/ */
	size_t map_bytes;     /* 0: default */
	struct wb_ports ports;
};

struct wb_runtime;

/* Opens the projection; nothing is sent yet. */
WB_MUST_CHECK enum wb_err wb_runtime_open(const struct wb_runtime_options *o, struct wb_runtime **ret);
/* Marks a clean stop and frees everything. What waits is not answered (the peer retries). */
void wb_runtime_close(struct wb_runtime *rt);
/* Frees everything as if the process had been killed: nothing synced, no clean mark. NULL is fine. */
void wb_runtime_abandon(struct wb_runtime *rt);

/* What comes in. */
void wb_runtime_request(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request);
void wb_runtime_feed(struct wb_runtime *rt, struct wb_bytes feed);
void wb_runtime_append_results(struct wb_runtime *rt, struct wb_bytes results);
void wb_runtime_read_result(struct wb_runtime *rt, struct wb_bytes result);
/* err: the call got no answer (timeout, closed); reply is empty then. */
void wb_runtime_call_result(struct wb_runtime *rt, uint64_t id, enum wb_err err, struct wb_bytes reply);
/* Time has passed, or a round of messages was taken in: sends what has gathered, runs due to-dos, ends waits. Called
 * after each round of messages and at least each 20 ms. */
void wb_runtime_step(struct wb_runtime *rt);

enum wb_runtime_state {
	WB_RUNTIME_CATCHING_UP,
	WB_RUNTIME_STARTING, /* caught up; its epoch is being appended, its keys fetched */
	WB_RUNTIME_READY,
	WB_RUNTIME_FENCED, /* a newer instance runs: stop the process */
	WB_RUNTIME_FAILED  /* the projection or the log is damaged: stop, see wb_runtime_why */
};
enum wb_runtime_state wb_runtime_state(const struct wb_runtime *rt);
const char *wb_runtime_why(const struct wb_runtime *rt);
/* Refuses new requests (BUSY) so that what is under way can end; then wb_runtime_idle is true. */
void wb_runtime_drain(struct wb_runtime *rt);
bool wb_runtime_idle(const struct wb_runtime *rt);

struct wb_runtime_stats {
	uint64_t position, head;
	int64_t journal_time_us;
	uint64_t commands_ok, commands_refused, commands_busy, commands_repeated, commands_conflict;
	uint64_t queries, queries_refused;
	uint64_t folds, events_folded, gaps;
	uint64_t commands_waiting, turns_waiting, queries_waiting;
	uint64_t todos, todos_running, todos_done, todos_backing_off, todos_ended;
	uint64_t keys;
	double map_used_ratio;
};
void wb_runtime_stats(struct wb_runtime *rt, struct wb_runtime_stats *ret);
struct wb_projection *wb_runtime_projection(struct wb_runtime *rt);
/* What is stuck: to-dos that were tried and back off, for the operations page. */
void wb_runtime_stuck(struct wb_runtime *rt,
        void (*visit)(void *ctx, const struct wb_todo *row, const char *code, uint32_t tries), void *ctx);
#endif
