/* Messages to JSON values (wire/json.h). */
#include "wire/field.h"
#include "wire/time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum wb_err message_json(
        const ProtobufCMessage *m, const struct wb_json_output *out, uint32_t depth, json_t **ret);

static enum wb_err made(json_t *json, json_t **ret)
{
	if (!json)
		return WB_ERR_MEMORY;
	*ret = json;
	return WB_OK;
}

static enum wb_err text_json(const char *text, json_t **ret)
{
	/* protobuf-c packs a NULL string as an empty one. */
	if (!text)
		text = "";
	if (!wb_utf8_valid(text, strlen(text)))
		return WB_ERR_INVALID;
	return made(json_string_nocheck(text), ret);
}

static enum wb_err bytes_json(const ProtobufCFieldDescriptor *f, const ProtobufCBinaryData *b, json_t **ret)
{
	struct wb_id id;
	char id_text[WB_ID_TEXT_BYTES];
	if (wb_field_is_id(f)) {
		if (!wb_id_from_bytes(b->data, b->len, &id))
			return WB_ERR_INVALID;
		wb_id_text(id, id_text);
		return made(json_string_nocheck(id_text), ret);
	}
	/* On the heap for this call only: there is no arena on the way out. */
	char *text = malloc(wb_base64_bytes(b->len));
	if (!text)
		return WB_ERR_MEMORY;
	wb_base64(b->data, b->len, text);
	enum wb_err err = made(json_string_nocheck(text), ret);
	free(text);
	return err;
}

static enum wb_err number_json(const ProtobufCFieldDescriptor *f, const void *v, json_t **ret)
{
	char text[24];
	int64_t number = wb_field_integer(f, v);
	bool is_unsigned = f->type == PROTOBUF_C_TYPE_UINT64 || f->type == PROTOBUF_C_TYPE_FIXED64;
	if (wb_field_size(f) == sizeof(uint32_t))
		return made(json_integer(number), ret);
	if (is_unsigned)
		(void)snprintf(text, sizeof text, "%" PRIu64, (uint64_t)number);
	else
		(void)snprintf(text, sizeof text, "%" PRId64, number);
	return made(json_string_nocheck(text), ret);
}

static enum wb_err enum_json(const ProtobufCFieldDescriptor *f, const void *v, json_t **ret)
{
	int number = *(const int *)v;
	const char *name = wb_json_enum_name(f->descriptor, number);
	return made(name ? json_string_nocheck(name) : json_integer(number), ret);
}

static enum wb_err real_json(double number, json_t **ret)
{
	return isfinite(number) ? made(json_real(number), ret) : WB_ERR_INVALID;
}

static enum wb_err time_json(int64_t unix_us, json_t **ret)
{
	char text[WB_TIME_TEXT_BYTES];
	if (wb_time_text(unix_us, text))
		return WB_ERR_INVALID;
	return made(json_string_nocheck(text), ret);
}

static enum wb_err personal_json(const Weibao__V1__Personal *p, const struct wb_json_output *out, json_t **ret)
{
	switch ((int)p->value_case) {
	case WEIBAO__V1__PERSONAL__VALUE_PLAIN:
		return text_json(p->plain, ret);
	case WEIBAO__V1__PERSONAL__VALUE_BOX:
		return out->show_sealed ? made(json_pack("{s:b}", "sealed", 1), ret) : WB_ERR_CRYPTO;
	case WEIBAO__V1__PERSONAL__VALUE_ERASED:
		if (!p->erased)
			return WB_ERR_INVALID;
		bool english = out->language == WEIBAO__V1__LANGUAGE__LANGUAGE_EN;
		return made(json_string(english ? WB_ERASED_TEXT_EN : WB_ERASED_TEXT_ZH), ret);
	}
	return WB_ERR_INVALID;
}

