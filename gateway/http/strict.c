#include "gateway/http/strict.h"
#include "base/err.h"
#include <string.h>

enum state {
	S_METHOD,
	S_TARGET_BEGIN,
	S_SCHEME,
	S_AUTHORITY,
	S_PATH,
	S_QUERY,
	S_VERSION,
	S_LINE_LF, /* of the request line */
	S_NAME_BEGIN,
	S_NAME,
	S_VALUE,
	S_VALUE_LF,
	S_HEAD_LF, /* of the empty line */
	S_BODY,
	S_REFUSED
};
enum special { PLAIN, LENGTH, CODING, HOST, EXPECT, CONNECTION };
enum method { M_BODY, M_NO_BODY };
enum { DOTS_OTHER = 3 };

static const struct {
	int status;
	const char *code;
} refusals[] = {
#define X(name, status, code) {status, code},
        WB_HTTP_REFUSALS(X)
#undef X
};

int wb_http_refusal_status(enum wb_http_refusal refusal)
{
	WB_ASSERT(refusal < WB_HTTP_REFUSAL_COUNT);
	return refusals[refusal].status;
}

const char *wb_http_refusal_code(enum wb_http_refusal refusal)
{
	WB_ASSERT(refusal < WB_HTTP_REFUSAL_COUNT);
	return refusals[refusal].code;
}

/* ---- bytes ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool among(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

static uint8_t lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* ASCII only: strcasecmp depends on the locale, and a Turkish one does not find TRANSFER-ENCODING. */
static bool equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

/* RFC 9110 5.6.2 */
static bool is_token(uint8_t c)
{
	return is_alnum(c) || among(c, "!#$%&'*+-.^_`|~");
}

/* RFC 3986 3.3: what a path may hold besides escapes and slashes. */
static bool is_path(uint8_t c)
{
	return is_alnum(c) || among(c, "-._~!$&'()*+,;=:@");
}

/* Browsers leave brackets of a query as they are. */
static bool is_query(uint8_t c)
{
	return is_path(c) || among(c, "/?[]");
}

static int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum wb_http_refusal line_fault(uint8_t c)
{
	return c == '\n' || c == '\r' ? WB_HTTP_REFUSED_LINE_END : WB_HTTP_REFUSED_CONTROL;
}

static bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

/* ---- the word under way ---- */

static void word_reset(struct wb_http_strict *s)
{
	s->word_len = 0;
}

static bool word_add(struct wb_http_strict *s, uint8_t c, size_t max)
{
	if (s->word_len >= max)
		return false;
	s->word[s->word_len++] = (char)c;
	s->word[s->word_len] = '\0';
	return true;
}

static bool word_is_nocase(const struct wb_http_strict *s, const char *text)
{
	return s->word_len == strlen(text) && equal_nocase(s->word, text, s->word_len);
}

static bool word_begins_nocase(const struct wb_http_strict *s, const char *text)
{
	return s->word_len <= strlen(text) && equal_nocase(s->word, text, s->word_len);
}

static bool word_is(const struct wb_http_strict *s, const char *text)
{
	return s->word_len == strlen(text) && memcmp(s->word, text, s->word_len) == 0;
}

/* ---- request line ---- */

static enum wb_http_refusal method_end(struct wb_http_strict *s)
{
	static const struct {
		const char *name;
		enum method method;
	} served[] = {{"GET", M_NO_BODY}, {"HEAD", M_NO_BODY}, {"OPTIONS", M_NO_BODY}, {"POST", M_BODY},
	        {"PUT", M_BODY}, {"PATCH", M_BODY}, {"DELETE", M_BODY}};
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		if (word_is(s, served[i].name)) {
			s->method = (uint8_t)served[i].method;
			s->state = S_TARGET_BEGIN;
			return WB_HTTP_REFUSED_NONE;
		}
	}
	if (word_is(s, "CONNECT") || word_is(s, "TRACE"))
		return WB_HTTP_REFUSED_METHOD_NOT_SERVED;
	/* The preface of HTTP/2 without an agreement. */
	return word_is(s, "PRI") ? WB_HTTP_REFUSED_VERSION : WB_HTTP_REFUSED_METHOD_UNKNOWN;
}

