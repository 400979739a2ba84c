/* Booking: nobody is in two places, whichever client unit asks. */
#include "unit/dispatch_kit.h"

#include "service/turns.h"

#include <stdio.h>
#include <string.h>

#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name
#define BY_USER WEIBAO__V1__MOVED_BY__MOVED_BY_USER
#define BY_PROVIDER WEIBAO__V1__MOVED_BY__MOVED_BY_PROVIDER
static const struct wb_id zero;

static void an_overlap_over_two_tenants_is_refused(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A"), b = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	took(k);
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(10) + 30 * WB_MINUTE_US);
	THEN_REJECTED_AT(k->b, ENGINEER_BUSY, "engineerId");
	kit_schedule(k, BRAVO, b, k->engineers[1], HOUR(10) + 30 * WB_MINUTE_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
}

/* The visit at 10:00 ends at 11:00; another place is 15 minutes away. */
static void between_two_places_lies_the_travel(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A"), b = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(11) + 15 * WB_MINUTE_US - 1);
	THEN_REJECTED(k->b, ENGINEER_BUSY);
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(9) - 15 * WB_MINUTE_US + 1);
	THEN_REJECTED(k->b, ENGINEER_BUSY);
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(11) + 15 * WB_MINUTE_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	struct wb_id c = kit_ticket(k, BRAVO, "c", "site B");
	kit_schedule(k, BRAVO, c, k->engineers[0], HOUR(9) - 15 * WB_MINUTE_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
}

static void within_one_place_there_is_none(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A"), b = kit_ticket(k, ACME, "b", "site A");
	struct wb_id c = kit_ticket(k, ACME, "c", "site A");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	kit_schedule(k, ACME, b, k->engineers[0], HOUR(11) - 1);
	THEN_REJECTED(k->b, ENGINEER_BUSY);
	kit_schedule(k, ACME, b, k->engineers[0], HOUR(11));
	THEN_EVENT(k->b, 0, "VisitScheduled");
	assert_int_equal(((const Weibao__V1__VisitScheduled *)bed_event(k->b, 0))->travel_minutes, 0);
	assert_int_equal(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1))->slot_from, HOUR(11));
	kit_schedule(k, ACME, c, k->engineers[0], HOUR(9)); /* before them all */
	THEN_EVENT(k->b, 0, "VisitScheduled");
}

/* Places that are not known are not the same. */
static void no_place_is_no_place(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", NULL), b = kit_ticket(k, ACME, "b", NULL);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	kit_schedule(k, ACME, b, k->engineers[0], HOUR(11));
	THEN_REJECTED(k->b, ENGINEER_BUSY);
}

static void a_cancelled_visit_frees_its_engineer(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A"), b = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	kit_cancel(k, ACME, a, k->visit);
	THEN_EVENT(k->b, 0, "VisitCancelled");
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(10));
	THEN_EVENT(k->b, 0, "VisitScheduled");
	kit_schedule(k, ACME, a, k->engineers[1], HOUR(10)); /* and the ticket may have another */
	THEN_EVENT(k->b, 0, "VisitScheduled");
	assert_int_equal(((const Weibao__V1__VisitScheduled *)bed_event(k->b, 0))->visit_number, 2);
}

static void who_leaves_early_is_free(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A"), b = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	struct wb_id first = k->visit;
	bed_at(k->b, HOUR(10));
	kit_arrive(k, ACME, a, first);
	kit_form(k, ACME, a, first, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	kit_signed(k, ACME, a, first, 1);
	bed_pass(k->b, 10 * WB_MINUTE_US);
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(10) + 30 * WB_MINUTE_US);
	THEN_REJECTED(k->b, ENGINEER_BUSY);
	kit_leave(k, ACME, a, first);
	took(k);
	kit_schedule(k, BRAVO, b, k->engineers[0], HOUR(10) + 30 * WB_MINUTE_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
}

static void leave_is_busy_and_nothing_more(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", "site A");
	MSG(AddLeave, c, WEIBAO__V1__ADD_LEAVE__INIT);
	c.engineer_id = FIELD(k, k->engineers[0]);
	c.from_at = HOUR(10) + 30 * WB_MINUTE_US;
	c.until_at = HOUR(20);
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
	THEN_EVENT(k->b, 0, "LeaveAdded");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	THEN_REJECTED_AT(k->b, ENGINEER_BUSY, "engineerId");
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(9));
	took(k);
}

