/* ExplainDeadline and PreviewDeadline: why a deadline is where it is, to the microsecond. */
#include "services/sla-timer/query.h"

#include <inttypes.h>

#define PREVIEW_TARGETS_MAX 64u

static bool window_views(struct wb_arena *a, const struct wb_calendar *cal, const struct wb_explanation *x,
        Weibao__V1__DeadlineExplanation *r)
{
	r->windows = WB_ARENA_ARRAY(a, Weibao__V1__WindowView *, x->windows_n + 1);
	for (size_t i = 0; r->windows && i < x->windows_n; i++) {
		const struct wb_explained_window *w = &x->windows[i];
		Weibao__V1__WindowView *v = WB_ARENA_NEW(a, Weibao__V1__WindowView);
		char *date = wb_arena_alloc(a, WB_DATE_TEXT_BYTES);
		if (!v || !date)
			return false;
		weibao__v1__window_view__init(v);
		wb_day_text(w->day, date);
		v->date = date;
		v->from_at = w->from_us;
		v->to_at = w->to_us;
		v->counted_us = (uint64_t)w->counted_us;
		v->suspended_us = (uint64_t)w->suspended_us;
		v->rule = w->rule == WB_DAY_RULE_WEEKDAY   ? WEIBAO__V1__DAY_RULE__DAY_RULE_WEEKDAY
		          : w->rule == WB_DAY_RULE_SPECIAL ? WEIBAO__V1__DAY_RULE__DAY_RULE_SPECIAL
		                                           : WEIBAO__V1__DAY_RULE__DAY_RULE_ALWAYS;
		for (uint32_t k = 0; cal && w->rule == WB_DAY_RULE_SPECIAL && k < cal->specials_n; k++)
			if (cal->specials[k].day == w->day)
				v->name = wb_arena_str(a, cal->specials[k].name);
		r->windows[r->n_windows++] = v;
	}
	r->windows_truncated = x->windows_truncated;
	return r->windows != NULL;
}

static bool suspension_effects(struct wb_arena *a, const struct wb_clock_terms *t, const struct wb_explanation *x,
        Weibao__V1__DeadlineExplanation *r)
{
	r->suspensions = WB_ARENA_ARRAY(a, Weibao__V1__SuspensionEffect *, x->suspensions_n + 1);
	for (size_t i = 0; r->suspensions && i < x->suspensions_n; i++) {
		const struct wb_explained_suspension *s = &x->suspensions[i];
		Weibao__V1__SuspensionEffect *v = WB_ARENA_NEW(a, Weibao__V1__SuspensionEffect);
		if (!v)
			return false;
		weibao__v1__suspension_effect__init(v);
		v->reason = (Weibao__V1__SuspensionReason)t->suspensions[s->index].reason;
		v->from_at = t->suspensions[s->index].from_us;
		v->has_until_at = t->suspensions[s->index].to_us != WB_SUSPENSION_OPEN;
		v->until_at = v->has_until_at ? t->suspensions[s->index].to_us : 0;
		v->moved = s->moved && s->to_us != s->from_us;
		v->added_us = (uint64_t)s->working_us;
		v->deadline_at = s->deadline_us;
		r->suspensions[r->n_suspensions++] = v;
	}
	return r->suspensions != NULL;
}

/* One sentence. Spans are in seconds: exact, in every language of a screen. */
static const char *sentence(
        struct wb_arena *a, const Weibao__V1__ClockRow *row, const Weibao__V1__DeadlineExplanation *r)
{
	const char *target;
	if (row->has_excepted_at)
		target = "the deadline that the client agreed to as an exception";
	else if (row->has_promised_at)
		target = "the promised time";
	else if (row->has_target_us)
		target =
		        wb_arena_fmt(a, "%" PRIu64 " seconds of service time", row->target_us / (uint64_t)WB_SECOND_US);
	else
		target = wb_arena_fmt(a, "%u service days", row->service_days);
	const char *moved = r->n_suspensions ? wb_arena_fmt(a, ", moved by %zu suspensions", r->n_suspensions) : "";
	const char *where = r->calendar_name ? wb_arena_fmt(a, "calendar %s version %u in %s", r->calendar_name,
	                                               r->calendar_version, r->zone)
	                                     : "24 x 7";
	if (!target || !moved || !where)
		return NULL;
	return wb_arena_fmt(a, "%s by %s under policy version %u%s%s", target, where, r->policy_version, moved,
	        r->has_left_us ? "; it is suspended now" : "");
}

