/* Queries of engineers, teams and who is free. Visits: query_visit.c. */
#include "service/page.h"
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_queries.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define DAY_SPAN_US (31 * WB_DAY_US)
#define BUSY_MAX 500u

static const struct wb_id zero;

void dp_answer_list_engineers(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListEngineers *c = request;
	Weibao__V1__ListEngineersAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListEngineersAnswer);
	struct wb_key prefix;
	struct wb_page p;
	struct wb_bytes value;
	wb_key_init(&prefix);
	wb_key_str(&prefix, DISPATCH_PROVIDER);
	if (!r || !wb_page_open(&p, q, &dp_engineers_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_engineers_answer__init(r);
	r->engineers = WB_ARENA_ARRAY(q->arena, Engineer *, p.limit);
	while (r->engineers && wb_page_next(&p, NULL, &value)) {
		Engineer *e = (Engineer *)wb_unpack_row(
		        q->db, &dp_engineers_table, value, &weibao__v1__engineer_row__descriptor, q->arena);
		if (!e)
			break;
		if (!e->left || (c->has_with_left && c->with_left))
			r->engineers[p.n++] = e;
	}
	r->n_engineers = p.n;
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

void dp_answer_get_engineer(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetEngineer *c = request;
	struct wb_id id = wb_id_of_field(c->engineer_id);
	const Engineer *e = dp_engineer_get(q->db, id, q->arena);
	bool own = q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), id);
	if (!e || (!own && !dp_caller_is_staff(q->who) && !wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_AUDITOR))) {
		wb_query_refuse(q, WB_NOT_FOUND, "engineerId");
		return;
	}
	wb_answer(q, &e->base);
	wb_answer_version(q, "engineer", id);
}

void dp_answer_list_teams(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListTeams *c = request;
	Weibao__V1__ListTeamsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListTeamsAnswer);
	struct wb_key prefix;
	struct wb_page p;
	struct wb_bytes value;
	wb_key_init(&prefix);
	wb_key_str(&prefix, DISPATCH_PROVIDER);
	if (!r || !wb_page_open(&p, q, &dp_teams_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_teams_answer__init(r);
	r->teams = WB_ARENA_ARRAY(q->arena, Team *, p.limit);
	while (r->teams && wb_page_next(&p, NULL, &value)) {
		Team *t = (Team *)wb_unpack_row(
		        q->db, &dp_teams_table, value, &weibao__v1__team_row__descriptor, q->arena);
		if (!t)
			break;
		r->teams[p.n++] = t;
	}
	r->n_teams = p.n;
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

/* A box that is sealed in the provider's tenant, to be opened in an answer of another. */
static Weibao__V1__Personal *providers(struct wb_query *q, const Weibao__V1__Personal *box)
{
	Weibao__V1__Personal *p = box ? WB_ARENA_NEW(q->arena, Weibao__V1__Personal) : NULL;
	if (!p)
		return NULL;
	*p = *box;
	if (strcmp(q->tenant, DISPATCH_PROVIDER) != 0)
		p->from_tenant = (char *)(uintptr_t)DISPATCH_PROVIDER;
	return p;
}

static Weibao__V1__ClientEngineerItem *client_item(struct wb_query *q, const Engineer *e,
        const Weibao__V1__TeamMember *m, const Weibao__V1__AssignmentRow *assignment)
{
	Weibao__V1__ClientEngineerItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__ClientEngineerItem);
	if (!i)
		return NULL;
	weibao__v1__client_engineer_item__init(i);
	i->engineer_id = e->details->engineer_id;
	i->name = providers(q, e->details->name);
	i->position = e->details->position;
	i->duties = e->details->duties;
	i->telephone = providers(q, e->details->telephone);
	i->email = providers(q, e->details->email);
	i->lead = m->lead;
	i->certificates = dp_certificates_at(q->arena, e, q->now_us, &i->n_certificates);
	for (size_t k = 0; k < e->n_inductions; k++)
		if (strcmp(e->inductions[k]->client, q->tenant) == 0)
			i->inducted_on = e->inductions[k]->inducted_on;
	i->named_for_secret = dp_ids_have(assignment->secret_engineer_ids, assignment->n_secret_engineer_ids,
	        wb_id_of_field(e->details->engineer_id));
	i->available = !dp_engineer_on_leave(e, q->now_us, q->now_us + 1);
	i->has_until_at = m->has_until_at;
	i->until_at = m->until_at;
	return i;
}

void dp_answer_list_client_engineers(struct wb_query *q, const void *request)
{
	Weibao__V1__ListClientEngineersAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListClientEngineersAnswer);
	const Weibao__V1__AssignmentRow *assignment = dp_assignment_get(q->db, q->tenant, q->arena);
	(void)request;
	if (!r)
		return;
	weibao__v1__list_client_engineers_answer__init(r);
	const Team *team = assignment && assignment->has_team_id
	                           ? dp_team_get(q->db, wb_id_of_field(assignment->team_id), q->arena)
	                           : NULL;
	if (team) {
		r->has_team_id = true;
		r->team_id = team->team_id;
		r->team_name = team->name;
		r->engineers = WB_ARENA_ARRAY(q->arena, Weibao__V1__ClientEngineerItem *, team->n_members + 1);
	}
	for (size_t i = 0; team && r->engineers && i < team->n_members; i++) {
		const Weibao__V1__TeamMember *m = team->members[i];
		const Engineer *e = dp_engineer_get(q->db, wb_id_of_field(m->engineer_id), q->arena);
		if (!e || e->left || (m->has_until_at && m->until_at <= q->now_us))
			continue;
		Weibao__V1__ClientEngineerItem *item = client_item(q, e, m, assignment);
		if (!item)
			break;
		r->engineers[r->n_engineers++] = item;
		r->available += item->available ? 1 : 0;
	}
	r->too_few = r->available < DISPATCH_TEAM_MIN;
	wb_answer(q, &r->base);
}

