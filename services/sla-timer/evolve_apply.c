#include "services/sla-timer/evolve_apply.h"

bool wb_sla_frozen(const Weibao__V1__ClockRow *row)
{
	for (size_t i = 0; i < row->n_suspensions; i++)
		if (!row->suspensions[i]->has_until_at)
			return true;
	return false;
}

bool wb_sla_due(const Weibao__V1__ClockRow *row, int64_t *ret_at)
{
	if (row->state == WB_SLA_STATE(BREACHED) && row->has_next_escalation_at && !row->has_stopped_at) {
		*ret_at = row->next_escalation_at;
		return true;
	}
	if (row->state != WB_SLA_STATE(RUNNING) || !row->has_deadline_at || row->has_stopped_at)
		return false;
	if (row->has_warn_at && row->warn_at < row->deadline_at) {
		*ret_at = row->warn_at;
		return true;
	}
	*ret_at = row->deadline_at;
	return !row->has_hold_id; /* a verbal exception holds the judgement */
}

void wb_sla_apply_started(Weibao__V1__ClockRow *row, const Weibao__V1__ClockStarted *e)
{
	row->clock_id = e->clock_id;
	row->kind = e->kind;
	row->round = e->round;
	row->state = WB_SLA_STATE(RUNNING);
	row->has_visit_id = e->has_visit_id;
	row->visit_id = e->visit_id;
	row->started_at = e->started_at;
	row->has_target_us = e->has_target_us;
	row->target_us = e->target_us;
	row->has_service_days = e->has_service_days;
	row->service_days = e->service_days;
	if (!e->has_target_us && !e->has_service_days) { /* an arrival: what was promised */
		row->has_promised_at = row->has_promised_from_at = true;
		row->promised_at = e->deadline_at;
		row->promised_from_at = e->started_at;
	}
	row->policy_version = e->policy_version;
	row->has_calendar_id = e->has_calendar_id;
	row->calendar_id = e->calendar_id;
	row->has_calendar_version = e->has_calendar_version;
	row->calendar_version = e->calendar_version;
	row->has_deadline_at = true;
	row->deadline_at = row->original_deadline_at = e->deadline_at;
	row->has_warn_at = e->has_warn_at;
	row->warn_at = e->warn_at;
	row->generation = e->generation;
}

static void set_deadline(Weibao__V1__ClockRow *row, int64_t deadline, bool has_warn, int64_t warn, uint32_t generation)
{
	bool frozen = wb_sla_frozen(row);
	row->has_deadline_at = !frozen;
	row->deadline_at = deadline;
	if (!row->has_excepted_at)
		row->original_deadline_at = deadline;
	row->has_warn_at = has_warn && !frozen;
	row->warn_at = warn;
	row->generation = generation;
}

static void on_suspended(Weibao__V1__ClockRow *row, const Weibao__V1__ClockSuspended *e, struct wb_arena *a)
{
	Weibao__V1__SuspensionRow **all = WB_ARENA_ARRAY(a, Weibao__V1__SuspensionRow *, row->n_suspensions + 1);
	Weibao__V1__SuspensionRow *s = WB_ARENA_NEW(a, Weibao__V1__SuspensionRow);
	if (!all || !s)
		return;
	for (size_t i = 0; i < row->n_suspensions; i++)
		all[i] = row->suspensions[i];
	weibao__v1__suspension_row__init(s);
	s->suspension_id = e->suspension_id;
	s->reason = e->reason;
	s->from_at = e->from_at;
	s->has_visit_id = e->has_visit_id;
	s->visit_id = e->visit_id;
	all[row->n_suspensions++] = s;
	row->suspensions = all;
	row->has_deadline_at = row->has_warn_at = false;
	row->generation = e->generation;
}

static void on_resumed(Weibao__V1__ClockRow *row, const Weibao__V1__ClockResumed *e)
{
	struct wb_id id = wb_id_of_field(e->suspension_id);
	for (size_t i = 0; i < row->n_suspensions; i++) {
		Weibao__V1__SuspensionRow *s = row->suspensions[i];
		if (!wb_id_equal(wb_id_of_field(s->suspension_id), id))
			continue;
		s->has_until_at = true;
		s->until_at = e->until_at;
	}
	set_deadline(row, e->deadline_at, e->has_warn_at, e->warn_at, e->generation);
}

