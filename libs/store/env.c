#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAP_BYTES_DEFAULT (UINT64_C(1) << 30)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAP_BYTES_DEFAULT (UINT64_C(1) << 30)
#endif
#endif
#ifndef MAP_BYTES_DEFAULT
#define MAP_BYTES_DEFAULT (UINT64_C(1) << 36)
#endif

enum wb_err wb_store_err(int code)
{
	switch (code) { /* LMDB's codes are no enum of ours */
	case 0:
		return WB_OK;
	case MDB_MAP_FULL:
		return WB_ERR_FULL;
	case MDB_TXN_FULL:
	case MDB_READERS_FULL:
	case MDB_BAD_VALSIZE:
		return WB_ERR_LIMIT;
	case MDB_KEYEXIST:
		return WB_ERR_EXISTS;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return WB_ERR_CORRUPT;
	case ENOMEM:
		return WB_ERR_MEMORY;
	default:
		return WB_ERR_IO;
	}
}

static bool file_exists(int dir_fd, const char *name)
{
	struct stat st;
	return fstatat(dir_fd, name, &st, 0) == 0 && st.st_size > 0;
}

/* See wb_env_boot_trusted. ret_stale: written lazily before and not known to be on the disk. */
static enum wb_err judge_state(
        int dir_fd, enum wb_sync_mode sync, const char *boot_id, bool *ret_trusted, bool *ret_stale)
{
	char boot[WB_BOOT_ID_BYTES];
	bool clean = false;
	*ret_stale = false;
	*ret_trusted = true;
	if (!file_exists(dir_fd, WB_DATA_FILE))
		return WB_OK;
	enum wb_err err = wb_state_read(dir_fd, boot, &clean);
	if (err == WB_ERR_NOT_FOUND) {
		*ret_trusted = sync == WB_SYNC_DURABLE;
		return WB_OK;
	}
	if (err)
		return err;
	*ret_stale = !clean;
	*ret_trusted = clean || strcmp(boot, boot_id) == 0;
	return WB_OK;
}

static enum wb_err choose_boot_id(const struct wb_env_options *options, char ret_text[static WB_BOOT_ID_BYTES])
{
	if (!options->boot_id)
		return wb_boot_id(ret_text);
	size_t n = strlen(options->boot_id);
	WB_ASSERT(n > 0 && n < WB_BOOT_ID_BYTES && strcspn(options->boot_id, " \n") == n);
	memcpy(ret_text, options->boot_id, n + 1);
	return WB_OK;
}

enum wb_err wb_env_boot_trusted(const struct wb_env_options *options, bool *ret_trusted)
{
	char boot[WB_BOOT_ID_BYTES];
	bool trusted = false, stale = false;
	enum wb_err err = choose_boot_id(options, boot);
	if (err)
		return err;
	int fd = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*ret_trusted = true;
		return WB_OK;
	}
	if (fd < 0)
		return WB_ERR_IO;
	err = judge_state(fd, options->sync, boot, &trusted, &stale);
	(void)close(fd);
	if (!err)
		*ret_trusted = trusted;
	return err;
}

/* Takes over the list, and sorts it by name; a malformed one is a bug. */
static void take_tables(struct wb_env *env, const struct wb_env_options *options)
{
	WB_ASSERT(options->table_count <= WB_ENV_TABLES_MAX);
	env->tables = options->tables;
	env->table_count = options->table_count;
	for (unsigned i = 0; i < env->table_count; i++) {
		const char *name = env->tables[i]->name;
		unsigned at = i;
		WB_ASSERT(env->tables[i]->index == i && name && name[0]);
		for (; at > 0; at--) {
			int order = strcmp(env->tables[env->by_name[at - 1]]->name, name);
			WB_ASSERT(order != 0);
			if (order < 0)
				break;
			env->by_name[at] = env->by_name[at - 1];
		}
		env->by_name[at] = i;
	}
}

static enum wb_err open_tables(struct wb_env *env)
{
	MDB_txn *txn = NULL;
	int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);
	for (size_t i = 0; !rc && i < env->table_count; i++)
		rc = mdb_dbi_open(txn, env->tables[i]->name, MDB_CREATE, &env->dbi[i]);
	if (!rc) {
		rc = mdb_txn_commit(txn);
		txn = NULL;
	}
	if (txn)
		mdb_txn_abort(txn);
	return wb_store_err(rc);
}

/*
 * The pages at the end of the file may never have been written, when they were freed again at once; but in a file that
 * lost its end a read of them would be SIGBUS. Lengthened, such pages read as zeros, which LMDB notices and
 * wb_txn_check reports.
 */
