/* Hardware: asked, decided by the client, repaired within its ceiling; what is taken comes back. */
#include "unit/dispatch_onsite_kit.h"

#include <string.h>

#define CHOICE(name) WEIBAO__V1__HARDWARE_CHOICE__HARDWARE_CHOICE_##name
#define TAKEN_BACK WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK
#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name

static struct wb_id ask(struct kit *k, const struct site *s)
{
	MSG(AskHardwareDecision, c, WEIBAO__V1__ASK_HARDWARE_DECISION__INIT);
	SITE_OF(k, c, s);
	c.faulty_part = "power supply";
	c.fault = bed_personal(k->b, "smells");
	c.quote_fen = 30000;
	c.proposal = CHOICE(REPLACE);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	THEN_EVENT(k->b, 0, "HardwareDecisionAsked");
	return wb_id_of_field(((const Weibao__V1__HardwareDecisionAsked *)bed_event(k->b, 0))->decision_id);
}

static void as_representative(struct kit *k)
{
	bed_as(k->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
}

static void decide(struct kit *k, const struct site *s, struct wb_id id, Weibao__V1__HardwareChoice choice)
{
	MSG(DecideHardware, c, WEIBAO__V1__DECIDE_HARDWARE__INIT);
	c.ticket_id = FIELD(k, s->ticket);
	c.decision_id = FIELD(k, id);
	c.choice = choice;
	c.has_ceiling_fen = true;
	c.ceiling_fen = 25000;
	bed_when(k->b, s->tenant, &c.base);
}

/* Zero id: no decision is named. */
static struct wb_id repair(struct kit *k, const struct site *s, struct wb_id decision, bool in_warranty)
{
	MSG(OpenRepair, c, WEIBAO__V1__OPEN_REPAIR__INIT);
	SITE_OF(k, c, s);
	c.faulty_part = "power supply";
	c.fault = bed_personal(k->b, "smells");
	c.in_warranty = in_warranty;
	c.has_decision_id = !wb_id_is_zero(decision);
	c.decision_id = FIELD(k, decision);
	c.old_part_serial = "PS-1";
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	if (bed_refusal(k->b))
		return (struct wb_id){{0}};
	return wb_id_of_field(((const Weibao__V1__RepairOpened *)bed_event(k->b, 0))->repair_id);
}

static void close_repair(struct kit *k, const struct site *s, struct wb_id id, uint32_t cost, bool with_signature)
{
	MSG(CloseRepair, c, WEIBAO__V1__CLOSE_REPAIR__INIT);
	c.ticket_id = FIELD(k, s->ticket);
	c.repair_id = FIELD(k, id);
	c.outcome = "replaced";
	c.new_part_serial = "PS-2";
	c.has_cost_fen = true;
	c.cost_fen = cost;
	c.nonce = site_nonce(k);
	c.signature = with_signature ? site_given(k) : NULL;
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
}

static const struct wb_id none;

static void the_client_decides_and_sets_the_ceiling(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	repair(k, &s, none, false);
	THEN_REJECTED_AT(k->b, HARDWARE_NOT_DECIDED, "decisionId");
	struct wb_id d = ask(k, &s);
	repair(k, &s, d, false);
	THEN_REJECTED_AT(k->b, HARDWARE_NOT_DECIDED, "decisionId");
	as_lead(k);
	decide(k, &s, d, CHOICE(REPLACE));
	THEN_REJECTED(k->b, FORBIDDEN);
	bed_as_link(k->b, "confirm", s.ticket, 1);
	decide(k, &s, d, CHOICE(REPLACE));
	THEN_REJECTED(k->b, FORBIDDEN);
	as_representative(k);
	decide(k, &s, d, CHOICE(REPLACE));
	THEN_EVENT(k->b, 0, "HardwareDecided");
	decide(k, &s, d, CHOICE(SCRAP));
	THEN_REJECTED_AT(k->b, DECISION_MADE, "decisionId");
	struct wb_id r = repair(k, &s, d, false);
	THEN_EVENT(k->b, 0, "RepairOpened");
	close_repair(k, &s, r, 25001, false);
	THEN_REJECTED_AT(k->b, COST_ABOVE_CEILING, "costFen");
	MSG(ReceiveRepairPart, part, WEIBAO__V1__RECEIVE_REPAIR_PART__INIT);
	part.ticket_id = FIELD(k, s.ticket);
	part.repair_id = FIELD(k, r);
	part.has_cost_fen = true;
	part.cost_fen = 25001;
	bed_when(k->b, ACME, &part.base);
	THEN_REJECTED_AT(k->b, COST_ABOVE_CEILING, "costFen");
	close_repair(k, &s, r, 25000, true);
	THEN_EVENT(k->b, 0, "RepairClosed");
	const Weibao__V1__RepairClosed *e = (const Weibao__V1__RepairClosed *)bed_event(k->b, 0);
	assert_non_null(e->signature); /* what was given is kept */
	assert_string_equal(e->signature->signer_name->plain, "Sun");
	close_repair(k, &s, r, 25000, false);
	THEN_REJECTED_AT(k->b, REPAIR_CLOSED_ALREADY, "repairId");
}

static void scrapping_is_no_repair(void **state)
{
	struct kit *k = *state;
	struct site s, other;
	site_open(k, ACME, "t1", &s);
	struct wb_id d = ask(k, &s);
	as_representative(k);
	decide(k, &s, d, CHOICE(SCRAP));
	repair(k, &s, d, false);
	THEN_REJECTED_AT(k->b, HARDWARE_NOT_DECIDED, "decisionId");
	repair(k, &s, none, true); /* in warranty nobody has to be asked */
	THEN_EVENT(k->b, 0, "RepairOpened");
	assert_int_equal(((const Weibao__V1__RepairOpened *)bed_event(k->b, 0))->repair_number, 1);
	site_open(k, ACME, "t2", &other);
	repair(k, &other, d, true); /* another ticket's decision */
	THEN_REJECTED_AT(k->b, NOT_FOUND, "decisionId");
	repair(k, &other, none, true);
	assert_int_equal(((const Weibao__V1__RepairOpened *)bed_event(k->b, 0))->repair_number, 2);
	as_engineer(k, 1);
	MSG(OpenRepair, c, WEIBAO__V1__OPEN_REPAIR__INIT);
	SITE_OF(k, c, &s);
	c.faulty_part = "x";
	c.fault = bed_personal(k->b, "x");
	c.in_warranty = true;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
}

static void left_with(struct kit *k, struct site *s)
{
	site_form(k, s, TAKEN_BACK);
	site_sign_form(k, s);
	took(k);
	kit_leave(k, s->tenant, s->ticket, s->visit);
	THEN_EVENTS(k->b, 1);
}

static void the_return_of_the_last_thing_ends_the_visit(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id computer = site_take(k, &s, "computer");
	THEN_EVENT(k->b, 0, "CustodyTaken");
	assert_true(bed_conditioned(k->b, "ticket"));
	const Weibao__V1__CustodyTaken *taken = (const Weibao__V1__CustodyTaken *)bed_event(k->b, 0);
	assert_int_equal(taken->signature->commitment.len, 32);
	assert_string_equal(taken->holder, "engineer");
	struct wb_id cable = site_take(k, &s, "cable");
	left_with(k, &s);
	site_return(k, &s, cable);
	THEN_EVENTS(k->b, 1);
	assert_int_equal(kit_visit(k, ACME, s.ticket, s.visit)->state, STATE(LEFT));
	site_return(k, &s, cable);
	THEN_REJECTED_AT(k->b, CUSTODY_RETURNED_ALREADY, "custodyId");
	site_return(k, &s, computer);
	THEN_EVENTS(k->b, 3);
	THEN_EVENT(k->b, 1, "VisitEnded");
	THEN_EVENT(k->b, 2, "ServiceCompleted");
	assert_int_equal(kit_visit(k, ACME, s.ticket, s.visit)->state, STATE(ENDED));
}

static void what_is_not_repaired_completes_nothing(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id computer = site_take(k, &s, "computer");
	repair(k, &s, none, true);
	left_with(k, &s);
	site_return(k, &s, computer); /* its repair is open */
	THEN_EVENTS(k->b, 2);
	THEN_EVENT(k->b, 1, "VisitEnded");
}

static void a_secret_device_stays(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(TicketDeviceCorrected, e, WEIBAO__V1__TICKET_DEVICE_CORRECTED__INIT);
	site_open(k, ACME, "t1", &s);
	e.ticket_id = FIELD(k, s.ticket);
	e.device_id = FIELD(k, bed_id("secret"));
	e.has_secret_device = e.secret_device = true;
	bed_given(k->b, ACME, "ticket", s.ticket, &e.base);
	site_take(k, &s, "computer");
	THEN_REJECTED(k->b, SECRET_NEVER_LEAVES);
}

static void an_engineer_signs_nothing(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(LeaveLoan, c, WEIBAO__V1__LEAVE_LOAN__INIT);
	MSG(ReturnLoan, back, WEIBAO__V1__RETURN_LOAN__INIT);
	site_open(k, ACME, "t1", &s);
	SITE_OF(k, c, &s);
	c.what = "laptop";
	c.nonce = site_nonce(k);
	c.signature = site_given(k);
	c.signature->signer_id = FIELD(k, k->engineers[0]);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNER_IS_ENGINEER, "signature.signerId");
	c.signature = site_given(k);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "LoanLeft");
	back.ticket_id = FIELD(k, s.ticket);
	back.loan_id = ((const Weibao__V1__LoanLeft *)bed_event(k->b, 0))->loan_id;
	as_engineer(k, 1);
	bed_when(k->b, ACME, &back.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "loanId");
	as_lead(k);
	bed_when(k->b, ACME, &back.base);
	THEN_EVENT(k->b, 0, "LoanReturned");
}

