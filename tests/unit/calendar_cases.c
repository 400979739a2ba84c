/* The hard cases of deadlines, as tables: a line is a promise and what it must come to. */
#include "calendar_made.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

/* The default: 09:00 – 17:00 every day. 2026-02-13 is a Friday. */
static const struct wb_calendar hotline = {IN(shanghai), .week = EVERY_DAY(OPEN(H(9), H(17)))};
static const struct wb_calendar lunch = {IN(shanghai), .week = WORKDAYS(OPEN2(H(9), H(12), HM(13, 30), H(18)))};
static const struct wb_calendar night = {IN(shanghai), .week = WORKDAYS(OPEN(H(22), H(30)))};

/* 春节 2026: 02-14 (Saturday) works, 02-15 to 02-23 are closed, 02-28 (Saturday) works. */
static const struct wb_special_day spring[] = {{.day = 20498, .windows = OPEN(H(9), H(12))}, {.day = 20499},
        {.day = 20500}, {.day = 20501}, {.day = 20502}, {.day = 20503}, {.day = 20504}, {.day = 20505}, {.day = 20506},
        {.day = 20507}, {.day = 20512, .windows = OPEN(H(9), H(17))}};
static const struct wb_calendar onsite = {
        IN(shanghai), .week = WORKDAYS(OPEN(H(9), H(17))), .specials = spring, .specials_n = 11};
static const struct wb_calendar night_spring = {
        IN(shanghai), .week = WORKDAYS(OPEN(H(22), H(30))), .specials = spring, .specials_n = 11};

static const struct wb_calendar berlin_day = {IN(berlin_2026), .week = EVERY_DAY(OPEN(H(9), H(17)))};
static const struct wb_calendar berlin_night = {IN(berlin_2026), .week = EVERY_DAY(OPEN(H(1), H(4)))};
static const struct wb_calendar berlin_gap = {IN(berlin_2026), .week = EVERY_DAY(OPEN(HM(2, 15), HM(2, 45)))};
static const struct wb_calendar berlin_half = {
        IN(berlin_2026), .week = EVERY_DAY(OPEN2(H(1), HM(2, 30), HM(2, 30), H(4)))};
static const struct wb_calendar berlin_hour = {IN(berlin_2026), .week = EVERY_DAY(OPEN(H(1), H(2)))};
/* As Newfoundland did until 2011: a minute past midnight the clock goes back into the day before. */
static const struct wb_zone_transition past_midnight[2] = {{0, -9000}, {INT64_C(1793500260000000), -12600}};
static const struct wb_calendar two_days = {
        IN(past_midnight), .week = {CLOSED, CLOSED, CLOSED, CLOSED, OPEN(0, H(48)), CLOSED, CLOSED}};
static const struct wb_calendar new_york_night = {IN(new_york_2026), .week = EVERY_DAY(OPEN(H(1), H(4)))};
static const struct wb_calendar lord_howe_night = {IN(lord_howe_2026), .week = EVERY_DAY(OPEN(H(1), H(4)))};

struct add_case {
	const char *what;
	const struct wb_calendar *cal;
	const char *from; /* UTC for the zones abroad, mainland wall clock else */
	int64_t amount_us;
	const char *deadline;
};

#define MIN(n) ((n)*WB_MINUTE_US)
#define HRS(n) ((n)*WB_HOUR_US)

