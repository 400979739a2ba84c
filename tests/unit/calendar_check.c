/* What a calendar must not be: each problem with its code and place. */
#include "calendar_made.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct wb_calendar sound(void)
{
	return (struct wb_calendar){IN(shanghai), .week = EVERY_DAY(OPEN(H(9), H(17)))};
}

static void expect(const struct wb_calendar *cal, enum wb_calendar_problem_code code, enum wb_calendar_place place,
        uint32_t index, uint32_t window)
{
	struct wb_calendar_problem p = {.code = WB_CALENDAR_PROBLEM_NONE};

	assert_false(wb_calendar_valid(cal, &p));
	if (p.code != code || p.place != place || p.index != index || p.window != window)
		fail_msg("%s at %u/%u instead of %s at %u/%u", wb_calendar_problem_name(p.code), p.index, p.window,
		        wb_calendar_problem_name(code), index, window);
	assert_true(strlen(wb_calendar_problem_text(code)) > 10);
}

static void sound_ones(void **unused)
{
	struct wb_calendar cal = sound();
	struct wb_calendar_problem p;

	(void)unused;
	assert_true(wb_calendar_valid(&cal, &p));
	assert_true(wb_calendar_valid(wb_calendar_always(), &p));
	cal.week[2] =
	        (struct wb_day_windows)OPEN2(H(9), H(12), H(12), H(48)); /* touching, and up to the second midnight … */
	cal.week[3] = (struct wb_day_windows)CLOSED;                     /* … over a closed day */
	assert_true(wb_calendar_valid(&cal, &p));
}

static void zone_problems(void **unused)
{
	static struct wb_zone_transition many[WB_CALENDAR_TRANSITIONS_MAX + 1];
	struct wb_zone_transition t[3] = {{0, 3600}, {1000, 7200}, {2000, 3600}};
	struct wb_calendar cal = sound();

	(void)unused;
	cal.transitions_n = 0;
	expect(&cal, WB_CALENDAR_PROBLEM_ZONE_MISSING, WB_CALENDAR_PLACE_ZONE, 0, 0);
	cal.transitions = many;
	cal.transitions_n = WB_CALENDAR_TRANSITIONS_MAX + 1;
	expect(&cal, WB_CALENDAR_PROBLEM_TRANSITIONS_MANY, WB_CALENDAR_PLACE_ZONE, WB_CALENDAR_TRANSITIONS_MAX, 0);
	cal.transitions = t;
	cal.transitions_n = 3;
	t[2].at_us = 1000;
	expect(&cal, WB_CALENDAR_PROBLEM_TRANSITIONS_UNSORTED, WB_CALENDAR_PLACE_ZONE, 2, 0);
	t[2].at_us = WB_CALENDAR_MAX_US;
	expect(&cal, WB_CALENDAR_PROBLEM_TRANSITION_RANGE, WB_CALENDAR_PLACE_ZONE, 2, 0);
	t[2].at_us = 2000;
	t[1].offset_s = -64801;
	expect(&cal, WB_CALENDAR_PROBLEM_OFFSET_RANGE, WB_CALENDAR_PLACE_ZONE, 1, 0);
	t[1].offset_s = -64800;
	cal.horizon_until_us = 0;
	expect(&cal, WB_CALENDAR_PROBLEM_HORIZON, WB_CALENDAR_PLACE_ZONE, 0, 0);
	cal.horizon_until_us = WB_CALENDAR_MAX_US + 1;
	expect(&cal, WB_CALENDAR_PROBLEM_HORIZON, WB_CALENDAR_PLACE_ZONE, 0, 0);
}

static void window_problems(void **unused)
{
	static const struct {
		struct wb_day_windows day;
		enum wb_calendar_problem_code code;
		uint32_t window;
	} cases[] = {
	        {{.n = WB_CALENDAR_WINDOWS_MAX + 1}, WB_CALENDAR_PROBLEM_WINDOWS_MANY, WB_CALENDAR_WINDOWS_MAX},
	        {OPEN(H(24), H(25)), WB_CALENDAR_PROBLEM_WINDOW_START_RANGE, 0},
	        {OPEN(H(23), H(48) + 1), WB_CALENDAR_PROBLEM_WINDOW_END_RANGE, 0},
	        {OPEN2(H(8), H(9), H(10), H(10)), WB_CALENDAR_PROBLEM_WINDOW_EMPTY, 1},
	        {OPEN(H(10), H(9)), WB_CALENDAR_PROBLEM_WINDOW_EMPTY, 0},
	        {OPEN2(H(13), H(14), H(9), H(12)), WB_CALENDAR_PROBLEM_WINDOWS_UNSORTED, 1},
	        {OPEN2(H(9), H(12), H(12) - 1, H(14)), WB_CALENDAR_PROBLEM_WINDOWS_OVERLAP, 1},
	};
	struct wb_special_day special[2] = {{.day = 20000}, {.day = 20001}};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wb_calendar cal = sound();

		cal.week[4] = cases[i].day;
		expect(&cal, cases[i].code, WB_CALENDAR_PLACE_WEEKDAY, 4, cases[i].window);
		cal = sound();
		special[1].windows = cases[i].day;
		cal.specials = special;
		cal.specials_n = 2;
		expect(&cal, cases[i].code, WB_CALENDAR_PLACE_SPECIAL, 1, cases[i].window);
	}
	struct wb_calendar cal = sound();
	cal.week[6] = (struct wb_day_windows)OPEN2(H(9), H(12), H(20), H(33) + 1);
	expect(&cal, WB_CALENDAR_PROBLEM_WINDOWS_OVERLAP_NEXT, WB_CALENDAR_PLACE_WEEKDAY, 6, 1);
}

static void day_problems(void **unused)
{
	static struct wb_special_day many[WB_CALENDAR_SPECIALS_MAX + 1];
	struct wb_special_day s[2] = {{.day = 20001, .windows = OPEN(H(9), H(12))}, {.day = 20001}};
	struct wb_calendar cal = sound();

	(void)unused;
	cal.specials = s;
	cal.specials_n = 2;
	expect(&cal, WB_CALENDAR_PROBLEM_SPECIAL_TWICE, WB_CALENDAR_PLACE_SPECIAL, 1, 0);
	s[1].day = 20000;
	expect(&cal, WB_CALENDAR_PROBLEM_SPECIALS_UNSORTED, WB_CALENDAR_PLACE_SPECIAL, 1, 0);
	s[1].day = WB_DAY_MAX;
	expect(&cal, WB_CALENDAR_PROBLEM_SPECIAL_RANGE, WB_CALENDAR_PLACE_SPECIAL, 1, 0);
	cal.specials = many;
	cal.specials_n = WB_CALENDAR_SPECIALS_MAX + 1;
	expect(&cal, WB_CALENDAR_PROBLEM_SPECIALS_MANY, WB_CALENDAR_PLACE_SPECIAL, WB_CALENDAR_SPECIALS_MAX, 0);
	/* A working special day does not save a week without windows. */
	cal = (struct wb_calendar){IN(shanghai), .specials = s, .specials_n = 1};
	expect(&cal, WB_CALENDAR_PROBLEM_NO_WORKING_TIME, WB_CALENDAR_PLACE_WEEKDAY, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sound_ones),
	        cmocka_unit_test(zone_problems),
	        cmocka_unit_test(window_problems),
	        cmocka_unit_test(day_problems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