static enum wb_err sub_json(const ProtobufCMessage *m, const struct wb_json_output *out, uint32_t depth, json_t **ret)
{
	if (!m)
		return WB_ERR_INVALID;
	if (wb_message_is_personal(m->descriptor))
		return personal_json((const Weibao__V1__Personal *)m, out, ret);
	return message_json(m, out, depth, ret);
}

static enum wb_err value_json(const ProtobufCFieldDescriptor *f, const void *v, const struct wb_json_output *out,
        uint32_t depth, json_t **ret)
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
		return number_json(f, v, ret);
	case PROTOBUF_C_TYPE_SFIXED64:
		return time_json(*(const int64_t *)v, ret);
	case PROTOBUF_C_TYPE_FLOAT:
		return real_json((double)*(const float *)v, ret);
	case PROTOBUF_C_TYPE_DOUBLE:
		return real_json(*(const double *)v, ret);
	case PROTOBUF_C_TYPE_BOOL:
		return made(json_boolean(*(const protobuf_c_boolean *)v), ret);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_json(f, v, ret);
	case PROTOBUF_C_TYPE_STRING:
		return text_json(*(const char *const *)v, ret);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_json(f, v, ret);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sub_json(*(const ProtobufCMessage *const *)v, out, depth + 1, ret);
	}
	return WB_ERR_INVALID;
}

static enum wb_err array_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
        const struct wb_json_output *out, uint32_t depth, json_t **ret)
{
	json_t *array = json_array();
	enum wb_err err = array ? WB_OK : WB_ERR_MEMORY;
	size_t n = wb_field_count(m, f);
	for (size_t i = 0; i < n && !err; i++) {
		json_t *element;
		err = value_json(f, wb_field_value(m, f, i), out, depth, &element);
		if (!err && json_array_append_new(array, element) != 0)
			err = WB_ERR_MEMORY;
	}
	if (err)
		json_decref(array);
	else
		*ret = array;
	return err;
}

static enum wb_err field_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
        const struct wb_json_output *out, uint32_t depth, json_t *object)
{
	char name[WB_JSON_PATH_BYTES];
	json_t *value = NULL;
	enum wb_err err = WB_OK;
	if (!wb_json_name(f, name, sizeof name))
		return WB_ERR_LIMIT;
	if (wb_field_is_repeated(f))
		err = array_json(m, f, out, depth + 1, &value);
	else if (wb_field_present(m, f) || wb_field_is_required(f))
		err = value_json(f, wb_field_value(m, f, 0), out, depth, &value);
	if (err || !value)
		return err;
	return json_object_set_new_nocheck(object, name, value) == 0 ? WB_OK : WB_ERR_MEMORY;
}

static enum wb_err message_json(
        const ProtobufCMessage *m, const struct wb_json_output *out, uint32_t depth, json_t **ret)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	if (depth > WB_JSON_DEPTH_MAX)
		return WB_ERR_LIMIT;
	json_t *object = json_object();
	enum wb_err err = object ? WB_OK : WB_ERR_MEMORY;
	for (unsigned i = 0; i < d->n_fields && !err; i++)
		err = field_json(m, &d->fields[i], out, depth, object);
	if (err)
		json_decref(object);
	else
		*ret = object;
	return err;
}

enum wb_err wb_message_to_json(const ProtobufCMessage *message, const struct wb_json_output *output, json_t **ret_json)
{
	static const struct wb_json_output usual;
	return message_json(message, output ? output : &usual, 1, ret_json);
}

enum wb_err wb_message_to_json_text(
        const ProtobufCMessage *message, const struct wb_json_output *output, struct wb_arena *arena, char **ret_text)
{
	json_t *json;
	enum wb_err err = wb_message_to_json(message, output, &json);
	if (err != WB_OK)
		return err;
	char *text = json_dumps(json, JSON_COMPACT);
	char *kept = text ? wb_arena_str(arena, text) : NULL;
	free(text);
	json_decref(json);
	if (!kept)
		return WB_ERR_MEMORY;
	*ret_text = kept;
	return WB_OK;
}
