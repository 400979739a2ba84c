/* The journal as a process: killed at any instant nothing acknowledged is lost, and a retry happens once. */
#include "services/journal/core.h"
#include "service/endpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#define OUT(name) WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_##name
#define WINDOW 64
#define REPLY_MS 20000

struct bed {
	char dir[64], data[128], bus[128];
	pid_t pid;
	void *ctx, *append, *read, *feed;
};

static void *connect_to(struct bed *b, int type, const char *name)
{
	char endpoint[WB_ENDPOINT_BYTES];
	int linger = 0, wait = REPLY_MS, hwm = 100000;
	void *s = zmq_socket(b->ctx, type);
	assert_non_null(s);
	assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_setsockopt(s, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
	assert_int_equal(zmq_setsockopt(s, ZMQ_RCVHWM, &hwm, sizeof hwm), 0);
	if (type == ZMQ_SUB)
		assert_int_equal(zmq_setsockopt(s, ZMQ_SUBSCRIBE, "f", 1), 0);
	assert_int_equal(wb_endpoint(b->bus, name, false, endpoint), WB_OK);
	assert_int_equal(zmq_connect(s, endpoint), 0);
	return s;
}

/* A peer of a killed process may still hold what was sent to it: new sockets with each start. */
static void start(struct bed *b)
{
	b->pid = fork();
	assert_true(b->pid >= 0);
	if (b->pid == 0) {
		execl(WB_JOURNAL_BIN, WB_JOURNAL_BIN, "--data", b->data, "--bus", b->bus, "--log", "error", NULL);
		_exit(127);
	}
	b->ctx = zmq_ctx_new();
	b->append = connect_to(b, ZMQ_DEALER, "journal-append");
	b->read = connect_to(b, ZMQ_DEALER, "journal-read");
	b->feed = connect_to(b, ZMQ_SUB, "journal-feed");
}

static int stop(struct bed *b, int signal)
{
	int status = 0;
	assert_int_equal(kill(b->pid, signal), 0);
	assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
	b->pid = 0;
	(void)zmq_close(b->append);
	(void)zmq_close(b->read);
	(void)zmq_close(b->feed);
	(void)zmq_ctx_term(b->ctx);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof *b);
	if (!b)
		return -1;
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/weibao-jsys-XXXXXX");
	if (!mkdtemp(b->dir)) {
		free(b);
		return -1;
	}
	(void)snprintf(b->data, sizeof b->data, "%s/data", b->dir);
	(void)snprintf(b->bus, sizeof b->bus, "ipc://%s/run/", b->dir);
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct bed *b = *state;
	if (b->pid > 0)
		(void)stop(b, SIGKILL);
	(void)nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(b);
	return 0;
}

/* ---- messages ---- */

static void send_message(void *socket, uint64_t id, const ProtobufCMessage *m)
{
	uint8_t head[8], body[4096];
	wb_be64_put(head, id);
	assert_true(protobuf_c_message_get_packed_size(m) <= sizeof body);
	size_t len = protobuf_c_message_pack(m, body);
	assert_int_equal(zmq_send(socket, head, 8, ZMQ_SNDMORE), 8);
	assert_int_equal(zmq_send(socket, body, len, 0), (int)len);
}

static uint8_t received[1 << 21];

/* The id of the next reply and its body; false if there is none. */
static bool next_reply(void *socket, int flags, uint64_t *ret_id, size_t *ret_len)
{
	uint8_t head[8];
	if (zmq_recv(socket, head, sizeof head, flags) != 8)
		return false;
	int len = zmq_recv(socket, received, sizeof received, 0);
	assert_true(len >= 0 && (size_t)len <= sizeof received);
	*ret_id = wb_be64_get(head);
	*ret_len = (size_t)len;
	return true;
}

static Weibao__V1__AppendOutcome next_outcome(struct bed *b, int flags, uint64_t *ret_id, uint64_t *ret_position)
{
	size_t len;
	if (!next_reply(b->append, flags, ret_id, &len))
		return OUT(UNSPECIFIED);
	Weibao__V1__AppendResults *r = weibao__v1__append_results__unpack(NULL, len, received);
	assert_non_null(r);
	assert_int_equal(r->n_results, 1);
	Weibao__V1__AppendOutcome o = r->results[0]->outcome;
	*ret_position = r->results[0]->position;
	weibao__v1__append_results__free_unpacked(r, NULL);
	return o;
}

