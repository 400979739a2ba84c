#include "services/sla-timer/tables.h"

#include <string.h>

const struct wb_table wb_sla_policies = {"policies", WB_SERVICE_TABLES_BASE};
const struct wb_table wb_sla_calendars = {"calendars", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table wb_sla_tickets = {"tickets", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table wb_sla_facts = {"facts", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table wb_sla_clocks = {"clocks", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table wb_sla_exceptions = {"exceptions", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table wb_sla_running = {"running", WB_SERVICE_TABLES_BASE + 6};
const struct wb_table *const wb_sla_tables[] = {&wb_sla_policies, &wb_sla_calendars, &wb_sla_tickets, &wb_sla_facts,
        &wb_sla_clocks, &wb_sla_exceptions, &wb_sla_running};

void wb_sla_tenant_key(struct wb_key *k, const char *tenant)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
}

void wb_sla_policy_key(struct wb_key *k, const char *tenant, uint32_t version)
{
	wb_sla_tenant_key(k, tenant);
	wb_key_u32(k, version);
}

void wb_sla_calendar_key(struct wb_key *k, const char *tenant, struct wb_id calendar, uint32_t version)
{
	wb_sla_ticket_key(k, tenant, calendar);
	wb_key_u32(k, version);
}

void wb_sla_ticket_key(struct wb_key *k, const char *tenant, struct wb_id ticket)
{
	wb_sla_tenant_key(k, tenant);
	wb_key_id(k, ticket);
}

void wb_sla_fact_key(struct wb_key *k, const char *tenant, struct wb_id ticket, uint32_t n)
{
	wb_sla_ticket_key(k, tenant, ticket);
	wb_key_u32(k, n);
}

void wb_sla_part_key(struct wb_key *k, const char *tenant, struct wb_id ticket, struct wb_id part)
{
	wb_sla_ticket_key(k, tenant, ticket);
	wb_key_id(k, part);
}

void wb_sla_running_key(struct wb_key *k, const char *tenant, struct wb_id ticket, const Weibao__V1__ClockRow *row)
{
	wb_sla_tenant_key(k, tenant);
	wb_key_i64(k, row->has_deadline_at ? row->deadline_at : INT64_MAX);
	wb_key_id(k, ticket);
	wb_key_id(k, wb_id_of_field(row->clock_id));
}

static bool in_force(uint64_t position, int64_t saved_at, struct wb_sla_when when)
{
	return when.position ? position < when.position : saved_at <= when.at_us;
}

/* Versions newest first: the first in force, else the oldest; when NULL: the newest. */
static Weibao__V1__PolicyRow *policy_back(
        struct wb_txn *db, const char *tenant, const struct wb_sla_when *when, struct wb_arena *a)
{
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes value;
	Weibao__V1__PolicyRow *row = NULL;
	wb_sla_tenant_key(&prefix, tenant);
	wb_scan_back(&scan, db, &wb_sla_policies, &prefix);
	while (wb_scan_next(&scan, NULL, &value)) {
		row = (Weibao__V1__PolicyRow *)wb_unpack_row(
		        db, &wb_sla_policies, value, &weibao__v1__policy_row__descriptor, a);
		if (!row || !when || in_force(row->position, row->saved_at, *when))
			break;
	}
	wb_scan_done(&scan);
	return row;
}

Weibao__V1__PolicyRow *wb_sla_policy(struct wb_txn *db, const char *tenant, uint32_t version, struct wb_arena *a)
{
	struct wb_key k;
	if (!version)
		return policy_back(db, tenant, NULL, a);
	wb_sla_policy_key(&k, tenant, version);
	return (Weibao__V1__PolicyRow *)wb_get_row(db, &wb_sla_policies, &k, &weibao__v1__policy_row__descriptor, a);
}

Weibao__V1__PolicyRow *wb_sla_policy_at(
        struct wb_txn *db, const char *tenant, struct wb_sla_when when, struct wb_arena *a)
{
	return policy_back(db, tenant, &when, a);
}

static Weibao__V1__CalendarRow *calendar_back(struct wb_txn *db, const char *tenant, struct wb_id calendar,
        const struct wb_sla_when *when, struct wb_arena *a)
{
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes value;
	Weibao__V1__CalendarRow *row = NULL;
	wb_sla_ticket_key(&prefix, tenant, calendar);
	wb_scan_back(&scan, db, &wb_sla_calendars, &prefix);
	while (wb_scan_next(&scan, NULL, &value)) {
		row = (Weibao__V1__CalendarRow *)wb_unpack_row(
		        db, &wb_sla_calendars, value, &weibao__v1__calendar_row__descriptor, a);
		if (!row || !when || in_force(row->position, row->saved_at, *when))
			break;
	}
	wb_scan_done(&scan);
	return row;
}

Weibao__V1__CalendarRow *wb_sla_calendar(
        struct wb_txn *db, const char *tenant, struct wb_id calendar, uint32_t version, struct wb_arena *a)
{
	struct wb_key k;
	if (!version)
		return calendar_back(db, tenant, calendar, NULL, a);
	wb_sla_calendar_key(&k, tenant, calendar, version);
	return (Weibao__V1__CalendarRow *)wb_get_row(
	        db, &wb_sla_calendars, &k, &weibao__v1__calendar_row__descriptor, a);
}

Weibao__V1__CalendarRow *wb_sla_calendar_at(
        struct wb_txn *db, const char *tenant, struct wb_id calendar, struct wb_sla_when when, struct wb_arena *a)
{
	return calendar_back(db, tenant, calendar, &when, a);
}

Weibao__V1__SlaTicketRow *wb_sla_ticket(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	wb_sla_ticket_key(&k, tenant, ticket);
	return (Weibao__V1__SlaTicketRow *)wb_get_row(
	        db, &wb_sla_tickets, &k, &weibao__v1__sla_ticket_row__descriptor, a);
}

Weibao__V1__ClockRow *wb_sla_clock(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id clock, struct wb_arena *a)
{
	struct wb_key k;
	wb_sla_part_key(&k, tenant, ticket, clock);
	return (Weibao__V1__ClockRow *)wb_get_row(db, &wb_sla_clocks, &k, &weibao__v1__clock_row__descriptor, a);
}

Weibao__V1__ExceptionRow *wb_sla_exception(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id exception, struct wb_arena *a)
{
	struct wb_key k;
	wb_sla_part_key(&k, tenant, ticket, exception);
	return (Weibao__V1__ExceptionRow *)wb_get_row(
	        db, &wb_sla_exceptions, &k, &weibao__v1__exception_row__descriptor, a);
}

bool wb_sla_is(ProtobufCBinaryData field, struct wb_id id)
{
	return field.len == WB_ID_BYTES && memcmp(field.data, id.b, WB_ID_BYTES) == 0;
}
