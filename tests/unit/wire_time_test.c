/* Instants as text, against known dates and against the C library's calendar. */
#include "wire/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void known_instants(void **state)
{
	(void)state;
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
	        {0, "1970-01-01T00:00:00Z"},
	        {INT64_C(1795395723000000), "2026-11-23T01:02:03Z"},
	        {INT64_C(1795395723120000), "2026-11-23T01:02:03.120Z"},
	        {INT64_C(1795395723000004), "2026-11-23T01:02:03.000004Z"},
	        {INT64_C(951782400000000), "2000-02-29T00:00:00Z"},
	        {WB_TIME_MAX_US, "9999-12-31T23:59:59.999999Z"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[WB_TIME_TEXT_BYTES];
		int64_t us = -1;
		assert_int_equal(wb_time_text(cases[i].us, text), WB_OK);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(wb_time_parse(text, strlen(text), &us), WB_OK);
		assert_int_equal(us, cases[i].us);
	}
	char text[WB_TIME_TEXT_BYTES];
	assert_int_equal(wb_time_text(-1, text), WB_ERR_LIMIT);
	assert_int_equal(wb_time_text(WB_TIME_MAX_US + 1, text), WB_ERR_LIMIT);
}

static void other_writings(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum wb_err err;
		int64_t us;
	} cases[] = {
	        {"2026-11-23T09:02:03+08:00", WB_OK, INT64_C(1795395723000000)},
	        {"2026-11-22T20:32:03-04:30", WB_OK, INT64_C(1795395723000000)},
	        {"2026-11-23t01:02:03z", WB_OK, INT64_C(1795395723000000)},
	        {"2026-11-23T01:02:03-00:00", WB_OK, INT64_C(1795395723000000)},
	        {"2026-11-23T01:02:03.1Z", WB_OK, INT64_C(1795395723100000)},
	        {"2026-11-23T01:02:03.123456789Z", WB_OK, INT64_C(1795395723123456)},
	        {"1969-12-31T23:59:59-01:00", WB_OK, INT64_C(3599000000)},
	        {"1970-01-01T00:00:00+00:01", WB_ERR_LIMIT, 0},
	        {"1969-12-31T23:59:59Z", WB_ERR_LIMIT, 0},
	        {"0000-01-01T00:00:00Z", WB_ERR_LIMIT, 0},
	        {"9999-12-31T23:59:59-00:01", WB_ERR_LIMIT, 0},
	        {"2025-02-29T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2100-02-29T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-04-31T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-13-01T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-00-01T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-01-00T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T24:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:60:00Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:60Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00+24:00", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00+08", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00.Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00.1234567890Z", WB_ERR_INVALID, 0},
	        {"2026-01-01T00:00:00Zx", WB_ERR_INVALID, 0},
	        {"2026-01-01 00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-1-1T00:00:00Z", WB_ERR_INVALID, 0},
	        {"2026-01-01", WB_ERR_INVALID, 0},
	        {"", WB_ERR_INVALID, 0},
	        {"+026-01-01T00:00:00Z", WB_ERR_INVALID, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t us = 42;
		assert_int_equal(wb_time_parse(cases[i].text, strlen(cases[i].text), &us), cases[i].err);
		assert_int_equal(us, cases[i].err ? 42 : cases[i].us);
	}
	/* Exactly len bytes are looked at. */
	int64_t us;
	assert_int_equal(wb_time_parse("2026-11-23T01:02:03Z!", 20, &us), WB_OK);
}

static void as_the_c_library_counts(void **state)
{
	(void)state;
	/* Steps of a bit over five days, so that every hour, month and leap rule comes by. */
	for (int64_t s = 0; s <= WB_TIME_MAX_US / 1000000; s += 5 * 86400 + 3661) {
		char text[WB_TIME_TEXT_BYTES], expected[WB_TIME_TEXT_BYTES];
		time_t t = (time_t)s;
		struct tm tm;
		int64_t back = -1;
		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		assert_int_equal(wb_time_text(s * 1000000, text), WB_OK);
		assert_string_equal(text, expected);
		assert_int_equal(wb_time_parse(text, strlen(text), &back), WB_OK);
		assert_int_equal(back, s * 1000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_instants),
	        cmocka_unit_test(other_writings),
	        cmocka_unit_test(as_the_c_library_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
