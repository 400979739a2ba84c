/* Visits: who goes where and when, and how it went. */
#include "services/reporting/evolve.h"

#define TICKET(s) WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_##s
#define VISIT(s) WEIBAO__V1__VISIT_STAGE__VISIT_STAGE_##s
#define MATTER(s) WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_##s

static void visit_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadVisitRow *v)
{
	struct wb_key k;
	rp_pair_key(&k, ev->tenant, ev->stream_id, wb_id_of_field(v->visit_id));
	wb_put_row(f->db, &rp_visits_table, &k, &v->base);
}

/* The visit alone; the event is noted. NULL: there is none. */
static Weibao__V1__ReadVisitRow *visit_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	rp_note(f, ev, &ev->stream_id);
	return rp_visit_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(visit), f->arena);
}

static Weibao__V1__ReadVisitRow *visit_beside(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	return rp_visit_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(visit), f->arena);
}

static bool is_over(const Weibao__V1__ReadVisitRow *v)
{
	return v->stage == VISIT(LEFT) || v->stage == VISIT(ENDED) || v->stage == VISIT(CANCELLED);
}

/* The newest assignment of an engineer: one may be released and assigned again. */
static Weibao__V1__ReadVisitEngineer *engineer_of(Weibao__V1__ReadVisitRow *v, ProtobufCBinaryData engineer)
{
	for (size_t i = v->n_engineers; i > 0; i--)
		if (wb_bytes_equal(rp_bytes_of_field(v->engineers[i - 1]->engineer_id), rp_bytes_of_field(engineer)))
			return v->engineers[i - 1];
	return NULL;
}

static bool is_on(const Weibao__V1__ReadVisitEngineer *g)
{
	return !g->has_released_at && !g->has_declined_at;
}

/* ---- the engineers' days ---- */

static void day_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadVisitRow *v,
        const Weibao__V1__ReadVisitEngineer *g)
{
	struct wb_key k;
	uint8_t until[8];
	rp_visit_day_key(&k, wb_id_of_field(g->engineer_id), g->slot_from, ev->tenant, ev->stream_id,
	        wb_id_of_field(v->visit_id));
	wb_be64_put(until, (uint64_t)g->slot_until);
	wb_put(f->db, &rp_visit_days_table, &k, ((struct wb_bytes){until, sizeof until}));
}

static void day_del(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadVisitRow *v,
        const Weibao__V1__ReadVisitEngineer *g)
{
	struct wb_key k;
	rp_visit_day_key(&k, wb_id_of_field(g->engineer_id), g->slot_from, ev->tenant, ev->stream_id,
	        wb_id_of_field(v->visit_id));
	(void)wb_del(f->db, &rp_visit_days_table, &k);
}

/* ---- booking ---- */

void rp_fold_visit_scheduled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitScheduled *e = payload;
	Weibao__V1__ReadVisitRow v = WEIBAO__V1__READ_VISIT_ROW__INIT;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	v.visit_id = e->visit_id;
	v.round = e->round;
	v.form_number = e->form_number;
	v.visit_number = e->visit_number;
	v.stage = VISIT(SCHEDULED);
	v.scheduled_at = ev->recorded_at;
	v.promised_arrival_at = v.first_promised_at = e->promised_arrival_at;
	v.has_earliest_offered_at = e->has_earliest_offered_at;
	v.earliest_offered_at = e->earliest_offered_at;
	v.agreed_by = e->agreed_by;
	v.planned_minutes = e->planned_minutes;
	v.has_device_id = e->has_device_id;
	v.device_id = e->device_id;
	v.office_id = e->office_id;
	v.has_trip_id = e->has_trip_id;
	v.trip_id = e->trip_id;
	visit_put(f, ev, &v);
	rp_ref_put(f, ev, e->visit_id);
	if (t.row->stage != TICKET(COMPLETED))
		t.row->stage = TICKET(VISITING);
	t.row->has_visit_id = true;
	t.row->visit_id = e->visit_id;
	t.row->has_promised_arrival_at = true;
	t.row->promised_arrival_at = e->promised_arrival_at;
	t.row->has_engineer_id = false;
	rp_ticket_save(f, ev, &t);
}

