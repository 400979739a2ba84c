/* What the tests of the bus share: a context with a loop that runs until something holds, and a folder of its own. */
#ifndef WB_TESTS_BUS_FIXTURE_H
#define WB_TESTS_BUS_FIXTURE_H
#include "bus/client.h"
#include "bus/feed.h"
#include "bus/server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#define PATIENCE_S 20 /* a bound for a broken build, never waited for by a sound one */

struct fixture {
	struct wb_bus *bus;
	struct event_base *base;
	char dir[64]; /* of mode 0700 */
	char ipc[96];
};

static inline void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/wb-bus-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->ipc, sizeof(f->ipc), "ipc://%s/s", f->dir);
	assert_int_equal(wb_bus_open(WB_BUS_IO_THREADS, &f->bus), WB_OK);
	f->base = event_base_new();
	assert_non_null(f->base);
}

static inline void fixture_close(struct fixture *f)
{
	char path[96];
	wb_bus_close(f->bus);
	event_base_free(f->base);
	(void)snprintf(path, sizeof(path), "%s/s", f->dir);
	(void)unlink(path);
	assert_int_equal(rmdir(f->dir), 0);
}

static inline void out_of_patience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Runs the loop until *counter is at least wanted. */
static inline void run_until(struct fixture *f, const uint64_t *counter, uint64_t wanted)
{
	bool late = false;
	struct timeval tv = {.tv_sec = PATIENCE_S};
	struct event *guard = evtimer_new(f->base, out_of_patience, &late);
	assert_non_null(guard);
	assert_int_equal(evtimer_add(guard, &tv), 0);
	while (*counter < wanted && !late)
		assert_true(event_base_loop(f->base, EVLOOP_ONCE) >= 0);
	event_free(guard);
	assert_true(*counter >= wanted);
}

/* Runs what is ready now, and what that makes ready, to the end. */
static inline void run_ready(struct fixture *f)
{
	for (int i = 0; i < 100; i++)
		assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
}

/* A bare socket of the other side, by which a test can misbehave. */
static inline void *raw_socket(struct fixture *f, int type, const char *endpoint, int hwm, bool bind)
{
	int zero = 0;
	void *raw = zmq_socket(wb_bus_context(f->bus), type);
	assert_non_null(raw);
	assert_int_equal(zmq_setsockopt(raw, ZMQ_LINGER, &zero, sizeof(zero)), 0);
	assert_int_equal(zmq_setsockopt(raw, ZMQ_SNDHWM, &hwm, sizeof(hwm)), 0);
	assert_int_equal(zmq_setsockopt(raw, ZMQ_RCVHWM, &hwm, sizeof(hwm)), 0);
	assert_int_equal((bind ? zmq_bind : zmq_connect)(raw, endpoint), 0);
	return raw;
}

static inline void raw_request(void *raw, uint64_t id, const char *body)
{
	uint8_t frame[WB_FRAME_ID_BYTES];
	wb_be64_put(frame, id);
	assert_int_equal(zmq_send(raw, frame, sizeof(frame), ZMQ_SNDMORE), sizeof(frame));
	assert_int_equal(zmq_send(raw, body, strlen(body), 0), (int)strlen(body));
}

/* A server that answers each request with its own body, at once or when told. */
struct echo {
	struct wb_server *server;
	bool hold; /* keep requests in peers instead of answering */
	struct wb_peer peers[64];
	size_t held;
	uint64_t seen, busy, rounds;
	char user[WB_PEER_USER_BYTES]; /* of the last request */
};

static inline void echo_on_request(void *ctx, const struct wb_peer *peer, struct wb_bytes message)
{
	struct echo *e = ctx;
	e->seen++;
	memcpy(e->user, peer->user, sizeof(e->user));
	if (e->hold) {
		assert_true(e->held < 64);
		e->peers[e->held++] = *peer;
		return;
	}
	assert_int_equal(wb_server_reply(e->server, peer, message), WB_OK);
}

static inline void echo_on_busy(void *ctx, const struct wb_peer *peer, struct wb_bytes message)
{
	struct echo *e = ctx;
	(void)message;
	e->busy++;
	assert_int_equal(wb_server_reply(e->server, peer, wb_bytes_str("busy")), WB_OK);
}

static inline void echo_on_round(void *ctx)
{
	struct echo *e = ctx;
	e->rounds++;
}

static inline void echo_open(struct fixture *f, struct echo *e, const struct wb_server_options *options)
{
	struct wb_server_handler handler = {echo_on_request, echo_on_busy, echo_on_round, e};
	e->seen = e->busy = e->rounds = 0;
	e->held = 0;
	assert_int_equal(wb_server_open(f->bus, f->base, options, &handler, &e->server), WB_OK);
}

/* How requests ended, in order. */
struct outcome {
	uint64_t ended;
	enum wb_err errs[128];
	char bodies[128][32];
};

static inline void outcome_cb(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct outcome *o = ctx;
	assert_true(o->ended < 128 && reply.len < sizeof(o->bodies[0]));
	o->errs[o->ended] = err;
	if (reply.len)
		memcpy(o->bodies[o->ended], reply.data, reply.len);
	o->bodies[o->ended][reply.len] = '\0';
	o->ended++;
}
#endif
