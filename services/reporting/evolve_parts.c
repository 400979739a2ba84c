/* What belongs to a ticket besides its visits: forms, hardware, custody, charges, held facts, ratings, follow-ups. */
#include "services/reporting/evolve.h"

#define MATTER(s) WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_##s
#define CHARGE(s) WEIBAO__V1__CHARGE_STAGE__CHARGE_STAGE_##s

/* A part of the ticket of the event's stream; the event is noted. NULL: there is none. */
static ProtobufCMessage *part_of(struct wb_fold *f, const struct wb_event *ev, enum part part, ProtobufCBinaryData id,
        const ProtobufCMessageDescriptor *descriptor)
{
	rp_note(f, ev, &ev->stream_id);
	return rp_part_get(f->db, ev->tenant, ev->stream_id, part, wb_id_of_field(id), descriptor, f->arena);
}

static void put(struct wb_fold *f, const struct wb_event *ev, enum part part, ProtobufCBinaryData id,
        const ProtobufCMessage *row)
{
	rp_part_put(f, ev, ev->stream_id, part, wb_id_of_field(id), row);
}

static void owed(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, ProtobufCBinaryData ref)
{
	rp_matter_put(f, ev, what, ev->recorded_at, ev->stream_id, wb_id_of_field(ref), NULL);
}

static void settled(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        ProtobufCBinaryData ref)
{
	rp_matter_drop(f, ev, what, since, ev->stream_id, wb_id_of_field(ref));
}

/* ---- forms ---- */

static Weibao__V1__ReadFormRow *form_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	return (Weibao__V1__ReadFormRow *)part_of(f, ev, PART_FORM, visit, &weibao__v1__read_form_row__descriptor);
}

void rp_fold_form_filled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormFilled *e = payload;
	Weibao__V1__ReadFormRow fresh = WEIBAO__V1__READ_FORM_ROW__INIT, *row = form_of(f, ev, e->visit_id);
	if (!row)
		row = &fresh;
	row->visit_id = e->visit_id;
	row->revision = e->revision;
	row->contents = e->contents;
	row->n_contents = e->n_contents;
	row->in_warranty = e->in_warranty;
	row->chargeable = e->chargeable;
	row->has_amount_fen = e->has_amount_fen;
	row->amount_fen = e->amount_fen;
	row->solution = e->solution;
	row->has_result = true;
	row->result = e->result;
	row->has_second_visit_at = e->has_second_visit_at;
	row->second_visit_at = e->second_visit_at;
	row->has_completed_at = e->has_completed_at;
	row->completed_at = e->completed_at;
	row->has_filled_at = true;
	row->filled_at = ev->occurred_at;
	put(f, ev, PART_FORM, e->visit_id, &row->base);
}

static void rated(struct wb_fold *f, const struct wb_event *ev, uint32_t round, Weibao__V1__Grade grade)
{
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	if (t.row->round == round) {
		t.row->has_grade = true;
		t.row->grade = grade;
	}
	rp_ticket_save(f, ev, &t);
}

void rp_fold_form_signed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormSigned *e = payload;
	Weibao__V1__ReadFormRow *row = form_of(f, ev, e->visit_id);
	if (!row)
		return;
	row->has_signed_revision = row->has_signed_at = row->has_signature_kind = true;
	row->signed_revision = e->revision;
	row->signed_at = e->signed_at;
	row->signature_kind = e->signature->kind;
	row->signer_name = e->signature->signer_name;
	row->relation = e->signature->relation;
	row->has_attachment_id = e->signature->has_attachment_id;
	row->attachment_id = e->signature->attachment_id;
	row->has_grade = e->has_grade;
	row->grade = e->grade;
	row->opinions = e->opinions;
	put(f, ev, PART_FORM, e->visit_id, &row->base);
	if (e->has_grade)
		rated(f, ev, e->round, e->grade);
}

