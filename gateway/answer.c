/* Answers: the reply as JSON with its position and ETag; problems (RFC 9457) in the user's language. */
#include "gateway/form.h"
#include "gateway/gateway.h"
#include "proto/registry.h"
#include "seal/token.h"
#include "service/service.h"
#include "wire/unpack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 8
#define COOKIE_SECONDS (12 * 3600)

struct headers {
	struct wb_http_pair pairs[HEADERS_MAX];
	size_t n;
};

static void add(struct headers *h, const char *name, const char *value)
{
	if (value && h->n < HEADERS_MAX)
		h->pairs[h->n++] = (struct wb_http_pair){name, value};
}

void answer_now(struct loop *l, uint64_t http_id, int status, const char *type, struct wb_bytes body,
        const struct wb_http_pair *headers, size_t n_headers)
{
	struct wb_http_pair all[HEADERS_MAX + 1];
	size_t n = 0;
	all[n++] = (struct wb_http_pair){"Content-Type", type};
	for (size_t i = 0; i < n_headers && n < HEADERS_MAX + 1; i++)
		all[n++] = headers[i];
	const struct wb_http_response r = {.status = status, .headers = all, .headers_count = n, .body = body};
	enum wb_err err = wb_http_reply(l->http, http_id, &r);
	(void)err; /* the client has gone: nobody is left to be told */
}

static void send_json(struct pending *p, int status, const char *type, json_t *json, const struct headers *h)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	static const char broken[] = "{\"title\":\"Internal\",\"status\":500}";
	if (text)
		answer_now(p->loop, p->http_id, status, type, wb_bytes_str(text), h->pairs, h->n);
	else
		answer_now(p->loop, p->http_id, 500, "application/problem+json", wb_bytes_str(broken), NULL, 0);
	free(text);
	json_decref(json);
}

/* ---- problems ---- */

/* Fills {name} from the arguments; what is not given stays. */
static const char *fill_in(struct wb_arena *a, const char *text, Weibao__V1__RefusalArgument **args, size_t n)
{
	const char *out = text;
	for (size_t i = 0; i < n; i++) {
		char *mark = wb_arena_fmt(a, "{%s}", args[i]->name);
		const char *at = mark ? strstr(out, mark) : NULL;
		if (at)
			out = wb_arena_fmt(a, "%.*s%s%s", (int)(at - out), out, args[i]->value, at + strlen(mark));
		if (!out)
			return text;
	}
	return out;
}

static void problem(
        struct pending *p, const char *code, int status, const char *title, json_t *fields, const char *detail)
{
	struct headers h = {.n = 0};
	json_t *j = json_object();
	char type[128];
	(void)snprintf(type, sizeof type, "/problems/%s", code);
	json_object_set_new(j, "type", json_string(type));
	json_object_set_new(j, "title", json_string(title));
	json_object_set_new(j, "status", json_integer(status));
	json_object_set_new(j, "code", json_string(code));
	if (detail)
		json_object_set_new(j, "detail", json_string(detail));
	if (fields)
		json_object_set_new(j, "fields", fields);
	add(&h, "Content-Language", p->language == WEIBAO__V1__LANGUAGE__LANGUAGE_EN ? "en" : "zh-CN");
	if (status == 503 || status == 429)
		add(&h, "Retry-After", "1");
	if (status == 401)
		add(&h, "WWW-Authenticate", "Bearer realm=\"weibao\"");
	if (status == 405)
		add(&h, "Allow", detail);
	send_json(p, status, "application/problem+json", j, &h);
	pending_free(p);
}

static json_t *field_of(const char *path, const char *code, const char *message)
{
	json_t *f = json_object();
	json_object_set_new(f, "path", json_string(path));
	if (code)
		json_object_set_new(f, "code", json_string(code));
	if (message)
		json_object_set_new(f, "message", json_string(message));
	return f;
}

static const char *title_of(const struct pending *p, const struct wb_refusal_text *t, const char *code)
{
	if (!t)
		return code;
	return p->language == WEIBAO__V1__LANGUAGE__LANGUAGE_EN ? t->en : t->zh;
}

void answer_refusal(struct pending *p, const char *code, const char *path, const char *detail)
{
	const struct wb_refusal_text *t = wb_refusal_find(code);
	json_t *fields = NULL;
	if (path && *path) {
		fields = json_array();
		json_array_append_new(fields, field_of(path, code, NULL));
	}
	problem(p, code, t ? t->status : 500, title_of(p, t, code), fields, detail);
}

