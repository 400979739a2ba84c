/* weibao-journal: options, start, stop. See README.md. */
#include "host.h"

#include "base/log.h"
#include "service/endpoints.h"
#include "service/health.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *dir, *bus, *health, *log, *curve, *probe;
	bool recover, new_incarnation, confirm_clock;
	const char *reason;
};

static int usage(void)
{
	(void)fprintf(stderr,
	        "weibao-journal --data DIR --bus PREFIX [--health ADDRESS] [--log debug|info|warn|error]\n"
	        "               [--curve DIR] [--confirm-clock]\n"
	        "               [--new-incarnation REASON]\n"
	        "weibao-journal --data DIR --recover\n"
	        "weibao-journal --probe ADDRESS\n"
	        "PREFIX: ipc://DIR/ or tcp://   ADDRESS: unix:PATH or HOST:PORT\n");
	return WB_JOURNAL_EXIT_USAGE;
}

static bool set_level(const char *level)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(level, levels[i]) == 0) {
			wb_log_init("journal", (enum wb_log_level)i);
			return true;
		}
	return false;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"data", 1, NULL, 'd'}, {"bus", 1, NULL, 'b'}, {"bind", 1, NULL, 'b'},
	        {"health", 1, NULL, 'h'}, {"log", 1, NULL, 'l'}, {"curve", 1, NULL, 's'}, {"probe", 1, NULL, 'p'},
	        {"recover", 0, NULL, 'r'}, {"new-incarnation", 1, NULL, 'n'}, {"confirm-clock", 0, NULL, 'c'},
	        {NULL, 0, NULL, 0}};
	*o = (struct options){.log = "info"};
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		switch (c) {
		case 'd':
			o->dir = optarg;
			break;
		case 'b':
			o->bus = optarg;
			break;
		case 'h':
			o->health = optarg;
			break;
		case 'l':
			o->log = optarg;
			break;
		case 's':
			o->curve = optarg;
			break;
		case 'p':
			o->probe = optarg;
			break;
		case 'r':
			o->recover = true;
			break;
		case 'n':
			o->new_incarnation = true;
			o->reason = optarg;
			break;
		case 'c':
			o->confirm_clock = true;
			break;
		default:
			return false;
		}
	}
	return (o->probe || (o->dir && (o->bus || o->recover))) && optind == argc && set_level(o->log);
}

static int recover(const char *dir)
{
	uint64_t records = 0, damaged = 0;
	enum wb_err err = wb_journal_recover(dir, &records, &damaged);
	if (!err) {
		wb_log(WB_LOG_INFO, NULL, "%" PRIu64 " records verified and copied to a new log; start again", records);
		return WB_JOURNAL_EXIT_OK;
	}
	const struct wb_log_fields f = {.position = damaged};
	wb_log(WB_LOG_ERROR, &f, "nothing was changed: %s", wb_err_text(err));
	return err == WB_ERR_CORRUPT ? WB_JOURNAL_EXIT_DAMAGED : WB_JOURNAL_EXIT_START;
}

static int open_core(struct wb_journal_host *h, const struct options *o)
{
	uint64_t damaged = 0;
	const struct wb_journal_options jo = {.dir = o->dir,
	        .clock = wb_clock_system(),
	        .new_incarnation = o->new_incarnation,
	        .reason = o->reason,
	        .clock_confirmed = o->confirm_clock};
	enum wb_err err = wb_journal_open(&jo, &damaged, &h->j);
	if (!err)
		return WB_JOURNAL_EXIT_OK;
	const struct wb_log_fields f = {.position = damaged};
	if (err == WB_ERR_DENIED) {
		wb_log(WB_LOG_ERROR, NULL, "the file %s/%s forbids a start: see it, then --recover", o->dir,
		        WB_JOURNAL_MARKER);
		return WB_JOURNAL_EXIT_STOPPED;
	}
	wb_log(WB_LOG_ERROR, &f, "the journal cannot be opened: %s", wb_err_text(err));
	return err == WB_ERR_CORRUPT ? WB_JOURNAL_EXIT_DAMAGED : WB_JOURNAL_EXIT_START;
}

/* ---- sockets ---- */

static enum wb_err bind_router(struct wb_journal_host *h, const char *name, enum wb_bus_role role, size_t bytes_max,
        void **ret, char endpoint_used[static WB_SOCKET_ENDPOINT_BYTES_MAX])
{
	char endpoint[WB_ENDPOINT_BYTES];
	enum wb_err err = wb_endpoint(h->prefix, name, true, endpoint);
	const struct wb_socket_options so = {.kind = WB_SOCKET_ROUTER,
	        .endpoint = endpoint,
	        .bind = true,
	        .send_hwm = WB_JOURNAL_HWM,
	        .receive_hwm = WB_JOURNAL_HWM,
	        .body_bytes_max = bytes_max,
	        .curve = wb_curve_dir_bind(h->keys, role)};
	if (!err)
		err = wb_setup_socket(h->bus, &so, ret, endpoint_used);
	if (err)
		wb_log(WB_LOG_ERROR, NULL, "%s cannot be bound: %s", name, wb_err_text(err));
	return err;
}

