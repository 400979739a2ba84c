#include "gateway/http/internal.h"
#include <event2/bufferevent_ssl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Requests that wait behind one that is answered: past this the peer is not read until it is their turn. */
#define BEHIND_BYTES_MAX (64u * 1024)
/* What evhttp gets in the place of a refused request. */
static const char refused_request[] = "GET /refused HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";

/* ---- deadlines ---- */

void http_conn_deadline(struct http_conn *conn, enum conn_phase phase, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
	conn->phase = phase;
	(void)event_add(conn->timer, &tv);
}

void http_conn_no_deadline(struct http_conn *conn, enum conn_phase phase)
{
	conn->phase = phase;
	(void)event_del(conn->timer);
}

void http_conn_next(struct http_conn *conn)
{
	const struct wb_http_limits *limits = &conn->loop->server->limits;
	if (conn->loop->stopping)
		http_conn_deadline(conn, PHASE_IDLE, 0);
	else if (conn->strict.started && !conn->deaf)
		http_conn_deadline(conn, PHASE_READING, limits->request_ms);
	else
		http_conn_deadline(conn, PHASE_IDLE, limits->idle_ms);
}

/* ---- the gate ---- */

static bool waits_for_request(const struct http_conn *conn)
{
	return conn->phase == PHASE_HANDSHAKE || conn->phase == PHASE_IDLE || conn->phase == PHASE_READING;
}

static void pass_refusal(struct http_conn *conn, struct evbuffer *in, enum wb_http_refusal refusal)
{
	conn->refusal = refusal;
	conn->deaf = true;
	conn->passed++;
	(void)evbuffer_drain(conn->stage, evbuffer_get_length(conn->stage));
	(void)evbuffer_add(in, refused_request, sizeof(refused_request) - 1);
}

/* Gives evhttp the whole requests of raw, keeps the rest in the stage. */
static void check(struct http_conn *conn, struct evbuffer *raw, struct evbuffer *in)
{
	struct evbuffer_iovec vec;
	size_t used;
	while (!conn->deaf && evbuffer_peek(raw, -1, NULL, &vec, 1) > 0 && vec.iov_len > 0) {
		enum wb_http_verdict verdict = wb_http_strict_feed(&conn->strict, vec.iov_base, vec.iov_len, &used);
		if (verdict == WB_HTTP_REFUSED) {
			pass_refusal(conn, in, conn->strict.refusal);
			break;
		}
		if (evbuffer_remove_buffer(raw, conn->stage, used) != (int)used) {
			pass_refusal(conn, in, WB_HTTP_REFUSED_BODY_LARGE);
			break;
		}
		if (verdict == WB_HTTP_MESSAGE) {
			(void)evbuffer_add_buffer(in, conn->stage);
			conn->passed++;
			conn->deaf = conn->strict.close ||
			             conn->passed >= conn->loop->server->limits.requests_per_connection_max;
		}
	}
	(void)evbuffer_drain(raw, evbuffer_get_length(raw));
}

/*
 * New bytes stand behind what evhttp has not read yet. They are taken out and only come back as whole requests, before
 * the bufferevent calls evhttp. (libevent lets a callback change its buffer; the end is not frozen during a read.)
 */
static void gate(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_conn *conn = arg;
	struct evbuffer *raw = conn->loop->scratch;
	if (conn->gating || info->n_added == 0)
		return;
	conn->gating = true;
	if (info->orig_size > 0) {
		struct evbuffer *front = conn->loop->front;
		(void)evbuffer_remove_buffer(in, front, info->orig_size);
		(void)evbuffer_add_buffer(raw, in);
		(void)evbuffer_add_buffer(in, front);
	} else {
		(void)evbuffer_add_buffer(raw, in);
	}
	check(conn, raw, in);
	conn->gating = false;
	if (waits_for_request(conn)) {
		if (conn->strict.started && !conn->deaf && conn->phase != PHASE_READING)
			http_conn_deadline(conn, PHASE_READING, conn->loop->server->limits.request_ms);
	} else if (!conn->deaf && evbuffer_get_length(in) + evbuffer_get_length(conn->stage) > BEHIND_BYTES_MAX) {
		(void)bufferevent_disable(conn->bev, EV_READ);
	}
}

