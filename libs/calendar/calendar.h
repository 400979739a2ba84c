/*
 * A calendar: when service time is, and the arithmetic of deadlines on it.
 *
 * PURE: integer arithmetic over data that the caller hands in. No clock, no time-zone files, no environment, no
 * allocation; the same input gives the same answer on every machine, for ever. It is called from decide and evolve.
 * A calendar is immutable while it is used and may be read from any thread. Nothing here keeps a pointer.
 *
 * Instants are UTC, int64 microseconds since 1970 («_us»). Local dates are day numbers (calendar/date.h). Times of day
 * are seconds since the local midnight by the clock on the wall («_s»).
 *
 * The rules, each of which has a test:
 *
 * 1. A window is [start, end): it opens with its first microsecond; its end belongs to it only as a deadline.
 * 2. A window belongs to the local date on which it STARTS. It may pass midnight (end_s up to 48 h); what lies behind
 *    midnight still belongs to the date of its start: it goes on into a closed day.
 * 3. A special day replaces the windows that START on its date, all of them and for the whole date (also once its last
 *    window has passed), by its own: none makes it a closed day, some make it a working day. Windows that reach into
 *    it from the day before stay. Where they meet windows of the special day, the time counts once.
 * 4. Daylight saving. The start of a window is the first instant at which the wall clock reads start_s or later; its
 *    end is the last instant before which the wall clock reads less than end_s. So a boundary inside a gap moves to
 *    the gap's end, and in an overlap (an hour that comes twice) a start takes the first and an end the last
 *    occurrence. What is counted is real elapsed time (UTC) between the two: a window 01:00 – 04:00 has two hours in
 *    the night of the gap and four in the night of the overlap; one that ends where the overlap begins (02:00) ends
 *    before it, and one that starts there takes both hours. Where two windows of one date meet inside an overlap,
 *    the time counts once.
 * 5. A deadline that ends exactly with a window stays there; it does not move to the start of the next one.
 * 6. No amount at all is due at once: a deadline of zero is its start, inside a window or not.
 * 7. A service day is a local date on which a window with real time in it starts. Counting begins with the first
 *    service day AFTER the local date of the start, and ends with the last window of the last one.
 * 8. 24 × 7 is a calendar kind (`always`): every instant is service time, every local date a service day that ends
 *    with its midnight. Weekdays and special days are not looked at.
 *
 * Bounded: a search looks at most WB_CALENDAR_SEARCH_DAYS ahead, and never past the horizon of the zone's rules
 * (WB_ERR_LIMIT). Stretches of whole weeks without special days and transitions are taken in one step, so that the cost
 * of a span of years is that of its special days and transitions.
 */
#ifndef WB_CALENDAR_CALENDAR_H
#define WB_CALENDAR_CALENDAR_H
#include "base/clock.h"
#include "base/err.h"
#include "calendar/date.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WB_CALENDAR_WINDOWS_MAX 8           /* windows that start on one date */
#define WB_CALENDAR_SPECIALS_MAX 1024       /* special days of a calendar */
#define WB_CALENDAR_TRANSITIONS_MAX 512     /* zone transitions: two a year for the whole range, and room */
#define WB_CALENDAR_WINDOW_END_MAX_S 172800 /* a window may end at the second midnight after its date's first */
#define WB_CALENDAR_OFFSET_MAX_S 64800      /* 18 h: more than any zone ever had (local minus UTC, either sign) */
#define WB_CALENDAR_SEARCH_DAYS 3660        /* how far ahead a deadline is looked for: ten years */
#define WB_CALENDAR_AMOUNT_MAX_US (WB_CALENDAR_SEARCH_DAYS * WB_DAY_US)
#define WB_CALENDAR_MIN_US (WB_DAY_MIN * WB_DAY_US) /* instants outside 1900 … 2199 are WB_ERR_LIMIT */
#define WB_CALENDAR_MAX_US (WB_DAY_MAX * WB_DAY_US)

struct wb_window {
	uint32_t start_s; /* local second of the day, below 86400 */
	uint32_t end_s;   /* above start_s, up to WB_CALENDAR_WINDOW_END_MAX_S */
};

