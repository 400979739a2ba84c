/* Ratings, the unsatisfied loop, the lists. */
#include "tests/unit/survey_given.h"

#include <string.h>

static const Survey *survey(struct bed *b)
{
	Weibao__V1__GetSurvey q = WEIBAO__V1__GET_SURVEY__INIT;
	q.ticket_id = bed_field(b, TICKET);
	return (const Survey *)bed_query(b, ACME, &q.base);
}

static size_t listed(struct bed *b, const ProtobufCMessage *request)
{
	const ProtobufCMessage *m = bed_query(b, ACME, request);
	assert_non_null(m);
	return ((const Weibao__V1__SurveyListAnswer *)m)->n_surveys;
}

static size_t unsatisfied(struct bed *b)
{
	Weibao__V1__ListUnsatisfied q = WEIBAO__V1__LIST_UNSATISFIED__INIT;
	return listed(b, &q.base);
}

static size_t average(struct bed *b)
{
	Weibao__V1__ListAverage q = WEIBAO__V1__LIST_AVERAGE__INIT;
	return listed(b, &q.base);
}

static void a_completed_round_is_asked_once_for_the_policys_days(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_policy(b, 7, 3, 2);
	assert_int_equal(bed_todo_count(b), 0);
	given_visit_completed(b, 1);
	assert_true(owed(b, "ask", 1));
	assert_int_equal(bed_run(b), 1);
	THEN_EVENT(b, 0, "SurveyAsked");
	const Weibao__V1__SurveyAsked *e = (const Weibao__V1__SurveyAsked *)bed_event(b, 0);
	assert_int_equal(e->expires_at, bed_now(b) + 7 * WB_DAY_US);
	assert_int_equal(bed_todo_count(b), 0);
	Weibao__V1__AskSurvey again = WEIBAO__V1__ASK_SURVEY__INIT;
	again.ticket_id = bed_field(b, TICKET);
	again.round = 1;
	bed_as(b, WB_SYSTEM, bed_id("x"));
	bed_when(b, ACME, &again.base);
	THEN_ALREADY(b);
	bed_close(b);
}

static void a_user_rates_an_own_ticket_once(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	as_user(b);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, NOT_COMPLETED_YET);
	given_visit_completed(b, 1);
	run_own(b);
	bed_as(b, WB_ROLE(USER), bed_id("someone else"));
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED_AT(b, NOT_FOUND, "ticketId");
	as_user(b);
	when_rated(b, 2, G(SATISFIED), NULL);
	THEN_REJECTED_AT(b, NOT_FOUND, "round");
	when_rated(b, 0, G(SATISFIED), NULL);
	THEN_REJECTED_AT(b, NOT_FOUND, "round");
	when_rated(b, 1, G(SATISFIED), "quick");
	THEN_EVENT(b, 0, "RatingGiven");
	assert_true(bed_conditioned(b, "ticket"));
	const Weibao__V1__RatingGiven *e = (const Weibao__V1__RatingGiven *)bed_event(b, 0);
	assert_int_equal(e->via, WEIBAO__V1__RATING_VIA__RATING_VIA_SIGNED_IN);
	assert_true(wb_id_equal(wb_id_of_field(e->contact_id), bed_id("user")));
	assert_true(wb_id_equal(wb_id_of_field(e->opinions->subject_id), bed_id("user")));
	assert_true(wb_id_equal(wb_id_of_field(e->opinions->context_id), TICKET));
	when_rated(b, 1, G(DISSATISFIED), NULL);
	THEN_REJECTED(b, ALREADY_RATED);
	bed_as_link(b, "rate", TICKET, 1);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	THEN_REJECTED(b, ALREADY_RATED);
	bed_close(b);
}

static void staff_never_rate(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	for (uint32_t role = WEIBAO__V1__ROLE__ROLE_HOTLINE; role <= WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR; role++) {
		if (role == WEIBAO__V1__ROLE__ROLE_USER)
			continue;
		bed_as(b, 1u << role, bed_id("user"));
		when_rated(b, 1, G(SATISFIED), NULL);
		THEN_REJECTED(b, FORBIDDEN);
	}
	bed_as(b, WB_ROLE(HOTLINE) | WB_ROLE(USER), bed_id("user"));
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, FORBIDDEN);
	bed_close(b);
}

