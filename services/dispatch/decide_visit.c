/* A visit from the engineer's acceptance to the end. */
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_commands.pb-c.h"

#include <string.h>

#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name
#define RESULT(name) WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_##name
#define WORK_MAX 50u
#define CONTENTS_MAX 6u
#define AMOUNT_MAX_FEN 100000000u

#define VISIT_TURNS(name, type)                                                                                        \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "visits", wb_id_of_field(c->ticket_id));                                              \
	}
VISIT_TURNS(accept_assignment, Weibao__V1__AcceptAssignment)
VISIT_TURNS(decline_assignment, Weibao__V1__DeclineAssignment)
VISIT_TURNS(depart, Weibao__V1__Depart)
VISIT_TURNS(arrive, Weibao__V1__Arrive)
VISIT_TURNS(diagnose_visit, Weibao__V1__DiagnoseVisit)
VISIT_TURNS(record_work, Weibao__V1__RecordWork)
VISIT_TURNS(fill_form, Weibao__V1__FillForm)
VISIT_TURNS(leave_visit, Weibao__V1__LeaveVisit)

/* The ids that every event of a visit begins with. */
#define OF_VISIT(e, v)                                                                                                 \
	do {                                                                                                           \
		(e)->ticket_id = (v)->visit->ticket_id;                                                                \
		(e)->round = (v)->visit->round;                                                                        \
		(e)->visit_id = (v)->visit->visit_id;                                                                  \
	} while (0)

/* ---- the engineer's word ---- */

static void emit_accepted(struct wb_decision *d, const struct visit_ref *v, bool has_occurred, int64_t at)
{
	NEW(d, Weibao__V1__AssignmentAccepted, weibao__v1__assignment_accepted__init, e);
	OF_VISIT(e, v);
	e->engineer_id = d->who->person_id;
	dp_visit_emit(d, v->ticket_id, &e->base, has_occurred, at);
}

void dp_decide_accept_assignment(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AcceptAssignment *c = command;
	struct visit_ref v;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v))
		return;
	if (!dp_visit_is_open(v.visit)) {
		wb_refuse(d, WB_VISIT_OVER, "visitId");
		return;
	}
	if (dp_visit_engineer(v.visit, wb_id_of_field(d->who->person_id))->has_accepted_at) {
		wb_already(d);
		return;
	}
	emit_accepted(d, &v, false, 0);
}

void dp_decide_decline_assignment(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DeclineAssignment *c = command;
	struct visit_ref v;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason"))
		return;
	if (!dp_visit_is_open(v.visit)) {
		wb_refuse(d, WB_VISIT_OVER, "visitId");
		return;
	}
	if (dp_visit_under_way(v.visit)) {
		wb_refuse(d, WB_VISIT_UNDER_WAY, "visitId");
		return;
	}
	NEW(d, Weibao__V1__AssignmentDeclined, weibao__v1__assignment_declined__init, e);
	OF_VISIT(e, &v);
	e->engineer_id = d->who->person_id;
	e->reason = c->reason;
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

/* ---- on the way ---- */

/* Open, with the engineer's acceptance: who sets out has accepted, whether said so or not. */
static bool set_out(struct wb_decision *d, const struct visit_ref *v, bool has_occurred, int64_t at)
{
	if (!dp_visit_is_open(v->visit)) {
		wb_refuse(d, WB_VISIT_OVER, "visitId");
		return false;
	}
	if (!dp_visit_engineer(v->visit, wb_id_of_field(d->who->person_id))->has_accepted_at)
		emit_accepted(d, v, has_occurred, at);
	return true;
}

void dp_decide_depart(struct wb_decision *d, const void *command)
{
	const Weibao__V1__Depart *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at))
		return;
	const VisitEngineer *me = dp_visit_engineer(v.visit, wb_id_of_field(d->who->person_id));
	if (me->has_departed_at || me->has_arrived_at) {
		wb_already(d);
		return;
	}
	if (!set_out(d, &v, c->has_occurred_at, at))
		return;
	NEW(d, Weibao__V1__EngineerDeparted, weibao__v1__engineer_departed__init, e);
	OF_VISIT(e, &v);
	e->engineer_id = d->who->person_id;
	e->departed_at = at;
	dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

void dp_decide_arrive(struct wb_decision *d, const void *command)
{
	const Weibao__V1__Arrive *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at))
		return;
	const VisitEngineer *me = dp_visit_engineer(v.visit, wb_id_of_field(d->who->person_id));
	if (me->has_arrived_at) {
		wb_already(d);
		return;
	}
	if ((me->has_departed_at && at < me->departed_at) || at < v.visit->scheduled_at) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "occurredAt");
		return;
	}
	if (!set_out(d, &v, c->has_occurred_at, at))
		return;
	NEW(d, Weibao__V1__EngineerArrived, weibao__v1__engineer_arrived__init, e);
	OF_VISIT(e, &v);
	e->engineer_id = d->who->person_id;
	e->arrived_at = at;
	dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