static Weibao__V1__DeadlineExplanation *explain(struct wb_query *q, const Weibao__V1__ClockRow *row)
{
	struct wb_arena *a = q->arena;
	const Weibao__V1__CalendarRow *saved;
	const struct wb_calendar *cal;
	struct wb_clock_terms terms, plain;
	struct wb_clock_promise promise;
	struct wb_explanation x;
	Weibao__V1__DeadlineExplanation *r = WB_ARENA_NEW(a, Weibao__V1__DeadlineExplanation);
	if (!r || !wb_sla_query_calendar(
	                  q, row->has_calendar_id ? &row->calendar_id : NULL, row->calendar_version, &saved, &cal)) {
		wb_query_refuse(q, WB_CALENDAR_UNKNOWN, NULL);
		return NULL;
	}
	weibao__v1__deadline_explanation__init(r);
	if (!wb_sla_terms(row, cal, 0, a, &terms) || !wb_sla_terms_unexcepted(row, cal, 0, a, &plain) ||
	        wb_clock_promise(&plain, &promise) != WB_OK || wb_clock_explain(&terms, a, &x) != WB_OK) {
		wb_query_refuse(q, WB_DEADLINE_OUT_OF_RANGE, NULL);
		return NULL;
	}
	r->clock = row->kind;
	r->started_at = row->started_at;
	r->has_target_us = row->has_target_us;
	r->target_us = row->target_us;
	r->has_service_days = row->has_service_days;
	r->service_days = row->service_days;
	r->has_promised_at = row->has_promised_at;
	r->promised_at = row->promised_at;
	r->policy_version = row->policy_version;
	if (saved) {
		r->has_calendar_id = r->has_calendar_version = true;
		r->calendar_id = row->calendar_id;
		r->calendar_version = saved->saved->calendar_version;
		r->calendar_name = saved->saved->name;
		r->zone = saved->saved->zone;
		r->tz_version = saved->saved->tz_version;
	}
	r->original_deadline_at = promise.original_us;
	r->has_deadline_at = !x.promise.frozen;
	r->deadline_at = x.promise.frozen ? 0 : x.promise.deadline_us;
	r->has_left_us = x.promise.frozen;
	r->left_us = x.promise.frozen ? (uint64_t)x.promise.left_us : 0;
	if (!window_views(a, cal, &x, r) || !suspension_effects(a, &terms, &x, r))
		return NULL;
	r->because = (char *)(uintptr_t)sentence(a, row, r);
	return r->because ? r : NULL;
}

void wb_sla_explain_deadline(struct wb_query *q, const void *request)
{
	const Weibao__V1__ExplainDeadline *c = request;
	struct wb_id ticket;
	WB_SLA_NEW(q->arena, ExplainDeadlineAnswer, explain_deadline_answer, r);
	if (!wb_sla_ticket_for(q, c->ticket_id, &ticket))
		return;
	const Weibao__V1__ClockRow *row = wb_sla_clock(q->db, q->tenant, ticket, wb_id_of_field(c->clock_id), q->arena);
	if (!row) {
		wb_query_refuse(q, WB_NOT_FOUND, "clockId");
		return;
	}
	r->explanation = explain(q, row);
	r->clock = wb_sla_clock_view(q, row);
	if (!r->explanation || !r->clock)
		return;
	r->explanation->n_exceptions = wb_sla_exceptions_of(q, ticket, &row->clock_id, &r->explanation->exceptions);
	wb_answer(q, &r->base);
	wb_answer_version(q, WB_SLA_STREAM_CLOCKS, ticket);
}

/* ---- PreviewDeadline ---- */

/* The clock as it would start then. */
static void preview_row(const Weibao__V1__PreviewDeadline *c, const Weibao__V1__ClockTarget *t, uint32_t policy_version,
        Weibao__V1__ClockRow *row)
{
	row->kind = t->clock;
	row->started_at = c->at;
	row->has_target_us = t->has_target_us;
	row->target_us = t->target_us;
	row->has_service_days = t->has_service_days;
	row->service_days = t->service_days;
	row->has_calendar_id = t->has_calendar_id;
	row->calendar_id = t->calendar_id;
	row->policy_version = policy_version;
}

/* An arrival's deadline is what is promised: nothing to foretell. */
static bool wanted(const Weibao__V1__PreviewDeadline *c, const Weibao__V1__ClockTarget *t)
{
	return t->runs && t->clock != WB_SLA_KIND(ARRIVAL) && (!c->has_kind || t->kind == c->kind) &&
	       (!c->has_urgency || t->urgency == c->urgency) && (!c->has_clock || t->clock == c->clock);
}

static void preview(struct wb_query *q, const Weibao__V1__PreviewDeadline *c, const Weibao__V1__PolicyTerms *terms,
        uint32_t policy_version)
{
	WB_SLA_NEW(q->arena, PreviewDeadlineAnswer, preview_deadline_answer, r);
	r->deadlines = WB_ARENA_ARRAY(q->arena, Weibao__V1__DeadlineExplanation *, terms->n_targets + 1);
	for (size_t i = 0; r->deadlines && i < terms->n_targets; i++) {
		Weibao__V1__ClockRow row = WEIBAO__V1__CLOCK_ROW__INIT;
		if (!wanted(c, terms->targets[i]))
			continue;
		if (terms->targets[i]->has_target_us == terms->targets[i]->has_service_days) {
			wb_query_refuse(q, WB_FIELD_INVALID, wb_arena_fmt(q->arena, "terms.targets[%zu]", i));
			return;
		}
		preview_row(c, terms->targets[i], policy_version, &row);
		r->deadlines[r->n_deadlines] = explain(q, &row);
		if (!r->deadlines[r->n_deadlines++])
			return; /* refused */
	}
	wb_answer(q, &r->base);
}

void wb_sla_preview_deadline(struct wb_query *q, const void *request)
{
	const Weibao__V1__PreviewDeadline *c = request;
	if (c->at < WB_CALENDAR_MIN_US || c->at >= WB_CALENDAR_MAX_US) {
		wb_query_refuse(q, WB_TIME_OUT_OF_RANGE, "at");
		return;
	}
	if (c->terms) {
		if (c->terms->n_targets > PREVIEW_TARGETS_MAX)
			wb_query_refuse(q, WB_FIELD_TOO_LONG, "terms.targets");
		else
			preview(q, c, c->terms, 0);
		return;
	}
	const Weibao__V1__PolicyRow *p =
	        wb_sla_policy(q->db, q->tenant, c->has_policy_version ? c->policy_version : 0, q->arena);
	if (!p)
		wb_query_refuse(q, c->has_policy_version ? WB_NOT_FOUND : WB_POLICY_MISSING, "policyVersion");
	else
		preview(q, c, p->saved->terms, p->saved->policy_version);
}
