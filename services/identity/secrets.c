#include "services/identity/secrets.h"
#include "store/env.h"
#include "store/txn.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAC_BYTES 16
#define CODE_ALPHABET "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" /* 32: no 0 O 1 I */

struct secrets {
	struct wb_env *env;
	uint8_t *master; /* guarded */
	struct wb_random random;
	char dir[400];
	char first_run[32];
};

static const struct wb_table passwords = {"passwords", 0}, codes = {"codes", 1};
static const struct wb_table *const tables[] = {&passwords, &codes};

/* ---- files ---- */

static bool write_new(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool well = write(fd, data, len) == (ssize_t)len && fsync(fd) == 0;
	close(fd);
	return well;
}

/* Bytes read, or -1. */
static ssize_t read_file(const char *path, void *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, data, size);
	close(fd);
	return n;
}

static void path_of(const struct secrets *s, const char *name, char ret[512])
{
	(void)snprintf(ret, 512, "%s/%s", s->dir, name);
}

static bool load_master(struct secrets *s)
{
	char path[512];
	path_of(s, "master.key", path);
	ssize_t n = read_file(path, s->master, 32);
	if (n == 32)
		return true;
	if (n >= 0 || errno != ENOENT)
		return false;
	randombytes_buf(s->master, 32); /* a secret is never of a seed */
	return write_new(path, s->master, 32);
}

struct secrets *secrets_open(const char *dir, struct wb_random random)
{
	struct secrets *s = calloc(1, sizeof *s); /* the process's life */
	char path[512];
	if (!s || sodium_init() < 0 || snprintf(s->dir, sizeof s->dir, "%s", dir) >= (int)sizeof s->dir) {
		free(s);
		return NULL;
	}
	s->random = random;
	s->master = sodium_malloc(32);
	path_of(s, "store", path);
	const struct wb_env_options o = {.dir = path,
	        .sync = WB_SYNC_DURABLE,
	        .tables = tables,
	        .table_count = 2,
	        .map_bytes = UINT64_C(1) << 30};
	if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || !s->master || !load_master(s) ||
	        wb_env_open(&o, &s->env) != WB_OK) {
		secrets_close(s);
		return NULL;
	}
	return s;
}

void secrets_close(struct secrets *s)
{
	if (!s)
		return;
	enum wb_err err = wb_env_close(s->env);
	(void)err; /* each row was synced when it was made */
	sodium_free(s->master);
	free(s);
}

/* ---- passwords ---- */

bool password_weak(const char *password)
{
	static const char *const common[] = {"1234567890", "0123456789", "password123", "password1234", "qwertyuiop",
	        "1111111111", "0000000000", "administrator", "weibao12345", "1q2w3e4r5t", "iloveyou123", "abc1234567"};
	size_t chars = 0;
	for (const char *p = password; *p; p++)
		chars += ((unsigned char)*p & 0xc0) != 0x80;
	if (chars < WB_PASSWORD_CHARS_MIN)
		return true;
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
		if (strcasecmp(common[i], password) == 0)
			return true;
	return false;
}

static enum wb_err put_row(
        struct secrets *s, const struct wb_table *table, const struct wb_key *k, struct wb_bytes value)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_write(s->env, &txn);
	if (err)
		return err;
	wb_put(txn, table, k, value);
	return wb_txn_commit(txn);
}

enum wb_err secrets_put_password(struct secrets *s, struct wb_id secret, const char *hash)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_id(&k, secret);
	return put_row(s, &passwords, &k, wb_bytes_str(hash));
}

bool secrets_get_password(struct secrets *s, struct wb_id secret, char ret_hash[static WB_PASSWORD_TEXT_BYTES])
{
	struct wb_txn *txn;
	struct wb_bytes v;
	struct wb_key k;
	bool found = false;
	wb_key_init(&k);
	wb_key_id(&k, secret);
	if (wb_txn_read(s->env, &txn) != WB_OK)
		return false;
	if (wb_get(txn, &passwords, &k, &v) && v.len < WB_PASSWORD_TEXT_BYTES) {
		memcpy(ret_hash, v.data, v.len);
		ret_hash[v.len] = '\0';
		found = true;
	}
	wb_txn_abort(txn);
	return found;
}

