/*
 * From rows to the calendar's arithmetic: a saved calendar as struct wb_calendar, a clock as struct wb_clock_terms.
 * Pure; memory from the arena.
 */
#ifndef WB_SLA_TERMS_H
#define WB_SLA_TERMS_H
#include "calendar/terms.h"
#include "services/sla-timer/sla.h"

/* The calendar of an event or command part. ERR_INVALID: a date or weekday that is none (*ret_path, where given, says
 * which field: its JSON path); the result is not yet wb_calendar_valid. ERR_LIMIT: too many. ERR_MEMORY. */
WB_MUST_CHECK enum wb_err wb_sla_calendar_make(
        const Weibao__V1__CalendarSaved *saved, struct wb_arena *a, struct wb_calendar *ret, const char **ret_path);
/* The target of (clock, kind, urgency); NULL: the policy has none. */
const Weibao__V1__ClockTarget *wb_sla_target(const Weibao__V1__PolicyTerms *p, Weibao__V1__ClockKind clock,
        Weibao__V1__TicketKind kind, Weibao__V1__Urgency urgency);
/* Whether the policy lists the reason. */
bool wb_sla_may_suspend(const Weibao__V1__PolicyTerms *p, Weibao__V1__SuspensionReason reason);
/* The terms that the clock's deadline follows from: an agreed exception, else its promise, else its target. cal NULL:
 * 24 × 7. False: the arena is full. */
bool wb_sla_terms(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, uint32_t warn_permille,
        struct wb_arena *a, struct wb_clock_terms *ret);
/* The same without exceptions: what was promised at first, with what suspensions and changes made of it. */
bool wb_sla_terms_unexcepted(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, uint32_t warn_permille,
        struct wb_arena *a, struct wb_clock_terms *ret);
/* Service time used from the start to at_us, suspensions taken out. */
WB_MUST_CHECK enum wb_err wb_sla_used(const Weibao__V1__ClockRow *row, const struct wb_calendar *cal, int64_t at_us,
        struct wb_arena *a, int64_t *ret_us);
#endif