/* The windows that start on one date: sorted, not overlapping (they may touch). */
struct wb_day_windows {
	uint32_t n;
	struct wb_window w[WB_CALENDAR_WINDOWS_MAX];
};

struct wb_special_day {
	int32_t day;                   /* local date */
	struct wb_day_windows windows; /* n = 0: closed */
	const char *name;              /* for people, may be NULL; not looked at */
};

/* From at_us on, until the next one, local time is UTC plus offset_s. */
struct wb_zone_transition {
	int64_t at_us;
	int32_t offset_s;
};

struct wb_calendar {
	bool always; /* 24 × 7; the zone, where given, still says what a local date is */

	/* The zone's rules as data, ascending. The first one's at_us is where the horizon begins. */
	const struct wb_zone_transition *transitions;
	uint32_t transitions_n;   /* 0 only with always: UTC then */
	int64_t horizon_until_us; /* the rules are known up to here; WB_CALENDAR_MAX_US where nothing smaller is known
	                           */
	const char *zone;         /* IANA name, for people; may be NULL, not looked at */
	const char *tz_version;   /* the data's version, for people; may be NULL, not looked at */

	struct wb_day_windows week[7];         /* 0 Monday … 6 Sunday */
	const struct wb_special_day *specials; /* ascending by day, each day once */
	uint32_t specials_n;
};

/* 24 × 7 in UTC: what a clock without a calendar runs on. Static, never NULL. */
const struct wb_calendar *wb_calendar_always(void);

/* ---- validation ---- */

#define WB_CALENDAR_PROBLEMS(X)                                                                                        \
	X(NONE, "no problem")                                                                                          \
	X(ZONE_MISSING, "the calendar has no zone transitions")                                                        \
	X(TRANSITIONS_MANY, "too many zone transitions")                                                               \
	X(TRANSITIONS_UNSORTED, "zone transitions are not in ascending order")                                         \
	X(TRANSITION_RANGE, "a zone transition lies outside 1900 to 2199")                                             \
	X(OFFSET_RANGE, "a zone offset is more than 18 hours")                                                         \
	X(HORIZON, "the horizon ends before it begins, or after 2199")                                                 \
	X(WINDOWS_MANY, "too many windows on one day")                                                                 \
	X(WINDOW_START_RANGE, "a window starts at or after 24:00")                                                     \
	X(WINDOW_END_RANGE, "a window ends after the midnight of the next day")                                        \
	X(WINDOW_EMPTY, "a window ends before or when it starts")                                                      \
	X(WINDOWS_UNSORTED, "the windows of a day are not in ascending order")                                         \
	X(WINDOWS_OVERLAP, "two windows of a day overlap")                                                             \
	X(WINDOWS_OVERLAP_NEXT, "a window reaches over midnight into a window of the next weekday")                    \
	X(SPECIALS_MANY, "too many special days")                                                                      \
	X(SPECIALS_UNSORTED, "special days are not in ascending order")                                                \
	X(SPECIAL_TWICE, "a date is a special day twice")                                                              \
	X(SPECIAL_RANGE, "a special day lies outside 1900 to 2199")                                                    \
	X(NO_WORKING_TIME, "no weekday has a window: no deadline could ever be reached")

enum wb_calendar_problem_code {
#define X(name, text) WB_CALENDAR_PROBLEM_##name,
	WB_CALENDAR_PROBLEMS(X)
#undef X
};

enum wb_calendar_place { WB_CALENDAR_PLACE_ZONE, WB_CALENDAR_PLACE_WEEKDAY, WB_CALENDAR_PLACE_SPECIAL };

/* What is wrong and where: the first problem found, in the order zone, week, special days. */
struct wb_calendar_problem {
	enum wb_calendar_problem_code code;
	enum wb_calendar_place place;
	uint32_t index;  /* transition, weekday (0 Monday) or special day, counted from 0 */
	uint32_t window; /* window of that day, counted from 0, where one is meant */
};

