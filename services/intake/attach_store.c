#include "services/intake/attach_store.h"
#include "services/intake/attach_disk.h"

#include <dirent.h>
#include <magic.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "WBFILE1\n"
#define HEAD_BYTES 8
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SNIFF_BYTES ((size_t)1 << 20)
#define PATH_BYTES 640

struct attach_store {
	char dir[400];
	uint8_t master[32];
	magic_t magic; /* used by the worker alone */
};

/* ---- opening ---- */

static bool load_master(struct attach_store *s)
{
	char path[PATH_BYTES];
	(void)snprintf(path, sizeof path, "%s/master.key", s->dir);
	struct wb_bytes got;
	struct wb_arena a;
	wb_arena_init(&a, 256);
	enum wb_err err = attach_disk_read(path, 64, &a, &got);
	if (!err && got.len == sizeof s->master)
		memcpy(s->master, got.data, sizeof s->master);
	else if (err == WB_ERR_NOT_FOUND) {
		randombytes_buf(s->master, sizeof s->master);
		err = attach_disk_write(path, s->master, sizeof s->master);
	} else {
		err = WB_ERR_CORRUPT;
	}
	wb_arena_done(&a);
	return err == WB_OK;
}

static bool make_folder(const struct attach_store *s, const char *name)
{
	char path[PATH_BYTES];
	(void)snprintf(path, sizeof path, "%s%s%s", s->dir, name[0] ? "/" : "", name);
	return attach_disk_folder(path) == WB_OK;
}

struct attach_store *attach_store_open(const char *dir)
{
	struct attach_store *s = calloc(1, sizeof *s); /* the process's life */
	if (!s || sodium_init() < 0 || snprintf(s->dir, sizeof s->dir, "%s", dir) >= (int)sizeof s->dir) {
		free(s);
		return NULL;
	}
	s->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
	if (!s->magic || magic_load(s->magic, NULL) != 0 || !make_folder(s, "") || !make_folder(s, "files") ||
	        !make_folder(s, "uploads") || !load_master(s)) {
		attach_store_close(s);
		return NULL;
	}
	return s;
}

void attach_store_close(struct attach_store *s)
{
	if (!s)
		return;
	if (s->magic)
		magic_close(s->magic);
	sodium_memzero(s->master, sizeof s->master);
	free(s);
}

/* ---- parts of uploads ---- */

static void upload_path(
        const struct attach_store *s, const char *tenant, struct wb_id upload, const char *name, char ret[PATH_BYTES])
{
	char id[WB_ID_TEXT_BYTES];
	wb_id_text(upload, id);
	(void)snprintf(ret, PATH_BYTES, "%s/uploads/%s.%s%s%s", s->dir, tenant, id, name[0] ? "/" : "", name);
}

static void part_path(
        const struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part, char ret[PATH_BYTES])
{
	char name[16];
	(void)snprintf(name, sizeof name, "%u", part);
	upload_path(s, tenant, upload, name, ret);
}

static void part_key(const struct attach_store *s, struct wb_id upload, uint8_t ret[32])
{
	crypto_generichash(ret, 32, upload.b, sizeof upload.b, s->master, sizeof s->master);
}

enum wb_err attach_put_part(
        struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part, struct wb_bytes data)
{
	char path[PATH_BYTES];
	uint8_t key[32], number[4];
	if (data.len > ATTACH_PART_BYTES)
		return WB_ERR_LIMIT;
	uint8_t *box = malloc(NONCE_BYTES + data.len + TAG_BYTES); /* half a megabyte, off the loop: no arena here */
	if (!box)
		return WB_ERR_MEMORY;
	part_key(s, upload, key);
	randombytes_buf(box, NONCE_BYTES);
	wb_be32_put(number, part);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
	        box + NONCE_BYTES, NULL, data.data, data.len, number, sizeof number, NULL, box, key);
	sodium_memzero(key, sizeof key);
	upload_path(s, tenant, upload, "", path);
	enum wb_err err = attach_disk_folder(path);
	part_path(s, tenant, upload, part, path);
	if (!err)
		err = attach_disk_write(path, box, NONCE_BYTES + data.len + TAG_BYTES);
	free(box);
	return err;
}

bool attach_has_part(const struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part)
{
	char path[PATH_BYTES];
	part_path(s, tenant, upload, part, path);
	return access(path, R_OK) == 0;
}

/* A part's content to its place; false: not there, or not what was put. */
static bool take_part(struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part, uint8_t *to,
        uint32_t size, struct wb_arena *a)
{
	char path[PATH_BYTES];
	uint8_t key[32], number[4];
	struct wb_bytes box;
	part_path(s, tenant, upload, part, path);
	if (attach_disk_read(path, NONCE_BYTES + ATTACH_PART_BYTES + TAG_BYTES, a, &box) != WB_OK ||
	        box.len != NONCE_BYTES + size + TAG_BYTES)
		return false;
	part_key(s, upload, key);
	wb_be32_put(number, part);
	int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
	        to, NULL, NULL, box.data + NONCE_BYTES, box.len - NONCE_BYTES, number, sizeof number, box.data, key);
	sodium_memzero(key, sizeof key);
	return !bad;
}

