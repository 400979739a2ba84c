/*
 * What calendars need from outside: the rules of a time zone and the days of an iCalendar file. Both are read on a
 * worker thread, before the command is decided; the decision sees only CalendarReady. No state but a lock: the reader
 * of iCalendar files takes one call at a time.
 */
#include "service/effects.h"
#include "calendar/ics.h"
#include "calendar/zone.h"
#include "services/sla-timer/sla.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define JOB_ARENA_BYTES ((size_t)16 * 1024 * 1024)

struct state {
	pthread_mutex_t ics;
};

struct job {
	struct wb_arena arena; /* what the work makes; apart from the command's */
	const ProtobufCMessage *command;
	int64_t now_us;
	const char *zone; /* NULL: none is to be read */
	const char *text; /* NULL: no file */
	bool plain_closed;
	struct wb_zone rules;
	enum wb_err zone_err, ics_err;
	struct wb_ics_days days;
	struct wb_ics_problem problem;
};

static void *effects_open(const char *dir, struct wb_random random)
{
	struct state *s = calloc(1, sizeof *s); /* lives as long as the service */
	(void)dir;
	(void)random;
	if (s && pthread_mutex_init(&s->ics, NULL) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

static void effects_close(void *state)
{
	struct state *s = state;
	if (s)
		pthread_mutex_destroy(&s->ics);
	free(s);
}

static struct job *job_new(const struct wb_decision *d, const void *command)
{
	struct job *j = calloc(1, sizeof *j); /* until end */
	if (!j)
		return NULL;
	wb_arena_init(&j->arena, JOB_ARENA_BYTES);
	j->command = command;
	j->now_us = d->now_us;
	return j;
}

static void *begin_save(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__SaveCalendar *c = command;
	struct job *j = job_new(d, command);
	(void)state;
	if (j)
		j->zone = c->zone;
	return j;
}

static void *begin_defaults(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__MakeDefaults *c = command;
	struct job *j = job_new(d, command);
	(void)state;
	if (j)
		j->zone = c->zone;
	return j;
}

static void *begin_import(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__ImportHolidays *c = command;
	struct job *j = job_new(d, command);
	(void)state;
	if (j) {
		j->text = c->text;
		j->plain_closed = c->plain_closed;
	}
	return j;
}

/* The command stays where it is while the job runs: only its strings are read here. */
static void work(void *state, void *job)
{
	struct state *s = state;
	struct job *j = job;
	int64_t from, until;
	if (j->zone) {
		wb_zone_horizon(j->now_us, &from, &until);
		j->zone_err = wb_zone_read(NULL, j->zone, from, until, &j->arena, &j->rules);
	}
	if (j->text) {
		pthread_mutex_lock(&s->ics);
		j->ics_err = wb_ics_read(j->text, strlen(j->text),
		        j->plain_closed ? WB_ICS_PLAIN_CLOSED : WB_ICS_PLAIN_IGNORED, &j->arena, &j->days, &j->problem);
		pthread_mutex_unlock(&s->ics);
	}
}

static bool fill_zone(const struct job *j, struct wb_arena *a, Weibao__V1__CalendarReady *r)
{
	if (!j->zone || j->zone_err != WB_OK)
		return true;
	r->tz_version = wb_arena_str(a, j->rules.version);
	r->transitions = WB_ARENA_ARRAY(a, Weibao__V1__ZoneTransition *, j->rules.transitions_n + 1);
	for (uint32_t i = 0; r->transitions && i < j->rules.transitions_n; i++) {
		Weibao__V1__ZoneTransition *t = WB_ARENA_NEW(a, Weibao__V1__ZoneTransition);
		if (!t)
			return false;
		weibao__v1__zone_transition__init(t);
		t->at = j->rules.transitions[i].at_us;
		t->offset_s = j->rules.transitions[i].offset_s;
		r->transitions[r->n_transitions++] = t;
	}
	r->has_rules_until_at = true;
	r->rules_until_at = j->rules.until_us;
	return r->tz_version && r->transitions;
}

static bool fill_days(const struct job *j, struct wb_arena *a, Weibao__V1__CalendarReady *r)
{
	r->days = WB_ARENA_ARRAY(a, Weibao__V1__HolidayRead *, j->days.n + 1);
	for (size_t i = 0; r->days && i < j->days.n; i++) {
		Weibao__V1__HolidayRead *h = WB_ARENA_NEW(a, Weibao__V1__HolidayRead);
		char *date = wb_arena_alloc(a, WB_DATE_TEXT_BYTES);
		if (!h || !date)
			return false;
		weibao__v1__holiday_read__init(h);
		wb_day_text(j->days.days[i].day, date);
		h->date = date;
		h->works = j->days.days[i].kind == WB_ICS_WORK;
		h->name = wb_arena_str(a, j->days.days[i].name);
		r->days[r->n_days++] = h;
	}
	return r->days != NULL;
}

static bool fill_file(const struct job *j, struct wb_arena *a, Weibao__V1__CalendarReady *r)
{
	if (!j->text)
		return true;
	if (j->ics_err == WB_OK)
		return fill_days(j, a, r);
	r->problem = wb_arena_str(a, j->ics_err == WB_ERR_INVALID ? wb_ics_problem_name(j->problem.code) : "TOO_LARGE");
	r->has_problem_line = true;
	r->problem_line = j->ics_err == WB_ERR_INVALID ? j->problem.line : 0;
	return r->problem != NULL;
}

static const ProtobufCMessage *end(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	Weibao__V1__CalendarReady *r = WB_ARENA_NEW(a, Weibao__V1__CalendarReady);
	const ProtobufCMessageDescriptor *type = j->command->descriptor;
	bool ok = r != NULL;
	(void)state;
	if (ok) {
		weibao__v1__calendar_ready__init(r);
		if (type == &weibao__v1__save_calendar__descriptor)
			r->save = (Weibao__V1__SaveCalendar *)(uintptr_t)j->command;
		else if (type == &weibao__v1__import_holidays__descriptor)
			r->holidays = (Weibao__V1__ImportHolidays *)(uintptr_t)j->command;
		else
			r->defaults = (Weibao__V1__MakeDefaults *)(uintptr_t)j->command;
		ok = fill_zone(j, a, r) && fill_file(j, a, r);
	}
	wb_arena_done(&j->arena);
	free(j);
	return ok ? &r->base : NULL;
}

static const struct wb_effect_def defs[] = {
        {&weibao__v1__save_calendar__descriptor, begin_save, work, end},
        {&weibao__v1__make_defaults__descriptor, begin_defaults, work, end},
        {&weibao__v1__import_holidays__descriptor, begin_import, work, end},
};

const struct wb_effects wb_sla_effects = {
        effects_open, effects_close, defs, sizeof defs / sizeof defs[0], NULL, NULL, NULL};
