/* Replies: the answer made of a command's events, refusals, and what tells a client to try again. */
#include "service/internal.h"
#include "proto/registry.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER_MS 500u

void rt_reply(struct wb_runtime *rt, const struct wb_caller *to, Weibao__V1__Reply *reply)
{
	struct wb_arena a;
	struct wb_bytes packed;
	wb_arena_init(&a, QUERY_ARENA_BYTES);
	reply->has_log_id = true;
	reply->log_id = (ProtobufCBinaryData){WB_ID_BYTES, rt->projection.log_id.b};
	reply->has_incarnation = true;
	reply->incarnation = rt->projection.incarnation;
	if (wb_pack(&reply->base, &a, &packed) == WB_OK)
		rt->ports.reply(rt->ports.ctx, to, packed);
	wb_arena_done(&a);
}

bool rt_allowed(const Weibao__V1__Request *q, uint32_t roles, enum wb_tenant_rule rule, enum wb_refusal *ret_refusal)
{
	bool provider = strcmp(q->tenant, "provider") == 0;
	*ret_refusal = WB_NOT_FOUND;
	if (strcmp(q->tenant, "cell") == 0 || q->tenant[0] == '\0' || strlen(q->tenant) > 32)
		return false;
	if ((rule == WB_TENANT_CLIENT && provider) || (rule == WB_TENANT_PROVIDER && !provider))
		return false;
	*ret_refusal = WB_FORBIDDEN;
	for (size_t i = 0; i < q->principal->n_roles; i++)
		if (q->principal->roles[i] < 32 && (roles & (1u << q->principal->roles[i])))
			return true;
	return false;
}

static void fill_arguments(Weibao__V1__Reply *r, const struct wb_decision_out *out, struct wb_arena *a)
{
	r->arguments = WB_ARENA_ARRAY(a, Weibao__V1__RefusalArgument *, out->n_arguments + 1);
	for (size_t i = 0; r->arguments && i < out->n_arguments; i++) {
		Weibao__V1__RefusalArgument *arg = WB_ARENA_NEW(a, Weibao__V1__RefusalArgument);
		if (!arg)
			return;
		weibao__v1__refusal_argument__init(arg);
		arg->name = (char *)(uintptr_t)out->arguments[i].name;
		arg->value = (char *)(uintptr_t)out->arguments[i].value;
		r->arguments[r->n_arguments++] = arg;
	}
}

void rt_reply_refusal(struct wb_runtime *rt, const struct wb_caller *to, const Weibao__V1__Request *request,
        const char *code, const char *path, const struct wb_decision_out *out, struct wb_arena *a)
{
	Weibao__V1__Reply r = WEIBAO__V1__REPLY__INIT;
	Weibao__V1__RefusalField field = WEIBAO__V1__REFUSAL_FIELD__INIT, *fields[1] = {&field};
	const struct wb_refusal_text *text = wb_refusal_find(code);
	(void)a;
	r.request_id = request->request_id;
	r.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED;
	r.code = (char *)(uintptr_t)code;
	r.has_final = true;
	r.final = text && text->final;
	r.has_position = true;
	r.position = rt->projection.position;
	if (path) {
		field.path = (char *)(uintptr_t)path;
		r.fields = fields;
		r.n_fields = 1;
	}
	if (out)
		fill_arguments(&r, out, a);
	rt_reply(rt, to, &r);
}

void rt_reply_busy(
        struct wb_runtime *rt, const struct wb_caller *to, uint64_t request_id, const char *code, struct wb_arena *a)
{
	Weibao__V1__Reply r = WEIBAO__V1__REPLY__INIT;
	(void)a;
	r.request_id = request_id;
	r.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_BUSY;
	r.code = (char *)(uintptr_t)code;
	r.has_retry_after_ms = true;
	r.retry_after_ms = RETRY_AFTER_MS;
	rt_reply(rt, to, &r);
}

/* ---- the ends of a command ---- */

static void end_errand(struct command *c, Weibao__V1__ReplyStatus status, const char *code, bool final)
{
	struct errand *e = c->errand;
	struct wb_runtime *rt = c->rt;
	c->errand = NULL;
	if (e)
		runner_done(rt, e, status, code, final);
}

void command_refuse(struct command *c, enum wb_refusal r, const char *path)
{
	const struct wb_refusal_text *t = wb_refusal_text(r);
	c->rt->stats.commands_refused++;
	if (c->has_caller)
		rt_reply_refusal(c->rt, &c->caller, c->request, t->code, path, &c->out, &c->arena);
	end_errand(c, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED, t->code, t->final);
	command_free(c);
}

void command_busy(struct command *c, enum wb_refusal why)
{
	const char *code = wb_refusal_text(why)->code;
	c->rt->stats.commands_busy++;
	if (c->has_caller)
		rt_reply_busy(c->rt, &c->caller, c->request->request_id, code, &c->arena);
	end_errand(c, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_BUSY, code, false);
	command_free(c);
}

