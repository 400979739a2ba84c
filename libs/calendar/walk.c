#include "calendar/walk.h"

/* How far before an instant's local date a window that still covers it may start: two days by its length, one more for
 * a zone that repeats up to a day and a half (twice the largest offset). */
#define REACH_DAYS 3
/* Distance to transitions and special days at which a stretch of weeks counts as regular. */
#define REGULAR_MARGIN_DAYS 4

static const struct wb_day_windows whole_day = {.n = 1, .w = {{0, WB_DAY_SECONDS}}};

static uint32_t special_at_or_after(const struct wb_calendar *cal, int32_t day)
{
	uint32_t lo = 0, hi = cal->specials_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cal->specials[mid].day < day)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct wb_day_windows *wb_calendar_day(const struct wb_calendar *cal, int32_t day, enum wb_day_rule *ret_rule)
{
	if (cal->always) {
		*ret_rule = WB_DAY_RULE_ALWAYS;
		return &whole_day;
	}
	uint32_t i = special_at_or_after(cal, day);

	if (i < cal->specials_n && cal->specials[i].day == day) {
		*ret_rule = WB_DAY_RULE_SPECIAL;
		return &cal->specials[i].windows;
	}
	*ret_rule = WB_DAY_RULE_WEEKDAY;
	return &cal->week[wb_day_weekday(day)];
}

/* Puts the walk at the first window of a date at or after the one that it stands on. */
static void day_enter(struct wb_walk *w, int32_t day)
{
	const struct wb_calendar *cal = w->cal;

	w->day = day;
	w->window = 0;
	while (w->special < cal->specials_n && cal->specials[w->special].day < day)
		w->special++;
	if (w->special < cal->specials_n && cal->specials[w->special].day == day) {
		w->rule = WB_DAY_RULE_SPECIAL;
		w->today = &cal->specials[w->special].windows;
	} else {
		w->rule = WB_DAY_RULE_WEEKDAY;
		w->today = &cal->week[wb_day_weekday(day)];
	}
}

void wb_walk_init(struct wb_walk *w, const struct wb_calendar *cal, int64_t from_us)
{
	uint32_t segment = wb_zone_segment(cal, from_us);
	int64_t offset = cal->transitions_n > 0 ? cal->transitions[segment].offset_s * WB_SECOND_US : 0;
	/* Instants before 1970 round towards zero, a day late: one day of reach more. */
	int32_t day = (int32_t)((from_us + offset) / WB_DAY_US) - REACH_DAYS - (from_us + offset < 0);

	*w = (struct wb_walk){.cal = cal, .cursor_us = from_us, .segment = segment, .week_us = -1};
	if (cal->always)
		return;
	w->special = special_at_or_after(cal, day);
	day_enter(w, day);
}

/* 24 × 7: one piece, up to wherever the caller looks. */
static bool always_next(struct wb_walk *w, int64_t until_us, struct wb_piece *ret)
{
	if (w->cursor_us >= until_us)
		return false;
	*ret = (struct wb_piece){.from_us = w->cursor_us, .to_us = until_us, .rule = WB_DAY_RULE_ALWAYS};
	w->cursor_us = until_us;
	return true;
}

