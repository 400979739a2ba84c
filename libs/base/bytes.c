#include "base/bytes.h"

#include <string.h>

bool wb_bytes_equal(struct wb_bytes a, struct wb_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct wb_bytes wb_bytes_str(const char *s)
{
	return (struct wb_bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

void wb_be16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void wb_be32_put(uint8_t *p, uint32_t v)
{
	wb_be16_put(p, (uint16_t)(v >> 16));
	wb_be16_put(p + 2, (uint16_t)v);
}

void wb_be64_put(uint8_t *p, uint64_t v)
{
	wb_be32_put(p, (uint32_t)(v >> 32));
	wb_be32_put(p + 4, (uint32_t)v);
}

uint16_t wb_be16_get(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

uint32_t wb_be32_get(const uint8_t *p)
{
	return (uint32_t)wb_be16_get(p) << 16 | wb_be16_get(p + 2);
}

uint64_t wb_be64_get(const uint8_t *p)
{
	return (uint64_t)wb_be32_get(p) << 32 | wb_be32_get(p + 4);
}

void wb_hex(const void *data, size_t len, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++) {
		ret_text[2 * i] = digits[p[i] >> 4];
		ret_text[2 * i + 1] = digits[p[i] & 15];
	}
	ret_text[2 * len] = 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool wb_unhex(const char *text, void *ret_data, size_t len)
{
	uint8_t *p = ret_data;
	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit(text[2 * i]);
		int lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);
		if (lo < 0)
			return false;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

/* How many continuation bytes follow lead, and the least code point of that length; -1: not a lead byte. */
static int utf8_tail(uint8_t lead, uint32_t *ret_least, uint32_t *ret_bits)
{
	if (lead < 0x80) {
		*ret_least = 1;
		*ret_bits = lead;
		return 0;
	}
	if ((lead & 0xe0) == 0xc0) {
		*ret_least = 0x80;
		*ret_bits = lead & 0x1f;
		return 1;
	}
	if ((lead & 0xf0) == 0xe0) {
		*ret_least = 0x800;
		*ret_bits = lead & 0x0f;
		return 2;
	}
	if ((lead & 0xf8) == 0xf0) {
		*ret_least = 0x10000;
		*ret_bits = lead & 0x07;
		return 3;
	}
	return -1;
}

bool wb_utf8_valid(const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < len;) {
		uint32_t least = 0, cp = 0;
		int tail = utf8_tail(p[i], &least, &cp);
		if (tail < 0 || (size_t)tail >= len - i)
			return false;
		for (int k = 1; k <= tail; k++) {
			if ((p[i + (size_t)k] & 0xc0) != 0x80)
				return false;
			cp = cp << 6 | (p[i + (size_t)k] & 0x3fU);
		}
		if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
			return false;
		i += (size_t)tail + 1;
	}
	return true;
}
