/* Decisions on a ticket as a whole: corrections, cancelling, linking, closing, further rounds. */
#include "services/intake/decide.h"

#include <string.h>

#define STATUS(s) WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_##s

/* No visit may be open, and none may be booked meanwhile: that stream is dispatch's. */
static bool no_open_visit(struct wb_decision *d, const Ticket *t)
{
	if (t->n_open_visit_ids) {
		wb_refuse(d, WB_VISIT_OPEN, NULL);
		return false;
	}
	wb_condition(d, "visits", wb_id_of_field(t->ticket_id));
	return true;
}

/* Work on the round is still to be done. */
static bool not_completed(struct wb_decision *d, const Ticket *t)
{
	if (t->status != STATUS(COMPLETED))
		return true;
	wb_refuse(d, WB_STATE_CHANGED, NULL);
	return false;
}

TURNS_ON(correct_category, Weibao__V1__CorrectCategory, "ticket", ticket_id)

void intake_correct_category(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CorrectCategory *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (!category_usable(d->db, d->tenant, c->category, d->arena)) {
		wb_refuse(d, WB_CATEGORY_UNKNOWN, "category");
		return;
	}
	if (strcmp(t->category, c->category) == 0) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TicketCategoryCorrected, weibao__v1__ticket_category_corrected__init, e);
	e->ticket_id = c->ticket_id;
	e->category = c->category;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

TURNS_ON(change_urgency, Weibao__V1__ChangeUrgency, "ticket", ticket_id)

void intake_change_urgency(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeUrgency *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t || !not_completed(d, t) || !text_fits(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		return;
	if (t->urgency == c->urgency) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TicketUrgencyChanged, weibao__v1__ticket_urgency_changed__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->urgency = c->urgency;
	e->reason = c->reason;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

void intake_correct_device_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__CorrectDevice *c = command;
	(void)tenant;
	wb_turn_write(t, "ticket", wb_id_of_field(c->ticket_id));
	wb_turn_read(t, "device", wb_id_of_field(c->device_id));
}

void intake_correct_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CorrectDevice *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t || !not_completed(d, t))
		return;
	const Device *device = need_device(d, c->device_id, "deviceId");
	if (!device)
		return;
	if (t->has_device_id && wb_id_equal(wb_id_of_field(t->device_id), wb_id_of_field(device->device_id))) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TicketDeviceCorrected, weibao__v1__ticket_device_corrected__init, e);
	e->ticket_id = c->ticket_id;
	e->device_id = device->device_id;
	e->model = device->details->model;
	e->serial = device->details->serial;
	e->has_secret_device = true;
	e->secret_device = device->details->has_protection &&
	                   device->details->protection == WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

TURNS_ON(cancel_ticket, Weibao__V1__CancelTicket, "ticket", ticket_id)

void intake_cancel_ticket(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CancelTicket *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t || !not_completed(d, t) || !need_personal(d, c->reason, INTAKE_TEXT_CHARS, "reason") ||
	        !no_open_visit(d, t))
		return;
	NEW(d, Weibao__V1__TicketCancelled, weibao__v1__ticket_cancelled__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->reason = ticket_text(d, t, c->reason);
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

void intake_link_ticket_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__LinkTicket *c = command;
	(void)tenant;
	wb_turn_write(t, "ticket", wb_id_of_field(c->ticket_id));
	/* exclusive as well: two tickets linked to each other would both end */
	wb_turn_write(t, "ticket", wb_id_of_field(c->to_ticket_id));
}

void intake_link_ticket(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LinkTicket *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL), *to;
	if (!t || !not_completed(d, t))
		return;
	if (wb_id_equal(wb_id_of_field(c->ticket_id), wb_id_of_field(c->to_ticket_id))) {
		wb_refuse(d, WB_MERGE_WITH_ITSELF, "toTicketId");
		return;
	}
	to = ticket_get(d->db, d->tenant, wb_id_of_field(c->to_ticket_id), d->arena);
	if (!to || !ticket_open(to)) {
		wb_refuse(d, to ? WB_TICKET_NOT_OPEN : WB_NOT_FOUND, "toTicketId");
		return;
	}
	if (!no_open_visit(d, t))
		return;
	NEW(d, Weibao__V1__TicketLinked, weibao__v1__ticket_linked__init, e);
	e->ticket_id = c->ticket_id;
	e->to_ticket_id = c->to_ticket_id;
	e->to_number = to->number;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

