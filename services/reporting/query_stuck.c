/* What waits for somebody. */
#include "base/clock.h"
#include "services/reporting/query.h"

#define MATTER(s) WEIBAO__V1__OPEN_MATTER__OPEN_MATTER_##s
#define STAGE(s) WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_##s
#define OLD_DAYS_DEFAULT 7u
#define OLD_DAYS_MAX 3650u

/* One answer while it is made. limit is of each kind. */
struct stuck {
	struct wb_query *q;
	Weibao__V1__StuckAnswer *r;
	uint32_t limit;
	size_t cap;
	const struct wb_key *from; /* behind the cursor, or NULL */
	int64_t old_us;
};

static Weibao__V1__StuckItem *item_add(struct stuck *s, Weibao__V1__OpenMatter matter, int64_t since)
{
	Weibao__V1__StuckItem *i = s->r->n_items < s->cap ? WB_ARENA_NEW(s->q->arena, Weibao__V1__StuckItem) : NULL;
	if (!i)
		return NULL;
	weibao__v1__stuck_item__init(i);
	i->matter = matter;
	i->since_at = since;
	s->r->items[s->r->n_items++] = i;
	return i;
}

static void item_ticket(struct stuck *s, Weibao__V1__StuckItem *i, struct wb_id ticket)
{
	const Weibao__V1__ReadTicketRow *row =
	        wb_id_is_zero(ticket) ? NULL : rp_ticket_get(s->q->db, s->q->tenant, ticket, s->q->arena);
	const Weibao__V1__TicketReported *e = row ? rp_report_get(s->q->db, s->q->tenant, ticket, s->q->arena) : NULL;
	if (!e)
		return;
	i->has_ticket_id = true;
	i->ticket_id = row->ticket_id;
	i->number = row->number;
	i->has_stage = true;
	i->stage = row->stage;
	i->office_name = e->place->office_name;
}

static void more(struct stuck *s, Weibao__V1__OpenMatter matter, const struct wb_key *last)
{
	s->r->more[s->r->n_more++] = matter;
	s->r->next_cursor = rp_cursor_text(s->q->arena, wb_key_view(last));
}

/* Matters as they were folded: the key says all but what a to-do was. */
static void folded(struct stuck *s, Weibao__V1__OpenMatter matter)
{
	struct wb_bytes key, value;
	struct wb_key prefix, last;
	struct wb_scan scan;
	uint32_t n = 0;
	rp_tenant_key(&prefix, s->q->tenant);
	wb_key_u8(&prefix, (uint8_t)matter);
	wb_key_init(&last);
	wb_scan_from(&scan, s->q->db, &rp_matters_table, &prefix, s->from);
	while (wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader r;
		struct wb_id ticket, ref;
		int64_t since;
		if (n++ == s->limit) {
			more(s, matter, &last);
			break;
		}
		wb_key_copy(&last, key);
		wb_key_reader_init(&r, (struct wb_bytes){key.data + prefix.len, key.len - prefix.len});
		if (!wb_key_read_i64(&r, &since) || !wb_key_read_id(&r, &ticket) || !wb_key_read_id(&r, &ref))
			break;
		Weibao__V1__StuckItem *i = item_add(s, matter, since);
		if (!i)
			break;
		item_ticket(s, i, ticket);
		i->has_ref_id = true;
		i->ref_id = wb_field_of_id(s->q->arena, ref);
		const Weibao__V1__ReadMatterRow *row =
		        value.len ? (const Weibao__V1__ReadMatterRow *)wb_unpack_row(s->q->db, &rp_matters_table, value,
		                            &weibao__v1__read_matter_row__descriptor, s->q->arena)
		                  : NULL;
		if (row) {
			i->service = row->service;
			i->todo = row->todo;
			i->code = row->code;
		}
	}
	wb_scan_done(&scan);
}

