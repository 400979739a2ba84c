/*
 * What a handler sees of a request, and how it answers: at once or later, whole or as a stream.
 *
 * A request is named by its id. The struct lives during the callback only; whoever answers later keeps the id (and
 * what it copied). Answering is safe when the client has gone: ids are never reused, and one of a gone client gives
 * ERR_NOT_FOUND. Each request is answered exactly once, by wb_http_reply or by wb_http_stream_start … _end.
 *
 * Threads: a request belongs to one loop. All functions here are called on that loop's thread; from another thread,
 * hand over with event_base_once(wb_http_loop_base(loop), -1, EV_TIMEOUT, …), which libevent makes thread safe.
 */
#ifndef WB_HTTP_REQUEST_H
#define WB_HTTP_REQUEST_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_http_loop;

enum wb_http_method {
	WB_HTTP_GET,
	WB_HTTP_HEAD,
	WB_HTTP_POST,
	WB_HTTP_PUT,
	WB_HTTP_PATCH,
	WB_HTTP_DELETE,
	WB_HTTP_OPTIONS,
};
/* "GET" …; static. */
const char *wb_http_method_name(enum wb_http_method method);

/* A parameter of the query or a header: NUL-terminated text without a NUL inside, UTF-8 where it is a parameter. */
struct wb_http_pair {
	const char *name; /* headers: as sent, to be compared without case */
	const char *value;
};

#define WB_HTTP_SEGMENTS_MAX 32
#define WB_HTTP_PARAMS_MAX 128

struct wb_http_request {
	uint64_t id; /* of this process, never 0, never reused */
	enum wb_http_method method;
	const char *path;            /* as sent, percent-encoded, without query: for logs */
	const char *const *segments; /* of the path, decoded once, valid UTF-8; "/a/b/" has a and b */
	size_t segments_count;
	bool trailing_slash;               /* the path ends in one: "/a/", and "/" */
	const struct wb_http_pair *params; /* of the query, in order, decoded once (+ is a space), duplicates kept */
	size_t params_count;
	const struct wb_http_pair *headers; /* in order, duplicates kept */
	size_t headers_count;
	struct wb_bytes body;
	const char *peer; /* address without port, e.g. "192.0.2.1" or "2001:db8::1" */
	bool is_tls;
	struct wb_arena *arena; /* freed when the callback returns */
};

/* The first header of that name, NULL: none. Content-Length and Host are there at most once. */
const char *wb_http_header(const struct wb_http_request *request, const char *name);
/* How many headers have that name. */
size_t wb_http_header_count(const struct wb_http_request *request, const char *name);
/* The value of a parameter that stands there exactly once; NULL: none, or ambiguous. */
const char *wb_http_param(const struct wb_http_request *request, const char *name);
/* How many parameters have that name. */
size_t wb_http_param_count(const struct wb_http_request *request, const char *name);

/*
 * An answer. Content-Length, Transfer-Encoding, Connection, Date and Keep-Alive are the server's and refused here.
 * Unless given, these are added: Cache-Control: no-store, X-Content-Type-Options: nosniff, Referrer-Policy:
 * no-referrer, Content-Security-Policy (the server's option), on TLS Strict-Transport-Security.
 */
struct wb_http_response {
	int status; /* 200..599 */
	const struct wb_http_pair *headers;
	size_t headers_count;
	struct wb_bytes body; /* copied; not sent for HEAD, 204 and 304 */
};

/*
 * Answers a request. ERR_NOT_FOUND: the client has gone, or it was answered already. ERR_INVALID: a status, header name
 * or value that may not be sent (control bytes, a reserved name): nothing was sent, the request still waits for its
 * answer. ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_http_reply(
        struct wb_http_loop *loop, uint64_t request_id, const struct wb_http_response *response);

/*
 * Begins a streamed answer (server-sent events); head->body must be empty. The server writes a comment line as a
 * heartbeat while nothing else is sent, so the body must be text/event-stream. Errors: as wb_http_reply.
 */
WB_MUST_CHECK enum wb_err wb_http_stream_start(
        struct wb_http_loop *loop, uint64_t request_id, const struct wb_http_response *head);
/*
 * Sends bytes, all or none; they are copied. ERR_FULL: the client is slow and more than stream_buffer_bytes wait for
 * it: stop, go on at on_stream_ready; a client that stays so for stream_stall_ms is dropped (on_gone). ERR_LIMIT: more
 * than stream_buffer_bytes in one call. ERR_NOT_FOUND: gone, or not a stream. ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_http_stream_send(struct wb_http_loop *loop, uint64_t request_id, struct wb_bytes data);
/* Ends it; what waits is still sent. ERR_NOT_FOUND as above. */
WB_MUST_CHECK enum wb_err wb_http_stream_end(struct wb_http_loop *loop, uint64_t request_id);
#endif
