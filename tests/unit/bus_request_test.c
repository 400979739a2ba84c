/* Requests and replies: every request ends once, whatever the other side does. */
#include "bus_fixture.h"

#define LONG_MS 60000

static enum wb_err ask(struct wb_client *c, uint64_t id, const char *body, int timeout_ms, struct outcome *o)
{
	return wb_client_send(c, id, wb_bytes_str(body), timeout_ms, outcome_cb, o);
}

static void echo_over(const char *endpoint)
{
	struct fixture f;
	struct echo e = {0};
	struct outcome o = {0};
	struct wb_client *c;
	fixture_open(&f);
	endpoint = endpoint ? endpoint : f.ipc;
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = endpoint});
	endpoint = wb_server_endpoint(e.server); /* a real port */
	assert_int_equal(wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = endpoint}, &c), WB_OK);
	assert_int_equal(ask(c, UINT64_MAX, "hello", LONG_MS, &o), WB_OK);
	assert_int_equal(ask(c, 0, "", LONG_MS, &o), WB_OK);
	run_until(&f, &o.ended, 2);
	assert_int_equal(o.errs[0], WB_OK);
	assert_string_equal(o.bodies[0], "hello");
	assert_int_equal(o.errs[1], WB_OK);
	assert_string_equal(o.bodies[1], "");
	assert_true(e.rounds >= 1);
	assert_string_equal(e.user, "");
	assert_int_equal(wb_server_stats(e.server).inflight, 0);
	assert_int_equal(wb_server_stats(e.server).peers, 0);
	assert_int_equal(wb_client_stats(c).inflight, 0);
	wb_client_close(c);
	wb_server_close(e.server);
	fixture_close(&f);
}

static void a_request_comes_back_with_its_id_and_body(void **state)
{
	(void)state;
	echo_over("inproc://echo");
	echo_over(NULL);
	echo_over("tcp://127.0.0.1:*");
}

static void requests_without_a_reply_end_at_their_own_time(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {.hold = true};
	struct outcome slow = {0}, fast = {0}, none = {0};
	struct wb_client *c;
	fixture_open(&f);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = "inproc://hold"});
	assert_int_equal(
	        wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = "inproc://hold"}, &c), WB_OK);
	assert_int_equal(ask(c, 1, "a", LONG_MS, &none), WB_OK);
	assert_int_equal(ask(c, 2, "b", 120, &slow), WB_OK);
	assert_int_equal(ask(c, 3, "c", 10, &fast), WB_OK);
	run_until(&f, &fast.ended, 1);
	assert_int_equal(fast.errs[0], WB_ERR_TIMEOUT);
	assert_int_equal(slow.ended, 0);
	run_until(&f, &slow.ended, 1);
	assert_int_equal(slow.errs[0], WB_ERR_TIMEOUT);
	assert_int_equal(wb_client_stats(c).timeouts, 2);
	assert_int_equal(none.ended, 0);

	/* the late replies are dropped, the one in time arrives; the freed id may be used anew */
	assert_int_equal(e.held, 3);
	for (size_t i = e.held; i-- > 0;)
		assert_int_equal(wb_server_reply(e.server, &e.peers[i], wb_bytes_str("late")), WB_OK);
	run_until(&f, &none.ended, 1);
	assert_int_equal(none.errs[0], WB_OK);
	assert_int_equal(wb_client_stats(c).late, 2);
	e.hold = false;
	assert_int_equal(ask(c, 3, "again", LONG_MS, &fast), WB_OK);
	run_until(&f, &fast.ended, 2);
	assert_string_equal(fast.bodies[1], "again");
	wb_client_close(c);
	wb_server_close(e.server);
	fixture_close(&f);
}

struct sequence {
	uint64_t ended;
	int ranks[16];
};

struct ranked {
	struct sequence *sequence;
	int rank; /* of its deadline */
};

static void note_rank(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct ranked *r = ctx;
	assert_int_equal(err, WB_ERR_TIMEOUT);
	assert_int_equal(reply.len, 0);
	r->sequence->ranks[r->sequence->ended++] = r->rank;
}

