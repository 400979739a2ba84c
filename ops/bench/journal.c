/*
 * Goal 3: appends over ZeroMQ with a window in flight, against bare LMDB with the same groups and the same durability.
 *
 *	weibao-bench-journal append PREFIX SECONDS WINDOW [PAYLOAD]   drives a running weibao-journal
 *	weibao-bench-journal bare DIR SECONDS GROUP [PAYLOAD]         one append-only table, one durable commit a group
 *	weibao-bench-journal trip DIR SECONDS 1 [PAYLOAD]             one ZeroMQ round trip: DEALER to ROUTER and back
 *
 * Prints one JSON object a run.
 */
#include "base/bytes.h"
#include "base/id.h"
#include "service/endpoints.h"
#include "weibao/v1/bus.pb-c.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define STREAMS 4096
#define SAMPLES (1u << 20)

static uint64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void report(const char *what, uint64_t done, uint64_t us, uint32_t *samples, size_t n)
{
	qsort(samples, n, sizeof *samples, by_value);
	printf("{\"what\":\"%s\",\"events\":%llu,\"per_second\":%.0f,\"p50_us\":%u,\"p99_us\":%u}\n", what,
	        (unsigned long long)done, (double)done * 1e6 / (double)us, n ? samples[n / 2] : 0,
	        n ? samples[n * 99 / 100] : 0);
}

/* ---- bare LMDB ---- */

static int bare(const char *dir, uint64_t seconds, size_t group, size_t payload)
{
	MDB_env *env;
	MDB_dbi dbi = 0;
	uint64_t position = 0, began, end;
	uint32_t *samples = calloc(SAMPLES, sizeof *samples);
	uint8_t *value = calloc(1, payload + 300);
	size_t n = 0;
	if (!samples || !value || (mkdir(dir, 0700) != 0 && access(dir, W_OK) != 0) || mdb_env_create(&env) ||
	        mdb_env_set_mapsize(env, (size_t)64 << 30) || mdb_env_open(env, dir, MDB_NOTLS, 0600))
		return 1;
	began = now_us();
	end = began + seconds * 1000000u;
	while (now_us() < end) {
		MDB_txn *txn;
		uint64_t t = now_us();
		if (mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi))
			return 1;
		for (size_t i = 0; i < group; i++) {
			uint8_t key[8];
			wb_be64_put(key, ++position);
			MDB_val k = {8, key}, v = {payload + 236, value}; /* as large as a frame */
			if (mdb_put(txn, dbi, &k, &v, MDB_APPEND))
				return 1;
		}
		if (mdb_txn_commit(txn))
			return 1;
		samples[n++ % SAMPLES] = (uint32_t)(now_us() - t);
	}
	report("bare_lmdb", position, now_us() - began, samples, n < SAMPLES ? n : SAMPLES);
	mdb_env_close(env);
	free(samples);
	free(value);
	return 0;
}

/* ---- one round trip ---- */

struct echo {
	void *ctx;
	const char *endpoint;
};

static void *echo_thread(void *arg)
{
	const struct echo *e = arg;
	void *router = zmq_socket(e->ctx, ZMQ_ROUTER);
	if (!router || zmq_bind(router, e->endpoint))
		abort();
	for (size_t n = 1; n;) { /* until an empty body */
		zmq_msg_t from, body;
		(void)zmq_msg_init(&from);
		(void)zmq_msg_init(&body);
		if (zmq_msg_recv(&from, router, 0) < 0 || zmq_msg_recv(&body, router, 0) < 0)
			abort();
		n = zmq_msg_size(&body);
		if (zmq_msg_send(&from, router, ZMQ_SNDMORE) < 0 || zmq_msg_send(&body, router, 0) < 0)
			abort();
	}
	(void)zmq_close(router);
	return NULL;
}

