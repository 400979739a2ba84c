/* The service register (附表二) of a period, and how the clocks of a month were attained. */
#include "base/clock.h"
#include "calendar/calendar.h"
#include "services/reporting/query.h"

#include <string.h>

#define OUTCOME(s) WEIBAO__V1__ATTAINMENT_OUTCOME__ATTAINMENT_OUTCOME_##s
#define PHASE(s) WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_##s
#define CLOCK_KINDS 5u
#define CLOCKS_MAX 500000u /* of a month: the marks are a few bytes each */

/* ---- local dates ---- */

static bool local_midnight(const Weibao__V1__ReadTenantRow *tenant, struct wb_arena *a, int32_t day, int64_t *ret_at)
{
	struct wb_zone_transition *rules;
	struct wb_calendar cal = {.always = true, .horizon_until_us = WB_CALENDAR_MAX_US};
	size_t n = tenant ? tenant->n_transitions : 0;
	if (n == 0) { /* no calendar yet: the mainland's time */
		*ret_at = (int64_t)day * WB_DAY_US - 8 * WB_HOUR_US;
		return true;
	}
	if (n > WB_CALENDAR_TRANSITIONS_MAX)
		return false;
	rules = WB_ARENA_ARRAY(a, struct wb_zone_transition, n);
	for (size_t i = 0; rules && i < n; i++)
		rules[i] = (struct wb_zone_transition){tenant->transitions[i]->at, tenant->transitions[i]->offset_s};
	cal.transitions = rules;
	cal.transitions_n = (uint32_t)n;
	if (!rules)
		return false;
	/* a date that the rules do not reach back to has the first offset known */
	if (wb_calendar_instant(&cal, day, 0, WB_LOCAL_FIRST, ret_at) != WB_OK)
		*ret_at = (int64_t)day * WB_DAY_US - rules[0].offset_s * WB_SECOND_US;
	return true;
}

bool rp_local_start(struct wb_query *q, const char *date, int32_t plus_months, int32_t plus_days, int64_t *ret_at)
{
	struct wb_date d;
	int32_t day;
	if (wb_day_parse(date, strlen(date), &day) != WB_OK)
		return false;
	d = wb_day_date(day);
	int32_t months = d.year * 12 + (d.month - 1) + plus_months;
	d.year = months / 12;
	d.month = (uint8_t)(months % 12 + 1);
	if (wb_day_of_date(d, &day) != WB_OK)
		return false;
	return local_midnight(rp_tenant_get(q->db, q->tenant, q->arena), q->arena, day + plus_days, ret_at);
}

/* ---- the register ---- */

static void entry_visits(struct wb_query *q, struct wb_id ticket, Weibao__V1__RegisterEntry *e)
{
	Weibao__V1__ReadVisitRow **visits, *v;
	size_t n;
	rp_visit_rows_of(q, ticket, &visits, &n);
	for (size_t i = 0; i < n; i++)
		e->visits += visits[i]->stage != WEIBAO__V1__VISIT_STAGE__VISIT_STAGE_CANCELLED;
	v = rp_newest_visit(visits, n);
	if (!v)
		return;
	const Weibao__V1__ReadFormRow *form = (const Weibao__V1__ReadFormRow *)rp_part_get(q->db, q->tenant, ticket,
	        PART_FORM, wb_id_of_field(v->visit_id), &weibao__v1__read_form_row__descriptor, q->arena);
	e->contents = form && form->n_contents ? form->contents : v->contents;
	e->n_contents = form && form->n_contents ? form->n_contents : v->n_contents;
	e->has_appointment_at = true;
	e->appointment_at = v->promised_arrival_at;
	e->engineers = WB_ARENA_ARRAY(q->arena, Weibao__V1__Personal *, v->n_engineers + 1);
	for (size_t i = 0; e->engineers && i < v->n_engineers; i++) {
		const Weibao__V1__ReadVisitEngineer *g = v->engineers[i];
		if (!rp_is_on_visit(g))
			continue;
		e->engineers[e->n_engineers++] = g->name;
		if (g->has_accepted_at && !g->further) {
			e->has_dispatch_confirmed_at = true;
			e->dispatch_confirmed_at = g->accepted_at;
		}
	}
}

