#include "services/reporting/tables.h"

#include <string.h>

const struct wb_table tenants_table = {"tenants", WB_SERVICE_TABLES_BASE};
const struct wb_table tickets_table = {"tickets", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table reports_table = {"reports", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table numbers_table = {"numbers", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table ticket_index_table = {"ticket_index", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table due_tickets_table = {"due_tickets", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table events_table = {"events", WB_SERVICE_TABLES_BASE + 6};
const struct wb_table timeline_table = {"timeline", WB_SERVICE_TABLES_BASE + 7};
const struct wb_table parts_table = {"parts", WB_SERVICE_TABLES_BASE + 8};
const struct wb_table refs_table = {"refs", WB_SERVICE_TABLES_BASE + 9};
const struct wb_table visits_table = {"visits", WB_SERVICE_TABLES_BASE + 10};
const struct wb_table visit_days_table = {"visit_days", WB_SERVICE_TABLES_BASE + 11};
const struct wb_table clocks_table = {"clocks", WB_SERVICE_TABLES_BASE + 12};
const struct wb_table clocks_open_table = {"clocks_open", WB_SERVICE_TABLES_BASE + 13};
const struct wb_table clocks_started_table = {"clocks_started", WB_SERVICE_TABLES_BASE + 14};
const struct wb_table complaints_table = {"complaints", WB_SERVICE_TABLES_BASE + 15};
const struct wb_table matters_table = {"matters", WB_SERVICE_TABLES_BASE + 16};
const struct wb_table things_table = {"things", WB_SERVICE_TABLES_BASE + 17};
const struct wb_table *const reporting_tables[] = {&tenants_table, &tickets_table, &reports_table, &numbers_table,
        &ticket_index_table, &due_tickets_table, &events_table, &timeline_table, &parts_table, &refs_table,
        &visits_table, &visit_days_table, &clocks_table, &clocks_open_table, &clocks_started_table, &complaints_table,
        &matters_table, &things_table};
static_assert(sizeof reporting_tables / sizeof reporting_tables[0] == REPORTING_TABLES, "the list and its length");

void tenant_key(struct wb_key *k, const char *tenant)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
}

void id_key(struct wb_key *k, const char *tenant, struct wb_id id)
{
	tenant_key(k, tenant);
	wb_key_id(k, id);
}

void pair_key(struct wb_key *k, const char *tenant, struct wb_id first, struct wb_id second)
{
	id_key(k, tenant, first);
	wb_key_id(k, second);
}

void number_key(struct wb_key *k, const char *tenant, const char *number)
{
	tenant_key(k, tenant);
	wb_key_str(k, number);
}

void index_prefix(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value)
{
	tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)by);
	wb_key_text(k, value.len > 100 ? (struct wb_bytes){value.data, 100} : value);
}

void index_key(struct wb_key *k, const char *tenant, enum dimension by, struct wb_bytes value, int64_t reported_at,
        struct wb_id ticket)
{
	index_prefix(k, tenant, by, value);
	wb_key_i64(k, reported_at);
	wb_key_id(k, ticket);
}

void due_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket)
{
	tenant_key(k, tenant);
	wb_key_i64(k, at);
	wb_key_id(k, ticket);
}

void event_key(struct wb_key *k, const char *tenant, uint64_t position)
{
	tenant_key(k, tenant);
	wb_key_u64(k, position);
}

void timeline_key(struct wb_key *k, const char *tenant, struct wb_id ticket, uint64_t position)
{
	id_key(k, tenant, ticket);
	wb_key_u64(k, position);
}

void part_prefix(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part)
{
	id_key(k, tenant, ticket);
	wb_key_u8(k, (uint8_t)part);
}

void part_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum part part, struct wb_id id)
{
	part_prefix(k, tenant, ticket, part);
	wb_key_id(k, id);
}

void visit_day_key(struct wb_key *k, struct wb_id engineer, int64_t slot_from, const char *tenant, struct wb_id ticket,
        struct wb_id visit)
{
	id_key(k, "provider", engineer);
	wb_key_i64(k, slot_from);
	wb_key_str(k, tenant);
	wb_key_id(k, ticket);
	wb_key_id(k, visit);
}

void clock_open_key(
        struct wb_key *k, const char *tenant, bool frozen, int64_t order, struct wb_id ticket, struct wb_id clock)
{
	tenant_key(k, tenant);
	wb_key_u8(k, frozen ? 1 : 0);
	wb_key_i64(k, order);
	wb_key_id(k, ticket);
	wb_key_id(k, clock);
}