static const struct add_case mainland[] = {
        {"within a window", &hotline, "2026-02-13 10:00", HRS(4), "2026-02-13 14:00"},
        {"ends exactly with the window and stays", &hotline, "2026-02-13 13:00", HRS(4), "2026-02-13 17:00"},
        {"a microsecond more goes to the next", &hotline, "2026-02-13 13:00", HRS(4) + 1, "2026-02-14 09:00:00.000001"},
        {"seconds and microseconds are not cut off", &hotline, "2026-02-13 16:59:59.999999", 2,
                "2026-02-14 09:00:00.000001"},
        {"before opening", &hotline, "2026-02-13 07:12", HRS(1), "2026-02-13 10:00"},
        {"at the closing microsecond", &hotline, "2026-02-13 17:00", HRS(1), "2026-02-14 10:00"},
        {"nothing at all, in a window", &hotline, "2026-02-13 10:00", 0, "2026-02-13 10:00"},
        {"nothing at all, at night", &hotline, "2026-02-13 22:00", 0, "2026-02-13 22:00"},
        {"leap day", &hotline, "2028-02-28 16:00", HRS(2), "2028-02-29 10:00"},
        {"no leap day", &hotline, "2026-02-28 16:00", HRS(2), "2026-03-01 10:00"},
        {"over lunch", &lunch, "2026-02-13 11:30", HRS(1), "2026-02-13 14:00"},
        {"ends with the morning", &lunch, "2026-02-13 11:00", HRS(1), "2026-02-13 12:00"},
        {"starts at lunch", &lunch, "2026-02-13 12:45", MIN(30), "2026-02-13 14:00"},
        {"over the weekend", &lunch, "2026-02-13 17:30", HRS(1), "2026-02-16 09:30"},
        {"many weeks", &lunch, "2026-02-16 09:00", 40 * MIN(450), "2026-04-10 18:00"},
        {"whole weeks and exactly a day", &lunch, "2026-02-16 09:00", 41 * MIN(450), "2026-04-13 18:00"},
        {"into the night", &night, "2026-02-12 23:00", HRS(4), "2026-02-13 03:00"},
        {"Friday's night ends on Saturday", &night, "2026-02-13 22:00", HRS(8), "2026-02-14 06:00"},
        {"and goes on on Monday", &night, "2026-02-13 22:00", HRS(9), "2026-02-16 23:00"},
        {"starts behind midnight", &night, "2026-02-14 01:00", HRS(5), "2026-02-14 06:00"},
        {"a Saturday that works", &onsite, "2026-02-13 16:00", HRS(2), "2026-02-14 10:00"},
        {"the special day is not forgotten once its window has passed", &onsite, "2026-02-14 13:00", HRS(1),
                "2026-02-24 10:00"},
        {"over nine closed days", &onsite, "2026-02-14 11:00", HRS(2), "2026-02-24 10:00"},
        {"from within them", &onsite, "2026-02-18 11:00", HRS(8), "2026-02-24 17:00"},
        {"to the second moved Saturday", &onsite, "2026-02-27 16:30", HRS(1), "2026-02-28 09:30"},
        {"and the Sunday stays closed", &onsite, "2026-02-28 16:30", HRS(1), "2026-03-02 09:30"},
        {"a night window goes on into a replaced day", &night_spring, "2026-02-13 22:00", HRS(8), "2026-02-14 06:00"},
        {"which then has its own", &night_spring, "2026-02-13 22:00", HRS(9), "2026-02-14 10:00"},
};

