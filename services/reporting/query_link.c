/* The small view behind a link: no more than its holder needs to confirm, sign, rate or accept. */
#include "services/reporting/query.h"

#include <string.h>

static bool is_purpose(const char *purpose)
{
	static const char *const shown[] = {"visit", "confirm", "sign", "rate", "amount"};
	for (size_t i = 0; purpose && i < sizeof shown / sizeof shown[0]; i++)
		if (strcmp(purpose, shown[i]) == 0)
			return true;
	return false;
}

/* A link names a ticket, or a visit or charge of one. */
static const Weibao__V1__ReadTicketRow *named(struct wb_query *q, struct wb_id *ret_visit)
{
	struct wb_id id = wb_id_of_field(q->who->link_id), ticket;
	*ret_visit = (struct wb_id){{0}};
	if (!q->who->has_link_id || wb_id_is_zero(id) || !is_purpose(q->who->link_purpose))
		return NULL;
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, id, q->arena);
	if (row)
		return row;
	if (!rp_ref_find(q->db, q->tenant, id, &ticket))
		return NULL;
	*ret_visit = id;
	return rp_ticket_get(q->db, q->tenant, ticket, q->arena);
}

static void show_visit(
        struct wb_query *q, struct wb_id ticket, struct wb_id visit, Weibao__V1__GetTicketByLinkAnswer *r)
{
	Weibao__V1__ReadVisitRow **visits, *v;
	size_t n;
	rp_visit_rows_of(q, ticket, &visits, &n);
	v = rp_visit_get(q->db, q->tenant, ticket, visit, q->arena);
	v = v ? v : rp_newest_visit(visits, n);
	if (!v)
		return;
	r->has_visit_id = r->has_visit_stage = r->has_promised_arrival_at = true;
	r->visit_id = v->visit_id;
	r->form_number = v->form_number;
	r->visit_stage = v->stage;
	r->promised_arrival_at = v->promised_arrival_at;
	r->has_confirmed_by_user = v->has_confirmed_by_user;
	r->confirmed_by_user = v->confirmed_by_user;
	r->has_wished_at = v->has_wished_at;
	r->wished_at = v->wished_at;
	r->engineer_names = WB_ARENA_ARRAY(q->arena, Weibao__V1__Personal *, v->n_engineers + 1);
	for (size_t i = 0; r->engineer_names && i < v->n_engineers; i++)
		if (rp_is_on_visit(v->engineers[i]))
			r->engineer_names[r->n_engineer_names++] = v->engineers[i]->name;
	r->form = (Weibao__V1__ReadFormRow *)rp_part_get(q->db, q->tenant, ticket, PART_FORM,
	        wb_id_of_field(v->visit_id), &weibao__v1__read_form_row__descriptor, q->arena);
}

/* The amounts that are still to be accepted or declined. */
static void show_charges(struct wb_query *q, struct wb_id ticket, Weibao__V1__GetTicketByLinkAnswer *r)
{
	size_t n, kept = 0;
	r->charges = NULL;
	rp_parts_of(q, ticket, PART_CHARGE, &weibao__v1__read_charge_row__descriptor, &r->charges, &n);
	for (size_t i = 0; i < n; i++)
		if (r->charges[i]->stage == WEIBAO__V1__CHARGE_STAGE__CHARGE_STAGE_PROPOSED)
			r->charges[kept++] = r->charges[i];
	r->n_charges = kept;
}

void rp_answer_by_link(struct wb_query *q, const void *request)
{
	struct wb_id visit, ticket;
	const Weibao__V1__ReadTicketRow *row = named(q, &visit);
	(void)request;
	if (!row) {
		wb_query_refuse(q, WB_NOT_FOUND, NULL);
		return;
	}
	ticket = wb_id_of_field(row->ticket_id);
	if (q->who->has_link_round && q->who->link_round < row->round) {
		wb_query_refuse(q, WB_ROUND_PAST, NULL);
		return;
	}
	const Weibao__V1__TicketReported *e = rp_report_get(q->db, q->tenant, ticket, q->arena);
	Weibao__V1__GetTicketByLinkAnswer *r = e ? rp_answer_new(q, sizeof *r) : NULL;
	if (!r)
		return;
	weibao__v1__get_ticket_by_link_answer__init(r);
	r->ticket_id = row->ticket_id;
	r->number = row->number;
	r->stage = row->stage;
	r->round = row->round;
	r->office_name = e->place->office_name;
	r->category = row->category;
	r->model = row->model;
	size_t n = row->serial ? strlen(row->serial) : 0;
	if (n > 0)
		r->serial_tail = row->serial + (n > 4 ? n - 4 : 0);
	r->symptom = e->symptom;
	r->has_by_phone = row->has_by_phone;
	r->by_phone = row->by_phone;
	r->has_grade = row->has_grade;
	r->grade = row->grade;
	show_visit(q, ticket, visit, r);
	if (strcmp(q->who->link_purpose, "amount") == 0)
		show_charges(q, ticket, r);
	wb_answer(q, &r->base);
}
