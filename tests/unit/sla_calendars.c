/* Policies and calendars: what is saved, what is refused and where, holidays from files, versions. */
#include "tests/unit/sla_kit.h"

#include <string.h>

static Weibao__V1__DayWindow *window(struct bed *b, uint32_t start_s, uint32_t end_s)
{
	Weibao__V1__DayWindow *d = WB_ARENA_NEW(bed_arena(b), Weibao__V1__DayWindow);
	weibao__v1__day_window__init(d);
	d->start_s = start_s;
	d->end_s = end_s;
	return d;
}

static Weibao__V1__WeekdayWindows *weekday(struct bed *b, uint32_t day, uint32_t start_s, uint32_t end_s)
{
	Weibao__V1__WeekdayWindows *w = WB_ARENA_NEW(bed_arena(b), Weibao__V1__WeekdayWindows);
	weibao__v1__weekday_windows__init(w);
	w->weekday = day;
	w->windows = WB_ARENA_ARRAY(bed_arena(b), Weibao__V1__DayWindow *, 4);
	w->windows[w->n_windows++] = window(b, start_s, end_s);
	return w;
}

static Weibao__V1__SpecialDay *special(struct bed *b, const char *date)
{
	Weibao__V1__SpecialDay *d = WB_ARENA_NEW(bed_arena(b), Weibao__V1__SpecialDay);
	weibao__v1__special_day__init(d);
	d->date = (char *)(uintptr_t)date;
	return d;
}

/* Monday 09:00 – 17:00 and one special day: to be spoilt. */
static Weibao__V1__SaveCalendar *good(struct bed *b)
{
	Weibao__V1__SaveCalendar *c = WB_ARENA_NEW(bed_arena(b), Weibao__V1__SaveCalendar);
	weibao__v1__save_calendar__init(c);
	c->name = (char *)(uintptr_t) "Workshop";
	c->zone = (char *)(uintptr_t) "Asia/Shanghai";
	c->week = WB_ARENA_ARRAY(bed_arena(b), Weibao__V1__WeekdayWindows *, 8);
	c->week[c->n_week++] = weekday(b, 1, 9 * 3600, 17 * 3600);
	c->special_days = WB_ARENA_ARRAY(bed_arena(b), Weibao__V1__SpecialDay *, 4);
	c->special_days[c->n_special_days++] = special(b, "2024-04-04");
	return c;
}

static void test_calendar_refusals(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__SaveCalendar *c = good(b);
	(void)state;
	c->n_week = 0;
	sla_ready(b, &c->base);
	THEN_REJECTED(b, CALENDAR_WITHOUT_TIME);
	c = good(b);
	c->week[0]->n_windows = 0;
	sla_ready(b, &c->base);
	THEN_REJECTED(b, CALENDAR_WITHOUT_TIME);
	c = good(b);
	c->week[0]->windows[c->week[0]->n_windows++] = window(b, 16 * 3600, 18 * 3600);
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, CALENDAR_INVALID, "week[0].windows");
	c = good(b);
	c->week[c->n_week++] = weekday(b, 8, 0, 3600);
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, CALENDAR_INVALID, "week[1].weekday");
	c = good(b);
	c->week[c->n_week++] = weekday(b, 1, 0, 3600);
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, CALENDAR_INVALID, "week[1].weekday");
	c = good(b);
	c->special_days[0]->date = (char *)(uintptr_t) "2024-02-30";
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, CALENDAR_INVALID, "specialDays[0].date");
	c = good(b);
	c->special_days[c->n_special_days++] = special(b, "2024-04-04");
	sla_ready(b, &c->base);
	THEN_REJECTED(b, CALENDAR_INVALID);
	c = good(b);
	c->zone = (char *)(uintptr_t) "Asia/Atlantis";
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, ZONE_UNKNOWN, "zone");
	c->zone = (char *)(uintptr_t) "../../etc/passwd";
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, ZONE_UNKNOWN, "zone");
	c = good(b);
	c->name = (char *)(uintptr_t) "";
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, FIELD_REQUIRED, "name");
	c = good(b);
	c->has_calendar_id = true;
	c->calendar_id = bed_field(b, bed_id("no such"));
	sla_ready(b, &c->base);
	THEN_REJECTED_AT(b, NOT_FOUND, "calendarId");
	bed_when(b, ACME, &good(b)->base); /* as a replay would: without the zone's rules */
	THEN_REJECTED(b, UNAVAILABLE);
	bed_close(b);
}

