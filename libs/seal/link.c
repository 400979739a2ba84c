#include "seal/link.h"
#include "base/clock.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1
#define MAC_BYTES 16
#define EXPIRY_BYTES 5
#define FIXED_BYTES (1 + 1 + 1 + WB_ID_BYTES + 4 + EXPIRY_BYTES + MAC_BYTES) /* all but the two texts */
#define BYTES_MAX (FIXED_BYTES + WB_LINK_PURPOSE_CHARS_MAX + WB_LINK_TENANT_CHARS_MAX)
#define EXPIRY_S_MAX ((INT64_C(1) << 8 * EXPIRY_BYTES) - 1)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
_Static_assert(WB_LINK_TEXT_BYTES == sodium_base64_ENCODED_LEN(BYTES_MAX, VARIANT), "the longest link has its place");

static void mac(const uint8_t *data, size_t len, const uint8_t *key, uint8_t ret[MAC_BYTES])
{
	static const unsigned char label[] = "weibao link";
	crypto_generichash_state s;
	crypto_generichash_init(&s, key, WB_KEY32_BYTES, MAC_BYTES);
	crypto_generichash_update(&s, label, sizeof label);
	crypto_generichash_update(&s, data, len);
	crypto_generichash_final(&s, ret, MAC_BYTES);
	sodium_memzero(&s, sizeof s);
}

static uint8_t *put_text(uint8_t *p, const char *text, size_t len)
{
	*p++ = (uint8_t)len;
	memcpy(p, text, len);
	return p + len;
}

enum wb_err wb_link_text(
        const struct wb_link *link, const uint8_t key[static WB_KEY32_BYTES], char ret_text[static WB_LINK_TEXT_BYTES])
{
	uint8_t b[BYTES_MAX], expiry[8], *p = b;
	size_t purpose = strnlen(link->purpose, sizeof link->purpose);
	size_t tenant = strnlen(link->tenant, sizeof link->tenant);
	int64_t expires_s = link->expires_us / WB_SECOND_US;
	if (purpose == 0 || purpose == sizeof link->purpose || tenant == 0 || tenant == sizeof link->tenant ||
	        link->expires_us < 0 || expires_s > EXPIRY_S_MAX)
		return WB_ERR_INVALID;
	*p++ = VERSION;
	p = put_text(p, link->purpose, purpose);
	p = put_text(p, link->tenant, tenant);
	memcpy(p, link->id.b, WB_ID_BYTES);
	wb_be32_put(p + WB_ID_BYTES, link->round);
	p += WB_ID_BYTES + 4;
	wb_be64_put(expiry, (uint64_t)expires_s);
	memcpy(p, expiry + 8 - EXPIRY_BYTES, EXPIRY_BYTES);
	p += EXPIRY_BYTES;
	mac(b, (size_t)(p - b), key, p);
	sodium_bin2base64(ret_text, WB_LINK_TEXT_BYTES, b, (size_t)(p - b) + MAC_BYTES, VARIANT);
	return WB_OK;
}

/* A text of 1 to max bytes with its length in front; NULL: malformed. */
static const uint8_t *take_text(const uint8_t *p, const uint8_t *end, char *ret, size_t max)
{
	if (p == end || *p == 0 || *p > max || (size_t)(end - p) < 1 + (size_t)*p)
		return NULL;
	memcpy(ret, p + 1, *p);
	ret[*p] = '\0';
	return p + 1 + *p;
}

static bool parse(const uint8_t *p, const uint8_t *end, struct wb_link *ret)
{
	uint8_t expiry[8] = {0};
	if (p == end || *p != VERSION)
		return false;
	p = take_text(p + 1, end, ret->purpose, WB_LINK_PURPOSE_CHARS_MAX);
	if (p)
		p = take_text(p, end, ret->tenant, WB_LINK_TENANT_CHARS_MAX);
	if (!p || end - p != WB_ID_BYTES + 4 + EXPIRY_BYTES)
		return false;
	memcpy(ret->id.b, p, WB_ID_BYTES);
	ret->round = wb_be32_get(p + WB_ID_BYTES);
	memcpy(expiry + 8 - EXPIRY_BYTES, p + WB_ID_BYTES + 4, EXPIRY_BYTES);
	ret->expires_us = (int64_t)wb_be64_get(expiry) * WB_SECOND_US;
	return true;
}

enum wb_err wb_link_open(const char *text, const char *purpose, const uint8_t key[static WB_KEY32_BYTES],
        int64_t now_us, struct wb_link *ret_link)
{
	uint8_t b[BYTES_MAX], made[MAC_BYTES];
	struct wb_link link = {{0}};
	size_t len, chars = text ? strnlen(text, WB_LINK_TEXT_BYTES) : 0;
	if (chars == 0 || chars == WB_LINK_TEXT_BYTES ||
	        sodium_base642bin(b, sizeof b, text, chars, NULL, &len, NULL, VARIANT) != 0 || len < FIXED_BYTES)
		return WB_ERR_CRYPTO;
	len -= MAC_BYTES;
	mac(b, len, key, made);
	if (sodium_memcmp(made, b + len, MAC_BYTES) != 0 || !parse(b, b + len, &link))
		return WB_ERR_CRYPTO;
	if (purpose && strcmp(link.purpose, purpose) != 0)
		return WB_ERR_MISMATCH;
	if (now_us > link.expires_us)
		return WB_ERR_TIMEOUT;
	*ret_link = link;
	return WB_OK;
}
