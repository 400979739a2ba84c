/* The clocks of a ticket through its flow: what starts, stops, moves and voids them; timers; rounds. */
#include "tests/unit/sla_kit.h"

#define URGENT WEIBAO__V1__URGENCY__URGENCY_URGENT
#define NORMAL WEIBAO__V1__URGENCY__URGENCY_NORMAL

/* Report at 10:00: response by 11:00, resolution by 14:00; both met; the follow-up call within three service days. */
static void test_a_day(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00");
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	sla_called(b, "2024-03-04 10:20", false);
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	sla_called(b, "2024-03-04 10:30", true);
	THEN_CLOCK(b, RESPONSE, MET, "2024-03-04 11:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->used_us, 30 * WB_MINUTE_US);
	sla_needed(b, "2024-03-04 10:40");
	THEN_CLOCK(b, APPOINTMENT, RUNNING, "2024-03-04 11:10");
	sla_scheduled(b, "2024-03-04 10:50", "2024-03-04 13:00", NULL);
	THEN_CLOCK(b, APPOINTMENT, MET, "2024-03-04 11:10");
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 13:00");
	sla_arrived(b, "2024-03-04 13:00");
	THEN_CLOCK(b, ARRIVAL, MET, "2024-03-04 13:00");
	sla_completed(b, "2024-03-04 13:50");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 14:00");
	THEN_CLOCK(b, FOLLOW_UP, RUNNING, "2024-03-07 17:00");
	sla_explains(b, WB_SLA_KIND(FOLLOW_UP));
	sla_followed(b, "2024-03-07 17:00");
	THEN_CLOCK(b, FOLLOW_UP, MET, "2024-03-07 17:00");
	assert_int_equal(bed_todo_count(b), 0);
	bed_close(b);
}

static int64_t due_of(struct bed *b, Weibao__V1__ClockKind kind, uint32_t generation)
{
	return bed_todo(b, WB_SLA_TODO_CLOCK, ACME, wb_id_of_field(sla_clock_view(b, kind)->clock_id), generation);
}

/* One to-do a clock, due at the warning, the deadline, each escalation; each fires once. */
static void test_timers(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	AT(b, "2024-03-04 10:45", due_of(b, WB_SLA_KIND(RESPONSE), 1));
	sla_run(b, "2024-03-04 10:44:59");
	AT(b, "2024-03-04 10:45", due_of(b, WB_SLA_KIND(RESPONSE), 1));
	sla_run(b, "2024-03-04 10:45");
	THEN_EVENT(b, 0, "ClockWarned");
	THEN_EVENTS(b, 1);
	AT(b, "2024-03-04 11:00", due_of(b, WB_SLA_KIND(RESPONSE), 1));
	assert_int_equal(bed_run(b), 0);
	sla_run(b, "2024-03-04 10:59:59");
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	sla_run(b, "2024-03-04 11:00");
	THEN_EVENT(b, 0, "ClockBreached");
	THEN_EVENT(b, 1, "ClockEscalated");
	THEN_EVENTS(b, 2);
	assert_int_equal(((const Weibao__V1__ClockEscalated *)bed_event(b, 1))->to, WEIBAO__V1__ROLE__ROLE_HOTLINE);
	THEN_CLOCK(b, RESPONSE, BREACHED, "2024-03-04 11:00");
	AT(b, "2024-03-04 12:00", due_of(b, WB_SLA_KIND(RESPONSE), 1));
	sla_run(b, "2024-03-04 12:00");
	THEN_EVENT(b, 0, "ClockEscalated");
	assert_int_equal(((const Weibao__V1__ClockEscalated *)bed_event(b, 0))->to, WEIBAO__V1__ROLE__ROLE_PRINCIPAL);
	assert_int_equal(due_of(b, WB_SLA_KIND(RESPONSE), 1), -1);
	sla_called(b, "2024-03-04 12:30", true);
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->state, WB_SLA_STATE(BREACHED));
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->late_us, 90 * WB_MINUTE_US);
	bed_close(b);
}

