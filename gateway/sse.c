/*
 * Changes as server-sent events: GET /api/v1/tenants/{tenant}/changes. The content comes from reporting (ListChanges),
 * filtered there for the principal; the gateway asks again whenever the feed has moved, and forwards. An event's id is
 * a position token, so that Last-Event-ID resumes without a hole, through any gateway.
 */
#include "gateway/gateway.h"
#include "base/clock.h"
#include "proto/registry.h"
#include "seal/token.h"
#include "service/service.h"
#include "weibao/v1/reporting_queries.pb-c.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 200u

struct stream {
	struct stream *next;
	struct loop *loop;
	uint64_t http_id;
	struct wb_arena arena; /* principal and tenant, for its life */
	const Weibao__V1__AuthenticateAnswer *who;
	const char *tenant;
	uint32_t roles;
	Weibao__V1__Language language;
	uint64_t after; /* global position seen */
	bool asking, gone, full;
	uint64_t head_asked;
};

static void ask(struct stream *s);

static struct stream **find(struct loop *l, uint64_t http_id)
{
	struct stream **p = &l->streams;
	while (*p && (*p)->http_id != http_id)
		p = &(*p)->next;
	return p;
}

static void drop(struct loop *l, struct stream *s)
{
	struct stream **p = &l->streams;
	while (*p && *p != s)
		p = &(*p)->next;
	if (*p)
		*p = s->next;
	wb_arena_done(&s->arena);
	free(s);
}

/* One event on the wire: id, type, one line of JSON. False: the client is slow, the same page is asked for again. */
static bool send_change(struct stream *s, const Weibao__V1__ChangeItem *c, const Weibao__V1__Reply *r)
{
	const struct wb_json_output out = {.language = s->language};
	char id[WB_POSITION_TOKEN_BYTES];
	json_t *j;
	if (wb_message_to_json(&c->base, &out, &j) != WB_OK)
		return true;
	char *data = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	answer_position(s->loop, c->position, r, id, sizeof id);
	int n = data ? snprintf(NULL, 0, "id: %s\nevent: change\ndata: %s\n\n", id, data) : -1;
	char *text = n > 0 ? malloc((size_t)n + 1) : NULL;
	bool sent = true;
	if (text) {
		(void)snprintf(text, (size_t)n + 1, "id: %s\nevent: change\ndata: %s\n\n", id, data);
		sent = wb_http_stream_send(s->loop->http, s->http_id, (struct wb_bytes){(uint8_t *)text, (size_t)n}) !=
		       WB_ERR_FULL;
	}
	free(text);
	free(data);
	return sent;
}

static void take(struct stream *s, const Weibao__V1__ListChangesAnswer *a, const Weibao__V1__Reply *r)
{
	for (size_t i = 0; i < a->n_changes; i++) {
		if (!send_change(s, a->changes[i], r)) {
			s->full = true;
			return;
		}
		s->after = a->changes[i]->position;
	}
	if (a->up_to > s->after)
		s->after = a->up_to;
	if (a->more)
		ask(s);
}

static void on_changes(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct stream *s = ctx;
	struct wb_arena a;
	ProtobufCMessage *m;
	s->asking = false;
	if (s->gone) {
		drop(s->loop, s);
		return;
	}
	wb_arena_init(&a, GATEWAY_ARENA_BYTES);
	if (!err && wb_unpack(&weibao__v1__reply__descriptor, reply, &a, &wb_unpack_internal, &m) == WB_OK) {
		const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
		struct wb_bytes body = {r->body.data, r->body.len};
		if (r->status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK &&
		        wb_unpack(&weibao__v1__list_changes_answer__descriptor, body, &a, &wb_unpack_internal, &m) ==
		                WB_OK)
			take(s, (const Weibao__V1__ListChangesAnswer *)m, r);
		else if (r->status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED)
			(void)!wb_http_stream_end(s->loop->http, s->http_id);
	}
	wb_arena_done(&a);
	if (!s->asking && !s->full && s->loop->head > s->head_asked)
		ask(s);
}

static void fill_principal(const struct stream *s, Weibao__V1__Principal *who, Weibao__V1__Role *roles)
{
	weibao__v1__principal__init(who);
	who->account_id = s->who->account_id;
	who->home = s->who->home;
	who->has_person_id = s->who->has_person_id;
	who->person_id = s->who->person_id;
	who->roles = roles;
	for (unsigned r = 0; r < 32; r++)
		if (s->roles & (1u << r))
			roles[who->n_roles++] = (Weibao__V1__Role)r;
}

static void ask(struct stream *s)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__ListChanges c = WEIBAO__V1__LIST_CHANGES__INIT;
	Weibao__V1__Principal who;
	Weibao__V1__Role roles[32];
	struct wb_bytes body;
	struct wb_arena a;
	if (s->asking || s->gone)
		return;
	wb_arena_init(&a, 65536);
	fill_principal(s, &who, roles);
	c.after = s->after;
	c.has_limit = true;
	c.limit = PAGE;
	q.operation = (char *)(uintptr_t) "ListChanges";
	q.tenant = (char *)(uintptr_t)s->tenant;
	q.principal = &who;
	s->head_asked = s->loop->head;
	if (wb_pack(&c.base, &a, &body) == WB_OK) {
		q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
		q.has_after = true;
		q.after = s->head_asked;
		s->asking = loop_send(s->loop, "reporting", &q, &a, on_changes, s) == WB_OK;
	}
	wb_arena_done(&a);
}

void sse_start(struct pending *p, uint32_t roles)
{
	static const struct wb_http_pair head[] = {
	        {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
	const struct wb_http_response response = {.status = 200, .headers = head, .headers_count = 2};
	struct loop *l = p->loop;
	struct wb_log_position at;
	struct stream *s = calloc(1, sizeof *s); /* as long as the client stays */
	if (!s) {
		answer_refusal(p, "BUSY", NULL, NULL);
		return;
	}
	s->after = l->head;
	if (p->after && wb_position_token_open(p->after, l->gateway->token_key, &at) == WB_OK &&
	        at.incarnation == l->incarnation && wb_id_equal(at.log_id, l->log_id))
		s->after = at.position;
	else if (p->after) {
		free(s);
		answer_refusal(p, "POSITION_INVALID", NULL, NULL);
		return;
	}
	s->loop = l;
	s->http_id = p->http_id;
	s->language = p->language;
	s->roles = roles;
	if (wb_http_stream_start(l->http, p->http_id, &response) != WB_OK) {
		free(s);
		pending_free(p);
		return;
	}
	s->arena = p->arena; /* the request's memory lives on with the stream */
	s->who = p->who;
	s->tenant = p->tenant;
	s->next = l->streams;
	l->streams = s;
	l->n_pending--;
	free(p);
	ask(s);
}

void sse_on_head(struct loop *l)
{
	for (struct stream *s = l->streams, *next; s; s = next) {
		next = s->next;
		if (!s->full && l->head > s->head_asked)
			ask(s);
	}
}

void sse_ready(struct loop *l, uint64_t http_id)
{
	struct stream *s = *find(l, http_id);
	if (!s)
		return;
	s->full = false;
	ask(s);
}

void sse_gone(struct loop *l, uint64_t http_id)
{
	struct stream *s = *find(l, http_id);
	if (!s)
		return;
	if (s->asking)
		s->gone = true; /* its answer is on the way; freed then */
	else
		drop(l, s);
}

void sse_free(struct loop *l)
{
	while (l->streams)
		drop(l, l->streams);
}
