/*
 * The strict check: every byte of a connection goes through here before libevent's lenient parser may see it.
 *
 * A pure state machine over bytes, without memory of its own, clock or I/O; its verdict does not depend on how the
 * bytes were cut into reads. It knows where each request begins and ends, so that the gate (gate.h) can hand evhttp
 * whole requests only, and never a byte behind one that was refused. What it accepts is the part of RFC 9112 on which
 * all parsers agree; where the RFC leaves a choice it refuses:
 *
 * - HTTP/1.1 only; HTTP/1.0 is refused with 505, HTTP/0.9 with 400. Lines end in CR LF; no empty line in front.
 * - The target is an origin form, or an absolute http(s) form whose authority equals Host; no `*`, no fragment, no
 *   empty or dot segment, no encoded slash, backslash or control byte in the path, no %00, valid UTF-8 once decoded.
 * - A body needs one Content-Length of plain digits with at most one space in front; any Transfer-Encoding is 501.
 *   GET, HEAD and OPTIONS have no body (evhttp would not read HEAD's, and take it for the next request).
 * - Expect is answered 417: clients then send the body at once.
 *
 * Source of the cases: RFC 9112 sections 2.2, 3, 5, 6, 11 and the request smuggling literature.
 */
#ifndef WB_HTTP_STRICT_H
#define WB_HTTP_STRICT_H
#include "base/bytes.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a request was refused: name, status, code in the problem and the metrics. */
#define WB_HTTP_REFUSALS(X)                                                                                            \
	X(NONE, 200, "none")                                                                                           \
	X(LINE_END, 400, "bad-line-end")                                                                               \
	X(CONTROL, 400, "control-byte")                                                                                \
	X(REQUEST_LINE, 400, "bad-request-line")                                                                       \
	X(METHOD_UNKNOWN, 501, "unknown-method")                                                                       \
	X(METHOD_NOT_SERVED, 405, "method-not-served")                                                                 \
	X(TARGET, 400, "bad-target")                                                                                   \
	X(TARGET_LONG, 414, "target-too-long")                                                                         \
	X(VERSION, 505, "http-version")                                                                                \
	X(HEADER, 400, "bad-header")                                                                                   \
	X(FOLD, 400, "folded-header")                                                                                  \
	X(HEAD_LARGE, 431, "head-too-large")                                                                           \
	X(HOST, 400, "bad-host")                                                                                       \
	X(LENGTH, 400, "bad-content-length")                                                                           \
	X(LENGTH_AND_CODING, 400, "length-and-coding")                                                                 \
	X(CODING, 501, "transfer-coding")                                                                              \
	X(BODY_UNEXPECTED, 400, "unexpected-body")                                                                     \
	X(BODY_LARGE, 413, "body-too-large")                                                                           \
	X(EXPECT, 417, "expectation")                                                                                  \
	X(SLOW, 408, "too-slow")

enum wb_http_refusal {
#define X(name, status, code) WB_HTTP_REFUSED_##name,
	WB_HTTP_REFUSALS(X)
#undef X
	        WB_HTTP_REFUSAL_COUNT
};

int wb_http_refusal_status(enum wb_http_refusal refusal);
/* Static, lower case, e.g. "bad-host". */
const char *wb_http_refusal_code(enum wb_http_refusal refusal);

#define WB_HTTP_HEAD_BYTES_MAX (16u * 1024)
#define WB_HTTP_TARGET_BYTES_MAX (8u * 1024)
#define WB_HTTP_HEADERS_MAX 100u
#define WB_HTTP_BODY_BYTES_MAX (1024u * 1024)
#define WB_HTTP_NAME_BYTES_MAX 64u  /* of a header: 431 past it */
#define WB_HTTP_HOST_BYTES_MAX 255u /* of Host and of an absolute target's authority */

/* Set before the first byte. */
struct wb_http_strict_limits {
	size_t head_bytes_max; /* request line and headers with their ends */
	size_t target_bytes_max;
	size_t headers_max;
	size_t body_bytes_max;
};

enum wb_http_verdict {
	WB_HTTP_MORE,    /* all bytes taken, the request goes on */
	WB_HTTP_MESSAGE, /* one whole request ends here */
	WB_HTTP_REFUSED, /* for good: takes no further byte */
};

/* To be read only through the functions below, and the fields marked public. */
struct wb_http_strict {
	struct wb_http_strict_limits limits;
	enum wb_http_refusal refusal; /* public: why, after WB_HTTP_REFUSED */
	bool started;                 /* public: a request has begun and not ended */
	bool close;                   /* public: the message said `Connection: close` */
	uint8_t state, part, special, method;
	uint8_t escape, utf8_left, utf8_low, utf8_high; /* of the target's decoding */
	uint8_t dots;                                   /* of the segment so far; 3: something else */
	bool slash;                                     /* the path's last byte was a slash */
	bool length_seen, coding_seen, coding_twice, host_seen, expect_seen;
	bool spaced, value_begun;
	size_t head_bytes, target_bytes, headers;
	uint64_t body_left;
	size_t word_len, authority_len, host_len;
	char word[WB_HTTP_HOST_BYTES_MAX + 1]; /* method, version, scheme, name or value under way */
	char authority[WB_HTTP_HOST_BYTES_MAX + 1];
	char host[WB_HTTP_HOST_BYTES_MAX + 1];
};

/* A connection begins. */
void wb_http_strict_init(struct wb_http_strict *s, const struct wb_http_strict_limits *limits);
/*
 * Takes bytes up to the end of one request at most. ret_used: how many were taken; on WB_HTTP_MESSAGE the rest belongs
 * to the next request, to be fed anew; on WB_HTTP_REFUSED the rest must be thrown away. len may be 0.
 */
enum wb_http_verdict wb_http_strict_feed(struct wb_http_strict *s, const uint8_t *data, size_t len, size_t *ret_used);
#endif
