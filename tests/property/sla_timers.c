/*
 * Random tickets, twice: once with timers that run at once, once with timers that run only at the end of it all. The
 * clocks must stand the same: what was recorded decides, not when somebody looked.
 */
#include "tests/unit/sla_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS 40
#else
#define RUNS 150
#endif
#define STEPS 18

static uint64_t seed_now;

static uint64_t rnd(void)
{
	uint64_t z = (seed_now += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static int64_t below(int64_t n)
{
	return (int64_t)(rnd() % (uint64_t)n);
}

/* Mostly a while later, often at round times where deadlines lie, sometimes in the same second. */
static int64_t later(int64_t at)
{
	switch (below(6)) {
	case 0:
		return at;
	case 1:
		return at + WB_SECOND_US * (1 + below(3));
	case 2:
		return at + (1 + below(8)) * 15 * WB_MINUTE_US;
	case 3:
		return at + (1 + below(4)) * 30 * WB_MINUTE_US;
	case 4:
		return at + below(5 * WB_HOUR_US / WB_SECOND_US) * WB_SECOND_US;
	default:
		return at + below(2 * WB_DAY_US / WB_SECOND_US) * WB_SECOND_US;
	}
}

/* Facts are taken in and no timer is run: what a person's command finds in any case. */
static void take_in(struct bed *b)
{
	Weibao__V1__AdvanceClocks c = WEIBAO__V1__ADVANCE_CLOCKS__INIT;
	c.ticket_id = bed_field(b, TICKET);
	bed_as(b, WB_SYSTEM, bed_id("nobody"));
	do {
		bed_when(b, ACME, &c.base);
		assert_null(bed_refusal(b));
	} while (!bed_already(b));
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("principal"));
}

static bool has_exception(struct bed *b)
{
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	q.ticket_id = bed_field(b, TICKET);
	const Weibao__V1__ClockListAnswer *r = (const Weibao__V1__ClockListAnswer *)bed_query(b, ACME, &q.base);
	struct wb_id clock = wb_id_of_field(sla_clock_view(b, WB_SLA_KIND(RESOLUTION))->clock_id);
	for (size_t i = 0; i < r->n_exceptions; i++)
		if (wb_id_equal(wb_id_of_field(r->exceptions[i]->clock_id), clock))
			return true;
	return false;
}

/* A person does something about the resolution; refused or not, it is the same however late the timers run. */
static const char *act(struct bed *b, const char *at, const char *then)
{
	const Weibao__V1__ClockKind kind = WB_SLA_KIND(RESOLUTION);
	int64_t what = below(4);
	bool yes = below(2);
	bed_at(b, sla_at(at));
	take_in(b);
	if (what == 0)
		sla_suspend(b, at, kind, WB_SLA_REASON(PART));
	else if (what == 1 && sla_clock_view(b, kind)->n_suspensions)
		sla_resume(b, at, kind);
	else if (what == 2)
		sla_propose(b, at, kind, then, yes);
	else if (what == 3 && has_exception(b))
		(yes ? sla_agree : sla_decline)(b, at, kind);
	else
		return "-";
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("principal"));
	return bed_refusal(b) ? bed_refusal(b) : "done";
}

static char acts[4096]; /* what came of each act of the play that runs */

/* One thing happens; true: a person's command was decided, so what comes next is recorded later than that (the journal
 * stamps every later record after the time that a decision saw). */
