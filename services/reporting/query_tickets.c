/* Lists of tickets: one index is walked, the other filters are asked of each small row. */
#include "services/reporting/cache.h"
#include "services/reporting/query.h"

#include <string.h>

/* What one page walks: an index and a direction. */
struct walk {
	const struct wb_table *table;
	struct wb_key prefix;
	bool backward;
};

static bool id_filter(struct wb_query *q, bool has, ProtobufCBinaryData field, const char *path)
{
	if (!has || (field.len == WB_ID_BYTES && !wb_id_is_zero(wb_id_of_field(field))))
		return true;
	wb_query_refuse(q, WB_FIELD_INVALID, path);
	return false;
}

static bool filters_valid(struct wb_query *q, const Weibao__V1__ListTickets *c)
{
	if (!id_filter(q, c->has_office_id, c->office_id, "officeId") ||
	        !id_filter(q, c->has_engineer_id, c->engineer_id, "engineerId") ||
	        !id_filter(q, c->has_device_id, c->device_id, "deviceId") ||
	        !id_filter(q, c->has_contact_id, c->contact_id, "contactId"))
		return false;
	if (c->has_from_at && c->has_until_at && c->from_at > c->until_at) {
		wb_query_refuse(q, WB_FIELD_INVALID, "untilAt");
		return false;
	}
	return true;
}

/* The index that leaves least to look at: a device, a person, an office, a stage … */
static void pick(struct walk *w, const struct wb_query *q, const Weibao__V1__ListTickets *c, const struct viewer *v)
{
	enum dimension by = BY_ALL;
	struct wb_bytes value = {NULL, 0};
	static const uint8_t yes = 1;
	static uint8_t numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	w->table = &rp_ticket_index_table;
	w->backward = !c->has_sort || c->sort != WEIBAO__V1__TICKET_SORT__TICKET_SORT_OLDEST;
	if (c->has_device_id) {
		by = BY_DEVICE;
		value = rp_bytes_of_field(c->device_id);
	} else if (c->has_contact_id) {
		by = BY_CONTACT;
		value = rp_bytes_of_field(c->contact_id);
	} else if (v->scope == SCOPE_CONTACT) {
		by = BY_CONTACT;
		value = rp_bytes_of_id(&v->person);
	} else if (c->has_engineer_id) {
		by = BY_ENGINEER;
		value = rp_bytes_of_field(c->engineer_id);
	} else if (v->scope == SCOPE_ENGINEER && !v->as_contact) {
		by = BY_ENGINEER;
		value = rp_bytes_of_id(&v->person);
	} else if (c->n_stages == 1) {
		by = BY_STAGE;
		value = (struct wb_bytes){&numbers[(unsigned)c->stages[0] % 16], 1};
	} else if (c->has_office_id) {
		by = BY_OFFICE;
		value = rp_bytes_of_field(c->office_id);
	} else if (c->has_breached && c->breached) {
		by = BY_BREACHED;
		value = (struct wb_bytes){&yes, 1};
	} else if (c->category) {
		by = BY_CATEGORY;
		value = wb_bytes_str(c->category);
	} else if (c->has_covered) {
		by = BY_COVERED;
		value = (struct wb_bytes){&numbers[c->covered ? 1 : 0], 1};
	} else if (c->has_urgency) {
		by = BY_URGENCY;
		value = (struct wb_bytes){&numbers[(unsigned)c->urgency % 16], 1};
	}
	rp_index_prefix(&w->prefix, q->tenant, by, value);
}

static bool stage_fits(const Weibao__V1__ListTickets *c, Weibao__V1__TicketStage stage)
{
	for (size_t i = 0; i < c->n_stages; i++)
		if (c->stages[i] == stage)
			return true;
	return c->n_stages == 0;
}

static bool engineer_fits(const Weibao__V1__ListTickets *c, const Weibao__V1__ReadTicketRow *row)
{
	for (size_t i = 0; c->has_engineer_id && i < row->n_engineer_ids; i++)
		if (rp_field_is(true, row->engineer_ids[i], wb_id_of_field(c->engineer_id)))
			return true;
	return !c->has_engineer_id;
}

