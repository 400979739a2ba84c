/* The fold of sla-timer's own events, and the table of all it folds. */
#include "services/sla-timer/evolve_apply.h"
#include "services/sla-timer/evolve_facts.h"
#include "weibao/v1/intake_events.pb-c.h"

static const struct wb_id zero;

/* ---- policy and calendars ---- */

static void on_opened(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantOpened *e = payload;
	Weibao__V1__MakeDefaults body = WEIBAO__V1__MAKE_DEFAULTS__INIT;
	body.zone = e->zone;
	wb_todo_put(f, WB_SLA_TODO_DEFAULTS, ev->tenant, zero, 0, ev->recorded_at, &body.base);
}

static void on_policy(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PolicySaved *e = payload;
	Weibao__V1__PolicyRow row = WEIBAO__V1__POLICY_ROW__INIT;
	struct wb_key k;
	row.saved = (Weibao__V1__PolicySaved *)(uintptr_t)e;
	row.position = ev->position;
	row.saved_at = ev->recorded_at;
	row.by_id = ev->envelope->actor->account_id;
	wb_sla_policy_key(&k, ev->tenant, e->policy_version);
	wb_put_row(f->db, &wb_sla_policies, &k, &row.base);
	wb_todo_drop(f, WB_SLA_TODO_DEFAULTS, ev->tenant, zero, 0);
}

static void on_calendar(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CalendarSaved *e = payload;
	Weibao__V1__CalendarRow row = WEIBAO__V1__CALENDAR_ROW__INIT;
	struct wb_key k;
	row.saved = (Weibao__V1__CalendarSaved *)(uintptr_t)e;
	row.position = ev->position;
	row.saved_at = ev->recorded_at;
	row.by_id = ev->envelope->actor->account_id;
	wb_sla_calendar_key(&k, ev->tenant, ev->stream_id, e->calendar_version);
	wb_put_row(f->db, &wb_sla_calendars, &k, &row.base);
}

/* ---- what was taken into account ---- */

static void drop_facts(struct wb_fold *f, const char *tenant, struct wb_id ticket, uint32_t from, uint32_t through)
{
	struct wb_key k;
	for (uint32_t n = from; n <= through; n++) {
		wb_sla_fact_key(&k, tenant, ticket, n);
		wb_del(f->db, &wb_sla_facts, &k);
	}
}

static void on_advanced(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClocksAdvanced *e = payload;
	struct wb_id id = ev->stream_id;
	Weibao__V1__SlaTicketRow *t = wb_sla_ticket(f->db, ev->tenant, id, f->arena);
	struct wb_key k;
	if (!t)
		return;
	drop_facts(f, ev->tenant, id, t->through + 1, e->through);
	wb_todo_drop(f, WB_SLA_TODO_FACTS, ev->tenant, id, t->through + 1);
	wb_todo_drop(f, WB_SLA_TODO_APPOINTMENT, ev->tenant, id, t->round);
	t->through = e->through;
	t->round = e->round;
	t->urgency = e->urgency;
	t->responded = e->responded;
	t->ended = e->ended;
	t->visit_ids = e->visit_ids;
	t->n_visit_ids = e->n_visit_ids;
	t->has_appointment_due_at = e->has_appointment_due_at;
	t->appointment_due_at = e->appointment_due_at;
	wb_sla_ticket_key(&k, ev->tenant, id);
	wb_put_row(f->db, &wb_sla_tickets, &k, &t->base);
	if (t->through < t->noted)
		wb_todo_put(f, WB_SLA_TODO_FACTS, ev->tenant, id, t->through + 1, ev->recorded_at, NULL);
	if (t->has_appointment_due_at)
		wb_todo_put(f, WB_SLA_TODO_APPOINTMENT, ev->tenant, id, t->round, t->appointment_due_at, NULL);
}

/* ---- clocks ---- */

static void put_clock(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ClockRow *row)
{
	Weibao__V1__ClockRef ref = WEIBAO__V1__CLOCK_REF__INIT;
	struct wb_id clock = wb_id_of_field(row->clock_id);
	struct wb_key k;
	int64_t due;
	wb_sla_part_key(&k, ev->tenant, ev->stream_id, clock);
	wb_put_row(f->db, &wb_sla_clocks, &k, &row->base);
	ref.ticket_id = wb_field_of_id(f->arena, ev->stream_id);
	if (row->state == WB_SLA_STATE(RUNNING)) {
		wb_sla_running_key(&k, ev->tenant, ev->stream_id, row);
		wb_put_row(f->db, &wb_sla_running, &k, &ref.base);
	}
	if (wb_sla_due(row, &due))
		wb_todo_put(f, WB_SLA_TODO_CLOCK, ev->tenant, clock, row->generation, due, &ref.base);
}

static void on_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__ClockRow row = WEIBAO__V1__CLOCK_ROW__INIT;
	wb_sla_apply_started(&row, payload);
	put_clock(f, ev, &row);
}

/* A later event of a clock: the row changes, and the to-do with it. */
static void change(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData clock,
        const Weibao__V1__ExceptionRow *exception)
{
	Weibao__V1__ClockRow *row = wb_sla_clock(f->db, ev->tenant, ev->stream_id, wb_id_of_field(clock), f->arena);
	struct wb_key k;
	if (!row)
		return;
	wb_todo_drop(f, WB_SLA_TODO_CLOCK, ev->tenant, wb_id_of_field(clock), row->generation);
	if (row->state == WB_SLA_STATE(RUNNING)) {
		wb_sla_running_key(&k, ev->tenant, ev->stream_id, row);
		wb_del(f->db, &wb_sla_running, &k);
	}
	wb_sla_apply(row, exception, ev->payload, ev->recorded_at, f->arena);
	put_clock(f, ev, row);
}