static bool step(struct bed *b, int64_t at_us, uint32_t *round)
{
	const char *at = sla_text(b, at_us), *then = sla_text(b, at_us + (1 + below(12)) * 30 * WB_MINUTE_US);
	const char *between = sla_text(b, at_us + below(3) * 30 * WB_MINUTE_US);
	const char *before = sla_text(b, at_us - below(3 * WB_HOUR_US / WB_MINUTE_US) * WB_MINUTE_US);
	switch (below(19)) {
	case 14:
	case 15:
	case 16:
	case 17: {
		size_t n = strlen(acts);
		(void)snprintf(acts + n, sizeof acts - n, "%s ", act(b, at, then));
		return true;
	}
	case 0:
	case 1:
		sla_called(b, at, below(3) > 0);
		break;
	case 2:
		sla_needed(b, at);
		break;
	case 3:
	case 4:
		sla_next_visit();
		sla_scheduled(b, at, then, below(2) ? between : NULL);
		break;
	case 5:
		sla_moved(b, at, then, below(2));
		break;
	case 6:
		sla_visit_cancelled(b, at);
		break;
	case 7:
		sla_arrived(b, at);
		break;
	case 8:
		sla_arrived_offline(b, at, before);
		break;
	case 9:
		sla_left(b, at,
		        below(2) ? WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT
		                 : WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
		break;
	case 10:
		sla_completed(b, at);
		break;
	case 11:
		sla_followed(b, at);
		break;
	case 12:
		sla_urgency(
		        b, at, below(2) ? WEIBAO__V1__URGENCY__URGENCY_URGENT : WEIBAO__V1__URGENCY__URGENCY_NORMAL);
		break;
	default:
		sla_round(b, at, ++*round);
		break;
	}
	return false;
}

static struct bed *play(uint64_t seed, bool lazy)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	uint32_t round = 1;
	int64_t at = sla_at("2024-03-04 10:00");
	sla_target_of(p, WB_SLA_KIND(RESOLUTION), WEIBAO__V1__URGENCY__URGENCY_URGENT)->target_us =
	        (uint64_t)(2 * WB_HOUR_US);
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
	seed_now = seed;
	acts[0] = '\0';
	sla_lazy(true);
	sla_report(b, sla_text(b, at));
	bool acted = false;
	for (int i = 0; i < STEPS; i++) {
		int64_t next = later(at);
		if (acted && next == at)
			next += WB_SECOND_US;
		if (!lazy && next > at) { /* what is judged at an instant is judged once all of that instant is there */
			sla_settle(b);
			bed_at(b, next - 1);
			sla_settle(b);
		}
		at = next;
		acted = step(b, at, &round);
	}
	bed_at(b, at + 30 * WB_DAY_US);
	sla_lazy(false);
	sla_settle(b);
	return b;
}

/* How the clocks stand, in an order that does not hang on ids. */
static const char *told(struct bed *b, const Weibao__V1__ClockView *v)
{
	return wb_arena_fmt(bed_arena(b),
	        "kind %d round %u started %s due %s state %d stopped %s late %llu s, %zu suspensions", (int)v->kind,
	        v->round, sla_text(b, v->started_at), v->has_deadline_at ? sla_text(b, v->deadline_at) : "-",
	        (int)v->state, v->has_stopped_at ? sla_text(b, v->stopped_at) : "-",
	        (unsigned long long)(v->late_us / (uint64_t)WB_SECOND_US), v->n_suspensions);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t stand(struct bed *b, const char **ret, size_t max)
{
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	q.ticket_id = bed_field(b, TICKET);
	const Weibao__V1__ClockListAnswer *r = (const Weibao__V1__ClockListAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	assert_true(r->n_clocks <= max);
	for (size_t i = 0; i < r->n_clocks; i++) {
		ret[i] = told(b, r->clocks[i]);
		if (r->clocks[i]->state == WB_SLA_STATE(RUNNING)) /* a month later what is not frozen is judged */
			fail_msg("it still runs: %s", ret[i]);
	}
	qsort(ret, r->n_clocks, sizeof *ret, by_text);
	return r->n_clocks;
}

static void test_timers_make_no_difference(void **state)
{
	const char *given = getenv("WEIBAO_SEED"), *runs_text = getenv("WEIBAO_RUNS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	long runs = runs_text ? strtol(runs_text, NULL, 10) : RUNS;
	size_t clocks = 0;
	(void)state;
	for (long run = 0; run < runs; run++) {
		const char *one[256], *two[256];
		uint64_t s = seed + (uint64_t)run;
		char prompt_acts[sizeof acts];
		struct bed *prompt = play(s, false);
		memcpy(prompt_acts, acts, sizeof acts);
		struct bed *lazy = play(s, true);
		if (strcmp(prompt_acts, acts) != 0)
			fail_msg("WEIBAO_SEED=%llu WEIBAO_RUNS=1:\nat once  %s\nat last  %s", (unsigned long long)s,
			        prompt_acts, acts);
		size_t n = stand(prompt, one, 256), m = stand(lazy, two, 256);
		clocks += n;
		for (size_t i = 0; i < n || i < m; i++)
			if (i >= n || i >= m || strcmp(one[i], two[i]) != 0)
				fail_msg("WEIBAO_SEED=%llu WEIBAO_RUNS=1:\nat once  %s\nat last  %s",
				        (unsigned long long)s, i < n ? one[i] : "-", i < m ? two[i] : "-");
		bed_close(prompt);
		bed_close(lazy);
	}
	assert_true(clocks > (size_t)runs * 4);
	printf("%zu clocks compared\n", clocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_timers_make_no_difference)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
