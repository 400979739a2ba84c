/* What all answers share. */
#include "services/reporting/query.h"
#include "services/reporting/reporting.h"

#include <string.h>

uint32_t rp_page_size(bool has, uint32_t limit)
{
	return !has || limit == 0 ? PAGE_DEFAULT : limit > PAGE_MAX ? PAGE_MAX : limit;
}

bool rp_cursor_read(const char *cursor, struct wb_key *ret_last)
{
	uint8_t raw[WB_KEY_BYTES_MAX];
	size_t n = strlen(cursor);
	if (n == 0 || n % 2 || n / 2 > sizeof raw || !wb_unhex(cursor, raw, n / 2))
		return false;
	wb_key_copy(ret_last, (struct wb_bytes){raw, n / 2});
	return true;
}

char *rp_cursor_text(struct wb_arena *a, struct wb_bytes last)
{
	char *text = wb_arena_alloc(a, 2 * last.len + 1);
	if (text)
		wb_hex(last.data, last.len, text);
	return text;
}

void *rp_answer_new(struct wb_query *q, size_t size)
{
	void *p = wb_arena_alloc(q->arena, size);
	if (!p)
		wb_query_refuse(q, WB_BUSY, NULL);
	return p;
}

bool rp_field_is(bool has, ProtobufCBinaryData field, struct wb_id id)
{
	return has && wb_id_equal(wb_id_of_field(field), id);
}

/* ---- who may see what ---- */

/* Whether the engineer is of the team that serves the tenant: its tickets are theirs to read. */
static bool is_of_team(const struct wb_query *q, struct wb_id engineer)
{
	const Weibao__V1__ReadTenantRow *tenant = rp_tenant_get(q->db, q->tenant, q->arena);
	struct wb_bytes until;
	struct wb_key k;
	if (!tenant || !tenant->has_team_id)
		return false;
	rp_member_key(&k, wb_id_of_field(tenant->team_id), engineer);
	return wb_get(q->db, &rp_things_table, &k, &until) && until.len == 8 &&
	       (int64_t)wb_be64_get(until.data) > q->now_us;
}

struct viewer rp_viewer_of(const struct wb_query *q)
{
	static const Weibao__V1__Role all[] = {WEIBAO__V1__ROLE__ROLE_HOTLINE, WEIBAO__V1__ROLE__ROLE_PRINCIPAL,
	        WEIBAO__V1__ROLE__ROLE_MANAGER, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE, WEIBAO__V1__ROLE__ROLE_DEPUTY,
	        WEIBAO__V1__ROLE__ROLE_AUDITOR};
	struct viewer v = {.scope = SCOPE_NOTHING};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (wb_has_role(q->who, all[i]))
			return (struct viewer){.scope = SCOPE_TENANT};
	if (!q->who->has_person_id)
		return v;
	v.person = wb_id_of_field(q->who->person_id);
	if (wb_id_is_zero(v.person))
		return v;
	v.as_contact = wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_USER);
	if (wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_ENGINEER))
		v.scope = is_of_team(q, v.person) ? SCOPE_TENANT : SCOPE_ENGINEER;
	else if (v.as_contact)
		v.scope = SCOPE_CONTACT;
	return v;
}

bool rp_may_see(const struct wb_query *q, const struct viewer *v, const Weibao__V1__ReadTicketRow *row)
{
	switch (v->scope) {
	case SCOPE_TENANT:
		return true;
	case SCOPE_ENGINEER:
		for (size_t i = 0; i < row->n_engineer_ids; i++)
			if (rp_field_is(true, row->engineer_ids[i], v->person))
				return true;
		return v->as_contact && rp_is_indexed(q->db, q->tenant, BY_CONTACT, v->person, row);
	case SCOPE_CONTACT:
		return rp_is_indexed(q->db, q->tenant, BY_CONTACT, v->person, row);
	case SCOPE_NOTHING:
		break;
	}
	return false;
}

Weibao__V1__ReadTicketRow *rp_ticket_for(struct wb_query *q, struct wb_id ticket, const char *path)
{
	struct viewer v = rp_viewer_of(q);
	Weibao__V1__ReadTicketRow *row = rp_ticket_get(q->db, q->tenant, ticket, q->arena);
	if (row && rp_may_see(q, &v, row))
		return row;
	wb_query_refuse(q, WB_NOT_FOUND, path);
	return NULL;
}

/* ---- lines ---- */