static bool gather(struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t size, uint8_t *to)
{
	struct wb_arena a;
	bool well = true;
	wb_arena_init(&a, 2 * (size_t)ATTACH_PART_BYTES);
	for (uint32_t i = 0; well && i < attach_parts(size); i++) {
		wb_arena_reset(&a);
		well = take_part(
		        s, tenant, upload, i, to + (size_t)i * ATTACH_PART_BYTES, attach_part_size(size, i), &a);
	}
	wb_arena_done(&a);
	return well;
}

/* ---- kinds ---- */

static bool sniff(
        struct attach_store *s, const uint8_t *data, size_t size, const char *purpose, char ret[ATTACH_TYPE_BYTES])
{
	const char *type = magic_buffer(s->magic, data, size < SNIFF_BYTES ? size : SNIFF_BYTES);
	const char *kept = type;
	bool taken = type && attach_type_taken(purpose, type, &kept);
	return kept && snprintf(ret, ATTACH_TYPE_BYTES, "%s", kept) < ATTACH_TYPE_BYTES && taken;
}

/* ---- sealing ---- */

static void file_path(const struct attach_store *s, const uint8_t *sha256, char ret[PATH_BYTES])
{
	char name[2 * ATTACH_SHA_BYTES + 1];
	wb_hex(sha256, ATTACH_SHA_BYTES, name);
	(void)snprintf(ret, PATH_BYTES, "%s/files/%s", s->dir, name);
}

static void nonce_of(uint32_t part, uint64_t size, uint8_t nonce[NONCE_BYTES], uint8_t bound[12])
{
	memset(nonce, 0, NONCE_BYTES);
	wb_be32_put(nonce + NONCE_BYTES - 4, part);
	wb_be32_put(bound, part);
	wb_be64_put(bound + 4, size);
}

static void seal_parts(const uint8_t *data, uint32_t size, const uint8_t key[32], uint8_t *out)
{
	uint8_t nonce[NONCE_BYTES], bound[12];
	memcpy(out, HEAD, HEAD_BYTES);
	out += HEAD_BYTES;
	for (uint32_t i = 0; i < attach_parts(size); i++) {
		uint32_t n = attach_part_size(size, i);
		nonce_of(i, size, nonce, bound);
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		        out, NULL, data + (size_t)i * ATTACH_PART_BYTES, n, bound, sizeof bound, NULL, nonce, key);
		out += n + TAG_BYTES;
	}
}

/* The name stands in the upload before the file exists under it: what is swept with the upload is known. */
static enum wb_err put_file(struct attach_store *s, const char *tenant, struct wb_id upload, const uint8_t *sealed,
        size_t len, const uint8_t *sha256)
{
	char path[PATH_BYTES], before[2 * ATTACH_SHA_BYTES + 1];
	uint8_t old[ATTACH_SHA_BYTES];
	struct wb_arena a;
	struct wb_bytes got;
	upload_path(s, tenant, upload, "sealed", path);
	wb_arena_init(&a, 256);
	if (attach_disk_read(path, 2 * ATTACH_SHA_BYTES, &a, &got) == WB_OK && got.len == 2 * ATTACH_SHA_BYTES) {
		memcpy(before, got.data, got.len);
		before[got.len] = '\0';
		if (wb_unhex(before, old, sizeof old))
			attach_remove(s, old); /* of an attempt that came to no event */
	}
	wb_arena_done(&a);
	wb_hex(sha256, ATTACH_SHA_BYTES, before);
	enum wb_err err = attach_disk_write(path, (const uint8_t *)before, 2 * ATTACH_SHA_BYTES);
	file_path(s, sha256, path);
	return err ? err : attach_disk_write(path, sealed, len);
}

enum wb_err attach_seal(struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t size,
        const char *purpose, struct attach_sealed *ret)
{
	size_t len = HEAD_BYTES + size + (size_t)attach_parts(size) * TAG_BYTES;
	uint8_t *data = malloc(size + 1), *sealed = malloc(len); /* up to 20 MiB each, off the loop */
	enum wb_err err = data && sealed ? WB_OK : WB_ERR_MEMORY;
	memset(ret, 0, sizeof *ret);
	if (!err) {
		ret->complete = gather(s, tenant, upload, size, data);
		ret->media_known = ret->complete && sniff(s, data, size, purpose, ret->type);
	}
	if (!err && ret->media_known) {
		randombytes_buf(ret->key, sizeof ret->key);
		seal_parts(data, size, ret->key, sealed);
		crypto_hash_sha256(ret->sha256, sealed, len);
		err = put_file(s, tenant, upload, sealed, len, ret->sha256);
	}
	if (data)
		sodium_memzero(data, size);
	free(data);
	free(sealed);
	return err;
}

