/* Clocks start, stop, are suspended, judged and voided: the events of one clock. */
#include "services/sla-timer/decide_engine.h"
#include "services/sla-timer/evolve_apply.h"

/* ---- starting ---- */

bool wb_sla_name_calendar(struct wb_sla_engine *en, const Weibao__V1__ClockTarget *target, struct wb_sla_when when,
        Weibao__V1__ClockRow *row)
{
	struct wb_decision *d = en->d;
	if (!target->has_calendar_id)
		return true;
	const Weibao__V1__CalendarRow *c =
	        wb_sla_calendar_at(d->db, d->tenant, wb_id_of_field(target->calendar_id), when, d->arena);
	if (!c) {
		wb_refuse(d, WB_CALENDAR_UNKNOWN, NULL);
		return false;
	}
	row->has_calendar_id = row->has_calendar_version = true;
	row->calendar_id = target->calendar_id;
	row->calendar_version = c->saved->calendar_version;
	return true;
}

/* The terms of a new clock, not yet its deadline. */
static void draft(Weibao__V1__ClockRow *row, Weibao__V1__ClockKind kind, int64_t at_us,
        const Weibao__V1__ClockTarget *target, uint32_t policy_version, const int64_t *promised_us)
{
	row->kind = kind;
	row->started_at = at_us;
	row->policy_version = policy_version;
	if (promised_us) {
		row->has_promised_at = row->has_promised_from_at = true;
		row->promised_at = *promised_us > at_us ? *promised_us : at_us;
		row->promised_from_at = at_us;
		return;
	}
	row->has_target_us = target->has_target_us;
	row->target_us = target->target_us;
	row->has_service_days = target->has_service_days;
	row->service_days = target->service_days;
}

static void emit_started(struct wb_sla_engine *en, const Weibao__V1__ClockRow *terms, const struct wb_sla_deadline *dl,
        Weibao__V1__ClockRow *row)
{
	WB_SLA_NEW(en->d->arena, ClockStarted, clock_started, e);
	e->ticket_id = en->ticket;
	e->round = en->t->round;
	e->clock_id = wb_field_of_id(en->d->arena, wb_new_id(en->d, "clock"));
	e->kind = terms->kind;
	e->has_visit_id = terms->has_visit_id;
	e->visit_id = terms->visit_id;
	e->started_at = terms->started_at;
	e->has_target_us = terms->has_target_us;
	e->target_us = terms->target_us;
	e->has_service_days = terms->has_service_days;
	e->service_days = terms->service_days;
	e->policy_version = terms->policy_version;
	e->has_calendar_id = terms->has_calendar_id;
	e->calendar_id = terms->calendar_id;
	e->has_calendar_version = terms->has_calendar_version;
	e->calendar_version = terms->calendar_version;
	e->deadline_at = dl->deadline_us;
	e->has_warn_at = dl->has_warn && dl->warn_us < dl->deadline_us;
	e->warn_at = dl->warn_us;
	e->generation = 1;
	wb_sla_emit(en, row, NULL, &e->base);
}

Weibao__V1__ClockRow *wb_sla_start(struct wb_sla_engine *en, Weibao__V1__ClockKind kind, int64_t at_us,
        struct wb_sla_when when, const ProtobufCBinaryData *visit, const int64_t *promised_us)
{
	struct wb_decision *d = en->d;
	const Weibao__V1__PolicyRow *p = wb_sla_policy_at(d->db, d->tenant, when, d->arena);
	Weibao__V1__ClockRow terms = WEIBAO__V1__CLOCK_ROW__INIT, *row = WB_ARENA_NEW(d->arena, Weibao__V1__ClockRow);
	struct wb_sla_deadline dl;
	if (!p || !row) {
		wb_refuse(d, p ? WB_UNAVAILABLE : WB_POLICY_MISSING, NULL);
		return NULL;
	}
	const Weibao__V1__ClockTarget *target = wb_sla_target(p->saved->terms, kind, en->t->kind, en->t->urgency);
	if (!target || !target->runs)
		return NULL;
	draft(&terms, kind, at_us, target, p->saved->policy_version, promised_us);
	if (visit) {
		terms.has_visit_id = true;
		terms.visit_id = *visit;
	}
	if (!wb_sla_name_calendar(en, target, when, &terms) || !wb_sla_deadline(en, &terms, at_us, &dl))
		return NULL;
	weibao__v1__clock_row__init(row);
	emit_started(en, &terms, &dl, row);
	return wb_refused(d) ? NULL : row;
}

/* ---- judging ---- */