static int trip(const char *dir, uint64_t seconds, size_t payload)
{
	char endpoint[WB_ENDPOINT_BYTES];
	uint32_t *samples = calloc(SAMPLES, sizeof *samples);
	uint8_t *body = calloc(1, payload + 300);
	size_t n = 0;
	pthread_t thread;
	void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DEALER);
	struct echo e = {ctx, endpoint};
	if (!samples || !body || !s || (mkdir(dir, 0700) != 0 && access(dir, W_OK) != 0) ||
	        snprintf(endpoint, sizeof endpoint, "ipc://%s/trip", dir) >= (int)sizeof endpoint ||
	        pthread_create(&thread, NULL, echo_thread, &e) || zmq_connect(s, endpoint))
		return 1;
	uint64_t began = now_us(), end = began + seconds * 1000000u;
	while (now_us() < end) {
		uint64_t t = now_us();
		if (zmq_send(s, body, payload + 236, 0) < 0 || zmq_recv(s, body, payload + 300, 0) < 0)
			return 1;
		samples[n++ % SAMPLES] = (uint32_t)(now_us() - t);
	}
	report("zeromq_trip", n, now_us() - began, samples, n < SAMPLES ? n : SAMPLES);
	(void)zmq_send(s, body, 0, 0);
	(void)pthread_join(thread, NULL);
	(void)zmq_close(s);
	(void)zmq_ctx_term(ctx);
	free(samples);
	free(body);
	return 0;
}

/* ---- appends ---- */

struct driver {
	void *socket;
	Weibao__V1__Append append;
	Weibao__V1__AppendEvent event, *events[1];
	Weibao__V1__Actor actor;
	uint8_t command[16], digest[32], stream[16], account[16], random[10];
	uint64_t versions[STREAMS], sent_us[1 << 16], sent, answered, refused;
	uint32_t *samples;
	size_t sample_count;
};

static void send_append(struct driver *d, const Weibao__V1__Append *a, uint64_t id)
{
	static uint8_t buf[1 << 17];
	uint8_t request[8];
	Weibao__V1__Append *list[] = {(Weibao__V1__Append *)(uintptr_t)a};
	Weibao__V1__AppendBatch batch = WEIBAO__V1__APPEND_BATCH__INIT;
	batch.n_appends = 1;
	batch.appends = list;
	wb_be64_put(request, id);
	size_t len = weibao__v1__append_batch__pack(&batch, buf);
	if (zmq_send(d->socket, request, 8, ZMQ_SNDMORE) < 0 || zmq_send(d->socket, buf, len, 0) < 0)
		abort();
}

/* Streams in turn, so that a window never holds two appends of one. */
static void send_next(struct driver *d)
{
	uint64_t n = d->sent++, s = n % STREAMS;
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	wb_be64_put(d->random + 2, n);
	struct wb_id id = wb_id_v7(t.tv_sec * 1000000 + t.tv_nsec / 1000, d->random);
	memcpy(d->command, id.b, 16);
	wb_be64_put(d->stream + 8, s);
	d->event.expected_version = d->versions[s]++;
	d->append.request_id = n;
	d->sent_us[n % (1 << 16)] = now_us();
	send_append(d, &d->append, n);
}

static bool receive(struct driver *d, int flags, Weibao__V1__AppendOutcome *ret_outcome)
{
	uint8_t id[8];
	zmq_msg_t m;
	if (zmq_recv(d->socket, id, sizeof id, flags) != 8)
		return false;
	(void)zmq_msg_init(&m);
	if (zmq_msg_recv(&m, d->socket, 0) < 0)
		abort();
	Weibao__V1__AppendResults *r = weibao__v1__append_results__unpack(NULL, zmq_msg_size(&m), zmq_msg_data(&m));
	if (!r || r->n_results != 1)
		abort();
	*ret_outcome = r->results[0]->outcome;
	uint64_t n = wb_be64_get(id);
	d->samples[d->sample_count++ % SAMPLES] = (uint32_t)(now_us() - d->sent_us[n % (1 << 16)]);
	weibao__v1__append_results__free_unpacked(r, NULL);
	(void)zmq_msg_close(&m);
	return true;
}

static void start_epoch(struct driver *d, uint64_t epoch)
{
	Weibao__V1__Append a = d->append;
	Weibao__V1__AppendEvent e = d->event, *list[] = {&e};
	Weibao__V1__EpochStarted started = WEIBAO__V1__EPOCH_STARTED__INIT;
	Weibao__V1__AppendOutcome outcome = 0;
	uint8_t payload[64];
	struct wb_id id = wb_id_of("service", a.service, strlen(a.service));
	started.service = a.service;
	started.epoch = epoch;
	a.tenant = (char *)(uintptr_t) "cell";
	a.events = list;
	e.stream_kind = (char *)(uintptr_t) "epoch";
	e.stream_id = (ProtobufCBinaryData){16, id.b};
	e.event_type = (char *)(uintptr_t) "EpochStarted";
	e.payload = (ProtobufCBinaryData){weibao__v1__epoch_started__pack(&started, payload), payload};
	send_append(d, &a, 0);
	if (!receive(d, 0, &outcome) || outcome != WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_OK) {
		(void)fprintf(stderr, "the epoch was not accepted (%d): use a fresh journal\n", (int)outcome);
		exit(1);
	}
}

