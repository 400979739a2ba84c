#include "ops/simcell/drive.h"
#include "proto/registry.h"
#include "wire/json.h"
#include "wire/time.h"
#include "wire/unpack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIVE_ARENA ((size_t)128 << 20)
#define BODY_MAX ((size_t)1 << 20)
#define WAIT_US (30 * WB_SECOND_US)

void drive_init(struct drive *d, struct simcell *cell)
{
	*d = (struct drive){.cell = cell, .home = "provider"};
	wb_arena_init(&d->arena, DRIVE_ARENA);
}

void drive_done(struct drive *d)
{
	json_decref(d->answer);
	wb_arena_done(&d->arena);
}

void drive_as(struct drive *d, const char *roles, const char *home, struct wb_id account, struct wb_id person)
{
	d->roles = 0;
	for (const char *p = roles; *p;) {
		size_t n = strcspn(p, "|");
		char name[64];
		(void)snprintf(name, sizeof name, "ROLE_%.*s", (int)n, p);
		const ProtobufCEnumValue *v =
		        protobuf_c_enum_descriptor_get_value_by_name(&weibao__v1__role__descriptor, name);
		WB_ASSERT(v);
		d->roles |= 1u << v->value;
		p += n + (p[n] == '|');
	}
	d->home = home;
	d->account = account;
	d->person = person;
	d->link_purpose = NULL;
}

void drive_as_link(struct drive *d, const char *purpose, struct wb_id id, uint32_t round)
{
	drive_as(d, "LINK", "provider", (struct wb_id){{0}}, (struct wb_id){{0}});
	d->link_purpose = purpose;
	d->link_id = id;
	d->link_round = round;
}

static void fill_principal(struct drive *d, Weibao__V1__Principal *who, Weibao__V1__Role *roles)
{
	weibao__v1__principal__init(who);
	who->account_id = (ProtobufCBinaryData){WB_ID_BYTES, d->account.b};
	who->home = (char *)(uintptr_t)d->home;
	who->roles = roles;
	for (unsigned r = 0; r < 32; r++)
		if (d->roles & (1u << r))
			roles[who->n_roles++] = (Weibao__V1__Role)r;
	who->has_person_id = !wb_id_is_zero(d->person);
	who->person_id = (ProtobufCBinaryData){WB_ID_BYTES, d->person.b};
	who->has_session_id = !wb_id_is_zero(d->session);
	who->session_id = (ProtobufCBinaryData){WB_ID_BYTES, d->session.b};
	if (d->link_purpose) {
		who->link_purpose = (char *)(uintptr_t)d->link_purpose;
		who->has_link_id = true;
		who->link_id = (ProtobufCBinaryData){WB_ID_BYTES, d->link_id.b};
		who->has_link_round = true;
		who->link_round = d->link_round;
	}
}

static json_t *event_json(struct drive *d, const Weibao__V1__AnswerEvent *e)
{
	const struct wb_json_output out = {.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH, .show_sealed = true};
	const struct wb_message_type *t = wb_message_type_find(e->type);
	ProtobufCMessage *m;
	json_t *j = NULL;
	WB_ASSERT(t && wb_unpack(t->descriptor, (struct wb_bytes){e->data.data, e->data.len}, &d->arena,
	                       &wb_unpack_record, &m) == WB_OK);
	WB_ASSERT(wb_message_to_json(m, &out, &j) == WB_OK);
	return json_pack("{s:s,s:s,s:I,s:o}", "type", e->type, "tenant", e->tenant, "version",
	        (json_int_t)e->stream_version, "data", j);
}

static json_t *body_json(struct drive *d, const Weibao__V1__Reply *r)
{
	static const struct wb_unpack_limits limits = {.bytes_max = 8u << 20,
	        .depth_max = 24,
	        .fields_max = WB_INTERNAL_FIELDS_MAX,
	        .mode = WB_UNPACK_LENIENT};
	const struct wb_json_output out = {.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH, .show_sealed = true};
	const struct wb_message_type *t = wb_message_type_find(r->body_type);
	ProtobufCMessage *m;
	json_t *j = NULL;
	WB_ASSERT(t && wb_unpack(t->descriptor, (struct wb_bytes){r->body.data, r->body.len}, &d->arena, &limits, &m) ==
	                       WB_OK);
	if (m->descriptor == &weibao__v1__command_answer__descriptor) {
		const Weibao__V1__CommandAnswer *a = (const Weibao__V1__CommandAnswer *)m;
		json_t *events = json_array();
		for (size_t i = 0; i < a->n_events; i++)
			json_array_append_new(events, event_json(d, a->events[i]));
		return json_pack("{s:o}", "events", events);
	}
	WB_ASSERT(wb_message_to_json(m, &out, &j) == WB_OK);
	return j;
}

