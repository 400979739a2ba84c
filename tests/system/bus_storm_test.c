/*
 * Storms between loops in threads of their own: 100,000 requests each way at once. One wake of an edge-triggered fd
 * missed, and the run stands still until a guard ends it: every request must come back, none by its timeout.
 */
#include "tests/unit/bus_fixture.h"
#include <pthread.h>
#include <stdatomic.h>

#define STORM 100000
#define WINDOW 500 /* requests in flight */
#define LOOPS 3
#define GUARD_S 120
#define TIMEOUT_MS 100000

/* One thread: a loop with a server and a client of another's server. Failures are told by numbers: cmocka's asserts
 * belong to the main thread. */
struct side {
	struct wb_bus *bus;
	const char *serves, *asks; /* endpoints, or NULL */
	uint64_t requests;         /* to make */
	uint64_t made, answered, failed, served;
	struct wb_server *server;
	struct wb_client *client;
	struct event_base *base;
	atomic_int *running; /* sides that still ask */
	bool done, late;
};

static void serve(void *ctx, const struct wb_peer *peer, struct wb_bytes message)
{
	struct side *s = ctx;
	uint8_t body[8];
	s->served++;
	if (message.len != 8 || wb_be64_get(message.data) != peer->request_id) {
		s->failed++;
		wb_server_forget(s->server, peer);
		return;
	}
	wb_be64_put(body, ~peer->request_id);
	if (wb_server_reply(s->server, peer, (struct wb_bytes){body, sizeof(body)}) != WB_OK)
		s->failed++;
}

static void pump(struct side *s);

static void answered(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct side *s = ctx;
	if (err != WB_OK || reply.len != 8)
		s->failed++;
	s->answered++;
	pump(s);
}

static void pump(struct side *s)
{
	while (s->made < s->requests && s->made - s->answered < WINDOW) {
		uint8_t body[8];
		wb_be64_put(body, s->made);
		if (wb_client_send(s->client, s->made, (struct wb_bytes){body, sizeof(body)}, TIMEOUT_MS, answered,
		            s) != WB_OK) {
			s->failed++;
			s->answered++;
		}
		s->made++;
	}
	if (s->answered == s->requests && !s->done) {
		s->done = true;
		atomic_fetch_sub(s->running, 1);
	}
}

static void look_whether_all_ended(evutil_socket_t fd, short what, void *arg)
{
	struct side *s = arg;
	(void)fd;
	(void)what;
	if (atomic_load(s->running) == 0)
		(void)event_base_loopbreak(s->base);
}

static void *run_side(void *arg)
{
	struct side *s = arg;
	bool late = false;
	const struct timeval tick_tv = {.tv_usec = 2000}, guard_tv = {.tv_sec = GUARD_S};
	struct event *tick = event_new(s->base, -1, EV_PERSIST, look_whether_all_ended, s);
	struct event *guard = evtimer_new(s->base, out_of_patience, &late);
	if (!tick || !guard || event_add(tick, &tick_tv) != 0 || event_add(guard, &guard_tv) != 0) {
		s->failed++;
		atomic_fetch_sub(s->running, s->client != NULL);
		return NULL;
	}
	if (s->client)
		pump(s);
	while (atomic_load(s->running) > 0 && !late)
		(void)event_base_loop(s->base, EVLOOP_ONCE);
	s->late = late;
	event_free(tick);
	event_free(guard);
	return NULL;
}

/* Opens the side's sockets; they move to its thread with the thread's creation. */
static void side_open(struct side *s)
{
	s->base = event_base_new();
	assert_non_null(s->base);
	if (s->serves) {
		struct wb_server_options so = {.endpoint = s->serves};
		struct wb_server_handler handler = {.on_request = serve, .ctx = s};
		assert_int_equal(wb_server_open(s->bus, s->base, &so, &handler, &s->server), WB_OK);
	}
	if (s->asks) {
		struct wb_client_options co = {.endpoint = s->asks};
		assert_int_equal(wb_client_open(s->bus, s->base, &co, &s->client), WB_OK);
		atomic_fetch_add(s->running, 1);
	}
}

static void side_close(struct side *s)
{
	wb_client_close(s->client);
	wb_server_close(s->server);
	event_base_free(s->base);
}

