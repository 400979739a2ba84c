/* Reporting: the board, agendas, what is stuck, registers, attainment, history, and what a link shows. */
#include "tests/unit/reporting_story.h"

#include <string.h>

static const ProtobufCMessage *ask(struct bed *b, const char *tenant, const ProtobufCMessage *q)
{
	const ProtobufCMessage *m = bed_query(b, tenant, q);
	if (!m)
		fail_msg("refused with %s at %s", bed_refusal(b), bed_path(b) ? bed_path(b) : "-");
	return m;
}

static const Weibao__V1__BoardAnswer *board(struct bed *b)
{
	Weibao__V1__Board q = WEIBAO__V1__BOARD__INIT;
	return (const Weibao__V1__BoardAnswer *)ask(b, ACME, &q.base);
}

static void freeze(struct bed *b, const char *ticket, const char *clock, uint64_t remaining_us)
{
	Weibao__V1__ClockSuspended e = WEIBAO__V1__CLOCK_SUSPENDED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.clock_id = bed_field(b, bed_id(clock));
	e.suspension_id = bed_field(b, bed_id("suspension"));
	e.reason = WEIBAO__V1__SUSPENSION_REASON__SUSPENSION_REASON_PART;
	e.from_at = bed_now(b);
	e.remaining_us = remaining_us;
	e.generation = 2;
	bed_given(b, ACME, "clocks", bed_id(ticket), &e.base);
}

static void thaw(struct bed *b, const char *ticket, const char *clock, int64_t deadline_at)
{
	Weibao__V1__ClockResumed e = WEIBAO__V1__CLOCK_RESUMED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.clock_id = bed_field(b, bed_id(clock));
	e.suspension_id = bed_field(b, bed_id("suspension"));
	e.until_at = bed_now(b);
	e.deadline_at = deadline_at;
	e.generation = 3;
	bed_given(b, ACME, "clocks", bed_id(ticket), &e.base);
}