static void on_retargeted(Weibao__V1__ClockRow *row, const Weibao__V1__ClockRetargeted *e)
{
	row->has_target_us = e->has_target_us;
	row->target_us = e->target_us;
	row->has_service_days = e->has_service_days;
	row->service_days = e->service_days;
	row->has_promised_at = row->has_promised_from_at = e->has_promised_at;
	row->promised_at = e->promised_at;
	row->promised_from_at = e->has_from_at ? e->from_at : row->started_at;
	row->policy_version = e->policy_version;
	if (e->calendar_set) {
		row->has_calendar_id = e->has_calendar_id;
		row->calendar_id = e->calendar_id;
		row->has_calendar_version = e->has_calendar_version;
		row->calendar_version = e->calendar_version;
	}
	if (row->kind == WB_SLA_KIND(ARRIVAL)) /* the user's new wish is what counts now */
		row->has_excepted_at = row->has_excepted_from_at = false;
	set_deadline(row, e->deadline_at, e->has_warn_at, e->warn_at, e->generation);
}

static void drop_hold(Weibao__V1__ClockRow *row)
{
	row->has_hold_id = row->has_hold_until_at = row->has_exception_id = false;
}

static void on_proposed(Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionProposed *e)
{
	row->has_exception_id = true;
	row->exception_id = e->exception_id;
	row->has_hold_id = e->verbal && e->has_pending_until;
	row->hold_id = e->exception_id;
	row->has_hold_until_at = row->has_hold_id;
	row->hold_until_at = e->pending_until;
}

static void on_agreed(
        Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *exception, const Weibao__V1__ExceptionAgreed *e)
{
	drop_hold(row);
	row->has_excepted_at = row->has_excepted_from_at = true;
	row->excepted_at = exception ? exception->new_deadline_at : e->deadline_at;
	row->excepted_from_at = e->counts_from;
	set_deadline(row, e->deadline_at, e->has_warn_at, e->warn_at, e->generation);
}

static void judge(Weibao__V1__ClockRow *row, Weibao__V1__ClockState state, int64_t deadline, int64_t original,
        int64_t recorded_at)
{
	row->state = state;
	row->has_deadline_at = true;
	row->deadline_at = deadline;
	row->original_deadline_at = original;
	row->has_warn_at = false;
	row->has_judged_at = true;
	row->judged_at = recorded_at;
}

static void on_met(Weibao__V1__ClockRow *row, const Weibao__V1__ClockMet *e, int64_t recorded_at)
{
	judge(row, WB_SLA_STATE(MET), e->deadline_at, e->original_deadline_at, recorded_at);
	row->has_stopped_at = true;
	row->stopped_at = e->stopped_at;
}

static void on_breached(Weibao__V1__ClockRow *row, const Weibao__V1__ClockBreached *e, int64_t recorded_at)
{
	judge(row, WB_SLA_STATE(BREACHED), e->deadline_at, e->original_deadline_at, recorded_at);
	row->has_stopped_at = false; /* a held stop is told anew by ClockStoppedLate */
	row->has_next_escalation_at = e->has_next_escalation_at;
	row->next_escalation_at = e->next_escalation_at;
}

static void on_escalated(Weibao__V1__ClockRow *row, const Weibao__V1__ClockEscalated *e)
{
	row->has_escalations = true;
	row->escalations = e->step;
	row->has_next_escalation_at = e->has_next_escalation_at;
	row->next_escalation_at = e->next_escalation_at;
}

static void stop(Weibao__V1__ClockRow *row, int64_t at)
{
	row->has_stopped_at = true;
	row->stopped_at = at;
	row->has_next_escalation_at = false;
	row->has_warn_at = false;
}

static void on_voided(Weibao__V1__ClockRow *row, const Weibao__V1__ClockVoided *e, int64_t recorded_at)
{
	row->state = WB_SLA_STATE(VOIDED);
	row->void_cause = e->cause;
	row->has_warn_at = false;
	row->has_judged_at = true;
	row->judged_at = recorded_at;
}

