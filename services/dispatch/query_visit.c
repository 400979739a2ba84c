/* Queries of visits. */
#include "service/page.h"
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_queries.pb-c.h"

#define MY_VISITS_MAX 200u

bool dp_visit_readable(struct wb_query *q, const Ticket *t, const Visit *v)
{
	if (!dp_caller_concerned(q->who, t, v, "visit", "sign"))
		return false;
	if (!wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_ENGINEER) || dp_caller_is_staff(q->who))
		return true;
	struct wb_id me = wb_id_of_field(q->who->person_id);
	if (v && dp_visit_engineer(v, me))
		return true;
	const Weibao__V1__AssignmentRow *a = dp_assignment_get(q->db, q->tenant, q->arena);
	const Team *team = a && a->has_team_id ? dp_team_get(q->db, wb_id_of_field(a->team_id), q->arena) : NULL;
	return dp_team_has(team, me, q->now_us, NULL);
}

void dp_answer_get_visit(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetVisit *c = request;
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	const Ticket *t = dp_ticket_get(q->db, q->tenant, ticket, q->arena);
	const Visit *v = dp_visit_get(q->db, q->tenant, ticket, wb_id_of_field(c->visit_id), q->arena);
	if (!t || !v || !dp_visit_readable(q, t, v)) {
		wb_query_refuse(q, WB_NOT_FOUND, "visitId");
		return;
	}
	wb_answer(q, &v->base);
	wb_answer_version(q, "visits", ticket);
}

void dp_answer_list_ticket_visits(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListTicketVisits *c = request;
	Weibao__V1__ListTicketVisitsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListTicketVisitsAnswer);
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	const Ticket *t = dp_ticket_get(q->db, q->tenant, ticket, q->arena);
	struct visit_walk w;
	Visit *v;
	if (!r || !t || !dp_visit_readable(q, t, NULL)) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	weibao__v1__list_ticket_visits_answer__init(r);
	r->visits = WB_ARENA_ARRAY(q->arena, Visit *, t->visits + 1);
	dp_visit_walk(&w, q->db, q->tenant, ticket, q->arena);
	while (r->visits && r->n_visits < t->visits && (v = dp_visit_walk_next(&w)) != NULL)
		r->visits[r->n_visits++] = v;
	wb_scan_done(&w.scan);
	wb_answer(q, &r->base);
	wb_answer_version(q, "visits", ticket);
}

void dp_answer_list_open_visits(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListOpenVisits *c = request;
	Weibao__V1__ListOpenVisitsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListOpenVisitsAnswer);
	struct wb_key prefix;
	struct wb_page p;
	struct wb_bytes key, value;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &dp_open_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_open_visits_answer__init(r);
	r->visits = WB_ARENA_ARRAY(q->arena, Visit *, p.limit);
	while (r->visits && wb_page_next(&p, &key, &value)) {
		struct wb_key_reader reader;
		struct wb_id visit;
		char tenant[128];
		int64_t promised;
		const Weibao__V1__OpenVisitRow *row = (const Weibao__V1__OpenVisitRow *)wb_unpack_row(
		        q->db, &dp_open_table, value, &weibao__v1__open_visit_row__descriptor, q->arena);
		wb_key_reader_init(&reader, key);
		if (!row || !wb_key_read_text(&reader, tenant, sizeof tenant, NULL) ||
		        !wb_key_read_i64(&reader, &promised) || !wb_key_read_id(&reader, &visit))
			break;
		struct wb_id ticket = wb_id_of_field(row->ticket_id);
		const Ticket *t = dp_ticket_get(q->db, q->tenant, ticket, q->arena);
		Visit *v = dp_visit_get(q->db, q->tenant, ticket, visit, q->arena);
		if (t && v && dp_visit_readable(q, t, v))
			r->visits[p.n++] = v;
	}
	r->n_visits = p.n;
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

static Weibao__V1__MyVisitItem *my_item(struct wb_query *q, const char *client, Visit *v, struct wb_id ticket)
{
	Weibao__V1__MyVisitItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__MyVisitItem);
	const Ticket *t = dp_ticket_get(q->db, client, ticket, q->arena);
	if (!i)
		return NULL;
	weibao__v1__my_visit_item__init(i);
	i->client = (char *)(uintptr_t)client;
	i->visit = v;
	if (t) {
		i->ticket_number = t->reported->number;
		i->office_name = t->reported->place->office_name;
	}
	return i;
}

/* What is sealed in a client unit's tenant is read there, by GetVisit: here it is left out. */
static void without_personal(Visit *v)
{
	v->wish_note = NULL;
	v->diagnosis = NULL;
	v->n_work = 0;
	v->form = NULL;
	v->signed_ = NULL;
	v->n_engineers = 0;
}

/* One's own; those of another are for principal and manager. */
static bool whose_visits(struct wb_query *q, const Weibao__V1__MyVisits *c, struct wb_id *ret_id)
{
	struct wb_id me = wb_id_of_field(q->who->person_id);
	*ret_id = c->has_engineer_id ? wb_id_of_field(c->engineer_id) : me;
	if (q->who->has_person_id && wb_id_equal(*ret_id, me))
		return true;
	return c->has_engineer_id && (wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_PRINCIPAL) ||
	                                     wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_MANAGER));
}

void dp_answer_my_visits(struct wb_query *q, const void *request)
{
	const Weibao__V1__MyVisits *c = request;
	Weibao__V1__MyVisitsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__MyVisitsAnswer);
	struct wb_id me, engineer, visit;
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes key, value;
	char provider[16];
	if (!r || !whose_visits(q, c, &me)) {
		wb_query_refuse(q, WB_NOT_FOUND, "engineerId");
		return;
	}
	weibao__v1__my_visits_answer__init(r);
	r->visits = WB_ARENA_ARRAY(q->arena, Weibao__V1__MyVisitItem *, MY_VISITS_MAX);
	dp_thing_key(&prefix, DISPATCH_PROVIDER, me);
	wb_scan_prefix(&scan, q->db, &dp_duties_table, &prefix);
	while (r->visits && r->n_visits < MY_VISITS_MAX && wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader reader;
		const Weibao__V1__DutyRow *row = (const Weibao__V1__DutyRow *)wb_unpack_row(
		        q->db, &dp_duties_table, value, &weibao__v1__duty_row__descriptor, q->arena);
		wb_key_reader_init(&reader, key);
		if (!row || !wb_key_read_text(&reader, provider, sizeof provider, NULL) ||
		        !wb_key_read_id(&reader, &engineer) || !wb_key_read_id(&reader, &visit))
			break;
		struct wb_id ticket = wb_id_of_field(row->ticket_id);
		Visit *v = dp_visit_get(q->db, row->client, ticket, visit, q->arena);
		if (!v || (c->has_from_at && v->promised_arrival_at < c->from_at) ||
		        (c->has_until_at && v->promised_arrival_at >= c->until_at))
			continue;
		without_personal(v);
		Weibao__V1__MyVisitItem *item = my_item(q, row->client, v, ticket);
		if (!item)
			break;
		r->visits[r->n_visits++] = item;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}
