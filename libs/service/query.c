/* Queries: wait until the projection has what the asker had seen, answer, open what is sealed, reply. */
#include "service/internal.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <string.h>

static const struct wb_query_def *find_query(const struct wb_runtime *rt, const char *operation)
{
	size_t lo = 0, hi = rt->service->n_queries;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(rt->queries[mid]->message->short_name, operation);
		if (c == 0)
			return rt->queries[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

void wb_answer(struct wb_query *q, const ProtobufCMessage *answer)
{
	q->out->answer = answer;
}

void wb_answer_version(struct wb_query *q, const char *stream_kind, struct wb_id id)
{
	q->out->has_version = true;
	q->out->version = wb_projection_version(q->db, q->tenant, stream_kind, id);
}

void wb_query_refuse(struct wb_query *q, enum wb_refusal r, const char *path)
{
	if (q->out->refused)
		return;
	q->out->refused = true;
	q->out->refusal = r;
	q->out->path = path;
}

static void query_free(struct wb_runtime *rt, struct waiting_query *w)
{
	node_del(&w->in_all);
	rt->n_queries--;
	wb_arena_done(&w->arena);
	free(w);
}

static void refuse(struct wb_runtime *rt, struct waiting_query *w, enum wb_refusal r, const char *path)
{
	rt->stats.queries_refused++;
	rt_reply_refusal(rt, &w->caller, w->request, wb_refusal_text(r)->code, path, NULL, &w->arena);
	query_free(rt, w);
}

static void busy(struct wb_runtime *rt, struct waiting_query *w, const char *code)
{
	rt_reply_busy(rt, &w->caller, w->request->request_id, code, &w->arena);
	query_free(rt, w);
}

/* Opens and sends the answer, or waits for keys. */
static void finish(struct wb_runtime *rt, struct waiting_query *w)
{
	Weibao__V1__Reply r = WEIBAO__V1__REPLY__INIT;
	struct wb_bytes packed;
	w->needs.n = 0;
	if (keys_open(rt, w->request->tenant, w->answer, &w->arena, &w->needs) != WB_OK) {
		busy(rt, w, "UNAVAILABLE");
		return;
	}
	if (w->needs.n) {
		rt->keys_wanted = true;
		return;
	}
	if (wb_pack(w->answer, &w->arena, &packed) != WB_OK) {
		busy(rt, w, "BUSY");
		return;
	}
	r.request_id = w->request->request_id;
	r.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK;
	r.has_position = true;
	r.position = rt->projection.position;
	r.has_body = true;
	r.body = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
	r.body_type = (char *)(uintptr_t)w->answer->descriptor->short_name;
	r.has_version = w->has_version;
	r.version = w->version;
	rt->stats.queries++;
	rt_reply(rt, &w->caller, &r);
	query_free(rt, w);
}

static void run(struct wb_runtime *rt, struct waiting_query *w)
{
	struct wb_query_out out = {0};
	struct wb_query q = {
	        .db = rt_txn(rt),
	        .arena = &w->arena,
	        .tenant = w->request->tenant,
	        .who = w->request->principal,
	        .now_us = rt->time_us,
	        .cache = rt->cache,
	        .projection = &rt->projection,
	        .out = &out,
	};
	if (!q.db || (rt->service->cache && !rt->cache_open)) {
		busy(rt, w, "UNAVAILABLE");
		return;
	}
	const struct wb_effects *fx = rt->service->effects;
	if (!fx || !fx->query || !fx->query(rt->effects, &q, w->message))
		w->def->answer(&q, w->message);
	enum wb_err err = wb_txn_error(q.db);
	if (err) {
		rt_fail(rt, WB_RUNTIME_FAILED, "answering %s: %s", w->request->operation, wb_err_text(err));
		busy(rt, w, "UNAVAILABLE");
	} else if (out.refused || !out.answer) {
		refuse(rt, w, out.refused ? out.refusal : WB_NOT_FOUND, out.path);
	} else {
		w->answer =
		        (ProtobufCMessage *)(uintptr_t)out.answer; /* the answer's own, in our arena: opened in place */
		w->has_version = out.has_version;
		w->version = out.version;
		finish(rt, w);
	}
}

static bool must_wait(const struct wb_runtime *rt, const Weibao__V1__Request *q)
{
	struct wb_id log;
	if (!q->has_after || q->after <= rt->projection.position)
		return false;
	if (q->has_incarnation && q->incarnation != rt->projection.incarnation)
		return false;
	return !q->has_log_id || !wb_id_from_bytes(q->log_id.data, q->log_id.len, &log) ||
	       wb_id_equal(log, rt->projection.log_id);
}

void query_busy(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request)
{
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, COMMAND_ARENA_BYTES);
	if (wb_unpack(&weibao__v1__request__descriptor, request, &a, &wb_unpack_internal, &m) == WB_OK)
		rt_reply_busy(rt, from, ((const Weibao__V1__Request *)m)->request_id, "BUSY", &a);
	wb_arena_done(&a);
}

void query_take(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request)
{
	enum wb_refusal why;
	ProtobufCMessage *m;
	struct waiting_query *w = rt->n_queries < WB_RUNTIME_QUERIES_WAITING ? calloc(1, sizeof *w) : NULL;
	if (!w) { /* waits over messages while keys are fetched: not an arena's */
		query_busy(rt, from, request);
		return;
	}
	wb_arena_init(&w->arena, QUERY_ARENA_BYTES);
	node_add(&rt->queries_all, &w->in_all);
	rt->n_queries++;
	w->caller = *from;
	if (wb_unpack(&weibao__v1__request__descriptor, request, &w->arena, &wb_unpack_internal, &m) != WB_OK) {
		query_free(rt, w);
		return;
	}
	w->request = (const Weibao__V1__Request *)m;
	w->def = find_query(rt, w->request->operation);
	if (!w->def) {
		refuse(rt, w, WB_NOT_FOUND, NULL);
		return;
	}
	if (!rt_allowed(w->request, w->def->roles, w->def->tenant, &why)) {
		refuse(rt, w, why, NULL);
		return;
	}
	struct wb_bytes body = {w->request->body.data, w->request->body.len};
	if (wb_unpack(w->def->message, body, &w->arena, &wb_unpack_internal, &m) != WB_OK) {
		refuse(rt, w, WB_FIELD_INVALID, NULL);
		return;
	}
	w->message = m;
	w->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
	if (rt->state != WB_RUNTIME_READY) {
		busy(rt, w, "UNAVAILABLE");
		return;
	}
	if (!must_wait(rt, w->request))
		run(rt, w);
}

static struct waiting_query *query_at(struct node *n)
{
	return (struct waiting_query *)(void *)((char *)n - offsetof(struct waiting_query, in_all));
}

void query_after_fold(struct wb_runtime *rt)
{
	for (struct node *n = rt->queries_all.next, *next; n != &rt->queries_all; n = next) {
		struct waiting_query *w = query_at(n);
		next = n->next;
		if (!w->answer && !must_wait(rt, w->request))
			run(rt, w);
	}
}

void query_on_keys(struct wb_runtime *rt)
{
	for (struct node *n = rt->queries_all.next, *next; n != &rt->queries_all; n = next) {
		struct waiting_query *w = query_at(n);
		next = n->next;
		if (w->answer && keys_settled(rt, &w->needs))
			finish(rt, w);
	}
}

void query_expire(struct wb_runtime *rt)
{
	int64_t now = rt_boot_us(rt);
	for (struct node *n = rt->queries_all.next, *next; n != &rt->queries_all; n = next) {
		struct waiting_query *w = query_at(n);
		next = n->next;
		if (w->deadline_boot_us <= now)
			busy(rt, w, "BUSY");
	}
}

void query_free_all(struct wb_runtime *rt)
{
	for (struct node *n = rt->queries_all.next, *next; n != &rt->queries_all; n = next) {
		next = n->next;
		query_free(rt, query_at(n));
	}
}
