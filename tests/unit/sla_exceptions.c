/* Exceptions: only the client's own act moves a deadline; a verbal one holds the judgement for a while. Late evidence.
 */
#include "tests/unit/sla_kit.h"

#define RES WB_SLA_KIND(RESOLUTION)
#define ARR WB_SLA_KIND(ARRIVAL)

static void test_agreed(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_propose(b, "2024-03-04 11:00", RES, "2024-03-04 16:00", false);
	THEN_EVENT(b, bed_events(b) - 1, "ExceptionProposed");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00"); /* nothing has moved yet */
	sla_propose(b, "2024-03-04 11:10", RES, "2024-03-04 17:00", false);
	THEN_REJECTED_AT(b, EXCEPTION_OPEN, "clockId");
	sla_agree(b, "2024-03-04 12:00", RES);
	THEN_EVENT(b, bed_events(b) - 1, "ExceptionAgreed");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 16:00");
	AT(b, "2024-03-04 14:00", sla_clock_view(b, RES)->original_deadline_at);
	sla_explains(b, RES);
	sla_suspend(b, "2024-03-04 15:00", RES, WB_SLA_REASON(PART));
	sla_resume(b, "2024-03-04 15:30", RES);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 16:30");
	sla_agree(b, "2024-03-04 15:40", RES);
	THEN_REJECTED_AT(b, EXCEPTION_ENDED, "exceptionId");
	sla_completed(b, "2024-03-04 16:20");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 16:30");
	AT(b, "2024-03-04 14:00",
	        sla_clock_view(b, RES)->original_deadline_at); /* suspended after it: it did not move */
	bed_close(b);
}

/* Proposed in writing and not agreed in time: judged at the original deadline, and the proposal is over. */
static void test_not_agreed(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_propose(b, "2024-03-04 11:00", RES, "2024-03-04 16:00", false);
	sla_run(b, "2024-03-04 14:00");
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	sla_agree(b, "2024-03-04 14:01", RES);
	THEN_REJECTED_AT(b, EXCEPTION_ENDED, "exceptionId");
	sla_propose(b, "2024-03-04 14:02", RES, "2024-03-04 16:00", true);
	THEN_REJECTED_AT(b, CLOCK_JUDGED, "clockId");
	bed_close(b);
}

static struct bed *verbal_bed(void)
{
	struct bed *b = sla_bed();
	sla_report(b, "2024-03-04 10:00");
	sla_propose(b, "2024-03-04 13:00", RES, "2024-03-05 11:00", true);
	sla_run(b, "2024-03-04 16:00");
	assert_int_equal(sla_clock_view(b, RES)->state, WB_SLA_STATE(PENDING));
	assert_false(sla_clock_view(b, RES)->has_late_us);
	return b;
}

static void test_verbal(void **state)
{
	struct bed *b = verbal_bed();
	(void)state;
	sla_agree(b, "2024-03-04 16:30", RES); /* counts from when it was recorded */
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 11:00");
	sla_completed(b, "2024-03-05 11:00");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-05 11:00");
	bed_close(b);

	b = verbal_bed(); /* nobody confirms: by the end of the next service day the original one is judged */
	AT(b, "2024-03-05 17:00",
	        bed_todo(b, WB_SLA_TODO_EXCEPTION, ACME, wb_id_of_field(sla_exception_of(b, RES)), 0));
	sla_run(b, "2024-03-05 16:59:59");
	assert_int_equal(sla_clock_view(b, RES)->state, WB_SLA_STATE(PENDING));
	sla_run(b, "2024-03-05 17:00");
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	sla_agree(b, "2024-03-05 17:01", RES);
	THEN_REJECTED(b, EXCEPTION_ENDED);
	bed_close(b);

	b = verbal_bed();
	sla_decline(b, "2024-03-04 16:30", RES);
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	bed_close(b);

	b = verbal_bed(); /* confirmed after the new deadline has passed too */
	sla_agree(b, "2024-03-05 12:00", RES);
	sla_settle(b);
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-05 11:00");
	bed_close(b);
}

