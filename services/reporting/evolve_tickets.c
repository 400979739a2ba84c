/* Tickets and complaints. */
#include "services/reporting/evolve.h"

#include <string.h>

#define STAGE(s) WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_##s

static void index_contact(
        struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData contact)
{
	struct wb_id survivor = rp_survivor(f, ev, THING_CONTACT, wb_id_of_field(contact));
	rp_index_put(f, ev, row, BY_CONTACT, rp_bytes_of_field(contact));
	rp_index_put(f, ev, row, BY_CONTACT, rp_bytes_of_id(&survivor));
}

static void index_new(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row)
{
	uint8_t stage = (uint8_t)row->stage, urgency = (uint8_t)row->urgency, covered = row->covered ? 1 : 0,
	        breached = 0;
	struct wb_key k;
	rp_index_put(f, ev, row, BY_ALL, (struct wb_bytes){NULL, 0});
	rp_index_put(f, ev, row, BY_STAGE, (struct wb_bytes){&stage, 1});
	rp_index_put(f, ev, row, BY_URGENCY, (struct wb_bytes){&urgency, 1});
	rp_index_put(f, ev, row, BY_COVERED, (struct wb_bytes){&covered, 1});
	rp_index_put(f, ev, row, BY_BREACHED, (struct wb_bytes){&breached, 1});
	rp_index_put(f, ev, row, BY_OFFICE, rp_bytes_of_field(row->office_id));
	rp_index_put(f, ev, row, BY_CATEGORY, wb_bytes_str(row->category));
	index_contact(f, ev, row, row->caller_id);
	index_contact(f, ev, row, row->onsite_contact_id);
	index_contact(f, ev, row, row->direct_user_id);
	if (row->has_device_id) {
		struct wb_id device = rp_survivor(f, ev, THING_DEVICE, wb_id_of_field(row->device_id));
		rp_index_put(f, ev, row, BY_DEVICE, rp_bytes_of_field(row->device_id));
		rp_index_put(f, ev, row, BY_DEVICE, rp_bytes_of_id(&device));
	}
	rp_number_key(&k, ev->tenant, row->number);
	wb_put(f->db, &rp_numbers_table, &k, rp_bytes_of_field(row->ticket_id));
}

void rp_fold_ticket_reported(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketReported *e = payload;
	Weibao__V1__ReadTicketRow row = WEIBAO__V1__READ_TICKET_ROW__INIT;
	struct wb_key k;
	rp_note(f, ev, &ev->stream_id);
	if (rp_ticket_get(f->db, ev->tenant, ev->stream_id, f->arena))
		return; /* a ticket is reported once */
	row.ticket_id = e->ticket_id;
	row.number = e->number;
	row.stage = STAGE(REPORTED);
	row.round = 1;
	row.reported_at = e->reported_at;
	row.office_id = e->place->office_id;
	row.caller_id = e->caller_id;
	row.onsite_contact_id = e->onsite_contact_id;
	row.direct_user_id = e->direct_user_id;
	row.has_device_id = e->has_device_id;
	row.device_id = e->device_id;
	row.model = e->model;
	row.serial = e->serial;
	row.category = e->category;
	row.urgency = e->urgency;
	row.covered = e->covered;
	row.unverified = e->unverified;
	row.has_secret_device = e->has_secret_device;
	row.secret_device = e->secret_device;
	index_new(f, ev, &row);
	rp_id_key(&k, ev->tenant, ev->stream_id);
	wb_put_row(f->db, &rp_tickets_table, &k, &row.base);
	wb_put(f->db, &rp_reports_table, &k, rp_bytes_of_field(ev->envelope->payload));
}

