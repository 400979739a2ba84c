/* Keys: what is sealed before an append and opened for an answer; fetching keys from the keyring; forgetting them. */
#include "service/internal.h"
#include "seal/personal.h"
#include "service/tables.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "wire/unpack.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_SUBJECTS 500u
#define FETCH_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define PAGE_KEYS 4000u
#define KEYRING_OWNER "intake"

void needs_add(struct needs *needs, struct wb_arena *a, const char *tenant, struct wb_id subject, bool create)
{
	for (size_t i = 0; i < needs->n; i++) {
		if (wb_id_equal(needs->rows[i].subject, subject) && strcmp(needs->rows[i].tenant, tenant) == 0) {
			needs->rows[i].create |= create;
			return;
		}
	}
	if (needs->n == needs->cap) {
		size_t cap = needs->cap ? 2 * needs->cap : 8;
		struct need *rows = WB_ARENA_ARRAY(a, struct need, cap);
		if (!rows)
			return; /* the arena is over its cap: the command is too large */
		if (needs->n)
			memcpy(rows, needs->rows, needs->n * sizeof *rows);
		needs->rows = rows;
		needs->cap = cap;
	}
	needs->rows[needs->n++] = (struct need){wb_arena_str(a, tenant), subject, create};
}

/* What is known here; with the keyring at hand it is asked at once. */
static enum wb_key_state look(
        struct wb_runtime *rt, const char *tenant, struct wb_id subject, bool create, uint8_t ret[32])
{
	enum wb_key_state s = wb_keys_get(rt->keys, tenant, subject, ret);
	const struct wb_keyring_port *ring = rt->ports.keyring;
	Weibao__V1__KeyState state;
	if (s != WB_KEY_UNKNOWN || !ring)
		return s;
	if (ring->get(ring->ctx, tenant, subject, create, &state, ret) != WB_OK)
		return WB_KEY_UNKNOWN;
	if (state == WEIBAO__V1__KEY_STATE__KEY_STATE_KNOWN)
		return wb_keys_put(rt->keys, tenant, subject, ret) == WB_OK ? WB_KEY_KNOWN : WB_KEY_UNKNOWN;
	if (state == WEIBAO__V1__KEY_STATE__KEY_STATE_ERASED)
		return wb_keys_erase(rt->keys, tenant, subject) == WB_OK ? WB_KEY_ERASED : WB_KEY_UNKNOWN;
	return WB_KEY_UNKNOWN;
}

/* ---- sealing ---- */

struct walk {
	struct wb_runtime *rt;
	const char *tenant;
	struct wb_arena *arena;
	struct needs *needs;
	enum wb_err err;
	bool look_only;
};

/* A box carried over from another subject, context or tenant becomes plain text, to be sealed anew. */
static bool uncarry(struct walk *w, Weibao__V1__Personal *p)
{
	Weibao__V1__Personal from = WEIBAO__V1__PERSONAL__INIT;
	uint8_t key[32];
	from.has_subject_id = true;
	from.subject_id = p->from_subject_id;
	from.has_context_id = p->has_from_context_id;
	from.context_id = p->from_context_id;
	from.value_case = WEIBAO__V1__PERSONAL__VALUE_BOX;
	from.box = p->box;
	struct wb_id subject = wb_id_of_field(p->from_subject_id);
	enum wb_key_state s = look(w->rt, p->from_tenant, subject, false, key);
	if (s == WB_KEY_UNKNOWN) {
		needs_add(w->needs, w->arena, p->from_tenant, subject, false);
		return true;
	}
	if (s == WB_KEY_ERASED) { /* nothing is left to carry: a word in its place, sealed like the rest */
		from.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
		from.plain = (char *)(uintptr_t) "-";
	} else {
		w->err = wb_personal_open(&from, p->from_tenant, key, w->arena);
	}
	sodium_memzero(key, sizeof key);
	if (w->err)
		return false;
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = from.plain;
	p->from_tenant = NULL;
	p->has_from_subject_id = false;
	p->has_from_context_id = false;
	return true;
}

