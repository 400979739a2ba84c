/* The durable keyring: what is on the disk after any end, tombstones, the master key, and the log's word. */
#include "seal/keyring.h"
#include "store_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

static const struct wb_id zhang = {{1}}, li = {{2}}, wang = {{3}};

static struct wb_keyring *ring_open(const char *dir)
{
	struct wb_keyring *r = NULL;
	assert_int_equal(wb_keyring_open(dir, &r), WB_OK);
	return r;
}

static enum wb_key_state look(struct wb_keyring *r, const char *tenant, struct wb_id subject, uint8_t *ret_key)
{
	enum wb_key_state s;
	assert_int_equal(wb_keyring_get(r, tenant, subject, false, &s, ret_key), WB_OK);
	return s;
}

static void make(struct wb_keyring *r, const char *tenant, struct wb_id subject, uint8_t *ret_key)
{
	enum wb_key_state s;
	assert_int_equal(wb_keyring_get(r, tenant, subject, true, &s, ret_key), WB_OK);
	assert_int_equal(s, WB_KEY_KNOWN);
}

static void master_path(const char *dir, char ret[static 128])
{
	(void)snprintf(ret, 128, "%s/master.key", dir);
}

static void a_key_is_made_once_and_kept(void **state)
{
	uint8_t made[32], other[32], again[32];
	struct wb_keyring *r = ring_open(*state);
	assert_int_equal(look(r, "north", zhang, again), WB_KEY_UNKNOWN);
	make(r, "north", zhang, made);
	make(r, "south", zhang, other);
	assert_memory_not_equal(made, other, 32);
	make(r, "north", zhang, again);
	assert_memory_equal(made, again, 32);
	wb_keyring_close(r);
	r = ring_open(*state);
	memset(again, 0, sizeof again);
	assert_int_equal(look(r, "north", zhang, again), WB_KEY_KNOWN);
	assert_memory_equal(made, again, 32);
	assert_int_equal(look(r, "south", zhang, again), WB_KEY_KNOWN);
	assert_memory_equal(other, again, 32);
	assert_int_equal(look(r, "north", li, again), WB_KEY_UNKNOWN);
	wb_keyring_close(r);
}

static void a_key_outlives_a_process_that_dies(void **state)
{
	int pipes[2];
	uint8_t made[32], found[32];
	enum wb_key_state s;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct wb_keyring *r;
		bool well = wb_keyring_open(*state, &r) == WB_OK &&
		            wb_keyring_get(r, "north", zhang, true, &s, made) == WB_OK &&
		            wb_keyring_erase(r, "north", li) == WB_OK &&
		            write(pipes[1], made, sizeof made) == (ssize_t)sizeof made;
		_exit(well ? 0 : 1); /* nothing is closed */
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipes[0], made, sizeof made), sizeof made);
	close(pipes[0]);
	close(pipes[1]);
	struct wb_keyring *r = ring_open(*state);
	assert_int_equal(look(r, "north", zhang, found), WB_KEY_KNOWN);
	assert_memory_equal(made, found, 32);
	assert_int_equal(look(r, "north", li, found), WB_KEY_ERASED);
	wb_keyring_close(r);
}

static void an_erased_key_is_never_made_again(void **state)
{
	uint8_t key[32];
	enum wb_key_state s;
	struct wb_keyring *r = ring_open(*state);
	make(r, "north", zhang, key);
	assert_int_equal(wb_keyring_erase(r, "north", zhang), WB_OK);
	assert_int_equal(wb_keyring_erase(r, "north", zhang), WB_OK);
	assert_int_equal(wb_keyring_erase(r, "north", li), WB_OK); /* never had a key */
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(wb_keyring_get(r, "north", zhang, true, &s, key), WB_OK);
		assert_int_equal(s, WB_KEY_ERASED);
		assert_int_equal(wb_keyring_create(r, "north", (struct wb_id[]){zhang, li}, 2), WB_OK);
		assert_int_equal(look(r, "north", zhang, key), WB_KEY_ERASED);
		assert_int_equal(look(r, "north", li, key), WB_KEY_ERASED);
		assert_int_equal(look(r, "south", zhang, key), WB_KEY_UNKNOWN);
		wb_keyring_close(r);
		r = ring_open(*state);
	}
	wb_keyring_close(r);
}

