/*
 * Position tokens: «I have seen the log up to here», handed to clients and brought back as «after» and Last-Event-ID.
 *
 * Encrypted (XChaCha20-Poly1305, a fresh nonce each), since positions, and whether two are equal, would show a cell's
 * traffic to any of its tenants. Log id and incarnation are inside, so that nobody mixes two histories.
 * Text: base64url without padding, always 91 characters. Any thread.
 */
#ifndef WB_SEAL_TOKEN_H
#define WB_SEAL_TOKEN_H
#include "base/err.h"
#include "base/id.h"
#include "seal/keys.h"
#include "seal/random.h"

#define WB_POSITION_TOKEN_BYTES 92 /* the NUL included */

struct wb_log_position {
	struct wb_id log_id;
	uint32_t incarnation;
	uint64_t position;
};

/* The token of a position; key serves position tokens only and is the same in every gateway of the cell. */
void wb_position_token(const struct wb_log_position *at, const uint8_t key[static WB_KEY32_BYTES],
        struct wb_random random, char ret_text[static WB_POSITION_TOKEN_BYTES]);
/* Opens a text that may be anything. ERR_CRYPTO: malformed, tampered with or of another key. */
WB_MUST_CHECK enum wb_err wb_position_token_open(
        const char *text, const uint8_t key[static WB_KEY32_BYTES], struct wb_log_position *ret_at);
#endif
