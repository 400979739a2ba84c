#include "bus/setup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* A message that ZeroMQ would not take yet. */
struct queued {
	struct queued *next;
	uint64_t tag;
	size_t count;
	zmq_msg_t parts[WB_SOCKET_FRAMES_MAX];
};

struct wb_socket {
	void *zmq;
	struct event *wake;  /* ZMQ_FD */
	struct event *again; /* a timer of zero: the rest of a turn, after every other fd had its chance */
	struct wb_socket_options options;
	struct wb_socket_handler handler;
	struct queued *first, **last_next;
	struct wb_socket_stats stats;
	bool in_turn;
	char endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
};

static const struct timeval now_tv;

static int pending_events(struct wb_socket *s)
{
	int events = 0;
	size_t len = sizeof(events);
	while (zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &len) != 0) {
		if (errno == ETERM)
			return 0; /* the context is ending: nothing will come any more */
		WB_ASSERT(errno == EINTR);
	}
	return events;
}

/* Asking ZMQ_EVENTS takes the fd's edge, so whatever is left to do must be remembered by us. */
static void look_again(struct wb_socket *s)
{
	int wanted = ZMQ_POLLIN | (s->first ? ZMQ_POLLOUT : 0);
	if (s->options.kind == WB_SOCKET_PUB)
		return;
	if ((pending_events(s) & wanted) && !evtimer_pending(s->again, NULL))
		WB_ASSERT(evtimer_add(s->again, &now_tv) == 0);
}

/* ---- in ---- */

static bool more_follows(zmq_msg_t *part)
{
	return zmq_msg_more(part) != 0;
}

/* One frame; false if there is none. The rest of a message is always there with its first frame. */
static bool receive_frame(struct wb_socket *s, zmq_msg_t *part)
{
	for (;;) {
		if (zmq_msg_recv(part, s->zmq, ZMQ_DONTWAIT) >= 0)
			return true;
		if (errno == EAGAIN || errno == ETERM)
			return false;
		WB_ASSERT(errno == EINTR);
	}
}

static void skip_frames(struct wb_socket *s)
{
	zmq_msg_t part;
	WB_ASSERT(zmq_msg_init(&part) == 0);
	while (receive_frame(s, &part) && more_follows(&part))
		;
	WB_ASSERT(zmq_msg_close(&part) == 0);
}

/* Takes in one message and gives it on; false if there is none. */
static bool receive(struct wb_socket *s)
{
	zmq_msg_t parts[WB_SOCKET_FRAMES_MAX];
	struct wb_message message = {.frame_count = 0};
	size_t made = 0;
	bool more = true;
	bool got = true;
	while (more && got && made < WB_SOCKET_FRAMES_MAX) {
		zmq_msg_t *part = &parts[made++];
		WB_ASSERT(zmq_msg_init(part) == 0);
		got = receive_frame(s, part);
		if (!got)
			break;
		message.frames[message.frame_count].data = zmq_msg_data(part);
		message.frames[message.frame_count++].len = zmq_msg_size(part);
		more = more_follows(part);
	}
	if (got) {
		s->stats.received++;
		if (more) {
			skip_frames(s);
			s->stats.malformed++;
		} else {
			message.user = zmq_msg_gets(&parts[made - 1], "User-Id");
			s->handler.on_message(s->handler.ctx, &message);
		}
	}
	for (size_t i = 0; i < made; i++)
		WB_ASSERT(zmq_msg_close(&parts[i]) == 0);
	return got;
}

/* ---- out ---- */

static void close_parts(zmq_msg_t *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		WB_ASSERT(zmq_msg_close(&parts[i]) == 0);
}

static int send_frame(struct wb_socket *s, zmq_msg_t *part, int flags)
{
	int rc;
	do
		rc = zmq_msg_send(part, s->zmq, ZMQ_DONTWAIT | flags);
	while (rc < 0 && errno == EINTR);
	return rc;
}

/*
 * Hands the parts over; on WB_OK they are spent, else still whole: all but the last go as copies (they are a routing
 * id and a request id, which zmq_msg_copy holds in place), because a connection may break between two frames, and
 * ZeroMQ then takes back the first ones without giving them back to us.
 */
static enum wb_err transmit(struct wb_socket *s, zmq_msg_t *parts, size_t count)
{
	int rc = 0;
	for (size_t i = 0; rc >= 0 && i + 1 < count; i++) {
		zmq_msg_t copy;
		WB_ASSERT(zmq_msg_init(&copy) == 0);
		WB_ASSERT(zmq_msg_copy(&copy, &parts[i]) == 0);
		rc = send_frame(s, &copy, ZMQ_SNDMORE);
		int saved = errno;
		WB_ASSERT(zmq_msg_close(&copy) == 0);
		errno = saved;
	}
	if (rc >= 0)
		rc = send_frame(s, &parts[count - 1], 0);
	if (rc < 0) {
		switch (errno) {
		case EAGAIN:
			return WB_ERR_AGAIN;
		case EHOSTUNREACH:
		case ETERM:
			return WB_ERR_CLOSED;
		default:
			wb_assert_failed("ZeroMQ refused a send", __FILE__, __LINE__);
		}
	}
	close_parts(parts, count);
	s->stats.sent++;
	return WB_OK;
}

static enum wb_err enqueue(struct wb_socket *s, zmq_msg_t *parts, size_t count, uint64_t tag)
{
	if (s->options.kind != WB_SOCKET_DEALER || s->stats.queued >= s->options.queue_max)
		return WB_ERR_FULL;
	struct queued *q = calloc(1, sizeof(*q)); /* lives until it is sent or withdrawn; queue_max of them */
	if (!q)
		return WB_ERR_MEMORY;
	q->tag = tag;
	q->count = count;
	for (size_t i = 0; i < count; i++) {
		WB_ASSERT(zmq_msg_init(&q->parts[i]) == 0);
		WB_ASSERT(zmq_msg_move(&q->parts[i], &parts[i]) == 0);
	}
	close_parts(parts, count);
	*s->last_next = q;
	s->last_next = &q->next;
	s->stats.queued++;
	s->stats.deferred++;
	return WB_OK;
}

