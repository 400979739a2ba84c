/* Queries about policies and calendars, and the table of all queries. */
#include "services/sla-timer/query.h"

#include <string.h>

#define PAGE_DEFAULT 50u
#define PAGE_MAX 200u

static const struct wb_id zero;

static uint32_t page_size(bool has, uint32_t limit)
{
	return !has || limit == 0 ? PAGE_DEFAULT : limit > PAGE_MAX ? PAGE_MAX : limit;
}

/* The cursor is the hex of the last key given. */
static bool cursor_key(const char *cursor, struct wb_key *k)
{
	uint8_t raw[WB_KEY_BYTES_MAX];
	size_t n = strlen(cursor);
	if (n == 0 || n % 2 || n / 2 > sizeof raw || !wb_unhex(cursor, raw, n / 2))
		return false;
	wb_key_copy(k, (struct wb_bytes){raw, n / 2});
	return true;
}

static char *key_cursor(struct wb_arena *a, const struct wb_key *k)
{
	char *text = wb_arena_alloc(a, 2 * k->len + 1);
	if (text)
		wb_hex(k->b, k->len, text);
	return text;
}

/* ---- policy ---- */

void wb_sla_get_policy(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetPolicy *c = request;
	const Weibao__V1__PolicyRow *row =
	        wb_sla_policy(q->db, q->tenant, c->has_policy_version ? c->policy_version : 0, q->arena);
	WB_SLA_NEW(q->arena, PolicyAnswer, policy_answer, r);
	if (!row) {
		wb_query_refuse(q, c->has_policy_version ? WB_NOT_FOUND : WB_POLICY_MISSING, NULL);
		return;
	}
	r->policy_version = row->saved->policy_version;
	r->saved_at = row->saved_at;
	r->saved_by_id = row->by_id;
	r->terms = row->saved->terms;
	wb_answer(q, &r->base);
	wb_answer_version(q, WB_SLA_STREAM_POLICY, zero);
}

static Weibao__V1__PolicyVersion *policy_version(struct wb_arena *a, const Weibao__V1__PolicyRow *row)
{
	Weibao__V1__PolicyVersion *v = WB_ARENA_NEW(a, Weibao__V1__PolicyVersion);
	if (!v)
		return NULL;
	weibao__v1__policy_version__init(v);
	v->policy_version = row->saved->policy_version;
	v->saved_at = row->saved_at;
	v->saved_by_id = row->by_id;
	return v;
}

