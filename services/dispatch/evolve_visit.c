/* The fold of visits, and of the bookings that follow from them: over all tenants, in the provider's keys. */
#include "services/dispatch/core.h"

#include <string.h>

#define STATE(name) WEIBAO__V1__VISIT_STATE__VISIT_STATE_##name

static void open_key(struct wb_key *k, const char *tenant, const Visit *v)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_i64(k, v->promised_arrival_at);
	wb_key_id(k, wb_id_of_field(v->visit_id));
}

void dp_visit_put(struct wb_fold *f, const char *tenant, const Visit *visit)
{
	struct wb_id ticket = wb_id_of_field(visit->ticket_id), id = wb_id_of_field(visit->visit_id);
	struct wb_key k;
	const Visit *old = dp_visit_get(f->db, tenant, ticket, id, f->arena);
	if (old && dp_visit_is_open(old)) {
		open_key(&k, tenant, old);
		wb_del(f->db, &dp_open_table, &k);
	}
	if (dp_visit_is_open(visit)) {
		Weibao__V1__OpenVisitRow row = WEIBAO__V1__OPEN_VISIT_ROW__INIT;
		row.ticket_id = visit->ticket_id;
		open_key(&k, tenant, visit);
		wb_put_row(f->db, &dp_open_table, &k, &row.base);
	}
	dp_visit_key(&k, tenant, ticket, id);
	wb_put_row(f->db, &dp_visits_table, &k, &visit->base);
}

void dp_visit_custody(struct wb_fold *f, const char *tenant, struct wb_id ticket, struct wb_id visit, int delta)
{
	Visit *v = dp_visit_get(f->db, tenant, ticket, visit, f->arena);
	if (!v || (delta < 0 && v->custody_out == 0))
		return;
	v->custody_out = delta < 0 ? v->custody_out - 1 : v->custody_out + 1;
	dp_visit_put(f, tenant, v);
}

static Visit *visit_of(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit)
{
	return dp_visit_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(visit), f->arena);
}

/* ---- bookings ---- */

static void booking_key(struct wb_key *k, const Visit *v, const VisitEngineer *e)
{
	dp_thing_key(k, DISPATCH_PROVIDER, wb_id_of_field(e->engineer_id));
	wb_key_i64(k, e->slot_from);
	wb_key_id(k, wb_id_of_field(v->visit_id));
}

static void put_booking(struct wb_fold *f, const struct wb_event *ev, const Visit *v, const VisitEngineer *e)
{
	Weibao__V1__BookingRow row = WEIBAO__V1__BOOKING_ROW__INIT;
	struct wb_key k;
	if (e->slot_until <= e->slot_from)
		return; /* takes no time */
	row.client = (char *)(uintptr_t)ev->tenant;
	row.ticket_id = v->ticket_id;
	row.visit_id = v->visit_id;
	row.slot_from = e->slot_from;
	row.arrival_at = v->promised_arrival_at >= e->slot_from && v->promised_arrival_at < e->slot_until
	                         ? v->promised_arrival_at
	                         : e->slot_from;
	row.slot_until = e->slot_until;
	row.place_key = v->place_key;
	booking_key(&k, v, e);
	wb_put_row(f->db, &dp_bookings_table, &k, &row.base);
}

static void drop_booking(struct wb_fold *f, const Visit *v, const VisitEngineer *e)
{
	struct wb_key k;
	booking_key(&k, v, e);
	wb_del(f->db, &dp_bookings_table, &k);
}

static void duty_key(struct wb_key *k, const Visit *v, const VisitEngineer *e)
{
	dp_thing_key(k, DISPATCH_PROVIDER, wb_id_of_field(e->engineer_id));
	wb_key_id(k, wb_id_of_field(v->visit_id));
}

static void put_duty(struct wb_fold *f, const struct wb_event *ev, const Visit *v, const VisitEngineer *e)
{
	Weibao__V1__DutyRow row = WEIBAO__V1__DUTY_ROW__INIT;
	struct wb_key k;
	row.client = (char *)(uintptr_t)ev->tenant;
	row.ticket_id = v->ticket_id;
	duty_key(&k, v, e);
	wb_put_row(f->db, &dp_duties_table, &k, &row.base);
}

static void drop_duty(struct wb_fold *f, const Visit *v, const VisitEngineer *e)
{
	struct wb_key k;
	duty_key(&k, v, e);
	wb_del(f->db, &dp_duties_table, &k);
}

static void drop_engineer(struct wb_fold *f, Visit *v, struct wb_id engineer)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->n_engineers; i++) {
		if (wb_id_equal(wb_id_of_field(v->engineers[i]->engineer_id), engineer)) {
			drop_booking(f, v, v->engineers[i]);
			drop_duty(f, v, v->engineers[i]);
		} else {
			v->engineers[kept++] = v->engineers[i];
		}
	}
	v->n_engineers = kept;
}

