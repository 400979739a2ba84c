#include "wire/schema.h"

#include "wire/field.h"

#include <inttypes.h>
#include <string.h>

#define REF_PREFIX "#/components/schemas/"

json_t *wb_schema_ref(const ProtobufCMessageDescriptor *descriptor)
{
	return json_pack("{s:s+}", "$ref", REF_PREFIX, descriptor->short_name);
}

static json_t *integer_schema(json_int_t min, json_int_t max)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", min, "maximum", max);
}

/* As they are written; numbers are accepted as well, but a client that follows the schema never loses digits. */
static json_t *integer_text_schema(const char *format, const char *pattern)
{
	return json_pack("{s:s, s:s, s:s}", "type", "string", "format", format, "pattern", pattern);
}

static json_t *enum_schema(const ProtobufCEnumDescriptor *type)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < type->n_values && names; i++) {
		int number = type->values[i].value;
		if (number == 0)
			continue;
		if (json_array_append_new(names, json_string(wb_json_enum_name(type, number))) != 0) {
			json_decref(names);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

static json_t *text_schema(void)
{
	return json_pack("{s:s, s:i}", "type", "string", "maxLength", (int)WB_TEXT_CHARS_MAX);
}

static json_t *value_schema(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return integer_schema(INT32_MIN, INT32_MAX);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return integer_schema(0, UINT32_MAX);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
		return integer_text_schema("int64", "^-?(0|[1-9][0-9]{0,18})$");
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return integer_text_schema("uint64", "^(0|[1-9][0-9]{0,19})$");
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
	case PROTOBUF_C_TYPE_FLOAT:
		return json_pack("{s:s, s:s}", "type", "number", "format", "float");
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_pack("{s:s, s:s}", "type", "number", "format", "double");
	case PROTOBUF_C_TYPE_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case PROTOBUF_C_TYPE_ENUM:
		return enum_schema(f->descriptor);
	case PROTOBUF_C_TYPE_STRING:
		return text_schema();
	case PROTOBUF_C_TYPE_BYTES:
		if (wb_field_is_id(f))
			return json_pack("{s:s, s:s}", "type", "string", "format", "uuid");
		return json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");
	case PROTOBUF_C_TYPE_MESSAGE:
		return wb_field_is_personal(f) ? text_schema() : wb_schema_ref(f->descriptor);
	}
	return NULL;
}

json_t *wb_schema_field(const ProtobufCFieldDescriptor *field)
{
	json_t *value = value_schema(field);
	if (!wb_field_is_repeated(field))
		return value;
	return json_pack("{s:s, s:o}", "type", "array", "items", value);
}

/* The first field of each oneof stands for it. */
static bool leads_oneof(const ProtobufCMessageDescriptor *d, unsigned index)
{
	const ProtobufCFieldDescriptor *f = &d->fields[index];
	if (!wb_field_is_oneof(f))
		return false;
	for (unsigned i = 0; i < index; i++)
		if (wb_field_is_oneof(&d->fields[i]) && d->fields[i].quantifier_offset == f->quantifier_offset)
			return false;
	return true;
}

/* At most one: each case alone, or none of them. */
static json_t *oneof_schema(const ProtobufCMessageDescriptor *d, unsigned first)
{
	char name[WB_JSON_PATH_BYTES];
	json_t *choices = json_array(), *any = json_array();
	bool ok = choices && any;
	for (unsigned i = first; i < d->n_fields && ok; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if (!wb_field_is_oneof(f) || f->quantifier_offset != d->fields[first].quantifier_offset)
			continue;
		ok = wb_json_name(f, name, sizeof name);
		json_t *one = ok ? json_pack("{s:[s]}", "required", name) : NULL;
		ok = ok && json_array_append(choices, one) == 0 && json_array_append(any, one) == 0;
		json_decref(one);
	}
	json_t *none = ok ? json_pack("{s:{s:O}}", "not", "anyOf", any) : NULL;
	json_decref(any);
	ok = ok && json_array_append_new(choices, none) == 0;
	if (!ok) {
		json_decref(choices);
		return NULL;
	}
	return json_pack("{s:o}", "oneOf", choices);
}

static bool fill_message(const ProtobufCMessageDescriptor *d, json_t *properties, json_t *required, json_t *conditions)
{
	char name[WB_JSON_PATH_BYTES];
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if (!wb_json_name(f, name, sizeof name))
			return false;
		if (json_object_set_new(properties, name, wb_schema_field(f)) != 0)
			return false;
		if (wb_field_is_required(f) && json_array_append_new(required, json_string(name)) != 0)
			return false;
		if (leads_oneof(d, i) && json_array_append_new(conditions, oneof_schema(d, i)) != 0)
			return false;
	}
	return true;
}

json_t *wb_schema_message(const ProtobufCMessageDescriptor *descriptor)
{
	json_t *schema = NULL, *properties = json_object(), *required = json_array(), *conditions = json_array();
	if (wb_message_is_personal(descriptor)) {
		schema = text_schema();
		goto out;
	}
	if (!properties || !required || !conditions || !fill_message(descriptor, properties, required, conditions))
		goto out;
	schema = json_pack("{s:s, s:b, s:O}", "type", "object", "additionalProperties", 0, "properties", properties);
	if (!schema)
		goto out;
	bool ok = json_array_size(required) == 0 || json_object_set(schema, "required", required) == 0;
	ok = ok && (json_array_size(conditions) == 0 || json_object_set(schema, "allOf", conditions) == 0);
	if (!ok) {
		json_decref(schema);
		schema = NULL;
	}
out:
	json_decref(properties);
	json_decref(required);
	json_decref(conditions);
	return schema;
}

enum wb_err wb_schema_add(json_t *schemas, const ProtobufCMessageDescriptor *descriptor)
{
	if (wb_message_is_personal(descriptor) || json_object_get(schemas, descriptor->short_name))
		return WB_OK;
	/* Put in before what it refers to: that ends a cycle. */
	if (json_object_set_new(schemas, descriptor->short_name, wb_schema_message(descriptor)) != 0)
		return WB_ERR_MEMORY;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		enum wb_err err = wb_schema_add(schemas, descriptor->fields[i].descriptor);
		if (err)
			return err;
	}
	return WB_OK;
}
