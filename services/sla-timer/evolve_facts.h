/* The fold of what other services say of a ticket: see evolve_facts.c. The table is in evolve.c. */
#ifndef WB_SLA_EVOLVE_FACTS_H
#define WB_SLA_EVOLVE_FACTS_H
#include "services/sla-timer/tables.h"

wb_evolve_fn wb_sla_on_reported;
wb_evolve_fn wb_sla_on_round;
wb_evolve_fn wb_sla_on_urgency;
wb_evolve_fn wb_sla_on_called;
wb_evolve_fn wb_sla_on_solved;
wb_evolve_fn wb_sla_on_needed;
wb_evolve_fn wb_sla_on_cancelled;
wb_evolve_fn wb_sla_on_linked;
wb_evolve_fn wb_sla_on_closed;
wb_evolve_fn wb_sla_on_scheduled;
wb_evolve_fn wb_sla_on_moved;
wb_evolve_fn wb_sla_on_visit_cancelled;
wb_evolve_fn wb_sla_on_arrived;
wb_evolve_fn wb_sla_on_left;
wb_evolve_fn wb_sla_on_completed;
wb_evolve_fn wb_sla_on_followed;
wb_evolve_fn wb_sla_on_not_reached;
#endif
