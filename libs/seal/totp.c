#include "seal/totp.h"
#include "base/clock.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <string.h>

#define SHA1_BYTES 20

void wb_totp_seed(struct wb_random random, uint8_t ret_seed[static WB_TOTP_SEED_BYTES])
{
	random.fill(random.ctx, ret_seed, WB_TOTP_SEED_BYTES);
}

uint64_t wb_totp_step(int64_t now_us)
{
	WB_ASSERT(now_us >= 0);
	return (uint64_t)(now_us / WB_SECOND_US) / WB_TOTP_STEP_S;
}

void wb_totp_code(struct wb_bytes seed, uint64_t step, char ret_code[static WB_TOTP_DIGITS + 1])
{
	uint8_t counter[8], mac[SHA1_BYTES];
	unsigned len = 0;
	wb_be64_put(counter, step);
	WB_ASSERT(seed.len <= INT32_MAX);
	WB_ASSERT(HMAC(EVP_sha1(), seed.data, (int)seed.len, counter, sizeof counter, mac, &len) && len == sizeof mac);
	uint32_t v = (wb_be32_get(mac + (mac[SHA1_BYTES - 1] & 15)) & 0x7fffffff) % 1000000;
	for (size_t i = WB_TOTP_DIGITS; i-- > 0; v /= 10)
		ret_code[i] = (char)('0' + v % 10);
	ret_code[WB_TOTP_DIGITS] = '\0';
	sodium_memzero(mac, sizeof mac);
}

static bool read_digits(const char *code, char ret[WB_TOTP_DIGITS])
{
	size_t n = 0;
	for (; code && *code; code++) {
		if (*code == ' ')
			continue;
		if (*code < '0' || *code > '9' || n == WB_TOTP_DIGITS)
			return false;
		ret[n++] = *code;
	}
	return n == WB_TOTP_DIGITS;
}

bool wb_totp_holds(struct wb_bytes seed, int64_t now_us, uint64_t last_step, const char *code, uint64_t *ret_step)
{
	char typed[WB_TOTP_DIGITS], made[WB_TOTP_DIGITS + 1];
	uint64_t now = wb_totp_step(now_us), found = 0;
	if (!read_digits(code, typed))
		return false;
	/* all three are always made, and the latest match counts: neither time nor a chance twin gives a step away */
	for (uint64_t step = now ? now - 1 : 0; step <= now + 1; step++) {
		wb_totp_code(seed, step, made);
		if (sodium_memcmp(made, typed, sizeof typed) == 0 && step > last_step)
			found = step;
	}
	sodium_memzero(made, sizeof made);
	if (!found)
		return false;
	*ret_step = found;
	return true;
}

void wb_totp_seed_text(const uint8_t seed[static WB_TOTP_SEED_BYTES], char ret_text[static WB_TOTP_SEED_TEXT_BYTES])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char *to = ret_text;
	for (size_t i = 0; i < WB_TOTP_SEED_BYTES; i += 5) { /* 5 bytes are 8 characters */
		uint64_t v = (uint64_t)seed[i] << 32 | wb_be32_get(seed + i + 1);
		for (unsigned shift = 40; shift > 0; shift -= 5)
			*to++ = alphabet[v >> (shift - 5) & 31];
	}
	*to = '\0';
}

/* Everything but RFC 3986's unreserved characters as %XX; NULL when the arena is full. */
static char *percent(struct wb_arena *a, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = wb_arena_alloc(a, 3 * strlen(text) + 1), *to = out;
	if (!out)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (strchr(plain, c)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to = '\0';
	return out;
}

char *wb_totp_uri(
        struct wb_arena *a, const char *issuer, const char *account, const uint8_t seed[static WB_TOTP_SEED_BYTES])
{
	char text[WB_TOTP_SEED_TEXT_BYTES];
	const char *who = percent(a, issuer), *whose = percent(a, account);
	if (!who || !whose)
		return NULL;
	wb_totp_seed_text(seed, text);
	return wb_arena_fmt(a, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d", who,
	        whose, text, who, WB_TOTP_DIGITS, WB_TOTP_STEP_S);
}