static void on_overturned(Weibao__V1__ClockRow *row, const Weibao__V1__JudgementOverturned *e)
{
	row->state = WB_SLA_STATE(OVERTURNED);
	row->has_evidence = row->evidence = true;
	stop(row, e->occurred_at);
}

void wb_sla_apply(Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *exception, const ProtobufCMessage *event,
        int64_t recorded_at, struct wb_arena *a)
{
	const ProtobufCMessageDescriptor *type = event->descriptor;
	const void *e = event;
	if (type == &weibao__v1__clock_suspended__descriptor) {
		on_suspended(row, e, a);
	} else if (type == &weibao__v1__clock_resumed__descriptor) {
		on_resumed(row, e);
	} else if (type == &weibao__v1__clock_retargeted__descriptor) {
		on_retargeted(row, e);
	} else if (type == &weibao__v1__clock_warned__descriptor) {
		row->has_warned = row->warned = true;
		row->has_warn_at = false;
	} else if (type == &weibao__v1__clock_met__descriptor) {
		on_met(row, e, recorded_at);
	} else if (type == &weibao__v1__clock_breached__descriptor) {
		on_breached(row, e, recorded_at);
	} else if (type == &weibao__v1__clock_stopped_late__descriptor) {
		stop(row, ((const Weibao__V1__ClockStoppedLate *)e)->stopped_at);
	} else if (type == &weibao__v1__clock_stop_held__descriptor) {
		stop(row, ((const Weibao__V1__ClockStopHeld *)e)->stopped_at);
	} else if (type == &weibao__v1__clock_voided__descriptor) {
		on_voided(row, e, recorded_at);
	} else if (type == &weibao__v1__clock_escalated__descriptor) {
		on_escalated(row, e);
	} else if (type == &weibao__v1__exception_proposed__descriptor) {
		on_proposed(row, e);
	} else if (type == &weibao__v1__exception_agreed__descriptor) {
		on_agreed(row, exception, e);
	} else if (type == &weibao__v1__exception_declined__descriptor ||
	           type == &weibao__v1__exception_lapsed__descriptor) {
		drop_hold(row);
	} else if (type == &weibao__v1__judgement_overturned__descriptor) {
		on_overturned(row, e);
	}
}

void wb_sla_apply_proposed(Weibao__V1__ExceptionRow *row, const Weibao__V1__ExceptionProposed *e, int64_t recorded_at,
        ProtobufCBinaryData by)
{
	row->exception_id = e->exception_id;
	row->clock_id = e->clock_id;
	row->round = e->round;
	row->state = WB_SLA_EXCEPTION(PROPOSED);
	row->proposed_at = recorded_at;
	row->new_deadline_at = e->new_deadline_at;
	row->original_deadline_at = e->original_deadline_at;
	row->reason = e->reason;
	row->verbal = e->verbal;
	row->has_pending_until = e->has_pending_until;
	row->pending_until = e->pending_until;
	row->has_agreed_with_id = e->has_agreed_with_id;
	row->agreed_with_id = e->agreed_with_id;
	row->proposed_by_id = by;
}

void wb_sla_apply_exception(Weibao__V1__ExceptionRow *row, const ProtobufCMessage *event, int64_t recorded_at)
{
	const ProtobufCMessageDescriptor *type = event->descriptor;
	if (type == &weibao__v1__exception_agreed__descriptor) {
		const Weibao__V1__ExceptionAgreed *e = (const Weibao__V1__ExceptionAgreed *)event;
		row->state = WB_SLA_EXCEPTION(AGREED);
		row->has_agreed_by_id = true;
		row->agreed_by_id = e->agreed_by_id;
		row->has_counts_from = true;
		row->counts_from = e->counts_from;
	} else if (type == &weibao__v1__exception_declined__descriptor) {
		row->state = WB_SLA_EXCEPTION(DECLINED);
	} else if (type == &weibao__v1__exception_lapsed__descriptor) {
		row->state = WB_SLA_EXCEPTION(LAPSED);
	}
	row->has_ended_at = true;
	row->ended_at = recorded_at;
}