/* ---- on site ---- */

/* At least one service content, each once. */
static bool contents_sound(struct wb_decision *d, const Weibao__V1__ServiceContent *list, size_t n)
{
	uint32_t seen = 0;
	bool sound = n > 0 && n <= CONTENTS_MAX;
	for (size_t i = 0; sound && i < n; i++) {
		uint32_t bit = 1u << list[i];
		sound = list[i] >= WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_HARDWARE_FAULT &&
		        list[i] <= WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_OTHER && !(seen & bit);
		seen |= bit;
	}
	if (!sound)
		wb_refuse(d, n ? WB_FIELD_INVALID : WB_FIELD_REQUIRED, "contents");
	return sound;
}

/* Not before the arrival. */
static bool after_arrival(struct wb_decision *d, const Visit *v, int64_t at)
{
	if (!v->has_arrived_at || at >= v->arrived_at)
		return true;
	wb_refuse(d, WB_TIME_OUT_OF_RANGE, "occurredAt");
	return false;
}

static bool category_sound(struct wb_decision *d, const char *code)
{
	size_t n = code ? strlen(code) : 0;
	bool sound = !code || (n > 0 && n <= 64);
	for (size_t i = 0; sound && i < n; i++)
		sound = (code[i] >= 'A' && code[i] <= 'Z') || (code[i] >= '0' && code[i] <= '9') || code[i] == '_';
	if (!sound)
		wb_refuse(d, WB_FIELD_INVALID, "category");
	return sound;
}

void dp_decide_diagnose_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DiagnoseVisit *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, true, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at) || !after_arrival(d, v.visit, at) ||
	        !contents_sound(d, c->contents, c->n_contents) || !category_sound(d, c->category))
		return;
	NEW(d, Weibao__V1__VisitDiagnosed, weibao__v1__visit_diagnosed__init, e);
	OF_VISIT(e, &v);
	e->contents = c->contents;
	e->n_contents = c->n_contents;
	e->category = c->category;
	e->finding = dp_personal_require(
	        d, c->finding, DISPATCH_LONG_TEXT_BYTES, "finding", dp_ticket_subject(v.ticket), v.ticket_id);
	if (e->finding)
		dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

void dp_decide_record_work(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordWork *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, true, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at) || !after_arrival(d, v.visit, at))
		return;
	if (v.visit->n_work >= WORK_MAX) {
		wb_refuse(d, WB_COMMAND_TOO_LARGE, "steps");
		return;
	}
	NEW(d, Weibao__V1__WorkRecorded, weibao__v1__work_recorded__init, e);
	OF_VISIT(e, &v);
	e->worked_at = at;
	e->steps = dp_personal_require(
	        d, c->steps, DISPATCH_LONG_TEXT_BYTES, "steps", dp_ticket_subject(v.ticket), v.ticket_id);
	if (e->steps)
		dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

/* ---- the form and the end ---- */

static bool form_sound(struct wb_decision *d, const Weibao__V1__FillForm *c)
{
	if (!contents_sound(d, c->contents, c->n_contents))
		return false;
	if (c->result != RESULT(FIXED) && c->result != RESULT(TAKEN_BACK) && c->result != RESULT(SECOND_VISIT)) {
		wb_refuse(d, WB_FIELD_INVALID, "result");
		return false;
	}
	bool second = c->result == RESULT(SECOND_VISIT);
	if (second && !c->has_second_visit_at) {
		wb_refuse(d, WB_FIELD_REQUIRED, "secondVisitAt");
		return false;
	}
	if (c->has_second_visit_at && (!second || c->second_visit_at <= d->now_us - DISPATCH_LATE_EVIDENCE_US ||
	                                      c->second_visit_at > d->now_us + DISPATCH_AHEAD_US)) {
		wb_refuse(d, second ? WB_TIME_OUT_OF_RANGE : WB_FIELD_INVALID, "secondVisitAt");
		return false;
	}
	if (c->chargeable ? c->has_amount_fen && c->amount_fen > AMOUNT_MAX_FEN : c->has_amount_fen) {
		wb_refuse(d, WB_FIELD_INVALID, "amountFen");
		return false;
	}
	return true;
}

