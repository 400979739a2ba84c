#include "service/decision.h"
#include "service/projection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- counters ---- */

#define COUNTER_BUCKETS 256u

struct counter {
	struct counter *next;
	uint32_t last;
	char name[];
};
struct wb_counters {
	struct counter *buckets[COUNTER_BUCKETS];
};

struct wb_counters *wb_counters_new(void)
{
	return calloc(1, sizeof(struct wb_counters));
}

void wb_counters_free(struct wb_counters *c)
{
	for (size_t i = 0; c && i < COUNTER_BUCKETS; i++) {
		struct counter *next;
		for (struct counter *n = c->buckets[i]; n; n = next) {
			next = n->next;
			free(n);
		}
	}
	free(c);
}

static uint32_t name_hash(const char *tenant, const char *name)
{
	uint32_t h = 2166136261u;
	for (const char *s = tenant; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	h = (h ^ '/') * 16777619u;
	for (const char *s = name; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

static bool counter_is(const struct counter *c, const char *tenant, const char *name)
{
	size_t tl = strlen(tenant);
	return strncmp(c->name, tenant, tl) == 0 && c->name[tl] == '/' && strcmp(c->name + tl + 1, name) == 0;
}

uint32_t wb_counter_next(struct wb_decision *d, const char *name, uint32_t floor)
{
	struct wb_counters *all = d->out->counters;
	struct counter **bucket = &all->buckets[name_hash(d->tenant, name) % COUNTER_BUCKETS];
	struct counter *c = *bucket;
	while (c && !counter_is(c, d->tenant, name))
		c = c->next;
	if (!c) {
		size_t tl = strlen(d->tenant), nl = strlen(name);
		c = calloc(1, sizeof *c + tl + nl + 2); /* lives as long as the process: ahead of the projection */
		if (!c) {
			wb_refuse(d, WB_BUSY, NULL);
			return floor + 1;
		}
		memcpy(c->name, d->tenant, tl);
		c->name[tl] = '/';
		memcpy(c->name + tl + 1, name, nl + 1);
		c->next = *bucket;
		*bucket = c;
	}
	c->last = (c->last > floor ? c->last : floor) + 1;
	return c->last;
}

/* ---- events and conditions ---- */

void wb_decision_out_init(struct wb_decision_out *out, struct wb_counters *counters)
{
	*out = (struct wb_decision_out){.counters = counters};
	out->events_tail = &out->events;
}

static void emit(struct wb_decision *d, const char *kind, struct wb_id id, const ProtobufCMessage *event,
        bool has_occurred, int64_t occurred_at)
{
	struct wb_decision_out *out = d->out;
	struct wb_emitted *e = WB_ARENA_NEW(d->arena, struct wb_emitted);
	if (!e || out->n_events == WB_DECISION_EVENTS) {
		out->too_large = true;
		return;
	}
	e->stream_kind = kind;
	e->stream_id = id;
	e->expected_version = wb_stream_version(d, kind, id);
	e->event = event;
	e->has_occurred = has_occurred;
	e->occurred_at = occurred_at;
	*out->events_tail = e;
	out->events_tail = &e->next;
	out->n_events++;
}

void wb_emit(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id, const ProtobufCMessage *event)
{
	emit(d, stream_kind, stream_id, event, false, 0);
}

void wb_emit_occurred(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id,
        const ProtobufCMessage *event, int64_t occurred_at)
{
	emit(d, stream_kind, stream_id, event, true, occurred_at);
}

uint64_t wb_stream_version(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id)
{
	uint64_t v = wb_projection_version(d->db, d->tenant, stream_kind, stream_id);
	for (const struct wb_emitted *e = d->out->events; e; e = e->next)
		if (wb_id_equal(e->stream_id, stream_id) && strcmp(e->stream_kind, stream_kind) == 0)
			v++;
	return v;
}

void wb_condition_in(struct wb_decision *d, const char *tenant, const char *stream_kind, struct wb_id stream_id)
{
	struct wb_decision_out *out = d->out;
	struct wb_conditioned *c = WB_ARENA_NEW(d->arena, struct wb_conditioned);
	if (!c || out->n_conditions == WB_DECISION_CONDITIONS) {
		out->too_large = true;
		return;
	}
	c->tenant = tenant;
	c->stream_kind = stream_kind;
	c->stream_id = stream_id;
	c->version = wb_projection_version(d->db, tenant ? tenant : d->tenant, stream_kind, stream_id);
	c->next = out->conditions;
	out->conditions = c;
	out->n_conditions++;
}

void wb_condition(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id)
{
	wb_condition_in(d, NULL, stream_kind, stream_id);
}

/* ---- refusals ---- */

void wb_refuse(struct wb_decision *d, enum wb_refusal r, const char *path)
{
	struct wb_decision_out *out = d->out;
	if (out->refused)
		return;
	out->refused = true;
	out->refusal = r;
	out->path = path ? wb_arena_str(d->arena, path) : NULL;
	out->n_arguments = 0;
}

void wb_refuse_arg(struct wb_decision *d, const char *name, const char *fmt, ...)
{
	struct wb_decision_out *out = d->out;
	char text[256];
	va_list args;
	if (out->n_arguments == WB_DECISION_ARGUMENTS)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	out->arguments[out->n_arguments].name = name;
	out->arguments[out->n_arguments].value = wb_arena_str(d->arena, text);
	out->n_arguments++;
}

bool wb_refused(const struct wb_decision *d)
{
	return d->out->refused;
}

void wb_already(struct wb_decision *d)
{
	d->out->already = true;
}

/* ---- small makers ---- */

struct wb_id wb_new_id(struct wb_decision *d, const char *label)
{
	return wb_id_derive(d->command_id, label, d->out->new_ids++);
}

bool wb_has_role(const Weibao__V1__Principal *who, Weibao__V1__Role role)
{
	for (size_t i = 0; i < who->n_roles; i++)
		if (who->roles[i] == role)
			return true;
	return false;
}

ProtobufCBinaryData wb_field_of_id(struct wb_arena *a, struct wb_id id)
{
	uint8_t *p = wb_arena_copy(a, id.b, sizeof id.b);
	return (ProtobufCBinaryData){p ? sizeof id.b : 0, p};
}

struct wb_id wb_id_of_field(ProtobufCBinaryData field)
{
	struct wb_id id = {{0}};
	if (field.len == WB_ID_BYTES)
		memcpy(id.b, field.data, WB_ID_BYTES);
	return id;
}

bool wb_require_id(struct wb_decision *d, ProtobufCBinaryData field, const char *path, struct wb_id *ret_id)
{
	struct wb_id id = wb_id_of_field(field);
	if (wb_id_is_zero(id)) {
		wb_refuse(d, WB_FIELD_INVALID, path);
		return false;
	}
	*ret_id = id;
	return true;
}

static Weibao__V1__Personal *personal_new(struct wb_arena *a, struct wb_id subject, struct wb_id context)
{
	Weibao__V1__Personal *p = WB_ARENA_NEW(a, Weibao__V1__Personal);
	if (!p)
		return NULL;
	weibao__v1__personal__init(p);
	p->has_subject_id = true;
	p->subject_id = wb_field_of_id(a, subject);
	if (!wb_id_is_zero(context)) {
		p->has_context_id = true;
		p->context_id = wb_field_of_id(a, context);
	}
	return p;
}

Weibao__V1__Personal *wb_personal(struct wb_arena *a, struct wb_id subject, struct wb_id context, const char *text)
{
	Weibao__V1__Personal *p = text ? personal_new(a, subject, context) : NULL;
	if (!p)
		return NULL;
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = wb_arena_str(a, text);
	return p;
}

const char *wb_personal_text(const Weibao__V1__Personal *p)
{
	return p && p->value_case == WEIBAO__V1__PERSONAL__VALUE_PLAIN ? p->plain : NULL;
}

Weibao__V1__Personal *wb_personal_carry(struct wb_arena *a, const char *box_tenant, const Weibao__V1__Personal *box,
        struct wb_id subject, struct wb_id context)
{
	if (!box || box->value_case != WEIBAO__V1__PERSONAL__VALUE_BOX)
		return NULL;
	Weibao__V1__Personal *p = personal_new(a, subject, context);
	if (!p)
		return NULL;
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_BOX;
	p->box.data = wb_arena_copy(a, box->box.data, box->box.len);
	p->box.len = box->box.len;
	p->from_tenant = wb_arena_str(a, box_tenant);
	p->has_from_subject_id = true;
	p->from_subject_id = wb_field_of_id(a, wb_id_of_field(box->subject_id));
	if (box->has_context_id) {
		p->has_from_context_id = true;
		p->from_context_id = wb_field_of_id(a, wb_id_of_field(box->context_id));
	}
	return p;
}
