#include "services/reporting/tables.h"

#include <string.h>

const struct wb_table rp_tenants_table = {"tenants", WB_SERVICE_TABLES_BASE};
const struct wb_table rp_tickets_table = {"tickets", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table rp_reports_table = {"reports", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table rp_numbers_table = {"numbers", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table rp_ticket_index_table = {"ticket_index", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table rp_due_tickets_table = {"due_tickets", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table rp_events_table = {"events", WB_SERVICE_TABLES_BASE + 6};
const struct wb_table rp_timeline_table = {"timeline", WB_SERVICE_TABLES_BASE + 7};
const struct wb_table rp_parts_table = {"parts", WB_SERVICE_TABLES_BASE + 8};
const struct wb_table rp_refs_table = {"refs", WB_SERVICE_TABLES_BASE + 9};
const struct wb_table rp_visits_table = {"visits", WB_SERVICE_TABLES_BASE + 10};
const struct wb_table rp_visit_days_table = {"visit_days", WB_SERVICE_TABLES_BASE + 11};
const struct wb_table rp_clocks_table = {"clocks", WB_SERVICE_TABLES_BASE + 12};
const struct wb_table rp_clocks_open_table = {"clocks_open", WB_SERVICE_TABLES_BASE + 13};
const struct wb_table rp_clocks_started_table = {"clocks_started", WB_SERVICE_TABLES_BASE + 14};
const struct wb_table rp_complaints_table = {"complaints", WB_SERVICE_TABLES_BASE + 15};
const struct wb_table rp_matters_table = {"matters", WB_SERVICE_TABLES_BASE + 16};
const struct wb_table rp_things_table = {"things", WB_SERVICE_TABLES_BASE + 17};
const struct wb_table *const reporting_tables[] = {&rp_tenants_table, &rp_tickets_table, &rp_reports_table,
        &rp_numbers_table, &rp_ticket_index_table, &rp_due_tickets_table, &rp_events_table, &rp_timeline_table,
        &rp_parts_table, &rp_refs_table, &rp_visits_table, &rp_visit_days_table, &rp_clocks_table,
        &rp_clocks_open_table, &rp_clocks_started_table, &rp_complaints_table, &rp_matters_table, &rp_things_table};
static_assert(sizeof reporting_tables / sizeof reporting_tables[0] == REPORTING_TABLES, "the list and its length");

void rp_tenant_key(struct wb_key *k, const char *tenant)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
}

void rp_id_key(struct wb_key *k, const char *tenant, struct wb_id id)
{
	rp_tenant_key(k, tenant);
	wb_key_id(k, id);
}

void rp_pair_key(struct wb_key *k, const char *tenant, struct wb_id first, struct wb_id second)
{
	rp_id_key(k, tenant, first);
	wb_key_id(k, second);
}

void rp_number_key(struct wb_key *k, const char *tenant, const char *number)
{
	rp_tenant_key(k, tenant);
	wb_key_str(k, number);
}

void rp_index_prefix(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value)
{
	rp_tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)by);
	wb_key_text(k, value.len > 100 ? (struct wb_bytes){value.data, 100} : value);
}

void rp_index_key(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value, int64_t reported_at,
        struct wb_id ticket)
{
	rp_index_prefix(k, tenant, by, value);
	wb_key_i64(k, reported_at);
	wb_key_id(k, ticket);
}

bool rp_is_indexed(struct wb_txn *txn, const char *tenant, enum dimension by, struct wb_id value,
        const Weibao__V1__ReadTicketRow *row)
{
	struct wb_key k;
	rp_index_key(&k, tenant, by, rp_bytes_of_id(&value), row->reported_at, wb_id_of_field(row->ticket_id));
	return wb_has(txn, &rp_ticket_index_table, &k);
}

void rp_due_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket)
{
	rp_tenant_key(k, tenant);
	wb_key_i64(k, at);
	wb_key_id(k, ticket);
}

void rp_event_key(struct wb_key *k, const char *tenant, uint64_t position)
{
	rp_tenant_key(k, tenant);
	wb_key_u64(k, position);
}

void rp_timeline_key(struct wb_key *k, const char *tenant, struct wb_id ticket, uint64_t position)
{
	rp_id_key(k, tenant, ticket);
	wb_key_u64(k, position);
}

void rp_part_prefix(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part)
{
	rp_id_key(k, tenant, ticket);
	wb_key_u8(k, (uint8_t)part);
}

void rp_part_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part, struct wb_id id)
{
	rp_part_prefix(k, tenant, ticket, part);
	wb_key_id(k, id);
}

void rp_visit_day_key(struct wb_key *k, struct wb_id engineer, int64_t slot_from, const char *tenant,
        struct wb_id ticket, struct wb_id visit)
{
	rp_id_key(k, "provider", engineer);
	wb_key_i64(k, slot_from);
	wb_key_str(k, tenant);
	wb_key_id(k, ticket);
	wb_key_id(k, visit);
}

