/* ListClocks: how each clock stands. */
#include "services/sla-timer/evolve_apply.h"
#include "services/sla-timer/query.h"

#include <string.h>

static bool is_person(const struct wb_query *q, ProtobufCBinaryData contact)
{
	return q->who->has_person_id && wb_sla_is(contact, wb_id_of_field(q->who->person_id));
}

/* Whether the client's user role is all that the principal has here. */
static bool only_user(const Weibao__V1__Principal *who)
{
	for (size_t i = 0; i < who->n_roles; i++)
		if (who->roles[i] != WEIBAO__V1__ROLE__ROLE_USER)
			return false;
	return true;
}

const Weibao__V1__SlaTicketRow *wb_sla_ticket_for(struct wb_query *q, ProtobufCBinaryData ticket, struct wb_id *ret_id)
{
	*ret_id = wb_id_of_field(ticket);
	const Weibao__V1__SlaTicketRow *t = wb_sla_ticket(q->db, q->tenant, *ret_id, q->arena);
	if (t && only_user(q->who) && !is_person(q, t->caller_id) && !is_person(q, t->onsite_contact_id) &&
	        !is_person(q, t->direct_user_id))
		t = NULL; /* as if it did not exist */
	if (!t)
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
	return t;
}

bool wb_sla_query_calendar(struct wb_query *q, const ProtobufCBinaryData *calendar, uint32_t version,
        const Weibao__V1__CalendarRow **ret_row, const struct wb_calendar **ret)
{
	*ret = NULL;
	*ret_row = NULL;
	if (!calendar)
		return true;
	struct wb_calendar *cal = WB_ARENA_NEW(q->arena, struct wb_calendar);
	*ret_row = wb_sla_calendar(q->db, q->tenant, wb_id_of_field(*calendar), version, q->arena);
	if (!cal || !*ret_row || wb_sla_calendar_make((*ret_row)->saved, q->arena, cal, NULL) != WB_OK)
		return false;
	*ret = cal;
	return true;
}

/* ---- views ---- */

static bool suspension_views(struct wb_arena *a, const Weibao__V1__ClockRow *row, Weibao__V1__ClockView *v)
{
	v->suspensions = WB_ARENA_ARRAY(a, Weibao__V1__SuspensionView *, row->n_suspensions + 1);
	for (size_t i = 0; v->suspensions && i < row->n_suspensions; i++) {
		const Weibao__V1__SuspensionRow *s = row->suspensions[i];
		Weibao__V1__SuspensionView *sv = WB_ARENA_NEW(a, Weibao__V1__SuspensionView);
		if (!sv)
			return false;
		weibao__v1__suspension_view__init(sv);
		sv->suspension_id = s->suspension_id;
		sv->reason = s->reason;
		sv->from_at = s->from_at;
		sv->has_until_at = s->has_until_at;
		sv->until_at = s->until_at;
		v->suspensions[v->n_suspensions++] = sv;
	}
	return v->suspensions != NULL;
}

/* Of one that runs: what is used and left now; a frozen one shows what is left, never late. */
static void running_view(
        struct wb_query *q, const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, Weibao__V1__ClockView *v)
{
	struct wb_clock_terms terms;
	struct wb_clock_state st;
	if (!wb_sla_terms(row, cal, 0, q->arena, &terms) || wb_clock_state(&terms, q->now_us, &st) != WB_OK)
		return;
	v->has_open = true;
	v->open = st.open;
	v->has_used_us = true;
	v->used_us = st.elapsed_us > 0 ? (uint64_t)st.elapsed_us : 0;
	v->has_left_us = st.phase != WB_CLOCK_OVERDUE;
	v->left_us = st.left_us > 0 ? (uint64_t)st.left_us : 0;
	if (st.phase == WB_CLOCK_FROZEN)
		v->state = WB_SLA_STATE(FROZEN);
	else if (row->has_hold_id)
		v->state = WB_SLA_STATE(PENDING);
	if (row->has_excepted_at) { /* the terms then begin with the exception; what was used began with the clock */
		int64_t used;
		if (wb_sla_used(row, cal, q->now_us, q->arena, &used) == WB_OK)
			v->used_us = (uint64_t)used;
	}
}

