/* Reporting's cache of opened texts, for the full-text search. */
#ifndef WB_REPORTING_CACHE_H
#define WB_REPORTING_CACHE_H
#include "service/service.h"
#include "services/reporting/search.h"

/* Its cache is a struct search. */
extern const struct wb_cache_def reporting_cache;
#endif
