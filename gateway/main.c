/* weibao-gateway: options, loops, the end. See gateway.h. */
#include "gateway/gateway.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/http/tls.h"
#include "service/endpoints.h"
#include "service/health.h"
#include "service/service.h"
#include "wire/unpack.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_MS 5000
#define FEED_ARENA ((size_t)64 << 20)

struct options {
	const char *data, *prefix, *curve, *probe, *listen, *tls, *cert, *key, *names;
	size_t loops;
	bool demo;
};

static int64_t wall_us(void)
{
	struct wb_clock c = wb_clock_system();
	return c.wall_us(c.ctx);
}

/* ---- the feed: how far the log is, and whose sessions are to be forgotten ---- */

static void on_feed(void *ctx, struct wb_bytes message)
{
	static const struct wb_unpack_limits limits = {
	        .bytes_max = 8u << 20, .depth_max = 4, .fields_max = WB_INTERNAL_FIELDS_MAX, .mode = WB_UNPACK_LENIENT};
	struct loop *l = ctx;
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, FEED_ARENA);
	if (wb_unpack(&weibao__v1__feed__descriptor, message, &a, &limits, &m) == WB_OK) {
		const Weibao__V1__Feed *f = (const Weibao__V1__Feed *)m;
		l->feed_us = wall_us();
		l->log_id = wb_id_of_field(f->log_id);
		l->incarnation = f->incarnation;
		if (f->n_records && f->first > l->head + 1 && l->head)
			auth_free(l); /* a gap: what was missed may have been a revocation */
		l->head = f->complete_to > l->head ? f->complete_to : l->head;
		for (size_t i = 0; i < f->n_records; i++) {
			struct wb_bytes rec = {f->records[i]->record.data, f->records[i]->record.len};
			if (wb_unpack(&weibao__v1__envelope__descriptor, rec, &a, &wb_unpack_record, &m) != WB_OK)
				continue;
			const Weibao__V1__Envelope *e = (const Weibao__V1__Envelope *)m;
			if (strcmp(e->stream_kind, "account") == 0)
				auth_forget(l, wb_id_of_field(e->stream_id));
		}
	}
	wb_arena_done(&a);
}

static void on_feed_round(void *ctx)
{
	sse_on_head(ctx);
}

/* ---- loops ---- */

static enum wb_err on_loop_start(void *ctx, struct wb_http_loop *http)
{
	struct gateway *g = ctx;
	char endpoint[WB_ENDPOINT_BYTES];
	struct loop *l = calloc(1, sizeof *l); /* the loop's life */
	if (!l)
		return WB_ERR_MEMORY;
	l->gateway = g;
	l->http = http;
	l->base = wb_http_loop_base(http);
	g->loops[wb_http_loop_index(http)] = l;
	enum wb_err err = wb_endpoint(g->prefix, "journal-feed", false, endpoint);
	if (err)
		return err;
	struct wb_feed_sub_options o = {.endpoint = endpoint, .hwm = 10000, .body_bytes_max = 8u << 20};
	err = wb_curve_dir_open(g->curve, g->bus, &l->keys);
	if (!err)
		err = wb_curve_dir_connect(l->keys, "journal-feed", &o.curve);
	if (err)
		return err;
	const struct wb_feed_handler h = {.on_message = on_feed, .on_round = on_feed_round, .ctx = l};
	return wb_feed_sub_open(g->bus, l->base, &o, &h, &l->feed);
}

static void on_loop_stop(void *ctx, struct wb_http_loop *http)
{
	struct gateway *g = ctx;
	struct loop *l = g->loops[wb_http_loop_index(http)];
	if (!l)
		return;
	for (size_t i = 0; i < GATEWAY_SERVICES; i++)
		wb_client_close(l->clients[i]);
	wb_feed_sub_close(l->feed);
	wb_curve_dir_close(l->keys);
	sse_free(l);
	auth_free(l);
	free(l);
	g->loops[wb_http_loop_index(http)] = NULL;
}

static struct loop *loop_of(struct gateway *g, const struct wb_http_loop *http)
{
	return g->loops[wb_http_loop_index(http)];
}

