/* The board of clocks, and where an engineer is when. */
#include "services/reporting/query.h"

#include <string.h>

#define AGENDA_MAX 500u
#define AGENDA_SPAN_US (92 * INT64_C(86400000000))
#define SLOT_MAX_US (2 * INT64_C(86400000000)) /* no booking is longer */

/* ---- the board ---- */

/* Whether a ticket is of a team: by who is on it, else by who serves the tenant. */
static bool team_fits(const struct wb_query *q, struct wb_id team, const Weibao__V1__ReadTicketRow *row)
{
	const Weibao__V1__ReadTenantRow *tenant;
	struct wb_key k;
	if (row->has_engineer_id || row->has_handler_id) {
		rp_member_key(&k, team, wb_id_of_field(row->has_engineer_id ? row->engineer_id : row->handler_id));
		return wb_has(q->db, &rp_things_table, &k);
	}
	tenant = rp_tenant_get(q->db, q->tenant, q->arena);
	return tenant && rp_field_is(tenant->has_team_id, tenant->team_id, team);
}

static bool fits(const struct wb_query *q, const Weibao__V1__Board *c, const Weibao__V1__ReadTicketRow *row)
{
	struct wb_id engineer = wb_id_of_field(c->engineer_id);
	if (c->has_office_id && !rp_field_is(true, row->office_id, wb_id_of_field(c->office_id)))
		return false;
	if (c->has_engineer_id && !rp_field_is(row->has_engineer_id, row->engineer_id, engineer) &&
	        !rp_field_is(row->has_handler_id && !row->has_engineer_id, row->handler_id, engineer))
		return false;
	return !c->has_team_id || team_fits(q, wb_id_of_field(c->team_id), row);
}

static Weibao__V1__BoardClock *board_clock(
        struct wb_query *q, const Weibao__V1__ReadTicketRow *row, const Weibao__V1__ReadClockRow *clock)
{
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, q->tenant, wb_id_of_field(row->ticket_id), q->arena);
	Weibao__V1__BoardClock *b = e ? WB_ARENA_NEW(q->arena, Weibao__V1__BoardClock) : NULL;
	if (!b)
		return NULL;
	weibao__v1__board_clock__init(b);
	b->clock_id = clock->clock_id;
	b->clock = clock->kind;
	b->ticket_id = row->ticket_id;
	b->number = row->number;
	b->stage = row->stage;
	b->round = clock->round;
	b->office_id = row->office_id;
	b->office_name = e->place->office_name;
	b->category = row->category;
	b->urgency = row->urgency;
	b->deadline_at = clock->deadline_at;
	b->frozen = clock->has_frozen && clock->frozen;
	b->late = !b->frozen && clock->deadline_at < q->now_us;
	b->has_remaining_us = b->frozen && clock->has_remaining_us;
	b->remaining_us = clock->remaining_us;
	b->has_reason = b->frozen && clock->has_reason;
	b->reason = clock->reason;
	b->has_pending = clock->has_pending;
	b->pending = clock->pending;
	b->has_handler_id = row->has_handler_id;
	b->handler_id = row->handler_id;
	b->has_engineer_id = row->has_engineer_id;
	b->engineer_id = row->engineer_id;
	if (row->has_engineer_id)
		b->engineer_name = rp_engineer_name(q, row, row->engineer_id);
	b->user_name = e->direct_user_name;
	b->symptom = e->symptom;
	return b;
}

/* What a key of clocks_open names; NULL: not for this asker or these filters. */
static Weibao__V1__BoardClock *board_row(
        struct wb_query *q, const Weibao__V1__Board *c, const struct viewer *v, struct wb_bytes key)
{
	struct wb_id ticket, clock;
	if (key.len < 2 * WB_ID_BYTES ||
	        !wb_id_from_bytes(key.data + key.len - 2 * WB_ID_BYTES, WB_ID_BYTES, &ticket) ||
	        !wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &clock))
		return NULL;
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, ticket, q->arena);
	const Weibao__V1__ReadClockRow *k = row && rp_may_see(q, v, row) && fits(q, c, row)
	                                            ? rp_clock_get(q->db, q->tenant, ticket, clock, q->arena)
	                                            : NULL;
	return k ? board_clock(q, row, k) : NULL;
}

