/* Reporting's tables: keys and rows. All keys begin with the tenant. Small rows, and secondary indexes as keys. */
#ifndef WB_REPORTING_TABLES_H
#define WB_REPORTING_TABLES_H
#include "service/service.h"
#include "weibao/v1/reporting_rows.pb-c.h"

extern const struct wb_table rp_tenants_table;      /* tenant → ReadTenantRow */
extern const struct wb_table rp_tickets_table;      /* tenant, ticket → ReadTicketRow */
extern const struct wb_table rp_reports_table;      /* tenant, ticket → TicketReported, as it was recorded */
extern const struct wb_table rp_numbers_table;      /* tenant, number → ticket */
extern const struct wb_table rp_ticket_index_table; /* tenant, dimension, value, reported at, ticket → empty */
extern const struct wb_table rp_due_tickets_table;  /* tenant, next deadline, ticket → empty */
extern const struct wb_table rp_events_table;       /* tenant, position → ReadEventRow */
extern const struct wb_table rp_timeline_table;     /* tenant, ticket, position → empty */
extern const struct wb_table rp_parts_table;        /* tenant, ticket, part, id → Read…Row of that part */
extern const struct wb_table rp_refs_table;         /* tenant, visit or charge or exception → ticket */
extern const struct wb_table rp_visits_table;       /* tenant, ticket, visit → ReadVisitRow */
extern const struct wb_table rp_visit_days_table; /* "provider", engineer, slot from, tenant, ticket, visit → until */
extern const struct wb_table rp_clocks_table;     /* tenant, ticket, clock → ReadClockRow */
extern const struct wb_table rp_clocks_open_table; /* tenant, frozen, deadline or what is left, ticket, clock → empty */
extern const struct wb_table rp_clocks_started_table; /* tenant, started at, ticket, clock → struct clock_mark */
extern const struct wb_table rp_complaints_table;     /* tenant, complaint → ReadComplaintRow */
extern const struct wb_table rp_matters_table;        /* tenant, matter, since, ticket, ref → ReadMatterRow */
extern const struct wb_table rp_things_table;         /* tenant, thing, id (, id) → Read…Row of that thing */
extern const struct wb_table *const reporting_tables[];
#define REPORTING_TABLES 18

/* By what tickets are listed. Values are texts of at most 100 bytes; ids as they are. */
enum dimension {
	BY_ALL = 1,
	BY_STAGE,
	BY_OFFICE,
	BY_ENGINEER,
	BY_DEVICE,
	BY_CONTACT,
	BY_CATEGORY,
	BY_URGENCY,
	BY_COVERED,
	BY_BREACHED,
};

/* What belongs to a ticket. */
enum part {
	PART_FORM = 1,
	PART_FORMAT,
	PART_DECISION,
	PART_REPAIR,
	PART_CUSTODY,
	PART_LOAN,
	PART_CHARGE,
	PART_RATING,
	PART_FOLLOW_UP,
	PART_HELD,
	PART_SOLUTION,
	PART_EXCEPTION,
	PART_FILE,
	PART_COMPLAINT, /* empty: the complaint's row has a table of its own */
	PART_LINKED,    /* empty: the id is that of the duplicate */
};

enum thing {
	THING_OFFICE = 1,
	THING_CONTACT,
	THING_DEVICE,
	THING_MEMBER, /* "provider", team, engineer → be64 until, or empty */
};

/* A clock in few bytes, so that a month is counted without reading its rows. */
struct clock_mark {
	uint8_t kind;  /* ClockKind */
	uint8_t phase; /* ClockPhase */
	uint8_t flags;
};
#define MARK_PENDING 1u
#define MARK_EXCEPTED 2u
#define MARK_OVERTURNED 4u
#define MARK_FROZEN 8u

void rp_tenant_key(struct wb_key *k, const char *tenant);
void rp_id_key(struct wb_key *k, const char *tenant, struct wb_id id);
void rp_pair_key(struct wb_key *k, const char *tenant, struct wb_id first, struct wb_id second);
void rp_number_key(struct wb_key *k, const char *tenant, const char *number);
/* The prefix of one value of a dimension. */
void rp_index_prefix(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value);
void rp_index_key(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value, int64_t reported_at,
        struct wb_id ticket);
/* Whether the ticket stands under a value of a dimension. Contacts and devices that were merged stand under both ids.
 */
bool rp_is_indexed(struct wb_txn *txn, const char *tenant, enum dimension by, struct wb_id value,
        const Weibao__V1__ReadTicketRow *row);
void rp_due_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket);
void rp_event_key(struct wb_key *k, const char *tenant, uint64_t position);
void rp_timeline_key(struct wb_key *k, const char *tenant, struct wb_id ticket, uint64_t position);
void rp_part_prefix(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part);
void rp_part_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part, struct wb_id id);
void rp_visit_day_key(struct wb_key *k, struct wb_id engineer, int64_t slot_from, const char *tenant,
        struct wb_id ticket, struct wb_id visit);
void rp_clock_open_key(
        struct wb_key *k, const char *tenant, bool frozen, int64_t order, struct wb_id ticket, struct wb_id clock);
void rp_clock_started_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket, struct wb_id clock);
void rp_matter_key(struct wb_key *k, const char *tenant, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref);
void rp_thing_key(struct wb_key *k, const char *tenant, enum thing thing, struct wb_id id);
void rp_member_key(struct wb_key *k, struct wb_id team, struct wb_id engineer);

struct wb_bytes rp_bytes_of_id(const struct wb_id *id);
struct wb_bytes rp_bytes_of_field(ProtobufCBinaryData field);
/* An id that is a number: parts that are counted, not named. */
struct wb_id rp_id_of_number(uint64_t n);

/* In the arena; NULL: none. */
Weibao__V1__ReadTenantRow *rp_tenant_get(struct wb_txn *db, const char *tenant, struct wb_arena *a);
Weibao__V1__ReadTicketRow *rp_ticket_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Weibao__V1__TicketReported *rp_report_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Weibao__V1__ReadVisitRow *rp_visit_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_arena *a);
Weibao__V1__ReadClockRow *rp_clock_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id clock, struct wb_arena *a);
ProtobufCMessage *rp_part_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum part part,
        struct wb_id id, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a);
ProtobufCMessage *rp_thing_get(struct wb_txn *db, const char *tenant, enum thing thing, struct wb_id id,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a);
bool rp_number_find(struct wb_txn *db, const char *tenant, const char *number, struct wb_id *ret_ticket);
bool rp_ref_find(struct wb_txn *db, const char *tenant, struct wb_id ref, struct wb_id *ret_ticket);
/* Whether a clock still counts against somebody: it runs, or it is late and not stopped. */
bool rp_clock_is_open(const Weibao__V1__ReadClockRow *row);
#endif
