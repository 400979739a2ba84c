/* The case file: a ticket with all that belongs to it, and a page of its timeline. */
#include "services/reporting/query.h"

#include <string.h>

#define PARTS_MAX 500u /* of one kind */

static bool report_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row, Weibao__V1__GetTicketAnswer *r)
{
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, q->tenant, wb_id_of_field(row->ticket_id), q->arena);
	Weibao__V1__CaseReport *out = e ? WB_ARENA_NEW(q->arena, Weibao__V1__CaseReport) : NULL;
	if (!out)
		return false;
	weibao__v1__case_report__init(out);
	out->office_id = e->place->office_id;
	out->office_name = e->place->office_name;
	out->address = e->place->address;
	out->telephone = e->telephone;
	out->symptom = e->symptom;
	out->category = e->category;
	out->channel = e->channel;
	out->model = e->model;
	out->serial = e->serial;
	out->has_contract_version = e->has_contract_version;
	out->contract_version = e->contract_version;
	out->has_uncovered_reason = e->has_uncovered_reason;
	out->uncovered_reason = e->uncovered_reason;
	out->has_chargeable = e->has_chargeable;
	out->chargeable = e->chargeable;
	out->has_secret_device = row->has_secret_device;
	out->secret_device = row->secret_device;
	r->report = out;
	return true;
}

/* ---- people and device ---- */

static Weibao__V1__CasePerson *person_of(
        struct wb_query *q, const char *part, ProtobufCBinaryData contact, Weibao__V1__Personal *then)
{
	Weibao__V1__CasePerson *p = WB_ARENA_NEW(q->arena, Weibao__V1__CasePerson);
	if (!p)
		return NULL;
	weibao__v1__case_person__init(p);
	p->part = (char *)(uintptr_t)part;
	p->contact_id = contact;
	p->name_then = then;
	const Weibao__V1__ReadContactRow *c = (const Weibao__V1__ReadContactRow *)rp_thing_get(q->db, q->tenant,
	        THING_CONTACT, wb_id_of_field(contact), &weibao__v1__read_contact_row__descriptor, q->arena);
	if (!c)
		return p;
	p->name = c->name;
	p->telephones = c->telephones;
	p->n_telephones = c->n_telephones;
	p->email = c->email;
	p->has_office_id = true;
	p->office_id = c->office_id;
	return p;
}

static bool people_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row, Weibao__V1__GetTicketAnswer *r)
{
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, q->tenant, wb_id_of_field(row->ticket_id), q->arena);
	r->people = WB_ARENA_ARRAY(q->arena, Weibao__V1__CasePerson *, 3);
	if (!e || !r->people)
		return false;
	r->people[0] = person_of(q, "caller", e->caller_id, e->caller_name);
	r->people[1] = person_of(q, "onsiteContact", e->onsite_contact_id, e->onsite_contact_name);
	r->people[2] = person_of(q, "directUser", e->direct_user_id, e->direct_user_name);
	r->n_people = 3;
	return r->people[0] && r->people[1] && r->people[2];
}

static const Weibao__V1__ReadOfficeRow *office_get(struct wb_query *q, ProtobufCBinaryData office)
{
	return (const Weibao__V1__ReadOfficeRow *)rp_thing_get(q->db, q->tenant, THING_OFFICE, wb_id_of_field(office),
	        &weibao__v1__read_office_row__descriptor, q->arena);
}

static bool device_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row, Weibao__V1__GetTicketAnswer *r)
{
	if (!row->has_device_id)
		return true;
	r->device = WB_ARENA_NEW(q->arena, Weibao__V1__CaseDevice);
	if (!r->device)
		return false;
	weibao__v1__case_device__init(r->device);
	r->device->device_id = row->device_id;
	const Weibao__V1__ReadDeviceRow *d = (const Weibao__V1__ReadDeviceRow *)rp_thing_get(q->db, q->tenant,
	        THING_DEVICE, wb_id_of_field(row->device_id), &weibao__v1__read_device_row__descriptor, q->arena);
	if (!d)
		return true;
	const Weibao__V1__ReadOfficeRow *office = d->has_office_id ? office_get(q, d->office_id) : NULL;
	r->device->details = d->details;
	r->device->has_office_id = d->has_office_id;
	r->device->office_id = d->office_id;
	r->device->office_name = office ? office->name : NULL;
	r->device->has_user_id = d->has_user_id;
	r->device->user_id = d->user_id;
	r->device->has_retired = d->has_retired;
	r->device->retired = d->retired;
	return true;
}

