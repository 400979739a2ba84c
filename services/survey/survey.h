/*
 * Survey: whether the user was satisfied, what is done when not, and the follow-up call that ends a ticket. See
 * README.md. One thread; owned by the runtime.
 */
#ifndef WB_SURVEY_H
#define WB_SURVEY_H
#include "service/service.h"

extern const struct wb_service wb_survey_service;

#define SURVEY_TEXT_MAX 2000u
#define SURVEY_CALL_MAX 200u
#define SURVEY_ATTEMPTS_MAX 50u /* of one round */

/* Its parts, for service.c. */
#define SURVEY_COMMANDS_N 7
#define SURVEY_QUERIES_N 4
#define SURVEY_EVOLVE_N 21
#define SURVEY_TODOS_N 4
extern const struct wb_command_def survey_commands[];
extern const struct wb_query_def survey_queries[];
extern const struct wb_evolve_def survey_evolve[];
extern const struct wb_todo_def survey_todos[];

/* To-dos: ref is the ticket, n the round. */
#define SURVEY_TODO_ASK "ask"     /* open the survey of a completed round */
#define SURVEY_TODO_FORM "form"   /* count the grade on the signed form */
#define SURVEY_TODO_ROUND "round" /* intake: start the next round */
#define SURVEY_TODO_CLOSE "close" /* intake: close the ticket */
#endif