void rp_fold_work_recorded(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__WorkRecorded *e = payload;
	Weibao__V1__ReadSolutionRow row = WEIBAO__V1__READ_SOLUTION_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.what = (char *)(uintptr_t) "work";
	row.round = e->round;
	row.text = e->steps;
	row.at = e->worked_at;
	rp_part_put(f, ev, ev->stream_id, PART_SOLUTION, rp_id_of_number(ev->position), &row.base);
}

/* ---- hardware ---- */

void rp_fold_decision_asked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__HardwareDecisionAsked *e = payload;
	Weibao__V1__ReadDecisionRow row = WEIBAO__V1__READ_DECISION_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.decision_id = e->decision_id;
	row.visit_id = e->visit_id;
	row.faulty_part = e->faulty_part;
	row.fault = e->fault;
	row.in_warranty = e->in_warranty;
	row.quote_fen = e->quote_fen;
	row.proposal = e->proposal;
	row.vendor = e->vendor;
	row.asked_at = ev->recorded_at;
	put(f, ev, PART_DECISION, e->decision_id, &row.base);
	owed(f, ev, MATTER(HARDWARE_DECISION), e->decision_id);
}

void rp_fold_decided(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__HardwareDecided *e = payload;
	Weibao__V1__ReadDecisionRow *row = (Weibao__V1__ReadDecisionRow *)part_of(
	        f, ev, PART_DECISION, e->decision_id, &weibao__v1__read_decision_row__descriptor);
	if (!row)
		return;
	row->has_choice = true;
	row->choice = e->choice;
	row->has_ceiling_fen = e->has_ceiling_fen;
	row->ceiling_fen = e->ceiling_fen;
	row->has_decided_by_id = true;
	row->decided_by_id = e->decided_by_id;
	row->has_decided_at = true;
	row->decided_at = ev->recorded_at;
	row->note = e->note;
	put(f, ev, PART_DECISION, e->decision_id, &row->base);
	settled(f, ev, MATTER(HARDWARE_DECISION), row->asked_at, e->decision_id);
}

static Weibao__V1__ReadRepairRow *repair_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData repair)
{
	return (Weibao__V1__ReadRepairRow *)part_of(
	        f, ev, PART_REPAIR, repair, &weibao__v1__read_repair_row__descriptor);
}

void rp_fold_repair_opened(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RepairOpened *e = payload;
	Weibao__V1__ReadRepairRow row = WEIBAO__V1__READ_REPAIR_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.repair_id = e->repair_id;
	row.visit_id = e->visit_id;
	row.repair_number = e->repair_number;
	row.faulty_part = e->faulty_part;
	row.fault = e->fault;
	row.in_warranty = e->in_warranty;
	row.has_decision_id = e->has_decision_id;
	row.decision_id = e->decision_id;
	row.vendor = e->vendor;
	row.old_part_serial = e->old_part_serial;
	row.has_device_id = e->has_device_id;
	row.device_id = e->device_id;
	row.opened_at = ev->recorded_at;
	put(f, ev, PART_REPAIR, e->repair_id, &row.base);
	owed(f, ev, MATTER(REPAIR), e->repair_id);
}

void rp_fold_repair_requested(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RepairPartRequested *e = payload;
	Weibao__V1__ReadRepairRow *row = repair_of(f, ev, e->repair_id);
	if (!row)
		return;
	row->vendor = e->vendor;
	if (e->vendor_case)
		row->vendor_case = e->vendor_case;
	row->has_requested_at = true;
	row->requested_at = ev->recorded_at;
	put(f, ev, PART_REPAIR, e->repair_id, &row->base);
}

static void part_came(Weibao__V1__ReadRepairRow *row, char *serial, protobuf_c_boolean has_cost, uint32_t cost_fen)
{
	if (serial)
		row->new_part_serial = serial;
	if (has_cost) {
		row->has_cost_fen = true;
		row->cost_fen = cost_fen;
	}
}

