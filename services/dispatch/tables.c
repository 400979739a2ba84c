#include "services/dispatch/tables.h"

#include <string.h>

const struct wb_table dp_engineers_table = {"engineers", WB_SERVICE_TABLES_BASE};
const struct wb_table dp_teams_table = {"teams", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table dp_bookings_table = {"bookings", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table dp_assignment_table = {"assignment", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table dp_categories_table = {"categories", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table dp_tickets_table = {"tickets", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table dp_visits_table = {"visits", WB_SERVICE_TABLES_BASE + 6};
const struct wb_table dp_open_table = {"open_visits", WB_SERVICE_TABLES_BASE + 7};
const struct wb_table dp_duties_table = {"duties", WB_SERVICE_TABLES_BASE + 8};

void dp_thing_key(struct wb_key *k, const char *tenant, struct wb_id id)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, id);
}

void dp_visit_key(struct wb_key *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	dp_thing_key(k, tenant, ticket);
	wb_key_id(k, visit);
}

Engineer *dp_engineer_get(struct wb_txn *db, struct wb_id engineer, struct wb_arena *a)
{
	struct wb_key k;
	dp_thing_key(&k, DISPATCH_PROVIDER, engineer);
	return (Engineer *)wb_get_row(db, &dp_engineers_table, &k, &weibao__v1__engineer_row__descriptor, a);
}

Team *dp_team_get(struct wb_txn *db, struct wb_id team, struct wb_arena *a)
{
	struct wb_key k;
	dp_thing_key(&k, DISPATCH_PROVIDER, team);
	return (Team *)wb_get_row(db, &dp_teams_table, &k, &weibao__v1__team_row__descriptor, a);
}

Weibao__V1__AssignmentRow *dp_assignment_get(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, tenant);
	return (Weibao__V1__AssignmentRow *)wb_get_row(
	        db, &dp_assignment_table, &k, &weibao__v1__assignment_row__descriptor, a);
}

Weibao__V1__PlanCategoryRow *dp_category_get(
        struct wb_txn *db, const char *tenant, const char *code, struct wb_arena *a)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, tenant);
	wb_key_str(&k, code);
	return (Weibao__V1__PlanCategoryRow *)wb_get_row(
	        db, &dp_categories_table, &k, &weibao__v1__plan_category_row__descriptor, a);
}

Ticket *dp_ticket_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	dp_thing_key(&k, tenant, ticket);
	return (Ticket *)wb_get_row(db, &dp_tickets_table, &k, &weibao__v1__ticket_fact_row__descriptor, a);
}

Visit *dp_visit_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_arena *a)
{
	struct wb_key k;
	dp_visit_key(&k, tenant, ticket, visit);
	return (Visit *)wb_get_row(db, &dp_visits_table, &k, &weibao__v1__visit_row__descriptor, a);
}

void dp_visit_walk(struct visit_walk *w, struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key prefix;
	w->db = db;
	w->arena = a;
	dp_thing_key(&prefix, tenant, ticket);
	wb_scan_prefix(&w->scan, db, &dp_visits_table, &prefix);
}

Visit *dp_visit_walk_next(struct visit_walk *w)
{
	struct wb_bytes value;
	if (!wb_scan_next(&w->scan, NULL, &value))
		return NULL;
	return (Visit *)wb_unpack_row(w->db, &dp_visits_table, value, &weibao__v1__visit_row__descriptor, w->arena);
}

bool dp_ids_have(const ProtobufCBinaryData *ids, size_t n, struct wb_id id)
{
	for (size_t i = 0; i < n; i++)
		if (wb_id_equal(wb_id_of_field(ids[i]), id))
			return true;
	return false;
}

VisitEngineer *dp_visit_engineer(const Visit *visit, struct wb_id engineer)
{
	for (size_t i = 0; i < visit->n_engineers; i++)
		if (wb_id_equal(wb_id_of_field(visit->engineers[i]->engineer_id), engineer))
			return visit->engineers[i];
	return NULL;
}

bool dp_visit_is_open(const Visit *visit)
{
	return visit->state >= WEIBAO__V1__VISIT_STATE__VISIT_STATE_AGREED &&
	       visit->state <= WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE;
}

bool dp_visit_under_way(const Visit *visit)
{
	return visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_UNDER_WAY ||
	       visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE;
}

bool dp_visit_working(const Visit *visit)
{
	return visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE ||
	       visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_LEFT;
}

bool dp_visit_signed(const Visit *visit)
{
	return visit->form_revision > 0 && visit->signed_ && visit->signed_->revision == visit->form_revision;
}

bool dp_ticket_over(const Ticket *ticket)
{
	return ticket->status >= WEIBAO__V1__DISPATCH_TICKET_STATUS__DISPATCH_TICKET_COMPLETED;
}
