/* Who is free, and who should go. Pure: reads the projection, changes nothing; decisions and queries both ask here. */
#include "services/dispatch/dispatch.h"
#include "calendar/date.h"

#include <string.h>

#define SHIFT_DAYS_BACK 1

/* The next booking that could touch [from, until): in the order of the slots' starts. */
struct booking_walk {
	struct wb_scan scan;
	struct wb_txn *db;
	struct wb_arena *arena;
	int64_t until;
};

static void walk_bookings(struct booking_walk *w, struct wb_txn *db, struct wb_arena *a, struct wb_id engineer,
        int64_t from, int64_t until)
{
	struct wb_key prefix, first;
	*w = (struct booking_walk){.db = db, .arena = a, .until = until};
	dp_thing_key(&prefix, DISPATCH_PROVIDER, engineer);
	dp_thing_key(&first, DISPATCH_PROVIDER, engineer);
	wb_key_i64(&first, from - DISPATCH_SLOT_MAX_US);
	wb_scan_from(&w->scan, db, &dp_bookings_table, &prefix, &first);
}

static Weibao__V1__BookingRow *next_booking(struct booking_walk *w)
{
	struct wb_bytes value;
	if (!wb_scan_next(&w->scan, NULL, &value))
		return NULL;
	Weibao__V1__BookingRow *b = (Weibao__V1__BookingRow *)wb_unpack_row(
	        w->db, &dp_bookings_table, value, &weibao__v1__booking_row__descriptor, w->arena);
	if (b && b->slot_from < w->until)
		return b;
	wb_scan_done(&w->scan);
	return NULL;
}

static bool same_place(const char *a, const char *b)
{
	return a && b && a[0] != '\0' && strcmp(a, b) == 0;
}

bool dp_engineer_booked(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, const char *place_key,
        int64_t arrival, int64_t until, struct wb_id but_visit)
{
	struct booking_walk w;
	Weibao__V1__BookingRow *b;
	bool booked = false;
	walk_bookings(&w, db, a, engineer, arrival - DISPATCH_TRAVEL_US, until + 2 * DISPATCH_TRAVEL_US);
	while (!booked && (b = next_booking(&w)) != NULL) {
		int64_t gap = same_place(b->place_key, place_key) ? 0 : DISPATCH_TRAVEL_US;
		booked = !wb_id_equal(wb_id_of_field(b->visit_id), but_visit) && arrival < b->slot_until + gap &&
		         b->arrival_at < until + gap;
	}
	wb_scan_done(&w.scan);
	return booked;
}

struct slot dp_slot_of(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, const char *place_key,
        int64_t arrival, uint32_t planned, struct wb_id but_visit)
{
	struct slot s = {arrival - DISPATCH_TRAVEL_US, arrival, arrival + (int64_t)planned * WB_MINUTE_US,
	        DISPATCH_TRAVEL_MINUTES};
	struct booking_walk w;
	Weibao__V1__BookingRow *b;
	walk_bookings(&w, db, a, engineer, arrival - DISPATCH_TRAVEL_US, arrival);
	while ((b = next_booking(&w)) != NULL)
		if (same_place(b->place_key, place_key) && !wb_id_equal(wb_id_of_field(b->visit_id), but_visit) &&
		        b->slot_until <= arrival && b->slot_until > arrival - DISPATCH_TRAVEL_US) {
			s.from = arrival;
			s.travel_minutes = 0;
		}
	wb_scan_done(&w.scan);
	return s;
}

/* How many bookings the engineer has around that time: a working day's load. */
static uint32_t load_around(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, int64_t at)
{
	struct booking_walk w;
	uint32_t n = 0;
	walk_bookings(&w, db, a, engineer, at - 12 * WB_HOUR_US, at + 12 * WB_HOUR_US);
	while (next_booking(&w))
		n++;
	wb_scan_done(&w.scan);
	return n;
}

/* Whether a visit at that place lies within two hours before or after. */
static bool near_at(
        struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, const char *place_key, int64_t arrival)
{
	struct booking_walk w;
	Weibao__V1__BookingRow *b;
	bool found = false;
	walk_bookings(&w, db, a, engineer, arrival - 2 * WB_HOUR_US, arrival + 2 * WB_HOUR_US);
	while (!found && (b = next_booking(&w)) != NULL)
		found = same_place(b->place_key, place_key) && b->slot_until > arrival - 2 * WB_HOUR_US;
	wb_scan_done(&w.scan);
	return found;
}

bool dp_engineer_has_open(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer)
{
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_id who, visit;
	char provider[16];
	bool open = false;
	dp_thing_key(&prefix, DISPATCH_PROVIDER, engineer);
	wb_scan_prefix(&scan, db, &dp_duties_table, &prefix);
	while (!open && wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader reader;
		const Weibao__V1__DutyRow *row = (const Weibao__V1__DutyRow *)wb_unpack_row(
		        db, &dp_duties_table, value, &weibao__v1__duty_row__descriptor, a);
		wb_key_reader_init(&reader, key);
		if (!row || !wb_key_read_text(&reader, provider, sizeof provider, NULL) ||
		        !wb_key_read_id(&reader, &who) || !wb_key_read_id(&reader, &visit))
			break;
		const Visit *v = dp_visit_get(db, row->client, wb_id_of_field(row->ticket_id), visit, a);
		open = v && (dp_visit_is_open(v) || v->n_engineers == 1);
	}
	wb_scan_done(&scan);
	return open;
}

bool dp_engineer_on_leave(const Engineer *e, int64_t from, int64_t until)
{
	for (size_t i = 0; i < e->n_leaves; i++)
		if (from < e->leaves[i]->until_at && e->leaves[i]->from_at < until)
			return true;
	return false;
}

