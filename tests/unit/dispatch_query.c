/* What is answered to whom: suggestions, the engineers' table, busy times, visits. */
#include "unit/dispatch_kit.h"

#include <string.h>

#define ASK(k, tenant, q, type) ((const Weibao__V1__##type *)bed_query((k)->b, (tenant), &(q).base))

static const Weibao__V1__SuggestionItem *suggested(
        struct kit *k, struct wb_id ticket, struct wb_id engineer, int64_t at)
{
	MSG(SuggestEngineers, q, WEIBAO__V1__SUGGEST_ENGINEERS__INIT);
	q.ticket_id = FIELD(k, ticket);
	q.arrival_at = at;
	as_lead(k);
	const Weibao__V1__SuggestEngineersAnswer *r = ASK(k, ACME, q, SuggestEngineersAnswer);
	assert_non_null(r);
	for (size_t i = 0; i < r->n_engineers; i++)
		if (wb_id_equal(wb_id_of_field(r->engineers[i]->engineer_id), engineer))
			return r->engineers[i];
	return NULL;
}

static bool says(const Weibao__V1__SuggestionItem *i, const char *code)
{
	for (size_t j = 0; i && j < i->n_reasons; j++)
		if (strcmp(i->reasons[j], code) == 0)
			return true;
	return false;
}

static void reasons_are_codes(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t", "site A");
	const Weibao__V1__SuggestionItem *i = suggested(k, t, k->engineers[0], HOUR(10));
	assert_non_null(i);
	assert_true(says(i, "FREE") && says(i, "SKILL") && says(i, "LOW_LOAD"));
	assert_false(says(i, "NEAR") || says(i, "BUSY") || says(i, "ON_LEAVE") || says(i, "CERTIFIED"));
	assert_true(i->bookable);
	assert_null(suggested(k, t, k->outsider, HOUR(10)));
	/* taken by another client unit: busy, and not more */
	kit_schedule(k, BRAVO, kit_ticket(k, BRAVO, "u", "site B"), k->engineers[0], HOUR(10));
	i = suggested(k, t, k->engineers[0], HOUR(10));
	assert_true(says(i, "BUSY"));
	assert_false(says(i, "FREE") || i->bookable);
	/* at the same place within two hours */
	kit_schedule(k, ACME, kit_ticket(k, ACME, "v", "site A"), k->engineers[1], HOUR(9));
	i = suggested(k, t, k->engineers[1], HOUR(10));
	assert_true(says(i, "NEAR") && says(i, "FREE"));
	assert_string_equal(i->name->plain, "Li");
}

static void the_best_comes_first(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t", "site A");
	MSG(SuggestEngineers, q, WEIBAO__V1__SUGGEST_ENGINEERS__INIT);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "u", "site A"), k->engineers[2], HOUR(9));
	kit_schedule(k, BRAVO, kit_ticket(k, BRAVO, "v", "site B"), k->engineers[0], HOUR(10));
	q.ticket_id = FIELD(k, t);
	q.arrival_at = HOUR(10);
	as_lead(k);
	const Weibao__V1__SuggestEngineersAnswer *r = ASK(k, ACME, q, SuggestEngineersAnswer);
	assert_int_equal(r->n_engineers, 3);
	assert_true(wb_id_equal(wb_id_of_field(r->engineers[0]->engineer_id), k->engineers[2]));
	assert_true(wb_id_equal(wb_id_of_field(r->engineers[2]->engineer_id), k->engineers[0]));
	q.ticket_id = FIELD(k, bed_id("v")); /* of another tenant */
	assert_null(ASK(k, ACME, q, SuggestEngineersAnswer));
	assert_string_equal(bed_refusal(k->b), "NOT_FOUND");
}