static void many_are_made_at_once(void **state)
{
	uint8_t first[32], key[32];
	struct wb_id ids[300];
	struct wb_keyring *r = ring_open(*state);
	for (uint16_t i = 0; i < 300; i++)
		ids[i] = (struct wb_id){{7, (uint8_t)(i >> 8), (uint8_t)i}};
	ids[299] = ids[0]; /* twice is once */
	make(r, "north", ids[0], first);
	assert_int_equal(wb_keyring_create(r, "north", ids, 300), WB_OK);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(look(r, "north", ids[i], key), WB_KEY_KNOWN);
	assert_int_equal(look(r, "north", ids[0], key), WB_KEY_KNOWN);
	assert_memory_equal(first, key, 32);
	wb_keyring_close(r);
}

struct list {
	char text[256];
	unsigned stop_after;
};

static bool list_one(void *ctx, const char *tenant, struct wb_id subject, enum wb_key_state s, const uint8_t *key)
{
	struct list *l = ctx;
	size_t len = strlen(l->text);
	assert_int_equal(s == WB_KEY_KNOWN, key != NULL);
	(void)snprintf(l->text + len, sizeof l->text - len, "%s/%u%s ", tenant, subject.b[0], key ? "" : " erased");
	return --l->stop_after != 0;
}

static void all_are_listed_in_order(void **state)
{
	uint8_t key[32];
	struct list l = {"", 0};
	struct wb_keyring *r = ring_open(*state);
	make(r, "south", zhang, key);
	make(r, "north", li, key);
	make(r, "north", zhang, key);
	assert_int_equal(wb_keyring_erase(r, "north", li), WB_OK);
	assert_int_equal(wb_keyring_each(r, list_one, &l), WB_OK);
	assert_string_equal(l.text, "north/1 north/2 erased south/1 ");
	l = (struct list){"", 1};
	assert_int_equal(wb_keyring_each(r, list_one, &l), WB_OK);
	assert_string_equal(l.text, "north/1 ");
	wb_keyring_close(r);
}

static void a_tenants_name_has_a_longest(void **state)
{
	char name[66];
	uint8_t key[32];
	enum wb_key_state s = WB_KEY_KNOWN;
	struct list l = {"", 0};
	struct wb_keyring *r = ring_open(*state);
	memset(name, 'n', sizeof name);
	name[65] = '\0';
	assert_int_equal(wb_keyring_get(r, name, zhang, true, &s, key), WB_ERR_INVALID);
	assert_int_equal(wb_keyring_create(r, name, &zhang, 1), WB_ERR_INVALID);
	assert_int_equal(wb_keyring_erase(r, name, zhang), WB_ERR_INVALID);
	name[64] = '\0';
	make(r, name, zhang, key);
	assert_int_equal(wb_keyring_each(r, list_one, &l), WB_OK);
	assert_int_equal(strlen(l.text), 64 + 3);
	wb_keyring_close(r);
}

/* ---- the master key ---- */

static void the_master_key_is_its_owners_alone(void **state)
{
	char path[128];
	struct stat st;
	struct wb_keyring *r = ring_open(*state);
	wb_keyring_close(r);
	master_path(*state, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 32);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(wb_keyring_open(*state, &r), WB_ERR_DENIED);
	assert_int_equal(chmod(path, 0600), 0);
	r = ring_open(*state);
	wb_keyring_close(r);
}

static void flip(const char *path, bool cut)
{
	uint8_t b;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, 5), 1);
	b ^= 1;
	assert_int_equal(pwrite(fd, &b, 1, 5), 1);
	if (cut)
		assert_int_equal(ftruncate(fd, 31), 0);
	close(fd);
}

static void another_master_key_is_noticed_at_once(void **state)
{
	char path[128];
	uint8_t made[32], key[32];
	struct wb_keyring *r = ring_open(*state);
	make(r, "north", zhang, made);
	assert_int_equal(wb_keyring_erase(r, "north", (struct wb_id){{0}}), WB_OK); /* a tombstone stands first */
	wb_keyring_close(r);
	master_path(*state, path);
	flip(path, false);
	assert_int_equal(wb_keyring_open(*state, &r), WB_ERR_CRYPTO);
	flip(path, false);
	r = ring_open(*state);
	assert_int_equal(look(r, "north", zhang, key), WB_KEY_KNOWN);
	assert_memory_equal(made, key, 32);
	wb_keyring_close(r);
	flip(path, true);
	assert_int_equal(wb_keyring_open(*state, &r), WB_ERR_CRYPTO);
}

