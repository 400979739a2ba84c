/*
 * What an event of a clock changes in its rows. The one place: evolve folds with it, and a decision that emits several
 * events of one clock goes on from what they made of it. Pure; memory from the arena.
 */
#ifndef WB_SLA_APPLY_H
#define WB_SLA_APPLY_H
#include "services/sla-timer/sla.h"

/* A clock's first row. */
void wb_sla_apply_started(Weibao__V1__ClockRow *row, const Weibao__V1__ClockStarted *e);
/* Any later event of the clock, recorded then. exception: of the event's exception, where it has one. */
void wb_sla_apply(Weibao__V1__ClockRow *row, const Weibao__V1__ExceptionRow *exception, const ProtobufCMessage *event,
        int64_t recorded_at, struct wb_arena *a);
/* An exception's first row, and what ends it. */
void wb_sla_apply_proposed(Weibao__V1__ExceptionRow *row, const Weibao__V1__ExceptionProposed *e, int64_t recorded_at,
        ProtobufCBinaryData by);
void wb_sla_apply_exception(Weibao__V1__ExceptionRow *row, const ProtobufCMessage *event, int64_t recorded_at);
/* Whether a suspension without an end holds the clock. */
bool wb_sla_frozen(const Weibao__V1__ClockRow *row);
/* When the clock's to-do is due; false: nothing is. */
bool wb_sla_due(const Weibao__V1__ClockRow *row, int64_t *ret_at);
#endif
