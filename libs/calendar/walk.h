/*
 * The walk over service time: its pieces in ascending order, disjoint, in real time. Used by the arithmetic, the
 * clocks and the explanations of this folder; a caller outside wants calendar.h or terms.h.
 *
 * Pure; the walk lives on its caller's stack and points into the calendar.
 */
#ifndef WB_CALENDAR_WALK_H
#define WB_CALENDAR_WALK_H
#include "calendar/calendar.h"

struct wb_walk {
	const struct wb_calendar *cal;
	const struct wb_day_windows *today;
	int64_t week_us;   /* service time of a regular week; -1: not added up yet */
	int64_t cursor_us; /* everything before it was given out or skipped */
	int32_t day;       /* the date whose windows come next */
	uint32_t window;   /* the next one of them */
	uint32_t special;  /* first special day at or after `day` */
	uint32_t segment;  /* where the last conversion was found: a hint */
	enum wb_day_rule rule;
};

/* A piece of a window: what of it was not before the cursor and not counted by an earlier window. Never empty. */
struct wb_piece {
	int64_t from_us, to_us;
	int32_t day; /* the date it belongs to */
	enum wb_day_rule rule;
	struct wb_window window;
};

/* Begins at from_us, which lies inside the horizon (the caller checked). */
void wb_walk_init(struct wb_walk *w, const struct wb_calendar *cal, int64_t from_us);
/* The next piece that begins before until_us, cut there; false when there is none. until_us never decreases. */
bool wb_walk_next(struct wb_walk *w, int64_t until_us, struct wb_piece *ret);
/* Jumps over whole regular weeks that end before until_us and have less than want_us of service time together; returns
 * the service time that was jumped over, 0 when it stays. Only between pieces of different days. */
int64_t wb_walk_skip_weeks(struct wb_walk *w, int64_t until_us, int64_t want_us);

/* The transition in force at an instant (0 for all before the first). */
uint32_t wb_zone_segment(const struct wb_calendar *cal, int64_t at_us);
/* Rule 4 of calendar.h for a local time in microseconds since the local 1970-01-01 00:00. */
int64_t wb_zone_instant(const struct wb_calendar *cal, int64_t local_us, enum wb_local_side side, uint32_t *hint);
/* WB_ERR_LIMIT outside the horizon. */
enum wb_err wb_horizon_check(const struct wb_calendar *cal, int64_t at_us) WB_MUST_CHECK;
#endif