/* ---- derived ---- */

static void derive(const struct secrets *s, const char *label, const void *data, size_t len, void *ret, size_t ret_len)
{
	crypto_generichash_state h;
	crypto_generichash_init(&h, s->master, 32, ret_len);
	crypto_generichash_update(&h, (const unsigned char *)label, strlen(label) + 1);
	crypto_generichash_update(&h, data, len);
	crypto_generichash_final(&h, ret, ret_len);
	sodium_memzero(&h, sizeof h);
}

void secrets_login_key(const struct secrets *s, const char *login, uint8_t ret[static 32])
{
	char folded[256];
	size_t n = 0;
	for (; n < sizeof folded - 1 && login[n]; n++)
		folded[n] = (char)tolower((unsigned char)login[n]);
	derive(s, "login", folded, n, ret, 32);
}

static void mac_of(const struct secrets *s, const char *label, struct wb_id id, uint8_t ret[MAC_BYTES])
{
	derive(s, label, id.b, sizeof id.b, ret, MAC_BYTES);
}

void secrets_token(const struct secrets *s, const char *prefix, struct wb_id id, char ret[static WB_SECRET_TEXT_BYTES])
{
	uint8_t raw[WB_ID_BYTES + MAC_BYTES];
	size_t n = strlen(prefix);
	memcpy(raw, id.b, sizeof id.b);
	mac_of(s, prefix, id, raw + WB_ID_BYTES);
	memcpy(ret, prefix, n);
	sodium_bin2base64(ret + n, WB_SECRET_TEXT_BYTES - n, raw, sizeof raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool secrets_token_id(const struct secrets *s, const char *prefix, const char *token, struct wb_id *ret_id)
{
	uint8_t raw[WB_ID_BYTES + MAC_BYTES], mac[MAC_BYTES];
	size_t n = strlen(prefix), len = 0;
	struct wb_id id;
	if (strncmp(token, prefix, n) != 0 ||
	        sodium_base642bin(raw, sizeof raw, token + n, strlen(token + n), NULL, &len, NULL,
	                sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	        len != sizeof raw)
		return false;
	memcpy(id.b, raw, sizeof id.b);
	mac_of(s, prefix, id, mac);
	if (sodium_memcmp(mac, raw + WB_ID_BYTES, sizeof mac) != 0)
		return false;
	*ret_id = id;
	return true;
}

static void to_code(const uint8_t *random, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = CODE_ALPHABET[random[i] % 32];
	ret[n] = '\0';
}

void secrets_code(
        const struct secrets *s, const char *label, struct wb_id id, uint32_t n, char ret[static WB_SECRET_TEXT_BYTES])
{
	uint8_t in[WB_ID_BYTES + 4], h[16];
	memcpy(in, id.b, sizeof id.b);
	wb_be32_put(in + WB_ID_BYTES, n);
	derive(s, label, in, sizeof in, h, sizeof h);
	to_code(h, 10, ret);
}

bool code_equal(const char *a, const char *b)
{
	char x[64] = {0}, y[64] = {0};
	size_t n = 0, m = 0;
	for (; *a && n < sizeof x - 1; a++)
		if (isalnum((unsigned char)*a))
			x[n++] = (char)toupper((unsigned char)*a);
	for (; *b && m < sizeof y - 1; b++)
		if (isalnum((unsigned char)*b))
			y[m++] = (char)toupper((unsigned char)*b);
	return sodium_memcmp(x, y, sizeof x) == 0 && n > 0;
}

void secrets_totp_seed(const struct secrets *s, struct wb_id id, uint8_t ret[static WB_TOTP_SEED_BYTES])
{
	derive(s, "totp", id.b, sizeof id.b, ret, WB_TOTP_SEED_BYTES);
}

void secrets_peer(const struct secrets *s, const char *address, char ret[static 17])
{
	uint8_t h[16];
	derive(s, "peer", address, strlen(address), h, sizeof h);
	wb_hex(h, 8, ret);
}

/* ---- links ---- */

static void link_key(const struct secrets *s, uint8_t ret[static WB_KEY32_BYTES])
{
	derive(s, "link", "", 0, ret, WB_KEY32_BYTES);
}

char *secrets_link(const struct secrets *s, const struct wb_link *l, struct wb_arena *a)
{
	uint8_t key[WB_KEY32_BYTES];
	char text[WB_LINK_TEXT_BYTES];
	link_key(s, key);
	enum wb_err err = wb_link_text(l, key, text);
	sodium_memzero(key, sizeof key);
	return err ? NULL : wb_arena_str(a, text);
}

enum wb_err secrets_link_open(const struct secrets *s, const char *text, int64_t now_us, struct wb_link *ret)
{
	uint8_t key[WB_KEY32_BYTES];
	link_key(s, key);
	enum wb_err err = wb_link_open(text, NULL, key, now_us, ret);
	sodium_memzero(key, sizeof key);
	return err;
}

static void code_key(struct wb_key *k, const char *code)
{
	char folded[64];
	size_t n = 0;
	for (; *code && n < sizeof folded - 1; code++)
		if (isalnum((unsigned char)*code))
			folded[n++] = (char)toupper((unsigned char)*code);
	folded[n] = '\0';
	wb_key_init(k);
	wb_key_str(k, folded);
}

enum wb_err secrets_code_for_link(
        struct secrets *s, const char *link, int64_t expires_at, char ret_code[static WB_SECRET_TEXT_BYTES])
{
	uint8_t random[8], row[8 + 256];
	size_t len = strlen(link);
	struct wb_key k;
	if (len > 256)
		return WB_ERR_LIMIT;
	randombytes_buf(random, sizeof random);
	to_code(random, 8, ret_code);
	code_key(&k, ret_code);
	wb_be64_put(row, (uint64_t)expires_at);
	memcpy(row + 8, link, len);
	return put_row(s, &codes, &k, (struct wb_bytes){row, 8 + len});
}

char *secrets_link_of_code(struct secrets *s, const char *code, int64_t now_us, struct wb_arena *a)
{
	struct wb_txn *txn;
	struct wb_bytes v;
	struct wb_key k;
	char *link = NULL;
	code_key(&k, code);
	if (wb_txn_read(s->env, &txn) != WB_OK)
		return NULL;
	if (wb_get(txn, &codes, &k, &v) && v.len > 8 && (int64_t)wb_be64_get(v.data) >= now_us)
		link = wb_arena_copy(a, v.data + 8, v.len - 8);
	wb_txn_abort(txn);
	return link;
}

/* ---- first run ---- */

const char *secrets_first_run(struct secrets *s)
{
	char path[512];
	uint8_t random[12];
	if (s->first_run[0])
		return s->first_run;
	path_of(s, "first-run-code", path);
	ssize_t n = read_file(path, s->first_run, sizeof s->first_run - 1);
	if (n > 0) {
		s->first_run[strcspn(s->first_run, "\r\n")] = '\0';
		return s->first_run;
	}
	path_of(s, "first-run-over", path);
	if (access(path, F_OK) == 0)
		return NULL;
	path_of(s, "first-run-code", path);
	randombytes_buf(random, sizeof random);
	to_code(random, 12, s->first_run);
	if (!write_new(path, s->first_run, strlen(s->first_run)))
		s->first_run[0] = '\0';
	return s->first_run[0] ? s->first_run : NULL;
}

void secrets_first_run_over(struct secrets *s)
{
	char path[512];
	path_of(s, "first-run-over", path);
	(void)write_new(path, "", 0);
	path_of(s, "first-run-code", path);
	(void)unlink(path);
	sodium_memzero(s->first_run, sizeof s->first_run);
}