/* ---- requests that are not the API's ---- */

static void plain(struct loop *l, uint64_t id, int status, const char *text)
{
	answer_now(l, id, status, "text/plain; charset=utf-8", wb_bytes_str(text), NULL, 0);
}

struct ready {
	struct loop *loop;
	uint64_t http_id;
	size_t waiting;
	bool well, sent_all;
	struct wb_arena arena;
};

static void ready_end(struct ready *r)
{
	if (r->waiting || !r->sent_all)
		return;
	plain(r->loop, r->http_id, r->well ? 200 : 503, r->well ? "ready\n" : "not ready\n");
	wb_arena_done(&r->arena);
	free(r);
}

static void on_probe(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct ready *r = ctx;
	ProtobufCMessage *m;
	r->waiting--;
	/* any answer but BUSY shows a service that has caught up; this probe's operation is known to none */
	if (err || wb_unpack(&weibao__v1__reply__descriptor, reply, &r->arena, &wb_unpack_internal, &m) != WB_OK)
		r->well = false;
	else if (((const Weibao__V1__Reply *)m)->status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_BUSY)
		r->well = false;
	ready_end(r);
}

/* Ready: the feed is alive and every service answers. */
static void readyz(struct loop *l, uint64_t http_id)
{
	static const char *const all[] = {"intake", "dispatch", "sla-timer", "survey", "reporting", "identity"};
	struct ready *r = calloc(1, sizeof *r); /* until the last service has answered */
	if (!r) {
		plain(l, http_id, 503, "not ready\n");
		return;
	}
	r->loop = l;
	r->http_id = http_id;
	r->well = l->feed_us + GATEWAY_FEED_SILENT_US > wall_us();
	wb_arena_init(&r->arena, (size_t)1 << 20);
	for (size_t i = 0; i < GATEWAY_SERVICES; i++) {
		Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
		Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
		uint8_t nobody[WB_ID_BYTES] = {0};
		struct wb_bytes packed;
		who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
		who.home = (char *)(uintptr_t) "cell";
		q.request_id = ++l->next_id;
		q.operation = (char *)(uintptr_t) "Ready";
		q.tenant = (char *)(uintptr_t) "provider";
		q.principal = &who;
		q.has_after = true;
		q.after = 0;
		struct wb_client *c = loop_client(l, all[i]);
		if (c && wb_pack(&q.base, &r->arena, &packed) == WB_OK &&
		        wb_client_send(c, q.request_id, packed, 2000, on_probe, r) == WB_OK)
			r->waiting++;
		else
			r->well = false;
	}
	r->sent_all = true;
	ready_end(r);
}

static void metrics(struct loop *l, uint64_t http_id)
{
	struct wb_http_stats s = wb_http_stats(l->gateway->server);
	struct wb_arena a;
	wb_arena_init(&a, 65536);
	char *text = wb_arena_fmt(&a,
	        "# TYPE weibao_http_answers_total counter\n"
	        "weibao_http_answers_total{class=\"2xx\"} %llu\nweibao_http_answers_total{class=\"3xx\"} %llu\n"
	        "weibao_http_answers_total{class=\"4xx\"} %llu\nweibao_http_answers_total{class=\"5xx\"} %llu\n"
	        "# TYPE weibao_http_connections gauge\nweibao_http_connections %llu\n"
	        "# TYPE weibao_http_streams gauge\nweibao_http_streams %llu\n"
	        "# TYPE weibao_http_gone_total counter\nweibao_http_gone_total %llu\n"
	        "# TYPE weibao_gateway_pending gauge\nweibao_gateway_pending{loop=\"%zu\"} %zu\n",
	        (unsigned long long)s.answers[2], (unsigned long long)s.answers[3], (unsigned long long)s.answers[4],
	        (unsigned long long)s.answers[5], (unsigned long long)s.connections, (unsigned long long)s.streams,
	        (unsigned long long)s.gone, wb_http_loop_index(l->http), l->n_pending);
	plain(l, http_id, 200, text ? text : "");
	wb_arena_done(&a);
}