static enum wb_err bind_feed(struct wb_journal_host *h)
{
	char endpoint[WB_ENDPOINT_BYTES];
	enum wb_err err = wb_endpoint(h->prefix, "journal-feed", true, endpoint);
	const struct wb_feed_pub_options po = {.endpoint = endpoint,
	        .hwm = WB_JOURNAL_FEED_HWM,
	        .body_bytes_max = WB_JOURNAL_FEED_BYTES_MAX,
	        .curve = wb_curve_dir_bind(h->keys, WB_BUS_ROLE_FEED)};
	if (!err)
		err = wb_feed_pub_open(h->bus, &po, &h->pub);
	if (err)
		wb_log(WB_LOG_ERROR, NULL, "journal-feed cannot be bound: %s", wb_err_text(err));
	return err;
}

static enum wb_err open_sockets(struct wb_journal_host *h, const struct options *o)
{
	enum wb_err err = wb_bus_open(1, &h->bus);
	if (!err)
		err = wb_curve_dir_open(o->curve, h->bus, &h->keys);
	if (!err)
		err = bind_router(h, "journal-append", WB_BUS_ROLE_APPEND, WB_JOURNAL_APPEND_MESSAGE_MAX,
		        &h->append_socket, h->append_endpoint);
	if (!err)
		err = bind_feed(h);
	if (!err)
		err = bind_router(h, "journal-read", WB_BUS_ROLE_READ, WB_FRAME_BODY_BYTES_MAX, &h->read_socket,
		        h->read_endpoint);
	if (!err)
		err = bind_router(h, "journal", WB_BUS_ROLE_REQUEST, WB_FRAME_BODY_BYTES_MAX, &h->request_socket,
		        h->request_endpoint);
	return err;
}

static void close_sockets(struct wb_journal_host *h)
{
	if (h->append_socket)
		wb_setup_close(h->append_socket, h->append_endpoint, true);
	if (h->read_socket)
		wb_setup_close(h->read_socket, h->read_endpoint, true);
	if (h->request_socket)
		wb_setup_close(h->request_socket, h->request_endpoint, true);
	wb_feed_pub_close(h->pub);
	wb_curve_dir_close(h->keys);
	wb_bus_close(h->bus);
}

/* ---- the main thread ---- */

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	wb_log(WB_LOG_INFO, NULL, "stopping on signal %d", (int)fd);
	event_base_loopbreak(ctx);
}

static int loop(struct wb_journal_host *h)
{
	struct event_base *base = event_base_new();
	struct event *term = base ? evsignal_new(base, SIGTERM, on_signal, base) : NULL;
	struct event *intr = base ? evsignal_new(base, SIGINT, on_signal, base) : NULL;
	struct evhttp *http = base && h->health ? wb_journal_http(h, base, h->health) : NULL;
	int status = WB_JOURNAL_EXIT_START;
	if (!term || !intr || event_add(term, NULL) != 0 || event_add(intr, NULL) != 0)
		wb_log(WB_LOG_ERROR, NULL, "no event loop");
	else if (h->health && !http)
		wb_log(WB_LOG_ERROR, NULL, "health cannot listen at %s", h->health);
	else {
		(void)event_base_dispatch(base);
		status = WB_JOURNAL_EXIT_OK;
	}
	if (http)
		evhttp_free(http);
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	if (base)
		event_base_free(base);
	return status;
}

static int run_threads(struct wb_journal_host *h)
{
	static void *(*const bodies[])(void *) = {wb_journal_writer, wb_journal_reading, wb_journal_indexing};
	pthread_t threads[3];
	sigset_t all, old;
	size_t n = 0;
	int status = WB_JOURNAL_EXIT_START;
	/* signals are main's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (n < 3 && pthread_create(&threads[n], NULL, bodies[n], h) == 0)
		n++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (n == 3)
		status = loop(h);
	atomic_store(&h->stop, true);
	(void)pthread_mutex_lock(&h->index_lock);
	(void)pthread_cond_signal(&h->index_wake);
	(void)pthread_mutex_unlock(&h->index_lock);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	return status;
}

static int run(const struct options *o)
{
	static struct wb_journal_host h;
	struct wb_journal_stats s;
	h.dir = o->dir;
	h.prefix = o->bus;
	h.health = o->health;
	(void)pthread_mutex_init(&h.lock, NULL);
	(void)pthread_mutex_init(&h.index_lock, NULL);
	(void)pthread_cond_init(&h.index_wake, NULL);
	int status = open_core(&h, o);
	if (status)
		return status;
	wb_journal_stats(h.j, &s);
	const struct wb_log_fields f = {.position = s.head};
	if (s.clock_suspect)
		wb_log(WB_LOG_ERROR, &f, "the clock is suspect: appends wait for ConfirmClock, or --confirm-clock");
	status = open_sockets(&h, o) ? WB_JOURNAL_EXIT_START : WB_JOURNAL_EXIT_OK;
	if (!status) {
		wb_log(WB_LOG_INFO, &f, "ready, incarnation %" PRIu32, s.incarnation);
		status = run_threads(&h);
	}
	close_sockets(&h);
	wb_journal_close(h.j);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	wb_log_init("journal", WB_LOG_INFO);
	if (!parse(argc, argv, &o))
		return usage();
	if (o.probe)
		return wb_health_probe(o.probe) ? WB_JOURNAL_EXIT_OK : 1;
	return o.recover ? recover(o.dir) : run(&o);
}
