#include "gateway/http/internal.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
	        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
	        {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
	        {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
	        {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {412, "Precondition Failed"},
	        {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
	        {417, "Expectation Failed"}, {422, "Unprocessable Content"}, {428, "Precondition Required"},
	        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
	        {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
	        {505, "HTTP Version Not Supported"}};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Status";
}

/* ---- headers ---- */

static bool name_valid(const char *name)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const reserved[] = {
	        "Content-Length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive"};
	size_t len = name ? strlen(name) : 0;
	if (len == 0 || strspn(name, token) != len)
		return false;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcasecmp(name, reserved[i]) == 0)
			return false;
	}
	return true;
}

static bool value_valid(const char *value)
{
	if (!value)
		return false;
	for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
		if ((*at < 0x20 && *at != '\t') || *at == 0x7f)
			return false;
	}
	return true;
}

static bool response_valid(const struct wb_http_response *response)
{
	if (response->status < 200 || response->status > 599)
		return false;
	for (size_t i = 0; i < response->headers_count; i++) {
		if (!name_valid(response->headers[i].name) || !value_valid(response->headers[i].value))
			return false;
	}
	return true;
}

static bool add_unless_there(struct evkeyvalq *out, const char *name, const char *value)
{
	return evhttp_find_header(out, name) || evhttp_add_header(out, name, value) == 0;
}

static bool add_headers(struct http_conn *conn, const struct wb_http_pair *headers, size_t count, bool last)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(conn->request);
	bool ok = true;
	evhttp_clear_headers(out);
	for (size_t i = 0; i < count; i++)
		ok = ok && evhttp_add_header(out, headers[i].name, headers[i].value) == 0;
	ok = ok && add_unless_there(out, "Cache-Control", "no-store") &&
	     add_unless_there(out, "X-Content-Type-Options", "nosniff") &&
	     add_unless_there(out, "Referrer-Policy", "no-referrer") &&
	     add_unless_there(out, "Content-Security-Policy", conn->loop->server->options.csp);
	if (conn->ssl)
		ok = ok && add_unless_there(out, "Strict-Transport-Security", "max-age=31536000");
	return ok && (!last || evhttp_add_header(out, "Connection", "close") == 0);
}

static bool add_length(struct http_conn *conn, size_t len)
{
	char text[24];
	snprintf(text, sizeof(text), "%zu", len);
	return evhttp_add_header(evhttp_request_get_output_headers(conn->request), "Content-Length", text) == 0;
}

/* ---- answers ---- */

static struct http_conn *waiting(struct wb_http_loop *loop, uint64_t request_id)
{
	size_t fd = (size_t)(request_id & ((1u << HTTP_FD_BITS) - 1));
	struct http_conn *conn = request_id && fd < loop->by_fd_count ? loop->by_fd[fd] : NULL;
	return conn && conn->request_id == request_id ? conn : NULL;
}

/* Whether nothing behind this request will be served. */
static bool is_last(const struct http_conn *conn)
{
	return conn->loop->stopping || (conn->deaf && conn->begun == conn->passed);
}

static void count_answer(struct http_conn *conn, int status)
{
	http_count(&conn->loop->answers[status / 100]);
}

enum wb_err wb_http_reply(struct wb_http_loop *loop, uint64_t request_id, const struct wb_http_response *response)
{
	struct http_conn *conn = waiting(loop, request_id);
	if (!conn || conn->stream)
		return WB_ERR_NOT_FOUND;
	if (!response_valid(response))
		return WB_ERR_INVALID;
	struct wb_bytes body = response->body;
	bool has_body = !conn->is_head && response->status != 204 && response->status != 304;
	struct evbuffer *out = evbuffer_new();
	if (!out || (has_body && body.len && evbuffer_add(out, body.data, body.len) != 0) ||
	        !add_headers(conn, response->headers, response->headers_count, is_last(conn)) ||
	        (conn->is_head && !add_length(conn, body.len))) {
		if (out)
			evbuffer_free(out);
		return WB_ERR_MEMORY;
	}
	struct evhttp_request *request = conn->request;
	conn->request = NULL;
	conn->request_id = 0;
	count_answer(conn, response->status);
	http_conn_deadline(conn, PHASE_WRITING, loop->server->limits.write_ms);
	evhttp_send_reply(request, response->status, reason_of(response->status), out);
	evbuffer_free(out);
	return WB_OK;
}

/* ---- refusals ---- */

/*
 * The refusal is in the kernel's hands. Closing now with unread input would make the kernel reset the connection and
 * the peer might never see it; so our side is shut, and the rest of the input thrown away for a moment.
 */
static void on_refusal_written(struct evhttp_connection *evcon, void *arg)
{
	struct http_conn *conn = arg;
	(void)evcon;
	if (conn->phase != PHASE_WRITING)
		return;
	http_conn_deadline(conn, PHASE_LINGER, conn->loop->server->limits.linger_ms);
	(void)shutdown(conn->fd, SHUT_WR);
}