static enum wb_http_refusal method_byte(struct wb_http_strict *s, uint8_t c)
{
	if (c == ' ' && s->word_len > 0)
		return method_end(s);
	if (c == '\r' || c == '\n')
		return WB_HTTP_REFUSED_LINE_END;
	if (!is_token(c))
		return is_control(c) ? WB_HTTP_REFUSED_CONTROL : WB_HTTP_REFUSED_REQUEST_LINE;
	return word_add(s, c, 16) ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_METHOD_UNKNOWN;
}

static void segment_begin(struct wb_http_strict *s)
{
	s->dots = 0;
	s->slash = true;
}

/* An empty segment is one that ends in the slash that began it; dot segments would be resolved differently by others.
 */
static enum wb_http_refusal segment_end(const struct wb_http_strict *s, bool last)
{
	if (s->slash && !last)
		return WB_HTTP_REFUSED_TARGET;
	return s->dots == 1 || s->dots == 2 ? WB_HTTP_REFUSED_TARGET : WB_HTTP_REFUSED_NONE;
}

/* One decoded byte: UTF-8 without overlong forms and surrogates, and what a path may not hold even encoded. */
static enum wb_http_refusal target_decoded(struct wb_http_strict *s, uint8_t c)
{
	if (s->utf8_left > 0) {
		if (c < s->utf8_low || c > s->utf8_high)
			return WB_HTTP_REFUSED_TARGET;
		s->utf8_low = 0x80;
		s->utf8_high = 0xbf;
		s->utf8_left--;
	} else if (c >= 0x80) {
		if (c < 0xc2 || c > 0xf4)
			return WB_HTTP_REFUSED_TARGET;
		s->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		s->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		s->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	} else if (c == 0) {
		return WB_HTTP_REFUSED_TARGET;
	}
	if (s->part != S_PATH)
		return WB_HTTP_REFUSED_NONE;
	if (is_control(c) || c == '/' || c == '\\')
		return WB_HTTP_REFUSED_TARGET;
	s->dots = c == '.' && s->dots < DOTS_OTHER ? (uint8_t)(s->dots + 1) : DOTS_OTHER;
	s->slash = false;
	return WB_HTTP_REFUSED_NONE;
}

static enum wb_http_refusal escape_byte(struct wb_http_strict *s, uint8_t c)
{
	int value = hex_value(c);
	if (value < 0)
		return WB_HTTP_REFUSED_TARGET;
	if (s->escape == 1) {
		s->escape = 2;
		s->word[0] = (char)value;
		return WB_HTTP_REFUSED_NONE;
	}
	s->escape = 0;
	return target_decoded(s, (uint8_t)((uint8_t)s->word[0] << 4 | (uint8_t)value));
}

static enum wb_http_refusal target_end(struct wb_http_strict *s, uint8_t next)
{
	enum wb_http_refusal refusal = WB_HTTP_REFUSED_NONE;
	if (s->utf8_left > 0)
		return WB_HTTP_REFUSED_TARGET;
	if (s->part == S_PATH)
		refusal = segment_end(s, true);
	s->state = s->part = next;
	word_reset(s);
	return refusal;
}

/* A byte of the path or the query. */
static enum wb_http_refusal target_byte(struct wb_http_strict *s, uint8_t c)
{
	enum wb_http_refusal refusal;
	if (s->escape)
		return escape_byte(s, c);
	if (c == ' ')
		return target_end(s, S_VERSION);
	if (c == '%') {
		s->escape = 1;
		return WB_HTTP_REFUSED_NONE;
	}
	if (s->part == S_PATH && c == '?')
		return target_end(s, S_QUERY);
	if (s->part == S_PATH && c == '/') {
		refusal = s->utf8_left > 0 ? WB_HTTP_REFUSED_TARGET : segment_end(s, false);
		segment_begin(s);
		return refusal;
	}
	if (s->part == S_PATH ? is_path(c) : is_query(c))
		return target_decoded(s, c);
	/* A line that ends here is HTTP/0.9. */
	return c == '\r' || c == '\n' ? WB_HTTP_REFUSED_REQUEST_LINE : WB_HTTP_REFUSED_TARGET;
}

static void path_begin(struct wb_http_strict *s)
{
	s->state = s->part = S_PATH;
	segment_begin(s);
}

