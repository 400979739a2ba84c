/* What decisions about calendars share. */
#ifndef WB_SLA_DECIDE_CALENDAR_H
#define WB_SLA_DECIDE_CALENDAR_H
#include "services/sla-timer/sla.h"

/* The command with what was read off the loop (effects.c). NULL: it was not read; refused. */
const Weibao__V1__CalendarReady *wb_sla_ready(struct wb_decision *d, const void *command);
/* A new version of a calendar with the zone's rules as read, windows and special days still to be filled in. NULL: out
 * of memory. */
Weibao__V1__CalendarSaved *wb_sla_calendar_new(struct wb_decision *d, struct wb_id id, uint32_t version,
        const char *name, const char *zone, const Weibao__V1__CalendarReady *ready);
/* Sorts the special days, checks, emits. False: refused. */
bool wb_sla_calendar_emit(struct wb_decision *d, Weibao__V1__CalendarSaved *e);
#endif
