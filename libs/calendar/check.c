/* Whether a calendar is sound: the only door for one that comes from outside. */
#include "calendar/calendar.h"

static bool bad(struct wb_calendar_problem *ret, enum wb_calendar_problem_code code, enum wb_calendar_place place,
        uint32_t index, uint32_t window)
{
	*ret = (struct wb_calendar_problem){.code = code, .place = place, .index = index, .window = window};
	return false;
}

static bool zone_valid(const struct wb_calendar *cal, struct wb_calendar_problem *ret)
{
	const struct wb_zone_transition *t = cal->transitions;

	if (cal->transitions_n == 0)
		return cal->always ? true : bad(ret, WB_CALENDAR_PROBLEM_ZONE_MISSING, WB_CALENDAR_PLACE_ZONE, 0, 0);
	if (cal->transitions_n > WB_CALENDAR_TRANSITIONS_MAX)
		return bad(ret, WB_CALENDAR_PROBLEM_TRANSITIONS_MANY, WB_CALENDAR_PLACE_ZONE,
		        WB_CALENDAR_TRANSITIONS_MAX, 0);
	for (uint32_t i = 0; i < cal->transitions_n; i++) {
		if (t[i].at_us < WB_CALENDAR_MIN_US || t[i].at_us >= WB_CALENDAR_MAX_US)
			return bad(ret, WB_CALENDAR_PROBLEM_TRANSITION_RANGE, WB_CALENDAR_PLACE_ZONE, i, 0);
		if (i > 0 && t[i].at_us <= t[i - 1].at_us)
			return bad(ret, WB_CALENDAR_PROBLEM_TRANSITIONS_UNSORTED, WB_CALENDAR_PLACE_ZONE, i, 0);
		if (t[i].offset_s > WB_CALENDAR_OFFSET_MAX_S || t[i].offset_s < -WB_CALENDAR_OFFSET_MAX_S)
			return bad(ret, WB_CALENDAR_PROBLEM_OFFSET_RANGE, WB_CALENDAR_PLACE_ZONE, i, 0);
	}
	if (cal->horizon_until_us <= t[0].at_us || cal->horizon_until_us > WB_CALENDAR_MAX_US)
		return bad(ret, WB_CALENDAR_PROBLEM_HORIZON, WB_CALENDAR_PLACE_ZONE, 0, 0);
	return true;
}

static bool windows_valid(
        const struct wb_day_windows *d, enum wb_calendar_place place, uint32_t index, struct wb_calendar_problem *ret)
{
	if (d->n > WB_CALENDAR_WINDOWS_MAX)
		return bad(ret, WB_CALENDAR_PROBLEM_WINDOWS_MANY, place, index, WB_CALENDAR_WINDOWS_MAX);
	for (uint32_t i = 0; i < d->n; i++) {
		if (d->w[i].start_s >= WB_DAY_SECONDS)
			return bad(ret, WB_CALENDAR_PROBLEM_WINDOW_START_RANGE, place, index, i);
		if (d->w[i].end_s > WB_CALENDAR_WINDOW_END_MAX_S)
			return bad(ret, WB_CALENDAR_PROBLEM_WINDOW_END_RANGE, place, index, i);
		if (d->w[i].end_s <= d->w[i].start_s)
			return bad(ret, WB_CALENDAR_PROBLEM_WINDOW_EMPTY, place, index, i);
		if (i > 0 && d->w[i].start_s < d->w[i - 1].start_s)
			return bad(ret, WB_CALENDAR_PROBLEM_WINDOWS_UNSORTED, place, index, i);
		if (i > 0 && d->w[i].start_s < d->w[i - 1].end_s)
			return bad(ret, WB_CALENDAR_PROBLEM_WINDOWS_OVERLAP, place, index, i);
	}
	return true;
}

static bool week_valid(const struct wb_calendar *cal, struct wb_calendar_problem *ret)
{
	uint32_t total = 0;

	for (uint32_t d = 0; d < 7; d++) {
		if (!windows_valid(&cal->week[d], WB_CALENDAR_PLACE_WEEKDAY, d, ret))
			return false;
		total += cal->week[d].n;
	}
	for (uint32_t d = 0; d < 7; d++) {
		const struct wb_day_windows *a = &cal->week[d], *b = &cal->week[(d + 1) % 7];

		if (a->n > 0 && b->n > 0 && a->w[a->n - 1].end_s > b->w[0].start_s + WB_DAY_SECONDS)
			return bad(
			        ret, WB_CALENDAR_PROBLEM_WINDOWS_OVERLAP_NEXT, WB_CALENDAR_PLACE_WEEKDAY, d, a->n - 1);
	}
	/* Special days alone would leave every deadline past the last of them without an answer. */
	if (total == 0)
		return bad(ret, WB_CALENDAR_PROBLEM_NO_WORKING_TIME, WB_CALENDAR_PLACE_WEEKDAY, 0, 0);
	return true;
}

static bool specials_valid(const struct wb_calendar *cal, struct wb_calendar_problem *ret)
{
	const struct wb_special_day *s = cal->specials;

	if (cal->specials_n > WB_CALENDAR_SPECIALS_MAX)
		return bad(
		        ret, WB_CALENDAR_PROBLEM_SPECIALS_MANY, WB_CALENDAR_PLACE_SPECIAL, WB_CALENDAR_SPECIALS_MAX, 0);
	for (uint32_t i = 0; i < cal->specials_n; i++) {
		if (s[i].day < WB_DAY_MIN || s[i].day >= WB_DAY_MAX)
			return bad(ret, WB_CALENDAR_PROBLEM_SPECIAL_RANGE, WB_CALENDAR_PLACE_SPECIAL, i, 0);
		if (i > 0 && s[i].day == s[i - 1].day)
			return bad(ret, WB_CALENDAR_PROBLEM_SPECIAL_TWICE, WB_CALENDAR_PLACE_SPECIAL, i, 0);
		if (i > 0 && s[i].day < s[i - 1].day)
			return bad(ret, WB_CALENDAR_PROBLEM_SPECIALS_UNSORTED, WB_CALENDAR_PLACE_SPECIAL, i, 0);
		if (!windows_valid(&s[i].windows, WB_CALENDAR_PLACE_SPECIAL, i, ret))
			return false;
	}
	return true;
}

bool wb_calendar_valid(const struct wb_calendar *cal, struct wb_calendar_problem *ret_problem)
{
	if (!zone_valid(cal, ret_problem))
		return false;
	return cal->always || (week_valid(cal, ret_problem) && specials_valid(cal, ret_problem));
}

const char *wb_calendar_problem_name(enum wb_calendar_problem_code code)
{
	static const char *const names[] = {
#define X(name, text) #name,
	        WB_CALENDAR_PROBLEMS(X)
#undef X
	};

	return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "UNKNOWN";
}

const char *wb_calendar_problem_text(enum wb_calendar_problem_code code)
{
	static const char *const texts[] = {
#define X(name, text) text,
	        WB_CALENDAR_PROBLEMS(X)
#undef X
	};

	return (size_t)code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "unknown problem";
}
