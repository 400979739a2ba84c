/* A visit's way from the appointment to the completion of the service. */
#include "unit/dispatch_kit.h"

#define FIXED WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED
#define TAKEN_BACK WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK
#define SECOND_VISIT WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT
#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name

static void a_fault_is_fixed_on_site(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", "site A");
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(2));
	THEN_EVENTS(k->b, 2);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	THEN_EVENT(k->b, 1, "EngineerAssigned");
	assert_true(bed_conditioned(k->b, "ticket"));
	const Weibao__V1__VisitScheduled *s = (const Weibao__V1__VisitScheduled *)bed_event(k->b, 0);
	assert_string_equal(s->form_number, "ACME-20231114-0001-V1");
	assert_int_equal(s->planned_minutes, 60);
	assert_int_equal(s->travel_minutes, 15);
	const Weibao__V1__EngineerAssigned *a = (const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1);
	assert_int_equal(a->slot_from, HOUR(2) - 15 * WB_MINUTE_US);
	assert_int_equal(a->slot_until, HOUR(3));
	assert_false(a->further);
	assert_string_equal(a->engineer_name->plain, "Wang");

	kit_accept(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "AssignmentAccepted");
	kit_confirm(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "VisitConfirmedByUser");
	bed_at(k->b, HOUR(1));
	kit_depart(k, ACME, t, k->visit);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "EngineerDeparted");
	bed_at(k->b, HOUR(2));
	kit_arrive(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "EngineerArrived");
	kit_diagnose(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "VisitDiagnosed");
	kit_work(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "WorkRecorded");
	kit_form(k, ACME, t, k->visit, FIXED);
	THEN_EVENT(k->b, 0, "FormFilled");
	kit_signed(k, ACME, t, k->visit, 1);
	bed_at(k->b, HOUR(3));
	kit_leave(k, ACME, t, k->visit);
	THEN_EVENTS(k->b, 3);
	THEN_EVENT(k->b, 0, "VisitLeft");
	THEN_EVENT(k->b, 1, "VisitEnded");
	THEN_EVENT(k->b, 2, "ServiceCompleted");
	assert_true(bed_conditioned(k->b, "ticket"));
	const Weibao__V1__ServiceCompleted *c = (const Weibao__V1__ServiceCompleted *)bed_event(k->b, 2);
	assert_int_equal(c->completed_at, HOUR(3));
	assert_int_equal(c->n_engineer_ids, 1);
	assert_int_equal(kit_visit(k, ACME, t, k->visit)->state, STATE(ENDED));
	assert_int_equal(
	        kit_ticket_row(k, ACME, t)->status, WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_COMPLETED);
}

/* On site with a form of that result, signed. */
static struct wb_id on_site(struct kit *k, const char *name, Weibao__V1__VisitResult r)
{
	struct wb_id t = kit_ticket(k, ACME, name, "site A");
	kit_schedule(k, ACME, t, k->engineers[0], bed_now(k->b) + WB_HOUR_US);
	took(k);
	bed_pass(k->b, WB_HOUR_US);
	kit_arrive(k, ACME, t, k->visit);
	took(k);
	kit_form(k, ACME, t, k->visit, r);
	took(k);
	kit_signed(k, ACME, t, k->visit, 1);
	return t;
}

static void who_sets_out_has_accepted(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(2));
	kit_arrive(k, ACME, t, k->visit);
	THEN_EVENTS(k->b, 2);
	THEN_EVENT(k->b, 0, "AssignmentAccepted");
	THEN_EVENT(k->b, 1, "EngineerArrived");
	assert_int_equal(kit_visit(k, ACME, t, k->visit)->state, STATE(ON_SITE));
	kit_arrive(k, ACME, t, k->visit);
	THEN_ALREADY(k->b);
	kit_depart(k, ACME, t, k->visit);
	THEN_ALREADY(k->b);
}

