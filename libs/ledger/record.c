#include "ledger/record.h"

#include <string.h>

enum wb_err wb_record_encode(const Weibao__V1__Envelope *e, uint8_t *buf, size_t cap, size_t *ret_len)
{
	size_t len = weibao__v1__envelope__get_packed_size(e);
	if (len > cap || len > WB_LEDGER_RECORD_BYTES_MAX)
		return WB_ERR_LIMIT;
	WB_ASSERT(weibao__v1__envelope__pack(e, buf) == len);
	*ret_len = len;
	return WB_OK;
}

/* ---- the strict reader ---- */

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static uint64_t take_varint(struct cursor *c)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		uint8_t b = *c->p++;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

static struct wb_bytes take(struct cursor *c, uint64_t len)
{
	if (c->bad || len > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return (struct wb_bytes){0};
	}
	struct wb_bytes v = {c->p, (size_t)len};
	c->p += len;
	return v;
}

static int64_t le64(struct wb_bytes v)
{
	uint64_t x = 0;
	for (size_t i = v.len; i > 0; i--)
		x = x << 8 | v.data[i - 1];
	return (int64_t)x;
}

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* The wire type of each field number of Envelope, as its .proto says. */
static const int8_t wires[20] = {-1, WIRE_BYTES, WIRE_VARINT, WIRE_BYTES, WIRE_BYTES, WIRE_VARINT, WIRE_BYTES,
        WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED64, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES,
        WIRE_VARINT, WIRE_BYTES, WIRE_BYTES, WIRE_VARINT, WIRE_BYTES};
#define BIT(n) (UINT32_C(1) << (n))
#define REQUIRED                                                                                                       \
	(BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) | BIT(11) | BIT(12) |         \
	        BIT(17) | BIT(18) | BIT(19))

static bool set_bytes(struct wb_record_view *v, uint32_t field, struct wb_bytes b)
{
	struct wb_id id;
	switch (field) {
	case 1:
		v->tenant = b;
		return b.len > 0;
	case 3:
		v->stream_kind = b;
		return b.len > 0;
	case 4:
		return wb_id_from_bytes(b.data, b.len, &v->stream_id);
	case 6:
		v->event_type = b;
		return b.len > 0;
	case 10:
		v->actor = b;
		return true;
	case 11:
		return wb_id_from_bytes(b.data, b.len, &v->command_id);
	case 12:
		v->command_digest = b;
		return b.len == WB_DIGEST_BYTES;
	case 13:
	case 14:
		return wb_id_from_bytes(b.data, b.len, &id);
	case 17:
		v->service = b;
		return b.len > 0;
	case 19:
		v->payload = b;
		return true;
	default: /* field numbers, not an enum */
		return true;
	}
}

static bool set_number(struct wb_record_view *v, uint32_t field, uint64_t n)
{
	switch (field) {
	case 2:
		v->tenant_position = n;
		return n > 0;
	case 5:
		v->stream_version = n;
		return n > 0;
	case 7:
		v->schema_version = (uint32_t)n;
		return n > 0 && n <= UINT32_MAX;
	case 8:
		v->recorded_at = (int64_t)n;
		return true;
	case 9:
		v->has_occurred_at = true;
		v->occurred_at = (int64_t)n;
		return true;
	case 18:
		v->epoch = n;
		return true;
	default:
		return true;
	}
}