static void many_deadlines_fire_in_order(void **state)
{
	(void)state;
	struct fixture f;
	struct sequence sequence = {0};
	struct ranked ranked[16];
	struct wb_client *c;
	fixture_open(&f);
	/* nobody serves: requests wait in the queue for a connection */
	assert_int_equal(wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = f.ipc}, &c), WB_OK);
	for (int i = 0; i < 16; i++) {
		ranked[i] = (struct ranked){&sequence, i * 7 % 16};
		int timeout_ms = 10 + ranked[i].rank * 10;
		assert_int_equal(
		        wb_client_send(c, (uint64_t)i, wb_bytes_str("x"), timeout_ms, note_rank, &ranked[i]), WB_OK);
	}
	assert_true(wb_client_cancel(c, 5));
	run_until(&f, &sequence.ended, 15);
	int rank = 0;
	for (int i = 0; i < 15; i++, rank++) {
		if (rank == ranked[5].rank)
			rank++;
		assert_int_equal(sequence.ranks[i], rank);
	}
	assert_int_equal(wb_client_stats(c).queued, 0);
	wb_client_close(c);
	assert_int_equal(sequence.ended, 15);
	fixture_close(&f);
}

static void requests_wait_for_the_server_and_the_dead_ones_are_never_sent(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {0};
	struct outcome dead = {0}, alive = {0};
	struct wb_client *c;
	fixture_open(&f);
	assert_int_equal(wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = f.ipc}, &c), WB_OK);
	assert_int_equal(ask(c, 1, "dead", 10, &dead), WB_OK);
	assert_int_equal(ask(c, 2, "cancelled", LONG_MS, &dead), WB_OK);
	assert_int_equal(ask(c, 3, "alive", LONG_MS, &alive), WB_OK);
	assert_int_equal(wb_client_stats(c).queued, 3);
	run_until(&f, &dead.ended, 1);
	assert_true(wb_client_cancel(c, 2));
	assert_false(wb_client_cancel(c, 2));
	assert_int_equal(wb_client_stats(c).queued, 1);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = f.ipc});
	run_until(&f, &alive.ended, 1);
	assert_string_equal(alive.bodies[0], "alive");
	assert_int_equal(e.seen, 1);
	assert_int_equal(dead.ended, 1);
	wb_client_close(c);
	wb_server_close(e.server);
	fixture_close(&f);
}

static void a_client_says_full_and_names_the_limit(void **state)
{
	(void)state;
	struct fixture f;
	struct outcome o = {0};
	struct wb_client *c;
	char big[65];
	memset(big, 'x', sizeof(big));
	fixture_open(&f);
	struct wb_client_options options = {.endpoint = f.ipc, .inflight_max = 3, .queue_max = 2, .body_bytes_max = 64};
	assert_int_equal(wb_client_open(f.bus, f.base, &options, &c), WB_OK);
	assert_int_equal(wb_client_send(c, 1, (struct wb_bytes){(uint8_t *)big, 65}, 10, outcome_cb, &o), WB_ERR_LIMIT);
	assert_int_equal(ask(c, 1, "a", LONG_MS, &o), WB_OK);
	assert_int_equal(ask(c, 1, "a", LONG_MS, &o), WB_ERR_EXISTS);
	assert_int_equal(ask(c, 2, "b", LONG_MS, &o), WB_OK);
	assert_int_equal(ask(c, 3, "c", LONG_MS, &o), WB_ERR_FULL); /* the queue, for want of a connection */
	assert_int_equal(wb_client_stats(c).inflight, 2);

	struct echo e = {.hold = true};
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = f.ipc});
	run_until(&f, &e.seen, 2);
	assert_int_equal(ask(c, 3, "c", LONG_MS, &o), WB_OK);
	assert_int_equal(ask(c, 4, "d", LONG_MS, &o), WB_ERR_FULL); /* the table */
	assert_int_equal(wb_client_stats(c).full, 2);
	assert_int_equal(o.ended, 0);
	run_until(&f, &e.seen, 3);
	assert_int_equal(wb_server_reply(e.server, &e.peers[1], wb_bytes_str("r")), WB_OK);
	run_until(&f, &o.ended, 1);
	assert_int_equal(ask(c, 4, "d", LONG_MS, &o), WB_OK); /* room again */
	wb_client_close(c);
	assert_int_equal(o.ended, 4);
	wb_server_close(e.server);
	fixture_close(&f);
}

struct closing {
	struct wb_client *client;
	struct outcome outcome;
	enum wb_err send_err;
};

