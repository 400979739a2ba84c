/* One socket in a loop: the edge that others eat, fairness, addresses and their folders; and the feed. */
#include "bus_fixture.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

struct counter {
	uint64_t messages, rounds;
};

static void count_message(void *ctx, const struct wb_message *message)
{
	struct counter *c = ctx;
	(void)message;
	c->messages++;
}

static void count_round(void *ctx)
{
	struct counter *c = ctx;
	c->rounds++;
}

static enum wb_err open_socket(
        struct fixture *f, const struct wb_socket_options *o, struct counter *c, struct wb_socket **ret_socket)
{
	return wb_socket_open(
	        f->bus, f->base, o, &(struct wb_socket_handler){count_message, count_round, c}, ret_socket);
}

static void wait_readable(struct wb_socket *s)
{
	struct pollfd pfd = {.events = POLLIN};
	size_t len = sizeof(pfd.fd);
	assert_int_equal(zmq_getsockopt(wb_socket_zmq(s), ZMQ_FD, &pfd.fd, &len), 0);
	assert_int_equal(poll(&pfd, 1, PATIENCE_S * 1000), 1);
}

/* Reads one whole message of a bare ROUTER's and sends it back times over. */
static void bounce(void *router, int times)
{
	zmq_msg_t frames[3];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(zmq_msg_init(&frames[i]), 0);
		assert_true(zmq_msg_recv(&frames[i], router, 0) >= 0);
	}
	for (int n = 0; n < times; n++) {
		for (int i = 0; i < 3; i++) {
			zmq_msg_t copy;
			assert_int_equal(zmq_msg_init(&copy), 0);
			assert_int_equal(zmq_msg_copy(&copy, &frames[i]), 0);
			assert_true(zmq_msg_send(&copy, router, i < 2 ? ZMQ_SNDMORE : 0) >= 0);
		}
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(zmq_msg_close(&frames[i]), 0);
}

static void a_message_is_seen_though_a_send_ate_its_edge(void **state)
{
	(void)state;
	struct fixture f;
	struct counter c = {0};
	struct wb_socket *s;
	const struct wb_bytes frames[] = {{(const uint8_t *)"8 bytes.", 8}, {(const uint8_t *)"x", 1}};
	fixture_open(&f);
	void *router = raw_socket(&f, ZMQ_ROUTER, "inproc://edge", 1000, true);
	struct wb_socket_options o = {.kind = WB_SOCKET_DEALER, .endpoint = "inproc://edge"};
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	for (uint64_t i = 1; i <= 100; i++) {
		assert_int_equal(wb_socket_send(s, frames, 2, 1), WB_OK);
		bounce(router, 1);
		wait_readable(s);
		/* sending takes in ZeroMQ's commands: the fd falls silent with a message waiting */
		assert_int_equal(wb_socket_send(s, frames, 2, 2), WB_OK);
		run_until(&f, &c.messages, 2 * i - 1);
		bounce(router, 1);
		run_until(&f, &c.messages, 2 * i);
	}
	wb_socket_close(s);
	assert_int_equal(zmq_close(router), 0);
	fixture_close(&f);
}

static void what_came_before_the_loop_is_seen(void **state)
{
	(void)state;
	struct fixture f;
	struct counter c = {0};
	struct wb_socket *s;
	fixture_open(&f);
	void *raw = raw_socket(&f, ZMQ_DEALER, "inproc://before", 1000, false);
	raw_request(raw, 1, "early"); /* connected and sent before the bind */
	struct wb_socket_options o = {.kind = WB_SOCKET_ROUTER, .endpoint = "inproc://before", .bind = true};
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	int events = 0;
	size_t len = sizeof(events);
	assert_int_equal(zmq_getsockopt(wb_socket_zmq(s), ZMQ_EVENTS, &events, &len), 0); /* eats the edge */
	run_until(&f, &c.messages, 1);
	assert_int_equal(c.rounds, 1);
	wb_socket_close(s);
	assert_int_equal(zmq_close(raw), 0);
	fixture_close(&f);
}

struct rival {
	struct counter *c;
	int pipe[2];
	uint64_t turns; /* of the rival */
	uint64_t seen;  /* messages when it last ran */
	uint64_t most;  /* messages between two of its turns */
};