static int by_score(const void *a, const void *b)
{
	const Weibao__V1__SuggestionItem *x = *(Weibao__V1__SuggestionItem *const *)a;
	const Weibao__V1__SuggestionItem *y = *(Weibao__V1__SuggestionItem *const *)b;
	if (x->bookable != y->bookable)
		return x->bookable ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return memcmp(x->engineer_id.data, y->engineer_id.data, WB_ID_BYTES);
}

static Weibao__V1__SuggestionItem *suggestion_item(struct wb_query *q, const struct suggest_for *s, const Engineer *e)
{
	Weibao__V1__SuggestionItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__SuggestionItem);
	struct suggestion found;
	if (!i)
		return NULL;
	dp_suggest(q->db, q->arena, s, e, &found);
	weibao__v1__suggestion_item__init(i);
	i->engineer_id = e->details->engineer_id;
	i->name = providers(q, e->details->name);
	i->score = found.score;
	i->bookable = found.bookable;
	i->reasons = WB_ARENA_ARRAY(q->arena, char *, found.n_reasons + 1);
	for (size_t k = 0; i->reasons && k < found.n_reasons; k++)
		i->reasons[i->n_reasons++] = (char *)(uintptr_t)found.reasons[k];
	return i;
}

void dp_answer_suggest_engineers(struct wb_query *q, const void *request)
{
	const Weibao__V1__SuggestEngineers *c = request;
	Weibao__V1__SuggestEngineersAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__SuggestEngineersAnswer);
	const Ticket *ticket = dp_ticket_get(q->db, q->tenant, wb_id_of_field(c->ticket_id), q->arena);
	const Weibao__V1__AssignmentRow *assignment = dp_assignment_get(q->db, q->tenant, q->arena);
	if (!r || !ticket) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	if (c->has_planned_minutes &&
	        (c->planned_minutes < DISPATCH_PLANNED_MIN || c->planned_minutes > DISPATCH_PLANNED_MAX)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "plannedMinutes");
		return;
	}
	weibao__v1__suggest_engineers_answer__init(r);
	r->planned_minutes =
	        c->has_planned_minutes ? c->planned_minutes : dp_planned_minutes(q->db, q->arena, q->tenant, ticket);
	const struct suggest_for s = {q->tenant, ticket, assignment, c->arrival_at, r->planned_minutes, zero};
	const Team *team = assignment && assignment->has_team_id
	                           ? dp_team_get(q->db, wb_id_of_field(assignment->team_id), q->arena)
	                           : NULL;
	if (team)
		r->engineers = WB_ARENA_ARRAY(q->arena, Weibao__V1__SuggestionItem *, team->n_members + 1);
	for (size_t i = 0; team && r->engineers && i < team->n_members; i++) {
		const Weibao__V1__TeamMember *m = team->members[i];
		const Engineer *e = dp_engineer_get(q->db, wb_id_of_field(m->engineer_id), q->arena);
		if (!e || e->left || (m->has_until_at && m->until_at <= c->arrival_at))
			continue;
		Weibao__V1__SuggestionItem *item = suggestion_item(q, &s, e);
		if (!item)
			break;
		r->engineers[r->n_engineers++] = item;
	}
	if (r->n_engineers)
		qsort(r->engineers, r->n_engineers, sizeof(void *), by_score);
	wb_answer(q, &r->base);
}

