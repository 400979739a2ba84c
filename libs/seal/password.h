/*
 * Passwords: argon2id of libsodium with its own text form ($argon2id$…), which carries salt and cost.
 *
 * Slow on purpose (about 100 ms at the usual cost): never on a loop. The salt comes from libsodium's own source. A
 * password is UTF-8 of at most WB_PASSWORD_BYTES_MAX bytes; how long it must be at least is the policy's. Any thread.
 */
#ifndef WB_SEAL_PASSWORD_H
#define WB_SEAL_PASSWORD_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define WB_PASSWORD_BYTES_MAX 1024
#define WB_PASSWORD_TEXT_BYTES 128 /* of a hash, the NUL included */

struct wb_password_cost {
	unsigned long long passes;
	size_t memory_bytes;
};
extern const struct wb_password_cost wb_password_cost_usual; /* 2 passes over 64 MiB */
extern const struct wb_password_cost wb_password_cost_least; /* for tests */

/* The hash to keep. ERR_LIMIT: too long; ERR_MEMORY: the cost does not fit into memory. */
WB_MUST_CHECK enum wb_err wb_password_hash(
        struct wb_password_cost cost, const char *password, char ret_text[static WB_PASSWORD_TEXT_BYTES]);
/*
 * Whether the password is that of the hash. text NULL (no such account): the same work at that cost, and false, so that
 * the time does not tell who exists.
 */
bool wb_password_holds(struct wb_password_cost cost, const char *text, const char *password);
/* Whether the hash was made at another cost, or is none of ours: hash anew at the next sign-in. */
bool wb_password_is_dated(struct wb_password_cost cost, const char *text);
#endif
