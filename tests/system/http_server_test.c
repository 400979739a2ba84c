/*
 * The server shell over real sockets: an echo server of one process, raw requests, what comes back and what does not.
 * Nothing sleeps: limits are short, and every wait is for an event (an answer, the end of a connection, a callback).
 */
#include "gateway/http/server.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define H "Host: a\r\n"
#define BEHIND "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"
#define ANSWER_BYTES (256 * 1024)
#define WAIT_MS 20000 /* of a test that fails */

/* What the handlers saw; guarded by lock, news on changed. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct wb_http_server *server;
	unsigned requests, gone, ready, behind, loops_started, loops_stopped;
	uint64_t held_id; /* of /hold and /stream */
	struct wb_http_loop *held_loop;
	unsigned sends;
	enum wb_err late, full;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void see(unsigned *what)
{
	pthread_mutex_lock(&seen.lock);
	(*what)++;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
}

static unsigned count(const unsigned *what)
{
	pthread_mutex_lock(&seen.lock);
	unsigned n = *what;
	pthread_mutex_unlock(&seen.lock);
	return n;
}

static void wait_for(const unsigned *what, unsigned least)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	pthread_mutex_lock(&seen.lock);
	while (*what < least)
		assert_int_equal(pthread_cond_timedwait(&seen.changed, &seen.lock, &until), 0);
	pthread_mutex_unlock(&seen.lock);
}

/* ---- the echo server ---- */

static void reply_text(struct wb_http_loop *loop, uint64_t id, int status, const char *text)
{
	static const struct wb_http_pair headers[] = {{"Content-Type", "text/plain"}};
	const struct wb_http_response response = {status, headers, 1, wb_bytes_str(text)};
	enum wb_err err = wb_http_reply(loop, id, &response);
	assert_int_equal(err, WB_OK);
	assert_int_equal(wb_http_reply(loop, id, &response), WB_ERR_NOT_FOUND);
}

static void echo(struct wb_http_loop *loop, const struct wb_http_request *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	fprintf(out, "%s from %s %s", wb_http_method_name(r->method), r->peer, r->is_tls ? "tls" : "plain");
	for (size_t i = 0; i < r->segments_count; i++)
		fprintf(out, " [%s]", r->segments[i]);
	for (size_t i = 0; i < r->params_count; i++)
		fprintf(out, " %s=%s", r->params[i].name, r->params[i].value);
	fprintf(out, " x=%s body=%zu:%.*s;", wb_http_header(r, "x-test") ? wb_http_header(r, "x-test") : "-",
	        r->body.len, (int)(r->body.len < 64 ? r->body.len : 64),
	        r->body.data ? (const char *)r->body.data : "");
	fclose(out);
	reply_text(loop, r->id, 200, text);
	free(text);
}

static void start_stream(struct wb_http_loop *loop, uint64_t id)
{
	static const struct wb_http_pair headers[] = {{"Content-Type", "text/event-stream"}};
	const struct wb_http_response head = {200, headers, 1, {0}};
	assert_int_equal(wb_http_stream_start(loop, id, &head), WB_OK);
	assert_int_equal(wb_http_stream_start(loop, id, &head), WB_ERR_NOT_FOUND);
}

/* Fills the stream until it says stop. */
static void flood(struct wb_http_loop *loop, uint64_t id)
{
	static uint8_t event[8192];
	memset(event, 'x', sizeof(event));
	enum wb_err err = WB_OK;
	unsigned sends = 0;
	while (!(err = wb_http_stream_send(loop, id, (struct wb_bytes){event, sizeof(event)})))
		sends++;
	pthread_mutex_lock(&seen.lock);
	seen.full = err;
	seen.sends += sends;
	pthread_mutex_unlock(&seen.lock);
}

