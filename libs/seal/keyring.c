#include "seal/keyring.h"
#include "store/env.h"
#include "store/txn.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ROW_BYTES (1 + NONCE_BYTES + WB_KEY32_BYTES + TAG_BYTES)
#define PATH_BYTES 512
#define TENANT_CHARS_MAX 64
enum { ROW_ERASED = 0, ROW_KEY = 1 };

struct wb_keyring {
	struct wb_env *env;
	uint8_t *master; /* guarded */
};

static const struct wb_table keys_table = {"keys", 0};
static const struct wb_table *const tables[] = {&keys_table};

static enum wb_err row_key(struct wb_key *k, const char *tenant, struct wb_id subject)
{
	if (strnlen(tenant, TENANT_CHARS_MAX + 1) > TENANT_CHARS_MAX)
		return WB_ERR_INVALID;
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, subject);
	return WB_OK;
}

/* ---- rows ---- */

static enum wb_err wrap(const struct wb_keyring *r, const struct wb_key *k, const uint8_t *key, uint8_t row[ROW_BYTES])
{
	unsigned long long n;
	row[0] = ROW_KEY;
	randombytes_buf(row + 1, NONCE_BYTES);
	int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(
	        row + 1 + NONCE_BYTES, &n, key, WB_KEY32_BYTES, k->b, k->len, NULL, row + 1, r->master);
	return failed ? WB_ERR_CRYPTO : WB_OK;
}

static enum wb_err unwrap(const struct wb_keyring *r, struct wb_bytes name, struct wb_bytes row,
        enum wb_key_state *ret_state, uint8_t *ret_key)
{
	unsigned long long n;
	if (row.len == 1 && row.data[0] == ROW_ERASED) {
		*ret_state = WB_KEY_ERASED;
		return WB_OK;
	}
	if (row.len != ROW_BYTES || row.data[0] != ROW_KEY)
		return WB_ERR_CORRUPT;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_key, &n, NULL, row.data + 1 + NONCE_BYTES,
	            WB_KEY32_BYTES + TAG_BYTES, name.data, name.len, row.data + 1, r->master) != 0)
		return WB_ERR_CRYPTO;
	*ret_state = WB_KEY_KNOWN;
	return WB_OK;
}

/* Whether there is any key, and whether the master key opens one of them: a damaged row alone proves nothing. */
static enum wb_err try_master(const struct wb_keyring *r, bool *ret_some, bool *ret_opens)
{
	struct wb_txn *txn;
	struct wb_scan scan;
	struct wb_bytes name, row;
	enum wb_key_state state;
	uint8_t key[WB_KEY32_BYTES];
	bool some = false, opens = false;
	enum wb_err err = wb_txn_read(r->env, &txn);
	if (err)
		return err;
	wb_scan_prefix(&scan, txn, &keys_table, NULL);
	while (!opens && wb_scan_next(&scan, &name, &row)) {
		if (row.len == 0 || row.data[0] != ROW_KEY)
			continue;
		some = true;
		opens = unwrap(r, name, row, &state, key) == WB_OK;
	}
	sodium_memzero(key, sizeof key);
	wb_scan_done(&scan);
	err = wb_txn_error(txn);
	wb_txn_abort(txn);
	if (!err) {
		*ret_some = some;
		*ret_opens = opens;
	}
	return err;
}

/* ---- the master key ---- */

static enum wb_err sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = fsync(fd) == 0 ? WB_OK : WB_ERR_IO;
	close(fd);
	return err;
}

/* Never half there: written beside, synced, renamed. The open environment keeps other processes out. */
static enum wb_err make_master(const char *dir, const char *path, uint8_t *key)
{
	char beside[PATH_BYTES];
	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
		return WB_ERR_LIMIT;
	randombytes_buf(key, WB_KEY32_BYTES);
	if (unlink(beside) != 0 && errno != ENOENT)
		return WB_ERR_IO;
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = write(fd, key, WB_KEY32_BYTES) == WB_KEY32_BYTES && fsync(fd) == 0 ? WB_OK : WB_ERR_IO;
	if (close(fd) != 0 || err || rename(beside, path) != 0)
		return WB_ERR_IO;
	return sync_dir(dir);
}

static enum wb_err read_master(int fd, uint8_t *key)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return WB_ERR_IO;
	if ((st.st_mode & 077) != 0)
		return WB_ERR_DENIED;
	if (st.st_size != WB_KEY32_BYTES)
		return WB_ERR_CRYPTO;
	return read(fd, key, WB_KEY32_BYTES) == WB_KEY32_BYTES ? WB_OK : WB_ERR_IO;
}

static enum wb_err load_master(const struct wb_keyring *r, const char *dir)
{
	char path[PATH_BYTES];
	bool some = false, opens = false;
	if (snprintf(path, sizeof path, "%s/master.key", dir) >= (int)sizeof path)
		return WB_ERR_LIMIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return WB_ERR_IO;
	enum wb_err err = fd < 0 ? WB_OK : read_master(fd, r->master);
	if (!err)
		err = try_master(r, &some, &opens);
	if (fd >= 0) {
		close(fd);
		return err ? err : some && !opens ? WB_ERR_CRYPTO : WB_OK;
	}
	if (err)
		return err;
	return some ? WB_ERR_NOT_FOUND : make_master(dir, path, r->master);
}

