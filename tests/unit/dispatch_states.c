/* Every command in every state of a visit, and every status of a ticket with every state of a visit. */
#include "unit/dispatch_kit.h"

#include <stdio.h>
#include <string.h>

#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name
#define STATUS(name) WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_##name

static const Weibao__V1__VisitState states[] = {
        STATE(AGREED), STATE(ACCEPTED), STATE(UNDER_WAY), STATE(ON_SITE), STATE(LEFT), STATE(ENDED), STATE(CANCELLED)};
#define STATES_N (sizeof states / sizeof states[0])

/* The work on site folds custody; here the visit is left as it says. */
static void left_with_device(struct kit *k, struct wb_id ticket)
{
	MSG(VisitLeft, e, WEIBAO__V1__VISIT_LEFT__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.visit_id = FIELD(k, k->visit);
	e.result = WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK;
	e.left_at = bed_now(k->b);
	bed_given(k->b, ACME, "visits", ticket, &e.base);
}

/* A ticket with its visit in that state; the ticket is VISITING (or, as it comes, NEEDS_VISIT or COMPLETED). */
static struct wb_id visit_in(struct kit *k, const char *name, Weibao__V1__VisitState state)
{
	struct wb_id t = kit_ticket(k, ACME, name, NULL);
	kit_schedule(k, ACME, t, k->engineers[0], bed_now(k->b) + WB_HOUR_US);
	took(k);
	if (state == STATE(CANCELLED))
		kit_cancel(k, ACME, t, k->visit);
	if (state == STATE(AGREED) || state == STATE(CANCELLED))
		return t;
	kit_accept(k, ACME, t, k->visit);
	if (state == STATE(ACCEPTED))
		return t;
	kit_depart(k, ACME, t, k->visit);
	if (state == STATE(UNDER_WAY))
		return t;
	kit_arrive(k, ACME, t, k->visit);
	if (state == STATE(ON_SITE))
		return t;
	if (state == STATE(LEFT)) {
		left_with_device(k, t);
		return t;
	}
	kit_form(k, ACME, t, k->visit, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	kit_signed(k, ACME, t, k->visit, 1);
	kit_leave(k, ACME, t, k->visit);
	took(k);
	return t;
}

/* ---- states × commands ---- */

enum command {
	ACCEPT,
	DECLINE,
	DEPART,
	ARRIVE,
	DIAGNOSE,
	WORK,
	FORM,
	LEAVE,
	MOVE,
	CANCEL,
	CONFIRM,
	ASK_MOVE,
	TRANSFER,
	FURTHER,
	SCHEDULE,
	COMMANDS_N
};
static const char *const names[COMMANDS_N] = {"accept", "decline", "depart", "arrive", "diagnose", "work", "form",
        "leave", "move", "cancel", "confirm", "ask move", "transfer", "further", "schedule"};

static void run(struct kit *k, enum command c, struct wb_id t)
{
	struct wb_id v = k->visit;
	int64_t later = bed_now(k->b) + 30 * WB_HOUR_US;
	switch (c) {
	case ACCEPT:
		kit_accept(k, ACME, t, v);
		break;
	case DECLINE:
		kit_decline(k, ACME, t, v);
		break;
	case DEPART:
		kit_depart(k, ACME, t, v);
		break;
	case ARRIVE:
		kit_arrive(k, ACME, t, v);
		break;
	case DIAGNOSE:
		kit_diagnose(k, ACME, t, v);
		break;
	case WORK:
		kit_work(k, ACME, t, v);
		break;
	case FORM:
		kit_form(k, ACME, t, v, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
		break;
	case LEAVE:
		kit_leave(k, ACME, t, v);
		break;
	case MOVE:
		kit_move(k, ACME, t, v, k->engineers[0], later, WEIBAO__V1__MOVED_BY__MOVED_BY_USER);
		break;
	case CANCEL:
		kit_cancel(k, ACME, t, v);
		break;
	case CONFIRM:
		kit_confirm(k, ACME, t, v);
		break;
	case ASK_MOVE:
		kit_ask_move(k, ACME, t, v, later);
		break;
	case TRANSFER:
		kit_transfer(k, ACME, t, v, k->engineers[0], k->engineers[1]);
		break;
	case FURTHER:
		kit_further(k, ACME, t, v, k->engineers[2]);
		break;
	case SCHEDULE:
		kit_schedule(k, ACME, t, k->engineers[1], later);
		break;
	case COMMANDS_N:
		break;
	}
}

/* OK, SAME (it is so already), or the refusal. */
#define OK "ok"
#define SAME "same"
#define WAY "VISIT_UNDER_WAY"
#define OVER "VISIT_OVER"
#define NOT_ON "VISIT_NOT_ON_SITE"
#define OPEN "VISIT_OPEN_ALREADY"
static const char *const expected[COMMANDS_N][STATES_N] = {
        /*            AGREED  ACCEPTED UNDER_WAY ON_SITE LEFT  ENDED  CANCELLED */
        [ACCEPT] = {OK, SAME, SAME, SAME, OVER, OVER, OVER},
        [DECLINE] = {OK, OK, WAY, WAY, OVER, OVER, OVER},
        [DEPART] = {OK, OK, SAME, SAME, SAME, SAME, OVER},
        [ARRIVE] = {OK, OK, OK, SAME, SAME, SAME, OVER},
        [DIAGNOSE] = {NOT_ON, NOT_ON, NOT_ON, OK, OK, OVER, OVER},
        [WORK] = {NOT_ON, NOT_ON, NOT_ON, OK, OK, OVER, OVER},
        [FORM] = {NOT_ON, NOT_ON, NOT_ON, OK, OVER, OVER, OVER},
        [LEAVE] = {NOT_ON, NOT_ON, NOT_ON, "FORM_MISSING", OVER, OVER, OVER},
        [MOVE] = {OK, OK, WAY, WAY, OVER, OVER, OVER},
        [CANCEL] = {OK, OK, WAY, WAY, OVER, OVER, SAME},
        [CONFIRM] = {OK, OK, WAY, WAY, OVER, OVER, OVER},
        [ASK_MOVE] = {OK, OK, WAY, WAY, OVER, OVER, OVER},
        [TRANSFER] = {OK, OK, WAY, WAY, OVER, OVER, OVER},
        [FURTHER] = {OK, OK, OK, OK, OK, OVER, OVER},
        [SCHEDULE] = {OPEN, OPEN, OPEN, OPEN, OK, "TICKET_OVER", OK},
};

static void every_command_in_every_state(void **state)
{
	struct kit *k = *state;
	for (int c = 0; c < COMMANDS_N; c++) {
		for (size_t s = 0; s < STATES_N; s++) {
			char name[32];
			(void)snprintf(name, sizeof name, "c%d-s%zu", c, s);
			bed_pass(k->b, WB_DAY_US); /* each by itself */
			struct wb_id t = visit_in(k, name, states[s]);
			assert_int_equal(kit_visit(k, ACME, t, k->visit)->state, states[s]);
			run(k, (enum command)c, t);
			const char *got = bed_refusal(k->b) ? bed_refusal(k->b) : bed_already(k->b) ? SAME : OK;
			if (strcmp(got, expected[c][s]) != 0)
				fail_msg("%s in state %d: %s, not %s", names[c], (int)states[s], got, expected[c][s]);
		}
	}
}

/* ---- ticket status × visit state (docs/ticket-and-visit.md) ---- */

static const Weibao__V1__DispatchTicketStatus statuses[] = {STATUS(REPORTED), STATUS(IN_PHONE), STATUS(NEEDS_VISIT),
        STATUS(VISITING), STATUS(COMPLETED), STATUS(CLOSED), STATUS(CANCELLED), STATUS(LINKED)};
#define STATUSES_N (sizeof statuses / sizeof statuses[0])

/* Brings the ticket into that status by what intake says, whatever its visit does. */
static void ticket_into(struct kit *k, struct wb_id t, Weibao__V1__DispatchTicketStatus status)
{
	switch (status) {
	case STATUS(REPORTED):
		kit_round(k, ACME, t, 2, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED);
		break;
	case STATUS(IN_PHONE):
		kit_round(k, ACME, t, 2, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED);
		kit_handler(k, ACME, t);
		break;
	case STATUS(NEEDS_VISIT):
		kit_round(k, ACME, t, 2, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED);
		break;
	case STATUS(COMPLETED):
		kit_phone_solved(k, ACME, t);
		break;
	case STATUS(CLOSED):
		kit_closed(k, ACME, t);
		break;
	case STATUS(CANCELLED):
		kit_cancelled(k, ACME, t);
		break;
	case STATUS(LINKED):
		kit_linked(k, ACME, t);
		break;
	case STATUS(VISITING): /* as it is */
	case STATUS(UNSPECIFIED):
	case _WEIBAO__V1__DISPATCH_TICKET_STATUS_IS_INT_SIZE:
		break;
	}
}

/* A pair is legal, or the to-do ends it: nobody may be booked for a ticket that does not wait for them. */
static bool ended_by_todo(Weibao__V1__DispatchTicketStatus status, Weibao__V1__VisitState visit)
{
	return status != STATUS(VISITING) && (visit == STATE(AGREED) || visit == STATE(ACCEPTED));
}

static void every_pair_is_legal_or_ends(void **state)
{
	struct kit *k = *state;
	size_t owed = 0;
	for (size_t i = 0; i < STATUSES_N; i++) {
		for (size_t j = 0; j < STATES_N; j++) {
			char name[32];
			(void)snprintf(name, sizeof name, "p%zu-%zu", i, j);
			bed_pass(k->b, WB_DAY_US);
			struct wb_id t = visit_in(k, name, states[j]);
			if (statuses[i] == STATUS(VISITING) &&
			        (states[j] == STATE(ENDED) || states[j] == STATE(CANCELLED)))
				kit_schedule(k, ACME, t, k->engineers[1], bed_now(k->b) + 5 * WB_HOUR_US);
			struct wb_id visit = k->visit;
			ticket_into(k, t, statuses[i]);
			if (statuses[i] != STATUS(VISITING))
				assert_int_equal(kit_ticket_row(k, ACME, t)->status, statuses[i]);
			bool todo = bed_todo(k->b, DISPATCH_TODO_CANCEL, ACME, visit, 0) >= 0;
			if (todo != ended_by_todo(statuses[i], states[j]))
				fail_msg("status %d, visit %d: %s to-do", (int)statuses[i], (int)states[j],
				        todo ? "a" : "no");
			if (!todo)
				continue;
			owed++;
			assert_int_equal(bed_run(k->b), 1);
			assert_int_equal(kit_visit(k, ACME, t, visit)->state, STATE(CANCELLED));
			assert_int_equal(bed_todo(k->b, DISPATCH_TODO_CANCEL, ACME, visit, 0), -1);
		}
	}
	assert_int_equal(owed, 14);
	assert_int_equal(bed_todo_count(k->b), 0);
}

/* Whoever is under way ends the visit; a ticket that is over is not completed by it. */
static void a_visit_under_way_goes_on_to_its_end(void **state)
{
	struct kit *k = *state;
	for (size_t i = 0; i < STATUSES_N; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "u%zu", i);
		bed_pass(k->b, WB_DAY_US);
		struct wb_id t = visit_in(k, name, STATE(UNDER_WAY));
		ticket_into(k, t, statuses[i]);
		kit_cancel(k, ACME, t, k->visit);
		THEN_REJECTED(k->b, VISIT_UNDER_WAY);
		kit_arrive(k, ACME, t, k->visit);
		took(k);
		kit_form(k, ACME, t, k->visit, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
		kit_signed(k, ACME, t, k->visit, 1);
		kit_leave(k, ACME, t, k->visit);
		THEN_EVENT(k->b, 1, "VisitEnded");
		assert_int_equal(bed_events(k->b), statuses[i] == STATUS(VISITING) ? 3 : 2);
	}
}

/* The engineer sets out before the to-do acts: it is dropped. */
static void setting_out_drops_the_todo(void **state)
{
	struct kit *k = *state;
	struct wb_id t = visit_in(k, "a", STATE(ACCEPTED));
	kit_cancelled(k, ACME, t);
	assert_true(bed_todo(k->b, DISPATCH_TODO_CANCEL, ACME, k->visit, 0) >= 0);
	kit_depart(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 0, "EngineerDeparted");
	assert_int_equal(bed_todo(k->b, DISPATCH_TODO_CANCEL, ACME, k->visit, 0), -1);
}

/* A visit left with a device, another one that fixes it, and the return: completed once. */
static void other_visits_run_while_a_device_is_away(void **state)
{
	struct kit *k = *state;
	struct wb_id t = visit_in(k, "a", STATE(LEFT));
	kit_schedule(k, ACME, t, k->engineers[1], bed_now(k->b) + 5 * WB_HOUR_US);
	THEN_EVENT(k->b, 0, "VisitScheduled");
	kit_arrive(k, ACME, t, k->visit);
	kit_form(k, ACME, t, k->visit, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	kit_signed(k, ACME, t, k->visit, 1);
	kit_leave(k, ACME, t, k->visit);
	THEN_EVENT(k->b, 2, "ServiceCompleted");
	assert_int_equal(((const Weibao__V1__ServiceCompleted *)bed_event(k->b, 2))->n_engineer_ids, 2);
}

/* Who took a device back may leave the company once somebody else is on the visit; that takes nobody's time. */
static void a_device_that_is_away_is_handed_over(void **state)
{
	struct kit *k = *state;
	struct wb_id t = visit_in(k, "a", STATE(LEFT));
	struct wb_id visit = k->visit;
	MSG(LeaveCompany, c, WEIBAO__V1__LEAVE_COMPANY__INIT);
	c.engineer_id = FIELD(k, k->engineers[0]);
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
	THEN_REJECTED(k->b, ENGINEER_HAS_VISITS);
	kit_further(k, ACME, t, visit, k->outsider);
	THEN_REJECTED(k->b, ENGINEER_NOT_IN_TEAM);
	kit_further(k, ACME, t, visit, k->engineers[1]);
	THEN_EVENT(k->b, 0, "EngineerAssigned");
	assert_int_equal(kit_visit(k, ACME, t, visit)->n_engineers, 2);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "b", NULL), k->engineers[1], bed_now(k->b));
	took(k);
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
	THEN_EVENT(k->b, 0, "EngineerLeft");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(every_command_in_every_state),
	        T(every_pair_is_legal_or_ends),
	        T(a_visit_under_way_goes_on_to_its_end),
	        T(setting_out_drops_the_todo),
	        T(other_visits_run_while_a_device_is_away),
	        T(a_device_that_is_away_is_handed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