static void send_while_closing(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct closing *closing = ctx;
	closing->send_err = ask(closing->client, 99, "more", LONG_MS, &closing->outcome);
	outcome_cb(&closing->outcome, err, reply);
}

static void closing_ends_what_waits(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {.hold = true};
	struct closing closing = {0};
	struct wb_client *c;
	fixture_open(&f);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = "inproc://closing"});
	struct wb_client_options options = {.endpoint = "inproc://closing"};
	assert_int_equal(wb_client_open(f.bus, f.base, &options, &c), WB_OK);
	closing.client = c;
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(wb_client_send(c, i, wb_bytes_str("x"), LONG_MS, send_while_closing, &closing), WB_OK);
	run_until(&f, &e.seen, 10);
	wb_client_close(c);
	assert_int_equal(closing.outcome.ended, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(closing.outcome.errs[i], WB_ERR_CLOSED);
	assert_int_equal(closing.send_err, WB_ERR_CLOSED);
	/* and a server with requests in flight just goes */
	assert_int_equal(wb_server_stats(e.server).inflight, 10);
	wb_server_close(e.server);
	wb_server_close(NULL);
	wb_client_close(NULL);
	fixture_close(&f);
}

static void a_greedy_peer_takes_nothing_from_the_others(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {.hold = true};
	struct outcome greedy = {0}, modest = {0};
	struct wb_client *a, *b;
	fixture_open(&f);
	struct wb_server_options so = {.endpoint = "inproc://greedy", .inflight_max = 6, .peer_inflight_max = 4};
	echo_open(&f, &e, &so);
	struct wb_client_options co = {.endpoint = "inproc://greedy"};
	assert_int_equal(wb_client_open(f.bus, f.base, &co, &a), WB_OK);
	assert_int_equal(wb_client_open(f.bus, f.base, &co, &b), WB_OK);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(ask(a, i, "x", LONG_MS, &greedy), WB_OK);
	run_until(&f, &greedy.ended, 6);
	assert_int_equal(e.seen, 4);
	assert_int_equal(e.busy, 6);
	assert_string_equal(greedy.bodies[5], "busy");
	assert_int_equal(ask(b, 1, "y", LONG_MS, &modest), WB_OK);
	run_until(&f, &e.seen, 5);
	assert_int_equal(modest.ended, 0);
	assert_int_equal(wb_server_stats(e.server).peers, 2);
	/* the limit over all, then room again by a reply and by a forgotten request */
	assert_int_equal(ask(b, 2, "y", LONG_MS, &modest), WB_OK);
	assert_int_equal(ask(b, 3, "y", LONG_MS, &modest), WB_OK);
	run_until(&f, &modest.ended, 1);
	assert_string_equal(modest.bodies[0], "busy");
	assert_int_equal(wb_server_reply(e.server, &e.peers[0], wb_bytes_str("done")), WB_OK);
	wb_server_forget(e.server, &e.peers[1]);
	assert_int_equal(ask(a, 20, "x", LONG_MS, &greedy), WB_OK);
	run_until(&f, &e.seen, 7);
	assert_int_equal(wb_server_stats(e.server).inflight, 5);
	assert_int_equal(wb_server_stats(e.server).forgotten, 1);
	wb_client_close(a);
	wb_client_close(b);
	wb_server_close(e.server);
	fixture_close(&f);
}

static void a_reply_to_a_peer_that_left_is_counted(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {.hold = true};
	struct outcome o = {0};
	struct wb_client *c;
	fixture_open(&f);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = "inproc://leaving"});
	assert_int_equal(
	        wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = "inproc://leaving"}, &c), WB_OK);
	assert_int_equal(ask(c, 1, "x", LONG_MS, &o), WB_OK);
	run_until(&f, &e.seen, 1);
	/* the end of a peer is ZeroMQ's to tell, in its own threads: each reply goes somewhere, one day to nobody */
	wb_client_close(c);
	for (int i = 0; wb_server_stats(e.server).peer_gone == 0; i++) {
		assert_true(i < 1000000);
		struct wb_peer peer = e.peers[0];
		peer.counted = i == 0;
		assert_int_equal(wb_server_reply(e.server, &peer, wb_bytes_str("to nobody")), WB_OK);
		run_ready(&f);
	}
	assert_int_equal(wb_server_stats(e.server).inflight, 0);
	wb_server_close(e.server);
	fixture_close(&f);
}

