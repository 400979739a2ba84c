/* Survey as a value. */
#include "services/survey/survey.h"
#include "services/survey/tables.h"

const struct wb_service wb_survey_service = {
        .name = "survey",
        .fold_version = WB_FOLD_VERSION,
        .tables = survey_tables,
        .n_tables = SURVEY_TABLES_N,
        .commands = survey_commands,
        .n_commands = SURVEY_COMMANDS_N,
        .queries = survey_queries,
        .n_queries = SURVEY_QUERIES_N,
        .evolve = survey_evolve,
        .n_evolve = SURVEY_EVOLVE_N,
        .todos = survey_todos,
        .n_todos = SURVEY_TODOS_N,
};