static void send_event(struct bed *b, uint64_t request, const char *tenant, const char *kind, const char *type,
        struct wb_id stream, struct wb_id command, uint64_t expected, struct wb_bytes payload)
{
	uint8_t zero[32] = {0};
	Weibao__V1__Actor actor = WEIBAO__V1__ACTOR__INIT;
	Weibao__V1__AppendEvent e = WEIBAO__V1__APPEND_EVENT__INIT, *events[] = {&e};
	Weibao__V1__Append a = WEIBAO__V1__APPEND__INIT, *appends[] = {&a};
	Weibao__V1__AppendBatch batch = WEIBAO__V1__APPEND_BATCH__INIT;
	actor.account_id = (ProtobufCBinaryData){16, zero};
	e.stream_kind = (char *)(uintptr_t)kind;
	e.stream_id = (ProtobufCBinaryData){16, stream.b};
	e.expected_version = expected;
	e.event_type = (char *)(uintptr_t)type;
	e.schema_version = 1;
	e.payload = (ProtobufCBinaryData){payload.len, (uint8_t *)(uintptr_t)payload.data};
	a.request_id = request;
	a.service = (char *)(uintptr_t) "intake";
	a.epoch = 1;
	a.tenant = (char *)(uintptr_t)tenant;
	a.command_id = (ProtobufCBinaryData){16, command.b};
	a.command_digest = (ProtobufCBinaryData){32, zero};
	a.actor = &actor;
	a.n_events = 1;
	a.events = events;
	batch.n_appends = 1;
	batch.appends = appends;
	send_message(b->append, request, &batch.base);
}

static void send_ticket(struct bed *b, uint64_t n)
{
	static const uint8_t payload[100] = {7};
	struct wb_id stream = {{0xaa}}, command = {{0xcc}};
	wb_be64_put(stream.b + 8, n);
	wb_be64_put(command.b + 8, n);
	send_event(b, n, "acme", "ticket", "TicketReported", stream, command, 0,
	        (struct wb_bytes){payload, sizeof payload});
}

static void start_epoch(struct bed *b)
{
	Weibao__V1__EpochStarted started = WEIBAO__V1__EPOCH_STARTED__INIT;
	struct wb_id stream = wb_id_of("service", "intake", 6), command = {{0xee}};
	uint8_t buf[64];
	uint64_t id, position;
	started.service = (char *)(uintptr_t) "intake";
	started.epoch = 1;
	struct wb_bytes payload = {buf, weibao__v1__epoch_started__pack(&started, buf)};
	send_event(b, 0, "cell", "epoch", "EpochStarted", stream, command, 0, payload);
	Weibao__V1__AppendOutcome o = next_outcome(b, 0, &id, &position);
	assert_true(o == OUT(OK) || o == OUT(DUPLICATE));
}

static Weibao__V1__ReadResult *read_page(struct bed *b, uint64_t from, const char *tenant)
{
	Weibao__V1__ReadRequest q = WEIBAO__V1__READ_REQUEST__INIT;
	uint64_t id;
	size_t len;
	q.request_id = q.from = from;
	q.limit = 500;
	q.tenant = (char *)(uintptr_t)tenant;
	send_message(b->read, from, &q.base);
	assert_true(next_reply(b->read, 0, &id, &len));
	assert_int_equal(id, from);
	Weibao__V1__ReadResult *r = weibao__v1__read_result__unpack(NULL, len, received);
	assert_non_null(r);
	assert_false(r->has_damaged_position);
	return r;
}

/* ---- tests ---- */

static void what_was_acknowledged_survives_kills(void **state)
{
	struct bed *b = *state;
	static uint64_t positions[20000];
	uint64_t sent = 0, id, position, acknowledged = 0;
	memset(positions, 0, sizeof positions);
	for (uint64_t round = 0; round < 8; round++) {
		start(b);
		start_epoch(b);
		/* what was under way when it was killed is sent again, with its id */
		uint64_t first = sent > WINDOW ? sent - WINDOW : 0, under_way = 0,
		         goal = acknowledged + 300 + 97 * round;
		for (uint64_t n = first; n < sent; n++, under_way++)
			send_ticket(b, n);
		while (acknowledged < goal) {
			for (; under_way < WINDOW; under_way++)
				send_ticket(b, sent++);
			Weibao__V1__AppendOutcome o = next_outcome(b, 0, &id, &position);
			assert_true(o == OUT(OK) || o == OUT(DUPLICATE));
			assert_true(id < 20000);
			/* acknowledged before: the same answer for ever */
			if (positions[id])
				assert_int_equal(positions[id], position);
			if (positions[id] && o == OUT(OK))
				fail_msg("accepted twice");
			acknowledged += !positions[id];
			positions[id] = position;
			under_way--;
		}
		assert_int_equal(stop(b, SIGKILL), -SIGKILL);
	}
	start(b);
	uint64_t seen = 0;
	for (uint64_t from = 1;;) {
		Weibao__V1__ReadResult *r = read_page(b, from, NULL);
		size_t n = r->n_records;
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(r->records[i]->position, from + i);
			Weibao__V1__Envelope *e = weibao__v1__envelope__unpack(
			        NULL, r->records[i]->record.len, r->records[i]->record.data);
			assert_non_null(e);
			uint64_t ticket = wb_be64_get(e->stream_id.data + 8);
			if (strcmp(e->tenant, "acme") == 0 && positions[ticket]) {
				assert_int_equal(positions[ticket], from + i);
				seen++;
			}
			weibao__v1__envelope__free_unpacked(e, NULL);
		}
		from += n;
		weibao__v1__read_result__free_unpacked(r, NULL);
		if (n == 0)
			break;
	}
	assert_int_equal(seen, acknowledged);
	assert_int_equal(stop(b, SIGTERM), 0);
}

