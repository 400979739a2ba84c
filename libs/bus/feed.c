#include "bus/feed.h"
#include "bus/setup.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* ---- the publisher ---- */

struct wb_feed_pub {
	void *zmq;
	size_t body_bytes_max;
	char endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
};

enum wb_err wb_feed_pub_open(
        struct wb_bus *bus, const struct wb_feed_pub_options *options, struct wb_feed_pub **ret_pub)
{
	struct wb_feed_pub *pub = calloc(1, sizeof(*pub)); /* the publisher's own life */
	if (!pub)
		return WB_ERR_MEMORY;
	struct wb_socket_options so = {.kind = WB_SOCKET_PUB,
	        .endpoint = options->endpoint,
	        .bind = true,
	        .send_hwm = options->hwm ? options->hwm : WB_FEED_HWM,
	        .body_bytes_max = options->body_bytes_max,
	        .curve = options->curve};
	pub->body_bytes_max = wb_setup_defaults(&so).body_bytes_max;
	enum wb_err err = wb_setup_socket(bus, &so, &pub->zmq, pub->endpoint);
	if (err != WB_OK) {
		free(pub);
		return err;
	}
	*ret_pub = pub;
	return WB_OK;
}

void wb_feed_pub_close(struct wb_feed_pub *pub)
{
	if (!pub)
		return;
	wb_setup_close(pub->zmq, pub->endpoint, true);
	free(pub);
}

/* A PUB never says EAGAIN: it drops. Only a signal or the context's end can come between. */
static bool send_frame(struct wb_feed_pub *pub, zmq_msg_t *part, int flags)
{
	while (zmq_msg_send(part, pub->zmq, ZMQ_DONTWAIT | flags) < 0) {
		if (errno == ETERM)
			return false;
		WB_ASSERT(errno == EINTR);
	}
	return true;
}

enum wb_err wb_feed_pub_send(struct wb_feed_pub *pub, struct wb_bytes message)
{
	if (message.len > pub->body_bytes_max)
		return WB_ERR_LIMIT;
	zmq_msg_t topic, body;
	if (zmq_msg_init_size(&body, message.len) != 0)
		return WB_ERR_MEMORY;
	WB_ASSERT(zmq_msg_init_size(&topic, WB_FRAME_TOPIC_BYTES) == 0); /* held in place: cannot fail */
	memcpy(zmq_msg_data(&topic), WB_FRAME_TOPIC, WB_FRAME_TOPIC_BYTES);
	if (message.len)
		memcpy(zmq_msg_data(&body), message.data, message.len);
	bool sent = send_frame(pub, &topic, ZMQ_SNDMORE) && send_frame(pub, &body, 0);
	WB_ASSERT(zmq_msg_close(&topic) == 0);
	WB_ASSERT(zmq_msg_close(&body) == 0);
	return sent ? WB_OK : WB_ERR_CLOSED;
}

const char *wb_feed_pub_endpoint(const struct wb_feed_pub *pub)
{
	return pub->endpoint;
}

/* ---- a subscriber ---- */

struct wb_feed_sub {
	struct wb_socket *socket;
	struct wb_socket *monitor; /* hears of the socket's connection */
	struct wb_feed_handler handler;
	struct wb_feed_sub_stats stats;
	bool up;
};

static void on_message(void *ctx, const struct wb_message *m)
{
	struct wb_feed_sub *sub = ctx;
	if (m->frame_count != 2 || m->frames[0].len != WB_FRAME_TOPIC_BYTES ||
	        memcmp(m->frames[0].data, WB_FRAME_TOPIC, WB_FRAME_TOPIC_BYTES) != 0) {
		sub->stats.malformed++;
		return;
	}
	sub->stats.messages++;
	sub->handler.on_message(sub->handler.ctx, m->frames[1]);
}

static void on_round(void *ctx)
{
	struct wb_feed_sub *sub = ctx;
	if (sub->handler.on_round)
		sub->handler.on_round(sub->handler.ctx);
}

/* ZeroMQ's monitor: a frame with the event's number (16 bits, the machine's order) and value, then the address. */
static void on_monitor(void *ctx, const struct wb_message *m)
{
	struct wb_feed_sub *sub = ctx;
	uint16_t event;
	if (m->frames[0].len < sizeof(event))
		return;
	memcpy(&event, m->frames[0].data, sizeof(event));
	bool up = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
	if (up == sub->up)
		return; /* a connection that never stood is cut without having gone */
	sub->up = up;
	if (up)
		sub->stats.links_up++;
	else
		sub->stats.links_down++;
	if (sub->handler.on_link)
		sub->handler.on_link(sub->handler.ctx, up);
}

static enum wb_err open_monitor(struct wb_bus *bus, struct event_base *base, struct wb_feed_sub *sub)
{
	static atomic_uint_fast64_t counter; /* names in a context must differ, across all loops' threads */
	char endpoint[64];
	(void)snprintf(endpoint, sizeof(endpoint), "inproc://wb-feed-monitor-%llu",
	        (unsigned long long)atomic_fetch_add(&counter, 1));
	int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
	if (zmq_socket_monitor(wb_socket_zmq(sub->socket), endpoint, events) != 0)
		return wb_setup_error();
	struct wb_socket_options so = {.kind = WB_SOCKET_PAIR, .endpoint = endpoint, .linger_ms = -1};
	struct wb_socket_handler sh = {.on_message = on_monitor, .ctx = sub};
	return wb_socket_open(bus, base, &so, &sh, &sub->monitor);
}

enum wb_err wb_feed_sub_open(struct wb_bus *bus, struct event_base *base, const struct wb_feed_sub_options *options,
        const struct wb_feed_handler *handler, struct wb_feed_sub **ret_sub)
{
	struct wb_feed_sub *sub = calloc(1, sizeof(*sub)); /* the subscriber's own life */
	if (!sub)
		return WB_ERR_MEMORY;
	sub->handler = *handler;
	struct wb_socket_options so = {.kind = WB_SOCKET_SUB,
	        .endpoint = options->endpoint,
	        .linger_ms = -1,
	        .receive_hwm = options->hwm ? options->hwm : WB_FEED_HWM,
	        .body_bytes_max = options->body_bytes_max,
	        .turn_max = options->turn_max,
	        .curve = options->curve};
	struct wb_socket_handler sh = {.on_message = on_message, .on_round = on_round, .ctx = sub};
	enum wb_err err = wb_socket_open(bus, base, &so, &sh, &sub->socket);
	if (err == WB_OK)
		err = open_monitor(bus, base, sub);
	if (err != WB_OK) {
		wb_feed_sub_close(sub);
		return err;
	}
	*ret_sub = sub;
	return WB_OK;
}

void wb_feed_sub_close(struct wb_feed_sub *sub)
{
	if (!sub)
		return;
	if (sub->socket) /* fails only if there is no monitor */
		(void)zmq_socket_monitor(wb_socket_zmq(sub->socket), NULL, 0);
	wb_socket_close(sub->monitor);
	wb_socket_close(sub->socket);
	free(sub);
}

struct wb_feed_sub_stats wb_feed_sub_stats(const struct wb_feed_sub *sub)
{
	struct wb_feed_sub_stats stats = sub->stats;
	stats.malformed += wb_socket_stats(sub->socket).malformed;
	return stats;
}
