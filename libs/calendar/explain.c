#include "calendar/spans.h"
#include "calendar/walk.h"

static struct wb_explained_suspension *suspension_rows(
        const struct wb_clock_terms *terms, const struct wb_spans *spans, struct wb_arena *arena)
{
	struct wb_explained_suspension *rows = WB_ARENA_ARRAY(arena, struct wb_explained_suspension, spans->n + 1);

	for (uint32_t i = 0; rows && i < spans->n; i++) {
		rows[i].index = spans->s[i].index;
		rows[i].from_us = spans->s[i].from_us;
		rows[i].to_us = spans->s[i].to_us;
		rows[i].deadline_us = terms->start_us; /* replaced by whatever has a say */
	}
	return rows;
}

/* How much of [from_us, to_us) is suspended; *next is the first span that may still matter for later pieces. */
static int64_t suspended_in(const struct wb_spans *spans, uint32_t n, uint32_t *next, int64_t from_us, int64_t to_us)
{
	int64_t sum = 0;

	while (*next < n && spans->s[*next].to_us <= from_us)
		(*next)++;
	for (uint32_t i = *next; i < n && spans->s[i].from_us < to_us; i++) {
		int64_t from = spans->s[i].from_us > from_us ? spans->s[i].from_us : from_us;
		int64_t to = spans->s[i].to_us < to_us ? spans->s[i].to_us : to_us;

		sum += to > from ? to - from : 0;
	}
	return sum;
}

/* Walks the windows up to ret->until_us; rows NULL: only counts them. */
static void window_rows(const struct wb_clock_terms *terms, const struct wb_spans *spans, uint32_t moved_n,
        struct wb_explained_window *rows, struct wb_explanation *ret)
{
	struct wb_walk walk;
	struct wb_piece p;
	uint32_t next = 0;
	size_t n = 0;

	wb_walk_init(&walk, wb_terms_calendar(terms), terms->start_us);
	while (n < WB_CLOCK_EXPLAIN_WINDOWS_MAX && wb_walk_next(&walk, ret->until_us, &p)) {
		if (rows) {
			int64_t suspended = suspended_in(spans, moved_n, &next, p.from_us, p.to_us);

			rows[n] = (struct wb_explained_window){
			        .from_us = p.from_us,
			        .to_us = p.to_us,
			        .counted_us = p.to_us - p.from_us - suspended,
			        .suspended_us = suspended,
			        .day = p.day,
			        .rule = p.rule,
			        .window = p.window,
			};
		}
		n++;
	}
	ret->windows_n = n;
	ret->windows_truncated = n == WB_CLOCK_EXPLAIN_WINDOWS_MAX && wb_walk_next(&walk, ret->until_us, &p);
}

enum wb_err wb_clock_explain(const struct wb_clock_terms *terms, struct wb_arena *arena, struct wb_explanation *ret)
{
	struct wb_explanation e = {.windows_n = 0};
	struct wb_spans spans;
	struct wb_moved moved;
	enum wb_err err = wb_spans_make(terms, &spans);

	if (err)
		return err;
	e.suspensions_n = spans.n;
	e.suspensions = suspension_rows(terms, &spans, arena);
	if (!e.suspensions)
		return WB_ERR_MEMORY;
	err = wb_spans_promise(terms, &spans, e.suspensions, &e.promise, &moved);
	if (err)
		return err;
	for (uint32_t i = moved.n; i < spans.n; i++)
		e.suspensions[i].deadline_us = moved.deadline_us;
	e.until_us = moved.frozen ? moved.frozen_us : moved.deadline_us;
	window_rows(terms, &spans, moved.n, NULL, &e);
	e.windows = WB_ARENA_ARRAY(arena, struct wb_explained_window, e.windows_n + 1);
	if (!e.windows)
		return WB_ERR_MEMORY;
	window_rows(terms, &spans, moved.n, e.windows, &e);
	*ret = e;
	return WB_OK;
}