static void inject(struct wb_http_loop *loop, uint64_t id)
{
	const struct wb_http_pair bad[] = {{"X-A", "b\r\nX-B: c"}, {"X A", "b"}, {"X:A", "b"}, {"", "b"},
	        {"X-A", "b\x01"}, {"Content-Length", "0"}, {"transfer-encoding", "chunked"}, {"Connection", "close"},
	        {"X", NULL}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		        wb_http_reply(loop, id, &(struct wb_http_response){200, &bad[i], 1, {0}}), WB_ERR_INVALID);
	assert_int_equal(wb_http_reply(loop, id, &(struct wb_http_response){199, NULL, 0, {0}}), WB_ERR_INVALID);
	reply_text(loop, id, 200, "clean");
}

static bool first_is(const struct wb_http_request *r, const char *segment)
{
	return r->segments_count > 0 && strcmp(r->segments[0], segment) == 0;
}

static void on_request(void *ctx, struct wb_http_loop *loop, const struct wb_http_request *r)
{
	(void)ctx;
	if (first_is(r, "behind"))
		see(&seen.behind);
	if (first_is(r, "hold") || first_is(r, "stream") || first_is(r, "flood")) {
		pthread_mutex_lock(&seen.lock);
		seen.held_id = r->id;
		seen.held_loop = loop;
		pthread_mutex_unlock(&seen.lock);
	}
	if (first_is(r, "stream") || first_is(r, "flood"))
		start_stream(loop, r->id);
	if (first_is(r, "flood"))
		flood(loop, r->id);
	else if (first_is(r, "inject"))
		inject(loop, r->id);
	else if (!first_is(r, "hold") && !first_is(r, "stream"))
		echo(loop, r);
	see(&seen.requests);
}

static void on_gone(void *ctx, struct wb_http_loop *loop, uint64_t id)
{
	(void)ctx;
	enum wb_err err = wb_http_reply(loop, id, &(struct wb_http_response){200, NULL, 0, {0}});
	pthread_mutex_lock(&seen.lock);
	seen.late = err;
	pthread_mutex_unlock(&seen.lock);
	see(&seen.gone);
}

static void on_ready(void *ctx, struct wb_http_loop *loop, uint64_t id)
{
	(void)ctx;
	assert_int_equal(wb_http_stream_end(loop, id), WB_OK);
	assert_int_equal(wb_http_stream_end(loop, id), WB_ERR_NOT_FOUND);
	see(&seen.ready);
}

static enum wb_err on_start(void *ctx, struct wb_http_loop *loop)
{
	(void)ctx;
	assert_non_null(wb_http_loop_base(loop));
	see(&seen.loops_started);
	return WB_OK;
}

static void on_stop(void *ctx, struct wb_http_loop *loop)
{
	(void)ctx;
	(void)loop;
	see(&seen.loops_stopped);
}

static struct wb_http_options options_of_test(void)
{
	return (struct wb_http_options){
	        .plain_address = "127.0.0.1",
	        .loops = 2,
	        .csp = "default-src 'self'",
	        .limits = {.strict = {.body_bytes_max = 100000}, .linger_ms = 20, .request_ms = 5000},
	        .on_request = on_request,
	        .on_gone = on_gone,
	        .on_stream_ready = on_ready,
	        .on_loop_start = on_start,
	        .on_loop_stop = on_stop,
	};
}

static void server_up(const struct wb_http_options *options)
{
	seen.requests = seen.gone = seen.ready = seen.behind = seen.loops_started = seen.loops_stopped = seen.sends = 0;
	seen.held_id = 0;
	seen.late = seen.full = WB_OK;
	assert_int_equal(wb_http_open(options, &seen.server), WB_OK);
}

static int up(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	server_up(&options);
	return 0;
}

static int down(void **state)
{
	(void)state;
	wb_http_close(seen.server, 1000);
	seen.server = NULL;
	return 0;
}

/* ---- a raw client ---- */

static int connect_with(uint16_t port, int receive_bytes)
{
	struct sockaddr_in to = {
	        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (receive_bytes)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int client(void)
{
	return connect_with(wb_http_plain_port(seen.server), 0);
}

static void send_bytes(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0)
			return; /* refused and closed while we were sending: the answer tells */
		data += n;
		len -= (size_t)n;
	}
}

