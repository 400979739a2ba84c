/* Hardware: the client's decision, the repair register, custody of what leaves the office, loan devices. */
#include "services/dispatch/onsite.h"

#include <string.h>

ONSITE_TURNS(ask_hardware_decision, Weibao__V1__AskHardwareDecision)
ONSITE_TURNS(decide_hardware, Weibao__V1__DecideHardware)
ONSITE_TURNS(open_repair, Weibao__V1__OpenRepair)
ONSITE_TURNS(request_repair_part, Weibao__V1__RequestRepairPart)
ONSITE_TURNS(receive_repair_part, Weibao__V1__ReceiveRepairPart)
ONSITE_TURNS(close_repair, Weibao__V1__CloseRepair)
ONSITE_TURNS(take_custody, Weibao__V1__TakeCustody)
ONSITE_TURNS(move_custody, Weibao__V1__MoveCustody)
ONSITE_TURNS(return_custody, Weibao__V1__ReturnCustody)
ONSITE_TURNS(leave_loan, Weibao__V1__LeaveLoan)
ONSITE_TURNS(return_loan, Weibao__V1__ReturnLoan)

/* A thing of the ticket, or refused: NOT_FOUND at path. */
static ProtobufCMessage *thing(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData field,
        enum onsite kind, const ProtobufCMessageDescriptor *descriptor, const char *path, struct wb_id *ret_ticket)
{
	struct wb_id id;
	if (!wb_require_id(d, ticket, "ticketId", ret_ticket) || !wb_require_id(d, field, path, &id))
		return NULL;
	ProtobufCMessage *row = dp_onsite_get(d->db, d->tenant, *ret_ticket, kind, id, descriptor, d->arena);
	if (!row)
		wb_refuse(d, WB_NOT_FOUND, path);
	return row;
}

/* A visit of which staff, or an engineer on it, records something. */
static bool visit_for(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *ret)
{
	return dp_caller_is_staff(d->who) ? dp_visit_require(d, ticket, visit, round, ret)
	                                  : dp_visit_require_mine(d, ticket, visit, round, ret);
}

/* An engineer acts on own visits only: the one that the thing came from. */
static bool mine(struct wb_decision *d, struct wb_id ticket, ProtobufCBinaryData visit, const char *path)
{
	if (dp_caller_is_staff(d->who))
		return true;
	const Visit *v = dp_visit_get(d->db, d->tenant, ticket, wb_id_of_field(visit), d->arena);
	if (v && d->who->has_person_id && dp_visit_engineer(v, wb_id_of_field(d->who->person_id)))
		return true;
	wb_refuse(d, WB_NOT_FOUND, path);
	return false;
}

static bool choice_sound(struct wb_decision *d, Weibao__V1__HardwareChoice choice, const char *path)
{
	bool sound = choice >= WEIBAO__V1__HARDWARE_CHOICE__HARDWARE_CHOICE_REPAIR &&
	             choice <= WEIBAO__V1__HARDWARE_CHOICE__HARDWARE_CHOICE_LOAN;
	if (!sound)
		wb_refuse(d, WB_FIELD_INVALID, path);
	return sound;
}

/* ---- the client's decision ---- */

