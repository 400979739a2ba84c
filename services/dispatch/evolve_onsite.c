/* The fold of the work on site: one row a thing, by its kind and id. */
#include "services/dispatch/onsite.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/sla_events.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"

#include <string.h>

#define FOLDING(name, type)                                                                                            \
	void dp_fold_##name(struct wb_fold *f, const struct wb_event *ev, const void *payload)                         \
	{                                                                                                              \
		const Weibao__V1__##type *e = payload;
#define KEPT(e) ((void *)(uintptr_t)(e))

static void put(struct wb_fold *f, const struct wb_event *ev, enum onsite kind, ProtobufCBinaryData id,
        const ProtobufCMessage *row)
{
	struct wb_key k;
	dp_onsite_key(&k, ev->tenant, ev->stream_id, kind, wb_id_of_field(id));
	wb_put_row(f->db, &dp_onsite_table, &k, row);
}

static ProtobufCMessage *get(struct wb_fold *f, const struct wb_event *ev, enum onsite kind, ProtobufCBinaryData id,
        const ProtobufCMessageDescriptor *descriptor)
{
	return dp_onsite_get(f->db, ev->tenant, ev->stream_id, kind, wb_id_of_field(id), descriptor, f->arena);
}

/* ---- the format gate ---- */

FOLDING(statement_shown, FormatStatementShown)
Weibao__V1__StatementRow row = WEIBAO__V1__STATEMENT_ROW__INIT;
row.shown = KEPT(e);
put(f, ev, ONSITE_STATEMENT, e->statement_id, &row.base);
}

static Weibao__V1__StatementRow *statement(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData id)
{
	return (Weibao__V1__StatementRow *)get(f, ev, ONSITE_STATEMENT, id, &weibao__v1__statement_row__descriptor);
}

FOLDING(consent_signed, FormatConsentSigned)
Weibao__V1__StatementRow *row = statement(f, ev, e->statement_id);
if (!row)
	return;
row->consent = KEPT(e);
put(f, ev, ONSITE_STATEMENT, e->statement_id, &row->base);
}

/* The statement whose consent has that id. */
static Weibao__V1__StatementRow *by_consent(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData consent)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(f->db, ev->tenant, ev->stream_id, ONSITE_STATEMENT,
	        &weibao__v1__statement_row__descriptor, f->arena, &all);
	for (size_t i = 0; i < n; i++) {
		Weibao__V1__StatementRow *s = (Weibao__V1__StatementRow *)all[i];
		if (s->consent && wb_id_equal(wb_id_of_field(s->consent->consent_id), wb_id_of_field(consent)))
			return s;
	}
	return NULL;
}

FOLDING(consent_withdrawn, FormatConsentWithdrawn)
Weibao__V1__StatementRow *row = by_consent(f, ev, e->consent_id);
if (!row)
	return;
row->has_withdrawn = row->withdrawn = true;
put(f, ev, ONSITE_STATEMENT, row->shown->statement_id, &row->base);
}

FOLDING(formatted, DiskFormatted)
Weibao__V1__StatementRow *row = by_consent(f, ev, e->consent_id);
if (!row)
	return;
row->has_used_at = true;
row->used_at = e->formatted_at;
put(f, ev, ONSITE_STATEMENT, row->shown->statement_id, &row->base);
}

/* The id that intake gives the complaint: each violation owes its own, and is paid by it alone. */
static struct wb_id complaint_of(const Weibao__V1__DiskFormattedWithoutConsent *e)
{
	return wb_id_derive(wb_id_of_field(e->visit_id), "violation", (uint32_t)(e->formatted_at / WB_SECOND_US));
}

FOLDING(violation, DiskFormattedWithoutConsent)
Weibao__V1__ViolationTodoRow row = WEIBAO__V1__VIOLATION_TODO_ROW__INIT;
row.ticket_id = e->ticket_id;
row.visit_id = e->visit_id;
row.formatted_at = e->formatted_at;
wb_todo_put(f, DISPATCH_TODO_VIOLATION, ev->tenant, complaint_of(e), 0, ev->recorded_at, &row.base);
}