#define ON_CLOCK(fn, Type)                                                                                             \
	static void fn(struct wb_fold *f, const struct wb_event *ev, const void *payload)                              \
	{                                                                                                              \
		change(f, ev, ((const Weibao__V1__##Type *)payload)->clock_id, NULL);                                  \
	}
ON_CLOCK(on_suspended, ClockSuspended)
ON_CLOCK(on_resumed, ClockResumed)
ON_CLOCK(on_retargeted, ClockRetargeted)
ON_CLOCK(on_warned, ClockWarned)
ON_CLOCK(on_met, ClockMet)
ON_CLOCK(on_breached, ClockBreached)
ON_CLOCK(on_stopped_late, ClockStoppedLate)
ON_CLOCK(on_stop_held, ClockStopHeld)
ON_CLOCK(on_voided, ClockVoided)
ON_CLOCK(on_escalated, ClockEscalated)
ON_CLOCK(on_overturned, JudgementOverturned)

/* ---- exceptions ---- */

static void put_exception(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ExceptionRow *row)
{
	struct wb_key k;
	wb_sla_part_key(&k, ev->tenant, ev->stream_id, wb_id_of_field(row->exception_id));
	wb_put_row(f->db, &wb_sla_exceptions, &k, &row->base);
}

static void on_proposed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ExceptionProposed *e = payload;
	Weibao__V1__ExceptionRow row = WEIBAO__V1__EXCEPTION_ROW__INIT;
	Weibao__V1__ClockRef ref = WEIBAO__V1__CLOCK_REF__INIT;
	wb_sla_apply_proposed(&row, e, ev->recorded_at, ev->envelope->actor->account_id);
	put_exception(f, ev, &row);
	change(f, ev, e->clock_id, &row);
	ref.ticket_id = e->ticket_id;
	if (e->has_pending_until)
		wb_todo_put(f, WB_SLA_TODO_EXCEPTION, ev->tenant, wb_id_of_field(e->exception_id), 0, e->pending_until,
		        &ref.base);
}

static void end_exception(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData exception, ProtobufCBinaryData clock)
{
	struct wb_id id = wb_id_of_field(exception);
	Weibao__V1__ExceptionRow *row = wb_sla_exception(f->db, ev->tenant, ev->stream_id, id, f->arena);
	wb_todo_drop(f, WB_SLA_TODO_EXCEPTION, ev->tenant, id, 0);
	if (!row)
		return;
	wb_sla_apply_exception(row, ev->payload, ev->recorded_at);
	put_exception(f, ev, row);
	change(f, ev, clock, row);
}

#define ON_EXCEPTION(fn, Type)                                                                                         \
	static void fn(struct wb_fold *f, const struct wb_event *ev, const void *payload)                              \
	{                                                                                                              \
		const Weibao__V1__##Type *e = payload;                                                                 \
		end_exception(f, ev, e->exception_id, e->clock_id);                                                    \
	}
ON_EXCEPTION(on_agreed, ExceptionAgreed)
ON_EXCEPTION(on_declined, ExceptionDeclined)
ON_EXCEPTION(on_lapsed, ExceptionLapsed)

const struct wb_evolve_def wb_sla_evolve[] = {
        {"TenantOpened", on_opened},
        {"PolicySaved", on_policy},
        {"CalendarSaved", on_calendar},
        {"TicketReported", wb_sla_on_reported},
        {"RoundStarted", wb_sla_on_round},
        {"TicketUrgencyChanged", wb_sla_on_urgency},
        {"UserCalled", wb_sla_on_called},
        {"PhoneSolved", wb_sla_on_solved},
        {"VisitNeeded", wb_sla_on_needed},
        {"TicketCancelled", wb_sla_on_cancelled},
        {"TicketLinked", wb_sla_on_linked},
        {"TicketClosed", wb_sla_on_closed},
        {"VisitScheduled", wb_sla_on_scheduled},
        {"VisitMoved", wb_sla_on_moved},
        {"VisitCancelled", wb_sla_on_visit_cancelled},
        {"EngineerArrived", wb_sla_on_arrived},
        {"VisitLeft", wb_sla_on_left},
        {"ServiceCompleted", wb_sla_on_completed},
        {"FollowUpRecorded", wb_sla_on_followed},
        {"FollowUpNotReached", wb_sla_on_not_reached},
        {"ClocksAdvanced", on_advanced},
        {"ClockStarted", on_started},
        {"ClockSuspended", on_suspended},
        {"ClockResumed", on_resumed},
        {"ClockRetargeted", on_retargeted},
        {"ClockWarned", on_warned},
        {"ClockMet", on_met},
        {"ClockBreached", on_breached},
        {"ClockStoppedLate", on_stopped_late},
        {"ClockStopHeld", on_stop_held},
        {"ClockVoided", on_voided},
        {"ClockEscalated", on_escalated},
        {"JudgementOverturned", on_overturned},
        {"ExceptionProposed", on_proposed},
        {"ExceptionAgreed", on_agreed},
        {"ExceptionDeclined", on_declined},
        {"ExceptionLapsed", on_lapsed},
};
