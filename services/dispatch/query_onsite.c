/* The service form, the work of a ticket on site, the repair register, what waits for the lead or the client. */
#include "service/page.h"
#include "services/dispatch/core.h"
#include "services/dispatch/onsite.h"

#include <string.h>

#define FORM_VERSION 1u

/* The ticket, for who may see it. */
static const Ticket *ticket_for(struct wb_query *q, ProtobufCBinaryData field, const Visit *visit, struct wb_id *ret_id)
{
	*ret_id = wb_id_of_field(field);
	const Ticket *t = dp_ticket_get(q->db, q->tenant, *ret_id, q->arena);
	if (t && dp_visit_readable(q, t, visit))
		return t;
	wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
	return NULL;
}

static int32_t offset_at(const Weibao__V1__UnitRow *unit, int64_t at)
{
	int32_t offset = strcmp(unit->zone, "Asia/Shanghai") == 0 ? 8 * 3600 : 0;
	for (size_t i = 0; i < unit->n_transitions && unit->transitions[i]->at <= at; i++)
		offset = unit->transitions[i]->offset_s;
	return offset;
}

static void visit_statements(
        struct wb_query *q, struct wb_id ticket, struct wb_id visit, Weibao__V1__ServiceFormAnswer *r)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(
	        q->db, q->tenant, ticket, ONSITE_STATEMENT, &weibao__v1__statement_row__descriptor, q->arena, &all);
	r->statements = WB_ARENA_ARRAY(q->arena, Weibao__V1__StatementRow *, n + 1);
	for (size_t i = 0; r->statements && i < n; i++) {
		Weibao__V1__StatementRow *s = (Weibao__V1__StatementRow *)all[i];
		if (wb_id_equal(wb_id_of_field(s->shown->visit_id), visit))
			r->statements[r->n_statements++] = s;
	}
}

void dp_answer_get_service_form(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetServiceForm *c = request;
	Weibao__V1__ServiceFormAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ServiceFormAnswer);
	struct wb_id ticket = wb_id_of_field(c->ticket_id), visit = wb_id_of_field(c->visit_id);
	Visit *v = dp_visit_get(q->db, q->tenant, ticket, visit, q->arena);
	const Ticket *t = ticket_for(q, c->ticket_id, v, &ticket);
	const Weibao__V1__UnitRow *unit = dp_unit_get(q->db, q->tenant, q->arena);
	ProtobufCMessage **charges;
	if (!t || !r)
		return;
	if (!v) {
		wb_query_refuse(q, WB_NOT_FOUND, "visitId");
		return;
	}
	weibao__v1__service_form_answer__init(r);
	r->form_number = v->form_number;
	r->form_version = FORM_VERSION;
	r->revision = v->form_revision;
	r->ticket_number = t->reported->number;
	r->has_blank = c->has_blank && c->blank;
	r->blank = r->has_blank;
	if (unit) {
		r->client_name = unit->name;
		r->has_offset_s = true;
		r->offset_s = offset_at(unit, q->now_us);
	}
	wb_answer_version(q, "visits", ticket);
	if (r->blank) {
		wb_answer(q, &r->base);
		return;
	}
	r->reported = t->reported;
	r->visit = v;
	r->model = t->model;
	r->serial = t->serial;
	visit_statements(q, ticket, visit, r);
	r->shown = (Weibao__V1__FormShownRow *)dp_onsite_get(
	        q->db, q->tenant, ticket, ONSITE_FORM_SHOWN, visit, &weibao__v1__form_shown_row__descriptor, q->arena);
	r->follow_up = (Weibao__V1__FollowUpRecorded *)dp_onsite_get(q->db, q->tenant, ticket, ONSITE_FOLLOW_UP,
	        dp_round_id(v->round), &weibao__v1__follow_up_recorded__descriptor, q->arena);
	r->n_charges = dp_onsite_all(
	        q->db, q->tenant, ticket, ONSITE_CHARGE, &weibao__v1__charge_row__descriptor, q->arena, &charges);
	r->charges = (Weibao__V1__ChargeRow **)charges;
	wb_answer(q, &r->base);
}

