/* A provider with one team of three engineers, assigned to two client units, and tickets in them. */
#ifndef WB_TESTS_DISPATCH_KIT_H
#define WB_TESTS_DISPATCH_KIT_H
#include "tests/harness/bed.h"

#include "services/dispatch/dispatch.h"
#include "weibao/v1/dispatch_commands.pb-c.h"
#include "weibao/v1/dispatch_queries.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"

struct kit {
	struct bed *b;
	struct wb_id team, engineers[3], outsider; /* the outsider is in no team */
	struct wb_id visit;                        /* the one that was scheduled last */
};

#define ACME "acme"
#define BRAVO "bravo"
#define HOUR(n) (BED_START + (n)*WB_HOUR_US)
#define FIELD(k, id) bed_field((k)->b, (id))

/* A message on the stack with its init. */
#define MSG(type, name, ...) Weibao__V1__##type name = __VA_ARGS__

int kit_open(void **state);
int kit_close(void **state);

void as_manager(struct kit *k);
void as_lead(struct kit *k);
void as_engineer(struct kit *k, size_t i);

struct wb_id kit_engineer(struct kit *k, const char *name);
void kit_member(struct kit *k, struct wb_id engineer);

/* What intake says. */
struct wb_id kit_report(struct kit *k, const char *tenant, const char *name, const char *place, bool secret);
void kit_handler(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_needs_visit(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_cancelled(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_linked(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_closed(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_phone_solved(struct kit *k, const char *tenant, struct wb_id ticket);
void kit_round(struct kit *k, const char *tenant, struct wb_id ticket, uint32_t round, Weibao__V1__RoundCause cause);
/* Reported and found to need a visit. */
struct wb_id kit_ticket(struct kit *k, const char *tenant, const char *name, const char *place);

/* Commands as their people; each asserts nothing. kit_schedule leaves the visit in k->visit. */
void kit_schedule(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id engineer, int64_t at);
void kit_accept(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_decline(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_depart(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_arrive(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_diagnose(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_work(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_form(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, Weibao__V1__VisitResult r);
void kit_leave(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_move(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id engineer,
        int64_t at, Weibao__V1__MovedBy by);
void kit_cancel(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_confirm(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
void kit_ask_move(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, int64_t at);
void kit_transfer(
        struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id from, struct wb_id to);
void kit_further(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id engineer);
/* The user signs that revision of the form. */
void kit_signed(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, uint32_t revision);

/* Rows as folded. */
const Visit *kit_visit(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit);
const Ticket *kit_ticket_row(struct kit *k, const char *tenant, struct wb_id ticket);
/* Asserts that the last command was taken. */
void took(struct kit *k);

#endif
