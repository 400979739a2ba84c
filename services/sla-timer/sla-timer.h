/* The service sla-timer as a value. */
#ifndef WB_SLA_TIMER_H
#define WB_SLA_TIMER_H
#include "service/service.h"

extern const struct wb_service wb_sla_timer_service;
#endif