static void send_text(int fd, const char *text)
{
	send_bytes(fd, text, strlen(text));
}

/* Reads until stop stands in what came, or the end (stop NULL). Returns the text, to be freed. */
static char *receive(int fd, const char *stop)
{
	char *text = calloc(1, ANSWER_BYTES);
	size_t len = 0;
	assert_non_null(text);
	while (!stop || !strstr(text, stop)) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (poll(&ready, 1, WAIT_MS) != 1)
			fail_msg("nothing came after: %s", text);
		assert_true(len + 1 < ANSWER_BYTES);
		ssize_t n = recv(fd, text + len, ANSWER_BYTES - 1 - len, 0);
		if (n <= 0) {
			if (stop)
				fail_msg("closed after: %s", text);
			break;
		}
		len += (size_t)n;
	}
	return text;
}

static unsigned occurrences(const char *text, const char *what)
{
	unsigned count = 0;
	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		count++;
	return count;
}

/* Sends all, reads to the end of the connection. */
static char *exchange(const char *data, size_t len)
{
	int fd = client();
	send_bytes(fd, data, len);
	char *text = receive(fd, NULL);
	close(fd);
	return text;
}

/* ---- refusals ---- */

#define BYTES(text) (text), sizeof(text) - 1
static const struct {
	const char *data;
	size_t len;
	int status;
} refused[] = {
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length:  5\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5,5\r\n\r\nhello"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 100001\r\n\r\n"), 413},
        {BYTES("HEAD / HTTP/1.1\r\n" H "Content-Length: 33\r\n\r\n" BEHIND), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), 501},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\tChUnKeD\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"), 501},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0x5;a=b\r\nhello\r\n0\r\n\r\n"), 501},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
               "fffffffffffffffff\r\n"),
                400},
        {BYTES("GET / HTTP/1.1\nHost: a\n\n"), 400},
        {BYTES("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "X-A : b\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "X-A: b\r\n c\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "X\0A: b\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "XA: b\x1b\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n\r\n"), 400},
        {BYTES("GET / HTTP/1.1\r\n" H "Host: a\r\n\r\n"), 400},
        {BYTES("GET http://b/ HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET  /x HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET /x\r\n"), 400},
        {BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 505},
        {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
        {BYTES("BREW / HTTP/1.1\r\n" H "\r\n"), 501},
        {BYTES("TRACE / HTTP/1.1\r\n" H "\r\n"), 405},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"), 417},
        {BYTES("GET /%00 HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET /a/%2e%2e/b HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET //a HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET /a%2fb HTTP/1.1\r\n" H "\r\n"), 400},
        {BYTES("GET /%c0%af HTTP/1.1\r\n" H "\r\n"), 400},
};

/* Behind a good request and in front of another: the first is answered, then the refusal, then the end. */
static void refuses_and_closes(void **state)
{
	(void)state;
	static const char before[] = "GET /before HTTP/1.1\r\nHost: a\r\n\r\n";
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char data[2048], status[32];
		size_t len = sizeof(before) - 1;
		memcpy(data, before, len);
		memcpy(data + len, refused[i].data, refused[i].len);
		len += refused[i].len;
		memcpy(data + len, BEHIND, sizeof(BEHIND) - 1);
		len += sizeof(BEHIND) - 1;
		snprintf(status, sizeof(status), "HTTP/1.1 %d ", refused[i].status);
		char *text = exchange(data, len);
		const char *refusal = strstr(text, status);
		if (occurrences(text, "HTTP/1.1 ") != 2 || !refusal || strncmp(text, "HTTP/1.1 200 ", 13) != 0)
			fail_msg("case %zu, not %d: %s", i, refused[i].status, text);
		assert_non_null(strstr(refusal, "application/problem+json"));
		assert_non_null(strstr(refusal, "Connection: close"));
		assert_int_equal(strstr(refusal, "Allow: ") != NULL, refused[i].status == 405);
		free(text);
		/* Alone, and byte by byte. */
		int fd = client();
		for (size_t at = 0; at < refused[i].len; at++)
			send_bytes(fd, refused[i].data + at, 1);
		text = receive(fd, NULL);
		assert_int_equal(strncmp(text, status, strlen(status)), 0);
		assert_int_equal(occurrences(text, "HTTP/1.1 "), 1);
		free(text);
		close(fd);
	}
	assert_int_equal(count(&seen.behind), 0);
	struct wb_http_stats stats = wb_http_stats(seen.server);
	assert_int_equal(stats.refused[WB_HTTP_REFUSED_METHOD_NOT_SERVED], 2);
	assert_true(stats.answers[4] + stats.answers[5] == 2 * sizeof(refused) / sizeof(refused[0]));
}

