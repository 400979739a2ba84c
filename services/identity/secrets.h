/*
 * Identity's secrets store: what must never stand in the log. A folder of its own (mode 0700): master.key (32 bytes,
 * 0600), an always-synced environment with the password hashes (argon2id) by version id and the short codes of links,
 * and, until the first administrator exists, first-run-code.
 *
 * Everything else is derived from the master key and an id that the log knows (keyed BLAKE2b with a label): session
 * and API tokens, reset and recovery codes, TOTP seeds, link MACs, login keys. A retry of a command so shows the same
 * secret again, and nothing has to be stored for it.
 * Threads: password functions are pure and may run on the worker; everything else on the loop.
 */
#ifndef WB_IDENTITY_SECRETS_H
#define WB_IDENTITY_SECRETS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "service/effects.h"

#define WB_PASSWORD_HASH_BYTES 128
#define WB_SECRET_TEXT_BYTES 128
#define WB_TOTP_SEED_BYTES 20
#define WB_PASSWORD_CHARS_MIN 10

struct secrets;
struct secrets *secrets_open(const char *dir, struct wb_random random);
void secrets_close(struct secrets *s);

/* ---- passwords ---- */
/* argon2id; on the worker. False when memory is out. */
bool password_hash(const char *password, char ret_hash[static WB_PASSWORD_HASH_BYTES]);
/* Against a hash; NULL hash: the same work, false. */
bool password_right(const char *hash, const char *password);
/* Too short, or among the commonest. */
bool password_weak(const char *password);
WB_MUST_CHECK enum wb_err secrets_put_password(struct secrets *s, struct wb_id secret, const char *hash);
/* False: none under that id. */
bool secrets_get_password(struct secrets *s, struct wb_id secret, char ret_hash[static WB_PASSWORD_HASH_BYTES]);

/* ---- derived ---- */
/* The key under which a login is unique: folded to lower case, keyed hash of 32 bytes. */
void secrets_login_key(const struct secrets *s, const char *login, uint8_t ret[static 32]);
/* "<prefix><base64url of id and MAC>". */
void secrets_token(const struct secrets *s, const char *prefix, struct wb_id id, char ret[static WB_SECRET_TEXT_BYTES]);
/* The id in a token of that prefix whose MAC holds. */
bool secrets_token_id(const struct secrets *s, const char *prefix, const char *token, struct wb_id *ret_id);
/* A code for people: 10 characters without easily mixed ones, of label, id and n. */
void secrets_code(
        const struct secrets *s, const char *label, struct wb_id id, uint32_t n, char ret[static WB_SECRET_TEXT_BYTES]);
/* Equal in constant time, case and dashes aside. */
bool code_equal(const char *a, const char *b);
void secrets_totp_seed(const struct secrets *s, struct wb_id id, uint8_t ret[static WB_TOTP_SEED_BYTES]);
/* RFC 6238, SHA-1, 6 digits, 30 s, one step to either side. */
bool totp_right(const uint8_t seed[static WB_TOTP_SEED_BYTES], int64_t now_us, const char *code);
/* RFC 4648 without padding; ret holds 33 characters. */
void base32_seed(const uint8_t seed[static WB_TOTP_SEED_BYTES], char ret[static 33]);
/* A keyed hash of a client's address for the sign-in log, 16 hex characters. */
void secrets_peer(const struct secrets *s, const char *address, char ret[static 17]);

/* ---- links ---- */
struct link {
	char tenant[33], purpose[17];
	struct wb_id id;
	uint32_t round;
	int64_t expires_at;
};
/* Purpose, tenant, id, round, expiry and a MAC, base64url in the arena; NULL: too long. */
char *secrets_link(const struct secrets *s, const struct link *l, struct wb_arena *a);
/* False: malformed or another MAC. The expiry is the caller's to compare. */
bool secrets_link_open(const struct secrets *s, const char *text, struct link *ret);
/* A short code for a link: 8 characters, kept until the expiry. */
WB_MUST_CHECK enum wb_err secrets_code_for_link(
        struct secrets *s, const char *link, int64_t expires_at, char ret_code[static WB_SECRET_TEXT_BYTES]);
/* The link behind a short code (arena); NULL: none, or expired. */
char *secrets_link_of_code(struct secrets *s, const char *code, int64_t now_us, struct wb_arena *a);

/* ---- first run ---- */
/* The one-time code, made at the first call; NULL once it is over. */
const char *secrets_first_run(struct secrets *s);
void secrets_first_run_over(struct secrets *s);
#endif
