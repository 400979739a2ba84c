/*
 * What the rooms of sla-timer share: short names of the domain's enums, streams and to-dos. See README.md.
 * Streams: policy/0 · calendar/<id> · clocks/<ticket>.
 */
#ifndef WB_SLA_SLA_H
#define WB_SLA_SLA_H
#include "base/clock.h"
#include "service/service.h"
#include "services/sla-timer/sla-timer.h"
#include "weibao/v1/sla_commands.pb-c.h"
#include "weibao/v1/sla_events.pb-c.h"
#include "weibao/v1/sla_queries.pb-c.h"
#include "weibao/v1/sla_rows.pb-c.h"

#define WB_SLA_KIND(x) WEIBAO__V1__CLOCK_KIND__CLOCK_KIND_##x
#define WB_SLA_STATE(x) WEIBAO__V1__CLOCK_STATE__CLOCK_STATE_##x
#define WB_SLA_FACT(x) WEIBAO__V1__FACT_KIND__FACT_KIND_##x
#define WB_SLA_REASON(x) WEIBAO__V1__SUSPENSION_REASON__SUSPENSION_REASON_##x
#define WB_SLA_EXCEPTION(x) WEIBAO__V1__EXCEPTION_STATE__EXCEPTION_STATE_##x

#define WB_SLA_STREAM_POLICY "policy"
#define WB_SLA_STREAM_CALENDAR "calendar"
#define WB_SLA_STREAM_CLOCKS "clocks"

/* To-dos: what is due of one clock (ref: the clock) · facts not yet taken into account (ref: the ticket, n: the first)
 * · the appointment clock's latest start (ref: the ticket, n: the round) · the end of a verbal exception's pending time
 * (ref: the exception) · a new tenant's policy and calendars (ref: none). */
#define WB_SLA_TODO_CLOCK "clock"
#define WB_SLA_TODO_FACTS "facts"
#define WB_SLA_TODO_APPOINTMENT "appointment"
#define WB_SLA_TODO_EXCEPTION "exception"
#define WB_SLA_TODO_DEFAULTS "defaults"

#define WB_SLA_FACTS_A_STEP 32                     /* facts taken into account by one command */
#define WB_SLA_SUSPENSIONS_MAX 64                  /* of one clock */
#define WB_SLA_SUSPEND_BACK_US WB_HOUR_US          /* how far back a suspension may begin */
#define WB_SLA_AHEAD_US (INT64_C(366) * WB_DAY_US) /* how far ahead a time of a command may lie */

/* A new message in an arena; leaves a void function when the arena is full (the caller's owner sees the overflow). */
#define WB_SLA_NEW(arena, Type, lower, name)                                                                           \
	Weibao__V1__##Type *name = WB_ARENA_NEW((arena), Weibao__V1__##Type);                                          \
	if (!name)                                                                                                     \
		return;                                                                                                \
	weibao__v1__##lower##__init(name)

/* The service's rooms. The numbers stand here for service.c; each list's file asserts its own. */
#define WB_SLA_TABLES 7
#define WB_SLA_EVOLVES 37
#define WB_SLA_TODOS 5
#define WB_SLA_QUERIES 8
extern const struct wb_table *const wb_sla_tables[WB_SLA_TABLES];
extern const struct wb_evolve_def wb_sla_evolve[WB_SLA_EVOLVES];
extern const struct wb_todo_def wb_sla_todos[WB_SLA_TODOS];
extern const struct wb_query_def wb_sla_queries[WB_SLA_QUERIES];
extern const struct wb_effects wb_sla_effects;

wb_decide_fn wb_sla_save_policy, wb_sla_save_calendar, wb_sla_import_holidays, wb_sla_make_defaults;
wb_decide_fn wb_sla_advance_clocks, wb_sla_judge_clock, wb_sla_suspend_clock, wb_sla_resume_clock;
wb_decide_fn wb_sla_propose_exception, wb_sla_agree_exception, wb_sla_decline_exception, wb_sla_lapse_exception;
#endif
