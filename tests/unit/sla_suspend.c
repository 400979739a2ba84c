/* Suspensions: frozen, never late; to the second; kept through every later change. And what is refused. */
#include "tests/unit/sla_kit.h"

#define PART WB_SLA_REASON(PART)
#define RES WB_SLA_KIND(RESOLUTION)

static void test_frozen_is_never_late(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_suspend(b, "2024-03-04 11:00", RES, PART);
	THEN_EVENT(b, 0, "ClockSuspended");
	assert_int_equal(((const Weibao__V1__ClockSuspended *)bed_event(b, 0))->remaining_us, 3 * WB_HOUR_US);
	sla_run(b, "2024-03-05 16:00");
	const Weibao__V1__ClockView *v = sla_clock_view(b, RES);
	assert_int_equal(v->state, WB_SLA_STATE(FROZEN));
	assert_int_equal(v->left_us, 3 * WB_HOUR_US);
	assert_false(v->has_deadline_at);
	assert_false(v->has_late_us);
	sla_explains(b, RES);
	sla_resume(b, "2024-03-06 10:00", RES);
	THEN_EVENT(b, 0, "ClockResumed");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-06 13:00");
	sla_explains(b, RES);
	sla_run(b, "2024-03-06 13:00");
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-06 13:00");
	bed_close(b);
}

/* Back to back and in one minute: each counts, to the second, overlaps once. */
static void test_several(void **state)
{
	static const struct {
		const char *spans[4][2];
		const char *due;
	} cases[] = {
	        {{{"2024-03-04 11:00", "2024-03-04 11:30"}, {"2024-03-04 11:30", "2024-03-04 12:00"}},
	                "2024-03-04 15:00"},
	        {{{"2024-03-04 11:00:10", "2024-03-04 11:00:20"}, {"2024-03-04 11:00:30", "2024-03-04 11:00:50"}},
	                "2024-03-04 14:00:30"},
	        {{{"2024-03-04 11:00:10", "2024-03-04 11:00:10"}, {"2024-03-04 11:00:10", "2024-03-04 11:00:11"}},
	                "2024-03-04 14:00:01"},
	        {{{"2024-03-04 16:00", "2024-03-05 10:00"}}, NULL}, /* judged before: refused */
	        {{{"2024-03-04 13:59:59", "2024-03-05 10:00"}}, "2024-03-05 10:00:01"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bed *b = sla_bed();
		sla_report(b, "2024-03-04 10:00");
		if (!cases[i].due) {
			sla_suspend(b, cases[i].spans[0][0], RES, PART);
			THEN_REJECTED_AT(b, CLOCK_JUDGED, "clockId");
			bed_close(b);
			continue;
		}
		for (size_t k = 0; k < 4 && cases[i].spans[k][0]; k++) {
			sla_suspend(b, cases[i].spans[k][0], RES, PART);
			THEN_EVENT(b, bed_events(b) - 1, "ClockSuspended");
			sla_resume(b, cases[i].spans[k][1], RES);
			THEN_EVENT(b, bed_events(b) - 1, "ClockResumed");
		}
		THEN_CLOCK(b, RESOLUTION, RUNNING, cases[i].due);
		sla_explains(b, RES);
		bed_close(b);
	}
}

/* An act at the deadline is in time: the timer of that second finds a frozen clock. */
static void test_in_the_second_of_the_timer(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_suspend(b, "2024-03-04 14:00", RES, PART);
	THEN_EVENT(b, bed_events(b) - 1, "ClockSuspended");
	sla_run(b, "2024-03-04 16:00");
	assert_int_equal(sla_clock_view(b, RES)->state, WB_SLA_STATE(FROZEN));
	assert_int_equal(sla_clock_view(b, RES)->left_us, 0);
	sla_completed(b, "2024-03-04 16:30");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 16:30"); /* in a suspension nothing is late */
	AT(b, "2024-03-04 16:30", sla_clock_view(b, RES)->suspensions[0]->until_at);
	sla_explains(b, RES);
	bed_close(b);
}

static void test_known_end_and_back(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__SuspendClock c = WEIBAO__V1__SUSPEND_CLOCK__INIT;
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	bed_at(b, sla_at("2024-03-04 11:00"));
	c.ticket_id = bed_field(b, TICKET);
	c.round = 1;
	c.clock_id = sla_clock_view(b, RES)->clock_id;
	c.reason = WB_SLA_REASON(APPROVAL);
	c.has_from_at = c.has_until_at = true;
	c.from_at = sla_at("2024-03-04 10:30");
	c.until_at = sla_at("2024-03-04 12:00");
	bed_when(b, ACME, &c.base);
	THEN_CLOCK(b, RESOLUTION, FROZEN, "2024-03-04 15:30");
	sla_resume(b, "2024-03-04 11:15", RES); /* earlier than was known */
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:45");
	sla_resume(b, "2024-03-04 11:20", RES);
	THEN_REJECTED_AT(b, SUSPENSION_OVER, "suspensionId");
	c.from_at = sla_at("2024-03-04 10:10");
	c.has_until_at = false;
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "fromAt"); /* more than an hour back */
	c.from_at = bed_now(b) + WB_SECOND_US;
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "fromAt");
	c.has_from_at = false;
	c.has_until_at = true;
	c.until_at = bed_now(b);
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "untilAt");
	bed_close(b);
}

static void test_refusals(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	(void)state;
	p->n_suspension_reasons = 1; /* PART alone */
	sla_save_policy(b, p);
	sla_report(b, "2024-03-04 10:00");
	sla_suspend(b, "2024-03-04 10:10", RES, WB_SLA_REASON(USER));
	THEN_REJECTED_AT(b, SUSPENSION_NOT_ALLOWED, "reason");
	sla_suspend(b, "2024-03-04 10:10", RES, PART);
	THEN_EVENT(b, 0, "ClockSuspended");
	sla_suspend(b, "2024-03-04 10:20", RES, PART);
	THEN_REJECTED_AT(b, CLOCK_SUSPENDED, "clockId");
	sla_in_round(2);
	sla_suspend(b, "2024-03-04 10:20", RES, PART);
	THEN_REJECTED_AT(b, FIELD_INVALID, "round");
	sla_round(b, "2024-03-04 10:30", 2);
	sla_in_round(1);
	sla_suspend(b, "2024-03-04 10:40", RES, PART);
	THEN_REJECTED_AT(b, ROUND_PAST, "round");
	sla_in_round(2);
	bed_as(b, WB_ROLE(ENGINEER), bed_id("engineer"));
	sla_suspend(b, "2024-03-04 10:40", RES, PART);
	THEN_REJECTED(b, FORBIDDEN);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_frozen_is_never_late),
	        cmocka_unit_test(test_several),
	        cmocka_unit_test(test_in_the_second_of_the_timer),
	        cmocka_unit_test(test_known_end_and_back),
	        cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
