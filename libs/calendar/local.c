/* Between UTC and the wall clock: rule 4 of calendar.h. */
#include "calendar/walk.h"

#define OFFSET_MAX_US (WB_CALENDAR_OFFSET_MAX_S * WB_SECOND_US)

uint32_t wb_zone_segment(const struct wb_calendar *cal, int64_t at_us)
{
	uint32_t lo = 0, hi = cal->transitions_n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cal->transitions[mid].at_us <= at_us)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int64_t offset_us(const struct wb_calendar *cal, uint32_t segment)
{
	return cal->transitions_n > 0 ? cal->transitions[segment].offset_s * WB_SECOND_US : 0;
}

/* No other segment can have a say about a local time that is this far from both ends. */
static bool far_inside(const struct wb_calendar *cal, uint32_t i, int64_t at_us)
{
	const struct wb_zone_transition *t = cal->transitions;

	return (i == 0 || t[i].at_us + 2 * OFFSET_MAX_US <= at_us) &&
	       (i + 1 >= cal->transitions_n || at_us + 2 * OFFSET_MAX_US < t[i + 1].at_us);
}

/* The first instant at which the wall clock reads local_us or later: the first segment that reaches it. */
static int64_t instant_first(const struct wb_calendar *cal, int64_t local_us)
{
	const struct wb_zone_transition *t = cal->transitions;

	for (uint32_t i = wb_zone_segment(cal, local_us - OFFSET_MAX_US);; i++) {
		int64_t at = local_us - offset_us(cal, i);

		if (i > 0 && at < t[i].at_us)
			at = t[i].at_us;
		if (i + 1 >= cal->transitions_n || at < t[i + 1].at_us)
			return at;
	}
}

/* The end of the last stretch in which the wall clock reads less than local_us. */
static int64_t instant_last(const struct wb_calendar *cal, int64_t local_us)
{
	const struct wb_zone_transition *t = cal->transitions;

	for (uint32_t i = wb_zone_segment(cal, local_us + OFFSET_MAX_US);; i--) {
		int64_t at = local_us - offset_us(cal, i);

		if (i > 0 && at <= t[i].at_us)
			continue;
		if (i + 1 < cal->transitions_n && at > t[i + 1].at_us)
			at = t[i + 1].at_us;
		return at;
	}
}

int64_t wb_zone_instant(const struct wb_calendar *cal, int64_t local_us, enum wb_local_side side, uint32_t *hint)
{
	if (cal->transitions_n == 0)
		return local_us;
	if (!far_inside(cal, *hint, local_us - offset_us(cal, *hint)))
		*hint = wb_zone_segment(cal, local_us);
	int64_t at = local_us - offset_us(cal, *hint);

	if (far_inside(cal, *hint, at))
		return at;
	return side == WB_LOCAL_FIRST ? instant_first(cal, local_us) : instant_last(cal, local_us);
}

enum wb_err wb_horizon_check(const struct wb_calendar *cal, int64_t at_us)
{
	if (at_us < WB_CALENDAR_MIN_US || at_us > WB_CALENDAR_MAX_US)
		return WB_ERR_LIMIT;
	if (cal->transitions_n > 0 && (at_us < cal->transitions[0].at_us || at_us > cal->horizon_until_us))
		return WB_ERR_LIMIT;
	return WB_OK;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

enum wb_err wb_calendar_local_date(const struct wb_calendar *cal, int64_t at_us, int32_t *ret_day)
{
	enum wb_err err = wb_horizon_check(cal, at_us);

	if (err)
		return err;
	*ret_day = (int32_t)floor_div(at_us + offset_us(cal, wb_zone_segment(cal, at_us)), WB_DAY_US);
	return WB_OK;
}

enum wb_err wb_calendar_local(const struct wb_calendar *cal, int64_t at_us, struct wb_local_time *ret)
{
	enum wb_err err = wb_horizon_check(cal, at_us);

	if (err)
		return err;
	int64_t offset = offset_us(cal, wb_zone_segment(cal, at_us));
	int32_t day = (int32_t)floor_div(at_us + offset, WB_DAY_US);
	int64_t of_day = at_us + offset - day * WB_DAY_US;

	*ret = (struct wb_local_time){
	        .day = day,
	        .date = wb_day_date(day),
	        .weekday = wb_day_weekday(day),
	        .second_s = (uint32_t)(of_day / WB_SECOND_US),
	        .us = (uint32_t)(of_day % WB_SECOND_US),
	        .offset_s = (int32_t)(offset / WB_SECOND_US),
	};
	return WB_OK;
}

enum wb_err wb_calendar_instant(
        const struct wb_calendar *cal, int32_t day, uint32_t second_s, enum wb_local_side side, int64_t *ret_at_us)
{
	uint32_t hint = 0;

	if (second_s > WB_CALENDAR_WINDOW_END_MAX_S)
		return WB_ERR_INVALID;
	if (day < WB_DAY_MIN - 1 || day > WB_DAY_MAX)
		return WB_ERR_LIMIT;
	int64_t at = wb_zone_instant(cal, day * WB_DAY_US + second_s * WB_SECOND_US, side, &hint);
	enum wb_err err = wb_horizon_check(cal, at);

	if (err)
		return err;
	*ret_at_us = at;
	return WB_OK;
}
