/* SavePolicy, and the defaults of a new tenant. */
#include "services/sla-timer/decide_calendar.h"
#include "services/sla-timer/tables.h"
#include "services/sla-timer/terms.h"

#define ESCALATIONS_MAX 8u
#define DAYS_MAX 3660u
#define HOURS_MAX (366u * 24u)
#define ATTEMPTS_MAX 20u

static const struct wb_id zero;
static const Weibao__V1__TicketKind kinds[] = {
        WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT, WEIBAO__V1__TICKET_KIND__TICKET_KIND_REQUEST};
static const Weibao__V1__Urgency urgencies[] = {
        WEIBAO__V1__URGENCY__URGENCY_NORMAL, WEIBAO__V1__URGENCY__URGENCY_URGENT};
static const Weibao__V1__ClockKind clocks[] = {WB_SLA_KIND(RESPONSE), WB_SLA_KIND(APPOINTMENT), WB_SLA_KIND(ARRIVAL),
        WB_SLA_KIND(RESOLUTION), WB_SLA_KIND(FOLLOW_UP)};
#define TARGETS                                                                                                        \
	(sizeof kinds / sizeof kinds[0] * (sizeof urgencies / sizeof urgencies[0]) * (sizeof clocks / sizeof clocks[0]))

/* ---- checks ---- */

static bool bad(struct wb_decision *d, enum wb_refusal r, const char *list, size_t i, const char *field)
{
	wb_refuse(d, r, wb_arena_fmt(d->arena, "terms.%s[%zu]%s%s", list, i, *field ? "." : "", field));
	return false;
}

static bool calendar_known(struct wb_decision *d, const Weibao__V1__ClockTarget *t)
{
	return !t->has_calendar_id ||
	       wb_sla_calendar(d->db, d->tenant, wb_id_of_field(t->calendar_id), 0, d->arena) != NULL;
}

static bool target_sized(const Weibao__V1__ClockTarget *t)
{
	if (t->clock == WB_SLA_KIND(ARRIVAL) || !t->runs)
		return !t->has_target_us && !t->has_service_days;
	if (t->has_target_us == t->has_service_days)
		return false;
	return t->has_target_us ? t->target_us > 0 && t->target_us <= (uint64_t)WB_CALENDAR_AMOUNT_MAX_US
	                        : t->service_days > 0 && t->service_days <= DAYS_MAX;
}

static bool is_clock(Weibao__V1__ClockKind kind)
{
	for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++)
		if (clocks[i] == kind)
			return true;
	return false;
}

static bool target_named(const Weibao__V1__ClockTarget *t)
{
	return is_clock(t->clock) && (t->kind == kinds[0] || t->kind == kinds[1]) &&
	       (t->urgency == urgencies[0] || t->urgency == urgencies[1]);
}

static bool targets_ok(struct wb_decision *d, const Weibao__V1__PolicyTerms *p)
{
	for (size_t i = 0; i < p->n_targets; i++) {
		const Weibao__V1__ClockTarget *t = p->targets[i];
		if (!target_named(t))
			return bad(d, WB_FIELD_INVALID, "targets", i, "");
		if (wb_sla_target(p, t->clock, t->kind, t->urgency) != t)
			return bad(d, WB_TARGET_TWICE, "targets", i, "");
		if (!target_sized(t))
			return bad(d, WB_FIELD_INVALID, "targets", i, t->has_service_days ? "serviceDays" : "targetUs");
		if (!calendar_known(d, t))
			return bad(d, WB_CALENDAR_UNKNOWN, "targets", i, "calendarId");
	}
	if (p->n_targets != TARGETS) { /* each once, so that one is missing */
		wb_refuse(d, WB_TARGET_MISSING, "terms.targets");
		return false;
	}
	return true;
}

static bool reasons_ok(struct wb_decision *d, const Weibao__V1__PolicyTerms *p)
{
	for (size_t i = 0; i < p->n_suspension_reasons; i++) {
		bool known = p->suspension_reasons[i] >= WB_SLA_REASON(PART) &&
		             p->suspension_reasons[i] <= WB_SLA_REASON(AGREED);
		for (size_t k = 0; known && k < i; k++)
			known = p->suspension_reasons[k] != p->suspension_reasons[i];
		if (!known)
			return bad(d, WB_FIELD_INVALID, "suspensionReasons", i, "");
	}
	return true;
}

