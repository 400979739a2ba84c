/* Charges: proposed, accepted by who may, invoiced, paid or waived. */
#include "services/dispatch/onsite.h"

#include <string.h>

#define AMOUNT_MAX_FEN 100000000u

ONSITE_TURNS(propose_amount, Weibao__V1__ProposeAmount)
ONSITE_TURNS(accept_amount, Weibao__V1__AcceptAmount)
ONSITE_TURNS(decline_amount, Weibao__V1__DeclineAmount)
ONSITE_TURNS(invoice_charge, Weibao__V1__InvoiceCharge)
ONSITE_TURNS(record_payment, Weibao__V1__RecordPayment)
ONSITE_TURNS(waive_charge, Weibao__V1__WaiveCharge)

void dp_decide_propose_amount(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ProposeAmount *c = command;
	struct visit_ref v;
	const Weibao__V1__UnitRow *unit = dp_unit_get(d->db, d->tenant, d->arena);
	if (!(dp_caller_is_staff(d->who) ? dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v)
	                                 : dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v)) ||
	        !dp_text_require(d, c->what, DISPATCH_TEXT_BYTES, "what") ||
	        !dp_room_require(d, v.ticket_id, ONSITE_CHARGE))
		return;
	if (c->amount_fen == 0 || c->amount_fen > AMOUNT_MAX_FEN) {
		wb_refuse(d, WB_FIELD_INVALID, "amountFen");
		return;
	}
	NEW(d, Weibao__V1__AmountProposed, weibao__v1__amount_proposed__init, e);
	e->ticket_id = c->ticket_id;
	e->visit_id = c->visit_id;
	e->charge_id = wb_field_of_id(d->arena, wb_new_id(d, "charge"));
	e->amount_fen = c->amount_fen;
	e->what = c->what;
	e->above_limit = unit && unit->has_charge_limit_fen && c->amount_fen > unit->charge_limit_fen;
	wb_condition(d, "tenant", (struct wb_id){{0}}); /* the contract's limit as it is now */
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

static Weibao__V1__ChargeRow *charge(
        struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData field, struct wb_id *ret_ticket)
{
	struct wb_id id;
	if (!wb_require_id(d, ticket, "ticketId", ret_ticket) || !wb_require_id(d, field, "chargeId", &id))
		return NULL;
	Weibao__V1__ChargeRow *row = (Weibao__V1__ChargeRow *)dp_onsite_get(
	        d->db, d->tenant, *ret_ticket, ONSITE_CHARGE, id, &weibao__v1__charge_row__descriptor, d->arena);
	if (!row)
		wb_refuse(d, WB_NOT_FOUND, "chargeId");
	return row;
}

/* The user, by sign-in or by a link for this charge or ticket; above the limit the representative alone. */
static bool client_may(struct wb_decision *d, struct wb_id ticket, const Weibao__V1__ChargeRow *row)
{
	bool client = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE) ||
	              wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_DEPUTY);
	const Ticket *t = dp_ticket_get(d->db, d->tenant, ticket, d->arena);
	bool link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK) && d->who->link_purpose &&
	            strcmp(d->who->link_purpose, "amount") == 0 && d->who->has_link_id &&
	            wb_id_equal(wb_id_of_field(d->who->link_id), wb_id_of_field(row->proposed->charge_id));
	if (!client && !link && !(t && dp_caller_concerned(d->who, t, NULL, "amount", NULL))) {
		wb_refuse(d, WB_NOT_FOUND, "chargeId");
		return false;
	}
	if (!client && row->proposed->above_limit) {
		wb_refuse(d, WB_CHARGE_ABOVE_LIMIT, "chargeId");
		return false;
	}
	return true;
}

static Weibao__V1__ChargeRow *undecided(
        struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData field, struct wb_id *ret_ticket)
{
	Weibao__V1__ChargeRow *row = charge(d, ticket, field, ret_ticket);
	if (!row || !client_may(d, *ret_ticket, row))
		return NULL;
	if (!row->accepted && !row->declined && !row->waived_reason)
		return row;
	wb_refuse(d, WB_CHARGE_DECIDED, "chargeId");
	return NULL;
}

void dp_decide_accept_amount(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AcceptAmount *c = command;
	struct wb_id ticket;
	if (!undecided(d, c->ticket_id, c->charge_id, &ticket))
		return;
	NEW(d, Weibao__V1__AmountAccepted, weibao__v1__amount_accepted__init, e);
	e->ticket_id = c->ticket_id;
	e->charge_id = c->charge_id;
	e->accepted_by_id = wb_field_of_id(d->arena, dp_actor_id(d->who));
	e->has_by_link = true;
	e->by_link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK);
	wb_emit(d, "visits", ticket, &e->base);
}

void dp_decide_decline_amount(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DeclineAmount *c = command;
	struct wb_id ticket;
	if (!undecided(d, c->ticket_id, c->charge_id, &ticket))
		return;
	NEW(d, Weibao__V1__AmountDeclined, weibao__v1__amount_declined__init, e);
	e->ticket_id = c->ticket_id;
	e->charge_id = c->charge_id;
	wb_emit(d, "visits", ticket, &e->base);
}

static Weibao__V1__ChargeRow *accepted(
        struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData field, struct wb_id *ret_ticket)
{
	Weibao__V1__ChargeRow *row = charge(d, ticket, field, ret_ticket);
	if (!row)
		return NULL;
	if (row->paid || row->waived_reason)
		wb_refuse(d, WB_CHARGE_SETTLED, "chargeId");
	else if (!row->accepted)
		wb_refuse(d, WB_CHARGE_NOT_ACCEPTED, "chargeId");
	return wb_refused(d) ? NULL : row;
}

void dp_decide_invoice_charge(struct wb_decision *d, const void *command)
{
	const Weibao__V1__InvoiceCharge *c = command;
	struct wb_id ticket;
	if (!accepted(d, c->ticket_id, c->charge_id, &ticket) ||
	        !dp_text_require(d, c->invoice_number, DISPATCH_TEXT_BYTES, "invoiceNumber"))
		return;
	NEW(d, Weibao__V1__ChargeInvoiced, weibao__v1__charge_invoiced__init, e);
	e->ticket_id = c->ticket_id;
	e->charge_id = c->charge_id;
	e->invoice_number = c->invoice_number;
	wb_emit(d, "visits", ticket, &e->base);
}

void dp_decide_record_payment(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordPayment *c = command;
	struct wb_id ticket;
	if (!accepted(d, c->ticket_id, c->charge_id, &ticket))
		return;
	NEW(d, Weibao__V1__ChargePaid, weibao__v1__charge_paid__init, e);
	e->ticket_id = c->ticket_id;
	e->charge_id = c->charge_id;
	wb_emit(d, "visits", ticket, &e->base);
}

void dp_decide_waive_charge(struct wb_decision *d, const void *command)
{
	const Weibao__V1__WaiveCharge *c = command;
	struct wb_id ticket;
	const Weibao__V1__ChargeRow *row = charge(d, c->ticket_id, c->charge_id, &ticket);
	if (!row || !dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason"))
		return;
	if (row->paid || row->waived_reason) {
		wb_refuse(d, WB_CHARGE_SETTLED, "chargeId");
		return;
	}
	NEW(d, Weibao__V1__ChargeWaived, weibao__v1__charge_waived__init, e);
	e->ticket_id = c->ticket_id;
	e->charge_id = c->charge_id;
	e->reason = c->reason;
	wb_emit(d, "visits", ticket, &e->base);
}
