/*
 * Signed checkpoints of the tenants' trees, kept before they are given out and apart from the log, so that a size once
 * signed is never signed with another root in one incarnation, and an older copy of the log put back shows.
 */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct wb_table *const signed_tables[] = {&wb_signed_notes, &wb_signed_meta};

/* ---- the key ---- */

static enum wb_err read_seed(const char *path, uint8_t seed[static WB_NOTE_SEED_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? WB_ERR_NOT_FOUND : WB_ERR_IO;
	ssize_t n = read(fd, seed, WB_NOTE_SEED_BYTES);
	(void)close(fd);
	return n == WB_NOTE_SEED_BYTES ? WB_OK : WB_ERR_CORRUPT;
}

/* Written beside, synced and renamed, so that there is never half a key. */
static enum wb_err write_seed(const char *dir, const char *path, const uint8_t seed[static WB_NOTE_SEED_BYTES])
{
	char beside[PATH_MAX + 64];
	(void)snprintf(beside, sizeof beside, "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return WB_ERR_IO;
	bool ok = write(fd, seed, WB_NOTE_SEED_BYTES) == WB_NOTE_SEED_BYTES && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	ok = ok && rename(beside, path) == 0;
	int dir_fd = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	ok = dir_fd >= 0 && fsync(dir_fd) == 0;
	if (dir_fd >= 0)
		(void)close(dir_fd);
	return ok ? WB_OK : WB_ERR_IO;
}

static enum wb_err open_key(struct wb_journal *j)
{
	char dir[PATH_MAX + 16], path[PATH_MAX + 48];
	uint8_t seed[WB_NOTE_SEED_BYTES];
	(void)snprintf(dir, sizeof dir, "%s/secrets", j->dir);
	(void)snprintf(path, sizeof path, "%s/checkpoint.key", dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return WB_ERR_IO;
	enum wb_err err = read_seed(path, seed);
	if (err == WB_ERR_NOT_FOUND) {
		randombytes_buf(seed, sizeof seed);
		err = write_seed(dir, path, seed);
	}
	if (!err)
		err = wb_note_key_init(&j->key, seed);
	sodium_memzero(seed, sizeof seed);
	j->has_key = !err;
	return err;
}

enum wb_err wb_signed_open(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	(void)snprintf(dir, sizeof dir, "%s/checkpoints", j->dir);
	struct wb_env_options o = {.dir = dir,
	        .sync = j->options.volatile_log ? WB_SYNC_LAZY : WB_SYNC_DURABLE,
	        .tables = signed_tables,
	        .table_count = sizeof signed_tables / sizeof signed_tables[0],
	        .map_bytes = (uint64_t)1 << 30};
	enum wb_err err = wb_env_open(&o, &j->signed_env);
	return err ? err : open_key(j);
}

/* ---- rows ---- */

static void incarnation_key(struct wb_key *k)
{
	wb_key_init(k);
	wb_key_str(k, "incarnation");
}

enum wb_err wb_signed_incarnation(struct wb_journal *j, uint32_t *ret_incarnation)
{
	struct wb_txn *txn;
	struct wb_key k;
	struct wb_bytes v;
	enum wb_err err = wb_txn_read(j->signed_env, &txn);
	if (err)
		return err;
	incarnation_key(&k);
	if (wb_get(txn, &wb_signed_meta, &k, &v) && v.len == 4)
		*ret_incarnation = wb_be32_get(v.data);
	return wb_txn_commit(txn);
}

enum wb_err wb_signed_incarnation_put(struct wb_journal *j, uint32_t incarnation)
{
	struct wb_txn *txn;
	struct wb_key k;
	uint8_t v[4];
	enum wb_err err = wb_txn_write(j->signed_env, &txn);
	if (err)
		return err;
	incarnation_key(&k);
	wb_be32_put(v, incarnation);
	wb_put(txn, &wb_signed_meta, &k, ((struct wb_bytes){v, sizeof v}));
	return wb_txn_commit(txn);
}

static void note_key(struct wb_key *k, const char *tenant, uint32_t incarnation, uint64_t size)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_u32(k, incarnation);
	wb_key_u64(k, size);
}

enum wb_err wb_signed_each(struct wb_journal *j, wb_signed_visit_fn *visit, void *ctx)
{
	struct wb_txn *txn;
	struct wb_scan scan;
	struct wb_key before;
	struct wb_bytes key, value;
	enum wb_err err = wb_txn_read(j->signed_env, &txn);
	if (err)
		return err;
	/* from the last tenant to the first, each one's newest row */
	wb_key_init(&before);
	for (bool more = true; !err && more;) {
		if (before.len)
			wb_scan_before(&scan, txn, &wb_signed_notes, NULL, &before);
		else
			wb_scan_back(&scan, txn, &wb_signed_notes, NULL);
		more = wb_scan_next(&scan, &key, &value);
		if (more && (key.len <= 12 || value.len <= WB_HASH_BYTES))
			err = WB_ERR_CORRUPT;
		else if (more) {
			err = visit(ctx, (struct wb_bytes){value.data + WB_HASH_BYTES, value.len - WB_HASH_BYTES});
			wb_key_copy(&before, (struct wb_bytes){key.data, key.len - 12});
		}
		wb_scan_done(&scan);
	}
	if (!err)
		err = wb_txn_error(txn);
	wb_txn_abort(txn);
	return err;
}

/* ---- signing ---- */

static const char *origin(struct wb_journal *j, const char *tenant, struct wb_arena *a)
{
	char id[WB_ID_TEXT_BYTES];
	wb_id_text(j->log_id, id);
	return wb_arena_fmt(a, "weibao.local/%s/%s/%" PRIu32, id, tenant, j->incarnation);
}

static enum wb_err sign(struct wb_journal *j, const char *tenant, const struct wb_tree *tree, struct wb_arena *a,
        struct wb_bytes *ret_note)
{
	struct wb_checkpoint c = {.origin = origin(j, tenant, a), .size = tree->size};
	struct wb_bytes text;
	if (!c.origin)
		return WB_ERR_MEMORY;
	c.root = wb_tree_root(j->hasher, tree);
	enum wb_err err = wb_checkpoint_text(&c, a, &text);
	return err ? err : wb_note_sign(&j->key, c.origin, text, a, ret_note);
}

/* The note kept for this size, or a new one, kept. */
static enum wb_err note_of(struct wb_journal *j, const char *tenant, const struct wb_tree *tree, struct wb_txn *txn,
        struct wb_arena *a, struct wb_bytes *ret_note)
{
	struct wb_key k;
	struct wb_bytes v;
	struct wb_hash root = wb_tree_root(j->hasher, tree);
	note_key(&k, tenant, j->incarnation, tree->size);
	if (wb_get(txn, &wb_signed_notes, &k, &v)) {
		if (v.len <= WB_HASH_BYTES || memcmp(v.data, root.b, WB_HASH_BYTES) != 0)
			return WB_ERR_CORRUPT;
		size_t len = v.len - WB_HASH_BYTES;
		uint8_t *copy = wb_arena_copy(a, v.data + WB_HASH_BYTES, len);
		if (!copy)
			return WB_ERR_MEMORY;
		*ret_note = (struct wb_bytes){copy, len};
		return WB_OK;
	}
	if (wb_txn_error(txn))
		return wb_txn_error(txn);
	enum wb_err err = sign(j, tenant, tree, a, ret_note);
	if (err)
		return err;
	uint8_t *row = wb_arena_alloc(a, WB_HASH_BYTES + ret_note->len);
	if (!row)
		return WB_ERR_MEMORY;
	memcpy(row, root.b, WB_HASH_BYTES);
	memcpy(row + WB_HASH_BYTES, ret_note->data, ret_note->len);
	wb_put(txn, &wb_signed_notes, &k, ((struct wb_bytes){row, WB_HASH_BYTES + ret_note->len}));
	return wb_txn_error(txn);
}

enum wb_err wb_journal_checkpoint(
        struct wb_journal *j, const char *tenant, struct wb_arena *a, struct wb_bytes *ret_note)
{
	struct wb_txn *txn;
	struct wb_bytes note;
	size_t len = strlen(tenant);
	if (j->dead)
		return WB_ERR_CLOSED;
	enum wb_err err = len > WB_JOURNAL_TENANT_BYTES_MAX ? WB_ERR_NOT_FOUND : wb_heads_begin(j);
	if (err)
		return err;
	struct tenant *t = wb_heads_tenant(j, wb_bytes_str(tenant));
	if (!t)
		return wb_txn_error(j->heads_txn) ? WB_ERR_IO : WB_ERR_MEMORY;
	if (t->tree.size == 0)
		return WB_ERR_NOT_FOUND;
	err = wb_txn_write(j->signed_env, &txn);
	if (err)
		return err;
	err = note_of(j, tenant, &t->tree, txn, a, &note);
	if (err) {
		wb_txn_abort(txn);
		return err;
	}
	err = wb_txn_commit(txn);
	if (!err)
		*ret_note = note;
	return err;
}

enum wb_err wb_journal_checkpoint_key(
        struct wb_journal *j, const char *tenant, struct wb_arena *a, const char **ret_vkey)
{
	const char *name = origin(j, tenant, a);
	return name ? wb_note_vkey(j->key.public_key, name, a, ret_vkey) : WB_ERR_MEMORY;
}