void clock_started_key(struct wb_key *k, const char *tenant, int64_t at, struct wb_id ticket, struct wb_id clock)
{
	tenant_key(k, tenant);
	wb_key_i64(k, at);
	wb_key_id(k, ticket);
	wb_key_id(k, clock);
}

void matter_key(struct wb_key *k, const char *tenant, Weibao__V1__OpenMatter what, int64_t since, struct wb_id ticket,
        struct wb_id ref)
{
	tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)what);
	wb_key_i64(k, since);
	wb_key_id(k, ticket);
	wb_key_id(k, ref);
}

void thing_key(struct wb_key *k, const char *tenant, enum thing thing, struct wb_id id)
{
	tenant_key(k, tenant);
	wb_key_u8(k, (uint8_t)thing);
	wb_key_id(k, id);
}

void member_key(struct wb_key *k, struct wb_id team, struct wb_id engineer)
{
	thing_key(k, "provider", THING_MEMBER, team);
	wb_key_id(k, engineer);
}

struct wb_bytes bytes_of_id(const struct wb_id *id)
{
	return (struct wb_bytes){id->b, WB_ID_BYTES};
}

struct wb_bytes bytes_of_field(ProtobufCBinaryData field)
{
	return (struct wb_bytes){field.data, field.len};
}

struct wb_id id_of_number(uint64_t n)
{
	struct wb_id id = {{0}};
	wb_be64_put(id.b + 8, n);
	return id;
}

Weibao__V1__ReadTenantRow *tenant_get(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	tenant_key(&k, tenant);
	return (Weibao__V1__ReadTenantRow *)wb_get_row(
	        db, &tenants_table, &k, &weibao__v1__read_tenant_row__descriptor, a);
}

Weibao__V1__ReadTicketRow *ticket_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	id_key(&k, tenant, ticket);
	return (Weibao__V1__ReadTicketRow *)wb_get_row(
	        db, &tickets_table, &k, &weibao__v1__read_ticket_row__descriptor, a);
}

Weibao__V1__TicketReported *report_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	id_key(&k, tenant, ticket);
	return (Weibao__V1__TicketReported *)wb_get_row(
	        db, &reports_table, &k, &weibao__v1__ticket_reported__descriptor, a);
}

Weibao__V1__ReadVisitRow *visit_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_arena *a)
{
	struct wb_key k;
	pair_key(&k, tenant, ticket, visit);
	return (Weibao__V1__ReadVisitRow *)wb_get_row(
	        db, &visits_table, &k, &weibao__v1__read_visit_row__descriptor, a);
}

Weibao__V1__ReadClockRow *clock_get(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id clock, struct wb_arena *a)
{
	struct wb_key k;
	pair_key(&k, tenant, ticket, clock);
	return (Weibao__V1__ReadClockRow *)wb_get_row(
	        db, &clocks_table, &k, &weibao__v1__read_clock_row__descriptor, a);
}

ProtobufCMessage *part_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum part part, struct wb_id id,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a)
{
	struct wb_key k;
	part_key(&k, tenant, ticket, part, id);
	return wb_get_row(db, &parts_table, &k, descriptor, a);
}

ProtobufCMessage *thing_get(struct wb_txn *db, const char *tenant, enum thing thing, struct wb_id id,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a)
{
	struct wb_key k;
	thing_key(&k, tenant, thing, id);
	return wb_get_row(db, &things_table, &k, descriptor, a);
}

static bool ticket_behind(struct wb_txn *db, const struct wb_table *table, const struct wb_key *k, struct wb_id *ret)
{
	struct wb_bytes value;
	return wb_get(db, table, k, &value) && wb_id_from_bytes(value.data, value.len, ret);
}

bool number_find(struct wb_txn *db, const char *tenant, const char *number, struct wb_id *ret_ticket)
{
	struct wb_key k;
	if (strlen(number) > 100)
		return false;
	number_key(&k, tenant, number);
	return ticket_behind(db, &numbers_table, &k, ret_ticket);
}

bool ref_find(struct wb_txn *db, const char *tenant, struct wb_id ref, struct wb_id *ret_ticket)
{
	struct wb_key k;
	id_key(&k, tenant, ref);
	return ticket_behind(db, &refs_table, &k, ret_ticket);
}

bool clock_is_open(const Weibao__V1__ReadClockRow *row)
{
	return !row->has_stopped_at && (row->phase == WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_RUNNING ||
	                                       row->phase == WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_BREACHED);
}