static enum wb_http_refusal target_begin(struct wb_http_strict *s, uint8_t c)
{
	if (c == '/') {
		path_begin(s);
		return WB_HTTP_REFUSED_NONE;
	}
	if (c == ' ')
		return WB_HTTP_REFUSED_REQUEST_LINE;
	s->state = S_SCHEME;
	word_reset(s);
	return is_alnum(c) && word_add(s, c, 8) ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_TARGET;
}

static enum wb_http_refusal scheme_byte(struct wb_http_strict *s, uint8_t c)
{
	if (!word_add(s, c, 8))
		return WB_HTTP_REFUSED_TARGET;
	if (word_is_nocase(s, "http://") || word_is_nocase(s, "https://")) {
		s->state = S_AUTHORITY;
		s->authority_len = 0;
		return WB_HTTP_REFUSED_NONE;
	}
	bool prefix = word_begins_nocase(s, "http://") || word_begins_nocase(s, "https://");
	return prefix ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_TARGET;
}

static enum wb_http_refusal authority_byte(struct wb_http_strict *s, uint8_t c)
{
	if (c == '/') {
		path_begin(s);
		return s->authority_len > 0 ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_TARGET;
	}
	if (!(is_alnum(c) || among(c, "-._~:[]")) || s->authority_len >= WB_HTTP_HOST_BYTES_MAX)
		return WB_HTTP_REFUSED_TARGET;
	s->authority[s->authority_len++] = (char)c;
	return WB_HTTP_REFUSED_NONE;
}

static enum wb_http_refusal version_byte(struct wb_http_strict *s, uint8_t c)
{
	static const char shape[] = "HTTP/#.#";
	if (s->word_len == sizeof(shape) - 1) {
		if (c != '\r')
			return c == '\n' ? WB_HTTP_REFUSED_LINE_END : WB_HTTP_REFUSED_REQUEST_LINE;
		s->state = S_LINE_LF;
		return word_is(s, "HTTP/1.1") ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_VERSION;
	}
	char want = shape[s->word_len];
	if (want == '#' ? !is_digit(c) : (char)c != want)
		return WB_HTTP_REFUSED_REQUEST_LINE;
	return word_add(s, c, sizeof(shape)) ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_REQUEST_LINE;
}

/* ---- headers ---- */

static enum wb_http_refusal name_end(struct wb_http_strict *s)
{
	static const struct {
		const char *name;
		enum special special;
	} known[] = {{"Content-Length", LENGTH}, {"Transfer-Encoding", CODING}, {"Host", HOST}, {"Expect", EXPECT},
	        {"Connection", CONNECTION}};
	s->special = PLAIN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (word_is_nocase(s, known[i].name))
			s->special = (uint8_t)known[i].special;
	}
	s->state = S_VALUE;
	s->spaced = s->value_begun = false;
	word_reset(s);
	return WB_HTTP_REFUSED_NONE;
}

static enum wb_http_refusal name_byte(struct wb_http_strict *s, uint8_t c)
{
	if (c == ':' && s->word_len > 0)
		return name_end(s);
	if (!is_token(c)) {
		if (c == '\n' && s->state == S_NAME_BEGIN)
			return WB_HTTP_REFUSED_LINE_END;
		return is_control(c) && c != '\r' && c != '\n' && c != '\t' ? WB_HTTP_REFUSED_CONTROL
		                                                            : WB_HTTP_REFUSED_HEADER;
	}
	s->state = S_NAME;
	return word_add(s, c, WB_HTTP_NAME_BYTES_MAX) ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_HEAD_LARGE;
}

static enum wb_http_refusal name_begin(struct wb_http_strict *s, uint8_t c)
{
	if (c == '\r') {
		s->state = S_HEAD_LF;
		return WB_HTTP_REFUSED_NONE;
	}
	if (c == ' ' || c == '\t')
		return WB_HTTP_REFUSED_FOLD;
	if (++s->headers > s->limits.headers_max)
		return WB_HTTP_REFUSED_HEAD_LARGE;
	word_reset(s);
	return name_byte(s, c);
}