static void refuses_what_is_too_long(void **state)
{
	(void)state;
	char *data = malloc(40000);
	assert_non_null(data);
	int len = snprintf(data, 40000, "GET /%09000d HTTP/1.1\r\n" H "\r\n", 0);
	char *text = exchange(data, (size_t)len);
	assert_int_equal(strncmp(text, "HTTP/1.1 414 ", 13), 0);
	free(text);
	len = snprintf(data, 40000, "GET / HTTP/1.1\r\n" H "X: %020000d\r\n\r\n", 0);
	text = exchange(data, (size_t)len);
	assert_int_equal(strncmp(text, "HTTP/1.1 431 ", 13), 0);
	free(text);
	len = snprintf(data, 40000, "GET /%064d HTTP/1.1\r\n" H "\r\n", 0);
	for (int i = 5; i < 69; i += 2)
		data[i] = '/', data[i + 1] = 'a';
	memmove(data + 4, data + 5, (size_t)len - 5);
	memmove(data + 4 + 64 + 2, data + 4 + 64, (size_t)len - 5 - 64);
	memcpy(data + 4 + 64, "/a", 2);
	text = exchange(data, (size_t)len + 1);
	assert_int_equal(strncmp(text, "HTTP/1.1 400 ", 13), 0); /* 33 segments */
	free(text);
	free(data);
}

/* ---- what is served ---- */

