/* Random calendars, zones and suspensions: libs/calendar against the oracle that steps second by second. */
#include "calendar_oracle.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

/* Some seconds' worth; WEIBAO_RUNS asks for more (or for one: the run to repeat). */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RUNS 25
#endif
#endif
#if !defined(RUNS) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define RUNS 25
#elif !defined(RUNS)
#define RUNS 300
#endif
#define LONG_SPANS (RUNS * 10)
#define SPAN_DAYS 14
#define EDGE_DAYS 5
#define SUSPENSIONS 7

struct made {
	struct wb_calendar cal;
	struct wb_zone_transition t[8];
	struct wb_special_day s[16];
	int64_t base_s;
};

static uint64_t state, last_seed;
static long clocks_compared;

static uint64_t rnd(void)
{
	/* splitmix64 */
	uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static int64_t below(int64_t n)
{
	return (int64_t)(rnd() % (uint64_t)n);
}

static bool chance(int percent)
{
	return below(100) < percent;
}

/* Mostly round times, sometimes any second. */
static uint32_t random_second(uint32_t below_s)
{
	return chance(70) ? (uint32_t)below(below_s / 1800) * 1800 : (uint32_t)below(below_s);
}

static struct wb_day_windows random_day(uint32_t floor_s)
{
	struct wb_day_windows d = {.n = 0};
	uint32_t at = floor_s, want = (uint32_t)below(4);

	while (d.n < want) {
		uint32_t start = at + (chance(30) ? 0 : random_second(30000));
		uint32_t end = start + 1 + (chance(10) ? random_second(90000) : random_second(28000));

		if (start >= WB_DAY_SECONDS || end > WB_CALENDAR_WINDOW_END_MAX_S)
			break;
		d.w[d.n++] = (struct wb_window){start, end};
		at = end;
	}
	return d;
}

static void random_zone(struct made *m)
{
	static const int32_t steps[] = {
	        3600, -3600, 1800, -1800, 7200, -7200, 86400, -86400, 1172, -343, 10800, -82800};
	int64_t at = (m->base_s - 30 * 86400) * WB_SECOND_US;
	int32_t off = (int32_t)below(27) * 3600 - 13 * 3600;

	m->t[0] = (struct wb_zone_transition){at, off};
	m->cal.transitions_n = 1;
	at = m->base_s / 1800 * 1800 * WB_SECOND_US;
	for (int i = 0, n = (int)below(5); i < n; i++) {
		int64_t gap_s = chance(70) ? below(240) * 1800 - 1 : below(4 * 86400);
		int32_t next = off + steps[below((int64_t)(sizeof(steps) / sizeof(steps[0])))];

		at += (gap_s + 1 + (gap_s < 0)) * WB_SECOND_US;
		if (next > 50000 || next < -50000)
			continue;
		off = next;
		m->t[m->cal.transitions_n++] = (struct wb_zone_transition){at, off};
	}
	m->cal.transitions = m->t;
	m->cal.horizon_until_us = (m->base_s + 400 * 86400) * WB_SECOND_US;
}

static void random_week(struct made *m)
{
	uint32_t over = 0;

	for (int d = 0; d < 7; d++) {
		struct wb_day_windows *w = &m->cal.week[d];

		*w = chance(20) ? (struct wb_day_windows){.n = 0} : random_day(over);
		over = w->n > 0 && w->w[w->n - 1].end_s > WB_DAY_SECONDS ? w->w[w->n - 1].end_s - WB_DAY_SECONDS : 0;
	}
}

static void random_specials(struct made *m)
{
	int32_t day = (int32_t)(m->base_s / 86400) - 2;

	for (int64_t i = 0, n = below(9); i < n; i++) {
		day += 1 + (int32_t)below(4);
		m->s[m->cal.specials_n].day = day;
		m->s[m->cal.specials_n++].windows = chance(40) ? (struct wb_day_windows){.n = 0} : random_day(0);
	}
	m->cal.specials = m->s;
}

/* A valid one; what the checks refuse is thrown away. */
static void random_calendar(struct made *m)
{
	struct wb_calendar_problem problem;

	do {
		memset(m, 0, sizeof(*m));
		/* 1975 to 2040, any second of the day. */
		m->base_s = 157766400 + below(INT64_C(65) * 365 * 86400);
		random_zone(m);
		random_week(m);
		random_specials(m);
	} while (!wb_calendar_valid(&m->cal, &problem));
}

static int64_t random_instant(const struct made *m, int64_t span_days)
{
	int64_t s = m->base_s + EDGE_DAYS * 86400 + below(span_days * 86400);

	/* Boundaries are where mistakes live: snap to half hours, and around them by a microsecond. */
	if (chance(50))
		return s / 1800 * 1800 * WB_SECOND_US + (chance(50) ? 0 : below(3) - 1);
	return s * WB_SECOND_US + below(WB_SECOND_US);
}

static void check_between(const struct made *m, const struct oracle *o)
{
	for (int i = 0; i < 12; i++) {
		int64_t a = random_instant(m, 10), b = random_instant(m, 10), us = -1;
		int64_t from = a < b ? a : b, to = a < b ? b : a;
		bool open;
		int32_t day;

		assert_int_equal(wb_calendar_working_between(&m->cal, from, to, &us), WB_OK);
		assert_int_equal(us, oracle_between(o, from, to));
		assert_int_equal(wb_calendar_is_open(&m->cal, a, &open), WB_OK);
		assert_int_equal(open, oracle_open(o, a));
		assert_int_equal(wb_calendar_local_date(&m->cal, a, &day), WB_OK);
		assert_int_equal(day, oracle_local_day(o, a));
		if (wb_calendar_next_open(&m->cal, from, &us) == WB_OK && us < to) {
			assert_true(oracle_open(o, us));
			assert_int_equal(oracle_between(o, from, us), 0);
		} else {
			assert_int_equal(oracle_between(o, from, to), 0);
		}
	}
}

static void check_service_days(const struct made *m, const struct oracle *o)
{
	for (int i = 0; i < 4; i++) {
		int64_t from = random_instant(m, 5), want, got = -1;
		uint32_t n = (uint32_t)below(4);

		if (!oracle_service_days(o, from, n, &want))
			continue;
		assert_int_equal(wb_calendar_add_service_days(&m->cal, from, n, &got), WB_OK);
		assert_int_equal(got, want);
	}
}

static size_t random_suspensions(const struct made *m, int64_t start, struct wb_suspension *s)
{
	size_t n = (size_t)below(SUSPENSIONS);
	int64_t at = start - (chance(20) ? WB_HOUR_US : 0);

	for (size_t i = 0; i < n; i++) {
		switch (below(4)) {
		case 0: /* anywhere, any overlap */
			at = random_instant(m, 8);
			break;
		case 1: /* within the same minute */
			at += below(WB_MINUTE_US);
			break;
		case 2: /* back to back */
			break;
		case 3:
			at += below(WB_DAY_US);
			break;
		}
		s[i] = (struct wb_suspension){.from_us = at, .reason = (uint32_t)i};
		at += chance(30) ? below(WB_MINUTE_US) : chance(5) ? 0 : below(WB_DAY_US);
		s[i].to_us = at;
	}
	if (n > 0 && chance(25))
		s[below((int64_t)n)].to_us = WB_SUSPENSION_OPEN;
	return n;
}

static void check_state(
        const struct made *m, const struct oracle *o, const struct wb_clock_terms *t, const struct oracle_clock *c)
{
	int64_t now = chance(15) ? random_instant(m, 10) : t->start_us - WB_HOUR_US + below(2 * WB_DAY_US);
	int64_t deadline = c->frozen ? INT64_MAX : c->deadline_us;
	bool frozen = false;
	struct wb_clock_state st;

	assert_int_equal(wb_clock_state(t, now, &st), WB_OK);
	assert_int_equal(st.has_deadline, !c->frozen);
	if (now < t->start_us) {
		assert_int_equal(st.phase, WB_CLOCK_WAITING);
		assert_int_equal(st.left_us, st.promise.target_us);
		return;
	}
	for (size_t i = 0; i < t->suspensions_n; i++) {
		const struct wb_suspension *s = &t->suspensions[i];

		frozen = frozen || (s->from_us <= deadline && s->from_us <= now && now < s->to_us);
	}
	int64_t ticked = oracle_ticked(o, t->start_us, now, deadline, t->suspensions, t->suspensions_n);
	assert_int_equal(st.elapsed_us, ticked);
	assert_int_equal(st.open, oracle_open(o, now));
	if (frozen) {
		assert_int_equal(st.phase, WB_CLOCK_FROZEN);
		assert_int_equal(st.left_us, st.promise.target_us - ticked);
		assert_int_equal(st.late_us, 0);
	} else if (now > deadline) {
		assert_int_equal(st.phase, WB_CLOCK_OVERDUE);
		assert_int_equal(st.late_us, oracle_between(o, deadline, now));
	} else {
		assert_int_equal(st.phase, WB_CLOCK_RUNNING);
		assert_int_equal(st.left_us, st.promise.target_us - ticked);
	}
}

static void check_explanation(const struct wb_clock_terms *t, const struct oracle *o, const struct oracle_clock *c)
{
	struct wb_explanation e;
	struct wb_arena arena;
	int64_t counted = 0, at = t->start_us;

	wb_arena_init(&arena, 1 << 20);
	assert_int_equal(wb_clock_explain(t, &arena, &e), WB_OK);
	assert_false(e.windows_truncated);
	assert_int_equal(e.suspensions_n, t->suspensions_n);
	for (size_t i = 0; i < e.windows_n; i++) {
		const struct wb_explained_window *w = &e.windows[i];

		assert_true(w->from_us >= at && w->to_us > w->from_us);
		assert_int_equal(oracle_between(o, at, w->from_us), 0);
		assert_int_equal(oracle_between(o, w->from_us, w->to_us), w->to_us - w->from_us);
		assert_int_equal(w->counted_us + w->suspended_us, w->to_us - w->from_us);
		counted += w->counted_us;
		at = w->to_us;
	}
	assert_int_equal(counted, c->ticked_us);
	wb_arena_done(&arena);
}

static void check_clock(const struct made *m, const struct oracle *o)
{
	struct wb_suspension s[SUSPENSIONS];
	int64_t start = random_instant(m, 5), plain = -1;
	int64_t amount = chance(10) ? 0 : chance(30) ? below(WB_HOUR_US) : below(30) * WB_HOUR_US / 2;
	/* What lies before an instant outside the windows ends exactly with one. */
	int64_t other = random_instant(m, 8);

	if (other > start && chance(30))
		amount = oracle_between(o, start, other);
	struct wb_clock_terms t = {.calendar = &m->cal,
	        .start_us = start,
	        .target = WB_CLOCK_TARGET_WORKING,
	        .amount_us = amount,
	        .suspensions = s,
	        .warn_permille = (uint32_t)below(1001)};
	struct oracle_clock c = oracle_run(o, start, amount, NULL, 0);
	struct wb_clock_promise p;

	if (!c.known)
		return;
	assert_int_equal(wb_calendar_add(&m->cal, start, amount, &plain), WB_OK);
	assert_int_equal(plain, c.deadline_us);
	t.suspensions_n = random_suspensions(m, start, s);
	c = oracle_run(o, start, amount, s, t.suspensions_n);
	if (!c.known)
		return;
	clocks_compared++;
	assert_int_equal(wb_clock_promise(&t, &p), WB_OK);
	assert_int_equal(p.original_us, plain);
	assert_int_equal(p.target_us, amount);
	assert_int_equal(p.frozen, c.frozen);
	if (c.frozen)
		assert_int_equal(p.left_us, amount - c.ticked_us);
	else
		assert_int_equal(p.deadline_us, c.deadline_us);
	struct oracle_clock w = oracle_run(o, start, amount * t.warn_permille / 1000, s, t.suspensions_n);
	assert_int_equal(p.has_warn, t.warn_permille > 0 && !w.frozen);
	if (p.has_warn)
		assert_int_equal(p.warn_us, w.deadline_us);
	check_state(m, o, &t, &c);
	check_explanation(&t, o, &c);
}

static void random_calendars(void **unused)
{
	const char *given = getenv("WEIBAO_SEED"), *runs_text = getenv("WEIBAO_RUNS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	long runs = runs_text ? strtol(runs_text, NULL, 10) : RUNS;
	static struct oracle o;

	(void)unused;
	printf("seed: WEIBAO_SEED=%llu (the run's number is added)\n", (unsigned long long)seed);
	for (long run = 0; run < runs; run++) {
		static struct made m;

		state = seed + (uint64_t)run;
		last_seed = state;
		random_calendar(&m);
		oracle_build(&o, &m.cal, m.base_s, (SPAN_DAYS + 2 * EDGE_DAYS) * INT64_C(86400));
		check_between(&m, &o);
		check_service_days(&m, &o);
		for (int i = 0; i < 3; i++)
			check_clock(&m, &o);
	}
	/* The oracle runs out of seconds for some; most must have been compared. */
	assert_true(clocks_compared > runs * 3 / 2);
}

/* Behind a failure this is the run to repeat. */
static int last_seed_print(void **unused)
{
	(void)unused;
	printf("last run: WEIBAO_SEED=%llu WEIBAO_RUNS=1; clocks compared: %ld\n", (unsigned long long)last_seed,
	        clocks_compared);
	return 0;
}

/* A change of the zone and a special day somewhere behind some regular weeks. */
static void later_irregularities(struct made *m)
{
	int32_t day = (int32_t)(m->base_s / 86400) + 40 + (int32_t)below(50);
	int32_t last = m->t[m->cal.transitions_n - 1].offset_s;

	m->t[m->cal.transitions_n++] =
	        (struct wb_zone_transition){(m->base_s + (45 + below(60)) * 86400 + below(48) * 1800) * WB_SECOND_US,
	                last + (last > 0 ? -1 : 1) * 3600 * (1 + (int32_t)below(2) * 11)};
	m->s[m->cal.specials_n].day = day;
	m->s[m->cal.specials_n++].windows = random_day(0);
}

/* Whole weeks are jumped over: years on end must equal the sum of days. */
static void long_spans(void **unused)
{
	(void)unused;
	state = 20260213;
	for (int run = 0; run < LONG_SPANS; run++) {
		static struct made m;
		struct wb_calendar_problem problem;
		int64_t sum = 0, whole, part;

		random_calendar(&m);
		later_irregularities(&m);
		assert_true(wb_calendar_valid(&m.cal, &problem));
		int64_t from = m.base_s * WB_SECOND_US, at = from, to = from + (60 + below(120)) * WB_DAY_US;
		while (at < to) {
			int64_t next = at + below(WB_DAY_US) + 1;

			next = next < to ? next : to;
			assert_int_equal(wb_calendar_working_between(&m.cal, at, next, &part), WB_OK);
			sum += part;
			at = next;
		}
		assert_int_equal(wb_calendar_working_between(&m.cal, from, to, &whole), WB_OK);
		assert_int_equal(whole, sum);
		int64_t amount = 1 + below(whole > 1 ? whole : 1), deadline;
		if (whole < 2)
			continue;
		assert_int_equal(wb_calendar_add(&m.cal, from, amount, &deadline), WB_OK);
		assert_int_equal(wb_calendar_working_between(&m.cal, from, deadline, &part), WB_OK);
		assert_int_equal(part, amount);
		/* The earliest such instant. */
		assert_int_equal(wb_calendar_working_between(&m.cal, from, deadline - 1, &part), WB_OK);
		assert_int_equal(part, amount - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(random_calendars, last_seed_print), cmocka_unit_test(long_spans)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
