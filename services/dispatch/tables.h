/* Dispatch's tables: keys and rows. Those of the work on site stand in onsite.h, behind these. */
#ifndef WB_DISPATCH_TABLES_H
#define WB_DISPATCH_TABLES_H
#include "service/service.h"
#include "weibao/v1/dispatch_rows.pb-c.h"

extern const struct wb_table dp_engineers_table;  /* "provider", engineer → EngineerRow */
extern const struct wb_table dp_teams_table;      /* "provider", team → TeamRow */
extern const struct wb_table dp_bookings_table;   /* "provider", engineer, slot from, visit → BookingRow */
extern const struct wb_table dp_assignment_table; /* tenant → AssignmentRow */
extern const struct wb_table dp_categories_table; /* tenant, code → PlanCategoryRow */
extern const struct wb_table dp_tickets_table;    /* tenant, ticket → TicketFactRow */
extern const struct wb_table dp_visits_table;     /* tenant, ticket, visit → VisitRow */
extern const struct wb_table dp_duties_table;     /* "provider", engineer, visit → DutyRow: not ended */
extern const struct wb_table dp_open_table;       /* tenant, promised arrival, visit → OpenVisitRow */
#define DISPATCH_CORE_TABLES                                                                                           \
	&dp_engineers_table, &dp_teams_table, &dp_bookings_table, &dp_assignment_table, &dp_categories_table,          \
	        &dp_tickets_table, &dp_visits_table, &dp_open_table, &dp_duties_table,
#define DISPATCH_CORE_TABLES_N 9

#define DISPATCH_PROVIDER "provider"

typedef Weibao__V1__EngineerRow Engineer;
typedef Weibao__V1__TeamRow Team;
typedef Weibao__V1__TicketFactRow Ticket;
typedef Weibao__V1__VisitRow Visit;
typedef Weibao__V1__VisitEngineer VisitEngineer;

/* The key of a thing of a tenant. */
void dp_thing_key(struct wb_key *k, const char *tenant, struct wb_id id);
void dp_visit_key(struct wb_key *k, const char *tenant, struct wb_id ticket, struct wb_id visit);

/* Each in the arena; NULL: there is none. */
Engineer *dp_engineer_get(struct wb_txn *db, struct wb_id engineer, struct wb_arena *a);
Team *dp_team_get(struct wb_txn *db, struct wb_id team, struct wb_arena *a);
Weibao__V1__AssignmentRow *dp_assignment_get(struct wb_txn *db, const char *tenant, struct wb_arena *a);
Weibao__V1__PlanCategoryRow *dp_category_get(
        struct wb_txn *db, const char *tenant, const char *code, struct wb_arena *a);
Ticket *dp_ticket_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Visit *dp_visit_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_arena *a);
/* Evolve only (evolve_visit.c): puts the row and keeps the board of open visits right. */
void dp_visit_put(struct wb_fold *f, const char *tenant, const Visit *visit);
/* Evolve only: something was taken along (+1) or came back (-1). */
void dp_visit_custody(struct wb_fold *f, const char *tenant, struct wb_id ticket, struct wb_id visit, int delta);

/* Walks the visits of a ticket in the order of their making; the arena holds each row. */
struct visit_walk {
	struct wb_scan scan;
	struct wb_txn *db;
	struct wb_arena *arena;
};
void dp_visit_walk(
        struct visit_walk *w, struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Visit *dp_visit_walk_next(struct visit_walk *w);

/* Whether an id is in a list of ids. */
bool dp_ids_have(const ProtobufCBinaryData *ids, size_t n, struct wb_id id);
VisitEngineer *dp_visit_engineer(const Visit *visit, struct wb_id engineer);
/* Not left, not cancelled: no other visit of its ticket may be scheduled. */
bool dp_visit_is_open(const Visit *visit);
/* On the way or on site: never cancelled. */
bool dp_visit_under_way(const Visit *visit);
/* On site, or left with a device taken back: where work on the device is recorded. */
bool dp_visit_working(const Visit *visit);
/* Whether the newest revision of the form is signed. */
bool dp_visit_signed(const Visit *visit);
/* No visit may be scheduled any more in this round. */
bool dp_ticket_over(const Ticket *ticket);
#endif