static const Weibao__V1__CalendarAnswer *calendar(struct bed *b, struct wb_id id, uint32_t version)
{
	Weibao__V1__GetCalendar q = WEIBAO__V1__GET_CALENDAR__INIT;
	q.calendar_id = bed_field(b, id);
	q.has_calendar_version = version != 0;
	q.calendar_version = version;
	return (const Weibao__V1__CalendarAnswer *)bed_query(b, ACME, &q.base);
}

static void test_calendar_versions(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__SaveCalendar *c = good(b);
	(void)state;
	sla_ready(b, &c->base);
	THEN_EVENT(b, 0, "CalendarSaved");
	assert_true(((const Weibao__V1__CalendarSaved *)bed_event(b, 0))->n_transitions >= 1);
	struct wb_id id = sla_calendar_named(b, "Workshop");
	c->has_calendar_id = true;
	c->calendar_id = bed_field(b, id);
	c->name = (char *)(uintptr_t) "Workshop 2";
	sla_ready(b, &c->base);
	THEN_EVENT(b, 0, "CalendarSaved");
	assert_int_equal(calendar(b, id, 0)->calendar_version, 2);
	assert_string_equal(calendar(b, id, 0)->name, "Workshop 2");
	assert_string_equal(calendar(b, id, 1)->name, "Workshop");
	assert_null(calendar(b, id, 3));

	Weibao__V1__ListCalendars q = WEIBAO__V1__LIST_CALENDARS__INIT;
	size_t seen = 0;
	q.has_limit = true;
	q.limit = 1;
	for (;;) { /* hotline, on-site and this one, each once */
		const Weibao__V1__CalendarListAnswer *r =
		        (const Weibao__V1__CalendarListAnswer *)bed_query(b, ACME, &q.base);
		assert_non_null(r);
		seen += r->n_calendars;
		if (!r->next_cursor)
			break;
		q.cursor = r->next_cursor;
	}
	assert_int_equal(seen, 3);
	q.cursor = (char *)(uintptr_t) "xyz";
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "FIELD_INVALID");
	bed_close(b);
}

#define EVENT(date, summary)                                                                                           \
	"BEGIN:VEVENT\r\nUID:" date summary "\r\nDTSTAMP:20240101T000000Z\r\nDTSTART;VALUE=DATE:" date                 \
	"\r\nSUMMARY:" summary "\r\nEND:VEVENT\r\n"
#define FILE_OF(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n" events "END:VCALENDAR\r\n"

static void import(struct bed *b, struct wb_id id, const char *text)
{
	Weibao__V1__ImportHolidays c = WEIBAO__V1__IMPORT_HOLIDAYS__INIT;
	c.calendar_id = bed_field(b, id);
	c.text = (char *)(uintptr_t)text;
	sla_ready(b, &c.base);
}

/* A holiday and a moved working day from a file, into the calendar that the import names and no other. */
static void test_holidays(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_ready(b, &good(b)->base);
	struct wb_id id = sla_calendar_named(b, "Workshop");
	import(b, id,
	        FILE_OF(EVENT("20240404", "清明节 休") EVENT("20240407", "清明节 班") EVENT("20240501", "劳动节 休")));
	THEN_EVENT(b, 0, "CalendarSaved");
	const Weibao__V1__CalendarAnswer *r = calendar(b, id, 0);
	assert_int_equal(r->calendar_version, 2);
	assert_int_equal(r->n_special_days, 3); /* the one that stood is replaced */
	assert_string_equal(r->special_days[0]->date, "2024-04-04");
	assert_int_equal(r->special_days[0]->n_windows, 0);
	assert_string_equal(r->special_days[1]->date, "2024-04-07"); /* a Sunday: as the first weekday with windows */
	assert_int_equal(r->special_days[1]->n_windows, 1);
	assert_int_equal(r->special_days[1]->windows[0]->start_s, 9 * 3600);
	assert_int_equal(calendar(b, sla_calendar_named(b, "热线"), 0)->n_special_days, 0);

	import(b, id, "BEGIN:VCALENDAR\r\nnot one");
	THEN_REJECTED_AT(b, HOLIDAYS_INVALID, "text");
	import(b, id, FILE_OF(""));
	THEN_REJECTED_AT(b, HOLIDAYS_INVALID, "text");
	import(b, bed_id("no such"), FILE_OF(EVENT("20240404", "清明节 休")));
	THEN_REJECTED_AT(b, NOT_FOUND, "calendarId");
	bed_close(b);
}