static Weibao__V1__ReadVisitEngineer *engineer_new(
        struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__EngineerAssigned *e)
{
	Weibao__V1__ReadVisitEngineer *g = WB_ARENA_NEW(f->arena, Weibao__V1__ReadVisitEngineer);
	if (!g)
		return NULL;
	weibao__v1__read_visit_engineer__init(g);
	g->engineer_id = e->engineer_id;
	g->name = e->engineer_name;
	g->further = e->further;
	g->slot_from = e->slot_from;
	g->slot_until = e->slot_until;
	g->assigned_at = ev->recorded_at;
	g->dispatcher_id = e->dispatcher_id;
	g->dispatcher_name = e->dispatcher_name;
	g->certificates = e->certificates;
	g->n_certificates = e->n_certificates;
	return g;
}

void rp_fold_engineer_assigned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerAssigned *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	Weibao__V1__ReadVisitEngineer **all =
	        WB_ARENA_ARRAY(f->arena, Weibao__V1__ReadVisitEngineer *, v->n_engineers + 1);
	Weibao__V1__ReadVisitEngineer *g = engineer_new(f, ev, e);
	if (!all || !g) {
		wb_txn_fail(f->db, WB_ERR_MEMORY, &rp_visits_table);
		return;
	}
	for (size_t i = 0; i < v->n_engineers; i++)
		all[i] = v->engineers[i];
	all[v->n_engineers++] = g;
	v->engineers = all;
	visit_put(f, ev, v);
	day_put(f, ev, v, g);
	rp_ticket_engineer(f, ev, t.row, e->engineer_id);
	if (!e->further) {
		t.row->has_engineer_id = true;
		t.row->engineer_id = e->engineer_id;
	}
	rp_matter_drop(f, ev, MATTER(DECLINED), v->scheduled_at, t.id, wb_id_of_field(e->visit_id));
	rp_ticket_save(f, ev, &t);
}

void rp_fold_assignment_accepted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentAccepted *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	Weibao__V1__ReadVisitEngineer *g = v ? engineer_of(v, e->engineer_id) : NULL;
	if (!g)
		return;
	g->has_accepted_at = true;
	g->accepted_at = ev->occurred_at;
	if (v->stage == VISIT(SCHEDULED))
		v->stage = VISIT(ACCEPTED);
	visit_put(f, ev, v);
}

/* Who is off a visit is off the ticket, unless the phone stage or another visit keeps them there. */
static void engineer_off(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t,
        const Weibao__V1__ReadVisitRow *v, ProtobufCBinaryData engineer)
{
	struct wb_bytes id = rp_bytes_of_field(engineer), key, value;
	bool elsewhere = t->row->has_handler_id && wb_bytes_equal(rp_bytes_of_field(t->row->handler_id), id);
	struct wb_key prefix;
	struct wb_scan scan;
	rp_id_key(&prefix, ev->tenant, t->id);
	wb_scan_prefix(&scan, f->db, &rp_visits_table, &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		Weibao__V1__ReadVisitRow *other = (Weibao__V1__ReadVisitRow *)wb_unpack_row(
		        f->db, &rp_visits_table, value, &weibao__v1__read_visit_row__descriptor, f->arena);
		if (!other || wb_bytes_equal(rp_bytes_of_field(other->visit_id), rp_bytes_of_field(v->visit_id)))
			continue;
		const Weibao__V1__ReadVisitEngineer *g = engineer_of(other, engineer);
		elsewhere = elsewhere || (g && is_on(g));
	}
	wb_scan_done(&scan);
	if (!elsewhere)
		rp_ticket_engineer_gone(f, ev, t->row, engineer);
	if (t->row->has_engineer_id && wb_bytes_equal(rp_bytes_of_field(t->row->engineer_id), id) &&
	        t->row->has_visit_id &&
	        wb_bytes_equal(rp_bytes_of_field(t->row->visit_id), rp_bytes_of_field(v->visit_id)))
		t->row->has_engineer_id = false;
}