/* Agreed or accepted, by the first engineer's word: of visits that nobody is under way to. */
static void settle_state(Visit *v)
{
	if (!dp_visit_is_open(v) || dp_visit_under_way(v))
		return;
	v->state = STATE(AGREED);
	for (size_t i = 0; i < v->n_engineers; i++)
		if (!v->engineers[i]->further && v->engineers[i]->has_accepted_at)
			v->state = STATE(ACCEPTED);
}

/* ---- scheduling ---- */

void dp_fold_visit_scheduled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitScheduled *e = payload;
	Visit v = WEIBAO__V1__VISIT_ROW__INIT;
	v.ticket_id = e->ticket_id;
	v.round = e->round;
	v.visit_id = e->visit_id;
	v.form_number = e->form_number;
	v.visit_number = e->visit_number;
	v.state = STATE(AGREED);
	v.scheduled_at = ev->recorded_at;
	v.promised_arrival_at = v.judged_arrival_at = e->promised_arrival_at;
	v.has_earliest_offered_at = e->has_earliest_offered_at;
	v.earliest_offered_at = e->earliest_offered_at;
	v.agreed_by = e->agreed_by;
	v.has_agreed_with_id = e->has_agreed_with_id;
	v.agreed_with_id = e->agreed_with_id;
	v.planned_minutes = e->planned_minutes;
	v.travel_minutes = e->travel_minutes;
	v.has_device_id = e->has_device_id;
	v.device_id = e->device_id;
	v.office_id = e->office_id;
	v.place_key = e->place_key;
	v.has_trip_id = e->has_trip_id;
	v.trip_id = e->trip_id;
	v.secret_device = e->has_secret_device && e->secret_device;
	dp_visit_put(f, ev->tenant, &v);
	dp_ticket_scheduled(f, ev, e->visit_number);
}

void dp_fold_engineer_assigned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerAssigned *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	VisitEngineer one = WEIBAO__V1__VISIT_ENGINEER__INIT;
	if (!v)
		return;
	drop_engineer(f, v, wb_id_of_field(e->engineer_id));
	one.engineer_id = e->engineer_id;
	one.name = e->engineer_name;
	one.certificates = e->certificates;
	one.n_certificates = e->n_certificates;
	one.further = e->further;
	one.assigned_at = ev->recorded_at;
	one.dispatcher_id = e->dispatcher_id;
	one.dispatcher_name = e->dispatcher_name;
	one.slot_from = e->slot_from;
	one.slot_until = e->slot_until;
	one.reasons = e->reasons;
	one.n_reasons = e->n_reasons;
	VisitEngineer **list = WB_ARENA_ARRAY(f->arena, VisitEngineer *, v->n_engineers + 1);
	if (!list)
		return;
	if (v->n_engineers)
		memcpy(list, v->engineers, v->n_engineers * sizeof *list);
	list[v->n_engineers++] = &one;
	v->engineers = list;
	settle_state(v);
	dp_visit_put(f, ev->tenant, v);
	put_booking(f, ev, v, &one);
	put_duty(f, ev, v, &one);
}

void dp_fold_assignment_accepted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentAccepted *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	VisitEngineer *one = v ? dp_visit_engineer(v, wb_id_of_field(e->engineer_id)) : NULL;
	if (!one)
		return;
	one->has_accepted_at = true;
	one->accepted_at = ev->occurred_at;
	settle_state(v);
	dp_visit_put(f, ev->tenant, v);
}

static void without(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData visit, ProtobufCBinaryData who)
{
	Visit *v = visit_of(f, ev, visit);
	if (!v)
		return;
	drop_engineer(f, v, wb_id_of_field(who));
	settle_state(v);
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_assignment_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentDeclined *e = payload;
	without(f, ev, e->visit_id, e->engineer_id);
}

void dp_fold_assignment_released(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AssignmentReleased *e = payload;
	without(f, ev, e->visit_id, e->engineer_id);
}