void dp_answer_get_onsite_work(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetOnsiteWork *c = request;
	Weibao__V1__OnsiteWorkAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__OnsiteWorkAnswer);
	struct wb_id ticket;
	if (!r || !ticket_for(q, c->ticket_id, NULL, &ticket))
		return;
	weibao__v1__onsite_work_answer__init(r);
#define ALL(kind, field, row)                                                                                          \
	do {                                                                                                           \
		ProtobufCMessage **list;                                                                               \
		r->n_##field = dp_onsite_all(                                                                          \
		        q->db, q->tenant, ticket, kind, &weibao__v1__##row##__descriptor, q->arena, &list);            \
		r->field = (void *)list;                                                                               \
	} while (0)
	ALL(ONSITE_STATEMENT, statements, statement_row);
	ALL(ONSITE_DECISION, decisions, hardware_decision_row);
	ALL(ONSITE_REPAIR, repairs, repair_row);
	ALL(ONSITE_CUSTODY, custody, custody_row);
	ALL(ONSITE_LOAN, loans, loan_row);
	ALL(ONSITE_CHARGE, charges, charge_row);
	ALL(ONSITE_FACT, held, held_fact_row);
#undef ALL
	wb_answer(q, &r->base);
}

/* ---- lists: an index whose keys end with the thing's id, and name its ticket ---- */

struct list {
	struct wb_page page;
	enum onsite kind;
	const struct wb_table *table;
	const ProtobufCMessageDescriptor *descriptor;
};

static bool list_open(struct wb_query *q, struct list *l, const char *cursor, bool has_limit, uint32_t limit)
{
	struct wb_key prefix;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	return wb_page_open(&l->page, q, l->table, &prefix, cursor, has_limit, limit);
}

static size_t list_rows(struct wb_query *q, struct list *l, ProtobufCMessage ***ret)
{
	struct wb_bytes key, value;
	*ret = WB_ARENA_ARRAY(q->arena, ProtobufCMessage *, l->page.limit);
	while (*ret && wb_page_next(&l->page, &key, &value)) {
		const Weibao__V1__OnsiteRefRow *ref = (const Weibao__V1__OnsiteRefRow *)wb_unpack_row(
		        q->db, l->table, value, &weibao__v1__onsite_ref_row__descriptor, q->arena);
		struct wb_id id;
		memcpy(id.b, key.data + key.len - WB_ID_BYTES, WB_ID_BYTES);
		const Ticket *t =
		        ref ? dp_ticket_get(q->db, q->tenant, wb_id_of_field(ref->ticket_id), q->arena) : NULL;
		ProtobufCMessage *row = t && dp_visit_readable(q, t, NULL)
		                                ? dp_onsite_get(q->db, q->tenant, wb_id_of_field(ref->ticket_id),
		                                          l->kind, id, l->descriptor, q->arena)
		                                : NULL;
		if (row)
			(*ret)[l->page.n++] = row;
	}
	return l->page.n;
}