/* Whether every function below may be called with the calendar. True: sound; false: *ret_problem is written.
 * A calendar from outside (a command) must pass here before it is saved; the arithmetic relies on it. An `always`
 * calendar is sound with or without a zone; its windows are not looked at. */
bool wb_calendar_valid(const struct wb_calendar *cal, struct wb_calendar_problem *ret_problem);
/* The name («WINDOWS_OVERLAP») and the text of a code; static, never NULL. */
const char *wb_calendar_problem_name(enum wb_calendar_problem_code code);
const char *wb_calendar_problem_text(enum wb_calendar_problem_code code);

/* ---- local time ---- */

struct wb_local_time {
	int32_t day; /* local date as a day number */
	struct wb_date date;
	uint32_t weekday;  /* 0 Monday … 6 Sunday */
	uint32_t second_s; /* of the day, 0 … 86399, by the clock on the wall */
	uint32_t us;       /* within the second */
	int32_t offset_s;  /* local minus UTC */
};

/* What the wall clock reads at an instant. WB_ERR_LIMIT outside the horizon. */
enum wb_err wb_calendar_local(const struct wb_calendar *cal, int64_t at_us, struct wb_local_time *ret) WB_MUST_CHECK;
/* The local date of an instant, as above. */
enum wb_err wb_calendar_local_date(const struct wb_calendar *cal, int64_t at_us, int32_t *ret_day) WB_MUST_CHECK;

enum wb_local_side {
	WB_LOCAL_FIRST, /* the first instant at which the wall clock reads that or later: a window's start */
	WB_LOCAL_LAST,  /* the last instant before which it reads less: a window's end */
};

/* The instant at which the wall clock reads second_s (0 … 172800, past midnight allowed) of the date `day`. In a gap
 * both sides give the gap's end; where the time comes once, both give that instant. WB_ERR_INVALID for a larger
 * second_s, WB_ERR_LIMIT outside the horizon. */
enum wb_err wb_calendar_instant(const struct wb_calendar *cal, int32_t day, uint32_t second_s, enum wb_local_side side,
        int64_t *ret_at_us) WB_MUST_CHECK;

enum wb_day_rule { WB_DAY_RULE_WEEKDAY, WB_DAY_RULE_SPECIAL, WB_DAY_RULE_ALWAYS };

/* The windows that start on a local date, and by which rule. Never NULL; of the calendar or static. */
const struct wb_day_windows *wb_calendar_day(const struct wb_calendar *cal, int32_t day, enum wb_day_rule *ret_rule);

/* ---- arithmetic ---- */

/* Whether an instant is service time (rule 1). WB_ERR_LIMIT outside the horizon. */
enum wb_err wb_calendar_is_open(const struct wb_calendar *cal, int64_t at_us, bool *ret_open) WB_MUST_CHECK;
/* The first instant at or after at_us that is service time. WB_ERR_LIMIT when the bounded search ends before one. */
enum wb_err wb_calendar_next_open(const struct wb_calendar *cal, int64_t at_us, int64_t *ret_open_us) WB_MUST_CHECK;

/* The service time in [from_us, to_us), in microseconds. WB_ERR_INVALID when to_us is before from_us, WB_ERR_LIMIT when
 * one of them lies outside the horizon. */
enum wb_err wb_calendar_working_between(
        const struct wb_calendar *cal, int64_t from_us, int64_t to_us, int64_t *ret_us) WB_MUST_CHECK;

/* The deadline: the earliest instant D at or after from_us with amount_us of service time in [from_us, D) (rules 5, 6).
 * WB_ERR_INVALID for a negative amount, WB_ERR_LIMIT when the bounded search ends before it. */
enum wb_err wb_calendar_add(
        const struct wb_calendar *cal, int64_t from_us, int64_t amount_us, int64_t *ret_deadline_us) WB_MUST_CHECK;

/* The deadline of a target in service days (rule 7); from_us itself for none. WB_ERR_LIMIT for more than
 * WB_CALENDAR_SEARCH_DAYS, and as above. */
enum wb_err wb_calendar_add_service_days(
        const struct wb_calendar *cal, int64_t from_us, uint32_t days, int64_t *ret_deadline_us) WB_MUST_CHECK;
#endif