void dp_decide_fill_form(struct wb_decision *d, const void *command)
{
	const Weibao__V1__FillForm *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, false, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at) || !after_arrival(d, v.visit, at) ||
	        !form_sound(d, c))
		return;
	NEW(d, Weibao__V1__FormFilled, weibao__v1__form_filled__init, e);
	OF_VISIT(e, &v);
	e->revision = v.visit->form_revision + 1;
	e->contents = c->contents;
	e->n_contents = c->n_contents;
	e->in_warranty = c->in_warranty;
	e->chargeable = c->chargeable;
	e->has_amount_fen = c->has_amount_fen;
	e->amount_fen = c->amount_fen;
	e->result = c->result;
	e->has_second_visit_at = c->has_second_visit_at;
	e->second_visit_at = c->second_visit_at;
	e->has_completed_at = c->result == RESULT(FIXED);
	e->completed_at = at;
	e->solution = dp_personal_require(
	        d, c->solution, DISPATCH_LONG_TEXT_BYTES, "solution", dp_ticket_subject(v.ticket), v.ticket_id);
	if (e->solution)
		dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

/* All who were on visits of the round: none of them makes its follow-up call. */
static ProtobufCBinaryData *round_engineers(struct wb_decision *d, const struct visit_ref *v, size_t *ret_n)
{
	ProtobufCBinaryData *ids = NULL;
	struct visit_walk w;
	const Visit *one;
	size_t n = 0;
	dp_visit_walk(&w, d->db, d->tenant, v->ticket_id, d->arena);
	while ((one = dp_visit_walk_next(&w)) != NULL) {
		if (one->round != v->visit->round || one->state == STATE(CANCELLED))
			continue;
		ProtobufCBinaryData *more = WB_ARENA_ARRAY(d->arena, ProtobufCBinaryData, n + one->n_engineers + 1);
		if (!more)
			break;
		if (n)
			memcpy(more, ids, n * sizeof *more);
		ids = more;
		for (size_t i = 0; i < one->n_engineers; i++)
			if (!dp_ids_have(ids, n, wb_id_of_field(one->engineers[i]->engineer_id)))
				ids[n++] = one->engineers[i]->engineer_id;
	}
	wb_scan_done(&w.scan);
	*ret_n = n;
	return ids;
}

/* Whether another visit of the ticket is open: it will say when the service is completed. */
static bool other_open(struct wb_decision *d, const struct visit_ref *v)
{
	struct visit_walk w;
	const Visit *one;
	bool open = false;
	dp_visit_walk(&w, d->db, d->tenant, v->ticket_id, d->arena);
	while (!open && (one = dp_visit_walk_next(&w)) != NULL)
		open = dp_visit_is_open(one) && !wb_id_equal(wb_id_of_field(one->visit_id), v->visit_id);
	wb_scan_done(&w.scan);
	return open;
}

void dp_visit_end(struct wb_decision *d, const struct visit_ref *v, bool completes, bool has_occurred, int64_t at)
{
	NEW(d, Weibao__V1__VisitEnded, weibao__v1__visit_ended__init, e);
	OF_VISIT(e, v);
	dp_visit_emit(d, v->ticket_id, &e->base, has_occurred, at);
	if (!completes || dp_ticket_over(v->ticket) || v->visit->round != v->ticket->round || other_open(d, v))
		return;
	wb_condition(d, "ticket", v->ticket_id); /* neither over nor in another round meanwhile */
	NEW(d, Weibao__V1__ServiceCompleted, weibao__v1__service_completed__init, s);
	OF_VISIT(s, v);
	s->completed_at = at;
	s->engineer_ids = round_engineers(d, v, &s->n_engineer_ids);
	dp_visit_emit(d, v->ticket_id, &s->base, has_occurred, at);
}

static bool may_leave(struct wb_decision *d, const Visit *v)
{
	if (v->form_revision == 0) {
		wb_refuse(d, WB_FORM_MISSING, "visitId");
		return false;
	}
	if (!dp_visit_signed(v)) {
		wb_refuse(d, WB_FORM_NOT_SIGNED, "visitId");
		return false;
	}
	bool back = v->form->result == RESULT(TAKEN_BACK);
	if (back == (v->custody_out > 0))
		return true;
	wb_refuse(d, back ? WB_CUSTODY_MISSING : WB_CUSTODY_OPEN, "visitId");
	return false;
}

void dp_decide_leave_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LeaveVisit *c = command;
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, false, &v) ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at) || !after_arrival(d, v.visit, at) ||
	        !may_leave(d, v.visit))
		return;
	const Weibao__V1__FormFilled *form = v.visit->form;
	NEW(d, Weibao__V1__VisitLeft, weibao__v1__visit_left__init, e);
	OF_VISIT(e, &v);
	e->result = form->result;
	e->left_at = at;
	e->has_second_visit_at = form->has_second_visit_at;
	e->second_visit_at = form->second_visit_at;
	dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
	if (form->result != RESULT(TAKEN_BACK))
		dp_visit_end(d, &v, form->result == RESULT(FIXED), c->has_occurred_at, at);
}
