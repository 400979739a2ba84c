/* Reporting: the read model of every screen. It folds what the other services decide, and answers; it commands
 * nothing. See README.md. What the rooms share. */
#ifndef WB_REPORTING_H
#define WB_REPORTING_H
#include "service/service.h"

extern const struct wb_service wb_reporting_service;

extern const struct wb_evolve_def reporting_evolve[];
extern const size_t reporting_evolve_n;
extern const struct wb_query_def reporting_queries[];
extern const size_t reporting_queries_n;
#endif