static void unlink_queued(struct wb_socket *s, struct queued **at)
{
	struct queued *q = *at;
	*at = q->next;
	if (!q->next)
		s->last_next = at;
	s->stats.queued--;
	free(q);
}

static void flush(struct wb_socket *s)
{
	for (int n = 0; s->first && n < s->options.turn_max; n++) {
		if (transmit(s, s->first->parts, s->first->count) != WB_OK)
			return;
		unlink_queued(s, &s->first);
	}
}

bool wb_socket_withdraw(struct wb_socket *s, uint64_t tag)
{
	for (struct queued **at = &s->first; *at; at = &(*at)->next) {
		if ((*at)->tag != tag)
			continue;
		close_parts((*at)->parts, (*at)->count);
		unlink_queued(s, at);
		return true;
	}
	return false;
}

static enum wb_err make_parts(const struct wb_bytes *frames, size_t count, zmq_msg_t *parts)
{
	for (size_t i = 0; i < count; i++) {
		if (zmq_msg_init_size(&parts[i], frames[i].len) != 0) {
			close_parts(parts, i);
			return WB_ERR_MEMORY;
		}
		if (frames[i].len)
			memcpy(zmq_msg_data(&parts[i]), frames[i].data, frames[i].len);
	}
	return WB_OK;
}

enum wb_err wb_socket_send(struct wb_socket *s, const struct wb_bytes *frames, size_t count, uint64_t tag)
{
	/* two for a DEALER: a break after its first frame then leaves nothing half said */
	WB_ASSERT(count >= 1 && count <= (s->options.kind == WB_SOCKET_DEALER ? 2 : WB_SOCKET_FRAMES_MAX));
	for (size_t i = 0; i < count; i++) {
		if (frames[i].len > s->options.body_bytes_max)
			return WB_ERR_LIMIT; /* the peer would cut the connection, and again after each reconnect */
	}
	zmq_msg_t parts[WB_SOCKET_FRAMES_MAX];
	enum wb_err err = make_parts(frames, count, parts);
	if (err != WB_OK)
		return err;
	err = s->first ? WB_ERR_AGAIN : transmit(s, parts, count);
	if (err == WB_ERR_AGAIN)
		err = enqueue(s, parts, count, tag);
	if (err != WB_OK)
		close_parts(parts, count);
	if (!s->in_turn)
		look_again(s);
	return err;
}

/* ---- turns ---- */

static void turn(evutil_socket_t fd, short what, void *arg)
{
	struct wb_socket *s = arg;
	(void)fd;
	(void)what;
	int taken = 0;
	s->in_turn = true;
	while (taken < s->options.turn_max && receive(s))
		taken++;
	if (taken == s->options.turn_max)
		s->stats.rearmed++;
	if (taken && s->handler.on_round)
		s->handler.on_round(s->handler.ctx);
	flush(s);
	s->in_turn = false;
	look_again(s);
}

static enum wb_err watch(struct wb_socket *s, struct event_base *base)
{
	int fd = -1;
	size_t len = sizeof(fd);
	if (zmq_getsockopt(s->zmq, ZMQ_FD, &fd, &len) != 0)
		return wb_setup_error();
	s->wake = event_new(base, fd, EV_READ | EV_PERSIST, turn, s);
	s->again = evtimer_new(base, turn, s);
	if (!s->wake || !s->again)
		return WB_ERR_MEMORY;
	if (event_add(s->wake, NULL) != 0)
		return WB_ERR_IO;
	/* the first look, without an edge: something may have come before we watched */
	return evtimer_add(s->again, &now_tv) == 0 ? WB_OK : WB_ERR_IO;
}

enum wb_err wb_socket_open(struct wb_bus *bus, struct event_base *base, const struct wb_socket_options *options,
        const struct wb_socket_handler *handler, struct wb_socket **ret_socket)
{
	struct wb_socket *s = calloc(1, sizeof(*s)); /* the socket's own life */
	if (!s)
		return WB_ERR_MEMORY;
	s->options = wb_setup_defaults(options);
	s->options.endpoint = s->endpoint;
	s->options.curve = NULL;
	s->handler = *handler;
	s->last_next = &s->first;
	enum wb_err err = wb_setup_socket(bus, options, &s->zmq, s->endpoint);
	if (err == WB_OK)
		err = watch(s, base);
	if (err != WB_OK) {
		wb_socket_close(s);
		return err;
	}
	*ret_socket = s;
	return WB_OK;
}

void wb_socket_close(struct wb_socket *s)
{
	if (!s)
		return;
	WB_ASSERT(!s->in_turn);
	/* before zmq_close: it closes the fd that the loop polls */
	if (s->wake)
		event_free(s->wake);
	if (s->again)
		event_free(s->again);
	while (s->first) {
		close_parts(s->first->parts, s->first->count);
		unlink_queued(s, &s->first);
	}
	if (s->zmq)
		wb_setup_close(s->zmq, s->endpoint, s->options.bind);
	free(s);
}

const char *wb_socket_endpoint(const struct wb_socket *s)
{
	return s->endpoint;
}

struct wb_socket_stats wb_socket_stats(const struct wb_socket *s)
{
	return s->stats;
}

void *wb_socket_zmq(struct wb_socket *s)
{
	return s->zmq;
}