static void fewer_than_three_is_said(void **state)
{
	struct kit *k = *state;
	MSG(ListClientEngineers, q, WEIBAO__V1__LIST_CLIENT_ENGINEERS__INIT);
	MSG(AddLeave, c, WEIBAO__V1__ADD_LEAVE__INIT);
	bed_as(k->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	const Weibao__V1__ListClientEngineersAnswer *r = ASK(k, ACME, q, ListClientEngineersAnswer);
	assert_int_equal(r->n_engineers, 3);
	assert_int_equal(r->available, 3);
	assert_false(r->too_few);
	assert_string_equal(r->engineers[0]->name->plain, "Wang");
	assert_string_equal(r->engineers[0]->name->from_tenant, "provider"); /* where it is sealed */
	c.engineer_id = FIELD(k, k->engineers[1]);
	c.from_at = BED_START;
	c.until_at = HOUR(20);
	as_lead(k);
	bed_when(k->b, "provider", &c.base);
	took(k);
	r = ASK(k, ACME, q, ListClientEngineersAnswer);
	assert_int_equal(r->available, 2);
	assert_true(r->too_few);
	r = ASK(k, "nobody-assigned", q, ListClientEngineersAnswer);
	assert_int_equal(r->n_engineers, 0);
	assert_true(r->too_few);
}

static void other_client_units_are_busy_and_nothing_else(void **state)
{
	struct kit *k = *state;
	MSG(EngineerDay, q, WEIBAO__V1__ENGINEER_DAY__INIT);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "t", "site A"), k->engineers[0], HOUR(5));
	kit_schedule(k, BRAVO, kit_ticket(k, BRAVO, "u", "site B"), k->engineers[0], HOUR(10));
	q.engineer_id = FIELD(k, k->engineers[0]);
	q.from_at = BED_START;
	q.until_at = HOUR(24);
	as_lead(k);
	const Weibao__V1__EngineerDayAnswer *r = ASK(k, ACME, q, EngineerDayAnswer);
	assert_int_equal(r->n_busy, 2);
	assert_true(r->busy[0]->has_visit_id && r->busy[0]->form_number);
	const Weibao__V1__BusyItem *other = r->busy[1];
	assert_int_equal(other->slot_from, HOUR(10) - 15 * WB_MINUTE_US);
	assert_false(other->has_ticket_id || other->has_visit_id || other->has_state || other->has_overrun);
	assert_null(other->form_number);
	assert_null(other->client);
	as_engineer(k, 0); /* one's own day says all */
	r = ASK(k, "provider", q, EngineerDayAnswer);
	assert_string_equal(r->busy[1]->client, BRAVO);
	as_engineer(k, 1);
	assert_null(ASK(k, ACME, q, EngineerDayAnswer));
	as_lead(k);
	q.until_at = HOUR(24 * 32);
	assert_null(ASK(k, ACME, q, EngineerDayAnswer));
	assert_string_equal(bed_refusal(k->b), "TIME_OUT_OF_RANGE");
	q.engineer_id = FIELD(k, k->outsider); /* of no team here */
	q.until_at = HOUR(24);
	assert_null(ASK(k, ACME, q, EngineerDayAnswer));
}

