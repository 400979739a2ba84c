#include "ledger/note.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

#define ED25519 1
#define KEY_ID_BYTES 4
#define SIGNATURE_BYTES (KEY_ID_BYTES + crypto_sign_BYTES)
#define DASH "\xe2\x80\x94 " /* em dash and a space */
#define DASH_BYTES (sizeof DASH - 1)
#define B64 sodium_base64_VARIANT_ORIGINAL

_Static_assert(crypto_sign_SEEDBYTES == WB_NOTE_SEED_BYTES, "seed");
_Static_assert(crypto_sign_PUBLICKEYBYTES == WB_NOTE_PUBLIC_BYTES, "public key");

enum wb_err wb_note_key_init(struct wb_note_key *k, const uint8_t seed[static WB_NOTE_SEED_BYTES])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	if (sodium_init() < 0)
		return WB_ERR_CRYPTO;
	memmove(k->seed, seed, sizeof k->seed);
	int rc = crypto_sign_seed_keypair(k->public_key, secret, k->seed);
	sodium_memzero(secret, sizeof secret);
	return rc == 0 ? WB_OK : WB_ERR_CRYPTO;
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > WB_NOTE_NAME_BYTES_MAX || !wb_utf8_valid(name, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
			return false;
	return true;
}

static void key_id(const uint8_t *public_key, const char *name, uint8_t ret_id[static KEY_ID_BYTES])
{
	uint8_t buf[WB_NOTE_NAME_BYTES_MAX + 2 + WB_NOTE_PUBLIC_BYTES], sum[SHA256_DIGEST_LENGTH];
	size_t len = strlen(name);
	WB_ASSERT(len <= WB_NOTE_NAME_BYTES_MAX);
	memcpy(buf, name, len);
	buf[len] = '\n';
	buf[len + 1] = ED25519;
	memcpy(buf + len + 2, public_key, WB_NOTE_PUBLIC_BYTES);
	SHA256(buf, len + 2 + WB_NOTE_PUBLIC_BYTES, sum);
	memcpy(ret_id, sum, KEY_ID_BYTES);
}

/* ---- checkpoints ---- */

enum wb_err wb_checkpoint_text(const struct wb_checkpoint *c, struct wb_arena *a, struct wb_bytes *ret_text)
{
	char root[sodium_base64_ENCODED_LEN(WB_HASH_BYTES, B64)];
	if (!name_ok(c->origin))
		return WB_ERR_INVALID;
	sodium_bin2base64(root, sizeof root, c->root.b, sizeof c->root.b, B64);
	char *text = wb_arena_fmt(a, "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
	if (!text)
		return WB_ERR_MEMORY;
	*ret_text = wb_bytes_str(text);
	return WB_OK;
}

/* Takes the text up to the next newline; false if there is none. */
static bool take_line(struct wb_bytes *rest, struct wb_bytes *ret_line)
{
	const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	if (!end)
		return false;
	size_t len = (size_t)(end - rest->data);
	*ret_line = (struct wb_bytes){rest->data, len};
	*rest = (struct wb_bytes){end + 1, rest->len - len - 1};
	return true;
}

static bool parse_size(struct wb_bytes line, uint64_t *ret_size)
{
	uint64_t v = 0;
	if (line.len == 0 || line.len > 19 || (line.len > 1 && line.data[0] == '0'))
		return false;
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(line.data[i] - '0');
	}
	*ret_size = v;
	return true;
}

/* Exactly want bytes of canonical base64. */
static bool parse_base64(struct wb_bytes text, uint8_t *ret, size_t want)
{
	size_t got = 0;
	return sodium_base642bin(ret, want, (const char *)text.data, text.len, NULL, &got, NULL, B64) == 0 &&
	       got == want;
}

enum wb_err wb_checkpoint_parse(struct wb_bytes text, struct wb_arena *a, struct wb_checkpoint *ret)
{
	struct wb_bytes origin, size, root;
	struct wb_checkpoint c;
	if (!take_line(&text, &origin) || !take_line(&text, &size) || !take_line(&text, &root))
		return WB_ERR_INVALID;
	if (!wb_utf8_valid(origin.data, origin.len) || !parse_size(size, &c.size) ||
	        !parse_base64(root, c.root.b, sizeof c.root.b))
		return WB_ERR_INVALID;
	char *name = wb_arena_copy(a, origin.data, origin.len);
	if (!name)
		return WB_ERR_MEMORY;
	if (!name_ok(name))
		return WB_ERR_INVALID;
	c.origin = name;
	*ret = c;
	return WB_OK;
}

/* ---- notes ---- */