/* ---- life ---- */

static enum wb_err open_env(const char *dir, struct wb_env **ret)
{
	char path[PATH_BYTES];
	if (snprintf(path, sizeof path, "%s/..", dir) >= (int)sizeof path)
		return WB_ERR_LIMIT;
	if (mkdir(dir, 0700) != 0) {
		if (errno != EEXIST)
			return WB_ERR_IO;
	} else if (sync_dir(path) != WB_OK) {
		return WB_ERR_IO; /* keys in a folder that a crash takes away were never durable */
	}
	if (snprintf(path, sizeof path, "%s/keys", dir) >= (int)sizeof path)
		return WB_ERR_LIMIT;
	const struct wb_env_options o = {.dir = path,
	        .sync = WB_SYNC_DURABLE,
	        .tables = tables,
	        .table_count = 1,
	        .map_bytes = UINT64_C(4) << 30};
	enum wb_err err = wb_env_open(&o, ret);
	return err ? err : sync_dir(dir);
}

enum wb_err wb_keyring_open(const char *dir, struct wb_keyring **ret)
{
	if (sodium_init() < 0)
		return WB_ERR_CRYPTO;
	struct wb_keyring *r = calloc(1, sizeof *r); /* the process's life */
	if (!r)
		return WB_ERR_MEMORY;
	r->master = sodium_malloc(WB_KEY32_BYTES);
	enum wb_err err = r->master ? open_env(dir, &r->env) : WB_ERR_MEMORY;
	if (!err)
		err = load_master(r, dir);
	if (err) {
		wb_keyring_close(r);
		return err;
	}
	*ret = r;
	return WB_OK;
}

void wb_keyring_close(struct wb_keyring *r)
{
	if (!r)
		return;
	enum wb_err err = wb_env_close(r->env);
	(void)err; /* every row was synced when it was made */
	sodium_free(r->master);
	free(r);
}

/* ---- getting, making, erasing ---- */

static enum wb_err look_in(const struct wb_keyring *r, struct wb_txn *txn, const struct wb_key *k,
        enum wb_key_state *ret_state, uint8_t *ret_key)
{
	struct wb_bytes row;
	if (wb_get(txn, &keys_table, k, &row))
		return unwrap(r, wb_key_view(k), row, ret_state, ret_key);
	enum wb_err err = wb_txn_error(txn);
	if (!err)
		*ret_state = WB_KEY_UNKNOWN;
	return err;
}

static enum wb_err look(
        const struct wb_keyring *r, const struct wb_key *k, enum wb_key_state *ret_state, uint8_t *ret_key)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_read(r->env, &txn);
	if (err)
		return err;
	err = look_in(r, txn, k, ret_state, ret_key);
	wb_txn_abort(txn);
	return err;
}

/* A durable write, done again with a larger map when the first was full. */
static enum wb_err write_row(
        struct wb_keyring *r, enum wb_err (*fill)(struct wb_keyring *r, struct wb_txn *txn, void *ctx), void *ctx)
{
	for (;;) {
		struct wb_txn *txn;
		enum wb_err err = wb_txn_write(r->env, &txn);
		if (err)
			return err;
		err = fill(r, txn, ctx);
		if (err) {
			wb_txn_abort(txn);
			return err;
		}
		err = wb_txn_commit(txn);
		if (err != WB_ERR_FULL)
			return err;
		err = wb_env_grow(r->env);
		if (err)
			return err;
	}
}

struct creating {
	const char *tenant;
	const struct wb_id *subjects;
	size_t n;
};

static enum wb_err fill_new(struct wb_keyring *r, struct wb_txn *txn, void *ctx)
{
	const struct creating *c = ctx;
	uint8_t key[WB_KEY32_BYTES], row[ROW_BYTES];
	for (size_t i = 0; i < c->n; i++) {
		struct wb_key k;
		enum wb_err err = row_key(&k, c->tenant, c->subjects[i]);
		if (err)
			return err;
		if (wb_has(txn, &keys_table, &k))
			continue;
		randombytes_buf(key, sizeof key);
		err = wrap(r, &k, key, row);
		sodium_memzero(key, sizeof key);
		if (err)
			return err;
		wb_put(txn, &keys_table, &k, ((struct wb_bytes){row, sizeof row}));
	}
	return WB_OK;
}

enum wb_err wb_keyring_create(struct wb_keyring *r, const char *tenant, const struct wb_id *subjects, size_t n)
{
	struct creating c = {tenant, subjects, n};
	return write_row(r, fill_new, &c);
}

