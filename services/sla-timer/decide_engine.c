#include "services/sla-timer/decide_engine.h"
#include "services/sla-timer/evolve_apply.h"

#include <string.h>

struct wb_sla_made_calendar {
	struct wb_sla_made_calendar *next;
	struct wb_id id;
	uint32_t version;
	struct wb_calendar calendar;
};

static bool add_clock(struct wb_sla_engine *en, Weibao__V1__ClockRow *row)
{
	if (en->n_clocks == en->cap_clocks) {
		size_t cap = en->cap_clocks ? 2 * en->cap_clocks : 16;
		Weibao__V1__ClockRow **all = WB_ARENA_ARRAY(en->d->arena, Weibao__V1__ClockRow *, cap);
		if (!all)
			return false;
		if (en->n_clocks)
			memcpy(all, en->clocks, en->n_clocks * sizeof *all);
		en->clocks = all;
		en->cap_clocks = cap;
	}
	en->clocks[en->n_clocks++] = row;
	return true;
}

static bool load_clocks(struct wb_sla_engine *en)
{
	struct wb_decision *d = en->d;
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes value;
	bool ok = true;
	wb_sla_ticket_key(&prefix, d->tenant, en->ticket_id);
	wb_scan_prefix(&scan, d->db, &wb_sla_clocks, &prefix);
	while (ok && wb_scan_next(&scan, NULL, &value)) {
		Weibao__V1__ClockRow *row = (Weibao__V1__ClockRow *)wb_unpack_row(
		        d->db, &wb_sla_clocks, value, &weibao__v1__clock_row__descriptor, d->arena);
		ok = row && add_clock(en, row);
	}
	wb_scan_done(&scan);
	return ok;
}

bool wb_sla_open(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket)
{
	*en = (struct wb_sla_engine){.d = d, .ticket = ticket};
	if (!wb_require_id(d, ticket, "ticketId", &en->ticket_id))
		return false;
	en->t = wb_sla_ticket(d->db, d->tenant, en->ticket_id, d->arena);
	if (!en->t) {
		wb_refuse(d, WB_NOT_FOUND, "ticketId");
		return false;
	}
	if (!load_clocks(en)) {
		wb_refuse(d, WB_UNAVAILABLE, NULL);
		return false;
	}
	return true;
}

void wb_sla_close(struct wb_sla_engine *en)
{
	const Weibao__V1__SlaTicketRow *t = en->t;
	if (!en->moved_on || wb_refused(en->d))
		return;
	WB_SLA_NEW(en->d->arena, ClocksAdvanced, clocks_advanced, e);
	e->ticket_id = en->ticket;
	e->through = t->through;
	e->round = t->round;
	e->urgency = t->urgency;
	e->responded = t->responded;
	e->ended = t->ended;
	e->visit_ids = t->visit_ids;
	e->n_visit_ids = t->n_visit_ids;
	e->has_appointment_due_at = t->has_appointment_due_at;
	e->appointment_due_at = t->appointment_due_at;
	wb_emit(en->d, WB_SLA_STREAM_CLOCKS, en->ticket_id, &e->base);
}

Weibao__V1__ClockRow *wb_sla_clock_of(struct wb_sla_engine *en, ProtobufCBinaryData id)
{
	for (size_t i = 0; i < en->n_clocks; i++)
		if (wb_sla_is(en->clocks[i]->clock_id, wb_id_of_field(id)))
			return en->clocks[i];
	return NULL;
}

void wb_sla_emit(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *exception,
        const ProtobufCMessage *event)
{
	wb_emit(en->d, WB_SLA_STREAM_CLOCKS, en->ticket_id, event);
	en->watched_changed = en->watched_changed || row == en->watched;
	if (event->descriptor != &weibao__v1__clock_started__descriptor) {
		wb_sla_apply(row, exception, event, en->d->now_us, en->d->arena);
		return;
	}
	wb_sla_apply_started(row, (const Weibao__V1__ClockStarted *)event);
	if (!add_clock(en, row))
		wb_refuse(en->d, WB_UNAVAILABLE, NULL);
}

/* ---- deadlines ---- */

