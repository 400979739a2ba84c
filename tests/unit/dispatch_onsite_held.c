/* Facts that no longer fit: held with all that they say, listed, settled; never taken as having happened. */
#include "unit/dispatch_onsite_kit.h"

#include <string.h>

static void work_offline(struct kit *k, const struct site *s, int64_t at)
{
	MSG(RecordWork, c, WEIBAO__V1__RECORD_WORK__INIT);
	SITE_OF(k, c, s);
	c.steps = bed_personal(k->b, "swapped \"the\" cable\n完成");
	c.has_occurred_at = true;
	c.occurred_at = at;
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
}

static const Weibao__V1__ListHeldFactsAnswer *held(struct kit *k)
{
	MSG(ListHeldFacts, q, WEIBAO__V1__LIST_HELD_FACTS__INIT);
	as_lead(k);
	return (const Weibao__V1__ListHeldFactsAnswer *)(const void *)bed_query(k->b, ACME, &q.base);
}

static void leave(struct kit *k, struct site *s)
{
	site_form(k, s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	site_sign_form(k, s);
	kit_leave(k, s->tenant, s->ticket, s->visit);
	took(k);
}

static void all_that_it_says_is_kept(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	int64_t then = bed_now(k->b);
	leave(k, &s);
	bed_pass(k->b, WB_HOUR_US);
	work_offline(k, &s, then);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	const Weibao__V1__FactHeld *e = (const Weibao__V1__FactHeld *)bed_event(k->b, 0);
	assert_string_equal(e->fact, "RecordWork");
	assert_string_equal(e->why, "VISIT_OVER");
	assert_int_equal(e->occurred_at, then);
	assert_non_null(strstr(e->content->plain, "swapped \\\"the\\\" cable\\n完成"));
	assert_int_equal(kit_visit(k, ACME, s.ticket, s.visit)->n_work, 0); /* it changed nothing */
	const Weibao__V1__ListHeldFactsAnswer *a = held(k);
	assert_int_equal(a->n_facts, 1);
	MSG(SettleFact, c, WEIBAO__V1__SETTLE_FACT__INIT);
	c.ticket_id = FIELD(k, s.ticket);
	c.fact_id = a->facts[0]->held->fact_id;
	c.how = "noted on the form";
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FactSettled");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FACT_SETTLED_ALREADY, "factId");
	assert_int_equal(held(k)->n_facts, 0);
}

static void an_old_arrival_is_held(void **state)
{
	struct kit *k = *state;
	MSG(Arrive, c, WEIBAO__V1__ARRIVE__INIT);
	struct wb_id t = kit_ticket(k, ACME, "t1", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(1));
	c.ticket_id = FIELD(k, t);
	c.round = 1;
	c.visit_id = FIELD(k, k->visit);
	c.has_occurred_at = true;
	c.occurred_at = HOUR(1);
	bed_at(k->b, HOUR(25) + 1);
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	assert_false(kit_visit(k, ACME, t, k->visit)->has_arrived_at);
	bed_at(k->b, HOUR(25)); /* on the bound it counts */
	c.occurred_at = HOUR(1);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 1, "EngineerArrived");
}

static void mistakes_are_refused_not_held(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(RecordWork, c, WEIBAO__V1__RECORD_WORK__INIT);
	site_open(k, ACME, "t1", &s);
	leave(k, &s);
	work_offline(k, &s, bed_now(k->b) + WB_DAY_US); /* the future */
	THEN_REJECTED(k->b, VISIT_OVER);
	work_offline(k, &s, 0);
	THEN_REJECTED(k->b, VISIT_OVER);
	SITE_OF(k, c, &s); /* online */
	c.steps = bed_personal(k->b, "x");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, VISIT_OVER);
	c.has_occurred_at = true;
	c.occurred_at = bed_now(k->b);
	as_engineer(k, 1); /* never on that visit */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	as_engineer(k, 0);
	c.visit_id = FIELD(k, bed_id("none"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	assert_int_equal(held(k)->n_facts, 0);
}

/* Signing on the phone in the basement, sent after the visit was over for everybody else. */
static void a_late_signature_is_held(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(SignForm, c, WEIBAO__V1__SIGN_FORM__INIT);
	MSG(ShowForm, show, WEIBAO__V1__SHOW_FORM__INIT);
	site_open(k, ACME, "t1", &s);
	site_form(k, &s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	SITE_OF(k, show, &s);
	show.nonce = site_nonce(k);
	bed_when(k->b, ACME, &show.base);
	SITE_OF(k, c, &s);
	c.commitment = ((const Weibao__V1__FormShown *)bed_event(k->b, 0))->commitment;
	c.signature = site_given(k);
	c.has_occurred_at = true;
	c.occurred_at = bed_now(k->b);
	bed_pass(k->b, 2 * WB_DAY_US);
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	const Weibao__V1__FactHeld *e = (const Weibao__V1__FactHeld *)bed_event(k->b, 0);
	assert_non_null(strstr(e->content->plain, "\"signature\":{")); /* with its signature */
	assert_null(kit_visit(k, ACME, s.ticket, s.visit)->signed_);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(all_that_it_says_is_kept),
	        T(an_old_arrival_is_held),
	        T(mistakes_are_refused_not_held),
	        T(a_late_signature_is_held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