static bool escalations_ok(struct wb_decision *d, const Weibao__V1__PolicyTerms *p)
{
	if (p->n_escalations > ESCALATIONS_MAX) {
		wb_refuse(d, WB_FIELD_TOO_LONG, "terms.escalations");
		return false;
	}
	for (size_t i = 0; i < p->n_escalations; i++) {
		const Weibao__V1__EscalationStep *s = p->escalations[i];
		if (s->to != WEIBAO__V1__ROLE__ROLE_HOTLINE && s->to != WEIBAO__V1__ROLE__ROLE_PRINCIPAL &&
		        s->to != WEIBAO__V1__ROLE__ROLE_MANAGER)
			return bad(d, WB_FIELD_INVALID, "escalations", i, "to");
		if (s->after_us > (uint64_t)WB_CALENDAR_AMOUNT_MAX_US ||
		        (i && s->after_us < p->escalations[i - 1]->after_us))
			return bad(d, WB_FIELD_INVALID, "escalations", i, "afterUs");
	}
	return true;
}

static bool numbers_ok(struct wb_decision *d, const Weibao__V1__PolicyTerms *p)
{
	const struct {
		const char *path;
		uint64_t value, least, most;
	} numbers[] = {
	        {"terms.warnPermille", p->warn_permille, 0, 1000},
	        {"terms.appointmentAfterUs", p->appointment_after_us, 0, (uint64_t)WB_CALENDAR_AMOUNT_MAX_US},
	        {"terms.exceptionPendingDays", p->exception_pending_days, 1, 366},
	        {"terms.reopenDays", p->reopen_days, 0, DAYS_MAX},
	        {"terms.lateEvidenceHours", p->late_evidence_hours, 0, HOURS_MAX},
	        {"terms.linkDays", p->link_days, 1, 366},
	        {"terms.complaintDays", p->complaint_days, 1, 366},
	        {"terms.followUpAttempts", p->follow_up_attempts, 1, ATTEMPTS_MAX},
	        {"terms.followUpAttemptDays", p->follow_up_attempt_days, 1, p->follow_up_attempts},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (numbers[i].value >= numbers[i].least && numbers[i].value <= numbers[i].most)
			continue;
		wb_refuse(d, WB_FIELD_INVALID, numbers[i].path);
		return false;
	}
	return true;
}

static void emit_policy(struct wb_decision *d, uint32_t version, Weibao__V1__PolicyTerms *terms)
{
	WB_SLA_NEW(d->arena, PolicySaved, policy_saved, e);
	e->policy_version = version;
	e->terms = terms;
	wb_emit(d, WB_SLA_STREAM_POLICY, zero, &e->base);
}

void wb_sla_save_policy(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SavePolicy *c = command;
	const Weibao__V1__PolicyRow *had = wb_sla_policy(d->db, d->tenant, 0, d->arena);
	if (!had)
		wb_refuse(d, WB_POLICY_MISSING, NULL); /* the defaults come first */
	else if (numbers_ok(d, c->terms) && reasons_ok(d, c->terms) && escalations_ok(d, c->terms) &&
	         targets_ok(d, c->terms))
		emit_policy(d, had->saved->policy_version + 1, c->terms);
}

/* ---- defaults ---- */

static Weibao__V1__ClockTarget *default_target(struct wb_arena *a, Weibao__V1__ClockKind clock,
        Weibao__V1__TicketKind kind, Weibao__V1__Urgency urgency, ProtobufCBinaryData calendar)
{
	Weibao__V1__ClockTarget *t = WB_ARENA_NEW(a, Weibao__V1__ClockTarget);
	if (!t)
		return NULL;
	weibao__v1__clock_target__init(t);
	t->clock = clock;
	t->kind = kind;
	t->urgency = urgency;
	t->runs = true;
	t->has_calendar_id = true;
	t->calendar_id = calendar;
	t->has_service_days = clock == WB_SLA_KIND(FOLLOW_UP);
	t->service_days = 3;
	t->has_target_us = clock != WB_SLA_KIND(FOLLOW_UP) && clock != WB_SLA_KIND(ARRIVAL);
	t->target_us = (uint64_t)(clock == WB_SLA_KIND(RESPONSE)      ? WB_HOUR_US
	                          : clock == WB_SLA_KIND(APPOINTMENT) ? 30 * WB_MINUTE_US
	                                                              : 4 * WB_HOUR_US);
	return t;
}

static bool default_targets(
        struct wb_decision *d, Weibao__V1__PolicyTerms *p, ProtobufCBinaryData hotline, ProtobufCBinaryData onsite)
{
	p->targets = WB_ARENA_ARRAY(d->arena, Weibao__V1__ClockTarget *, TARGETS);
	for (size_t i = 0; p->targets && i < TARGETS; i++) {
		Weibao__V1__ClockKind clock = clocks[i / 4];
		bool there = clock == WB_SLA_KIND(ARRIVAL) || clock == WB_SLA_KIND(RESOLUTION);
		p->targets[i] =
		        default_target(d->arena, clock, kinds[i / 2 % 2], urgencies[i % 2], there ? onsite : hotline);
		if (!p->targets[i])
			return false;
		p->n_targets++;
	}
	return p->targets != NULL;
}

