/*
 * The journal as a process: three threads around one core (core.h), and a fourth with libevent for signals and health.
 *
 *   writer   ROUTER journal-append, PUB journal-feed: drains what has arrived, one group commit, answers, publishes
 *   reader   ROUTER journal-read and ROUTER journal (checkpoints, tiles, proofs, ConfirmClock)
 *   index    folds index behind the commits; scrubs the log when there is nothing to fold
 *   main     signals, /healthz, /readyz, /metrics
 *
 * The core's writer functions and the PUB socket are used under one mutex: by the writer thread nearly always, by the
 * reader for a checkpoint or a confirmed clock, by main for figures.
 */
#ifndef WB_JOURNAL_HOST_H
#define WB_JOURNAL_HOST_H
#include "bus/feed.h"
#include "bus/setup.h"
#include "core.h"
#include "service/curve_dir.h"

#include <pthread.h>
#include <stdatomic.h>

#define WB_JOURNAL_HEARTBEAT_MS 20
#define WB_JOURNAL_DRAIN_APPENDS 4096            /* one commit takes in at most about so many */
#define WB_JOURNAL_APPEND_MESSAGE_MAX (2u << 20) /* bytes of one AppendBatch */
#define WB_JOURNAL_INDEX_LAG 32768               /* records; beyond it the writer waits for index */
#define WB_JOURNAL_HWM 8192                      /* messages a peer, each way */
#define WB_JOURNAL_FEED_HWM 10000

/* How the process ends. */
enum wb_journal_exit {
	WB_JOURNAL_EXIT_OK = 0,
	WB_JOURNAL_EXIT_USAGE = 2,
	WB_JOURNAL_EXIT_START = 3,   /* could not start: try again, or see the log */
	WB_JOURNAL_EXIT_FAILED = 5,  /* a commit failed: the marker forbids an automatic start */
	WB_JOURNAL_EXIT_DAMAGED = 6, /* a damaged record: likewise */
	WB_JOURNAL_EXIT_STOPPED = 7, /* the marker forbids the start: --recover, or restore a backup */
};

/* A histogram with bounds doubling from 1: bucket i counts values < 2^i. */
#define WB_BUCKETS 24
struct wb_histogram {
	_Atomic uint64_t buckets[WB_BUCKETS], count, sum;
};
void wb_histogram_add(struct wb_histogram *h, uint64_t value);

struct wb_journal_host {
	const char *dir, *prefix, *health;
	struct wb_journal *j;
	struct wb_bus *bus;
	struct wb_curve_dir *keys;
	void *append_socket, *read_socket, *request_socket;
	char append_endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
	char read_endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
	char request_endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
	struct wb_feed_pub *pub;
	pthread_mutex_t lock; /* of the core's writer functions and pub */
	_Atomic bool stop;
	pthread_mutex_t index_lock;
	pthread_cond_t index_wake;
	_Atomic bool index_sleeps;
	/* figures */
	struct wb_histogram append_us, batch_appends, sync_us;
	_Atomic uint64_t reads, requests, malformed, unsent, scrubbed;
};

void *wb_journal_writer(void *host); /* a thread each, until stop */
void *wb_journal_reading(void *host);
void *wb_journal_indexing(void *host);

/* A request on ROUTER journal: the packed Reply in the arena. */
WB_MUST_CHECK enum wb_err wb_journal_request(struct wb_journal_host *h, struct wb_journal_reader *r,
        struct wb_bytes message, struct wb_arena *a, struct wb_bytes *ret_reply);
/* Publishes under the lock. */
void wb_journal_publish(struct wb_journal_host *h, const struct wb_journal_feed *f, struct wb_arena *a);
/* After an error that must end the process: says why, leaves the marker where it belongs, exits at once. */
_Noreturn void wb_journal_die(struct wb_journal_host *h, enum wb_err err, const char *what, uint64_t position);

/* One message of a ROUTER: [route] [id] [body]. */
struct wb_journal_message {
	uint8_t route[WB_FRAME_ROUTE_BYTES_MAX];
	size_t route_len;
	uint8_t id[WB_FRAME_ID_BYTES];
	struct wb_bytes body; /* in the arena */
};
/* Takes one that has arrived; WB_ERR_AGAIN: none; WB_ERR_INVALID: malformed and dropped. */
WB_MUST_CHECK enum wb_err wb_journal_receive(void *socket, struct wb_arena *a, struct wb_journal_message *ret);
/* Sends the answer; false: the peer is gone or does not read. */
bool wb_journal_answer(void *socket, const struct wb_journal_message *to, struct wb_bytes body);

struct event_base;
struct evhttp;
/* Health over HTTP at unix:PATH or HOST:PORT; NULL: could not bind. Freed by evhttp_free. */
struct evhttp *wb_journal_http(struct wb_journal_host *h, struct event_base *base, const char *address);
#endif
