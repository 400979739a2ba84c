#include "service/host.h"
#include "base/log.h"
#include "bus/client.h"
#include "bus/feed.h"
#include "bus/server.h"
#include "service/curve_dir.h"
#include "service/endpoints.h"
#include "service/health.h"
#include "service/worker.h"
#include "weibao/v1/bus.pb-c.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MS 10
#define CALL_TIMEOUT_MS 5000
#define STOP_US (5 * WB_SECOND_US)
#define PEERS_MAX 8

struct peer_client {
	char service[32];
	struct wb_client *client;
};

struct host {
	const struct wb_host_options *options;
	const char *data, *prefix, *curve;
	char health[300];
	struct event_base *base;
	struct wb_bus *bus;
	struct wb_curve_dir *keys;
	struct wb_server *server;
	struct wb_client *append, *read;
	struct wb_feed_sub *feed;
	struct peer_client peers[PEERS_MAX];
	size_t n_peers;
	struct wb_worker *worker;
	struct wb_health *http;
	struct wb_runtime *rt;
	struct wb_keyring_port keyring;
	struct event *step, *term, *interrupt;
	uint64_t next_id;
	int64_t stop_by_us;
	bool was_ready;
	int status;
};

/* ---- the runtime's ports ---- */

static void random_fill(void *ctx, uint8_t *data, size_t len)
{
	(void)ctx;
	randombytes_buf(data, len);
}

static void on_append(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct host *h = ctx;
	if (!err)
		wb_runtime_append_results(h->rt, reply);
}

static enum wb_err port_append(void *ctx, struct wb_bytes batch)
{
	struct host *h = ctx;
	return wb_client_send(h->append, ++h->next_id, batch, CALL_TIMEOUT_MS, on_append, h);
}

static void on_read(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct host *h = ctx;
	if (!err)
		wb_runtime_read_result(h->rt, reply);
}

static enum wb_err port_read(void *ctx, struct wb_bytes request)
{
	struct host *h = ctx;
	return wb_client_send(h->read, ++h->next_id, request, CALL_TIMEOUT_MS, on_read, h);
}

static void port_reply(void *ctx, const struct wb_caller *to, struct wb_bytes reply)
{
	struct host *h = ctx;
	struct wb_peer peer;
	WB_ASSERT(to->len == sizeof peer);
	memcpy(&peer, to->bytes, sizeof peer);
	enum wb_err err = wb_server_reply(h->server, &peer, reply);
	if (err) {
		wb_log(WB_LOG_WARN, NULL, "a reply of %zu bytes was not sent: %s", reply.len, wb_err_text(err));
		wb_server_forget(h->server, &peer);
	}
}

struct call {
	struct host *host;
	uint64_t id;
};

static void on_call(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct call *c = ctx;
	wb_runtime_call_result(c->host->rt, c->id, err, reply);
	free(c);
}

static struct wb_client *client_of(struct host *h, const char *service)
{
	char endpoint[WB_ENDPOINT_BYTES];
	for (size_t i = 0; i < h->n_peers; i++)
		if (strcmp(h->peers[i].service, service) == 0)
			return h->peers[i].client;
	if (h->n_peers == PEERS_MAX || strlen(service) >= sizeof h->peers[0].service ||
	        wb_endpoint(h->prefix, service, false, endpoint) != WB_OK)
		return NULL;
	struct peer_client *p = &h->peers[h->n_peers];
	struct wb_client_options o = {.endpoint = endpoint, .body_bytes_max = 8u << 20};
	if (wb_curve_dir_connect(h->keys, service, &o.curve) != WB_OK ||
	        wb_client_open(h->bus, h->base, &o, &p->client) != WB_OK)
		return NULL;
	memcpy(p->service, service, strlen(service) + 1);
	h->n_peers++;
	return p->client;
}

static enum wb_err port_call(void *ctx, const char *service, uint64_t id, struct wb_bytes request)
{
	struct host *h = ctx;
	struct wb_client *client = client_of(h, service);
	struct call *c = client ? malloc(sizeof *c) : NULL; /* until the call ends */
	if (!c)
		return WB_ERR_CLOSED;
	*c = (struct call){h, id};
	enum wb_err err = wb_client_send(client, id, request, CALL_TIMEOUT_MS, on_call, c);
	if (err)
		free(c);
	return err;
}

static enum wb_err port_offload(void *ctx, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct host *h = ctx;
	return wb_worker_run(h->worker, work, done, job);
}

/* ---- the loop ---- */

static void stop(struct host *h, int status)
{
	h->status = status;
	event_base_loopbreak(h->base);
}