static void a_link_rates_its_own_round_alone(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	bed_as_link(b, "visit", TICKET, 1);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, LINK_OTHER_THING);
	bed_as_link(b, "rate", bed_id("other"), 1);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, LINK_OTHER_THING);
	bed_as_link(b, "rate", TICKET, 2);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, LINK_OTHER_THING);
	bed_as_link(b, "rate", TICKET, 0); /* a link without a round is for none */
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, LINK_OTHER_THING);
	bed_as_link(b, "rate", TICKET, 1);
	when_rated(b, 1, G(VERY_SATISFIED), NULL);
	THEN_EVENT(b, 0, "RatingGiven");
	const Weibao__V1__RatingGiven *e = (const Weibao__V1__RatingGiven *)bed_event(b, 0);
	assert_int_equal(e->via, WEIBAO__V1__RATING_VIA__RATING_VIA_LINK);
	assert_false(e->has_contact_id);
	given_round(b, 2);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED_AT(b, ROUND_PAST, "round");
	bed_close(b);
}

static void a_rating_has_an_end(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_policy(b, 3, 3, 2);
	given_visit_completed(b, 1);
	run_own(b);
	as_user(b);
	bed_pass(b, 3 * WB_DAY_US - 1);
	bed_pass(b, 1);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, SURVEY_EXPIRED);
	bed_pass(b, -1);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_EVENTS(b, 1);
	bed_close(b);
}

static void a_text_has_an_end(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	char text[SURVEY_TEXT_MAX + 2];
	memset(text, 'x', sizeof text);
	text[SURVEY_TEXT_MAX + 1] = '\0';
	given_visit_completed(b, 1);
	as_user(b);
	when_rated(b, 1, G(SATISFIED), text);
	THEN_REJECTED_AT(b, FIELD_TOO_LONG, "opinions");
	text[SURVEY_TEXT_MAX] = '\0';
	when_rated(b, 1, G(DISSATISFIED), text);
	THEN_EVENTS(b, 1);
	as_hotline(b);
	when_analysed(b, 1, "", "again");
	THEN_REJECTED_AT(b, FIELD_REQUIRED, "cause");
	when_analysed(b, 1, "old part", "");
	THEN_REJECTED_AT(b, FIELD_REQUIRED, "remedy");
	bed_close(b);
}

static void the_forms_grade_is_the_rounds_rating(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	int64_t signed_at = bed_now(b) - WB_MINUTE_US;
	given_form_signed(b, 1, G(AVERAGE), signed_at);
	assert_int_equal(bed_todo_count(b), 0); /* the round is not completed */
	given_visit_completed(b, 1);
	assert_true(owed(b, "form", 1));
	as_user(b);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, ALREADY_RATED);
	run_own(b);
	const Survey *s = survey(b);
	assert_non_null(s);
	assert_int_equal(s->rounds[0]->n_ratings, 1);
	const Weibao__V1__RatingItem *r = s->rounds[0]->ratings[0];
	assert_int_equal(r->via, WEIBAO__V1__RATING_VIA__RATING_VIA_FORM);
	assert_int_equal(r->grade, G(AVERAGE));
	assert_int_equal(r->at, signed_at);
	assert_string_equal(r->opinions->plain, "as it should be");
	assert_int_equal(bed_todo_count(b), 0);
	as_hotline(b);
	assert_int_equal(average(b), 1);
	assert_int_equal(unsatisfied(b), 0);
	Weibao__V1__CountFormGrade again = WEIBAO__V1__COUNT_FORM_GRADE__INIT;
	again.ticket_id = bed_field(b, TICKET);
	again.round = 1;
	bed_as(b, WB_SYSTEM, bed_id("x"));
	bed_when(b, ACME, &again.base);
	THEN_ALREADY(b);
	bed_close(b);
}