void wb_sla_list_policies(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListPolicies *c = request;
	uint32_t limit = page_size(c->has_limit, c->limit);
	struct wb_key prefix, before, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	WB_SLA_NEW(q->arena, PolicyListAnswer, policy_list_answer, r);
	if (c->cursor && !cursor_key(c->cursor, &before)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	r->policies = WB_ARENA_ARRAY(q->arena, Weibao__V1__PolicyVersion *, limit);
	wb_sla_tenant_key(&prefix, q->tenant);
	wb_key_init(&last);
	wb_scan_before(&scan, q->db, &wb_sla_policies, &prefix, c->cursor ? &before : NULL);
	while (r->policies && wb_scan_next(&scan, &key, &value)) {
		if (r->n_policies == limit) {
			r->next_cursor = key_cursor(q->arena, &last);
			break;
		}
		const Weibao__V1__PolicyRow *row = (const Weibao__V1__PolicyRow *)wb_unpack_row(
		        q->db, &wb_sla_policies, value, &weibao__v1__policy_row__descriptor, q->arena);
		Weibao__V1__PolicyVersion *v = row ? policy_version(q->arena, row) : NULL;
		if (!v)
			break;
		r->policies[r->n_policies++] = v;
		wb_key_copy(&last, key);
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}

/* ---- calendars ---- */

void wb_sla_get_calendar(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetCalendar *c = request;
	struct wb_id id = wb_id_of_field(c->calendar_id);
	const Weibao__V1__CalendarRow *row =
	        wb_sla_calendar(q->db, q->tenant, id, c->has_calendar_version ? c->calendar_version : 0, q->arena);
	WB_SLA_NEW(q->arena, CalendarAnswer, calendar_answer, r);
	if (!row) {
		wb_query_refuse(q, WB_NOT_FOUND, "calendarId");
		return;
	}
	r->calendar_id = row->saved->calendar_id;
	r->calendar_version = row->saved->calendar_version;
	r->name = row->saved->name;
	r->zone = row->saved->zone;
	r->tz_version = row->saved->tz_version;
	r->week = row->saved->week;
	r->n_week = row->saved->n_week;
	r->special_days = row->saved->special_days;
	r->n_special_days = row->saved->n_special_days;
	r->always = row->saved->always;
	r->saved_at = row->saved_at;
	r->saved_by_id = row->by_id;
	wb_answer(q, &r->base);
	wb_answer_version(q, WB_SLA_STREAM_CALENDAR, id);
}

/* The calendar that a key (tenant, calendar, version) names. */
static bool key_calendar(struct wb_bytes key, struct wb_id *ret)
{
	struct wb_key_reader reader;
	char tenant[WB_KEY_BYTES_MAX];
	wb_key_reader_init(&reader, key);
	return wb_key_read_text(&reader, tenant, sizeof tenant, NULL) && wb_key_read_id(&reader, ret);
}

static Weibao__V1__CalendarSummary *summary(struct wb_query *q, struct wb_id id)
{
	const Weibao__V1__CalendarRow *row = wb_sla_calendar(q->db, q->tenant, id, 0, q->arena);
	Weibao__V1__CalendarSummary *s = WB_ARENA_NEW(q->arena, Weibao__V1__CalendarSummary);
	if (!row || !s)
		return NULL;
	weibao__v1__calendar_summary__init(s);
	s->calendar_id = row->saved->calendar_id;
	s->calendar_version = row->saved->calendar_version;
	s->name = row->saved->name;
	s->zone = row->saved->zone;
	s->always = row->saved->always;
	return s;
}

void wb_sla_list_calendars(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListCalendars *c = request;
	uint32_t limit = page_size(c->has_limit, c->limit);
	struct wb_key prefix, from, last;
	struct wb_bytes key;
	struct wb_scan scan;
	struct wb_id id;
	WB_SLA_NEW(q->arena, CalendarListAnswer, calendar_list_answer, r);
	wb_sla_tenant_key(&prefix, q->tenant);
	from = prefix;
	if (c->cursor && (!cursor_key(c->cursor, &from) || !wb_key_past(&from))) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	r->calendars = WB_ARENA_ARRAY(q->arena, Weibao__V1__CalendarSummary *, limit);
	wb_key_init(&last);
	for (;;) { /* one step a calendar: past all its versions */
		wb_scan_from(&scan, q->db, &wb_sla_calendars, &prefix, &from);
		bool more = r->calendars && wb_scan_next(&scan, &key, NULL) && key_calendar(key, &id);
		wb_scan_done(&scan);
		if (!more)
			break;
		if (r->n_calendars == limit) {
			r->next_cursor = key_cursor(q->arena, &last);
			break;
		}
		Weibao__V1__CalendarSummary *s = summary(q, id);
		if (!s)
			break;
		r->calendars[r->n_calendars++] = s;
		wb_sla_ticket_key(&last, q->tenant, id);
		from = last;
		if (!wb_key_past(&from))
			break;
	}
	wb_answer(q, &r->base);
}

/* ---- running clocks ---- */

static Weibao__V1__RunningClock *running_clock(struct wb_query *q, struct wb_bytes key, struct wb_bytes value)
{
	const Weibao__V1__ClockRef *ref = (const Weibao__V1__ClockRef *)wb_unpack_row(
	        q->db, &wb_sla_running, value, &weibao__v1__clock_ref__descriptor, q->arena);
	Weibao__V1__RunningClock *r = WB_ARENA_NEW(q->arena, Weibao__V1__RunningClock);
	struct wb_key_reader reader;
	char tenant[WB_KEY_BYTES_MAX];
	int64_t due;
	struct wb_id ticket, clock;
	wb_key_reader_init(&reader, key);
	if (!ref || !r || !wb_key_read_text(&reader, tenant, sizeof tenant, NULL) || !wb_key_read_i64(&reader, &due) ||
	        !wb_key_read_id(&reader, &ticket) || !wb_key_read_id(&reader, &clock))
		return NULL;
	const Weibao__V1__ClockRow *row = wb_sla_clock(q->db, q->tenant, ticket, clock, q->arena);
	weibao__v1__running_clock__init(r);
	r->ticket_id = ref->ticket_id;
	r->clock = row ? wb_sla_clock_view(q, row) : NULL;
	return r->clock ? r : NULL;
}

void wb_sla_list_running_clocks(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListRunningClocks *c = request;
	uint32_t limit = page_size(c->has_limit, c->limit);
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	WB_SLA_NEW(q->arena, RunningClockListAnswer, running_clock_list_answer, r);
	if (c->cursor && !cursor_key(c->cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (c->cursor)
		wb_key_after(&from);
	r->clocks = WB_ARENA_ARRAY(q->arena, Weibao__V1__RunningClock *, limit);
	wb_sla_tenant_key(&prefix, q->tenant);
	wb_key_init(&last);
	wb_scan_from(&scan, q->db, &wb_sla_running, &prefix, c->cursor ? &from : NULL);
	while (r->clocks && wb_scan_next(&scan, &key, &value)) {
		if (r->n_clocks == limit) {
			r->next_cursor = key_cursor(q->arena, &last);
			break;
		}
		Weibao__V1__RunningClock *one = running_clock(q, key, value);
		if (!one)
			break;
		r->clocks[r->n_clocks++] = one;
		wb_key_copy(&last, key);
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}

/* ---- the table ---- */

#define READERS (WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))
const struct wb_query_def wb_sla_queries[] = {
        {&weibao__v1__get_policy__descriptor, wb_sla_get_policy, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_policies__descriptor, wb_sla_list_policies, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__get_calendar__descriptor, wb_sla_get_calendar, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_calendars__descriptor, wb_sla_list_calendars, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_clocks__descriptor, wb_sla_list_clocks, READERS | WB_ROLE(USER) | WB_ROLE(LINK),
                WB_TENANT_CLIENT},
        {&weibao__v1__list_running_clocks__descriptor, wb_sla_list_running_clocks, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__explain_deadline__descriptor, wb_sla_explain_deadline, READERS | WB_ROLE(USER), WB_TENANT_CLIENT},
        {&weibao__v1__preview_deadline__descriptor, wb_sla_preview_deadline, READERS, WB_TENANT_CLIENT},
};