static void a_peer_that_does_not_read_loses_replies_not_our_memory(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {0};
	struct outcome o = {0};
	struct wb_client *c;
	fixture_open(&f);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = "inproc://deaf", .hwm = 4});
	void *raw = raw_socket(&f, ZMQ_DEALER, "inproc://deaf", 4, false);
	for (uint64_t i = 0; i < 40; i++) {
		raw_request(raw, i, "x");
		run_until(&f, &e.seen, i + 1);
	}
	struct wb_server_stats stats = wb_server_stats(e.server);
	assert_int_equal(stats.replies, 8); /* both high-water marks of an inproc pipe */
	assert_int_equal(stats.peer_full, 32);
	assert_int_equal(stats.inflight, 0);
	/* another peer is served as ever */
	assert_int_equal(
	        wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = "inproc://deaf"}, &c), WB_OK);
	assert_int_equal(ask(c, 1, "hello", LONG_MS, &o), WB_OK);
	run_until(&f, &o.ended, 1);
	assert_int_equal(o.errs[0], WB_OK);
	wb_client_close(c);
	assert_int_equal(zmq_close(raw), 0);
	wb_server_close(e.server);
	fixture_close(&f);
}

static void malformed_messages_are_dropped_and_counted(void **state)
{
	(void)state;
	struct fixture f;
	struct echo e = {0};
	struct outcome o = {0};
	struct wb_client *c;
	fixture_open(&f);
	echo_open(&f, &e, &(struct wb_server_options){.endpoint = "inproc://bad"});
	void *raw = raw_socket(&f, ZMQ_DEALER, "inproc://bad", 100, false);
	assert_int_equal(zmq_send(raw, "one", 3, 0), 3);
	assert_int_equal(zmq_send(raw, "short", 5, ZMQ_SNDMORE), 5);
	assert_int_equal(zmq_send(raw, "body", 4, 0), 4);
	for (int i = 0; i < 9; i++)
		assert_int_equal(zmq_send(raw, "8 bytes.", 8, i < 8 ? ZMQ_SNDMORE : 0), 8);
	raw_request(raw, 7, "good");
	run_until(&f, &e.seen, 1);
	assert_int_equal(wb_server_stats(e.server).malformed, 3);
	assert_int_equal(zmq_close(raw), 0);
	wb_server_close(e.server);

	raw = raw_socket(&f, ZMQ_DEALER, "inproc://bad-server", 100, true);
	struct wb_client_options co = {.endpoint = "inproc://bad-server"};
	assert_int_equal(wb_client_open(f.bus, f.base, &co, &c), WB_OK);
	assert_int_equal(ask(c, 1, "x", LONG_MS, &o), WB_OK);
	char sink[16];
	assert_int_equal(zmq_recv(raw, sink, sizeof(sink), 0), 8);
	assert_int_equal(zmq_recv(raw, sink, sizeof(sink), 0), 1);
	assert_int_equal(zmq_send(raw, "?", 1, 0), 1);
	raw_request(raw, 2, "an id that nobody asked");
	raw_request(raw, 1, "yes");
	run_until(&f, &o.ended, 1);
	assert_string_equal(o.bodies[0], "yes");
	assert_int_equal(wb_client_stats(c).malformed, 1);
	assert_int_equal(wb_client_stats(c).late, 1);
	wb_client_close(c);
	assert_int_equal(zmq_close(raw), 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_request_comes_back_with_its_id_and_body),
	        cmocka_unit_test(requests_without_a_reply_end_at_their_own_time),
	        cmocka_unit_test(many_deadlines_fire_in_order),
	        cmocka_unit_test(requests_wait_for_the_server_and_the_dead_ones_are_never_sent),
	        cmocka_unit_test(a_client_says_full_and_names_the_limit),
	        cmocka_unit_test(closing_ends_what_waits),
	        cmocka_unit_test(a_greedy_peer_takes_nothing_from_the_others),
	        cmocka_unit_test(a_reply_to_a_peer_that_left_is_counted),
	        cmocka_unit_test(a_peer_that_does_not_read_loses_replies_not_our_memory),
	        cmocka_unit_test(malformed_messages_are_dropped_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