/* Reads one field and stores it; false when it is unsound. */
static bool scan_field(struct cursor *c, struct wb_record_view *v, uint32_t *seen)
{
	uint64_t tag = take_varint(c);
	uint64_t field = tag >> 3;
	unsigned wire = (unsigned)(tag & 7);
	if (c->bad || field == 0 || tag > UINT32_MAX)
		return false;
	bool known = field < sizeof wires;
	if (known) {
		if ((int)wire != wires[field] || (*seen & BIT(field)))
			return false;
		*seen |= BIT(field);
	}
	struct wb_bytes b = {0};
	uint64_t n = 0;
	switch (wire) {
	case WIRE_VARINT:
		n = take_varint(c);
		break;
	case WIRE_FIXED64:
		n = (uint64_t)le64(take(c, 8));
		break;
	case WIRE_FIXED32:
		(void)take(c, 4);
		break;
	case WIRE_BYTES:
		b = take(c, take_varint(c));
		break;
	default: /* groups: never in our messages */
		return false;
	}
	if (c->bad)
		return false;
	if (!known)
		return true;
	return wire == WIRE_BYTES ? set_bytes(v, (uint32_t)field, b) : set_number(v, (uint32_t)field, n);
}

enum wb_err wb_record_scan(struct wb_bytes record, struct wb_record_view *ret_view)
{
	if (record.len == 0 || record.len > WB_LEDGER_RECORD_BYTES_MAX)
		return WB_ERR_CORRUPT;
	struct cursor c = {record.data, record.data + record.len, false};
	struct wb_record_view v = {0};
	uint32_t seen = 0;
	while (c.p < c.end)
		if (!scan_field(&c, &v, &seen))
			return WB_ERR_CORRUPT;
	if ((seen & REQUIRED) != REQUIRED)
		return WB_ERR_CORRUPT;
	*ret_view = v;
	return WB_OK;
}

/* ---- frames and chain ---- */

static uint32_t frame_crc(uint64_t position, const uint8_t *behind_crc, size_t len)
{
	uint8_t p[8];
	wb_be64_put(p, position);
	return wb_crc32c(wb_crc32c(0, p, sizeof p), behind_crc, len);
}

void wb_frame_seal(uint64_t position, const struct wb_hash *chain, uint8_t *frame, size_t frame_len)
{
	WB_ASSERT(frame_len > WB_FRAME_HEAD_BYTES && frame_len <= WB_FRAME_BYTES_MAX);
	memcpy(frame + 4, chain->b, sizeof chain->b);
	wb_be32_put(frame, frame_crc(position, frame + 4, frame_len - 4));
}

enum wb_err wb_frame_open(uint64_t position, struct wb_bytes frame, struct wb_frame *ret_frame)
{
	if (frame.len <= WB_FRAME_HEAD_BYTES || frame.len > WB_FRAME_BYTES_MAX)
		return WB_ERR_CORRUPT;
	if (wb_be32_get(frame.data) != frame_crc(position, frame.data + 4, frame.len - 4))
		return WB_ERR_CORRUPT;
	memcpy(ret_frame->chain.b, frame.data + 4, sizeof ret_frame->chain.b);
	ret_frame->record = (struct wb_bytes){frame.data + WB_FRAME_HEAD_BYTES, frame.len - WB_FRAME_HEAD_BYTES};
	return WB_OK;
}

struct wb_hash wb_chain_start(struct wb_hasher *h, struct wb_id log_id)
{
	struct wb_bytes parts[] = {wb_bytes_str("weibao log\n"), {log_id.b, sizeof log_id.b}};
	return wb_hasher_sum(h, parts, 2);
}

struct wb_hash wb_chain_leaf(struct wb_hasher *h, struct wb_bytes record)
{
	static const uint8_t leaf = 0x00;
	struct wb_bytes parts[] = {{&leaf, 1}, record};
	return wb_hasher_sum(h, parts, 2);
}

struct wb_hash wb_chain_next(
        struct wb_hasher *h, const struct wb_hash *before, uint64_t position, const struct wb_hash *leaf)
{
	uint8_t buf[WB_HASH_BYTES + 8 + WB_HASH_BYTES];
	memcpy(buf, before->b, WB_HASH_BYTES);
	wb_be64_put(buf + WB_HASH_BYTES, position);
	memcpy(buf + WB_HASH_BYTES + 8, leaf->b, WB_HASH_BYTES);
	struct wb_bytes part = {buf, sizeof buf};
	return wb_hasher_sum(h, &part, 1);
}
