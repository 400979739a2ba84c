/*
 * The HTTP server shell: libevent's evhttp on N event loops, a strict check of every raw byte in front of it
 * (strict.h), limits on everything, TLS, and a graceful end. It knows nothing of the business.
 *
 * Each loop is a thread with its own event_base; all loops accept from the same listening sockets. A connection stays
 * with the loop that took it. Plain HTTP is bound to loopback addresses only.
 *
 * Promises: a handler sees only whole requests that passed the check, one at a time a connection, in order; a refused
 * request gets one small problem+json answer behind those of the requests before it, then the connection is closed, and
 * nothing behind it is served. A client that closes its sending side is taken for gone.
 *
 * Deadlines are totals, not times of inactivity: request_ms from a request's first byte to its last (slowloris),
 * write_ms for an answer to leave. A handler's own time is the handler's affair.
 *
 * Owns its threads, sockets and connections. Needs libevent 2.1.12 (Debian's security update deb12u1 or later).
 */
#ifndef WB_HTTP_SERVER_H
#define WB_HTTP_SERVER_H
#include "gateway/http/request.h"
#include "gateway/http/strict.h"
#include "gateway/http/tls.h"

struct event_base;
struct wb_http_server;

#define WB_HTTP_LOOPS_MAX 64

/* A zero means the default behind it. */
struct wb_http_limits {
	struct wb_http_strict_limits strict; /* 16 KiB, 8 KiB, 100, 1 MiB */
	size_t connections_max;              /* 4096, of all loops; more are closed at once */
	size_t connections_per_ip_max;       /* 256; an IPv6 /64 counts as one address */
	size_t requests_per_connection_max;  /* 1000 */
	size_t stream_buffer_bytes;          /* 256 KiB, waiting for one slow client */
	int handshake_ms;                    /* 10,000 */
	int idle_ms;                         /* 60,000 between requests, or before the first */
	int request_ms;                      /* 15,000 */
	int write_ms;                        /* 60,000 */
	int stream_stall_ms;                 /* 30,000 */
	int heartbeat_ms;                    /* 15,000 */
	int linger_ms;                       /* 1,000: reading on after a refusal, so that its answer arrives */
};

struct wb_http_options {
	const char *plain_address; /* "127.0.0.1", "::1"; NULL: no plain HTTP */
	uint16_t plain_port;       /* 0: any */
	const char *tls_address;   /* NULL: no HTTPS */
	uint16_t tls_port;
	struct wb_http_tls *tls; /* for tls_address; must outlive the server */
	size_t loops;            /* 1..WB_HTTP_LOOPS_MAX; 0: 1 */
	struct wb_http_limits limits;
	const char *csp; /* Content-Security-Policy of answers that bring none; NULL: default-src 'none' */
	void *ctx;
	/* A request has come. Answer now or later (request.h). */
	void (*on_request)(void *ctx, struct wb_http_loop *loop, const struct wb_http_request *request);
	/* The client of an unanswered request or an open stream has gone; its id is dead. Or NULL. */
	void (*on_gone)(void *ctx, struct wb_http_loop *loop, uint64_t request_id);
	/* A stream that was ERR_FULL has room again. Or NULL. */
	void (*on_stream_ready)(void *ctx, struct wb_http_loop *loop, uint64_t request_id);
	/* On the loop's thread, before its first request (an error stops wb_http_open), and after its last. Or NULL. */
	enum wb_err (*on_loop_start)(void *ctx, struct wb_http_loop *loop);
	void (*on_loop_stop)(void *ctx, struct wb_http_loop *loop);
};

/*
 * Binds, starts the threads, returns when all loops run. Strings and limits are copied. Ignores SIGPIPE for the
 * process. Errors: ERR_INVALID (no address, a plain one that is not loopback, no number address), ERR_EXISTS (port in
 * use), ERR_IO, ERR_MEMORY, or that of on_loop_start.
 */
WB_MUST_CHECK enum wb_err wb_http_open(const struct wb_http_options *options, struct wb_http_server **ret_server);
/*
 * Graceful end: takes no more connections, lets requests under way end for at most grace_ms (streams are ended at
 * once), then closes what is left, joins the threads, frees. NULL is fine. Not from a loop's thread.
 */
void wb_http_close(struct wb_http_server *server, int grace_ms);

/* The bound ports; 0: not bound. */
uint16_t wb_http_plain_port(const struct wb_http_server *server);
uint16_t wb_http_tls_port(const struct wb_http_server *server);

struct event_base *wb_http_loop_base(struct wb_http_loop *loop);
size_t wb_http_loop_index(const struct wb_http_loop *loop);

struct wb_http_stats {
	uint64_t answers[6];                     /* by status class: [2] = 2xx … */
	uint64_t refused[WB_HTTP_REFUSAL_COUNT]; /* by reason */
	uint64_t connections;                    /* now */
	uint64_t accepted;                       /* ever */
	uint64_t over_total, over_ip;            /* closed at once */
	uint64_t handshake_timeouts, idle_timeouts, write_timeouts, stalled_streams;
	uint64_t gone;    /* clients that left before their answer */
	uint64_t streams; /* now */
};
/* Any thread; each number is right, together they may be a moment apart. */
struct wb_http_stats wb_http_stats(const struct wb_http_server *server);
#endif