static void one_open_visit_a_ticket(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_ticket(k, ACME, "a", NULL);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	kit_schedule(k, ACME, a, k->engineers[1], HOUR(20));
	THEN_REJECTED_AT(k->b, VISIT_OPEN_ALREADY, "ticketId");
}

static void the_ticket_must_need_a_visit(void **state)
{
	struct kit *k = *state;
	struct wb_id a = kit_report(k, ACME, "a", NULL, false);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	THEN_REJECTED(k->b, VISIT_NOT_NEEDED_YET);
	kit_handler(k, ACME, a);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	THEN_REJECTED(k->b, VISIT_NOT_NEEDED_YET);
	kit_needs_visit(k, ACME, a);
	kit_cancelled(k, ACME, a);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(10));
	THEN_REJECTED(k->b, TICKET_OVER);
	kit_schedule(k, BRAVO, a, k->engineers[0], HOUR(10)); /* another tenant's ticket */
	THEN_REJECTED_AT(k->b, NOT_FOUND, "ticketId");
}

static Weibao__V1__ScheduleVisit *schedule(struct kit *k, struct wb_id ticket)
{
	Weibao__V1__ScheduleVisit *c = WB_ARENA_NEW(bed_arena(k->b), Weibao__V1__ScheduleVisit);
	assert_non_null(c);
	weibao__v1__schedule_visit__init(c);
	c->ticket_id = FIELD(k, ticket);
	c->round = 1;
	c->engineer_id = FIELD(k, k->engineers[0]);
	c->promised_arrival_at = HOUR(10);
	c->agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	as_lead(k);
	return c;
}

static void schedule_fields_are_checked(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", NULL);
	Weibao__V1__ScheduleVisit *c = schedule(k, t);
	c->promised_arrival_at = BED_START - 1;
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "promisedArrivalAt");
	c->promised_arrival_at = BED_START + 367 * WB_DAY_US;
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "promisedArrivalAt");
	c = schedule(k, t);
	c->has_earliest_offered_at = true;
	c->earliest_offered_at = HOUR(11);
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "earliestOfferedAt");
	c = schedule(k, t);
	c->has_planned_minutes = true;
	c->planned_minutes = 4;
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "plannedMinutes");
	c->planned_minutes = 721;
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "plannedMinutes");
	c = schedule(k, t);
	c->has_agreed_with_id = true;
	c->agreed_with_id = FIELD(k, bed_id("somebody else"));
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "agreedWithId");
	c = schedule(k, t);
	c->engineer_id = FIELD(k, bed_id("nobody"));
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "engineerId");
	c->engineer_id = FIELD(k, k->outsider);
	bed_when(k->b, ACME, &c->base);
	THEN_REJECTED_AT(k->b, ENGINEER_NOT_IN_TEAM, "engineerId");
	kit_report(k, "nobody-assigned", "b", NULL, false);
	kit_needs_visit(k, "nobody-assigned", bed_id("b"));
	kit_schedule(k, "nobody-assigned", bed_id("b"), k->engineers[0], HOUR(10));
	THEN_REJECTED(k->b, NO_TEAM);
}

static void the_user_may_choose_later(void **state)
{
	struct kit *k = *state;
	Weibao__V1__ScheduleVisit *c = schedule(k, kit_ticket(k, ACME, "a", NULL));
	c->has_earliest_offered_at = true;
	c->earliest_offered_at = HOUR(2);
	c->has_agreed_with_id = true;
	c->agreed_with_id = FIELD(k, bed_id("onsite"));
	bed_when(k->b, ACME, &c->base);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	const Weibao__V1__VisitScheduled *e = (const Weibao__V1__VisitScheduled *)bed_event(k->b, 0);
	assert_true(e->has_earliest_offered_at);
	assert_int_equal(e->earliest_offered_at, HOUR(2));
}

