/*
 * The side that answers requests: a ROUTER. Each request is given to on_request once and gets exactly one
 * wb_server_reply or wb_server_forget, at any later time, in any order.
 *
 * Owns its socket and the count of requests in flight, a peer and in all. Invariants: no more than
 * peer_inflight_max requests of one peer and inflight_max in all are in flight, so one stuck or greedy peer takes
 * nothing from the others; what comes beyond goes to on_busy, where it may be answered at once, and is not counted.
 * A reply to a peer that has left, or that does not read its replies (its high-water mark is reached), is dropped
 * and counted: its client times out and asks again with the same command.
 * Threads: that of its loop. Frames: bus/frame.h. Idea: Majordomo's broker without its state.
 */
#ifndef WB_BUS_SERVER_H
#define WB_BUS_SERVER_H
#include "bus/socket.h"

#define WB_SERVER_INFLIGHT_MAX 8192
#define WB_SERVER_PEER_INFLIGHT_MAX 2048
#define WB_PEER_USER_BYTES 32

/* Whom to answer, and what: small, copied freely, no pointers in it. Treat as opaque but for user. */
struct wb_peer {
	uint64_t request_id; /* the asker's, passed back untouched */
	uint8_t route[WB_FRAME_ROUTE_BYTES_MAX];
	uint8_t route_bytes;
	bool counted;                  /* is in flight: false for what on_busy got */
	char user[WB_PEER_USER_BYTES]; /* the service behind its CURVE key; "" on a plain socket */
};

struct wb_server;

struct wb_server_handler {
	/* A request; message is valid during the call. May reply at once. */
	void (*on_request)(void *ctx, const struct wb_peer *peer, struct wb_bytes message);
	/* A request beyond a limit: reply at once, or leave it; NULL: dropped. */
	void (*on_busy)(void *ctx, const struct wb_peer *peer, struct wb_bytes message);
	/* A turn with at least one message has ended; or NULL. */
	void (*on_round)(void *ctx);
	void *ctx;
};

/* A zero means the constant of that name. */
struct wb_server_options {
	const char *endpoint; /* bound */
	size_t inflight_max;  /* requests without a reply yet */
	size_t peer_inflight_max;
	int hwm; /* messages a peer each way: twice peer_inflight_max; memory is hwm x body x peers */
	size_t body_bytes_max;
	int turn_max;
	const struct wb_curve *curve; /* NULL: plain */
};

struct wb_server_stats {
	uint64_t requests, replies;
	uint64_t busy;      /* requests beyond a limit */
	uint64_t malformed; /* messages with other frames than bus/frame.h says */
	uint64_t peer_gone; /* replies to a peer that had left */
	uint64_t peer_full; /* replies to a peer that did not read */
	uint64_t forgotten; /* wb_server_forget */
	uint64_t inflight;  /* now */
	uint64_t peers;     /* with a request in flight now */
};

/* Binds and serves on base; handler is copied. Errors: as wb_socket_open. */
WB_MUST_CHECK enum wb_err wb_server_open(struct wb_bus *bus, struct event_base *base,
        const struct wb_server_options *options, const struct wb_server_handler *handler,
        struct wb_server **ret_server);
/* Closes and frees; requests in flight stay unanswered. NULL is fine. Not from within its handlers. */
void wb_server_close(struct wb_server *server);

/*
 * Answers a request and ends its time in flight. A peer that is gone or full is counted, not an error.
 * Errors: ERR_LIMIT (message too large), ERR_MEMORY: nothing happened, the request still wants its answer.
 */
WB_MUST_CHECK enum wb_err wb_server_reply(
        struct wb_server *server, const struct wb_peer *peer, struct wb_bytes message);
/* Ends a request without an answer: past its not-after, nobody waits for one. */
void wb_server_forget(struct wb_server *server, const struct wb_peer *peer);

/* As wb_socket_endpoint. */
const char *wb_server_endpoint(const struct wb_server *server);
struct wb_server_stats wb_server_stats(const struct wb_server *server);
#endif
