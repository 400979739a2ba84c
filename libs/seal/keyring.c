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
enum { ROW_ERASED = 0, ROW_KEY = 1 };

struct wb_keyring {
	struct wb_env *env;
	uint8_t *master; /* guarded */
};

static const struct wb_table keys_table = {"keys", 0};
static const struct wb_table *const tables[] = {&keys_table};

static void row_key(struct wb_key *k, const char *tenant, struct wb_id subject)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, subject);
}

/* ---- the master key ---- */

static enum wb_err read_all(int fd, uint8_t *data, size_t len)
{
	ssize_t n = read(fd, data, len);
	return n == (ssize_t)len ? WB_OK : WB_ERR_CRYPTO;
}

static enum wb_err make_master(const char *dir, const char *path, uint8_t *key)
{
	randombytes_buf(key, WB_KEY32_BYTES);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return WB_ERR_IO;
	enum wb_err err = write(fd, key, WB_KEY32_BYTES) == WB_KEY32_BYTES && fsync(fd) == 0 ? WB_OK : WB_ERR_IO;
	close(fd);
	int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d < 0 || fsync(d) != 0)
		err = WB_ERR_IO;
	if (d >= 0)
		close(d);
	return err;
}

static enum wb_err load_master(const char *dir, uint8_t *key)
{
	char path[512];
	struct stat st;
	if (snprintf(path, sizeof path, "%s/master.key", dir) >= (int)sizeof path)
		return WB_ERR_LIMIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? make_master(dir, path, key) : WB_ERR_IO;
	enum wb_err err = fstat(fd, &st) != 0 ? WB_ERR_IO : (st.st_mode & 077) != 0 ? WB_ERR_DENIED : WB_OK;
	if (!err)
		err = read_all(fd, key, WB_KEY32_BYTES);
	close(fd);
	return err;
}

enum wb_err wb_keyring_open(const char *dir, struct wb_keyring **ret)
{
	char path[512];
	if (sodium_init() < 0)
		return WB_ERR_CRYPTO;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return WB_ERR_IO;
	if (snprintf(path, sizeof path, "%s/keys", dir) >= (int)sizeof path)
		return WB_ERR_LIMIT;
	struct wb_keyring *r = calloc(1, sizeof *r); /* the process's life */
	if (!r)
		return WB_ERR_MEMORY;
	const struct wb_env_options o = {.dir = path,
	        .sync = WB_SYNC_DURABLE,
	        .tables = tables,
	        .table_count = 1,
	        .map_bytes = UINT64_C(4) << 30};
	r->master = sodium_malloc(WB_KEY32_BYTES);
	enum wb_err err = r->master ? load_master(dir, r->master) : WB_ERR_MEMORY;
	if (!err)
		err = wb_env_open(&o, &r->env);
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

static enum wb_err look(struct wb_keyring *r, const struct wb_key *k, enum wb_key_state *ret_state, uint8_t *ret_key)
{
	struct wb_txn *txn;
	struct wb_bytes row;
	enum wb_err err = wb_txn_read(r->env, &txn);
	if (err)
		return err;
	*ret_state = WB_KEY_UNKNOWN;
	if (wb_get(txn, &keys_table, k, &row))
		err = unwrap(r, wb_key_view(k), row, ret_state, ret_key);
	else
		err = wb_txn_error(txn);
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
		row_key(&k, c->tenant, c->subjects[i]);
		if (wb_has(txn, &keys_table, &k))
			continue;
		randombytes_buf(key, sizeof key);
		enum wb_err err = wrap(r, &k, key, row);
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
	row_key(&k, tenant, subject);
	enum wb_err err = look(r, &k, ret_state, ret_key);
	if (err || *ret_state != WB_KEY_UNKNOWN || !create)
		return err;
	err = wb_keyring_create(r, tenant, &subject, 1);
	return err ? err : look(r, &k, ret_state, ret_key);
}

static enum wb_err fill_erased(struct wb_keyring *r, struct wb_txn *txn, void *ctx)
{
	static const uint8_t erased[1] = {ROW_ERASED};
	(void)r;
	wb_put(txn, &keys_table, ctx, ((struct wb_bytes){erased, sizeof erased}));
	return WB_OK;
}

enum wb_err wb_keyring_erase(struct wb_keyring *r, const char *tenant, struct wb_id subject)
{
	enum wb_key_state state;
	uint8_t key[WB_KEY32_BYTES];
	struct wb_key k;
	row_key(&k, tenant, subject);
	enum wb_err err = look(r, &k, &state, key);
	sodium_memzero(key, sizeof key);
	if (!err && state == WB_KEY_ERASED)
		return WB_OK;
	return write_row(r, fill_erased, &k);
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
		char tenant[65];
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