static const struct add_case abroad[] = {
        {"Berlin: a day's promise over the gap", &berlin_day, "2026-03-28 15:00", HRS(2), "2026-03-29 08:00"},
        {"Berlin: and over the overlap", &berlin_day, "2026-10-24 14:00", HRS(2), "2026-10-25 09:00"},
        {"Berlin: the night of the gap has two hours", &berlin_night, "2026-03-29 00:00", HRS(2), "2026-03-29 02:00"},
        {"Berlin: so the third is on the next day", &berlin_night, "2026-03-29 00:00", HRS(3), "2026-03-30 00:00"},
        {"Berlin: the night of the overlap has four", &berlin_night, "2026-10-24 23:00", HRS(4), "2026-10-25 03:00"},
        {"Berlin: a window inside the gap is none", &berlin_gap, "2026-03-29 00:00", MIN(30), "2026-03-30 00:45"},
        {"Berlin: a window inside the overlap takes both", &berlin_gap, "2026-10-25 00:00", MIN(90),
                "2026-10-25 01:45"},
        {"Berlin: two windows that meet in the overlap count once", &berlin_half, "2026-10-24 22:00", HRS(4),
                "2026-10-25 03:00"},
        {"Berlin: an end where the overlap begins is not in it", &berlin_hour, "2026-10-24 22:00", HRS(1),
                "2026-10-25 00:00"},
        {"Berlin: so the second hour is on the next day", &berlin_hour, "2026-10-24 22:00", HRS(2), "2026-10-26 01:00"},
        {"a window of two days goes on behind a midnight that comes twice", &two_days, "2026-11-01 02:30:30",
                HRS(1) - 30 * WB_SECOND_US, "2026-11-01 03:30"},
        {"New York: gap", &new_york_night, "2026-03-08 06:00", HRS(2), "2026-03-08 08:00"},
        {"New York: overlap", &new_york_night, "2026-11-01 05:00", HRS(4), "2026-11-01 09:00"},
        {"Lord Howe: half an hour back", &lord_howe_night, "2026-04-04 14:00", MIN(210), "2026-04-04 17:30"},
        {"Lord Howe: half an hour on", &lord_howe_night, "2026-10-03 14:30", MIN(150), "2026-10-03 17:00"},
};

static void add_run(const struct add_case *c, size_t n, int64_t (*read)(const char *))
{
	for (size_t i = 0; i < n; i++) {
		int64_t got = -1, used = -1;

		assert_int_equal(wb_calendar_add(c[i].cal, read(c[i].from), c[i].amount_us, &got), WB_OK);
		if (got != read(c[i].deadline))
			fail_msg("%s: %lld instead of %lld", c[i].what, (long long)got, (long long)read(c[i].deadline));
		assert_int_equal(wb_calendar_working_between(c[i].cal, read(c[i].from), got, &used), WB_OK);
		if (used != c[i].amount_us)
			fail_msg("%s: counts %lld back", c[i].what, (long long)used);
	}
}

static void deadlines_on_the_mainland(void **unused)
{
	(void)unused;
	add_run(mainland, sizeof(mainland) / sizeof(mainland[0]), cn);
}

static void deadlines_with_daylight_saving(void **unused)
{
	(void)unused;
	add_run(abroad, sizeof(abroad) / sizeof(abroad[0]), utc);
}

static void service_days(void **unused)
{
	static const struct {
		const struct wb_calendar *cal;
		const char *from;
		uint32_t n;
		const char *deadline;
	} cases[] = {
	        {&hotline, "2026-02-13 10:00", 3, "2026-02-16 17:00"},
	        {&hotline, "2026-02-13 23:00", 1, "2026-02-14 17:00"},
	        {&hotline, "2026-02-13 10:00", 0, "2026-02-13 10:00"},
	        {&lunch, "2026-02-13 10:00", 1, "2026-02-16 18:00"},
	        {&onsite, "2026-02-13 10:00", 1, "2026-02-14 12:00"},
	        {&onsite, "2026-02-13 10:00", 2, "2026-02-24 17:00"},
	        {&night, "2026-02-12 10:00", 1, "2026-02-14 06:00"},
	        {&night, "2026-02-14 03:00", 1, "2026-02-17 06:00"},
	};
	int64_t got;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		        wb_calendar_add_service_days(cases[i].cal, cn(cases[i].from), cases[i].n, &got), WB_OK);
		if (got != cn(cases[i].deadline))
			fail_msg("%s + %u", cases[i].from, cases[i].n);
	}
	assert_int_equal(wb_calendar_add_service_days(wb_calendar_always(), utc("2026-02-13 10:00"), 3, &got), WB_OK);
	assert_int_equal(got, utc("2026-02-17 00:00"));
}