/* However late the timers run, what was recorded decides: exactly at the deadline is in time. */
static void test_edge_of_the_deadline(void **state)
{
	static const struct {
		const char *called, *run;
		Weibao__V1__ClockState state;
		int64_t late_us;
	} cases[] = {
	        {"2024-03-04 10:59:59", "2024-03-04 10:59:59", WB_SLA_STATE(MET), 0},
	        {"2024-03-04 11:00", "2024-03-04 11:00", WB_SLA_STATE(MET), 0},
	        {"2024-03-04 11:00", "2024-03-04 15:00", WB_SLA_STATE(MET), 0},
	        {"2024-03-04 11:00:01", "2024-03-04 11:00:01", WB_SLA_STATE(BREACHED), WB_SECOND_US},
	        {"2024-03-04 11:00:01", "2024-03-05 15:00", WB_SLA_STATE(BREACHED), WB_SECOND_US},
	        {"2024-03-04 11:30", "2024-03-05 15:00", WB_SLA_STATE(BREACHED), 30 * WB_MINUTE_US},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bed *b = sla_bed();
		sla_report(b, "2024-03-04 10:00");
		sla_lazy(true);
		sla_called(b, cases[i].called, true);
		sla_run(b, cases[i].run);
		const Weibao__V1__ClockView *v = sla_clock_view(b, WB_SLA_KIND(RESPONSE));
		assert_int_equal(v->state, cases[i].state);
		AT(b, cases[i].called, v->stopped_at);
		assert_int_equal(v->has_late_us ? (int64_t)v->late_us : 0, cases[i].late_us);
		bed_close(b);
	}
}

/* Without a solution the appointment clock starts half an hour after the response, not a moment earlier. */
static void test_appointment_at_the_latest(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_called(b, "2024-03-04 10:30", true);
	AT(b, "2024-03-04 11:00", bed_todo(b, WB_SLA_TODO_APPOINTMENT, ACME, TICKET, 1));
	sla_run(b, "2024-03-04 10:59:59");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(APPOINTMENT)), 0);
	sla_run(b, "2024-03-04 11:00");
	THEN_CLOCK(b, APPOINTMENT, RUNNING, "2024-03-04 11:30");
	assert_int_equal(bed_todo(b, WB_SLA_TODO_APPOINTMENT, ACME, TICKET, 1), -1);
	sla_needed(b, "2024-03-04 11:10");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(APPOINTMENT)), 1);
	sla_solved(b, "2024-03-04 11:20");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(APPOINTMENT))->state, WB_SLA_STATE(VOIDED));
	bed_close(b);

	b = sla_bed();
	sla_report(b, "2024-03-04 10:00");
	sla_called(b, "2024-03-04 10:30", true);
	sla_lazy(true);
	sla_solved(b, "2024-03-04 11:00"); /* in the very second of the timer */
	sla_run(b, "2024-03-04 11:00");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(APPOINTMENT)), 0);
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 14:00");
	bed_close(b);

	b = sla_bed(); /* late timer: the clock still starts when it was due */
	sla_report(b, "2024-03-04 10:00");
	sla_called(b, "2024-03-04 10:30", true);
	sla_lazy(true);
	sla_scheduled(b, "2024-03-04 11:20", "2024-03-04 13:00", NULL);
	sla_run(b, "2024-03-04 11:45");
	THEN_CLOCK(b, APPOINTMENT, MET, "2024-03-04 11:30");
	bed_close(b);
}

