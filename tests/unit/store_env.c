/* Environments: one owner, trust after a crash of the machine, copies, stale readers. */
#include "store/private.h"
#include "store_rig.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Another process: this program again, told what to do with the folder. Says «ready» by one byte. */
static pid_t spawn(const char *what, const char *dir)
{
	int said[2];
	char byte = 0;
	assert_int_equal(pipe(said), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(said[1], STDOUT_FILENO);
		(void)close(said[0]);
		(void)close(said[1]);
		(void)execl("/proc/self/exe", "store_env", what, dir, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	(void)close(said[1]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	assert_int_equal(byte, 'r');
	(void)close(said[0]);
	return pid;
}

static void kill_and_wait(pid_t pid)
{
	int status = 0;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static bool hold(const char *dir)
{
	struct wb_env_options options = rig_options(dir, WB_SYNC_DURABLE);
	struct wb_env *env = NULL;
	return wb_env_open(&options, &env) == WB_OK;
}

/* As a process of another PID namespace would: the lock, and its own address in the owner file. */
static bool hold_as_foreigner(const char *dir)
{
	static const char text[] = "boot 0 pid-namespace 1 pid 1 host elsewhere\n";
	char path[256];
	(void)snprintf(path, sizeof path, "%s/" WB_OWNER_FILE, dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	return fd >= 0 && flock(fd, LOCK_EX) == 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1;
}

/* Round the store's own lock, to have a second process in LMDB's reader table. */
static bool hold_reader(const char *dir)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	return mdb_env_create(&env) == 0 && mdb_env_open(env, dir, MDB_RDONLY | MDB_NOTLS, 0) == 0 &&
	       mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0;
}

static int be_the_other(const char *what, const char *dir)
{
	bool ready = strcmp(what, "hold") == 0        ? hold(dir)
	             : strcmp(what, "foreigner") == 0 ? hold_as_foreigner(dir)
	                                              : hold_reader(dir);
	if (!ready || write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	for (;;)
		(void)pause();
}

static enum wb_err try_open(const struct wb_env_options *options)
{
	struct wb_env *env = NULL;
	enum wb_err err = wb_env_open(options, &env);
	if (err)
		assert_null(env);
	else
		assert_int_equal(wb_env_close(env), WB_OK);
	return err;
}

static void opened_twice_is_refused(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	char other_way[128];
	assert_true(wb_env_was_new(env));
	struct wb_env_options options = rig_options(*state, WB_SYNC_DURABLE);
	assert_int_equal(try_open(&options), WB_ERR_EXISTS);
	(void)snprintf(other_way, sizeof other_way, "%s/../env/.", (const char *)*state);
	options.dir = other_way;
	assert_int_equal(try_open(&options), WB_ERR_EXISTS);
	assert_int_equal(wb_env_remove(*state), WB_ERR_EXISTS);
	rig_put(env, &alpha, "k", "v");
	assert_int_equal(wb_env_close(env), WB_OK);
	env = rig_open(*state, WB_SYNC_DURABLE);
	assert_false(wb_env_was_new(env));
	rig_expect(env, &alpha, "k", "v");
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void many_environments_share_the_tables(void **state)
{
	char second[128];
	struct wb_env *a = rig_open(*state, WB_SYNC_LAZY);
	(void)snprintf(second, sizeof second, "%s-2", (const char *)*state);
	struct wb_env *b = rig_open(second, WB_SYNC_LAZY);
	rig_put(a, &alpha, "k", "of a");
	rig_put(b, &alpha, "k", "of b");
	rig_expect(a, &alpha, "k", "of a");
	rig_expect(b, &alpha, "k", "of b");
	assert_int_equal(wb_env_close(a), WB_OK);
	assert_int_equal(wb_env_close(b), WB_OK);
}

static void another_process_is_refused_while_it_lives(void **state)
{
	struct wb_env_options options = rig_options(*state, WB_SYNC_DURABLE);
	pid_t pid = spawn("hold", *state);
	assert_int_equal(try_open(&options), WB_ERR_AGAIN);
	assert_int_equal(wb_env_remove(*state), WB_ERR_AGAIN);
	kill_and_wait(pid);
	assert_int_equal(try_open(&options), WB_OK);
	pid = spawn("foreigner", *state);
	assert_int_equal(try_open(&options), WB_ERR_MISMATCH);
	kill_and_wait(pid);
	assert_int_equal(try_open(&options), WB_OK); /* what it left behind in the file does not count */
}

static void network_file_systems_are_refused(void **state)
{
	(void)state;
	assert_true(wb_owner_fs_refused(0x6969));
	assert_true(wb_owner_fs_refused(0xff534d42));
	assert_true(wb_owner_fs_refused((unsigned long)(int)0xff534d42));
	assert_true(wb_owner_fs_refused(0x65735546));
	assert_false(wb_owner_fs_refused(0xef53));     /* ext4 */
	assert_false(wb_owner_fs_refused(0x794c7630)); /* overlay */
	assert_false(wb_owner_fs_refused(0x01021994)); /* tmpfs */
}

static void dead_readers_are_cleared(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	unsigned cleared = 9;
	rig_put(env, &alpha, "k", "v");
	pid_t pid = spawn("reader", *state);
	assert_int_equal(wb_env_reader_check(env, &cleared), WB_OK);
	assert_int_equal(cleared, 0); /* it lives */
	kill_and_wait(pid);
	assert_int_equal(wb_env_reader_check(env, &cleared), WB_OK);
	assert_int_equal(cleared, 1);
	assert_int_equal(wb_env_reader_check(env, &cleared), WB_OK);
	assert_int_equal(cleared, 0);
	assert_int_equal(wb_env_close(env), WB_OK);
}

/* Opens under a boot id, writes, and ends by a clean stop or as if killed. */
static enum wb_err use(const char *dir, enum wb_sync_mode sync, const char *boot_id, bool clean)
{
	struct wb_env_options options = rig_options(dir, sync);
	struct wb_env *env = NULL;
	bool trusted = false;
	options.boot_id = boot_id;
	assert_int_equal(wb_env_boot_trusted(&options, &trusted), WB_OK);
	enum wb_err err = wb_env_open(&options, &env);
	assert_int_equal(err, trusted ? WB_OK : WB_ERR_CORRUPT);
	if (err)
		return err;
	rig_put(env, &alpha, "k", boot_id);
	if (clean)
		assert_int_equal(wb_env_close(env), WB_OK);
	else
		wb_env_abandon(env);
	return WB_OK;
}

static void lazily_synced_is_trusted_within_one_boot(void **state)
{
	const char *dir = *state;
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-1", false), WB_OK); /* new */
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-1", false), WB_OK); /* the process died, not the machine */
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-1", true), WB_OK);
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-2", false), WB_OK); /* a clean stop before */
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-3", false), WB_ERR_CORRUPT);
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-3", false), WB_ERR_CORRUPT); /* and stays so */
	assert_int_equal(use(dir, WB_SYNC_DURABLE, "boot-3", false), WB_ERR_CORRUPT);
	assert_int_equal(wb_env_remove(dir), WB_OK);
	assert_int_equal(wb_env_remove(dir), WB_OK); /* nothing there any more */
	assert_int_equal(use(dir, WB_SYNC_LAZY, "boot-3", false), WB_OK);
	assert_int_equal(use(dir, WB_SYNC_DURABLE, "boot-3", false), WB_OK); /* flushed first, durable from here on */
	assert_int_equal(use(dir, WB_SYNC_DURABLE, "boot-4", false), WB_OK);
}

static void durable_needs_no_clean_stop(void **state)
{
	char file[128];
	assert_int_equal(use(*state, WB_SYNC_DURABLE, "boot-1", false), WB_OK);
	assert_int_equal(use(*state, WB_SYNC_DURABLE, "boot-2", false), WB_OK);
	(void)snprintf(file, sizeof file, "%s/" WB_STATE_FILE, (const char *)*state);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(use(*state, WB_SYNC_LAZY, "boot-2", false), WB_ERR_CORRUPT); /* who knows how it was written */
	assert_int_equal(use(*state, WB_SYNC_DURABLE, "boot-3", false), WB_OK);
}

static void a_strange_state_file_is_not_trusted(void **state)
{
	static const char *const texts[] = {"", "boot-1", "boot-1 clea", " clean\n", "boot-9 clean\nmore"};
	char path[128];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(use(*state, WB_SYNC_LAZY, "boot-1", true), WB_OK);
		(void)snprintf(path, sizeof path, "%s/" WB_STATE_FILE, (const char *)*state);
		int fd = open(path, O_WRONLY | O_TRUNC);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
		(void)close(fd);
		assert_int_equal(use(*state, WB_SYNC_LAZY, "boot-2", true), WB_ERR_CORRUPT);
		assert_int_equal(wb_env_remove(*state), WB_OK);
	}
}

static void a_copy_is_an_environment(void **state)
{
	char copy[128];
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	(void)snprintf(copy, sizeof copy, "%s-copy", (const char *)*state);
	rig_put(env, &alpha, "k", "then");
	assert_int_equal(wb_env_copy(env, copy), WB_OK);
	rig_put(env, &alpha, "k", "now");
	assert_int_equal(wb_env_copy(env, copy), WB_ERR_EXISTS);
	assert_int_equal(wb_env_copy(env, "/nonexistent/folder"), WB_ERR_IO);
	/* Trusted under any boot, and both can be open in one process. */
	struct wb_env_options options = rig_options(copy, WB_SYNC_LAZY);
	struct wb_env *other = NULL;
	options.boot_id = "a-later-boot";
	assert_int_equal(wb_env_open(&options, &other), WB_OK);
	assert_false(wb_env_was_new(other));
	rig_expect(other, &alpha, "k", "then");
	rig_expect(env, &alpha, "k", "now");
	struct wb_txn *txn = NULL;
	assert_int_equal(wb_txn_read(other, &txn), WB_OK);
	assert_int_equal(wb_txn_check(txn), WB_OK);
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(other), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void removed_is_gone(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	rig_put(env, &alpha, "k", "v");
	assert_int_equal(wb_env_sync(env), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
	assert_int_equal(wb_env_remove(*state), WB_OK);
	assert_int_equal(rmdir(*state), 0); /* nothing left in it */
	assert_int_equal(wb_env_remove(*state), WB_OK);
	env = rig_open(*state, WB_SYNC_DURABLE);
	assert_true(wb_env_was_new(env));
	rig_expect(env, &alpha, "k", NULL);
	assert_int_equal(wb_env_close(env), WB_OK);
	assert_int_equal(wb_env_close(NULL), WB_OK);
	wb_env_abandon(NULL);
}

static void what_is_no_database_is_refused(void **state)
{
	char path[128], garbage[8192];
	struct wb_env_options options = rig_options(*state, WB_SYNC_DURABLE);
	assert_int_equal(mkdir(*state, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/data.mdb", (const char *)*state);
	memset(garbage, 'g', sizeof garbage);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, garbage, sizeof garbage), (ssize_t)sizeof garbage);
	(void)close(fd);
	assert_int_equal(try_open(&options), WB_ERR_CORRUPT);
	options.dir = "";
	assert_int_equal(try_open(&options), WB_ERR_INVALID);
	options.dir = "/nonexistent/folder";
	assert_int_equal(try_open(&options), WB_ERR_IO);
	assert_int_equal(wb_env_remove(*state), WB_OK);
	options.dir = *state;
	assert_int_equal(try_open(&options), WB_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	if (argc == 3)
		return be_the_other(argv[1], argv[2]);
	const struct CMUnitTest tests[] = {
	        TEST(opened_twice_is_refused),
	        TEST(many_environments_share_the_tables),
	        TEST(another_process_is_refused_while_it_lives),
	        TEST(network_file_systems_are_refused),
	        TEST(dead_readers_are_cleared),
	        TEST(lazily_synced_is_trusted_within_one_boot),
	        TEST(durable_needs_no_clean_stop),
	        TEST(a_strange_state_file_is_not_trusted),
	        TEST(a_copy_is_an_environment),
	        TEST(removed_is_gone),
	        TEST(what_is_no_database_is_refused),
	};
	return cmocka_run_group_tests_name("store_env", tests, NULL, NULL);
}