static bool is_path(const struct wb_http_request *r, const char *one)
{
	return r->segments_count == 1 && strcmp(r->segments[0], one) == 0;
}

static void on_request(void *ctx, struct wb_http_loop *http, const struct wb_http_request *r)
{
	struct gateway *g = ctx;
	struct loop *l = loop_of(g, http);
	bool get = r->method == WB_HTTP_GET || r->method == WB_HTTP_HEAD;
	if (get && is_path(r, "healthz"))
		plain(l, r->id, 200, "ok\n");
	else if (get && is_path(r, "readyz"))
		readyz(l, r->id);
	else if (get && is_path(r, "metrics") && (strcmp(r->peer, "127.0.0.1") == 0 || strcmp(r->peer, "::1") == 0))
		metrics(l, r->id);
	else if (get && is_path(r, "openapi.json"))
		answer_now(l, r->id, 200, "application/json", (struct wb_bytes){(uint8_t *)g->openapi, g->openapi_len},
		        NULL, 0);
	else if (get && is_path(r, "ca.crt") && g->tls)
		answer_now(l, r->id, 200, "application/x-x509-ca-cert", wb_http_tls_ca_pem(g->tls), NULL, 0);
	else
		request_take(l, r);
}

static void on_gone(void *ctx, struct wb_http_loop *http, uint64_t request_id)
{
	/* a request under way ends by itself: its reply finds nobody */
	sse_gone(loop_of(ctx, http), request_id);
}

static void on_stream_ready(void *ctx, struct wb_http_loop *http, uint64_t request_id)
{
	sse_ready(loop_of(ctx, http), request_id);
}

/* ---- starting ---- */

/* The key of position tokens: made once, the same for every gateway that shares the folder. */
static bool load_token_key(struct gateway *g, const char *data)
{
	char path[512];
	if ((mkdir(data, 0700) != 0 && errno != EEXIST) ||
	        snprintf(path, sizeof path, "%s/token.key", data) >= (int)sizeof path)
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		randombytes_buf(g->token_key, sizeof g->token_key);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		bool well = fd >= 0 && write(fd, g->token_key, sizeof g->token_key) == (ssize_t)sizeof g->token_key &&
		            fsync(fd) == 0;
		if (fd >= 0)
			close(fd);
		return well;
	}
	bool well = fd >= 0 && read(fd, g->token_key, sizeof g->token_key) == (ssize_t)sizeof g->token_key;
	if (fd >= 0)
		close(fd);
	return well;
}

static bool split_address(const char *text, char host[64], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	char *end;
	if (!colon || (size_t)(colon - text) >= 64)
		return false;
	size_t n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		memcpy(host, text + 1, n - 2);
		host[n - 2] = '\0';
	} else {
		memcpy(host, text, n);
		host[n] = '\0';
	}
	unsigned long port = strtoul(colon + 1, &end, 10);
	*ret_port = (uint16_t)port;
	return *end == '\0' && colon[1] && port <= 65535;
}

static enum wb_err open_tls(struct gateway *g, const struct options *o)
{
	const char *names[WB_HTTP_NAMES_MAX] = {"localhost", "127.0.0.1"};
	char folder[512], *text = strdup(o->names ? o->names : "");
	size_t n = 2;
	if (o->cert && o->key) {
		free(text);
		return wb_http_tls_open(o->cert, o->key, &g->tls);
	}
	char *save = NULL;
	for (char *name = text ? strtok_r(text, ",", &save) : NULL; name && n < WB_HTTP_NAMES_MAX;
	        name = strtok_r(NULL, ",", &save))
		names[n++] = name;
	enum wb_err err =
	        snprintf(folder, sizeof folder, "%s/tls", o->data) < (int)sizeof folder ? WB_OK : WB_ERR_LIMIT;
	if (!err)
		err = wb_http_tls_local(folder, names, n, wall_us(), &g->tls);
	free(text);
	return err;
}