void dp_decide_ask_hardware_decision(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AskHardwareDecision *c = command;
	struct visit_ref v;
	if (!visit_for(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_text_require(d, c->faulty_part, DISPATCH_TEXT_BYTES, "faultyPart") ||
	        !dp_text_optional(d, c->vendor, DISPATCH_TEXT_BYTES, "vendor") ||
	        !choice_sound(d, c->proposal, "proposal") || !dp_room_require(d, v.ticket_id, ONSITE_DECISION))
		return;
	NEW(d, Weibao__V1__HardwareDecisionAsked, weibao__v1__hardware_decision_asked__init, e);
	ONSITE_OF(e, &v);
	e->decision_id = wb_field_of_id(d->arena, wb_new_id(d, "decision"));
	e->faulty_part = c->faulty_part;
	e->in_warranty = c->in_warranty;
	e->quote_fen = c->quote_fen;
	e->proposal = c->proposal;
	e->vendor = c->vendor;
	e->fault = dp_personal_require(
	        d, c->fault, DISPATCH_LONG_TEXT_BYTES, "fault", dp_ticket_subject(v.ticket), v.ticket_id);
	if (e->fault)
		wb_emit(d, "visits", v.ticket_id, &e->base);
}

void dp_decide_decide_hardware(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DecideHardware *c = command;
	struct wb_id ticket;
	const Weibao__V1__HardwareDecisionRow *row = (const Weibao__V1__HardwareDecisionRow *)thing(d, c->ticket_id,
	        c->decision_id, ONSITE_DECISION, &weibao__v1__hardware_decision_row__descriptor, "decisionId", &ticket);
	const Ticket *t = row ? dp_ticket_get(d->db, d->tenant, ticket, d->arena) : NULL;
	if (!row || !t || !choice_sound(d, c->choice, "choice"))
		return;
	if (row->decided) {
		wb_refuse(d, WB_DECISION_MADE, "decisionId");
		return;
	}
	NEW(d, Weibao__V1__HardwareDecided, weibao__v1__hardware_decided__init, e);
	e->ticket_id = c->ticket_id;
	e->decision_id = c->decision_id;
	e->choice = c->choice;
	e->has_ceiling_fen = c->has_ceiling_fen;
	e->ceiling_fen = c->ceiling_fen;
	e->decided_by_id = wb_field_of_id(d->arena, dp_actor_id(d->who));
	if (dp_personal_optional(d, c->note, DISPATCH_LONG_TEXT_BYTES, "note", dp_ticket_subject(t), ticket, &e->note))
		wb_emit(d, "visits", ticket, &e->base);
}

/* ---- the repair register ---- */

/* The highest number given so far stands first: the index runs down. */
static uint32_t last_repair(struct wb_decision *d)
{
	struct wb_key prefix;
	struct wb_key_reader r;
	struct wb_bytes key;
	struct wb_scan scan;
	uint64_t number = 0;
	wb_key_init(&prefix);
	wb_key_str(&prefix, d->tenant);
	size_t head = prefix.len;
	wb_scan_prefix(&scan, d->db, &dp_repairs_table, &prefix);
	if (wb_scan_next(&scan, &key, NULL) && key.len > head) {
		wb_key_reader_init(&r, (struct wb_bytes){key.data + head, key.len - head});
		if (!wb_key_read_desc_u64(&r, &number))
			number = 0;
	}
	wb_scan_done(&scan);
	return (uint32_t)number;
}

/* The representative decided to repair or to replace. In warranty it may stand without a decision: it costs nothing. */
static bool decided_require(struct wb_decision *d, const Weibao__V1__OpenRepair *c)
{
	const Weibao__V1__HardwareDecisionRow *row = NULL;
	struct wb_id ticket;
	if (!c->has_decision_id && c->in_warranty)
		return true;
	if (c->has_decision_id &&
	        !(row = (const Weibao__V1__HardwareDecisionRow *)thing(d, c->ticket_id, c->decision_id, ONSITE_DECISION,
	                  &weibao__v1__hardware_decision_row__descriptor, "decisionId", &ticket)))
		return false;
	if (row && row->decided &&
	        (row->decided->choice == WEIBAO__V1__HARDWARE_CHOICE__HARDWARE_CHOICE_REPAIR ||
	                row->decided->choice == WEIBAO__V1__HARDWARE_CHOICE__HARDWARE_CHOICE_REPLACE))
		return true;
	wb_refuse(d, WB_HARDWARE_NOT_DECIDED, "decisionId");
	return false;
}

void dp_decide_open_repair(struct wb_decision *d, const void *command)
{
	const Weibao__V1__OpenRepair *c = command;
	struct visit_ref v;
	if (!visit_for(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_text_require(d, c->faulty_part, DISPATCH_TEXT_BYTES, "faultyPart") ||
	        !dp_text_optional(d, c->vendor, DISPATCH_TEXT_BYTES, "vendor") ||
	        !dp_text_optional(d, c->old_part_serial, DISPATCH_TEXT_BYTES, "oldPartSerial") ||
	        !decided_require(d, c) || !dp_room_require(d, v.ticket_id, ONSITE_REPAIR))
		return;
	NEW(d, Weibao__V1__RepairOpened, weibao__v1__repair_opened__init, e);
	ONSITE_OF(e, &v);
	e->repair_id = wb_field_of_id(d->arena, wb_new_id(d, "repair"));
	e->faulty_part = c->faulty_part;
	e->in_warranty = c->in_warranty;
	e->has_decision_id = c->has_decision_id;
	e->decision_id = c->decision_id;
	e->vendor = c->vendor;
	e->old_part_serial = c->old_part_serial;
	e->has_device_id = v.visit->has_device_id;
	e->device_id = v.visit->device_id;
	e->fault = dp_personal_require(
	        d, c->fault, DISPATCH_LONG_TEXT_BYTES, "fault", dp_ticket_subject(v.ticket), v.ticket_id);
	if (!e->fault)
		return;
	e->repair_number = wb_counter_next(d, "repair", last_repair(d));
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

/* A repair that is not closed, of an own visit. */
static Weibao__V1__RepairRow *open_repair(
        struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData repair, struct wb_id *ret_ticket)
{
	Weibao__V1__RepairRow *row = (Weibao__V1__RepairRow *)thing(
	        d, ticket, repair, ONSITE_REPAIR, &weibao__v1__repair_row__descriptor, "repairId", ret_ticket);
	if (!row || !mine(d, *ret_ticket, row->opened->visit_id, "repairId"))
		return NULL;
	if (!row->closed)
		return row;
	wb_refuse(d, WB_REPAIR_CLOSED_ALREADY, "repairId");
	return NULL;
}

void dp_decide_request_repair_part(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RequestRepairPart *c = command;
	struct wb_id ticket;
	if (!open_repair(d, c->ticket_id, c->repair_id, &ticket) ||
	        !dp_text_require(d, c->vendor, DISPATCH_TEXT_BYTES, "vendor") ||
	        !dp_text_optional(d, c->vendor_case, DISPATCH_TEXT_BYTES, "vendorCase"))
		return;
	NEW(d, Weibao__V1__RepairPartRequested, weibao__v1__repair_part_requested__init, e);
	e->ticket_id = c->ticket_id;
	e->repair_id = c->repair_id;
	e->vendor = c->vendor;
	e->vendor_case = c->vendor_case;
	wb_emit(d, "visits", ticket, &e->base);
}

/* The cost stays within what the representative set. */
static bool cost_fits(
        struct wb_decision *d, struct wb_id ticket, const Weibao__V1__RepairRow *row, bool has_cost, uint32_t fen)
{
	if (!has_cost || !row->opened->has_decision_id)
		return true;
	const Weibao__V1__HardwareDecisionRow *made = (const Weibao__V1__HardwareDecisionRow *)dp_onsite_get(d->db,
	        d->tenant, ticket, ONSITE_DECISION, wb_id_of_field(row->opened->decision_id),
	        &weibao__v1__hardware_decision_row__descriptor, d->arena);
	if (!made || !made->decided || !made->decided->has_ceiling_fen || fen <= made->decided->ceiling_fen)
		return true;
	wb_refuse(d, WB_COST_ABOVE_CEILING, "costFen");
	return false;
}

void dp_decide_receive_repair_part(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReceiveRepairPart *c = command;
	struct wb_id ticket;
	const Weibao__V1__RepairRow *row = open_repair(d, c->ticket_id, c->repair_id, &ticket);
	if (!row || !dp_text_optional(d, c->new_part_serial, DISPATCH_TEXT_BYTES, "newPartSerial") ||
	        !cost_fits(d, ticket, row, c->has_cost_fen, c->cost_fen))
		return;
	NEW(d, Weibao__V1__RepairPartReceived, weibao__v1__repair_part_received__init, e);
	e->ticket_id = c->ticket_id;
	e->repair_id = c->repair_id;
	e->new_part_serial = c->new_part_serial;
	e->has_cost_fen = c->has_cost_fen;
	e->cost_fen = c->cost_fen;
	wb_emit(d, "visits", ticket, &e->base);
}

/* ---- signatures over what is written here at once ---- */

/* Commits to «what happens to what», shown and signed in one step. */
static Weibao__V1__Signature *sign_now(struct wb_decision *d, const struct visit_ref *v, const char *title,
        const char *what, const Weibao__V1__SignatureInput *in, const Weibao__V1__Personal *nonce)
{
	struct shown *s = dp_shown_begin(d, title);
	ProtobufCBinaryData commitment;
	Weibao__V1__Personal *kept;
	if (!s)
		return NULL;
	dp_shown_line(s, "form", v->visit->form_number);
	dp_shown_id(s, "device", v->visit->device_id);
	dp_shown_line(s, "what", what);
	if (!dp_shown_commit(d, s, nonce, dp_ticket_subject(v->ticket), v->ticket_id, &commitment, &kept))
		return NULL;
	return dp_signature(d, v, in, commitment, kept);
}

/* The user's signature under a finished repair, where there is one. */
static bool close_signed(struct wb_decision *d, const Weibao__V1__CloseRepair *c, const Weibao__V1__RepairRow *row,
        Weibao__V1__Signature **ret)
{
	struct visit_ref v;
	*ret = NULL;
	if (!c->signature)
		return true;
	if (!visit_for(d, c->ticket_id, row->opened->visit_id, row->opened->round, &v))
		return false;
	*ret = sign_now(d, &v, "repair done 1", c->outcome, c->signature, c->nonce);
	return *ret != NULL;
}

void dp_decide_close_repair(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CloseRepair *c = command;
	Weibao__V1__Signature *signature;
	struct wb_id ticket;
	const Weibao__V1__RepairRow *row = open_repair(d, c->ticket_id, c->repair_id, &ticket);
	if (!row || !dp_text_require(d, c->outcome, DISPATCH_TEXT_BYTES, "outcome") ||
	        !dp_text_optional(d, c->new_part_serial, DISPATCH_TEXT_BYTES, "newPartSerial") ||
	        !cost_fits(d, ticket, row, c->has_cost_fen, c->cost_fen) || !close_signed(d, c, row, &signature))
		return;
	NEW(d, Weibao__V1__RepairClosed, weibao__v1__repair_closed__init, e);
	e->ticket_id = c->ticket_id;
	e->repair_id = c->repair_id;
	e->outcome = c->outcome;
	e->new_part_serial = c->new_part_serial;
	e->has_cost_fen = c->has_cost_fen;
	e->cost_fen = c->cost_fen;
	e->tested_by_id = wb_field_of_id(d->arena, dp_actor_id(d->who));
	e->signature = signature;
	wb_emit(d, "visits", ticket, &e->base);
}

/* ---- custody ---- */

void dp_decide_take_custody(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TakeCustody *c = command;
	struct visit_ref v;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, false, &v) ||
	        !dp_text_require(d, c->what, DISPATCH_TEXT_BYTES, "what") ||
	        !dp_text_optional(d, c->holder, DISPATCH_TEXT_BYTES, "holder") ||
	        !dp_room_require(d, v.ticket_id, ONSITE_CUSTODY))
		return;
	if (v.visit->secret_device || v.ticket->secret_device) {
		wb_refuse(d, WB_SECRET_NEVER_LEAVES, "visitId");
		return;
	}
	NEW(d, Weibao__V1__CustodyTaken, weibao__v1__custody_taken__init, e);
	ONSITE_OF(e, &v);
	e->custody_id = wb_field_of_id(d->arena, wb_new_id(d, "custody"));
	e->what = c->what;
	e->disk_included = c->disk_included;
	e->holder = c->holder && c->holder[0] ? c->holder : (char *)(uintptr_t) "engineer";
	e->has_device_id = v.visit->has_device_id;
	e->device_id = v.visit->device_id;
	e->signature = sign_now(d, &v, c->disk_included ? "taken with its disk 1" : "taken without its disk 1", c->what,
	        c->signature, c->nonce);
	if (!e->signature)
		return;
	wb_condition(d, "ticket", v.ticket_id); /* the device is still not a secret one */
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

static Weibao__V1__CustodyRow *custody_out(
        struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData custody, struct wb_id *ret_ticket)
{
	Weibao__V1__CustodyRow *row = (Weibao__V1__CustodyRow *)thing(
	        d, ticket, custody, ONSITE_CUSTODY, &weibao__v1__custody_row__descriptor, "custodyId", ret_ticket);
	if (!row || !mine(d, *ret_ticket, row->taken->visit_id, "custodyId"))
		return NULL;
	if (!row->returned)
		return row;
	wb_refuse(d, WB_CUSTODY_RETURNED_ALREADY, "custodyId");
	return NULL;
}

void dp_decide_move_custody(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MoveCustody *c = command;
	struct wb_id ticket;
	if (!custody_out(d, c->ticket_id, c->custody_id, &ticket) ||
	        !dp_text_require(d, c->holder, DISPATCH_TEXT_BYTES, "holder"))
		return;
	NEW(d, Weibao__V1__CustodyMoved, weibao__v1__custody_moved__init, e);
	e->ticket_id = c->ticket_id;
	e->custody_id = c->custody_id;
	e->holder = c->holder;
	wb_emit(d, "visits", ticket, &e->base);
}

/* Whether every repair that the visit opened is closed: else what comes back is not repaired. */
static bool repairs_done(struct wb_decision *d, const struct visit_ref *v)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(
	        d->db, d->tenant, v->ticket_id, ONSITE_REPAIR, &weibao__v1__repair_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++) {
		const Weibao__V1__RepairRow *row = (const Weibao__V1__RepairRow *)all[i];
		if (!row->closed && wb_id_equal(wb_id_of_field(row->opened->visit_id), v->visit_id))
			return false;
	}
	return true;
}

static void return_custody(struct wb_decision *d, const Weibao__V1__ReturnCustody *c)
{
	struct visit_ref v;
	struct wb_id ticket;
	int64_t at;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at))
		return;
	const Weibao__V1__CustodyRow *row = custody_out(d, c->ticket_id, c->custody_id, &ticket);
	if (!row)
		return;
	if (!wb_id_equal(wb_id_of_field(row->taken->visit_id), v.visit_id) || at < row->taken_at) {
		wb_refuse(d, at < row->taken_at ? WB_TIME_OUT_OF_RANGE : WB_NOT_FOUND,
		        at < row->taken_at ? "occurredAt" : "custodyId");
		return;
	}
	NEW(d, Weibao__V1__CustodyReturned, weibao__v1__custody_returned__init, e);
	ONSITE_OF(e, &v);
	e->custody_id = c->custody_id;
	e->returned_at = at;
	e->signature = sign_now(d, &v, "returned 1", row->taken->what, c->signature, c->nonce);
	if (!e->signature)
		return;
	dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
	/* the visit that left with it ends with the return of the last thing */
	if (v.visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_LEFT && v.visit->custody_out == 1)
		dp_visit_end(d, &v, !(c->has_not_repaired && c->not_repaired) && repairs_done(d, &v),
		        c->has_occurred_at, at);
}