static void judged_view(
        struct wb_query *q, const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, Weibao__V1__ClockView *v)
{
	int64_t at = row->has_stopped_at ? row->stopped_at : q->now_us, us;
	if (row->state == WB_SLA_STATE(VOIDED))
		return;
	if (wb_sla_used(row, cal, at, q->arena, &us) == WB_OK) {
		v->has_used_us = true;
		v->used_us = (uint64_t)us;
	}
	if (row->state == WB_SLA_STATE(BREACHED) && at >= row->deadline_at &&
	        wb_calendar_working_between(cal ? cal : wb_calendar_always(), row->deadline_at, at, &us) == WB_OK) {
		v->has_late_us = true;
		v->late_us = (uint64_t)us;
	}
}

Weibao__V1__ClockView *wb_sla_clock_view(struct wb_query *q, const Weibao__V1__ClockRow *row)
{
	const Weibao__V1__CalendarRow *saved;
	const struct wb_calendar *cal;
	Weibao__V1__ClockView *v = WB_ARENA_NEW(q->arena, Weibao__V1__ClockView);
	if (!v)
		return NULL;
	weibao__v1__clock_view__init(v);
	v->clock_id = row->clock_id;
	v->kind = row->kind;
	v->round = row->round;
	v->has_visit_id = row->has_visit_id;
	v->visit_id = row->visit_id;
	v->state = row->state;
	v->started_at = row->started_at;
	v->has_deadline_at = row->has_deadline_at;
	v->deadline_at = row->deadline_at;
	v->original_deadline_at = row->original_deadline_at;
	v->has_stopped_at = row->has_stopped_at;
	v->stopped_at = row->stopped_at;
	v->policy_version = row->policy_version;
	v->has_calendar_id = row->has_calendar_id;
	v->calendar_id = row->calendar_id;
	v->has_calendar_version = row->has_calendar_version;
	v->calendar_version = row->calendar_version;
	v->void_cause = row->void_cause;
	if (!suspension_views(q->arena, row, v))
		return NULL;
	if (!wb_sla_query_calendar(
	            q, row->has_calendar_id ? &row->calendar_id : NULL, row->calendar_version, &saved, &cal))
		return v;
	if (row->state == WB_SLA_STATE(RUNNING))
		running_view(q, row, cal, v);
	else
		judged_view(q, row, cal, v);
	return v;
}

Weibao__V1__ExceptionView *wb_sla_exception_view(struct wb_arena *a, const Weibao__V1__ExceptionRow *row)
{
	Weibao__V1__ExceptionView *v = WB_ARENA_NEW(a, Weibao__V1__ExceptionView);
	if (!v)
		return NULL;
	weibao__v1__exception_view__init(v);
	v->exception_id = row->exception_id;
	v->clock_id = row->clock_id;
	v->state = row->state;
	v->proposed_at = row->proposed_at;
	v->proposed_by_id = row->proposed_by_id;
	v->new_deadline_at = row->new_deadline_at;
	v->original_deadline_at = row->original_deadline_at;
	v->reason = row->reason;
	v->verbal = row->verbal;
	v->has_pending_until = row->has_pending_until;
	v->pending_until = row->pending_until;
	v->has_agreed_by_id = row->has_agreed_by_id;
	v->agreed_by_id = row->agreed_by_id;
	v->has_counts_from = row->has_counts_from;
	v->counts_from = row->counts_from;
	return v;
}