void rp_fold_repair_received(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RepairPartReceived *e = payload;
	Weibao__V1__ReadRepairRow *row = repair_of(f, ev, e->repair_id);
	if (!row)
		return;
	part_came(row, e->new_part_serial, e->has_cost_fen, e->cost_fen);
	row->has_received_at = true;
	row->received_at = ev->recorded_at;
	put(f, ev, PART_REPAIR, e->repair_id, &row->base);
}

void rp_fold_repair_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RepairClosed *e = payload;
	Weibao__V1__ReadRepairRow *row = repair_of(f, ev, e->repair_id);
	if (!row)
		return;
	part_came(row, e->new_part_serial, e->has_cost_fen, e->cost_fen);
	row->outcome = e->outcome;
	row->has_tested_by_id = true;
	row->tested_by_id = e->tested_by_id;
	row->has_closed_at = true;
	row->closed_at = ev->recorded_at;
	row->signer_name = e->signature ? e->signature->signer_name : NULL;
	put(f, ev, PART_REPAIR, e->repair_id, &row->base);
	settled(f, ev, MATTER(REPAIR), row->opened_at, e->repair_id);
}

static Weibao__V1__ReadCustodyRow *custody_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData custody)
{
	return (Weibao__V1__ReadCustodyRow *)part_of(
	        f, ev, PART_CUSTODY, custody, &weibao__v1__read_custody_row__descriptor);
}

void rp_fold_custody_taken(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CustodyTaken *e = payload;
	Weibao__V1__ReadCustodyRow row = WEIBAO__V1__READ_CUSTODY_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.custody_id = e->custody_id;
	row.visit_id = e->visit_id;
	row.what = e->what;
	row.disk_included = e->disk_included;
	row.holder = e->holder;
	row.taken_at = ev->recorded_at;
	row.signer_name = e->signature->signer_name;
	row.has_device_id = e->has_device_id;
	row.device_id = e->device_id;
	put(f, ev, PART_CUSTODY, e->custody_id, &row.base);
	owed(f, ev, MATTER(CUSTODY), e->custody_id);
}

void rp_fold_custody_moved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CustodyMoved *e = payload;
	Weibao__V1__ReadCustodyRow *row = custody_of(f, ev, e->custody_id);
	if (!row)
		return;
	row->holder = e->holder;
	put(f, ev, PART_CUSTODY, e->custody_id, &row->base);
}

void rp_fold_custody_returned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CustodyReturned *e = payload;
	Weibao__V1__ReadCustodyRow *row = custody_of(f, ev, e->custody_id);
	if (!row)
		return;
	row->has_returned_at = true;
	row->returned_at = e->returned_at;
	row->return_signer_name = e->signature->signer_name;
	put(f, ev, PART_CUSTODY, e->custody_id, &row->base);
	settled(f, ev, MATTER(CUSTODY), row->taken_at, e->custody_id);
}

void rp_fold_loan_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__LoanLeft *e = payload;
	Weibao__V1__ReadLoanRow row = WEIBAO__V1__READ_LOAN_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.loan_id = e->loan_id;
	row.visit_id = e->visit_id;
	row.what = e->what;
	row.left_at = ev->recorded_at;
	put(f, ev, PART_LOAN, e->loan_id, &row.base);
	owed(f, ev, MATTER(LOAN), e->loan_id);
}

void rp_fold_loan_returned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__LoanReturned *e = payload;
	Weibao__V1__ReadLoanRow *row = (Weibao__V1__ReadLoanRow *)part_of(
	        f, ev, PART_LOAN, e->loan_id, &weibao__v1__read_loan_row__descriptor);
	if (!row)
		return;
	row->has_returned_at = true;
	row->returned_at = ev->recorded_at;
	put(f, ev, PART_LOAN, e->loan_id, &row->base);
	settled(f, ev, MATTER(LOAN), row->left_at, e->loan_id);
}

/* ---- charges ---- */