static bool default_steps(struct wb_arena *a, Weibao__V1__PolicyTerms *p)
{
	static const struct {
		int64_t after_us;
		Weibao__V1__Role to;
	} steps[] = {{0, WEIBAO__V1__ROLE__ROLE_HOTLINE}, {WB_HOUR_US, WEIBAO__V1__ROLE__ROLE_PRINCIPAL}};
	p->escalations = WB_ARENA_ARRAY(a, Weibao__V1__EscalationStep *, 2);
	for (size_t i = 0; p->escalations && i < 2; i++) {
		Weibao__V1__EscalationStep *s = WB_ARENA_NEW(a, Weibao__V1__EscalationStep);
		if (!s)
			return false;
		weibao__v1__escalation_step__init(s);
		s->after_us = (uint64_t)steps[i].after_us;
		s->to = steps[i].to;
		p->escalations[p->n_escalations++] = s;
	}
	return p->escalations != NULL;
}

static void default_policy(struct wb_decision *d, ProtobufCBinaryData hotline, ProtobufCBinaryData onsite)
{
	static const Weibao__V1__SuspensionReason reasons[] = {
	        WB_SLA_REASON(PART), WB_SLA_REASON(USER), WB_SLA_REASON(APPROVAL), WB_SLA_REASON(AGREED)};
	WB_SLA_NEW(d->arena, PolicyTerms, policy_terms, p);
	p->suspension_reasons = WB_ARENA_ARRAY(d->arena, Weibao__V1__SuspensionReason, 4);
	for (size_t i = 0; p->suspension_reasons && i < 4; i++)
		p->suspension_reasons[p->n_suspension_reasons++] = reasons[i];
	if (!default_targets(d, p, hotline, onsite) || !default_steps(d->arena, p) || !p->suspension_reasons)
		return;
	p->warn_permille = 750;
	p->appointment_after_us = (uint64_t)(30 * WB_MINUTE_US);
	p->exception_pending_days = 1;
	p->reopen_days = 7;
	p->late_evidence_hours = 24;
	p->link_days = 7;
	p->complaint_days = 3;
	p->follow_up_attempts = 3;
	p->follow_up_attempt_days = 2;
	emit_policy(d, 1, p);
}

/* 09:00 to 17:00 every day, no closed days. */
static ProtobufCBinaryData default_calendar(
        struct wb_decision *d, const Weibao__V1__CalendarReady *ready, const char *label, const char *name)
{
	ProtobufCBinaryData none = {0, NULL};
	struct wb_id id = wb_new_id(d, label);
	Weibao__V1__CalendarSaved *e = wb_sla_calendar_new(d, id, 1, name, ready->defaults->zone, ready);
	Weibao__V1__DayWindow *window = WB_ARENA_NEW(d->arena, Weibao__V1__DayWindow);
	Weibao__V1__DayWindow **windows = WB_ARENA_ARRAY(d->arena, Weibao__V1__DayWindow *, 1);
	if (!e || !window || !windows)
		return none;
	weibao__v1__day_window__init(window);
	window->start_s = 9 * 3600;
	window->end_s = 17 * 3600;
	windows[0] = window;
	e->week = WB_ARENA_ARRAY(d->arena, Weibao__V1__WeekdayWindows *, 7);
	for (uint32_t i = 0; e->week && i < 7; i++) {
		Weibao__V1__WeekdayWindows *w = WB_ARENA_NEW(d->arena, Weibao__V1__WeekdayWindows);
		if (!w)
			return none;
		weibao__v1__weekday_windows__init(w);
		w->weekday = i + 1;
		w->windows = windows;
		w->n_windows = 1;
		e->week[e->n_week++] = w;
	}
	return wb_sla_calendar_emit(d, e) ? e->calendar_id : none;
}

void wb_sla_make_defaults(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CalendarReady *ready = wb_sla_ready(d, command);
	if (!ready)
		return;
	if (wb_sla_policy(d->db, d->tenant, 0, d->arena)) {
		wb_already(d);
		return;
	}
	if (!ready->defaults || !ready->tz_version) { /* no final «no»: a tenant without a policy has no promises */
		wb_refuse(d, WB_UNAVAILABLE, "zone");
		return;
	}
	ProtobufCBinaryData hotline = default_calendar(d, ready, "hotline", "热线");
	ProtobufCBinaryData onsite = default_calendar(d, ready, "onsite", "上门");
	if (hotline.len && onsite.len)
		default_policy(d, hotline, onsite);
	else
		wb_refuse(d, WB_UNAVAILABLE, NULL);
}
