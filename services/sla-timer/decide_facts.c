/* What happened to a ticket, fact by fact, and what it does to the clocks. */
#include "services/sla-timer/decide_engine.h"
#include "services/sla-timer/evolve_apply.h"

static bool running(const Weibao__V1__ClockRow *row)
{
	return row->state == WB_SLA_STATE(RUNNING) && !row->has_stopped_at;
}

/* Not stopped yet, judged or not. */
static bool unstopped(const Weibao__V1__ClockRow *row)
{
	return !row->has_stopped_at && (row->state == WB_SLA_STATE(RUNNING) || row->state == WB_SLA_STATE(BREACHED));
}

static bool past(int64_t due, int64_t at_us, bool inclusive)
{
	return inclusive ? due <= at_us : due < at_us;
}

static bool has_open_appointment(const struct wb_sla_engine *en)
{
	for (size_t i = 0; i < en->n_clocks; i++)
		if (en->clocks[i]->kind == WB_SLA_KIND(APPOINTMENT) && en->clocks[i]->round == en->t->round &&
		        unstopped(en->clocks[i]))
			return true;
	return false;
}

static void need_appointment(struct wb_sla_engine *en, int64_t at_us, struct wb_sla_when when)
{
	en->t->has_appointment_due_at = false;
	if (!en->t->ended && !en->t->n_visit_ids && !has_open_appointment(en))
		wb_sla_start(en, WB_SLA_KIND(APPOINTMENT), at_us, when, NULL, NULL);
}

/* ---- what became due ---- */

static void catch_up_clock(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us, bool inclusive)
{
	if (row->state != WB_SLA_STATE(RUNNING))
		return;
	if (row->has_hold_id && past(row->hold_until_at, at_us, inclusive)) {
		wb_sla_lapse(en, row);
		wb_sla_settle_held(en, row);
	}
	if (running(row) && row->has_deadline_at && !row->has_hold_id && past(row->deadline_at, at_us, inclusive))
		wb_sla_breach(en, row);
}

void wb_sla_catch_up(struct wb_sla_engine *en, int64_t at_us, bool inclusive)
{
	if (en->t->has_appointment_due_at && past(en->t->appointment_due_at, at_us, inclusive)) {
		en->moved_on = true;
		need_appointment(en, en->t->appointment_due_at, (struct wb_sla_when){0, en->t->appointment_due_at});
	}
	for (size_t i = 0; i < en->n_clocks && !wb_refused(en->d); i++)
		catch_up_clock(en, en->clocks[i], at_us, inclusive);
}

/* ---- parts of facts ---- */

static struct wb_sla_when when_of(const Weibao__V1__FactRow *f)
{
	return (struct wb_sla_when){f->position, f->recorded_at};
}

static bool is_of_visit(const Weibao__V1__ClockRow *row, const Weibao__V1__FactRow *f)
{
	return !row->has_visit_id || (f->has_visit_id && wb_sla_is(row->visit_id, wb_id_of_field(f->visit_id)));
}

/* Stops what there is of that kind in the fact's round; an arrival: of the fact's visit. */
static void stop_kind(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, Weibao__V1__ClockKind kind)
{
	const struct wb_sla_stop stop = {f->at, f->recorded_at, f->offline, f->tenant_position};
	for (size_t i = 0; i < en->n_clocks; i++) {
		Weibao__V1__ClockRow *row = en->clocks[i];
		if (row->kind == kind && row->round == f->round &&
		        (kind != WB_SLA_KIND(ARRIVAL) || is_of_visit(row, f)))
			wb_sla_stop(en, row, &stop);
	}
}

static void void_kind(
        struct wb_sla_engine *en, const Weibao__V1__FactRow *f, Weibao__V1__ClockKind kind, const char *cause)
{
	const struct wb_sla_stop stop = {f->at, f->recorded_at, f->offline, f->tenant_position};
	for (size_t i = 0; i < en->n_clocks; i++) {
		Weibao__V1__ClockRow *row = en->clocks[i];
		if (row->kind != kind || row->round != f->round ||
		        (kind == WB_SLA_KIND(ARRIVAL) && !is_of_visit(row, f)))
			continue;
		if (running(row))
			wb_sla_void(en, row, cause);
		else if (unstopped(row))
			wb_sla_stop(en, row, &stop);
	}
}