static void round_the_clock(void **unused)
{
	const struct wb_calendar *cal = wb_calendar_always();
	int64_t got;
	bool open;

	(void)unused;
	assert_int_equal(wb_calendar_add(cal, utc("2026-03-29 00:30"), HRS(4), &got), WB_OK);
	assert_int_equal(got, utc("2026-03-29 04:30"));
	assert_int_equal(
	        wb_calendar_working_between(cal, utc("2026-02-13 10:00"), utc("2027-02-13 10:00"), &got), WB_OK);
	assert_int_equal(got, 365 * WB_DAY_US);
	assert_int_equal(wb_calendar_is_open(cal, 0, &open), WB_OK);
	assert_true(open);
	assert_int_equal(wb_calendar_next_open(cal, 12345, &got), WB_OK);
	assert_int_equal(got, 12345);
}

static void open_and_next_open(void **unused)
{
	bool open;
	int64_t got;

	(void)unused;
	assert_int_equal(wb_calendar_is_open(&hotline, cn("2026-02-13 09:00"), &open), WB_OK);
	assert_true(open);
	assert_int_equal(wb_calendar_is_open(&hotline, cn("2026-02-13 17:00"), &open), WB_OK);
	assert_false(open);
	assert_int_equal(wb_calendar_is_open(&hotline, cn("2026-02-13 17:00") - 1, &open), WB_OK);
	assert_true(open);
	assert_int_equal(wb_calendar_next_open(&onsite, cn("2026-02-14 12:00"), &got), WB_OK);
	assert_int_equal(got, cn("2026-02-24 09:00"));
}