static void the_feed_and_the_log_agree(void **state)
{
	struct bed *b = *state;
	uint64_t id, position, expected = 0;
	uint8_t topic[8];
	start(b);
	start_epoch(b);
	/* a heartbeat shows that the subscription has arrived */
	assert_int_equal(zmq_recv(b->feed, topic, sizeof topic, 0), 1);
	int len = zmq_recv(b->feed, received, sizeof received, 0);
	Weibao__V1__Feed *f = weibao__v1__feed__unpack(NULL, (size_t)len, received);
	assert_non_null(f);
	uint64_t head = f->complete_to;
	int64_t time = f->time;
	weibao__v1__feed__free_unpacked(f, NULL);
	for (uint64_t n = 0; n < 200; n++)
		send_ticket(b, n);
	for (uint64_t n = 0; n < 200; n++)
		assert_int_equal(next_outcome(b, 0, &id, &position), OUT(OK));
	while (head < 202) {
		assert_int_equal(zmq_recv(b->feed, topic, sizeof topic, 0), 1);
		len = zmq_recv(b->feed, received, sizeof received, 0);
		f = weibao__v1__feed__unpack(NULL, (size_t)len, received);
		assert_non_null(f);
		assert_int_equal(f->first, head + 1);
		assert_true(f->time >= time);
		for (size_t i = 0; i < f->n_records; i++, head++) {
			Weibao__V1__Envelope *e = weibao__v1__envelope__unpack(
			        NULL, f->records[i]->record.len, f->records[i]->record.data);
			assert_non_null(e);
			assert_true(e->recorded_at > time);
			if (strcmp(e->tenant, "acme") == 0)
				assert_int_equal(e->tenant_position, ++expected);
			weibao__v1__envelope__free_unpacked(e, NULL);
		}
		assert_int_equal(f->complete_to, head);
		time = f->time;
		weibao__v1__feed__free_unpacked(f, NULL);
	}
	Weibao__V1__ReadResult *r = read_page(b, 1, "acme");
	assert_int_equal(r->n_records, 200);
	weibao__v1__read_result__free_unpacked(r, NULL);
	assert_int_equal(stop(b, SIGTERM), 0);
}

static void rubbish_disturbs_nobody(void **state)
{
	struct bed *b = *state;
	uint64_t id, position;
	static uint8_t noise[1000];
	start(b);
	start_epoch(b);
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < sizeof noise; k++)
			noise[k] = (uint8_t)(k * 31 + i * 17 + k * k);
		assert_true(zmq_send(b->append, noise, i % 20, i % 3 ? ZMQ_SNDMORE : 0) >= 0);
		if (i % 3)
			assert_true(zmq_send(b->append, noise, i * 5, 0) >= 0);
		assert_true(zmq_send(b->read, noise, 8, ZMQ_SNDMORE) >= 0);
		assert_true(zmq_send(b->read, noise, i * 3 + 1, 0) >= 0);
	}
	send_ticket(b, 1);
	assert_int_equal(next_outcome(b, 0, &id, &position), OUT(OK));
	assert_int_equal(id, 1);
	assert_int_equal(stop(b, SIGTERM), 0);
}

static void the_marker_forbids_a_start_and_recovery_lifts_it(void **state)
{
	struct bed *b = *state;
	int status = 0;
	start(b);
	start_epoch(b);
	assert_int_equal(stop(b, SIGTERM), 0);
	assert_int_equal(wb_journal_mark_stopped(b->data, "test\n"), WB_OK);
	start(b);
	assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	b->pid = 0;
	(void)zmq_close(b->append);
	(void)zmq_close(b->read);
	(void)zmq_close(b->feed);
	(void)zmq_ctx_term(b->ctx);
	uint64_t records, damaged;
	assert_int_equal(wb_journal_recover(b->data, &records, &damaged), WB_OK);
	assert_int_equal(records, 2);
	start(b);
	start_epoch(b);
	assert_int_equal(stop(b, SIGTERM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_kills, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_feed_and_the_log_agree, setup, teardown),
	        cmocka_unit_test_setup_teardown(rubbish_disturbs_nobody, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_marker_forbids_a_start_and_recovery_lifts_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