/* ---- parts ---- */

/* All rows of a table under a prefix as messages of one type; NULL: none. */
static void rows_of(struct wb_query *q, const struct wb_table *table, const struct wb_key *prefix,
        const ProtobufCMessageDescriptor *descriptor, void *ret_rows, size_t *ret_n)
{
	size_t n = wb_count(q->db, table, prefix, PARTS_MAX), i = 0;
	ProtobufCMessage **rows = n ? WB_ARENA_ARRAY(q->arena, ProtobufCMessage *, n) : NULL;
	struct wb_bytes key, value;
	struct wb_scan scan;
	*ret_n = 0;
	if (!rows)
		return;
	wb_scan_prefix(&scan, q->db, table, prefix);
	while (i < n && wb_scan_next(&scan, &key, &value)) {
		rows[i] = wb_unpack_row(q->db, table, value, descriptor, q->arena);
		if (!rows[i])
			break;
		i++;
	}
	wb_scan_done(&scan);
	memcpy(ret_rows, &rows, sizeof rows);
	*ret_n = i;
}

void rp_parts_of(struct wb_query *q, struct wb_id ticket, enum part part, const ProtobufCMessageDescriptor *descriptor,
        void *ret_rows, size_t *ret_n)
{
	struct wb_key prefix;
	rp_part_prefix(&prefix, q->tenant, ticket, part);
	rows_of(q, &rp_parts_table, &prefix, descriptor, ret_rows, ret_n);
}

static void all_parts(struct wb_query *q, struct wb_id t, Weibao__V1__GetTicketAnswer *r)
{
	struct wb_key prefix;
	rp_id_key(&prefix, q->tenant, t);
	rows_of(q, &rp_clocks_table, &prefix, &weibao__v1__read_clock_row__descriptor, &r->clocks, &r->n_clocks);
	rp_parts_of(q, t, PART_FORMAT, &weibao__v1__read_format_row__descriptor, &r->formats, &r->n_formats);
	rp_parts_of(
	        q, t, PART_EXCEPTION, &weibao__v1__read_exception_row__descriptor, &r->exceptions, &r->n_exceptions);
	rp_parts_of(q, t, PART_RATING, &weibao__v1__read_rating_row__descriptor, &r->ratings, &r->n_ratings);
	rp_parts_of(
	        q, t, PART_FOLLOW_UP, &weibao__v1__read_follow_up_row__descriptor, &r->follow_ups, &r->n_follow_ups);
	rp_parts_of(q, t, PART_DECISION, &weibao__v1__read_decision_row__descriptor, &r->decisions, &r->n_decisions);
	rp_parts_of(q, t, PART_REPAIR, &weibao__v1__read_repair_row__descriptor, &r->repairs, &r->n_repairs);
	rp_parts_of(q, t, PART_CUSTODY, &weibao__v1__read_custody_row__descriptor, &r->custody, &r->n_custody);
	rp_parts_of(q, t, PART_LOAN, &weibao__v1__read_loan_row__descriptor, &r->loans, &r->n_loans);
	rp_parts_of(q, t, PART_CHARGE, &weibao__v1__read_charge_row__descriptor, &r->charges, &r->n_charges);
	rp_parts_of(q, t, PART_HELD, &weibao__v1__read_held_row__descriptor, &r->held, &r->n_held);
	rp_parts_of(q, t, PART_SOLUTION, &weibao__v1__read_solution_row__descriptor, &r->solutions, &r->n_solutions);
	rp_parts_of(q, t, PART_FILE, &weibao__v1__read_file_row__descriptor, &r->files, &r->n_files);
}

void rp_visit_rows_of(struct wb_query *q, struct wb_id ticket, Weibao__V1__ReadVisitRow ***ret, size_t *ret_n)
{
	struct wb_key prefix;
	*ret = NULL;
	rp_id_key(&prefix, q->tenant, ticket);
	rows_of(q, &rp_visits_table, &prefix, &weibao__v1__read_visit_row__descriptor, ret, ret_n);
}

Weibao__V1__ReadVisitRow *rp_newest_visit(Weibao__V1__ReadVisitRow **visits, size_t n)
{
	Weibao__V1__ReadVisitRow *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (visits[i]->stage != WEIBAO__V1__VISIT_STAGE__VISIT_STAGE_CANCELLED &&
		        (!best || visits[i]->visit_number > best->visit_number))
			best = visits[i];
	return best;
}