static bool seal_one(void *ctx, Weibao__V1__Personal *p)
{
	struct walk *w = ctx;
	uint8_t key[32], nonce[WB_BOX_NONCE_BYTES];
	if (p->from_tenant && !uncarry(w, p))
		return false;
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_PLAIN)
		return true;
	struct wb_id subject = wb_id_of_field(p->subject_id);
	WB_ASSERT(p->has_subject_id && !wb_id_is_zero(subject)); /* a decision forgot whose it is */
	enum wb_key_state s = look(w->rt, w->tenant, subject, true, key);
	if (s == WB_KEY_UNKNOWN) {
		needs_add(w->needs, w->arena, w->tenant, subject, true);
		return true;
	}
	if (s == WB_KEY_ERASED) { /* of an erased person nothing is kept: a box under a key that nobody has */
		randombytes_buf(key, sizeof key);
	}
	w->rt->ports.random.fill(w->rt->ports.random.ctx, nonce, sizeof nonce);
	w->err = wb_personal_seal(p, w->tenant, key, nonce, w->arena);
	sodium_memzero(key, sizeof key);
	return w->err == WB_OK;
}

enum wb_err keys_seal(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs)
{
	struct walk w = {.rt = rt, .tenant = tenant, .arena = a, .needs = needs};
	wb_personal_visit(m, seal_one, &w);
	if (!w.err && needs->n == 0)
		WB_ASSERT(!wb_personal_has_plain(m));
	return w.err;
}

/* ---- opening ---- */

/* A box of another tenant says so in from_tenant: an engineer's name in a client unit's answer. */
static bool open_one(void *ctx, Weibao__V1__Personal *p)
{
	struct walk *w = ctx;
	const char *tenant = p->from_tenant ? p->from_tenant : w->tenant;
	uint8_t key[32];
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_BOX)
		return true;
	struct wb_id subject = wb_id_of_field(p->subject_id);
	enum wb_key_state s = look(w->rt, tenant, subject, false, key);
	if (s == WB_KEY_UNKNOWN) {
		needs_add(w->needs, w->arena, tenant, subject, false);
		return true;
	}
	if (w->look_only)
		return true;
	p->from_tenant = NULL;
	if (s == WB_KEY_ERASED) {
		p->value_case = WEIBAO__V1__PERSONAL__VALUE_ERASED;
		p->erased = true;
		return true;
	}
	w->err = wb_personal_open(p, tenant, key, w->arena);
	sodium_memzero(key, sizeof key);
	return w->err == WB_OK;
}

enum wb_err keys_open(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs)
{
	struct walk w = {.rt = rt, .tenant = tenant, .arena = a, .needs = needs};
	wb_personal_visit(m, open_one, &w);
	return w.err;
}

enum wb_err keys_open_one(
        struct wb_runtime *rt, const char *tenant, Weibao__V1__Personal *p, struct wb_arena *a, struct needs *needs)
{
	struct walk w = {.rt = rt, .tenant = tenant, .arena = a, .needs = needs};
	open_one(&w, p);
	return w.err;
}

void keys_lacking(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs)
{
	struct walk w = {.rt = rt, .tenant = tenant, .arena = a, .needs = needs, .look_only = true};
	wb_personal_visit(m, open_one, &w);
}

bool keys_digest_key(
        struct wb_runtime *rt, const char *tenant, struct wb_arena *a, struct needs *needs, uint8_t ret_key[32])
{
	struct wb_id none = {{0}};
	if (look(rt, tenant, none, true, ret_key) == WB_KEY_KNOWN)
		return true;
	needs_add(needs, a, tenant, none, true);
	return false;
}

bool keys_settled(struct wb_runtime *rt, const struct needs *needs)
{
	uint8_t key[32];
	for (size_t i = 0; i < needs->n; i++)
		if (look(rt, needs->rows[i].tenant, needs->rows[i].subject, false, key) == WB_KEY_UNKNOWN)
			return false;
	sodium_memzero(key, sizeof key);
	return true;
}

/* ---- fetching ---- */

struct fetch {
	Weibao__V1__KeysRequest request;
	ProtobufCBinaryData subjects[FETCH_SUBJECTS];
};

/* Adds what waits for the tenant and mode of the first that was added. */
static void add_needs(struct wb_runtime *rt, struct fetch *f, const struct needs *needs, struct wb_arena *a)
{
	Weibao__V1__KeysRequest *q = &f->request;
	uint8_t key[32];
	for (size_t i = 0; i < needs->n && q->n_subject_ids < FETCH_SUBJECTS; i++) {
		const struct need *n = &needs->rows[i];
		if (wb_keys_get(rt->keys, n->tenant, n->subject, key) != WB_KEY_UNKNOWN)
			continue;
		if (!q->tenant) {
			q->tenant = wb_arena_str(a, n->tenant);
			q->has_create = true;
			q->create = n->create;
		}
		if (strcmp(q->tenant, n->tenant) == 0 && q->create == n->create)
			q->subject_ids[q->n_subject_ids++] = wb_field_of_id(a, n->subject);
	}
	sodium_memzero(key, sizeof key);
}

