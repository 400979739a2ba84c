/* Deadlines through the service: a calendar is saved, a policy names it, a fault is reported, the clock explains it. */
#include "calendar/date.h"
#include "tests/unit/sla_kit.h"

#include <string.h>

#define H(h) ((uint32_t)((h)*3600))
#define HM(h, m) ((uint32_t)((h)*3600 + (m)*60))
#define ALL_DAYS 0x7fu
#define MON_FRI 0x1fu

struct spec {
	const char *name, *zone;
	unsigned days;          /* bit 0 Monday */
	uint32_t windows[3][2]; /* of each of them */
	struct {
		const char *date;
		uint32_t window[2]; /* none: closed */
	} special[3];
	const char *start, *due; /* UTC */
	int64_t target_us;
};

static const struct spec cases[] = {
        {"lunch break", "Asia/Shanghai", MON_FRI, {{H(8), H(12)}, {H(13), H(17)}}, {{NULL, {0}}}, "2024-03-04 03:30",
                "2024-03-04 05:30", WB_HOUR_US},
        {"ends exactly with a window", "Asia/Shanghai", MON_FRI, {{H(8), H(12)}, {H(13), H(17)}}, {{NULL, {0}}},
                "2024-03-04 03:00", "2024-03-04 04:00", WB_HOUR_US},
        {"reported in the lunch break", "Asia/Shanghai", MON_FRI, {{H(8), H(12)}, {H(13), H(17)}}, {{NULL, {0}}},
                "2024-03-04 04:20", "2024-03-04 06:00", WB_HOUR_US},
        {"over midnight", "Asia/Shanghai", ALL_DAYS, {{H(22), H(30)}}, {{NULL, {0}}}, "2024-03-04 15:00",
                "2024-03-05 15:00", 8 * WB_HOUR_US},
        {"over midnight into a closed day", "Asia/Shanghai", MON_FRI, {{H(22), H(30)}}, {{NULL, {0}}},
                "2024-03-08 15:00", "2024-03-08 22:00", 7 * WB_HOUR_US},
        {"a closed day", "Asia/Shanghai", MON_FRI, {{H(9), H(17)}}, {{"2024-04-04", {0}}}, "2024-04-03 08:00",
                "2024-04-05 02:00", 2 * WB_HOUR_US},
        {"moved working days, both ways", "Asia/Shanghai", MON_FRI, {{H(9), H(17)}},
                {{"2024-04-04", {0}}, {"2024-04-05", {0}}, {"2024-04-07", {H(9), H(17)}}}, "2024-04-03 08:30",
                "2024-04-07 01:30", WB_HOUR_US},
        {"a special day whose last window has passed", "Asia/Shanghai", MON_FRI, {{H(9), H(17)}},
                {{"2024-03-04", {H(9), H(10)}}}, "2024-03-04 03:00", "2024-03-05 02:00", WB_HOUR_US},
        {"an hour that does not exist", "Europe/Berlin", ALL_DAYS, {{H(1), H(4)}}, {{NULL, {0}}}, "2024-03-31 00:00",
                "2024-03-31 02:00", 2 * WB_HOUR_US},
        {"an hour that comes twice", "Europe/Berlin", ALL_DAYS, {{H(1), H(4)}}, {{NULL, {0}}}, "2024-10-26 23:00",
                "2024-10-27 03:00", 4 * WB_HOUR_US},
        {"the day the clocks change", "America/New_York", ALL_DAYS, {{H(9), H(17)}}, {{NULL, {0}}}, "2024-03-10 12:00",
                "2024-03-10 14:00", WB_HOUR_US},
        {"seconds are kept", "Asia/Shanghai", ALL_DAYS, {{H(9), H(17)}}, {{NULL, {0}}}, "2024-03-04 02:00:07",
                "2024-03-04 02:01:37", 90 * WB_SECOND_US},
        {"five days of eight hours", "Asia/Shanghai", MON_FRI, {{H(9), H(17)}}, {{NULL, {0}}}, "2024-03-04 01:00",
                "2024-03-08 09:00", 40 * WB_HOUR_US},
        {"over a weekend, across three windows", "Asia/Shanghai", MON_FRI,
                {{H(8), HM(11, 30)}, {H(13), H(15)}, {HM(15, 15), H(18)}}, {{NULL, {0}}}, "2024-03-08 06:50",
                "2024-03-11 00:05", 3 * WB_HOUR_US},
};

static Weibao__V1__DayWindow *window(struct bed *b, const uint32_t w[2])
{
	Weibao__V1__DayWindow *d = WB_ARENA_NEW(bed_arena(b), Weibao__V1__DayWindow);
	weibao__v1__day_window__init(d);
	d->start_s = w[0];
	d->end_s = w[1];
	return d;
}