static enum wb_http_refusal length_end(struct wb_http_strict *s)
{
	if (s->length_seen)
		return WB_HTTP_REFUSED_LENGTH;
	s->length_seen = true;
	if (s->word_len == 0 || (s->word_len > 1 && s->word[0] == '0'))
		return WB_HTTP_REFUSED_LENGTH;
	if (s->word_len > 18)
		return WB_HTTP_REFUSED_BODY_LARGE;
	s->body_left = 0;
	for (size_t i = 0; i < s->word_len; i++)
		s->body_left = s->body_left * 10 + (uint64_t)(s->word[i] - '0');
	return WB_HTTP_REFUSED_NONE;
}

/* host or [v6 address], then maybe a colon and digits. */
static bool host_valid(const char *host, size_t len)
{
	size_t i = 0;
	if (len > 0 && host[0] == '[') {
		for (i = 1; i < len && host[i] != ']'; i++) {
			if (hex_value((uint8_t)host[i]) < 0 && !among((uint8_t)host[i], ":."))
				return false;
		}
		if (i < 3 || i == len)
			return false;
		i++;
	} else {
		while (i < len && (is_alnum((uint8_t)host[i]) || among((uint8_t)host[i], "-._~")))
			i++;
		if (i == 0)
			return false;
	}
	if (i == len)
		return true;
	size_t digits = len - i - 1;
	if (host[i] != ':' || digits == 0 || digits > 5)
		return false;
	for (i++; i < len; i++) {
		if (!is_digit((uint8_t)host[i]))
			return false;
	}
	return true;
}

static enum wb_http_refusal host_end(struct wb_http_strict *s)
{
	if (s->host_seen || !host_valid(s->word, s->word_len))
		return WB_HTTP_REFUSED_HOST;
	s->host_seen = true;
	memcpy(s->host, s->word, s->word_len);
	s->host_len = s->word_len;
	return WB_HTTP_REFUSED_NONE;
}

static bool lists_close(const struct wb_http_strict *s)
{
	for (size_t at = 0; at < s->word_len;) {
		size_t begin = at;
		while (at < s->word_len && s->word[at] != ',')
			at++;
		size_t end = at++;
		while (begin < end && among((uint8_t)s->word[begin], " \t"))
			begin++;
		while (end > begin && among((uint8_t)s->word[end - 1], " \t"))
			end--;
		if (end - begin == 5 && equal_nocase(s->word + begin, "close", 5))
			return true;
	}
	return false;
}

static enum wb_http_refusal value_end(struct wb_http_strict *s)
{
	s->state = S_VALUE_LF;
	switch ((enum special)s->special) {
	case PLAIN:
		break;
	case LENGTH:
		return length_end(s);
	case CODING:
		s->coding_twice = s->coding_seen;
		s->coding_seen = true;
		break;
	case HOST:
		while (s->word_len > 0 && among((uint8_t)s->word[s->word_len - 1], " \t"))
			s->word_len--;
		return host_end(s);
	case EXPECT:
		s->expect_seen = true;
		break;
	case CONNECTION:
		s->close = s->close || lists_close(s);
		break;
	}
	return WB_HTTP_REFUSED_NONE;
}

static enum wb_http_refusal value_byte(struct wb_http_strict *s, uint8_t c)
{
	if (c == '\r')
		return value_end(s);
	if (c != '\t' && is_control(c))
		return line_fault(c);
	if (s->special == PLAIN || s->special == EXPECT || s->special == CODING)
		return WB_HTTP_REFUSED_NONE;
	if (s->special == LENGTH) {
		if (c == ' ' && !s->spaced && !s->value_begun) {
			s->spaced = true;
			return WB_HTTP_REFUSED_NONE;
		}
		s->value_begun = true;
		if (!is_digit(c))
			return WB_HTTP_REFUSED_LENGTH;
		return word_add(s, c, WB_HTTP_HOST_BYTES_MAX) ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_LENGTH;
	}
	if (!s->value_begun && (c == ' ' || c == '\t'))
		return WB_HTTP_REFUSED_NONE;
	s->value_begun = true;
	if (word_add(s, c, WB_HTTP_HOST_BYTES_MAX))
		return WB_HTTP_REFUSED_NONE;
	return s->special == HOST ? WB_HTTP_REFUSED_HOST : WB_HTTP_REFUSED_HEAD_LARGE;
}

/* ---- a whole head ---- */

