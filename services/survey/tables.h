/* Survey's tables. Every key begins with the tenant, but names: accounts are the installation's. */
#ifndef WB_SURVEY_TABLES_H
#define WB_SURVEY_TABLES_H
#include "service/service.h"
#include "weibao/v1/survey_rows.pb-c.h"

extern const struct wb_table surveys_table;     /* tenant, ticket → SurveyRow */
extern const struct wb_table due_table;         /* tenant, completed at, ticket → nothing: follow-up not ended */
extern const struct wb_table unsatisfied_table; /* tenant, ticket → nothing */
extern const struct wb_table average_table;     /* tenant, ticket → nothing */
extern const struct wb_table units_table;       /* tenant → SurveyTenantRow */
extern const struct wb_table names_table;       /* account → SurveyNameRow */
extern const struct wb_table *const survey_tables[];
#define SURVEY_TABLES_N 6

typedef Weibao__V1__SurveyRow Survey;
typedef Weibao__V1__SurveyRoundRow Round;

void survey_key(struct wb_key *k, const char *tenant, struct wb_id ticket);
void survey_due_key(struct wb_key *k, const char *tenant, int64_t completed_at, struct wb_id ticket);
/* In the arena; NULL: none. */
Survey *survey_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a);
Weibao__V1__SurveyTenantRow *survey_unit(struct wb_txn *db, const char *tenant, struct wb_arena *a);
/* The present round; a survey has at least one. */
Round *survey_present(const Survey *s);
/* Completed, and the ticket neither cancelled nor linked: closed or not, it can be rated. */
bool survey_rateable(const Survey *s);
/* Days since 1970 of the unit's local date. */
int64_t survey_local_day(const Weibao__V1__SurveyTenantRow *unit, int64_t at_us);
/* Attempts of the round lie on that many local dates, with at_us counted in. */
uint32_t survey_attempt_days(const Weibao__V1__SurveyTenantRow *unit, const Round *r, int64_t at_us);
#endif
