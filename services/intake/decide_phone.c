/* Decisions in the phone stage: who handles a ticket, calls, the solution by phone, the need for a visit; notes. */
#include "services/intake/decide.h"

#define STATUS(s) WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_##s

static bool in_phone_stage(const Ticket *t)
{
	return t->status == STATUS(REPORTED) || t->status == STATUS(IN_PHONE);
}

static bool phone_stage(struct wb_decision *d, const Ticket *t)
{
	if (in_phone_stage(t))
		return true;
	wb_refuse(d, WB_NOT_IN_PHONE_STAGE, NULL);
	return false;
}

TURNS_ON(take_handler, Weibao__V1__TakeHandler, "ticket", ticket_id)

/* Another engineer than oneself: must be one, and still here. */
static bool engineer_known(struct wb_decision *d, struct wb_id id)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_id(&k, id);
	const Weibao__V1__EngineerKnownRow *row = (const Weibao__V1__EngineerKnownRow *)wb_get_row(
	        d->db, &intake_engineers_table, &k, &weibao__v1__engineer_known_row__descriptor, d->arena);
	if (!row || row->left) {
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
		return false;
	}
	wb_condition_in(d, "provider", "engineer", id);
	return true;
}

/* A lead moves it as needed; an engineer takes one that nobody has, and hands over the own. */
static bool may_take(struct wb_decision *d, const Ticket *t)
{
	if (is_staff(d) || !t->has_handler_id || wb_id_equal(wb_id_of_field(t->handler_id), who_person(d)))
		return true;
	wb_refuse(d, WB_NOT_THE_HANDLER, NULL);
	return false;
}

void intake_take_handler(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TakeHandler *c = command;
	struct wb_id id = wb_id_of_field(c->ticket_id), self = who_person(d),
	             engineer = c->has_engineer_id ? wb_id_of_field(c->engineer_id) : self;
	/* an engineer finds it in the tenant's list before it is the own one */
	const Ticket *t = ticket_get(d->db, d->tenant, id, d->arena);
	if (!t) {
		wb_refuse(d, WB_NOT_FOUND, "ticketId");
		return;
	}
	if (t->round != c->round) {
		wb_refuse(d, c->round > t->round ? WB_FIELD_INVALID : WB_ROUND_PAST, "round");
		return;
	}
	if (!ticket_open(t)) {
		wb_refuse(d, WB_TICKET_NOT_OPEN, NULL);
		return;
	}
	if (!phone_stage(d, t) || !may_take(d, t))
		return;
	if (t->has_handler_id && wb_id_equal(wb_id_of_field(t->handler_id), engineer)) {
		wb_already(d);
		return;
	}
	if (!wb_id_equal(engineer, self) && !engineer_known(d, engineer))
		return;
	NEW(d, Weibao__V1__HandlerTaken, weibao__v1__handler_taken__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->engineer_id = wb_field_of_id(d->arena, engineer);
	e->has_handed_over_by_id = !wb_id_equal(engineer, self);
	if (e->has_handed_over_by_id)
		e->handed_over_by_id = wb_field_of_id(d->arena, self);
	wb_emit(d, "ticket", id, &e->base);
}

TURNS_ON(record_call, Weibao__V1__RecordCall, "ticket", ticket_id)

void intake_record_call(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordCall *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	int64_t at = c->has_called_at ? c->called_at : d->now_us;
	if (!t)
		return;
	if (t->status == STATUS(COMPLETED)) {
		wb_refuse(d, WB_NOT_IN_PHONE_STAGE, NULL);
		return;
	}
	if (!personal_fits(d, c->note, INTAKE_TEXT_CHARS, "note"))
		return;
	if (at > d->now_us || at < d->now_us - INTAKE_BACKDATE_US || at < t->round_started_at) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "calledAt");
		return;
	}
	NEW(d, Weibao__V1__UserCalled, weibao__v1__user_called__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->engineer_id = wb_field_of_id(d->arena, who_person(d));
	e->reached = c->reached;
	e->note = ticket_text(d, t, c->note);
	e->called_at = at;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

TURNS_ON(solve_by_phone, Weibao__V1__SolveByPhone, "ticket", ticket_id)

void intake_solve_by_phone(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SolveByPhone *c = command;
	struct wb_id id = wb_id_of_field(c->ticket_id);
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (t->n_open_visit_ids) {
		wb_refuse(d, WB_VISIT_OPEN, NULL);
		return;
	}
	/* it may still be solved by phone before a visit is agreed */
	if (t->status != STATUS(NEEDS_VISIT) && !phone_stage(d, t))
		return;
	if (!need_personal(d, c->steps, INTAKE_TEXT_CHARS, "steps"))
		return;
	if (c->category && !category_usable(d->db, d->tenant, c->category, d->arena)) {
		wb_refuse(d, WB_CATEGORY_UNKNOWN, "category");
		return;
	}
	NEW(d, Weibao__V1__PhoneSolved, weibao__v1__phone_solved__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->engineer_id = wb_field_of_id(d->arena, who_person(d));
	e->steps = ticket_text(d, t, c->steps);
	e->category = c->category;
	e->completed_at = d->now_us;
	wb_emit(d, "ticket", id, &e->base);
	wb_condition(d, "visits", id);
}

TURNS_ON(confirm_phone_solution, Weibao__V1__ConfirmPhoneSolution, "ticket", ticket_id)

void intake_confirm_phone_solution(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ConfirmPhoneSolution *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, "confirm");
	if (!t)
		return;
	if (t->status != STATUS(COMPLETED) || !t->has_solved_by_phone || !t->solved_by_phone) {
		wb_refuse(d, WB_NOT_SOLVED_BY_PHONE, NULL);
		return;
	}
	if (t->has_solution_confirmed && t->solution_confirmed) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__PhoneSolutionConfirmed, weibao__v1__phone_solution_confirmed__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->by_link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK);
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

TURNS_ON(need_visit, Weibao__V1__NeedVisit, "ticket", ticket_id)

void intake_need_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__NeedVisit *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (t->status == STATUS(NEEDS_VISIT) || t->status == STATUS(VISITING)) {
		wb_already(d);
		return;
	}
	if (!phone_stage(d, t) || !personal_fits(d, c->reason, INTAKE_TEXT_CHARS, "reason"))
		return;
	NEW(d, Weibao__V1__VisitNeeded, weibao__v1__visit_needed__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->engineer_id = wb_field_of_id(d->arena, who_person(d));
	e->reason = ticket_text(d, t, c->reason);
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

TURNS_ON(add_note, Weibao__V1__AddNote, "ticket", ticket_id)

void intake_add_note(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AddNote *c = command;
	const Ticket *t = ticket_in_round(d, c->ticket_id, c->round, NULL);
	if (!t || !need_personal(d, c->text, INTAKE_TEXT_CHARS, "text"))
		return;
	NEW(d, Weibao__V1__TicketNoteAdded, weibao__v1__ticket_note_added__init, e);
	e->ticket_id = c->ticket_id;
	e->note_id = wb_field_of_id(d->arena, wb_new_id(d, "note"));
	e->text = ticket_text(d, t, c->text);
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}
