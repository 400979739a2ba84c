/* Folds of tickets and complaints, and of what dispatch and survey say about tickets. */
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"

#include <string.h>

#define STATUS(s) WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_##s

static void put(struct wb_fold *f, const char *tenant, const Ticket *row)
{
	struct wb_key k;
	intake_key_id(&k, tenant, wb_id_of_field(row->ticket_id));
	wb_put_row(f->db, &intake_tickets_table, &k, &row->base);
}

static void mark(struct wb_fold *f, const struct wb_table *table, const char *tenant, ProtobufCBinaryData first,
        const Ticket *row, bool open)
{
	struct wb_key k;
	intake_key_ids(&k, tenant, wb_id_of_field(first), wb_id_of_field(row->ticket_id));
	if (open)
		wb_put(f->db, table, &k, (struct wb_bytes){NULL, 0});
	else
		wb_del(f->db, table, &k);
}

/* Where duplicates are looked for: by device and by person, while the ticket has not ended. */
static void index_ticket(struct wb_fold *f, const char *tenant, const Ticket *row, bool open)
{
	if (row->has_device_id)
		mark(f, &intake_open_by_device_table, tenant, row->device_id, row, open);
	mark(f, &intake_open_by_contact_table, tenant, row->caller_id, row, open);
	mark(f, &intake_open_by_contact_table, tenant, row->direct_user_id, row, open);
}

static Ticket *ticket_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData id)
{
	return ticket_get(f->db, ev->tenant, wb_id_of_field(id), f->arena);
}

/* Numbers end with the local date and a counter: CODE-20261123-0001. */
static void count_number(struct wb_fold *f, const char *tenant, const char *number)
{
	Weibao__V1__TicketCounterRow row = WEIBAO__V1__TICKET_COUNTER_ROW__INIT;
	const char *dash = strrchr(number, '-');
	char day[9];
	struct wb_key k;
	if (!dash || dash - number < 9)
		return;
	memcpy(day, dash - 8, 8);
	day[8] = '\0';
	for (const char *p = dash + 1; *p >= '0' && *p <= '9' && row.last < 100000000; p++)
		row.last = row.last * 10 + (uint32_t)(*p - '0');
	intake_key_str(&k, tenant, day);
	const Weibao__V1__TicketCounterRow *old = (const Weibao__V1__TicketCounterRow *)wb_get_row(
	        f->db, &intake_ticket_counters_table, &k, &weibao__v1__ticket_counter_row__descriptor, f->arena);
	if (!old || old->last < row.last)
		wb_put_row(f->db, &intake_ticket_counters_table, &k, &row.base);
}

void intake_on_ticket_reported(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketReported *e = payload;
	Ticket row = WEIBAO__V1__TICKET_ROW__INIT;
	row.ticket_id = e->ticket_id;
	row.number = e->number;
	row.status = STATUS(REPORTED);
	row.round = 1;
	row.office_id = e->place->office_id;
	row.caller_id = e->caller_id;
	row.onsite_contact_id = e->onsite_contact_id;
	row.direct_user_id = e->direct_user_id;
	row.has_device_id = e->has_device_id;
	row.device_id = e->device_id;
	row.category = e->category;
	row.kind = e->kind;
	row.urgency = e->urgency;
	row.unverified = e->unverified;
	row.reported_at = e->reported_at;
	row.round_started_at = e->reported_at;
	row.covered = e->covered;
	row.has_chargeable = e->has_chargeable;
	row.chargeable = e->chargeable;
	put(f, ev->tenant, &row);
	index_ticket(f, ev->tenant, &row, true);
	count_number(f, ev->tenant, e->number);
}

void intake_on_ticket_verified(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketVerified *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->unverified = false;
	put(f, ev->tenant, row);
}

static void end_ticket(struct wb_fold *f, const struct wb_event *ev, Ticket *row, Weibao__V1__TicketStatus status)
{
	row->status = status;
	put(f, ev->tenant, row);
	index_ticket(f, ev->tenant, row, false);
}

void intake_on_ticket_linked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketLinked *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (row)
		end_ticket(f, ev, row, STATUS(LINKED));
}

void intake_on_ticket_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketCancelled *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (row)
		end_ticket(f, ev, row, STATUS(CANCELLED));
}

