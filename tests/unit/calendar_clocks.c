/* Clocks: suspensions, frozen states, warnings, changed targets, explanations. */
#include "calendar_made.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct wb_calendar hotline = {IN(shanghai), .week = EVERY_DAY(OPEN(H(9), H(17)))};
static const struct wb_special_day saturday_closed[1] = {{.day = 20498, .name = "春节"}};
static const struct wb_calendar closed_once = {
        IN(shanghai), .week = EVERY_DAY(OPEN(H(9), H(17))), .specials = saturday_closed, .specials_n = 1};

struct pause {
	const char *from, *to; /* to NULL: open */
};

struct clock_case {
	const char *what, *start;
	int64_t amount_us;
	struct pause pauses[4];
	const char *deadline; /* NULL: frozen with left_us */
	int64_t left_us;
};

#define MIN(n) ((n)*WB_MINUTE_US)
#define HRS(n) ((n)*WB_HOUR_US)

static const struct clock_case cases[] = {
        {"no suspension", "2026-02-13 10:00", HRS(4), {{0}}, "2026-02-13 14:00", 0},
        {"an hour", "2026-02-13 10:00", HRS(4), {{"2026-02-13 11:00", "2026-02-13 12:00"}}, "2026-02-13 15:00", 0},
        {"over night only service time counts", "2026-02-13 10:00", HRS(4), {{"2026-02-13 11:00", "2026-02-14 10:00"}},
                "2026-02-14 13:00", 0},
        {"two in the same minute, to the microsecond", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 11:00:05.000001", "2026-02-13 11:00:10"},
                        {"2026-02-13 11:00:20", "2026-02-13 11:00:50.500000"}},
                "2026-02-13 14:00:35.499999", 0},
        {"back to back", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 11:00", "2026-02-13 11:30"}, {"2026-02-13 11:30", "2026-02-13 12:00"}},
                "2026-02-13 15:00", 0},
        {"overlapping ones count once", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 11:20", "2026-02-13 12:00"}, {"2026-02-13 11:00", "2026-02-13 11:30"}},
                "2026-02-13 15:00", 0},
        {"one inside the other", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 11:00", "2026-02-13 12:00"}, {"2026-02-13 11:20", "2026-02-13 11:30"}},
                "2026-02-13 15:00", 0},
        {"the second is within the time that the first earned", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 13:00", "2026-02-13 14:00"}, {"2026-02-13 14:30", "2026-02-13 15:00"}},
                "2026-02-13 15:30", 0},
        {"begun before the start", "2026-02-13 10:00", HRS(4), {{"2026-02-13 09:00", "2026-02-13 11:00"}},
                "2026-02-13 15:00", 0},
        {"ended before the start", "2026-02-13 10:00", HRS(4), {{"2026-02-13 09:00", "2026-02-13 09:30"}},
                "2026-02-13 14:00", 0},
        {"begun after the deadline: late stays late", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 14:00:00.000001", "2026-02-13 16:00"}}, "2026-02-13 14:00", 0},
        {"begun at the very deadline is in time", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 14:00", "2026-02-13 16:00"}}, "2026-02-13 16:00", 0},
        {"and no deadline lies before its end, in the evening too", "2026-02-13 13:00", HRS(4),
                {{"2026-02-13 17:00", "2026-02-13 20:00"}}, "2026-02-13 20:00", 0},
        {"in the night before a deadline in the morning", "2026-02-13 16:00", HRS(2),
                {{"2026-02-13 20:00", "2026-02-14 08:00"}}, "2026-02-14 10:00", 0},
        {"no length, no time", "2026-02-13 10:00", HRS(4), {{"2026-02-13 11:00", "2026-02-13 11:00"}},
                "2026-02-13 14:00", 0},
        {"a deadline that ended with the window moves by what was suspended", "2026-02-13 13:00", HRS(4),
                {{"2026-02-13 16:30", "2026-02-13 17:00"}}, "2026-02-14 09:30", 0},
        {"open", "2026-02-13 10:00", HRS(4), {{"2026-02-13 11:00", NULL}}, NULL, HRS(3)},
        {"ended and open", "2026-02-13 10:00", HRS(4),
                {{"2026-02-13 11:00", "2026-02-13 12:00"}, {"2026-02-13 12:15", NULL}}, NULL, MIN(165)},
        {"open at the very deadline", "2026-02-13 10:00", HRS(4), {{"2026-02-13 14:00", NULL}}, NULL, 0},
        {"opened after the deadline", "2026-02-13 10:00", HRS(4), {{"2026-02-13 14:01", NULL}}, "2026-02-13 14:00", 0},
        {"open from before the start", "2026-02-13 10:00", HRS(4), {{"2026-02-13 08:00", NULL}}, NULL, HRS(4)},
};

static size_t pauses_make(const struct pause *p, struct wb_suspension *s)
{
	size_t n = 0;

	for (; n < 4 && p[n].from; n++)
		s[n] = (struct wb_suspension){cn(p[n].from), p[n].to ? cn(p[n].to) : WB_SUSPENSION_OPEN, 1};
	return n;
}

static void suspensions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct clock_case *c = &cases[i];
		struct wb_suspension s[4];
		struct wb_clock_terms t = {.calendar = &hotline,
		        .start_us = cn(c->start),
		        .amount_us = c->amount_us,
		        .suspensions = s,
		        .suspensions_n = pauses_make(c->pauses, s)};
		struct wb_clock_promise p;

		int64_t want = c->deadline ? cn(c->deadline) : 0;
		assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
		if (p.frozen != !c->deadline || (c->deadline ? p.deadline_us != want : p.left_us != c->left_us))
			fail_msg("%s", c->what);
	}
}

