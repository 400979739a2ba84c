/* SaveCalendar and ImportHolidays. */
#include "services/sla-timer/decide_calendar.h"
#include "services/sla-timer/tables.h"
#include "services/sla-timer/terms.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 120u

const Weibao__V1__CalendarReady *wb_sla_ready(struct wb_decision *d, const void *command)
{
	const ProtobufCMessage *m = command;
	if (m->descriptor == &weibao__v1__calendar_ready__descriptor)
		return command;
	wb_refuse(d, WB_UNAVAILABLE, NULL); /* a replay has no files to read */
	return NULL;
}

Weibao__V1__CalendarSaved *wb_sla_calendar_new(struct wb_decision *d, struct wb_id id, uint32_t version,
        const char *name, const char *zone, const Weibao__V1__CalendarReady *ready)
{
	Weibao__V1__CalendarSaved *e = WB_ARENA_NEW(d->arena, Weibao__V1__CalendarSaved);
	if (!e)
		return NULL;
	weibao__v1__calendar_saved__init(e);
	e->calendar_id = wb_field_of_id(d->arena, id);
	e->calendar_version = version;
	e->name = wb_arena_str(d->arena, name);
	e->zone = wb_arena_str(d->arena, zone);
	e->tz_version = ready->tz_version;
	e->transitions = ready->transitions;
	e->n_transitions = ready->n_transitions;
	e->has_rules_until_at = ready->has_rules_until_at;
	e->rules_until_at = ready->rules_until_at;
	return e->name && e->zone ? e : NULL;
}

static int by_date(const void *a, const void *b)
{
	const Weibao__V1__SpecialDay *const *x = a, *const *y = b;
	return strcmp((*x)->date, (*y)->date);
}

static const char *problem_path(
        struct wb_arena *a, const Weibao__V1__CalendarSaved *e, const struct wb_calendar_problem *p)
{
	switch (p->place) {
	case WB_CALENDAR_PLACE_ZONE:
		return "zone";
	case WB_CALENDAR_PLACE_SPECIAL:
		return wb_arena_fmt(a, "specialDays[%u].windows", p->index);
	case WB_CALENDAR_PLACE_WEEKDAY:
		break;
	}
	for (size_t i = 0; i < e->n_week; i++)
		if (e->week[i]->weekday == p->index + 1)
			return wb_arena_fmt(a, "week[%zu].windows", i);
	return "week";
}

static bool sound(struct wb_decision *d, const Weibao__V1__CalendarSaved *e)
{
	struct wb_calendar cal;
	struct wb_calendar_problem p;
	const char *path = "specialDays";
	enum wb_err err = wb_sla_calendar_make(e, d->arena, &cal, &path);
	if (err) {
		wb_refuse(d, err == WB_ERR_LIMIT ? WB_FIELD_TOO_LONG : WB_CALENDAR_INVALID, path);
		wb_refuse_arg(d, "problem", "NOT_ONE_OR_TWICE");
		return false;
	}
	if (wb_calendar_valid(&cal, &p))
		return true;
	wb_refuse(d, p.code == WB_CALENDAR_PROBLEM_NO_WORKING_TIME ? WB_CALENDAR_WITHOUT_TIME : WB_CALENDAR_INVALID,
	        problem_path(d->arena, e, &p));
	wb_refuse_arg(d, "problem", "%s", wb_calendar_problem_name(p.code));
	return false;
}

bool wb_sla_calendar_emit(struct wb_decision *d, Weibao__V1__CalendarSaved *e)
{
	if (e->n_special_days > WB_CALENDAR_SPECIALS_MAX) {
		wb_refuse(d, WB_FIELD_TOO_LONG, "specialDays");
		return false;
	}
	if (!sound(d, e))
		return false;
	wb_emit(d, WB_SLA_STREAM_CALENDAR, wb_id_of_field(e->calendar_id), &e->base);
	return true;
}

/* A copy of the list in order of date: whoever saves need not sort. */
static bool sort_specials(struct wb_decision *d, Weibao__V1__CalendarSaved *e, Weibao__V1__SpecialDay **days, size_t n)
{
	e->special_days = WB_ARENA_ARRAY(d->arena, Weibao__V1__SpecialDay *, n + 1);
	if (!e->special_days)
		return false;
	if (n)
		memcpy(e->special_days, days, n * sizeof *days);
	e->n_special_days = n;
	qsort(e->special_days, n, sizeof *e->special_days, by_date);
	return true;
}

/* ---- SaveCalendar ---- */

static bool save_fields_ok(struct wb_decision *d, const Weibao__V1__SaveCalendar *c)
{
	if (!c->name[0])
		wb_refuse(d, WB_FIELD_REQUIRED, "name");
	else if (strlen(c->name) > NAME_BYTES_MAX)
		wb_refuse(d, WB_FIELD_TOO_LONG, "name");
	return !wb_refused(d);
}