static struct wb_id save(struct bed *b, const struct spec *s)
{
	struct wb_arena *a = bed_arena(b);
	Weibao__V1__SaveCalendar c = WEIBAO__V1__SAVE_CALENDAR__INIT;
	Weibao__V1__DayWindow *windows[3];
	size_t n = 0;
	for (size_t i = 0; i < 3 && s->windows[i][1]; i++)
		windows[n++] = window(b, s->windows[i]);
	c.name = (char *)(uintptr_t)s->name;
	c.zone = (char *)(uintptr_t)s->zone;
	c.week = WB_ARENA_ARRAY(a, Weibao__V1__WeekdayWindows *, 7);
	c.special_days = WB_ARENA_ARRAY(a, Weibao__V1__SpecialDay *, 3);
	for (uint32_t i = 0; i < 7; i++) {
		if (!(s->days & (1u << i)))
			continue;
		Weibao__V1__WeekdayWindows *w = WB_ARENA_NEW(a, Weibao__V1__WeekdayWindows);
		weibao__v1__weekday_windows__init(w);
		w->weekday = i + 1;
		w->windows = windows;
		w->n_windows = n;
		c.week[c.n_week++] = w;
	}
	for (size_t i = 3; i-- > 0;) { /* in any order */
		if (!s->special[i].date)
			continue;
		Weibao__V1__SpecialDay *d = WB_ARENA_NEW(a, Weibao__V1__SpecialDay);
		weibao__v1__special_day__init(d);
		d->date = (char *)(uintptr_t)s->special[i].date;
		d->windows = WB_ARENA_ARRAY(a, Weibao__V1__DayWindow *, 1);
		if (s->special[i].window[1])
			d->windows[d->n_windows++] = window(b, s->special[i].window);
		c.special_days[c.n_special_days++] = d;
	}
	sla_ready(b, &c.base);
	THEN_EVENT(b, 0, "CalendarSaved");
	return sla_calendar_named(b, s->name);
}

static void use(struct bed *b, struct wb_id calendar, int64_t target_us)
{
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	for (size_t i = 0; i < p->n_targets; i++)
		if (p->targets[i]->clock == WB_SLA_KIND(RESOLUTION))
			p->targets[i]->calendar_id = bed_field(b, calendar);
	sla_set_target(p, WB_SLA_KIND(RESOLUTION), target_us);
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
}

static void test_deadlines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct spec *s = &cases[i];
		struct bed *b = sla_bed();
		use(b, save(b, s), s->target_us);
		sla_lazy(true); /* other clocks are of no interest */
		sla_report(b, sla_text(b, sla_utc(s->start)));
		bed_run(b);
		const Weibao__V1__ClockView *v = sla_clock_view(b, WB_SLA_KIND(RESOLUTION));
		if (v->deadline_at != sla_utc(s->due))
			fail_msg("%s: due %s, not %s (Shanghai)", s->name, sla_text(b, v->deadline_at),
			        sla_text(b, sla_utc(s->due)));
		sla_explains(b, WB_SLA_KIND(RESOLUTION));
		bed_close(b);
	}
}

/* «A fault at … would be due at …», without a ticket, under the policy or under terms not yet saved. */
static void test_preview(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PreviewDeadline q = WEIBAO__V1__PREVIEW_DEADLINE__INIT;
	(void)state;
	q.at = sla_at("2024-03-04 16:30");
	q.has_kind = q.has_urgency = q.has_clock = true;
	q.kind = WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	q.urgency = WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	q.clock = WB_SLA_KIND(RESOLUTION);
	const Weibao__V1__PreviewDeadlineAnswer *r =
	        (const Weibao__V1__PreviewDeadlineAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	assert_int_equal(r->n_deadlines, 1);
	AT(b, "2024-03-05 12:30", r->deadlines[0]->deadline_at);
	assert_int_equal(r->deadlines[0]->policy_version, 1);
	assert_int_equal(r->deadlines[0]->n_windows, 2);
	assert_string_equal(r->deadlines[0]->windows[1]->date, "2024-03-05");
	assert_non_null(strstr(r->deadlines[0]->because, "14400 seconds"));
	q.terms = sla_policy(b);
	sla_set_target(q.terms, WB_SLA_KIND(RESOLUTION), WB_HOUR_US);
	r = (const Weibao__V1__PreviewDeadlineAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	AT(b, "2024-03-05 09:30", r->deadlines[0]->deadline_at);
	assert_int_equal(r->deadlines[0]->policy_version, 0);
	q.has_clock = q.has_urgency = q.has_kind = false;
	r = (const Weibao__V1__PreviewDeadlineAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_deadlines, 16);         /* an arrival is due when it was promised */
	q.terms->targets[0]->has_service_days = true; /* and an amount */
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "FIELD_INVALID");
	assert_string_equal(bed_path(b), "terms.targets[0]");
	q.terms->targets[0]->has_service_days = false;
	q.terms->targets[0]->target_us = UINT64_MAX;
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "DEADLINE_OUT_OF_RANGE");
	q.at = INT64_MAX;
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "TIME_OUT_OF_RANGE");
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_deadlines), cmocka_unit_test(test_preview)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