static Weibao__V1__RegisterEntry *entry_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row)
{
	struct wb_id ticket = wb_id_of_field(row->ticket_id);
	const Weibao__V1__TicketReported *report = rp_report_get(q->db, q->tenant, ticket, q->arena);
	Weibao__V1__RegisterEntry *e = report ? WB_ARENA_NEW(q->arena, Weibao__V1__RegisterEntry) : NULL;
	if (!e)
		return NULL;
	weibao__v1__register_entry__init(e);
	e->ticket_id = row->ticket_id;
	e->number = row->number;
	e->registered_at = row->reported_at;
	e->office_name = report->place->office_name;
	e->contact = report->onsite_contact_name ? report->onsite_contact_name : report->caller_name;
	e->telephone = report->telephone;
	e->resolved = row->stage == WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_COMPLETED ||
	              (row->stage == WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_CLOSED && row->has_completed_at &&
	                      row->close_reason != WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
	e->has_by_phone = row->has_by_phone;
	e->by_phone = row->by_phone;
	e->stage = row->stage;
	e->category = row->category;
	e->has_result = row->has_result;
	e->result = row->result;
	e->has_close_reason = row->has_close_reason;
	e->close_reason = row->close_reason;
	e->covered = row->covered;
	e->has_chargeable = report->has_chargeable;
	e->chargeable = report->chargeable;
	entry_visits(q, ticket, e);
	return e;
}

void rp_answer_register(struct wb_query *q, const void *request)
{
	const Weibao__V1__ServiceRegister *c = request;
	Weibao__V1__ServiceRegisterAnswer *r = rp_answer_new(q, sizeof *r);
	uint32_t limit = rp_page_size(c->has_limit, c->limit);
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	struct wb_id ticket;
	if (!r)
		return;
	weibao__v1__service_register_answer__init(r);
	if (!rp_local_start(q, c->from_on, 0, 0, &r->from_at)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "fromOn");
		return;
	}
	if (!rp_local_start(q, c->until_on, 0, 1, &r->until_at) || r->until_at <= r->from_at) {
		wb_query_refuse(q, WB_FIELD_INVALID, "untilOn");
		return;
	}
	rp_index_prefix(&prefix, q->tenant, BY_ALL, (struct wb_bytes){NULL, 0});
	from = prefix;
	wb_key_i64(&from, r->from_at);
	if (c->cursor && !rp_cursor_read(c->cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (c->cursor)
		wb_key_after(&from);
	r->entries = WB_ARENA_ARRAY(q->arena, Weibao__V1__RegisterEntry *, limit);
	wb_key_init(&last);
	wb_scan_from(&scan, q->db, &rp_ticket_index_table, &prefix, &from);
	while (r->entries && wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ReadTicketRow *row =
		        wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket)
		                ? rp_ticket_get(q->db, q->tenant, ticket, q->arena)
		                : NULL;
		if (!row || row->reported_at >= r->until_at)
			break;
		if (r->n_entries == limit) {
			r->next_cursor = rp_cursor_text(q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		Weibao__V1__RegisterEntry *e = entry_of(q, row);
		if (e)
			r->entries[r->n_entries++] = e;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}

/* ---- attainment ---- */

static Weibao__V1__AttainmentOutcome outcome_of(struct clock_mark m)
{
	if (m.flags & MARK_OVERTURNED)
		return OUTCOME(OVERTURNED);
	switch ((Weibao__V1__ClockPhase)m.phase) {
	case PHASE(MET):
		return OUTCOME(MET);
	case PHASE(BREACHED):
		return OUTCOME(BREACHED);
	case PHASE(VOIDED):
		return OUTCOME(VOIDED);
	case PHASE(RUNNING):
	case PHASE(UNSPECIFIED):
	case _WEIBAO__V1__CLOCK_PHASE_IS_INT_SIZE:
		break;
	}
	return m.flags & MARK_PENDING ? OUTCOME(PENDING) : OUTCOME(RUNNING);
}

static void count(Weibao__V1__AttainmentCount *n, struct clock_mark m)
{
	switch (outcome_of(m)) {
	case OUTCOME(MET):
		n->met++;
		break;
	case OUTCOME(BREACHED):
		n->breached++;
		break;
	case OUTCOME(PENDING):
		n->pending++;
		break;
	case OUTCOME(RUNNING):
		n->running++;
		break;
	case OUTCOME(VOIDED):
		n->voided++;
		break;
	case OUTCOME(OVERTURNED):
		n->overturned++;
		break;
	case OUTCOME(EXCEPTED):
	case OUTCOME(WITHOUT_SLA):
	case OUTCOME(UNSPECIFIED):
	case _WEIBAO__V1__ATTAINMENT_OUTCOME_IS_INT_SIZE:
		break;
	}
	n->excepted += (m.flags & MARK_EXCEPTED) != 0;
}

/* Whether a clock stands in the list behind the numbers. */
static bool is_listed(const Weibao__V1__Attainment *c, struct clock_mark m)
{
	Weibao__V1__AttainmentOutcome o = outcome_of(m);
	bool excepted = (m.flags & MARK_EXCEPTED) != 0;
	if (c->has_clock && (unsigned)c->clock != m.kind)
		return false;
	if (c->has_outcome)
		return c->outcome == OUTCOME(EXCEPTED) ? excepted : c->outcome == o;
	return excepted || c->has_clock || o == OUTCOME(BREACHED) || o == OUTCOME(PENDING) || o == OUTCOME(OVERTURNED);
}

/* A month while it is gone through. */
struct month {
	struct wb_query *q;
	const Weibao__V1__Attainment *c;
	Weibao__V1__AttainmentAnswer *r;
	uint32_t limit;
	const struct wb_key *from; /* of the list: behind the cursor, or NULL */
};

static bool mark_read(struct wb_bytes value, struct clock_mark *ret)
{
	if (value.len != 3)
		return false;
	*ret = (struct clock_mark){value.data[0], value.data[1], value.data[2]};
	return ret->kind >= 1 && ret->kind <= CLOCK_KINDS;
}

static int64_t started_of(struct wb_bytes key, size_t prefix)
{
	struct wb_key_reader r;
	int64_t at = INT64_MAX;
	wb_key_reader_init(&r, (struct wb_bytes){key.data + prefix, key.len - prefix});
	(void)!wb_key_read_i64(&r, &at);
	return at;
}

static void count_clocks(struct month *m)
{
	struct wb_key prefix, from;
	struct wb_bytes key, value;
	struct clock_mark mark;
	struct wb_scan scan;
	uint32_t looked = 0;
	rp_tenant_key(&prefix, m->q->tenant);
	from = prefix;
	wb_key_i64(&from, m->r->from_at);
	wb_scan_from(&scan, m->q->db, &rp_clocks_started_table, &prefix, &from);
	while (looked++ < CLOCKS_MAX && wb_scan_next(&scan, &key, &value)) {
		if (started_of(key, prefix.len) >= m->r->until_at)
			break;
		if (mark_read(value, &mark))
			count(m->r->counts[mark.kind - 1], mark);
	}
	wb_scan_done(&scan);
	for (size_t i = 0; i < CLOCK_KINDS; i++) {
		Weibao__V1__AttainmentCount *n = m->r->counts[i];
		uint64_t judged = (uint64_t)n->met + n->breached;
		n->has_met_permille = judged > 0;
		n->met_permille = judged ? (uint32_t)((uint64_t)n->met * 1000 / judged) : 0;
	}
}

static Weibao__V1__AttainmentClock *listed(struct wb_query *q, struct wb_bytes key)
{
	struct wb_id ticket, clock;
	if (!wb_id_from_bytes(key.data + key.len - 2 * WB_ID_BYTES, WB_ID_BYTES, &ticket) ||
	        !wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &clock))
		return NULL;
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, q->tenant, ticket, q->arena);
	Weibao__V1__ReadClockRow *row = rp_clock_get(q->db, q->tenant, ticket, clock, q->arena);
	Weibao__V1__AttainmentClock *a = e && row ? WB_ARENA_NEW(q->arena, Weibao__V1__AttainmentClock) : NULL;
	if (!a)
		return NULL;
	weibao__v1__attainment_clock__init(a);
	a->ticket_id = e->ticket_id;
	a->number = e->number;
	a->office_name = e->place->office_name;
	a->clock = row;
	return a;
}

static void list_clocks(struct month *m)
{
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct clock_mark mark;
	struct wb_scan scan;
	uint32_t looked = 0;
	m->r->clocks = WB_ARENA_ARRAY(m->q->arena, Weibao__V1__AttainmentClock *, m->limit);
	rp_tenant_key(&prefix, m->q->tenant);
	from = prefix;
	wb_key_i64(&from, m->r->from_at);
	wb_key_init(&last);
	wb_scan_from(&scan, m->q->db, &rp_clocks_started_table, &prefix, m->from ? m->from : &from);
	while (m->r->clocks && looked++ < CLOCKS_MAX && wb_scan_next(&scan, &key, &value)) {
		if (started_of(key, prefix.len) >= m->r->until_at)
			break;
		if (!mark_read(value, &mark) || !is_listed(m->c, mark))
			continue;
		if (m->r->n_clocks == m->limit) {
			m->r->next_cursor = rp_cursor_text(m->q->arena, wb_key_view(&last));
			break;
		}
		wb_key_copy(&last, key);
		Weibao__V1__AttainmentClock *a = listed(m->q, key);
		if (a)
			m->r->clocks[m->r->n_clocks++] = a;
	}
	wb_scan_done(&scan);
}

/* Tickets that were taken without SLA: counted, and listed where they are asked for. */
static void without_sla(struct month *m)
{
	bool list = m->c->has_outcome && m->c->outcome == OUTCOME(WITHOUT_SLA);
	const uint8_t no = 0;
	struct wb_key prefix, from, last;
	struct wb_bytes key, value;
	struct wb_scan scan;
	struct wb_id ticket;
	if (list)
		m->r->tickets_without_sla = WB_ARENA_ARRAY(m->q->arena, Weibao__V1__TicketLine *, m->limit);
	rp_index_prefix(&prefix, m->q->tenant, BY_COVERED, (struct wb_bytes){&no, 1});
	from = prefix;
	wb_key_i64(&from, m->r->from_at);
	wb_key_init(&last);
	wb_scan_from(&scan, m->q->db, &rp_ticket_index_table, &prefix, &from);
	while (wb_scan_next(&scan, &key, &value)) {
		if (started_of(key, prefix.len) >= m->r->until_at)
			break;
		m->r->without_sla++;
		struct wb_bytes at = m->from ? wb_key_view(m->from) : (struct wb_bytes){NULL, 0};
		bool before = at.len == key.len && memcmp(key.data, at.data, key.len) <= 0;
		if (!m->r->tickets_without_sla || before || m->r->next_cursor)
			continue;
		if (m->r->n_tickets_without_sla == m->limit) {
			m->r->next_cursor = rp_cursor_text(m->q->arena, wb_key_view(&last));
			continue;
		}
		wb_key_copy(&last, key);
		const Weibao__V1__ReadTicketRow *row =
		        wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket)
		                ? rp_ticket_get(m->q->db, m->q->tenant, ticket, m->q->arena)
		                : NULL;
		Weibao__V1__TicketLine *line = row ? rp_line_of(m->q, row) : NULL;
		if (line)
			m->r->tickets_without_sla[m->r->n_tickets_without_sla++] = line;
	}
	wb_scan_done(&scan);
}

static bool counts_new(struct wb_query *q, Weibao__V1__AttainmentAnswer *r)
{
	r->counts = WB_ARENA_ARRAY(q->arena, Weibao__V1__AttainmentCount *, CLOCK_KINDS);
	for (size_t i = 0; r->counts && i < CLOCK_KINDS; i++) {
		r->counts[i] = WB_ARENA_NEW(q->arena, Weibao__V1__AttainmentCount);
		if (!r->counts[i])
			return false;
		weibao__v1__attainment_count__init(r->counts[i]);
		r->counts[i]->clock = (Weibao__V1__ClockKind)(i + 1);
		r->n_counts++;
	}
	return r->counts != NULL;
}

void rp_answer_attainment(struct wb_query *q, const void *request)
{
	const Weibao__V1__Attainment *c = request;
	struct month m = {
	        .q = q, .c = c, .r = rp_answer_new(q, sizeof *m.r), .limit = rp_page_size(c->has_limit, c->limit)};
	const char *first = strlen(c->month) == 7 ? wb_arena_fmt(q->arena, "%s-01", c->month) : NULL;
	struct wb_key from;
	if (!m.r)
		return;
	weibao__v1__attainment_answer__init(m.r);
	if (!first || !rp_local_start(q, first, 0, 0, &m.r->from_at) ||
	        !rp_local_start(q, first, 1, 0, &m.r->until_at)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "month");
		return;
	}
	bool apart = c->has_outcome && c->outcome == OUTCOME(WITHOUT_SLA);
	if (c->cursor && !rp_cursor_read(c->cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return;
	}
	if (c->cursor) {
		if (!apart)
			wb_key_after(&from);
		m.from = &from;
	}
	if (!counts_new(q, m.r)) {
		wb_query_refuse(q, WB_BUSY, NULL);
		return;
	}
	count_clocks(&m);
	if (!apart)
		list_clocks(&m);
	without_sla(&m);
	wb_answer(q, &m.r->base);
}
