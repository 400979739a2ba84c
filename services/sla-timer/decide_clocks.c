/* Commands about clocks: AdvanceClocks, JudgeClock, LapseException (by to-dos), SuspendClock, ResumeClock. */
#include "services/sla-timer/decide_engine.h"
#include "services/sla-timer/evolve_apply.h"

/* ---- by to-dos ---- */

void wb_sla_advance_clocks(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AdvanceClocks *c = command;
	struct wb_sla_engine en;
	if (!wb_sla_open(&en, d, c->ticket_id) || !wb_sla_take_facts(&en))
		return;
	if (en.t->through == en.t->noted && en.t->has_appointment_due_at && en.t->appointment_due_at <= d->now_us)
		wb_sla_catch_up(&en, d->now_us, true);
	if (!en.moved_on)
		wb_already(d);
	wb_sla_close(&en);
}

/* A to-do's command is decided once it was accepted: it either changes what its row hangs on, so that the row goes or
 * is put anew, or changes nothing and is tried again. */
static void not_changed(struct wb_decision *d, const Weibao__V1__ClockRow *row)
{
	bool over =
	        row->has_stopped_at || (row->state != WB_SLA_STATE(RUNNING) && row->state != WB_SLA_STATE(BREACHED));
	if (over)
		wb_already(d);
	else
		wb_refuse(d, WB_NOT_DUE_YET, NULL);
}

static bool open_for_todo(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket)
{
	if (!wb_sla_open(en, d, ticket))
		return false;
	if (en->t->noted - en->t->through > WB_SLA_FACTS_A_STEP) { /* those come first, by a to-do of their own */
		wb_refuse(d, WB_NOT_DUE_YET, NULL);
		return false;
	}
	return true;
}

void wb_sla_judge_clock(struct wb_decision *d, const void *command)
{
	const Weibao__V1__JudgeClock *c = command;
	struct wb_sla_engine en;
	if (!open_for_todo(&en, d, c->ticket_id))
		return;
	Weibao__V1__ClockRow *row = wb_sla_clock_of(&en, c->clock_id);
	if (!row) {
		wb_refuse(d, WB_NOT_FOUND, "clockId");
		return;
	}
	en.watched = row;
	if (!wb_sla_take_facts(&en))
		return;
	wb_sla_catch_up(&en, d->now_us, true);
	if (row->state == WB_SLA_STATE(RUNNING) && row->has_warn_at && row->warn_at <= d->now_us)
		wb_sla_warn(&en, row);
	wb_sla_escalate(&en, row, d->now_us);
	if (en.watched_changed)
		wb_sla_close(&en);
	else
		not_changed(d, row);
}

void wb_sla_lapse_exception(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LapseException *c = command;
	struct wb_sla_engine en;
	if (!open_for_todo(&en, d, c->ticket_id))
		return;
	const Weibao__V1__ExceptionRow *x =
	        wb_sla_exception(d->db, d->tenant, en.ticket_id, wb_id_of_field(c->exception_id), d->arena);
	Weibao__V1__ClockRow *row = x ? wb_sla_clock_of(&en, x->clock_id) : NULL;
	if (!row) {
		wb_refuse(d, WB_NOT_FOUND, "exceptionId");
		return;
	}
	if (x->state != WB_SLA_EXCEPTION(PROPOSED)) {
		wb_already(d);
		return;
	}
	if (!x->has_pending_until || x->pending_until > d->now_us) {
		wb_refuse(d, WB_NOT_DUE_YET, NULL);
		return;
	}
	if (!wb_sla_take_facts(&en))
		return;
	wb_sla_catch_up(&en, d->now_us, true); /* lapses it, unless a fact has done so */
	wb_sla_close(&en);
}

/* ---- by people ---- */

bool wb_sla_open_current(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket, uint32_t round)
{
	if (!wb_sla_open(en, d, ticket))
		return false;
	if (en->t->noted - en->t->through > WB_SLA_FACTS_A_STEP) {
		wb_refuse(d, WB_BUSY, NULL);
		return false;
	}
	if (!wb_sla_take_facts(en))
		return false;
	if (round != en->t->round) {
		wb_refuse(d, round < en->t->round ? WB_ROUND_PAST : WB_FIELD_INVALID, "round");
		return false;
	}
	wb_sla_catch_up(en, d->now_us, false);
	return !wb_refused(d);
}

