/* What the tests of survey begin with. */
#ifndef WB_TESTS_SURVEY_GIVEN_H
#define WB_TESTS_SURVEY_GIVEN_H
#include "services/survey/survey.h"
#include "services/survey/tables.h"
#include "tests/harness/bed.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/sla_events.pb-c.h"
#include "weibao/v1/survey_commands.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"
#include "weibao/v1/survey_queries.pb-c.h"

#define ACME "acme"
#define TICKET bed_id("ticket")
#define G(x) WEIBAO__V1__GRADE__GRADE_##x

/* A bed with the client unit acme (at UTC+8) and one reported ticket, round 1; the direct user is contact "user". */
struct bed *given_ticket(void);
void given_reported(struct bed *b, const char *tenant, const char *ticket);
void given_policy(struct bed *b, uint32_t link_days, uint32_t attempts, uint32_t days);
/* The round is completed by a visit of engineer "wang" (whose arrival was recorded), or by phone. */
void given_visit_completed(struct bed *b, uint32_t round);
void given_phone_solved(struct bed *b, uint32_t round);
void given_form_signed(struct bed *b, uint32_t round, Weibao__V1__Grade grade, int64_t signed_at);
void given_closed(struct bed *b, uint32_t round, Weibao__V1__CloseReason reason);
void given_round(struct bed *b, uint32_t round);
void given_cancelled(struct bed *b, uint32_t round);

/* Commands, of the round. */
void when_rated(struct bed *b, uint32_t round, Weibao__V1__Grade grade, const char *opinions);
void when_analysed(struct bed *b, uint32_t round, const char *cause, const char *remedy);
void when_declined(struct bed *b, uint32_t round, const char *call);
void when_attempted(struct bed *b, uint32_t round);
void when_followed_up(struct bed *b, uint32_t round, Weibao__V1__Grade attitude);

void as_hotline(struct bed *b);
void as_user(struct bed *b);
/* Runs what is due until nothing of survey's own is left to be done. */
void run_own(struct bed *b);
bool owed(struct bed *b, const char *kind, uint32_t round);
#endif
