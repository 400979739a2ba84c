#include "store/key.h"

#include <string.h>

/* A NUL inside a text is NUL 0xff, the end is NUL 0x01: less than any going on, so that "a" < "a\0" < "ab". */
#define TEXT_NUL 0xffu
#define TEXT_END 0x01u

void wb_key_init(struct wb_key *k)
{
	k->len = 0;
	k->overflow = false;
}

/* Room for n more bytes, or NULL and the key marked. */
static uint8_t *room(struct wb_key *k, size_t n)
{
	if (k->overflow || n > sizeof k->b - k->len) {
		k->overflow = true;
		return NULL;
	}
	uint8_t *p = k->b + k->len;
	k->len += n;
	return p;
}

void wb_key_u8(struct wb_key *k, uint8_t v)
{
	uint8_t *p = room(k, 1);
	if (p)
		*p = v;
}

void wb_key_u16(struct wb_key *k, uint16_t v)
{
	uint8_t *p = room(k, 2);
	if (p)
		wb_be16_put(p, v);
}

void wb_key_u32(struct wb_key *k, uint32_t v)
{
	uint8_t *p = room(k, 4);
	if (p)
		wb_be32_put(p, v);
}

void wb_key_u64(struct wb_key *k, uint64_t v)
{
	uint8_t *p = room(k, 8);
	if (p)
		wb_be64_put(p, v);
}

static uint64_t i64_flip(int64_t v)
{
	return (uint64_t)v ^ (UINT64_C(1) << 63);
}

/* The way back without an implementation-defined conversion. */
static int64_t i64_unflip(uint64_t u)
{
	int64_t v;
	u ^= UINT64_C(1) << 63;
	memcpy(&v, &u, sizeof v);
	return v;
}

void wb_key_i64(struct wb_key *k, int64_t v)
{
	wb_key_u64(k, i64_flip(v));
}

void wb_key_desc_u64(struct wb_key *k, uint64_t v)
{
	wb_key_u64(k, ~v);
}

void wb_key_desc_i64(struct wb_key *k, int64_t v)
{
	wb_key_u64(k, ~i64_flip(v));
}

void wb_key_id(struct wb_key *k, struct wb_id v)
{
	wb_key_bytes(k, v.b, sizeof v.b);
}

void wb_key_bytes(struct wb_key *k, const void *data, size_t len)
{
	uint8_t *p = room(k, len);
	if (p && len)
		memcpy(p, data, len);
}

void wb_key_text_prefix(struct wb_key *k, struct wb_bytes s)
{
	for (size_t i = 0; i < s.len && !k->overflow; i++) {
		wb_key_u8(k, s.data[i]);
		if (!s.data[i])
			wb_key_u8(k, TEXT_NUL);
	}
}

void wb_key_text(struct wb_key *k, struct wb_bytes s)
{
	wb_key_text_prefix(k, s);
	wb_key_u8(k, 0);
	wb_key_u8(k, TEXT_END);
}

void wb_key_str(struct wb_key *k, const char *s)
{
	wb_key_text(k, wb_bytes_str(s));
}

void wb_key_copy(struct wb_key *k, struct wb_bytes whole)
{
	wb_key_init(k);
	wb_key_bytes(k, whole.data, whole.len);
}

struct wb_bytes wb_key_view(const struct wb_key *k)
{
	return k->overflow ? (struct wb_bytes){0} : (struct wb_bytes){k->b, k->len};
}

void wb_key_after(struct wb_key *k)
{
	/* A key of full length has no room for the NUL, and no longer key begins with it: the next is past it. */
	if (!k->overflow && k->len == sizeof k->b) {
		if (!wb_key_past(k))
			k->overflow = true;
		return;
	}
	wb_key_u8(k, 0);
}

bool wb_key_past(struct wb_key *k)
{
	size_t n = k->len;
	if (k->overflow)
		return false;
	while (n && k->b[n - 1] == 0xff)
		n--;
	if (!n)
		return false;
	k->b[n - 1]++;
	k->len = n;
	return true;
}

void wb_key_reader_init(struct wb_key_reader *r, struct wb_bytes key)
{
	*r = (struct wb_key_reader){.rest = key};
}

/* The next n bytes, or NULL and the reader marked. */
static const uint8_t *take(struct wb_key_reader *r, size_t n)
{
	if (r->failed || n > r->rest.len) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->rest.data;
	r->rest.data += n;
	r->rest.len -= n;
	return p;
}

bool wb_key_read_u8(struct wb_key_reader *r, uint8_t *ret_v)
{
	const uint8_t *p = take(r, 1);
	if (p)
		*ret_v = *p;
	return p;
}

bool wb_key_read_u16(struct wb_key_reader *r, uint16_t *ret_v)
{
	const uint8_t *p = take(r, 2);
	if (p)
		*ret_v = wb_be16_get(p);
	return p;
}

bool wb_key_read_u32(struct wb_key_reader *r, uint32_t *ret_v)
{
	const uint8_t *p = take(r, 4);
	if (p)
		*ret_v = wb_be32_get(p);
	return p;
}

bool wb_key_read_u64(struct wb_key_reader *r, uint64_t *ret_v)
{
	const uint8_t *p = take(r, 8);
	if (p)
		*ret_v = wb_be64_get(p);
	return p;
}

bool wb_key_read_i64(struct wb_key_reader *r, int64_t *ret_v)
{
	const uint8_t *p = take(r, 8);
	if (p)
		*ret_v = i64_unflip(wb_be64_get(p));
	return p;
}

bool wb_key_read_desc_u64(struct wb_key_reader *r, uint64_t *ret_v)
{
	const uint8_t *p = take(r, 8);
	if (p)
		*ret_v = ~wb_be64_get(p);
	return p;
}

bool wb_key_read_desc_i64(struct wb_key_reader *r, int64_t *ret_v)
{
	const uint8_t *p = take(r, 8);
	if (p)
		*ret_v = i64_unflip(~wb_be64_get(p));
	return p;
}

bool wb_key_read_id(struct wb_key_reader *r, struct wb_id *ret_v)
{
	return wb_key_read_bytes(r, ret_v->b, sizeof ret_v->b);
}

bool wb_key_read_bytes(struct wb_key_reader *r, void *ret_data, size_t len)
{
	const uint8_t *p = take(r, len);
	if (p && len)
		memcpy(ret_data, p, len);
	return p || (!len && !r->failed);
}

/* The length of the text's encoding, terminator included, and of the text; false if it does not end or is malformed. */
static bool text_measure(struct wb_bytes s, size_t *ret_encoded, size_t *ret_len)
{
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++, len++) {
		if (s.data[i])
			continue;
		if (++i == s.len)
			return false;
		if (s.data[i] == TEXT_END) {
			*ret_encoded = i + 1;
			*ret_len = len;
			return true;
		}
		if (s.data[i] != TEXT_NUL)
			return false;
	}
	return false;
}

bool wb_key_read_text(struct wb_key_reader *r, char *ret_text, size_t size, size_t *ret_len)
{
	size_t encoded = 0, len = 0;
	if (r->failed || !text_measure(r->rest, &encoded, &len) || len >= size || (!ret_len && encoded != len + 2)) {
		r->failed = true;
		return false;
	}
	const uint8_t *p = take(r, encoded);
	for (size_t i = 0; i < len; i++) {
		ret_text[i] = (char)*p;
		p += *p ? 1 : 2;
	}
	ret_text[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return true;
}

bool wb_key_read_end(const struct wb_key_reader *r)
{
	return !r->failed && !r->rest.len;
}