void rp_fold_ticket_verified(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	struct ticket_edit t;
	(void)payload;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->unverified = false;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_linked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketLinked *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->stage = STAGE(LINKED);
	t.row->has_linked_to_id = true;
	t.row->linked_to_id = e->to_ticket_id;
	rp_part_mark(f, ev, wb_id_of_field(e->to_ticket_id), PART_LINKED, t.id);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_category(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketCategoryCorrected *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->category = e->category;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_urgency(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketUrgencyChanged *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->urgency = e->urgency;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_device(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketDeviceCorrected *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->has_device_id = true;
	t.row->device_id = e->device_id;
	if (e->model)
		t.row->model = e->model;
	if (e->serial)
		t.row->serial = e->serial;
	t.row->has_secret_device = e->has_secret_device;
	t.row->secret_device = e->secret_device;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_handler_taken(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__HandlerTaken *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	if (t.row->stage == STAGE(REPORTED))
		t.row->stage = STAGE(IN_PHONE);
	t.row->has_handler_id = true;
	t.row->handler_id = e->engineer_id;
	rp_ticket_engineer(f, ev, t.row, e->engineer_id);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_user_called(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__UserCalled *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	if (t.row->stage == STAGE(REPORTED) && e->reached)
		t.row->stage = STAGE(IN_PHONE);
	rp_ticket_save(f, ev, &t);
}

static void solution(struct wb_fold *f, const struct wb_event *ev, const char *what, uint32_t round,
        Weibao__V1__Personal *text, const ProtobufCBinaryData *engineer)
{
	Weibao__V1__ReadSolutionRow row = WEIBAO__V1__READ_SOLUTION_ROW__INIT;
	row.what = (char *)(uintptr_t)what;
	row.round = round;
	row.text = text;
	row.at = ev->occurred_at;
	row.has_engineer_id = engineer != NULL;
	if (engineer)
		row.engineer_id = *engineer;
	rp_part_put(f, ev, ev->stream_id, PART_SOLUTION, rp_id_of_number(ev->position), &row.base);
}

static void complete(Weibao__V1__ReadTicketRow *row, int64_t at, bool by_phone)
{
	row->stage = STAGE(COMPLETED);
	row->has_completed_at = true;
	row->completed_at = at;
	row->has_by_phone = true;
	row->by_phone = by_phone;
}

void rp_fold_phone_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PhoneSolved *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	complete(t.row, e->completed_at, true);
	if (e->category)
		t.row->category = e->category;
	rp_ticket_engineer(f, ev, t.row, e->engineer_id);
	solution(f, ev, "phone", e->round, e->steps, &e->engineer_id);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_service_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ServiceCompleted *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	complete(t.row, e->completed_at, false);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_visit_needed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	struct ticket_edit t;
	(void)payload;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->stage = STAGE(NEEDS_VISIT);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_note(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketNoteAdded *e = payload;
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(f->db, ev->tenant, ev->stream_id, f->arena);
	rp_note(f, ev, &ev->stream_id);
	if (row)
		solution(f, ev, "note", row->round, e->text, NULL);
}

void rp_fold_ticket_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	struct ticket_edit t;
	(void)payload;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->stage = STAGE(CANCELLED);
	t.row->has_closed_at = true;
	t.row->closed_at = ev->recorded_at;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_ticket_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketClosed *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->stage = STAGE(CLOSED);
	t.row->has_closed_at = true;
	t.row->closed_at = ev->recorded_at;
	t.row->has_close_reason = true;
	t.row->close_reason = e->reason;
	rp_ticket_save(f, ev, &t);
}

/* The round begins as the ticket did; what was judged before stays judged. */
void rp_fold_round_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RoundStarted *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->stage = STAGE(REPORTED);
	t.row->round = e->round;
	t.row->has_round_started_at = true;
	t.row->round_started_at = e->started_at;
	t.row->has_completed_at = t.row->has_closed_at = t.row->has_close_reason = false;
	t.row->has_by_phone = t.row->has_result = t.row->has_grade = t.row->has_handler_id = false;
	t.row->has_visit_id = t.row->has_engineer_id = t.row->has_promised_arrival_at = false;
	rp_ticket_save(f, ev, &t);
}

/* ---- complaints ---- */

static void complaint_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadComplaintRow *row)
{
	struct wb_key k;
	rp_id_key(&k, ev->tenant, ev->stream_id);
	wb_put_row(f->db, &rp_complaints_table, &k, &row->base);
}

static Weibao__V1__ReadComplaintRow *complaint_of(
        struct wb_fold *f, const struct wb_event *ev, struct wb_id *ret_ticket)
{
	struct wb_key k;
	rp_id_key(&k, ev->tenant, ev->stream_id);
	Weibao__V1__ReadComplaintRow *row = (Weibao__V1__ReadComplaintRow *)wb_get_row(
	        f->db, &rp_complaints_table, &k, &weibao__v1__read_complaint_row__descriptor, f->arena);
	*ret_ticket = row ? wb_id_of_field(row->ticket_id) : (struct wb_id){{0}};
	rp_note(f, ev, row && row->has_ticket_id ? ret_ticket : NULL);
	return row;
}

void rp_fold_complaint_made(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintMade *e = payload;
	Weibao__V1__ReadComplaintRow row = WEIBAO__V1__READ_COMPLAINT_ROW__INIT;
	struct wb_id ticket = wb_id_of_field(e->ticket_id);
	rp_note(f, ev, e->has_ticket_id ? &ticket : NULL);
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
	complaint_put(f, ev, &row);
	if (e->has_ticket_id)
		rp_part_mark(f, ev, ticket, PART_COMPLAINT, ev->stream_id);
	rp_matter_put(f, ev, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_COMPLAINT, row.made_at, ticket, ev->stream_id, NULL);
}

void rp_fold_complaint_answered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintAnswered *e = payload;
	struct wb_id ticket;
	Weibao__V1__ReadComplaintRow *row = complaint_of(f, ev, &ticket);
	if (!row)
		return;
	row->answer = e->answer;
	row->has_answered_at = true;
	row->answered_at = ev->recorded_at;
	complaint_put(f, ev, row);
}

void rp_fold_complaint_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ComplaintClosed *e = payload;
	struct wb_id ticket;
	Weibao__V1__ReadComplaintRow *row = complaint_of(f, ev, &ticket);
	if (!row)
		return;
	row->has_closed_at = true;
	row->closed_at = ev->recorded_at;
	row->has_accepted_by_client = true;
	row->accepted_by_client = e->accepted_by_client;
	complaint_put(f, ev, row);
	rp_matter_drop(f, ev, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_COMPLAINT, row->made_at, ticket, ev->stream_id);
}

void rp_fold_attachment_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AttachmentAdded *e = payload;
	Weibao__V1__ReadFileRow row = WEIBAO__V1__READ_FILE_ROW__INIT;
	struct wb_id ticket = wb_id_of_field(e->ticket_id);
	rp_note(f, ev, e->has_ticket_id ? &ticket : NULL);
	if (!e->has_ticket_id)
		return;
	row.attachment_id = e->attachment_id;
	row.media_type = e->media_type;
	row.size_bytes = e->size_bytes;
	row.purpose = e->purpose;
	row.has_visit_id = e->has_visit_id;
	row.visit_id = e->visit_id;
	row.file_name = e->file_name;
	row.added_at = ev->recorded_at;
	rp_part_put(f, ev, ticket, PART_FILE, ev->stream_id, &row.base);
}
