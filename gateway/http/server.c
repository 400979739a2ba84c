#include "gateway/http/internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define EVHTTP_TIMEOUT_S 86400 /* evhttp's own timeouts are of inactivity: ours are sooner */
#define RESUME_MS 100          /* after accept failed for want of descriptors */

static struct timeval ms_tv(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

/* ---- listening sockets ---- */

static enum wb_err parse_address(
        const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len, bool *ret_loopback)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(ret, &v4, sizeof(v4));
		*ret_len = sizeof(v4);
		*ret_loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
		return WB_OK;
	}
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
		memcpy(ret, &v6, sizeof(v6));
		*ret_len = sizeof(v6);
		*ret_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
		return WB_OK;
	}
	return WB_ERR_INVALID;
}

static enum wb_err listen_on(struct wb_http_server *s, size_t which, const char *text, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t len;
	bool loopback;
	int on = 1;
	enum wb_err err = parse_address(text, port, &address, &len, &loopback);
	if (err)
		return err;
	if (which == 0 && !loopback)
		return WB_ERR_INVALID;
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return WB_ERR_IO;
	s->listeners[which] = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return WB_ERR_IO;
	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0)
		return errno == EADDRINUSE ? WB_ERR_EXISTS : WB_ERR_IO;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return WB_ERR_IO;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	memcpy(&v4, &address, sizeof(v4));
	memcpy(&v6, &address, sizeof(v6));
	s->ports[which] = ntohs(address.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
	return WB_OK;
}

/* ---- a loop ---- */

static void listeners_enabled(struct wb_http_loop *loop, bool enabled)
{
	for (size_t i = 0; i < 2; i++) {
		struct http_port *port = &loop->ports[i];
		if (!port->bound)
			continue;
		if (enabled)
			(void)evconnlistener_enable(evhttp_bound_socket_get_listener(port->bound));
		else
			(void)evconnlistener_disable(evhttp_bound_socket_get_listener(port->bound));
	}
}

/* The loop of this thread: a listener's error callback gets evhttp's argument, which leads to nothing of ours. */
static _Thread_local struct wb_http_loop *own_loop;

/* Out of descriptors: without a pause the loop would spin on the same accept. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval tv = ms_tv(RESUME_MS);
	(void)listener;
	(void)arg;
	(void)event_add(own_loop->resume, &tv);
	listeners_enabled(own_loop, false);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct wb_http_loop *loop = arg;
	(void)fd;
	(void)what;
	if (!loop->stopping)
		listeners_enabled(loop, true);
}

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct wb_http_loop *loop = arg;
	(void)fd;
	(void)what;
	for (struct http_conn *conn = loop->conns; conn; conn = conn->next) {
		if (conn->stream)
			http_stream_heartbeat(conn);
	}
}

static void close_all(struct wb_http_loop *loop)
{
	struct http_conn *next;
	for (struct http_conn *conn = loop->conns; conn; conn = next) {
		next = conn->next;
		http_conn_close(conn);
	}
}

static void on_grace(evutil_socket_t fd, short what, void *arg)
{
	struct wb_http_loop *loop = arg;
	(void)fd;
	(void)what;
	close_all(loop);
	(void)event_base_loopbreak(loop->base);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct wb_http_loop *loop = arg;
	struct timeval grace = ms_tv(atomic_load(&loop->server->grace_ms));
	struct http_conn *next;
	(void)fd;
	(void)what;
	loop->stopping = true;
	listeners_enabled(loop, false);
	for (struct http_conn *conn = loop->conns; conn; conn = next) {
		next = conn->next;
		http_conn_stop(conn);
	}
	if (loop->conns)
		(void)event_add(loop->grace, &grace);
	else
		(void)event_base_loopbreak(loop->base);
}

static bool port_open(struct wb_http_loop *loop, size_t which)
{
	struct wb_http_server *s = loop->server;
	struct http_port *port = &loop->ports[which];
	const struct wb_http_strict_limits *strict = &s->limits.strict;
	if (s->listeners[which] < 0)
		return true;
	port->loop = loop;
	port->is_tls = which == 1;
	port->http = evhttp_new(loop->base);
	if (!port->http)
		return false;
	/* The gate is stricter; these only have to be set. */
	evhttp_set_max_headers_size(port->http, (ev_ssize_t)(2 * strict->head_bytes_max));
	evhttp_set_max_body_size(port->http, (ev_ssize_t)strict->body_bytes_max);
	evhttp_set_timeout(port->http, EVHTTP_TIMEOUT_S);
	evhttp_set_default_content_type(port->http, NULL);
	evhttp_set_allowed_methods(port->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
	                                               EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_bevcb(port->http, http_conn_new, port);
	evhttp_set_gencb(port->http, http_handle, port);
	int fd = fcntl(s->listeners[which], F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return false;
	struct evconnlistener *listener =
	        evconnlistener_new(loop->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener) {
		close(fd);
		return false;
	}
	port->bound = evhttp_bind_listener(port->http, listener);
	if (!port->bound) {
		evconnlistener_free(listener);
		return false;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	return true;
}

static enum wb_err loop_open(struct wb_http_loop *loop)
{
	struct timeval beat = ms_tv(loop->server->limits.heartbeat_ms);
	loop->base = event_base_new();
	loop->scratch = evbuffer_new();
	loop->front = evbuffer_new();
	if (!loop->base || !loop->scratch || !loop->front)
		return WB_ERR_MEMORY;
	loop->stop = event_new(loop->base, -1, 0, on_stop, loop);
	loop->grace = evtimer_new(loop->base, on_grace, loop);
	loop->resume = evtimer_new(loop->base, on_resume, loop);
	loop->heartbeat = event_new(loop->base, -1, EV_PERSIST, on_heartbeat, loop);
	if (!loop->stop || !loop->grace || !loop->resume || !loop->heartbeat || event_add(loop->heartbeat, &beat) != 0)
		return WB_ERR_MEMORY;
	return port_open(loop, 0) && port_open(loop, 1) ? WB_OK : WB_ERR_MEMORY;
}

static void loop_done(struct wb_http_loop *loop)
{
	struct event *const events[] = {loop->stop, loop->grace, loop->resume, loop->heartbeat};
	for (size_t i = 0; i < 2; i++) {
		if (loop->ports[i].http)
			evhttp_free(loop->ports[i].http);
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i])
			event_free(events[i]);
	}
	if (loop->scratch)
		evbuffer_free(loop->scratch);
	if (loop->front)
		evbuffer_free(loop->front);
	if (loop->base)
		event_base_free(loop->base);
	free(loop->by_fd);
}