void rp_fold_amount_proposed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AmountProposed *e = payload;
	Weibao__V1__ReadChargeRow row = WEIBAO__V1__READ_CHARGE_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.charge_id = e->charge_id;
	row.visit_id = e->visit_id;
	row.amount_fen = e->amount_fen;
	row.what = e->what;
	row.above_limit = e->above_limit;
	row.stage = CHARGE(PROPOSED);
	row.proposed_at = ev->recorded_at;
	put(f, ev, PART_CHARGE, e->charge_id, &row.base);
	rp_ref_put(f, ev, e->charge_id);
	owed(f, ev, MATTER(CHARGE), e->charge_id);
}

/* A charge goes on to a stage; it is owed an answer only while it is proposed. */
static Weibao__V1__ReadChargeRow *charge_to(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData charge, Weibao__V1__ChargeStage stage)
{
	Weibao__V1__ReadChargeRow *row = (Weibao__V1__ReadChargeRow *)part_of(
	        f, ev, PART_CHARGE, charge, &weibao__v1__read_charge_row__descriptor);
	if (!row)
		return NULL;
	row->stage = stage;
	row->has_changed_at = true;
	row->changed_at = ev->recorded_at;
	settled(f, ev, MATTER(CHARGE), row->proposed_at, charge);
	put(f, ev, PART_CHARGE, charge, &row->base);
	return row;
}

void rp_fold_amount_accepted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AmountAccepted *e = payload;
	Weibao__V1__ReadChargeRow *row = charge_to(f, ev, e->charge_id, CHARGE(ACCEPTED));
	if (!row)
		return;
	row->has_accepted_by_id = true;
	row->accepted_by_id = e->accepted_by_id;
	put(f, ev, PART_CHARGE, e->charge_id, &row->base);
}

void rp_fold_amount_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AmountDeclined *e = payload;
	(void)charge_to(f, ev, e->charge_id, CHARGE(DECLINED));
}

void rp_fold_charge_invoiced(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ChargeInvoiced *e = payload;
	Weibao__V1__ReadChargeRow *row = charge_to(f, ev, e->charge_id, CHARGE(INVOICED));
	if (!row)
		return;
	row->invoice_number = e->invoice_number;
	put(f, ev, PART_CHARGE, e->charge_id, &row->base);
}

void rp_fold_charge_paid(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ChargePaid *e = payload;
	(void)charge_to(f, ev, e->charge_id, CHARGE(PAID));
}

void rp_fold_charge_waived(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ChargeWaived *e = payload;
	Weibao__V1__ReadChargeRow *row = charge_to(f, ev, e->charge_id, CHARGE(WAIVED));
	if (!row)
		return;
	row->waive_reason = e->reason;
	put(f, ev, PART_CHARGE, e->charge_id, &row->base);
}

/* ---- held facts ---- */

void rp_fold_fact_held(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FactHeld *e = payload;
	Weibao__V1__ReadHeldRow row = WEIBAO__V1__READ_HELD_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.fact_id = e->fact_id;
	row.has_visit_id = e->has_visit_id;
	row.visit_id = e->visit_id;
	row.fact = e->fact;
	row.content = e->content;
	row.why = e->why;
	row.occurred_at = e->occurred_at;
	row.engineer_id = e->engineer_id;
	row.held_at = ev->recorded_at;
	put(f, ev, PART_HELD, e->fact_id, &row.base);
	owed(f, ev, MATTER(FACT_HELD), e->fact_id);
}

void rp_fold_fact_settled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FactSettled *e = payload;
	Weibao__V1__ReadHeldRow *row = (Weibao__V1__ReadHeldRow *)part_of(
	        f, ev, PART_HELD, e->fact_id, &weibao__v1__read_held_row__descriptor);
	if (!row)
		return;
	row->how = e->how;
	row->has_settled_at = true;
	row->settled_at = ev->recorded_at;
	put(f, ev, PART_HELD, e->fact_id, &row->base);
	settled(f, ev, MATTER(FACT_HELD), row->held_at, e->fact_id);
}

/* ---- satisfaction ---- */

