/* Queries over tickets and complaints: where they stand. */
#include "service/page.h"
#include "service/projection.h"
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/intake_queries.pb-c.h"

#include <string.h>

static bool has_role(const struct wb_query *q, uint32_t roles)
{
	for (size_t i = 0; i < q->who->n_roles; i++)
		if (roles & (1u << q->who->roles[i]))
			return true;
	return false;
}

static bool is_person(const struct wb_query *q, ProtobufCBinaryData id)
{
	return q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), wb_id_of_field(id));
}

/* A user sees the own tickets, an engineer's team reads them all, a link's holder the one it names. */
static bool may_see(const struct wb_query *q, const Ticket *t)
{
	if (has_role(q, WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR)))
		return true;
	if (has_role(q, WB_ROLE(LINK)))
		return q->who->has_link_id &&
		       wb_id_equal(wb_id_of_field(q->who->link_id), wb_id_of_field(t->ticket_id));
	return is_person(q, t->caller_id) || is_person(q, t->onsite_contact_id) || is_person(q, t->direct_user_id);
}

void intake_get_ticket_state(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetTicketState *c = request;
	struct wb_id id = wb_id_of_field(c->ticket_id);
	const Ticket *t = ticket_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__GetTicketStateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__GetTicketStateAnswer);
	if (!r || !t || !may_see(q, t)) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	weibao__v1__get_ticket_state_answer__init(r);
	r->ticket_id = t->ticket_id;
	r->number = t->number;
	r->status = t->status;
	r->round = t->round;
	r->version = wb_projection_version(q->db, q->tenant, "ticket", id);
	r->has_handler_id = t->has_handler_id;
	r->handler_id = t->handler_id;
	r->category = t->category;
	r->urgency = t->urgency;
	r->unverified = t->unverified;
	r->open_visit_ids = t->open_visit_ids;
	r->n_open_visit_ids = t->n_open_visit_ids;
	r->has_device_id = t->has_device_id;
	r->device_id = t->device_id;
	r->office_id = t->office_id;
	r->direct_user_id = t->direct_user_id;
	r->has_solved_by_phone = t->has_solved_by_phone;
	r->solved_by_phone = t->solved_by_phone;
	r->has_solution_confirmed = t->has_solution_confirmed;
	r->solution_confirmed = t->solution_confirmed;
	wb_answer(q, &r->base);
	wb_answer_version(q, "ticket", id);
}

static bool listed(const Weibao__V1__ListDuplicatesAnswer *r, const Ticket *t)
{
	for (size_t i = 0; i < r->n_tickets; i++)
		if (wb_id_equal(wb_id_of_field(r->tickets[i]->ticket_id), wb_id_of_field(t->ticket_id)))
			return true;
	return false;
}

static void add_duplicates(struct wb_query *q, Weibao__V1__ListDuplicatesAnswer *r, const struct wb_table *table,
        struct wb_id id, bool same_device)
{
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_scan scan;
	struct wb_id ticket;
	intake_key_id(&prefix, q->tenant, id);
	wb_scan_prefix(&scan, q->db, table, &prefix);
	while (r->n_tickets < WB_PAGE_DEFAULT && wb_scan_next(&scan, &key, NULL)) {
		if (!wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket))
			continue;
		const Ticket *t = ticket_get(q->db, q->tenant, ticket, q->arena);
		Weibao__V1__DuplicateItem *i = t ? WB_ARENA_NEW(q->arena, Weibao__V1__DuplicateItem) : NULL;
		if (!i || listed(r, t))
			continue;
		weibao__v1__duplicate_item__init(i);
		i->ticket_id = t->ticket_id;
		i->number = t->number;
		i->status = t->status;
		i->same_device = same_device;
		i->category = t->category;
		i->reported_at = t->reported_at;
		r->tickets[r->n_tickets++] = i;
	}
	wb_scan_done(&scan);
}

void intake_list_duplicates(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListDuplicates *c = request;
	Weibao__V1__ListDuplicatesAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListDuplicatesAnswer);
	if (!r)
		return;
	weibao__v1__list_duplicates_answer__init(r);
	r->tickets = WB_ARENA_ARRAY(q->arena, Weibao__V1__DuplicateItem *, WB_PAGE_DEFAULT);
	const Device *device =
	        c->has_device_id ? device_now(q->db, q->tenant, wb_id_of_field(c->device_id), q->arena) : NULL;
	const Contact *contact =
	        c->has_contact_id ? contact_now(q->db, q->tenant, wb_id_of_field(c->contact_id), q->arena) : NULL;
	if (r->tickets && device)
		add_duplicates(q, r, &intake_open_by_device_table, wb_id_of_field(device->device_id), true);
	if (r->tickets && contact)
		add_duplicates(q, r, &intake_open_by_contact_table, wb_id_of_field(contact->contact_id), false);
	wb_answer(q, &r->base);
}