static void step(struct host *h)
{
	wb_runtime_step(h->rt);
	switch (wb_runtime_state(h->rt)) {
	case WB_RUNTIME_CATCHING_UP:
	case WB_RUNTIME_STARTING:
		break;
	case WB_RUNTIME_READY:
		if (!h->was_ready)
			wb_log(WB_LOG_INFO, NULL, "ready at position %llu",
			        (unsigned long long)wb_runtime_projection(h->rt)->position);
		h->was_ready = true;
		break;
	case WB_RUNTIME_FENCED:
		wb_log(WB_LOG_ERROR, NULL, "%s", wb_runtime_why(h->rt));
		stop(h, 4);
		break;
	case WB_RUNTIME_FAILED:
		wb_log(WB_LOG_ERROR, NULL, "%s", wb_runtime_why(h->rt));
		stop(h, 5);
		break;
	}
}

static void on_round(void *ctx)
{
	step(ctx);
}

static void on_step(evutil_socket_t fd, short what, void *ctx)
{
	struct host *h = ctx;
	(void)fd;
	(void)what;
	step(h);
	if (h->stop_by_us) {
		struct wb_clock clock = wb_clock_system();
		if (wb_runtime_idle(h->rt) || clock.boot_us(NULL) > h->stop_by_us)
			stop(h, 0);
	}
}

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct host *h = ctx;
	struct wb_clock clock = wb_clock_system();
	(void)what;
	wb_log(WB_LOG_INFO, NULL, "stopping on signal %d", (int)fd);
	wb_runtime_drain(h->rt);
	h->stop_by_us = clock.boot_us(NULL) + STOP_US;
}

static void on_request(void *ctx, const struct wb_peer *peer, struct wb_bytes message)
{
	struct host *h = ctx;
	struct wb_caller from = {.len = sizeof *peer};
	_Static_assert(sizeof *peer <= sizeof from.bytes, "a peer fits in a caller");
	memcpy(from.bytes, peer, sizeof *peer);
	from.keyless = !wb_curve_dir_may(h->keys, peer->user, WB_BUS_ROLE_KEYS);
	wb_runtime_request(h->rt, &from, message);
}

static void on_feed(void *ctx, struct wb_bytes message)
{
	struct host *h = ctx;
	wb_runtime_feed(h->rt, message);
}

static enum wb_err open_feed(struct host *h)
{
	char endpoint[WB_ENDPOINT_BYTES];
	const struct wb_feed_handler feed = {.on_message = on_feed, .on_round = on_round, .ctx = h};
	struct wb_feed_sub_options o = {.endpoint = endpoint, .hwm = 10000, .body_bytes_max = 8u << 20};
	enum wb_err err = wb_endpoint(h->prefix, "journal-feed", false, endpoint);
	if (!err)
		err = wb_curve_dir_connect(h->keys, "journal-feed", &o.curve);
	return err ? err : wb_feed_sub_open(h->bus, h->base, &o, &feed, &h->feed);
}

static enum wb_err open_client(struct host *h, const char *name, size_t body_bytes_max, struct wb_client **ret)
{
	char endpoint[WB_ENDPOINT_BYTES];
	struct wb_client_options o = {
	        .endpoint = endpoint, .on_round = on_round, .round_ctx = h, .body_bytes_max = body_bytes_max};
	enum wb_err err = wb_endpoint(h->prefix, name, false, endpoint);
	if (!err)
		err = wb_curve_dir_connect(h->keys, name, &o.curve);
	return err ? err : wb_client_open(h->bus, h->base, &o, ret);
}

static enum wb_err open_server(struct host *h)
{
	char endpoint[WB_ENDPOINT_BYTES];
	const struct wb_server_handler server = {.on_request = on_request, .on_round = on_round, .ctx = h};
	const struct wb_server_options o = {.endpoint = endpoint,
	        .body_bytes_max = 8u << 20,
	        .curve = wb_curve_dir_bind(h->keys, WB_BUS_ROLE_REQUEST)};
	enum wb_err err = wb_endpoint(h->prefix, h->options->service->name, true, endpoint);
	return err ? err : wb_server_open(h->bus, h->base, &o, &server, &h->server);
}

static enum wb_err open_sockets(struct host *h)
{
	enum wb_err err = wb_curve_dir_open(h->curve, h->bus, &h->keys);
	if (!err)
		err = open_feed(h);
	if (!err)
		err = open_client(h, "journal-append", 2u << 20, &h->append);
	if (!err)
		err = open_client(h, "journal-read", 8u << 20, &h->read);
	return err ? err : open_server(h);
}

static enum wb_err open_loop(struct host *h)
{
	const struct timeval interval = {0, STEP_MS * 1000};
	h->base = event_base_new();
	if (!h->base)
		return WB_ERR_MEMORY;
	h->step = event_new(h->base, -1, EV_PERSIST, on_step, h);
	h->term = evsignal_new(h->base, SIGTERM, on_signal, h);
	h->interrupt = evsignal_new(h->base, SIGINT, on_signal, h);
	if (!h->step || !h->term || !h->interrupt)
		return WB_ERR_MEMORY;
	event_add(h->step, &interval);
	event_add(h->term, NULL);
	event_add(h->interrupt, NULL);
	enum wb_err err = wb_worker_open(h->base, &h->worker);
	return err ? err : wb_bus_open(WB_BUS_IO_THREADS, &h->bus);
}