/* Reads a byte and writes the next: ready in every pass of the loop. */
static void rival_turn(evutil_socket_t fd, short what, void *arg)
{
	struct rival *r = arg;
	char byte;
	(void)what;
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(write(r->pipe[1], "x", 1), 1);
	if (r->c->messages - r->seen > r->most)
		r->most = r->c->messages - r->seen;
	r->seen = r->c->messages;
	r->turns++;
}

static void a_flood_leaves_turns_to_the_other_fds(void **state)
{
	(void)state;
	struct fixture f;
	struct counter c = {0};
	struct rival rival = {.c = &c};
	struct wb_socket *s;
	fixture_open(&f);
	struct wb_socket_options o = {.kind = WB_SOCKET_ROUTER,
	        .endpoint = "inproc://flood",
	        .bind = true,
	        .receive_hwm = 5000,
	        .turn_max = 10};
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	void *raw = raw_socket(&f, ZMQ_DEALER, "inproc://flood", 5000, false);
	for (uint64_t i = 0; i < 5000; i++)
		raw_request(raw, i, "flood");
	assert_int_equal(pipe2(rival.pipe, O_CLOEXEC), 0);
	assert_int_equal(write(rival.pipe[1], "x", 1), 1);
	struct event *ev = event_new(f.base, rival.pipe[0], EV_READ | EV_PERSIST, rival_turn, &rival);
	assert_non_null(ev);
	assert_int_equal(event_add(ev, NULL), 0);
	run_until(&f, &c.messages, 5000);
	/* a pass of the loop may hold one turn by the fd and one by the timer */
	assert_true(rival.turns >= 250);
	assert_true(rival.most <= 20);
	assert_true(wb_socket_stats(s).rearmed >= 499);
	assert_true(c.rounds >= 500);
	event_free(ev);
	assert_int_equal(close(rival.pipe[0]) | close(rival.pipe[1]), 0);
	wb_socket_close(s);
	assert_int_equal(zmq_close(raw), 0);
	fixture_close(&f);
}

static void the_queue_leaves_in_order_when_there_is_room(void **state)
{
	(void)state;
	struct fixture f;
	struct counter c = {0};
	struct wb_socket *s;
	fixture_open(&f);
	struct wb_socket_options o = {
	        .kind = WB_SOCKET_DEALER, .endpoint = "inproc://room", .send_hwm = 2, .queue_max = 50, .turn_max = 8};
	void *router = raw_socket(&f, ZMQ_ROUTER, "inproc://room", 2, true);
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	uint64_t sent = 0;
	enum wb_err err;
	do {
		uint8_t id[WB_FRAME_ID_BYTES];
		wb_be64_put(id, sent);
		const struct wb_bytes frames[] = {{id, sizeof(id)}, {NULL, 0}};
		err = wb_socket_send(s, frames, 2, sent);
		sent += err == WB_OK;
	} while (err == WB_OK);
	assert_int_equal(err, WB_ERR_FULL);
	assert_int_equal(sent, 4 + 50); /* both high-water marks of an inproc pipe, then ours */
	assert_true(wb_socket_withdraw(s, sent - 1));
	assert_true(wb_socket_withdraw(s, 10));
	assert_false(wb_socket_withdraw(s, 0)); /* left already */
	for (uint64_t i = 0; i < sent - 1; i++) {
		char id[256];
		if (i == 10)
			continue;
		for (int frame = 0; frame < 3; frame++) {
			int n;
			for (int tries = 0; (n = zmq_recv(router, id, sizeof(id), ZMQ_DONTWAIT)) < 0; tries++) {
				assert_true(tries < 1000);
				run_ready(&f);
			}
			if (frame == 1)
				assert_int_equal(wb_be64_get((uint8_t *)id), i);
		}
	}
	assert_int_equal(wb_socket_stats(s).queued, 0);
	assert_int_equal(wb_socket_stats(s).deferred, 50);
	wb_socket_close(s);
	assert_int_equal(zmq_close(router), 0);
	fixture_close(&f);
}

