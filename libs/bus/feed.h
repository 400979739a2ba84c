/*
 * The feed: one publisher, any number of subscribers. A hint with the payload attached and no more: a subscriber
 * that is slow, late or cut off loses messages without an error on either side. Whoever needs them all numbers them,
 * sees the gap, and reads the log.
 *
 * Threads: the subscriber is that of its loop; the publisher has no loop and belongs to the thread that calls it.
 * Frames: bus/frame.h. Idea: the Clone pattern of the ZeroMQ guide.
 */
#ifndef WB_BUS_FEED_H
#define WB_BUS_FEED_H
#include "bus/socket.h"

#define WB_FEED_HWM 1000

/* ---- the publisher ---- */

struct wb_feed_pub;

/* A zero means the constant of that name. */
struct wb_feed_pub_options {
	const char *endpoint;         /* bound */
	int hwm;                      /* messages a subscriber, then its copies are dropped: WB_FEED_HWM */
	size_t body_bytes_max;        /* WB_FRAME_BODY_BYTES_MAX */
	const struct wb_curve *curve; /* NULL: plain */
};

/* Binds. Errors: as wb_socket_open. */
WB_MUST_CHECK enum wb_err wb_feed_pub_open(
        struct wb_bus *bus, const struct wb_feed_pub_options *options, struct wb_feed_pub **ret_pub);
/* Closes and frees; waits in wb_bus_close at most for the linger. NULL is fine. */
void wb_feed_pub_close(struct wb_feed_pub *pub);
/* Hands one message, copied, to every subscriber that has room; never blocks. Errors: ERR_LIMIT, ERR_MEMORY. */
WB_MUST_CHECK enum wb_err wb_feed_pub_send(struct wb_feed_pub *pub, struct wb_bytes message);
/* As wb_socket_endpoint. */
const char *wb_feed_pub_endpoint(const struct wb_feed_pub *pub);

/* ---- a subscriber ---- */

struct wb_feed_sub;

struct wb_feed_handler {
	/* A message, valid during the call. */
	void (*on_message)(void *ctx, struct wb_bytes message);
	/* The connection came up (messages before that are lost to us) or went; or NULL. Not for inproc. */
	void (*on_link)(void *ctx, bool up);
	/* A turn with at least one message has ended; or NULL. */
	void (*on_round)(void *ctx);
	void *ctx;
};

/* A zero means the constant of that name. */
struct wb_feed_sub_options {
	const char *endpoint;  /* connected to */
	int hwm;               /* messages waiting here, then they are dropped: WB_FEED_HWM */
	size_t body_bytes_max; /* WB_FRAME_BODY_BYTES_MAX */
	int turn_max;
	const struct wb_curve *curve; /* NULL: plain */
};

struct wb_feed_sub_stats {
	uint64_t messages;
	uint64_t malformed;
	uint64_t links_up, links_down;
};

/* Connects (in the background) on base and subscribes; handler is copied. Errors: as wb_socket_open. */
WB_MUST_CHECK enum wb_err wb_feed_sub_open(struct wb_bus *bus, struct event_base *base,
        const struct wb_feed_sub_options *options, const struct wb_feed_handler *handler, struct wb_feed_sub **ret_sub);
/* Closes and frees. NULL is fine. Not from within its handlers. */
void wb_feed_sub_close(struct wb_feed_sub *sub);
struct wb_feed_sub_stats wb_feed_sub_stats(const struct wb_feed_sub *sub);
#endif
