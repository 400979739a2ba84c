/* Fields from path and query parameters (wire/json.h). */
#include "wire/field.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum wb_err refuse(const struct wb_text_input *in, enum wb_json_reason reason)
{
	return wb_json_refuse(in->problem, reason, in->path);
}

static enum wb_err real_param(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, void *value)
{
	char *end = NULL;
	/* strtod alone would take hexadecimal, "inf", "nan" and leading space. */
	if (!text[0] || text[strspn(text, "0123456789+-.eE")] != '\0')
		return refuse(in, WB_JSON_WRONG_TYPE);
	double number = strtod(text, &end);
	if (*end != '\0')
		return refuse(in, WB_JSON_WRONG_TYPE);
	if (!isfinite(number) || (f->type == PROTOBUF_C_TYPE_FLOAT && fabs(number) > (double)FLT_MAX))
		return refuse(in, WB_JSON_OUT_OF_RANGE);
	if (f->type == PROTOBUF_C_TYPE_FLOAT)
		*(float *)value = (float)number;
	else
		*(double *)value = number;
	return WB_OK;
}

static enum wb_err param_value(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, void *value)
{
	if (f->type == PROTOBUF_C_TYPE_FLOAT || f->type == PROTOBUF_C_TYPE_DOUBLE)
		return real_param(in, f, text, value);
	if (f->type != PROTOBUF_C_TYPE_BOOL)
		return wb_value_from_text(in, f, text, strlen(text), value);
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(in, WB_JSON_WRONG_TYPE);
	*(protobuf_c_boolean *)value = text[0] == 't';
	return WB_OK;
}

/* The array's capacity is not known, so it is copied each time; the arena's cap bounds that. */
static enum wb_err append(
        const struct wb_text_input *in, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const char *text)
{
	size_t n = wb_field_count(m, f), size = wb_field_size(f);
	const void *old = n ? wb_field_value(m, f, 0) : NULL;
	uint64_t value[sizeof(ProtobufCBinaryData) / sizeof(uint64_t) + 1] = {0};
	(void)wb_path_index(in->path, n);
	enum wb_err err = param_value(in, f, text, value);
	if (err)
		return err;
	uint8_t *values = wb_field_array(m, f, n + 1, in->arena);
	if (!values)
		return WB_ERR_MEMORY;
	if (n)
		memcpy(values, old, n * size);
	memcpy(values + n * size, value, size);
	return WB_OK;
}

static enum wb_err set(
        const struct wb_text_input *in, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const char *text)
{
	if (wb_field_is_repeated(f))
		return append(in, m, f, text);
	if (wb_field_other_case(m, f))
		return refuse(in, WB_JSON_CONFLICT);
	/* The value first: a refused one leaves the message as it was. */
	uint64_t value[sizeof(ProtobufCBinaryData) / sizeof(uint64_t) + 1] = {0};
	enum wb_err err = param_value(in, f, text, value);
	if (err)
		return err;
	memcpy(wb_field_set(m, f), value, wb_field_size(f));
	return WB_OK;
}

/* Set already, as far as it can be seen: a required number or bool is never known to be. */
static bool seen_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (wb_field_is_repeated(f) || !wb_field_present(m, f))
		return false;
	if (!wb_field_is_required(f) || f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE)
		return true;
	if (f->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)wb_field_value(m, f, 0))->len > 0;
	return f->type == PROTOBUF_C_TYPE_ENUM && *(const int *)wb_field_value(m, f, 0) != 0;
}

enum wb_err wb_message_set_text(ProtobufCMessage *message, const char *field_name, const char *text,
        struct wb_arena *arena, struct wb_json_problem *ret_problem)
{
	struct wb_path path = {0};
	struct wb_text_input in = {arena, &path, ret_problem, wb_json_outside.text_chars_max};
	const ProtobufCFieldDescriptor *f =
	        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field_name);
	*ret_problem = (struct wb_json_problem){0};
	if (!f) {
		(void)wb_path_name(&path, field_name);
		return refuse(&in, WB_JSON_UNKNOWN_FIELD);
	}
	(void)wb_path_field(&path, f);
	if (seen_set(message, f))
		return refuse(&in, WB_JSON_DUPLICATE);
	return set(&in, message, f, text);
}

static enum wb_err set_param(const struct wb_text_input *in, const struct wb_json_param *param,
        const char *const *later, ProtobufCMessage *m, bool *given)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const ProtobufCFieldDescriptor *f = wb_field_by_json_name(d, param->name);
	bool plain = wb_utf8_valid(param->name, strlen(param->name));
	size_t before = wb_path_name(in->path, plain ? param->name : "?");
	if (!f || wb_name_listed(later, f->name))
		return refuse(in, WB_JSON_UNKNOWN_FIELD);
	if (given[f - d->fields] && !wb_field_is_repeated(f))
		return refuse(in, WB_JSON_DUPLICATE);
	enum wb_err err = set(in, m, f, param->text);
	given[f - d->fields] = true;
	if (!err)
		wb_path_cut(in->path, before);
	return err;
}

enum wb_err wb_json_params_to_message(const struct wb_json_param *params, size_t count,
        const ProtobufCMessageDescriptor *descriptor, const struct wb_json_limits *limits, struct wb_arena *arena,
        ProtobufCMessage **ret_message, struct wb_json_problem *ret_problem)
{
	bool given[WB_MESSAGE_FIELDS_MAX] = {false};
	struct wb_path path = {0};
	struct wb_text_input in = {arena, &path, ret_problem, limits->text_chars_max};
	WB_ASSERT(descriptor->n_fields <= WB_MESSAGE_FIELDS_MAX);
	*ret_problem = (struct wb_json_problem){0};
	ProtobufCMessage *m = wb_message_new(descriptor, arena);
	if (!m)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		enum wb_err err = set_param(&in, &params[i], limits->later, m, given);
		if (err)
			return err;
	}
	enum wb_err err = wb_required_given(descriptor, given, limits->later, &path, ret_problem);
	if (!err)
		*ret_message = m;
	return err;
}
