#include "store/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void wb_env_enter(struct wb_env *env)
{
	(void)pthread_mutex_lock(&env->lock);
	env->active++;
	(void)pthread_mutex_unlock(&env->lock);
}

void wb_env_leave(struct wb_env *env)
{
	(void)pthread_mutex_lock(&env->lock);
	WB_ASSERT(env->active > 0);
	env->active--;
	(void)pthread_mutex_unlock(&env->lock);
}

void wb_env_free_readers(struct wb_env *env)
{
	struct wb_txn *next;
	for (struct wb_txn *t = env->free_readers; t; t = next) {
		next = t->next;
		mdb_txn_abort(t->mdb);
		free(t);
	}
	env->free_readers = NULL;
}

/* Counts as under way from here on. A pooled reader, or NULL. */
static struct wb_txn *enter_with_reader(struct wb_env *env)
{
	(void)pthread_mutex_lock(&env->lock);
	env->active++;
	struct wb_txn *txn = env->free_readers;
	if (txn)
		env->free_readers = txn->next;
	(void)pthread_mutex_unlock(&env->lock);
	return txn;
}

static enum wb_err begin(struct wb_env *env, struct wb_txn *txn, bool write, struct wb_txn **ret_txn)
{
	MDB_txn *mdb = txn ? txn->mdb : NULL;
	int rc = ENOMEM;
	/* Lives as long as the transaction, which is no message's: hence not in an arena. Readers are reused. */
	if (!txn)
		txn = calloc(1, sizeof *txn);
	if (txn)
		rc = mdb ? mdb_txn_renew(mdb) : mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &mdb);
	if (rc) {
		if (txn && txn->mdb)
			mdb_txn_abort(txn->mdb);
		free(txn);
		wb_env_leave(env);
		return wb_store_err(rc);
	}
	*txn = (struct wb_txn){.env = env, .mdb = mdb, .write = write};
	*ret_txn = txn;
	return WB_OK;
}

enum wb_err wb_txn_read(struct wb_env *env, struct wb_txn **ret_txn)
{
	return begin(env, enter_with_reader(env), false, ret_txn);
}

enum wb_err wb_txn_write(struct wb_env *env, struct wb_txn **ret_txn)
{
	(void)pthread_mutex_lock(&env->lock);
	/* It would wait for itself. */
	WB_ASSERT(!env->writing || !pthread_equal(env->writer, pthread_self()));
	env->active++;
	(void)pthread_mutex_unlock(&env->lock);
	enum wb_err err = begin(env, NULL, true, ret_txn);
	if (err)
		return err;
	(void)pthread_mutex_lock(&env->lock);
	env->writing = true;
	env->writer = pthread_self();
	(void)pthread_mutex_unlock(&env->lock);
	return WB_OK;
}

/* Before LMDB lets the next writer in. */
static void stop_writing(struct wb_env *env)
{
	(void)pthread_mutex_lock(&env->lock);
	env->writing = false;
	(void)pthread_mutex_unlock(&env->lock);
}

/* LMDB frees the cursors of a write transaction only; closing them before is right for both. */
static void close_cursors(struct wb_txn *txn)
{
	for (unsigned i = 0; i < WB_TXN_SCANS_MAX; i++)
		if (txn->cursors[i]) {
			mdb_cursor_close(txn->cursors[i]);
			txn->cursors[i] = NULL;
		}
}

/* What is left after LMDB's transaction: the reader to the pool, the failure to the environment. */
static void leave(struct wb_txn *txn)
{
	struct wb_env *env = txn->env;
	bool pool = !txn->write;
	(void)pthread_mutex_lock(&env->lock);
	if (txn->failure.err)
		env->failure = txn->failure;
	if (pool) {
		txn->next = env->free_readers;
		env->free_readers = txn;
	}
	WB_ASSERT(env->active > 0);
	env->active--;
	(void)pthread_mutex_unlock(&env->lock);
	if (!pool)
		free(txn);
}

void wb_txn_abort(struct wb_txn *txn)
{
	if (!txn)
		return;
	close_cursors(txn);
	if (txn->write) {
		stop_writing(txn->env);
		mdb_txn_abort(txn->mdb);
	} else {
		mdb_txn_reset(txn->mdb);
	}
	leave(txn);
}

enum wb_err wb_txn_commit(struct wb_txn *txn)
{
	enum wb_err err = txn->failure.err;
	if (err || !txn->write) {
		wb_txn_abort(txn);
		return err;
	}
	close_cursors(txn);
	stop_writing(txn->env);
	int rc = mdb_txn_commit(txn->mdb);
	if (rc) {
		/* The two that come before anything was written; after all others the file's state is unknown. */
		err = rc == MDB_MAP_FULL || rc == MDB_TXN_FULL ? wb_store_err(rc) : WB_ERR_IO;
		wb_txn_fail_code(__FILE__, __LINE__, txn, err, rc, NULL);
	}
	leave(txn);
	return err;
}

enum wb_err wb_txn_error(const struct wb_txn *txn)
{
	return txn->failure.err;
}

const struct wb_failure *wb_txn_failure(const struct wb_txn *txn)
{
	return &txn->failure;
}

struct wb_env *wb_txn_env(struct wb_txn *txn)
{
	return txn->env;
}

