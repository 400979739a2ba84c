/* Who goes when: assignment of a team, visits agreed, engineers booked, handed over, moved. */
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_commands.pb-c.h"

#include <string.h>

static const struct wb_id zero;

/* ---- turns ---- */

#define VISIT_TURNS(name, type)                                                                                        \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "visits", wb_id_of_field(c->ticket_id));                                              \
	}
/* A booking: the visits and the engineer, who may be asked for in another tenant at the same time. */
#define BOOKING_TURNS(name, type)                                                                                      \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "visits", wb_id_of_field(c->ticket_id));                                              \
		wb_turn_write_in(t, DISPATCH_PROVIDER, "engineer", wb_id_of_field(c->engineer_id));                    \
		wb_turn_read(t, "assignment", zero);                                                                   \
	}
BOOKING_TURNS(schedule_visit, Weibao__V1__ScheduleVisit)
BOOKING_TURNS(assign_further_engineer, Weibao__V1__AssignFurtherEngineer)
BOOKING_TURNS(transfer_visit, Weibao__V1__TransferVisit)
VISIT_TURNS(cancel_visit, Weibao__V1__CancelVisit)
VISIT_TURNS(confirm_visit, Weibao__V1__ConfirmVisit)
VISIT_TURNS(ask_move, Weibao__V1__AskMove)

void dp_turns_move_visit(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MoveVisit *c = command;
	(void)tenant;
	wb_turn_write(t, "visits", wb_id_of_field(c->ticket_id));
	for (size_t i = 0; i < c->n_engineer_ids && i < DISPATCH_VISIT_ENGINEERS; i++)
		wb_turn_write_in(t, DISPATCH_PROVIDER, "engineer", wb_id_of_field(c->engineer_ids[i]));
}

void dp_turns_assign_team(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_write(t, "assignment", zero);
}

void dp_turns_name_secret_engineer(struct wb_turns *t, const char *tenant, const void *command)
{
	dp_turns_assign_team(t, tenant, command);
}

/* ---- a client unit's assignment ---- */

void dp_decide_assign_team(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AssignTeam *c = command;
	const Weibao__V1__AssignmentRow *now = dp_assignment_get(d->db, d->tenant, d->arena);
	struct wb_id id;
	if (!wb_require_id(d, c->team_id, "teamId", &id))
		return;
	const Team *team = dp_team_get(d->db, id, d->arena);
	if (!team) {
		wb_refuse(d, WB_NOT_FOUND, "teamId");
		return;
	}
	if (now && now->has_team_id && wb_id_equal(wb_id_of_field(now->team_id), id)) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TeamAssigned, weibao__v1__team_assigned__init, e);
	e->team_id = c->team_id;
	e->team_name = team->name;
	wb_emit(d, "assignment", zero, &e->base);
}

void dp_decide_name_secret_engineer(struct wb_decision *d, const void *command)
{
	const Weibao__V1__NameSecretEngineer *c = command;
	const Weibao__V1__AssignmentRow *now = dp_assignment_get(d->db, d->tenant, d->arena);
	struct wb_id id;
	if (!wb_require_id(d, c->engineer_id, "engineerId", &id))
		return;
	const Engineer *engineer = dp_engineer_get(d->db, id, d->arena);
	const Team *team = now && now->has_team_id ? dp_team_get(d->db, wb_id_of_field(now->team_id), d->arena) : NULL;
	bool named = now && dp_ids_have(now->secret_engineer_ids, now->n_secret_engineer_ids, id);
	/* a client unit knows its own team's engineers and no others */
	if (!engineer || (!named && !dp_team_has(team, id, d->now_us, NULL))) {
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
		return;
	}
	if (named == (c->named != 0)) {
		wb_already(d);
		return;
	}
	if (c->named && engineer->left) {
		wb_refuse(d, WB_ENGINEER_LEFT, "engineerId");
		return;
	}
	NEW(d, Weibao__V1__SecretEngineerNamed, weibao__v1__secret_engineer_named__init, e);
	e->engineer_id = c->engineer_id;
	e->named = c->named;
	wb_emit(d, "assignment", zero, &e->base);
}

/* ---- booking ---- */

