/* Reporting as a value. */
#include "services/reporting/cache.h"
#include "services/reporting/evolve.h"
#include "services/reporting/reporting.h"

#define X(event, fn) +1
enum { FOLDS = 0 REPORTING_FOLDS(X) };
#undef X

/* the lists stand in evolve.c and query.c; their lengths are checked by the unit tests */
const struct wb_service wb_reporting_service = {
        .name = "reporting",
        .fold_version = WB_FOLD_VERSION,
        .tables = reporting_tables,
        .n_tables = REPORTING_TABLES,
        .queries = reporting_queries,
        .n_queries = 12,
        .evolve = reporting_evolve,
        .n_evolve = FOLDS,
        .cache = &reporting_cache,
};
