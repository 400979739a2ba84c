/* The follow-up call: who, when, what comes of it. */
#include "tests/unit/survey_given.h"

static const Weibao__V1__SurveyListAnswer *due(struct bed *b, const char *cursor, uint32_t limit)
{
	Weibao__V1__ListFollowUpsDue q = WEIBAO__V1__LIST_FOLLOW_UPS_DUE__INIT;
	q.cursor = (char *)(uintptr_t)cursor;
	q.has_limit = true;
	q.limit = limit;
	return (const Weibao__V1__SurveyListAnswer *)bed_query(b, ACME, &q.base);
}

static const Weibao__V1__CloseTicket *sent_close(struct bed *b)
{
	const char *to;
	(void)bed_run(b);
	const ProtobufCMessage *m = bed_sent(b, &to);
	if (!m)
		return NULL;
	assert_string_equal(to, "intake");
	assert_ptr_equal(m->descriptor, &weibao__v1__close_ticket__descriptor);
	return (const Weibao__V1__CloseTicket *)m;
}

static void a_good_call_closes_the_ticket(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, NOT_COMPLETED_YET);
	when_attempted(b, 1);
	THEN_REJECTED(b, NOT_COMPLETED_YET);
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	const Weibao__V1__SurveyListAnswer *l = due(b, NULL, 0);
	assert_int_equal(l->n_surveys, 1);
	assert_string_equal(l->surveys[0]->number, "ACME-20231114-0001");
	when_followed_up(b, 1, G(SATISFIED));
	THEN_EVENT(b, 0, "FollowUpRecorded");
	assert_true(bed_conditioned(b, "visits"));
	assert_true(bed_conditioned(b, "ticket"));
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, FOLLOWED_UP);
	assert_int_equal(due(b, NULL, 0)->n_surveys, 0);
	const Weibao__V1__CloseTicket *c = sent_close(b);
	assert_int_equal(c->reason, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	assert_int_equal(c->round, 1);
	given_closed(b, 1, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	assert_int_equal(bed_todo_count(b), 0);
	bed_close(b);
}

static void who_visited_never_calls(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	static const char *const visitors[] = {"wang", "zhao"}; /* who completed, who was there */
	for (size_t i = 0; i < 2; i++) {
		bed_as(b, WB_ROLE(HOTLINE) | WB_ROLE(ENGINEER), bed_id(visitors[i]));
		when_followed_up(b, 1, G(SATISFIED));
		THEN_REJECTED(b, FOLLOW_UP_BY_VISITOR);
		when_attempted(b, 1);
		THEN_REJECTED(b, FOLLOW_UP_BY_VISITOR);
		bed_as(b, WB_ROLE(PRINCIPAL), bed_id(visitors[i]));
		when_followed_up(b, 1, G(SATISFIED));
		THEN_REJECTED(b, FOLLOW_UP_BY_VISITOR);
	}
	bed_as(b, WB_ROLE(ENGINEER), bed_id("stranger"));
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, FORBIDDEN);
	bed_as(b, WB_ROLE(USER), bed_id("user"));
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, FORBIDDEN);
	bed_close(b);
}

static void what_was_solved_by_phone_is_called_back_too(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_phone_solved(b, 1);
	run_own(b);
	as_hotline(b);
	assert_int_equal(due(b, NULL, 0)->n_surveys, 1);
	when_followed_up(b, 1, G(SATISFIED));
	THEN_EVENTS(b, 1);
	assert_non_null(sent_close(b));
	bed_close(b);
}

static void any_dissatisfied_grade_keeps_the_ticket_open(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct bed *b = given_ticket();
		given_visit_completed(b, 1);
		run_own(b);
		as_hotline(b);
		Weibao__V1__RecordFollowUp c = WEIBAO__V1__RECORD_FOLLOW_UP__INIT;
		Weibao__V1__Grade *grades[4] = {&c.quality, &c.conformity, &c.progress, &c.attitude};
		c.ticket_id = bed_field(b, TICKET);
		c.round = 1;
		for (int j = 0; j < 4; j++)
			*grades[j] = i == j ? G(DISSATISFIED) : G(VERY_SATISFIED);
		c.record = bed_personal(b, "noisy");
		bed_when(b, ACME, &c.base);
		THEN_EVENT(b, 0, "FollowUpRecorded");
		assert_null(sent_close(b));
		when_analysed(b, 1, "fan", "a new fan");
		THEN_EVENTS(b, 1);
		assert_true(owed(b, "round", 1));
		assert_false(owed(b, "close", 1));
		bed_close(b);
	}
}