static void addresses_are_checked_and_folders_guarded(void **state)
{
	(void)state;
	struct fixture f;
	struct counter c = {0};
	struct wb_socket *s;
	struct stat st;
	char endpoint[128], long_path[256], dir[96];
	fixture_open(&f);
	struct wb_socket_options o = {.kind = WB_SOCKET_ROUTER, .bind = true};
	memset(long_path, 'x', sizeof(long_path) - 1);
	memcpy(long_path, "ipc:///tmp/", 11);
	long_path[150] = '\0';
	const struct {
		const char *endpoint;
		enum wb_err err;
	} cases[] = {{NULL, WB_ERR_INVALID}, {"nonsense", WB_ERR_INVALID}, {"ipc://@abstract", WB_ERR_INVALID},
	        {"ipc://*", WB_ERR_INVALID}, {"ipc://here", WB_ERR_INVALID}, {long_path, WB_ERR_LIMIT},
	        {"tcp://0.0.0.0:*", WB_ERR_INVALID}, {"tcp://*:*", WB_ERR_INVALID}, {"ipc:///tmp/s", WB_ERR_DENIED},
	        {"ipc:///no/such/folder/s", WB_ERR_IO}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.endpoint = cases[i].endpoint;
		assert_int_equal(open_socket(&f, &o, &c, &s), cases[i].err);
	}
	(void)snprintf(dir, sizeof(dir), "%s/sub", f.dir);
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/s", dir);
	o.endpoint = endpoint;
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	assert_string_equal(wb_socket_endpoint(s), endpoint);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	wb_socket_close(s);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_ERR_DENIED);

	struct wb_socket *second;
	o.endpoint = "inproc://twice";
	assert_int_equal(open_socket(&f, &o, &c, &s), WB_OK);
	assert_int_equal(open_socket(&f, &o, &c, &second), WB_ERR_EXISTS);
	wb_socket_close(s);
	wb_socket_close(NULL);

	struct wb_bus *none;
	assert_int_equal(wb_bus_open(0, &none), WB_ERR_INVALID);
	wb_bus_close(NULL);
	wb_bus_close(f.bus);
	f.bus = NULL;
	(void)snprintf(endpoint, sizeof(endpoint), "%s/s", dir);
	(void)unlink(endpoint);
	assert_int_equal(rmdir(dir), 0);
	fixture_close(&f);
}

/* ---- the feed ---- */

struct listener {
	uint64_t messages, gaps, ups, downs;
	uint64_t next; /* number expected */
};

static void hear(void *ctx, struct wb_bytes message)
{
	struct listener *l = ctx;
	assert_int_equal(message.len, 8);
	uint64_t number = wb_be64_get(message.data);
	assert_true(number >= l->next); /* never back, never twice */
	l->gaps += number > l->next;
	l->next = number + 1;
	l->messages++;
}

static void note_link(void *ctx, bool up)
{
	struct listener *l = ctx;
	if (up)
		l->ups++;
	else
		l->downs++;
}

static void publish(struct wb_feed_pub *pub, uint64_t number)
{
	uint8_t body[8];
	wb_be64_put(body, number);
	assert_int_equal(wb_feed_pub_send(pub, (struct wb_bytes){body, sizeof(body)}), WB_OK);
}

static void a_slow_subscriber_sees_a_gap(void **state)
{
	(void)state;
	struct fixture f;
	struct listener l = {0};
	struct wb_feed_pub *pub;
	struct wb_feed_sub *sub;
	fixture_open(&f);
	struct wb_feed_pub_options po = {.endpoint = "inproc://feed", .hwm = 4, .body_bytes_max = 8};
	struct wb_feed_sub_options so = {.endpoint = "inproc://feed", .hwm = 4};
	struct wb_feed_handler handler = {hear, note_link, NULL, &l};
	assert_int_equal(wb_feed_pub_open(f.bus, &po, &pub), WB_OK);
	assert_int_equal(wb_feed_sub_open(f.bus, f.base, &so, &handler, &sub), WB_OK);
	uint64_t number = 0;
	for (; number < 5; number++)
		publish(pub, number);
	run_until(&f, &l.messages, 5);
	assert_int_equal(l.gaps, 0);
	for (; number < 105; number++) /* nobody reads meanwhile */
		publish(pub, number);
	run_ready(&f);
	/* what a pipe holds; the rest is lost, and the publisher met no error */
	assert_in_range(l.messages, 5 + 1, 5 + 8);
	uint64_t heard = l.messages;
	assert_int_equal(l.gaps, 0);
	for (int tries = 0; l.messages == heard; tries++) {
		assert_true(tries < 1000000); /* a publisher hears of room about once a millisecond */
		publish(pub, number++);
		run_ready(&f);
	}
	assert_int_equal(l.gaps, 1); /* and the next message shows it */
	uint8_t big[9] = {0};
	assert_int_equal(wb_feed_pub_send(pub, (struct wb_bytes){big, sizeof(big)}), WB_ERR_LIMIT);
	assert_int_equal(wb_feed_sub_stats(sub).messages, heard + 1);
	wb_feed_sub_close(sub);
	publish(pub, number); /* to nobody */
	wb_feed_pub_close(pub);
	fixture_close(&f);
}

