#include "calendar/spans.h"

const struct wb_calendar *wb_terms_calendar(const struct wb_clock_terms *terms)
{
	return terms->calendar ? terms->calendar : wb_calendar_always();
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* By beginning, those of one instant in the order of the terms. Nearly sorted as a rule: they come as they happened. */
static void span_insert(struct wb_spans *spans, struct wb_span s)
{
	uint32_t i = spans->n++;

	for (; i > 0 && spans->s[i - 1].from_us > s.from_us; i--)
		spans->s[i] = spans->s[i - 1];
	spans->s[i] = s;
}

enum wb_err wb_spans_make(const struct wb_clock_terms *terms, struct wb_spans *ret)
{
	int64_t covered_us = terms->start_us;

	if (terms->suspensions_n > WB_CLOCK_SUSPENSIONS_MAX)
		return WB_ERR_LIMIT;
	ret->n = 0;
	for (uint32_t i = 0; i < terms->suspensions_n; i++) {
		const struct wb_suspension *s = &terms->suspensions[i];

		if (s->to_us < s->from_us)
			return WB_ERR_INVALID;
		span_insert(ret, (struct wb_span){.from_us = s->from_us, .to_us = s->to_us, .index = i});
	}
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->s[i].from_us = later(ret->s[i].from_us, covered_us);
		ret->s[i].to_us = later(ret->s[i].to_us, ret->s[i].from_us);
		covered_us = later(covered_us, ret->s[i].to_us);
	}
	return WB_OK;
}

enum wb_err wb_spans_move(const struct wb_calendar *cal, const struct wb_spans *spans, int64_t deadline_us,
        struct wb_explained_suspension *rows, struct wb_moved *ret)
{
	struct wb_moved m = {.deadline_us = deadline_us};

	for (; m.n < spans->n && !m.frozen; m.n++) {
		const struct wb_span *s = &spans->s[m.n];
		int64_t working = 0;
		enum wb_err err;

		if (s->to_us > s->from_us && s->from_us > m.deadline_us)
			break;
		if (s->to_us == WB_SUSPENSION_OPEN && s->from_us < WB_SUSPENSION_OPEN) {
			m.frozen = true;
			m.frozen_us = s->from_us;
		} else if (s->to_us > s->from_us) {
			err = wb_calendar_working_between(cal, s->from_us, s->to_us, &working);
			if (!err)
				err = wb_calendar_add(cal, m.deadline_us, working, &m.deadline_us);
			if (err)
				return err;
			m.deadline_us = later(m.deadline_us, s->to_us);
			m.suspended_us += working;
		}
		if (rows) {
			rows[m.n].moved = s->to_us > s->from_us;
			rows[m.n].working_us = working;
			rows[m.n].deadline_us = m.deadline_us;
		}
	}
	*ret = m;
	return WB_OK;
}

/* The deadline without suspensions, and the target as service time. */
static enum wb_err original(const struct wb_clock_terms *t, const struct wb_calendar *cal, struct wb_clock_promise *p)
{
	enum wb_err err = WB_OK;

	switch (t->target) {
	case WB_CLOCK_TARGET_WORKING:
		p->target_us = t->amount_us;
		return wb_calendar_add(cal, t->start_us, t->amount_us, &p->original_us);
	case WB_CLOCK_TARGET_SERVICE_DAYS:
		err = wb_calendar_add_service_days(cal, t->start_us, t->service_days, &p->original_us);
		break;
	case WB_CLOCK_TARGET_INSTANT:
		p->original_us = t->instant_us;
		break;
	}
	if (err)
		return err;
	return wb_calendar_working_between(cal, t->start_us, p->original_us, &p->target_us);
}

static enum wb_err warn(const struct wb_clock_terms *t, const struct wb_calendar *cal, const struct wb_spans *spans,
        struct wb_clock_promise *p)
{
	struct wb_moved m;
	int64_t at;

	/* In two parts: three centuries of microseconds times a thousand would not fit. */
	int64_t amount_us = p->target_us / 1000 * t->warn_permille + p->target_us % 1000 * t->warn_permille / 1000;
	enum wb_err err = wb_calendar_add(cal, t->start_us, amount_us, &at);
	if (!err)
		err = wb_spans_move(cal, spans, at, NULL, &m);
	if (err)
		return err;
	p->has_warn = !m.frozen;
	p->warn_us = m.frozen ? 0 : m.deadline_us;
	return WB_OK;
}

enum wb_err wb_spans_promise(const struct wb_clock_terms *terms, const struct wb_spans *spans,
        struct wb_explained_suspension *rows, struct wb_clock_promise *ret, struct wb_moved *ret_moved)
{
	const struct wb_calendar *cal = wb_terms_calendar(terms);
	struct wb_clock_promise p = {.frozen = false};
	struct wb_moved m;

	if (terms->warn_permille > 1000)
		return WB_ERR_INVALID;
	enum wb_err err = original(terms, cal, &p);
	if (!err)
		err = wb_spans_move(cal, spans, p.original_us, rows, &m);
	if (err)
		return err;
	p.frozen = m.frozen;
	p.suspended_us = m.suspended_us;
	if (m.frozen)
		err = wb_calendar_working_between(cal, m.frozen_us, m.deadline_us, &p.left_us);
	else
		p.deadline_us = m.deadline_us;
	if (!err && terms->warn_permille > 0)
		err = warn(terms, cal, spans, &p);
	if (err)
		return err;
	*ret = p;
	*ret_moved = m;
	return WB_OK;
}