Weibao__V1__ClockRow *wb_sla_open_running(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket,
        uint32_t round, ProtobufCBinaryData clock)
{
	if (!wb_sla_open_current(en, d, ticket, round))
		return NULL;
	Weibao__V1__ClockRow *row = wb_sla_clock_of(en, clock);
	if (!row || row->round != round) {
		wb_refuse(d, row ? WB_ROUND_PAST : WB_NOT_FOUND, "clockId");
		return NULL;
	}
	if (row->state != WB_SLA_STATE(RUNNING) || row->has_stopped_at) {
		wb_refuse(d, WB_CLOCK_JUDGED, "clockId");
		return NULL;
	}
	return row;
}

/* While an exception holds the judgement of a deadline that has passed, no suspension may reach back before it. */
static bool reaches_back(const struct wb_decision *d, const Weibao__V1__ClockRow *row, int64_t from_us)
{
	return row->has_deadline_at && row->deadline_at < d->now_us && from_us <= row->deadline_at;
}

void wb_sla_suspend_clock(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SuspendClock *c = command;
	struct wb_sla_engine en;
	int64_t from = c->has_from_at ? c->from_at : d->now_us;
	Weibao__V1__ClockRow *row = wb_sla_open_running(&en, d, c->ticket_id, c->round, c->clock_id);
	const Weibao__V1__PolicyTerms *policy = row ? wb_sla_policy_of(&en, row) : NULL;
	if (!policy)
		return;
	if (!wb_sla_may_suspend(policy, c->reason))
		wb_refuse(d, WB_SUSPENSION_NOT_ALLOWED, "reason");
	else if (from > d->now_us || from < d->now_us - WB_SLA_SUSPEND_BACK_US || from < row->started_at ||
	         reaches_back(d, row, from))
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "fromAt");
	else if (c->has_until_at && (c->until_at <= from || c->until_at > d->now_us + WB_SLA_AHEAD_US))
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "untilAt");
	else if (wb_sla_frozen(row))
		wb_refuse(d, WB_CLOCK_SUSPENDED, "clockId");
	else if (row->n_suspensions >= WB_SLA_SUSPENSIONS_MAX)
		wb_refuse(d, WB_SUSPENSIONS_MANY, "clockId");
	else
		wb_sla_suspend(&en, row, c->reason, from, c->has_until_at ? &c->until_at : NULL, NULL);
	wb_sla_close(&en);
}

static const Weibao__V1__SuspensionRow *suspension_of(const Weibao__V1__ClockRow *row, ProtobufCBinaryData id)
{
	for (size_t i = 0; i < row->n_suspensions; i++)
		if (wb_sla_is(row->suspensions[i]->suspension_id, wb_id_of_field(id)))
			return row->suspensions[i];
	return NULL;
}

void wb_sla_resume_clock(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ResumeClock *c = command;
	struct wb_sla_engine en;
	int64_t until = c->has_until_at ? c->until_at : d->now_us;
	Weibao__V1__ClockRow *row = wb_sla_open_running(&en, d, c->ticket_id, c->round, c->clock_id);
	const Weibao__V1__SuspensionRow *s = row ? suspension_of(row, c->suspension_id) : NULL;
	if (!row)
		return;
	if (!s)
		wb_refuse(d, WB_NOT_FOUND, "suspensionId");
	else if (s->has_until_at && s->until_at <= d->now_us)
		wb_refuse(d, WB_SUSPENSION_OVER, "suspensionId");
	else if (until > d->now_us || until < d->now_us - WB_SLA_SUSPEND_BACK_US ||
	         (until < s->from_at && s->from_at <= d->now_us))
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "untilAt");
	else
		wb_sla_resume(&en, row, s, until);
	wb_sla_close(&en);
}