static void a_category_plans_its_minutes(void **state)
{
	struct kit *k = *state;
	MSG(CategoryAdded, e, WEIBAO__V1__CATEGORY_ADDED__INIT);
	e.category = "OS";
	e.parent = "OS";
	e.name = "OS";
	e.has_planned_minutes = true;
	e.planned_minutes = 90;
	bed_given(k->b, ACME, "tenant", zero, &e.base);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "a", NULL), k->engineers[0], HOUR(10));
	THEN_EVENT(k->b, 0, "VisitScheduled");
	assert_int_equal(((const Weibao__V1__VisitScheduled *)bed_event(k->b, 0))->planned_minutes, 90);
	assert_int_equal(
	        ((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1))->slot_until, HOUR(11) + 30 * WB_MINUTE_US);
}

static void name_secret(struct kit *k, struct wb_id engineer, bool named)
{
	MSG(NameSecretEngineer, c, WEIBAO__V1__NAME_SECRET_ENGINEER__INIT);
	c.engineer_id = FIELD(k, engineer);
	c.named = named;
	bed_as(k->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	bed_when(k->b, ACME, &c.base);
}

static void only_named_engineers_go_to_secret_devices(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_report(k, ACME, "a", NULL, true);
	kit_needs_visit(k, ACME, t);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	THEN_REJECTED_AT(k->b, ENGINEER_NOT_NAMED, "engineerId");
	name_secret(k, k->outsider, true); /* of another team: not there */
	THEN_REJECTED_AT(k->b, NOT_FOUND, "engineerId");
	name_secret(k, k->engineers[0], true);
	THEN_EVENT(k->b, 0, "SecretEngineerNamed");
	name_secret(k, k->engineers[0], true);
	THEN_ALREADY(k->b);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	THEN_EVENT(k->b, 0, "VisitScheduled");
	kit_further(k, ACME, t, k->visit, k->engineers[1]);
	THEN_REJECTED(k->b, ENGINEER_NOT_NAMED);
	kit_transfer(k, ACME, t, k->visit, k->engineers[0], k->engineers[1]);
	THEN_REJECTED(k->b, ENGINEER_NOT_NAMED);
	name_secret(k, k->engineers[0], false);
	THEN_EVENT(k->b, 0, "SecretEngineerNamed");
}

static void a_visit_is_handed_over(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", "site A"), u = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	struct wb_id v = k->visit;
	kit_accept(k, ACME, t, v);
	kit_schedule(k, BRAVO, u, k->engineers[1], HOUR(10));
	kit_transfer(k, ACME, t, v, k->engineers[0], k->engineers[1]);
	THEN_REJECTED_AT(k->b, ENGINEER_BUSY, "engineerId");
	kit_transfer(k, ACME, t, v, k->engineers[2], k->engineers[1]); /* is not on it */
	THEN_REJECTED_AT(k->b, STATE_CHANGED, "fromEngineerId");
	kit_transfer(k, ACME, t, v, zero, k->engineers[2]);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "fromEngineerId");
	kit_transfer(k, ACME, t, v, k->engineers[0], k->engineers[0]);
	THEN_REJECTED_AT(k->b, ENGINEER_ON_VISIT, "engineerId");
	kit_transfer(k, ACME, t, v, k->engineers[0], k->engineers[2]);
	THEN_EVENTS(k->b, 2);
	THEN_EVENT(k->b, 0, "AssignmentReleased");
	THEN_EVENT(k->b, 1, "EngineerAssigned");
	assert_true(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1))->has_replaces_id);
	const Visit *row = kit_visit(k, ACME, t, v);
	assert_int_equal(row->state, STATE(AGREED)); /* the new one has not accepted */
	assert_int_equal(row->n_engineers, 1);
	struct wb_id w = kit_ticket(k, BRAVO, "c", "site C");
	kit_schedule(k, BRAVO, w, k->engineers[0], HOUR(10)); /* who was released is free */
	took(k);
}

