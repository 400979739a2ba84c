#include "base/id.h"

#include <openssl/sha.h>
#include <string.h>

bool wb_id_equal(struct wb_id a, struct wb_id b)
{
	return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool wb_id_is_zero(struct wb_id id)
{
	return wb_id_equal(id, (struct wb_id){{0}});
}

void wb_id_text(struct wb_id id, char ret_text[static WB_ID_TEXT_BYTES])
{
	static const size_t parts[] = {4, 2, 2, 2, 6};
	const uint8_t *p = id.b;
	char *t = ret_text;
	for (size_t i = 0; i < 5; i++) {
		wb_hex(p, parts[i], t);
		p += parts[i];
		t += 2 * parts[i];
		*t++ = i < 4 ? '-' : '\0';
	}
}

bool wb_id_parse(const char *text, size_t len, struct wb_id *ret_id)
{
	static const size_t parts[] = {4, 2, 2, 2, 6};
	struct wb_id id;
	if (len != WB_ID_TEXT_BYTES - 1)
		return false;
	const char *t = text;
	uint8_t *p = id.b;
	for (size_t i = 0; i < 5; i++) {
		if (!wb_unhex(t, p, parts[i]))
			return false;
		t += 2 * parts[i];
		p += parts[i];
		if (i < 4 && *t++ != '-')
			return false;
	}
	*ret_id = id;
	return true;
}

bool wb_id_from_bytes(const void *data, size_t len, struct wb_id *ret_id)
{
	if (len != WB_ID_BYTES)
		return false;
	memcpy(ret_id->b, data, WB_ID_BYTES);
	return true;
}

static void digest(const char *label, const void *data, size_t len, uint32_t n, uint8_t ret[SHA256_DIGEST_LENGTH])
{
	uint8_t buf[512];
	size_t label_len = strlen(label);
	WB_ASSERT(label_len + 1 + 4 + (len < 128 ? len : 32) <= sizeof buf);
	memcpy(buf, label, label_len + 1);
	wb_be32_put(buf + label_len + 1, n);
	uint8_t *rest = buf + label_len + 5;
	size_t rest_len = len;
	if (len < 128) {
		memcpy(rest, data, len);
	} else {
		SHA256(data, len, rest);
		rest_len = SHA256_DIGEST_LENGTH;
	}
	SHA256(buf, label_len + 5 + rest_len, ret);
}

struct wb_id wb_id_derive(struct wb_id base, const char *label, uint32_t n)
{
	uint8_t h[SHA256_DIGEST_LENGTH];
	struct wb_id id;
	digest(label, base.b, sizeof base.b, n, h);
	memcpy(id.b, base.b, 6);
	memcpy(id.b + 6, h, 10);
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x80);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

struct wb_id wb_id_of(const char *label, const void *data, size_t len)
{
	uint8_t h[SHA256_DIGEST_LENGTH];
	struct wb_id id;
	digest(label, data, len, 0, h);
	memcpy(id.b, h, sizeof id.b);
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x80);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

struct wb_id wb_id_v7(int64_t unix_us, const uint8_t random[static 10])
{
	struct wb_id id;
	uint8_t t[8];
	wb_be64_put(t, (uint64_t)(unix_us / 1000));
	memcpy(id.b, t + 2, 6);
	memcpy(id.b + 6, random, 10);
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x70);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

bool wb_id_is_v7(struct wb_id id)
{
	return (id.b[6] & 0xf0) == 0x70 && (id.b[8] & 0xc0) == 0x80;
}