/* Tickets of a stage since long, the oldest first. Completed ones count from their completion. */
static void old_tickets(struct stuck *s, Weibao__V1__OpenMatter matter, Weibao__V1__TicketStage stage)
{
	const uint8_t value_of = (uint8_t)stage;
	uint32_t n = 0, looked = 0;
	struct wb_bytes key, value;
	struct wb_key prefix, last;
	struct wb_scan scan;
	struct wb_id ticket;
	rp_index_prefix(&prefix, s->q->tenant, BY_STAGE, (struct wb_bytes){&value_of, 1});
	wb_key_init(&last);
	wb_scan_from(&scan, s->q->db, &rp_ticket_index_table, &prefix, s->from);
	while (wb_scan_next(&scan, &key, &value)) {
		if (n == s->limit || looked++ == ROWS_MAX) {
			more(s, matter, &last);
			break;
		}
		wb_key_copy(&last, key);
		const Weibao__V1__ReadTicketRow *row =
		        wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket)
		                ? rp_ticket_get(s->q->db, s->q->tenant, ticket, s->q->arena)
		                : NULL;
		if (!row || row->reported_at > s->q->now_us - s->old_us)
			break;
		int64_t since = row->has_completed_at       ? row->completed_at
		                : row->has_round_started_at ? row->round_started_at
		                                            : row->reported_at;
		if (since > s->q->now_us - s->old_us)
			continue;
		Weibao__V1__StuckItem *i = item_add(s, matter, since);
		if (!i)
			break;
		item_ticket(s, i, ticket);
		n++;
	}
	wb_scan_done(&scan);
}

static void collect(struct stuck *s, Weibao__V1__OpenMatter matter)
{
	static const Weibao__V1__TicketStage open[] = {
	        STAGE(REPORTED), STAGE(IN_PHONE), STAGE(NEEDS_VISIT), STAGE(VISITING)};
	if (matter == MATTER(NOT_FOLLOWED_UP)) {
		old_tickets(s, matter, STAGE(COMPLETED));
	} else if (matter == MATTER(OLD_TICKET)) {
		for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
			old_tickets(s, matter, open[i]);
	} else {
		folded(s, matter);
	}
}

void rp_answer_stuck(struct wb_query *q, const void *request)
{
	static const Weibao__V1__OpenMatter all[] = {MATTER(FACT_HELD), MATTER(TODO_ENDED), MATTER(COMPLAINT),
	        MATTER(MOVE_ASKED), MATTER(DECLINED), MATTER(HARDWARE_DECISION), MATTER(CHARGE), MATTER(REPAIR),
	        MATTER(CUSTODY), MATTER(LOAN), MATTER(OLD_TICKET), MATTER(NOT_FOLLOWED_UP)};
	const size_t n_all = sizeof all / sizeof all[0];
	const Weibao__V1__Stuck *c = request;
	uint32_t days = c->has_old_days ? c->old_days : OLD_DAYS_DEFAULT;
	struct stuck s = {.q = q, .r = rp_answer_new(q, sizeof *s.r), .limit = rp_page_size(c->has_limit, c->limit)};
	struct wb_key from;
	if (!s.r)
		return;
	/* a cursor goes on in one kind; old tickets are of four stages, each with a walk of its own */
	if (c->cursor && (!c->has_matter || c->matter == MATTER(OLD_TICKET) || !rp_cursor_read(c->cursor, &from))) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (days == 0 || days > OLD_DAYS_MAX) {
		wb_query_refuse(q, WB_FIELD_INVALID, "oldDays");
		return;
	}
	if (c->cursor) {
		wb_key_after(&from);
		s.from = &from;
	}
	s.old_us = (int64_t)days * WB_DAY_US;
	weibao__v1__stuck_answer__init(s.r);
	s.cap = (size_t)s.limit * (n_all + 3);
	s.r->items = WB_ARENA_ARRAY(q->arena, Weibao__V1__StuckItem *, s.cap);
	s.r->more = WB_ARENA_ARRAY(q->arena, Weibao__V1__OpenMatter, n_all + 3);
	if (!s.r->items || !s.r->more)
		return;
	if (c->has_matter)
		collect(&s, c->matter);
	for (size_t i = 0; !c->has_matter && i < n_all; i++)
		collect(&s, all[i]);
	if (!c->has_matter || c->matter == MATTER(OLD_TICKET))
		s.r->next_cursor = NULL;
	wb_answer(q, &s.r->base);
}