static void states(void **unused)
{
	struct wb_suspension s[2] = {{cn("2026-02-13 11:00"), cn("2026-02-13 12:00"), 2}};
	struct wb_clock_terms t = {.calendar = &hotline,
	        .start_us = cn("2026-02-13 10:00"),
	        .amount_us = HRS(4),
	        .suspensions = s,
	        .suspensions_n = 1,
	        .warn_permille = 750};
	struct wb_clock_state st;

	(void)unused;
	assert_int_equal(wb_clock_state(&t, cn("2026-02-13 09:59"), &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_WAITING);
	assert_int_equal(st.left_us, HRS(4));
	assert_int_equal(wb_clock_state(&t, cn("2026-02-13 10:30"), &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_RUNNING);
	assert_int_equal(st.elapsed_us, MIN(30));
	assert_int_equal(st.promise.warn_us, cn("2026-02-13 14:00"));
	assert_int_equal(wb_clock_state(&t, cn("2026-02-13 11:59"), &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_FROZEN);
	assert_int_equal(st.left_us, HRS(3));
	/* Exactly at the deadline is in time; a microsecond later is late by it. */
	assert_int_equal(wb_clock_state(&t, cn("2026-02-13 15:00"), &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_RUNNING);
	assert_int_equal(st.left_us, 0);
	assert_int_equal(wb_clock_state(&t, cn("2026-02-13 15:00") + 1, &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_OVERDUE);
	assert_int_equal(st.late_us, 1);
	/* Late by service time: the night does not count. */
	assert_int_equal(wb_clock_state(&t, cn("2026-02-14 10:00"), &st), WB_OK);
	assert_int_equal(st.late_us, HRS(3));
	assert_true(st.open);
	/* An open suspension never shows as late, whatever the time. */
	s[1] = (struct wb_suspension){cn("2026-02-13 13:00"), WB_SUSPENSION_OPEN, 3};
	t.suspensions_n = 2;
	assert_int_equal(wb_clock_state(&t, cn("2026-03-13 13:00"), &st), WB_OK);
	assert_int_equal(st.phase, WB_CLOCK_FROZEN);
	assert_false(st.has_deadline);
	assert_int_equal(st.left_us, HRS(2));
	assert_false(st.promise.has_warn);
}

static void earned_time_survives_a_new_target(void **unused)
{
	struct wb_suspension s[1] = {{cn("2026-02-13 11:00"), cn("2026-02-13 12:30"), 2}};
	struct wb_clock_terms t = {.calendar = &hotline,
	        .start_us = cn("2026-02-13 10:00"),
	        .amount_us = HRS(4),
	        .suspensions = s,
	        .suspensions_n = 1};
	struct wb_clock_promise p;

	(void)unused;
	t.amount_us = HRS(2); /* urgent now */
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-13 13:30"));
	t.amount_us = MIN(30); /* so urgent that it was over before the suspension */
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-13 10:30"));
	t.amount_us = HRS(8); /* and back to more */
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-14 11:30"));
	assert_int_equal(p.original_us, cn("2026-02-14 10:00"));
	assert_int_equal(p.suspended_us, MIN(90));
}

static void other_targets(void **unused)
{
	struct wb_suspension s[1] = {{cn("2026-02-13 11:00"), cn("2026-02-13 12:00"), 2}};
	struct wb_clock_terms t = {.calendar = &hotline, .start_us = cn("2026-02-13 10:00"), .suspensions = s};
	struct wb_clock_promise p;

	(void)unused;
	t.target = WB_CLOCK_TARGET_SERVICE_DAYS;
	t.service_days = 3;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-16 17:00"));
	assert_int_equal(p.target_us, HRS(31));
	t.suspensions_n = 1;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-17 10:00"));
	/* A promised arrival in the evening, outside the windows, holds as it is … */
	t.target = WB_CLOCK_TARGET_INSTANT;
	t.instant_us = cn("2026-02-13 18:30");
	t.suspensions_n = 0;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-13 18:30"));
	assert_int_equal(p.target_us, HRS(7));
	/* … and moves by suspended service time like any other. */
	t.suspensions_n = 1;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-14 10:00"));
	t.calendar = NULL;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.deadline_us, cn("2026-02-13 19:30"));
}

static void refused_terms(void **unused)
{
	static struct wb_suspension s[WB_CLOCK_SUSPENSIONS_MAX + 1];
	struct wb_clock_terms t = {
	        .calendar = &hotline, .start_us = cn("2026-02-13 10:00"), .amount_us = HRS(4), .suspensions = s};
	struct wb_clock_promise p;

	(void)unused;
	t.suspensions_n = WB_CLOCK_SUSPENSIONS_MAX;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	t.suspensions_n++;
	assert_int_equal(wb_clock_promise(&t, &p), WB_ERR_LIMIT);
	t.suspensions_n = 1;
	s[0] = (struct wb_suspension){cn("2026-02-13 12:00"), cn("2026-02-13 11:00"), 1};
	assert_int_equal(wb_clock_promise(&t, &p), WB_ERR_INVALID);
	t.suspensions_n = 0;
	t.warn_permille = 1001;
	assert_int_equal(wb_clock_promise(&t, &p), WB_ERR_INVALID);
	t.warn_permille = 0;
	t.amount_us = -1;
	assert_int_equal(wb_clock_promise(&t, &p), WB_ERR_INVALID);
	t.target = WB_CLOCK_TARGET_INSTANT;
	t.instant_us = t.start_us - 1;
	assert_int_equal(wb_clock_promise(&t, &p), WB_ERR_INVALID);
}

static void explained(void **unused)
{
	struct wb_suspension s[3] = {{cn("2026-02-13 16:30"), cn("2026-02-13 16:45"), 2},
	        {cn("2026-02-15 09:10"), cn("2026-02-15 09:20"), 3}, {cn("2026-02-15 16:00"), WB_SUSPENSION_OPEN, 1}};
	struct wb_clock_terms t = {.calendar = &closed_once,
	        .start_us = cn("2026-02-13 16:00"),
	        .amount_us = HRS(2),
	        .suspensions = s,
	        .suspensions_n = 3};
	struct wb_explanation e;
	struct wb_arena arena;

	(void)unused;
	wb_arena_init(&arena, 1 << 20);
	assert_int_equal(wb_clock_explain(&t, &arena, &e), WB_OK);
	assert_int_equal(e.promise.deadline_us, cn("2026-02-15 10:25"));
	assert_int_equal(e.windows_n, 2);
	assert_int_equal(e.windows[0].from_us, cn("2026-02-13 16:00"));
	assert_int_equal(e.windows[0].to_us, cn("2026-02-13 17:00"));
	assert_int_equal(e.windows[0].counted_us, MIN(45));
	assert_int_equal(e.windows[0].suspended_us, MIN(15));
	assert_int_equal(e.windows[0].day, day("2026-02-13"));
	assert_int_equal(e.windows[0].window.end_s, H(17));
	assert_int_equal(e.windows[1].from_us, cn("2026-02-15 09:00"));
	assert_int_equal(e.windows[1].to_us, e.promise.deadline_us);
	assert_int_equal(e.windows[1].counted_us, MIN(75));
	assert_int_equal(e.windows[1].rule, WB_DAY_RULE_WEEKDAY);
	assert_int_equal(e.suspensions_n, 3);
	assert_true(e.suspensions[0].moved);
	assert_int_equal(e.suspensions[0].working_us, MIN(15));
	assert_int_equal(e.suspensions[0].deadline_us, cn("2026-02-15 10:15"));
	assert_int_equal(e.suspensions[1].deadline_us, cn("2026-02-15 10:25"));
	assert_false(e.suspensions[2].moved);
	wb_arena_done(&arena);
}

static void explained_up_to_a_bound(void **unused)
{
	struct wb_clock_terms t = {
	        .calendar = &hotline, .start_us = cn("2026-02-13 09:00"), .amount_us = HRS(8 * 1000)};
	struct wb_explanation e;
	struct wb_arena arena;

	(void)unused;
	wb_arena_init(&arena, 1 << 20);
	assert_int_equal(wb_clock_explain(&t, &arena, &e), WB_OK);
	assert_int_equal(e.windows_n, WB_CLOCK_EXPLAIN_WINDOWS_MAX);
	assert_false(e.windows_truncated);
	t.amount_us++;
	assert_int_equal(wb_clock_explain(&t, &arena, &e), WB_OK);
	assert_int_equal(e.windows_n, WB_CLOCK_EXPLAIN_WINDOWS_MAX);
	assert_true(e.windows_truncated);
	wb_arena_done(&arena);
	wb_arena_init(&arena, 1000);
	assert_int_equal(wb_clock_explain(&t, &arena, &e), WB_ERR_MEMORY);
	wb_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(suspensions),
	        cmocka_unit_test(states),
	        cmocka_unit_test(earned_time_survives_a_new_target),
	        cmocka_unit_test(other_targets),
	        cmocka_unit_test(refused_terms),
	        cmocka_unit_test(explained),
	        cmocka_unit_test(explained_up_to_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