static void the_board(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_ticket(b, ACME, "t2", "A-2", "bob");
	given_clock(b, "t1", "late", KIND(RESOLUTION), bed_now(b) + 4 * WB_HOUR_US);
	given_clock(b, "t2", "soon", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	const Weibao__V1__BoardAnswer *r = board(b);
	assert_int_equal(r->n_running, 2);
	assert_string_equal(r->running[0]->number, "A-2");
	assert_false(r->running[0]->late);
	/* frozen: with what is left, never late */
	freeze(b, "t1", "late", (uint64_t)WB_HOUR_US);
	bed_pass(b, 10 * WB_HOUR_US);
	r = board(b);
	assert_int_equal(r->n_running, 1);
	assert_true(r->running[0]->late);
	assert_int_equal(r->n_frozen, 1);
	assert_false(r->frozen[0]->late);
	assert_int_equal(r->frozen[0]->remaining_us, WB_HOUR_US);
	/* a breach stays until somebody stops it */
	given_breach(b, "t2", "soon", KIND(RESPONSE));
	assert_int_equal(board(b)->n_running, 1);
	Weibao__V1__ClockStoppedLate stop = WEIBAO__V1__CLOCK_STOPPED_LATE__INIT;
	stop.ticket_id = bed_field(b, bed_id("t2"));
	stop.round = 1;
	stop.clock_id = bed_field(b, bed_id("soon"));
	stop.kind = KIND(RESPONSE);
	stop.stopped_at = bed_now(b);
	stop.late_us = 1;
	bed_given(b, ACME, "clocks", bed_id("t2"), &stop.base);
	assert_int_equal(board(b)->n_running, 0);
	thaw(b, "t1", "late", bed_now(b) + WB_HOUR_US);
	r = board(b);
	assert_int_equal(r->n_running, 1);
	assert_int_equal(r->n_frozen, 0);
	given_met(b, "t1", "late", KIND(RESOLUTION));
	assert_int_equal(board(b)->n_running, 0);
	bed_close(b);
}

static void the_boards_filters(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__Board q = WEIBAO__V1__BOARD__INIT;
	(void)state;
	given_tenant(b, ACME);
	given_team(b, ACME, "team");
	given_member(b, "other team", "eve");
	given_ticket_of(b, ACME, "t1", "A-1", "ann", &(struct ticket_story){.office = "north"});
	given_ticket_of(b, ACME, "t2", "A-2", "bob", &(struct ticket_story){.office = "south"});
	given_clock(b, "t1", "c1", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	given_clock(b, "t2", "c2", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	given_handler(b, "t2", "eve");
	q.has_office_id = true;
	q.office_id = bed_field(b, bed_id("north"));
	assert_int_equal(((const Weibao__V1__BoardAnswer *)ask(b, ACME, &q.base))->n_running, 1);
	q.has_office_id = false;
	q.has_engineer_id = true;
	q.engineer_id = bed_field(b, bed_id("eve"));
	const Weibao__V1__BoardAnswer *r = (const Weibao__V1__BoardAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_running, 1);
	assert_string_equal(r->running[0]->number, "A-2");
	q.has_engineer_id = false;
	q.has_team_id = true;
	q.team_id = bed_field(b, bed_id("team"));
	r = (const Weibao__V1__BoardAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_running, 1);
	assert_string_equal(r->running[0]->number, "A-1");
	/* an engineer of no team of this tenant: the ticket that they handle */
	q.has_team_id = false;
	bed_as(b, WB_ROLE(ENGINEER), bed_id("eve"));
	r = (const Weibao__V1__BoardAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_running, 1);
	assert_string_equal(r->running[0]->number, "A-2");
	bed_close(b);
}

static const Weibao__V1__EngineerAgendaAnswer *agenda(struct bed *b, const char *tenant, int64_t from)
{
	Weibao__V1__EngineerAgenda q = WEIBAO__V1__ENGINEER_AGENDA__INIT;
	q.engineer_id = bed_field(b, bed_id("eve"));
	q.from_at = from;
	q.until_at = from + WB_DAY_US;
	return (const Weibao__V1__EngineerAgendaAnswer *)ask(b, tenant, &q.base);
}

static void an_agenda_says_busy_of_others(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	int64_t at = BED_START + WB_DAY_US;
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_visit(b, ACME, "t1", "v1", at);
	given_assigned(b, ACME, "t1", "v1", "eve", at, at + WB_HOUR_US);
	given_ticket(b, "other", "x1", "X-1", "zoe");
	given_visit(b, "other", "x1", "w1", at + 2 * WB_HOUR_US);
	given_assigned(b, "other", "x1", "w1", "eve", at + 2 * WB_HOUR_US, at + 3 * WB_HOUR_US);
	/* the provider's staff: all of them, nothing personal */
	const Weibao__V1__EngineerAgendaAnswer *r = agenda(b, "provider", at);
	assert_int_equal(r->n_items, 2);
	assert_string_equal(r->items[1]->client, "other");
	assert_string_equal(r->items[1]->number, "X-1");
	assert_null(r->items[1]->user_name);
	/* in a client unit: its own, and «busy» */
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("rep"));
	r = agenda(b, ACME, at);
	assert_int_equal(r->n_items, 2);
	assert_string_equal(r->items[0]->number, "A-1");
	assert_string_equal(r->items[0]->user_name->plain, "ann");
	assert_true(r->items[1]->busy);
	assert_null(r->items[1]->client);
	assert_null(r->items[1]->number);
	assert_false(r->items[1]->has_ticket_id);
	/* another engineer sees when, the engineer themselves where */
	bed_as(b, WB_ROLE(ENGINEER), bed_id("max"));
	assert_true(agenda(b, "provider", at)->items[0]->busy);
	bed_as(b, WB_ROLE(ENGINEER), bed_id("eve"));
	assert_false(agenda(b, "provider", at)->items[0]->busy);
	assert_int_equal(agenda(b, "provider", at + WB_DAY_US)->n_items, 0);
	assert_int_equal(agenda(b, "provider", at + WB_HOUR_US)->n_items, 1); /* what ended is over */
	bed_close(b);
}

static void moved_and_cancelled_visits_leave_the_agenda(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	int64_t at = BED_START + WB_DAY_US;
	Weibao__V1__VisitMoved moved = WEIBAO__V1__VISIT_MOVED__INIT;
	Weibao__V1__VisitCancelled cancelled = WEIBAO__V1__VISIT_CANCELLED__INIT;
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_visit(b, ACME, "t1", "v1", at);
	given_assigned(b, ACME, "t1", "v1", "eve", at, at + WB_HOUR_US);
	moved.ticket_id = cancelled.ticket_id = bed_field(b, bed_id("t1"));
	moved.visit_id = cancelled.visit_id = bed_field(b, bed_id("v1"));
	moved.round = cancelled.round = 1;
	moved.moved_by = WEIBAO__V1__MOVED_BY__MOVED_BY_USER;
	moved.promised_arrival_at = moved.slot_from = at + 3 * WB_DAY_US;
	moved.slot_until = moved.slot_from + WB_HOUR_US;
	bed_given(b, ACME, "visits", bed_id("t1"), &moved.base);
	assert_int_equal(agenda(b, "provider", at)->n_items, 0);
	assert_int_equal(agenda(b, "provider", at + 3 * WB_DAY_US)->n_items, 1);
	cancelled.reason = (char *)(uintptr_t) "away";
	bed_given(b, ACME, "visits", bed_id("t1"), &cancelled.base);
	assert_int_equal(agenda(b, "provider", at + 3 * WB_DAY_US)->n_items, 0);
	bed_close(b);
}

static const Weibao__V1__StuckAnswer *stuck(struct bed *b)
{
	Weibao__V1__Stuck q = WEIBAO__V1__STUCK__INIT;
	return (const Weibao__V1__StuckAnswer *)ask(b, ACME, &q.base);
}

static void what_is_stuck(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__FactHeld held = WEIBAO__V1__FACT_HELD__INIT;
	Weibao__V1__FactSettled settled = WEIBAO__V1__FACT_SETTLED__INIT;
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	assert_int_equal(stuck(b)->n_items, 0);
	held.ticket_id = settled.ticket_id = bed_field(b, bed_id("t1"));
	held.fact_id = settled.fact_id = bed_field(b, bed_id("fact"));
	held.fact = (char *)(uintptr_t) "RecordArrival";
	held.content = bed_personal(b, "{}");
	held.why = (char *)(uintptr_t) "ROUND_PAST";
	held.occurred_at = bed_now(b);
	held.engineer_id = bed_field(b, bed_id("eve"));
	bed_given(b, ACME, "visits", bed_id("t1"), &held.base);
	const Weibao__V1__StuckAnswer *r = stuck(b);
	assert_int_equal(r->n_items, 1);
	assert_int_equal(r->items[0]->matter, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_FACT_HELD);
	assert_string_equal(r->items[0]->number, "A-1");
	settled.how = (char *)(uintptr_t) "accepted";
	bed_pass(b, WB_MINUTE_US);
	bed_given(b, ACME, "visits", bed_id("t1"), &settled.base);
	assert_int_equal(stuck(b)->n_items, 0);
	/* old, and completed without a follow-up */
	bed_pass(b, 8 * WB_DAY_US);
	r = stuck(b);
	assert_int_equal(r->n_items, 1);
	assert_int_equal(r->items[0]->matter, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_OLD_TICKET);
	given_phone_solved(b, "t1", "eve", "done");
	assert_int_equal(stuck(b)->n_items, 0);
	bed_pass(b, 8 * WB_DAY_US);
	r = stuck(b);
	assert_int_equal(r->n_items, 1);
	assert_int_equal(r->items[0]->matter, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_NOT_FOLLOWED_UP);
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("rep"));
	Weibao__V1__Stuck q = WEIBAO__V1__STUCK__INIT;
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "FORBIDDEN");
	bed_close(b);
}

