/*
 * The runner of to-dos (law 8): reads the rows that are due, turns each into a command with an id derived from the
 * row, and sees it through. What it knows beside the rows (under way, backing off) is memory: a restart begins anew
 * and the ids make that harmless. A final refusal, or nothing left to do, ends the row by an event of its own.
 */
#include "service/internal.h"
#include "wire/unpack.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_STEP 512u
#define BACKOFF_LEAST_US (50 * 1000)
#define BACKOFF_MOST_US (30 * WB_SECOND_US)
#define CALL_AFTER_US (10 * WB_SECOND_US)

static uint32_t bucket_of(const char *kind, struct wb_id ref, uint32_t n)
{
	uint32_t h = wb_be32_get(ref.b + 12) ^ wb_be32_get(ref.b + 8) ^ (n * 2654435761u);
	for (const char *s = kind; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h % ID_BUCKETS;
}

static struct errand *errand_find(struct wb_runtime *rt, const struct wb_todo *row)
{
	struct errand *e = rt->errands[bucket_of(row->kind, row->ref, row->n)];
	for (; e; e = e->next)
		if (e->n == row->n && wb_id_equal(e->ref, row->ref) && strcmp(e->kind, row->kind) == 0 &&
		        strcmp(e->tenant, row->tenant) == 0)
			return e;
	return NULL;
}

static struct errand *errand_new(struct wb_runtime *rt, const struct wb_todo *row)
{
	struct errand *e = calloc(1, sizeof *e); /* lives while the to-do is tried */
	if (!e)
		return NULL;
	memcpy(e->kind, row->kind, strlen(row->kind) + 1);
	memcpy(e->tenant, row->tenant, strlen(row->tenant) + 1);
	e->ref = row->ref;
	e->n = row->n;
	struct errand **b = &rt->errands[bucket_of(row->kind, row->ref, row->n)];
	e->next = *b;
	*b = e;
	return e;
}

static void errand_free(struct wb_runtime *rt, struct errand *e)
{
	struct errand **p = &rt->errands[bucket_of(e->kind, e->ref, e->n)];
	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	free(e);
}

static const struct wb_todo_def *todo_def(const struct wb_service *s, const char *kind)
{
	for (size_t i = 0; i < s->n_todos; i++)
		if (strcmp(s->todos[i].kind, kind) == 0)
			return &s->todos[i];
	return NULL;
}

/* Begins with the time of the cause, so that the journal's table of ids grows at its end. */
static struct wb_id command_id(const struct wb_runtime *rt, const struct wb_todo *row, bool ending)
{
	uint8_t buf[300], h[SHA256_DIGEST_LENGTH], *w = buf;
	const char *parts[] = {rt->service->name, row->kind, row->tenant, ending ? "end" : "do"};
	for (size_t i = 0; i < 4; i++) {
		size_t n = strlen(parts[i]) + 1;
		WB_ASSERT(n <= 64);
		memcpy(w, parts[i], n);
		w += n;
	}
	memcpy(w, row->ref.b, WB_ID_BYTES);
	wb_be32_put(w + 16, row->n);
	wb_be64_put(w + 20, row->cause_position);
	SHA256(buf, (size_t)(w + 28 - buf), h);
	return wb_id_v7(row->cause_recorded_at, h);
}

void wb_errand_send(struct wb_errand *e, const char *service, const ProtobufCMessage *command)
{
	e->service = service;
	e->command = command;
}

static bool pack_request(struct wb_runtime *rt, const struct wb_todo *row, const struct wb_errand *w, uint64_t id,
        bool ending, struct wb_arena *a, struct wb_bytes *ret)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	Weibao__V1__Role role = WEIBAO__V1__ROLE__ROLE_SYSTEM;
	uint8_t nobody[WB_ID_BYTES] = {0};
	struct wb_bytes body;
	if (wb_pack(w->command, a, &body) != WB_OK)
		return false;
	struct wb_id cid = command_id(rt, row, ending);
	who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	who.home = (char *)(uintptr_t) "cell";
	who.roles = &role;
	who.n_roles = 1;
	who.service = (char *)(uintptr_t)rt->service->name;
	q.request_id = id;
	q.operation = (char *)(uintptr_t)w->command->descriptor->short_name;
	q.tenant = (char *)(uintptr_t)w->tenant;
	q.principal = &who;
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	q.has_command_id = true;
	q.command_id = (ProtobufCBinaryData){sizeof cid.b, cid.b};
	q.has_after = true;
	q.after = row->cause_position;
	q.has_causation_position = strcmp(w->tenant, row->tenant) == 0;
	q.causation_position = row->cause_tenant_position;
	return wb_pack(&q.base, a, ret) == WB_OK;
}