static enum wb_http_refusal head_end(struct wb_http_strict *s)
{
	if (s->coding_seen)
		return s->length_seen || s->coding_twice ? WB_HTTP_REFUSED_LENGTH_AND_CODING : WB_HTTP_REFUSED_CODING;
	if (!s->host_seen)
		return WB_HTTP_REFUSED_HOST;
	if (s->authority_len > 0 &&
	        (s->authority_len != s->host_len || !equal_nocase(s->authority, s->host, s->host_len)))
		return WB_HTTP_REFUSED_HOST;
	if (s->body_left > 0 && s->method == M_NO_BODY)
		return WB_HTTP_REFUSED_BODY_UNEXPECTED;
	if (s->body_left > s->limits.body_bytes_max)
		return WB_HTTP_REFUSED_BODY_LARGE;
	if (s->expect_seen)
		return WB_HTTP_REFUSED_EXPECT;
	s->state = S_BODY;
	return WB_HTTP_REFUSED_NONE;
}

static enum wb_http_refusal expect_lf(struct wb_http_strict *s, uint8_t c, enum state next)
{
	s->state = (uint8_t)next;
	return c == '\n' ? WB_HTTP_REFUSED_NONE : WB_HTTP_REFUSED_LINE_END;
}

static enum wb_http_refusal head_byte(struct wb_http_strict *s, uint8_t c)
{
	switch ((enum state)s->state) {
	case S_METHOD:
		return method_byte(s, c);
	case S_TARGET_BEGIN:
		return target_begin(s, c);
	case S_SCHEME:
		return scheme_byte(s, c);
	case S_AUTHORITY:
		return authority_byte(s, c);
	case S_PATH:
	case S_QUERY:
		return target_byte(s, c);
	case S_VERSION:
		return version_byte(s, c);
	case S_LINE_LF:
		return expect_lf(s, c, S_NAME_BEGIN);
	case S_NAME_BEGIN:
		return name_begin(s, c);
	case S_NAME:
		return name_byte(s, c);
	case S_VALUE:
		return value_byte(s, c);
	case S_VALUE_LF:
		return expect_lf(s, c, S_NAME_BEGIN);
	case S_HEAD_LF:
		return c == '\n' ? head_end(s) : WB_HTTP_REFUSED_LINE_END;
	case S_BODY:
	case S_REFUSED:
		break;
	}
	return s->refusal;
}

static enum wb_http_refusal counted_byte(struct wb_http_strict *s, uint8_t c)
{
	if (s->state >= S_TARGET_BEGIN && s->state <= S_QUERY && c != ' ' &&
	        ++s->target_bytes > s->limits.target_bytes_max)
		return WB_HTTP_REFUSED_TARGET_LONG;
	if (++s->head_bytes > s->limits.head_bytes_max)
		return WB_HTTP_REFUSED_HEAD_LARGE;
	return head_byte(s, c);
}

static void message_reset(struct wb_http_strict *s)
{
	struct wb_http_strict_limits limits = s->limits;
	memset(s, 0, offsetof(struct wb_http_strict, word));
	s->limits = limits;
	s->state = S_METHOD;
}

void wb_http_strict_init(struct wb_http_strict *s, const struct wb_http_strict_limits *limits)
{
	memset(s, 0, sizeof(*s));
	s->limits = *limits;
	message_reset(s);
}

static enum wb_http_verdict message_end(struct wb_http_strict *s)
{
	bool close = s->close;
	message_reset(s);
	s->close = close;
	return WB_HTTP_MESSAGE;
}

enum wb_http_verdict wb_http_strict_feed(struct wb_http_strict *s, const uint8_t *data, size_t len, size_t *ret_used)
{
	size_t at = 0;
	while (at < len && s->state != S_BODY && s->state != S_REFUSED) {
		if (!s->started)
			s->close = false;
		s->started = true;
		s->refusal = counted_byte(s, data[at++]);
		if (s->refusal != WB_HTTP_REFUSED_NONE)
			s->state = S_REFUSED;
	}
	if (s->state == S_BODY) {
		size_t take = len - at < s->body_left ? len - at : (size_t)s->body_left;
		s->body_left -= take;
		at += take;
	}
	*ret_used = at;
	if (s->state == S_REFUSED)
		return WB_HTTP_REFUSED;
	return s->state == S_BODY && s->body_left == 0 ? message_end(s) : WB_HTTP_MORE;
}