void rp_fold_assignment_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentDeclined *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	Weibao__V1__ReadVisitEngineer *g = v ? engineer_of(v, e->engineer_id) : NULL;
	if (!g)
		return;
	g->has_declined_at = true;
	g->declined_at = ev->recorded_at;
	g->decline_reason = e->reason;
	v->stage = is_over(v) ? v->stage : VISIT(SCHEDULED);
	visit_put(f, ev, v);
	day_del(f, ev, v, g);
	engineer_off(f, ev, &t, v, e->engineer_id);
	rp_matter_put(f, ev, MATTER(DECLINED), v->scheduled_at, t.id, wb_id_of_field(e->visit_id), NULL);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_assignment_released(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentReleased *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	Weibao__V1__ReadVisitEngineer *g = NULL;
	/* the replacement may be assigned before: the one that is still on is meant */
	for (size_t i = 0; v && i < v->n_engineers; i++)
		if (is_on(v->engineers[i]) && wb_bytes_equal(rp_bytes_of_field(v->engineers[i]->engineer_id),
		                                      rp_bytes_of_field(e->engineer_id)))
			g = v->engineers[i];
	if (!g)
		return;
	g->has_released_at = true;
	g->released_at = ev->recorded_at;
	visit_put(f, ev, v);
	day_del(f, ev, v, g);
	engineer_off(f, ev, &t, v, e->engineer_id);
	rp_ticket_save(f, ev, &t);
}

static void promise(struct ticket_edit *t, ProtobufCBinaryData visit, int64_t at)
{
	if (!t->row->has_visit_id || !wb_bytes_equal(rp_bytes_of_field(t->row->visit_id), rp_bytes_of_field(visit)))
		return;
	t->row->has_promised_arrival_at = true;
	t->row->promised_arrival_at = at;
}

void rp_fold_visit_moved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitMoved *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	v->promised_arrival_at = e->promised_arrival_at;
	if (e->moved_by == WEIBAO__V1__MOVED_BY__MOVED_BY_USER)
		v->first_promised_at = e->promised_arrival_at;
	v->has_earliest_offered_at = e->has_earliest_offered_at;
	v->earliest_offered_at = e->earliest_offered_at;
	if (v->has_wish_asked_at)
		rp_matter_drop(f, ev, MATTER(MOVE_ASKED), v->wish_asked_at, t.id, wb_id_of_field(e->visit_id));
	v->has_wished_at = v->has_wish_asked_at = v->has_confirmed_by_user = false;
	for (size_t i = 0; i < v->n_engineers; i++) {
		Weibao__V1__ReadVisitEngineer *g = v->engineers[i];
		if (!is_on(g))
			continue;
		day_del(f, ev, v, g);
		g->slot_from = e->slot_from;
		g->slot_until = e->slot_until;
		day_put(f, ev, v, g);
	}
	visit_put(f, ev, v);
	promise(&t, e->visit_id, e->promised_arrival_at);
	rp_ticket_save(f, ev, &t);
}

void rp_fold_visit_confirmed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitConfirmedByUser *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->has_confirmed_by_user = v->confirmed_by_user = true;
	visit_put(f, ev, v);
}

void rp_fold_visit_move_asked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitMoveAsked *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	struct wb_id visit = wb_id_of_field(e->visit_id);
	if (!v)
		return;
	if (v->has_wish_asked_at)
		rp_matter_drop(f, ev, MATTER(MOVE_ASKED), v->wish_asked_at, ev->stream_id, visit);
	v->has_wished_at = v->has_wish_asked_at = true;
	v->wished_at = e->wished_at;
	v->wish_asked_at = ev->recorded_at;
	visit_put(f, ev, v);
	rp_matter_put(f, ev, MATTER(MOVE_ASKED), v->wish_asked_at, ev->stream_id, visit, NULL);
}

/* Whether another visit of the ticket is still to come, under way, or not ended: a device is still away. */
static bool other_open(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	bool open = false;
	rp_id_key(&prefix, ev->tenant, ev->stream_id);
	wb_scan_prefix(&scan, f->db, &rp_visits_table, &prefix);
	while (!open && wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ReadVisitRow *v = (const Weibao__V1__ReadVisitRow *)wb_unpack_row(
		        f->db, &rp_visits_table, value, &weibao__v1__read_visit_row__descriptor, f->arena);
		open = v && v->stage != VISIT(ENDED) && v->stage != VISIT(CANCELLED) &&
		       !wb_bytes_equal(rp_bytes_of_field(v->visit_id), rp_bytes_of_field(visit));
	}
	wb_scan_done(&scan);
	return open;
}

