/* Reporting's fold: what all events share, and the list of them. */
#include "services/reporting/evolve.h"
#include "services/reporting/reporting.h"

#include <string.h>

#define X(event, fn) {#event, fn},
const struct wb_evolve_def reporting_evolve[] = {REPORTING_FOLDS(X)};
#undef X
const size_t reporting_evolve_n = sizeof reporting_evolve / sizeof reporting_evolve[0];

#define MERGES_MAX 8u /* of one thing into the next */

static const struct wb_bytes nothing = {NULL, 0};

/* Streams that are a ticket's carry its id. */
static bool is_of_ticket(const char *stream_kind)
{
	return strcmp(stream_kind, "ticket") == 0 || strcmp(stream_kind, "visits") == 0 ||
	       strcmp(stream_kind, "clocks") == 0 || strcmp(stream_kind, "survey") == 0;
}

void rp_note(struct wb_fold *f, const struct wb_event *ev, const struct wb_id *ticket)
{
	const Weibao__V1__Envelope *e = ev->envelope;
	Weibao__V1__ReadEventRow row = WEIBAO__V1__READ_EVENT_ROW__INIT;
	struct wb_key k;
	row.tenant_position = ev->tenant_position;
	row.event_type = (char *)(uintptr_t)ev->type;
	row.stream_kind = (char *)(uintptr_t)ev->stream_kind;
	row.stream_id = wb_field_of_id(f->arena, ev->stream_id);
	row.version = ev->version;
	row.recorded_at = ev->recorded_at;
	row.has_occurred_at = e->has_occurred_at;
	row.occurred_at = e->occurred_at;
	row.actor_id = e->actor->account_id;
	row.has_role = e->actor->has_role;
	row.role = e->actor->role;
	row.has_person_id = e->actor->has_person_id;
	row.person_id = e->actor->person_id;
	row.service = e->actor->service;
	row.payload = e->payload;
	if (ticket) {
		row.has_ticket_id = true;
		row.ticket_id = wb_field_of_id(f->arena, *ticket);
		rp_timeline_key(&k, ev->tenant, *ticket, ev->position);
		wb_put(f->db, &rp_timeline_table, &k, nothing);
	}
	rp_event_key(&k, ev->tenant, ev->position);
	wb_put_row(f->db, &rp_events_table, &k, &row.base);
}

void rp_fold_note(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	rp_note(f, ev, is_of_ticket(ev->stream_kind) ? &ev->stream_id : NULL);
}

/* Book-keeping of a service: kept, but nothing that a ticket's timeline or a contact is told of. */
void rp_fold_aside(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	rp_note(f, ev, NULL);
}

/* ---- tickets ---- */

bool rp_ticket_open(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t)
{
	rp_note(f, ev, &ev->stream_id);
	*t = (struct ticket_edit){
	        .row = rp_ticket_get(f->db, ev->tenant, ev->stream_id, f->arena), .id = ev->stream_id};
	if (!t->row)
		return false;
	t->stage = t->row->stage;
	t->urgency = t->row->urgency;
	t->breaches = t->row->breaches;
	t->had_due = t->row->has_next_deadline_at;
	t->due = t->row->next_deadline_at;
	t->device = wb_id_of_field(t->row->device_id);
	t->category = t->row->category;
	return true;
}

void rp_index_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row, enum dimension by,
        struct wb_bytes value)
{
	struct wb_key k;
	rp_index_key(&k, ev->tenant, by, value, row->reported_at, wb_id_of_field(row->ticket_id));
	wb_put(f->db, &rp_ticket_index_table, &k, nothing);
}

static void index_del(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row,
        enum dimension by, struct wb_bytes value)
{
	struct wb_key k;
	rp_index_key(&k, ev->tenant, by, value, row->reported_at, wb_id_of_field(row->ticket_id));
	(void)wb_del(f->db, &rp_ticket_index_table, &k);
}

