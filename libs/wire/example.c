/* Example messages for the API's description (wire/schema.h). */
#include "wire/field.h"
#include "wire/schema.h"

#include <string.h>

#define FULL_LEVELS 6

/* What a text field of that name may hold; the first whose ending fits the field's name. */
static const struct {
	const char *ending, *text;
} texts[] = {
        {"zone", "Asia/Shanghai"},
        {"email", "zhang.wei@example.com"},
        {"extension", "8012"},
        {"hotline_numbers", "400 810 0000"},
        {"number", "010 5555 0123"},
        {"address", "北京市海淀区中关村大街 1 号 3 层 305"},
        {"_on", "2026-11-23"},
        {"_from", "2026-01-01"},
        {"_until", "2026-12-31"},
        {"date", "2026-11-23"},
        {"month", "2026-11"},
        {"model", "ThinkCentre M70q"},
        {"serial", "PF3K8Q2T"},
        {"asset_number", "BJ-00417"},
        {"code", "BJ01"},
        {"category", "HARDWARE"},
        {"name", "张伟"},
        {"summary", "电脑开机后蓝屏"},
        {"description", "电脑开机后蓝屏,重启三次仍然如此"},
        {"reason", "客户要求"},
        {"note", "请先电话联系"},
        {"language", "zh"},
        {"url", "https://example.com/hooks/weibao"},
};

static json_t *message_example(const ProtobufCMessageDescriptor *d, unsigned level);

static const char *text_of(const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t k = strlen(texts[i].ending);
		if (n >= k && strcmp(name + n - k, texts[i].ending) == 0)
			return texts[i].text;
	}
	return "text";
}

static json_t *enum_example(const ProtobufCEnumDescriptor *type)
{
	for (unsigned i = 0; i < type->n_values; i++)
		if (type->values[i].value != 0)
			return json_string(wb_json_enum_name(type, type->values[i].value));
	return NULL;
}

static json_t *bytes_example(const ProtobufCFieldDescriptor *f)
{
	char text[WB_ID_TEXT_BYTES];
	if (!wb_field_is_id(f))
		return json_string("d2VpYmFv");
	/* Of a name without its plural s, so that officeIds holds the same office as officeId. */
	size_t len = strlen(f->name) - (wb_field_is_repeated(f) && f->name[strlen(f->name) - 1] == 's' ? 1 : 0);
	wb_id_text(wb_id_of("example", f->name, len), text);
	return json_string(text);
}

static json_t *value_example(const ProtobufCFieldDescriptor *f, unsigned level)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(1);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return json_string("1");
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_string("2026-11-23T01:02:03Z");
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_real(0.5);
	case PROTOBUF_C_TYPE_BOOL:
		return json_true();
	case PROTOBUF_C_TYPE_ENUM:
		return enum_example(f->descriptor);
	case PROTOBUF_C_TYPE_STRING:
		return json_string(text_of(f->name));
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_example(f);
	case PROTOBUF_C_TYPE_MESSAGE:
		return wb_field_is_personal(f) ? json_string(text_of(f->name))
		                               : message_example(f->descriptor, level + 1);
	}
	return NULL;
}

static bool shown(const ProtobufCMessageDescriptor *d, unsigned index, unsigned level)
{
	const ProtobufCFieldDescriptor *f = &d->fields[index];
	if (wb_field_is_required(f))
		return true;
	if (level >= FULL_LEVELS)
		return false;
	for (unsigned i = 0; i < index && wb_field_is_oneof(f); i++)
		if (wb_field_is_oneof(&d->fields[i]) && d->fields[i].quantifier_offset == f->quantifier_offset)
			return false;
	return true;
}

static json_t *field_example(const ProtobufCFieldDescriptor *f, unsigned level)
{
	json_t *value = value_example(f, level);
	return wb_field_is_repeated(f) ? json_pack("[o]", value) : value;
}

static json_t *message_example(const ProtobufCMessageDescriptor *d, unsigned level)
{
	char name[WB_JSON_PATH_BYTES];
	json_t *object = json_object();
	for (unsigned i = 0; i < d->n_fields && object; i++) {
		if (!shown(d, i, level))
			continue;
		bool named = wb_json_name(&d->fields[i], name, sizeof name);
		if (!named || json_object_set_new(object, name, field_example(&d->fields[i], level)) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *wb_json_example(const ProtobufCMessageDescriptor *descriptor)
{
	return message_example(descriptor, 1);
}