void answer_json_problem(struct pending *p, const struct wb_json_problem *bad)
{
	const char *code = "BODY_INVALID";
	if (bad->reason == WB_JSON_MALFORMED || bad->reason == WB_JSON_BAD_TEXT || bad->reason == WB_JSON_TOO_DEEP)
		code = "BODY_MALFORMED";
	else if (bad->reason == WB_JSON_TOO_LARGE && bad->path[0] == '\0')
		code = "BODY_TOO_LARGE";
	const struct wb_refusal_text *t = wb_refusal_find(code);
	json_t *fields = json_array();
	char where[64] = "";
	json_array_append_new(
	        fields, field_of(bad->path, wb_json_reason_name(bad->reason), wb_json_reason_text(bad->reason)));
	if (bad->line)
		(void)snprintf(where, sizeof where, "line %d, column %d", bad->line, bad->column);
	problem(p, code, t->status, title_of(p, t, code), fields, bad->line ? where : NULL);
}

static void answer_refused(struct pending *p, const Weibao__V1__Reply *r)
{
	const char *code = r->code ? r->code : "UNAVAILABLE";
	const struct wb_refusal_text *t = wb_refusal_find(code);
	json_t *fields = r->n_fields ? json_array() : NULL;
	const char *title = fill_in(&p->arena, title_of(p, t, code), r->arguments, r->n_arguments);
	for (size_t i = 0; i < r->n_fields; i++)
		json_array_append_new(
		        fields, field_of(r->fields[i]->path, r->fields[i]->code ? r->fields[i]->code : code, NULL));
	problem(p, code, t ? t->status : 500, title, fields, NULL);
}

/* ---- successes ---- */

void answer_position(struct loop *l, uint64_t position, const Weibao__V1__Reply *reply, char *ret, size_t size)
{
	struct wb_log_position at = {.position = position, .log_id = l->log_id, .incarnation = l->incarnation};
	char text[WB_POSITION_TOKEN_BYTES];
	if (reply && reply->has_log_id) {
		at.log_id = wb_id_of_field(reply->log_id);
		at.incarnation = reply->incarnation;
	}
	wb_position_token(&at, l->gateway->token_key, wb_random_system(), text);
	(void)snprintf(ret, size, "%s", text);
}

static json_t *event_json(struct pending *p, const Weibao__V1__AnswerEvent *e, const struct wb_json_output *out)
{
	const struct wb_message_type *t = wb_message_type_find(e->type);
	struct wb_bytes data = {e->data.data, e->data.len};
	ProtobufCMessage *m;
	json_t *body = NULL, *j;
	if (!t || wb_unpack(t->descriptor, data, &p->arena, &wb_unpack_record, &m) != WB_OK ||
	        wb_message_to_json(m, out, &body) != WB_OK || wb_message_to_json(&e->base, out, &j) != WB_OK) {
		json_decref(body);
		return NULL;
	}
	json_object_set_new(j, "data", body); /* the event itself in place of its bytes */
	return j;
}

/* A command's answer: its events. A fact that had to be held is accepted, not done: 202. */
static json_t *command_json(
        struct pending *p, const Weibao__V1__CommandAnswer *a, const struct wb_json_output *out, int *status)
{
	json_t *j = json_object(), *events = json_array();
	char id[WB_ID_TEXT_BYTES];
	wb_id_text(wb_id_of_field(a->command_id), id);
	json_object_set_new(j, "commandId", json_string(id));
	json_object_set_new(j, "events", events);
	for (size_t i = 0; i < a->n_events; i++) {
		json_t *e = event_json(p, a->events[i], out);
		if (!e) {
			json_decref(j);
			return NULL;
		}
		json_array_append_new(events, e);
		if (strcmp(a->events[i]->type, "FactHeld") == 0)
			*status = 202;
	}
	return j;
}

/* The session goes into a cookie that no script can read; the CSRF token into the answer, for our own pages. */
static bool sign_in_answer(struct pending *p, Weibao__V1__SignInAnswer *s, struct headers *h)
{
	if (!s->signed_in) {
		answer_refusal(p, s->has_locked_until ? "ACCOUNT_LOCKED" : "SIGN_IN_WRONG", NULL, NULL);
		return false;
	}
	add(h, "Set-Cookie",
	        wb_arena_fmt(&p->arena, "weibao_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", s->token,
	                COOKIE_SECONDS, p->is_tls ? "; Secure" : ""));
	s->token = NULL; /* the cookie alone has it */
	return true;
}

