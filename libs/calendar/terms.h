/*
 * A clock as terms: everything that its deadline follows from, and nothing else. Whoever changes a target, ends a
 * suspension or agrees another deadline changes the terms and computes anew; so time earned by a suspension survives
 * every later change.
 *
 * Pure, like calendar.h, whose rules hold here. Further rules, each with a test:
 *
 *  9. A suspension is [from, to). Its service time (what of it lies in windows, at or after the start) is added to the
 *     deadline, to the microsecond. Time that lies in several suspensions counts once; adjacent ones count as one.
 * 10. A suspension moves a deadline when it begins before it or at its very instant (an act at the deadline is in
 *     time); one that begins later counts for nothing: what was late stays late.
 * 11. No deadline lies before the end of a suspension that moved it.
 * 12. An open suspension freezes the clock: no deadline, and what is left is the service time that was left when it
 *     began. A suspension whose end is known beforehand (an agreed later date) freezes too while it lasts, with its
 *     deadline known.
 * 13. A target in service days, or at an instant (a promised arrival, an agreed exception), is moved by suspended
 *     service time like any other.
 * 14. Exactly at the deadline is in time: a clock is overdue only after it.
 */
#ifndef WB_CALENDAR_TERMS_H
#define WB_CALENDAR_TERMS_H
#include "base/arena.h"
#include "calendar/calendar.h"

#define WB_CLOCK_SUSPENSIONS_MAX 256      /* of one clock; more is WB_ERR_LIMIT */
#define WB_CLOCK_EXPLAIN_WINDOWS_MAX 1000 /* rows of an explanation */
#define WB_SUSPENSION_OPEN INT64_MAX      /* to_us of one that has not ended */

struct wb_suspension {
	int64_t from_us;
	int64_t to_us;   /* WB_SUSPENSION_OPEN: not ended */
	uint32_t reason; /* the caller's; only handed through */
};

enum wb_clock_target {
	WB_CLOCK_TARGET_WORKING,      /* amount_us of service time */
	WB_CLOCK_TARGET_SERVICE_DAYS, /* service_days, rule 7 of calendar.h */
	WB_CLOCK_TARGET_INSTANT,      /* at instant_us, in service time or not; at or after start_us */
};

struct wb_clock_terms {
	const struct wb_calendar *calendar; /* NULL: 24 × 7 */
	int64_t start_us;
	enum wb_clock_target target;
	int64_t amount_us;                       /* WORKING */
	uint32_t service_days;                   /* SERVICE_DAYS */
	int64_t instant_us;                      /* INSTANT */
	const struct wb_suspension *suspensions; /* in any order; may overlap */
	size_t suspensions_n;
	uint32_t warn_permille; /* of the target's service time; 0: no warning, at most 1000 */
};

/* What the terms promise, whatever the time is. */
struct wb_clock_promise {
	int64_t original_us;  /* the deadline without any suspension */
	int64_t target_us;    /* the target as service time from the start to original_us */
	bool frozen;          /* an open suspension holds it: no deadline_us */
	int64_t deadline_us;  /* with all suspensions that moved it; undefined while frozen */
	int64_t left_us;      /* frozen: service time left when the open suspension began; else 0 */
	int64_t suspended_us; /* service time added by ended suspensions that moved it */
	bool has_warn;
	int64_t warn_us; /* when warn_permille of the target are used up; none while an open suspension holds it back */
};

/* Computes the promise. WB_ERR_INVALID: negative amount, an instant before the start, a suspension that ends before it
 * begins, warn_permille above 1000. WB_ERR_LIMIT: too many suspensions, outside the horizon, or no deadline within the
 * bounded search. */
enum wb_err wb_clock_promise(const struct wb_clock_terms *terms, struct wb_clock_promise *ret) WB_MUST_CHECK;

enum wb_clock_phase {
	WB_CLOCK_WAITING, /* before the start */
	WB_CLOCK_RUNNING, /* not suspended, deadline not passed; `open` says whether it is service time now */
	WB_CLOCK_FROZEN,  /* in a suspension that moves the deadline: never late */
	WB_CLOCK_OVERDUE, /* after the deadline */
};

struct wb_clock_state {
	enum wb_clock_phase phase;
	bool open;          /* service time at `now` */
	int64_t elapsed_us; /* service time used from the start to now, suspensions that moved the deadline taken out */
	int64_t left_us;    /* running or frozen: service time left; else 0 (waiting: the whole target) */
	int64_t late_us;    /* overdue: service time since the deadline; else 0 */
	bool has_deadline;  /* false while an open suspension holds it */
	int64_t deadline_us; /* where has_deadline */
	struct wb_clock_promise promise;
};

/* How the clock stands at now_us. Errors as wb_clock_promise. A suspension that begins after now_us and is in the terms
 * is taken as known beforehand. */
enum wb_err wb_clock_state(
        const struct wb_clock_terms *terms, int64_t now_us, struct wb_clock_state *ret) WB_MUST_CHECK;

/* ---- explanation ---- */

/* A window that was counted, as far as it lies between the start and the end of the explanation. */
struct wb_explained_window {
	int64_t from_us, to_us;  /* its part in real time */
	int64_t counted_us;      /* of that: used up */
	int64_t suspended_us;    /* of that: suspended; both together are to_us - from_us */
	int32_t day;             /* the local date that it belongs to */
	enum wb_day_rule rule;   /* why that date has this window; ALWAYS: the two below are zero */
	struct wb_window window; /* as the calendar says it */
};

/* A suspension, in order of its beginning. */
struct wb_explained_suspension {
	size_t index;        /* in the terms */
	int64_t from_us;     /* what of it was not covered by the start or by earlier ones … */
	int64_t to_us;       /* … WB_SUSPENSION_OPEN: not ended; equal to from_us: nothing was left of it */
	bool moved;          /* rule 10; false: it began after the deadline and counts for nothing */
	int64_t working_us;  /* service time that it added; 0 for an open one */
	int64_t deadline_us; /* the deadline after it; of an open one: the deadline before it */
};

struct wb_explanation {
	struct wb_clock_promise promise;
	int64_t until_us; /* the rows go from the start to here: the deadline, or the beginning of what freezes it */
	struct wb_explained_window *windows;
	size_t windows_n;
	bool windows_truncated;                      /* there were more than WB_CLOCK_EXPLAIN_WINDOWS_MAX */
	struct wb_explained_suspension *suspensions; /* all of the terms */
	size_t suspensions_n;
};

/* Explains the deadline to the microsecond: where nothing was truncated and the target is WORKING, SERVICE_DAYS or an
 * instant, the counted_us of all rows sum up to target_us (frozen: to target_us - left_us). The rows are the arena's.
 * Errors as wb_clock_promise, and WB_ERR_MEMORY. */
enum wb_err wb_clock_explain(
        const struct wb_clock_terms *terms, struct wb_arena *arena, struct wb_explanation *ret) WB_MUST_CHECK;
#endif