void http_refuse(struct http_conn *conn, enum wb_http_refusal refusal)
{
	static const struct wb_http_pair headers[] = {{"Content-Type", "application/problem+json"},
	        {"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}};
	int status = wb_http_refusal_status(refusal);
	char body[192];
	int len = snprintf(body, sizeof(body),
	        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"}\n", reason_of(status),
	        status, wb_http_refusal_code(refusal));
	struct evbuffer *out = evbuffer_new();
	WB_ASSERT(len > 0 && (size_t)len < sizeof(body));
	conn->refusal = refusal;
	conn->deaf = true;
	http_count(&conn->loop->refused[refusal]);
	count_answer(conn, status);
	http_conn_deadline(conn, PHASE_WRITING, conn->loop->server->limits.write_ms);
	if (out && evbuffer_add(out, body, (size_t)len) == 0)
		(void)(add_headers(conn, headers, status == 405 ? 2 : 1, true) && add_length(conn, (size_t)len));
	evhttp_send_reply_start(conn->request, status, reason_of(status));
	if (out) {
		evhttp_send_reply_chunk_with_cb(conn->request, out, on_refusal_written, conn);
		evbuffer_free(out);
	}
}

/* ---- streams ---- */

static size_t output_bytes(const struct http_conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

/* All that waited has gone to the kernel. */
static void on_stream_written(struct evhttp_connection *evcon, void *arg)
{
	struct http_conn *conn = arg;
	const struct wb_http_options *options = &conn->loop->server->options;
	(void)evcon;
	if (!conn->stream || !conn->full || output_bytes(conn) > 0)
		return;
	conn->full = false;
	http_conn_no_deadline(conn, PHASE_STREAM);
	if (options->on_stream_ready)
		options->on_stream_ready(options->ctx, conn->loop, conn->request_id);
}

enum wb_err wb_http_stream_start(struct wb_http_loop *loop, uint64_t request_id, const struct wb_http_response *head)
{
	struct http_conn *conn = waiting(loop, request_id);
	if (!conn || conn->stream)
		return WB_ERR_NOT_FOUND;
	if (!response_valid(head) || head->body.len > 0)
		return WB_ERR_INVALID;
	/* What a client sends behind the request of a stream would only pile up. */
	if (!add_headers(conn, head->headers, head->headers_count, true))
		return WB_ERR_MEMORY;
	conn->deaf = true;
	conn->stream = conn->sent = true;
	atomic_fetch_add(&loop->streams, 1);
	count_answer(conn, head->status);
	http_conn_no_deadline(conn, PHASE_STREAM);
	evhttp_send_reply_start(conn->request, head->status, reason_of(head->status));
	return WB_OK;
}

enum wb_err wb_http_stream_send(struct wb_http_loop *loop, uint64_t request_id, struct wb_bytes data)
{
	struct http_conn *conn = waiting(loop, request_id);
	const struct wb_http_limits *limits = &loop->server->limits;
	if (!conn || !conn->stream)
		return WB_ERR_NOT_FOUND;
	if (data.len > limits->stream_buffer_bytes)
		return WB_ERR_LIMIT;
	if (conn->full || output_bytes(conn) + data.len > limits->stream_buffer_bytes) {
		if (!conn->full)
			http_conn_deadline(conn, PHASE_STREAM, limits->stream_stall_ms);
		conn->full = true;
		return WB_ERR_FULL;
	}
	struct evbuffer *chunk = evbuffer_new();
	if (!chunk || evbuffer_add(chunk, data.data, data.len) != 0) {
		if (chunk)
			evbuffer_free(chunk);
		return WB_ERR_MEMORY;
	}
	conn->sent = true;
	evhttp_send_reply_chunk_with_cb(conn->request, chunk, on_stream_written, conn);
	evbuffer_free(chunk);
	return WB_OK;
}

enum wb_err wb_http_stream_end(struct wb_http_loop *loop, uint64_t request_id)
{
	struct http_conn *conn = waiting(loop, request_id);
	if (!conn || !conn->stream)
		return WB_ERR_NOT_FOUND;
	struct evhttp_request *request = conn->request;
	conn->request = NULL;
	conn->request_id = 0;
	conn->stream = conn->full = false;
	atomic_fetch_sub(&loop->streams, 1);
	http_conn_deadline(conn, PHASE_WRITING, loop->server->limits.write_ms);
	evhttp_send_reply_end(request);
	return WB_OK;
}

void http_stream_heartbeat(struct http_conn *conn)
{
	static const char comment[] = ":\n\n";
	struct wb_bytes data = {(const uint8_t *)comment, sizeof(comment) - 1};
	if (!conn->sent && !conn->full && output_bytes(conn) == 0)
		(void)!wb_http_stream_send(conn->loop, conn->request_id, data);
	conn->sent = false;
}