static void an_overrun_shows(void **state)
{
	struct kit *k = *state;
	MSG(EngineerDay, q, WEIBAO__V1__ENGINEER_DAY__INIT);
	struct wb_id t = kit_ticket(k, ACME, "t", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	bed_at(k->b, HOUR(1));
	kit_arrive(k, ACME, t, k->visit);
	q.engineer_id = FIELD(k, k->engineers[0]);
	q.from_at = BED_START;
	q.until_at = HOUR(24);
	as_lead(k);
	assert_false(ASK(k, ACME, q, EngineerDayAnswer)->busy[0]->overrun);
	bed_at(k->b, HOUR(2) + 1);
	assert_true(ASK(k, ACME, q, EngineerDayAnswer)->busy[0]->overrun);
}

static void visits_are_read_by_whom_they_concern(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t", NULL);
	MSG(GetVisit, q, WEIBAO__V1__GET_VISIT__INIT);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	q.ticket_id = FIELD(k, t);
	q.visit_id = FIELD(k, k->visit);
	as_lead(k);
	assert_non_null(ASK(k, ACME, q, VisitRow));
	assert_null(ASK(k, BRAVO, q, VisitRow));
	as_engineer(k, 1); /* of the team */
	assert_non_null(ASK(k, ACME, q, VisitRow));
	bed_as(k->b, WB_ROLE(ENGINEER), k->outsider);
	assert_null(ASK(k, ACME, q, VisitRow));
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	assert_non_null(ASK(k, ACME, q, VisitRow));
	bed_as(k->b, WB_ROLE(USER), bed_id("another"));
	assert_null(ASK(k, ACME, q, VisitRow));
	bed_as_link(k->b, "visit", k->visit, 1);
	assert_non_null(ASK(k, ACME, q, VisitRow));
	bed_as_link(k->b, "rate", t, 1);
	assert_null(ASK(k, ACME, q, VisitRow));
	bed_as(k->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	assert_non_null(ASK(k, ACME, q, VisitRow));
}

static void lists(void **state)
{
	struct kit *k = *state;
	MSG(ListOpenVisits, open, WEIBAO__V1__LIST_OPEN_VISITS__INIT);
	MSG(ListTicketVisits, of, WEIBAO__V1__LIST_TICKET_VISITS__INIT);
	MSG(MyVisits, mine, WEIBAO__V1__MY_VISITS__INIT);
	MSG(ListEngineers, all, WEIBAO__V1__LIST_ENGINEERS__INIT);
	struct wb_id a = kit_ticket(k, ACME, "a", NULL), b = kit_ticket(k, ACME, "b", NULL);
	struct wb_id c = kit_ticket(k, BRAVO, "c", NULL);
	kit_schedule(k, ACME, a, k->engineers[0], HOUR(9));
	kit_schedule(k, ACME, b, k->engineers[0], HOUR(5));
	kit_schedule(k, BRAVO, c, k->engineers[0], HOUR(15));
	as_lead(k);
	open.has_limit = true;
	open.limit = 1;
	const Weibao__V1__ListOpenVisitsAnswer *r = ASK(k, ACME, open, ListOpenVisitsAnswer);
	assert_int_equal(r->n_visits, 1);
	assert_true(wb_id_equal(wb_id_of_field(r->visits[0]->ticket_id), b)); /* the earlier one */
	assert_non_null(r->next_cursor);
	open.cursor = r->next_cursor;
	r = ASK(k, ACME, open, ListOpenVisitsAnswer);
	assert_int_equal(r->n_visits, 1);
	assert_true(wb_id_equal(wb_id_of_field(r->visits[0]->ticket_id), a));
	assert_null(r->next_cursor);
	assert_null(ASK(k, BRAVO, open, ListOpenVisitsAnswer)); /* another tenant's cursor */
	of.ticket_id = FIELD(k, a);
	assert_int_equal(ASK(k, ACME, of, ListTicketVisitsAnswer)->n_visits, 1);
	as_engineer(k, 0);
	const Weibao__V1__MyVisitsAnswer *m = ASK(k, "provider", mine, MyVisitsAnswer);
	assert_int_equal(m->n_visits, 3);
	assert_null(m->visits[0]->visit->form);
	as_engineer(k, 1);
	assert_int_equal(ASK(k, "provider", mine, MyVisitsAnswer)->n_visits, 0);
	mine.has_engineer_id = true;
	mine.engineer_id = FIELD(k, k->engineers[0]);
	assert_null(ASK(k, "provider", mine, MyVisitsAnswer)); /* another's */
	as_manager(k);
	assert_int_equal(ASK(k, "provider", mine, MyVisitsAnswer)->n_visits, 3);
	assert_int_equal(ASK(k, "provider", all, ListEngineersAnswer)->n_engineers, 4);
	all.cursor = "zz";
	assert_null(ASK(k, "provider", all, ListEngineersAnswer));
	assert_string_equal(bed_refusal(k->b), "FIELD_INVALID");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(reasons_are_codes),
	        T(the_best_comes_first),
	        T(fewer_than_three_is_said),
	        T(other_client_units_are_busy_and_nothing_else),
	        T(an_overrun_shows),
	        T(visits_are_read_by_whom_they_concern),
	        T(lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