FOLDING(complaint_made, ComplaintMade)
if (e->has_by_violation && e->by_violation)
	wb_todo_drop(f, DISPATCH_TODO_VIOLATION, ev->tenant, wb_id_of_field(e->complaint_id), 0);
}

/* ---- signatures ---- */

FOLDING(form_shown, FormShown)
Weibao__V1__FormShownRow row = WEIBAO__V1__FORM_SHOWN_ROW__INIT;
row.revision = e->revision;
row.commitment = e->commitment;
row.nonce = e->nonce;
put(f, ev, ONSITE_FORM_SHOWN, e->visit_id, &row.base);
}

/* A form rejected while the engineer is there is as if it had not been signed: it is signed anew before they leave. */
static void unsign(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	Visit *v = dp_visit_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(visit), f->arena);
	if (!v || v->state != WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE)
		return;
	v->signed_ = NULL;
	dp_visit_put(f, ev->tenant, v);
}

FOLDING(paper_checked, PaperSignatureChecked)
if (e->has_consent_id) {
	Weibao__V1__StatementRow *row = by_consent(f, ev, e->consent_id);
	if (!row)
		return;
	row->has_rejected = true;
	row->rejected = !e->accepted;
	put(f, ev, ONSITE_STATEMENT, row->shown->statement_id, &row->base);
	return;
}
Weibao__V1__FormShownRow *row =
        (Weibao__V1__FormShownRow *)get(f, ev, ONSITE_FORM_SHOWN, e->visit_id, &weibao__v1__form_shown_row__descriptor);
if (!row)
	return;
row->has_paper_rejected = true;
row->paper_rejected = !e->accepted;
put(f, ev, ONSITE_FORM_SHOWN, e->visit_id, &row->base);
if (!e->accepted)
	unsign(f, ev, e->visit_id);
}

/* ---- hardware ---- */

static void refer(struct wb_fold *f, const struct wb_event *ev, const struct wb_table *table, ProtobufCBinaryData id,
        ProtobufCBinaryData ticket)
{
	Weibao__V1__OnsiteRefRow row = WEIBAO__V1__ONSITE_REF_ROW__INIT;
	struct wb_key k;
	row.ticket_id = ticket;
	dp_thing_key(&k, ev->tenant, wb_id_of_field(id));
	wb_put_row(f->db, table, &k, &row.base);
}

static void unrefer(struct wb_fold *f, const struct wb_event *ev, const struct wb_table *table, ProtobufCBinaryData id)
{
	struct wb_key k;
	dp_thing_key(&k, ev->tenant, wb_id_of_field(id));
	wb_del(f->db, table, &k);
}

FOLDING(decision_asked, HardwareDecisionAsked)
Weibao__V1__HardwareDecisionRow row = WEIBAO__V1__HARDWARE_DECISION_ROW__INIT;
row.asked = KEPT(e);
row.asked_at = ev->recorded_at;
put(f, ev, ONSITE_DECISION, e->decision_id, &row.base);
refer(f, ev, &dp_asked_table, e->decision_id, e->ticket_id);
}

FOLDING(decided, HardwareDecided)
Weibao__V1__HardwareDecisionRow *row = (Weibao__V1__HardwareDecisionRow *)get(
        f, ev, ONSITE_DECISION, e->decision_id, &weibao__v1__hardware_decision_row__descriptor);
unrefer(f, ev, &dp_asked_table, e->decision_id);
if (!row)
	return;
row->decided = KEPT(e);
row->has_decided_at = true;
row->decided_at = ev->recorded_at;
put(f, ev, ONSITE_DECISION, e->decision_id, &row->base);
}

FOLDING(repair_opened, RepairOpened)
Weibao__V1__RepairRow row = WEIBAO__V1__REPAIR_ROW__INIT;
Weibao__V1__OnsiteRefRow ref = WEIBAO__V1__ONSITE_REF_ROW__INIT;
struct wb_key k;
row.opened = KEPT(e);
row.opened_at = ev->recorded_at;
put(f, ev, ONSITE_REPAIR, e->repair_id, &row.base);
ref.ticket_id = e->ticket_id;
wb_key_init(&k);
wb_key_str(&k, ev->tenant);
wb_key_desc_u64(&k, e->repair_number);
wb_key_id(&k, wb_id_of_field(e->repair_id));
wb_put_row(f->db, &dp_repairs_table, &k, &ref.base);
}