static void refused_arithmetic(void **unused)
{
	struct wb_calendar short_horizon = hotline;
	int64_t got = 77;

	(void)unused;
	short_horizon.horizon_until_us = cn("2026-02-14 10:00");
	assert_int_equal(wb_calendar_add(&short_horizon, cn("2026-02-13 16:00"), HRS(2), &got), WB_OK);
	assert_int_equal(got, cn("2026-02-14 10:00"));
	got = 77;
	assert_int_equal(wb_calendar_add(&short_horizon, cn("2026-02-13 16:00"), HRS(2) + 1, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add_service_days(&short_horizon, cn("2026-02-13 16:00"), 1, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_next_open(&short_horizon, cn("2026-02-14 10:01"), &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add(&hotline, cn("2019-12-01 10:00"), HRS(1), &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add(&hotline, cn("2026-02-13 16:00"), -1, &got), WB_ERR_INVALID);
	assert_int_equal(
	        wb_calendar_add(&hotline, cn("2026-02-13 16:00"), WB_CALENDAR_AMOUNT_MAX_US, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add(&hotline, cn("2026-02-13 16:00"), INT64_MAX, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add(wb_calendar_always(), INT64_MAX, 1, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_add(wb_calendar_always(), INT64_MIN, 1, &got), WB_ERR_LIMIT);
	assert_int_equal(
	        wb_calendar_add_service_days(&hotline, cn("2026-02-13 16:00"), UINT32_MAX, &got), WB_ERR_LIMIT);
	assert_int_equal(wb_calendar_working_between(&hotline, cn("2026-02-13 16:00"), cn("2026-02-13 15:00"), &got),
	        WB_ERR_INVALID);
	assert_int_equal(got, 77);
}

static const struct wb_zone_transition samoa_2011[2] = {{0, -36000}, {INT64_C(1325239200000000), 50400}};
static const struct wb_calendar samoa = {IN(samoa_2011), .always = true};

static void local_and_back(void **unused)
{
	struct wb_local_time t;
	int64_t at;

	(void)unused;
	assert_int_equal(wb_calendar_local(&hotline, utc("2026-02-13 23:30:01.000002"), &t), WB_OK);
	assert_int_equal(t.day, day("2026-02-14"));
	assert_int_equal(t.date.year, 2026);
	assert_int_equal(t.date.month, 2);
	assert_int_equal(t.date.day, 14);
	assert_int_equal(t.weekday, 5);
	assert_int_equal(t.second_s, HM(7, 30) + 1);
	assert_int_equal(t.us, 2);
	assert_int_equal(t.offset_s, 28800);
	assert_int_equal(wb_calendar_instant(&hotline, t.day, t.second_s, WB_LOCAL_FIRST, &at), WB_OK);
	assert_int_equal(at, utc("2026-02-13 23:30:01"));
	/* Gap and overlap. */
	assert_int_equal(wb_calendar_instant(&berlin_day, day("2026-03-29"), HM(2, 30), WB_LOCAL_FIRST, &at), WB_OK);
	assert_int_equal(at, utc("2026-03-29 01:00"));
	assert_int_equal(wb_calendar_instant(&berlin_day, day("2026-03-29"), HM(2, 30), WB_LOCAL_LAST, &at), WB_OK);
	assert_int_equal(at, utc("2026-03-29 01:00"));
	assert_int_equal(wb_calendar_instant(&berlin_day, day("2026-10-25"), HM(2, 30), WB_LOCAL_FIRST, &at), WB_OK);
	assert_int_equal(at, utc("2026-10-25 00:30"));
	assert_int_equal(wb_calendar_instant(&berlin_day, day("2026-10-25"), HM(2, 30), WB_LOCAL_LAST, &at), WB_OK);
	assert_int_equal(at, utc("2026-10-25 01:30"));
	/* Samoa had no 2011-12-30: it is no service day. */
	assert_int_equal(wb_calendar_add_service_days(&samoa, utc("2011-12-29 20:00"), 1, &at), WB_OK);
	assert_int_equal(at, utc("2011-12-31 10:00"));
	assert_int_equal(wb_calendar_instant(&hotline, t.day, 172801, WB_LOCAL_FIRST, &at), WB_ERR_INVALID);
}

static void dates(void **unused)
{
	char text[WB_DATE_TEXT_BYTES];
	int32_t d;

	(void)unused;
	for (d = WB_DAY_MIN; d < WB_DAY_MAX; d++) {
		time_t s = (time_t)d * 86400;
		struct tm tm;
		struct wb_date date = wb_day_date(d);
		int32_t back;

		gmtime_r(&s, &tm);
		if (date.year != tm.tm_year + 1900 || date.month != tm.tm_mon + 1 || date.day != tm.tm_mday ||
		        wb_day_weekday(d) != (uint32_t)(tm.tm_wday + 6) % 7)
			fail_msg("day %d", d);
		assert_int_equal(wb_day_of_date(date, &back), WB_OK);
		assert_int_equal(back, d);
	}
	wb_day_text(day("2028-02-29"), text);
	assert_string_equal(text, "2028-02-29");
	assert_int_equal(wb_day_parse("2027-02-29", 10, &d), WB_ERR_INVALID);
	assert_int_equal(wb_day_parse("2100-02-29", 10, &d), WB_ERR_INVALID);
	assert_int_equal(wb_day_parse("2026-13-01", 10, &d), WB_ERR_INVALID);
	assert_int_equal(wb_day_parse("2026-1-001", 10, &d), WB_ERR_INVALID);
	assert_int_equal(wb_day_parse("2026-01-011", 11, &d), WB_ERR_INVALID);
	assert_int_equal(wb_day_parse("1899-12-31", 10, &d), WB_ERR_LIMIT);
	assert_int_equal(wb_day_parse("2200-01-01", 10, &d), WB_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(deadlines_on_the_mainland),
	        cmocka_unit_test(deadlines_with_daylight_saving),
	        cmocka_unit_test(service_days),
	        cmocka_unit_test(round_the_clock),
	        cmocka_unit_test(open_and_next_open),
	        cmocka_unit_test(refused_arithmetic),
	        cmocka_unit_test(local_and_back),
	        cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