/* What a booking is for. */
struct booking {
	struct wb_id engineer_id;
	const Engineer *engineer;
	const Weibao__V1__AssignmentRow *assignment;
	struct slot slot;
};

static bool time_bookable(struct wb_decision *d, int64_t arrival)
{
	if (arrival >= d->now_us && arrival <= d->now_us + DISPATCH_AHEAD_US)
		return true;
	wb_refuse(d, WB_TIME_OUT_OF_RANGE, "promisedArrivalAt");
	return false;
}

/* Free in that slot: neither booked in any tenant nor on leave. Which of these it is, is not said. */
static bool engineer_free(struct wb_decision *d, struct wb_id id, const Engineer *engineer, const char *place_key,
        int64_t arrival, uint32_t minutes, struct wb_id but_visit, const char *path)
{
	int64_t until = arrival + (int64_t)minutes * WB_MINUTE_US;
	if (!dp_engineer_on_leave(engineer, arrival, until) &&
	        !dp_engineer_booked(d->db, d->arena, id, place_key, arrival, until, but_visit))
		return true;
	wb_refuse(d, WB_ENGINEER_BUSY, path);
	return false;
}

/* The engineer of a command is with the company and in the team of the client unit, and named if it is about a secret
 * device. */
static bool sendable(
        struct wb_decision *d, ProtobufCBinaryData engineer, bool secret, int64_t arrival, struct booking *ret)
{
	if (!wb_require_id(d, engineer, "engineerId", &ret->engineer_id))
		return false;
	ret->engineer = dp_engineer_get(d->db, ret->engineer_id, d->arena);
	ret->assignment = dp_assignment_get(d->db, d->tenant, d->arena);
	if (!ret->engineer) {
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
		return false;
	}
	if (ret->engineer->left) {
		wb_refuse(d, WB_ENGINEER_LEFT, "engineerId");
		return false;
	}
	if (!ret->assignment || !ret->assignment->has_team_id) {
		wb_refuse(d, WB_NO_TEAM, NULL);
		return false;
	}
	const Team *team = dp_team_get(d->db, wb_id_of_field(ret->assignment->team_id), d->arena);
	if (!dp_team_has(team, ret->engineer_id, arrival, NULL)) {
		wb_refuse(d, WB_ENGINEER_NOT_IN_TEAM, "engineerId");
		return false;
	}
	if (secret && !dp_ids_have(ret->assignment->secret_engineer_ids, ret->assignment->n_secret_engineer_ids,
	                      ret->engineer_id)) {
		wb_refuse(d, WB_ENGINEER_NOT_NAMED, "engineerId");
		return false;
	}
	return true;
}

/* The same, and free in that slot. */
static bool bookable(struct wb_decision *d, ProtobufCBinaryData engineer, const char *place_key, bool secret,
        int64_t arrival, uint32_t minutes, struct wb_id but_visit, struct booking *ret)
{
	if (!sendable(d, engineer, secret, arrival, ret) ||
	        !engineer_free(
	                d, ret->engineer_id, ret->engineer, place_key, arrival, minutes, but_visit, "engineerId"))
		return false;
	ret->slot = dp_slot_of(d->db, d->arena, ret->engineer_id, place_key, arrival, minutes, but_visit);
	return true;
}

/* The name of who dispatches, where that is one of our engineers: leads mostly are. */
static Weibao__V1__Personal *dispatcher_name(struct wb_decision *d)
{
	struct wb_id id = dp_actor_id(d->who);
	const Engineer *e = dp_engineer_get(d->db, id, d->arena);
	return e ? dp_personal_carry(d->arena, DISPATCH_PROVIDER, e->details->name, id, zero) : NULL;
}

static char **reasons_of(struct wb_decision *d, const Ticket *ticket, const struct booking *b, uint32_t minutes,
        struct wb_id but_visit, size_t *ret_n)
{
	struct suggest_for q = {d->tenant, ticket, b->assignment, b->slot.arrival, minutes, but_visit};
	struct suggestion s;
	dp_suggest(d->db, d->arena, &q, b->engineer, &s);
	char **list = WB_ARENA_ARRAY(d->arena, char *, s.n_reasons + 1);
	*ret_n = list ? s.n_reasons : 0;
	for (size_t i = 0; i < *ret_n; i++)
		list[i] = (char *)(uintptr_t)s.reasons[i];
	return list;
}