Weibao__V1__Personal *rp_engineer_name(
        struct wb_query *q, const Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer)
{
	if (!row->has_visit_id)
		return NULL;
	const Weibao__V1__ReadVisitRow *v =
	        rp_visit_get(q->db, q->tenant, wb_id_of_field(row->ticket_id), wb_id_of_field(row->visit_id), q->arena);
	for (size_t i = v ? v->n_engineers : 0; i > 0; i--)
		if (wb_bytes_equal(rp_bytes_of_field(v->engineers[i - 1]->engineer_id), rp_bytes_of_field(engineer)))
			return v->engineers[i - 1]->name;
	return NULL;
}

static void line_state(struct wb_query *q, const Weibao__V1__ReadTicketRow *row, Weibao__V1__TicketLine *l)
{
	l->has_handler_id = row->has_handler_id;
	l->handler_id = row->handler_id;
	l->has_engineer_id = row->has_engineer_id;
	l->engineer_id = row->engineer_id;
	if (row->has_engineer_id)
		l->engineer_name = rp_engineer_name(q, row, row->engineer_id);
	l->has_promised_arrival_at = row->has_promised_arrival_at;
	l->promised_arrival_at = row->promised_arrival_at;
	l->has_completed_at = row->has_completed_at;
	l->completed_at = row->completed_at;
	l->has_closed_at = row->has_closed_at;
	l->closed_at = row->closed_at;
	l->has_result = row->has_result;
	l->result = row->result;
	l->has_by_phone = row->has_by_phone;
	l->by_phone = row->by_phone;
	l->has_grade = row->has_grade;
	l->grade = row->grade;
	l->has_next_deadline_at = row->has_next_deadline_at;
	l->next_deadline_at = row->next_deadline_at;
	l->breaches = row->breaches;
	l->has_close_reason = row->has_close_reason;
	l->close_reason = row->close_reason;
}

Weibao__V1__TicketLine *rp_line_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row)
{
	const Weibao__V1__TicketReported *r = rp_report_get(q->db, q->tenant, wb_id_of_field(row->ticket_id), q->arena);
	Weibao__V1__TicketLine *l = r ? WB_ARENA_NEW(q->arena, Weibao__V1__TicketLine) : NULL;
	if (!l)
		return NULL;
	weibao__v1__ticket_line__init(l);
	l->ticket_id = row->ticket_id;
	l->number = row->number;
	l->stage = row->stage;
	l->round = row->round;
	l->reported_at = row->reported_at;
	l->office_id = row->office_id;
	l->office_name = r->place->office_name;
	l->category = row->category;
	l->kind = r->kind;
	l->urgency = row->urgency;
	l->covered = row->covered;
	l->unverified = row->unverified;
	l->channel = r->channel;
	l->symptom = r->symptom;
	l->caller_name = r->caller_name;
	l->user_name = r->direct_user_name;
	l->has_device_id = row->has_device_id;
	l->device_id = row->device_id;
	l->model = row->model;
	l->serial = row->serial;
	line_state(q, row, l);
	return l;
}

#define OVERSEERS (WB_STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))
#define LINK WB_ROLE(LINK)
const struct wb_query_def reporting_queries[] = {
        {&weibao__v1__list_changes__descriptor, rp_answer_changes, READERS_AND_USERS, WB_TENANT_ANY},
        {&weibao__v1__list_tickets__descriptor, rp_answer_list, READERS_AND_USERS, WB_TENANT_CLIENT},
        {&weibao__v1__search_tickets__descriptor, rp_answer_search, READERS_AND_USERS, WB_TENANT_CLIENT},
        {&weibao__v1__get_ticket__descriptor, rp_answer_ticket, READERS_AND_USERS, WB_TENANT_CLIENT},
        {&weibao__v1__get_ticket_by_number__descriptor, rp_answer_ticket_by_number, READERS_AND_USERS,
                WB_TENANT_CLIENT},
        {&weibao__v1__get_ticket_by_link__descriptor, rp_answer_by_link, LINK, WB_TENANT_CLIENT},
        {&weibao__v1__board__descriptor, rp_answer_board, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__engineer_agenda__descriptor, rp_answer_agenda, READERS, WB_TENANT_ANY},
        {&weibao__v1__stuck__descriptor, rp_answer_stuck, WB_STAFF | WB_ROLE(AUDITOR), WB_TENANT_ANY},
        {&weibao__v1__service_register__descriptor, rp_answer_register, OVERSEERS, WB_TENANT_CLIENT},
        {&weibao__v1__attainment__descriptor, rp_answer_attainment, OVERSEERS, WB_TENANT_CLIENT},
        {&weibao__v1__history__descriptor, rp_answer_history, OVERSEERS, WB_TENANT_CLIENT},
};
const size_t reporting_queries_n = sizeof reporting_queries / sizeof reporting_queries[0];