void wb_sla_save_calendar(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CalendarReady *ready = wb_sla_ready(d, command);
	const Weibao__V1__SaveCalendar *c = ready ? ready->save : NULL;
	struct wb_id id;
	uint32_t version = 1;
	if (!c || !save_fields_ok(d, c))
		return;
	if (!ready->tz_version) {
		wb_refuse(d, WB_ZONE_UNKNOWN, "zone");
		return;
	}
	if (c->has_calendar_id) {
		const Weibao__V1__CalendarRow *had =
		        wb_sla_calendar(d->db, d->tenant, wb_id_of_field(c->calendar_id), 0, d->arena);
		if (!had) {
			wb_refuse(d, WB_NOT_FOUND, "calendarId");
			return;
		}
		id = wb_id_of_field(c->calendar_id);
		version = had->saved->calendar_version + 1;
	} else {
		id = wb_new_id(d, "calendar");
	}
	Weibao__V1__CalendarSaved *e = wb_sla_calendar_new(d, id, version, c->name, c->zone, ready);
	if (!e || !sort_specials(d, e, c->special_days, c->n_special_days)) {
		wb_refuse(d, WB_UNAVAILABLE, NULL);
		return;
	}
	e->week = c->week;
	e->n_week = c->n_week;
	e->has_always = c->has_always;
	e->always = c->always;
	(void)wb_sla_calendar_emit(d, e);
}

/* ---- ImportHolidays ---- */

static const Weibao__V1__WeekdayWindows *weekday_of(const Weibao__V1__CalendarSaved *e, uint32_t weekday)
{
	for (size_t i = 0; i < e->n_week; i++)
		if (e->week[i]->weekday == weekday && e->week[i]->n_windows)
			return e->week[i];
	return NULL;
}

/* A working day's windows: as the command says, else the weekday's own, else those of the first weekday with any. */
static void work_windows(
        const Weibao__V1__CalendarSaved *e, const Weibao__V1__ImportHolidays *c, int32_t day, Weibao__V1__SpecialDay *s)
{
	const Weibao__V1__WeekdayWindows *w = weekday_of(e, wb_day_weekday(day) + 1);
	for (uint32_t i = 1; !w && i <= 7; i++)
		w = weekday_of(e, i);
	if (c->n_work_windows) {
		s->windows = c->work_windows;
		s->n_windows = c->n_work_windows;
	} else if (w) {
		s->windows = w->windows;
		s->n_windows = w->n_windows;
	}
}

static bool is_imported(const Weibao__V1__CalendarReady *ready, const char *date)
{
	size_t lo = 0, hi = ready->n_days;
	while (lo < hi) { /* the file's days come sorted */
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(ready->days[mid]->date, date);
		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* What stood and is not in the file, and the file's days. */
static bool merge(struct wb_decision *d, const Weibao__V1__CalendarReady *ready, Weibao__V1__CalendarSaved *e)
{
	size_t n = 0;
	Weibao__V1__SpecialDay **all =
	        WB_ARENA_ARRAY(d->arena, Weibao__V1__SpecialDay *, e->n_special_days + ready->n_days + 1);
	for (size_t i = 0; all && i < e->n_special_days; i++)
		if (!is_imported(ready, e->special_days[i]->date))
			all[n++] = e->special_days[i];
	for (size_t i = 0; all && i < ready->n_days; i++) {
		const Weibao__V1__HolidayRead *h = ready->days[i];
		Weibao__V1__SpecialDay *s = WB_ARENA_NEW(d->arena, Weibao__V1__SpecialDay);
		int32_t day;
		if (!s || wb_day_parse(h->date, strlen(h->date), &day) != WB_OK)
			return false;
		weibao__v1__special_day__init(s);
		s->date = h->date;
		s->name = h->name && h->name[0] ? h->name : NULL;
		if (h->works)
			work_windows(e, ready->holidays, day, s);
		all[n++] = s;
	}
	return all && sort_specials(d, e, all, n);
}

void wb_sla_import_holidays(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CalendarReady *ready = wb_sla_ready(d, command);
	const Weibao__V1__ImportHolidays *c = ready ? ready->holidays : NULL;
	struct wb_id id;
	if (!c || !wb_require_id(d, c->calendar_id, "calendarId", &id))
		return;
	Weibao__V1__CalendarRow *had = wb_sla_calendar(d->db, d->tenant, id, 0, d->arena);
	if (!had) {
		wb_refuse(d, WB_NOT_FOUND, "calendarId");
		return;
	}
	if (ready->problem) {
		wb_refuse(d, WB_HOLIDAYS_INVALID, "text");
		wb_refuse_arg(d, "problem", "%s", ready->problem);
		wb_refuse_arg(d, "line", "%u", ready->problem_line);
		return;
	}
	if (!ready->n_days) {
		wb_refuse(d, WB_HOLIDAYS_INVALID, "text");
		wb_refuse_arg(d, "problem", "NO_DAYS");
		wb_refuse_arg(d, "line", "0");
		return;
	}
	Weibao__V1__CalendarSaved *e = had->saved; /* ours alone: of the arena */
	e->calendar_version++;
	if (!merge(d, ready, e))
		wb_refuse(d, WB_UNAVAILABLE, NULL);
	else
		(void)wb_sla_calendar_emit(d, e);
}