enum wb_err wb_note_sign(const struct wb_note_key *k, const char *name, struct wb_bytes text, struct wb_arena *a,
        struct wb_bytes *ret_note)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[WB_NOTE_PUBLIC_BYTES], sig[SIGNATURE_BYTES];
	char line[sodium_base64_ENCODED_LEN(SIGNATURE_BYTES, B64)];
	if (!name_ok(name) || text.len == 0 || text.data[text.len - 1] != '\n' || !wb_utf8_valid(text.data, text.len))
		return WB_ERR_INVALID;
	if (sodium_init() < 0 || crypto_sign_seed_keypair(public_key, secret, k->seed) != 0)
		return WB_ERR_CRYPTO;
	key_id(public_key, name, sig);
	int rc = crypto_sign_detached(sig + KEY_ID_BYTES, NULL, text.data, text.len, secret);
	sodium_memzero(secret, sizeof secret);
	if (rc != 0)
		return WB_ERR_CRYPTO;
	sodium_bin2base64(line, sizeof line, sig, sizeof sig, B64);
	char *note = wb_arena_fmt(a, "%.*s\n" DASH "%s %s\n", (int)text.len, (const char *)text.data, name, line);
	if (!note)
		return WB_ERR_MEMORY;
	if (strlen(note) > WB_NOTE_BYTES_MAX)
		return WB_ERR_LIMIT;
	*ret_note = wb_bytes_str(note);
	return WB_OK;
}

/* The text ends with the newline before the last blank line. */
static bool split(struct wb_bytes note, struct wb_bytes *ret_text, struct wb_bytes *ret_signatures)
{
	for (size_t i = note.len; i-- > 1;) {
		if (note.data[i] != '\n' || note.data[i - 1] != '\n')
			continue;
		*ret_text = (struct wb_bytes){note.data, i};
		*ret_signatures = (struct wb_bytes){note.data + i + 1, note.len - i - 1};
		return ret_signatures->len > 0;
	}
	return false;
}

enum wb_err wb_note_verify(const uint8_t public_key[static WB_NOTE_PUBLIC_BYTES], const char *name,
        struct wb_bytes note, struct wb_bytes *ret_text)
{
	struct wb_bytes text, rest, line;
	uint8_t id[KEY_ID_BYTES], sig[SIGNATURE_BYTES];
	size_t name_len = strlen(name);
	bool found = false;
	if (!name_ok(name) || note.len > WB_NOTE_BYTES_MAX || !wb_utf8_valid(note.data, note.len) ||
	        !split(note, &text, &rest))
		return WB_ERR_INVALID;
	key_id(public_key, name, id);
	while (rest.len) {
		if (!take_line(&rest, &line) || line.len < DASH_BYTES || memcmp(line.data, DASH, DASH_BYTES) != 0)
			return WB_ERR_INVALID;
		line = (struct wb_bytes){line.data + DASH_BYTES, line.len - DASH_BYTES};
		if (line.len <= name_len || memcmp(line.data, name, name_len) != 0 || line.data[name_len] != ' ')
			continue;
		struct wb_bytes b64 = {line.data + name_len + 1, line.len - name_len - 1};
		if (!parse_base64(b64, sig, sizeof sig) || memcmp(sig, id, sizeof id) != 0)
			continue;
		if (crypto_sign_verify_detached(sig + KEY_ID_BYTES, text.data, text.len, public_key) != 0)
			return WB_ERR_DENIED;
		found = true;
	}
	if (!found)
		return WB_ERR_NOT_FOUND;
	*ret_text = text;
	return WB_OK;
}

enum wb_err wb_note_vkey(const uint8_t public_key[static WB_NOTE_PUBLIC_BYTES], const char *name, struct wb_arena *a,
        const char **ret_vkey)
{
	uint8_t id[KEY_ID_BYTES], raw[1 + WB_NOTE_PUBLIC_BYTES];
	char id_text[2 * KEY_ID_BYTES + 1], key_text[sodium_base64_ENCODED_LEN(sizeof raw, B64)];
	if (!name_ok(name))
		return WB_ERR_INVALID;
	key_id(public_key, name, id);
	wb_hex(id, sizeof id, id_text);
	raw[0] = ED25519;
	memcpy(raw + 1, public_key, WB_NOTE_PUBLIC_BYTES);
	sodium_bin2base64(key_text, sizeof key_text, raw, sizeof raw, B64);
	const char *text = wb_arena_fmt(a, "%s+%s+%s", name, id_text, key_text);
	if (!text)
		return WB_ERR_MEMORY;
	*ret_vkey = text;
	return WB_OK;
}

enum wb_err wb_note_vkey_parse(const char *vkey, struct wb_arena *a, const char **ret_name,
        uint8_t ret_public_key[static WB_NOTE_PUBLIC_BYTES])
{
	uint8_t raw[1 + WB_NOTE_PUBLIC_BYTES], id[KEY_ID_BYTES], want[KEY_ID_BYTES];
	const char *plus = strchr(vkey, '+');
	if (!plus || strlen(plus) < 2 + 2 * KEY_ID_BYTES || plus[1 + 2 * KEY_ID_BYTES] != '+')
		return WB_ERR_INVALID;
	char *name = wb_arena_copy(a, vkey, (size_t)(plus - vkey));
	if (!name)
		return WB_ERR_MEMORY;
	const char *key = plus + 2 + 2 * KEY_ID_BYTES;
	if (!name_ok(name) || !wb_unhex(plus + 1, id, sizeof id) || !parse_base64(wb_bytes_str(key), raw, sizeof raw) ||
	        raw[0] != ED25519)
		return WB_ERR_INVALID;
	key_id(raw + 1, name, want);
	if (memcmp(id, want, sizeof id) != 0)
		return WB_ERR_INVALID;
	memcpy(ret_public_key, raw + 1, WB_NOTE_PUBLIC_BYTES);
	*ret_name = name;
	return WB_OK;
}