static void emit_assigned(struct wb_decision *d, const Ticket *ticket, const struct booking *b, uint32_t round,
        struct wb_id visit, uint32_t minutes, bool further, ProtobufCBinaryData replaces)
{
	NEW(d, Weibao__V1__EngineerAssigned, weibao__v1__engineer_assigned__init, e);
	e->ticket_id = ticket->reported->ticket_id;
	e->round = round;
	e->visit_id = wb_field_of_id(d->arena, visit);
	e->engineer_id = wb_field_of_id(d->arena, b->engineer_id);
	e->engineer_name =
	        dp_personal_carry(d->arena, DISPATCH_PROVIDER, b->engineer->details->name, b->engineer_id, zero);
	e->certificates = dp_certificates_at(d->arena, b->engineer, b->slot.arrival, &e->n_certificates);
	e->dispatcher_id = wb_field_of_id(d->arena, dp_actor_id(d->who));
	e->dispatcher_name = dispatcher_name(d);
	e->slot_from = b->slot.from;
	e->slot_until = b->slot.until;
	e->reasons = reasons_of(d, ticket, b, minutes, visit, &e->n_reasons);
	e->further = further;
	e->has_replaces_id = replaces.len > 0;
	e->replaces_id = replaces;
	if (!e->engineer_name || !e->certificates || !e->reasons) {
		wb_refuse(d, WB_UNAVAILABLE, NULL); /* memory, or a name that cannot be carried */
		return;
	}
	wb_emit(d, "visits", wb_id_of_field(e->ticket_id), &e->base);
}

/* Whether somebody but that one is on the visit as its first engineer: others are further ones then. */
static bool has_first(const Visit *v, struct wb_id but)
{
	for (size_t i = 0; i < v->n_engineers; i++)
		if (!v->engineers[i]->further && !wb_id_equal(wb_id_of_field(v->engineers[i]->engineer_id), but))
			return true;
	return false;
}

/* Whether a visit may be scheduled for the ticket as it stands. */
static bool ticket_takes_visit(struct wb_decision *d, struct wb_id id, const Ticket *ticket)
{
	struct visit_walk w;
	const Visit *v;
	bool open = false;
	if (dp_ticket_over(ticket)) {
		wb_refuse(d, WB_TICKET_OVER, "ticketId");
		return false;
	}
	if (ticket->status != WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_NEEDS_VISIT &&
	        ticket->status != WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_VISITING) {
		wb_refuse(d, WB_VISIT_NOT_NEEDED_YET, "ticketId");
		return false;
	}
	dp_visit_walk(&w, d->db, d->tenant, id, d->arena);
	while (!open && (v = dp_visit_walk_next(&w)) != NULL)
		open = dp_visit_is_open(v);
	wb_scan_done(&w.scan);
	if (open)
		wb_refuse(d, WB_VISIT_OPEN_ALREADY, "ticketId");
	return !open;
}

static bool schedule_fields(struct wb_decision *d, const Weibao__V1__ScheduleVisit *c, const Ticket *t)
{
	struct wb_id id;
	if (!time_bookable(d, c->promised_arrival_at))
		return false;
	if (c->has_earliest_offered_at &&
	        (c->earliest_offered_at > c->promised_arrival_at || c->earliest_offered_at < d->now_us - WB_DAY_US)) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "earliestOfferedAt");
		return false;
	}
	if (c->agreed_by != WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE &&
	        c->agreed_by != WEIBAO__V1__AGREED_BY__AGREED_BY_LINK &&
	        c->agreed_by != WEIBAO__V1__AGREED_BY__AGREED_BY_ON_SITE) {
		wb_refuse(d, WB_FIELD_INVALID, "agreedBy");
		return false;
	}
	if (c->has_planned_minutes &&
	        (c->planned_minutes < DISPATCH_PLANNED_MIN || c->planned_minutes > DISPATCH_PLANNED_MAX)) {
		wb_refuse(d, WB_FIELD_INVALID, "plannedMinutes");
		return false;
	}
	if (c->has_trip_id && !wb_require_id(d, c->trip_id, "tripId", &id))
		return false;
	if (!c->has_agreed_with_id)
		return true;
	id = wb_id_of_field(c->agreed_with_id);
	const Weibao__V1__TicketReported *r = t->reported;
	if (wb_id_equal(id, wb_id_of_field(r->caller_id)) || wb_id_equal(id, wb_id_of_field(r->onsite_contact_id)) ||
	        wb_id_equal(id, wb_id_of_field(r->direct_user_id)))
		return true;
	wb_refuse(d, WB_NOT_FOUND, "agreedWithId");
	return false;
}

