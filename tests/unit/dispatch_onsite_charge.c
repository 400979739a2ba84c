/* Charges: proposed, accepted by who may, invoiced, paid or waived. */
#include "unit/dispatch_onsite_kit.h"

static void limit(struct kit *k, uint32_t fen)
{
	MSG(TenantOpened, unit, WEIBAO__V1__TENANT_OPENED__INIT);
	MSG(ContractSaved, e, WEIBAO__V1__CONTRACT_SAVED__INIT);
	struct wb_id zero = {{0}};
	unit.code = "ACME";
	unit.name = "Acme";
	unit.zone = "Asia/Shanghai";
	unit.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_given(k->b, ACME, "tenant", zero, &unit.base);
	e.contract_version = 1;
	e.number = "C-1";
	e.valid_from = "2023-01-01";
	e.valid_until = "2023-12-31";
	e.covers_all_offices = true;
	e.has_charge_limit_fen = true;
	e.charge_limit_fen = fen;
	bed_given(k->b, ACME, "tenant", zero, &e.base);
}

static struct wb_id propose(struct kit *k, const struct site *s, uint32_t fen)
{
	MSG(ProposeAmount, c, WEIBAO__V1__PROPOSE_AMOUNT__INIT);
	SITE_OF(k, c, s);
	c.amount_fen = fen;
	c.what = "keyboard";
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	if (bed_refusal(k->b))
		return (struct wb_id){{0}};
	assert_true(bed_conditioned(k->b, "tenant"));
	return wb_id_of_field(((const Weibao__V1__AmountProposed *)bed_event(k->b, 0))->charge_id);
}

#define CHARGE_COMMAND(fn, type, init)                                                                                 \
	static void fn(struct kit *k, const struct site *s, struct wb_id id)                                           \
	{                                                                                                              \
		MSG(type, c, init);                                                                                    \
		c.ticket_id = FIELD(k, s->ticket);                                                                     \
		c.charge_id = FIELD(k, id);                                                                            \
		bed_when(k->b, ACME, &c.base);                                                                         \
	}
CHARGE_COMMAND(accept_it, AcceptAmount, WEIBAO__V1__ACCEPT_AMOUNT__INIT)
CHARGE_COMMAND(decline_it, DeclineAmount, WEIBAO__V1__DECLINE_AMOUNT__INIT)
CHARGE_COMMAND(pay_it, RecordPayment, WEIBAO__V1__RECORD_PAYMENT__INIT)

static void invoice_it(struct kit *k, const struct site *s, struct wb_id id)
{
	MSG(InvoiceCharge, c, WEIBAO__V1__INVOICE_CHARGE__INIT);
	c.ticket_id = FIELD(k, s->ticket);
	c.charge_id = FIELD(k, id);
	c.invoice_number = "F-77";
	bed_when(k->b, ACME, &c.base);
}

static void waive_it(struct kit *k, const struct site *s, struct wb_id id)
{
	MSG(WaiveCharge, c, WEIBAO__V1__WAIVE_CHARGE__INIT);
	c.ticket_id = FIELD(k, s->ticket);
	c.charge_id = FIELD(k, id);
	c.reason = "goodwill";
	bed_when(k->b, ACME, &c.base);
}

static void from_the_proposal_to_the_payment(void **state)
{
	struct kit *k = *state;
	struct site s;
	limit(k, 10000);
	site_open(k, ACME, "t1", &s);
	propose(k, &s, 0);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "amountFen");
	struct wb_id c = propose(k, &s, 10000);
	as_lead(k);
	invoice_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_NOT_ACCEPTED, "chargeId");
	accept_it(k, &s, c);
	THEN_REJECTED(k->b, FORBIDDEN); /* the client's own act */
	bed_as(k->b, WB_ROLE(USER), bed_id("stranger"));
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "chargeId");
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	accept_it(k, &s, c);
	THEN_EVENT(k->b, 0, "AmountAccepted");
	decline_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_DECIDED, "chargeId");
	as_lead(k);
	invoice_it(k, &s, c);
	THEN_EVENT(k->b, 0, "ChargeInvoiced");
	pay_it(k, &s, c);
	THEN_EVENT(k->b, 0, "ChargePaid");
	pay_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_SETTLED, "chargeId");
	as_manager(k);
	waive_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_SETTLED, "chargeId");
}

static void above_the_limit_the_representative_alone(void **state)
{
	struct kit *k = *state;
	struct site s;
	limit(k, 10000);
	site_open(k, ACME, "t1", &s);
	struct wb_id c = propose(k, &s, 10001);
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_ABOVE_LIMIT, "chargeId");
	bed_as_link(k->b, "amount", c, 1);
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_ABOVE_LIMIT, "chargeId");
	bed_as(k->b, WB_ROLE(DEPUTY), bed_id("deputy"));
	accept_it(k, &s, c);
	THEN_EVENT(k->b, 0, "AmountAccepted");
}