void rp_index_copy(struct wb_fold *f, const struct wb_event *ev, enum dimension by, ProtobufCBinaryData from,
        ProtobufCBinaryData into)
{
	struct wb_bytes key, value;
	struct wb_key prefix, copy;
	struct wb_scan scan;
	if (wb_bytes_equal(rp_bytes_of_field(from), rp_bytes_of_field(into)))
		return;
	rp_index_prefix(&prefix, ev->tenant, by, rp_bytes_of_field(from));
	wb_scan_prefix(&scan, f->db, &rp_ticket_index_table, &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		rp_index_prefix(&copy, ev->tenant, by, rp_bytes_of_field(into));
		wb_key_bytes(&copy, key.data + prefix.len, key.len - prefix.len); /* time and ticket */
		wb_put(f->db, &rp_ticket_index_table, &copy, nothing);
	}
	wb_scan_done(&scan);
}

struct wb_id rp_survivor(struct wb_fold *f, const struct wb_event *ev, enum thing thing, struct wb_id id)
{
	for (unsigned i = 0; i < MERGES_MAX; i++) {
		const Weibao__V1__ReadContactRow *c = NULL;
		const Weibao__V1__ReadDeviceRow *d = NULL;
		if (thing == THING_CONTACT)
			c = (const Weibao__V1__ReadContactRow *)rp_thing_get(
			        f->db, ev->tenant, thing, id, &weibao__v1__read_contact_row__descriptor, f->arena);
		else if (thing == THING_DEVICE)
			d = (const Weibao__V1__ReadDeviceRow *)rp_thing_get(
			        f->db, ev->tenant, thing, id, &weibao__v1__read_device_row__descriptor, f->arena);
		if (c && c->has_merged_into_id)
			id = wb_id_of_field(c->merged_into_id);
		else if (d && d->has_merged_into_id)
			id = wb_id_of_field(d->merged_into_id);
		else
			break;
	}
	return id;
}

static void index_device(struct wb_fold *f, const struct wb_event *ev, const struct ticket_edit *t, struct wb_id device)
{
	struct wb_id was = rp_survivor(f, ev, THING_DEVICE, t->device), is = rp_survivor(f, ev, THING_DEVICE, device);
	if (!wb_id_is_zero(t->device)) {
		index_del(f, ev, t->row, BY_DEVICE, rp_bytes_of_id(&t->device));
		index_del(f, ev, t->row, BY_DEVICE, rp_bytes_of_id(&was));
	}
	rp_index_put(f, ev, t->row, BY_DEVICE, rp_bytes_of_id(&device));
	rp_index_put(f, ev, t->row, BY_DEVICE, rp_bytes_of_id(&is));
}

/* An index by a small number. */
static void index_number(struct wb_fold *f, const struct wb_event *ev, const struct ticket_edit *t, enum dimension by,
        unsigned was, unsigned is)
{
	uint8_t a = (uint8_t)was, b = (uint8_t)is;
	if (was == is)
		return;
	index_del(f, ev, t->row, by, (struct wb_bytes){&a, 1});
	rp_index_put(f, ev, t->row, by, (struct wb_bytes){&b, 1});
}

static void index_due(struct wb_fold *f, const struct wb_event *ev, const struct ticket_edit *t)
{
	struct wb_key k;
	bool has = t->row->has_next_deadline_at;
	if (has == t->had_due && (!has || t->due == t->row->next_deadline_at))
		return;
	if (t->had_due) {
		rp_due_key(&k, ev->tenant, t->due, t->id);
		(void)wb_del(f->db, &rp_due_tickets_table, &k);
	}
	if (has) {
		rp_due_key(&k, ev->tenant, t->row->next_deadline_at, t->id);
		wb_put(f->db, &rp_due_tickets_table, &k, nothing);
	}
}

void rp_ticket_save(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t)
{
	const Weibao__V1__ReadTicketRow *row = t->row;
	struct wb_id device = wb_id_of_field(row->device_id);
	struct wb_key k;
	index_number(f, ev, t, BY_STAGE, t->stage, row->stage);
	index_number(f, ev, t, BY_URGENCY, t->urgency, row->urgency);
	index_number(f, ev, t, BY_BREACHED, t->breaches > 0, row->breaches > 0);
	if (!wb_id_equal(device, t->device))
		index_device(f, ev, t, device);
	if (strcmp(row->category, t->category) != 0) {
		index_del(f, ev, row, BY_CATEGORY, wb_bytes_str(t->category));
		rp_index_put(f, ev, row, BY_CATEGORY, wb_bytes_str(row->category));
	}
	index_due(f, ev, t);
	rp_id_key(&k, ev->tenant, t->id);
	wb_put_row(f->db, &rp_tickets_table, &k, &row->base);
}