static void prepare(struct driver *d, size_t payload)
{
	weibao__v1__append__init(&d->append);
	weibao__v1__append_event__init(&d->event);
	weibao__v1__actor__init(&d->actor);
	d->actor.account_id = (ProtobufCBinaryData){16, d->account};
	d->command[0] = 1;
	d->append.service = (char *)(uintptr_t) "intake";
	d->append.epoch = 1;
	d->append.tenant = (char *)(uintptr_t) "acme";
	d->append.command_id = (ProtobufCBinaryData){16, d->command};
	d->append.command_digest = (ProtobufCBinaryData){32, d->digest};
	d->append.actor = &d->actor;
	d->events[0] = &d->event;
	d->append.n_events = 1;
	d->append.events = d->events;
	d->event.stream_kind = (char *)(uintptr_t) "ticket";
	d->event.stream_id = (ProtobufCBinaryData){16, d->stream};
	d->event.event_type = (char *)(uintptr_t) "TicketReported";
	d->event.schema_version = 1;
	d->event.payload = (ProtobufCBinaryData){payload, calloc(1, payload + 1)};
	d->samples = calloc(SAMPLES, sizeof *d->samples);
	if (!d->event.payload.data || !d->samples)
		abort();
}

static int append(const char *prefix, uint64_t seconds, uint64_t window, size_t payload)
{
	static struct driver d;
	char endpoint[WB_ENDPOINT_BYTES];
	int zero = 0, hwm = 100000;
	void *ctx = zmq_ctx_new();
	d.socket = zmq_socket(ctx, ZMQ_DEALER);
	if (wb_endpoint(prefix, "journal-append", false, endpoint) || !d.socket ||
	        zmq_setsockopt(d.socket, ZMQ_LINGER, &zero, sizeof zero) ||
	        zmq_setsockopt(d.socket, ZMQ_SNDHWM, &hwm, sizeof hwm) || zmq_connect(d.socket, endpoint))
		return 1;
	prepare(&d, payload);
	start_epoch(&d, 1);
	uint64_t began = now_us(), end = began + seconds * 1000000u;
	d.sample_count = 0;
	while (now_us() < end) {
		Weibao__V1__AppendOutcome outcome;
		while (d.sent - d.answered < window)
			send_next(&d);
		for (int flags = 0; receive(&d, flags, &outcome); flags = ZMQ_DONTWAIT) {
			d.answered++;
			d.refused += outcome != WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_OK;
		}
	}
	report("journal_append", d.answered - d.refused, now_us() - began, d.samples,
	        d.sample_count < SAMPLES ? d.sample_count : SAMPLES);
	if (d.refused)
		(void)fprintf(stderr, "%llu refused\n", (unsigned long long)d.refused);
	(void)zmq_close(d.socket);
	(void)zmq_ctx_term(ctx);
	free(d.samples);
	free(d.event.payload.data);
	return d.refused ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		(void)fprintf(stderr,
		        "weibao-bench-journal append PREFIX SECONDS WINDOW [PAYLOAD] | bare DIR SECONDS GROUP "
		        "[PAYLOAD] | trip DIR SECONDS 1 [PAYLOAD]\n");
		return 2;
	}
	uint64_t seconds = strtoull(argv[3], NULL, 10), window = strtoull(argv[4], NULL, 10);
	size_t payload = argc > 5 ? strtoull(argv[5], NULL, 10) : 100;
	if (window == 0 || window > STREAMS || payload > 50000)
		return 2;
	if (strcmp(argv[1], "trip") == 0)
		return trip(argv[2], seconds, payload);
	return strcmp(argv[1], "bare") == 0 ? bare(argv[2], seconds, window, payload)
	                                    : append(argv[2], seconds, window, payload);
}