static const Weibao__V1__ListRepairsAnswer *list(struct kit *k, const char *cursor, uint32_t limit, bool open_only)
{
	MSG(ListRepairs, q, WEIBAO__V1__LIST_REPAIRS__INIT);
	q.cursor = (char *)(uintptr_t)cursor;
	q.has_limit = limit > 0;
	q.limit = limit;
	q.has_open_only = q.open_only = open_only;
	return (const Weibao__V1__ListRepairsAnswer *)(const void *)bed_query(k->b, ACME, &q.base);
}

static void the_register_has_a_row_for_each_part(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id computer = site_take(k, &s, "computer");
	struct wb_id d = ask(k, &s);
	as_representative(k);
	decide(k, &s, d, CHOICE(REPAIR));
	struct wb_id first = repair(k, &s, d, false);
	repair(k, &s, none, true);
	close_repair(k, &s, first, 100, false);
	left_with(k, &s);
	as_lead(k);
	const Weibao__V1__ListRepairsAnswer *a = list(k, NULL, 1, false);
	assert_int_equal(a->n_repairs, 1);
	assert_int_equal(a->repairs[0]->repair->opened->repair_number, 2); /* newest first */
	a = list(k, a->next_cursor, 1, false);
	assert_int_equal(a->n_repairs, 1);
	const Weibao__V1__RepairItem *i = a->repairs[0];
	assert_int_equal(i->repair->opened->repair_number, 1);
	assert_string_equal(i->form_number, "ACME-20231114-0001-V1");
	assert_string_equal(i->office_name, "Office 1");
	assert_int_equal(i->decided->choice, CHOICE(REPAIR));
	assert_string_equal(i->repair->closed->new_part_serial, "PS-2");
	assert_false(i->has_returned_at);
	assert_int_equal(list(k, NULL, 0, true)->n_repairs, 1);
	site_return(k, &s, computer);
	took(k);
	as_lead(k);
	assert_true(list(k, NULL, 0, false)->repairs[0]->has_returned_at);
	bed_as(k->b, WB_ROLE(ENGINEER), k->outsider); /* in no team of this client unit */
	assert_int_equal(list(k, NULL, 0, false)->n_repairs, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(the_client_decides_and_sets_the_ceiling),
	        T(scrapping_is_no_repair),
	        T(the_return_of_the_last_thing_ends_the_visit),
	        T(what_is_not_repaired_completes_nothing),
	        T(a_secret_device_stays),
	        T(an_engineer_signs_nothing),
	        T(the_register_has_a_row_for_each_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
