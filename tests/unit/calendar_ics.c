/* iCalendar files: the shipped ones, what feeds look like, and what must be refused. */
#include "calendar_made.h"
#include "calendar/ics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BEGIN "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//ZH\r\n"
#define END "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\nUID:1\r\n" lines "END:VEVENT\r\n"
#define ON(date) "DTSTART;VALUE=DATE:" date "\r\n"
#define TO(date) "DTEND;VALUE=DATE:" date "\r\n"
#define SAYS(text) "SUMMARY:" text "\r\n"

static struct wb_arena arena;

static int arena_begin(void **unused)
{
	(void)unused;
	wb_arena_init(&arena, 8 << 20);
	return 0;
}

static int arena_end(void **unused)
{
	(void)unused;
	wb_arena_done(&arena);
	return 0;
}

static struct wb_ics_days read_ok(const char *text, enum wb_ics_plain plain)
{
	struct wb_ics_problem p = {.code = WB_ICS_PROBLEM_NONE};
	struct wb_ics_days days = {.n = 0};
	enum wb_err err = wb_ics_read(text, strlen(text), plain, &arena, &days, &p);

	if (err)
		fail_msg("%s: %s at line %u", wb_err_name(err), wb_ics_problem_name(p.code), p.line);
	return days;
}

static void shipped(void **unused)
{
	static char text[65536];
	static const char *const closed[] = {"2026-01-01", "2026-01-03", "2026-02-15", "2026-02-23", "2026-04-04",
	        "2026-04-06", "2026-05-01", "2026-05-05", "2026-06-19", "2026-06-21", "2026-09-25", "2026-09-27",
	        "2026-10-01", "2026-10-07"};
	static const char *const work[] = {
	        "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"};
	FILE *f = fopen("ops/calendars/cn-2026.ics", "rb");
	size_t found = 0, works = 0;

	(void)unused;
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	struct wb_ics_days d = read_ok(text, WB_ICS_PLAIN_IGNORED);
	for (size_t i = 0; i < d.n; i++) {
		if (i > 0)
			assert_true(d.days[i].day > d.days[i - 1].day);
		for (size_t k = 0; k < sizeof(closed) / sizeof(closed[0]); k++)
			found += d.days[i].kind == WB_ICS_CLOSED && d.days[i].day == day(closed[k]);
		for (size_t k = 0; k < sizeof(work) / sizeof(work[0]); k++)
			found += d.days[i].kind == WB_ICS_WORK && d.days[i].day == day(work[k]);
		works += d.days[i].kind == WB_ICS_WORK;
		/* A moved working day is a Saturday or a Sunday, else it would move nothing. */
		if (d.days[i].kind == WB_ICS_WORK)
			assert_true(wb_day_weekday(d.days[i].day) >= 5);
	}
	assert_int_equal(found, 20);
	assert_int_equal(works, 6);
	assert_int_equal(d.n, 3 + 9 + 3 + 5 + 3 + 3 + 7 + 6);
	assert_int_equal(d.ignored, 0);
	f = fopen("ops/calendars/cn-2027.ics", "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	d = read_ok(text, WB_ICS_PLAIN_IGNORED);
	/* The thirteen days of the law. */
	assert_int_equal(d.n, 13);
	for (size_t i = 0; i < d.n; i++)
		assert_int_equal(d.days[i].kind, WB_ICS_CLOSED);
}

static void kinds(void **unused)
{
	static const struct {
		const char *lines;
		int closed, work, ignored;
	} cases[] = {
	        {EVENT(ON("20260214") SAYS("春节（班）")), 0, 1, 0},
	        {EVENT(ON("20260214") SAYS("春节 补班 第1天/共2天")), 0, 1, 0},
	        {EVENT(ON("20260214") SAYS("春节调休上班")), 0, 1, 0},
	        {EVENT(ON("20260215") SAYS("春节（休）")), 1, 0, 0},
	        {EVENT(ON("20260215") SAYS("春节 假期 第1天/共9天")), 1, 0, 0},
	        {EVENT(ON("20260215") TO("20260224") SAYS("春节假期")), 9, 0, 0},
	        {EVENT(ON("20260215") "DURATION:P3D\r\n" SAYS("假")), 3, 0, 0},
	        {EVENT(ON("20260308") SAYS("妇女节")), 0, 0, 1},
	        {EVENT(ON("20260214") SAYS("x") "X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\n"), 0, 1, 0},
	        {EVENT(ON("20260215") SAYS("班") "X-APPLE-SPECIAL-DAY:WORK-HOLIDAY\r\n"), 1, 0, 0},
	        {EVENT(ON("20260214") SAYS("休") "X-WEIBAO-DAY:WORK\r\n"), 0, 1, 0},
	        {EVENT(ON("20260214") SAYS("班") "X-WEIBAO-DAY:closed\r\n"), 1, 0, 0},
	        {EVENT(ON("20260215") SAYS("休") "STATUS:CANCELLED\r\n"), 0, 0, 1},
	        {EVENT(ON("20260215") SAYS("休")) EVENT(ON("20260215") SAYS("假")), 1, 0, 0},
	        {EVENT(ON("20260215") SAYS("休") "DESCRIPTION:\r\n"), 1, 0, 0},
	        {EVENT(ON("20260215") "SUMMARY:春节\r\n （休）\r\n"), 1, 0, 0},
	        {EVENT(ON("20260215") "SUMMARY;LANGUAGE=zh:春节（休）\r\n"
	                              "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:x\r\nEND:"
	                              "VALARM\r\n"),
	                1, 0, 0},
	        {"", 0, 0, 0},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		int closed = 0, work = 0;

		(void)snprintf(text, sizeof(text), "\xEF\xBB\xBF" BEGIN "%s" END, cases[i].lines);
		struct wb_ics_days d = read_ok(text, WB_ICS_PLAIN_IGNORED);
		for (size_t k = 0; k < d.n; k++)
			*(d.days[k].kind == WB_ICS_WORK ? &work : &closed) += 1;
		if (closed != cases[i].closed || work != cases[i].work || (int)d.ignored != cases[i].ignored)
			fail_msg("case %zu: %d closed, %d work, %zu ignored", i, closed, work, d.ignored);
	}
	struct wb_ics_days d = read_ok(BEGIN EVENT(ON("20261225") SAYS("Weihnachten")) END, WB_ICS_PLAIN_CLOSED);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.days[0].day, day("2026-12-25"));
	assert_string_equal(d.days[0].name, "Weihnachten");
}

