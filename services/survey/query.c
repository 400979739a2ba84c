/* What survey answers: one ticket's survey, and the lists that the lead works off. */
#include "service/page.h"
#include "services/survey/survey.h"
#include "services/survey/tables.h"
#include "weibao/v1/survey_queries.pb-c.h"

#include <string.h>

#define READERS                                                                                                        \
	(WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(USER) | WB_ROLE(AUDITOR))
#define LISTERS (WB_STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))

static bool is_own(const Survey *s, struct wb_id person)
{
	return wb_id_equal(wb_id_of_field(s->caller_id), person) ||
	       wb_id_equal(wb_id_of_field(s->onsite_contact_id), person) ||
	       wb_id_equal(wb_id_of_field(s->direct_user_id), person);
}

static void get_survey(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetSurvey *c = request;
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	const Survey *s = survey_get(q->db, q->tenant, ticket, q->arena);
	bool whole = false;
	for (size_t i = 0; i < q->who->n_roles; i++)
		whole = whole || q->who->roles[i] != WEIBAO__V1__ROLE__ROLE_USER;
	if (!s || (!whole && !is_own(s, wb_id_of_field(q->who->person_id)))) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	wb_answer_version(q, "survey", ticket);
	wb_answer(q, &s->base);
}

/* A page of an index whose keys end with the ticket. */
static void list(struct wb_query *q, const struct wb_table *table, const char *cursor, bool has_limit, uint32_t limit)
{
	Weibao__V1__SurveyListAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__SurveyListAnswer);
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_page p;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, table, &prefix, cursor, has_limit, limit))
		return;
	weibao__v1__survey_list_answer__init(r);
	r->surveys = WB_ARENA_ARRAY(q->arena, Weibao__V1__SurveyItem *, p.limit);
	while (r->surveys && wb_page_next(&p, &key, &value)) {
		struct wb_id ticket;
		memcpy(ticket.b, key.data + key.len - WB_ID_BYTES, WB_ID_BYTES);
		const Survey *s = survey_get(q->db, q->tenant, ticket, q->arena);
		Weibao__V1__SurveyItem *item = WB_ARENA_NEW(q->arena, Weibao__V1__SurveyItem);
		if (!s || !item)
			continue;
		weibao__v1__survey_item__init(item);
		item->ticket_id = s->ticket_id;
		item->number = s->number;
		item->present = survey_present(s);
		r->surveys[r->n_surveys++] = item;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

static void list_due(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListFollowUpsDue *c = request;
	list(q, &due_table, c->cursor, c->has_limit, c->limit);
}

static void list_unsatisfied(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListUnsatisfied *c = request;
	list(q, &unsatisfied_table, c->cursor, c->has_limit, c->limit);
}

static void list_average(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListAverage *c = request;
	list(q, &average_table, c->cursor, c->has_limit, c->limit);
}

const struct wb_query_def survey_queries[] = {
        {&weibao__v1__get_survey__descriptor, get_survey, READERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_follow_ups_due__descriptor, list_due, LISTERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_unsatisfied__descriptor, list_unsatisfied, LISTERS, WB_TENANT_CLIENT},
        {&weibao__v1__list_average__descriptor, list_average, LISTERS, WB_TENANT_CLIENT},
};
_Static_assert(sizeof survey_queries / sizeof survey_queries[0] == SURVEY_QUERIES_N, "counted");