static void collect(struct wb_runtime *rt, struct fetch *f, struct wb_arena *a)
{
	struct needs cached = {0};
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all; n = n->next) {
		const struct command *c =
		        (const struct command *)(void *)((char *)n - offsetof(struct command, in_all));
		if (c->state == COMMAND_KEYS || c->state == COMMAND_ANSWER)
			add_needs(rt, f, &c->needs, a);
	}
	for (struct node *n = rt->queries_all.next; n != &rt->queries_all; n = n->next) {
		const struct waiting_query *w =
		        (const struct waiting_query *)(void *)((char *)n - offsetof(struct waiting_query, in_all));
		add_needs(rt, f, &w->needs, a);
	}
	cache_lacking(rt, a, &cached);
	add_needs(rt, f, &cached, a);
}

static void call(struct wb_runtime *rt, const Weibao__V1__KeysRequest *k, struct wb_arena *a)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	Weibao__V1__Role role = WEIBAO__V1__ROLE__ROLE_SYSTEM;
	uint8_t nobody[WB_ID_BYTES] = {0};
	struct wb_bytes body, packed;
	if (wb_pack(&k->base, a, &body) != WB_OK)
		return;
	who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	who.home = (char *)(uintptr_t) "cell";
	who.roles = &role;
	who.n_roles = 1;
	who.service = (char *)(uintptr_t)rt->service->name;
	rt->keys_call_id = q.request_id = rt_next_id(rt);
	q.operation = (char *)(uintptr_t) "KeysRequest";
	q.tenant = k->tenant;
	q.principal = &who;
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	rt->keys_calling = true;
	if (wb_pack(&q.base, a, &packed) != WB_OK ||
	        rt->ports.call(rt->ports.ctx, KEYRING_OWNER, rt->keys_call_id, packed) != WB_OK) {
		rt->keys_calling = false;
		rt->keys_boot_us = rt_boot_us(rt) + 100 * 1000;
	}
}

static void fetch_all(struct wb_runtime *rt, struct wb_arena *a)
{
	Weibao__V1__KeysRequest k = WEIBAO__V1__KEYS_REQUEST__INIT;
	k.tenant = (char *)(uintptr_t) "cell";
	k.has_all = true;
	k.all = true;
	if (rt->keys_after_tenant[0]) {
		k.after_tenant = rt->keys_after_tenant;
		k.has_after_subject_id = true;
		k.after_subject_id = (ProtobufCBinaryData){WB_ID_BYTES, rt->keys_after_subject.b};
	}
	rt->keys_all_asked = true;
	call(rt, &k, a);
	if (!rt->keys_calling)
		rt->keys_all_asked = false;
}

void keys_fetch(struct wb_runtime *rt)
{
	struct wb_arena a;
	if (rt->ports.keyring) {
		rt->keys_loaded = true;
		if (rt->keys_wanted) {
			rt->keys_wanted = false;
			command_on_keys(rt);
			query_on_keys(rt);
		}
		return;
	}
	bool load = rt->service->cache && !rt->keys_loaded && rt->state == WB_RUNTIME_READY;
	if (rt->keys_calling || (!rt->keys_wanted && !load) || rt_boot_us(rt) < rt->keys_boot_us)
		return;
	wb_arena_init(&a, FETCH_ARENA_BYTES);
	struct fetch *f = WB_ARENA_NEW(&a, struct fetch);
	if (load) {
		fetch_all(rt, &a);
	} else if (f) {
		weibao__v1__keys_request__init(&f->request);
		f->request.subject_ids = f->subjects;
		collect(rt, f, &a);
		if (f->request.n_subject_ids)
			call(rt, &f->request, &a);
		else
			rt->keys_wanted = false;
	}
	wb_arena_done(&a);
}

static void take_keys(struct wb_runtime *rt, const Weibao__V1__KeysResult *r)
{
	for (size_t i = 0; i < r->n_keys; i++) {
		const Weibao__V1__KeyRow *k = r->keys[i];
		struct wb_id subject = wb_id_of_field(k->subject_id);
		enum wb_err err = WB_OK;
		if (k->state == WEIBAO__V1__KEY_STATE__KEY_STATE_KNOWN && k->key.len == WB_KEY32_BYTES)
			err = wb_keys_put(rt->keys, k->tenant, subject, k->key.data);
		else if (k->state == WEIBAO__V1__KEY_STATE__KEY_STATE_ERASED)
			err = wb_keys_erase(rt->keys, k->tenant, subject);
		if (err)
			rt_fail(rt, WB_RUNTIME_FAILED, "keeping keys: %s", wb_err_text(err));
	}
}