static void test_moved_promise(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_needed(b, "2024-03-04 10:10");
	sla_scheduled(b, "2024-03-04 10:20", "2024-03-04 13:00", NULL);
	sla_moved(b, "2024-03-04 11:00", "2024-03-04 15:00", false);
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 13:00"); /* the provider's own move changes nothing */
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00");
	sla_moved(b, "2024-03-04 12:00", "2024-03-04 15:00", true);
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 15:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 16:00"); /* the user's wish costs from 13:00 to 15:00 */
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	sla_moved(b, "2024-03-04 12:30", "2024-03-04 14:00", true);
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 14:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 15:00");
	sla_run(b, "2024-03-04 14:00");
	THEN_CLOCK(b, ARRIVAL, BREACHED, "2024-03-04 14:00");
	sla_moved(b, "2024-03-04 14:30", "2024-03-05 10:00", true); /* judged once */
	THEN_CLOCK(b, ARRIVAL, BREACHED, "2024-03-04 14:00");
	bed_close(b);
}

/* The user chose a later time than was offered: suspended between, and no longer than the engineer is away. */
static void test_chosen_later(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_needed(b, "2024-03-04 10:40");
	sla_scheduled(b, "2024-03-04 10:50", "2024-03-04 16:00", "2024-03-04 11:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 11:00");
	bed_at(b, sla_at("2024-03-04 12:00"));
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->state, WB_SLA_STATE(FROZEN));
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->left_us, 3 * WB_HOUR_US);
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	sla_arrived(b, "2024-03-04 15:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 10:00");
	bed_close(b);

	b = sla_bed();
	sla_report(b, "2024-03-04 10:00");
	sla_needed(b, "2024-03-04 10:40");
	sla_scheduled(b, "2024-03-04 10:50", "2024-03-04 16:00", "2024-03-04 11:00");
	sla_visit_cancelled(b, "2024-03-04 12:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(ARRIVAL))->state, WB_SLA_STATE(VOIDED));
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 15:00");
	THEN_CLOCK(b, APPOINTMENT, RUNNING, "2024-03-04 12:30"); /* another time must be agreed */
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(APPOINTMENT)), 2);
	bed_close(b);
}

/* A second visit has an appointment and an arrival of its own; response and resolution run on. */
static void test_second_visit(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_needed(b, "2024-03-04 10:10");
	sla_scheduled(b, "2024-03-04 10:20", "2024-03-04 11:00", NULL);
	sla_arrived(b, "2024-03-04 10:55");
	THEN_CLOCK(b, RESPONSE, MET, "2024-03-04 11:00"); /* on site counts like a call */
	sla_left(b, "2024-03-04 12:00", WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT);
	THEN_CLOCK(b, APPOINTMENT, RUNNING, "2024-03-04 12:30");
	sla_scheduled(b, "2024-03-04 12:10", "2024-03-04 13:30", NULL);
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 13:30");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(ARRIVAL)), 2);
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(RESPONSE)), 1);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00");
	bed_close(b);
}

/* A new round has all clocks of its own; what was judged stays; what ran counts for nobody. */
static void test_rounds(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_solved(b, "2024-03-04 10:30");
	sla_round(b, "2024-03-25 16:30", 2); /* weeks later */
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(FOLLOW_UP))->state, WB_SLA_STATE(BREACHED));
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-26 09:30");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-26 12:30");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(RESOLUTION)), 2);
	sla_in_round(1); /* what belongs to the first round touches nothing of the second */
	sla_called(b, "2024-03-25 16:40", true);
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-26 09:30");
	sla_in_round(2);
	sla_solved(b, "2024-03-26 09:30");
	THEN_CLOCK(b, RESPONSE, MET, "2024-03-26 09:30");
	sla_round(b, "2024-03-26 10:00", 3); /* not satisfied: no call is owed for the second round */
	const Weibao__V1__ClockView *v = sla_clock_view(b, WB_SLA_KIND(FOLLOW_UP));
	assert_int_equal(v->state, WB_SLA_STATE(VOIDED));
	assert_string_equal(v->void_cause, "ROUND");
	bed_close(b);
}