/* Nothing of these rounds goes on: what runs counts for nobody, what is judged grows no later. */
static void end_all(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, const char *cause)
{
	/* an end is no evidence that a clock was met */
	const struct wb_sla_stop stop = {f->recorded_at, f->recorded_at, false, f->tenant_position};
	for (size_t i = 0; i < en->n_clocks; i++) {
		Weibao__V1__ClockRow *row = en->clocks[i];
		if (running(row))
			wb_sla_void(en, row, cause);
		else if (unstopped(row))
			wb_sla_stop(en, row, &stop);
	}
}

static void add_visit(struct wb_sla_engine *en, ProtobufCBinaryData visit)
{
	Weibao__V1__SlaTicketRow *t = en->t;
	ProtobufCBinaryData *all = WB_ARENA_ARRAY(en->d->arena, ProtobufCBinaryData, t->n_visit_ids + 1);
	if (!all)
		return;
	for (size_t i = 0; i < t->n_visit_ids; i++) {
		if (wb_sla_is(t->visit_ids[i], wb_id_of_field(visit)))
			return;
		all[i] = t->visit_ids[i];
	}
	all[t->n_visit_ids++] = visit;
	t->visit_ids = all;
}

static void remove_visit(struct wb_sla_engine *en, ProtobufCBinaryData visit)
{
	Weibao__V1__SlaTicketRow *t = en->t;
	size_t n = 0;
	for (size_t i = 0; i < t->n_visit_ids; i++)
		if (!wb_sla_is(t->visit_ids[i], wb_id_of_field(visit)))
			t->visit_ids[n++] = t->visit_ids[i];
	t->n_visit_ids = n;
}

static Weibao__V1__ClockRow *running_of(
        struct wb_sla_engine *en, const Weibao__V1__FactRow *f, Weibao__V1__ClockKind kind)
{
	for (size_t i = 0; i < en->n_clocks; i++) {
		Weibao__V1__ClockRow *row = en->clocks[i];
		if (row->kind == kind && row->round == f->round && running(row) &&
		        (kind != WB_SLA_KIND(ARRIVAL) || is_of_visit(row, f)))
			return row;
	}
	return NULL;
}

/* The user chose a later time than was offered: the resolution is suspended between. */
static void suspend_agreed(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, int64_t offered_us)
{
	Weibao__V1__ClockRow *row = running_of(en, f, WB_SLA_KIND(RESOLUTION));
	int64_t from = offered_us > f->at ? offered_us : f->at;
	if (row && f->promised_at > from && row->n_suspensions < WB_CLOCK_SUSPENSIONS_MAX)
		wb_sla_suspend(en, row, WB_SLA_REASON(AGREED), from, &f->promised_at, &f->visit_id);
}

/* The visit's agreed waiting ends there at the latest. */
static void cut_agreed(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, int64_t at_us)
{
	Weibao__V1__ClockRow *row = running_of(en, f, WB_SLA_KIND(RESOLUTION));
	for (size_t i = 0; row && i < row->n_suspensions; i++) {
		const Weibao__V1__SuspensionRow *s = row->suspensions[i];
		if (s->has_visit_id && wb_sla_is(s->visit_id, wb_id_of_field(f->visit_id)) && s->has_until_at &&
		        s->until_at > at_us && s->until_at > s->from_at)
			wb_sla_resume(en, row, s, at_us);
	}
}

static bool is_present(const struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	return f->round == en->t->round;
}

/* ---- facts ---- */

static void take_round(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	Weibao__V1__SlaTicketRow *t = en->t;
	if (f->round <= t->round)
		return;
	end_all(en, f, "ROUND");
	t->round = f->round;
	t->responded = t->ended = t->has_appointment_due_at = false;
	t->n_visit_ids = 0;
	wb_sla_start(en, WB_SLA_KIND(RESPONSE), f->at, when_of(f), NULL, NULL);
	wb_sla_start(en, WB_SLA_KIND(RESOLUTION), f->at, when_of(f), NULL, NULL);
}

