/*
 * heads: what a decision needs (stream versions, command ids for ever, epochs, the edges of the tenants' trees), as a
 * fold of the log. Lazily synced: in doubt it is folded again. Only the writer uses it.
 */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct wb_table *const heads_tables[] = {
        &wb_heads_streams, &wb_heads_commands, &wb_heads_epochs, &wb_heads_tenants, &wb_heads_meta};

#define COMMAND_BYTES (8 + 4 + WB_DIGEST_BYTES)

/* ---- rows ---- */

static void stream_key(struct wb_key *k, struct wb_bytes tenant, struct wb_bytes kind, struct wb_id id)
{
	wb_key_init(k);
	wb_key_text(k, tenant);
	wb_key_text(k, kind);
	wb_key_id(k, id);
}

uint64_t wb_heads_version(struct wb_journal *j, struct wb_bytes tenant, struct wb_bytes kind, struct wb_id id)
{
	struct wb_key k;
	struct wb_bytes v;
	stream_key(&k, tenant, kind, id);
	if (!wb_get(j->heads_txn, &wb_heads_streams, &k, &v))
		return 0;
	if (v.len == 8)
		return wb_be64_get(v.data);
	wb_txn_fail(j->heads_txn, WB_ERR_CORRUPT, &wb_heads_streams);
	return 0;
}

void wb_heads_version_put(
        struct wb_journal *j, struct wb_bytes tenant, struct wb_bytes kind, struct wb_id id, uint64_t version)
{
	struct wb_key k;
	uint8_t v[8];
	stream_key(&k, tenant, kind, id);
	wb_be64_put(v, version);
	wb_put(j->heads_txn, &wb_heads_streams, &k, ((struct wb_bytes){v, sizeof v}));
}

bool wb_heads_command(struct wb_journal *j, struct wb_id id, struct command *ret_command)
{
	struct wb_key k;
	struct wb_bytes v;
	wb_key_init(&k);
	wb_key_id(&k, id);
	if (!wb_get(j->heads_txn, &wb_heads_commands, &k, &v))
		return false;
	if (v.len != COMMAND_BYTES) {
		wb_txn_fail(j->heads_txn, WB_ERR_CORRUPT, &wb_heads_commands);
		return false;
	}
	ret_command->position = wb_be64_get(v.data);
	ret_command->count = wb_be32_get(v.data + 8);
	memcpy(ret_command->digest, v.data + 12, WB_DIGEST_BYTES);
	return true;
}

void wb_heads_command_put(struct wb_journal *j, struct wb_id id, const struct command *c)
{
	struct wb_key k;
	uint8_t v[COMMAND_BYTES];
	wb_key_init(&k);
	wb_key_id(&k, id);
	wb_be64_put(v, c->position);
	wb_be32_put(v + 8, c->count);
	memcpy(v + 12, c->digest, WB_DIGEST_BYTES);
	wb_put(j->heads_txn, &wb_heads_commands, &k, ((struct wb_bytes){v, sizeof v}));
}

static struct epoch *find_epoch(const struct wb_journal *j, struct wb_bytes service)
{
	for (size_t i = 0; i < j->epoch_count; i++)
		if (wb_bytes_equal(wb_bytes_str(j->epochs[i].service), service))
			return (struct epoch *)(uintptr_t)&j->epochs[i];
	return NULL;
}

uint64_t wb_heads_epoch(const struct wb_journal *j, struct wb_bytes service)
{
	const struct epoch *e = find_epoch(j, service);
	return e ? e->epoch : 0;
}

static struct epoch *make_epoch(struct wb_journal *j, struct wb_bytes service)
{
	struct epoch *e = find_epoch(j, service);
	if (e)
		return e;
	if (j->epoch_count == WB_JOURNAL_SERVICES_MAX || service.len > WB_JOURNAL_NAME_BYTES_MAX)
		return NULL;
	e = &j->epochs[j->epoch_count++];
	*e = (struct epoch){.epoch = 0};
	memcpy(e->service, service.data, service.len);
	return e;
}

enum wb_err wb_heads_epoch_put(struct wb_journal *j, struct wb_bytes service, uint64_t epoch)
{
	struct wb_key k;
	uint8_t v[8];
	struct epoch *e = make_epoch(j, service);
	if (!e)
		return WB_ERR_LIMIT;
	e->epoch = epoch;
	wb_key_init(&k);
	wb_key_text(&k, service);
	wb_be64_put(v, epoch);
	wb_put(j->heads_txn, &wb_heads_epochs, &k, ((struct wb_bytes){v, sizeof v}));
	return WB_OK;
}

static size_t bucket_of(struct wb_bytes name)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.data[i]) * 16777619u;
	return h % TENANT_BUCKETS;
}

static void tenant_key(struct wb_key *k, struct wb_bytes name)
{
	wb_key_init(k);
	wb_key_text(k, name);
}

