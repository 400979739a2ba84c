/*
 * The check of wire bytes before they are unpacked (wire/unpack.h). One pass, recursion as deep as the limit allows,
 * a fixed frame a level.
 */
#include "wire/field.h"

#include <string.h>

#define FIELD_NUMBER_MAX 0x1fffffffu

struct scan {
	const struct wb_unpack_limits *limits;
	uint32_t fields; /* seen so far, at all depths */
};

struct cursor {
	const uint8_t *at, *end;
};

static enum wb_err scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cursor in, uint32_t depth);

static bool varint(struct cursor *c, uint64_t *ret_value)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 70 && c->at < c->end; shift += 7) {
		uint8_t b = *c->at++;
		/* The tenth byte may add one bit only. */
		if (shift == 63 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret_value = v;
			return true;
		}
	}
	return false;
}

static bool skip(struct cursor *c, size_t len)
{
	if ((size_t)(c->end - c->at) < len)
		return false;
	c->at += len;
	return true;
}

static bool prefixed(struct cursor *c, struct cursor *ret_inner)
{
	uint64_t len;
	if (!varint(c, &len) || len > (uint64_t)(c->end - c->at))
		return false;
	*ret_inner = (struct cursor){c->at, c->at + len};
	c->at += len;
	return true;
}

static unsigned wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	}
	wb_assert_failed("a field of a known type", __FILE__, __LINE__);
}

static bool strict(const struct scan *s)
{
	return s->limits->mode == WB_UNPACK_STRICT;
}

/* protobuf-c keeps the low bits of what is too large: another number than was sent. */
static bool varint_fits(const ProtobufCFieldDescriptor *f, uint64_t v)
{
	/* Negative numbers come sign-extended to 64 bits. */
	int64_t number = (int64_t)v;
	if (f->type == PROTOBUF_C_TYPE_ENUM)
		return number != 0 && wb_enum_known(f->descriptor, number);
	if (f->type == PROTOBUF_C_TYPE_INT32)
		return number >= INT32_MIN && number <= INT32_MAX;
	if (f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_SINT32)
		return v <= UINT32_MAX;
	return f->type != PROTOBUF_C_TYPE_BOOL || v <= 1;
}

static enum wb_err scan_scalar(const struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor *c)
{
	uint64_t v;
	switch (wire_type_of(f->type)) {
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return skip(c, 4) ? WB_OK : WB_ERR_INVALID;
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return skip(c, 8) ? WB_OK : WB_ERR_INVALID;
	}
	if (!varint(c, &v))
		return WB_ERR_INVALID;
	return !strict(s) || varint_fits(f, v) ? WB_OK : WB_ERR_INVALID;
}

static enum wb_err scan_packed(struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor in)
{
	while (in.at < in.end) {
		if (++s->fields > s->limits->fields_max)
			return WB_ERR_LIMIT;
		enum wb_err err = scan_scalar(s, f, &in);
		if (err)
			return err;
	}
	return WB_OK;
}

static enum wb_err scan_prefixed(struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor in, uint32_t depth)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(s, f->descriptor, in, depth + 1);
	size_t len = (size_t)(in.end - in.at);
	if (f->type == PROTOBUF_C_TYPE_STRING && !wb_utf8_valid(in.at, len))
		return WB_ERR_INVALID;
	if (wb_field_is_id(f) && strict(s) && len != WB_ID_BYTES)
		return WB_ERR_INVALID;
	return WB_OK;
}

static enum wb_err scan_known(
        struct scan *s, const ProtobufCFieldDescriptor *f, unsigned wire_type, struct cursor *c, uint32_t depth)
{
	unsigned own = wire_type_of(f->type);
	if (own != wire_type && !(wb_field_is_repeated(f) && wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED))
		return WB_ERR_INVALID;
	if (wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
		return scan_scalar(s, f, c);
	struct cursor inner;
	if (!prefixed(c, &inner))
		return WB_ERR_INVALID;
	return own == wire_type ? scan_prefixed(s, f, inner, depth) : scan_packed(s, f, inner);
}

static enum wb_err scan_unknown(const struct scan *s, unsigned wire_type, struct cursor *c)
{
	uint64_t v;
	struct cursor inner;
	bool ok = false;
	if (strict(s))
		return WB_ERR_INVALID;
	switch (wire_type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		ok = varint(c, &v);
		break;
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		ok = skip(c, 8);
		break;
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		ok = prefixed(c, &inner);
		break;
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		ok = skip(c, 4);
		break;
	}
	return ok ? WB_OK : WB_ERR_INVALID;
}

/* Marks the field as seen; false if it, or another case of its oneof, was there already. */
static bool mark(const ProtobufCMessageDescriptor *d, unsigned index, uint8_t *seen)
{
	const ProtobufCFieldDescriptor *f = &d->fields[index];
	bool again = seen[index / 8] & (1u << index % 8);
	if (again)
		return wb_field_is_repeated(f);
	for (unsigned i = 0; wb_field_is_oneof(f) && i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *o = &d->fields[i];
		if (wb_field_is_oneof(o) && o->quantifier_offset == f->quantifier_offset &&
		        (seen[i / 8] & (1u << i % 8)))
			return false;
	}
	seen[index / 8] = (uint8_t)(seen[index / 8] | 1u << index % 8);
	return true;
}

static enum wb_err scan_field(
        struct scan *s, const ProtobufCMessageDescriptor *d, struct cursor *in, uint8_t *seen, uint32_t depth)
{
	uint64_t key;
	if (++s->fields > s->limits->fields_max)
		return WB_ERR_LIMIT;
	if (!varint(in, &key) || key >> 3 == 0 || key >> 3 > FIELD_NUMBER_MAX)
		return WB_ERR_INVALID;
	unsigned wire_type = (unsigned)(key & 7);
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, (unsigned)(key >> 3));
	if (!f)
		return scan_unknown(s, wire_type, in);
	if (!mark(d, (unsigned)(f - d->fields), seen))
		return WB_ERR_INVALID;
	return scan_known(s, f, wire_type, in, depth);
}

static enum wb_err scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cursor in, uint32_t depth)
{
	uint8_t seen[WB_MESSAGE_FIELDS_MAX / 8] = {0};
	WB_ASSERT(d->n_fields <= WB_MESSAGE_FIELDS_MAX);
	if (depth > s->limits->depth_max || depth > WB_WIRE_DEPTH_MAX)
		return WB_ERR_LIMIT;
	while (in.at < in.end) {
		enum wb_err err = scan_field(s, d, &in, seen, depth);
		if (err)
			return err;
	}
	for (unsigned i = 0; i < d->n_fields; i++)
		if (wb_field_is_required(&d->fields[i]) && !(seen[i / 8] & (1u << i % 8)))
			return WB_ERR_INVALID;
	return WB_OK;
}

enum wb_err wb_wire_scan(
        const ProtobufCMessageDescriptor *descriptor, struct wb_bytes data, const struct wb_unpack_limits *limits)
{
	struct scan s = {.limits = limits};
	if (data.len > limits->bytes_max)
		return WB_ERR_LIMIT;
	if (!data.len) {
		static const uint8_t nothing;
		data.data = &nothing;
	}
	return scan_message(&s, descriptor, (struct cursor){data.data, data.data + data.len}, 1);
}