/* Without a solution or an appointment the appointment clock starts at the latest so long after the response. */
static void expect_appointment(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	struct wb_decision *d = en->d;
	const Weibao__V1__PolicyRow *p = wb_sla_policy_at(d->db, d->tenant, when_of(f), d->arena);
	const Weibao__V1__ClockTarget *target =
	        p ? wb_sla_target(p->saved->terms, WB_SLA_KIND(APPOINTMENT), en->t->kind, en->t->urgency) : NULL;
	const struct wb_calendar *cal = NULL;
	Weibao__V1__ClockRow named = WEIBAO__V1__CLOCK_ROW__INIT;
	if (!target || !target->runs)
		return;
	if (!wb_sla_name_calendar(en, target, when_of(f), &named) || !wb_sla_calendar_of(en, &named, &cal))
		return;
	en->t->has_appointment_due_at =
	        wb_calendar_add(cal ? cal : wb_calendar_always(), f->at, (int64_t)p->saved->terms->appointment_after_us,
	                &en->t->appointment_due_at) == WB_OK;
}

static void take_responded(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	Weibao__V1__SlaTicketRow *t = en->t;
	stop_kind(en, f, WB_SLA_KIND(RESPONSE));
	if (!is_present(en, f) || t->responded)
		return;
	t->responded = true;
	if (!t->ended && !t->n_visit_ids && !has_open_appointment(en))
		expect_appointment(en, f);
}

static void take_needed(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	if (is_present(en, f))
		need_appointment(en, f->at, when_of(f));
}

static void take_scheduled(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	stop_kind(en, f, WB_SLA_KIND(APPOINTMENT));
	if (!is_present(en, f))
		return;
	en->t->has_appointment_due_at = false;
	add_visit(en, f->visit_id);
	wb_sla_start(en, WB_SLA_KIND(ARRIVAL), f->at, when_of(f), &f->visit_id, &f->promised_at);
	if (f->has_earliest_at && f->promised_at > f->earliest_at)
		suspend_agreed(en, f, f->earliest_at);
}

