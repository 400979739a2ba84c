#include "tests/unit/sla_kit.h"
#include "calendar/date.h"
#include "service/effects.h"

#include <stdio.h>
#include <string.h>

#define SHANGHAI_US (8 * WB_HOUR_US)

static const struct wb_id zero;
static uint32_t round_now = 1, visit_now;
static bool lazy_now;

/* ---- the service ---- */

static void ready_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	for (size_t i = 0; i < wb_sla_timer_service.n_commands; i++)
		if (wb_sla_timer_service.commands[i].message == &weibao__v1__save_calendar__descriptor)
			wb_sla_timer_service.commands[i].turns(t, tenant, command);
}

static void ready_decide(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CalendarReady *c = command;
	if (c->save)
		wb_sla_save_calendar(d, c);
	else if (c->holidays)
		wb_sla_import_holidays(d, c);
	else
		wb_sla_make_defaults(d, c);
}

static struct wb_command_def kit_commands[32];
static struct wb_service kit_service;

static const struct wb_service *service(void)
{
	size_t n = wb_sla_timer_service.n_commands;
	kit_service = wb_sla_timer_service;
	memcpy(kit_commands, wb_sla_timer_service.commands, n * sizeof kit_commands[0]);
	kit_commands[n] = (struct wb_command_def){&weibao__v1__calendar_ready__descriptor, ready_turns, ready_decide,
	        WB_ROLE(PRINCIPAL) | WB_SYSTEM, WB_TENANT_CLIENT};
	kit_service.commands = kit_commands;
	kit_service.n_commands = n + 1;
	return &kit_service;
}

/* ---- times ---- */

int64_t sla_utc(const char *text)
{
	int32_t day;
	int h, m, s = 0;
	assert_true(strlen(text) >= 16);
	assert_int_equal(wb_day_parse(text, 10, &day), WB_OK);
	assert_true(sscanf(text + 11, "%d:%d:%d", &h, &m, &s) >= 2);
	return day * WB_DAY_US + h * WB_HOUR_US + m * WB_MINUTE_US + s * WB_SECOND_US;
}

int64_t sla_at(const char *local)
{
	return sla_utc(local) - SHANGHAI_US;
}

const char *sla_text(struct bed *b, int64_t at)
{
	char date[WB_DATE_TEXT_BYTES];
	int64_t local = at + SHANGHAI_US, us = local % WB_DAY_US;
	wb_day_text((int32_t)(local / WB_DAY_US), date);
	int64_t s = us / WB_SECOND_US;
	if (us % WB_SECOND_US)
		return wb_arena_fmt(bed_arena(b), "%s +%lld us", date, (long long)us);
	if (s % 60)
		return wb_arena_fmt(
		        bed_arena(b), "%s %02d:%02d:%02d", date, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	return wb_arena_fmt(bed_arena(b), "%s %02d:%02d", date, (int)(s / 3600), (int)(s / 60 % 60));
}

/* ---- the tenant ---- */

void sla_ready(struct bed *b, const ProtobufCMessage *command)
{
	const struct wb_effects *fx = wb_sla_timer_service.effects;
	struct wb_decision d = {.now_us = bed_now(b), .arena = bed_arena(b)};
	void *state = fx->open("/nowhere", (struct wb_random){0});
	const ProtobufCMessage *ready = NULL;
	assert_non_null(state);
	for (size_t i = 0; i < fx->n_defs; i++) {
		if (fx->defs[i].message != command->descriptor)
			continue;
		void *job = fx->defs[i].begin(state, &d, command);
		assert_non_null(job);
		fx->defs[i].work(state, job);
		ready = fx->defs[i].end(state, job, bed_arena(b));
	}
	fx->close(state);
	assert_non_null(ready);
	bed_when(b, ACME, ready);
}

struct bed *sla_bed(void)
{
	struct bed *b = bed_open(service());
	Weibao__V1__TenantOpened opened = WEIBAO__V1__TENANT_OPENED__INIT;
	Weibao__V1__MakeDefaults defaults = WEIBAO__V1__MAKE_DEFAULTS__INIT;
	round_now = 1;
	visit_now = 0;
	lazy_now = false;
	bed_at(b, sla_at("2024-01-01 08:00"));
	opened.code = (char *)(uintptr_t) "ACME";
	opened.name = (char *)(uintptr_t) "Acme";
	opened.zone = (char *)(uintptr_t) "Asia/Shanghai";
	opened.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_given(b, ACME, "tenant", zero, &opened.base);
	assert_int_equal(bed_todo(b, WB_SLA_TODO_DEFAULTS, ACME, zero, 0), bed_now(b));
	defaults.zone = opened.zone;
	bed_as(b, WB_SYSTEM, zero);
	sla_ready(b, &defaults.base);
	THEN_EVENTS(b, 3);
	assert_int_equal(bed_todo(b, WB_SLA_TODO_DEFAULTS, ACME, zero, 0), -1);
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("principal"));
	return b;
}

