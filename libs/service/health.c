#include "service/health.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct wb_health {
	struct evhttp *http;
	const char *name;
	struct wb_runtime *rt;
};

/* Fills in a socket address from unix:PATH or HOST:PORT. */
static bool address_of(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	memset(ret, 0, sizeof *ret);
	if (strncmp(text, "unix:", 5) == 0) {
		struct sockaddr_un *un = (struct sockaddr_un *)(void *)ret;
		if (strlen(text + 5) >= sizeof un->sun_path)
			return false;
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, text + 5, strlen(text + 5) + 1);
		*ret_len = sizeof *un;
		return true;
	}
	int len = (int)sizeof *ret;
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)ret, &len) != 0)
		return false;
	*ret_len = (socklen_t)len;
	return true;
}

static void answer(struct evhttp_request *req, int status, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain; charset=utf-8");
	evhttp_send_reply(req, status, NULL, body);
	evbuffer_free(body);
}

static void on_healthz(struct evhttp_request *req, void *ctx)
{
	struct wb_health *h = ctx;
	struct evbuffer *b = evbuffer_new();
	enum wb_runtime_state s = wb_runtime_state(h->rt);
	bool well = s != WB_RUNTIME_FAILED && s != WB_RUNTIME_FENCED;
	if (!b)
		return;
	evbuffer_add_printf(b, "%s\n", well ? "ok" : wb_runtime_why(h->rt));
	answer(req, well ? 200 : 503, b);
}

static void on_readyz(struct evhttp_request *req, void *ctx)
{
	struct wb_health *h = ctx;
	struct evbuffer *b = evbuffer_new();
	struct wb_runtime_stats s;
	if (!b)
		return;
	bool ready = wb_runtime_state(h->rt) == WB_RUNTIME_READY;
	wb_runtime_stats(h->rt, &s);
	evbuffer_add_printf(b, "%s position %llu head %llu\n", ready ? "ready" : "catching up",
	        (unsigned long long)s.position, (unsigned long long)s.head);
	answer(req, ready ? 200 : 503, b);
}

struct metric {
	const char *name, *type, *help;
	double value;
};