void dp_decide_schedule_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ScheduleVisit *c = command;
	struct wb_id id, visit = wb_new_id(d, "visit");
	struct booking b;
	Ticket *t;
	if (!dp_ticket_require(d, c->ticket_id, c->round, &id, &t) || !schedule_fields(d, c, t) ||
	        !ticket_takes_visit(d, id, t))
		return;
	uint32_t minutes =
	        c->has_planned_minutes ? c->planned_minutes : dp_planned_minutes(d->db, d->arena, d->tenant, t);
	const char *place = t->reported->place->place_key;
	if (!bookable(d, c->engineer_id, place, t->secret_device, c->promised_arrival_at, minutes, zero, &b))
		return;
	NEW(d, Weibao__V1__VisitScheduled, weibao__v1__visit_scheduled__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->visit_id = wb_field_of_id(d->arena, visit);
	e->visit_number = t->visits + 1;
	e->form_number = wb_arena_fmt(d->arena, "%s-V%u", t->reported->number, e->visit_number);
	e->promised_arrival_at = c->promised_arrival_at;
	e->has_earliest_offered_at = c->has_earliest_offered_at && c->earliest_offered_at < c->promised_arrival_at;
	e->earliest_offered_at = c->earliest_offered_at;
	e->agreed_by = c->agreed_by;
	e->planned_minutes = minutes;
	e->travel_minutes = b.slot.travel_minutes;
	e->has_device_id = t->has_device_id;
	e->device_id = t->device_id;
	e->has_trip_id = c->has_trip_id;
	e->trip_id = c->trip_id;
	e->place_key = (char *)(uintptr_t)place;
	e->office_id = t->reported->place->office_id;
	e->has_agreed_with_id = c->has_agreed_with_id;
	e->agreed_with_id = c->agreed_with_id;
	e->has_secret_device = t->secret_device;
	e->secret_device = t->secret_device;
	if (!e->form_number)
		return;
	wb_condition(d, "ticket", id); /* not cancelled, closed or completed meanwhile */
	wb_emit(d, "visits", id, &e->base);
	emit_assigned(d, t, &b, c->round, visit, minutes, false, (ProtobufCBinaryData){0, NULL});
}

/* When a further engineer comes: with the others, or from now on if the visit is under way. */
static bool further_slot(
        struct wb_decision *d, const Weibao__V1__AssignFurtherEngineer *c, const struct visit_ref *v, struct booking *b)
{
	int64_t arrival = v->visit->promised_arrival_at;
	if (v->visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_LEFT) {
		/* for the device that was taken back: nobody goes anywhere, no time is booked */
		b->slot = (struct slot){d->now_us, d->now_us, d->now_us, 0};
		return sendable(d, c->engineer_id, v->visit->secret_device, d->now_us, b);
	}
	if (dp_visit_under_way(v->visit) && arrival < d->now_us)
		arrival = d->now_us;
	if (!dp_visit_under_way(v->visit) && !time_bookable(d, arrival))
		return false;
	return bookable(d, c->engineer_id, v->visit->place_key, v->visit->secret_device, arrival,
	        v->visit->planned_minutes, v->visit_id, b);
}