void sla_settle(struct bed *b)
{
	for (int i = 0; i < 20; i++)
		if (bed_run(b) == 0)
			return;
	fail_msg("to-dos never end: %s at %s", bed_refusal(b) ? bed_refusal(b) : "no refusal", sla_text(b, bed_now(b)));
}

void sla_run(struct bed *b, const char *local)
{
	bed_at(b, sla_at(local));
	sla_settle(b);
}

Weibao__V1__PolicyTerms *sla_policy(struct bed *b)
{
	Weibao__V1__GetPolicy q = WEIBAO__V1__GET_POLICY__INIT;
	const Weibao__V1__PolicyAnswer *r = (const Weibao__V1__PolicyAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	return r->terms;
}

void sla_save_policy(struct bed *b, Weibao__V1__PolicyTerms *terms)
{
	Weibao__V1__SavePolicy c = WEIBAO__V1__SAVE_POLICY__INIT;
	c.terms = terms;
	bed_when(b, ACME, &c.base);
}

Weibao__V1__ClockTarget *sla_target_of(
        Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock, Weibao__V1__Urgency urgency)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (p->targets[i]->clock == clock && p->targets[i]->urgency == urgency &&
		        p->targets[i]->kind == WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT)
			return p->targets[i];
	fail_msg("no such target");
	return NULL;
}

void sla_set_target(Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock, int64_t target_us)
{
	for (size_t i = 0; i < p->n_targets; i++) {
		if (p->targets[i]->clock != clock)
			continue;
		p->targets[i]->has_service_days = false;
		p->targets[i]->has_target_us = true;
		p->targets[i]->target_us = (uint64_t)target_us;
	}
}