/* The zone's offset at an instant: that of the last transition at or before it. */
static int64_t offset_us(const Weibao__V1__ShiftsSaved *s, int64_t at)
{
	int64_t offset = s->n_offset_s ? s->offset_s[0] : 0;
	for (size_t i = 0; i < s->n_transition_at && i < s->n_offset_s && s->transition_at[i] <= at; i++)
		offset = s->offset_s[i];
	return offset * WB_SECOND_US;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

bool dp_engineer_in_shift(const Engineer *e, int64_t from, int64_t until)
{
	const Weibao__V1__ShiftsSaved *s = e->shifts;
	if (!s)
		return true; /* nothing is known against it */
	int64_t local = from + offset_us(s, from), length = until - from;
	for (int64_t back = 0; back <= SHIFT_DAYS_BACK; back++) {
		int64_t day = floor_div(local, WB_DAY_US) - back;
		uint32_t weekday = wb_day_weekday((int32_t)day) + 1;
		int64_t at = local - day * WB_DAY_US;
		for (size_t i = 0; i < s->n_windows; i++)
			if (s->windows[i]->weekday == weekday && at >= s->windows[i]->start_s * WB_SECOND_US &&
			        at + length <= s->windows[i]->end_s * WB_SECOND_US)
				return true;
	}
	return false;
}

bool dp_team_has(const Team *team, struct wb_id engineer, int64_t at, const Weibao__V1__TeamMember **ret_member)
{
	for (size_t i = 0; team && i < team->n_members; i++) {
		const Weibao__V1__TeamMember *m = team->members[i];
		if (!wb_id_equal(wb_id_of_field(m->engineer_id), engineer) || (m->has_until_at && m->until_at <= at))
			continue;
		if (ret_member)
			*ret_member = m;
		return true;
	}
	return false;
}

char **dp_certificates_at(struct wb_arena *a, const Engineer *e, int64_t at, size_t *ret_n)
{
	char **list = WB_ARENA_ARRAY(a, char *, e->n_certifications + 1);
	int32_t day = (int32_t)floor_div(at, WB_DAY_US), expires;
	*ret_n = 0;
	for (size_t i = 0; list && i < e->n_certifications; i++) {
		const Weibao__V1__CertificationAdded *c = e->certifications[i];
		if (wb_day_parse(c->expires_on, strlen(c->expires_on), &expires) != WB_OK || expires < day)
			continue;
		list[*ret_n] = wb_arena_fmt(a, "%s / %s", c->name, c->issuer);
		if (list[*ret_n])
			++*ret_n;
	}
	return list;
}

uint32_t dp_planned_minutes(struct wb_txn *db, struct wb_arena *a, const char *tenant, const Ticket *ticket)
{
	const Weibao__V1__PlanCategoryRow *c = dp_category_get(db, tenant, ticket->category, a);
	if (!c || !c->has_planned_minutes || c->planned_minutes < DISPATCH_PLANNED_MIN ||
	        c->planned_minutes > DISPATCH_PLANNED_MAX)
		return DISPATCH_PLANNED_MINUTES;
	return c->planned_minutes;
}

static bool has_skill(const Engineer *e, const char *code)
{
	for (size_t i = 0; i < e->details->n_skills; i++)
		if (strcmp(e->details->skills[i], code) == 0)
			return true;
	return false;
}

static bool inducted_for(const Engineer *e, const char *client)
{
	for (size_t i = 0; i < e->n_inductions; i++)
		if (strcmp(e->inductions[i]->client, client) == 0)
			return true;
	return false;
}

static void reason(struct suggestion *s, bool holds, const char *code, int32_t points)
{
	if (!holds || s->n_reasons == sizeof s->reasons / sizeof s->reasons[0])
		return;
	s->reasons[s->n_reasons++] = code;
	s->score += points;
}

void dp_suggest(
        struct wb_txn *db, struct wb_arena *a, const struct suggest_for *s, const Engineer *e, struct suggestion *ret)
{
	struct wb_id id = wb_id_of_field(e->details->engineer_id);
	const char *place = s->ticket->reported->place->place_key;
	int64_t until = s->arrival + (int64_t)s->planned_minutes * WB_MINUTE_US;
	const Weibao__V1__PlanCategoryRow *category = dp_category_get(db, s->tenant, s->ticket->category, a);
	bool leave = dp_engineer_on_leave(e, s->arrival, until);
	bool busy = dp_engineer_booked(db, a, id, place, s->arrival, until, s->but_visit);
	bool shift = dp_engineer_in_shift(e, s->arrival, until);
	bool named = s->assignment &&
	             dp_ids_have(s->assignment->secret_engineer_ids, s->assignment->n_secret_engineer_ids, id);
	size_t certificates;
	*ret = (struct suggestion){.n_reasons = 0};
	(void)dp_certificates_at(a, e, s->arrival, &certificates);
	reason(ret, !leave && !busy && shift, "FREE", 40);
	reason(ret, has_skill(e, s->ticket->category) || (category && has_skill(e, category->parent)), "SKILL", 25);
	reason(ret, certificates > 0, "CERTIFIED", 10);
	reason(ret, load_around(db, a, id, s->arrival) < 3, "LOW_LOAD", 10);
	reason(ret, near_at(db, a, id, place, s->arrival), "NEAR", 15);
	reason(ret, s->ticket->secret_device && named, "NAMED", 20);
	reason(ret, inducted_for(e, s->tenant), "INDUCTED", 10);
	reason(ret, leave, "ON_LEAVE", -100);
	reason(ret, !shift, "OFF_SHIFT", -30);
	reason(ret, busy, "BUSY", -100);
	ret->bookable = !e->left && !leave && !busy && (!s->ticket->secret_device || named);
}
