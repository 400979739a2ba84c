/* The tenants' trees: tiles and proofs, out of whole tiles and of records. As far as index is. */
#include "private.h"

#include <string.h>

struct tiles {
	struct wb_journal_reader *r;
	const char *tenant;
	struct wb_txn *index, *log;
	uint64_t size;
	/* the tile read last: a proof asks many times for the ragged edge */
	struct wb_hash hashes[WB_TILE_WIDTH];
	uint32_t level, width;
	uint64_t tile;
};

static uint64_t tenant_size(struct wb_txn *index, const char *tenant)
{
	struct wb_scan scan;
	struct wb_key prefix;
	struct wb_bytes key, value;
	uint64_t size = 0;
	wb_key_init(&prefix);
	wb_key_str(&prefix, tenant);
	wb_scan_back(&scan, index, &wb_index_tenants, &prefix);
	if (wb_scan_next(&scan, &key, &value) && key.len == prefix.len + 8)
		size = wb_be64_get(key.data + prefix.len);
	wb_scan_done(&scan);
	return size;
}

static enum wb_err begin(struct tiles *t, struct wb_journal_reader *r, const char *tenant)
{
	*t = (struct tiles){.r = r, .tenant = tenant};
	enum wb_err err = wb_txn_read(r->j->index, &t->index);
	if (!err)
		err = wb_txn_read(r->j->log, &t->log);
	if (!err)
		t->size = tenant_size(t->index, tenant);
	return err ? err : wb_txn_error(t->index);
}

static void end(struct tiles *t)
{
	wb_txn_abort(t->log);
	wb_txn_abort(t->index);
}

/* The first width hashes of a tile into t->hashes. */
static enum wb_err load(struct tiles *t, uint32_t level, uint64_t tile, uint32_t width)
{
	struct wb_key k;
	struct wb_bytes v;
	if (t->width >= width && t->level == level && t->tile == tile)
		return WB_OK;
	if (width == 0 || width > wb_tile_width(level, tile, t->size))
		return WB_ERR_NOT_FOUND;
	t->width = 0;
	wb_index_tile_key(&k, t->tenant, level, tile);
	enum wb_err err = WB_OK;
	if (wb_get(t->index, &wb_index_tiles, &k, &v)) {
		if (v.len < width * WB_HASH_BYTES)
			return WB_ERR_CORRUPT;
		memcpy(t->hashes, v.data, width * WB_HASH_BYTES);
	} else if (level == 0 && !wb_txn_error(t->index)) {
		err = wb_index_leaves(t->r->hasher, t->index, t->log, t->tenant, tile, width, t->hashes);
	} else {
		err = wb_txn_error(t->index) ? wb_txn_error(t->index) : WB_ERR_CORRUPT;
	}
	if (err)
		return err;
	t->level = level;
	t->tile = tile;
	t->width = width;
	return WB_OK;
}

static enum wb_err node(void *ctx, unsigned level, uint64_t index, struct wb_hash *ret_hash)
{
	struct tiles *t = ctx;
	unsigned up = level % 8;
	uint32_t per_tile = WB_TILE_WIDTH >> up;
	uint64_t tile = index / per_tile;
	uint32_t first = (uint32_t)(index % per_tile);
	uint32_t most = wb_tile_width(level / 8, tile, t->size);
	if ((first + 1) << up > most)
		return WB_ERR_NOT_FOUND;
	enum wb_err err = load(t, level / 8, tile, most);
	if (!err)
		*ret_hash = wb_tile_node(t->r->hasher, t->hashes, up, first);
	return err;
}

static enum wb_err give(const struct wb_hash *hashes, size_t n, struct wb_arena *a, struct wb_bytes *ret)
{
	uint8_t *copy = wb_arena_copy(a, n ? hashes[0].b : NULL, n * WB_HASH_BYTES);
	if (!copy)
		return WB_ERR_MEMORY;
	*ret = (struct wb_bytes){copy, n * WB_HASH_BYTES};
	return WB_OK;
}

enum wb_err wb_journal_tile(struct wb_journal_reader *r, const char *tenant, uint32_t level, uint64_t index,
        uint32_t width, struct wb_arena *a, struct wb_bytes *ret_hashes)
{
	struct tiles t;
	enum wb_err err = begin(&t, r, tenant);
	if (!err)
		err = load(&t, level, index, width);
	if (!err)
		err = give(t.hashes, width, a, ret_hashes);
	end(&t);
	return err;
}

enum wb_err wb_journal_proof_inclusion(struct wb_journal_reader *r, const char *tenant, uint64_t index, uint64_t size,
        struct wb_arena *a, struct wb_bytes *ret_hashes)
{
	struct tiles t;
	struct wb_tree_proof p = {.count = 0};
	enum wb_err err = begin(&t, r, tenant);
	if (!err && (size > t.size || index >= size))
		err = WB_ERR_NOT_FOUND;
	if (!err)
		err = wb_tree_prove_inclusion(r->hasher, index, size, node, &t, &p);
	if (!err)
		err = give(p.hashes, p.count, a, ret_hashes);
	end(&t);
	return err;
}

enum wb_err wb_journal_proof_consistency(struct wb_journal_reader *r, const char *tenant, uint64_t old_size,
        uint64_t new_size, struct wb_arena *a, struct wb_bytes *ret_hashes)
{
	struct tiles t;
	struct wb_tree_proof p = {.count = 0};
	enum wb_err err = begin(&t, r, tenant);
	if (!err && (new_size > t.size || old_size == 0 || old_size > new_size))
		err = WB_ERR_NOT_FOUND;
	if (!err)
		err = wb_tree_prove_consistency(r->hasher, old_size, new_size, node, &t, &p);
	if (!err)
		err = give(p.hashes, p.count, a, ret_hashes);
	end(&t);
	return err;
}
