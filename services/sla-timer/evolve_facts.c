/*
 * What intake, dispatch and survey say of a ticket, noted as numbered facts until it is taken into account
 * (AdvanceClocks): evolve re-decides nothing, and a decision needs them in order.
 */
#include "services/sla-timer/evolve_facts.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"

static void put_ticket(struct wb_fold *f, const struct wb_event *ev, struct wb_id id, const Weibao__V1__SlaTicketRow *t)
{
	struct wb_key k;
	wb_sla_ticket_key(&k, ev->tenant, id);
	wb_put_row(f->db, &wb_sla_tickets, &k, &t->base);
}

/* Notes the fact, with its number and its place in the log filled in. Tickets without an SLA have none. */
static void note(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ticket, Weibao__V1__FactRow *fact)
{
	struct wb_id id = wb_id_of_field(ticket);
	Weibao__V1__SlaTicketRow *t = wb_sla_ticket(f->db, ev->tenant, id, f->arena);
	struct wb_key k;
	if (!t || t->exempt)
		return;
	fact->recorded_at = ev->recorded_at;
	fact->position = ev->position;
	fact->tenant_position = ev->tenant_position;
	if (fact->has_urgency)
		t->told_urgency = fact->urgency;
	t->noted++;
	wb_sla_fact_key(&k, ev->tenant, id, t->noted);
	wb_put_row(f->db, &wb_sla_facts, &k, &fact->base);
	put_ticket(f, ev, id, t);
	if (t->noted == t->through + 1)
		wb_todo_put(f, WB_SLA_TODO_FACTS, ev->tenant, id, t->noted, ev->recorded_at, NULL);
}

/* A fact of that kind. Its own time: what the phone's sound clock said, else what was stated, never after the record.
 */
static Weibao__V1__FactRow fact_of(
        const struct wb_event *ev, Weibao__V1__FactKind kind, uint32_t round, int64_t stated_at)
{
	Weibao__V1__FactRow fact = WEIBAO__V1__FACT_ROW__INIT;
	bool offline = ev->envelope->has_occurred_at;
	int64_t at = offline ? ev->occurred_at : stated_at;
	fact.kind = kind;
	fact.round = round;
	fact.at = at < ev->recorded_at ? at : ev->recorded_at;
	fact.has_offline = fact.offline = offline;
	return fact;
}

static void set_visit(Weibao__V1__FactRow *fact, ProtobufCBinaryData visit)
{
	fact->has_visit_id = true;
	fact->visit_id = visit;
}

void wb_sla_on_reported(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketReported *e = payload;
	Weibao__V1__SlaTicketRow t = WEIBAO__V1__SLA_TICKET_ROW__INIT;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(ROUND), 1, e->reported_at);
	t.kind = e->kind;
	t.exempt = !e->covered;
	t.direct_user_id = e->direct_user_id;
	t.caller_id = e->caller_id;
	t.onsite_contact_id = e->onsite_contact_id;
	t.urgency = t.told_urgency = e->urgency;
	put_ticket(f, ev, wb_id_of_field(e->ticket_id), &t);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_round(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RoundStarted *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(ROUND), e->round, e->started_at);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_urgency(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketUrgencyChanged *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(URGENCY), e->round, ev->recorded_at);
	fact.has_urgency = true;
	fact.urgency = e->urgency;
	note(f, ev, e->ticket_id, &fact);
}

/* Nobody reached: no response. */
void wb_sla_on_called(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__UserCalled *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(RESPONDED), e->round, e->called_at);
	if (e->reached)
		note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PhoneSolved *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(SOLVED), e->round, e->completed_at);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_needed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitNeeded *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(NEEDED), e->round, ev->recorded_at);
	note(f, ev, e->ticket_id, &fact);
}

static void note_end(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ticket, uint32_t round, const char *cause)
{
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(ENDED), round, ev->recorded_at);
	fact.cause = (char *)(uintptr_t)cause;
	note(f, ev, ticket, &fact);
}

void wb_sla_on_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketCancelled *e = payload;
	note_end(f, ev, e->ticket_id, e->round, "CANCELLED");
}

void wb_sla_on_linked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketLinked *e = payload;
	note_end(f, ev, e->ticket_id, 0, "LINKED");
}

void wb_sla_on_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketClosed *e = payload;
	note_end(f, ev, e->ticket_id, e->round, "CLOSED");
}

void wb_sla_on_scheduled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitScheduled *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(SCHEDULED), e->round, ev->recorded_at);
	set_visit(&fact, e->visit_id);
	fact.has_promised_at = true;
	fact.promised_at = e->promised_arrival_at;
	fact.has_earliest_at = e->has_earliest_offered_at;
	fact.earliest_at = e->earliest_offered_at;
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_moved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitMoved *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(MOVED), e->round, ev->recorded_at);
	set_visit(&fact, e->visit_id);
	fact.has_promised_at = true;
	fact.promised_at = e->promised_arrival_at;
	fact.has_earliest_at = e->has_earliest_offered_at;
	fact.earliest_at = e->earliest_offered_at;
	fact.has_by_user = true;
	fact.by_user = e->moved_by == WEIBAO__V1__MOVED_BY__MOVED_BY_USER;
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_visit_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitCancelled *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(VISIT_CANCELLED), e->round, ev->recorded_at);
	set_visit(&fact, e->visit_id);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_arrived(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerArrived *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(ARRIVED), e->round, e->arrived_at);
	set_visit(&fact, e->visit_id);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitLeft *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(LEFT), e->round, e->left_at);
	set_visit(&fact, e->visit_id);
	fact.has_second_visit = true;
	fact.second_visit = e->result == WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT;
	fact.has_promised_at = e->has_second_visit_at;
	fact.promised_at = e->second_visit_at;
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ServiceCompleted *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(COMPLETED), e->round, e->completed_at);
	set_visit(&fact, e->visit_id);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_followed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FollowUpRecorded *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(FOLLOWED), e->round, e->called_at);
	note(f, ev, e->ticket_id, &fact);
}

void wb_sla_on_not_reached(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	static char cause[] = "NOT_REACHED";
	const Weibao__V1__FollowUpNotReached *e = payload;
	Weibao__V1__FactRow fact = fact_of(ev, WB_SLA_FACT(FOLLOWED), e->round, ev->recorded_at);
	fact.cause = cause;
	note(f, ev, e->ticket_id, &fact);
}