void rp_fold_rating_given(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RatingGiven *e = payload;
	Weibao__V1__ReadRatingRow row = WEIBAO__V1__READ_RATING_ROW__INIT;
	row.round = e->round;
	row.grade = e->grade;
	row.via = e->via;
	row.opinions = e->opinions;
	row.given_at = ev->recorded_at;
	row.has_contact_id = e->has_contact_id;
	row.contact_id = e->contact_id;
	rp_part_put(f, ev, ev->stream_id, PART_RATING, rp_id_of_number(ev->position), &row.base);
	rated(f, ev, e->round, e->grade);
}

/* The follow-up of a round; a fresh one where there is none. NULL: no memory. */
static Weibao__V1__ReadFollowUpRow *follow_up_of(struct wb_fold *f, const struct wb_event *ev, uint32_t round)
{
	rp_note(f, ev, &ev->stream_id);
	Weibao__V1__ReadFollowUpRow *row = (Weibao__V1__ReadFollowUpRow *)rp_part_get(f->db, ev->tenant, ev->stream_id,
	        PART_FOLLOW_UP, rp_id_of_number(round), &weibao__v1__read_follow_up_row__descriptor, f->arena);
	if (row)
		return row;
	row = WB_ARENA_NEW(f->arena, Weibao__V1__ReadFollowUpRow);
	if (!row) {
		wb_txn_fail(f->db, WB_ERR_MEMORY, &rp_parts_table);
		return NULL;
	}
	weibao__v1__read_follow_up_row__init(row);
	row->round = round;
	return row;
}

static void follow_up_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadFollowUpRow *row)
{
	rp_part_put(f, ev, ev->stream_id, PART_FOLLOW_UP, rp_id_of_number(row->round), &row->base);
}

void rp_fold_cause_analysed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CauseAnalysed *e = payload;
	Weibao__V1__ReadFollowUpRow *row = follow_up_of(f, ev, e->round);
	if (!row)
		return;
	row->cause = e->cause;
	row->remedy = e->remedy;
	follow_up_put(f, ev, row);
}

void rp_fold_further_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FurtherVisitDeclined *e = payload;
	Weibao__V1__ReadFollowUpRow *row = follow_up_of(f, ev, e->round);
	if (!row)
		return;
	row->has_further_visit_declined = row->further_visit_declined = true;
	follow_up_put(f, ev, row);
}

void rp_fold_follow_up_attempted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FollowUpAttempted *e = payload;
	Weibao__V1__ReadFollowUpRow *row = follow_up_of(f, ev, e->round);
	if (!row)
		return;
	row->attempts = e->attempt;
	follow_up_put(f, ev, row);
}

/* A follow-up is as good as its worst grade: greater values are worse. */
static Weibao__V1__Grade worst(const Weibao__V1__FollowUpRecorded *e)
{
	Weibao__V1__Grade g = e->quality;
	g = e->conformity > g ? e->conformity : g;
	g = e->progress > g ? e->progress : g;
	return e->attitude > g ? e->attitude : g;
}

void rp_fold_follow_up_recorded(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FollowUpRecorded *e = payload;
	Weibao__V1__ReadFollowUpRow *row = follow_up_of(f, ev, e->round);
	if (!row)
		return;
	row->has_quality = row->has_conformity = row->has_progress = row->has_attitude = true;
	row->quality = e->quality;
	row->conformity = e->conformity;
	row->progress = e->progress;
	row->attitude = e->attitude;
	row->record = e->record;
	row->has_caller_id = true;
	row->caller_id = e->caller_id;
	row->caller_name = e->caller_name;
	row->has_called_at = true;
	row->called_at = e->called_at;
	follow_up_put(f, ev, row);
	rated(f, ev, e->round, worst(e));
}

void rp_fold_follow_up_not_reached(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FollowUpNotReached *e = payload;
	Weibao__V1__ReadFollowUpRow *row = follow_up_of(f, ev, e->round);
	if (!row)
		return;
	row->attempts = e->attempts;
	row->has_not_reached = row->not_reached = true;
	follow_up_put(f, ev, row);
}