static void took_page(struct wb_runtime *rt, const Weibao__V1__KeysResult *r)
{
	rt->keys_all_asked = false;
	if (!r->has_more || !r->more || r->n_keys == 0) {
		rt->keys_loaded = true;
		return;
	}
	const Weibao__V1__KeyRow *last = r->keys[r->n_keys - 1];
	size_t n = strlen(last->tenant);
	if (n < sizeof rt->keys_after_tenant)
		memcpy(rt->keys_after_tenant, last->tenant, n + 1);
	rt->keys_after_subject = wb_id_of_field(last->subject_id);
}

void keys_call_result(struct wb_runtime *rt, enum wb_err err, struct wb_bytes reply)
{
	static const struct wb_unpack_limits limits = {
	        .bytes_max = 8u << 20, .depth_max = 4, .fields_max = WB_INTERNAL_FIELDS_MAX, .mode = WB_UNPACK_LENIENT};
	struct wb_arena a;
	ProtobufCMessage *m;
	bool taken = false;
	wb_arena_init(&a, FETCH_ARENA_BYTES);
	rt->keys_calling = false;
	if (!err && wb_unpack(&weibao__v1__reply__descriptor, reply, &a, &limits, &m) == WB_OK) {
		const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
		struct wb_bytes body = {r->body.data, r->body.len};
		if (r->status == WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK &&
		        wb_unpack(&weibao__v1__keys_result__descriptor, body, &a, &limits, &m) == WB_OK) {
			const Weibao__V1__KeysResult *k = (const Weibao__V1__KeysResult *)m;
			taken = k->ready;
			take_keys(rt, k);
			if (rt->keys_all_asked)
				took_page(rt, k);
		}
	}
	wb_arena_done(&a);
	if (!taken) {
		rt->keys_all_asked = false;
		rt->keys_boot_us = rt_boot_us(rt) + 100 * 1000;
		return;
	}
	command_on_keys(rt);
	query_on_keys(rt);
}

/* ---- serving: intake's side ---- */

struct serving {
	struct wb_arena *arena;
	Weibao__V1__KeyRow **rows;
	size_t n;
	const char *after_tenant;
	struct wb_id after_subject;
	bool more;
};

static Weibao__V1__KeyRow *row_new(struct wb_arena *a, const char *tenant, struct wb_id subject)
{
	Weibao__V1__KeyRow *r = WB_ARENA_NEW(a, Weibao__V1__KeyRow);
	if (!r)
		return NULL;
	weibao__v1__key_row__init(r);
	r->tenant = wb_arena_str(a, tenant);
	r->subject_id = wb_field_of_id(a, subject);
	return r;
}

static bool serve_one(
        void *ctx, const char *tenant, struct wb_id subject, Weibao__V1__KeyState state, const uint8_t *key)
{
	struct serving *s = ctx;
	if (s->after_tenant) {
		int c = strcmp(tenant, s->after_tenant);
		if (c < 0 || (c == 0 && memcmp(subject.b, s->after_subject.b, sizeof subject.b) <= 0))
			return true;
	}
	if (s->n == PAGE_KEYS) {
		s->more = true;
		return false;
	}
	Weibao__V1__KeyRow *r = row_new(s->arena, tenant, subject);
	if (!r)
		return false;
	r->state = state;
	if (state == WEIBAO__V1__KEY_STATE__KEY_STATE_KNOWN) {
		r->has_key = true;
		r->key = (ProtobufCBinaryData){WB_KEY32_BYTES, wb_arena_copy(s->arena, key, WB_KEY32_BYTES)};
	}
	s->rows[s->n++] = r;
	return true;
}

static bool serve_asked(struct wb_runtime *rt, const Weibao__V1__KeysRequest *k, struct serving *s)
{
	const struct wb_keyring_port *ring = rt->ports.keyring;
	for (size_t i = 0; i < k->n_subject_ids && s->n < PAGE_KEYS; i++) {
		struct wb_id subject = wb_id_of_field(k->subject_ids[i]);
		Weibao__V1__KeyRow *r = row_new(s->arena, k->tenant, subject);
		uint8_t key[32];
		if (!r || ring->get(ring->ctx, k->tenant, subject, k->has_create && k->create, &r->state, key) != WB_OK)
			return false;
		if (r->state == WEIBAO__V1__KEY_STATE__KEY_STATE_KNOWN) {
			r->has_key = true;
			r->key = (ProtobufCBinaryData){sizeof key, wb_arena_copy(s->arena, key, sizeof key)};
		}
		sodium_memzero(key, sizeof key);
		s->rows[s->n++] = r;
	}
	return true;
}

