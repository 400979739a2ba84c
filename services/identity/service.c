/* Identity as a value. */
#include "services/identity/identity.h"
#include "services/identity/tables.h"

/* the lists' lengths are known where they stand; the value is filled from there */
const struct wb_service wb_identity_service = {
        .name = "identity",
        .fold_version = WB_FOLD_VERSION,
        .tables = identity_tables,
        .n_tables = 8,
        .commands = identity_commands,
        .n_commands = 20,
        .queries = identity_queries,
        .n_queries = 11,
        .evolve = identity_evolve,
        .n_evolve = 20,
        .effects = &identity_effects,
};