bool rp_is_on_visit(const Weibao__V1__ReadVisitEngineer *g)
{
	return !g->has_released_at && !g->has_declined_at;
}

static void visits_of(struct wb_query *q, struct wb_id ticket, Weibao__V1__GetTicketAnswer *r)
{
	Weibao__V1__ReadVisitRow **visits;
	size_t n;
	rp_visit_rows_of(q, ticket, &visits, &n);
	r->visits = n ? WB_ARENA_ARRAY(q->arena, Weibao__V1__CaseVisit *, n) : NULL;
	for (size_t i = 0; r->visits && i < n; i++) {
		Weibao__V1__CaseVisit *v = WB_ARENA_NEW(q->arena, Weibao__V1__CaseVisit);
		if (!v)
			return;
		weibao__v1__case_visit__init(v);
		v->visit = visits[i];
		v->form = (Weibao__V1__ReadFormRow *)rp_part_get(q->db, q->tenant, ticket, PART_FORM,
		        wb_id_of_field(visits[i]->visit_id), &weibao__v1__read_form_row__descriptor, q->arena);
		r->visits[r->n_visits++] = v;
	}
}

/* The ids under a part that is an index only. */
static size_t marks_of(struct wb_query *q, struct wb_id ticket, enum part part, struct wb_id *ret, size_t max)
{
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	size_t n = 0;
	rp_part_prefix(&prefix, q->tenant, ticket, part);
	wb_scan_prefix(&scan, q->db, &rp_parts_table, &prefix);
	while (n < max && wb_scan_next(&scan, &key, &value))
		if (key.len == prefix.len + WB_ID_BYTES &&
		        wb_id_from_bytes(key.data + prefix.len, WB_ID_BYTES, &ret[n]))
			n++;
	wb_scan_done(&scan);
	return n;
}

static void complaints_of(struct wb_query *q, struct wb_id ticket, Weibao__V1__GetTicketAnswer *r)
{
	struct wb_id ids[50];
	size_t n = marks_of(q, ticket, PART_COMPLAINT, ids, sizeof ids / sizeof ids[0]);
	r->complaints = n ? WB_ARENA_ARRAY(q->arena, Weibao__V1__ReadComplaintRow *, n) : NULL;
	for (size_t i = 0; r->complaints && i < n; i++) {
		struct wb_key k;
		rp_id_key(&k, q->tenant, ids[i]);
		Weibao__V1__ReadComplaintRow *row = (Weibao__V1__ReadComplaintRow *)wb_get_row(
		        q->db, &rp_complaints_table, &k, &weibao__v1__read_complaint_row__descriptor, q->arena);
		if (row)
			r->complaints[r->n_complaints++] = row;
	}
}

/* A linked ticket of somebody else's is not named to who may not see it. */
static void link_add(struct wb_query *q, Weibao__V1__GetTicketAnswer *r, struct wb_id ticket, bool duplicate)
{
	struct viewer v = rp_viewer_of(q);
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, ticket, q->arena);
	Weibao__V1__CaseLink *l = row && rp_may_see(q, &v, row) ? WB_ARENA_NEW(q->arena, Weibao__V1__CaseLink) : NULL;
	if (!l)
		return;
	weibao__v1__case_link__init(l);
	l->ticket_id = row->ticket_id;
	l->number = row->number;
	l->stage = row->stage;
	l->duplicate_of_this = duplicate;
	r->links[r->n_links++] = l;
}

static void links_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row, Weibao__V1__GetTicketAnswer *r)
{
	struct wb_id ids[100];
	size_t n = marks_of(q, wb_id_of_field(row->ticket_id), PART_LINKED, ids, sizeof ids / sizeof ids[0]);
	r->links = WB_ARENA_ARRAY(q->arena, Weibao__V1__CaseLink *, n + 1);
	if (!r->links)
		return;
	if (row->has_linked_to_id)
		link_add(q, r, wb_id_of_field(row->linked_to_id), false);
	for (size_t i = 0; i < n; i++)
		link_add(q, r, ids[i], true);
}

/* ---- timeline ---- */