static void other_topics_and_frames_are_malformed(void **state)
{
	(void)state;
	struct fixture f;
	struct listener l = {0};
	struct wb_feed_sub *sub;
	fixture_open(&f);
	void *raw = raw_socket(&f, ZMQ_PUB, "inproc://odd", 100, true);
	struct wb_feed_sub_options so = {.endpoint = "inproc://odd"};
	assert_int_equal(
	        wb_feed_sub_open(f.bus, f.base, &so, &(struct wb_feed_handler){hear, NULL, NULL, &l}, &sub), WB_OK);
	assert_int_equal(zmq_send(raw, "fx", 2, ZMQ_SNDMORE), 2);
	assert_int_equal(zmq_send(raw, "12345678", 8, 0), 8);
	assert_int_equal(zmq_send(raw, "f", 1, 0), 1);
	assert_int_equal(zmq_send(raw, "g", 1, ZMQ_SNDMORE), 1); /* not subscribed at all */
	assert_int_equal(zmq_send(raw, "12345678", 8, 0), 8);
	assert_int_equal(zmq_send(raw, "f", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(raw, "12345678", 8, 0), 8);
	run_until(&f, &l.messages, 1);
	assert_int_equal(wb_feed_sub_stats(sub).malformed, 2);
	wb_feed_sub_close(sub);
	assert_int_equal(zmq_close(raw), 0);
	fixture_close(&f);
}

static void a_subscriber_hears_its_link_go_and_come(void **state)
{
	(void)state;
	struct fixture f;
	struct listener l = {0};
	struct wb_feed_pub *pub;
	struct wb_feed_sub *sub;
	fixture_open(&f);
	struct wb_feed_sub_options so = {.endpoint = f.ipc};
	struct wb_feed_handler handler = {hear, note_link, NULL, &l};
	/* started before the publisher */
	assert_int_equal(wb_feed_sub_open(f.bus, f.base, &so, &handler, &sub), WB_OK);
	for (uint64_t round = 1; round <= 2; round++) {
		assert_int_equal(
		        wb_feed_pub_open(f.bus, &(struct wb_feed_pub_options){.endpoint = f.ipc}, &pub), WB_OK);
		run_until(&f, &l.ups, round);
		wb_feed_pub_close(pub);
		run_until(&f, &l.downs, round);
	}
	assert_int_equal(wb_feed_sub_stats(sub).links_up, 2);
	assert_int_equal(wb_feed_sub_stats(sub).links_down, 2);
	wb_feed_sub_close(sub);
	wb_feed_sub_close(NULL);
	wb_feed_pub_close(NULL);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_message_is_seen_though_a_send_ate_its_edge),
	        cmocka_unit_test(what_came_before_the_loop_is_seen),
	        cmocka_unit_test(a_flood_leaves_turns_to_the_other_fds),
	        cmocka_unit_test(the_queue_leaves_in_order_when_there_is_room),
	        cmocka_unit_test(addresses_are_checked_and_folders_guarded),
	        cmocka_unit_test(a_slow_subscriber_sees_a_gap),
	        cmocka_unit_test(other_topics_and_frames_are_malformed),
	        cmocka_unit_test(a_subscriber_hears_its_link_go_and_come),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
