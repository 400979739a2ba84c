#include "seal/code.h"

#include <sodium.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void make(struct wb_random random, char *ret, size_t chars)
{
	uint8_t b[WB_RECOVERY_CODE_CHARS];
	WB_ASSERT(chars <= sizeof b);
	random.fill(random.ctx, b, chars);
	for (size_t i = 0; i < chars; i++)
		ret[i] = alphabet[b[i] & 31]; /* 32 divides 256: all are equally likely */
	ret[chars] = '\0';
	sodium_memzero(b, sizeof b);
}

/* The next character of what was typed, full-width forms (U+FF01 to U+FF5E, U+3000) as the plain ones. */
static int next_char(const unsigned char **p)
{
	const unsigned char *s = *p;
	if (s[0] == 0xe3 && s[1] == 0x80 && s[2] == 0x80) {
		*p = s + 3;
		return ' ';
	}
	if (s[0] == 0xef && (s[1] == 0xbc || s[1] == 0xbd) && s[2] >= 0x80 && s[2] <= 0xbf) {
		*p = s + 3;
		return (s[1] - 0xbc) * 64 + (s[2] - 0x80) + 0x20;
	}
	*p = s + 1;
	return s[0];
}

/* The character of the alphabet that was meant, or 0. */
static char meant(int c)
{
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	return c > 0 && c < 128 && strchr(alphabet, c) ? (char)c : '\0';
}

static bool read_code(const char *typed, char *ret, size_t chars)
{
	char code[WB_RECOVERY_CODE_CHARS + 1];
	size_t n = 0;
	const unsigned char *p = (const unsigned char *)typed;
	while (p && *p) {
		int c = next_char(&p);
		if (c == ' ' || c == '-')
			continue;
		char m = meant(c);
		if (!m || n == chars)
			return false;
		code[n++] = m;
	}
	if (n != chars)
		return false;
	memcpy(ret, code, chars);
	ret[chars] = '\0';
	return true;
}

void wb_short_code(struct wb_random random, char ret_code[static WB_SHORT_CODE_CHARS + 1])
{
	make(random, ret_code, WB_SHORT_CODE_CHARS);
}

bool wb_short_code_read(const char *typed, char ret_code[static WB_SHORT_CODE_CHARS + 1])
{
	return read_code(typed, ret_code, WB_SHORT_CODE_CHARS);
}

void wb_recovery_code(struct wb_random random, char ret_text[static WB_RECOVERY_CODE_TEXT_BYTES])
{
	char code[WB_RECOVERY_CODE_CHARS + 1], *to = ret_text;
	make(random, code, WB_RECOVERY_CODE_CHARS);
	for (size_t i = 0; i < WB_RECOVERY_CODE_CHARS; i++) {
		if (i && i % 4 == 0)
			*to++ = '-';
		*to++ = code[i];
	}
	*to = '\0';
	sodium_memzero(code, sizeof code);
}

bool wb_recovery_hash(const uint8_t key[static WB_KEY32_BYTES], struct wb_id account, const char *typed,
        uint8_t ret_hash[static WB_RECOVERY_HASH_BYTES])
{
	static const unsigned char label[] = "weibao recovery";
	char code[WB_RECOVERY_CODE_CHARS + 1];
	crypto_generichash_state s;
	if (!read_code(typed, code, WB_RECOVERY_CODE_CHARS))
		return false;
	crypto_generichash_init(&s, key, WB_KEY32_BYTES, WB_RECOVERY_HASH_BYTES);
	crypto_generichash_update(&s, label, sizeof label);
	crypto_generichash_update(&s, account.b, sizeof account.b);
	crypto_generichash_update(&s, (const unsigned char *)code, WB_RECOVERY_CODE_CHARS);
	crypto_generichash_final(&s, ret_hash, WB_RECOVERY_HASH_BYTES);
	sodium_memzero(&s, sizeof s);
	sodium_memzero(code, sizeof code);
	return true;
}

bool wb_recovery_holds(const uint8_t key[static WB_KEY32_BYTES], struct wb_id account, const char *typed,
        const uint8_t hash[static WB_RECOVERY_HASH_BYTES])
{
	uint8_t made[WB_RECOVERY_HASH_BYTES];
	return wb_recovery_hash(key, account, typed, made) && sodium_memcmp(made, hash, sizeof made) == 0;
}