bool wb_txn_is_write(const struct wb_txn *txn)
{
	return txn->write;
}

void wb_txn_fail_code(
        const char *file, int line, struct wb_txn *txn, enum wb_err err, int code, const struct wb_table *table)
{
	WB_ASSERT(err != WB_OK);
	if (!txn->failure.err)
		txn->failure = (struct wb_failure){err, code, table ? table->name : NULL, file, line};
}

void wb_txn_fail_at(const char *file, int line, struct wb_txn *txn, enum wb_err err, const struct wb_table *table)
{
	wb_txn_fail_code(file, line, txn, err, 0, table);
}

MDB_dbi wb_txn_dbi(const struct wb_txn *txn, const struct wb_table *table)
{
	const struct wb_env *env = txn->env;
	WB_ASSERT(table->index < env->table_count && env->tables[table->index] == table);
	return env->dbi[table->index];
}

/* Whether the call may go on: no failure so far, and a key that a row can have. */
static bool usable(
        const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key)
{
	if (txn->failure.err)
		return false;
	if (key->overflow)
		wb_txn_fail_at(file, line, txn, WB_ERR_LIMIT, table);
	else if (!key->len)
		wb_txn_fail_at(file, line, txn, WB_ERR_INVALID, table);
	return !txn->failure.err;
}

/* LMDB's struct has no const; it writes to neither key nor value. */
static MDB_val to_val(struct wb_bytes b)
{
	return (MDB_val){.mv_size = b.len, .mv_data = (void *)(uintptr_t)b.data};
}

bool wb_get_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key,
        struct wb_bytes *ret_value)
{
	MDB_dbi dbi = wb_txn_dbi(txn, table);
	if (!usable(file, line, txn, table, key))
		return false;
	MDB_val k = to_val(wb_key_view(key)), v;
	int rc = mdb_get(txn->mdb, dbi, &k, &v);
	if (!rc)
		*ret_value = (struct wb_bytes){v.mv_data, v.mv_size};
	else if (rc != MDB_NOTFOUND)
		wb_txn_fail_code(file, line, txn, wb_store_err(rc), rc, table);
	return !rc;
}

bool wb_has_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key)
{
	struct wb_bytes value;
	return wb_get_at(file, line, txn, table, key, &value);
}

uint8_t *wb_txn_scratch(struct wb_txn *txn, size_t size)
{
	struct wb_env *env = txn->env;
	WB_ASSERT(txn->write);
	if (size > env->scratch_bytes || !env->scratch) {
		size_t room = size < 4096 ? 4096 : size + size / 2;
		/* Process lifetime, as large as the largest value. */
		uint8_t *p = malloc(room);
		if (!p)
			return NULL;
		free(env->scratch);
		env->scratch = p;
		env->scratch_bytes = room;
	}
	return env->scratch;
}

static bool put(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key,
        struct wb_bytes value, unsigned flags)
{
	MDB_dbi dbi = wb_txn_dbi(txn, table);
	WB_ASSERT(txn->write);
	if (!usable(file, line, txn, table, key))
		return false;
	int rc = ENOMEM;
	/* The put may move what value points to. A row was packed into the buffer already. */
	bool packed = value.len && value.data == txn->env->scratch;
	uint8_t *copy = packed ? txn->env->scratch : wb_txn_scratch(txn, value.len);
	if (copy) {
		MDB_val k = to_val(wb_key_view(key)), v = {value.len, copy};
		if (!packed && value.len)
			memcpy(copy, value.data, value.len);
		txn->changes++;
		rc = mdb_put(txn->mdb, dbi, &k, &v, flags);
	}
	if (rc)
		wb_txn_fail_code(file, line, txn, wb_store_err(rc), rc, table);
	return !rc;
}

bool wb_put_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key,
        struct wb_bytes value)
{
	return put(file, line, txn, table, key, value, 0);
}

bool wb_put_append_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, struct wb_bytes value)
{
	return put(file, line, txn, table, key, value, MDB_APPEND);
}

bool wb_del_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key)
{
	MDB_dbi dbi = wb_txn_dbi(txn, table);
	WB_ASSERT(txn->write);
	if (!usable(file, line, txn, table, key))
		return false;
	MDB_val k = to_val(wb_key_view(key));
	txn->changes++;
	int rc = mdb_del(txn->mdb, dbi, &k, NULL);
	if (rc && rc != MDB_NOTFOUND)
		wb_txn_fail_code(file, line, txn, wb_store_err(rc), rc, table);
	return !rc;
}

bool wb_clear_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table)
{
	MDB_dbi dbi = wb_txn_dbi(txn, table);
	WB_ASSERT(txn->write);
	if (txn->failure.err)
		return false;
	txn->changes++;
	int rc = mdb_drop(txn->mdb, dbi, 0);
	if (rc)
		wb_txn_fail_code(file, line, txn, wb_store_err(rc), rc, table);
	return !rc;
}

uint64_t wb_rows_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table)
{
	MDB_dbi dbi = wb_txn_dbi(txn, table);
	MDB_stat stat;
	if (txn->failure.err)
		return 0;
	int rc = mdb_stat(txn->mdb, dbi, &stat);
	if (rc) {
		wb_txn_fail_code(file, line, txn, wb_store_err(rc), rc, table);
		return 0;
	}
	return stat.ms_entries;
}