/* A visit is over without the round being completed: another one is needed. */
static void needs_another(
        struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t, ProtobufCBinaryData visit)
{
	if (t->row->stage != TICKET(VISITING) || other_open(f, ev, visit))
		return;
	t->row->stage = TICKET(NEEDS_VISIT);
	t->row->has_promised_arrival_at = t->row->has_engineer_id = false;
}

void rp_fold_visit_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitCancelled *e = payload;
	struct wb_id visit = wb_id_of_field(e->visit_id);
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	v->stage = VISIT(CANCELLED);
	v->cancel_reason = e->reason;
	for (size_t i = 0; i < v->n_engineers; i++)
		if (is_on(v->engineers[i]))
			day_del(f, ev, v, v->engineers[i]);
	visit_put(f, ev, v);
	rp_matter_drop(f, ev, MATTER(DECLINED), v->scheduled_at, t.id, visit);
	if (v->has_wish_asked_at)
		rp_matter_drop(f, ev, MATTER(MOVE_ASKED), v->wish_asked_at, t.id, visit);
	needs_another(f, ev, &t, e->visit_id);
	rp_ticket_save(f, ev, &t);
}

/* ---- on site ---- */

void rp_fold_engineer_departed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerDeparted *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	Weibao__V1__ReadVisitEngineer *g = v ? engineer_of(v, e->engineer_id) : NULL;
	if (!v)
		return;
	if (g) {
		g->has_departed_at = true;
		g->departed_at = e->departed_at;
	}
	if (v->stage == VISIT(SCHEDULED) || v->stage == VISIT(ACCEPTED))
		v->stage = VISIT(ON_THE_WAY);
	visit_put(f, ev, v);
}

void rp_fold_engineer_arrived(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerArrived *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	Weibao__V1__ReadVisitEngineer *g = v ? engineer_of(v, e->engineer_id) : NULL;
	if (!v)
		return;
	if (g) {
		g->has_arrived_at = true;
		g->arrived_at = e->arrived_at;
	}
	if (!v->has_arrived_at || e->arrived_at < v->arrived_at)
		v->arrived_at = e->arrived_at;
	v->has_arrived_at = true;
	if (!is_over(v))
		v->stage = VISIT(ON_SITE);
	visit_put(f, ev, v);
}

void rp_fold_visit_diagnosed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitDiagnosed *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	v->contents = e->contents;
	v->n_contents = e->n_contents;
	v->finding = e->finding;
	visit_put(f, ev, v);
	if (e->category)
		t.row->category = e->category;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_visit_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitLeft *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	v->stage = VISIT(LEFT);
	v->has_result = true;
	v->result = e->result;
	v->has_left_at = true;
	v->left_at = e->left_at;
	v->has_second_visit_at = e->has_second_visit_at;
	v->second_visit_at = e->second_visit_at;
	if (v->has_wish_asked_at)
		rp_matter_drop(f, ev, MATTER(MOVE_ASKED), v->wish_asked_at, t.id, wb_id_of_field(e->visit_id));
	visit_put(f, ev, v);
	t.row->has_result = true;
	t.row->result = e->result;
	rp_ticket_save(f, ev, &t);
}

void rp_fold_visit_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitEnded *e = payload;
	struct ticket_edit t;
	if (!rp_ticket_open(f, ev, &t))
		return;
	Weibao__V1__ReadVisitRow *v = visit_beside(f, ev, e->visit_id);
	if (!v)
		return;
	v->stage = VISIT(ENDED);
	v->has_ended_at = true;
	v->ended_at = ev->recorded_at;
	visit_put(f, ev, v);
	needs_another(f, ev, &t, e->visit_id);
	rp_ticket_save(f, ev, &t);
}

/* ---- the format gate ---- */

