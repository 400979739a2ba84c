/* One value of a field from text: JSON strings, path and query parameters. */
#include "wire/field.h"
#include "wire/time.h"

#include <string.h>

struct number {
	bool negative;
	uint64_t magnitude;
};

static enum wb_err refuse(const struct wb_text_input *in, enum wb_json_reason reason)
{
	return wb_json_refuse(in->problem, reason, in->path);
}

/* Decimal digits as in JSON: no sign but a minus, no leading zeros. Neither: WRONG_TYPE; too many: OUT_OF_RANGE. */
static enum wb_json_reason read_number(const char *text, size_t len, struct number *ret)
{
	struct number n = {0};
	size_t i = 0;
	if (len && text[0] == '-') {
		n.negative = true;
		i++;
	}
	if (i == len || (text[i] == '0' && i + 1 < len))
		return WB_JSON_WRONG_TYPE;
	bool over = false;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return WB_JSON_WRONG_TYPE;
		uint64_t digit = (uint64_t)(text[i] - '0');
		over = over || n.magnitude > (UINT64_MAX - digit) / 10;
		n.magnitude = over ? 0 : n.magnitude * 10 + digit;
	}
	if (over)
		return WB_JSON_OUT_OF_RANGE;
	*ret = n;
	return WB_JSON_NONE;
}

static bool fits(struct number n, uint64_t max, bool is_signed)
{
	if (!n.negative)
		return n.magnitude <= max;
	return n.magnitude == 0 || (is_signed && n.magnitude <= max + 1);
}

static enum wb_err store_number(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, struct number n, void *value)
{
	uint64_t bits = n.negative ? 0 - n.magnitude : n.magnitude;
	uint32_t low = (uint32_t)bits;
	uint64_t max = 0;
	bool is_signed = false;
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		is_signed = true;
		max = INT32_MAX;
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		max = UINT32_MAX;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
		is_signed = true;
		max = INT64_MAX;
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		max = UINT64_MAX;
		break;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return refuse(in, WB_JSON_WRONG_TYPE);
	}
	if (!fits(n, max, is_signed))
		return refuse(in, WB_JSON_OUT_OF_RANGE);
	if (wb_field_size(f) == sizeof low)
		memcpy(value, &low, sizeof low);
	else
		memcpy(value, &bits, sizeof bits);
	return WB_OK;
}

enum wb_err wb_value_from_integer(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, int64_t number, void *value)
{
	struct number n = {number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number};
	return store_number(in, f, n, value);
}

static enum wb_err integer_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value)
{
	struct number n;
	enum wb_json_reason reason = read_number(text, len, &n);
	return reason == WB_JSON_NONE ? store_number(in, f, n, value) : refuse(in, reason);
}

static enum wb_err time_text(const struct wb_text_input *in, const char *text, size_t len, void *value)
{
	switch ((int)wb_time_parse(text, len, value)) {
	case WB_OK:
		return WB_OK;
	case WB_ERR_LIMIT:
		return refuse(in, WB_JSON_OUT_OF_RANGE);
	}
	return refuse(in, WB_JSON_BAD_TIME);
}

static enum wb_err enum_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value)
{
	const ProtobufCEnumDescriptor *type = f->descriptor;
	for (unsigned i = 0; i < type->n_values; i++) {
		int number = type->values[i].value;
		const char *name = wb_json_enum_name(type, number);
		if (number != 0 && name && strlen(name) == len && memcmp(name, text, len) == 0) {
			*(int *)value = number;
			return WB_OK;
		}
	}
	return refuse(in, WB_JSON_UNKNOWN_ENUM);
}

static enum wb_err string_text(const struct wb_text_input *in, const char *text, size_t len, char **ret_text)
{
	size_t chars = 0;
	if (!wb_utf8_valid(text, len))
		return refuse(in, WB_JSON_BAD_TEXT);
	for (size_t i = 0; i < len; i++)
		chars += ((unsigned char)text[i] & 0xc0) != 0x80;
	if (chars > in->chars_max)
		return refuse(in, WB_JSON_TOO_LARGE);
	char *copy = wb_arena_copy(in->arena, text, len);
	if (!copy)
		return WB_ERR_MEMORY;
	*ret_text = copy;
	return WB_OK;
}

static enum wb_err personal_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value)
{
	Weibao__V1__Personal *p;
	if (!wb_field_is_personal(f))
		return refuse(in, WB_JSON_WRONG_TYPE);
	if (len > WB_PERSONAL_BYTES_MAX)
		return refuse(in, WB_JSON_TOO_LARGE);
	char *plain;
	enum wb_err err = string_text(in, text, len, &plain);
	if (err)
		return err;
	p = (Weibao__V1__Personal *)wb_message_new(&weibao__v1__personal__descriptor, in->arena);
	if (!p)
		return WB_ERR_MEMORY;
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = plain;
	*(Weibao__V1__Personal **)value = p;
	return WB_OK;
}

static enum wb_err bytes_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value)
{
	ProtobufCBinaryData *b = value;
	struct wb_id id;
	bool is_id = wb_field_is_id(f);
	if (is_id && !wb_id_parse(text, len, &id))
		return refuse(in, WB_JSON_BAD_ID);
	uint8_t *data = wb_arena_alloc(in->arena, is_id ? sizeof id.b : len / 4 * 3 + 3);
	size_t n = sizeof id.b;
	if (!data)
		return WB_ERR_MEMORY;
	if (is_id)
		memcpy(data, id.b, sizeof id.b);
	else if (!wb_unbase64(text, len, data, &n))
		return refuse(in, WB_JSON_BAD_BASE64);
	*b = (ProtobufCBinaryData){.len = n, .data = data};
	return WB_OK;
}

enum wb_err wb_value_from_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return integer_text(in, f, text, len, value);
	case PROTOBUF_C_TYPE_SFIXED64:
		return time_text(in, text, len, value);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_text(in, f, text, len, value);
	case PROTOBUF_C_TYPE_STRING:
		return string_text(in, text, len, value);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_text(in, f, text, len, value);
	case PROTOBUF_C_TYPE_MESSAGE:
		return personal_text(in, f, text, len, value);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_BOOL:
		break;
	}
	return refuse(in, WB_JSON_WRONG_TYPE);
}
