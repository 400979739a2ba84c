/*
 * Suspensions made ready for counting, and how they move a deadline (rules 9 to 13 of terms.h). Shared by the clock's
 * state and its explanation; of no use outside this folder. Pure, fixed size, on the caller's stack (about 8 KiB).
 */
#ifndef WB_CALENDAR_SPANS_H
#define WB_CALENDAR_SPANS_H
#include "calendar/terms.h"

struct wb_span {
	int64_t from_us, to_us; /* to_us: WB_SUSPENSION_OPEN where it has not ended */
	uint32_t index;         /* in the terms */
};

/* Ascending and disjoint: what of each suspension is neither before the start nor covered by an earlier one. */
struct wb_spans {
	uint32_t n;
	struct wb_span s[WB_CLOCK_SUSPENSIONS_MAX];
};

struct wb_moved {
	bool frozen;          /* an open suspension holds it */
	uint32_t n;           /* spans that have a say: s[0 … n - 1] */
	int64_t deadline_us;  /* frozen: as it was when the open one began */
	int64_t frozen_us;    /* when that was */
	int64_t suspended_us; /* service time added */
};

/* Checks and sorts the suspensions of the terms. */
enum wb_err wb_spans_make(const struct wb_clock_terms *terms, struct wb_spans *ret) WB_MUST_CHECK;
/* Moves a deadline. rows (NULL, or one a span) are filled in for the explanation. */
enum wb_err wb_spans_move(const struct wb_calendar *cal, const struct wb_spans *spans, int64_t deadline_us,
        struct wb_explained_suspension *rows, struct wb_moved *ret) WB_MUST_CHECK;
/* Terms to promise; *ret_moved is how the deadline was moved. */
enum wb_err wb_spans_promise(const struct wb_clock_terms *terms, const struct wb_spans *spans,
        struct wb_explained_suspension *rows, struct wb_clock_promise *ret, struct wb_moved *ret_moved) WB_MUST_CHECK;
/* The calendar of the terms, never NULL. */
const struct wb_calendar *wb_terms_calendar(const struct wb_clock_terms *terms);
#endif