static void format_put(
        struct wb_fold *f, const struct wb_event *ev, struct wb_id id, const Weibao__V1__ReadFormatRow *row)
{
	rp_part_put(f, ev, ev->stream_id, PART_FORMAT, id, &row->base);
}

/* The statement behind a consent, among the few of its ticket. */
static Weibao__V1__ReadFormatRow *by_consent(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData consent, struct wb_id *ret_id)
{
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	Weibao__V1__ReadFormatRow *found = NULL;
	rp_part_prefix(&prefix, ev->tenant, ev->stream_id, PART_FORMAT);
	wb_scan_prefix(&scan, f->db, &rp_parts_table, &prefix);
	while (!found && wb_scan_next(&scan, &key, &value)) {
		Weibao__V1__ReadFormatRow *row = (Weibao__V1__ReadFormatRow *)wb_unpack_row(
		        f->db, &rp_parts_table, value, &weibao__v1__read_format_row__descriptor, f->arena);
		if (!row || !row->has_consent_id ||
		        !wb_bytes_equal(rp_bytes_of_field(row->consent_id), rp_bytes_of_field(consent)))
			continue;
		found = wb_id_from_bytes(key.data + prefix.len, WB_ID_BYTES, ret_id) ? row : NULL;
	}
	wb_scan_done(&scan);
	return found;
}

void rp_fold_statement_shown(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormatStatementShown *e = payload;
	Weibao__V1__ReadFormatRow row = WEIBAO__V1__READ_FORMAT_ROW__INIT;
	rp_note(f, ev, &ev->stream_id);
	row.visit_id = e->visit_id;
	row.disk = e->disk;
	row.has_kind = row.has_shown_at = true;
	row.kind = e->kind;
	row.shown_at = e->shown_at;
	format_put(f, ev, wb_id_of_field(e->statement_id), &row);
}

void rp_fold_consent_signed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormatConsentSigned *e = payload;
	struct wb_id id = wb_id_of_field(e->statement_id);
	rp_note(f, ev, &ev->stream_id);
	Weibao__V1__ReadFormatRow *row = (Weibao__V1__ReadFormatRow *)rp_part_get(
	        f->db, ev->tenant, ev->stream_id, PART_FORMAT, id, &weibao__v1__read_format_row__descriptor, f->arena);
	if (!row)
		return;
	row->has_consent_id = row->has_signed_at = true;
	row->consent_id = e->consent_id;
	row->signed_at = e->signed_at;
	format_put(f, ev, id, row);
}

void rp_fold_consent_withdrawn(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormatConsentWithdrawn *e = payload;
	struct wb_id id;
	rp_note(f, ev, &ev->stream_id);
	Weibao__V1__ReadFormatRow *row = by_consent(f, ev, e->consent_id, &id);
	if (!row)
		return;
	row->has_withdrawn_at = true;
	row->withdrawn_at = ev->recorded_at;
	format_put(f, ev, id, row);
}

void rp_fold_disk_formatted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DiskFormatted *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	struct wb_id id;
	Weibao__V1__ReadFormatRow *row = by_consent(f, ev, e->consent_id, &id);
	if (row) {
		row->has_formatted_at = true;
		row->formatted_at = e->formatted_at;
		format_put(f, ev, id, row);
	}
	if (!v)
		return;
	v->formats = v->has_formats ? v->formats + 1 : 1;
	v->has_formats = true;
	visit_put(f, ev, v);
}

void rp_fold_format_violation(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DiskFormattedWithoutConsent *e = payload;
	Weibao__V1__ReadVisitRow *v = visit_of(f, ev, e->visit_id);
	Weibao__V1__ReadFormatRow row = WEIBAO__V1__READ_FORMAT_ROW__INIT;
	row.visit_id = e->visit_id;
	row.disk = e->disk;
	row.has_formatted_at = true;
	row.formatted_at = e->formatted_at;
	row.has_without_consent = row.without_consent = true;
	row.why = e->why;
	format_put(f, ev, rp_id_of_number(ev->position), &row);
	if (!v)
		return;
	v->violations = v->has_violations ? v->violations + 1 : 1;
	v->has_violations = true;
	visit_put(f, ev, v);
}