void dp_decide_assign_further_engineer(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AssignFurtherEngineer *c = command;
	struct visit_ref v;
	struct booking b;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v))
		return;
	if (!dp_visit_is_open(v.visit) && v.visit->state != WEIBAO__V1__VISIT_STATE__VISIT_STATE_LEFT) {
		wb_refuse(d, WB_VISIT_OVER, "visitId");
		return;
	}
	if (dp_visit_engineer(v.visit, wb_id_of_field(c->engineer_id))) {
		wb_refuse(d, WB_ENGINEER_ON_VISIT, "engineerId");
		return;
	}
	if (v.visit->n_engineers >= DISPATCH_VISIT_ENGINEERS) {
		wb_refuse(d, WB_FIELD_INVALID, "engineerId");
		return;
	}
	if (!further_slot(d, c, &v, &b))
		return;
	wb_condition(d, "ticket", v.ticket_id);
	emit_assigned(d, v.ticket, &b, c->round, v.visit_id, v.visit->planned_minutes, has_first(v.visit, zero),
	        (ProtobufCBinaryData){0, NULL});
}

/* Open and nobody under way, or refused. */
static bool still_movable(struct wb_decision *d, const Visit *v)
{
	if (!dp_visit_is_open(v))
		wb_refuse(d, WB_VISIT_OVER, "visitId");
	else if (dp_visit_under_way(v))
		wb_refuse(d, WB_VISIT_UNDER_WAY, "visitId");
	return dp_visit_is_open(v) && !dp_visit_under_way(v);
}

void dp_decide_transfer_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TransferVisit *c = command;
	const VisitEngineer *from = NULL;
	struct visit_ref v;
	struct booking b;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) || !still_movable(d, v.visit))
		return;
	if (c->has_from_engineer_id)
		from = dp_visit_engineer(v.visit, wb_id_of_field(c->from_engineer_id));
	if (c->has_from_engineer_id ? !from : v.visit->n_engineers > 0) {
		wb_refuse(d, c->has_from_engineer_id ? WB_STATE_CHANGED : WB_FIELD_REQUIRED, "fromEngineerId");
		return;
	}
	if (dp_visit_engineer(v.visit, wb_id_of_field(c->engineer_id))) {
		wb_refuse(d, WB_ENGINEER_ON_VISIT, "engineerId");
		return;
	}
	int64_t arrival = v.visit->promised_arrival_at < d->now_us ? d->now_us : v.visit->promised_arrival_at;
	if (!bookable(d, c->engineer_id, v.visit->place_key, v.visit->secret_device, arrival, v.visit->planned_minutes,
	            v.visit_id, &b))
		return;
	wb_condition(d, "ticket", v.ticket_id);
	if (from) {
		NEW(d, Weibao__V1__AssignmentReleased, weibao__v1__assignment_released__init, r);
		r->ticket_id = c->ticket_id;
		r->round = c->round;
		r->visit_id = c->visit_id;
		r->engineer_id = from->engineer_id;
		wb_emit(d, "visits", v.ticket_id, &r->base);
	}
	emit_assigned(d, v.ticket, &b, c->round, v.visit_id, v.visit->planned_minutes,
	        has_first(v.visit, wb_id_of_field(c->from_engineer_id)),
	        from ? from->engineer_id : (ProtobufCBinaryData){0, NULL});
}

/* The engineers are named by the caller so that their turns could be taken: they must be those of the visit. */
static bool same_engineers(const Visit *v, const Weibao__V1__MoveVisit *c)
{
	if (c->n_engineer_ids != v->n_engineers)
		return false;
	for (size_t i = 0; i < v->n_engineers; i++)
		if (!dp_ids_have(c->engineer_ids, c->n_engineer_ids, wb_id_of_field(v->engineers[i]->engineer_id)))
			return false;
	return true;
}

static bool move_fields(struct wb_decision *d, const Weibao__V1__MoveVisit *c, const Visit *v)
{
	bool by_user = c->moved_by == WEIBAO__V1__MOVED_BY__MOVED_BY_USER;
	if (!by_user && c->moved_by != WEIBAO__V1__MOVED_BY__MOVED_BY_PROVIDER) {
		wb_refuse(d, WB_FIELD_INVALID, "movedBy");
		return false;
	}
	if (!dp_text_optional(d, c->reason, DISPATCH_TEXT_BYTES, "reason") ||
	        (!by_user && !dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason")) ||
	        !time_bookable(d, c->promised_arrival_at))
		return false;
	if (c->has_earliest_offered_at && (!by_user || c->earliest_offered_at > c->promised_arrival_at ||
	                                          c->earliest_offered_at < d->now_us - WB_DAY_US)) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "earliestOfferedAt");
		return false;
	}
	if (c->promised_arrival_at == v->promised_arrival_at) {
		wb_refuse(d, WB_MOVE_NOT_CHANGED, "promisedArrivalAt");
		return false;
	}
	if (!same_engineers(v, c)) {
		wb_refuse(d, WB_STATE_CHANGED, "engineerIds");
		return false;
	}
	return true;
}