static void a_link_is_for_its_charge(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id c = propose(k, &s, 500);
	bed_as_link(k->b, "sign", c, 1);
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "chargeId");
	bed_as_link(k->b, "amount", bed_id("other"), 1);
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "chargeId");
	bed_as_link(k->b, "amount", c, 1);
	accept_it(k, &s, c);
	THEN_EVENT(k->b, 0, "AmountAccepted");
	assert_true(((const Weibao__V1__AmountAccepted *)bed_event(k->b, 0))->by_link);
}

static void what_is_waived_is_not_paid(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id c = propose(k, &s, 500);
	as_lead(k);
	waive_it(k, &s, c);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_manager(k);
	waive_it(k, &s, c);
	THEN_EVENT(k->b, 0, "ChargeWaived");
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	accept_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_DECIDED, "chargeId");
	c = propose(k, &s, 600);
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	decline_it(k, &s, c);
	THEN_EVENT(k->b, 0, "AmountDeclined");
	as_lead(k);
	pay_it(k, &s, c);
	THEN_REJECTED_AT(k->b, CHARGE_NOT_ACCEPTED, "chargeId");
}

/* The contract's next version may have no limit; what was proposed before stays as it was. */
static void the_limit_is_that_of_the_proposal(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(ContractSaved, e, WEIBAO__V1__CONTRACT_SAVED__INIT);
	limit(k, 10000);
	site_open(k, ACME, "t1", &s);
	struct wb_id before = propose(k, &s, 10001);
	assert_true(((const Weibao__V1__AmountProposed *)bed_event(k->b, 0))->above_limit);
	e.contract_version = 2;
	e.number = "C-2";
	e.valid_from = "2024-01-01";
	e.valid_until = "2024-12-31";
	e.covers_all_offices = true;
	bed_given(k->b, ACME, "tenant", (struct wb_id){{0}}, &e.base);
	struct wb_id after = propose(k, &s, 10001);
	assert_false(((const Weibao__V1__AmountProposed *)bed_event(k->b, 0))->above_limit);
	bed_as(k->b, WB_ROLE(USER), bed_id("caller"));
	accept_it(k, &s, after);
	THEN_EVENT(k->b, 0, "AmountAccepted");
	decline_it(k, &s, before);
	THEN_REJECTED_AT(k->b, CHARGE_ABOVE_LIMIT, "chargeId");
}

static void a_proposal_is_checked(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(ProposeAmount, c, WEIBAO__V1__PROPOSE_AMOUNT__INIT);
	site_open(k, ACME, "t1", &s);
	propose(k, &s, 100000001);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "amountFen");
	propose(k, &s, 100000000);
	THEN_EVENT(k->b, 0, "AmountProposed");
	SITE_OF(k, c, &s);
	c.amount_fen = 1;
	c.what = "";
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "what");
	c.what = "cable";
	as_engineer(k, 1); /* not on this visit */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "AmountProposed");
}

static void charges_are_seen(void **state)
{
	struct kit *k = *state;
	struct site s, other;
	MSG(GetOnsiteWork, q, WEIBAO__V1__GET_ONSITE_WORK__INIT);
	site_open(k, ACME, "t1", &s);
	site_open(k, ACME, "t2", &other);
	struct wb_id c = propose(k, &s, 300);
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	accept_it(k, &other, c); /* of another ticket there is no such charge */
	THEN_REJECTED_AT(k->b, NOT_FOUND, "chargeId");
	accept_it(k, &s, c);
	as_lead(k);
	invoice_it(k, &s, c);
	pay_it(k, &s, c);
	took(k);
	q.ticket_id = FIELD(k, s.ticket);
	const Weibao__V1__OnsiteWorkAnswer *a = (const Weibao__V1__OnsiteWorkAnswer *)bed_query(k->b, ACME, &q.base);
	assert_non_null(a);
	assert_int_equal(a->n_charges, 1);
	assert_int_equal(a->charges[0]->proposed->amount_fen, 300);
	assert_non_null(a->charges[0]->accepted);
	assert_string_equal(a->charges[0]->invoice_number, "F-77");
	assert_true(a->charges[0]->paid);
	assert_null(a->charges[0]->waived_reason);
	q.ticket_id = FIELD(k, other.ticket);
	a = (const Weibao__V1__OnsiteWorkAnswer *)bed_query(k->b, ACME, &q.base);
	assert_non_null(a);
	assert_int_equal(a->n_charges, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(from_the_proposal_to_the_payment),
	        T(above_the_limit_the_representative_alone),
	        T(a_link_is_for_its_charge),
	        T(what_is_waived_is_not_paid),
	        T(the_limit_is_that_of_the_proposal),
	        T(a_proposal_is_checked),
	        T(charges_are_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