/* At the user's wish it is a new promise; moved by the provider, the first one stays and is judged. */
static void move_promise(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, Weibao__V1__ClockRow *row)
{
	static char cause[] = "MOVED_BY_USER";
	struct wb_sla_deadline dl;
	WB_SLA_NEW(en->d->arena, ClockRetargeted, clock_retargeted, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->cause = cause;
	e->policy_version = row->policy_version;
	e->generation = row->generation + 1;
	e->has_promised_at = e->has_from_at = true;
	e->promised_at = f->promised_at > f->at ? f->promised_at : f->at;
	e->from_at = f->at;
	if (!wb_sla_deadline_after(en, row, NULL, &e->base, f->at, &dl))
		return;
	e->deadline_at = dl.deadline_us;
	e->has_warn_at = wb_sla_warn_ahead(en, row, &dl);
	e->warn_at = dl.warn_us;
	wb_sla_emit(en, row, NULL, &e->base);
}

static void take_moved(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	Weibao__V1__ClockRow *row = running_of(en, f, WB_SLA_KIND(ARRIVAL));
	bool had_promise = row != NULL && row->has_promised_at;
	int64_t promised = had_promise ? row->promised_at : 0;
	cut_agreed(en, f, f->promised_at);
	if (!f->by_user)
		return;
	if (f->has_earliest_at)
		suspend_agreed(en, f, f->earliest_at);
	else if (had_promise && f->promised_at > promised)
		suspend_agreed(en, f, promised); /* the time that stood was on offer */
	if (row)
		move_promise(en, f, row);
}

static void take_visit_cancelled(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	void_kind(en, f, WB_SLA_KIND(ARRIVAL), "VISIT_CANCELLED");
	cut_agreed(en, f, f->at);
	if (!is_present(en, f))
		return;
	remove_visit(en, f->visit_id);
	need_appointment(en, f->at, when_of(f)); /* another time must be agreed */
}

static void take_arrived(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	stop_kind(en, f, WB_SLA_KIND(ARRIVAL));
	stop_kind(en, f, WB_SLA_KIND(RESPONSE)); /* on site counts like a call */
	cut_agreed(en, f, f->at);
	if (is_present(en, f)) {
		en->t->responded = true;
		en->t->has_appointment_due_at = false;
	}
}

static void take_left(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	stop_kind(en, f, WB_SLA_KIND(ARRIVAL)); /* whoever left had arrived */
	if (!is_present(en, f))
		return;
	remove_visit(en, f->visit_id);
	if (!f->second_visit || en->t->ended)
		return;
	need_appointment(en, f->at, when_of(f));
	if (f->has_promised_at) /* the second visit's time was agreed on leaving */
		stop_kind(en, f, WB_SLA_KIND(APPOINTMENT));
}

static void take_completed(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	stop_kind(en, f, WB_SLA_KIND(RESPONSE));
	void_kind(en, f, WB_SLA_KIND(APPOINTMENT), "COMPLETED");
	stop_kind(en, f, WB_SLA_KIND(RESOLUTION));
	if (!is_present(en, f) || en->t->ended)
		return;
	en->t->responded = en->t->ended = true;
	en->t->has_appointment_due_at = false;
	wb_sla_start(en, WB_SLA_KIND(FOLLOW_UP), f->at, when_of(f), NULL, NULL);
}

static void take_followed(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	if (f->cause)
		void_kind(en, f, WB_SLA_KIND(FOLLOW_UP), f->cause);
	else
		stop_kind(en, f, WB_SLA_KIND(FOLLOW_UP));
}

static void take_ended(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	end_all(en, f, f->cause ? f->cause : "ENDED");
	en->t->ended = true;
	en->t->has_appointment_due_at = false;
	en->t->n_visit_ids = 0;
}

static bool same_calendar(const Weibao__V1__ClockRow *row, const Weibao__V1__ClockTarget *t)
{
	return row->has_calendar_id == t->has_calendar_id &&
	       (!t->has_calendar_id || wb_sla_is(row->calendar_id, wb_id_of_field(t->calendar_id)));
}

static bool set_calendar(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, const Weibao__V1__ClockTarget *target,
        Weibao__V1__ClockRetargeted *e)
{
	Weibao__V1__ClockRow named = WEIBAO__V1__CLOCK_ROW__INIT;
	if (!wb_sla_name_calendar(en, target, when_of(f), &named))
		return false;
	e->has_calendar_set = e->calendar_set = true;
	e->has_calendar_id = named.has_calendar_id;
	e->calendar_id = named.calendar_id;
	e->has_calendar_version = named.has_calendar_version;
	e->calendar_version = named.calendar_version;
	return true;
}

/* A new target for what runs: time used and time earned by suspensions are kept. A promise that would have been over
 * before it was changed is over at the change. */
static void retarget(struct wb_sla_engine *en, const Weibao__V1__FactRow *f, Weibao__V1__ClockRow *row,
        const Weibao__V1__ClockTarget *target)
{
	static char cause[] = "URGENCY";
	struct wb_sla_deadline dl;
	WB_SLA_NEW(en->d->arena, ClockRetargeted, clock_retargeted, e);
	e->ticket_id = en->ticket;
	e->round = row->round;
	e->clock_id = row->clock_id;
	e->cause = cause;
	e->has_target_us = target->has_target_us;
	e->target_us = target->target_us;
	e->has_service_days = target->has_service_days;
	e->service_days = target->service_days;
	e->policy_version = row->policy_version;
	e->generation = row->generation + 1;
	e->has_from_at = true;
	e->from_at = f->at;
	if (!same_calendar(row, target) && !set_calendar(en, f, target, e))
		return;
	if (!wb_sla_deadline_after(en, row, NULL, &e->base, f->at, &dl))
		return;
	if (dl.deadline_us < f->at) {
		e->has_promised_at = true;
		e->promised_at = f->at;
		if (!wb_sla_deadline_after(en, row, NULL, &e->base, f->at, &dl))
			return;
	}
	e->deadline_at = dl.deadline_us;
	e->has_warn_at = wb_sla_warn_ahead(en, row, &dl);
	e->warn_at = dl.warn_us;
	wb_sla_emit(en, row, NULL, &e->base);
}

static bool same_target(const Weibao__V1__ClockRow *row, const Weibao__V1__ClockTarget *t)
{
	return !row->has_promised_at && same_calendar(row, t) && row->has_target_us == t->has_target_us &&
	       (!t->has_target_us || row->target_us == t->target_us) && row->has_service_days == t->has_service_days &&
	       (!t->has_service_days || row->service_days == t->service_days);
}

/* Whether a clock of that kind counts in this round: any but a voided one. */
static bool has_counting(const struct wb_sla_engine *en, Weibao__V1__ClockKind kind)
{
	for (size_t i = 0; i < en->n_clocks; i++)
		if (en->clocks[i]->kind == kind && en->clocks[i]->round == en->t->round &&
		        en->clocks[i]->state != WB_SLA_STATE(VOIDED))
			return true;
	return false;
}

/* What the old urgency had no clock for and the new one has. */
static void start_missing(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	if (en->t->ended || !is_present(en, f))
		return;
	if (!en->t->responded && !has_counting(en, WB_SLA_KIND(RESPONSE)))
		wb_sla_start(en, WB_SLA_KIND(RESPONSE), f->at, when_of(f), NULL, NULL);
	if (!has_counting(en, WB_SLA_KIND(RESOLUTION)))
		wb_sla_start(en, WB_SLA_KIND(RESOLUTION), f->at, when_of(f), NULL, NULL);
}

static void take_urgency(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	en->t->urgency = f->urgency;
	for (size_t i = 0; i < en->n_clocks && !wb_refused(en->d); i++) {
		Weibao__V1__ClockRow *row = en->clocks[i];
		if (row->round != en->t->round || !running(row) || row->kind == WB_SLA_KIND(ARRIVAL))
			continue;
		const Weibao__V1__PolicyTerms *p = wb_sla_policy_of(en, row);
		const Weibao__V1__ClockTarget *t = p ? wb_sla_target(p, row->kind, en->t->kind, f->urgency) : NULL;
		if (!t || !t->runs)
			wb_sla_void(en, row, "URGENCY");
		else if (!same_target(row, t))
			retarget(en, f, row, t);
	}
	start_missing(en, f);
}

static void take(struct wb_sla_engine *en, const Weibao__V1__FactRow *f)
{
	switch (f->kind) {
	case WB_SLA_FACT(ROUND):
		take_round(en, f);
		break;
	case WB_SLA_FACT(RESPONDED):
		take_responded(en, f);
		break;
	case WB_SLA_FACT(NEEDED):
		take_needed(en, f);
		break;
	case WB_SLA_FACT(SCHEDULED):
		take_scheduled(en, f);
		break;
	case WB_SLA_FACT(MOVED):
		take_moved(en, f);
		break;
	case WB_SLA_FACT(VISIT_CANCELLED):
		take_visit_cancelled(en, f);
		break;
	case WB_SLA_FACT(ARRIVED):
		take_arrived(en, f);
		break;
	case WB_SLA_FACT(LEFT):
		take_left(en, f);
		break;
	case WB_SLA_FACT(SOLVED):
	case WB_SLA_FACT(COMPLETED):
		take_completed(en, f);
		break;
	case WB_SLA_FACT(FOLLOWED):
		take_followed(en, f);
		break;
	case WB_SLA_FACT(URGENCY):
		take_urgency(en, f);
		break;
	case WB_SLA_FACT(ENDED):
		take_ended(en, f);
		break;
	case WB_SLA_FACT(UNSPECIFIED):
	case _WEIBAO__V1__FACT_KIND_IS_INT_SIZE:
		break;
	}
}

bool wb_sla_take_facts(struct wb_sla_engine *en)
{
	struct wb_decision *d = en->d;
	for (uint32_t i = 0; i < WB_SLA_FACTS_A_STEP && en->t->through < en->t->noted && !wb_refused(d); i++) {
		struct wb_key k;
		wb_sla_fact_key(&k, d->tenant, en->ticket_id, en->t->through + 1);
		const Weibao__V1__FactRow *f = (const Weibao__V1__FactRow *)wb_get_row(
		        d->db, &wb_sla_facts, &k, &weibao__v1__fact_row__descriptor, d->arena);
		if (!f) {
			wb_refuse(d, WB_UNAVAILABLE, NULL);
			return false;
		}
		wb_sla_catch_up(en, f->recorded_at, false);
		if (!wb_refused(d))
			take(en, f);
		en->t->through++;
		en->moved_on = true;
	}
	return !wb_refused(d);
}