static void average_starts_no_loop(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	as_user(b);
	when_rated(b, 1, G(AVERAGE), NULL);
	as_hotline(b);
	assert_int_equal(average(b), 1);
	when_analysed(b, 1, "?", "?");
	THEN_REJECTED(b, NOT_UNSATISFIED);
	when_declined(b, 1, "call 7");
	THEN_REJECTED(b, NOT_UNSATISFIED);
	when_followed_up(b, 1, G(SATISFIED));
	THEN_EVENTS(b, 1);
	assert_int_equal(average(b), 0); /* a later answer is better */
	bed_close(b);
}

static void an_unsatisfied_round_needs_a_cause_then_another_round(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	const char *to;
	given_visit_completed(b, 1);
	run_own(b);
	as_hotline(b);
	when_analysed(b, 1, "old part", "a new one");
	THEN_REJECTED(b, NOT_UNSATISFIED);
	as_user(b);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	int64_t answered = bed_now(b);
	bed_pass(b, WB_HOUR_US);
	assert_int_equal(bed_todo_count(b), 0); /* nothing goes on before the cause is known */
	as_hotline(b);
	assert_int_equal(unsatisfied(b), 1);
	bed_as(b, WB_ROLE(ENGINEER), bed_id("wang"));
	when_analysed(b, 1, "old part", "a new one");
	THEN_REJECTED(b, FORBIDDEN);
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("boss"));
	when_analysed(b, 1, "old part", "a new one");
	THEN_EVENT(b, 0, "CauseAnalysed");
	when_analysed(b, 1, "old part", "a new one");
	THEN_REJECTED(b, CAUSE_ANALYSED);
	assert_true(owed(b, "round", 1));
	(void)bed_run(b);
	const Weibao__V1__StartRound *c = (const Weibao__V1__StartRound *)bed_sent(b, &to);
	assert_string_equal(to, "intake");
	assert_ptr_equal(c->base.descriptor, &weibao__v1__start_round__descriptor);
	assert_int_equal(c->round, 2);
	assert_int_equal(c->cause, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED);
	assert_int_equal(c->started_at, answered);
	given_round(b, 2);
	assert_int_equal(bed_todo_count(b), 0);
	assert_int_equal(unsatisfied(b), 0);
	when_analysed(b, 1, "late", "late");
	THEN_REJECTED_AT(b, ROUND_PAST, "round");
	given_visit_completed(b, 2);
	run_own(b);
	as_user(b);
	when_rated(b, 2, G(SATISFIED), NULL); /* one a round */
	THEN_EVENT(b, 0, "RatingGiven");
	assert_int_equal(survey(b)->n_rounds, 2);
	bed_close(b);
}