static enum wb_err lengthen_file(struct wb_env *env)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int fd = -1, rc = mdb_env_info(env->mdb, &info);
	if (!rc)
		rc = mdb_env_stat(env->mdb, &stat);
	if (!rc)
		rc = mdb_env_get_fd(env->mdb, &fd);
	if (rc)
		return wb_store_err(rc);
	if (fstat(fd, &st) != 0)
		return WB_ERR_IO;
	off_t need = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
	return st.st_size >= need || ftruncate(fd, need) == 0 ? WB_OK : WB_ERR_IO;
}

static enum wb_err open_mdb(struct wb_env *env, uint64_t map_bytes)
{
	unsigned flags = MDB_NOTLS | (env->sync == WB_SYNC_LAZY ? MDB_NOSYNC : 0U);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!map_bytes)
		map_bytes = MAP_BYTES_DEFAULT;
	map_bytes = (map_bytes + page - 1) / page * page;
	int rc = mdb_env_create(&env->mdb);
	if (!rc)
		rc = mdb_env_set_assert(env->mdb, wb_check_lmdb_assert);
	if (!rc)
		rc = mdb_env_set_maxdbs(env->mdb, (MDB_dbi)env->table_count + 1);
	if (!rc)
		rc = mdb_env_set_maxreaders(env->mdb, WB_ENV_READERS_MAX);
	if (!rc)
		rc = mdb_env_set_mapsize(env->mdb, map_bytes);
	if (!rc)
		rc = mdb_env_open(env->mdb, env->dir, flags, 0600);
	if (rc)
		return wb_store_err(rc);
	enum wb_err err = lengthen_file(env);
	return err ? err : wb_env_reader_check(env, NULL);
}

/*
 * The state file before the first write: what is lazily synced is marked so before anything of it is on the disk, what
 * was lazily synced in this boot is flushed before it counts as durable.
 */
static enum wb_err mark_opened(struct wb_env *env, bool stale)
{
	if (env->sync == WB_SYNC_LAZY)
		return wb_state_write(env->owner.dir_fd, env->boot_id, false);
	if (stale) {
		int rc = mdb_env_sync(env->mdb, 1);
		if (rc)
			return wb_store_err(rc);
	}
	return wb_state_write(env->owner.dir_fd, env->boot_id, true);
}

/* That the folder itself survives: LMDB syncs its file, not the names on the way to it. */
static enum wb_err sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = fsync(fd) == 0 ? WB_OK : WB_ERR_IO;
	(void)close(fd);
	return err;
}

static void env_free(struct wb_env *env)
{
	wb_env_free_readers(env);
	if (env->mdb)
		mdb_env_close(env->mdb);
	wb_owner_release(&env->owner);
	(void)pthread_mutex_destroy(&env->lock);
	free(env->scratch);
	free(env);
}

static enum wb_err open_owned(struct wb_env *env, uint64_t map_bytes)
{
	bool trusted = false, stale = false;
	enum wb_err err = judge_state(env->owner.dir_fd, env->sync, env->boot_id, &trusted, &stale);
	if (!err && !trusted)
		err = WB_ERR_CORRUPT;
	env->was_new = !file_exists(env->owner.dir_fd, WB_DATA_FILE);
	if (!err)
		err = open_mdb(env, map_bytes);
	if (!err)
		err = mark_opened(env, stale);
	if (!err && env->was_new)
		err = sync_parent(env->owner.dir_fd);
	return err ? err : open_tables(env);
}

enum wb_err wb_env_open(const struct wb_env_options *options, struct wb_env **ret_env)
{
	size_t n = strlen(options->dir);
	if (n == 0 || n >= sizeof((struct wb_env *)0)->dir)
		return WB_ERR_INVALID;
	/* Process lifetime: one a folder. */
	struct wb_env *env = calloc(1, sizeof *env);
	if (!env)
		return WB_ERR_MEMORY;
	if (pthread_mutex_init(&env->lock, NULL) != 0) {
		free(env);
		return WB_ERR_MEMORY;
	}
	env->owner = (struct wb_owner){.dir_fd = -1, .lock_fd = -1};
	env->sync = options->sync;
	memcpy(env->dir, options->dir, n + 1);
	take_tables(env, options);
	enum wb_err err = choose_boot_id(options, env->boot_id);
	if (!err)
		err = wb_owner_take(env->dir, &env->owner);
	if (!err)
		err = open_owned(env, options->map_bytes);
	if (err) {
		env_free(env);
		return err;
	}
	*ret_env = env;
	return WB_OK;
}

enum wb_err wb_env_close(struct wb_env *env)
{
	if (!env)
		return WB_OK;
	WB_ASSERT(env->active == 0);
	enum wb_err err = WB_OK;
	if (env->sync == WB_SYNC_LAZY) {
		err = wb_env_sync(env);
		if (!err)
			err = wb_state_write(env->owner.dir_fd, env->boot_id, true);
	}
	env_free(env);
	return err;
}