struct tenant *wb_heads_tenant(struct wb_journal *j, struct wb_bytes name)
{
	struct tenant **bucket = &j->tenants[bucket_of(name)];
	struct wb_key k;
	struct wb_bytes v;
	for (struct tenant *t = *bucket; t; t = t->next)
		if (t->name_len == name.len && memcmp(t->name, name.data, name.len) == 0)
			return t;
	/* One a tenant, for as long as the journal is open: its tree changes with each of its records. */
	struct tenant *t = name.len <= WB_JOURNAL_TENANT_BYTES_MAX ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	memcpy(t->name, name.data, name.len);
	t->name_len = name.len;
	tenant_key(&k, name);
	if (wb_get(j->heads_txn, &wb_heads_tenants, &k, &v)) {
		if (wb_tree_load(v, &t->tree))
			wb_txn_fail(j->heads_txn, WB_ERR_CORRUPT, &wb_heads_tenants);
	}
	if (wb_txn_error(j->heads_txn)) {
		free(t);
		return NULL;
	}
	t->next = *bucket;
	*bucket = t;
	return t;
}

void wb_heads_forget(struct wb_journal *j)
{
	for (size_t i = 0; i < TENANT_BUCKETS; i++) {
		struct tenant *next;
		for (struct tenant *t = j->tenants[i]; t; t = next) {
			next = t->next;
			free(t);
		}
		j->tenants[i] = NULL;
	}
	j->epoch_count = 0;
	j->heads_pending = 0;
}

/* ---- transactions ---- */

enum wb_err wb_heads_begin(struct wb_journal *j)
{
	return j->heads_txn ? WB_OK : wb_txn_write(j->heads, &j->heads_txn);
}

static void put_dirty_tenants(struct wb_journal *j)
{
	uint8_t saved[WB_TREE_BYTES_MAX];
	struct wb_key k;
	for (size_t i = 0; i < TENANT_BUCKETS; i++)
		for (struct tenant *t = j->tenants[i]; t; t = t->next) {
			if (!t->dirty)
				continue;
			size_t len = wb_tree_save(&t->tree, saved);
			tenant_key(&k, (struct wb_bytes){(const uint8_t *)t->name, t->name_len});
			wb_put(j->heads_txn, &wb_heads_tenants, &k, ((struct wb_bytes){saved, len}));
			t->dirty = false;
		}
}

/* WB_ERR_FULL: the map is; what was folded since the last commit is gone. */
static enum wb_err commit_once(struct wb_journal *j)
{
	if (!j->heads_txn)
		return WB_OK;
	put_dirty_tenants(j);
	wb_journal_at_put(j->heads_txn, &wb_heads_meta, &j->heads_at);
	enum wb_err err = wb_txn_commit(j->heads_txn);
	j->heads_txn = NULL;
	j->heads_pending = 0;
	return err;
}

/* Remembers the size, so that an environment made anew does not begin too small again. */
enum wb_err wb_heads_grow(struct wb_journal *j)
{
	struct wb_env_usage u;
	enum wb_err err = wb_env_grow(j->heads);
	if (!err && wb_env_usage(j->heads, &u) == WB_OK)
		j->options.heads_map_bytes = u.map_bytes;
	return err;
}

enum wb_err wb_heads_flush(struct wb_journal *j)
{
	enum wb_err err = commit_once(j);
	if (err != WB_ERR_FULL)
		return err;
	err = wb_heads_grow(j);
	return err ? err : wb_heads_rollback(j, NULL);
}

/* ---- the fold ---- */

static enum wb_err fold(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct wb_journal *j = ctx;
	struct command c = {.position = position};
	(void)record;
	if (wb_heads_version(j, v->tenant, v->stream_kind, v->stream_id) != v->stream_version - 1)
		return wb_txn_error(j->heads_txn) ? wb_txn_error(j->heads_txn) : WB_ERR_CORRUPT;
	wb_heads_version_put(j, v->tenant, v->stream_kind, v->stream_id, v->stream_version);
	if (!wb_heads_command(j, v->command_id, &c))
		memcpy(c.digest, v->command_digest.data, WB_DIGEST_BYTES);
	else if (c.position + c.count != position)
		return WB_ERR_CORRUPT;
	c.count++;
	wb_heads_command_put(j, v->command_id, &c);
	struct tenant *t = wb_heads_tenant(j, v->tenant);
	if (!t)
		return wb_txn_error(j->heads_txn) ? wb_txn_error(j->heads_txn) : WB_ERR_MEMORY;
	if (t->tree.size != v->tenant_position - 1)
		return WB_ERR_CORRUPT;
	wb_tree_append(j->hasher, &t->tree, leaf);
	t->dirty = true;
	if (wb_bytes_equal(v->tenant, wb_bytes_str(WB_JOURNAL_CELL)) &&
	        wb_bytes_equal(v->stream_kind, wb_bytes_str(WB_JOURNAL_KIND_EPOCH))) {
		enum wb_err err = wb_heads_epoch_put(j, v->service, v->epoch);
		if (err)
			return err;
	}
	j->heads_at.position = position;
	j->heads_at.chain = *chain;
	return wb_txn_error(j->heads_txn);
}