static void a_further_visit_may_be_declined(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	as_user(b);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	as_hotline(b);
	when_declined(b, 1, NULL);
	THEN_REJECTED_AT(b, RECORDED_CALL_REQUIRED, "recordedCall");
	bed_as_link(b, "rate", TICKET, 1);
	when_declined(b, 1, NULL);
	THEN_EVENT(b, 0, "FurtherVisitDeclined");
	assert_true(((const Weibao__V1__FurtherVisitDeclined *)bed_event(b, 0))->by_own_act);
	as_hotline(b);
	when_declined(b, 1, "call 7");
	THEN_ALREADY(b);
	when_analysed(b, 1, "old part", "none wanted"); /* cause and remedy all the same */
	THEN_EVENT(b, 0, "CauseAnalysed");
	assert_int_equal(bed_todo_count(b), 0); /* the principal closes */
	assert_int_equal(unsatisfied(b), 1);
	given_closed(b, 1, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
	assert_int_equal(unsatisfied(b), 0);
	bed_close(b);
}

static void staff_decline_with_a_recorded_call(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	as_user(b);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	as_hotline(b);
	when_analysed(b, 1, "old part", "a new one");
	assert_true(owed(b, "round", 1));
	when_declined(b, 1, "call 7");
	THEN_EVENT(b, 0, "FurtherVisitDeclined");
	assert_false(((const Weibao__V1__FurtherVisitDeclined *)bed_event(b, 0))->by_own_act);
	assert_false(owed(b, "round", 1));
	bed_close(b);
}

static void a_closed_ticket_can_still_be_rated(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	run_own(b);
	when_followed_up(b, 1, G(SATISFIED));
	given_closed(b, 1, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	bed_pass(b, WB_HOUR_US);
	as_user(b);
	when_rated(b, 1, G(DISSATISFIED), NULL);
	THEN_EVENTS(b, 1);
	as_hotline(b);
	assert_int_equal(unsatisfied(b), 1);
	when_analysed(b, 1, "old part", "a new one"); /* people reopen it first */
	THEN_REJECTED(b, TICKET_NOT_OPEN);
	when_declined(b, 1, "call 7");
	THEN_REJECTED(b, TICKET_NOT_OPEN);
	when_followed_up(b, 1, G(SATISFIED));
	THEN_REJECTED(b, TICKET_NOT_OPEN);
	assert_int_equal(bed_todo_count(b), 0);
	given_round(b, 2);
	assert_int_equal(unsatisfied(b), 0);
	bed_close(b);
}

static void what_was_cancelled_is_neither_asked_nor_rated(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_visit_completed(b, 1);
	given_form_signed(b, 1, G(SATISFIED), bed_now(b));
	assert_int_equal(bed_todo_count(b), 2);
	given_cancelled(b, 1);
	assert_int_equal(bed_todo_count(b), 0);
	bed_as(b, WB_SYSTEM, bed_id("x"));
	Weibao__V1__AskSurvey ask = WEIBAO__V1__ASK_SURVEY__INIT;
	ask.ticket_id = bed_field(b, TICKET);
	ask.round = 1;
	bed_when(b, ACME, &ask.base);
	THEN_REJECTED(b, TICKET_NOT_OPEN);
	as_user(b);
	when_rated(b, 1, G(SATISFIED), NULL);
	THEN_REJECTED(b, TICKET_NOT_OPEN);
	bed_close(b);
}

static void who_may_read_a_survey(void **state)
{
	(void)state;
	struct bed *b = given_ticket();
	given_reported(b, "other", "foreign");
	given_visit_completed(b, 1);
	run_own(b);
	as_user(b);
	when_rated(b, 1, G(SATISFIED), "private");
	assert_non_null(survey(b));
	bed_as(b, WB_ROLE(USER), bed_id("someone else"));
	assert_null(survey(b));
	bed_as(b, WB_ROLE(ENGINEER), bed_id("wang"));
	assert_non_null(survey(b));
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("rep"));
	assert_non_null(survey(b));
	bed_as(b, WB_ROLE(ADMINISTRATOR), bed_id("admin"));
	assert_null(survey(b));
	as_hotline(b);
	Weibao__V1__GetSurvey q = WEIBAO__V1__GET_SURVEY__INIT;
	q.ticket_id = bed_field(b, bed_id("foreign"));
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "NOT_FOUND");
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_completed_round_is_asked_once_for_the_policys_days),
	        cmocka_unit_test(a_user_rates_an_own_ticket_once),
	        cmocka_unit_test(staff_never_rate),
	        cmocka_unit_test(a_link_rates_its_own_round_alone),
	        cmocka_unit_test(a_rating_has_an_end),
	        cmocka_unit_test(a_text_has_an_end),
	        cmocka_unit_test(the_forms_grade_is_the_rounds_rating),
	        cmocka_unit_test(average_starts_no_loop),
	        cmocka_unit_test(an_unsatisfied_round_needs_a_cause_then_another_round),
	        cmocka_unit_test(a_further_visit_may_be_declined),
	        cmocka_unit_test(staff_decline_with_a_recorded_call),
	        cmocka_unit_test(a_closed_ticket_can_still_be_rated),
	        cmocka_unit_test(what_was_cancelled_is_neither_asked_nor_rated),
	        cmocka_unit_test(who_may_read_a_survey),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