bool wb_sla_calendar_of(
        struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, const struct wb_calendar **ret_calendar)
{
	struct wb_decision *d = en->d;
	struct wb_id id = wb_id_of_field(row->calendar_id);
	*ret_calendar = NULL;
	if (!row->has_calendar_id)
		return true;
	for (const struct wb_sla_made_calendar *m = en->calendars; m; m = m->next) {
		if (m->version != row->calendar_version || !wb_id_equal(m->id, id))
			continue;
		*ret_calendar = &m->calendar;
		return true;
	}
	const Weibao__V1__CalendarRow *saved = wb_sla_calendar(d->db, d->tenant, id, row->calendar_version, d->arena);
	struct wb_sla_made_calendar *m = WB_ARENA_NEW(d->arena, struct wb_sla_made_calendar);
	if (!saved || !m || wb_sla_calendar_make(saved->saved, d->arena, &m->calendar, NULL) != WB_OK) {
		wb_refuse(d, WB_CALENDAR_UNKNOWN, NULL);
		return false;
	}
	m->id = id;
	m->version = row->calendar_version;
	m->next = en->calendars;
	en->calendars = m;
	*ret_calendar = &m->calendar;
	return true;
}

const Weibao__V1__PolicyTerms *wb_sla_policy_of(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row)
{
	const Weibao__V1__PolicyRow *p = wb_sla_policy(en->d->db, en->d->tenant, row->policy_version, en->d->arena);
	if (!p)
		wb_refuse(en->d, WB_POLICY_MISSING, NULL);
	return p ? p->saved->terms : NULL;
}

/* Open suspensions are taken to end there. */
static void end_open(struct wb_clock_terms *t, struct wb_suspension *all, int64_t at_us)
{
	for (size_t i = 0; i < t->suspensions_n; i++) {
		all[i] = t->suspensions[i];
		if (all[i].to_us == WB_SUSPENSION_OPEN)
			all[i].to_us = at_us > all[i].from_us ? at_us : all[i].from_us;
	}
	t->suspensions = all;
}

bool wb_sla_deadline(
        struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, int64_t open_until_us, struct wb_sla_deadline *ret)
{
	struct wb_arena *a = en->d->arena;
	const struct wb_calendar *cal;
	const Weibao__V1__PolicyTerms *policy = wb_sla_policy_of(en, row);
	struct wb_clock_terms terms, plain;
	struct wb_clock_promise with, without;
	struct wb_suspension *all = WB_ARENA_ARRAY(a, struct wb_suspension, 2 * row->n_suspensions + 1);
	if (!policy || !all || !wb_sla_calendar_of(en, row, &cal) ||
	        !wb_sla_terms(row, cal, policy->warn_permille, a, &terms) ||
	        !wb_sla_terms_unexcepted(row, cal, policy->warn_permille, a, &plain)) {
		wb_refuse(en->d, WB_UNAVAILABLE, NULL);
		return false;
	}
	end_open(&terms, all, open_until_us);
	end_open(&plain, all + row->n_suspensions, open_until_us);
	if (wb_clock_promise(&terms, &with) != WB_OK || wb_clock_promise(&plain, &without) != WB_OK) {
		wb_refuse(en->d, WB_DEADLINE_OUT_OF_RANGE, NULL);
		return false;
	}
	*ret = (struct wb_sla_deadline){with.deadline_us, without.deadline_us, with.has_warn, with.warn_us};
	return true;
}

/* A copy whose suspensions are its own. */
static bool copy_row(const Weibao__V1__ClockRow *row, struct wb_arena *a, Weibao__V1__ClockRow *ret)
{
	Weibao__V1__SuspensionRow **list = WB_ARENA_ARRAY(a, Weibao__V1__SuspensionRow *, row->n_suspensions + 1);
	Weibao__V1__SuspensionRow *rows = WB_ARENA_ARRAY(a, Weibao__V1__SuspensionRow, row->n_suspensions + 1);
	if (!list || !rows)
		return false;
	for (size_t i = 0; i < row->n_suspensions; i++) {
		rows[i] = *row->suspensions[i];
		list[i] = &rows[i];
	}
	*ret = *row;
	ret->suspensions = list;
	return true;
}

bool wb_sla_deadline_after(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row,
        const Weibao__V1__ExceptionRow *exception, const ProtobufCMessage *event, int64_t open_until_us,
        struct wb_sla_deadline *ret)
{
	Weibao__V1__ClockRow after;
	if (!copy_row(row, en->d->arena, &after)) {
		wb_refuse(en->d, WB_UNAVAILABLE, NULL);
		return false;
	}
	wb_sla_apply(&after, exception, event, en->d->now_us, en->d->arena);
	return wb_sla_deadline(en, &after, open_until_us, ret);
}

bool wb_sla_warn_ahead(
        const struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, const struct wb_sla_deadline *dl)
{
	return dl->has_warn && dl->warn_us < dl->deadline_us && (!row->warned || dl->warn_us > en->d->now_us);
}