static void a_todo_that_ended_is_stuck(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__ToDoEnded e = WEIBAO__V1__TO_DO_ENDED__INIT;
	uint8_t ref[WB_ID_BYTES + 4] = {7};
	(void)state;
	e.service = (char *)(uintptr_t) "survey";
	e.kind = (char *)(uintptr_t) "close";
	e.ref = (ProtobufCBinaryData){sizeof ref, ref};
	e.code = (char *)(uintptr_t) "ALREADY_SO";
	bed_given(b, ACME, "todo", bed_id("todo"), &e.base);
	assert_int_equal(stuck(b)->n_items, 0);
	e.code = (char *)(uintptr_t) "STATE_CHANGED";
	bed_given(b, ACME, "todo", bed_id("todo"), &e.base);
	const Weibao__V1__StuckAnswer *r = stuck(b);
	assert_int_equal(r->n_items, 1);
	assert_string_equal(r->items[0]->service, "survey");
	assert_string_equal(r->items[0]->code, "STATE_CHANGED");
	bed_close(b);
}

static void the_register(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__ServiceRegister q = WEIBAO__V1__SERVICE_REGISTER__INIT;
	Weibao__V1__AssignmentAccepted accepted = WEIBAO__V1__ASSIGNMENT_ACCEPTED__INIT;
	(void)state;
	/* 2023-11-15 06:13:20 in Shanghai */
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_visit(b, ACME, "t1", "v1", bed_now(b) + WB_HOUR_US);
	given_assigned(b, ACME, "t1", "v1", "eve", bed_now(b), bed_now(b) + WB_HOUR_US);
	accepted.ticket_id = bed_field(b, bed_id("t1"));
	accepted.round = 1;
	accepted.visit_id = bed_field(b, bed_id("v1"));
	accepted.engineer_id = bed_field(b, bed_id("eve"));
	bed_pass(b, WB_MINUTE_US);
	bed_given(b, ACME, "visits", bed_id("t1"), &accepted.base);
	bed_pass(b, WB_DAY_US);
	given_ticket(b, ACME, "t2", "A-2", "bob");
	given_phone_solved(b, "t2", "eve", "done");
	q.from_on = q.until_on = (char *)(uintptr_t) "2023-11-15";
	const Weibao__V1__ServiceRegisterAnswer *r = (const Weibao__V1__ServiceRegisterAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_entries, 1);
	assert_string_equal(r->entries[0]->number, "A-1");
	assert_true(r->entries[0]->has_dispatch_confirmed_at);
	assert_int_equal(r->entries[0]->dispatch_confirmed_at, BED_START + WB_MINUTE_US);
	assert_int_equal(r->entries[0]->appointment_at, BED_START + WB_HOUR_US);
	assert_int_equal(r->entries[0]->n_engineers, 1);
	assert_false(r->entries[0]->resolved);
	q.until_on = (char *)(uintptr_t) "2023-11-16";
	q.has_limit = true;
	q.limit = 1;
	r = (const Weibao__V1__ServiceRegisterAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_entries, 1);
	q.cursor = r->next_cursor;
	assert_non_null(q.cursor);
	r = (const Weibao__V1__ServiceRegisterAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_entries, 1);
	assert_string_equal(r->entries[0]->number, "A-2");
	assert_true(r->entries[0]->resolved);
	assert_true(r->entries[0]->by_phone);
	assert_null(r->next_cursor);
	/* closed because the user wanted no further visit: not resolved */
	Weibao__V1__TicketClosed closed = WEIBAO__V1__TICKET_CLOSED__INIT;
	closed.ticket_id = bed_field(b, bed_id("t2"));
	closed.round = 1;
	closed.reason = WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED;
	bed_given(b, ACME, "ticket", bed_id("t2"), &closed.base);
	r = (const Weibao__V1__ServiceRegisterAnswer *)ask(b, ACME, &q.base);
	assert_false(r->entries[0]->resolved);
	q.until_on = (char *)(uintptr_t) "2023-11-14";
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_path(b), "untilOn");
	bed_close(b);
}