/* The service form as the page to print: its texts are open only here. */
static bool form_answer(struct pending *p, const Weibao__V1__ServiceFormAnswer *form, const struct headers *h)
{
	struct wb_bytes page = form_page(&p->arena, form);
	struct headers all = *h;
	if (!page.len) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return true;
	}
	add(&all, "Content-Security-Policy", form_policy(&p->arena));
	answer_now(p->loop, p->http_id, 200, "text/html; charset=utf-8", page, all.pairs, all.n);
	pending_free(p);
	return true;
}

/* One field of a message as raw content: a printable page, a part of a file. */
static bool raw_answer(struct pending *p, const ProtobufCMessage *m, const struct headers *h)
{
	const ProtobufCFieldDescriptor *f;
	if (p->wants_html && m->descriptor == &weibao__v1__service_form_answer__descriptor)
		return form_answer(p, (const Weibao__V1__ServiceFormAnswer *)m, h);
	if (p->wants_html && (f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "html")) &&
	        f->type == PROTOBUF_C_TYPE_STRING) {
		const char *html;
		memcpy(&html, (const char *)m + f->offset, sizeof html);
		answer_now(p->loop, p->http_id, 200, "text/html; charset=utf-8", wb_bytes_str(html), h->pairs, h->n);
		pending_free(p);
		return true;
	}
	if (p->wants_octets && (f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "data")) &&
	        f->type == PROTOBUF_C_TYPE_BYTES) {
		ProtobufCBinaryData data;
		memcpy(&data, (const char *)m + f->offset, sizeof data);
		answer_now(p->loop, p->http_id, 200, "application/octet-stream", (struct wb_bytes){data.data, data.len},
		        h->pairs, h->n);
		pending_free(p);
		return true;
	}
	return false;
}

static void answer_ok(struct pending *p, const Weibao__V1__Reply *r)
{
	struct wb_json_output out = {.language = p->language};
	const struct wb_message_type *t = r->body_type ? wb_message_type_find(r->body_type) : NULL;
	struct wb_bytes body = {r->body.data, r->body.len};
	static const struct wb_unpack_limits limits = {.bytes_max = 8u << 20,
	        .depth_max = 24,
	        .fields_max = WB_INTERNAL_FIELDS_MAX,
	        .mode = WB_UNPACK_LENIENT};
	char position[WB_POSITION_TOKEN_BYTES];
	struct headers h = {.n = 0};
	ProtobufCMessage *m;
	json_t *j = NULL;
	int status = 200;
	if (!t || wb_unpack(t->descriptor, body, &p->arena, &limits, &m) != WB_OK) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return;
	}
	answer_position(p->loop, r->position, r, position, sizeof position);
	add(&h, "Weibao-Position", position);
	if (r->has_version)
		add(&h, "ETag", wb_arena_fmt(&p->arena, "\"v%llu\"", (unsigned long long)r->version));
	if (m->descriptor == &weibao__v1__sign_in_answer__descriptor &&
	        !sign_in_answer(p, (Weibao__V1__SignInAnswer *)m, &h))
		return;
	if (p->route->message[0] == 'S' && strcmp(p->route->message, "SignOut") == 0)
		add(&h, "Set-Cookie", "weibao_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	if (raw_answer(p, m, &h))
		return;
	if (m->descriptor == &weibao__v1__command_answer__descriptor)
		j = command_json(p, (const Weibao__V1__CommandAnswer *)m, &out, &status);
	else if (wb_message_to_json(m, &out, &j) != WB_OK)
		j = NULL;
	if (!j) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return;
	}
	if (r->code)
		json_object_set_new(j, "code", json_string(r->code)); /* ALREADY_SO */
	send_json(p, status, "application/json", j, &h);
	pending_free(p);
}

void answer_reply(struct pending *p, const Weibao__V1__Reply *r)
{
	switch (r->status) {
	case WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK:
		answer_ok(p, r);
		return;
	case WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED:
		answer_refused(p, r);
		return;
	case WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_BUSY:
	case WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_FAILED:
	case WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_UNSPECIFIED:
	case _WEIBAO__V1__REPLY_STATUS_IS_INT_SIZE:
		break;
	}
	answer_refusal(p, r->code ? r->code : "BUSY", NULL, NULL);
}
