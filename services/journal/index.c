/*
 * index: where the events of a stream and of a tenant are, a sparse table of time, and the whole tiles of the tenants'
 * trees, as a fold of the log. Follows behind the commits; lazily synced, in doubt folded again.
 *
 * Tiles of level 0 are written when they are whole, out of the records themselves; those above grow by one hash with
 * each whole tile below. What is not whole yet is computed when it is asked for.
 */
#include "private.h"

#include <stdio.h>
#include <string.h>

static const struct wb_table *const index_tables[] = {
        &wb_index_streams, &wb_index_tenants, &wb_index_times, &wb_index_tiles, &wb_index_meta};

struct fold {
	struct wb_journal *j;
	struct wb_txn *index, *log;
	struct at at;
};

static enum wb_err open_env(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	(void)snprintf(dir, sizeof dir, "%s/index", j->dir);
	struct wb_env_options o = {.dir = dir,
	        .sync = WB_SYNC_LAZY,
	        .tables = index_tables,
	        .table_count = sizeof index_tables / sizeof index_tables[0],
	        .map_bytes = j->options.index_map_bytes};
	enum wb_err err = wb_env_open(&o, &j->index);
	/* damaged, or of a boot of the machine that ended badly: folded again */
	if (err != WB_ERR_CORRUPT)
		return err;
	err = wb_env_remove(dir);
	return err ? err : wb_env_open(&o, &j->index);
}

static bool believable(struct wb_journal *j, const struct at *at)
{
	struct wb_txn *log;
	struct wb_hash chain;
	if (at->fold != WB_JOURNAL_INDEX_FOLD || !wb_id_equal(at->log_id, j->log_id) || at->position > j->head)
		return false;
	if (wb_txn_read(j->log, &log))
		return false;
	bool same = !wb_journal_chain_at(j, j->hasher, log, at->position, &chain) && wb_hash_equal(&chain, &at->chain);
	wb_txn_abort(log);
	return same;
}

enum wb_err wb_index_open(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	struct wb_txn *txn;
	enum wb_err err = open_env(j);
	if (!err)
		err = wb_txn_read(j->index, &txn);
	if (err)
		return err;
	bool found = wb_journal_at_get(txn, &wb_index_meta, &j->index_at);
	wb_txn_abort(txn);
	if (!found || !believable(j, &j->index_at)) {
		(void)snprintf(dir, sizeof dir, "%s/index", j->dir);
		wb_env_abandon(j->index);
		j->index = NULL;
		err = wb_env_remove(dir);
		if (!err)
			err = open_env(j);
		j->index_at = (struct at){WB_JOURNAL_INDEX_FOLD, j->log_id, 0, wb_chain_start(j->hasher, j->log_id)};
	}
	atomic_store_explicit(&j->index_position, j->index_at.position, memory_order_release);
	return err;
}

/* ---- tiles ---- */

void wb_index_tile_key(struct wb_key *k, const char *tenant, uint32_t level, uint64_t index)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_u8(k, (uint8_t)level);
	wb_key_u64(k, index);
}

enum wb_err wb_index_leaves(struct wb_hasher *h, struct wb_txn *index, struct wb_txn *log, const char *tenant,
        uint64_t tile, uint32_t width, struct wb_hash *ret_leaves)
{
	struct wb_scan scan;
	struct wb_key prefix, from;
	struct wb_bytes key, value;
	struct wb_frame f;
	uint32_t n = 0;
	enum wb_err err = WB_OK;
	wb_key_init(&prefix);
	wb_key_str(&prefix, tenant);
	from = prefix;
	wb_key_u64(&from, tile * WB_TILE_WIDTH + 1);
	wb_scan_from(&scan, index, &wb_index_tenants, &prefix, &from);
	while (!err && n < width && wb_scan_next(&scan, &key, &value)) {
		if (value.len != 8)
			err = WB_ERR_CORRUPT;
		if (!err)
			err = wb_journal_frame(log, wb_be64_get(value.data), &f);
		if (!err)
			ret_leaves[n++] = wb_chain_leaf(h, f.record);
	}
	wb_scan_done(&scan);
	if (!err)
		err = wb_txn_error(index);
	return err || n == width ? err : WB_ERR_NOT_FOUND;
}