void rp_clock_open_key(
        struct wb_key *k, const char *tenant, bool frozen, int64_t order, struct wb_id ticket, struct wb_id clock)
{
	rp_tenant_key(k, tenant);
	wb_key_u8(k, frozen ? 1 : 0);
	wb_key_i64(k, order);
	wb_key_id(k, ticket);
	wb_key_id(k, clock);
}

void rp_clock_started_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket, struct wb_id clock)
{
	rp_tenant_key(k, tenant);
	wb_key_i64(k, at);
	wb_key_id(k, ticket);
	wb_key_id(k, clock);
}

void rp_matter_key(struct wb_key *k, const char *tenant, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref)
{
	rp_tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)what);
	wb_key_i64(k, since);
	wb_key_id(k, ticket);
	wb_key_id(k, ref);
}

void rp_thing_key(struct wb_key *k, const char *tenant, enum thing thing, struct wb_id id)
{
	rp_tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)thing);
	wb_key_id(k, id);
}

void rp_member_key(struct wb_key *k, struct wb_id team, struct wb_id engineer)
{
	rp_thing_key(k, "provider", THING_MEMBER, team);
	wb_key_id(k, engineer);
}

struct wb_bytes rp_bytes_of_id(const struct wb_id *id)
{
	return (struct wb_bytes){id->b, WB_ID_BYTES};
}

struct wb_bytes rp_bytes_of_field(ProtobufCBinaryData field)
{
	return (struct wb_bytes){field.data, field.len};
}

struct wb_id rp_id_of_number(uint64_t n)
{
	struct wb_id id = {{0}};
	wb_be64_put(id.b + 8, n);
	return id;
}

Weibao__V1__ReadTenantRow *rp_tenant_get(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	rp_tenant_key(&k, tenant);
	return (Weibao__V1__ReadTenantRow *)wb_get_row(
	        db, &rp_tenants_table, &k, &weibao__v1__read_tenant_row__descriptor, a);
}

Weibao__V1__ReadTicketRow *rp_ticket_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	rp_id_key(&k, tenant, ticket);
	return (Weibao__V1__ReadTicketRow *)wb_get_row(
	        db, &rp_tickets_table, &k, &weibao__v1__read_ticket_row__descriptor, a);
}

Weibao__V1__TicketReported *rp_report_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	rp_id_key(&k, tenant, ticket);
	return (Weibao__V1__TicketReported *)wb_get_row(
	        db, &rp_reports_table, &k, &weibao__v1__ticket_reported__descriptor, a);
}

Weibao__V1__ReadVisitRow *rp_visit_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_arena *a)
{
	struct wb_key k;
	rp_pair_key(&k, tenant, ticket, visit);
	return (Weibao__V1__ReadVisitRow *)wb_get_row(
	        db, &rp_visits_table, &k, &weibao__v1__read_visit_row__descriptor, a);
}

Weibao__V1__ReadClockRow *rp_clock_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id clock, struct wb_arena *a)
{
	struct wb_key k;
	rp_pair_key(&k, tenant, ticket, clock);
	return (Weibao__V1__ReadClockRow *)wb_get_row(
	        db, &rp_clocks_table, &k, &weibao__v1__read_clock_row__descriptor, a);
}

ProtobufCMessage *rp_part_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum part part,
        struct wb_id id, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a)
{
	struct wb_key k;
	rp_part_key(&k, tenant, ticket, part, id);
	return wb_get_row(db, &rp_parts_table, &k, descriptor, a);
}

ProtobufCMessage *rp_thing_get(struct wb_txn *db, const char *tenant, enum thing thing, struct wb_id id,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a)
{
	struct wb_key k;
	rp_thing_key(&k, tenant, thing, id);
	return wb_get_row(db, &rp_things_table, &k, descriptor, a);
}

static bool ticket_behind(struct wb_txn *db, const struct wb_table *table, const struct wb_key *k, struct wb_id *ret)
{
	struct wb_bytes value;
	return wb_get(db, table, k, &value) && wb_id_from_bytes(value.data, value.len, ret);
}

bool rp_number_find(struct wb_txn *db, const char *tenant, const char *number, struct wb_id *ret_ticket)
{
	struct wb_key k;
	if (strlen(number) > 100)
		return false;
	rp_number_key(&k, tenant, number);
	return ticket_behind(db, &rp_numbers_table, &k, ret_ticket);
}

bool rp_ref_find(struct wb_txn *db, const char *tenant, struct wb_id ref, struct wb_id *ret_ticket)
{
	struct wb_key k;
	rp_id_key(&k, tenant, ref);
	return ticket_behind(db, &rp_refs_table, &k, ret_ticket);
}

bool rp_clock_is_open(const Weibao__V1__ReadClockRow *row)
{
	return !row->has_stopped_at && (row->phase == WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_RUNNING ||
	                                       row->phase == WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_BREACHED);
}