static void test_cancelled(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_run(b, "2024-03-04 11:00"); /* the response is breached, the resolution runs */
	sla_cancelled(b, "2024-03-04 11:30");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->state, WB_SLA_STATE(BREACHED));
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->late_us, 30 * WB_MINUTE_US);
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->state, WB_SLA_STATE(VOIDED));
	assert_string_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->void_cause, "CANCELLED");
	assert_int_equal(bed_todo_count(b), 0);
	bed_close(b);
}

static void test_uncovered(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	(void)state;
	sla_report_as(b, "2024-03-04 10:00", NORMAL, false);
	sla_called(b, "2024-03-04 10:30", true);
	q.ticket_id = bed_field(b, TICKET);
	const Weibao__V1__ClockListAnswer *r = (const Weibao__V1__ClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	assert_int_equal(r->n_clocks, 0);
	assert_int_equal(bed_todo_count(b), 0);
	bed_close(b);
}

static struct bed *urgent_bed(void)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	sla_target_of(p, WB_SLA_KIND(RESOLUTION), URGENT)->target_us = (uint64_t)(2 * WB_HOUR_US);
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
	return b;
}

/* Another urgency is another target from the start on; nothing earned is lost, nothing is breached in the past. */
static void test_urgency(void **state)
{
	struct bed *b = urgent_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	sla_urgency(b, "2024-03-04 11:00", URGENT);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 12:00");
	sla_urgency(b, "2024-03-04 11:30", NORMAL);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00");
	sla_urgency(b, "2024-03-04 12:30", URGENT); /* two and a half hours are used: over at the change */
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 12:30");
	bed_close(b);

	b = urgent_bed();
	sla_report(b, "2024-03-04 10:00");
	sla_suspend(b, "2024-03-04 10:30", WB_SLA_KIND(RESOLUTION), WB_SLA_REASON(USER));
	sla_resume(b, "2024-03-04 11:30", WB_SLA_KIND(RESOLUTION));
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 15:00");
	sla_urgency(b, "2024-03-04 12:00", URGENT);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 13:00");
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	sla_urgency(b, "2024-03-04 12:10", NORMAL);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 15:00");
	sla_suspend(b, "2024-03-04 12:20", WB_SLA_KIND(RESOLUTION), WB_SLA_REASON(PART));
	sla_urgency(b, "2024-03-04 12:30", URGENT); /* while it is frozen */
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->state, WB_SLA_STATE(FROZEN));
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->left_us, 40 * WB_MINUTE_US);
	sla_resume(b, "2024-03-05 09:00", WB_SLA_KIND(RESOLUTION));
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 09:40");
	bed_close(b);
}

/* Urgent faults round the clock, and clocks that only one urgency has. */
static void test_urgency_changes_more(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	(void)state;
	sla_target_of(p, WB_SLA_KIND(RESOLUTION), URGENT)->has_calendar_id = false;
	sla_target_of(p, WB_SLA_KIND(RESPONSE), NORMAL)->runs = false;
	sla_target_of(p, WB_SLA_KIND(RESPONSE), NORMAL)->has_target_us = false;
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
	sla_report(b, "2024-03-04 16:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 12:00");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(RESPONSE)), 0);
	sla_urgency(b, "2024-03-04 16:30", URGENT);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 20:00");
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-05 09:30");
	sla_urgency(b, "2024-03-04 16:40", NORMAL);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 12:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->state, WB_SLA_STATE(VOIDED));
	sla_urgency(b, "2024-03-04 20:30", URGENT); /* over at the change, not before it */
	THEN_CLOCK(b, RESOLUTION, BREACHED, "2024-03-04 20:30");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(RESPONSE)), 2);
	bed_close(b);
}

/* A policy holds for what starts under it, by the order of the log. */
static void test_policy_between(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	(void)state;
	sla_lazy(true);
	sla_report(b, "2024-03-04 10:00");
	bed_at(b, sla_at("2024-03-04 10:05"));
	sla_set_target(p, WB_SLA_KIND(RESPONSE), 2 * WB_HOUR_US);
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
	sla_lazy(false);
	sla_run(b, "2024-03-04 10:06"); /* taken in after, reported before */
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->policy_version, 1);
	sla_run(b, "2024-03-04 11:00");
	THEN_CLOCK(b, RESPONSE, BREACHED, "2024-03-04 11:00");
	sla_solved(b, "2024-03-04 11:10");
	sla_round(b, "2024-03-04 12:00", 2);
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 14:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->policy_version, 2);
	bed_close(b);
}