/* A tile of a level has become whole: its root goes into the tile above, which may become whole in turn. */
static enum wb_err raise(
        struct fold *f, const char *tenant, uint32_t level, uint64_t tile, const struct wb_hash *hashes)
{
	struct wb_hash above[WB_TILE_WIDTH];
	struct wb_key k;
	struct wb_bytes v = {0};
	memcpy(above, hashes, sizeof above);
	while (level < WB_TILE_LEVEL_MAX) {
		struct wb_hash root = wb_tile_node(f->j->index_hasher, above, 8, 0);
		size_t slot = tile % WB_TILE_WIDTH;
		level++;
		tile /= WB_TILE_WIDTH;
		wb_index_tile_key(&k, tenant, level, tile);
		v = (struct wb_bytes){0};
		(void)wb_get(f->index, &wb_index_tiles, &k, &v);
		if (wb_txn_error(f->index) || v.len != slot * WB_HASH_BYTES)
			return wb_txn_error(f->index) ? wb_txn_error(f->index) : WB_ERR_CORRUPT;
		if (v.len)
			memcpy(above, v.data, v.len);
		above[slot] = root;
		wb_put(f->index, &wb_index_tiles, &k, ((struct wb_bytes){above[0].b, (slot + 1) * WB_HASH_BYTES}));
		if (slot + 1 < WB_TILE_WIDTH)
			break;
	}
	return wb_txn_error(f->index);
}

static enum wb_err whole_tile(struct fold *f, const char *tenant, uint64_t tile)
{
	struct wb_hash leaves[WB_TILE_WIDTH];
	struct wb_key k;
	enum wb_err err = wb_index_leaves(f->j->index_hasher, f->index, f->log, tenant, tile, WB_TILE_WIDTH, leaves);
	if (err)
		return err;
	wb_index_tile_key(&k, tenant, 0, tile);
	wb_put(f->index, &wb_index_tiles, &k, ((struct wb_bytes){leaves[0].b, sizeof leaves}));
	return raise(f, tenant, 0, tile, leaves);
}

/* ---- the fold ---- */

static void put_position(struct wb_txn *txn, const struct wb_table *table, const struct wb_key *k, uint64_t position)
{
	uint8_t v[8];
	wb_be64_put(v, position);
	wb_put(txn, table, k, ((struct wb_bytes){v, sizeof v}));
}

static enum wb_err fold(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct fold *f = ctx;
	struct wb_key k;
	(void)record;
	(void)leaf;
	wb_key_init(&k);
	wb_key_text(&k, v->tenant);
	wb_key_text(&k, v->stream_kind);
	wb_key_id(&k, v->stream_id);
	wb_key_u64(&k, v->stream_version);
	put_position(f->index, &wb_index_streams, &k, position);
	wb_key_init(&k);
	wb_key_text(&k, v->tenant);
	wb_key_u64(&k, v->tenant_position);
	put_position(f->index, &wb_index_tenants, &k, position);
	if (position % WB_JOURNAL_TIME_EVERY == 1) {
		wb_key_init(&k);
		wb_key_i64(&k, v->recorded_at);
		wb_key_u64(&k, position);
		put_position(f->index, &wb_index_times, &k, position);
	}
	enum wb_err err = wb_txn_error(f->index);
	if (!err && v->tenant_position % WB_TILE_WIDTH == 0) {
		char tenant[WB_JOURNAL_TENANT_BYTES_MAX + 1] = {0};
		if (v->tenant.len > WB_JOURNAL_TENANT_BYTES_MAX)
			return WB_ERR_CORRUPT;
		memcpy(tenant, v->tenant.data, v->tenant.len);
		err = whole_tile(f, tenant, v->tenant_position / WB_TILE_WIDTH - 1);
	}
	f->at.position = position;
	f->at.chain = *chain;
	return err;
}

static enum wb_err step(struct fold *f, size_t limit)
{
	uint64_t next;
	struct wb_hash chain = f->at.chain;
	enum wb_err err = wb_txn_write(f->j->index, &f->index);
	if (err)
		return err;
	err = wb_journal_walk(f->j->index_hasher, f->log, f->at.position + 1, limit, &chain, fold, f, &next);
	if (!err)
		wb_journal_at_put(f->index, &wb_index_meta, &f->at);
	if (err) {
		wb_txn_abort(f->index);
		return err;
	}
	return wb_txn_commit(f->index);
}

enum wb_err wb_journal_index_step(struct wb_journal *j, size_t limit, uint64_t *ret_behind)
{
	struct fold f = {.j = j, .at = j->index_at};
	uint64_t head = atomic_load_explicit(&j->head, memory_order_acquire);
	enum wb_err err = WB_OK;
	if (j->index_at.position < head) {
		err = wb_txn_read(j->log, &f.log);
		if (err)
			return err;
		err = step(&f, limit < WB_JOURNAL_FOLD_CHUNK ? limit : WB_JOURNAL_FOLD_CHUNK);
		wb_txn_abort(f.log);
		/* the map is full: a later step does it again; readers of other threads may delay it */
		if (err == WB_ERR_FULL) {
			err = wb_env_grow(j->index);
			if (err == WB_ERR_AGAIN)
				err = WB_OK;
		} else if (!err) {
			j->index_at = f.at;
			atomic_store_explicit(&j->index_position, f.at.position, memory_order_release);
		}
	}
	if (!err && ret_behind)
		*ret_behind = head - j->index_at.position;
	return err;
}