static enum wb_err open_server(struct gateway *g, const struct options *o)
{
	char plain_host[64], tls_host[64];
	struct wb_http_options h = {.loops = o->loops,
	        .ctx = g,
	        .on_request = on_request,
	        .on_gone = on_gone,
	        .on_stream_ready = on_stream_ready,
	        .on_loop_start = on_loop_start,
	        .on_loop_stop = on_loop_stop};
	if (o->listen) {
		if (!split_address(o->listen, plain_host, &h.plain_port))
			return WB_ERR_INVALID;
		h.plain_address = plain_host;
	}
	if (o->tls) {
		if (!split_address(o->tls, tls_host, &h.tls_port))
			return WB_ERR_INVALID;
		h.tls_address = tls_host;
		enum wb_err err = open_tls(g, o);
		if (err)
			return err;
		h.tls = g->tls;
	}
	return wb_http_open(&h, &g->server);
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"data", 1, NULL, 'd'}, {"bus", 1, NULL, 'b'}, {"listen", 1, NULL, 'l'},
	        {"tls", 1, NULL, 't'}, {"cert", 1, NULL, 'c'}, {"key", 1, NULL, 'k'}, {"names", 1, NULL, 'n'},
	        {"loops", 1, NULL, 'L'}, {"demo", 0, NULL, 'D'}, {"curve", 1, NULL, 'C'}, {"probe", 1, NULL, 'p'},
	        {NULL, 0, NULL, 0}};
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->data = optarg;
			break;
		case 'b':
			o->prefix = optarg;
			break;
		case 'l':
			o->listen = optarg;
			break;
		case 't':
			o->tls = optarg;
			break;
		case 'c':
			o->cert = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'n':
			o->names = optarg;
			break;
		case 'L':
			o->loops = (size_t)strtoul(optarg, NULL, 10);
			break;
		case 'C':
			o->curve = optarg;
			break;
		case 'p':
			o->probe = optarg;
			break;
		case 'D':
			o->demo = true;
			break;
		default:
			return false;
		}
	}
	if (o->probe)
		return optind == argc;
	return o->data && o->prefix && (o->listen || o->tls) && o->loops >= 1 && o->loops <= GATEWAY_LOOPS_MAX &&
	       optind == argc;
}

static void wait_for_signal(void)
{
	sigset_t set;
	int sig;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &sig);
}

int main(int argc, char **argv)
{
	struct options o = {.loops = 2};
	struct gateway g = {.prefix = NULL};
	sigset_t set;
	wb_log_init("gateway", WB_LOG_INFO);
	if (!parse(argc, argv, &o)) {
		fprintf(stderr,
		        "usage: %s --data DIR --bus PREFIX [--curve DIR] [--listen ADDR:PORT] [--tls ADDR:PORT] "
		        "[--cert FILE --key "
		        "FILE]\n"
		        "       [--names NAME,…] [--loops N] [--demo]\n"
		        "       %s --probe ADDR:PORT\n",
		        argv[0], argv[0]);
		return 2;
	}
	if (o.probe)
		return wb_health_probe(o.probe) ? 0 : 1;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* of all loops' threads too: the main thread waits for them */
	g.prefix = o.prefix;
	g.curve = o.curve;
	g.demo = o.demo;
	wb_routes_init();
	g.openapi = openapi_text();
	g.openapi_len = g.openapi ? strlen(g.openapi) : 0;
	enum wb_err err = sodium_init() < 0 || !g.openapi || !load_token_key(&g, o.data) ? WB_ERR_IO : WB_OK;
	if (!err)
		err = wb_bus_open(WB_BUS_IO_THREADS, &g.bus);
	if (!err)
		err = open_server(&g, &o);
	if (err) {
		wb_log(WB_LOG_ERROR, NULL, "cannot start: %s%s", wb_err_text(err),
		        err == WB_ERR_INVALID ? "; --listen takes a loopback address only, --tls any" : "");
		return 3;
	}
	wb_log(WB_LOG_INFO, NULL, "listening on port %u, HTTPS on %u", wb_http_plain_port(g.server),
	        wb_http_tls_port(g.server));
	wait_for_signal();
	wb_http_close(g.server, GRACE_MS);
	wb_http_tls_free(g.tls);
	wb_bus_close(g.bus);
	free(g.openapi);
	wb_log(WB_LOG_INFO, NULL, "stopped");
	return 0;
}
