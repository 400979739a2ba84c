#include "gateway/http/internal.h"
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>

/* From an evhttp request, that is, from bytes that passed the strict check, to what handlers see. */

static unsigned hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a' + 10);
}

/* Decodes once; escapes are known to be whole. plus_is_space: the form encoding of queries. */
static char *decode(struct wb_arena *arena, const char *from, size_t len, bool plus_is_space)
{
	char *text = wb_arena_alloc(arena, len + 1);
	size_t at = 0;
	for (size_t i = 0; text && i < len; i++) {
		if (from[i] == '%' && i + 2 < len) {
			text[at++] = (char)(hex_of(from[i + 1]) << 4 | hex_of(from[i + 2]));
			i += 2;
		} else {
			text[at++] = plus_is_space && from[i] == '+' ? ' ' : from[i];
		}
	}
	return text;
}

static bool parse_segments(struct wb_http_request *r, struct wb_arena *arena)
{
	const char **segments = WB_ARENA_ARRAY(arena, const char *, WB_HTTP_SEGMENTS_MAX);
	const char *at = r->path;
	if (!segments)
		return false;
	r->segments = segments;
	while (*at == '/' && at[1]) {
		size_t len = strcspn(++at, "/");
		if (r->segments_count == WB_HTTP_SEGMENTS_MAX)
			return false;
		segments[r->segments_count] = decode(arena, at, len, false);
		if (!segments[r->segments_count++])
			return false;
		at += len;
	}
	r->trailing_slash = *at == '/';
	return true;
}

/* a=1&b&c= gives (a,1) (b,"") (c,""); empty parts are skipped. */
static bool parse_params(struct wb_http_request *r, const char *query, struct wb_arena *arena)
{
	struct wb_http_pair *params = WB_ARENA_ARRAY(arena, struct wb_http_pair, WB_HTTP_PARAMS_MAX);
	if (!params)
		return false;
	r->params = params;
	for (const char *at = query; *at;) {
		size_t len = strcspn(at, "&");
		if (len > 0) {
			const char *equals = memchr(at, '=', len);
			size_t name_len = equals ? (size_t)(equals - at) : len;
			size_t value_at = equals ? name_len + 1 : len;
			if (r->params_count == WB_HTTP_PARAMS_MAX)
				return false;
			struct wb_http_pair *param = &params[r->params_count++];
			param->name = decode(arena, at, name_len, true);
			param->value = decode(arena, at + value_at, len - value_at, true);
			if (!param->name || !param->value)
				return false;
		}
		at += len;
		at += *at == '&';
	}
	return true;
}

static bool parse_headers(struct wb_http_request *r, struct evkeyvalq *from, struct wb_arena *arena)
{
	size_t count = 0;
	const struct evkeyval *header;
	for (header = from->tqh_first; header; header = header->next.tqe_next)
		count++;
	struct wb_http_pair *headers = WB_ARENA_ARRAY(arena, struct wb_http_pair, count ? count : 1);
	if (!headers)
		return false;
	r->headers = headers;
	for (header = from->tqh_first; header; header = header->next.tqe_next) {
		headers[r->headers_count].name = header->key;
		headers[r->headers_count++].value = header->value;
	}
	return true;
}

static enum wb_http_method method_of(const struct evhttp_request *from)
{
	switch ((unsigned)evhttp_request_get_command(from)) {
	case EVHTTP_REQ_HEAD:
		return WB_HTTP_HEAD;
	case EVHTTP_REQ_POST:
		return WB_HTTP_POST;
	case EVHTTP_REQ_PUT:
		return WB_HTTP_PUT;
	case EVHTTP_REQ_PATCH:
		return WB_HTTP_PATCH;
	case EVHTTP_REQ_DELETE:
		return WB_HTTP_DELETE;
	case EVHTTP_REQ_OPTIONS:
		return WB_HTTP_OPTIONS;
	default: /* the strict check lets no other through */
		return WB_HTTP_GET;
	}
}

bool http_request_parse(struct wb_http_request *r, struct evhttp_request *from, struct wb_arena *arena)
{
	const char *target = evhttp_request_get_uri(from);
	if (*target != '/') {
		/* http://authority/…: the authority equals Host. */
		target = strstr(target, "://");
		target = target ? strchr(target + 3, '/') : NULL;
		if (!target)
			return false;
	}
	size_t path_len = strcspn(target, "?");
	r->method = method_of(from);
	r->arena = arena;
	r->path = wb_arena_copy(arena, target, path_len);
	if (!r->path || !parse_segments(r, arena) ||
	        !parse_params(r, target + path_len + (target[path_len] == '?'), arena) ||
	        !parse_headers(r, evhttp_request_get_input_headers(from), arena))
		return false;
	struct evbuffer *body = evhttp_request_get_input_buffer(from);
	r->body.len = evbuffer_get_length(body);
	r->body.data = r->body.len ? evbuffer_pullup(body, -1) : NULL;
	return r->body.len == 0 || r->body.data;
}

const char *wb_http_method_name(enum wb_http_method method)
{
	switch (method) {
	case WB_HTTP_GET:
		return "GET";
	case WB_HTTP_HEAD:
		return "HEAD";
	case WB_HTTP_POST:
		return "POST";
	case WB_HTTP_PUT:
		return "PUT";
	case WB_HTTP_PATCH:
		return "PATCH";
	case WB_HTTP_DELETE:
		return "DELETE";
	case WB_HTTP_OPTIONS:
		return "OPTIONS";
	}
	return "";
}

const char *wb_http_header(const struct wb_http_request *request, const char *name)
{
	for (size_t i = 0; i < request->headers_count; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

size_t wb_http_header_count(const struct wb_http_request *request, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < request->headers_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

size_t wb_http_param_count(const struct wb_http_request *request, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < request->params_count; i++)
		count += strcmp(request->params[i].name, name) == 0;
	return count;
}

const char *wb_http_param(const struct wb_http_request *request, const char *name)
{
	if (wb_http_param_count(request, name) != 1)
		return NULL;
	for (size_t i = 0; i < request->params_count; i++) {
		if (strcmp(request->params[i].name, name) == 0)
			return request->params[i].value;
	}
	return NULL;
}