void attach_forget(struct attach_store *s, const char *tenant, struct wb_id upload, const uint8_t *kept_sha256)
{
	char path[PATH_BYTES], text[2 * ATTACH_SHA_BYTES + 1];
	uint8_t sha256[ATTACH_SHA_BYTES];
	struct wb_arena a;
	struct wb_bytes got;
	wb_arena_init(&a, 256);
	upload_path(s, tenant, upload, "sealed", path);
	if (attach_disk_read(path, 2 * ATTACH_SHA_BYTES, &a, &got) == WB_OK && got.len == 2 * ATTACH_SHA_BYTES) {
		memcpy(text, got.data, got.len);
		text[got.len] = '\0';
		if (wb_unhex(text, sha256, sizeof sha256) &&
		        (!kept_sha256 || memcmp(sha256, kept_sha256, sizeof sha256) != 0))
			attach_remove(s, sha256);
	}
	wb_arena_done(&a);
	upload_path(s, tenant, upload, "", path);
	attach_disk_remove_folder(path);
}

bool attach_oldest(
        const struct attach_store *s, int64_t before_us, char ret_tenant[static 65], struct wb_id *ret_upload)
{
	char path[PATH_BYTES];
	int64_t oldest = before_us;
	bool found = false;
	(void)snprintf(path, sizeof path, "%s/uploads", s->dir);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');
		struct stat st;
		struct wb_id id;
		size_t n = dot ? (size_t)(dot - e->d_name) : 0;
		if (!dot || n == 0 || n > 64 || !wb_id_parse(dot + 1, strlen(dot + 1), &id) ||
		        fstatat(dirfd(d), e->d_name, &st, 0) != 0)
			continue;
		int64_t at = (int64_t)st.st_mtim.tv_sec * 1000000;
		if (at >= oldest)
			continue;
		oldest = at;
		memcpy(ret_tenant, e->d_name, n);
		ret_tenant[n] = '\0';
		*ret_upload = id;
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}

/* ---- reading ---- */

static enum wb_err open_part(struct wb_bytes sealed, const uint8_t *key, uint64_t size, uint32_t part, uint8_t *to)
{
	uint8_t nonce[NONCE_BYTES], bound[12];
	nonce_of(part, size, nonce, bound);
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
	               to, NULL, NULL, sealed.data, sealed.len, bound, sizeof bound, nonce, key)
	               ? WB_ERR_CRYPTO
	               : WB_OK;
}

enum wb_err attach_read(const struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES],
        const uint8_t key[static ATTACH_KEY_BYTES], uint64_t size, uint32_t part, struct wb_arena *a,
        struct wb_bytes *ret)
{
	char path[PATH_BYTES];
	struct wb_bytes sealed;
	uint32_t n = attach_part_size(size, part);
	if (n == 0)
		return WB_ERR_NOT_FOUND;
	file_path(s, sha256, path);
	uint64_t from = HEAD_BYTES + (uint64_t)part * (ATTACH_PART_BYTES + TAG_BYTES);
	enum wb_err err = attach_disk_read_at(path, from, n + TAG_BYTES, a, &sealed);
	if (err)
		return err;
	uint8_t *to = wb_arena_alloc(a, n);
	if (!to)
		return WB_ERR_MEMORY;
	*ret = (struct wb_bytes){to, n};
	return open_part(sealed, key, size, part, to);
}

enum wb_err attach_read_all(const struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES],
        const uint8_t key[static ATTACH_KEY_BYTES], uint64_t size, struct wb_arena *a, struct wb_bytes *ret)
{
	struct wb_arena one;
	struct wb_bytes part;
	uint8_t *to = size <= ATTACH_BYTES_MAX ? wb_arena_alloc(a, (size_t)size + 1) : NULL;
	enum wb_err err = to ? WB_OK : WB_ERR_MEMORY;
	wb_arena_init(&one, 3 * (size_t)ATTACH_PART_BYTES);
	for (uint32_t i = 0; !err && i < attach_parts(size); i++) {
		wb_arena_reset(&one);
		err = attach_read(s, sha256, key, size, i, &one, &part);
		if (!err)
			memcpy(to + (size_t)i * ATTACH_PART_BYTES, part.data, part.len);
	}
	wb_arena_done(&one);
	*ret = (struct wb_bytes){to, (size_t)size};
	return err;
}

void attach_remove(struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES])
{
	char path[PATH_BYTES];
	file_path(s, sha256, path);
	(void)unlink(path); /* gone already: as wanted */
}
