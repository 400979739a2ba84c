/* JSON values to messages (wire/json.h). */
#include "wire/field.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct input {
	struct wb_text_input text; /* where we are, and what texts need */
	uint32_t depth_max;
};

static enum wb_err read_message(const struct input *in, const json_t *json, const ProtobufCMessageDescriptor *d,
        const char *const *later, uint32_t depth, ProtobufCMessage **ret_message);

static enum wb_err refuse(const struct input *in, enum wb_json_reason reason)
{
	return wb_json_refuse(in->text.problem, reason, in->text.path);
}

static bool is_real(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_FLOAT || f->type == PROTOBUF_C_TYPE_DOUBLE;
}

static enum wb_err read_real(const struct input *in, const ProtobufCFieldDescriptor *f, double number, void *value)
{
	if (!isfinite(number) || (f->type == PROTOBUF_C_TYPE_FLOAT && fabs(number) > (double)FLT_MAX))
		return refuse(in, WB_JSON_OUT_OF_RANGE);
	if (f->type == PROTOBUF_C_TYPE_FLOAT)
		*(float *)value = (float)number;
	else
		*(double *)value = number;
	return WB_OK;
}

static enum wb_err read_value(
        const struct input *in, const json_t *json, const ProtobufCFieldDescriptor *f, uint32_t depth, void *value)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE && !wb_field_is_personal(f))
		return read_message(in, json, f->descriptor, NULL, depth + 1, value);
	switch (json_typeof(json)) {
	case JSON_STRING:
		return wb_value_from_text(&in->text, f, json_string_value(json), json_string_length(json), value);
	case JSON_INTEGER:
		if (is_real(f))
			return read_real(in, f, (double)json_integer_value(json), value);
		return wb_value_from_integer(&in->text, f, json_integer_value(json), value);
	case JSON_REAL:
		return is_real(f) ? read_real(in, f, json_real_value(json), value) : refuse(in, WB_JSON_WRONG_TYPE);
	case JSON_TRUE:
	case JSON_FALSE:
		if (f->type != PROTOBUF_C_TYPE_BOOL)
			return refuse(in, WB_JSON_WRONG_TYPE);
		*(protobuf_c_boolean *)value = json_is_true(json);
		return WB_OK;
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_NULL:
		break;
	}
	return refuse(in, WB_JSON_WRONG_TYPE);
}

static enum wb_err read_array(const struct input *in, const json_t *json, const ProtobufCFieldDescriptor *f,
        uint32_t depth, ProtobufCMessage *m)
{
	if (!json_is_array(json))
		return refuse(in, WB_JSON_WRONG_TYPE);
	if (depth > in->depth_max)
		return refuse(in, WB_JSON_TOO_DEEP);
	size_t n = json_array_size(json), size = wb_field_size(f);
	if (n == 0)
		return WB_OK;
	uint8_t *values = wb_field_array(m, f, n, in->text.arena);
	if (!values)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		size_t before = wb_path_index(in->text.path, i);
		enum wb_err err = read_value(in, json_array_get(json, i), f, depth, values + i * size);
		if (err)
			return err;
		wb_path_cut(in->text.path, before);
	}
	return WB_OK;
}

static enum wb_err read_field(const struct input *in, const json_t *json, const ProtobufCFieldDescriptor *f,
        uint32_t depth, ProtobufCMessage *m)
{
	if (wb_field_is_repeated(f))
		return read_array(in, json, f, depth + 1, m);
	if (wb_field_other_case(m, f))
		return refuse(in, WB_JSON_CONFLICT);
	return read_value(in, json, f, depth, wb_field_set(m, f));
}

static enum wb_err read_message(const struct input *in, const json_t *json, const ProtobufCMessageDescriptor *d,
        const char *const *later, uint32_t depth, ProtobufCMessage **ret_message)
{
	bool given[WB_MESSAGE_FIELDS_MAX] = {false};
	const char *key;
	json_t *member;
	WB_ASSERT(d->n_fields <= WB_MESSAGE_FIELDS_MAX);
	if (!json_is_object(json))
		return refuse(in, WB_JSON_WRONG_TYPE);
	if (depth > in->depth_max)
		return refuse(in, WB_JSON_TOO_DEEP);
	ProtobufCMessage *m = wb_message_new(d, in->text.arena);
	if (!m)
		return WB_ERR_MEMORY;
	/* jansson's iterators want a pointer to non-const, but change nothing. */
	json_object_foreach((json_t *)json, key, member)
	{
		size_t before = wb_path_name(in->text.path, key);
		const ProtobufCFieldDescriptor *f = wb_field_by_json_name(d, key);
		if (!f || wb_name_listed(later, f->name))
			return refuse(in, WB_JSON_UNKNOWN_FIELD);
		if (!json_is_null(member)) {
			enum wb_err err = read_field(in, member, f, depth, m);
			if (err)
				return err;
			given[f - d->fields] = true;
		}
		wb_path_cut(in->text.path, before);
	}
	enum wb_err err = wb_required_given(d, given, later, in->text.path, in->text.problem);
	if (!err)
		*ret_message = m;
	return err;
}

enum wb_err wb_json_to_message(const json_t *json, const ProtobufCMessageDescriptor *descriptor,
        const struct wb_json_limits *limits, struct wb_arena *arena, ProtobufCMessage **ret_message,
        struct wb_json_problem *ret_problem)
{
	struct wb_path path = {0};
	struct input in = {
	        .text = {.arena = arena, .path = &path, .problem = ret_problem, .chars_max = limits->text_chars_max},
	        .depth_max = limits->depth_max < WB_JSON_DEPTH_MAX ? limits->depth_max : WB_JSON_DEPTH_MAX,
	};
	*ret_problem = (struct wb_json_problem){0};
	return read_message(&in, json, descriptor, limits->later, 1, ret_message);
}

enum wb_err wb_json_text_to_message(struct wb_bytes text, const ProtobufCMessageDescriptor *descriptor,
        const struct wb_json_limits *limits, struct wb_arena *arena, ProtobufCMessage **ret_message,
        struct wb_json_problem *ret_problem)
{
	json_t *json = NULL;
	enum wb_err err = wb_json_parse(text, limits, &json, ret_problem);
	if (!err)
		err = wb_json_to_message(json, descriptor, limits, arena, ret_message, ret_problem);
	json_decref(json);
	return err;
}