static void a_call_lies_between_completion_and_now(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	int64_t completed = bed_now(b);
	bed_pass(b, WB_DAY_US);
	as_hotline(b);
	Weibao__V1__RecordFollowUpAttempt c = WEIBAO__V1__RECORD_FOLLOW_UP_ATTEMPT__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = 1;
	c.has_called_at = true;
	c.called_at = completed - 1;
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "calledAt");
	c.called_at = bed_now(b) + 1;
	bed_when(b, ACME, &c.base);
	THEN_REJECTED_AT(b, TIME_OUT_OF_RANGE, "calledAt");
	c.called_at = bed_now(b);
	bed_when(b, ACME, &c.base);
	THEN_EVENTS(b, 1);
	c.called_at = completed;
	bed_when(b, ACME, &c.base);
	THEN_EVENTS(b, 1);
	bed_close(b);
}

/* BED_START is 06:13 in the morning at UTC+8. */
static void three_attempts_on_two_days_end_it(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	for (int i = 0; i < 3; i++) {
		when_attempted(b, 1);
		THEN_EVENTS(b, 1); /* one day is not enough */
		bed_pass(b, WB_HOUR_US);
	}
	assert_int_equal(due(b, NULL, 0)->surveys[0]->present->n_attempts, 3);
	assert_null(sent_close(b));
	bed_pass(b, 13 * WB_HOUR_US); /* 23:13: still the same day there, though the next one by UTC */
	when_attempted(b, 1);
	THEN_EVENTS(b, 1);
	bed_pass(b, WB_HOUR_US);
	when_attempted(b, 1);
	THEN_EVENTS(b, 2);
	THEN_EVENT(b, 0, "FollowUpAttempted");
	THEN_EVENT(b, 1, "FollowUpNotReached");
	assert_int_equal(((const Weibao__V1__FollowUpNotReached *)bed_event(b, 1))->attempts, 5);
	when_attempted(b, 1);
	THEN_REJECTED(b, FOLLOWED_UP);
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, FOLLOWED_UP);
	assert_int_equal(due(b, NULL, 0)->n_surveys, 0);
	assert_int_equal(sent_close(b)->reason, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_NOT_REACHED);
	bed_close(b);
}

static void two_attempts_on_two_days_are_too_few(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	as_hotline(b);
	for (int i = 0; i < 2; i++) {
		when_attempted(b, 1);
		THEN_EVENTS(b, 1);
		bed_pass(b, WB_DAY_US);
	}
	when_attempted(b, 1);
	THEN_EVENTS(b, 2);
	bed_close(b);
}

static void days_are_those_of_the_tenants_zone(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	Weibao__V1__TenantOpened t = WEIBAO__V1__TENANT_OPENED__INIT;
	Weibao__V1__CalendarSaved cal = WEIBAO__V1__CALENDAR_SAVED__INIT;
	Weibao__V1__ZoneTransition z = WEIBAO__V1__ZONE_TRANSITION__INIT, *zs[1] = {&z};
	t.code = (char *)(uintptr_t) "ACME";
	t.name = (char *)(uintptr_t) "Acme";
	cal.name = (char *)(uintptr_t) "hotline";
	t.zone = cal.zone = (char *)(uintptr_t) "Etc/UTC";
	t.language = WEIBAO__V1__LANGUAGE__LANGUAGE_EN;
	cal.calendar_id = bed_field(b, bed_id("calendar"));
	cal.calendar_version = 1;
	cal.tz_version = (char *)(uintptr_t) "2023c";
	cal.transitions = zs;
	cal.n_transitions = 1;
	bed_given(b, ACME, "tenant", (struct wb_id){{0}}, &t.base);
	bed_given(b, ACME, "calendar", bed_id("calendar"), &cal.base);
	given_policy(b, 7, 2, 2);
	given_visit_completed(b, 1); /* 23:13 by UTC */
	as_hotline(b);
	when_attempted(b, 1);
	THEN_EVENTS(b, 1);
	bed_pass(b, WB_HOUR_US);
	when_attempted(b, 1);
	THEN_EVENTS(b, 2);
	bed_close(b);
}

static void not_reached_never_closes_what_is_unsatisfied(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_policy(b, 7, 1, 1);
	given_form_signed(b, 1, G(DISSATISFIED), bed_now(b));
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	assert_true(due(b, NULL, 0)->surveys[0]->present->unsatisfied);
	bed_pass(b, WB_HOUR_US);
	when_attempted(b, 1);
	THEN_EVENTS(b, 2);
	assert_null(sent_close(b));
	bed_close(b);
}

/* The form is dissatisfied, the call afterwards is not: the latest counts, by when it was given. */
static void the_latest_answer_counts(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	int64_t signed_at = bed_now(b);
	bed_pass(b, WB_HOUR_US);
	as_hotline(b);
	when_followed_up(b, 1, G(SATISFIED));
	assert_true(owed(b, "close", 1));
	given_form_signed(b, 1, G(DISSATISFIED), signed_at); /* sent late from a basement */
	run_own(b);
	assert_true(owed(b, "close", 1));
	bed_close(b);

	b = given_ticket();
	given_form_signed(b, 1, G(DISSATISFIED), bed_now(b));
	given_visit_completed(b, 1);
	run_own(b);
	bed_pass(b, WB_HOUR_US);
	as_hotline(b);
	when_followed_up(b, 1, G(SATISFIED));
	assert_true(owed(b, "close", 1));
	bed_close(b);

	b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	when_followed_up(b, 1, G(SATISFIED));
	bed_pass(b, WB_HOUR_US);
	as_user(b);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	assert_false(owed(b, "close", 1));
	bed_close(b);
}

