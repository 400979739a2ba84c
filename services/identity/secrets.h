/*
 * Identity's secrets store: what must never stand in the log. A folder of its own (mode 0700): master.key (32 bytes,
 * 0600), an always-synced environment with the password hashes (argon2id) by version id and the short codes of links,
 * and, until the first administrator exists, first-run-code.
 *
 * Everything else is derived from the master key and an id that the log knows (keyed BLAKE2b with a label): session
 * and API tokens, reset and recovery codes, TOTP seeds, link MACs, login keys. A retry of a command so shows the same
 * secret again, and nothing has to be stored for it.
 * Threads: all on the loop (hashing itself is libs/seal's, on the worker).
 */
#ifndef WB_IDENTITY_SECRETS_H
#define WB_IDENTITY_SECRETS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "seal/link.h"
#include "seal/password.h"
#include "seal/totp.h"
#include "service/effects.h"

#define WB_SECRET_TEXT_BYTES 128
#define WB_PASSWORD_CHARS_MIN 10

struct secrets;
struct secrets *secrets_open(const char *dir, struct wb_random random);
void secrets_close(struct secrets *s);

/* ---- passwords ---- */
/* Too short, or among the commonest. */
bool password_weak(const char *password);
WB_MUST_CHECK enum wb_err secrets_put_password(struct secrets *s, struct wb_id secret, const char *hash);
/* False: none under that id. */
bool secrets_get_password(struct secrets *s, struct wb_id secret, char ret_hash[static WB_PASSWORD_TEXT_BYTES]);

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
/* A keyed hash of a client's address for the sign-in log, 16 hex characters. */
void secrets_peer(const struct secrets *s, const char *address, char ret[static 17]);

/* ---- links ---- */
/* The text of a link (libs/seal/link.h), in the arena; NULL: too long. */
char *secrets_link(const struct secrets *s, const struct wb_link *l, struct wb_arena *a);
/* Opens one of any purpose: the owner of the thing compares it. Errors as wb_link_open. */
WB_MUST_CHECK enum wb_err secrets_link_open(
        const struct secrets *s, const char *text, int64_t now_us, struct wb_link *ret);
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