static void a_declined_visit_waits_for_another(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	struct wb_id v = k->visit;
	kit_decline(k, ACME, t, v);
	THEN_EVENT(k->b, 0, "AssignmentDeclined");
	const Visit *row = kit_visit(k, ACME, t, v);
	assert_int_equal(row->n_engineers, 0);
	assert_int_equal(row->state, STATE(AGREED));
	kit_transfer(k, ACME, t, v, zero, k->engineers[1]);
	THEN_EVENT(k->b, 0, "EngineerAssigned");
	assert_false(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 0))->further);
}

static void a_further_engineer_is_booked_too(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", "site A"), u = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	struct wb_id v = k->visit;
	kit_further(k, ACME, t, v, k->engineers[0]);
	THEN_REJECTED_AT(k->b, ENGINEER_ON_VISIT, "engineerId");
	kit_further(k, ACME, t, v, k->engineers[1]);
	THEN_EVENT(k->b, 0, "EngineerAssigned");
	assert_true(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 0))->further);
	kit_schedule(k, BRAVO, u, k->engineers[1], HOUR(10));
	THEN_REJECTED(k->b, ENGINEER_BUSY);
}

/* Who comes when the first one has declined is the first one. */
static void there_is_always_a_first_engineer(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	struct wb_id v = k->visit;
	kit_further(k, ACME, t, v, k->engineers[1]);
	kit_decline(k, ACME, t, v); /* the first of the two */
	took(k);
	kit_transfer(k, ACME, t, v, k->engineers[1], k->engineers[2]);
	THEN_EVENT(k->b, 1, "EngineerAssigned");
	assert_false(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1))->further);
	kit_accept(k, ACME, t, v);
	assert_int_equal(kit_visit(k, ACME, t, v)->state, STATE(ACCEPTED));
	kit_further(k, ACME, t, v, k->engineers[0]);
	THEN_EVENT(k->b, 0, "EngineerAssigned");
	assert_true(((const Weibao__V1__EngineerAssigned *)bed_event(k->b, 0))->further);
}

static void a_move_takes_the_booking_along(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", "site A"), u = kit_ticket(k, BRAVO, "b", "site B");
	kit_schedule(k, BRAVO, u, k->engineers[0], HOUR(20));
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	struct wb_id v = k->visit;
	kit_accept(k, ACME, t, v);
	kit_move(k, ACME, t, v, k->engineers[0], HOUR(20), BY_USER);
	THEN_REJECTED_AT(k->b, ENGINEER_BUSY, "promisedArrivalAt");
	kit_move(k, ACME, t, v, k->engineers[0], HOUR(10), BY_USER);
	THEN_REJECTED(k->b, MOVE_NOT_CHANGED);
	kit_move(k, ACME, t, v, k->engineers[1], HOUR(12), BY_USER); /* not who is on it */
	THEN_REJECTED_AT(k->b, STATE_CHANGED, "engineerIds");
	kit_move(k, ACME, t, v, k->engineers[0], BED_START - 1, BY_USER);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "promisedArrivalAt");
	kit_move(k, ACME, t, v, k->engineers[0], HOUR(10) + 30 * WB_MINUTE_US, BY_PROVIDER); /* over itself */
	THEN_EVENT(k->b, 0, "VisitMoved");
	assert_true(bed_conditioned(k->b, "ticket"));
	const Visit *row = kit_visit(k, ACME, t, v);
	assert_int_equal(row->judged_arrival_at, HOUR(10)); /* the first promise stays and is judged */
	assert_int_equal(row->state, STATE(AGREED));
	kit_move(k, ACME, t, v, k->engineers[0], HOUR(15), BY_USER);
	THEN_EVENT(k->b, 0, "VisitMoved");
	assert_int_equal(kit_visit(k, ACME, t, v)->judged_arrival_at, HOUR(15));
	struct wb_id w = kit_ticket(k, BRAVO, "c", "site C");
	kit_schedule(k, BRAVO, w, k->engineers[0], HOUR(10));
	took(k);
	kit_schedule(k, BRAVO, kit_ticket(k, BRAVO, "d", "site C"), k->engineers[0], HOUR(15));
	THEN_REJECTED(k->b, ENGINEER_BUSY);
}

