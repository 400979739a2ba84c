/*
 * A decision about the clocks of one ticket: their rows in memory, changed by what is emitted, so that one decision can
 * take in many facts in order. Every command about clocks opens it, takes in what is pending, and then does its own.
 *
 * Invariants: a clock is judged once, against the log and not the wall: before a fact is taken in, whatever became due
 * before it was recorded is judged, so that the same events come out however late the timers run. Exactly at the
 * deadline is in time. After a refusal nothing more is done; the events of a refused decision are dropped as a whole.
 */
#ifndef WB_SLA_DECIDE_ENGINE_H
#define WB_SLA_DECIDE_ENGINE_H
#include "services/sla-timer/tables.h"
#include "services/sla-timer/terms.h"

struct wb_sla_made_calendar; /* calendars read in this decision */
struct wb_sla_engine {
	struct wb_decision *d;
	struct wb_id ticket_id;
	ProtobufCBinaryData ticket; /* the same as a field */
	Weibao__V1__SlaTicketRow *t;
	Weibao__V1__ClockRow **clocks;
	size_t n_clocks, cap_clocks;
	struct wb_sla_made_calendar *calendars;
	bool moved_on;                       /* ClocksAdvanced is owed */
	const Weibao__V1__ClockRow *watched; /* whether it was changed … */
	bool watched_changed;                /* … stands here */
};

/* Where a deadline is, once open suspensions are taken to end at an instant. */
struct wb_sla_deadline {
	int64_t deadline_us;
	int64_t original_us; /* without exceptions */
	bool has_warn;
	int64_t warn_us;
};

/* Reads the ticket's clocks. False: refused with NOT_FOUND, or memory is out. */
bool wb_sla_open(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket);
/* Takes in pending facts, WB_SLA_FACTS_A_STEP at most; false: refused. */
bool wb_sla_take_facts(struct wb_sla_engine *en);
/* For a person's command: opens, takes in what is pending, judges what is over, and finds the running clock of that
 * round. NULL: refused. */
Weibao__V1__ClockRow *wb_sla_open_running(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket,
        uint32_t round, ProtobufCBinaryData clock);
/* The first half of it, without a clock. */
bool wb_sla_open_current(struct wb_sla_engine *en, struct wb_decision *d, ProtobufCBinaryData ticket, uint32_t round);
/* Emits where the ticket stands, if that was moved on. */
void wb_sla_close(struct wb_sla_engine *en);

/* Whatever became due before at_us (at it too, where inclusive): the appointment clock starts, verbal exceptions lapse,
 * clocks are judged. */
void wb_sla_catch_up(struct wb_sla_engine *en, int64_t at_us, bool inclusive);

/* The clock; NULL: the ticket has none such. */
Weibao__V1__ClockRow *wb_sla_clock_of(struct wb_sla_engine *en, ProtobufCBinaryData id);
/* Emits an event of the clock and changes its row by it. exception: as wb_sla_apply. */
void wb_sla_emit(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *exception,
        const ProtobufCMessage *event);
/* False: refused, there is no such deadline. */
bool wb_sla_deadline(
        struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, int64_t open_until_us, struct wb_sla_deadline *ret);
/* The deadline as it would be after that event (its own deadline is not looked at). */
bool wb_sla_deadline_after(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row,
        const Weibao__V1__ExceptionRow *exception, const ProtobufCMessage *event, int64_t open_until_us,
        struct wb_sla_deadline *ret);
/* Whether a warning is still to come: not given yet, or moved ahead of us again. */
bool wb_sla_warn_ahead(
        const struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, const struct wb_sla_deadline *dl);
/* The clock's calendar (NULL: 24 × 7) and policy. False: refused. */
bool wb_sla_calendar_of(
        struct wb_sla_engine *en, const Weibao__V1__ClockRow *row, const struct wb_calendar **ret_calendar);
const Weibao__V1__PolicyTerms *wb_sla_policy_of(struct wb_sla_engine *en, const Weibao__V1__ClockRow *row);

/* ---- judging (decide_judge.c) ---- */

/* What stops a clock. */
struct wb_sla_stop {
	int64_t at_us;       /* its own time */
	int64_t recorded_us; /* never before at_us */
	bool offline;        /* at_us is that of a sound clock: evidence */
	uint64_t tenant_position;
};
/* Starts a clock if the policy in force then has one; promised_us: an arrival's. NULL: none was started. */
Weibao__V1__ClockRow *wb_sla_start(struct wb_sla_engine *en, Weibao__V1__ClockKind kind, int64_t at_us,
        struct wb_sla_when when, const ProtobufCBinaryData *visit, const int64_t *promised_us);
/* Names the calendar of a target, in the version in force then, in the row. False: refused. */
bool wb_sla_name_calendar(struct wb_sla_engine *en, const Weibao__V1__ClockTarget *target, struct wb_sla_when when,
        Weibao__V1__ClockRow *row);
void wb_sla_stop(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const struct wb_sla_stop *stop);
void wb_sla_warn(struct wb_sla_engine *en, Weibao__V1__ClockRow *row);
void wb_sla_breach(struct wb_sla_engine *en, Weibao__V1__ClockRow *row);
/* Escalations due at or before at_us. */
void wb_sla_escalate(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, int64_t at_us);
void wb_sla_void(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const char *cause);
/* Ends the open exception of a clock without agreement. */
void wb_sla_lapse(struct wb_sla_engine *en, Weibao__V1__ClockRow *row);
/* A suspension that began after the deadline, while an exception held the judgement, counts for nothing once that
 * exception is gone: it is ended, so that the clock is judged. */
void wb_sla_end_moot(struct wb_sla_engine *en, Weibao__V1__ClockRow *row);
/* A stop that a verbal exception held is judged, now that it holds no more. */
void wb_sla_settle_held(struct wb_sla_engine *en, Weibao__V1__ClockRow *row);
/* Suspends; until_us: a known end, else NULL. */
void wb_sla_suspend(struct wb_sla_engine *en, Weibao__V1__ClockRow *row, Weibao__V1__SuspensionReason reason,
        int64_t from_us, const int64_t *until_us, const ProtobufCBinaryData *visit);
void wb_sla_resume(
        struct wb_sla_engine *en, Weibao__V1__ClockRow *row, const Weibao__V1__SuspensionRow *s, int64_t until_us);
#endif