static void send(struct wb_runtime *rt, struct errand *e, const struct wb_todo *row, const struct wb_errand *w,
        bool ending, struct wb_arena *a)
{
	struct wb_bytes packed;
	uint64_t id = rt_next_id(rt);
	if (!pack_request(rt, row, w, id, ending, a, &packed)) {
		runner_done(rt, e, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_FAILED, "COMMAND_TOO_LARGE", false);
		return;
	}
	e->call_id = id;
	if (!w->service || strcmp(w->service, rt->service->name) == 0) {
		command_take(rt, NULL, e, packed);
		return;
	}
	struct pending_call *p = calloc(1, sizeof *p); /* until the answer */
	if (p) {
		p->id = id;
		p->errand = e;
		p->next = rt->calls;
		rt->calls = p;
		if (rt->ports.call(rt->ports.ctx, w->service, id, packed) == WB_OK)
			return;
	}
	wb_runtime_call_result(rt, id, WB_ERR_CLOSED, (struct wb_bytes){NULL, 0});
}

static void start(struct wb_runtime *rt, struct errand *e, const struct wb_todo *row, struct wb_arena *a)
{
	struct wb_errand w = {.db = rt_txn(rt), .arena = a, .now_us = rt->time_us, .tenant = row->tenant};
	const struct wb_todo_def *def = todo_def(rt->service, row->kind);
	Weibao__V1__ToDoEnded end = WEIBAO__V1__TO_DO_ENDED__INIT;
	uint8_t ref[WB_ID_BYTES + 4];
	if (!w.db)
		return;
	e->cause_position = row->cause_position;
	if (e->ending) {
		memcpy(ref, row->ref.b, WB_ID_BYTES);
		wb_be32_put(ref + WB_ID_BYTES, row->n);
		end.service = (char *)(uintptr_t)rt->service->name;
		end.kind = (char *)(uintptr_t)row->kind;
		end.ref = (ProtobufCBinaryData){sizeof ref, ref};
		end.code = e->code;
		w.command = &end.base;
	} else if (def) {
		def->act(&w, row);
	}
	if (!w.command) { /* nothing to do yet */
		e->retry_boot_us = rt_boot_us(rt) + WB_SECOND_US;
		return;
	}
	e->running = true;
	rt->n_running++;
	send(rt, e, row, &w, e->ending, a);
}

/* The row goes when its event is folded; until then it is not tried again at once. */
void runner_done(struct wb_runtime *rt, struct errand *e, Weibao__V1__ReplyStatus status, const char *code, bool final)
{
	int64_t now = rt_boot_us(rt);
	WB_ASSERT(e->running);
	e->running = false;
	rt->n_running--;
	if (status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK) {
		rt->stats.todos_done++;
		e->tries = 0;
		e->retry_boot_us = now + WB_SECOND_US; /* still there then: its event is not folded here, asked again */
		e->code[0] = '\0';
		return;
	}
	if (code) {
		size_t n = strlen(code) < sizeof e->code - 1 ? strlen(code) : sizeof e->code - 1;
		memcpy(e->code, code, n);
		e->code[n] = '\0';
	}
	if (status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED && final && !e->ending) {
		e->ending = true;
		e->retry_boot_us = now;
		rt->stats.todos_ended++;
		return;
	}
	uint32_t shift = e->tries < 10 ? e->tries : 10;
	int64_t wait = (int64_t)BACKOFF_LEAST_US << shift;
	e->tries++;
	e->retry_boot_us = now + (wait < BACKOFF_MOST_US ? wait : BACKOFF_MOST_US);
}