/* Facts by the dozen are taken in step by step, and all of them. */
static void test_many_facts(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_lazy(true);
	sla_report(b, "2024-03-04 10:00");
	for (int i = 0; i < 100; i++)
		sla_urgency(b, "2024-03-04 10:10", i % 2 ? NORMAL : URGENT);
	sla_solved(b, "2024-03-04 10:20");
	assert_true(bed_todo(b, WB_SLA_TODO_FACTS, ACME, TICKET, 1) > 0);
	sla_run(b, "2024-03-04 10:30");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 14:00");
	assert_int_equal(bed_todo(b, WB_SLA_TODO_FACTS, ACME, TICKET, 103), -1);
	bed_close(b);
}

/* What runs in a tenant, by deadline; frozen ones last, judged ones not at all. */
static void test_running(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__ListRunningClocks q = WEIBAO__V1__LIST_RUNNING_CLOCKS__INIT;
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	q.has_limit = true;
	q.limit = 1;
	const Weibao__V1__RunningClockListAnswer *r =
	        (const Weibao__V1__RunningClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_clocks, 1);
	assert_int_equal(r->clocks[0]->clock->kind, WB_SLA_KIND(RESPONSE));
	q.cursor = r->next_cursor;
	r = (const Weibao__V1__RunningClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_clocks, 1);
	assert_int_equal(r->clocks[0]->clock->kind, WB_SLA_KIND(RESOLUTION));
	assert_null(r->next_cursor);
	q.cursor = NULL;
	q.limit = 10;
	sla_suspend(b, "2024-03-04 10:10", WB_SLA_KIND(RESPONSE), WB_SLA_REASON(USER));
	r = (const Weibao__V1__RunningClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_clocks, 2);
	assert_int_equal(r->clocks[1]->clock->kind, WB_SLA_KIND(RESPONSE));
	sla_run(b, "2024-03-04 14:00");
	r = (const Weibao__V1__RunningClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_clocks, 1);
	assert_int_equal(r->clocks[0]->clock->state, WB_SLA_STATE(FROZEN));
	r = (const Weibao__V1__RunningClockListAnswer *)bed_query(b, "other", &q.base);
	assert_int_equal(r->n_clocks, 0);
	bed_close(b);
}

static void test_who_sees(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	q.ticket_id = bed_field(b, TICKET);
	bed_as(b, WB_ROLE(USER), bed_id("user"));
	assert_non_null(bed_query(b, ACME, &q.base));
	bed_as(b, WB_ROLE(USER), bed_id("another"));
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "NOT_FOUND");
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	assert_non_null(bed_query(b, ACME, &q.base));
	assert_null(bed_query(b, "other", &q.base)); /* an id of another tenant does not exist */
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_day),
	        cmocka_unit_test(test_timers),
	        cmocka_unit_test(test_edge_of_the_deadline),
	        cmocka_unit_test(test_appointment_at_the_latest),
	        cmocka_unit_test(test_moved_promise),
	        cmocka_unit_test(test_chosen_later),
	        cmocka_unit_test(test_second_visit),
	        cmocka_unit_test(test_rounds),
	        cmocka_unit_test(test_cancelled),
	        cmocka_unit_test(test_uncovered),
	        cmocka_unit_test(test_urgency),
	        cmocka_unit_test(test_urgency_changes_more),
	        cmocka_unit_test(test_policy_between),
	        cmocka_unit_test(test_many_facts),
	        cmocka_unit_test(test_running),
	        cmocka_unit_test(test_who_sees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
