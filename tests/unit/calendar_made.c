#include "calendar_made.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Offsets from the published rules, by hand: not from the reader that is under test elsewhere. */
const struct wb_zone_transition shanghai[1] = {{INT64_C(1577836800000000), 28800}};
const struct wb_zone_transition berlin_2026[3] = {
        {INT64_C(1767225600000000), 3600}, /* 2026-01-01 */
        {INT64_C(1774746000000000), 7200}, /* 2026-03-29 01:00 UTC */
        {INT64_C(1792890000000000), 3600}, /* 2026-10-25 01:00 UTC */
};
const struct wb_zone_transition new_york_2026[3] = {
        {INT64_C(1767225600000000), -18000}, /* 2026-01-01 */
        {INT64_C(1772953200000000), -14400}, /* 2026-03-08 07:00 UTC */
        {INT64_C(1793512800000000), -18000}, /* 2026-11-01 06:00 UTC */
};
const struct wb_zone_transition lord_howe_2026[3] = {
        {INT64_C(1767225600000000), 39600}, /* 2026-01-01, summer there */
        {INT64_C(1775314800000000), 37800}, /* 2026-04-04 15:00 UTC: half an hour back */
        {INT64_C(1791041400000000), 39600}, /* 2026-10-03 15:30 UTC: half an hour on */
};

int32_t day(const char *text)
{
	int32_t d;

	assert_int_equal(wb_day_parse(text, 10, &d), WB_OK);
	return d;
}

int64_t utc(const char *text)
{
	int h, m, s = 0, us = 0;
	int got = sscanf(text + 10, " %2d:%2d:%2d.%6d", &h, &m, &s, &us);

	assert_true(got >= 2 && strlen(text) >= 16);
	return day(text) * WB_DAY_US + (h * 3600 + m * 60 + s) * WB_SECOND_US + us;
}

int64_t cn(const char *text)
{
	return utc(text) - 8 * WB_HOUR_US;
}
