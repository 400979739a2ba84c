/* Health and figures for Prometheus, on a small HTTP server of its own: loopback, a private network or a unix socket.
 */
#include "host.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

static void stats_of(struct wb_journal_host *h, struct wb_journal_stats *s)
{
	(void)pthread_mutex_lock(&h->lock);
	wb_journal_stats(h->j, s);
	(void)pthread_mutex_unlock(&h->lock);
}

static void answer(struct evhttp_request *req, int status, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain; charset=utf-8");
	evhttp_send_reply(req, status, NULL, body);
	evbuffer_free(body);
}

static void on_healthz(struct evhttp_request *req, void *ctx)
{
	struct evbuffer *b = evbuffer_new();
	(void)ctx;
	if (!b)
		return;
	evbuffer_add_printf(b, "ok\n");
	answer(req, 200, b);
}

static void on_readyz(struct evhttp_request *req, void *ctx)
{
	struct wb_journal_stats s;
	struct evbuffer *b = evbuffer_new();
	if (!b)
		return;
	stats_of(ctx, &s);
	bool ready = !s.clock_suspect && !s.full;
	evbuffer_add_printf(b, "%s head %llu\n",
	        s.clock_suspect ? "clock suspect"
	        : s.full        ? "full"
	                        : "ready",
	        (unsigned long long)s.head);
	answer(req, ready ? 200 : 503, b);
}

static void put_histogram(struct evbuffer *b, const char *name, const char *help, struct wb_histogram *h, double unit)
{
	uint64_t n = 0;
	evbuffer_add_printf(b, "# HELP weibao_journal_%s %s\n# TYPE weibao_journal_%s histogram\n", name, help, name);
	for (unsigned i = 0; i + 1 < WB_BUCKETS; i++) {
		n += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
		evbuffer_add_printf(b, "weibao_journal_%s_bucket{le=\"%.9g\"} %llu\n", name,
		        (double)((UINT64_C(1) << i) - (i ? 1 : 0)) * unit, (unsigned long long)n);
	}
	n += atomic_load_explicit(&h->buckets[WB_BUCKETS - 1], memory_order_relaxed);
	evbuffer_add_printf(b, "weibao_journal_%s_bucket{le=\"+Inf\"} %llu\nweibao_journal_%s_sum %.9g\n", name,
	        (unsigned long long)n, name, (double)atomic_load_explicit(&h->sum, memory_order_relaxed) * unit);
	evbuffer_add_printf(b, "weibao_journal_%s_count %llu\n", name, (unsigned long long)n);
}

static void put_outcomes(struct evbuffer *b, const struct wb_journal_stats *s)
{
	const ProtobufCEnumDescriptor *d = &weibao__v1__append_outcome__descriptor;
	evbuffer_add_printf(b, "# HELP weibao_journal_appends_total appends by their outcome\n"
	                       "# TYPE weibao_journal_appends_total counter\n");
	for (unsigned i = 0; i < d->n_values; i++) {
		int v = d->values[i].value;
		if (v > 0 && v < 16)
			evbuffer_add_printf(b, "weibao_journal_appends_total{outcome=\"%s\"} %llu\n",
			        d->values[i].name + strlen("APPEND_OUTCOME_"), (unsigned long long)s->outcomes[v]);
	}
}

static void on_metrics(struct evhttp_request *req, void *ctx)
{
	struct wb_journal_host *h = ctx;
	struct wb_journal_stats s;
	struct evbuffer *b = evbuffer_new();
	if (!b)
		return;
	stats_of(h, &s);
	const struct {
		const char *name, *type, *help;
		double value;
	} all[] = {
	        {"head", "counter", "global position of the last record", (double)s.head},
	        {"incarnation", "gauge", "of the log", (double)s.incarnation},
	        {"commits_total", "counter", "group commits with records", (double)s.commits},
	        {"index_lag_records", "gauge", "records that index lacks", (double)(s.head - s.index_position)},
	        {"recorded_seconds", "gauge", "time of the last record", (double)s.recorded_us / 1e6},
	        {"announced_seconds", "gauge", "every later record is stamped after it", (double)s.announced_us / 1e6},
	        {"clock_suspect", "gauge", "1: appends wait for ConfirmClock", s.clock_suspect},
	        {"full", "gauge", "1: appends are refused for lack of space", s.full},
	        {"log_bytes", "gauge", "of the log in use", (double)s.log_used_bytes},
	        {"log_map_bytes", "gauge", "reserved for the log", (double)s.log_map_bytes},
	        {"heads_bytes", "gauge", "of heads in use", (double)s.heads_used_bytes},
	        {"heads_map_bytes", "gauge", "reserved for heads", (double)s.heads_map_bytes},
	        {"index_bytes", "gauge", "of index in use", (double)s.index_used_bytes},
	        {"index_map_bytes", "gauge", "reserved for index", (double)s.index_map_bytes},
	        {"log_transactions", "gauge", "under way on the log", (double)s.log_transactions},
	        {"reads_total", "counter", "pages read", (double)atomic_load(&h->reads)},
	        {"requests_total", "counter", "requests about histories", (double)atomic_load(&h->requests)},
	        {"malformed_total", "counter", "messages dropped", (double)atomic_load(&h->malformed)},
	        {"unsent_total", "counter", "answers and feeds that found no taker", (double)atomic_load(&h->unsent)},
	        {"scrubbed_total", "counter", "records checked in the background", (double)atomic_load(&h->scrubbed)},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		evbuffer_add_printf(b,
		        "# HELP weibao_journal_%s %s\n# TYPE weibao_journal_%s %s\nweibao_journal_%s %.17g\n",
		        all[i].name, all[i].help, all[i].name, all[i].type, all[i].name, all[i].value);
	put_outcomes(b, &s);
	put_histogram(b, "append_seconds", "a round from its beginning to its answers", &h->append_us, 1e-6);
	put_histogram(b, "sync_seconds", "the commit of the log", &h->sync_us, 1e-6);
	put_histogram(b, "batch_appends", "appends in one round", &h->batch_appends, 1);
	answer(req, 200, b);
}

struct evhttp *wb_journal_http(struct wb_journal_host *h, struct event_base *base, const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len;
	if (!address_of(address, &ss, &len))
		return NULL;
	if (ss.ss_family == AF_UNIX)
		(void)unlink(address + 5); /* of a process that is gone: the data folder has one owner */
	struct evhttp *http = evhttp_new(base);
	struct evconnlistener *l = http ? evconnlistener_new_bind(base, NULL, NULL,
	                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 16,
	                                          (struct sockaddr *)&ss, (int)len)
	                                : NULL;
	if (!l || !evhttp_bind_listener(http, l)) {
		if (l)
			evconnlistener_free(l);
		if (http)
			evhttp_free(http);
		return NULL;
	}
	evhttp_set_max_headers_size(http, 8192);
	evhttp_set_max_body_size(http, 1024);
	evhttp_set_timeout(http, 5);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	(void)evhttp_set_cb(http, "/healthz", on_healthz, h);
	(void)evhttp_set_cb(http, "/readyz", on_readyz, h);
	(void)evhttp_set_cb(http, "/metrics", on_metrics, h);
	return http;
}