static void move_fields_are_checked(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", NULL);
	MSG(MoveVisit, c, WEIBAO__V1__MOVE_VISIT__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	ProtobufCBinaryData ids[] = {FIELD(k, k->engineers[0])};
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.promised_arrival_at = HOUR(12);
	c.moved_by = BY_PROVIDER;
	c.engineer_ids = ids;
	c.n_engineer_ids = 1;
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "reason"); /* the provider says why */
	c.reason = "ill";
	c.has_earliest_offered_at = true;
	c.earliest_offered_at = HOUR(11); /* the user's choice only */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "earliestOfferedAt");
	c.moved_by = BY_USER;
	c.reason = NULL;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "VisitMoved");
	assert_true(((const Weibao__V1__VisitMoved *)bed_event(k->b, 0))->has_earliest_offered_at);
	kit_cancel(k, ACME, t, k->visit);
	MSG(CancelVisit, x, WEIBAO__V1__CANCEL_VISIT__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	x.ticket_id = FIELD(k, t);
	x.round = 1;
	x.visit_id = FIELD(k, k->visit);
	x.reason = "";
	bed_when(k->b, ACME, &x.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "reason");
}

static void the_users_word(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "a", NULL);
	MSG(ConfirmVisit, c, WEIBAO__V1__CONFIRM_VISIT__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(10));
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	bed_as(k->b, WB_ROLE(USER), bed_id("another user"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	bed_as_link(k->b, "rate", k->visit, 1); /* a link for something else */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, NOT_FOUND);
	bed_as_link(k->b, "visit", bed_id("another visit"), 1);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, NOT_FOUND);
	bed_as_link(k->b, "visit", k->visit, 2);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, NOT_FOUND);
	kit_ask_move(k, ACME, t, k->visit, HOUR(12));
	THEN_EVENT(k->b, 0, "VisitMoveAsked");
	assert_true(kit_visit(k, ACME, t, k->visit)->has_wished_at);
	kit_ask_move(k, ACME, t, k->visit, BED_START - 1);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "wishedAt");
	bed_as_link(k->b, "visit", k->visit, 1);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "VisitConfirmedByUser");
	assert_false(kit_visit(k, ACME, t, k->visit)->has_wished_at);
	bed_when(k->b, ACME, &c.base);
	THEN_ALREADY(k->b);
}

/* The turns that a command of that name takes. */
static struct wb_turns turns_of(const ProtobufCMessage *command, const char *tenant)
{
	struct wb_turns t = {.tenant = tenant};
	for (size_t i = 0; i < wb_dispatch_service.n_commands; i++)
		if (wb_dispatch_service.commands[i].message == command->descriptor)
			wb_dispatch_service.commands[i].turns(&t, tenant, command);
	return t;
}

static bool exclusive(const struct wb_turns *t, const char *tenant, const char *kind, struct wb_id id)
{
	struct wb_turns want = {.tenant = tenant};
	wb_turn_write(&want, kind, id);
	for (size_t i = 0; i < t->n; i++)
		if (t->wants[i].exclusive && memcmp(t->wants[i].key, want.wants[0].key, WB_TURN_KEY_BYTES) == 0)
			return true;
	return false;
}