#define LIST(name, request_type, answer_type, answer_init, field, row_kind, index, row)                                \
	void dp_answer_##name(struct wb_query *q, const void *request)                                                 \
	{                                                                                                              \
		const request_type *c = request;                                                                       \
		answer_type *r = WB_ARENA_NEW(q->arena, answer_type);                                                  \
		struct list l = {.kind = row_kind, .table = &index, .descriptor = &weibao__v1__##row##__descriptor};   \
		ProtobufCMessage **rows;                                                                               \
		if (!r || !list_open(q, &l, c->cursor, c->has_limit, c->limit))                                        \
			return;                                                                                        \
		answer_init(r);                                                                                        \
		r->n_##field = list_rows(q, &l, &rows);                                                                \
		r->field = (void *)rows;                                                                               \
		r->next_cursor = wb_page_done(&l.page);                                                                \
		wb_answer(q, &r->base);                                                                                \
	}
LIST(list_held_facts, Weibao__V1__ListHeldFacts, Weibao__V1__ListHeldFactsAnswer,
        weibao__v1__list_held_facts_answer__init, facts, ONSITE_FACT, dp_held_table, held_fact_row)
LIST(list_hardware_decisions, Weibao__V1__ListHardwareDecisions, Weibao__V1__ListHardwareDecisionsAnswer,
        weibao__v1__list_hardware_decisions_answer__init, decisions, ONSITE_DECISION, dp_asked_table,
        hardware_decision_row)

/* ---- the hardware repair register ---- */

/* When all that the visit took was back; 0: something is away, or nothing was taken. */
static int64_t returned_at(struct wb_query *q, struct wb_id ticket, struct wb_id visit)
{
	ProtobufCMessage **all;
	int64_t at = 0;
	size_t n = dp_onsite_all(
	        q->db, q->tenant, ticket, ONSITE_CUSTODY, &weibao__v1__custody_row__descriptor, q->arena, &all);
	for (size_t i = 0; i < n; i++) {
		const Weibao__V1__CustodyRow *row = (const Weibao__V1__CustodyRow *)all[i];
		if (!wb_id_equal(wb_id_of_field(row->taken->visit_id), visit))
			continue;
		if (!row->returned)
			return 0;
		if (row->returned->returned_at > at)
			at = row->returned->returned_at;
	}
	return at;
}

static Weibao__V1__RepairItem *repair_item(
        struct wb_query *q, struct wb_id ticket, const Ticket *t, Weibao__V1__RepairRow *row)
{
	struct wb_id visit = wb_id_of_field(row->opened->visit_id);
	const Visit *v = dp_visit_get(q->db, q->tenant, ticket, visit, q->arena);
	Weibao__V1__RepairItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__RepairItem);
	if (!i)
		return NULL;
	weibao__v1__repair_item__init(i);
	i->repair = row;
	i->ticket_number = t->reported->number;
	i->form_number = v ? v->form_number : NULL;
	i->office_name = t->reported->place->office_name;
	i->user_name = t->reported->direct_user_name;
	i->model = t->model;
	i->serial = t->serial;
	if (row->opened->has_decision_id) {
		const Weibao__V1__HardwareDecisionRow *made = (const Weibao__V1__HardwareDecisionRow *)dp_onsite_get(
		        q->db, q->tenant, ticket, ONSITE_DECISION, wb_id_of_field(row->opened->decision_id),
		        &weibao__v1__hardware_decision_row__descriptor, q->arena);
		i->decided = made ? made->decided : NULL;
	}
	i->returned_at = returned_at(q, ticket, visit);
	i->has_returned_at = i->returned_at > 0;
	return i;
}

/* The entry's repair, if it is asked for and the caller may see its ticket. */
static Weibao__V1__RepairItem *register_item(
        struct wb_query *q, const Weibao__V1__ListRepairs *c, struct wb_bytes key, struct wb_bytes value)
{
	struct wb_id id;
	const Weibao__V1__OnsiteRefRow *ref = (const Weibao__V1__OnsiteRefRow *)wb_unpack_row(
	        q->db, &dp_repairs_table, value, &weibao__v1__onsite_ref_row__descriptor, q->arena);
	if (!ref)
		return NULL;
	memcpy(id.b, key.data + key.len - WB_ID_BYTES, WB_ID_BYTES);
	struct wb_id ticket = wb_id_of_field(ref->ticket_id);
	const Ticket *t = dp_ticket_get(q->db, q->tenant, ticket, q->arena);
	Weibao__V1__RepairRow *row = (Weibao__V1__RepairRow *)dp_onsite_get(
	        q->db, q->tenant, ticket, ONSITE_REPAIR, id, &weibao__v1__repair_row__descriptor, q->arena);
	if (!t || !row || !dp_visit_readable(q, t, NULL) || (c->has_open_only && c->open_only && row->closed) ||
	        (c->has_from_at && row->opened_at < c->from_at) || (c->has_until_at && row->opened_at >= c->until_at))
		return NULL;
	return repair_item(q, ticket, t, row);
}

void dp_answer_list_repairs(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListRepairs *c = request;
	Weibao__V1__ListRepairsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListRepairsAnswer);
	struct wb_key prefix;
	struct wb_page p;
	struct wb_bytes key, value;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &dp_repairs_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_repairs_answer__init(r);
	r->repairs = WB_ARENA_ARRAY(q->arena, Weibao__V1__RepairItem *, p.limit);
	while (r->repairs && wb_page_next(&p, &key, &value)) {
		Weibao__V1__RepairItem *i = register_item(q, c, key, value);
		if (i)
			r->repairs[p.n++] = i;
	}
	r->n_repairs = p.n;
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}
