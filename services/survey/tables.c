#include "services/survey/tables.h"

#include <string.h>

#define DAY_S INT64_C(86400)
#define ATTEMPTS_MAX 64

const struct wb_table surveys_table = {"surveys", WB_SERVICE_TABLES_BASE};
const struct wb_table due_table = {"due", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table unsatisfied_table = {"unsatisfied", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table average_table = {"average", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table units_table = {"units", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table names_table = {"names", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table *const survey_tables[] = {
        &surveys_table, &due_table, &unsatisfied_table, &average_table, &units_table, &names_table};
_Static_assert(sizeof survey_tables / sizeof survey_tables[0] == SURVEY_TABLES_N, "counted");

void survey_key(struct wb_key *k, const char *tenant, struct wb_id ticket)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, ticket);
}

void survey_due_key(struct wb_key *k, const char *tenant, int64_t completed_at, struct wb_id ticket)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_i64(k, completed_at);
	wb_key_id(k, ticket);
}

Survey *survey_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, struct wb_arena *a)
{
	struct wb_key k;
	survey_key(&k, tenant, ticket);
	return (Survey *)wb_get_row(db, &surveys_table, &k, &weibao__v1__survey_row__descriptor, a);
}

Weibao__V1__SurveyTenantRow *survey_unit(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, tenant);
	return (Weibao__V1__SurveyTenantRow *)wb_get_row(
	        db, &units_table, &k, &weibao__v1__survey_tenant_row__descriptor, a);
}

Round *survey_present(const Survey *s)
{
	return s->rounds[s->n_rounds - 1];
}

bool survey_rateable(const Survey *s)
{
	return survey_present(s)->has_completed_at && (!s->ended || s->has_close_reason);
}

int64_t survey_local_day(const Weibao__V1__SurveyTenantRow *unit, int64_t at_us)
{
	/* until the first calendar has brought the zone's rules: the mainland's */
	int64_t offset_s = strcmp(unit->zone, "Asia/Shanghai") == 0 ? INT64_C(8) * 3600 : 0;
	for (size_t i = 0; i < unit->n_transitions && unit->transitions[i]->at <= at_us; i++)
		offset_s = unit->transitions[i]->offset_s;
	return (at_us / 1000000 + offset_s) / DAY_S;
}

uint32_t survey_attempt_days(const Weibao__V1__SurveyTenantRow *unit, const Round *r, int64_t at_us)
{
	int64_t days[ATTEMPTS_MAX + 1];
	uint32_t n = 0;
	for (size_t i = 0; i <= r->n_attempts && i <= ATTEMPTS_MAX; i++) {
		int64_t day = survey_local_day(unit, i < r->n_attempts ? r->attempts[i] : at_us);
		bool seen = false;
		for (uint32_t k = 0; k < n; k++)
			seen = seen || days[k] == day;
		if (!seen)
			days[n++] = day;
	}
	return n;
}
