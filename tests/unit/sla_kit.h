/*
 * What the tests of sla-timer share: a tenant «acme» with its defaults, facts of tickets at local times of Shanghai,
 * and a look at the clocks. Times are «2024-03-04 10:00» or «2024-03-04 10:00:30».
 */
#ifndef WB_TESTS_SLA_KIT_H
#define WB_TESTS_SLA_KIT_H
#include "services/sla-timer/sla.h"
#include "tests/harness/bed.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"

#define ACME "acme"
#define TICKET bed_id("ticket")

int64_t sla_at(const char *local);
/* The same in UTC. */
int64_t sla_utc(const char *text);
const char *sla_text(struct bed *b, int64_t at);
#define AT(b, expected, actual) assert_string_equal((expected), sla_text((b), (actual)))

/* A tenant with defaults, opened at 2024-01-01 08:00. */
struct bed *sla_bed(void);
/* Runs the effects on a command about calendars and decides what comes of it. */
void sla_ready(struct bed *b, const ProtobufCMessage *command);
/* Sets the time and acts on what is due until nothing more happens. */
void sla_run(struct bed *b, const char *local);
void sla_settle(struct bed *b);

/* The policy as it is, to be changed and saved. */
Weibao__V1__PolicyTerms *sla_policy(struct bed *b);
void sla_save_policy(struct bed *b, Weibao__V1__PolicyTerms *terms);
Weibao__V1__ClockTarget *sla_target_of(
        Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock, Weibao__V1__Urgency urgency);
/* One target of all kinds and urgencies, as service time. */
void sla_set_target(Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock, int64_t target_us);
struct wb_id sla_calendar_named(struct bed *b, const char *name);

/* Facts, at a local time; each is taken in at once. */
void sla_report(struct bed *b, const char *at);
void sla_report_as(struct bed *b, const char *at, Weibao__V1__Urgency urgency, bool covered);
void sla_called(struct bed *b, const char *at, bool reached);
void sla_needed(struct bed *b, const char *at);
void sla_scheduled(struct bed *b, const char *at, const char *promised, const char *earliest);
void sla_moved(struct bed *b, const char *at, const char *promised, bool by_user);
void sla_visit_cancelled(struct bed *b, const char *at);
void sla_arrived(struct bed *b, const char *at);
/* Told at `at`, happened at `occurred` by a sound clock. */
void sla_arrived_offline(struct bed *b, const char *at, const char *occurred);
/* Told at `at` without evidence, said to have happened then. */
void sla_arrived_stated(struct bed *b, const char *at, const char *stated);
void sla_left(struct bed *b, const char *at, Weibao__V1__VisitResult result);
void sla_solved(struct bed *b, const char *at);
void sla_completed(struct bed *b, const char *at);
void sla_followed(struct bed *b, const char *at);
void sla_round(struct bed *b, const char *at, uint32_t round);
void sla_urgency(struct bed *b, const char *at, Weibao__V1__Urgency urgency);
void sla_cancelled(struct bed *b, const char *at);
/* Rounds of facts are 1 until this is called. */
void sla_in_round(uint32_t round);
/* Facts of visits are another visit's from now on. */
void sla_next_visit(void);
/* Facts are noted, but not taken in, until it is called with false. */
void sla_lazy(bool lazy);

/* The newest clock of that kind, asked for now; the test fails if there is none. */
const Weibao__V1__ClockView *sla_clock_view(struct bed *b, Weibao__V1__ClockKind kind);
size_t sla_clocks(struct bed *b, Weibao__V1__ClockKind kind);
#define THEN_CLOCK(b, kind, expected_state, expected_deadline)                                                         \
	do {                                                                                                           \
		const Weibao__V1__ClockView *v_ = sla_clock_view((b), WB_SLA_KIND(kind));                              \
		assert_int_equal(v_->state, WB_SLA_STATE(expected_state));                                             \
		AT((b), (expected_deadline), v_->deadline_at);                                                         \
	} while (0)
/* The windows of an explanation add up to its target, and its deadline is the clock's. */
void sla_explains(struct bed *b, Weibao__V1__ClockKind kind);

/* Commands of people on the newest clock of that kind. */
void sla_suspend(struct bed *b, const char *at, Weibao__V1__ClockKind kind, Weibao__V1__SuspensionReason reason);
void sla_resume(struct bed *b, const char *at, Weibao__V1__ClockKind kind);
void sla_propose(struct bed *b, const char *at, Weibao__V1__ClockKind kind, const char *until, bool verbal);
void sla_agree(struct bed *b, const char *at, Weibao__V1__ClockKind kind);
void sla_decline(struct bed *b, const char *at, Weibao__V1__ClockKind kind);
/* The exception's id of the newest exception of a clock of that kind. */
ProtobufCBinaryData sla_exception_of(struct bed *b, Weibao__V1__ClockKind kind);
#endif