bool wb_walk_next(struct wb_walk *w, int64_t until_us, struct wb_piece *ret)
{
	if (w->cal->always)
		return always_next(w, until_us, ret);
	if (w->cursor_us >= until_us)
		return false;
	for (;;) {
		if (w->window >= w->today->n) {
			/* No window of the next date can start before its midnight in the easternmost zone. */
			if ((w->day + 1) * WB_DAY_US - WB_CALENDAR_OFFSET_MAX_S * WB_SECOND_US >= until_us)
				return false;
			day_enter(w, w->day + 1);
			continue;
		}
		struct wb_window win = w->today->w[w->window];
		int64_t midnight = w->day * WB_DAY_US;
		int64_t end = wb_zone_instant(w->cal, midnight + win.end_s * WB_SECOND_US, WB_LOCAL_LAST, &w->segment);
		if (end <= w->cursor_us) {
			w->window++;
			continue;
		}
		int64_t start =
		        wb_zone_instant(w->cal, midnight + win.start_s * WB_SECOND_US, WB_LOCAL_FIRST, &w->segment);
		int64_t from = start > w->cursor_us ? start : w->cursor_us;
		if (from >= until_us)
			return false;
		if (end <= from) { /* swallowed by a gap */
			w->window++;
			continue;
		}
		int64_t to = end < until_us ? end : until_us;

		if (end <= until_us)
			w->window++;
		w->cursor_us = to;
		*ret = (struct wb_piece){.from_us = from, .to_us = to, .day = w->day, .rule = w->rule, .window = win};
		return true;
	}
}

static int64_t week_sum(const struct wb_calendar *cal)
{
	int64_t sum = 0;

	for (uint32_t d = 0; d < 7; d++) {
		for (uint32_t i = 0; i < cal->week[d].n; i++)
			sum += cal->week[d].w[i].end_s - cal->week[d].w[i].start_s;
	}
	return sum * WB_SECOND_US;
}

/* The first date, seen from one in a regular stretch, that is not regular any more; `day` itself when it is not. */
static int32_t regular_until(const struct wb_walk *w, int32_t day, uint32_t segment)
{
	const struct wb_calendar *cal = w->cal;
	const struct wb_zone_transition *t = cal->transitions;
	int64_t utc = day * WB_DAY_US - t[segment].offset_s * WB_SECOND_US;
	int64_t margin = REGULAR_MARGIN_DAYS * WB_DAY_US;
	int32_t until = WB_DAY_MAX;

	if (segment > 0 && t[segment].at_us + margin > utc)
		return day;
	if (w->special > 0 && cal->specials[w->special - 1].day + REGULAR_MARGIN_DAYS > day)
		return day;
	if (w->special < cal->specials_n && cal->specials[w->special].day - REGULAR_MARGIN_DAYS < until)
		until = cal->specials[w->special].day - REGULAR_MARGIN_DAYS;
	if (segment + 1 < cal->transitions_n) {
		int64_t next = (t[segment + 1].at_us + t[segment].offset_s * WB_SECOND_US - margin) / WB_DAY_US;

		if (next < until)
			until = (int32_t)next;
	}
	return until > day ? until : day;
}

int64_t wb_walk_skip_weeks(struct wb_walk *w, int64_t until_us, int64_t want_us)
{
	if (w->cal->always || until_us - w->cursor_us < 16 * WB_DAY_US)
		return 0;
	if (w->week_us < 0)
		w->week_us = week_sum(w->cal);
	if (want_us <= w->week_us)
		return 0;
	if (w->window >= w->today->n)
		day_enter(w, w->day + 1);
	if (w->window > 0)
		return 0;
	uint32_t segment = wb_zone_segment(w->cal, w->day * WB_DAY_US);
	int64_t utc = w->day * WB_DAY_US - w->cal->transitions[segment].offset_s * WB_SECOND_US;
	uint32_t first_s = w->today->n > 0 ? w->today->w[0].start_s : WB_DAY_SECONDS;

	if (w->cursor_us > utc + first_s * WB_SECOND_US)
		return 0; /* part of this date is behind us */
	int64_t weeks = (regular_until(w, w->day, segment) - w->day) / 7;
	int64_t by_until = (until_us - utc - 2 * WB_DAY_US) / (7 * WB_DAY_US);
	int64_t by_want = (want_us - 1) / w->week_us;

	weeks = by_until < weeks ? by_until : weeks;
	weeks = by_want < weeks ? by_want : weeks;
	if (weeks <= 0)
		return 0;
	day_enter(w, w->day + (int32_t)weeks * 7);
	return weeks * w->week_us;
}