static bool fits(const struct wb_query *q, const Weibao__V1__ListTickets *c, const Weibao__V1__ReadTicketRow *row)
{
	if (!stage_fits(c, row->stage) || !engineer_fits(c, row))
		return false;
	if (c->has_contact_id && !rp_is_indexed(q->db, q->tenant, BY_CONTACT, wb_id_of_field(c->contact_id), row))
		return false;
	if (c->has_office_id && !rp_field_is(true, row->office_id, wb_id_of_field(c->office_id)))
		return false;
	if (c->has_device_id && !rp_is_indexed(q->db, q->tenant, BY_DEVICE, wb_id_of_field(c->device_id), row))
		return false;
	if (c->category && strcmp(c->category, row->category) != 0)
		return false;
	if ((c->has_urgency && c->urgency != row->urgency) || (c->has_covered && c->covered != row->covered) ||
	        (c->has_breached && c->breached != (row->breaches > 0)))
		return false;
	return (!c->has_from_at || row->reported_at >= c->from_at) &&
	       (!c->has_until_at || row->reported_at < c->until_at);
}

/* A key of an index ends with a time and the ticket. */
static bool key_tail(struct wb_bytes key, struct wb_id *ret_ticket)
{
	return key.len > WB_ID_BYTES && wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, ret_ticket);
}

/* Where the walk begins: behind the cursor, else at the edge of the period. */
static bool begin(struct wb_query *q, const Weibao__V1__ListTickets *c, const struct walk *w, struct wb_scan *scan)
{
	struct wb_key at = w->prefix;
	bool timed = w->table == &rp_ticket_index_table;
	if (c->cursor) {
		if (!rp_cursor_read(c->cursor, &at)) {
			wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
			return false;
		}
		if (!w->backward)
			wb_key_after(&at);
	} else if (timed && w->backward && c->has_until_at) {
		wb_key_i64(&at, c->until_at);
	} else if (timed && !w->backward && c->has_from_at) {
		wb_key_i64(&at, c->from_at);
	} else if (w->backward) {
		wb_scan_back(scan, q->db, w->table, &w->prefix);
		return true;
	}
	if (w->backward)
		wb_scan_before(scan, q->db, w->table, &w->prefix, &at);
	else
		wb_scan_from(scan, q->db, w->table, &w->prefix, &at);
	return true;
}

/* Past the other edge of the period there is nothing more. */
static bool is_past(const Weibao__V1__ListTickets *c, const struct walk *w, const Weibao__V1__ReadTicketRow *row)
{
	if (w->table != &rp_ticket_index_table)
		return false;
	return w->backward ? c->has_from_at && row->reported_at < c->from_at
	                   : c->has_until_at && row->reported_at >= c->until_at;
}

