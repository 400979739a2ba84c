/* What intake says of tickets, and what that means for their visits. */
#include "services/dispatch/core.h"
#include "weibao/v1/intake_events.pb-c.h"

#define STATUS(name) WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_##name

static void put_ticket(struct wb_fold *f, const struct wb_event *ev, const Ticket *row)
{
	struct wb_key k;
	dp_thing_key(&k, ev->tenant, wb_id_of_field(row->reported->ticket_id));
	wb_put_row(f->db, &dp_tickets_table, &k, &row->base);
}

static Ticket *ticket_of(struct wb_fold *f, const struct wb_event *ev)
{
	return dp_ticket_get(f->db, ev->tenant, ev->stream_id, f->arena);
}

/* Visits that nobody is under way to are cancelled: one that is goes on to its end. */
static void owe_cancels(struct wb_fold *f, const struct wb_event *ev, uint32_t before_round, const char *reason)
{
	struct visit_walk w;
	Visit *v;
	dp_visit_walk(&w, f->db, ev->tenant, ev->stream_id, f->arena);
	while ((v = dp_visit_walk_next(&w)) != NULL) {
		Weibao__V1__VisitTodoRow row = WEIBAO__V1__VISIT_TODO_ROW__INIT;
		if (!dp_visit_is_open(v) || dp_visit_under_way(v) || v->round >= before_round)
			continue;
		row.ticket_id = v->ticket_id;
		row.visit_id = v->visit_id;
		row.round = v->round;
		row.reason = (char *)(uintptr_t)reason;
		wb_todo_put(f, DISPATCH_TODO_CANCEL, ev->tenant, wb_id_of_field(v->visit_id), 0, ev->recorded_at,
		        &row.base);
	}
	wb_scan_done(&w.scan);
}

static void move_on(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__DispatchTicketStatus status, const char *cancels)
{
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->status = status;
	put_ticket(f, ev, row);
	if (cancels)
		owe_cancels(f, ev, UINT32_MAX, cancels);
}

void dp_fold_ticket_reported(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__TicketReported *e = (Weibao__V1__TicketReported *)(uintptr_t)payload;
	Ticket row = WEIBAO__V1__TICKET_FACT_ROW__INIT;
	row.reported = e;
	row.status = STATUS(REPORTED);
	row.round = 1;
	row.category = e->category;
	row.urgency = e->urgency;
	row.has_device_id = e->has_device_id;
	row.device_id = e->device_id;
	row.model = e->model;
	row.serial = e->serial;
	row.secret_device = e->has_secret_device && e->secret_device;
	put_ticket(f, ev, &row);
}

void dp_fold_ticket_linked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	move_on(f, ev, STATUS(LINKED), "TICKET_LINKED");
}

void dp_fold_ticket_category(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketCategoryCorrected *e = payload;
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->category = e->category;
	put_ticket(f, ev, row);
}

void dp_fold_ticket_urgency(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketUrgencyChanged *e = payload;
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->urgency = e->urgency;
	put_ticket(f, ev, row);
}

void dp_fold_ticket_device(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketDeviceCorrected *e = payload;
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->has_device_id = true;
	row->device_id = e->device_id;
	row->model = e->model;
	row->serial = e->serial;
	row->secret_device = e->has_secret_device && e->secret_device;
	put_ticket(f, ev, row);
}

void dp_fold_handler_taken(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Ticket *row = ticket_of(f, ev);
	(void)payload;
	if (row && row->status == STATUS(REPORTED))
		move_on(f, ev, STATUS(IN_PHONE), NULL);
}

void dp_fold_visit_needed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Ticket *row = ticket_of(f, ev);
	(void)payload;
	if (row && !dp_ticket_over(row) && row->status != STATUS(VISITING))
		move_on(f, ev, STATUS(NEEDS_VISIT), NULL);
}

void dp_fold_phone_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PhoneSolved *e = payload;
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->status = STATUS(COMPLETED);
	row->has_completed_round = true;
	row->completed_round = e->round;
	put_ticket(f, ev, row);
	owe_cancels(f, ev, UINT32_MAX, "SOLVED_BY_PHONE");
}

void dp_fold_ticket_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	move_on(f, ev, STATUS(CANCELLED), "TICKET_CANCELLED");
}

void dp_fold_ticket_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	move_on(f, ev, STATUS(CLOSED), "TICKET_CLOSED");
}

/* An unsatisfied round goes straight to the next visit; a reopened ticket begins by phone like any other. */
void dp_fold_round_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RoundStarted *e = payload;
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->round = e->round;
	row->status =
	        e->cause == WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED ? STATUS(NEEDS_VISIT) : STATUS(REPORTED);
	put_ticket(f, ev, row);
	owe_cancels(f, ev, e->round, "ROUND_STARTED");
}

/* ---- and our own visits for them ---- */

void dp_ticket_scheduled(struct wb_fold *f, const struct wb_event *ev, uint32_t visit_number)
{
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	if (row->visits < visit_number)
		row->visits = visit_number;
	if (!dp_ticket_over(row))
		row->status = STATUS(VISITING);
	put_ticket(f, ev, row);
}

void dp_ticket_waits(struct wb_fold *f, const struct wb_event *ev)
{
	Ticket *row = ticket_of(f, ev);
	if (!row || row->status != STATUS(VISITING))
		return;
	row->status = STATUS(NEEDS_VISIT);
	put_ticket(f, ev, row);
}

void dp_ticket_completed(struct wb_fold *f, const struct wb_event *ev, uint32_t round)
{
	Ticket *row = ticket_of(f, ev);
	if (!row)
		return;
	row->has_completed_round = true;
	row->completed_round = round;
	if (!dp_ticket_over(row) && round == row->round)
		row->status = STATUS(COMPLETED);
	put_ticket(f, ev, row);
}