/* ---- complaints ---- */

static Weibao__V1__ComplaintItem *complaint_item(struct wb_query *q, const Complaint *row)
{
	Weibao__V1__ComplaintItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__ComplaintItem);
	if (!i)
		return NULL;
	weibao__v1__complaint_item__init(i);
	i->complaint_id = row->complaint_id;
	i->has_ticket_id = row->has_ticket_id;
	i->ticket_id = row->ticket_id;
	i->text = row->text;
	i->has_contact_id = row->has_contact_id;
	i->contact_id = row->contact_id;
	i->made_at = row->made_at;
	i->due_at = row->due_at;
	i->by_violation = row->has_by_violation && row->by_violation;
	i->answer = row->answer;
	i->has_answered_at = row->has_answered_at;
	i->answered_at = row->answered_at;
	i->closed = row->has_closed && row->closed;
	i->has_accepted_by_client = row->has_accepted_by_client;
	i->accepted_by_client = row->accepted_by_client;
	i->version = wb_projection_version(q->db, q->tenant, "complaint", wb_id_of_field(row->complaint_id));
	return i;
}

static bool complaint_seen(const struct wb_query *q, const Complaint *row)
{
	if (has_role(q, WB_STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR)))
		return true;
	return row->has_contact_id && is_person(q, row->contact_id);
}

static struct wb_id last_id(struct wb_bytes key)
{
	struct wb_id id = {{0}};
	if (key.len >= WB_ID_BYTES)
		memcpy(id.b, key.data + key.len - WB_ID_BYTES, WB_ID_BYTES);
	return id;
}

void intake_list_complaints(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListComplaints *c = request;
	Weibao__V1__ListComplaintsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListComplaintsAnswer);
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_page p;
	intake_key(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &intake_complaint_times_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_complaints_answer__init(r);
	r->complaints = WB_ARENA_ARRAY(q->arena, Weibao__V1__ComplaintItem *, p.limit);
	while (r->complaints && wb_page_next(&p, &key, &value)) {
		const Complaint *row = complaint_get(q->db, q->tenant, last_id(key), q->arena);
		Weibao__V1__ComplaintItem *i = row ? complaint_item(q, row) : NULL;
		if (!i)
			break;
		if (!complaint_seen(q, row) || (c->has_open_only && c->open_only && i->closed))
			continue;
		r->complaints[r->n_complaints++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

void intake_get_complaint(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetComplaint *c = request;
	struct wb_id id = wb_id_of_field(c->complaint_id);
	const Complaint *row = complaint_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__ComplaintItem *i = row && complaint_seen(q, row) ? complaint_item(q, row) : NULL;
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, "complaintId");
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "complaint", id);
}

void intake_list_complaint_handling(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListComplaintHandling *c = request;
	Weibao__V1__ListComplaintHandlingAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListComplaintHandlingAnswer);
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_scan scan;
	if (!r || strlen(c->client) > 32) {
		wb_query_refuse(q, WB_NOT_FOUND, "client");
		return;
	}
	weibao__v1__list_complaint_handling_answer__init(r);
	r->notes = WB_ARENA_ARRAY(q->arena, Weibao__V1__ComplaintHandlingItem *, WB_PAGE_MAX);
	wb_key_init(&prefix);
	wb_key_id(&prefix, wb_id_of_field(c->complaint_id));
	wb_key_str(&prefix, c->client);
	wb_scan_prefix(&scan, q->db, &intake_complaint_handling_table, &prefix);
	while (r->notes && r->n_notes < WB_PAGE_MAX && wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ComplaintHandlingRow *row =
		        (const Weibao__V1__ComplaintHandlingRow *)wb_unpack_row(q->db, &intake_complaint_handling_table,
		                value, &weibao__v1__complaint_handling_row__descriptor, q->arena);
		Weibao__V1__ComplaintHandlingItem *i =
		        row ? WB_ARENA_NEW(q->arena, Weibao__V1__ComplaintHandlingItem) : NULL;
		if (!i)
			break;
		weibao__v1__complaint_handling_item__init(i);
		i->at = row->at;
		i->note = row->note;
		r->notes[r->n_notes++] = i;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}