static Weibao__V1__RepairRow *repair(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData id)
{
	return (Weibao__V1__RepairRow *)get(f, ev, ONSITE_REPAIR, id, &weibao__v1__repair_row__descriptor);
}

FOLDING(part_requested, RepairPartRequested)
Weibao__V1__RepairRow *row = repair(f, ev, e->repair_id);
if (!row)
	return;
row->requested = KEPT(e);
row->has_requested_at = true;
row->requested_at = ev->recorded_at;
put(f, ev, ONSITE_REPAIR, e->repair_id, &row->base);
}

FOLDING(part_received, RepairPartReceived)
Weibao__V1__RepairRow *row = repair(f, ev, e->repair_id);
if (!row)
	return;
row->received = KEPT(e);
row->has_received_at = true;
row->received_at = ev->recorded_at;
put(f, ev, ONSITE_REPAIR, e->repair_id, &row->base);
}

FOLDING(repair_closed, RepairClosed)
Weibao__V1__RepairRow *row = repair(f, ev, e->repair_id);
if (!row)
	return;
row->closed = KEPT(e);
row->has_closed_at = true;
row->closed_at = ev->recorded_at;
put(f, ev, ONSITE_REPAIR, e->repair_id, &row->base);
}

/* ---- custody and loans ---- */

FOLDING(custody_taken, CustodyTaken)
Weibao__V1__CustodyRow row = WEIBAO__V1__CUSTODY_ROW__INIT;
row.taken = KEPT(e);
row.taken_at = ev->occurred_at;
row.holder = e->holder;
put(f, ev, ONSITE_CUSTODY, e->custody_id, &row.base);
dp_visit_custody(f, ev->tenant, ev->stream_id, wb_id_of_field(e->visit_id), 1);
}

FOLDING(custody_moved, CustodyMoved)
Weibao__V1__CustodyRow *row =
        (Weibao__V1__CustodyRow *)get(f, ev, ONSITE_CUSTODY, e->custody_id, &weibao__v1__custody_row__descriptor);
if (!row)
	return;
row->holder = e->holder;
put(f, ev, ONSITE_CUSTODY, e->custody_id, &row->base);
}

FOLDING(custody_returned, CustodyReturned)
Weibao__V1__CustodyRow *row =
        (Weibao__V1__CustodyRow *)get(f, ev, ONSITE_CUSTODY, e->custody_id, &weibao__v1__custody_row__descriptor);
if (!row || row->returned)
	return;
row->returned = KEPT(e);
put(f, ev, ONSITE_CUSTODY, e->custody_id, &row->base);
dp_visit_custody(f, ev->tenant, ev->stream_id, wb_id_of_field(e->visit_id), -1);
}

FOLDING(loan_left, LoanLeft)
Weibao__V1__LoanRow row = WEIBAO__V1__LOAN_ROW__INIT;
row.left = KEPT(e);
row.left_at = ev->recorded_at;
put(f, ev, ONSITE_LOAN, e->loan_id, &row.base);
}

FOLDING(loan_returned, LoanReturned)
Weibao__V1__LoanRow *row =
        (Weibao__V1__LoanRow *)get(f, ev, ONSITE_LOAN, e->loan_id, &weibao__v1__loan_row__descriptor);
if (!row)
	return;
row->has_returned_at = true;
row->returned_at = ev->recorded_at;
put(f, ev, ONSITE_LOAN, e->loan_id, &row->base);
}

/* ---- charges ---- */

FOLDING(amount_proposed, AmountProposed)
Weibao__V1__ChargeRow row = WEIBAO__V1__CHARGE_ROW__INIT;
row.proposed = KEPT(e);
row.proposed_at = ev->recorded_at;
put(f, ev, ONSITE_CHARGE, e->charge_id, &row.base);
}