void dp_decide_return_custody(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReturnCustody *c = command;
	return_custody(d, c);
	dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);
}

/* ---- loan devices ---- */

void dp_decide_leave_loan(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LeaveLoan *c = command;
	struct visit_ref v;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, true, &v) ||
	        !dp_text_require(d, c->what, DISPATCH_TEXT_BYTES, "what") ||
	        !dp_room_require(d, v.ticket_id, ONSITE_LOAN))
		return;
	NEW(d, Weibao__V1__LoanLeft, weibao__v1__loan_left__init, e);
	e->ticket_id = c->ticket_id;
	e->visit_id = c->visit_id;
	e->loan_id = wb_field_of_id(d->arena, wb_new_id(d, "loan"));
	e->what = c->what;
	e->signature = sign_now(d, &v, "loan device 1", c->what, c->signature, c->nonce);
	if (e->signature)
		wb_emit(d, "visits", v.ticket_id, &e->base);
}

void dp_decide_return_loan(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReturnLoan *c = command;
	struct wb_id ticket;
	const Weibao__V1__LoanRow *row = (const Weibao__V1__LoanRow *)thing(
	        d, c->ticket_id, c->loan_id, ONSITE_LOAN, &weibao__v1__loan_row__descriptor, "loanId", &ticket);
	if (!row || !mine(d, ticket, row->left->visit_id, "loanId"))
		return;
	if (row->has_returned_at) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__LoanReturned, weibao__v1__loan_returned__init, e);
	e->ticket_id = c->ticket_id;
	e->loan_id = c->loan_id;
	wb_emit(d, "visits", ticket, &e->base);
}
