#include "base/log.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048

static const char *service_name = "weibao";
static enum wb_log_level least_level = WB_LOG_INFO;

struct line {
	char text[LINE_BYTES];
	size_t len;
};

static void put(struct line *l, const char *s, size_t n)
{
	size_t room = sizeof l->text - 4 - l->len; /* room for the closing "}\n" */
	if (n > room)
		n = room;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_quoted(struct line *l, const char *s)
{
	put_str(l, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char esc[8];
		if (c == '"' || c == '\\') {
			esc[0] = '\\';
			esc[1] = (char)c;
			put(l, esc, 2);
		} else if (c < 0x20) {
			int n = snprintf(esc, sizeof esc, "\\u%04x", c);
			put(l, esc, (size_t)n);
		} else {
			put(l, s, 1);
		}
	}
	put_str(l, "\"");
}

static void put_field(struct line *l, const char *name, const char *value)
{
	if (!value)
		return;
	put_str(l, ",\"");
	put_str(l, name);
	put_str(l, "\":");
	put_quoted(l, value);
}

void wb_log_init(const char *service, enum wb_log_level least)
{
	service_name = service;
	least_level = least;
}

static void put_fields(struct line *l, const struct wb_log_fields *f)
{
	char text[WB_ID_TEXT_BYTES];
	put_field(l, "tenant", f->tenant);
	put_field(l, "stream", f->stream);
	if (f->position) {
		int n = snprintf(text, sizeof text, "%llu", (unsigned long long)f->position);
		put_str(l, ",\"position\":");
		put(l, text, (size_t)n);
	}
	if (f->command_id) {
		wb_id_text(*f->command_id, text);
		put_field(l, "command_id", text);
	}
	put_field(l, "trace_id", f->trace_id);
}

void wb_log(enum wb_log_level level, const struct wb_log_fields *fields, const char *fmt, ...)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	if (level < least_level)
		return;
	char msg[1024], ts[64];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(msg, sizeof msg, fmt, args);
	va_end(args);
	struct wb_clock clock = wb_clock_system();
	int64_t now = clock.wall_us(clock.ctx);
	time_t sec = (time_t)(now / WB_SECOND_US);
	struct tm tm;
	(void)gmtime_r(&sec, &tm);
	size_t n = strftime(ts, sizeof ts, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ts + n, sizeof ts - n, ".%06dZ", (int)(now % WB_SECOND_US));
	struct line l = {.len = 0};
	put_str(&l, "{\"ts\":");
	put_quoted(&l, ts);
	put_field(&l, "level", levels[level]);
	put_field(&l, "svc", service_name);
	put_field(&l, "msg", msg);
	if (fields)
		put_fields(&l, fields);
	l.text[l.len++] = '}';
	l.text[l.len++] = '\n';
	ssize_t done = write(STDERR_FILENO, l.text, l.len);
	(void)done; /* a log line that cannot be written has nowhere to be reported */
}
