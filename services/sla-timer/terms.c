#include "services/sla-timer/terms.h"

#include <string.h>

static enum wb_err windows_make(Weibao__V1__DayWindow **windows, size_t n, struct wb_day_windows *ret)
{
	if (n > WB_CALENDAR_WINDOWS_MAX)
		return WB_ERR_LIMIT;
	ret->n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		ret->w[i] = (struct wb_window){windows[i]->start_s, windows[i]->end_s};
	return WB_OK;
}

static enum wb_err bad(struct wb_arena *a, const char **ret_path, const char *list, size_t i, const char *field)
{
	if (ret_path)
		*ret_path = wb_arena_fmt(a, "%s[%zu].%s", list, i, field);
	return WB_ERR_INVALID;
}

static enum wb_err week_make(
        const Weibao__V1__CalendarSaved *s, struct wb_arena *a, struct wb_calendar *ret, const char **ret_path)
{
	uint32_t seen = 0;
	for (size_t i = 0; i < s->n_week; i++) {
		const Weibao__V1__WeekdayWindows *d = s->week[i];
		if (d->weekday < 1 || d->weekday > 7 || (seen & (1u << d->weekday)))
			return bad(a, ret_path, "week", i, "weekday");
		seen |= 1u << d->weekday;
		if (windows_make(d->windows, d->n_windows, &ret->week[d->weekday - 1]))
			return bad(a, ret_path, "week", i, "windows");
	}
	return WB_OK;
}

static enum wb_err specials_make(
        const Weibao__V1__CalendarSaved *s, struct wb_arena *a, struct wb_calendar *ret, const char **ret_path)
{
	if (s->n_special_days > WB_CALENDAR_SPECIALS_MAX)
		return WB_ERR_LIMIT;
	struct wb_special_day *days = WB_ARENA_ARRAY(a, struct wb_special_day, s->n_special_days + 1);
	if (!days)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < s->n_special_days; i++) {
		const Weibao__V1__SpecialDay *d = s->special_days[i];
		if (wb_day_parse(d->date, strlen(d->date), &days[i].day) != WB_OK)
			return bad(a, ret_path, "specialDays", i, "date");
		if (windows_make(d->windows, d->n_windows, &days[i].windows))
			return bad(a, ret_path, "specialDays", i, "windows");
		days[i].name = d->name;
	}
	ret->specials = days;
	ret->specials_n = (uint32_t)s->n_special_days;
	return WB_OK;
}

enum wb_err wb_sla_calendar_make(
        const Weibao__V1__CalendarSaved *saved, struct wb_arena *a, struct wb_calendar *ret, const char **ret_path)
{
	struct wb_calendar cal = {.always = saved->always, .zone = saved->zone, .tz_version = saved->tz_version};
	if (saved->n_transitions > WB_CALENDAR_TRANSITIONS_MAX)
		return WB_ERR_LIMIT;
	struct wb_zone_transition *t = WB_ARENA_ARRAY(a, struct wb_zone_transition, saved->n_transitions + 1);
	if (!t)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < saved->n_transitions; i++)
		t[i] = (struct wb_zone_transition){saved->transitions[i]->at, saved->transitions[i]->offset_s};
	cal.transitions = t;
	cal.transitions_n = (uint32_t)saved->n_transitions;
	cal.horizon_until_us = saved->has_rules_until_at ? saved->rules_until_at : WB_CALENDAR_MAX_US;
	enum wb_err err = week_make(saved, a, &cal, ret_path);
	if (!err)
		err = specials_make(saved, a, &cal, ret_path);
	if (!err)
		*ret = cal;
	return err;
}

const Weibao__V1__ClockTarget *wb_sla_target(const Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock,
        Weibao__V1__TicketKind kind, Weibao__V1__Urgency urgency)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (p->targets[i]->clock == clock && p->targets[i]->kind == kind && p->targets[i]->urgency == urgency)
			return p->targets[i];
	return NULL;
}

bool wb_sla_may_suspend(const Weibao__V1__PolicyTerms *p, Weibao__V1__SuspensionReason reason)
{
	for (size_t i = 0; i < p->n_suspension_reasons; i++)
		if (p->suspension_reasons[i] == reason)
			return true;
	return false;
}

static bool suspensions_make(const Weibao__V1__ClockRow *row, struct wb_arena *a, struct wb_clock_terms *ret)
{
	struct wb_suspension *s = WB_ARENA_ARRAY(a, struct wb_suspension, row->n_suspensions + 1);
	if (!s)
		return false;
	for (size_t i = 0; i < row->n_suspensions; i++) {
		const Weibao__V1__SuspensionRow *r = row->suspensions[i];
		s[i].from_us = r->from_at;
		s[i].to_us = r->has_until_at ? r->until_at : WB_SUSPENSION_OPEN;
		s[i].reason = (uint32_t)r->reason;
	}
	ret->suspensions = s;
	ret->suspensions_n = row->n_suspensions;
	return true;
}

bool wb_sla_terms_unexcepted(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, uint32_t warn_permille,
        struct wb_arena *a, struct wb_clock_terms *ret)
{
	struct wb_clock_terms t = {.calendar = cal, .start_us = row->started_at, .warn_permille = warn_permille};
	if (row->has_promised_at) {
		t.target = WB_CLOCK_TARGET_INSTANT;
		t.start_us = row->has_promised_from_at ? row->promised_from_at : row->started_at;
		t.instant_us = row->promised_at > t.start_us ? row->promised_at : t.start_us;
	} else if (row->has_target_us) {
		t.target = WB_CLOCK_TARGET_WORKING;
		t.amount_us = (int64_t)row->target_us;
	} else {
		t.target = WB_CLOCK_TARGET_SERVICE_DAYS;
		t.service_days = row->service_days;
	}
	if (!suspensions_make(row, a, &t))
		return false;
	*ret = t;
	return true;
}

bool wb_sla_terms(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, uint32_t warn_permille,
        struct wb_arena *a, struct wb_clock_terms *ret)
{
	struct wb_clock_terms t;
	if (!wb_sla_terms_unexcepted(row, cal, warn_permille, a, &t))
		return false;
	if (row->has_excepted_at) {
		t.target = WB_CLOCK_TARGET_INSTANT;
		t.start_us = row->excepted_from_at;
		t.instant_us = row->excepted_at;
	}
	*ret = t;
	return true;
}

enum wb_err wb_sla_used(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, int64_t at_us,
        struct wb_arena *a, int64_t *ret_us)
{
	struct wb_clock_terms t = {.calendar = cal, .start_us = row->started_at, .target = WB_CLOCK_TARGET_INSTANT};
	struct wb_clock_state state;
	/* a far deadline, so that every suspension counts */
	if (!suspensions_make(row, a, &t))
		return WB_ERR_MEMORY;
	t.instant_us = at_us > row->started_at ? at_us : row->started_at;
	enum wb_err err = wb_clock_state(&t, t.instant_us, &state);
	if (!err)
		*ret_us = state.elapsed_us > 0 ? state.elapsed_us : 0;
	return err;
}