void keys_serve(struct wb_runtime *rt, const struct wb_caller *from, const Weibao__V1__Request *request)
{
	Weibao__V1__KeysResult result = WEIBAO__V1__KEYS_RESULT__INIT;
	Weibao__V1__Reply reply = WEIBAO__V1__REPLY__INIT;
	struct wb_bytes body = {request->body.data, request->body.len}, packed;
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, FETCH_ARENA_BYTES);
	struct serving s = {.arena = &a, .rows = WB_ARENA_ARRAY(&a, Weibao__V1__KeyRow *, PAGE_KEYS)};
	const struct wb_keyring_port *ring = rt->ports.keyring;
	/* only services ask: the gateway never forwards this operation, CURVE says who a peer is */
	if (from->keyless || !request->principal->service || !s.rows ||
	        wb_unpack(&weibao__v1__keys_request__descriptor, body, &a, &wb_unpack_internal, &m) != WB_OK) {
		rt_reply_refusal(rt, from, request, "FORBIDDEN", NULL, NULL, &a);
		wb_arena_done(&a);
		return;
	}
	const Weibao__V1__KeysRequest *k = (const Weibao__V1__KeysRequest *)m;
	bool well;
	if (k->has_all && k->all) {
		s.after_tenant = k->after_tenant;
		s.after_subject = wb_id_of_field(k->after_subject_id);
		well = ring->all(ring->ctx, serve_one, &s) == WB_OK;
	} else {
		well = serve_asked(rt, k, &s);
	}
	/* before the log's erasures are known here an erased key could be given out */
	result.ready = well && rt->state == WB_RUNTIME_READY;
	result.request_id = request->request_id;
	result.keys = s.rows;
	result.n_keys = result.ready ? s.n : 0;
	result.has_more = true;
	result.more = s.more;
	reply.request_id = request->request_id;
	reply.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK;
	if (wb_pack(&result.base, &a, &packed) == WB_OK) {
		reply.has_body = true;
		reply.body = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
		rt_reply(rt, from, &reply);
	}
	wb_arena_done(&a);
}

/* ---- erasure ---- */

static void erase(struct wb_runtime *rt, const char *tenant, ProtobufCBinaryData field)
{
	const struct wb_keyring_port *ring = rt->ports.keyring;
	struct wb_id subject = wb_id_of_field(field);
	enum wb_err err = wb_keys_erase(rt->keys, tenant, subject);
	if (!err && ring)
		err = ring->erase(ring->ctx, tenant, subject);
	if (err)
		rt_fail(rt, WB_RUNTIME_FAILED, "erasing a key: %s", wb_err_text(err));
}

void keys_on_event(struct wb_runtime *rt, const struct wb_event *ev)
{
	if (strcmp(ev->type, "PersonErased") != 0)
		return;
	const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)ev->payload;
	erase(rt, ev->tenant, e->subject_id);
	for (size_t i = 0; i < e->n_alias_ids; i++)
		erase(rt, ev->tenant, e->alias_ids[i]);
}

static bool erase_again(struct wb_key_reader *r, char *tenant, size_t size, struct wb_id *ret_subject)
{
	return wb_key_read_text(r, tenant, size, NULL) && wb_key_read_id(r, ret_subject) && wb_key_read_end(r);
}

/* At start: what the log says was erased is erased in the keyring too (a crash between, an older backup of it). */
void keys_reconcile(struct wb_runtime *rt)
{
	struct wb_txn *txn = rt_txn(rt);
	struct wb_scan scan;
	struct wb_bytes key;
	if (!txn)
		return;
	wb_scan_prefix(&scan, txn, &wb_table_erased, NULL);
	while (wb_scan_next(&scan, &key, NULL)) {
		struct wb_key_reader r;
		char tenant[64];
		struct wb_id subject;
		wb_key_reader_init(&r, key);
		if (erase_again(&r, tenant, sizeof tenant, &subject))
			erase(rt, tenant, (ProtobufCBinaryData){WB_ID_BYTES, subject.b});
	}
	wb_scan_done(&scan);
}
