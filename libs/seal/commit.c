#include "seal/commit.h"

#include <sodium.h>
#include <string.h>

void wb_commit(
        const uint8_t nonce[static WB_COMMIT_NONCE_BYTES], struct wb_bytes shown, uint8_t ret[static WB_COMMIT_BYTES])
{
	crypto_hash_sha256_state s;
	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, nonce, WB_COMMIT_NONCE_BYTES);
	if (shown.len)
		crypto_hash_sha256_update(&s, shown.data, shown.len);
	crypto_hash_sha256_final(&s, ret);
}

bool wb_commit_holds(const uint8_t nonce[static WB_COMMIT_NONCE_BYTES], struct wb_bytes shown,
        const uint8_t commitment[static WB_COMMIT_BYTES])
{
	uint8_t made[WB_COMMIT_BYTES];
	wb_commit(nonce, shown, made);
	return sodium_memcmp(made, commitment, sizeof made) == 0;
}

bool wb_commit_nonce_read(const char *hex, uint8_t ret_nonce[static WB_COMMIT_NONCE_BYTES])
{
	uint8_t nonce[WB_COMMIT_NONCE_BYTES];
	if (!hex || strnlen(hex, 2 * sizeof nonce + 1) != 2 * sizeof nonce || !wb_unhex(hex, nonce, sizeof nonce))
		return false;
	memcpy(ret_nonce, nonce, sizeof nonce);
	return true;
}
