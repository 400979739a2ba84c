/*
 * The values of an event by their JSON paths ("place.officeName", "signature.signerName"): what timelines and exports
 * show. Texts as the JSON mapping writes them; what is personal stays sealed and is opened with the answer.
 */
#include "proto/registry.h"
#include "services/reporting/query.h"
#include "wire/json.h"
#include "wire/time.h"
#include "wire/unpack.h"

#include <string.h>

#define DEPTH_MAX 4u
#define VALUES_MAX 4000u
#define BRIEF_VALUES_MAX 40u
#define NAME_BYTES 200

struct values {
	struct wb_arena *arena;
	Weibao__V1__EventValue **rows;
	size_t n, cap;
	bool brief;
};

static Weibao__V1__EventValue *value_new(struct values *v, const char *name)
{
	if (v->n == (v->brief ? BRIEF_VALUES_MAX : VALUES_MAX))
		return NULL;
	if (v->n == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 16;
		Weibao__V1__EventValue **rows = WB_ARENA_ARRAY(v->arena, Weibao__V1__EventValue *, cap);
		if (!rows)
			return NULL;
		if (v->n)
			memcpy(rows, v->rows, v->n * sizeof *rows);
		v->rows = rows;
		v->cap = cap;
	}
	Weibao__V1__EventValue *row = WB_ARENA_NEW(v->arena, Weibao__V1__EventValue);
	if (!row)
		return NULL;
	weibao__v1__event_value__init(row);
	row->name = wb_arena_str(v->arena, name);
	if (!row->name)
		return NULL;
	v->rows[v->n++] = row;
	return row;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_id(const char *name)
{
	return strcmp(name, "id") == 0 || ends_with(name, "_id") || ends_with(name, "_ids");
}

/* What a person reading the timeline has no use for. */
static bool is_noise(const ProtobufCFieldDescriptor *f)
{
	if (f->type == PROTOBUF_C_TYPE_BYTES)
		return !is_id(f->name) || strcmp(f->name, "ticket_id") == 0;
	return strcmp(f->name, "nonce") == 0 || strcmp(f->name, "generation") == 0;
}

static char *bytes_text(struct wb_arena *a, const ProtobufCFieldDescriptor *f, const ProtobufCBinaryData *b)
{
	char *text = wb_arena_alloc(a, 2 * b->len + WB_ID_TEXT_BYTES);
	if (!text)
		return NULL;
	if (is_id(f->name) && b->len == WB_ID_BYTES)
		wb_id_text(wb_id_of_field(*b), text);
	else
		wb_hex(b->data, b->len, text);
	return text;
}

static char *scalar_text(struct wb_arena *a, const ProtobufCFieldDescriptor *f, const void *at)
{
	char time[WB_TIME_TEXT_BYTES];
	const char *name;
	switch (f->type) {
	case PROTOBUF_C_TYPE_SFIXED64:
		return wb_time_text(*(const int64_t *)at, time) == WB_OK
		               ? wb_arena_str(a, time)
		               : wb_arena_fmt(a, "%lld", (long long)*(const int64_t *)at);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
		return wb_arena_fmt(a, "%lld", (long long)*(const int64_t *)at);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return wb_arena_fmt(a, "%llu", (unsigned long long)*(const uint64_t *)at);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return wb_arena_fmt(a, "%d", *(const int32_t *)at);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return wb_arena_fmt(a, "%u", *(const uint32_t *)at);
	case PROTOBUF_C_TYPE_ENUM:
		name = wb_json_enum_name(f->descriptor, *(const int *)at);
		return name ? wb_arena_str(a, name) : wb_arena_fmt(a, "%d", *(const int *)at);
	case PROTOBUF_C_TYPE_BOOL:
		return wb_arena_str(a, *(const protobuf_c_boolean *)at ? "true" : "false");
	case PROTOBUF_C_TYPE_STRING:
		return wb_arena_str(a, *(char *const *)at);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_text(a, f, at);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE: /* no message of ours has one */
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return NULL;
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	}
	return 0;
}

static void walk(struct values *v, const char *path, const ProtobufCMessage *m, unsigned depth);

static void one(struct values *v, const ProtobufCFieldDescriptor *f, const char *name, const void *at, unsigned depth)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		ProtobufCMessage *inner = *(ProtobufCMessage *const *)at;
		if (!inner)
			return;
		if (inner->descriptor != &weibao__v1__personal__descriptor) {
			walk(v, name, inner, depth + 1);
			return;
		}
		Weibao__V1__EventValue *row = value_new(v, name);
		if (row)
			row->personal = (Weibao__V1__Personal *)inner;
		return;
	}
	char *text = scalar_text(v->arena, f, at);
	Weibao__V1__EventValue *row = text ? value_new(v, name) : NULL;
	if (row)
		row->text = text;
}

static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING)
		return *(void *const *)(const void *)(base + f->offset) != NULL;
	return f->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)(const void *)(base + f->quantifier_offset);
}

static void field(struct values *v, const char *path, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
        unsigned depth)
{
	const char *base = (const char *)m;
	char json[96], *name;
	/* what opens a file is given to who may fetch the file, by who keeps it */
	if (strcmp(f->name, "file_key") == 0 || (v->brief && is_noise(f)) || !wb_json_name(f, json, sizeof json))
		return;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
		const char *all = *(const char *const *)(const void *)(base + f->offset);
		/* what is long (a calendar's transitions) is not for a timeline */
		for (size_t i = 0; i < n && !(v->brief && n > 10); i++) {
			name = wb_arena_fmt(v->arena, "%s%s[%zu]", path, json, i);
			if (name)
				one(v, f, name, all + i * size_of(f->type), depth);
		}
		return;
	}
	if (!is_set(m, f))
		return;
	name = wb_arena_fmt(v->arena, "%s%s", path, json);
	if (name)
		one(v, f, name, base + f->offset, depth);
}

static void walk(struct values *v, const char *path, const ProtobufCMessage *m, unsigned depth)
{
	const char *inner = *path ? wb_arena_fmt(v->arena, "%s.", path) : "";
	if (depth > DEPTH_MAX || !inner || strlen(inner) > NAME_BYTES)
		return;
	for (unsigned i = 0; i < m->descriptor->n_fields; i++)
		field(v, inner, m, &m->descriptor->fields[i], depth);
}

void rp_event_values(struct wb_arena *a, const Weibao__V1__ReadEventRow *row, bool brief, Weibao__V1__EventValue ***ret,
        size_t *ret_n)
{
	const struct wb_message_type *t = wb_message_type_find(row->event_type);
	struct values v = {.arena = a, .brief = brief};
	ProtobufCMessage *m;
	*ret = NULL;
	*ret_n = 0;
	if (!t || wb_unpack(t->descriptor, rp_bytes_of_field(row->payload), a, &wb_unpack_record, &m) != WB_OK)
		return;
	walk(&v, "", m, 0);
	*ret = v.rows;
	*ret_n = v.n;
}
