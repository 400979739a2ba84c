/* A folder of its own for each test of an environment, and two tables in it. */
#ifndef WB_TESTS_STORE_RIG_H
#define WB_TESTS_STORE_RIG_H
#include "store/txn.h"

extern const struct wb_table alpha, zeta;

/* cmocka set-up and tear-down: *state is the path of a fresh, absent folder; everything below it is removed. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* Options for the folder: zeta stands before alpha in the list, so that list order is not name order. */
struct wb_env_options rig_options(const char *dir, enum wb_sync_mode sync);
/* Opens or fails the test. */
struct wb_env *rig_open(const char *dir, enum wb_sync_mode sync);
/* A key of one raw string. */
struct wb_key rig_key(const char *text);
/* One row in a transaction of its own. */
void rig_put(struct wb_env *env, const struct wb_table *table, const char *key, const char *value);
/* Whether the row has that value; NULL: whether there is no such row. */
void rig_expect(struct wb_env *env, const struct wb_table *table, const char *key, const char *value);

#endif