enum wb_err wb_keyring_get(struct wb_keyring *r, const char *tenant, struct wb_id subject, bool create,
        enum wb_key_state *ret_state, uint8_t ret_key[static WB_KEY32_BYTES])
{
	struct wb_key k;
	enum wb_key_state state;
	enum wb_err err = row_key(&k, tenant, subject);
	if (!err)
		err = look(r, &k, &state, ret_key);
	if (!err && state == WB_KEY_UNKNOWN && create) {
		err = wb_keyring_create(r, tenant, &subject, 1);
		if (!err)
			err = look(r, &k, &state, ret_key);
	}
	if (!err)
		*ret_state = state;
	return err;
}

static enum wb_err fill_erased(struct wb_keyring *r, struct wb_txn *txn, void *ctx)
{
	static const uint8_t erased[1] = {ROW_ERASED};
	(void)r;
	wb_put(txn, &keys_table, ctx, ((struct wb_bytes){erased, sizeof erased}));
	return WB_OK;
}

/* ret_was: what it was before. */
static enum wb_err erase(struct wb_keyring *r, const char *tenant, struct wb_id subject, enum wb_key_state *ret_was)
{
	enum wb_key_state was;
	uint8_t key[WB_KEY32_BYTES];
	struct wb_key k;
	enum wb_err err = row_key(&k, tenant, subject);
	if (!err)
		err = look(r, &k, &was, key);
	sodium_memzero(key, sizeof key);
	if (err == WB_ERR_CRYPTO || err == WB_ERR_CORRUPT) { /* a damaged row is erased like a sound one */
		was = WB_KEY_KNOWN;
		err = WB_OK;
	}
	if (!err && was != WB_KEY_ERASED)
		err = write_row(r, fill_erased, &k);
	if (!err)
		*ret_was = was;
	return err;
}

enum wb_err wb_keyring_erase(struct wb_keyring *r, const char *tenant, struct wb_id subject)
{
	enum wb_key_state was;
	return erase(r, tenant, subject, &was);
}

enum wb_err wb_keyring_each(struct wb_keyring *r,
        bool (*visit)(void *ctx, const char *tenant, struct wb_id subject, enum wb_key_state state, const uint8_t *key),
        void *ctx)
{
	struct wb_txn *txn;
	struct wb_scan scan;
	struct wb_bytes name, row;
	uint8_t key[WB_KEY32_BYTES];
	enum wb_err err = wb_txn_read(r->env, &txn);
	if (err)
		return err;
	wb_scan_prefix(&scan, txn, &keys_table, NULL);
	while (!err && wb_scan_next(&scan, &name, &row)) {
		struct wb_key_reader reader;
		enum wb_key_state state = WB_KEY_UNKNOWN;
		struct wb_id subject;
		char tenant[TENANT_CHARS_MAX + 1];
		wb_key_reader_init(&reader, name);
		if (!wb_key_read_text(&reader, tenant, sizeof tenant, NULL) || !wb_key_read_id(&reader, &subject))
			err = WB_ERR_CORRUPT;
		else
			err = unwrap(r, name, row, &state, key);
		if (!err && !visit(ctx, tenant, subject, state, state == WB_KEY_KNOWN ? key : NULL))
			break;
	}
	sodium_memzero(key, sizeof key);
	wb_scan_done(&scan);
	if (!err)
		err = wb_txn_error(txn);
	wb_txn_abort(txn);
	return err;
}

/* ---- against the log ---- */

static enum wb_err erase_again(struct wb_keyring *r, struct wb_keyring_ids erased, uint64_t *ret_count)
{
	const char *tenant;
	struct wb_id subject;
	enum wb_key_state was;
	uint64_t count = 0;
	while (erased.next(erased.ctx, &tenant, &subject)) {
		enum wb_err err = erase(r, tenant, subject, &was);
		if (err)
			return err;
		count += was == WB_KEY_KNOWN;
	}
	*ret_count = count;
	return WB_OK;
}

enum wb_err wb_keyring_reconcile(struct wb_keyring *r, struct wb_keyring_ids erased, struct wb_keyring_ids needed,
        void (*on_missing)(void *ctx, const char *tenant, struct wb_id subject), void *ctx,
        struct wb_keyring_report *ret_report)
{
	struct wb_keyring_report report = {0};
	struct wb_txn *txn;
	struct wb_id subject;
	struct wb_key k;
	const char *tenant;
	uint8_t key[WB_KEY32_BYTES];
	enum wb_err err = erase_again(r, erased, &report.erased_again);
	if (!err)
		err = wb_txn_read(r->env, &txn);
	if (err)
		return err;
	while (!err && needed.next(needed.ctx, &tenant, &subject)) {
		enum wb_key_state state;
		err = row_key(&k, tenant, subject);
		if (!err)
			err = look_in(r, txn, &k, &state, key);
		if (err || state != WB_KEY_UNKNOWN)
			continue;
		report.missing++;
		if (on_missing)
			on_missing(ctx, tenant, subject);
	}
	sodium_memzero(key, sizeof key);
	wb_txn_abort(txn);
	if (!err)
		*ret_report = report;
	return err;
}