/* From a timer: the request never became whole, so evhttp waits at the beginning of one. */
static void refuse_slow(struct http_conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	conn->gating = true;
	if (!conn->ssl)
		(void)evbuffer_unfreeze(in, 0);
	pass_refusal(conn, in, WB_HTTP_REFUSED_SLOW);
	if (!conn->ssl)
		(void)evbuffer_freeze(in, 0);
	conn->gating = false;
	/* Should memory for the refusal be out, the connection must still end. */
	http_conn_deadline(conn, PHASE_LINGER, conn->loop->server->limits.linger_ms);
	bufferevent_trigger(conn->bev, EV_READ, 0);
}

/* ---- life of a connection ---- */

static void conn_free(struct http_conn *conn)
{
	if (conn->prev) {
		*conn->prev = conn->next;
		if (conn->next)
			conn->next->prev = conn->prev;
	}
	if (conn->timer)
		event_free(conn->timer);
	if (conn->stage)
		evbuffer_free(conn->stage);
	free(conn);
}

/* evhttp frees the connection: on its own after an error or the last answer, or because we said so. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
	struct http_conn *conn = arg;
	struct wb_http_loop *loop = conn->loop;
	struct wb_http_server *server = loop->server;
	uint64_t request_id = conn->request_id;
	(void)evcon;
	evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->gate);
	loop->by_fd[conn->fd] = NULL;
	/* After a failure of the network evhttp has let go of an unanswered request. */
	if (conn->request && !evhttp_request_get_connection(conn->request))
		evhttp_request_free(conn->request);
	if (conn->stream)
		atomic_fetch_sub(&loop->streams, 1);
	http_ip_give(&server->ips, &conn->ip);
	atomic_fetch_sub(&server->connections, 1);
	conn_free(conn);
	if (request_id) {
		http_count(&loop->stats[STAT_GONE]);
		if (server->options.on_gone)
			server->options.on_gone(server->options.ctx, loop, request_id);
	}
	if (loop->stopping && !loop->conns)
		(void)event_base_loopbreak(loop->base);
}

void http_conn_close(struct http_conn *conn)
{
	if (conn->phase != PHASE_BEGIN)
		evhttp_connection_free(conn->evcon);
}

void http_conn_stop(struct http_conn *conn)
{
	struct wb_http_loop *loop = conn->loop;
	uint64_t request_id = conn->request_id;
	if (conn->stream) {
		(void)!wb_http_stream_end(loop, request_id);
		if (loop->server->options.on_gone)
			loop->server->options.on_gone(loop->server->options.ctx, loop, request_id);
		return;
	}
	if (conn->phase == PHASE_IDLE || conn->phase == PHASE_HANDSHAKE)
		http_conn_close(conn);
}

static bool room_for(struct wb_http_loop *loop, struct http_conn *conn)
{
	struct wb_http_server *server = loop->server;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	if (loop->stopping || getpeername(conn->fd, (struct sockaddr *)&from, &len) != 0 ||
	        !http_ip_of(&from, &conn->ip, conn->peer))
		return false;
	if (atomic_fetch_add(&server->connections, 1) >= server->limits.connections_max) {
		atomic_fetch_sub(&server->connections, 1);
		http_count(&loop->stats[STAT_OVER_TOTAL]);
		return false;
	}
	if (!http_ip_take(&server->ips, &conn->ip, server->limits.connections_per_ip_max)) {
		atomic_fetch_sub(&server->connections, 1);
		http_count(&loop->stats[STAT_OVER_IP]);
		return false;
	}
	return true;
}

static bool put_by_fd(struct wb_http_loop *loop, struct http_conn *conn)
{
	size_t at = (size_t)conn->fd;
	if (at >> HTTP_FD_BITS)
		return false;
	if (at >= loop->by_fd_count) {
		size_t count = loop->by_fd_count ? loop->by_fd_count : 64;
		while (count <= at)
			count *= 2;
		struct http_conn **bigger = realloc(loop->by_fd, count * sizeof(*bigger));
		if (!bigger)
			return false;
		memset(bigger + loop->by_fd_count, 0, (count - loop->by_fd_count) * sizeof(*bigger));
		loop->by_fd = bigger;
		loop->by_fd_count = count;
	}
	loop->by_fd[at] = conn;
	return true;
}

/*
 * Right behind evhttp's accept, before any byte is read: now the bufferevent has its socket, and evhttp_connection is
 * the argument of its callbacks (NULL: evhttp has given it up already).
 */