static void refused(void **unused)
{
	static const struct {
		const char *text;
		enum wb_ics_problem_code code;
		uint32_t line, event;
	} cases[] = {
	        {"", WB_ICS_PROBLEM_NOT_A_CALENDAR, 1, 0},
	        {"hello\n", WB_ICS_PROBLEM_NOT_A_CALENDAR, 1, 0},
	        {BEGIN EVENT(ON("20260215") SAYS("休")), WB_ICS_PROBLEM_NOT_A_CALENDAR, 8, 0},
	        {BEGIN "BEGIN:VEVENT\r\n" END, WB_ICS_PROBLEM_NOT_A_CALENDAR, 5, 0},
	        {BEGIN END BEGIN END, WB_ICS_PROBLEM_NOT_A_CALENDAR, 5, 0},
	        {BEGIN "X\xFF\r\n" END, WB_ICS_PROBLEM_NOT_TEXT, 0, 0},
	        {BEGIN EVENT(SAYS("休")) END, WB_ICS_PROBLEM_NO_DATE, 4, 1},
	        {BEGIN EVENT("DTSTART:20260215T090000Z\r\n" SAYS("休")) END, WB_ICS_PROBLEM_NO_DATE, 4, 1},
	        {BEGIN EVENT(ON("20260215") SAYS("休")) EVENT(ON("2026-02-16") SAYS("休")) END,
	                WB_ICS_PROBLEM_EVENT_MALFORMED, 11, 2},
	        {BEGIN EVENT(ON("20260230") SAYS("休")) END, WB_ICS_PROBLEM_EVENT_MALFORMED, 4, 1},
	        {BEGIN EVENT(ON("18991231") SAYS("休")) END, WB_ICS_PROBLEM_DATE_RANGE, 4, 1},
	        {BEGIN EVENT(ON("21991231") TO("22000102") SAYS("休")) END, WB_ICS_PROBLEM_DATE_RANGE, 4, 1},
	        {BEGIN EVENT(ON("20260215") TO("20260215") SAYS("休")) END, WB_ICS_PROBLEM_END_BEFORE_START, 4, 1},
	        {BEGIN EVENT(ON("20260215") "DTEND:20260216T000000Z\r\n" SAYS("休")) END,
	                WB_ICS_PROBLEM_END_BEFORE_START, 4, 1},
	        {BEGIN EVENT(ON("20260215") "DURATION:PT5H\r\n" SAYS("休")) END, WB_ICS_PROBLEM_END_BEFORE_START, 4, 1},
	        {BEGIN EVENT(ON("20260215") TO("20260501") SAYS("休")) END, WB_ICS_PROBLEM_TOO_LONG, 4, 1},
	        {BEGIN EVENT(ON("20260215") "RRULE:FREQ=YEARLY\r\n" SAYS("休")) END, WB_ICS_PROBLEM_REPEATS, 4, 1},
	        {BEGIN EVENT(ON("20260215") "X-WEIBAO-DAY:MAYBE\r\n" SAYS("休")) END, WB_ICS_PROBLEM_KIND_UNKNOWN, 4,
	                1},
	        {BEGIN EVENT(ON("20260215") SAYS("休")) EVENT(ON("20260215") SAYS("班")) END, WB_ICS_PROBLEM_CONFLICT,
	                9, 2},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wb_ics_problem p = {.code = WB_ICS_PROBLEM_NONE};
		struct wb_ics_days d;
		enum wb_err err =
		        wb_ics_read(cases[i].text, strlen(cases[i].text), WB_ICS_PLAIN_IGNORED, &arena, &d, &p);

		if (err != WB_ERR_INVALID || p.code != cases[i].code || p.line != cases[i].line ||
		        p.event != cases[i].event)
			fail_msg("case %zu: %s, %s at line %u, event %u", i, wb_err_name(err),
			        wb_ics_problem_name(p.code), p.line, p.event);
	}
}