/* Completed while the judgement is held: judged once it is known by which deadline. */
static void test_stopped_while_held(void **state)
{
	struct bed *b = verbal_bed();
	(void)state;
	sla_completed(b, "2024-03-04 16:10");
	assert_int_equal(sla_clock_view(b, RES)->state, WB_SLA_STATE(PENDING));
	sla_agree(b, "2024-03-04 16:30", RES);
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-05 11:00");
	AT(b, "2024-03-04 16:10", sla_clock_view(b, RES)->stopped_at);
	bed_close(b);

	b = verbal_bed();
	sla_completed(b, "2024-03-04 16:10");
	sla_run(b, "2024-03-05 17:00");
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	AT(b, "2024-03-04 16:10", sla_clock_view(b, RES)->stopped_at);
	assert_int_equal(sla_clock_view(b, RES)->late_us, 130 * WB_MINUTE_US);
	bed_close(b);
}

/* Suspended while the judgement is held: it counts if the exception is agreed, and for nothing if it is not. */
static void test_suspended_while_held(void **state)
{
	struct bed *b = verbal_bed();
	Weibao__V1__SuspendClock c = WEIBAO__V1__SUSPEND_CLOCK__INIT;
	(void)state;
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	sla_suspend(b, "2024-03-04 16:10", RES, WB_SLA_REASON(PART));
	THEN_EVENT(b, bed_events(b) - 1, "ClockSuspended");
	sla_run(b, "2024-03-05 17:00");
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	assert_true(sla_clock_view(b, RES)->suspensions[0]->has_until_at);
	bed_close(b);

	b = verbal_bed();
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	sla_suspend(b, "2024-03-04 16:10", RES, WB_SLA_REASON(PART));
	sla_decline(b, "2024-03-04 16:20", RES);
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 14:00");
	bed_close(b);

	b = verbal_bed();
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	sla_suspend(b, "2024-03-04 16:10", RES, WB_SLA_REASON(PART));
	sla_agree(b, "2024-03-04 16:20", RES);
	assert_int_equal(sla_clock_view(b, RES)->state, WB_SLA_STATE(FROZEN));
	sla_resume(b, "2024-03-04 16:40", RES);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 11:30");
	bed_close(b);

	b = sla_bed(); /* a suspension told now cannot reach back before the deadline that has passed */
	sla_report(b, "2024-03-04 10:00");
	sla_propose(b, "2024-03-04 13:00", RES, "2024-03-05 11:00", true);
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	bed_at(b, sla_at("2024-03-04 14:40"));
	c.ticket_id = bed_field(b, TICKET);
	c.round = 1;
	c.clock_id = sla_clock_view(b, RES)->clock_id;
	c.reason = WB_SLA_REASON(PART);
	c.has_from_at = true;
	c.from_at = sla_at("2024-03-04 13:50");
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "fromAt");
	bed_close(b);
}

static void test_who_may(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__AgreeException c = WEIBAO__V1__AGREE_EXCEPTION__INIT;
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_propose(b, "2024-03-04 10:30", RES, "2024-03-04 14:00", false);
	THEN_REJECTED_AT(b, EXCEPTION_NOT_LATER, "newDeadlineAt");
	sla_propose(b, "2024-03-04 11:00", RES, "2024-03-04 16:00", false);
	c.ticket_id = bed_field(b, TICKET);
	c.round = 1;
	c.exception_id = sla_exception_of(b, RES);
	bed_as(b, WB_STAFF | WB_ROLE(ENGINEER), bed_id("lead")); /* the provider alone never moves a deadline */
	bed_when(b, ACME, &c.base);
	THEN_REJECTED(b, FORBIDDEN);
	bed_as_link(b, "exception", bed_id("another"), 1);
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, NOT_FOUND, "exceptionId");
	bed_as_link(b, "visit", wb_id_of_field(c.exception_id), 1);
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, NOT_FOUND, "exceptionId");
	bed_as_link(b, "exception", wb_id_of_field(c.exception_id), 2);
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, NOT_FOUND, "exceptionId");
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	q.ticket_id = c.ticket_id;
	bed_as_link(b, "exception", bed_id("another"), 1);
	assert_null(bed_query(b, ACME, &q.base));
	bed_as_link(b, "exception", wb_id_of_field(c.exception_id), 1);
	const Weibao__V1__ClockListAnswer *r = (const Weibao__V1__ClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	assert_int_equal(r->n_clocks, 1); /* of two */
	assert_int_equal(r->n_exceptions, 1);
	bed_when(b, ACME, &c.base);
	THEN_EVENT(b, bed_events(b) - 1, "ExceptionAgreed");
	bed_close(b);
}