static Weibao__V1__TimelineItem *moment_of(struct wb_query *q, uint64_t position)
{
	struct wb_key k;
	rp_event_key(&k, q->tenant, position);
	const Weibao__V1__ReadEventRow *e = (const Weibao__V1__ReadEventRow *)wb_get_row(
	        q->db, &rp_events_table, &k, &weibao__v1__read_event_row__descriptor, q->arena);
	Weibao__V1__TimelineItem *i = e ? WB_ARENA_NEW(q->arena, Weibao__V1__TimelineItem) : NULL;
	if (!i)
		return NULL;
	weibao__v1__timeline_item__init(i);
	i->event_type = e->event_type;
	i->stream_kind = e->stream_kind;
	i->recorded_at = e->recorded_at;
	i->has_occurred_at = e->has_occurred_at;
	i->occurred_at = e->occurred_at;
	i->actor_id = e->actor_id;
	i->has_role = e->has_role && e->role > 0;
	i->role = (Weibao__V1__Role)e->role;
	i->has_person_id = e->has_person_id;
	i->person_id = e->person_id;
	i->service = e->service;
	i->tenant_position = e->tenant_position;
	rp_event_values(q->arena, e, true, &i->values, &i->n_values);
	return i;
}

static bool timeline_of(
        struct wb_query *q, struct wb_id ticket, const char *cursor, uint32_t limit, Weibao__V1__GetTicketAnswer *r)
{
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	if (cursor && !rp_cursor_read(cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "timelineCursor");
		return false;
	}
	if (cursor)
		wb_key_after(&from);
	r->timeline = WB_ARENA_ARRAY(q->arena, Weibao__V1__TimelineItem *, limit);
	rp_id_key(&prefix, q->tenant, ticket);
	wb_key_init(&last);
	wb_scan_from(&scan, q->db, &rp_timeline_table, &prefix, cursor ? &from : NULL);
	while (r->timeline && wb_scan_next(&scan, &key, &value)) {
		if (r->n_timeline == limit) {
			r->next_timeline_cursor = rp_cursor_text(q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		Weibao__V1__TimelineItem *i = moment_of(q, wb_be64_get(key.data + key.len - 8));
		if (!i)
			break;
		r->timeline[r->n_timeline++] = i;
	}
	wb_scan_done(&scan);
	return true;
}

static Weibao__V1__GetTicketAnswer *case_of(
        struct wb_query *q, struct wb_id ticket, const char *path, const char *cursor, uint32_t limit)
{
	const Weibao__V1__ReadTicketRow *row = rp_ticket_for(q, ticket, path);
	Weibao__V1__GetTicketAnswer *r = row ? rp_answer_new(q, sizeof *r) : NULL;
	if (!r)
		return NULL;
	weibao__v1__get_ticket_answer__init(r);
	r->ticket = rp_line_of(q, row);
	if (!r->ticket || !report_of(q, row, r) || !people_of(q, row, r) || !device_of(q, row, r)) {
		wb_query_refuse(q, WB_BUSY, NULL);
		return NULL;
	}
	all_parts(q, ticket, r);
	visits_of(q, ticket, r);
	complaints_of(q, ticket, r);
	links_of(q, row, r);
	return timeline_of(q, ticket, cursor, limit, r) ? r : NULL;
}

void rp_answer_ticket(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetTicket *c = request;
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	Weibao__V1__GetTicketAnswer *r = case_of(
	        q, ticket, "ticketId", c->timeline_cursor, rp_page_size(c->has_timeline_limit, c->timeline_limit));
	if (!r)
		return;
	wb_answer(q, &r->base);
	wb_answer_version(q, "ticket", ticket);
}

void rp_answer_ticket_by_number(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetTicketByNumber *c = request;
	struct wb_id ticket;
	if (!rp_number_find(q->db, q->tenant, c->number, &ticket)) {
		wb_query_refuse(q, WB_NOT_FOUND, "number");
		return;
	}
	Weibao__V1__GetTicketByNumberAnswer *r = rp_answer_new(q, sizeof *r);
	Weibao__V1__GetTicketAnswer *found = r ? case_of(q, ticket, "number", c->timeline_cursor,
	                                                 rp_page_size(c->has_timeline_limit, c->timeline_limit))
	                                       : NULL;
	if (!found)
		return;
	weibao__v1__get_ticket_by_number_answer__init(r);
	r->ticket_case = found;
	wb_answer(q, &r->base);
	wb_answer_version(q, "ticket", ticket);
}