static void conn_begin(struct http_conn *conn)
{
	struct wb_http_loop *loop = conn->loop;
	const struct wb_http_limits *limits = &loop->server->limits;
	int on = 1, lost_ms = 60000;
	void *evcon = NULL;
	bufferevent_getcb(conn->bev, NULL, NULL, NULL, &evcon);
	conn->evcon = evcon;
	conn->fd = bufferevent_getfd(conn->bev);
	struct bufferevent *bev = conn->bev;
	bool room = evcon && conn->fd >= 0 && room_for(loop, conn);
	if (room && !put_by_fd(loop, conn)) {
		http_ip_give(&loop->server->ips, &conn->ip);
		atomic_fetch_sub(&loop->server->connections, 1);
		room = false;
	}
	if (!room) {
		evbuffer_remove_cb_entry(bufferevent_get_input(bev), conn->gate);
		conn_free(conn);
		if (evcon)
			evhttp_connection_free(evcon);
		(void)bufferevent_decref(bev);
		if (loop->stopping && !loop->conns)
			(void)event_base_loopbreak(loop->base);
		return;
	}
	http_count(&loop->stats[STAT_ACCEPTED]);
	evhttp_connection_set_closecb(evcon, on_close, conn);
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Peers that vanished without a word hold their place no longer than this. */
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_ms, sizeof(lost_ms));
	if (conn->ssl)
		http_conn_deadline(conn, PHASE_HANDSHAKE, limits->handshake_ms);
	else
		http_conn_deadline(conn, PHASE_IDLE, limits->idle_ms);
	(void)bufferevent_decref(bev);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *conn = arg;
	_Atomic uint64_t *stats = conn->loop->stats;
	(void)fd;
	(void)what;
	switch (conn->phase) {
	case PHASE_BEGIN:
		conn_begin(conn);
		return;
	case PHASE_READING:
		refuse_slow(conn);
		return;
	case PHASE_HANDSHAKE:
		if (SSL_is_init_finished(conn->ssl)) {
			http_conn_deadline(conn, PHASE_IDLE, conn->loop->server->limits.idle_ms);
			return;
		}
		http_count(&stats[STAT_HANDSHAKE]);
		break;
	case PHASE_IDLE:
		http_count(&stats[STAT_IDLE]);
		break;
	case PHASE_WRITING:
		http_count(&stats[STAT_WRITE]);
		break;
	case PHASE_STREAM:
		http_count(&stats[STAT_STALLED]);
		break;
	case PHASE_BUSY:
	case PHASE_LINGER:
		break;
	}
	http_conn_close(conn);
}

static struct bufferevent *bufferevent_for(struct http_conn *conn, struct http_port *port)
{
	struct event_base *base = port->loop->base;
	if (!port->is_tls)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	SSL *ssl = SSL_new(wb_http_tls_ctx(port->loop->server->options.tls));
	if (!ssl)
		return NULL;
	struct bufferevent *bev =
	        bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	conn->ssl = ssl;
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

/*
 * evhttp's question for a bufferevent. NULL would have it make one of its own without a gate: then no connection is
 * found at its requests, and http_handle answers 503.
 */
struct bufferevent *http_conn_new(struct event_base *base, void *arg)
{
	struct http_port *port = arg;
	struct wb_http_loop *loop = port->loop;
	struct http_conn *conn = calloc(1, sizeof(*conn));
	(void)base;
	if (!conn)
		return NULL;
	conn->loop = loop;
	conn->fd = -1;
	conn->stage = evbuffer_new();
	conn->timer = evtimer_new(loop->base, on_timer, conn);
	conn->bev = conn->stage && conn->timer ? bufferevent_for(conn, port) : NULL;
	if (conn->bev)
		conn->gate = evbuffer_add_cb(bufferevent_get_input(conn->bev), gate, conn);
	if (!conn->gate) {
		if (conn->bev)
			bufferevent_free(conn->bev);
		conn_free(conn);
		return NULL;
	}
	wb_http_strict_init(&conn->strict, &loop->server->limits.strict);
	conn->next = loop->conns;
	conn->prev = &loop->conns;
	if (conn->next)
		conn->next->prev = &conn->next;
	loop->conns = conn;
	bufferevent_incref(conn->bev);
	event_active(conn->timer, EV_TIMEOUT, 1);
	return conn->bev;
}

struct http_conn *http_conn_of_request(struct wb_http_loop *loop, struct evhttp_request *request)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct http_conn *conn = fd >= 0 && (size_t)fd < loop->by_fd_count ? loop->by_fd[fd] : NULL;
	return conn && conn->evcon == evcon ? conn : NULL;
}
