/* base64 (RFC 4648), private to libs/wire. */
#include "wire/field.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t wb_base64_bytes(size_t len)
{
	return (len + 2) / 3 * 4 + 1;
}

void wb_base64(const uint8_t *data, size_t len, char *ret_text)
{
	char *t = ret_text;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)data[i] << 16;
		if (n > 1)
			v |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			v |= data[i + 2];
		*t++ = alphabet[v >> 18];
		*t++ = alphabet[v >> 12 & 63];
		*t++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*t++ = n > 2 ? alphabet[v & 63] : '=';
	}
	*t = '\0';
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool wb_unbase64(const char *text, size_t len, uint8_t *ret_data, size_t *ret_len)
{
	if (len % 4 == 0 && len > 0 && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	uint32_t bits = 0;
	unsigned count = 0;
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int v = value_of(text[i]);
		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		count += 6;
		if (count >= 8) {
			count -= 8;
			ret_data[n++] = (uint8_t)(bits >> count);
		}
	}
	/* One spare character, or spare bits that are not zero, would make two texts of the same bytes. */
	if (count >= 6 || (bits & ((1u << count) - 1)) != 0)
		return false;
	*ret_len = n;
	return true;
}
