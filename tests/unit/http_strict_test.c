/*
 * The strict check against every case of request smuggling that we know: each is fed whole, cut at every byte, and byte
 * by byte, and must get the same verdict each time; what stands behind a refused request is never taken.
 */
#include "gateway/http/strict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define H "Host: a\r\n"
#define BEHIND "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"
/* A literal with its length, since some hold NUL bytes. */
#define BYTES(text) (text), sizeof(text) - 1

static const struct wb_http_strict_limits limits = {
        .head_bytes_max = 400, .target_bytes_max = 100, .headers_max = 5, .body_bytes_max = 20};

struct result {
	size_t messages;
	enum wb_http_refusal refusal;
	size_t taken;
	bool started, close;
};

/* Feeds data in pieces that end at cut, and in ones of step bytes (0: no further cuts). */
static struct result feed(const char *data, size_t len, size_t cut, size_t step)
{
	struct wb_http_strict s;
	struct result r = {0};
	wb_http_strict_init(&s, &limits);
	while (r.taken < len) {
		size_t end = r.taken < cut ? cut : len, used;
		if (step && end - r.taken > step)
			end = r.taken + step;
		/* A copy of exactly that size, so that ASan sees a byte too far. */
		uint8_t *piece = malloc(end - r.taken);
		assert_non_null(piece);
		memcpy(piece, data + r.taken, end - r.taken);
		enum wb_http_verdict verdict = wb_http_strict_feed(&s, piece, end - r.taken, &used);
		free(piece);
		assert_true(used > 0 || verdict == WB_HTTP_REFUSED);
		r.taken += used;
		r.messages += verdict == WB_HTTP_MESSAGE;
		r.close = r.close || (verdict == WB_HTTP_MESSAGE && s.close);
		if (verdict == WB_HTTP_REFUSED) {
			r.refusal = s.refusal;
			assert_int_equal(wb_http_strict_feed(&s, (const uint8_t *)"G", 1, &used), WB_HTTP_REFUSED);
			assert_int_equal(used, 0);
			break;
		}
	}
	r.started = s.started;
	return r;
}

static struct result feed_all_ways(const char *data, size_t len)
{
	struct result whole = feed(data, len, len, 0);
	for (size_t cut = 1; cut <= len; cut++) {
		struct result r = feed(data, len, cut, cut == len ? 1 : 0);
		if (memcmp(&r.messages, &whole.messages, sizeof(r.messages)) != 0 || r.refusal != whole.refusal ||
		        r.taken != whole.taken || r.started != whole.started || r.close != whole.close)
			fail_msg("cut at %zu: another verdict for %s", cut, data);
	}
	return whole;
}

