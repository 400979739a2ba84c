#include "store_rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const struct wb_table zeta = {"zeta", 0}, alpha = {"alpha", 1};
static const struct wb_table *const tables[] = {&zeta, &alpha};

static char root[64], dir_path[80];

int rig_setup(void **state)
{
	(void)snprintf(root, sizeof root, "/tmp/wb-store-test-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(dir_path, sizeof dir_path, "%s/env", root);
	*state = dir_path;
	return 0;
}

static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	if (d) {
		struct dirent *e;
		while ((e = readdir(d)) != NULL) {
			char below[512];
			if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
				continue;
			(void)snprintf(below, sizeof below, "%s/%s", path, e->d_name);
			remove_all(below);
		}
		(void)closedir(d);
	}
	(void)remove(path);
}

int rig_teardown(void **state)
{
	(void)state;
	remove_all(root);
	return 0;
}

struct wb_env_options rig_options(const char *dir, enum wb_sync_mode sync)
{
	return (struct wb_env_options){
	        .dir = dir, .sync = sync, .tables = tables, .table_count = 2, .map_bytes = UINT64_C(1) << 24};
}

struct wb_env *rig_open(const char *dir, enum wb_sync_mode sync)
{
	struct wb_env_options options = rig_options(dir, sync);
	struct wb_env *env = NULL;
	assert_int_equal(wb_env_open(&options, &env), WB_OK);
	return env;
}

struct wb_key rig_key(const char *text)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_bytes(&k, text, strlen(text));
	return k;
}

void rig_put(struct wb_env *env, const struct wb_table *table, const char *key, const char *value)
{
	struct wb_txn *txn = NULL;
	struct wb_key k = rig_key(key);
	assert_int_equal(wb_txn_write(env, &txn), WB_OK);
	assert_true(wb_put(txn, table, &k, wb_bytes_str(value)));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
}

void rig_expect(struct wb_env *env, const struct wb_table *table, const char *key, const char *value)
{
	struct wb_txn *txn = NULL;
	struct wb_key k = rig_key(key);
	struct wb_bytes got = {0};
	assert_int_equal(wb_txn_read(env, &txn), WB_OK);
	bool there = wb_get(txn, table, &k, &got);
	assert_int_equal(there, value != NULL);
	if (value)
		assert_true(wb_bytes_equal(got, wb_bytes_str(value)));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
}