/* ---- when somebody is taken ---- */

static Weibao__V1__BusyItem *busy_item(struct wb_query *q, const Weibao__V1__BookingRow *b, bool own)
{
	Weibao__V1__BusyItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__BusyItem);
	if (!i)
		return NULL;
	weibao__v1__busy_item__init(i);
	i->slot_from = b->slot_from;
	i->slot_until = b->slot_until;
	if (!own && strcmp(b->client, q->tenant) != 0)
		return i; /* another client unit's: busy, and nothing else */
	i->has_ticket_id = i->has_visit_id = true;
	i->ticket_id = b->ticket_id;
	i->visit_id = b->visit_id;
	i->client = own ? b->client : NULL;
	const Visit *v =
	        dp_visit_get(q->db, b->client, wb_id_of_field(b->ticket_id), wb_id_of_field(b->visit_id), q->arena);
	if (!v)
		return i;
	i->form_number = v->form_number;
	i->has_state = true;
	i->state = v->state;
	i->has_overrun = true;
	i->overrun = dp_visit_under_way(v) && q->now_us > b->slot_until;
	return i;
}

/* Whether the caller may see that engineer's day here: their own; the provider's staff; a team assigned here. */
static bool day_visible(struct wb_query *q, struct wb_id engineer, bool own)
{
	if (own)
		return true;
	if (!dp_caller_is_staff(q->who))
		return false;
	if (strcmp(q->tenant, DISPATCH_PROVIDER) == 0)
		return true;
	const Weibao__V1__AssignmentRow *a = dp_assignment_get(q->db, q->tenant, q->arena);
	const Team *team = a && a->has_team_id ? dp_team_get(q->db, wb_id_of_field(a->team_id), q->arena) : NULL;
	return dp_team_has(team, engineer, INT64_MIN, NULL);
}

void dp_answer_engineer_day(struct wb_query *q, const void *request)
{
	const Weibao__V1__EngineerDay *c = request;
	Weibao__V1__EngineerDayAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__EngineerDayAnswer);
	struct wb_id id = wb_id_of_field(c->engineer_id);
	const Engineer *e = dp_engineer_get(q->db, id, q->arena);
	bool own = q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), id);
	struct wb_scan scan;
	struct wb_key prefix, from;
	struct wb_bytes value;
	if (!r || !e || !day_visible(q, id, own)) {
		wb_query_refuse(q, WB_NOT_FOUND, "engineerId");
		return;
	}
	if (c->until_at <= c->from_at || c->until_at - c->from_at > DAY_SPAN_US) {
		wb_query_refuse(q, WB_TIME_OUT_OF_RANGE, "untilAt");
		return;
	}
	weibao__v1__engineer_day_answer__init(r);
	r->busy = WB_ARENA_ARRAY(q->arena, Weibao__V1__BusyItem *, BUSY_MAX);
	dp_thing_key(&prefix, DISPATCH_PROVIDER, id);
	dp_thing_key(&from, DISPATCH_PROVIDER, id);
	wb_key_i64(&from, c->from_at - DISPATCH_SLOT_MAX_US);
	wb_scan_from(&scan, q->db, &dp_bookings_table, &prefix, &from);
	while (r->busy && r->n_busy < BUSY_MAX && wb_scan_next(&scan, NULL, &value)) {
		const Weibao__V1__BookingRow *b = (const Weibao__V1__BookingRow *)wb_unpack_row(
		        q->db, &dp_bookings_table, value, &weibao__v1__booking_row__descriptor, q->arena);
		if (!b || b->slot_from >= c->until_at)
			break;
		Weibao__V1__BusyItem *item = b->slot_until > c->from_at ? busy_item(q, b, own) : NULL;
		if (item)
			r->busy[r->n_busy++] = item;
	}
	wb_scan_done(&scan);
	r->leaves = WB_ARENA_ARRAY(q->arena, Weibao__V1__LeaveAdded *, e->n_leaves + 1);
	for (size_t i = 0; r->leaves && i < e->n_leaves; i++)
		if (e->leaves[i]->from_at < c->until_at && c->from_at < e->leaves[i]->until_at)
			r->leaves[r->n_leaves++] = e->leaves[i];
	wb_answer(q, &r->base);
}
