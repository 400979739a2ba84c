/* The feed of changes: what has happened behind a position, for whom may see it. */
#include "service/projection.h"
#include "services/reporting/query.h"

#include <string.h>

/* What a screen calls the thing that changed. */
static const char *kind_of(const char *stream_kind)
{
	static const char *const names[][2] = {{"visits", "visit"}, {"clocks", "clock"}};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i][0], stream_kind) == 0)
			return names[i][1];
	return stream_kind;
}

/* Whether the asker may know of it. The last ticket is remembered: its events come in a row. */
struct sight {
	struct viewer viewer;
	bool known, seen;
	struct wb_id ticket;
};

static bool sees(struct wb_query *q, struct sight *s, const Weibao__V1__ReadEventRow *e)
{
	if (s->viewer.scope == SCOPE_TENANT)
		return true;
	if (!e->has_ticket_id)
		return false;
	struct wb_id ticket = wb_id_of_field(e->ticket_id);
	if (!s->known || !wb_id_equal(ticket, s->ticket)) {
		const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, ticket, q->arena);
		s->seen = row && rp_may_see(q, &s->viewer, row);
		s->ticket = ticket;
		s->known = true;
	}
	return s->seen;
}

static Weibao__V1__ChangeItem *item_of(struct wb_arena *a, uint64_t position, const Weibao__V1__ReadEventRow *e)
{
	Weibao__V1__ChangeItem *i = WB_ARENA_NEW(a, Weibao__V1__ChangeItem);
	if (!i)
		return NULL;
	weibao__v1__change_item__init(i);
	i->position = position;
	i->kind = (char *)(uintptr_t)kind_of(e->stream_kind);
	i->event_type = e->event_type;
	i->has_ticket_id = e->has_ticket_id;
	i->ticket_id = e->ticket_id;
	i->recorded_at = e->recorded_at;
	return i;
}

static bool position_of(struct wb_bytes key, size_t prefix, uint64_t *ret)
{
	struct wb_key_reader r;
	wb_key_reader_init(&r, (struct wb_bytes){key.data + prefix, key.len - prefix});
	return wb_key_read_u64(&r, ret) && wb_key_read_end(&r);
}

void rp_answer_changes(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListChanges *c = request;
	Weibao__V1__ListChangesAnswer *r = rp_answer_new(q, sizeof *r);
	uint32_t limit = rp_page_size(c->has_limit, c->limit), looked = 0;
	struct sight sight = {.viewer = rp_viewer_of(q)};
	struct wb_key prefix, from;
	struct wb_bytes key, value;
	struct wb_scan scan;
	uint64_t position;
	if (!r)
		return;
	weibao__v1__list_changes_answer__init(r);
	r->up_to = c->after > q->projection->position ? c->after : q->projection->position;
	r->changes = WB_ARENA_ARRAY(q->arena, Weibao__V1__ChangeItem *, limit);
	if (c->after == UINT64_MAX || !r->changes) {
		wb_answer(q, &r->base);
		return;
	}
	rp_tenant_key(&prefix, q->tenant);
	rp_event_key(&from, q->tenant, c->after + 1);
	wb_scan_from(&scan, q->db, &rp_events_table, &prefix, &from);
	while (wb_scan_next(&scan, &key, &value)) {
		if (!position_of(key, prefix.len, &position))
			break;
		if (r->n_changes == limit || looked++ == ROWS_MAX) {
			r->more = true;
			r->up_to = position - 1; /* all before it was looked at */
			break;
		}
		const Weibao__V1__ReadEventRow *e = (const Weibao__V1__ReadEventRow *)wb_unpack_row(
		        q->db, &rp_events_table, value, &weibao__v1__read_event_row__descriptor, q->arena);
		if (!e)
			break;
		if (!sees(q, &sight, e))
			continue;
		Weibao__V1__ChangeItem *item = item_of(q->arena, position, e);
		if (!item)
			break;
		r->changes[r->n_changes++] = item;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}