static void a_lost_master_key_is_not_made_anew_over_keys(void **state)
{
	char path[128], aside[136];
	uint8_t made[32], key[32];
	struct wb_keyring *r = ring_open(*state);
	wb_keyring_close(r);
	master_path(*state, path);
	assert_int_equal(unlink(path), 0);
	r = ring_open(*state); /* no keys yet: another does as well */
	make(r, "north", zhang, made);
	wb_keyring_close(r);
	(void)snprintf(aside, sizeof aside, "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(wb_keyring_open(*state, &r), WB_ERR_NOT_FOUND);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rename(aside, path), 0);
	r = ring_open(*state);
	assert_int_equal(look(r, "north", zhang, key), WB_KEY_KNOWN);
	assert_memory_equal(made, key, 32);
	wb_keyring_close(r);
}

static void a_half_written_master_key_is_written_again(void **state)
{
	char path[128], beside[136];
	uint8_t key[32];
	master_path(*state, path);
	(void)snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(mkdir(*state, 0700), 0);
	int fd = open(beside, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	struct wb_keyring *r = ring_open(*state);
	make(r, "north", zhang, key);
	wb_keyring_close(r);
	assert_int_equal(access(beside, F_OK), -1);
}

/* ---- against the log ---- */

struct ids {
	const struct wb_id *ids;
	size_t n;
};

static bool ids_next(void *ctx, const char **ret_tenant, struct wb_id *ret_subject)
{
	struct ids *s = ctx;
	if (s->n == 0)
		return false;
	s->n--;
	*ret_tenant = "north";
	*ret_subject = *s->ids++;
	return true;
}

static void on_missing(void *ctx, const char *tenant, struct wb_id subject)
{
	struct list *l = ctx;
	size_t len = strlen(l->text);
	(void)snprintf(l->text + len, sizeof l->text - len, "%s/%u ", tenant, subject.b[0]);
}

static void the_log_decides_what_is_erased_and_what_is_missing(void **state)
{
	static const struct wb_id gone[] = {{{1}}, {{4}}}, all[] = {{{1}}, {{2}}, {{3}}, {{4}}};
	uint8_t key[32];
	struct list l = {"", 0};
	struct ids erased = {gone, 2}, needed = {all, 4};
	struct wb_keyring_report report;
	struct wb_keyring *r = ring_open(*state); /* as from an older backup: 1 is back, 3 is not there */
	make(r, "north", zhang, key);
	make(r, "north", li, key);
	assert_int_equal(wb_keyring_reconcile(r, (struct wb_keyring_ids){ids_next, &erased},
	                         (struct wb_keyring_ids){ids_next, &needed}, on_missing, &l, &report),
	        WB_OK);
	assert_int_equal(report.erased_again, 1);
	assert_int_equal(report.missing, 1);
	assert_string_equal(l.text, "north/3 ");
	wb_keyring_close(r);
	r = ring_open(*state);
	assert_int_equal(look(r, "north", zhang, key), WB_KEY_ERASED);
	assert_int_equal(look(r, "north", li, key), WB_KEY_KNOWN);
	assert_int_equal(look(r, "north", wang, key), WB_KEY_UNKNOWN); /* an alarm, not an erasure */
	assert_int_equal(look(r, "north", gone[1], key), WB_KEY_ERASED);
	/* once more: nothing is left to do, the alarm stays */
	erased = (struct ids){gone, 2};
	needed = (struct ids){all, 4};
	assert_int_equal(wb_keyring_reconcile(r, (struct wb_keyring_ids){ids_next, &erased},
	                         (struct wb_keyring_ids){ids_next, &needed}, NULL, NULL, &report),
	        WB_OK);
	assert_int_equal(report.erased_again, 0);
	assert_int_equal(report.missing, 1);
	wb_keyring_close(r);
}

static void nothing_readable_is_on_the_disk(void **state)
{
	char path[160];
	uint8_t key[32], *file = test_malloc(1u << 20);
	struct wb_keyring *r = ring_open(*state);
	make(r, "north", zhang, key);
	wb_keyring_close(r);
	(void)snprintf(path, sizeof path, "%s/keys/data.mdb", (const char *)*state);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, file, 1u << 20);
	close(fd);
	assert_true(n > 4096);
	assert_non_null(memmem(file, (size_t)n, zhang.b, sizeof zhang.b)); /* the row is there */
	assert_null(memmem(file, (size_t)n, key, sizeof key));
	test_free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_key_is_made_once_and_kept),
	        TEST(a_key_outlives_a_process_that_dies),
	        TEST(an_erased_key_is_never_made_again),
	        TEST(many_are_made_at_once),
	        TEST(all_are_listed_in_order),
	        TEST(a_tenants_name_has_a_longest),
	        TEST(the_master_key_is_its_owners_alone),
	        TEST(another_master_key_is_noticed_at_once),
	        TEST(a_lost_master_key_is_not_made_anew_over_keys),
	        TEST(a_half_written_master_key_is_written_again),
	        TEST(the_log_decides_what_is_erased_and_what_is_missing),
	        TEST(nothing_readable_is_on_the_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
