/*
 * The bare command: the smallest program with the same transport and the same durability as ours and nothing else.
 * HTTP (evhttp, one loop) → ZeroMQ (ipc, DEALER to ROUTER) → one append-only LMDB table, a durable commit a group →
 *back.
 *
 *	weibao-bench-bare DIR PORT      until SIGTERM; POST / with a body is appended and answered {}
 *
 * Two threads: the loop, and the writer. No checks, no names, no idempotency: it is what the distance is measured to.
 */
#include "base/bytes.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#define GROUP_MAX 256
#define BODY_MAX 65536
#define SLOTS 65536

static void *context;
static char endpoint[300];
static const char *folder;
static atomic_bool stopping;
static struct evhttp_request *waiting[SLOTS];
static void *dealer;

static void must(int failed, const char *what)
{
	if (failed) {
		(void)fprintf(stderr, "weibao-bench-bare: %s\n", what);
		exit(1);
	}
}

/* ---- the writer: takes what is there, commits it as one group, answers ---- */

struct one {
	zmq_msg_t from, id, body;
};

static size_t take_group(void *router, struct one *group)
{
	size_t n = 0;
	for (; n < GROUP_MAX; n++) {
		struct one *o = &group[n];
		(void)zmq_msg_init(&o->from);
		(void)zmq_msg_init(&o->id);
		(void)zmq_msg_init(&o->body);
		if (zmq_msg_recv(&o->from, router, n ? ZMQ_DONTWAIT : 0) < 0)
			break;
		must(zmq_msg_recv(&o->id, router, 0) < 0 || zmq_msg_recv(&o->body, router, 0) < 0,
		        "a message is short");
	}
	return n;
}

static void append_group(MDB_env *env, MDB_dbi dbi, struct one *group, size_t n, uint64_t *position)
{
	MDB_txn *txn;
	must(mdb_txn_begin(env, NULL, 0, &txn), "no transaction");
	for (size_t i = 0; i < n; i++) {
		uint8_t key[8];
		wb_be64_put(key, ++*position);
		MDB_val k = {sizeof key, key}, v = {zmq_msg_size(&group[i].body), zmq_msg_data(&group[i].body)};
		must(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "no append");
	}
	must(mdb_txn_commit(txn), "no commit");
}

static void *writer(void *unused)
{
	static struct one group[GROUP_MAX + 1];
	void *router = zmq_socket(context, ZMQ_ROUTER);
	int timeout = 200, zero = 0, hwm = 100000;
	uint64_t position = 0;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	(void)unused;
	(void)zmq_setsockopt(router, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
	(void)zmq_setsockopt(router, ZMQ_LINGER, &zero, sizeof zero);
	(void)zmq_setsockopt(router, ZMQ_SNDHWM, &hwm, sizeof hwm);
	(void)zmq_setsockopt(router, ZMQ_RCVHWM, &hwm, sizeof hwm);
	must(zmq_bind(router, endpoint), "cannot bind");
	must(mdb_env_create(&env) || mdb_env_set_mapsize(env, (size_t)64 << 30) ||
	                mdb_env_open(env, folder, MDB_NOTLS, 0600),
	        "cannot open the table");
	must(mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi) || mdb_txn_commit(txn), "no table");
	while (!atomic_load(&stopping)) {
		size_t n = take_group(router, group);
		if (n == 0)
			continue;
		append_group(env, dbi, group, n, &position);
		for (size_t i = 0; i < n; i++) {
			(void)zmq_msg_close(&group[i].body);
			must(zmq_msg_send(&group[i].from, router, ZMQ_SNDMORE) < 0 ||
			                zmq_msg_send(&group[i].id, router, 0) < 0,
			        "no answer");
		}
	}
	mdb_env_close(env);
	(void)zmq_close(router);
	return NULL;
}

/* ---- the loop ---- */

static void drain(void)
{
	uint8_t id[8];
	while (zmq_recv(dealer, id, sizeof id, ZMQ_DONTWAIT) == (int)sizeof id) {
		struct evhttp_request **slot = &waiting[wb_be64_get(id) % SLOTS];
		struct evbuffer *out = evbuffer_new();
		if (!*slot || !out)
			continue;
		(void)evbuffer_add(out, "{}", 2);
		evhttp_send_reply(*slot, 200, "OK", out);
		evbuffer_free(out);
		*slot = NULL;
	}
}

static void on_zmq(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	drain();
}

static void on_request(struct evhttp_request *r, void *ctx)
{
	static uint64_t next;
	static uint8_t body[BODY_MAX];
	uint8_t id[8];
	(void)ctx;
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t len = evbuffer_get_length(in);
	if (len > sizeof body || evbuffer_remove(in, body, len) != (int)len) {
		evhttp_send_error(r, 413, NULL);
		return;
	}
	waiting[++next % SLOTS] = r;
	wb_be64_put(id, next);
	must(zmq_send(dealer, id, sizeof id, ZMQ_SNDMORE) < 0 || zmq_send(dealer, body, len, 0) < 0, "cannot send");
	drain(); /* sending may have eaten the edge */
}

static void on_signal(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int zero = 0, hwm = 100000, fd = -1;
	size_t size = sizeof fd;
	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s DIR PORT\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	must(mkdir(folder, 0700) != 0, "the folder is there already");
	(void)snprintf(endpoint, sizeof endpoint, "ipc://%s/bus", folder);
	context = zmq_ctx_new();
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	must(!http || evhttp_bind_socket(http, "127.0.0.1", (uint16_t)strtoul(argv[2], NULL, 10)) != 0,
	        "cannot listen");
	must(pthread_create(&thread, NULL, writer, NULL), "no thread");
	dealer = zmq_socket(context, ZMQ_DEALER);
	(void)zmq_setsockopt(dealer, ZMQ_LINGER, &zero, sizeof zero);
	(void)zmq_setsockopt(dealer, ZMQ_SNDHWM, &hwm, sizeof hwm);
	(void)zmq_setsockopt(dealer, ZMQ_RCVHWM, &hwm, sizeof hwm);
	must(zmq_connect(dealer, endpoint) || zmq_getsockopt(dealer, ZMQ_FD, &fd, &size), "cannot connect");
	struct event *ev = event_new(base, fd, EV_READ | EV_PERSIST, on_zmq, NULL);
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
	must(event_add(ev, NULL) || event_add(term, NULL), "no events");
	evhttp_set_gencb(http, on_request, NULL);
	(void)event_base_dispatch(base);
	atomic_store(&stopping, true);
	(void)pthread_join(thread, NULL);
	event_free(ev);
	event_free(term);
	evhttp_free(http);
	event_base_free(base);
	(void)zmq_close(dealer);
	(void)zmq_ctx_term(context);
	return 0;
}