/* ---- closing, further rounds ---- */

TURNS_ON(close_ticket, Weibao__V1__CloseTicket, "ticket", ticket_id)

static bool may_close(struct wb_decision *d, const Ticket *t, Weibao__V1__CloseReason reason)
{
	switch (reason) {
	case WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP:
	case WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_NOT_REACHED:
		if (!wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_SYSTEM))
			wb_refuse(d, WB_FORBIDDEN, "reason"); /* the follow-up call decides it, nobody's wish */
		else if (t->status != STATUS(COMPLETED))
			wb_refuse(d, WB_TICKET_NOT_COMPLETED, NULL);
		break;
	case WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED:
		if (!t->has_declined_round || t->declined_round != t->round)
			wb_refuse(d, WB_FURTHER_VISIT_NOT_DECLINED, "reason");
		else
			wb_condition(d, "survey", wb_id_of_field(t->ticket_id));
		break;
	case WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_UNSPECIFIED:
	case _WEIBAO__V1__CLOSE_REASON_IS_INT_SIZE:
		wb_refuse(d, WB_FIELD_INVALID, "reason");
		break;
	}
	return !wb_refused(d);
}

void intake_close_ticket(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CloseTicket *c = command;
	const Ticket *t = ticket_in_round(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (t->status == STATUS(CLOSED)) {
		wb_already(d);
		return;
	}
	if (!ticket_open(t)) {
		wb_refuse(d, WB_TICKET_NOT_OPEN, NULL);
		return;
	}
	if (!may_close(d, t, c->reason) || !no_open_visit(d, t))
		return;
	NEW(d, Weibao__V1__TicketClosed, weibao__v1__ticket_closed__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->reason = c->reason;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}

static void emit_round(struct wb_decision *d, const Ticket *t, Weibao__V1__RoundCause cause,
        const Weibao__V1__Personal *reason, int64_t started_at)
{
	NEW(d, Weibao__V1__RoundStarted, weibao__v1__round_started__init, e);
	e->ticket_id = t->ticket_id;
	e->round = t->round + 1;
	e->cause = cause;
	e->reason = ticket_text(d, t, reason);
	e->started_at = started_at;
	wb_emit(d, "ticket", wb_id_of_field(t->ticket_id), &e->base);
}

TURNS_ON(start_round, Weibao__V1__StartRound, "ticket", ticket_id)

void intake_start_round(struct wb_decision *d, const void *command)
{
	const Weibao__V1__StartRound *c = command;
	const Ticket *t = visible_ticket(d, c->ticket_id, NULL);
	if (!t)
		return;
	if (c->cause != WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED) {
		wb_refuse(d, WB_FIELD_INVALID, "cause"); /* reopening is people's, by a command of its own */
		return;
	}
	if (c->round == t->round && t->has_round_cause && t->round_cause == c->cause) {
		wb_already(d);
		return;
	}
	if (c->round != t->round + 1) {
		wb_refuse(d, c->round > t->round ? WB_FIELD_INVALID : WB_ROUND_PAST, "round");
		return;
	}
	if (t->status != STATUS(COMPLETED)) {
		wb_refuse(d, WB_TICKET_NOT_COMPLETED, NULL);
		return;
	}
	if (c->started_at > d->now_us) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "startedAt");
		return;
	}
	emit_round(d, t, c->cause, c->reason, c->started_at);
}

TURNS_ON(reopen_ticket, Weibao__V1__ReopenTicket, "ticket", ticket_id)

void intake_reopen_ticket(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReopenTicket *c = command;
	const Ticket *t = ticket_in_round(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (t->status != STATUS(CLOSED)) {
		wb_refuse(d, WB_TICKET_NOT_CLOSED, NULL);
		return;
	}
	if (!need_personal(d, c->reason, INTAKE_TEXT_CHARS, "reason"))
		return;
	if (d->now_us > t->closed_at + (int64_t)policy_days(d->db, d->tenant, d->arena).reopen_days * WB_DAY_US) {
		wb_refuse(d, WB_REOPEN_PERIOD_OVER, NULL);
		return;
	}
	emit_round(d, t, WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED, c->reason, d->now_us);
}
