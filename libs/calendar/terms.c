#include "calendar/spans.h"

enum wb_err wb_clock_promise(const struct wb_clock_terms *terms, struct wb_clock_promise *ret)
{
	struct wb_spans spans;
	struct wb_moved moved;
	enum wb_err err = wb_spans_make(terms, &spans);

	return err ? err : wb_spans_promise(terms, &spans, NULL, ret, &moved);
}

/* The service time from the start to now that was not suspended; *ret_frozen: now lies in a suspension that counts. */
static enum wb_err elapsed(const struct wb_clock_terms *t, const struct wb_spans *spans, const struct wb_moved *moved,
        int64_t now_us, int64_t *ret_us, bool *ret_frozen)
{
	const struct wb_calendar *cal = wb_terms_calendar(t);
	int64_t sum, part;
	bool frozen = false;
	enum wb_err err = wb_calendar_working_between(cal, t->start_us, now_us, &sum);

	for (uint32_t i = 0; !err && i < moved->n && spans->s[i].from_us <= now_us; i++) {
		const struct wb_span *s = &spans->s[i];

		frozen = frozen || now_us < s->to_us;
		err = wb_calendar_working_between(cal, s->from_us, now_us < s->to_us ? now_us : s->to_us, &part);
		if (!err)
			sum -= part;
	}
	if (err)
		return err;
	*ret_us = sum;
	*ret_frozen = frozen;
	return WB_OK;
}

enum wb_err wb_clock_state(const struct wb_clock_terms *terms, int64_t now_us, struct wb_clock_state *ret)
{
	const struct wb_calendar *cal = wb_terms_calendar(terms);
	struct wb_clock_state st = {.phase = WB_CLOCK_WAITING};
	struct wb_spans spans;
	struct wb_moved moved;
	bool frozen = false;
	enum wb_err err = wb_spans_make(terms, &spans);

	if (!err)
		err = wb_spans_promise(terms, &spans, NULL, &st.promise, &moved);
	if (!err)
		err = wb_calendar_is_open(cal, now_us, &st.open);
	if (!err && now_us >= terms->start_us)
		err = elapsed(terms, &spans, &moved, now_us, &st.elapsed_us, &frozen);
	if (err)
		return err;
	st.has_deadline = !st.promise.frozen;
	st.deadline_us = st.promise.deadline_us;
	if (frozen)
		st.phase = WB_CLOCK_FROZEN;
	else if (st.has_deadline && now_us > st.deadline_us && now_us >= terms->start_us)
		st.phase = WB_CLOCK_OVERDUE;
	else if (now_us >= terms->start_us)
		st.phase = WB_CLOCK_RUNNING;
	if (st.phase == WB_CLOCK_OVERDUE)
		err = wb_calendar_working_between(cal, st.deadline_us, now_us, &st.late_us);
	else
		st.left_us = st.promise.target_us - st.elapsed_us;
	if (err)
		return err;
	*ret = st;
	return WB_OK;
}