static void shows_the_request(void **state)
{
	(void)state;
	int fd = client();
	send_text(fd, "PUT /a/%E4%B8%AD/b%20c/?k=1&k=a+b%26&flag HTTP/1.1\r\n" H
	              "X-Test: yes\r\nContent-Length: 5\r\n\r\nhello");
	char *text = receive(fd, ";");
	assert_non_null(
	        strstr(text, "PUT from 127.0.0.1 plain [a] [\xe4\xb8\xad] [b c] k=1 k=a b& flag= x=yes body=5:hello;"));
	assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(text, "Referrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(text, "Content-Security-Policy: default-src 'self'\r\n"));
	assert_null(strstr(text, "Strict-Transport-Security"));
	assert_null(strstr(text, "Connection: close"));
	free(text);
	/* The same connection goes on, in absolute form too. */
	send_text(fd, "GET http://a/abs?z HTTP/1.1\r\n" H "Connection: close\r\n\r\n" BEHIND);
	text = receive(fd, NULL);
	assert_non_null(strstr(text, "[abs] z= "));
	assert_int_equal(occurrences(text, "HTTP/1.1 "), 1);
	free(text);
	close(fd);
	assert_int_equal(count(&seen.behind), 0);
}

static void head_has_no_body(void **state)
{
	(void)state;
	int fd = client();
	send_text(fd, "HEAD /a HTTP/1.1\r\n" H "\r\nGET /b HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	char *text = receive(fd, NULL);
	assert_int_equal(occurrences(text, "Content-Length: "), 2);
	assert_null(strstr(text, "HEAD from"));
	assert_non_null(strstr(text, "\r\n\r\nHTTP/1.1 200 OK"));
	free(text);
	close(fd);
}

static void refuses_injected_headers(void **state)
{
	(void)state;
	int fd = client();
	send_text(fd, "GET /inject HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	char *text = receive(fd, NULL);
	assert_non_null(strstr(text, "\r\n\r\nclean"));
	assert_null(strstr(text, "X-B"));
	free(text);
	close(fd);
}

/* More than one read's worth, each with a body, all in one go: answered in order. */
static void pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	enum { COUNT = 600 };
	char *data = malloc(COUNT * 128), want[64];
	size_t len = 0;
	assert_non_null(data);
	for (int i = 0; i < COUNT; i++)
		len += (size_t)snprintf(data + len, 128,
		        "POST /n%d HTTP/1.1\r\n" H "%sContent-Length: 33\r\n\r\n" BEHIND, i,
		        i == COUNT - 1 ? "Connection: close\r\n" : "");
	char *text = exchange(data, len);
	const char *at = text;
	for (int i = 0; i < COUNT; i++) {
		snprintf(want, sizeof(want), "POST from 127.0.0.1 plain [n%d] x=- body=33:GET", i);
		at = strstr(at, want);
		if (!at) {
			fail_msg("no answer %d in %zu bytes, ending: %s", i, strlen(text),
			        text + (strlen(text) > 600 ? strlen(text) - 600 : 0));
			break;
		}
	}
	assert_int_equal(occurrences(text, "HTTP/1.1 200 OK"), COUNT);
	assert_int_equal(count(&seen.behind), 0);
	free(text);
	free(data);
}

static void large_bodies_come_whole(void **state)
{
	(void)state;
	enum { SIZE = 100000 };
	char *data = malloc(SIZE + 200);
	assert_non_null(data);
	int len =
	        snprintf(data, 200, "POST /big HTTP/1.1\r\n" H "Connection: close\r\nContent-Length: %d\r\n\r\n", SIZE);
	memset(data + len, 'z', SIZE);
	char *text = exchange(data, (size_t)len + SIZE);
	assert_non_null(strstr(text, "body=100000:zzzz"));
	free(text);
	free(data);
}

/* A client that goes while its request is under way, or is answered later. */
static void vanished_clients_are_noticed(void **state)
{
	(void)state;
	int fd = client();
	send_text(fd, "POST /x HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel");
	close(fd);
	fd = client();
	send_text(fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
	wait_for(&seen.requests, 1);
	close(fd);
	wait_for(&seen.gone, 1);
	assert_int_equal(seen.late, WB_ERR_NOT_FOUND);
	assert_int_equal(wb_http_stats(seen.server).gone, 1);
}

static void answer_held(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reply_text(seen.held_loop, seen.held_id, 202, arg);
}

/* Answered from another thread's wish, with a pipelined request waiting behind. */
static void answers_come_later(void **state)
{
	(void)state;
	int fd = client();
	send_text(fd, "GET /hold HTTP/1.1\r\n" H "\r\nGET /next HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	wait_for(&seen.requests, 1);
	static char later[] = "later";
	struct timeval now = {0};
	assert_int_equal(
	        event_base_once(wb_http_loop_base(seen.held_loop), -1, EV_TIMEOUT, answer_held, later, &now), 0);
	char *text = receive(fd, NULL);
	assert_int_equal(strncmp(text, "HTTP/1.1 202 ", 13), 0);
	assert_non_null(strstr(text, "laterHTTP/1.1 200 OK"));
	assert_non_null(strstr(text, "[next]"));
	free(text);
	close(fd);
}

/* ---- limits ---- */

static void restart(struct wb_http_options *options)
{
	wb_http_close(seen.server, 1000);
	server_up(options);
}

/* One byte now and then does not extend the time: the deadline is of the whole request. */
static void slow_requests_hit_the_deadline(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	options.limits.request_ms = 150;
	restart(&options);
	static const char *const parts[] = {
	        "G", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int fd = client();
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		send_text(fd, parts[i]);
		unsigned drops = 0;
		while (poll(&ready, 1, 20) == 0 && drops < 1000) {
			send_text(fd, i ? "x" : "");
			drops++;
		}
		char *text = receive(fd, NULL);
		assert_int_equal(strncmp(text, "HTTP/1.1 408 ", 13), 0);
		assert_int_equal(occurrences(text, "HTTP/1.1 "), 1);
		free(text);
		close(fd);
	}
	assert_int_equal(wb_http_stats(seen.server).refused[WB_HTTP_REFUSED_SLOW], 3);
}

static void idle_connections_end(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	options.limits.idle_ms = 50;
	restart(&options);
	int fd = client();
	char *text = receive(fd, NULL);
	assert_string_equal(text, "");
	free(text);
	close(fd);
	fd = client();
	send_text(fd, "GET / HTTP/1.1\r\n" H "\r\n");
	text = receive(fd, NULL);
	assert_int_equal(occurrences(text, "HTTP/1.1 200"), 1);
	free(text);
	close(fd);
	assert_int_equal(wb_http_stats(seen.server).idle_timeouts, 2);
}

static void connections_are_counted(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	options.limits.connections_per_ip_max = 2;
	options.limits.requests_per_connection_max = 3;
	restart(&options);
	int fds[2];
	for (size_t i = 0; i < 2; i++) {
		fds[i] = client();
		send_text(fds[i], "GET / HTTP/1.1\r\n" H "\r\n");
		free(receive(fds[i], ";"));
	}
	char *text = exchange("", 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(wb_http_stats(seen.server).over_ip, 1);
	assert_int_equal(wb_http_stats(seen.server).connections, 2);
	/* The third request is the connection's last. */
	send_text(fds[0], "GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\n" BEHIND);
	text = receive(fds[0], NULL);
	assert_int_equal(occurrences(text, "HTTP/1.1 200"), 2);
	assert_int_equal(occurrences(text, "Connection: close"), 1);
	assert_int_equal(count(&seen.behind), 0);
	free(text);
	close(fds[0]);
	close(fds[1]);
}

/* ---- streams ---- */

static void streams_beat_and_end_with_the_server(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	options.limits.heartbeat_ms = 20;
	restart(&options);
	int fd = client();
	send_text(fd, "GET /stream HTTP/1.1\r\n" H "\r\n" BEHIND);
	char *text = receive(fd, "3\r\n:\n\n\r\n");
	assert_non_null(strstr(text, "Transfer-Encoding: chunked"));
	assert_non_null(strstr(text, "text/event-stream"));
	free(text);
	assert_int_equal(wb_http_stats(seen.server).streams, 1);
	wb_http_close(seen.server, 5000);
	seen.server = NULL;
	text = receive(fd, NULL);
	assert_non_null(strstr(text, "0\r\n\r\n"));
	free(text);
	close(fd);
	assert_int_equal(count(&seen.gone), 1);
	assert_int_equal(count(&seen.behind), 0);
	assert_int_equal(count(&seen.loops_stopped), 2);
}

static void slow_streams_are_bounded_and_resumed(void **state)
{
	(void)state;
	int fd = connect_with(wb_http_plain_port(seen.server), 4096);
	send_text(fd, "GET /flood HTTP/1.1\r\n" H "\r\n");
	wait_for(&seen.requests, 1);
	assert_int_equal(seen.full, WB_ERR_FULL);
	/* All of it in one callback: nothing could leave, so the bound is exact. */
	assert_true(seen.sends * 8192 <= 256 * 1024 && seen.sends >= 30);
	char *text = malloc(1 << 20);
	assert_non_null(text);
	size_t len = 0;
	ssize_t n;
	while ((n = recv(fd, text + len, (1 << 20) - len, 0)) > 0)
		len += (size_t)n;
	assert_true(len > (size_t)seen.sends * 8192);
	assert_memory_equal(text + len - 5, "0\r\n\r\n", 5);
	assert_int_equal(count(&seen.ready), 1);
	free(text);
	close(fd);
}

static void stalled_streams_are_dropped(void **state)
{
	(void)state;
	struct wb_http_options options = options_of_test();
	options.limits.stream_stall_ms = 50;
	options.limits.stream_buffer_bytes = 16 * 1024 * 1024; /* more than the kernel's buffers take */
	restart(&options);
	int fd = connect_with(wb_http_plain_port(seen.server), 4096);
	send_text(fd, "GET /flood HTTP/1.1\r\n" H "\r\n");
	wait_for(&seen.gone, 1);
	assert_int_equal(wb_http_stats(seen.server).stalled_streams, 1);
	assert_int_equal(wb_http_stats(seen.server).streams, 0);
	close(fd);
}

/* ---- binding, stopping, TLS ---- */

static void plain_is_loopback_only(void **state)
{
	(void)state;
	struct wb_http_server *server;
	struct wb_http_options options = options_of_test();
	static const char *const bad[] = {"0.0.0.0", "::", "192.0.2.1", "localhost", "", NULL};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options.plain_address = bad[i];
		assert_int_equal(wb_http_open(&options, &server), WB_ERR_INVALID);
	}
	options.plain_address = "127.0.0.1";
	options.plain_port = wb_http_plain_port(seen.server);
	assert_int_equal(wb_http_open(&options, &server), WB_ERR_EXISTS);
}

static void *close_server(void *arg)
{
	wb_http_close(arg, WAIT_MS);
	return NULL;
}

static void a_stop_waits_for_answers(void **state)
{
	(void)state;
	pthread_t closer;
	int fd = client(), idle = client();
	send_text(fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
	wait_for(&seen.requests, 1);
	struct event_base *base = wb_http_loop_base(seen.held_loop);
	assert_int_equal(pthread_create(&closer, NULL, close_server, seen.server), 0);
	seen.server = NULL;
	/* The idle one is closed at once: now the stop has begun on its loop. */
	free(receive(idle, NULL));
	static char late[] = "late";
	struct timeval now = {0};
	assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, answer_held, late, &now), 0);
	char *text = receive(fd, NULL);
	assert_non_null(strstr(text, "late"));
	free(text);
	assert_int_equal(pthread_join(closer, NULL), 0);
	assert_int_equal(count(&seen.gone), 0);
	close(fd);
	close(idle);
}

static int mode_of(const char *folder, const char *name)
{
	char path[256];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"ca.key", "ca.crt", "server.key", "server.crt"};
	char path[256];
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static SSL_CTX *client_context(struct wb_bytes ca_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *pem = BIO_new_mem_buf(ca_pem.data, (int)ca_pem.len);
	X509 *ca = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	assert_non_null(ca);
	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	X509_free(ca);
	BIO_free(pem);
	return ctx;
}

/* A handshake for a name; the result of SSL_connect. */
static int shake(SSL_CTX *ctx, const char *name, int version, SSL **ret_ssl, int *ret_fd)
{
	*ret_fd = connect_with(wb_http_tls_port(seen.server), 0);
	*ret_ssl = SSL_new(ctx);
	assert_int_equal(SSL_set1_host(*ret_ssl, name), 1);
	if (version)
		assert_int_equal(
		        SSL_set_min_proto_version(*ret_ssl, version) & SSL_set_max_proto_version(*ret_ssl, version), 1);
	assert_int_equal(SSL_set_fd(*ret_ssl, *ret_fd), 1);
	return SSL_connect(*ret_ssl);
}

static void tls_request(SSL_CTX *ctx, int version)
{
	static const char request[] = "GET /a HTTP/1.1\r\n" H "\r\nGET  /b HTTP/1.1\r\n" H "\r\n" BEHIND;
	char text[8192] = "";
	SSL *ssl;
	int fd, n, len = 0;
	assert_int_equal(shake(ctx, "weibao.test", version, &ssl, &fd), 1);
	assert_int_equal(SSL_write(ssl, request, sizeof(request) - 1), (int)sizeof(request) - 1);
	while (len < (int)sizeof(text) - 1 && (n = SSL_read(ssl, text + len, (int)sizeof(text) - 1 - len)) > 0)
		len += n;
	assert_non_null(strstr(text, "GET from 127.0.0.1 tls [a]"));
	assert_non_null(strstr(text, "Strict-Transport-Security: max-age="));
	assert_non_null(strstr(text, "HTTP/1.1 400 "));
	assert_int_equal(count(&seen.behind), 0);
	SSL_free(ssl);
	close(fd);
}

static void serves_tls_with_its_own_authority(void **state)
{
	(void)state;
	char folder[] = "/tmp/wb_http_test_XXXXXX";
	const char *const names[] = {"weibao.test", "127.0.0.1", "::1"};
	int64_t now_us = wb_clock_system().wall_us(NULL);
	struct wb_http_tls *tls, *again;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(wb_http_tls_local(folder, names, 3, now_us, &tls), WB_OK);
	assert_int_equal(mode_of(folder, "ca.key"), 0600);
	assert_int_equal(mode_of(folder, "server.key"), 0600);
	/* A second start keeps the authority; bad names make nothing. */
	assert_int_equal(wb_http_tls_local(folder, names, 3, now_us + 300 * WB_DAY_US, &again), WB_OK);
	assert_true(wb_bytes_equal(wb_http_tls_ca_pem(tls), wb_http_tls_ca_pem(again)));
	wb_http_tls_free(again);
	assert_int_equal(
	        wb_http_tls_local(folder, (const char *const[]){"a,IP:1.2.3.4"}, 1, now_us, &again), WB_ERR_INVALID);
	assert_int_equal(wb_http_tls_open("/nowhere.crt", "/nowhere.key", &again), WB_ERR_NOT_FOUND);

	struct wb_http_options options = options_of_test();
	options.tls_address = "127.0.0.1";
	options.tls = tls;
	options.limits.handshake_ms = 5000;
	restart(&options);
	SSL_CTX *ctx = client_context(wb_http_tls_ca_pem(tls));
	SSL *ssl;
	int fd;
	tls_request(ctx, TLS1_3_VERSION);
	tls_request(ctx, TLS1_2_VERSION);
	assert_int_not_equal(shake(ctx, "other.test", 0, &ssl, &fd), 1);
	SSL_free(ssl);
	close(fd);
	assert_int_not_equal(shake(ctx, "weibao.test", TLS1_1_VERSION, &ssl, &fd), 1);
	SSL_free(ssl);
	close(fd);

	/* Nobody shakes hands: the connection ends. */
	options.limits.handshake_ms = 50;
	restart(&options);
	fd = connect_with(wb_http_tls_port(seen.server), 0);
	char *text = receive(fd, NULL);
	assert_string_equal(text, "");
	free(text);
	close(fd);
	assert_int_equal(wb_http_stats(seen.server).handshake_timeouts, 1);
	SSL_CTX_free(ctx);
	wb_http_close(seen.server, 1000);
	seen.server = NULL;
	wb_http_tls_free(tls);
	remove_folder(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(refuses_and_closes),
	        TEST(refuses_what_is_too_long),
	        TEST(shows_the_request),
	        TEST(head_has_no_body),
	        TEST(refuses_injected_headers),
	        TEST(pipelined_requests_are_answered_in_order),
	        TEST(large_bodies_come_whole),
	        TEST(vanished_clients_are_noticed),
	        TEST(answers_come_later),
	        TEST(slow_requests_hit_the_deadline),
	        TEST(idle_connections_end),
	        TEST(connections_are_counted),
	        TEST(streams_beat_and_end_with_the_server),
	        TEST(slow_streams_are_bounded_and_resumed),
	        TEST(stalled_streams_are_dropped),
	        TEST(plain_is_loopback_only),
	        TEST(a_stop_waits_for_answers),
	        TEST(serves_tls_with_its_own_authority),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
