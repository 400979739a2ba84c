/* Exceptions: proposed by the provider, in force only by the client's own act. */
#include "services/sla-timer/decide_engine.h"
#include "services/sla-timer/evolve_apply.h"

#include <string.h>

#define REASON_BYTES_MAX 2000u

static bool reason_ok(struct wb_decision *d, const Weibao__V1__Personal *reason)
{
	const char *text = wb_personal_text(reason);
	if (!text || !text[0]) {
		wb_refuse(d, WB_FIELD_REQUIRED, "reason");
		return false;
	}
	if (strlen(text) > REASON_BYTES_MAX) {
		wb_refuse(d, WB_FIELD_TOO_LONG, "reason");
		return false;
	}
	return true;
}

/* Until when a verbal agreement holds the judgement: so many service days of the clock's own calendar. */
static bool pending_until(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, int64_t *ret_at)
{
	const struct wb_calendar *cal;
	const Weibao__V1__PolicyTerms *p = wb_sla_policy_of(en, row);
	if (!p || !wb_sla_calendar_of(en, row, &cal))
		return false;
	if (wb_calendar_add_service_days(
	            cal ? cal : wb_calendar_always(), en->d->now_us, p->exception_pending_days, ret_at) == WB_OK)
		return true;
	wb_refuse(en->d, WB_DEADLINE_OUT_OF_RANGE, NULL);
	return false;
}

static void propose(
        struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__ProposeException *c, int64_t original)
{
	struct wb_decision *d = en->d;
	WB_SLA_NEW(d->arena, ExceptionProposed, exception_proposed, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->exception_id = wb_field_of_id(d->arena, wb_new_id(d, "exception"));
	e->clock_id = row->clock_id;
	e->new_deadline_at = c->new_deadline_at;
	e->reason = wb_personal(
	        d->arena, wb_id_of_field(en->t->direct_user_id), en->ticket_id, wb_personal_text(c->reason));
	e->verbal = c->verbal;
	e->has_agreed_with_id = c->has_agreed_with_id;
	e->agreed_with_id = c->agreed_with_id;
	e->original_deadline_at = original;
	if (e->verbal && !pending_until(en, row, &e->pending_until))
		return;
	e->has_pending_until = e->verbal;
	if (e->reason)
		wb_sla_emit(en, row, NULL, &e->base);
}

void wb_sla_propose_exception(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ProposeException *c = command;
	struct wb_sla_engine en;
	struct wb_sla_deadline dl;
	if (!reason_ok(d, c->reason))
		return;
	Weibao__V1__ClockRow *row = wb_sla_open_running(&en, d, c->ticket_id, c->round, c->clock_id);
	if (!row || !wb_sla_deadline(&en, row, d->now_us, &dl))
		return;
	if (c->has_agreed_with_id && wb_id_is_zero(wb_id_of_field(c->agreed_with_id)))
		wb_refuse(d, WB_FIELD_INVALID, "agreedWithId");
	else if (row->has_exception_id)
		wb_refuse(d, WB_EXCEPTION_OPEN, "clockId");
	else if (c->new_deadline_at <= dl.deadline_us || c->new_deadline_at <= d->now_us)
		wb_refuse(d, WB_EXCEPTION_NOT_LATER, "newDeadlineAt");
	else if (c->new_deadline_at > d->now_us + WB_SLA_AHEAD_US)
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "newDeadlineAt");
	else
		propose(&en, row, c, dl.original_us);
	wb_sla_close(&en);
}

/* ---- the client's act ---- */

/* The exception, for whoever may settle it: the representative, a deputy, or the holder of its link. */
static const Weibao__V1__ExceptionRow *exception_for(
        struct wb_sla_engine *en, ProtobufCBinaryData id, Weibao__V1__ClockRow **ret_clock)
{
	struct wb_decision *d = en->d;
	const Weibao__V1__Principal *who = d->who;
	struct wb_id exception = wb_id_of_field(id);
	bool by_link = wb_has_role(who, WEIBAO__V1__ROLE__ROLE_LINK);
	const Weibao__V1__ExceptionRow *x = wb_sla_exception(d->db, d->tenant, en->ticket_id, exception, d->arena);
	*ret_clock = NULL;
	if (by_link && (!who->link_purpose || strcmp(who->link_purpose, "exception") != 0 || !who->has_link_id ||
	                       !wb_sla_is(who->link_id, exception)))
		x = NULL;
	if (x && by_link && who->has_link_round && who->link_round != x->round)
		x = NULL;
	if (x)
		*ret_clock = wb_sla_clock_of(en, x->clock_id);
	if (!*ret_clock) {
		wb_refuse(d, WB_NOT_FOUND, "exceptionId");
		return NULL;
	}
	return x;
}

/* Still open, after all that was taken in. */
static bool is_open(struct wb_decision *d, const Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *x)
{
	if (row->has_exception_id && wb_sla_is(row->exception_id, wb_id_of_field(x->exception_id)))
		return true;
	wb_refuse(d, WB_EXCEPTION_ENDED, "exceptionId");
	return false;
}

static ProtobufCBinaryData who_agreed(const struct wb_decision *d, const Weibao__V1__ExceptionRow *x)
{
	if (d->who->has_person_id)
		return d->who->person_id;
	return wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK) && x->has_agreed_with_id ? x->agreed_with_id
	                                                                                 : d->who->account_id;
}

static void agree(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *x)
{
	struct wb_sla_deadline dl;
	WB_SLA_NEW(en->d->arena, ExceptionAgreed, exception_agreed, e);
	e->ticket_id = en->ticket;
	e->exception_id = x->exception_id;
	e->clock_id = row->clock_id;
	e->agreed_by_id = who_agreed(en->d, x);
	e->counts_from = x->verbal ? x->proposed_at : en->d->now_us;
	e->generation = row->generation + 1;
	if (x->new_deadline_at < e->counts_from) { /* what was proposed is over already */
		wb_refuse(en->d, WB_EXCEPTION_ENDED, "exceptionId");
		return;
	}
	if (!wb_sla_deadline_after(en, row, x, &e->base, en->d->now_us, &dl))
		return;
	e->deadline_at = dl.deadline_us;
	e->has_warn_at = wb_sla_warn_ahead(en, row, &dl);
	e->warn_at = dl.warn_us;
	wb_sla_emit(en, row, x, &e->base);
	wb_sla_settle_held(en, row);
}

void wb_sla_agree_exception(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AgreeException *c = command;
	struct wb_sla_engine en;
	Weibao__V1__ClockRow *row;
	if (!wb_sla_open_current(&en, d, c->ticket_id, c->round))
		return;
	const Weibao__V1__ExceptionRow *x = exception_for(&en, c->exception_id, &row);
	if (x && is_open(d, row, x))
		agree(&en, row, x);
	wb_sla_close(&en);
}

void wb_sla_decline_exception(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DeclineException *c = command;
	struct wb_sla_engine en;
	Weibao__V1__ClockRow *row;
	if (!wb_sla_open_current(&en, d, c->ticket_id, c->round))
		return;
	const Weibao__V1__ExceptionRow *x = exception_for(&en, c->exception_id, &row);
	if (!x || !is_open(d, row, x))
		return;
	WB_SLA_NEW(d->arena, ExceptionDeclined, exception_declined, e);
	e->ticket_id = en.ticket;
	e->exception_id = x->exception_id;
	e->clock_id = row->clock_id;
	wb_sla_emit(&en, row, NULL, &e->base);
	wb_sla_end_moot(&en, row);
	wb_sla_settle_held(&en, row);
	wb_sla_catch_up(&en, d->now_us, false);
	wb_sla_close(&en);
}
