/* What the queries share. */
#ifndef WB_SLA_QUERY_H
#define WB_SLA_QUERY_H
#include "services/sla-timer/tables.h"
#include "services/sla-timer/terms.h"

wb_answer_fn wb_sla_get_policy, wb_sla_list_policies, wb_sla_get_calendar, wb_sla_list_calendars;
wb_answer_fn wb_sla_list_running_clocks, wb_sla_list_clocks, wb_sla_explain_deadline, wb_sla_preview_deadline;

/* The ticket, for whoever may see it: a client's user only an own one. NULL: refused. */
const Weibao__V1__SlaTicketRow *wb_sla_ticket_for(struct wb_query *q, ProtobufCBinaryData ticket, struct wb_id *ret_id);
/* A saved calendar ready for arithmetic; NULL id field: *ret NULL, 24 × 7. False: there is no such calendar. */
bool wb_sla_query_calendar(struct wb_query *q, const ProtobufCBinaryData *calendar, uint32_t version,
        const Weibao__V1__CalendarRow **ret_row, const struct wb_calendar **ret);
/* How the clock stands now. NULL: the arena is full. */
Weibao__V1__ClockView *wb_sla_clock_view(struct wb_query *q, const Weibao__V1__ClockRow *row);
Weibao__V1__ExceptionView *wb_sla_exception_view(struct wb_arena *a, const Weibao__V1__ExceptionRow *row);
/* Exceptions of a ticket, of one clock only where clock is given. */
size_t wb_sla_exceptions_of(
        struct wb_query *q, struct wb_id ticket, const ProtobufCBinaryData *clock, Weibao__V1__ExceptionView ***ret);
#endif