static void on_metrics(struct evhttp_request *req, void *ctx)
{
	struct wb_health *h = ctx;
	struct evbuffer *b = evbuffer_new();
	struct wb_runtime_stats s;
	if (!b)
		return;
	wb_runtime_stats(h->rt, &s);
	uint64_t lag = s.head > s.position ? s.head - s.position : 0;
	const struct metric all[] = {
	        {"ready", "gauge", "1 when caught up and its epoch is folded",
	                wb_runtime_state(h->rt) == WB_RUNTIME_READY},
	        {"position", "counter", "global position folded", (double)s.position},
	        {"lag_events", "gauge", "events of the journal not folded yet", (double)lag},
	        {"journal_time_seconds", "gauge", "journal time reached", (double)s.journal_time_us / 1e6},
	        {"commands_ok_total", "counter", "commands accepted", (double)s.commands_ok},
	        {"commands_refused_total", "counter", "commands refused with a code", (double)s.commands_refused},
	        {"commands_busy_total", "counter", "commands told to come again", (double)s.commands_busy},
	        {"commands_repeated_total", "counter", "commands answered again", (double)s.commands_repeated},
	        {"commands_conflict_total", "counter", "appends that met a newer version", (double)s.commands_conflict},
	        {"commands_waiting", "gauge", "commands in flight or waiting", (double)s.commands_waiting},
	        {"turns_waiting", "gauge", "commands waiting for their turns", (double)s.turns_waiting},
	        {"queries_total", "counter", "queries answered", (double)s.queries},
	        {"queries_waiting", "gauge", "queries waiting", (double)s.queries_waiting},
	        {"folds_total", "counter", "fold transactions", (double)s.folds},
	        {"events_folded_total", "counter", "events folded", (double)s.events_folded},
	        {"feed_gaps_total", "counter", "gaps in the feed that were read from the journal", (double)s.gaps},
	        {"todos", "gauge", "to-do rows", (double)s.todos},
	        {"todos_running", "gauge", "to-dos under way", (double)s.todos_running},
	        {"todos_backing_off", "gauge", "to-dos that were refused and will be tried again",
	                (double)s.todos_backing_off},
	        {"todos_done_total", "counter", "to-dos done", (double)s.todos_done},
	        {"todos_ended_total", "counter", "to-dos ended by a final refusal", (double)s.todos_ended},
	        {"keys", "gauge", "keys of persons in memory", (double)s.keys},
	        {"map_used_ratio", "gauge", "part of the projection's map in use", s.map_used_ratio},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		evbuffer_add_printf(b, "# HELP weibao_%s %s\n# TYPE weibao_%s %s\nweibao_%s{service=\"%s\"} %.17g\n",
		        all[i].name, all[i].help, all[i].name, all[i].type, all[i].name, h->name, all[i].value);
	answer(req, 200, b);
}

static void put_stuck(void *ctx, const struct wb_todo *row, const char *code, uint32_t tries)
{
	char ref[WB_ID_TEXT_BYTES];
	wb_id_text(row->ref, ref);
	evbuffer_add_printf(ctx, "%s %s %s %u tries=%u code=%s\n", row->kind, row->tenant, ref, row->n, tries, code);
}

static void on_stuck(struct evhttp_request *req, void *ctx)
{
	struct wb_health *h = ctx;
	struct evbuffer *b = evbuffer_new();
	if (!b)
		return;
	wb_runtime_stuck(h->rt, put_stuck, b);
	answer(req, 200, b);
}

/* «position digest» of the projection: weibao-audit folds the log to there and compares. Walks all tables on the loop.
 */
static void on_digest(struct evhttp_request *req, void *ctx)
{
	struct wb_health *h = ctx;
	struct evbuffer *b = evbuffer_new();
	struct wb_projection *p = wb_runtime_projection(h->rt);
	uint8_t digest[32];
	char hex[65];
	if (!b)
		return;
	uint64_t position = p->position;
	enum wb_err err = wb_projection_digest(p, digest);
	if (!err) {
		wb_hex(digest, sizeof digest, hex);
		evbuffer_add_printf(b, "%llu %s\n", (unsigned long long)position, hex);
	}
	answer(req, err ? 500 : 200, b);
}

static bool listen_at(struct wb_health *h, struct event_base *base, const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len;
	if (!address_of(address, &ss, &len))
		return false;
	if (ss.ss_family == AF_UNIX)
		(void)unlink(address + 5); /* of a process that is gone: the data folder has one owner */
	struct evconnlistener *l = evconnlistener_new_bind(base, NULL, NULL,
	        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 16, (struct sockaddr *)&ss,
	        (int)len);
	if (!l)
		return false;
	if (!evhttp_bind_listener(h->http, l)) {
		evconnlistener_free(l);
		return false;
	}
	return true;
}

enum wb_err wb_health_open(
        struct event_base *base, const char *address, const char *name, struct wb_runtime *rt, struct wb_health **ret)
{
	struct wb_health *h = calloc(1, sizeof *h); /* the process's life */
	if (!h)
		return WB_ERR_MEMORY;
	h->name = name;
	h->rt = rt;
	h->http = evhttp_new(base);
	if (!h->http || !listen_at(h, base, address)) {
		wb_health_close(h);
		return WB_ERR_IO;
	}
	evhttp_set_allowed_methods(h->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(h->http, 8192);
	evhttp_set_max_body_size(h->http, 0);
	evhttp_set_timeout(h->http, 5);
	evhttp_set_cb(h->http, "/digest", on_digest, h);
	evhttp_set_cb(h->http, "/healthz", on_healthz, h);
	evhttp_set_cb(h->http, "/readyz", on_readyz, h);
	evhttp_set_cb(h->http, "/metrics", on_metrics, h);
	evhttp_set_cb(h->http, "/stuck", on_stuck, h);
	*ret = h;
	return WB_OK;
}

void wb_health_close(struct wb_health *h)
{
	if (h && h->http)
		evhttp_free(h->http);
	free(h);
}

bool wb_health_probe(const char *address)
{
	static const char ask[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	const struct timeval limit = {4, 0};
	struct sockaddr_storage ss;
	socklen_t len;
	char got[16] = {0};
	bool ready = false;
	if (!address_of(address, &ss, &len))
		return false;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&ss, len) == 0 &&
	        write(fd, ask, sizeof ask - 1) == (ssize_t)sizeof ask - 1 && recv(fd, got, 12, MSG_WAITALL) == 12)
		ready = memcmp(got + 8, " 200", 4) == 0;
	close(fd);
	return ready;
}