/* One chunk of the log into one transaction. */
static enum wb_err fold_chunk(struct wb_journal *j, struct wb_txn *log, uint64_t *ret_damaged)
{
	uint64_t next;
	struct wb_hash chain = j->heads_at.chain;
	enum wb_err err = wb_heads_begin(j);
	if (err)
		return err;
	err = wb_journal_walk(j->hasher, log, j->heads_at.position + 1, WB_JOURNAL_FOLD_CHUNK, &chain, fold, j, &next);
	if (err == WB_ERR_CORRUPT && !wb_txn_error(j->heads_txn) && ret_damaged)
		*ret_damaged = next;
	return err;
}

/* Reads how far it is; epochs into memory. */
static enum wb_err load(struct wb_journal *j, bool *ret_found)
{
	struct wb_txn *txn;
	struct wb_scan scan;
	struct wb_bytes key, value;
	enum wb_err err = wb_txn_read(j->heads, &txn);
	if (err)
		return err;
	*ret_found = wb_journal_at_get(txn, &wb_heads_meta, &j->heads_at);
	wb_scan_prefix(&scan, txn, &wb_heads_epochs, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader r;
		char name[WB_JOURNAL_NAME_BYTES_MAX + 1];
		wb_key_reader_init(&r, key);
		struct epoch *e =
		        wb_key_read_text(&r, name, sizeof name, NULL) ? make_epoch(j, wb_bytes_str(name)) : NULL;
		if (!e || value.len != 8)
			wb_txn_fail(txn, WB_ERR_CORRUPT, &wb_heads_epochs);
		else
			e->epoch = wb_be64_get(value.data);
	}
	return wb_txn_commit(txn);
}

/* Whether what heads says of itself is a prefix of this log. */
static bool believable(struct wb_journal *j, struct wb_txn *log)
{
	struct wb_hash chain;
	const struct at *at = &j->heads_at;
	if (at->fold != WB_JOURNAL_HEADS_FOLD || !wb_id_equal(at->log_id, j->log_id) || at->position > j->head)
		return false;
	return !wb_journal_chain_at(j, j->hasher, log, at->position, &chain) && wb_hash_equal(&chain, &at->chain);
}

static enum wb_err open_env(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	(void)snprintf(dir, sizeof dir, "%s/heads", j->dir);
	struct wb_env_options o = {.dir = dir,
	        .sync = WB_SYNC_LAZY,
	        .tables = heads_tables,
	        .table_count = sizeof heads_tables / sizeof heads_tables[0],
	        .map_bytes = j->options.heads_map_bytes};
	enum wb_err err = wb_env_open(&o, &j->heads);
	/* damaged, or of a boot of the machine that ended badly: folded again */
	if (err != WB_ERR_CORRUPT)
		return err;
	err = wb_env_remove(dir);
	return err ? err : wb_env_open(&o, &j->heads);
}

/* Throws the environment away and begins at zero. */
static enum wb_err start_over(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	(void)snprintf(dir, sizeof dir, "%s/heads", j->dir);
	wb_txn_abort(j->heads_txn);
	j->heads_txn = NULL;
	wb_env_abandon(j->heads);
	j->heads = NULL;
	wb_heads_forget(j);
	enum wb_err err = wb_env_remove(dir);
	if (!err)
		err = open_env(j);
	j->heads_at = (struct at){WB_JOURNAL_HEADS_FOLD, j->log_id, 0, wb_chain_start(j->hasher, j->log_id)};
	return err;
}

/* Folds the log from where heads is up to its head. */
static enum wb_err catch_up(struct wb_journal *j, uint64_t *ret_damaged)
{
	enum wb_err err = WB_OK;
	while (!err && j->heads_at.position < j->head) {
		struct wb_txn *log;
		err = wb_txn_read(j->log, &log);
		if (err)
			return err;
		err = fold_chunk(j, log, ret_damaged);
		wb_txn_abort(log);
		if (!err)
			err = commit_once(j);
		if (err != WB_ERR_FULL)
			continue;
		/* the map: what this chunk folded is gone; grow, and go on from what is committed */
		bool found;
		wb_txn_abort(j->heads_txn);
		j->heads_txn = NULL;
		wb_heads_forget(j);
		err = wb_heads_grow(j);
		if (!err)
			err = load(j, &found);
		if (!err && !found)
			err = start_over(j);
	}
	return err;
}

enum wb_err wb_heads_rollback(struct wb_journal *j, uint64_t *ret_damaged)
{
	bool found = false;
	struct wb_txn *log;
	wb_txn_abort(j->heads_txn);
	j->heads_txn = NULL;
	wb_heads_forget(j);
	enum wb_err err = wb_txn_read(j->log, &log);
	if (err)
		return err;
	err = load(j, &found);
	if (err == WB_ERR_CORRUPT || (!err && !(found && believable(j, log))))
		err = start_over(j);
	wb_txn_abort(log);
	return err ? err : catch_up(j, ret_damaged);
}

enum wb_err wb_heads_open(struct wb_journal *j, uint64_t *ret_damaged)
{
	enum wb_err err = open_env(j);
	return err ? err : wb_heads_rollback(j, ret_damaged);
}
