/* Stories for reporting's tests: what the other services say happened. */
#ifndef WB_TESTS_REPORTING_STORY_H
#define WB_TESTS_REPORTING_STORY_H
#include "services/reporting/reporting.h"
#include "services/reporting/tables.h"
#include "tests/harness/bed.h"
#include "weibao/v1/reporting_queries.pb-c.h"

#define ACME "acme"
#define GRADE(g) WEIBAO__V1__GRADE__GRADE_##g
#define STAGE(s) WEIBAO__V1__TICKET_STAGE__TICKET_STAGE_##s
#define KIND(k) WEIBAO__V1__CLOCK_KIND__CLOCK_KIND_##k

/* The tenant, an office, a team of one engineer that serves it. */
void given_tenant(struct bed *b, const char *tenant);
void given_team(struct bed *b, const char *tenant, const char *team);
void given_member(struct bed *b, const char *team, const char *engineer);
/* A ticket of that name and number, reported now by a contact. */
void given_ticket(struct bed *b, const char *tenant, const char *ticket, const char *number, const char *contact);
/* The same with what tests vary; NULL: as usual. */
struct ticket_story {
	const char *office, *device, *category, *symptom;
	bool urgent, uncovered;
};
void given_ticket_of(struct bed *b, const char *tenant, const char *ticket, const char *number, const char *contact,
        const struct ticket_story *story);
void given_handler(struct bed *b, const char *ticket, const char *engineer);
void given_phone_solved(struct bed *b, const char *ticket, const char *engineer, const char *steps);
void given_visit(struct bed *b, const char *tenant, const char *ticket, const char *visit, int64_t promised_at);
void given_assigned(struct bed *b, const char *tenant, const char *ticket, const char *visit, const char *engineer,
        int64_t slot_from, int64_t slot_until);
void given_clock(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind, int64_t deadline_at);
void given_breach(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind);
void given_met(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind);
#endif