size_t wb_sla_exceptions_of(
        struct wb_query *q, struct wb_id ticket, const ProtobufCBinaryData *clock, Weibao__V1__ExceptionView ***ret)
{
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes value;
	size_t n = 0;
	wb_sla_ticket_key(&prefix, q->tenant, ticket);
	size_t most = wb_count(q->db, &wb_sla_exceptions, &prefix, 10000);
	*ret = WB_ARENA_ARRAY(q->arena, Weibao__V1__ExceptionView *, most + 1);
	if (!*ret)
		return 0;
	wb_scan_prefix(&scan, q->db, &wb_sla_exceptions, &prefix);
	while (n < most && wb_scan_next(&scan, NULL, &value)) {
		const Weibao__V1__ExceptionRow *row = (const Weibao__V1__ExceptionRow *)wb_unpack_row(
		        q->db, &wb_sla_exceptions, value, &weibao__v1__exception_row__descriptor, q->arena);
		if (row && clock && !wb_sla_is(row->clock_id, wb_id_of_field(*clock)))
			continue;
		Weibao__V1__ExceptionView *v = row ? wb_sla_exception_view(q->arena, row) : NULL;
		if (!v)
			break;
		(*ret)[n++] = v;
	}
	wb_scan_done(&scan);
	return n;
}

/* ---- ListClocks ---- */

/* The holder of an exception's link sees that exception and its clock, nothing else of the ticket. */
static void list_for_link(struct wb_query *q, ProtobufCBinaryData ticket, Weibao__V1__ClockListAnswer *r)
{
	const Weibao__V1__Principal *who = q->who;
	struct wb_id id = wb_id_of_field(ticket);
	const Weibao__V1__ExceptionRow *x = NULL;
	if (who->link_purpose && strcmp(who->link_purpose, "exception") == 0 && who->has_link_id)
		x = wb_sla_exception(q->db, q->tenant, id, wb_id_of_field(who->link_id), q->arena);
	const Weibao__V1__ClockRow *row =
	        x ? wb_sla_clock(q->db, q->tenant, id, wb_id_of_field(x->clock_id), q->arena) : NULL;
	r->clocks = WB_ARENA_ARRAY(q->arena, Weibao__V1__ClockView *, 1);
	r->exceptions = WB_ARENA_ARRAY(q->arena, Weibao__V1__ExceptionView *, 1);
	if (!row || !r->clocks || !r->exceptions) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	r->clocks[0] = wb_sla_clock_view(q, row);
	r->exceptions[0] = wb_sla_exception_view(q->arena, x);
	if (!r->clocks[0] || !r->exceptions[0])
		return;
	r->n_clocks = r->n_exceptions = 1;
	wb_answer(q, &r->base);
}

void wb_sla_list_clocks(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListClocks *c = request;
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes value;
	struct wb_id ticket;
	WB_SLA_NEW(q->arena, ClockListAnswer, clock_list_answer, r);
	if (wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_LINK)) {
		list_for_link(q, c->ticket_id, r);
		return;
	}
	if (!wb_sla_ticket_for(q, c->ticket_id, &ticket))
		return;
	wb_sla_ticket_key(&prefix, q->tenant, ticket);
	size_t most = wb_count(q->db, &wb_sla_clocks, &prefix, 10000);
	r->clocks = WB_ARENA_ARRAY(q->arena, Weibao__V1__ClockView *, most + 1);
	wb_scan_prefix(&scan, q->db, &wb_sla_clocks, &prefix);
	while (r->clocks && r->n_clocks < most && wb_scan_next(&scan, NULL, &value)) {
		const Weibao__V1__ClockRow *row = (const Weibao__V1__ClockRow *)wb_unpack_row(
		        q->db, &wb_sla_clocks, value, &weibao__v1__clock_row__descriptor, q->arena);
		Weibao__V1__ClockView *v = row ? wb_sla_clock_view(q, row) : NULL;
		if (!v)
			break;
		r->clocks[r->n_clocks++] = v;
	}
	wb_scan_done(&scan);
	r->n_exceptions = wb_sla_exceptions_of(q, ticket, NULL, &r->exceptions);
	wb_answer(q, &r->base);
	wb_answer_version(q, WB_SLA_STREAM_CLOCKS, ticket);
}