static void walk_page(struct wb_query *q, const Weibao__V1__ListTickets *c, const struct walk *w,
        const struct viewer *v, Weibao__V1__ListTicketsAnswer *r)
{
	uint32_t limit = rp_page_size(c->has_limit, c->limit), looked = 0;
	struct wb_bytes key, value;
	struct wb_key last;
	struct wb_scan scan;
	struct wb_id ticket;
	wb_key_init(&last);
	if (!begin(q, c, w, &scan))
		return;
	while (wb_scan_next(&scan, &key, &value)) {
		if (r->n_tickets == limit || looked++ == ROWS_MAX) {
			r->next_cursor = rp_cursor_text(q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		const Weibao__V1__ReadTicketRow *row =
		        key_tail(key, &ticket) ? rp_ticket_get(q->db, q->tenant, ticket, q->arena) : NULL;
		if (!row || is_past(c, w, row))
			break;
		Weibao__V1__TicketLine *line = rp_may_see(q, v, row) && fits(q, c, row) ? rp_line_of(q, row) : NULL;
		if (line)
			r->tickets[r->n_tickets++] = line;
	}
	wb_scan_done(&scan);
}

/* ---- full text ---- */

/* Where a page of hits begins: the time and the ticket of the last one given. */
static bool hit_after(const char *cursor, struct search_hit *ret)
{
	struct wb_key_reader r;
	struct wb_key k;
	if (!rp_cursor_read(cursor, &k))
		return false;
	wb_key_reader_init(&r, wb_key_view(&k));
	return wb_key_read_i64(&r, &ret->reported_at) && wb_key_read_id(&r, &ret->ticket) && wb_key_read_end(&r);
}

static char *hit_cursor(struct wb_arena *a, const struct search_hit *h)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_i64(&k, h->reported_at);
	wb_key_id(&k, h->ticket);
	return rp_cursor_text(a, wb_key_view(&k));
}

static bool is_behind(const struct search_hit *h, const struct search_hit *last)
{
	if (h->reported_at != last->reported_at)
		return h->reported_at < last->reported_at;
	return memcmp(h->ticket.b, last->ticket.b, WB_ID_BYTES) < 0;
}

/* A page of what the text finds, newest first, through the same filters and scopes as a list. */
static void search_page(
        struct wb_query *q, const Weibao__V1__ListTickets *c, const struct viewer *v, Weibao__V1__ListTicketsAnswer *r)
{
	uint32_t limit = rp_page_size(c->has_limit, c->limit), looked = 0;
	const struct search_hit *hits, *last = NULL;
	struct search_hit after;
	if (c->cursor && !hit_after(c->cursor, &after)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (!q->cache) { /* a replay keeps no opened texts */
		wb_query_refuse(q, WB_UNAVAILABLE, NULL);
		return;
	}
	size_t n = rp_search_find(q->cache, q->tenant, c->text, q->arena, &hits);
	for (size_t i = 0; i < n; i++) {
		if (c->cursor && !is_behind(&hits[i], &after))
			continue;
		if (r->n_tickets == limit || looked++ == ROWS_MAX) {
			r->next_cursor = last ? hit_cursor(q->arena, last) : NULL;
			break;
		}
		last = &hits[i];
		const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, hits[i].ticket, q->arena);
		Weibao__V1__TicketLine *line =
		        row && rp_may_see(q, v, row) && fits(q, c, row) ? rp_line_of(q, row) : NULL;
		if (line)
			r->tickets[r->n_tickets++] = line;
	}
}

/* ---- the queries ---- */

static Weibao__V1__ListTicketsAnswer *page_of(struct wb_query *q, const Weibao__V1__ListTickets *c)
{
	Weibao__V1__ListTicketsAnswer *r = rp_answer_new(q, sizeof *r);
	struct viewer v = rp_viewer_of(q);
	struct walk w;
	if (!r || !filters_valid(q, c))
		return NULL;
	weibao__v1__list_tickets_answer__init(r);
	r->tickets = WB_ARENA_ARRAY(q->arena, Weibao__V1__TicketLine *, rp_page_size(c->has_limit, c->limit));
	if (!r->tickets || v.scope == SCOPE_NOTHING)
		return r;
	if (c->text) {
		search_page(q, c, &v, r);
		return r;
	}
	pick(&w, q, c, &v);
	if (c->has_sort && c->sort == WEIBAO__V1__TICKET_SORT__TICKET_SORT_NEXT_DEADLINE) {
		w.table = &rp_due_tickets_table;
		w.backward = false;
		rp_tenant_key(&w.prefix, q->tenant);
	}
	walk_page(q, c, &w, &v, r);
	return r;
}

void rp_answer_list(struct wb_query *q, const void *request)
{
	Weibao__V1__ListTicketsAnswer *r = page_of(q, request);
	if (r)
		wb_answer(q, &r->base);
}

void rp_answer_search(struct wb_query *q, const void *request)
{
	const Weibao__V1__SearchTickets *c = request;
	Weibao__V1__ListTickets list = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__SearchTicketsAnswer *r = rp_answer_new(q, sizeof *r);
	list.text = c->text;
	list.cursor = c->cursor;
	list.has_limit = c->has_limit;
	list.limit = c->limit;
	Weibao__V1__ListTicketsAnswer *found = r ? page_of(q, &list) : NULL;
	if (!found)
		return;
	weibao__v1__search_tickets_answer__init(r);
	r->tickets = found->tickets;
	r->n_tickets = found->n_tickets;
	r->next_cursor = found->next_cursor;
	wb_answer(q, &r->base);
}
