#include "seal/token.h"

#include <sodium.h>
#include <string.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PLAIN_BYTES (WB_ID_BYTES + 4 + 8)
#define BYTES (NONCE_BYTES + PLAIN_BYTES + TAG_BYTES)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
_Static_assert(WB_POSITION_TOKEN_BYTES == sodium_base64_ENCODED_LEN(BYTES, VARIANT), "a token has its place");

/* What a token is; another form of it gets another label. */
static const unsigned char label[] = "weibao position 1";

void wb_position_token(const struct wb_log_position *at, const uint8_t key[static WB_KEY32_BYTES],
        struct wb_random random, char ret_text[static WB_POSITION_TOKEN_BYTES])
{
	uint8_t plain[PLAIN_BYTES], b[BYTES];
	memcpy(plain, at->log_id.b, WB_ID_BYTES);
	wb_be32_put(plain + WB_ID_BYTES, at->incarnation);
	wb_be64_put(plain + WB_ID_BYTES + 4, at->position);
	random.fill(random.ctx, b, NONCE_BYTES);
	/* fails only for texts of 256 GiB */
	WB_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
	                  b + NONCE_BYTES, NULL, plain, sizeof plain, label, sizeof label, NULL, b, key) == 0);
	sodium_bin2base64(ret_text, WB_POSITION_TOKEN_BYTES, b, sizeof b, VARIANT);
}

enum wb_err wb_position_token_open(
        const char *text, const uint8_t key[static WB_KEY32_BYTES], struct wb_log_position *ret_at)
{
	uint8_t plain[PLAIN_BYTES], b[BYTES];
	size_t len;
	if (!text || strnlen(text, WB_POSITION_TOKEN_BYTES) != WB_POSITION_TOKEN_BYTES - 1 ||
	        sodium_base642bin(b, sizeof b, text, WB_POSITION_TOKEN_BYTES - 1, NULL, &len, NULL, VARIANT) != 0 ||
	        len != sizeof b)
		return WB_ERR_CRYPTO;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
	            plain, NULL, NULL, b + NONCE_BYTES, BYTES - NONCE_BYTES, label, sizeof label, b, key) != 0)
		return WB_ERR_CRYPTO;
	memcpy(ret_at->log_id.b, plain, WB_ID_BYTES);
	ret_at->incarnation = wb_be32_get(plain + WB_ID_BYTES);
	ret_at->position = wb_be64_get(plain + WB_ID_BYTES + 4);
	return WB_OK;
}