void wb_env_abandon(struct wb_env *env)
{
	if (!env)
		return;
	WB_ASSERT(env->active == 0);
	env_free(env);
}

bool wb_env_was_new(const struct wb_env *env)
{
	return env->was_new;
}

enum wb_err wb_env_sync(struct wb_env *env)
{
	return mdb_env_sync(env->mdb, 1) == 0 ? WB_OK : WB_ERR_IO;
}

enum wb_err wb_env_grow(struct wb_env *env)
{
	MDB_envinfo info;
	enum wb_err err = WB_ERR_AGAIN;
	(void)pthread_mutex_lock(&env->lock);
	if (!env->active) {
		err = wb_store_err(mdb_env_info(env->mdb, &info));
		if (!err && info.me_mapsize > WB_ENV_MAP_BYTES_LIMIT / 2)
			err = WB_ERR_LIMIT;
		if (!err && mdb_env_set_mapsize(env->mdb, info.me_mapsize * 2) != 0)
			err = WB_ERR_IO;
	}
	(void)pthread_mutex_unlock(&env->lock);
	return err;
}

enum wb_err wb_env_reader_check(struct wb_env *env, unsigned *ret_cleared)
{
	int dead = 0, rc = mdb_reader_check(env->mdb, &dead);
	if (!rc && ret_cleared)
		*ret_cleared = (unsigned)dead;
	return wb_store_err(rc);
}

enum wb_err wb_env_usage(struct wb_env *env, struct wb_env_usage *ret_usage)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct statvfs fs;
	(void)pthread_mutex_lock(&env->lock);
	unsigned active = env->active;
	int rc = mdb_env_info(env->mdb, &info);
	if (!rc)
		rc = mdb_env_stat(env->mdb, &stat);
	(void)pthread_mutex_unlock(&env->lock);
	if (rc)
		return wb_store_err(rc);
	if (fstatvfs(env->owner.dir_fd, &fs) != 0)
		return WB_ERR_IO;
	*ret_usage = (struct wb_env_usage){
	        .map_bytes = info.me_mapsize,
	        .used_bytes = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize,
	        .disk_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize,
	        .readers = info.me_numreaders,
	        .transactions = active,
	};
	return WB_OK;
}

static enum wb_err finish_copy(int dir_fd, const char *boot_id)
{
	int fd = openat(dir_fd, WB_DATA_FILE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = fchmod(fd, 0600) == 0 && fsync(fd) == 0 ? WB_OK : WB_ERR_IO;
	if (close(fd) != 0)
		err = WB_ERR_IO;
	if (!err)
		err = wb_state_write(dir_fd, boot_id, true);
	return err ? err : sync_parent(dir_fd);
}

/* A partial copy must not be taken for a durable environment's: it is marked before it begins, by no boot. */
static enum wb_err copy_into(struct wb_env *env, const char *dir, int dir_fd)
{
	if (faccessat(dir_fd, WB_DATA_FILE, F_OK, 0) == 0)
		return WB_ERR_EXISTS;
	enum wb_err err = wb_state_write(dir_fd, "copying", false);
	if (err)
		return err;
	wb_env_enter(env);
	int rc = mdb_env_copy2(env->mdb, dir, 0);
	wb_env_leave(env);
	if (rc)
		return rc == EEXIST ? WB_ERR_EXISTS : rc == ENOSPC ? WB_ERR_FULL : wb_store_err(rc);
	return finish_copy(dir_fd, env->boot_id);
}

enum wb_err wb_env_copy(struct wb_env *env, const char *dir)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = copy_into(env, dir, fd);
	(void)close(fd);
	return err;
}

enum wb_err wb_env_remove(const char *dir)
{
	/* The data first: what has none is new, whatever its state file says. The owner file, our lock, last. */
	static const char *const names[] = {
	        WB_DATA_FILE, WB_LOCK_FILE, WB_STATE_FILE ".new", WB_STATE_FILE, WB_OWNER_FILE};
	struct wb_owner owner;
	if (access(dir, F_OK) != 0 && errno == ENOENT)
		return WB_OK;
	enum wb_err err = wb_owner_take(dir, &owner);
	if (err)
		return err;
	for (size_t i = 0; !err && i < sizeof names / sizeof names[0]; i++)
		if (unlinkat(owner.dir_fd, names[i], 0) != 0 && errno != ENOENT)
			err = WB_ERR_IO;
	if (!err && fsync(owner.dir_fd) != 0)
		err = WB_ERR_IO;
	wb_owner_release(&owner);
	return err;
}

struct wb_failure wb_env_failure(struct wb_env *env)
{
	(void)pthread_mutex_lock(&env->lock);
	struct wb_failure failure = env->failure;
	(void)pthread_mutex_unlock(&env->lock);
	return failure;
}