static void the_form_must_be_signed_as_it_is_now(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(2));
	bed_at(k->b, HOUR(2));
	kit_arrive(k, ACME, t, k->visit);
	kit_leave(k, ACME, t, k->visit);
	THEN_REJECTED(k->b, FORM_MISSING);
	kit_form(k, ACME, t, k->visit, FIXED);
	kit_leave(k, ACME, t, k->visit);
	THEN_REJECTED(k->b, FORM_NOT_SIGNED);
	kit_signed(k, ACME, t, k->visit, 1);
	kit_form(k, ACME, t, k->visit, FIXED); /* a new revision is to be signed anew */
	THEN_EVENT(k->b, 0, "FormFilled");
	assert_int_equal(((const Weibao__V1__FormFilled *)bed_event(k->b, 0))->revision, 2);
	kit_leave(k, ACME, t, k->visit);
	THEN_REJECTED(k->b, FORM_NOT_SIGNED);
	kit_signed(k, ACME, t, k->visit, 2);
	kit_leave(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 2, "ServiceCompleted");
}

static void a_second_visit_follows(void **state)
{
	struct kit *k = *state;
	struct wb_id t = on_site(k, "t1", SECOND_VISIT);
	kit_leave(k, ACME, t, k->visit);
	THEN_EVENTS(k->b, 2);
	THEN_EVENT(k->b, 0, "VisitLeft");
	THEN_EVENT(k->b, 1, "VisitEnded");
	assert_true(((const Weibao__V1__VisitLeft *)bed_event(k->b, 0))->has_second_visit_at);
	kit_schedule(k, ACME, t, k->engineers[1], bed_now(k->b) + WB_DAY_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	const Weibao__V1__VisitScheduled *s = (const Weibao__V1__VisitScheduled *)bed_event(k->b, 0);
	assert_int_equal(s->visit_number, 2);
	assert_string_equal(s->form_number, "ACME-20231114-0001-V2");
	bed_pass(k->b, WB_DAY_US);
	kit_arrive(k, ACME, t, k->visit);
	kit_form(k, ACME, t, k->visit, FIXED);
	kit_signed(k, ACME, t, k->visit, 1);
	kit_leave(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 2, "ServiceCompleted"); /* all engineers of the round: none of them makes the follow-up */
	assert_int_equal(((const Weibao__V1__ServiceCompleted *)bed_event(k->b, 2))->n_engineer_ids, 2);
}

static void taken_back_needs_a_custody_record(void **state)
{
	struct kit *k = *state;
	struct wb_id t = on_site(k, "t1", TAKEN_BACK);
	kit_leave(k, ACME, t, k->visit);
	THEN_REJECTED(k->b, CUSTODY_MISSING);
}

static void only_the_engineer_of_the_visit_acts(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	MSG(Arrive, c, WEIBAO__V1__ARRIVE__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(2));
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	as_engineer(k, 1);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_engineer(k, 0); /* of another tenant there is no such visit */
	bed_when(k->b, BRAVO, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "ticketId");
}

static void offline_facts_have_bounds(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	MSG(Arrive, c, WEIBAO__V1__ARRIVE__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.has_occurred_at = true;
	bed_at(k->b, HOUR(30));
	as_engineer(k, 0);
	c.occurred_at = HOUR(31); /* the future */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
	c.occurred_at = HOUR(5); /* too old: held for the lead, taken as nothing */
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	assert_string_equal(((const Weibao__V1__FactHeld *)bed_event(k->b, 0))->why, "TIME_OUT_OF_RANGE");
	assert_false(kit_visit(k, ACME, t, k->visit)->has_arrived_at);
	c.occurred_at = HOUR(29);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 1, "EngineerArrived");
	assert_int_equal(((const Weibao__V1__EngineerArrived *)bed_event(k->b, 1))->arrived_at, HOUR(29));
	assert_int_equal(kit_visit(k, ACME, t, k->visit)->arrived_at, HOUR(29));
}

static void work_lies_behind_the_arrival(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	MSG(RecordWork, c, WEIBAO__V1__RECORD_WORK__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	bed_at(k->b, HOUR(2));
	kit_arrive(k, ACME, t, k->visit);
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.steps = bed_personal(k->b, "x");
	c.has_occurred_at = true;
	c.occurred_at = HOUR(1);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
}

static void nobody_arrives_before_the_visit_was_agreed(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	MSG(Arrive, c, WEIBAO__V1__ARRIVE__INIT);
	bed_at(k->b, HOUR(5));
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(6));
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.has_occurred_at = true;
	c.occurred_at = HOUR(5) - 1;
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
	kit_depart(k, ACME, t, k->visit);
	took(k);
	bed_at(k->b, HOUR(6));
	c.occurred_at = HOUR(5) - 1; /* nor before setting out */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
}

static void diagnosis_and_work_have_limits(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	Weibao__V1__ServiceContent one[] = {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_NETWORK};
	MSG(DiagnoseVisit, c, WEIBAO__V1__DIAGNOSE_VISIT__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	kit_arrive(k, ACME, t, k->visit);
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.contents = one;
	c.n_contents = 1;
	c.finding = bed_personal(k->b, "cable");
	c.category = "not a code";
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "category");
	c.category = "NETWORK";
	c.finding = bed_personal(k->b, "");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "finding");
	for (int i = 0; i < 50; i++) {
		kit_work(k, ACME, t, k->visit);
		took(k);
	}
	kit_work(k, ACME, t, k->visit);
	THEN_REJECTED_AT(k->b, COMMAND_TOO_LARGE, "steps");
}