static void *loop_main(void *arg)
{
	struct wb_http_loop *loop = arg;
	struct wb_http_server *s = loop->server;
	const struct wb_http_options *options = &s->options;
	own_loop = loop;
	enum wb_err err = options->on_loop_start ? options->on_loop_start(options->ctx, loop) : WB_OK;
	pthread_mutex_lock(&s->lock);
	loop->start_err = err;
	s->started++;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (err)
		return NULL;
	(void)event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	/* Accepted in the last turn, and what libevent frees a turn later. */
	close_all(loop);
	(void)event_base_loop(loop->base, EVLOOP_NONBLOCK);
	if (options->on_loop_stop)
		options->on_loop_stop(options->ctx, loop);
	(void)event_base_loop(loop->base, EVLOOP_NONBLOCK);
	return NULL;
}

/* ---- the server ---- */

static void limits_default(struct wb_http_limits *l)
{
#define DEFAULT(field, value) l->field = l->field ? l->field : (value)
	DEFAULT(strict.head_bytes_max, WB_HTTP_HEAD_BYTES_MAX);
	DEFAULT(strict.target_bytes_max, WB_HTTP_TARGET_BYTES_MAX);
	DEFAULT(strict.headers_max, WB_HTTP_HEADERS_MAX);
	DEFAULT(strict.body_bytes_max, WB_HTTP_BODY_BYTES_MAX);
	DEFAULT(connections_max, 4096);
	DEFAULT(connections_per_ip_max, 256);
	DEFAULT(requests_per_connection_max, 1000);
	DEFAULT(stream_buffer_bytes, 256u * 1024);
	DEFAULT(handshake_ms, 10000);
	DEFAULT(idle_ms, 60000);
	DEFAULT(request_ms, 15000);
	DEFAULT(write_ms, 60000);
	DEFAULT(stream_stall_ms, 30000);
	DEFAULT(heartbeat_ms, 15000);
	DEFAULT(linger_ms, 1000);
#undef DEFAULT
}

static void server_free(struct wb_http_server *s)
{
	for (size_t i = 0; s->loops && i < s->loops_count; i++)
		loop_done(&s->loops[i]);
	for (size_t i = 0; i < 2; i++) {
		if (s->listeners[i] >= 0)
			close(s->listeners[i]);
	}
	http_ip_done(&s->ips);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free((void *)(uintptr_t)s->options.csp);
	free(s->loops);
	free(s);
}

