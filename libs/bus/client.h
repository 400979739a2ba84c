/*
 * The side that asks: a DEALER to one endpoint, and the table of requests that wait for their reply.
 *
 * Every accepted request ends in exactly one callback: its reply, ERR_TIMEOUT, or ERR_CLOSED at close; or in none,
 * after wb_client_cancel. A timeout says nothing about whether the peer did the work: ask again with the same command
 * id. Replies that nobody waits for any more are dropped and counted. Reconnecting is ZeroMQ's; while there is no
 * connection requests wait in a bounded queue (IMMEDIATE: never in a dead connection's), and one that times out or
 * is cancelled there is never sent.
 *
 * Owns its socket, the table and one timer over a heap of deadlines. Threads: that of its loop.
 * Frames: bus/frame.h. Idea: the Lazy Pirate pattern of the ZeroMQ guide, without its lockstep.
 */
#ifndef WB_BUS_CLIENT_H
#define WB_BUS_CLIENT_H
#include "bus/socket.h"

#define WB_CLIENT_INFLIGHT_MAX 1024
#define WB_CLIENT_TIMEOUT_MS_MAX 600000

struct wb_client;

/*
 * How a request ended. WB_OK: reply is the body, valid during the call. ERR_TIMEOUT, ERR_CLOSED: reply is empty. The
 * request has left the table: the callback may send anew, the same id too, but must not close the client.
 */
typedef void wb_client_cb(void *ctx, enum wb_err err, struct wb_bytes reply);

/* A zero means the constant of that name. */
struct wb_client_options {
	const char *endpoint; /* connected to */
	size_t inflight_max;  /* requests without an end yet */
	size_t queue_max;     /* of them, unsent for lack of a connection: inflight_max */
	size_t body_bytes_max;
	int turn_max;
	const struct wb_curve *curve; /* NULL: plain */
	/* A turn that took in at least one reply has ended; or NULL. */
	void (*on_round)(void *ctx);
	void *round_ctx;
};

struct wb_client_stats {
	uint64_t sent;    /* accepted requests */
	uint64_t replies; /* given to their callbacks */
	uint64_t timeouts, cancelled;
	uint64_t late; /* replies that nobody waited for */
	uint64_t malformed;
	uint64_t full;     /* refused with ERR_FULL */
	uint64_t inflight; /* now */
	uint64_t queued;   /* now, unsent */
};

/* Connects (in the background) on base. Errors: as wb_socket_open. */
WB_MUST_CHECK enum wb_err wb_client_open(struct wb_bus *bus, struct event_base *base,
        const struct wb_client_options *options, struct wb_client **ret_client);
/*
 * Ends every request that still waits with ERR_CLOSED, oldest deadline first, then frees. Callbacks run during the
 * call; a send from them is refused with ERR_CLOSED. NULL is fine. Not from within a callback.
 */
void wb_client_close(struct wb_client *client);

/*
 * Sends body as request request_id and has cb called when it ends, at the latest after timeout_ms
 * (1..WB_CLIENT_TIMEOUT_MS_MAX). The body is copied. cb is never called before this returns, nor if it fails.
 * Errors: ERR_FULL (inflight_max or queue_max), ERR_EXISTS (that id waits already), ERR_LIMIT (body too large),
 * ERR_CLOSED (the client is closing), ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_client_send(struct wb_client *client, uint64_t request_id, struct wb_bytes body,
        int timeout_ms, wb_client_cb *cb, void *ctx);
/* Gives a request up: its callback is not called any more. False if it does not wait. */
bool wb_client_cancel(struct wb_client *client, uint64_t request_id);

struct wb_client_stats wb_client_stats(const struct wb_client *client);
#endif