static void emit_met(
        struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us, const struct wb_sla_deadline *dl)
{
	const struct wb_calendar *cal;
	int64_t used;
	if (!wb_sla_calendar_of(en, row, &cal))
		return;
	WB_SLA_NEW(en->d->arena, ClockMet, clock_met, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->stopped_at = at_us;
	e->deadline_at = dl->deadline_us;
	e->original_deadline_at = dl->original_us;
	e->policy_version = row->policy_version;
	e->has_calendar_version = row->has_calendar_version;
	e->calendar_version = row->calendar_version;
	e->has_used_us = wb_sla_used(row, cal, at_us, en->d->arena, &used) == WB_OK;
	e->used_us = e->has_used_us ? (uint64_t)used : 0;
	wb_sla_emit(en, row, NULL, &e->base);
}

/* Whatever still suspends it ends with the clock: each suspension has an end. */
static void end_suspensions(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us)
{
	for (size_t i = 0; i < row->n_suspensions && !wb_refused(en->d); i++)
		if (!row->suspensions[i]->has_until_at)
			wb_sla_resume(en, row, row->suspensions[i], at_us);
}

static void meet(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us)
{
	struct wb_sla_deadline dl;
	if (row->has_exception_id)
		wb_sla_lapse(en, row); /* nothing is left to be excepted */
	end_suspensions(en, row, at_us);
	if (wb_sla_deadline(en, row, at_us, &dl))
		emit_met(en, row, at_us > row->started_at ? at_us : row->started_at, &dl);
}

static bool escalation_at(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, uint32_t step, int64_t *ret_at)
{
	const Weibao__V1__PolicyTerms *p = wb_sla_policy_of(en, row);
	const struct wb_calendar *cal;
	if (!p || step >= p->n_escalations || !wb_sla_calendar_of(en, row, &cal))
		return false;
	return wb_calendar_add(cal ? cal : wb_calendar_always(), row->deadline_at,
	               (int64_t)p->escalations[step]->after_us, ret_at) == WB_OK;
}

void wb_sla_breach(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	struct wb_sla_deadline dl;
	if (row->has_exception_id)
		wb_sla_lapse(en, row);
	if (!wb_sla_deadline(en, row, en->d->now_us, &dl))
		return;
	WB_SLA_NEW(en->d->arena, ClockBreached, clock_breached, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->deadline_at = row->deadline_at;
	e->original_deadline_at = dl.original_us;
	e->policy_version = row->policy_version;
	e->has_calendar_version = row->has_calendar_version;
	e->calendar_version = row->calendar_version;
	e->has_next_escalation_at = escalation_at(en, row, 0, &e->next_escalation_at);
	wb_sla_emit(en, row, NULL, &e->base);
}

void wb_sla_escalate(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us)
{
	const Weibao__V1__PolicyTerms *p = wb_sla_policy_of(en, row);
	while (p && row->state == WB_SLA_STATE(BREACHED) && !row->has_stopped_at && row->has_next_escalation_at &&
	        row->next_escalation_at <= at_us && row->escalations < p->n_escalations) {
		WB_SLA_NEW(en->d->arena, ClockEscalated, clock_escalated, e);
		e->ticket_id = en->ticket;
		e->round = row->round;
		e->clock_id = row->clock_id;
		e->step = row->escalations + 1;
		e->to = p->escalations[row->escalations]->to;
		e->has_next_escalation_at = escalation_at(en, row, e->step, &e->next_escalation_at);
		wb_sla_emit(en, row, NULL, &e->base);
	}
}

void wb_sla_warn(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	WB_SLA_NEW(en->d->arena, ClockWarned, clock_warned, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->deadline_at = row->deadline_at;
	wb_sla_emit(en, row, NULL, &e->base);
}

void wb_sla_void(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const char *cause)
{
	if (row->has_exception_id)
		wb_sla_lapse(en, row);
	WB_SLA_NEW(en->d->arena, ClockVoided, clock_voided, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->cause = wb_arena_str(en->d->arena, cause);
	if (e->cause)
		wb_sla_emit(en, row, NULL, &e->base);
}

/* ---- stopping ---- */

static void stop_late(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us)
{
	const struct wb_calendar *cal;
	int64_t late = 0;
	if (!wb_sla_calendar_of(en, row, &cal))
		return;
	if (at_us > row->deadline_at && wb_calendar_working_between(cal ? cal : wb_calendar_always(), row->deadline_at,
	                                        at_us, &late) != WB_OK) {
		wb_refuse(en->d, WB_DEADLINE_OUT_OF_RANGE, NULL);
		return;
	}
	WB_SLA_NEW(en->d->arena, ClockStoppedLate, clock_stopped_late, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->stopped_at = at_us;
	e->late_us = (uint64_t)late;
	wb_sla_emit(en, row, NULL, &e->base);
}

static void overturn(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const struct wb_sla_stop *stop)
{
	static char why[] = "OFFLINE_EVIDENCE";
	WB_SLA_NEW(en->d->arena, JudgementOverturned, judgement_overturned, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->kind = row->kind;
	e->occurred_at = stop->at_us;
	e->evidence_position = stop->tenant_position;
	e->why = why;
	wb_sla_emit(en, row, NULL, &e->base);
}

/* Evidence: what happened in time, by a sound clock, and was told within the policy's bound. */
static bool is_evidence(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, const struct wb_sla_stop *stop)
{
	const Weibao__V1__PolicyTerms *p = wb_sla_policy_of(en, row);
	return p && stop->offline && stop->at_us <= row->deadline_at &&
	       stop->recorded_us - stop->at_us <= (int64_t)p->late_evidence_hours * WB_HOUR_US;
}

static void stop_breached(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const struct wb_sla_stop *stop)
{
	if (is_evidence(en, row, stop))
		overturn(en, row, stop);
	else if (!row->has_stopped_at) /* what only claims to have been in time counts from when it was told */
		stop_late(en, row, stop->at_us > row->deadline_at ? stop->at_us : stop->recorded_us);
}

static void hold_stop(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us)
{
	WB_SLA_NEW(en->d->arena, ClockStopHeld, clock_stop_held, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->stopped_at = at_us;
	wb_sla_emit(en, row, NULL, &e->base);
}

void wb_sla_stop(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const struct wb_sla_stop *stop)
{
	int64_t counts = stop->offline ? stop->at_us : stop->recorded_us;
	struct wb_sla_deadline dl;
	if (row->state == WB_SLA_STATE(BREACHED)) {
		stop_breached(en, row, stop);
		return;
	}
	if (row->state != WB_SLA_STATE(RUNNING) || !wb_sla_deadline(en, row, counts, &dl))
		return;
	if (counts <= dl.deadline_us) {
		meet(en, row, stop->at_us);
	} else if (row->has_hold_id) {
		if (!row->has_stopped_at)
			hold_stop(en, row, stop->at_us > dl.deadline_us ? stop->at_us : stop->recorded_us);
	} else {
		wb_sla_breach(en, row);
		stop_breached(en, row, stop);
	}
}

void wb_sla_settle_held(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	int64_t at = row->stopped_at;
	struct wb_sla_deadline dl;
	if (row->state != WB_SLA_STATE(RUNNING) || !row->has_stopped_at || row->has_hold_id ||
	        !wb_sla_deadline(en, row, at, &dl))
		return;
	if (at <= dl.deadline_us) {
		meet(en, row, at);
	} else {
		wb_sla_breach(en, row);
		stop_late(en, row, at);
	}
}

/* ---- exceptions that end ---- */

void wb_sla_lapse(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	WB_SLA_NEW(en->d->arena, ExceptionLapsed, exception_lapsed, e);
	e->ticket_id = en->ticket;
	e->exception_id = row->exception_id;
	e->clock_id = row->clock_id;
	wb_sla_emit(en, row, NULL, &e->base);
	wb_sla_end_moot(en, row);
}

void wb_sla_end_moot(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	const struct wb_calendar *cal;
	struct wb_clock_terms terms;
	struct wb_clock_promise promise;
	if (!wb_sla_frozen(row) || !wb_sla_calendar_of(en, row, &cal))
		return;
	if (!wb_sla_terms(row, cal, 0, en->d->arena, &terms) || wb_clock_promise(&terms, &promise) != WB_OK)
		wb_refuse(en->d, WB_DEADLINE_OUT_OF_RANGE, NULL);
	else if (!promise.frozen)
		end_suspensions(en, row, en->d->now_us);
}

/* ---- suspending ---- */

static uint64_t left_at(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, int64_t at_us)
{
	const struct wb_calendar *cal;
	struct wb_clock_terms terms;
	struct wb_clock_state state;
	if (!wb_sla_calendar_of(en, row, &cal) || !wb_sla_terms(row, cal, 0, en->d->arena, &terms) ||
	        wb_clock_state(&terms, at_us, &state) != WB_OK)
		return 0;
	return state.left_us > 0 ? (uint64_t)state.left_us : 0;
}

void wb_sla_resume(
        struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__SuspensionRow *s, int64_t until_us)
{
	struct wb_sla_deadline dl;
	WB_SLA_NEW(en->d->arena, ClockResumed, clock_resumed, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->suspension_id = s->suspension_id;
	e->until_at = until_us > s->from_at ? until_us : s->from_at;
	e->generation = row->generation + 1;
	if (!wb_sla_deadline_after(en, row, NULL, &e->base, en->d->now_us, &dl))
		return;
	e->deadline_at = dl.deadline_us;
	e->has_warn_at = wb_sla_warn_ahead(en, row, &dl);
	e->warn_at = dl.warn_us;
	wb_sla_emit(en, row, NULL, &e->base);
}

void wb_sla_suspend(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, Weibao__V1__SuspensionReason reason,
        int64_t from_us, const int64_t *until_us, const ProtobufCBinaryData *visit)
{
	WB_SLA_NEW(en->d->arena, ClockSuspended, clock_suspended, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->suspension_id = wb_field_of_id(en->d->arena, wb_new_id(en->d, "suspension"));
	e->reason = reason;
	e->from_at = from_us > row->started_at ? from_us : row->started_at;
	e->remaining_us = left_at(en, row, e->from_at);
	e->generation = row->generation + 1;
	if (visit) {
		e->has_visit_id = true;
		e->visit_id = *visit;
	}
	wb_sla_emit(en, row, NULL, &e->base);
	if (until_us && !wb_refused(en->d) && row->n_suspensions)
		wb_sla_resume(en, row, row->suspensions[row->n_suspensions - 1], *until_us);
}