/* A call says no, the user's own rating later says yes: nothing keeps the ticket open any more. */
static void a_better_answer_later_closes_it_after_all(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	when_followed_up(b, 1, G(DISSATISFIED));
	when_analysed(b, 1, "fan", "a new fan");
	assert_true(owed(b, "round", 1));
	assert_false(owed(b, "close", 1));
	bed_pass(b, WB_HOUR_US);
	as_user(b);
	when_rated(b, 1, G(SATISFIED), NULL);
	assert_false(owed(b, "round", 1));
	assert_int_equal(sent_close(b)->reason, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	bed_close(b);
}

static void attempts_have_an_end(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_policy(b, 7, 1000, 2);
	given_visit_completed(b, 1);
	as_hotline(b);
	for (uint32_t i = 0; i < SURVEY_ATTEMPTS_MAX; i++) {
		when_attempted(b, 1);
		THEN_EVENTS(b, 1);
	}
	when_attempted(b, 1);
	THEN_REJECTED(b, FOLLOW_UP_ATTEMPTS_MANY);
	bed_close(b);
}

static void due_calls_are_listed_in_pages_of_one_tenant(void **state)
{
	(void)state;
	static const char *const names[3] = {"a", "b", "c"};
	struct bed *b = given_ticket();
	given_reported(b, "other", "d");
	for (size_t i = 0; i < 4; i++) {
		Weibao__V1__PhoneSolved e = WEIBAO__V1__PHONE_SOLVED__INIT;
		const char *tenant = i < 3 ? ACME : "other", *name = i < 3 ? names[i] : "d";
		if (i < 3)
			given_reported(b, ACME, name);
		e.ticket_id = bed_field(b, bed_id(name));
		e.round = 1;
		e.engineer_id = bed_field(b, bed_id("wang"));
		e.steps = bed_personal(b, "restarted");
		e.completed_at = bed_now(b) - (int64_t)i;
		bed_given(b, tenant, "ticket", bed_id(name), &e.base);
	}
	as_hotline(b);
	const Weibao__V1__SurveyListAnswer *one = due(b, NULL, 2);
	assert_int_equal(one->n_surveys, 2);
	assert_true(wb_id_equal(wb_id_of_field(one->surveys[0]->ticket_id), bed_id("c"))); /* the longest waiting */
	assert_true(wb_id_equal(wb_id_of_field(one->surveys[1]->ticket_id), bed_id("b")));
	assert_non_null(one->next_cursor);
	const Weibao__V1__SurveyListAnswer *two = due(b, one->next_cursor, 2);
	assert_int_equal(two->n_surveys, 1);
	assert_true(wb_id_equal(wb_id_of_field(two->surveys[0]->ticket_id), bed_id("a")));
	assert_null(two->next_cursor);
	assert_null(due(b, "zz", 2));
	Weibao__V1__ListFollowUpsDue q = WEIBAO__V1__LIST_FOLLOW_UPS_DUE__INIT;
	q.cursor = one->next_cursor;
	assert_null(bed_query(b, "other", &q.base)); /* a cursor of another tenant */
	assert_string_equal(bed_path(b), "cursor");
	bed_close(b);
}

static void another_tenants_ticket_is_not_there(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	Weibao__V1__RecordFollowUpAttempt c = WEIBAO__V1__RECORD_FOLLOW_UP_ATTEMPT__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = 1;
	as_hotline(b);
	bed_when(b, "other", &c.base);
	THEN_REJECTED_AT(b, NOT_FOUND, "ticketId");
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_call_closes_the_ticket),
	        cmocka_unit_test(who_visited_never_calls),
	        cmocka_unit_test(what_was_solved_by_phone_is_called_back_too),
	        cmocka_unit_test(any_dissatisfied_grade_keeps_the_ticket_open),
	        cmocka_unit_test(a_call_lies_between_completion_and_now),
	        cmocka_unit_test(three_attempts_on_two_days_end_it),
	        cmocka_unit_test(two_attempts_on_two_days_are_too_few),
	        cmocka_unit_test(days_are_those_of_the_tenants_zone),
	        cmocka_unit_test(not_reached_never_closes_what_is_unsatisfied),
	        cmocka_unit_test(the_latest_answer_counts),
	        cmocka_unit_test(a_better_answer_later_closes_it_after_all),
	        cmocka_unit_test(attempts_have_an_end),
	        cmocka_unit_test(due_calls_are_listed_in_pages_of_one_tenant),
	        cmocka_unit_test(another_tenants_ticket_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
