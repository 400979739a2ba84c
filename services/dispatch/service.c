/* Dispatch as a value: the core's lists and those of the work on site. */
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_commands.pb-c.h"
#include "weibao/v1/dispatch_queries.pb-c.h"
#include "services/dispatch/onsite.h"

static const struct wb_table *const tables[] = {DISPATCH_CORE_TABLES ONSITE_TABLES};
static const struct wb_command_def commands[] = {DISPATCH_CORE_COMMANDS ONSITE_COMMANDS};
static const struct wb_query_def queries[] = {DISPATCH_CORE_QUERIES ONSITE_QUERIES};
static const struct wb_evolve_def folds[] = {DISPATCH_CORE_EVOLVE ONSITE_EVOLVE};
static const struct wb_todo_def todos[] = {DISPATCH_CORE_TODOS ONSITE_TODOS};

const struct wb_service wb_dispatch_service = {
        .name = "dispatch",
        .fold_version = WB_FOLD_VERSION,
        .tables = tables,
        .n_tables = sizeof tables / sizeof tables[0],
        .commands = commands,
        .n_commands = sizeof commands / sizeof commands[0],
        .queries = queries,
        .n_queries = sizeof queries / sizeof queries[0],
        .evolve = folds,
        .n_evolve = sizeof folds / sizeof folds[0],
        .todos = todos,
        .n_todos = sizeof todos / sizeof todos[0],
        .effects = &dp_effects,
};
