#include "seal/digest.h"

#include <sodium.h>
#include <string.h>

void wb_hmac(struct wb_bytes key, const struct wb_bytes *parts, size_t n, uint8_t ret[static WB_HMAC_BYTES])
{
	static const uint8_t none[1];
	crypto_auth_hmacsha256_state s;
	crypto_auth_hmacsha256_init(&s, key.len ? key.data : none, key.len);
	for (size_t i = 0; i < n; i++)
		if (parts[i].len)
			crypto_auth_hmacsha256_update(&s, parts[i].data, parts[i].len);
	crypto_auth_hmacsha256_final(&s, ret);
	sodium_memzero(&s, sizeof s);
}

void wb_command_digest(const uint8_t tenant_key[static WB_KEY32_BYTES], const char *operation,
        struct wb_bytes principal, struct wb_bytes body, uint8_t ret[static WB_HMAC_BYTES])
{
	uint8_t lengths[3][8], key[WB_KEY32_BYTES];
	const struct wb_bytes name = wb_bytes_str(operation);
	const struct wb_bytes parts[] = {{lengths[0], 8}, name, {lengths[1], 8}, principal, {lengths[2], 8}, body};
	wb_be64_put(lengths[0], name.len);
	wb_be64_put(lengths[1], principal.len);
	wb_be64_put(lengths[2], body.len);
	wb_key_of_purpose(tenant_key, "command digest", key);
	wb_hmac((struct wb_bytes){key, sizeof key}, parts, sizeof parts / sizeof *parts, ret);
	sodium_memzero(key, sizeof key);
}

void wb_search_term(
        const uint8_t tenant_key[static WB_KEY32_BYTES], struct wb_bytes term, uint8_t ret[static WB_HMAC_BYTES])
{
	uint8_t key[WB_KEY32_BYTES];
	wb_key_of_purpose(tenant_key, "search term", key);
	wb_hmac((struct wb_bytes){key, sizeof key}, &term, 1, ret);
	sodium_memzero(key, sizeof key);
}

bool wb_digest_equal(const uint8_t a[static WB_HMAC_BYTES], const uint8_t b[static WB_HMAC_BYTES])
{
	return sodium_memcmp(a, b, WB_HMAC_BYTES) == 0;
}