static Weibao__V1__BoardClock **board_page(struct wb_query *q, const Weibao__V1__Board *c, bool frozen,
        const struct wb_key *from, size_t *ret_n, char **ret_cursor)
{
	uint32_t limit = rp_page_size(c->has_limit, c->limit), looked = 0;
	Weibao__V1__BoardClock **rows = WB_ARENA_ARRAY(q->arena, Weibao__V1__BoardClock *, limit);
	struct viewer v = rp_viewer_of(q);
	struct wb_key prefix, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	rp_tenant_key(&prefix, q->tenant);
	wb_key_u8(&prefix, frozen ? 1 : 0);
	wb_key_init(&last);
	wb_scan_from(&scan, q->db, &rp_clocks_open_table, &prefix, from);
	while (rows && wb_scan_next(&scan, &key, &value)) {
		if (*ret_n == limit || looked++ == ROWS_MAX) {
			if (ret_cursor)
				*ret_cursor = rp_cursor_text(q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		Weibao__V1__BoardClock *b = board_row(q, c, &v, key);
		if (b)
			rows[(*ret_n)++] = b;
	}
	wb_scan_done(&scan);
	return rows;
}

void rp_answer_board(struct wb_query *q, const void *request)
{
	const Weibao__V1__Board *c = request;
	Weibao__V1__BoardAnswer *r = rp_answer_new(q, sizeof *r);
	struct wb_key from;
	if (!r)
		return;
	if (c->cursor && !rp_cursor_read(c->cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (c->cursor)
		wb_key_after(&from);
	weibao__v1__board_answer__init(r);
	r->running = board_page(q, c, false, c->cursor ? &from : NULL, &r->n_running, &r->next_cursor);
	if (!c->cursor) /* the few that are frozen stand on the first page */
		r->frozen = board_page(q, c, true, NULL, &r->n_frozen, NULL);
	wb_answer(q, &r->base);
}

/* ---- an engineer's agenda ---- */

/* A booking as its key and value have it. */
struct booking {
	int64_t from, until;
	char client[128];
	struct wb_id ticket, visit;
};

static bool booking_read(struct wb_bytes key, struct wb_bytes value, size_t prefix, struct booking *b)
{
	struct wb_key_reader r;
	wb_key_reader_init(&r, (struct wb_bytes){key.data + prefix, key.len - prefix});
	if (value.len != 8 || !wb_key_read_i64(&r, &b->from) ||
	        !wb_key_read_text(&r, b->client, sizeof b->client, NULL) || !wb_key_read_id(&r, &b->ticket) ||
	        !wb_key_read_id(&r, &b->visit))
		return false;
	b->until = (int64_t)wb_be64_get(value.data);
	return true;
}

/* What is said of a visit of another client unit to who may know: nothing personal. */
static void say_where(struct wb_query *q, const struct booking *b, Weibao__V1__AgendaItem *i)
{
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, b->client, b->ticket, q->arena);
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, b->client, b->ticket, q->arena);
	const Weibao__V1__ReadVisitRow *v = rp_visit_get(q->db, b->client, b->ticket, b->visit, q->arena);
	if (!row || !e || !v)
		return;
	i->busy = false;
	i->client = wb_arena_str(q->arena, b->client);
	i->has_ticket_id = true;
	i->ticket_id = row->ticket_id;
	i->has_visit_id = true;
	i->visit_id = v->visit_id;
	i->number = row->number;
	i->form_number = v->form_number;
	i->office_name = e->place->office_name;
	i->has_stage = true;
	i->stage = v->stage;
	i->has_promised_arrival_at = true;
	i->promised_arrival_at = v->promised_arrival_at;
	i->category = row->category;
	i->has_urgency = true;
	i->urgency = row->urgency;
	if (strcmp(b->client, q->tenant) != 0)
		return;
	i->address = e->place->address;
	i->user_name = e->direct_user_name;
	i->telephone = e->telephone;
	i->symptom = e->symptom;
}

/* Over all client units: the provider's staff, and the engineer themselves. */
static bool sees_all(const struct wb_query *q, struct wb_id engineer)
{
	if (strcmp(q->tenant, "provider") != 0)
		return false;
	return rp_viewer_of(q).scope == SCOPE_TENANT ||
	       (q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), engineer));
}

static Weibao__V1__AgendaItem *agenda_item(struct wb_query *q, const struct booking *b, bool all)
{
	Weibao__V1__AgendaItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__AgendaItem);
	if (!i)
		return NULL;
	weibao__v1__agenda_item__init(i);
	i->slot_from = b->from;
	i->slot_until = b->until;
	i->busy = true;
	if (all) {
		say_where(q, b, i);
	} else if (strcmp(b->client, q->tenant) == 0) {
		struct viewer v = rp_viewer_of(q);
		const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, b->ticket, q->arena);
		if (row && rp_may_see(q, &v, row))
			say_where(q, b, i);
	}
	return i;
}

void rp_answer_agenda(struct wb_query *q, const void *request)
{
	const Weibao__V1__EngineerAgenda *c = request;
	struct wb_id engineer = wb_id_of_field(c->engineer_id);
	Weibao__V1__EngineerAgendaAnswer *r = rp_answer_new(q, sizeof *r);
	struct wb_bytes key, value;
	struct wb_key prefix, from;
	struct wb_scan scan;
	struct booking b;
	if (!r)
		return;
	if (c->until_at < c->from_at || c->until_at - c->from_at > AGENDA_SPAN_US) {
		wb_query_refuse(q, WB_TIME_OUT_OF_RANGE, "untilAt");
		return;
	}
	weibao__v1__engineer_agenda_answer__init(r);
	r->items = WB_ARENA_ARRAY(q->arena, Weibao__V1__AgendaItem *, AGENDA_MAX);
	rp_id_key(&prefix, "provider", engineer);
	from = prefix;
	wb_key_i64(&from, c->from_at - SLOT_MAX_US);
	wb_scan_from(&scan, q->db, &rp_visit_days_table, &prefix, &from);
	while (r->items && wb_scan_next(&scan, &key, &value)) {
		if (!booking_read(key, value, prefix.len, &b) || b.from >= c->until_at)
			break;
		r->more = r->n_items == AGENDA_MAX;
		if (r->more)
			break;
		Weibao__V1__AgendaItem *i = b.until > c->from_at ? agenda_item(q, &b, sees_all(q, engineer)) : NULL;
		if (i)
			r->items[r->n_items++] = i;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}