static void the_months_attainment(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__Attainment q = WEIBAO__V1__ATTAINMENT__INIT;
	Weibao__V1__JudgementOverturned over = WEIBAO__V1__JUDGEMENT_OVERTURNED__INIT;
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_ticket(b, ACME, "t2", "A-2", "ann");
	given_ticket(b, ACME, "t3", "A-3", "ann");
	given_ticket_of(b, ACME, "t4", "A-4", "ann", &(struct ticket_story){.uncovered = true});
	given_clock(b, "t1", "c1", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	given_clock(b, "t2", "c2", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	given_clock(b, "t3", "c3", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	given_clock(b, "t3", "c4", KIND(RESOLUTION), bed_now(b) + WB_HOUR_US);
	given_met(b, "t1", "c1", KIND(RESPONSE));
	given_breach(b, "t2", "c2", KIND(RESPONSE));
	given_breach(b, "t3", "c3", KIND(RESPONSE));
	q.month = (char *)(uintptr_t) "2023-11";
	const Weibao__V1__AttainmentAnswer *r = (const Weibao__V1__AttainmentAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_counts, 5);
	assert_int_equal(r->counts[0]->met, 1);
	assert_int_equal(r->counts[0]->breached, 2);
	assert_int_equal(r->counts[0]->met_permille, 333);
	assert_int_equal(r->counts[3]->running, 1);
	assert_false(r->counts[3]->has_met_permille);
	assert_int_equal(r->without_sla, 1);
	assert_int_equal(r->n_clocks, 2); /* the breaches behind the numbers */
	/* by late evidence: apart from both */
	over.ticket_id = bed_field(b, bed_id("t3"));
	over.round = 1;
	over.clock_id = bed_field(b, bed_id("c3"));
	over.kind = KIND(RESPONSE);
	over.occurred_at = bed_now(b);
	over.evidence_position = 1;
	over.why = (char *)(uintptr_t) "UserCalled";
	bed_given(b, ACME, "clocks", bed_id("t3"), &over.base);
	q.has_outcome = true;
	q.outcome = WEIBAO__V1__ATTAINMENT_OUTCOME__ATTAINMENT_OUTCOME_OVERTURNED;
	r = (const Weibao__V1__AttainmentAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->counts[0]->breached, 1);
	assert_int_equal(r->counts[0]->overturned, 1);
	assert_int_equal(r->counts[0]->met_permille, 500);
	assert_int_equal(r->n_clocks, 1);
	assert_string_equal(r->clocks[0]->number, "A-3");
	q.outcome = WEIBAO__V1__ATTAINMENT_OUTCOME__ATTAINMENT_OUTCOME_WITHOUT_SLA;
	r = (const Weibao__V1__AttainmentAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_tickets_without_sla, 1);
	assert_string_equal(r->tickets_without_sla[0]->number, "A-4");
	q.has_outcome = false;
	q.month = (char *)(uintptr_t) "2023-12";
	r = (const Weibao__V1__AttainmentAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->counts[0]->met + r->counts[0]->breached + r->without_sla, 0);
	q.month = (char *)(uintptr_t) "2023-13";
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_path(b), "month");
	bed_close(b);
}

static void history_has_the_tenants_events_alone(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__History q = WEIBAO__V1__HISTORY__INIT;
	(void)state;
	given_tenant(b, ACME);
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_ticket(b, "other", "x1", "X-1", "zoe");
	given_handler(b, "t1", "eve");
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("rep"));
	q.has_limit = true;
	q.limit = 2;
	const Weibao__V1__HistoryAnswer *r = (const Weibao__V1__HistoryAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_events, 2);
	assert_int_equal(r->events[0]->tenant_position, 1);
	assert_string_equal(r->events[1]->event_type, "TicketReported");
	q.cursor = r->next_cursor;
	r = (const Weibao__V1__HistoryAnswer *)ask(b, ACME, &q.base);
	assert_int_equal(r->n_events, 1);
	assert_string_equal(r->events[0]->event_type, "HandlerTaken");
	assert_int_equal(r->events[0]->tenant_position, 3);
	assert_null(r->next_cursor);
	bed_as(b, WB_ROLE(USER), bed_id("ann"));
	assert_null(bed_query(b, ACME, &q.base));
	bed_close(b);
}

static void a_link_shows_little(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__GetTicketByLink q = WEIBAO__V1__GET_TICKET_BY_LINK__INIT;
	(void)state;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	given_visit(b, ACME, "t1", "v1", bed_now(b) + WB_HOUR_US);
	given_assigned(b, ACME, "t1", "v1", "eve", bed_now(b), bed_now(b) + WB_HOUR_US);
	bed_as_link(b, "visit", bed_id("v1"), 1);
	const Weibao__V1__GetTicketByLinkAnswer *r = (const Weibao__V1__GetTicketByLinkAnswer *)ask(b, ACME, &q.base);
	assert_string_equal(r->number, "A-1");
	assert_string_equal(r->form_number, "v1");
	assert_int_equal(r->n_engineer_names, 1);
	bed_as_link(b, "rate", bed_id("t1"), 1);
	assert_non_null(bed_query(b, ACME, &q.base));
	bed_as_link(b, "report", bed_id("t1"), 1);
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "NOT_FOUND");
	bed_as_link(b, "visit", bed_id("v1"), 1);
	assert_null(bed_query(b, "other", &q.base));
	/* of a round that is over */
	Weibao__V1__RoundStarted again = WEIBAO__V1__ROUND_STARTED__INIT;
	again.ticket_id = bed_field(b, bed_id("t1"));
	again.round = 2;
	again.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED;
	again.started_at = bed_now(b);
	bed_given(b, ACME, "ticket", bed_id("t1"), &again.base);
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "ROUND_PAST");
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_board),
	        cmocka_unit_test(the_boards_filters),
	        cmocka_unit_test(an_agenda_says_busy_of_others),
	        cmocka_unit_test(moved_and_cancelled_visits_leave_the_agenda),
	        cmocka_unit_test(what_is_stuck),
	        cmocka_unit_test(a_todo_that_ended_is_stuck),
	        cmocka_unit_test(the_register),
	        cmocka_unit_test(the_months_attainment),
	        cmocka_unit_test(history_has_the_tenants_events_alone),
	        cmocka_unit_test(a_link_shows_little),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
