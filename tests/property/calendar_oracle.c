#include "calendar_oracle.h"
#include <stdlib.h>

#define SECOND INT64_C(1000000)

/* Midnight counts from a Monday: 1970-01-05. */
static int weekday_of(int64_t day)
{
	int64_t w = (day - 4) % 7;

	return (int)(w < 0 ? w + 7 : w);
}

static int64_t local_of(const struct wb_calendar *cal, int64_t utc_s)
{
	int64_t off = cal->transitions[0].offset_s;

	for (uint32_t i = 0; i < cal->transitions_n && cal->transitions[i].at_us <= utc_s * SECOND; i++)
		off = cal->transitions[i].offset_s;
	return utc_s + off;
}

static const struct wb_day_windows *windows_of(const struct wb_calendar *cal, int64_t day)
{
	for (uint32_t i = 0; i < cal->specials_n; i++) {
		if (cal->specials[i].day == day)
			return &cal->specials[i].windows;
	}
	return &cal->week[weekday_of(day)];
}

static int64_t day_floor(int64_t s)
{
	int64_t d = s / 86400;

	return s % 86400 < 0 ? d - 1 : d;
}

static void windows_list(struct oracle *o)
{
	int64_t first = day_floor(o->base_s) - 4, last = day_floor(o->base_s + o->n) + 4;

	o->w_n = 0;
	for (int64_t day = first; day <= last; day++) {
		const struct wb_day_windows *d = windows_of(o->cal, day);

		for (uint32_t i = 0; i < d->n && o->w_n < ORACLE_WINDOWS_MAX; i++)
			o->w[o->w_n++] = (struct oracle_window){.start_local_s = day * 86400 + d->w[i].start_s,
			        .end_local_s = day * 86400 + d->w[i].end_s,
			        .first_s = INT64_MAX,
			        .last_s = INT64_MIN,
			        .day = (int32_t)day};
	}
}

void oracle_build(struct oracle *o, const struct wb_calendar *cal, int64_t base_s, int64_t n)
{
	/* What the wall clock has read at most so far, and what it will read at least from here on, since base_s. */
	static int32_t highest[ORACLE_SECONDS_MAX], lowest[ORACLE_SECONDS_MAX];
	uint32_t segment = 0;
	int from = 0;

	if (n > ORACLE_SECONDS_MAX)
		abort();
	o->cal = cal;
	o->base_s = base_s;
	o->n = n;
	windows_list(o);
	for (int64_t t = 0; t < n; t++) {
		while (segment + 1 < cal->transitions_n && cal->transitions[segment + 1].at_us <= (base_s + t) * SECOND)
			segment++;
		lowest[t] = highest[t] = (int32_t)(t + cal->transitions[segment].offset_s);
		if (t > 0 && highest[t - 1] > highest[t])
			highest[t] = highest[t - 1];
	}
	for (int64_t t = n - 2; t >= 0; t--) {
		if (lowest[t + 1] < lowest[t])
			lowest[t] = lowest[t + 1];
	}
	o->before[0] = 0;
	for (int64_t t = 0; t < n; t++) {
		/* Windows that ended six days ago by any reading are done with. */
		while (from < o->w_n && o->w[from].end_local_s < base_s + lowest[t] - 6 * 86400)
			from++;
		o->open[t] = false;
		for (int i = from; i < o->w_n && o->w[i].start_local_s <= base_s + highest[t]; i++) {
			if (o->w[i].end_local_s <= base_s + lowest[t])
				continue;
			o->open[t] = true;
			if (o->w[i].first_s == INT64_MAX)
				o->w[i].first_s = base_s + t;
			o->w[i].last_s = base_s + t;
		}
		o->before[t + 1] = o->before[t] + (o->open[t] ? 1 : 0);
	}
}

bool oracle_open(const struct oracle *o, int64_t at_us)
{
	return o->open[at_us / SECOND - o->base_s];
}