struct wb_id sla_calendar_named(struct bed *b, const char *name)
{
	Weibao__V1__ListCalendars q = WEIBAO__V1__LIST_CALENDARS__INIT;
	const Weibao__V1__CalendarListAnswer *r = (const Weibao__V1__CalendarListAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	for (size_t i = 0; i < r->n_calendars; i++)
		if (strcmp(r->calendars[i]->name, name) == 0)
			return wb_id_of_field(r->calendars[i]->calendar_id);
	fail_msg("no calendar %s", name);
	return zero;
}

/* ---- facts ---- */

void sla_in_round(uint32_t round)
{
	round_now = round;
}

void sla_next_visit(void)
{
	visit_now++;
}

void sla_lazy(bool lazy)
{
	lazy_now = lazy;
}

static void given(struct bed *b, const char *stream, const char *at, const ProtobufCMessage *event)
{
	bed_at(b, sla_at(at));
	bed_given(b, ACME, stream, TICKET, event);
	if (!lazy_now)
		sla_settle(b);
}

#define FACT(Type, lower)                                                                                              \
	Weibao__V1__##Type e;                                                                                          \
	weibao__v1__##lower##__init(&e);                                                                               \
	e.ticket_id = bed_field(b, TICKET)
#define FACT_IN_ROUND(Type, lower)                                                                                     \
	FACT(Type, lower);                                                                                             \
	e.round = round_now
#define FACT_OF_VISIT(Type, lower)                                                                                     \
	FACT_IN_ROUND(Type, lower);                                                                                    \
	e.visit_id = bed_field(b, wb_id_derive(bed_id("visit"), "visit", visit_now))

void sla_report_as(struct bed *b, const char *at, Weibao__V1__Urgency urgency, bool covered)
{
	Weibao__V1__TicketPlace place = WEIBAO__V1__TICKET_PLACE__INIT;
	FACT(TicketReported, ticket_reported);
	place.office_id = bed_field(b, bed_id("office"));
	place.office_name = (char *)(uintptr_t) "Office";
	e.number = (char *)(uintptr_t) "ACME-20240304-0001";
	e.place = &place;
	e.caller_id = e.onsite_contact_id = e.direct_user_id = bed_field(b, bed_id("user"));
	e.category = (char *)(uintptr_t) "HARDWARE";
	e.kind = WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e.urgency = urgency;
	e.symptom = bed_personal(b, "dead");
	e.channel = WEIBAO__V1__CHANNEL__CHANNEL_PHONE;
	e.reported_at = sla_at(at);
	e.covered = covered;
	given(b, "ticket", at, &e.base);
}

void sla_report(struct bed *b, const char *at)
{
	sla_report_as(b, at, WEIBAO__V1__URGENCY__URGENCY_NORMAL, true);
}

void sla_called(struct bed *b, const char *at, bool reached)
{
	FACT_IN_ROUND(UserCalled, user_called);
	e.engineer_id = bed_field(b, bed_id("engineer"));
	e.reached = reached;
	e.called_at = sla_at(at);
	given(b, "ticket", at, &e.base);
}

void sla_needed(struct bed *b, const char *at)
{
	FACT_IN_ROUND(VisitNeeded, visit_needed);
	e.engineer_id = bed_field(b, bed_id("engineer"));
	given(b, "ticket", at, &e.base);
}

void sla_scheduled(struct bed *b, const char *at, const char *promised, const char *earliest)
{
	FACT_OF_VISIT(VisitScheduled, visit_scheduled);
	e.form_number = (char *)(uintptr_t) "ACME-20240304-0001-V1";
	e.visit_number = 1;
	e.promised_arrival_at = sla_at(promised);
	e.has_earliest_offered_at = earliest != NULL;
	e.earliest_offered_at = earliest ? sla_at(earliest) : 0;
	e.agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	e.planned_minutes = 60;
	e.office_id = bed_field(b, bed_id("office"));
	given(b, "visits", at, &e.base);
}

void sla_moved(struct bed *b, const char *at, const char *promised, bool by_user)
{
	FACT_OF_VISIT(VisitMoved, visit_moved);
	e.promised_arrival_at = sla_at(promised);
	e.moved_by = by_user ? WEIBAO__V1__MOVED_BY__MOVED_BY_USER : WEIBAO__V1__MOVED_BY__MOVED_BY_PROVIDER;
	e.slot_from = e.promised_arrival_at;
	e.slot_until = e.slot_from + WB_HOUR_US;
	given(b, "visits", at, &e.base);
}

void sla_visit_cancelled(struct bed *b, const char *at)
{
	FACT_OF_VISIT(VisitCancelled, visit_cancelled);
	e.reason = (char *)(uintptr_t) "ill";
	given(b, "visits", at, &e.base);
}

void sla_arrived(struct bed *b, const char *at)
{
	sla_arrived_stated(b, at, at);
}

void sla_arrived_stated(struct bed *b, const char *at, const char *stated)
{
	FACT_OF_VISIT(EngineerArrived, engineer_arrived);
	e.engineer_id = bed_field(b, bed_id("engineer"));
	e.arrived_at = sla_at(stated);
	given(b, "visits", at, &e.base);
}

void sla_arrived_offline(struct bed *b, const char *at, const char *occurred)
{
	FACT_OF_VISIT(EngineerArrived, engineer_arrived);
	e.engineer_id = bed_field(b, bed_id("engineer"));
	e.arrived_at = sla_at(occurred);
	bed_at(b, sla_at(at));
	bed_given_occurred(b, ACME, "visits", TICKET, &e.base, e.arrived_at);
	if (!lazy_now)
		sla_settle(b);
}

void sla_left(struct bed *b, const char *at, Weibao__V1__VisitResult result)
{
	FACT_OF_VISIT(VisitLeft, visit_left);
	e.result = result;
	e.left_at = sla_at(at);
	given(b, "visits", at, &e.base);
}

void sla_solved(struct bed *b, const char *at)
{
	FACT_IN_ROUND(PhoneSolved, phone_solved);
	e.engineer_id = bed_field(b, bed_id("engineer"));
	e.steps = bed_personal(b, "turned it on");
	e.completed_at = sla_at(at);
	given(b, "ticket", at, &e.base);
}

void sla_completed(struct bed *b, const char *at)
{
	FACT_OF_VISIT(ServiceCompleted, service_completed);
	e.completed_at = sla_at(at);
	given(b, "visits", at, &e.base);
}

void sla_followed(struct bed *b, const char *at)
{
	FACT_IN_ROUND(FollowUpRecorded, follow_up_recorded);
	e.quality = e.conformity = e.progress = e.attitude = WEIBAO__V1__GRADE__GRADE_SATISFIED;
	e.caller_id = bed_field(b, bed_id("lead"));
	e.called_at = sla_at(at);
	given(b, "survey", at, &e.base);
}

void sla_round(struct bed *b, const char *at, uint32_t round)
{
	FACT(RoundStarted, round_started);
	round_now = e.round = round;
	e.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED;
	e.started_at = sla_at(at);
	given(b, "ticket", at, &e.base);
}

void sla_urgency(struct bed *b, const char *at, Weibao__V1__Urgency urgency)
{
	FACT_IN_ROUND(TicketUrgencyChanged, ticket_urgency_changed);
	e.urgency = urgency;
	given(b, "ticket", at, &e.base);
}

void sla_cancelled(struct bed *b, const char *at)
{
	FACT_IN_ROUND(TicketCancelled, ticket_cancelled);
	e.reason = bed_personal(b, "not ours");
	given(b, "ticket", at, &e.base);
}

/* ---- looking ---- */

static const Weibao__V1__ClockListAnswer *list(struct bed *b)
{
	Weibao__V1__ListClocks q = WEIBAO__V1__LIST_CLOCKS__INIT;
	q.ticket_id = bed_field(b, TICKET);
	const Weibao__V1__ClockListAnswer *r = (const Weibao__V1__ClockListAnswer *)bed_query(b, ACME, &q.base);
	if (!r)
		fail_msg("ListClocks was refused with %s", bed_refusal(b));
	return r;
}

static bool newer(const Weibao__V1__ClockView *a, const Weibao__V1__ClockView *b)
{
	return a->round != b->round ? a->round > b->round : a->started_at >= b->started_at;
}

const Weibao__V1__ClockView *sla_clock_view(struct bed *b, Weibao__V1__ClockKind kind)
{
	const Weibao__V1__ClockListAnswer *r = list(b);
	const Weibao__V1__ClockView *found = NULL;
	for (size_t i = 0; i < r->n_clocks; i++)
		if (r->clocks[i]->kind == kind && (!found || newer(r->clocks[i], found)))
			found = r->clocks[i];
	if (!found)
		fail_msg("there is no clock of kind %d", (int)kind);
	return found;
}

size_t sla_clocks(struct bed *b, Weibao__V1__ClockKind kind)
{
	const Weibao__V1__ClockListAnswer *r = list(b);
	size_t n = 0;
	for (size_t i = 0; i < r->n_clocks; i++)
		n += r->clocks[i]->kind == kind;
	return n;
}

ProtobufCBinaryData sla_exception_of(struct bed *b, Weibao__V1__ClockKind kind)
{
	const Weibao__V1__ClockListAnswer *r = list(b);
	struct wb_id clock = wb_id_of_field(sla_clock_view(b, kind)->clock_id);
	const Weibao__V1__ExceptionView *found = NULL;
	for (size_t i = 0; i < r->n_exceptions; i++)
		if (wb_id_equal(wb_id_of_field(r->exceptions[i]->clock_id), clock) &&
		        (!found || r->exceptions[i]->proposed_at >= found->proposed_at))
			found = r->exceptions[i];
	if (!found)
		fail_msg("the clock has no exception");
	return found->exception_id;
}

void sla_explains(struct bed *b, Weibao__V1__ClockKind kind)
{
	const Weibao__V1__ClockView *v = sla_clock_view(b, kind);
	Weibao__V1__ExplainDeadline q = WEIBAO__V1__EXPLAIN_DEADLINE__INIT;
	uint64_t counted = 0;
	q.ticket_id = bed_field(b, TICKET);
	q.clock_id = v->clock_id;
	const Weibao__V1__ExplainDeadlineAnswer *r =
	        (const Weibao__V1__ExplainDeadlineAnswer *)bed_query(b, ACME, &q.base);
	assert_non_null(r);
	const Weibao__V1__DeadlineExplanation *x = r->explanation;
	for (size_t i = 0; i < x->n_windows; i++) {
		assert_int_equal(x->windows[i]->counted_us + x->windows[i]->suspended_us,
		        x->windows[i]->to_at - x->windows[i]->from_at);
		counted += x->windows[i]->counted_us;
	}
	assert_int_equal(x->has_deadline_at, v->has_deadline_at);
	if (v->has_deadline_at)
		assert_int_equal(x->deadline_at, v->deadline_at);
	if (x->has_target_us && !x->has_promised_at && !x->n_exceptions)
		assert_int_equal(counted, x->target_us - x->left_us);
	assert_true(strlen(x->because) > 20);
}

/* ---- people ---- */

void sla_suspend(struct bed *b, const char *at, Weibao__V1__ClockKind kind, Weibao__V1__SuspensionReason reason)
{
	Weibao__V1__SuspendClock c = WEIBAO__V1__SUSPEND_CLOCK__INIT;
	bed_at(b, sla_at(at));
	c.ticket_id = bed_field(b, TICKET);
	c.round = round_now;
	c.clock_id = sla_clock_view(b, kind)->clock_id;
	c.reason = reason;
	bed_when(b, ACME, &c.base);
}

void sla_resume(struct bed *b, const char *at, Weibao__V1__ClockKind kind)
{
	Weibao__V1__ResumeClock c = WEIBAO__V1__RESUME_CLOCK__INIT;
	bed_at(b, sla_at(at));
	const Weibao__V1__ClockView *v = sla_clock_view(b, kind);
	assert_true(v->n_suspensions > 0);
	c.ticket_id = bed_field(b, TICKET);
	c.round = round_now;
	c.clock_id = v->clock_id;
	c.suspension_id = v->suspensions[v->n_suspensions - 1]->suspension_id;
	bed_when(b, ACME, &c.base);
}

void sla_propose(struct bed *b, const char *at, Weibao__V1__ClockKind kind, const char *until, bool verbal)
{
	Weibao__V1__ProposeException c = WEIBAO__V1__PROPOSE_EXCEPTION__INIT;
	bed_at(b, sla_at(at));
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
	c.ticket_id = bed_field(b, TICKET);
	c.round = round_now;
	c.clock_id = sla_clock_view(b, kind)->clock_id;
	c.new_deadline_at = sla_at(until);
	c.reason = bed_personal(b, "the part comes tomorrow");
	c.has_verbal = true;
	c.verbal = verbal;
	bed_when(b, ACME, &c.base);
}

void sla_agree(struct bed *b, const char *at, Weibao__V1__ClockKind kind)
{
	Weibao__V1__AgreeException c = WEIBAO__V1__AGREE_EXCEPTION__INIT;
	bed_at(b, sla_at(at));
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	c.ticket_id = bed_field(b, TICKET);
	c.round = round_now;
	c.exception_id = sla_exception_of(b, kind);
	bed_when(b, ACME, &c.base);
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("principal"));
}

void sla_decline(struct bed *b, const char *at, Weibao__V1__ClockKind kind)
{
	Weibao__V1__DeclineException c = WEIBAO__V1__DECLINE_EXCEPTION__INIT;
	bed_at(b, sla_at(at));
	bed_as(b, WB_ROLE(DEPUTY), bed_id("deputy"));
	c.ticket_id = bed_field(b, TICKET);
	c.round = round_now;
	c.exception_id = sla_exception_of(b, kind);
	bed_when(b, ACME, &c.base);
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("principal"));
}
