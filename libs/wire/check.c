/* Reasons, and the check of a message in memory. */
#include "wire/field.h"

#include <string.h>

const char *wb_json_reason_name(enum wb_json_reason reason)
{
	switch (reason) {
#define X(name, text)                                                                                                  \
	case WB_JSON_##name:                                                                                           \
		return #name;
		WB_JSON_REASONS(X)
#undef X
	}
	return "NONE";
}

const char *wb_json_reason_text(enum wb_json_reason reason)
{
	switch (reason) {
#define X(name, text)                                                                                                  \
	case WB_JSON_##name:                                                                                           \
		return text;
		WB_JSON_REASONS(X)
#undef X
	}
	return "no problem";
}

enum wb_err wb_json_refuse(struct wb_json_problem *p, enum wb_json_reason reason, const struct wb_path *path)
{
	*p = (struct wb_json_problem){.reason = reason};
	memcpy(p->path, path->text, path->len + 1);
	return reason == WB_JSON_TOO_DEEP || reason == WB_JSON_TOO_LARGE ? WB_ERR_LIMIT : WB_ERR_INVALID;
}

enum wb_err wb_required_given(const ProtobufCMessageDescriptor *d, const bool *given, const char *const *later,
        struct wb_path *path, struct wb_json_problem *p)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if (!wb_field_is_required(f) || given[i] || wb_name_listed(later, f->name))
			continue;
		(void)wb_path_field(path, f);
		return wb_json_refuse(p, WB_JSON_MISSING, path);
	}
	return WB_OK;
}

static enum wb_json_reason check_scalar(const ProtobufCFieldDescriptor *f, const void *v)
{
	bool required = wb_field_is_required(f);
	if (f->type == PROTOBUF_C_TYPE_STRING) {
		const char *s = *(const char *const *)v;
		if (!s)
			return WB_JSON_MISSING;
		return wb_utf8_valid(s, strlen(s)) ? WB_JSON_NONE : WB_JSON_BAD_TEXT;
	}
	if (f->type == PROTOBUF_C_TYPE_ENUM && *(const int *)v == 0)
		return required ? WB_JSON_MISSING : WB_JSON_UNKNOWN_ENUM;
	if (f->type == PROTOBUF_C_TYPE_BYTES) {
		const ProtobufCBinaryData *b = v;
		if (b->len && !b->data)
			return WB_JSON_MISSING;
		if (wb_field_is_id(f) && b->len != WB_ID_BYTES)
			return required && !b->len ? WB_JSON_MISSING : WB_JSON_BAD_ID;
	}
	return WB_JSON_NONE;
}

static enum wb_err check_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, uint32_t depth,
        struct wb_path *path, struct wb_json_problem *p)
{
	size_t n = wb_field_count(m, f);
	bool pointer = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE;
	if (n == 0 && wb_field_is_required(f) && pointer)
		return wb_json_refuse(p, WB_JSON_MISSING, path);
	for (size_t i = 0; i < n; i++) {
		size_t before = path->len;
		if (wb_field_is_repeated(f))
			before = wb_path_index(path, i);
		const void *v = wb_field_value(m, f, i);
		enum wb_json_reason reason = check_scalar(f, v);
		if (reason != WB_JSON_NONE)
			return wb_json_refuse(p, reason, path);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
			const ProtobufCMessage *sub = *(const ProtobufCMessage *const *)v;
			enum wb_err err = sub ? wb_message_check_at(sub, depth + 1, path, p)
			                      : wb_json_refuse(p, WB_JSON_MISSING, path);
			if (err)
				return err;
		}
		wb_path_cut(path, before);
	}
	return WB_OK;
}

enum wb_err wb_message_check_at(
        const ProtobufCMessage *m, uint32_t depth, struct wb_path *path, struct wb_json_problem *p)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	if (depth > WB_WIRE_DEPTH_MAX)
		return wb_json_refuse(p, WB_JSON_TOO_DEEP, path);
	for (unsigned i = 0; i < d->n_fields; i++) {
		size_t before = wb_path_field(path, &d->fields[i]);
		enum wb_err err = check_field(m, &d->fields[i], depth, path, p);
		if (err)
			return err;
		wb_path_cut(path, before);
	}
	return WB_OK;
}

enum wb_err wb_message_check(const ProtobufCMessage *message, struct wb_json_problem *ret_problem)
{
	struct wb_path path = {0};
	*ret_problem = (struct wb_json_problem){0};
	return wb_message_check_at(message, 1, &path, ret_problem);
}