static void test_policy_refusals(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	(void)state;
	p->n_targets--;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, TARGET_MISSING, "terms.targets");
	p = sla_policy(b);
	p->targets[19]->urgency = p->targets[18]->urgency;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, TARGET_TWICE, "terms.targets[19]");
	p = sla_policy(b);
	p->targets[3]->calendar_id = bed_field(b, bed_id("no such"));
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, CALENDAR_UNKNOWN, "terms.targets[3].calendarId");
	p = sla_policy(b);
	p->targets[0]->target_us = 0;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.targets[0].targetUs");
	p = sla_policy(b);
	p->targets[0]->has_service_days = true;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.targets[0].serviceDays");
	p = sla_policy(b);
	p->warn_permille = 1001;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.warnPermille");
	p = sla_policy(b);
	p->suspension_reasons[1] = p->suspension_reasons[0];
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.suspensionReasons[1]");
	p = sla_policy(b);
	p->escalations[1]->to = WEIBAO__V1__ROLE__ROLE_USER;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.escalations[1].to");
	p = sla_policy(b);
	p->escalations[0]->after_us = p->escalations[1]->after_us + 1;
	sla_save_policy(b, p);
	THEN_REJECTED_AT(b, FIELD_INVALID, "terms.escalations[1].afterUs");
	p = sla_policy(b);
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	sla_save_policy(b, p);
	THEN_REJECTED(b, FORBIDDEN);
	bed_close(b);
}

/* Both kinds of clocks can be left out or run round the clock; a request has none here. */
static void test_policy_choices(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__PolicyTerms *p = sla_policy(b);
	Weibao__V1__ListPolicies q = WEIBAO__V1__LIST_POLICIES__INIT;
	(void)state;
	for (size_t i = 0; i < p->n_targets; i++) {
		Weibao__V1__ClockTarget *t = p->targets[i];
		t->has_calendar_id = t->clock != WB_SLA_KIND(RESOLUTION);
		if (t->clock != WB_SLA_KIND(RESPONSE))
			continue;
		t->runs = t->has_target_us = false;
	}
	sla_save_policy(b, p);
	THEN_EVENT(b, 0, "PolicySaved");
	sla_report(b, "2024-03-04 23:00");
	assert_int_equal(sla_clocks(b, WB_SLA_KIND(RESPONSE)), 0);
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-05 03:00");
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	q.has_limit = true;
	q.limit = 1;
	const Weibao__V1__PolicyListAnswer *r = (const Weibao__V1__PolicyListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_policies, 1);
	assert_int_equal(r->policies[0]->policy_version, 2);
	q.cursor = r->next_cursor;
	r = (const Weibao__V1__PolicyListAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_policies, 1);
	assert_int_equal(r->policies[0]->policy_version, 1);
	assert_null(r->next_cursor);
	bed_close(b);
}

/* The defaults are made once. */
static void test_defaults(void **state)
{
	struct bed *b = sla_bed();
	Weibao__V1__MakeDefaults c = WEIBAO__V1__MAKE_DEFAULTS__INIT;
	(void)state;
	c.zone = (char *)(uintptr_t) "Asia/Shanghai";
	bed_as(b, WB_SYSTEM, bed_id("nobody"));
	sla_ready(b, &c.base);
	THEN_ALREADY(b);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_calendar_refusals),
	        cmocka_unit_test(test_calendar_versions),
	        cmocka_unit_test(test_holidays),
	        cmocka_unit_test(test_policy_refusals),
	        cmocka_unit_test(test_policy_choices),
	        cmocka_unit_test(test_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