void dp_decide_move_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MoveVisit *c = command;
	struct visit_ref v;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) || !still_movable(d, v.visit) ||
	        !move_fields(d, c, v.visit))
		return;
	struct slot slot = {c->promised_arrival_at - DISPATCH_TRAVEL_US, c->promised_arrival_at,
	        c->promised_arrival_at + (int64_t)v.visit->planned_minutes * WB_MINUTE_US, DISPATCH_TRAVEL_MINUTES};
	for (size_t i = 0; i < v.visit->n_engineers; i++) {
		struct wb_id id = wb_id_of_field(v.visit->engineers[i]->engineer_id);
		const Engineer *engineer = dp_engineer_get(d->db, id, d->arena);
		if (engineer && !engineer_free(d, id, engineer, v.visit->place_key, slot.arrival,
		                        v.visit->planned_minutes, v.visit_id, "promisedArrivalAt"))
			return;
		if (i == 0)
			slot = dp_slot_of(d->db, d->arena, id, v.visit->place_key, slot.arrival,
			        v.visit->planned_minutes, v.visit_id);
	}
	NEW(d, Weibao__V1__VisitMoved, weibao__v1__visit_moved__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->visit_id = c->visit_id;
	e->promised_arrival_at = c->promised_arrival_at;
	e->moved_by = c->moved_by;
	e->reason = c->reason;
	e->slot_from = slot.from;
	e->slot_until = slot.until;
	e->has_earliest_offered_at = c->has_earliest_offered_at && c->earliest_offered_at < c->promised_arrival_at;
	e->earliest_offered_at = c->earliest_offered_at;
	wb_condition(d, "ticket", v.ticket_id);
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

/* ---- the user's word ---- */

/* The visit of a command of the user's, who must be concerned: another's is not there. */
static bool user_visit(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *v)
{
	if (!dp_visit_require(d, ticket, visit, round, v))
		return false;
	if (dp_caller_concerned(d->who, v->ticket, v->visit, "visit", "confirm"))
		return still_movable(d, v->visit);
	wb_refuse(d, WB_NOT_FOUND, "visitId");
	return false;
}

void dp_decide_confirm_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ConfirmVisit *c = command;
	struct visit_ref v;
	if (!user_visit(d, c->ticket_id, c->visit_id, c->round, &v))
		return;
	if (v.visit->has_confirmed_at) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__VisitConfirmedByUser, weibao__v1__visit_confirmed_by_user__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->visit_id = c->visit_id;
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

void dp_decide_ask_move(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AskMove *c = command;
	struct visit_ref v;
	if (!user_visit(d, c->ticket_id, c->visit_id, c->round, &v))
		return;
	if (c->wished_at < d->now_us || c->wished_at > d->now_us + DISPATCH_AHEAD_US) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "wishedAt");
		return;
	}
	NEW(d, Weibao__V1__VisitMoveAsked, weibao__v1__visit_move_asked__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->visit_id = c->visit_id;
	e->wished_at = c->wished_at;
	if (dp_personal_optional(
	            d, c->note, DISPATCH_LONG_TEXT_BYTES, "note", dp_ticket_subject(v.ticket), v.ticket_id, &e->note))
		wb_emit(d, "visits", v.ticket_id, &e->base);
}

void dp_decide_cancel_visit(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CancelVisit *c = command;
	struct visit_ref v;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason"))
		return;
	if (v.visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_CANCELLED) {
		wb_already(d);
		return;
	}
	if (!still_movable(d, v.visit))
		return;
	NEW(d, Weibao__V1__VisitCancelled, weibao__v1__visit_cancelled__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->visit_id = c->visit_id;
	e->reason = c->reason;
	wb_emit(d, "visits", v.ticket_id, &e->base);
}