static enum wb_err open_runtime(struct host *h)
{
	char dir[512];
	enum wb_err err = WB_OK;
	if (h->options->keyring_open) {
		if (snprintf(dir, sizeof dir, "%s/keyring", h->data) >= (int)sizeof dir)
			return WB_ERR_LIMIT;
		err = h->options->keyring_open(dir, &h->keyring);
	}
	if (err)
		return err;
	const struct wb_runtime_options o = {
	        .service = h->options->service,
	        .data_dir = h->data,
	        .ports = {.ctx = h,
	                .clock = wb_clock_system(),
	                .random = {random_fill, NULL},
	                .append = port_append,
	                .read = port_read,
	                .reply = port_reply,
	                .call = port_call,
	                .offload = port_offload,
	                .keyring = h->options->keyring_open ? &h->keyring : NULL},
	};
	return wb_runtime_open(&o, &h->rt);
}

static void close_all(struct host *h)
{
	wb_health_close(h->http);
	wb_worker_close(h->worker);
	wb_server_close(h->server);
	wb_feed_sub_close(h->feed);
	for (size_t i = 0; i < h->n_peers; i++)
		wb_client_close(h->peers[i].client);
	wb_client_close(h->append);
	wb_client_close(h->read);
	wb_runtime_close(h->rt);
	if (h->keyring.get && h->options->keyring_close)
		h->options->keyring_close(&h->keyring);
	wb_curve_dir_close(h->keys);
	wb_bus_close(h->bus);
	if (h->step)
		event_free(h->step);
	if (h->term)
		event_free(h->term);
	if (h->interrupt)
		event_free(h->interrupt);
	if (h->base)
		event_base_free(h->base);
}

static int usage(const char *program)
{
	fprintf(stderr,
	        "usage: %s --data DIR --bus PREFIX [--curve DIR] [--health ADDRESS]\n"
	        "       [--log debug|info|warn|error]\n"
	        "       %s --probe ADDRESS\n",
	        program, program);
	return 2;
}

static bool parse(struct host *h, int argc, char **argv, const char **ret_probe)
{
	static const struct option longs[] = {{"data", 1, NULL, 'd'}, {"bus", 1, NULL, 'b'}, {"health", 1, NULL, 'h'},
	        {"log", 1, NULL, 'l'}, {"probe", 1, NULL, 'p'}, {"curve", 1, NULL, 'C'}, {NULL, 0, NULL, 0}};
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	enum wb_log_level level = WB_LOG_INFO;
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'd')
			h->data = optarg;
		else if (c == 'b')
			h->prefix = optarg;
		else if (c == 'C')
			h->curve = optarg;
		else if (c == 'p')
			*ret_probe = optarg;
		else if (c == 'h' && strlen(optarg) < sizeof h->health)
			memcpy(h->health, optarg, strlen(optarg) + 1);
		else if (c == 'l') {
			for (int i = 0; i < 4; i++)
				if (strcmp(levels[i], optarg) == 0)
					level = (enum wb_log_level)i;
		} else
			return false;
	}
	wb_log_init(h->options->service->name, level);
	if (h->data && !h->health[0])
		(void)snprintf(h->health, sizeof h->health, "unix:%s/health.sock", h->data);
	return *ret_probe || (h->data && h->prefix && optind == argc);
}

int wb_host_run(int argc, char **argv, const struct wb_host_options *options)
{
	struct host h = {.options = options};
	const char *probe = NULL;
	if (!parse(&h, argc, argv, &probe))
		return usage(argv[0]);
	if (probe)
		return wb_health_probe(probe) ? 0 : 1;
	if (sodium_init() < 0 || evthread_use_pthreads() != 0)
		return 3;
	signal(SIGPIPE, SIG_IGN);
	enum wb_err err = open_loop(&h);
	if (!err)
		err = open_runtime(&h);
	if (!err)
		err = open_sockets(&h);
	if (!err)
		err = wb_health_open(h.base, h.health, options->service->name, h.rt, &h.http);
	if (err) {
		wb_log(WB_LOG_ERROR, NULL, "cannot start: %s", wb_err_text(err));
		close_all(&h);
		return 3;
	}
	wb_log(WB_LOG_INFO, NULL, "started at position %llu",
	        (unsigned long long)wb_runtime_projection(h.rt)->position);
	event_base_dispatch(h.base);
	close_all(&h);
	wb_log(WB_LOG_INFO, NULL, "stopped");
	return h.status;
}
