/* What was recorded of a client unit, for its export: its own streams' events and nothing else. */
#include "services/reporting/query.h"

#include <string.h>

#define VALUES_PER_PAGE 20000u

/* Stream kinds whose events a client unit may see. */
static bool is_tenants(const char *stream_kind)
{
	static const char *const kinds[] = {"tenant", "office", "contact", "device", "ticket", "complaint", "import",
	        "attachment", "erasure", "assignment", "visits", "policy", "calendar", "clocks", "survey"};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i], stream_kind) == 0)
			return true;
	return false;
}

static Weibao__V1__HistoryEvent *history_event(struct wb_arena *a, const Weibao__V1__ReadEventRow *e)
{
	Weibao__V1__HistoryEvent *h = WB_ARENA_NEW(a, Weibao__V1__HistoryEvent);
	if (!h)
		return NULL;
	weibao__v1__history_event__init(h);
	h->tenant_position = e->tenant_position;
	h->event_type = e->event_type;
	h->stream_kind = e->stream_kind;
	h->stream_id = e->stream_id;
	h->stream_version = e->version;
	h->recorded_at = e->recorded_at;
	h->has_occurred_at = e->has_occurred_at;
	h->occurred_at = e->occurred_at;
	h->actor_id = e->actor_id;
	h->has_role = e->has_role && e->role > 0;
	h->role = (Weibao__V1__Role)e->role;
	h->has_person_id = e->has_person_id;
	h->person_id = e->person_id;
	h->service = e->service;
	rp_event_values(a, e, false, &h->values, &h->n_values);
	return h;
}

void rp_answer_history(struct wb_query *q, const void *request)
{
	const Weibao__V1__History *c = request;
	Weibao__V1__HistoryAnswer *r = rp_answer_new(q, sizeof *r);
	uint32_t limit = rp_page_size(c->has_limit, c->limit), looked = 0;
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	size_t values = 0;
	if (!r)
		return;
	if (c->cursor && !rp_cursor_read(c->cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (c->cursor)
		wb_key_after(&from);
	weibao__v1__history_answer__init(r);
	r->events = WB_ARENA_ARRAY(q->arena, Weibao__V1__HistoryEvent *, limit);
	rp_tenant_key(&prefix, q->tenant);
	wb_key_init(&last);
	wb_scan_from(&scan, q->db, &rp_events_table, &prefix, c->cursor ? &from : NULL);
	while (r->events && wb_scan_next(&scan, &key, &value)) {
		/* a page ends early where its events are long */
		if (r->n_events == limit || values > VALUES_PER_PAGE || looked++ == ROWS_MAX) {
			r->next_cursor = rp_cursor_text(q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		const Weibao__V1__ReadEventRow *e = (const Weibao__V1__ReadEventRow *)wb_unpack_row(
		        q->db, &rp_events_table, value, &weibao__v1__read_event_row__descriptor, q->arena);
		Weibao__V1__HistoryEvent *h = e && is_tenants(e->stream_kind) ? history_event(q->arena, e) : NULL;
		if (!h)
			continue;
		values += h->n_values;
		r->events[r->n_events++] = h;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}