static void form_fields_are_checked(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	Weibao__V1__ServiceContent twice[] = {
	        WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_OTHER, WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_OTHER};
	MSG(FillForm, c, WEIBAO__V1__FILL_FORM__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	bed_at(k->b, HOUR(1));
	kit_arrive(k, ACME, t, k->visit);
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.solution = bed_personal(k->b, "");
	c.result = FIXED;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "contents");
	c.contents = twice;
	c.n_contents = 2;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "contents");
	c.n_contents = 1;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "solution");
	c.solution = bed_personal(k->b, "done");
	c.result = SECOND_VISIT;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "secondVisitAt");
	c.result = FIXED;
	c.has_second_visit_at = true;
	c.second_visit_at = HOUR(9);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "secondVisitAt");
	c.has_second_visit_at = false;
	c.has_amount_fen = true; /* not chargeable */
	c.amount_fen = 100;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "amountFen");
	c.chargeable = true;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormFilled");
}

static void a_round_that_is_past_is_refused(void **state)
{
	struct kit *k = *state;
	struct wb_id t = on_site(k, "t1", FIXED);
	struct wb_id first = k->visit;
	kit_leave(k, ACME, t, first);
	took(k);
	kit_round(k, ACME, t, 2, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED);
	MSG(ScheduleVisit, c, WEIBAO__V1__SCHEDULE_VISIT__INIT);
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.engineer_id = FIELD(k, k->engineers[0]);
	c.promised_arrival_at = bed_now(k->b) + WB_DAY_US;
	c.agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, ROUND_PAST, "round");
	c.round = 3;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "round");
	c.round = 2;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	assert_int_equal(((const Weibao__V1__VisitScheduled *)bed_event(k->b, 0))->visit_number, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_fault_is_fixed_on_site),
	        T(who_sets_out_has_accepted),
	        T(the_form_must_be_signed_as_it_is_now),
	        T(a_second_visit_follows),
	        T(taken_back_needs_a_custody_record),
	        T(only_the_engineer_of_the_visit_acts),
	        T(offline_facts_have_bounds),
	        T(work_lies_behind_the_arrival),
	        T(nobody_arrives_before_the_visit_was_agreed),
	        T(diagnosis_and_work_have_limits),
	        T(form_fields_are_checked),
	        T(a_round_that_is_past_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