static void run_sides(struct side *sides, size_t count)
{
	pthread_t threads[8];
	for (size_t i = 0; i < count; i++)
		side_open(&sides[i]);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_side, &sides[i]), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < count; i++) {
		assert_false(sides[i].late);
		assert_int_equal(sides[i].failed, 0);
		assert_int_equal(sides[i].answered, sides[i].requests);
		if (sides[i].client) {
			struct wb_client_stats stats = wb_client_stats(sides[i].client);
			assert_int_equal(stats.replies, sides[i].requests);
			assert_int_equal(stats.timeouts + stats.late + stats.malformed + stats.inflight, 0);
		}
	}
}

static void both_ways(const char *one, const char *two)
{
	struct fixture f;
	atomic_int running = 0;
	fixture_open(&f);
	struct side sides[2] = {
	        {.bus = f.bus, .serves = one, .asks = two, .requests = STORM, .running = &running},
	        {.bus = f.bus, .serves = two, .asks = one, .requests = STORM, .running = &running},
	};
	run_sides(sides, 2);
	for (size_t i = 0; i < 2; i++) {
		struct wb_server_stats stats = wb_server_stats(sides[i].server);
		assert_int_equal(sides[i].served, STORM);
		assert_int_equal(stats.replies, STORM);
		assert_int_equal(stats.busy + stats.malformed + stats.peer_gone + stats.peer_full + stats.inflight, 0);
		side_close(&sides[i]);
	}
	fixture_close(&f);
}

static void a_storm_both_ways_over_inproc(void **state)
{
	(void)state;
	both_ways("inproc://one", "inproc://two");
}

static void a_storm_both_ways_over_ipc(void **state)
{
	(void)state;
	char dir[] = "/tmp/wb-storm-XXXXXX";
	char one[64], two[64];
	assert_non_null(mkdtemp(dir));
	(void)snprintf(one, sizeof(one), "ipc://%s/1", dir);
	(void)snprintf(two, sizeof(two), "ipc://%s/2", dir);
	both_ways(one, two);
	(void)unlink(one + 6);
	(void)unlink(two + 6);
	assert_int_equal(rmdir(dir), 0);
}

static void several_loops_ask_one_server(void **state)
{
	(void)state;
	struct fixture f;
	atomic_int running = 0;
	struct side sides[LOOPS + 1];
	fixture_open(&f);
	sides[0] = (struct side){.bus = f.bus, .serves = f.ipc, .running = &running};
	for (size_t i = 1; i <= LOOPS; i++) /* the same request ids: they are each client's own */
		sides[i] = (struct side){.bus = f.bus, .asks = f.ipc, .requests = STORM / 5, .running = &running};
	run_sides(sides, LOOPS + 1);
	assert_int_equal(sides[0].served, LOOPS * (STORM / 5));
	for (size_t i = 0; i <= LOOPS; i++)
		side_close(&sides[i]);
	fixture_close(&f);
}

static void a_server_that_comes_back_is_found_again(void **state)
{
	(void)state;
	struct fixture f;
	struct wb_client *c;
	fixture_open(&f);
	assert_int_equal(wb_client_open(f.bus, f.base, &(struct wb_client_options){.endpoint = f.ipc}, &c), WB_OK);
	for (uint64_t life = 0; life < 5; life++) {
		struct echo e = {0};
		struct outcome o = {0};
		echo_open(&f, &e, &(struct wb_server_options){.endpoint = f.ipc});
		/* the first tries may still go into the old connection, and die with it */
		do {
			enum wb_err err = wb_client_send(c, 1, wb_bytes_str("again"), 200, outcome_cb, &o);
			assert_int_equal(err, WB_OK);
			run_until(&f, &o.ended, o.ended + 1);
		} while (o.errs[o.ended - 1] == WB_ERR_TIMEOUT);
		assert_int_equal(o.errs[o.ended - 1], WB_OK);
		assert_string_equal(o.bodies[o.ended - 1], "again");
		/* now one that the server takes with it */
		uint64_t before = o.ended;
		e.hold = true;
		assert_int_equal(wb_client_send(c, 2, wb_bytes_str("lost"), 300, outcome_cb, &o), WB_OK);
		run_until(&f, &e.seen, e.seen + 1);
		wb_server_close(e.server);
		run_until(&f, &o.ended, before + 1);
		assert_int_equal(o.errs[before], WB_ERR_TIMEOUT);
	}
	wb_client_close(c);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_storm_both_ways_over_inproc),
	        cmocka_unit_test(a_storm_both_ways_over_ipc),
	        cmocka_unit_test(several_loops_ask_one_server),
	        cmocka_unit_test(a_server_that_comes_back_is_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