/* Two client units that ask for one engineer wait for each other; for two engineers they do not. */
static void bookings_of_one_engineer_wait_for_each_other(void **state)
{
	struct kit *k = *state;
	struct wb_id t = bed_id("t");
	const Weibao__V1__ScheduleVisit *c = schedule(k, t);
	struct wb_turns taken = turns_of(&c->base, ACME);
	assert_true(exclusive(&taken, "provider", "engineer", k->engineers[0]));
	assert_true(exclusive(&taken, ACME, "visits", t));
	assert_false(exclusive(&taken, "provider", "engineer", k->engineers[1]));
	assert_string_equal(taken.thing_kind, "visits");
	ProtobufCBinaryData both[] = {FIELD(k, k->engineers[0]), FIELD(k, k->engineers[1])};
	MSG(MoveVisit, m, WEIBAO__V1__MOVE_VISIT__INIT);
	m.ticket_id = FIELD(k, t);
	m.visit_id = FIELD(k, t);
	m.engineer_ids = both;
	m.n_engineer_ids = 2;
	taken = turns_of(&m.base, ACME);
	assert_true(exclusive(&taken, "provider", "engineer", k->engineers[0]));
	assert_true(exclusive(&taken, "provider", "engineer", k->engineers[1]));
	MSG(TransferVisit, x, WEIBAO__V1__TRANSFER_VISIT__INIT);
	x.ticket_id = x.visit_id = FIELD(k, t);
	x.engineer_id = FIELD(k, k->engineers[2]);
	taken = turns_of(&x.base, ACME);
	assert_true(exclusive(&taken, "provider", "engineer", k->engineers[2]));
	MSG(LeaveCompany, l, WEIBAO__V1__LEAVE_COMPANY__INIT);
	l.engineer_id = FIELD(k, k->engineers[0]);
	taken = turns_of(&l.base, "provider");
	assert_true(exclusive(&taken, "provider", "engineer", k->engineers[0]));
}

/* Many bookings at random, over two tenants and two places: no two of one engineer ever overlap. */
static void random_bookings_never_overlap(void **state)
{
	struct kit *k = *state;
	struct booked {
		int64_t at;
		int place;
	} booked[3][64];
	size_t n[3] = {0}, refused = 0;
	uint32_t seed = 7;
	for (int i = 0; i < 60; i++) {
		char name[16];
		seed = seed * 1664525u + 1013904223u;
		int place = (int)(seed >> 8 & 1);
		size_t who = (seed >> 16) % 3;
		int64_t at = HOUR(2) + (int64_t)((seed >> 20) % 200) * 5 * WB_MINUTE_US;
		const char *tenant = seed >> 9 & 1 ? ACME : BRAVO;
		(void)snprintf(name, sizeof name, "r%d", i);
		bool clash = false;
		for (size_t j = 0; j < n[who]; j++) {
			int64_t gap = booked[who][j].place == place ? 0 : 15 * WB_MINUTE_US;
			clash |= at < booked[who][j].at + WB_HOUR_US + gap && booked[who][j].at < at + WB_HOUR_US + gap;
		}
		struct wb_id t = kit_ticket(k, tenant, name, place ? "site A" : "site B");
		kit_schedule(k, tenant, t, k->engineers[who], at);
		if (clash) {
			THEN_REJECTED(k->b, ENGINEER_BUSY);
			refused++;
		} else {
			THEN_EVENT(k->b, 0, "VisitScheduled");
			booked[who][n[who]++] = (struct booked){at, place};
		}
	}
	assert_true(refused > 10 && n[0] + n[1] + n[2] > 10);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(an_overlap_over_two_tenants_is_refused),
	        T(between_two_places_lies_the_travel),
	        T(within_one_place_there_is_none),
	        T(no_place_is_no_place),
	        T(a_cancelled_visit_frees_its_engineer),
	        T(who_leaves_early_is_free),
	        T(leave_is_busy_and_nothing_more),
	        T(one_open_visit_a_ticket),
	        T(the_ticket_must_need_a_visit),
	        T(schedule_fields_are_checked),
	        T(the_user_may_choose_later),
	        T(a_category_plans_its_minutes),
	        T(only_named_engineers_go_to_secret_devices),
	        T(a_visit_is_handed_over),
	        T(a_declined_visit_waits_for_another),
	        T(a_further_engineer_is_booked_too),
	        T(there_is_always_a_first_engineer),
	        T(a_move_takes_the_booking_along),
	        T(move_fields_are_checked),
	        T(the_users_word),
	        T(bookings_of_one_engineer_wait_for_each_other),
	        T(random_bookings_never_overlap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