void runner_call_result(struct wb_runtime *rt, struct errand *e, enum wb_err err, struct wb_bytes reply)
{
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, COMMAND_ARENA_BYTES);
	if (err || wb_unpack(&weibao__v1__reply__descriptor, reply, &a, &wb_unpack_internal, &m) != WB_OK) {
		runner_done(rt, e, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_FAILED, "UNAVAILABLE", false);
	} else {
		const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
		bool already = r->status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK && r->code &&
		               strcmp(r->code, "ALREADY_SO") == 0;
		if (already)
			runner_done(rt, e, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED, r->code, true);
		else
			runner_done(rt, e, r->status, r->code, r->has_final && r->final);
	}
	wb_arena_done(&a);
}

struct due_list {
	struct wb_runtime *rt;
	struct wb_todo rows[ROWS_A_STEP];
	size_t n, visited;
};

static bool collect(void *ctx, const struct wb_todo *row)
{
	struct due_list *l = ctx;
	struct wb_runtime *rt = l->rt;
	const struct errand *e = errand_find(rt, row);
	l->visited++;
	if (!e || (!e->running && (e->retry_boot_us <= rt_boot_us(rt) || e->cause_position != row->cause_position)))
		l->rows[l->n++] = *row;
	return l->visited < ROWS_A_STEP && rt->n_running + l->n < WB_RUNTIME_ERRANDS;
}

/* Forgets errands whose row is gone: it was done, or taken back. A few a step. */
static void sweep(struct wb_runtime *rt)
{
	struct wb_txn *txn = rt_txn(rt);
	struct wb_arena a;
	wb_arena_init(&a, QUERY_ARENA_BYTES);
	rt->n_backing_off = 0;
	for (size_t b = 0; txn && b < ID_BUCKETS; b++) {
		struct errand *next;
		for (struct errand *e = rt->errands[b]; e; e = next) {
			struct wb_todo row;
			next = e->next;
			wb_arena_reset(&a);
			if (!e->running && !wb_projection_todo(txn, e->kind, e->tenant, e->ref, e->n, &a, &row))
				errand_free(rt, e);
			else if (!e->running && e->tries)
				rt->n_backing_off++;
		}
	}
	wb_arena_done(&a);
}

void runner_step(struct wb_runtime *rt)
{
	int64_t now = rt_boot_us(rt);
	if (rt->state != WB_RUNTIME_READY || rt->draining || rt->n_running >= WB_RUNTIME_ERRANDS)
		return;
	if (now >= rt->due_boot_us) {
		sweep(rt);
		rt->due_boot_us = now + WB_SECOND_US;
	}
	struct due_list *l = calloc(1, sizeof *l); /* of this step */
	struct wb_txn *txn = rt_txn(rt);
	if (!l || !txn) {
		free(l);
		return;
	}
	struct wb_arena a;
	wb_arena_init(&a, QUERY_ARENA_BYTES);
	l->rt = rt;
	wb_projection_due_from(txn, &rt->due_cursor, rt->time_us, collect, l, &a);
	for (size_t i = 0; i < l->n && rt->n_running < WB_RUNTIME_ERRANDS; i++) {
		struct errand *e = errand_find(rt, &l->rows[i]);
		if (!e)
			e = errand_new(rt, &l->rows[i]);
		if (e && e->cause_position != l->rows[i].cause_position) {
			e->ending = false;
			e->tries = 0;
		}
		if (e)
			start(rt, e, &l->rows[i], &a);
	}
	wb_arena_done(&a);
	free(l);
}

void runner_free_all(struct wb_runtime *rt)
{
	for (size_t b = 0; b < ID_BUCKETS; b++) {
		struct errand *next;
		for (struct errand *e = rt->errands[b]; e; e = next) {
			next = e->next;
			free(e);
		}
		rt->errands[b] = NULL;
	}
	while (rt->calls) {
		struct pending_call *p = rt->calls;
		rt->calls = p->next;
		free(p);
	}
}

void wb_runtime_stuck(struct wb_runtime *rt,
        void (*visit)(void *ctx, const struct wb_todo *row, const char *code, uint32_t tries), void *ctx)
{
	for (size_t b = 0; b < ID_BUCKETS; b++) {
		for (const struct errand *e = rt->errands[b]; e; e = e->next) {
			struct wb_todo row = {.kind = e->kind,
			        .tenant = e->tenant,
			        .ref = e->ref,
			        .n = e->n,
			        .cause_position = e->cause_position};
			if (e->tries)
				visit(ctx, &row, e->code, e->tries);
		}
	}
}
