#include "calendar/calendar.h"
#include "calendar/walk.h"

const struct wb_calendar *wb_calendar_always(void)
{
	static const struct wb_calendar always = {
	        .always = true, .horizon_until_us = WB_CALENDAR_MAX_US, .zone = "UTC"};

	return &always;
}

/* Where a search that begins at from_us ends. */
static int64_t search_until(const struct wb_calendar *cal, int64_t from_us)
{
	int64_t until = from_us + WB_CALENDAR_SEARCH_DAYS * WB_DAY_US;
	int64_t horizon = cal->transitions_n > 0 ? cal->horizon_until_us : WB_CALENDAR_MAX_US;

	return until < horizon ? until : horizon;
}

enum wb_err wb_calendar_is_open(const struct wb_calendar *cal, int64_t at_us, bool *ret_open)
{
	enum wb_err err = wb_horizon_check(cal, at_us);
	struct wb_walk w;
	struct wb_piece p;

	if (err)
		return err;
	wb_walk_init(&w, cal, at_us);
	*ret_open = wb_walk_next(&w, at_us + 1, &p);
	return WB_OK;
}

enum wb_err wb_calendar_next_open(const struct wb_calendar *cal, int64_t at_us, int64_t *ret_open_us)
{
	enum wb_err err = wb_horizon_check(cal, at_us);
	struct wb_walk w;
	struct wb_piece p;

	if (err)
		return err;
	wb_walk_init(&w, cal, at_us);
	if (!wb_walk_next(&w, search_until(cal, at_us), &p))
		return WB_ERR_LIMIT;
	*ret_open_us = p.from_us;
	return WB_OK;
}

enum wb_err wb_calendar_working_between(const struct wb_calendar *cal, int64_t from_us, int64_t to_us, int64_t *ret_us)
{
	struct wb_walk w;
	struct wb_piece p;
	int64_t sum = 0;

	if (to_us < from_us)
		return WB_ERR_INVALID;
	if (wb_horizon_check(cal, from_us) || wb_horizon_check(cal, to_us))
		return WB_ERR_LIMIT;
	wb_walk_init(&w, cal, from_us);
	for (;;) {
		sum += wb_walk_skip_weeks(&w, to_us, INT64_MAX);
		if (!wb_walk_next(&w, to_us, &p))
			break;
		sum += p.to_us - p.from_us;
	}
	*ret_us = sum;
	return WB_OK;
}

enum wb_err wb_calendar_add(const struct wb_calendar *cal, int64_t from_us, int64_t amount_us, int64_t *ret_deadline_us)
{
	enum wb_err err = wb_horizon_check(cal, from_us);
	int64_t until, left = amount_us;
	struct wb_walk w;
	struct wb_piece p;

	if (amount_us < 0)
		return WB_ERR_INVALID;
	if (err)
		return err;
	if (amount_us == 0) {
		*ret_deadline_us = from_us;
		return WB_OK;
	}
	if (amount_us > WB_CALENDAR_AMOUNT_MAX_US)
		return WB_ERR_LIMIT;
	until = search_until(cal, from_us);
	wb_walk_init(&w, cal, from_us);
	for (;;) {
		left -= wb_walk_skip_weeks(&w, until, left);
		if (!wb_walk_next(&w, until, &p))
			return WB_ERR_LIMIT;
		if (left <= p.to_us - p.from_us) {
			*ret_deadline_us = p.from_us + left;
			return WB_OK;
		}
		left -= p.to_us - p.from_us;
	}
}

/* The end of the last window with real time in it that starts on a date; false when there is none. */
static bool service_day_end(const struct wb_calendar *cal, int32_t day, uint32_t *hint, int64_t *ret_end_us)
{
	enum wb_day_rule rule;
	const struct wb_day_windows *d = wb_calendar_day(cal, day, &rule);

	for (uint32_t i = d->n; i > 0; i--) {
		int64_t local = day * WB_DAY_US;
		int64_t from = wb_zone_instant(cal, local + d->w[i - 1].start_s * WB_SECOND_US, WB_LOCAL_FIRST, hint);
		int64_t to = wb_zone_instant(cal, local + d->w[i - 1].end_s * WB_SECOND_US, WB_LOCAL_LAST, hint);

		if (to > from) {
			*ret_end_us = to;
			return true;
		}
	}
	return false;
}

enum wb_err wb_calendar_add_service_days(
        const struct wb_calendar *cal, int64_t from_us, uint32_t days, int64_t *ret_deadline_us)
{
	int32_t first;
	enum wb_err err = wb_calendar_local_date(cal, from_us, &first);
	int64_t end = from_us;
	uint32_t hint = 0;

	if (err)
		return err;
	for (int32_t day = first + 1; days > 0; day++) {
		if (day - first > WB_CALENDAR_SEARCH_DAYS)
			return WB_ERR_LIMIT;
		if (service_day_end(cal, day, &hint, &end))
			days--;
	}
	err = wb_horizon_check(cal, end);
	if (err)
		return err;
	*ret_deadline_us = end;
	return WB_OK;
}