static const struct {
	const char *data;
	size_t len;
	enum wb_http_refusal refusal;
} refused[] = {
        /* lengths */
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\ncontent-length: 0\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length:  5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length:\t5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5 \r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5,5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 05\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5a\r\n\r\nhello"), WB_HTTP_REFUSED_LENGTH},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 21\r\n\r\n"), WB_HTTP_REFUSED_BODY_LARGE},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n"), WB_HTTP_REFUSED_BODY_LARGE},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 4294967301\r\n\r\n"), WB_HTTP_REFUSED_BODY_LARGE},
        {BYTES("GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"), WB_HTTP_REFUSED_BODY_UNEXPECTED},
        {BYTES("HEAD / HTTP/1.1\r\n" H "Content-Length: 33\r\n\r\n" BEHIND), WB_HTTP_REFUSED_BODY_UNEXPECTED},
        {BYTES("OPTIONS / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx"), WB_HTTP_REFUSED_BODY_UNEXPECTED},
        /* transfer codings */
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                WB_HTTP_REFUSED_LENGTH_AND_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
                WB_HTTP_REFUSED_LENGTH_AND_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "transfer-encoding: cHuNkEd\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
                WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\nhello"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\nhello"), WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                WB_HTTP_REFUSED_LENGTH_AND_CODING},
        {BYTES("GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"),
                WB_HTTP_REFUSED_CODING},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("POST / HTTP/1.1\r\n" H " Transfer-Encoding: chunked\r\n\r\n"), WB_HTTP_REFUSED_FOLD},
        {BYTES("POST / HTTP/1.1\r\n" H "X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n"), WB_HTTP_REFUSED_FOLD},
        {BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n"),
                WB_HTTP_REFUSED_CONTROL},
        /* line ends */
        {BYTES("GET / HTTP/1.1\nHost: a\r\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n\rX"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET\r\n"), WB_HTTP_REFUSED_LINE_END},
        {BYTES("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        /* headers */
        {BYTES("GET / HTTP/1.1\r\n" H "X-A : b\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H "X-A\t: b\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H ": empty\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H "X(A): b\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H "X\xc3\xa4: b\r\n\r\n"), WB_HTTP_REFUSED_HEADER},
        {BYTES("GET / HTTP/1.1\r\n" H "X-A: b\r\n c\r\n\r\n"), WB_HTTP_REFUSED_FOLD},
        {BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), WB_HTTP_REFUSED_FOLD},
        {BYTES("GET / HTTP/1.1\r\n" H "X\0A: b\r\n\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET / HTTP/1.1\r\n" H "X\x01: b\r\n\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET / HTTP/1.1\r\n" H "XA: b\0c\r\n\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET / HTTP/1.1\r\n" H "XA: b\x1b[1m\r\n\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET / HTTP/1.1\r\n" H "XA: b\x7f\r\n\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET / HTTP/1.1\r\n" H "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n"), WB_HTTP_REFUSED_HEAD_LARGE},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"), WB_HTTP_REFUSED_EXPECT},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 50\r\nExpect: 100-continue\r\n\r\n"),
                WB_HTTP_REFUSED_BODY_LARGE},
        /* Host */
        {BYTES("GET / HTTP/1.1\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\n" H "Host: a\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\n" H "hOST: b\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET http://b/ HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET http://a:81/ HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_HOST},
        {BYTES("GET http://u@a/ HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET http:///x HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET http://a HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET a:80 HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("OPTIONS * HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        /* request line and versions */
        {BYTES("GET  /x HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("GET /x  HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES(" GET /x HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("GET\t/x HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("GET /x\tHTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /x\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("GET /x HTTP/1.1a\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("GET /x http/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("GET /x HTTP/1.0\r\n\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("GET /x HTTP/1.2\r\n" H "\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("GET /x HTTP/0.9\r\n" H "\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("GET /x HTTP/2.0\r\n" H "\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), WB_HTTP_REFUSED_VERSION},
        {BYTES("BREW / HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_METHOD_UNKNOWN},
        {BYTES("get / HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_METHOD_UNKNOWN},
        {BYTES("GETGETGETGETGETGETGET / HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_METHOD_UNKNOWN},
        {BYTES("TRACE / HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_METHOD_NOT_SERVED},
        {BYTES("CONNECT a:80 HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_METHOD_NOT_SERVED},
        {BYTES("G(T / HTTP/1.1\r\n" H "\r\n"), WB_HTTP_REFUSED_REQUEST_LINE},
        {BYTES("\x16\x03\x01\x02"), WB_HTTP_REFUSED_CONTROL},
        {BYTES("\0"), WB_HTTP_REFUSED_CONTROL},
        /* targets */
        {BYTES("GET /%00 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /?a=%00 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%0a HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%7f HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a/%2e%2e/b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a/%2E%2e HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a/.%2e?x HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /.. HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /./a HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a/../b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET // HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a//b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET //a/b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET http://a//b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a%2fb HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a%2Fb HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a%5cb HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a\\b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a#b HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a%2 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a% HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /a%g0 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /\xe4\xb8\xad HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%ff HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%c0%af HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%e0%80%af HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%ed%a0%80 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%f4%90%80%80 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%e4%b8 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%e4%b8/a HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%e4%b8?%ad HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%e4%b8a HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /%80 HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /?%ff HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
        {BYTES("GET /?a=%e4%b8& HTTP/1.1\r\n"), WB_HTTP_REFUSED_TARGET},
};

static void refuses_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct result r = feed_all_ways(refused[i].data, refused[i].len);
		if (r.refusal != refused[i].refusal || r.messages != 0)
			fail_msg("%s: %s after %zu requests, not %s", refused[i].data, wb_http_refusal_code(r.refusal),
			        r.messages, wb_http_refusal_code(refused[i].refusal));
		int status = wb_http_refusal_status(r.refusal);
		assert_true(status >= 400 && status < 600);
	}
}

/* The same behind a good request and in front of another: one is served, the refused one's rest never is. */
static void refuses_behind_a_good_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char data[1024];
		static const char before[] = "POST /before HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc";
		size_t len = sizeof(before) - 1;
		assert_true(len + refused[i].len + sizeof(BEHIND) < sizeof(data));
		memcpy(data, before, len);
		memcpy(data + len, refused[i].data, refused[i].len);
		len += refused[i].len;
		memcpy(data + len, BEHIND, sizeof(BEHIND));
		len += sizeof(BEHIND) - 1;
		struct result r = feed_all_ways(data, len);
		assert_int_equal(r.messages, 1);
		assert_int_equal(r.refusal, refused[i].refusal);
		assert_true(r.taken < len);
	}
}

static const struct {
	const char *data;
	size_t len;
	size_t messages;
} accepted[] = {
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1},
        {BYTES("GET /a/b/?x=1&y=%e4%b8%ad+z&k[]=/? HTTP/1.1\r\nHost: a.example:8443\r\nX: \xe4\xb8\xad\r\n\r\n"), 1},
        {BYTES("GET /%e4%b8%ad/...%2e./a%20b;c=d HTTP/1.1\r\nhost:[::1]:80\r\n\r\n"), 1},
        {BYTES("GET hTTp://A.example/x?y HTTP/1.1\r\nHost: a.EXAMPLE \r\n\r\n"), 1},
        {BYTES("GET https://[::1]:1/ HTTP/1.1\r\nHost: [::1]:1\r\n\r\n"), 1},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 20\r\n\r\n01234567890123456789"), 1},
        {BYTES("POST / HTTP/1.1\r\n" H "Content-Length:0\r\n\r\n"), 1},
        {BYTES("POST / HTTP/1.1\r\n" H "\r\n" BEHIND), 2},
        {BYTES("GET / HTTP/1.1\r\n" H "Content-Length: 0\r\nEmpty:\r\nTabbed:\ta\tb \r\n\r\n" BEHIND), 2},
        /* A request inside a declared body is the body. */
        {BYTES("PUT / HTTP/1.1\r\n" H "Content-Length: 18\r\n\r\nGET /in HTTP/1.1\r\n" BEHIND BEHIND), 3},
        {BYTES("DELETE / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n\0\r\n\xff"
               "PATCH / HTTP/1.1\r\n" H "\r\n"),
                2},
};

static void accepts_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct result r = feed_all_ways(accepted[i].data, accepted[i].len);
		if (r.refusal != WB_HTTP_REFUSED_NONE || r.messages != accepted[i].messages || r.started)
			fail_msg("%s: %s, %zu requests", accepted[i].data, wb_http_refusal_code(r.refusal), r.messages);
	}
}

static void knows_a_request_under_way(void **state)
{
	(void)state;
	assert_true(feed_all_ways(BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhell")).started);
	assert_true(feed_all_ways(BYTES("G")).started);
	assert_false(feed_all_ways(BYTES(BEHIND)).started);
}

static void knows_the_last_request(void **state)
{
	(void)state;
	assert_true(feed_all_ways(BYTES("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n")).close);
	assert_true(feed_all_ways(BYTES("GET / HTTP/1.1\r\n" H "Connection: x ,\tCLOSE\r\n\r\n")).close);
	assert_false(feed_all_ways(BYTES("GET / HTTP/1.1\r\n" H "Connection: keep-alive, closed\r\n\r\n")).close);
}

/* Lines and heads at each limit, and one over it. */
static void limits_hold_exactly(void **state)
{
	(void)state;
	char data[1024];
	for (size_t over = 0; over < 2; over++) {
		int len = snprintf(data, sizeof(data), "GET /%0*d HTTP/1.1\r\n" H "\r\n", (int)(99 + over), 0);
		struct result r = feed_all_ways(data, (size_t)len);
		assert_int_equal(r.refusal, over ? WB_HTTP_REFUSED_TARGET_LONG : WB_HTTP_REFUSED_NONE);

		len = snprintf(data, sizeof(data), "GET / HTTP/1.1\r\n" H "X: %0*d\r\n\r\n",
		        (int)(400 - sizeof("GET / HTTP/1.1\r\n" H "X: \r\n\r\n") + 1 + over), 0);
		assert_int_equal(len, (int)(400 + over));
		r = feed_all_ways(data, (size_t)len);
		assert_int_equal(r.refusal, over ? WB_HTTP_REFUSED_HEAD_LARGE : WB_HTTP_REFUSED_NONE);

		len = snprintf(data, sizeof(data), "GET / HTTP/1.1\r\n" H "%0*d: x\r\n\r\n", (int)(64 + over), 0);
		r = feed_all_ways(data, (size_t)len);
		assert_int_equal(r.refusal, over ? WB_HTTP_REFUSED_HEAD_LARGE : WB_HTTP_REFUSED_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(refuses_each),
	        cmocka_unit_test(refuses_behind_a_good_one),
	        cmocka_unit_test(accepts_each),
	        cmocka_unit_test(knows_a_request_under_way),
	        cmocka_unit_test(knows_the_last_request),
	        cmocka_unit_test(limits_hold_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