void intake_on_ticket_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketClosed *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->has_closed_at = true;
	row->closed_at = ev->recorded_at;
	row->has_close_reason = true;
	row->close_reason = e->reason;
	end_ticket(f, ev, row, STATUS(CLOSED));
}

void intake_on_ticket_category(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketCategoryCorrected *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->category = e->category;
	put(f, ev->tenant, row);
}

void intake_on_ticket_urgency(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketUrgencyChanged *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->urgency = e->urgency;
	put(f, ev->tenant, row);
}

void intake_on_ticket_device(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketDeviceCorrected *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	bool open = ticket_open(row);
	index_ticket(f, ev->tenant, row, false);
	row->has_device_id = true;
	row->device_id = e->device_id;
	put(f, ev->tenant, row);
	index_ticket(f, ev->tenant, row, open);
}

/* ---- the phone stage ---- */

static bool in_round(const Ticket *row, uint32_t round)
{
	return row && row->round == round && ticket_open(row);
}

void intake_on_handler_taken(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__HandlerTaken *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!in_round(row, e->round))
		return;
	row->has_handler_id = true;
	row->handler_id = e->engineer_id;
	if (row->status == STATUS(REPORTED))
		row->status = STATUS(IN_PHONE);
	put(f, ev->tenant, row);
}

void intake_on_user_called(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__UserCalled *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!in_round(row, e->round))
		return;
	if (row->status == STATUS(REPORTED) && e->reached)
		row->status = STATUS(IN_PHONE);
	put(f, ev->tenant, row);
}

static void complete(struct wb_fold *f, const struct wb_event *ev, Ticket *row, int64_t at, bool by_phone)
{
	row->status = STATUS(COMPLETED);
	row->has_completed_at = true;
	row->completed_at = at;
	row->has_solved_by_phone = true;
	row->solved_by_phone = by_phone;
	put(f, ev->tenant, row);
}

void intake_on_phone_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PhoneSolved *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!in_round(row, e->round))
		return;
	if (e->category)
		row->category = e->category;
	complete(f, ev, row, e->completed_at, true);
}

void intake_on_phone_confirmed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PhoneSolutionConfirmed *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row || row->round != e->round)
		return;
	row->has_solution_confirmed = true;
	row->solution_confirmed = true;
	put(f, ev->tenant, row);
}

void intake_on_visit_needed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitNeeded *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!in_round(row, e->round))
		return;
	row->status = STATUS(NEEDS_VISIT);
	put(f, ev->tenant, row);
}

void intake_on_round_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RoundStarted *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->round = e->round;
	row->round_started_at = e->started_at;
	row->status = STATUS(REPORTED);
	row->has_handler_id = false;
	row->has_solved_by_phone = row->has_solution_confirmed = false;
	row->has_completed_at = row->has_closed_at = row->has_close_reason = false;
	row->has_round_cause = true;
	row->round_cause = e->cause;
	put(f, ev->tenant, row);
	index_ticket(f, ev->tenant, row, true);
}

/* ---- what dispatch says ---- */

static size_t find_id(const ProtobufCBinaryData *ids, size_t n, ProtobufCBinaryData id)
{
	size_t i = 0;
	while (i < n && !wb_id_equal(wb_id_of_field(ids[i]), wb_id_of_field(id)))
		i++;
	return i;
}

static void add_id(struct wb_fold *f, ProtobufCBinaryData **ids, size_t *n, ProtobufCBinaryData id)
{
	if (find_id(*ids, *n, id) < *n)
		return;
	ProtobufCBinaryData *more = WB_ARENA_ARRAY(f->arena, ProtobufCBinaryData, *n + 1);
	if (!more)
		return;
	for (size_t i = 0; i < *n; i++)
		more[i] = (*ids)[i];
	more[*n] = id;
	*ids = more;
	*n += 1;
}

static void drop_id(ProtobufCBinaryData *ids, size_t *n, ProtobufCBinaryData id)
{
	size_t at = find_id(ids, *n, id);
	if (at == *n)
		return;
	for (size_t i = at; i + 1 < *n; i++)
		ids[i] = ids[i + 1];
	*n -= 1;
}