static Weibao__V1__ChargeRow *charge(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData id)
{
	return (Weibao__V1__ChargeRow *)get(f, ev, ONSITE_CHARGE, id, &weibao__v1__charge_row__descriptor);
}

FOLDING(amount_accepted, AmountAccepted)
Weibao__V1__ChargeRow *row = charge(f, ev, e->charge_id);
if (!row)
	return;
row->accepted = KEPT(e);
put(f, ev, ONSITE_CHARGE, e->charge_id, &row->base);
}

FOLDING(amount_declined, AmountDeclined)
Weibao__V1__ChargeRow *row = charge(f, ev, e->charge_id);
if (!row)
	return;
row->has_declined = row->declined = true;
put(f, ev, ONSITE_CHARGE, e->charge_id, &row->base);
}

FOLDING(charge_invoiced, ChargeInvoiced)
Weibao__V1__ChargeRow *row = charge(f, ev, e->charge_id);
if (!row)
	return;
row->invoice_number = e->invoice_number;
put(f, ev, ONSITE_CHARGE, e->charge_id, &row->base);
}

FOLDING(charge_paid, ChargePaid)
Weibao__V1__ChargeRow *row = charge(f, ev, e->charge_id);
if (!row)
	return;
row->has_paid = row->paid = true;
put(f, ev, ONSITE_CHARGE, e->charge_id, &row->base);
}

FOLDING(charge_waived, ChargeWaived)
Weibao__V1__ChargeRow *row = charge(f, ev, e->charge_id);
if (!row)
	return;
row->waived_reason = e->reason;
put(f, ev, ONSITE_CHARGE, e->charge_id, &row->base);
}

/* ---- held facts ---- */

FOLDING(fact_held, FactHeld)
Weibao__V1__HeldFactRow row = WEIBAO__V1__HELD_FACT_ROW__INIT;
row.held = KEPT(e);
row.held_at = ev->recorded_at;
put(f, ev, ONSITE_FACT, e->fact_id, &row.base);
refer(f, ev, &dp_held_table, e->fact_id, e->ticket_id);
}

FOLDING(fact_settled, FactSettled)
Weibao__V1__HeldFactRow *row =
        (Weibao__V1__HeldFactRow *)get(f, ev, ONSITE_FACT, e->fact_id, &weibao__v1__held_fact_row__descriptor);
unrefer(f, ev, &dp_held_table, e->fact_id);
if (!row)
	return;
row->settled = KEPT(e);
put(f, ev, ONSITE_FACT, e->fact_id, &row->base);
}

/* ---- what the form and charges need of others ---- */

FOLDING(follow_up, FollowUpRecorded)
struct wb_key k;
dp_onsite_key(&k, ev->tenant, ev->stream_id, ONSITE_FOLLOW_UP, dp_round_id(e->round));
wb_put_row(f->db, &dp_onsite_table, &k, &e->base);
}

static void put_unit(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__UnitRow *row)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, ev->tenant);
	wb_put_row(f->db, &dp_units_table, &k, &row->base);
}

FOLDING(tenant_opened, TenantOpened)
Weibao__V1__UnitRow row = WEIBAO__V1__UNIT_ROW__INIT;
row.name = e->name;
row.zone = e->zone;
put_unit(f, ev, &row);
}

FOLDING(tenant_renamed, TenantRenamed)
Weibao__V1__UnitRow *row = dp_unit_get(f->db, ev->tenant, f->arena);
if (!row)
	return;
row->name = e->name;
put_unit(f, ev, row);
}

FOLDING(contract_saved, ContractSaved)
Weibao__V1__UnitRow *row = dp_unit_get(f->db, ev->tenant, f->arena);
if (!row)
	return;
row->has_charge_limit_fen = e->has_charge_limit_fen;
row->charge_limit_fen = e->charge_limit_fen;
put_unit(f, ev, row);
}

FOLDING(calendar_saved, CalendarSaved)
Weibao__V1__UnitRow *row = dp_unit_get(f->db, ev->tenant, f->arena);
if (!row || strcmp(row->zone, e->zone) != 0)
	return;
row->transitions = e->transitions;
row->n_transitions = e->n_transitions;
put_unit(f, ev, row);
}