static void take_reply(struct drive *d, const Weibao__V1__Reply *r)
{
	(void)snprintf(d->code, sizeof d->code, "%s", r ? (r->code ? r->code : "") : "NO_ANSWER");
	(void)snprintf(d->path, sizeof d->path, "%s", r && r->n_fields ? r->fields[0]->path : "");
	if (!r || r->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK)
		return;
	d->position = r->position;
	d->version = r->version;
	d->answer = body_json(d, r);
}

static json_t *drive_text_body(
        struct drive *d, const char *service, const char *tenant, const char *message, const char *text)
{
	struct wb_json_limits limits = wb_json_outside;
	struct wb_json_problem problem;
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who;
	Weibao__V1__Role roles[32];
	const struct wb_message_type *t = wb_message_type_find(message);
	struct wb_bytes body;
	ProtobufCMessage *m;
	WB_ASSERT(t);
	json_decref(d->answer);
	d->answer = NULL;
	wb_arena_reset(&d->arena);
	limits.bytes_max = BODY_MAX;
	if (wb_json_text_to_message(wb_bytes_str(text), t->descriptor, &limits, &d->arena, &m, &problem) != WB_OK) {
		(void)snprintf(d->code, sizeof d->code, "%s", wb_json_reason_name(problem.reason));
		(void)snprintf(d->path, sizeof d->path, "%.*s", (int)sizeof d->path - 1, problem.path);
		return NULL;
	}
	WB_ASSERT(wb_pack(m, &d->arena, &body) == WB_OK);
	fill_principal(d, &who, roles);
	q.operation = (char *)(uintptr_t)message;
	q.tenant = (char *)(uintptr_t)tenant;
	q.principal = &who;
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	q.has_after = d->position != 0;
	q.after = d->position;
	d->command_id = d->has_next_id ? d->next_id : simcell_new_id(d->cell);
	d->has_next_id = false;
	q.has_command_id = true;
	q.command_id = (ProtobufCBinaryData){WB_ID_BYTES, d->command_id.b};
	take_reply(d, simcell_call(d->cell, service, &q, WAIT_US, &d->arena));
	return d->answer;
}

static char *format(const char *body, va_list args)
{
	char *text = NULL;
	int n = vasprintf(&text, body, args);
	WB_ASSERT(n >= 0);
	return text;
}

json_t *drive_do(struct drive *d, const char *service, const char *tenant, const char *message, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	char *text = format(body, args);
	va_end(args);
	json_t *r = drive_text_body(d, service, tenant, message, text);
	free(text);
	return r;
}

json_t *drive_retry(struct drive *d, unsigned tries, const char *service, const char *tenant, const char *message,
        const char *body, ...)
{
	va_list args;
	va_start(args, body);
	char *text = format(body, args);
	va_end(args);
	struct wb_id id = d->has_next_id ? d->next_id : simcell_new_id(d->cell);
	json_t *r = NULL;
	for (unsigned i = 0; i < tries; i++) {
		d->has_next_id = true;
		d->next_id = id;
		r = drive_text_body(d, service, tenant, message, text);
		if (r || (strcmp(d->code, "NO_ANSWER") != 0 && strcmp(d->code, "BUSY") != 0 &&
		                 strcmp(d->code, "UNAVAILABLE") != 0))
			break;
		simcell_advance(d->cell, WB_SECOND_US / 5);
	}
	free(text);
	return r;
}

json_t *drive_event(struct drive *d, const char *type)
{
	json_t *events = json_object_get(d->answer, "events"), *e;
	size_t i;
	json_array_foreach(events, i, e)
	{
		if (strcmp(json_string_value(json_object_get(e, "type")), type) == 0)
			return json_object_get(e, "data");
	}
	return NULL;
}

const char *drive_text(struct drive *d, const char *name)
{
	json_t *events = json_object_get(d->answer, "events"), *e;
	size_t i;
	json_array_foreach(events, i, e)
	{
		const char *v = json_string_value(json_object_get(json_object_get(e, "data"), name));
		if (v)
			return v;
	}
	const char *v = json_string_value(json_object_get(d->answer, name));
	return v ? v : "";
}

struct wb_id drive_id(struct drive *d, const char *name)
{
	struct wb_id id = {{0}};
	const char *text = drive_text(d, name);
	if (!wb_id_parse(text, strlen(text), &id))
		return (struct wb_id){{0}};
	return id;
}

const char *drive_uuid(struct wb_id id)
{
	static char texts[8][WB_ID_TEXT_BYTES];
	static unsigned next;
	char *t = texts[next++ % 8];
	wb_id_text(id, t);
	return t;
}

const char *drive_time(int64_t us)
{
	static char texts[8][WB_TIME_TEXT_BYTES];
	static unsigned next;
	char *t = texts[next++ % 8];
	WB_ASSERT(wb_time_text(us, t) == WB_OK);
	return t;
}