static enum wb_err server_init(struct wb_http_server *s, const struct wb_http_options *options)
{
	enum wb_err err = WB_OK;
	s->listeners[0] = s->listeners[1] = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	s->options = *options;
	s->options.csp = strdup(options->csp ? options->csp : "default-src 'none'");
	s->limits = options->limits;
	limits_default(&s->limits);
	s->loops_count = options->loops ? options->loops : 1;
	if (!options->on_request || s->loops_count > WB_HTTP_LOOPS_MAX ||
	        (!options->plain_address && !options->tls_address) || (options->tls_address && !options->tls))
		return WB_ERR_INVALID;
	s->loops = calloc(s->loops_count, sizeof(*s->loops));
	if (!s->loops || !s->options.csp || !http_ip_init(&s->ips))
		return WB_ERR_MEMORY;
	if (options->plain_address)
		err = listen_on(s, 0, options->plain_address, options->plain_port);
	if (!err && options->tls_address)
		err = listen_on(s, 1, options->tls_address, options->tls_port);
	for (size_t i = 0; !err && i < s->loops_count; i++) {
		s->loops[i].server = s;
		s->loops[i].index = i;
		err = loop_open(&s->loops[i]);
	}
	return err;
}

static enum wb_err start_threads(struct wb_http_server *s)
{
	enum wb_err err = WB_OK;
	size_t running = 0;
	for (size_t i = 0; !err && i < s->loops_count; i++) {
		struct wb_http_loop *loop = &s->loops[i];
		loop->running = pthread_create(&loop->thread, NULL, loop_main, loop) == 0;
		running += loop->running;
		err = loop->running ? WB_OK : WB_ERR_IO;
	}
	pthread_mutex_lock(&s->lock);
	while (s->started < running)
		pthread_cond_wait(&s->wake, &s->lock);
	for (size_t i = 0; !err && i < s->loops_count; i++)
		err = s->loops[i].start_err;
	pthread_mutex_unlock(&s->lock);
	return err;
}

enum wb_err wb_http_open(const struct wb_http_options *options, struct wb_http_server **ret_server)
{
	if (evthread_use_pthreads() != 0)
		return WB_ERR_UNSUPPORTED;
	(void)signal(SIGPIPE, SIG_IGN);
	struct wb_http_server *s = calloc(1, sizeof(*s));
	if (!s)
		return WB_ERR_MEMORY;
	enum wb_err err = server_init(s, options);
	if (err) {
		server_free(s);
		return err;
	}
	err = start_threads(s);
	if (err) {
		wb_http_close(s, 0);
		return err;
	}
	*ret_server = s;
	return WB_OK;
}

void wb_http_close(struct wb_http_server *server, int grace_ms)
{
	if (!server)
		return;
	atomic_store(&server->grace_ms, grace_ms);
	for (size_t i = 0; i < server->loops_count; i++) {
		if (server->loops[i].running)
			event_active(server->loops[i].stop, EV_TIMEOUT, 1);
	}
	for (size_t i = 0; i < server->loops_count; i++) {
		if (server->loops[i].running)
			pthread_join(server->loops[i].thread, NULL);
	}
	server_free(server);
}

uint16_t wb_http_plain_port(const struct wb_http_server *server)
{
	return server->ports[0];
}

uint16_t wb_http_tls_port(const struct wb_http_server *server)
{
	return server->ports[1];
}

struct event_base *wb_http_loop_base(struct wb_http_loop *loop)
{
	return loop->base;
}

size_t wb_http_loop_index(const struct wb_http_loop *loop)
{
	return loop->index;
}

struct wb_http_stats wb_http_stats(const struct wb_http_server *server)
{
	struct wb_http_stats sum = {.connections = atomic_load(&server->connections)};
	for (size_t i = 0; i < server->loops_count; i++) {
		const struct wb_http_loop *loop = &server->loops[i];
		for (size_t j = 0; j < 6; j++)
			sum.answers[j] += atomic_load(&loop->answers[j]);
		for (size_t j = 0; j < WB_HTTP_REFUSAL_COUNT; j++)
			sum.refused[j] += atomic_load(&loop->refused[j]);
		sum.accepted += atomic_load(&loop->stats[STAT_ACCEPTED]);
		sum.over_total += atomic_load(&loop->stats[STAT_OVER_TOTAL]);
		sum.over_ip += atomic_load(&loop->stats[STAT_OVER_IP]);
		sum.handshake_timeouts += atomic_load(&loop->stats[STAT_HANDSHAKE]);
		sum.idle_timeouts += atomic_load(&loop->stats[STAT_IDLE]);
		sum.write_timeouts += atomic_load(&loop->stats[STAT_WRITE]);
		sum.stalled_streams += atomic_load(&loop->stats[STAT_STALLED]);
		sum.gone += atomic_load(&loop->stats[STAT_GONE]);
		sum.streams += atomic_load(&loop->streams);
	}
	return sum;
}