static void bounded(void **unused)
{
	size_t max = WB_ICS_BYTES_MAX + 1;
	char *text = malloc(max + 1);
	struct wb_ics_problem p;
	struct wb_ics_days d;
	size_t n = 0;

	(void)unused;
	assert_non_null(text);
	memset(text, 'x', max);
	assert_int_equal(wb_ics_read(text, max, WB_ICS_PLAIN_IGNORED, &arena, &d, &p), WB_ERR_INVALID);
	assert_int_equal(p.code, WB_ICS_PROBLEM_TOO_LARGE);
	memcpy(text, BEGIN, strlen(BEGIN));
	assert_int_equal(wb_ics_read(text, 8000, WB_ICS_PLAIN_IGNORED, &arena, &d, &p), WB_ERR_INVALID);
	assert_int_equal(p.code, WB_ICS_PROBLEM_LINE_LONG);
	assert_int_equal(p.line, 4);
	n = strlen(BEGIN);
	for (int i = 0; i <= WB_ICS_EVENTS_MAX; i++)
		n += (size_t)snprintf(text + n, max - n, "BEGIN:VEVENT\nEND:VEVENT\n");
	assert_int_equal(wb_ics_read(text, n, WB_ICS_PLAIN_IGNORED, &arena, &d, &p), WB_ERR_INVALID);
	assert_int_equal(p.code, WB_ICS_PROBLEM_EVENTS_MANY);
	n = strlen(BEGIN);
	for (int i = 0; i <= WB_CALENDAR_SPECIALS_MAX; i++) {
		struct wb_date date = wb_day_date(20000 + i);

		n += (size_t)snprintf(text + n, max - n,
		        "BEGIN:VEVENT\nDTSTART;VALUE=DATE:%04d%02u%02u\nSUMMARY:休\nEND:VEVENT\n", date.year,
		        date.month, date.day);
	}
	n += (size_t)snprintf(text + n, max - n, END);
	assert_int_equal(wb_ics_read(text, n, WB_ICS_PLAIN_IGNORED, &arena, &d, &p), WB_ERR_INVALID);
	assert_int_equal(p.code, WB_ICS_PROBLEM_DAYS_MANY);
	assert_int_equal(p.event, WB_CALENDAR_SPECIALS_MAX + 1);
	struct wb_arena small;
	wb_arena_init(&small, 1000);
	assert_int_equal(wb_ics_read(text, n, WB_ICS_PLAIN_IGNORED, &small, &d, &p), WB_ERR_MEMORY);
	wb_arena_done(&small);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(shipped, arena_begin, arena_end),
	        cmocka_unit_test_setup_teardown(kinds, arena_begin, arena_end),
	        cmocka_unit_test_setup_teardown(refused, arena_begin, arena_end),
	        cmocka_unit_test_setup_teardown(bounded, arena_begin, arena_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
