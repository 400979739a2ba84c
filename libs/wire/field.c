#include "wire/field.h"

#include <stdio.h>
#include <string.h>

#define AT(m, off) ((void *)((uint8_t *)(m) + (off)))
#define AT_CONST(m, off) ((const void *)((const uint8_t *)(m) + (off)))

bool wb_field_is_oneof(const ProtobufCFieldDescriptor *f)
{
	return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

bool wb_field_is_repeated(const ProtobufCFieldDescriptor *f)
{
	return f->label == PROTOBUF_C_LABEL_REPEATED;
}

bool wb_field_is_required(const ProtobufCFieldDescriptor *f)
{
	return f->label == PROTOBUF_C_LABEL_REQUIRED;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

bool wb_field_is_id(const ProtobufCFieldDescriptor *f)
{
	if (f->type != PROTOBUF_C_TYPE_BYTES)
		return false;
	if (wb_field_is_repeated(f) && (strcmp(f->name, "ids") == 0 || ends_with(f->name, "_ids")))
		return true;
	return strcmp(f->name, "id") == 0 || ends_with(f->name, "_id");
}

bool wb_message_is_personal(const ProtobufCMessageDescriptor *d)
{
	return d == &weibao__v1__personal__descriptor;
}

bool wb_field_is_personal(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_MESSAGE && wb_message_is_personal(f->descriptor);
}

size_t wb_field_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_FLOAT:
		return sizeof(float);
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(double);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	}
	wb_assert_failed("a field of a known type", __FILE__, __LINE__);
}

static uint32_t oneof_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return *(const uint32_t *)AT_CONST(m, f->quantifier_offset);
}

bool wb_field_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (wb_field_is_oneof(f) && oneof_case(m, f) != f->id)
		return false;
	const void *v = AT_CONST(m, f->offset);
	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
		const void *p = *(const void *const *)v;
		bool may_default = f->label == PROTOBUF_C_LABEL_OPTIONAL && !wb_field_is_oneof(f);
		return p && (!may_default || p != f->default_value);
	}
	if (f->label == PROTOBUF_C_LABEL_OPTIONAL && !wb_field_is_oneof(f))
		return *(const protobuf_c_boolean *)AT_CONST(m, f->quantifier_offset) != 0;
	return true;
}

size_t wb_field_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (wb_field_is_repeated(f))
		return *(const size_t *)AT_CONST(m, f->quantifier_offset);
	return wb_field_present(m, f) ? 1 : 0;
}

const void *wb_field_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i)
{
	const void *v = AT_CONST(m, f->offset);
	if (!wb_field_is_repeated(f))
		return v;
	return AT_CONST(*(const void *const *)v, i * wb_field_size(f));
}

uint32_t wb_field_other_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	uint32_t now = wb_field_is_oneof(f) ? oneof_case(m, f) : 0;
	return now == f->id ? 0 : now;
}

void *wb_field_set(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	void *v = AT(m, f->offset);
	if (wb_field_is_oneof(f)) {
		*(uint32_t *)AT(m, f->quantifier_offset) = f->id;
		memset(v, 0, wb_field_size(f));
	} else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING &&
	           f->type != PROTOBUF_C_TYPE_MESSAGE) {
		*(protobuf_c_boolean *)AT(m, f->quantifier_offset) = 1;
	}
	return v;
}

void *wb_field_array(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t n, struct wb_arena *arena)
{
	void *array = n ? wb_arena_array(arena, n, wb_field_size(f)) : NULL;
	if (!array)
		return NULL;
	*(void **)AT(m, f->offset) = array;
	*(size_t *)AT(m, f->quantifier_offset) = n;
	return array;
}

int64_t wb_field_integer(const ProtobufCFieldDescriptor *f, const void *v)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return *(const int32_t *)v;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return *(const uint32_t *)v;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return *(const int64_t *)v;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	wb_assert_failed("an integer field", __FILE__, __LINE__);
}

bool wb_enum_known(const ProtobufCEnumDescriptor *type, int64_t number)
{
	return number >= INT32_MIN && number <= INT32_MAX &&
	       protobuf_c_enum_descriptor_get_value(type, (int)number) != NULL;
}

const char *wb_json_enum_name(const ProtobufCEnumDescriptor *type, int number)
{
	static const char none[] = "UNSPECIFIED";
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
	const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(type, 0);
	if (!value)
		return NULL;
	/* The prefix is what stands before UNSPECIFIED; an enum without that value is shown in full. */
	size_t prefix = zero && ends_with(zero->name, none) ? strlen(zero->name) - (sizeof none - 1) : 0;
	return strncmp(value->name, zero ? zero->name : "", prefix) == 0 ? value->name + prefix : value->name;
}

bool wb_json_name(const ProtobufCFieldDescriptor *field, char *ret_name, size_t size)
{
	size_t n = 0;
	bool upper = false;
	for (const char *s = field->name; *s; s++) {
		if (*s == '_') {
			upper = true;
			continue;
		}
		if (n + 1 >= size)
			return false;
		ret_name[n++] = upper && *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
		upper = false;
	}
	if (n >= size)
		return false;
	ret_name[n] = '\0';
	return true;
}

const ProtobufCFieldDescriptor *wb_field_by_json_name(const ProtobufCMessageDescriptor *d, const char *name)
{
	char own[WB_JSON_PATH_BYTES];
	for (unsigned i = 0; i < d->n_fields; i++)
		if (wb_json_name(&d->fields[i], own, sizeof own) && strcmp(own, name) == 0)
			return &d->fields[i];
	return NULL;
}

bool wb_name_listed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

ProtobufCMessage *wb_message_new(const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena)
{
	ProtobufCMessage *m = wb_arena_alloc(arena, descriptor->sizeof_message);
	if (m)
		protobuf_c_message_init(descriptor, m);
	return m;
}

static void path_append(struct wb_path *path, const char *text, size_t len)
{
	size_t room = sizeof path->text - 1 - path->len;
	if (len > room) {
		/* Cut before a character, never within one. */
		for (len = room; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	}
	memcpy(path->text + path->len, text, len);
	path->len += len;
	path->text[path->len] = '\0';
}

size_t wb_path_name(struct wb_path *path, const char *name)
{
	size_t before = path->len;
	if (before)
		path_append(path, ".", 1);
	path_append(path, name, strlen(name));
	return before;
}

size_t wb_path_field(struct wb_path *path, const ProtobufCFieldDescriptor *field)
{
	char name[WB_JSON_PATH_BYTES];
	return wb_path_name(path, wb_json_name(field, name, sizeof name) ? name : field->name);
}

size_t wb_path_index(struct wb_path *path, size_t index)
{
	char text[32];
	size_t before = path->len;
	int n = snprintf(text, sizeof text, "[%zu]", index);
	path_append(path, text, (size_t)n);
	return before;
}

void wb_path_cut(struct wb_path *path, size_t len)
{
	path->len = len;
	path->text[len] = '\0';
}