void dp_fold_visit_moved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitMoved *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	bool by_user = e->moved_by == WEIBAO__V1__MOVED_BY__MOVED_BY_USER;
	if (!v)
		return;
	for (size_t i = 0; i < v->n_engineers; i++)
		drop_booking(f, v, v->engineers[i]);
	v->promised_arrival_at = e->promised_arrival_at;
	if (by_user)
		v->judged_arrival_at = e->promised_arrival_at;
	if (e->has_earliest_offered_at) {
		v->has_earliest_offered_at = true;
		v->earliest_offered_at = e->earliest_offered_at;
	}
	v->has_wished_at = false;
	v->wish_note = NULL;
	v->has_confirmed_at = false;
	for (size_t i = 0; i < v->n_engineers; i++) {
		v->engineers[i]->slot_from = e->slot_from;
		v->engineers[i]->slot_until = e->slot_until;
		v->engineers[i]->has_accepted_at = false; /* another time is another question */
		put_booking(f, ev, v, v->engineers[i]);
	}
	settle_state(v);
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_visit_confirmed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitConfirmedByUser *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->has_confirmed_at = true;
	v->confirmed_at = ev->recorded_at;
	v->has_wished_at = false;
	v->wish_note = NULL;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_visit_move_asked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitMoveAsked *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->has_wished_at = true;
	v->wished_at = e->wished_at;
	v->wish_note = e->note;
	v->has_confirmed_at = false;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_visit_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitCancelled *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	wb_todo_drop(f, DISPATCH_TODO_CANCEL, ev->tenant, wb_id_of_field(e->visit_id), 0);
	if (!v)
		return;
	for (size_t i = 0; i < v->n_engineers; i++) {
		drop_booking(f, v, v->engineers[i]);
		drop_duty(f, v, v->engineers[i]);
	}
	v->state = STATE(CANCELLED);
	v->cancel_reason = e->reason;
	dp_visit_put(f, ev->tenant, v);
	dp_ticket_waits(f, ev);
}

/* ---- on the way and on site ---- */

void dp_fold_engineer_departed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerDeparted *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	VisitEngineer *one = v ? dp_visit_engineer(v, wb_id_of_field(e->engineer_id)) : NULL;
	if (!one)
		return;
	wb_todo_drop(f, DISPATCH_TODO_CANCEL, ev->tenant, wb_id_of_field(e->visit_id), 0);
	one->has_departed_at = true;
	one->departed_at = e->departed_at;
	if (!v->has_departed_at) {
		v->has_departed_at = true;
		v->departed_at = e->departed_at;
	}
	if (v->state == STATE(AGREED) || v->state == STATE(ACCEPTED))
		v->state = STATE(UNDER_WAY);
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_engineer_arrived(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerArrived *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	VisitEngineer *one = v ? dp_visit_engineer(v, wb_id_of_field(e->engineer_id)) : NULL;
	if (!one)
		return;
	wb_todo_drop(f, DISPATCH_TODO_CANCEL, ev->tenant, wb_id_of_field(e->visit_id), 0);
	one->has_arrived_at = true;
	one->arrived_at = e->arrived_at;
	if (!v->has_arrived_at) {
		v->has_arrived_at = true;
		v->arrived_at = e->arrived_at;
	}
	if (dp_visit_is_open(v))
		v->state = STATE(ON_SITE);
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_visit_diagnosed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitDiagnosed *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->diagnosis = (Weibao__V1__VisitDiagnosed *)(uintptr_t)e;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_work_recorded(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__WorkRecorded *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	Weibao__V1__WorkRecorded **list =
	        v ? WB_ARENA_ARRAY(f->arena, Weibao__V1__WorkRecorded *, v->n_work + 1) : NULL;
	if (!list)
		return;
	if (v->n_work)
		memcpy(list, v->work, v->n_work * sizeof *list);
	list[v->n_work++] = (Weibao__V1__WorkRecorded *)(uintptr_t)e;
	v->work = list;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_form_filled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormFilled *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->form = (Weibao__V1__FormFilled *)(uintptr_t)e;
	v->form_revision = e->revision;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_form_signed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__FormSigned *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->signed_ = (Weibao__V1__FormSigned *)(uintptr_t)e;
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_visit_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitLeft *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->state = STATE(LEFT);
	v->has_result = true;
	v->result = e->result;
	v->has_left_at = true;
	v->left_at = e->left_at;
	v->has_second_visit_at = e->has_second_visit_at;
	v->second_visit_at = e->second_visit_at;
	for (size_t i = 0; i < v->n_engineers; i++) { /* free from now on */
		VisitEngineer *one = v->engineers[i];
		drop_booking(f, v, one);
		if (one->slot_until > e->left_at)
			one->slot_until = e->left_at > one->slot_from ? e->left_at : one->slot_from;
		put_booking(f, ev, v, one);
	}
	dp_visit_put(f, ev->tenant, v);
	if (e->result == WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT)
		dp_ticket_waits(f, ev);
}

void dp_fold_visit_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__VisitEnded *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (!v)
		return;
	v->state = STATE(ENDED);
	v->has_ended_at = true;
	v->ended_at = ev->occurred_at;
	for (size_t i = 0; i < v->n_engineers; i++)
		drop_duty(f, v, v->engineers[i]);
	dp_visit_put(f, ev->tenant, v);
}

void dp_fold_service_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ServiceCompleted *e = payload;
	Visit *v = visit_of(f, ev, e->visit_id);
	if (v) {
		v->has_completed_at = true;
		v->completed_at = e->completed_at;
		dp_visit_put(f, ev->tenant, v);
	}
	dp_ticket_completed(f, ev, e->round);
}