void intake_on_visit_scheduled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitScheduled *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	add_id(f, &row->open_visit_ids, &row->n_open_visit_ids, e->visit_id);
	row->has_visits = true;
	row->visits++;
	if (in_round(row, e->round) && row->status != STATUS(COMPLETED))
		row->status = STATUS(VISITING);
	put(f, ev->tenant, row);
}

void intake_on_engineer_assigned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerAssigned *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	add_id(f, &row->engineer_ids, &row->n_engineer_ids, e->engineer_id);
	put(f, ev->tenant, row);
}

/* A visit is over without the round being completed: another one is needed. */
static void visit_over(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ticket, ProtobufCBinaryData visit)
{
	Ticket *row = ticket_of(f, ev, ticket);
	if (!row)
		return;
	drop_id(row->open_visit_ids, &row->n_open_visit_ids, visit);
	if (row->status == STATUS(VISITING) && row->n_open_visit_ids == 0)
		row->status = STATUS(NEEDS_VISIT);
	put(f, ev->tenant, row);
}

void intake_on_visit_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitCancelled *e = payload;
	visit_over(f, ev, e->ticket_id, e->visit_id);
}

void intake_on_visit_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitEnded *e = payload;
	visit_over(f, ev, e->ticket_id, e->visit_id);
}

void intake_on_visit_diagnosed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitDiagnosed *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row || !e->category)
		return;
	row->category = e->category;
	put(f, ev->tenant, row);
}

void intake_on_service_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ServiceCompleted *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (in_round(row, e->round))
		complete(f, ev, row, e->completed_at, false);
}

void intake_on_visit_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FurtherVisitDeclined *e = payload;
	Ticket *row = ticket_of(f, ev, e->ticket_id);
	if (!row)
		return;
	row->has_declined_round = true;
	row->declined_round = e->round;
	put(f, ev->tenant, row);
}

/* ---- complaints ---- */

static void put_complaint(struct wb_fold *f, const struct wb_event *ev, const Complaint *row)
{
	struct wb_key k;
	intake_key_id(&k, ev->tenant, wb_id_of_field(row->complaint_id));
	wb_put_row(f->db, &intake_complaints_table, &k, &row->base);
}

void intake_on_complaint_made(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintMade *e = payload;
	Complaint row = WEIBAO__V1__COMPLAINT_ROW__INIT;
	struct wb_key k;
	row.complaint_id = e->complaint_id;
	row.has_ticket_id = e->has_ticket_id;
	row.ticket_id = e->ticket_id;
	row.text = e->text;
	row.has_contact_id = e->has_contact_id;
	row.contact_id = e->contact_id;
	row.made_at = ev->recorded_at;
	row.due_at = e->due_at;
	row.has_by_violation = e->has_by_violation;
	row.by_violation = e->by_violation;
	put_complaint(f, ev, &row);
	intake_key_time(&k, ev->tenant, row.made_at, wb_id_of_field(e->complaint_id));
	wb_put(f->db, &intake_complaint_times_table, &k, (struct wb_bytes){NULL, 0});
}

void intake_on_complaint_answered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintAnswered *e = payload;
	Complaint *row = complaint_get(f->db, ev->tenant, wb_id_of_field(e->complaint_id), f->arena);
	if (!row)
		return;
	row->answer = e->answer;
	row->has_answered_at = true;
	row->answered_at = ev->recorded_at;
	put_complaint(f, ev, row);
}

void intake_on_complaint_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintClosed *e = payload;
	Complaint *row = complaint_get(f->db, ev->tenant, wb_id_of_field(e->complaint_id), f->arena);
	if (!row)
		return;
	row->has_closed = row->closed = true;
	row->has_accepted_by_client = true;
	row->accepted_by_client = e->accepted_by_client;
	row->has_closed_at = true;
	row->closed_at = ev->recorded_at;
	put_complaint(f, ev, row);
}

void intake_on_complaint_handling(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintHandlingNoted *e = payload;
	Weibao__V1__ComplaintHandlingRow row = WEIBAO__V1__COMPLAINT_HANDLING_ROW__INIT;
	struct wb_key k;
	row.note = e->note;
	row.at = ev->recorded_at;
	wb_key_init(&k);
	wb_key_id(&k, wb_id_of_field(e->complaint_id));
	wb_key_str(&k, e->client);
	wb_key_u64(&k, ev->position);
	wb_put_row(f->db, &intake_complaint_handling_table, &k, &row.base);
}