void rp_ticket_engineer(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer)
{
	struct wb_id id = wb_id_of_field(engineer);
	for (size_t i = 0; i < row->n_engineer_ids; i++)
		if (wb_id_equal(wb_id_of_field(row->engineer_ids[i]), id))
			return;
	ProtobufCBinaryData *all = WB_ARENA_ARRAY(f->arena, ProtobufCBinaryData, row->n_engineer_ids + 1);
	if (!all) {
		wb_txn_fail(f->db, WB_ERR_MEMORY, &rp_tickets_table);
		return;
	}
	for (size_t i = 0; i < row->n_engineer_ids; i++)
		all[i] = row->engineer_ids[i];
	all[row->n_engineer_ids++] = engineer;
	row->engineer_ids = all;
	rp_index_put(f, ev, row, BY_ENGINEER, rp_bytes_of_id(&id));
}

void rp_ticket_engineer_gone(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer)
{
	struct wb_id id = wb_id_of_field(engineer);
	size_t kept = 0;
	for (size_t i = 0; i < row->n_engineer_ids; i++)
		if (!wb_id_equal(wb_id_of_field(row->engineer_ids[i]), id))
			row->engineer_ids[kept++] = row->engineer_ids[i];
	if (kept == row->n_engineer_ids)
		return;
	row->n_engineer_ids = kept;
	index_del(f, ev, row, BY_ENGINEER, rp_bytes_of_id(&id));
}

/* ---- parts, things, matters ---- */

void rp_part_put(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id,
        const ProtobufCMessage *row)
{
	struct wb_key k;
	rp_part_key(&k, ev->tenant, ticket, part, id);
	wb_put_row(f->db, &rp_parts_table, &k, row);
}

void rp_part_mark(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id)
{
	struct wb_key k;
	rp_part_key(&k, ev->tenant, ticket, part, id);
	wb_put(f->db, &rp_parts_table, &k, nothing);
}

void rp_ref_put(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ref)
{
	struct wb_key k;
	rp_id_key(&k, ev->tenant, wb_id_of_field(ref));
	wb_put(f->db, &rp_refs_table, &k, rp_bytes_of_id(&ev->stream_id));
}

void rp_thing_put(
        struct wb_fold *f, const struct wb_event *ev, enum thing thing, struct wb_id id, const ProtobufCMessage *row)
{
	struct wb_key k;
	rp_thing_key(&k, ev->tenant, thing, id);
	wb_put_row(f->db, &rp_things_table, &k, row);
}

void rp_matter_put(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref, const Weibao__V1__ReadMatterRow *row)
{
	struct wb_key k;
	rp_matter_key(&k, ev->tenant, what, since, ticket, ref);
	if (row)
		wb_put_row(f->db, &rp_matters_table, &k, &row->base);
	else
		wb_put(f->db, &rp_matters_table, &k, nothing);
}

void rp_matter_drop(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref)
{
	struct wb_key k;
	rp_matter_key(&k, ev->tenant, what, since, ticket, ref);
	(void)wb_del(f->db, &rp_matters_table, &k);
}

/* A to-do of some service that was refused for good: what it was to do was not done. */
void rp_fold_todo_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ToDoEnded *e = payload;
	const struct wb_id none = {{0}};
	Weibao__V1__ReadMatterRow row = WEIBAO__V1__READ_MATTER_ROW__INIT;
	struct wb_id ref = ev->stream_id;
	if (strcmp(e->code, "ALREADY_SO") == 0)
		return;
	if (e->ref.len >= WB_ID_BYTES)
		memcpy(ref.b, e->ref.data, WB_ID_BYTES);
	row.service = e->service;
	row.todo = e->kind;
	row.code = e->code;
	rp_matter_put(f, ev, WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_TODO_ENDED, ev->recorded_at, none, ref, &row);
}
