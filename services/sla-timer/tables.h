/* The projection's tables: keys and rows (proto/weibao/v1/sla_rows.proto). Rows read live in the arena. */
#ifndef WB_SLA_TABLES_H
#define WB_SLA_TABLES_H
#include "services/sla-timer/sla.h"

extern const struct wb_table wb_sla_policies;   /* tenant, version → PolicyRow */
extern const struct wb_table wb_sla_calendars;  /* tenant, calendar, version → CalendarRow */
extern const struct wb_table wb_sla_tickets;    /* tenant, ticket → SlaTicketRow */
extern const struct wb_table wb_sla_facts;      /* tenant, ticket, number → FactRow */
extern const struct wb_table wb_sla_clocks;     /* tenant, ticket, clock → ClockRow */
extern const struct wb_table wb_sla_exceptions; /* tenant, ticket, exception → ExceptionRow */

extern const struct wb_table wb_sla_running; /* tenant, deadline, ticket, clock → ClockRef: not judged yet */

void wb_sla_tenant_key(struct wb_key *k, const char *tenant);
void wb_sla_policy_key(struct wb_key *k, const char *tenant, uint32_t version);
void wb_sla_calendar_key(struct wb_key *k, const char *tenant, struct wb_id calendar, uint32_t version);
void wb_sla_ticket_key(struct wb_key *k, const char *tenant, struct wb_id ticket);
void wb_sla_fact_key(struct wb_key *k, const char *tenant, struct wb_id ticket, uint32_t n);
/* Of a clock that is not judged; a frozen one stands behind all deadlines. */
void wb_sla_running_key(struct wb_key *k, const char *tenant, struct wb_id ticket, const Weibao__V1__ClockRow *row);
/* Of a clock or an exception. */
void wb_sla_part_key(struct wb_key *k, const char *tenant, struct wb_id ticket, struct wb_id part);

/* When something is asked for: what was in force at an event's position or, with position 0, at an instant. */
struct wb_sla_when {
	uint64_t position;
	int64_t at_us;
};

/* A version of the policy; version 0: the newest. NULL: none. */
Weibao__V1__PolicyRow *wb_sla_policy(struct wb_txn *db, const char *tenant, uint32_t version, struct wb_arena *a);
/* The one in force then, the first one for what was before it. NULL: the tenant has none. */
Weibao__V1__PolicyRow *wb_sla_policy_at(
        struct wb_txn *db, const char *tenant, struct wb_sla_when when, struct wb_arena *a);
/* Calendars likewise. */
Weibao__V1__CalendarRow *wb_sla_calendar(
        struct wb_txn *db, const char *tenant, struct wb_id calendar, uint32_t version, struct wb_arena *a);
Weibao__V1__CalendarRow *wb_sla_calendar_at(
        struct wb_txn *db, const char *tenant, struct wb_id calendar, struct wb_sla_when when, struct wb_arena *a);
Weibao__V1__SlaTicketRow *wb_sla_ticket(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Weibao__V1__ClockRow *wb_sla_clock(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id clock, struct wb_arena *a);
Weibao__V1__ExceptionRow *wb_sla_exception(
        struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_id exception, struct wb_arena *a);
/* Whether the field holds that id. */
bool wb_sla_is(ProtobufCBinaryData field, struct wb_id id);
#endif