/* ---- late evidence ---- */

static struct bed *breached_arrival(void)
{
	struct bed *b = sla_bed();
	sla_report(b, "2024-03-04 10:00");
	sla_needed(b, "2024-03-04 10:10");
	sla_scheduled(b, "2024-03-04 10:20", "2024-03-04 13:00", NULL);
	return b;
}

static void test_evidence(void **state)
{
	static const struct {
		const char *told, *happened;
		bool sound;
		Weibao__V1__ClockState state;
		const char *stopped;
	} cases[] = {
	        {"2024-03-04 15:00", "2024-03-04 12:55", true, WB_SLA_STATE(OVERTURNED), "2024-03-04 12:55"},
	        {"2024-03-04 15:00", "2024-03-04 13:00", true, WB_SLA_STATE(OVERTURNED), "2024-03-04 13:00"},
	        {"2024-03-04 15:00", "2024-03-04 13:00:01", true, WB_SLA_STATE(BREACHED), "2024-03-04 13:00:01"},
	        {"2024-03-04 15:00", "2024-03-04 12:55", false, WB_SLA_STATE(BREACHED), "2024-03-04 15:00"},
	        {"2024-03-05 12:55", "2024-03-04 12:55", true, WB_SLA_STATE(OVERTURNED), "2024-03-04 12:55"},
	        {"2024-03-05 12:55:01", "2024-03-04 12:55", true, WB_SLA_STATE(BREACHED), "2024-03-05 12:55:01"},
	        {"2024-03-04 12:58", "2024-03-04 12:50", true, WB_SLA_STATE(MET), "2024-03-04 12:50"},
	};
	(void)state;
	for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
		size_t k = i / 2;
		struct bed *b = breached_arrival();
		if (i % 2 == 0 && cases[k].state != WB_SLA_STATE(MET)) /* whether the timer ran makes no difference */
			sla_run(b, "2024-03-04 13:00");
		if (cases[k].sound)
			sla_arrived_offline(b, cases[k].told, cases[k].happened);
		else
			sla_arrived_stated(b, cases[k].told, cases[k].happened);
		const Weibao__V1__ClockView *v = sla_clock_view(b, ARR);
		assert_int_equal(v->state, cases[k].state);
		AT(b, cases[k].stopped, v->stopped_at);
		AT(b, "2024-03-04 13:00", v->deadline_at);
		bed_close(b);
	}
}

/* Told late, but it was there before another arrival stopped the clock late: overturned all the same, once. */
static void test_evidence_after_a_late_stop(void **state)
{
	struct bed *b = breached_arrival();
	(void)state;
	sla_run(b, "2024-03-04 13:00");
	sla_arrived(b, "2024-03-04 13:30");
	assert_int_equal(sla_clock_view(b, ARR)->state, WB_SLA_STATE(BREACHED));
	sla_arrived_offline(b, "2024-03-04 15:00", "2024-03-04 12:50");
	assert_int_equal(sla_clock_view(b, ARR)->state, WB_SLA_STATE(OVERTURNED));
	sla_arrived_offline(b, "2024-03-04 15:10", "2024-03-04 12:40");
	AT(b, "2024-03-04 12:50", sla_clock_view(b, ARR)->stopped_at);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_agreed),
	        cmocka_unit_test(test_not_agreed),
	        cmocka_unit_test(test_verbal),
	        cmocka_unit_test(test_stopped_while_held),
	        cmocka_unit_test(test_suspended_while_held),
	        cmocka_unit_test(test_who_may),
	        cmocka_unit_test(test_evidence),
	        cmocka_unit_test(test_evidence_after_a_late_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