void command_already(struct command *c)
{
	Weibao__V1__Reply r = WEIBAO__V1__REPLY__INIT;
	Weibao__V1__CommandAnswer answer = WEIBAO__V1__COMMAND_ANSWER__INIT;
	struct wb_bytes packed;
	c->rt->stats.commands_ok++;
	answer.command_id = (ProtobufCBinaryData){sizeof c->id.b, c->id.b};
	if (c->has_caller && wb_pack(&answer.base, &c->arena, &packed) == WB_OK) {
		r.request_id = c->request->request_id;
		r.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK;
		r.code = (char *)(uintptr_t)wb_refusal_text(WB_ALREADY_SO)->code;
		r.has_position = true;
		r.position = c->rt->projection.position;
		r.has_body = true;
		r.body = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
		r.body_type = (char *)(uintptr_t)answer.base.descriptor->short_name;
		rt_reply(c->rt, &c->caller, &r);
	}
	end_errand(c, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED, "ALREADY_SO", true);
	command_free(c);
}

bool command_add_event(struct command *c, const struct wb_event *ev)
{
	if (ev->position <= c->last_event_position || c->n_answer_events == c->n_events)
		return false;
	struct wb_arena *a = &c->arena;
	Weibao__V1__AnswerEvent *e = WB_ARENA_NEW(a, Weibao__V1__AnswerEvent);
	if (!e)
		return false;
	weibao__v1__answer_event__init(e);
	e->type = wb_arena_str(a, ev->type);
	e->tenant = wb_arena_str(a, ev->tenant);
	e->tenant_position = ev->tenant_position;
	e->stream_kind = wb_arena_str(a, ev->stream_kind);
	e->stream_id = wb_field_of_id(a, ev->stream_id);
	e->stream_version = ev->version;
	e->recorded_at = ev->recorded_at;
	e->data.data = wb_arena_copy(a, ev->envelope->payload.data, ev->envelope->payload.len);
	e->data.len = ev->envelope->payload.len;
	if (c->n_answer_events == 0)
		c->position = ev->position;
	c->events[c->n_answer_events++] = e;
	c->last_event_position = ev->position;
	if (c->n_answer_events == c->n_events) { /* those that can be answered stand in front */
		node_del(&c->in_all);
		node_add_front(&c->rt->commands_all, &c->in_all);
	}
	return true;
}

/* Opens the events' Personal fields and packs them again, for whom they are shown to. */
static bool open_events(struct command *c)
{
	c->needs.n = 0;
	for (size_t i = 0; i < c->n_answer_events; i++) {
		Weibao__V1__AnswerEvent *e = c->events[i];
		const struct wb_message_type *t = wb_message_type_find(e->type);
		struct wb_bytes data = {e->data.data, e->data.len}, packed;
		ProtobufCMessage *m;
		if (!t || wb_unpack(t->descriptor, data, &c->arena, &wb_unpack_record, &m) != WB_OK)
			return false;
		size_t lacking = c->needs.n;
		if (keys_open(c->rt, e->tenant, m, &c->arena, &c->needs) != WB_OK)
			return false;
		if (c->needs.n > lacking)
			continue;
		if (wb_pack(m, &c->arena, &packed) != WB_OK)
			return false;
		e->data = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
	}
	return true;
}

static void reply_events(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	Weibao__V1__CommandAnswer answer = WEIBAO__V1__COMMAND_ANSWER__INIT;
	Weibao__V1__Reply r = WEIBAO__V1__REPLY__INIT;
	const ProtobufCMessage *body = &answer.base;
	const struct wb_effects *fx = rt->service->effects;
	struct wb_bytes packed;
	answer.command_id = (ProtobufCBinaryData){sizeof c->id.b, c->id.b};
	answer.events = c->events;
	answer.n_events = c->n_answer_events;
	if (fx && fx->reveal) {
		const ProtobufCMessage *more = fx->reveal(rt->effects, c->request->operation, &answer, &c->arena);
		body = more ? more : body;
	}
	if (wb_pack(body, &c->arena, &packed) != WB_OK) {
		rt_reply_busy(rt, &c->caller, c->request->request_id, "BUSY", &c->arena);
		return;
	}
	r.request_id = c->request->request_id;
	r.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK;
	r.has_position = true;
	r.position = c->position + c->n_events - 1;
	r.has_body = true;
	r.body = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
	r.body_type = (char *)(uintptr_t)body->descriptor->short_name;
	r.has_version = true;
	r.version = c->events[0]->stream_version;
	for (size_t i = 1; i < c->n_answer_events; i++) /* the thing's last version: of the first event's stream */
		if (strcmp(c->events[i]->stream_kind, c->events[0]->stream_kind) == 0 &&
		        c->events[i]->stream_id.len == c->events[0]->stream_id.len &&
		        memcmp(c->events[i]->stream_id.data, c->events[0]->stream_id.data,
		                c->events[0]->stream_id.len) == 0)
			r.version = c->events[i]->stream_version;
	rt_reply(rt, &c->caller, &r);
}

void command_answer(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	if (c->has_caller) {
		if (!open_events(c)) {
			command_busy(c, WB_BUSY); /* accepted all the same: a retry with the same key gets the answer */
			return;
		}
		if (c->needs.n) {
			c->state = COMMAND_ANSWER;
			c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
			rt->keys_wanted = true;
			return;
		}
		reply_events(c);
	}
	rt->stats.commands_ok++;
	end_errand(c, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK, NULL, false);
	command_free(c);
}