/* Open time from the beginning of everything. */
static int64_t upto(const struct oracle *o, int64_t at_us)
{
	int64_t t = at_us / SECOND - o->base_s;

	return o->before[t] * SECOND + (o->open[t] ? at_us % SECOND : 0);
}

int64_t oracle_between(const struct oracle *o, int64_t from_us, int64_t to_us)
{
	return upto(o, to_us) - upto(o, from_us);
}

int32_t oracle_local_day(const struct oracle *o, int64_t at_us)
{
	return (int32_t)day_floor(local_of(o->cal, at_us / SECOND));
}

bool oracle_service_days(const struct oracle *o, int64_t from_us, uint32_t n, int64_t *ret_us)
{
	int32_t day = oracle_local_day(o, from_us);

	*ret_us = from_us;
	while (n > 0) {
		int64_t end = INT64_MIN;

		day++;
		if (day >= day_floor(o->base_s + o->n) - 4)
			return false;
		for (int i = 0; i < o->w_n; i++) {
			if (o->w[i].day == day && o->w[i].first_s <= o->w[i].last_s && o->w[i].last_s + 1 > end)
				end = o->w[i].last_s + 1;
		}
		if (end == INT64_MIN)
			continue;
		*ret_us = end * SECOND;
		n--;
	}
	return true;
}

static bool suspended_at(const struct wb_suspension *s, size_t n, int64_t at_us, int64_t *ret_to_us)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i].from_us <= at_us && at_us < s[i].to_us) {
			*ret_to_us = s[i].to_us;
			return true;
		}
	}
	return false;
}

/* The next instant at which anything may change. */
static int64_t next_change(const struct wb_suspension *s, size_t n, int64_t at_us)
{
	int64_t next = (at_us / SECOND + 1) * SECOND;

	for (size_t i = 0; i < n; i++) {
		if (s[i].from_us > at_us && s[i].from_us < next)
			next = s[i].from_us;
		if (s[i].to_us > at_us && s[i].to_us < next)
			next = s[i].to_us;
	}
	return next;
}

struct oracle_clock oracle_run(
        const struct oracle *o, int64_t start_us, int64_t amount_us, const struct wb_suspension *susp, size_t susp_n)
{
	struct oracle_clock c = {.known = true};
	int64_t end_us = (o->base_s + o->n - 4 * 86400) * SECOND, at = start_us, to;

	while (c.ticked_us < amount_us) {
		if (at >= end_us)
			return (struct oracle_clock){.known = false};
		if (!oracle_open(o, at)) {
			at = (at / SECOND + 1) * SECOND;
			continue;
		}
		bool held = suspended_at(susp, susp_n, at, &to);
		if (held && to == WB_SUSPENSION_OPEN) {
			c.frozen = true;
			return c;
		}
		int64_t next = next_change(susp, susp_n, at);
		if (!held) {
			int64_t step = next - at < amount_us - c.ticked_us ? next - at : amount_us - c.ticked_us;

			c.ticked_us += step;
			next = at + step;
		}
		at = next;
	}
	while (suspended_at(susp, susp_n, at, &to)) {
		if (to == WB_SUSPENSION_OPEN) {
			c.frozen = true;
			return c;
		}
		at = to;
	}
	c.deadline_us = at;
	return c;
}

int64_t oracle_ticked(const struct oracle *o, int64_t start_us, int64_t now_us, int64_t deadline_us,
        const struct wb_suspension *susp, size_t susp_n)
{
	int64_t sum = 0, to;
	struct wb_suspension counting[64];
	size_t n = 0;

	for (size_t i = 0; i < susp_n && n < 64; i++) {
		if (susp[i].from_us <= deadline_us)
			counting[n++] = susp[i];
	}
	for (int64_t at = start_us; at < now_us;) {
		int64_t next = oracle_open(o, at) ? next_change(counting, n, at) : (at / SECOND + 1) * SECOND;

		next = next < now_us ? next : now_us;
		if (oracle_open(o, at) && !suspended_at(counting, n, at, &to))
			sum += next - at;
		at = next;
	}
	return sum;
}
