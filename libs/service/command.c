/* The way of a command: after → digest → effect → turns → decide → seal → append → fold → answer. */
#include "service/internal.h"
#include "service/tables.h"
#include "wire/unpack.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

static void advance(struct command *c);

/* ---- taking one in ---- */

static const struct wb_command_def *find_command(const struct wb_runtime *rt, const char *operation)
{
	size_t lo = 0, hi = rt->n_command_defs;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(rt->commands[mid]->message->short_name, operation);
		if (c == 0)
			return rt->commands[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool rt_is_command(const struct wb_runtime *rt, const char *operation)
{
	return find_command(rt, operation) != NULL;
}

static uint32_t id_bucket(struct wb_id id)
{
	return wb_be32_get(id.b + 12) % ID_BUCKETS;
}

static struct command *command_new(struct wb_runtime *rt)
{
	struct command *c = calloc(1, sizeof *c); /* lives over many messages: from the request to its answer */
	if (!c)
		return NULL;
	c->rt = rt;
	wb_arena_init(&c->arena, COMMAND_ARENA_BYTES);
	node_init(&c->in_id);
	node_add(&rt->commands_all, &c->in_all);
	rt->n_commands++;
	return c;
}

/* The command as received, checked; false: it was refused, or there was nobody to answer, and is gone. */
static bool open_request(struct command *c, struct wb_bytes bytes)
{
	ProtobufCMessage *m;
	enum wb_refusal why;
	if (wb_unpack(&weibao__v1__request__descriptor, bytes, &c->arena, &wb_unpack_internal, &m) != WB_OK) {
		command_free(c); /* not even a request id to answer */
		return false;
	}
	c->request = (const Weibao__V1__Request *)m;
	c->def = find_command(c->rt, c->request->operation);
	if (!c->def || !wb_id_from_bytes(c->request->command_id.data, c->request->command_id.len, &c->id)) {
		command_refuse(c, WB_NOT_FOUND, NULL);
		return false;
	}
	if (!rt_allowed(c->request, c->def->roles, c->def->tenant, &why)) {
		command_refuse(c, why, NULL);
		return false;
	}
	struct wb_bytes body = {c->request->body.data, c->request->body.len};
	if (wb_unpack(c->def->message, body, &c->arena, &wb_unpack_internal, &m) != WB_OK) {
		command_refuse(c, WB_FIELD_INVALID, NULL);
		return false;
	}
	c->message = m;
	return true;
}

void command_take(struct wb_runtime *rt, const struct wb_caller *from, struct errand *errand, struct wb_bytes request)
{
	struct command *c = rt->n_commands < WB_RUNTIME_COMMANDS ? command_new(rt) : NULL;
	if (!c) {
		if (errand)
			runner_done(rt, errand, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_BUSY, "BUSY", false);
		else
			query_busy(rt, from, request);
		return;
	}
	c->errand = errand;
	if (from) {
		c->has_caller = true;
		c->caller = *from;
	}
	if (!open_request(c, request))
		return;
	node_add(&rt->by_id[id_bucket(c->id)], &c->in_id);
	if (rt->state != WB_RUNTIME_READY || rt->draining) {
		command_busy(c, WB_UNAVAILABLE);
		return;
	}
	c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
	advance(c);
}

/* ---- before the turns ---- */

/* Another history than ours: its position says nothing here. */
static bool after_is_foreign(const struct command *c)
{
	const Weibao__V1__Request *q = c->request;
	const struct wb_projection *p = &c->rt->projection;
	struct wb_id log;
	if (q->has_incarnation && q->incarnation != p->incarnation)
		return true;
	return q->has_log_id && wb_id_from_bytes(q->log_id.data, q->log_id.len, &log) && !wb_id_equal(log, p->log_id);
}

static bool make_digest(struct command *c)
{
	uint8_t key[32];
	unsigned len = 32;
	const Weibao__V1__Request *q = c->request;
	c->needs.n = 0;
	if (!keys_digest_key(c->rt, q->tenant, &c->arena, &c->needs, key))
		return false;
	size_t ol = strlen(q->operation) + 1, al = q->principal->account_id.len;
	uint8_t *text = wb_arena_alloc(&c->arena, ol + al + q->body.len);
	if (!text)
		return false;
	memcpy(text, q->operation, ol);
	memcpy(text + ol, q->principal->account_id.data, al);
	if (q->body.len)
		memcpy(text + ol + al, q->body.data, q->body.len);
	HMAC(EVP_sha256(), key, sizeof key, text, ol + al + q->body.len, c->digest, &len);
	OPENSSL_cleanse(key, sizeof key);
	c->has_digest = true;
	return true;
}

/* The events of a command that was accepted before, from the journal; the answer is made of them again. */
static void read_again(struct command *c, uint64_t position, uint32_t count)
{
	struct wb_runtime *rt = c->rt;
	Weibao__V1__ReadRequest q = WEIBAO__V1__READ_REQUEST__INIT;
	struct wb_arena a;
	struct wb_bytes packed;
	c->state = COMMAND_REPEAT;
	c->position = position;
	c->n_events = count;
	c->n_answer_events = 0;
	c->last_event_position = 0;
	c->events = WB_ARENA_ARRAY(&c->arena, Weibao__V1__AnswerEvent *, count);
	c->read_id = q.request_id = rt_next_id(rt);
	q.from = position;
	q.limit = count;
	c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
	wb_arena_init(&a, 4096);
	if (!c->events || wb_pack(&q.base, &a, &packed) != WB_OK || rt->ports.read(rt->ports.ctx, packed) != WB_OK)
		command_busy(c, WB_BUSY);
	else
		rt->stats.commands_repeated++;
	wb_arena_done(&a);
}

/* True if the id was accepted before: then it is being answered again, or refused as another command. */
static bool repeated(struct command *c)
{
	struct wb_accepted acc;
	struct wb_txn *txn = rt_txn(c->rt);
	if (!txn || !wb_projection_accepted(txn, c->id, &acc))
		return false;
	if (memcmp(acc.digest, c->digest, sizeof acc.digest) != 0)
		command_refuse(c, WB_COMMAND_ID_REUSED, NULL);
	else
		read_again(c, acc.position, acc.count);
	return true;
}

static const struct wb_effect_def *effect_of(const struct command *c)
{
	const struct wb_effects *e = c->rt->service->effects;
	for (size_t i = 0; e && c->def && i < e->n_defs; i++)
		if (e->defs[i].message == c->def->message)
			return &e->defs[i];
	return NULL;
}

static struct wb_decision decision_of(struct command *c)
{
	return (struct wb_decision){
	        .db = rt_txn(c->rt),
	        .arena = &c->arena,
	        .tenant = c->request->tenant,
	        .who = c->request->principal,
	        .command_id = c->id,
	        .now_us = c->rt->time_us,
	        .projection = &c->rt->projection,
	        .out = &c->out,
	};
}

static void effect_work(void *arg)
{
	struct command *c = arg;
	c->effect->work(c->rt->effects, c->job);
}

static void effect_end(void *arg)
{
	struct command *c = arg;
	const ProtobufCMessage *m = c->effect->end(c->rt->effects, c->job, &c->arena);
	if (m)
		c->message = m;
	c->job = NULL;
	c->effect_done = true;
	advance(c);
}

/* True while the effect is at work; it comes back through effect_end. */
static bool effect_started(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	c->effect = c->effect_done ? NULL : effect_of(c);
	if (!c->effect)
		return false;
	wb_decision_out_init(&c->out, rt->counters);
	struct wb_decision d = decision_of(c);
	if (!d.db)
		return false;
	c->job = c->effect->begin(rt->effects, &d, c->message);
	if (!c->job) {
		c->effect_done = true;
		return false;
	}
	c->state = COMMAND_EFFECT;
	if (c->effect->work && rt->ports.offload &&
	        rt->ports.offload(rt->ports.ctx, effect_work, effect_end, c) == WB_OK)
		return true;
	if (c->effect->work)
		effect_work(c);
	effect_end(c);
	return true;
}

/* ---- turns and decision ---- */

static void decide(struct command *c);

static void on_granted(void *ctx)
{
	struct command *c = ctx;
	if (c->held)
		decide(c);
	else
		c->granted_early = true;
}

static void take_turns(struct command *c)
{
	c->turns = (struct wb_turns){.tenant = c->request->tenant};
	c->def->turns(&c->turns, c->request->tenant, c->message);
	wb_turn_write_name(&c->turns, "_command", (struct wb_bytes){c->id.b, sizeof c->id.b});
	if (c->turns.overflow) {
		command_refuse(c, WB_COMMAND_TOO_LARGE, NULL);
		return;
	}
	c->state = COMMAND_TURNS;
	c->deadline_boot_us = rt_boot_us(c->rt) + 2 * WB_RUNTIME_AFTER_US;
	c->granted_early = false;
	c->held = wb_turn_take(c->rt->turns, &c->turns, on_granted, c);
	if (!c->held)
		command_busy(c, WB_BUSY);
	else if (c->granted_early)
		decide(c);
}

static void advance(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	if (c->request->has_not_after && c->request->not_after < rt->time_us) {
		command_busy(c, WB_BUSY);
		return;
	}
	if (c->request->has_after && !after_is_foreign(c) && c->request->after > rt->projection.position) {
		c->state = COMMAND_AFTER;
		return;
	}
	if (!c->has_digest && !make_digest(c)) {
		c->state = COMMAND_KEYS;
		rt->keys_wanted = true;
		return;
	}
	if (repeated(c) || effect_started(c))
		return;
	take_turns(c);
}

static bool version_matches(struct command *c)
{
	if (!c->request->has_if_version || !c->turns.has_thing)
		return true;
	struct wb_txn *txn = rt_txn(c->rt);
	return txn && wb_projection_version(txn, c->request->tenant, c->turns.thing_kind, c->turns.thing_id) ==
	                      c->request->if_version;
}

static void seal_and_append(struct command *c);

static void decide(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	if (repeated(c)) /* while it waited its twin was folded */
		return;
	wb_decision_out_init(&c->out, rt->counters);
	struct wb_decision d = decision_of(c);
	if (!d.db) {
		command_busy(c, WB_UNAVAILABLE);
		return;
	}
	if (!version_matches(c)) {
		command_refuse(c, WB_VERSION_MISMATCH, NULL);
		return;
	}
	c->def->decide(&d, c->message);
	enum wb_err err = wb_txn_error(d.db);
	if (err) {
		rt_fail(rt, WB_RUNTIME_FAILED, "deciding %s: %s", c->request->operation, wb_err_text(err));
		command_busy(c, WB_UNAVAILABLE);
	} else if (c->arena.overflowed || c->out.too_large) {
		command_refuse(c, WB_COMMAND_TOO_LARGE, NULL);
	} else if (c->out.refused) {
		command_refuse(c, c->out.refusal, c->out.path);
	} else if (c->out.n_events == 0) {
		command_already(c);
	} else {
		seal_and_append(c);
	}
}

/* ---- one append ---- */

static void fill_actor(const struct command *c, Weibao__V1__Actor *actor)
{
	const Weibao__V1__Principal *who = c->request->principal;
	weibao__v1__actor__init(actor);
	actor->account_id = who->account_id;
	if (who->n_roles) {
		actor->has_role = true;
		actor->role = (uint32_t)who->roles[0];
		for (size_t i = 0; i < who->n_roles; i++) {
			if (c->def->roles & (1u << who->roles[i])) {
				actor->role = (uint32_t)who->roles[i];
				break;
			}
		}
	}
	actor->home = who->home;
	actor->has_person_id = who->has_person_id;
	actor->person_id = who->person_id;
	actor->service = who->service;
}

static bool fill_events(struct command *c, Weibao__V1__Append *ap)
{
	struct wb_arena *a = &c->arena;
	ap->events = WB_ARENA_ARRAY(a, Weibao__V1__AppendEvent *, c->out.n_events);
	if (!ap->events)
		return false;
	for (const struct wb_emitted *e = c->out.events; e; e = e->next) {
		Weibao__V1__AppendEvent *ev = WB_ARENA_NEW(a, Weibao__V1__AppendEvent);
		struct wb_bytes payload;
		if (!ev || wb_pack(e->event, a, &payload) != WB_OK)
			return false;
		weibao__v1__append_event__init(ev);
		ev->stream_kind = wb_arena_str(a, e->stream_kind);
		ev->stream_id = wb_field_of_id(a, e->stream_id);
		ev->expected_version = e->expected_version;
		ev->event_type = wb_arena_str(a, e->event->descriptor->short_name);
		ev->schema_version = 1;
		ev->has_occurred_at = e->has_occurred;
		ev->occurred_at = e->occurred_at;
		ev->payload = (ProtobufCBinaryData){payload.len, (uint8_t *)(uintptr_t)payload.data};
		ap->events[ap->n_events++] = ev;
	}
	return true;
}

static bool fill_conditions(struct command *c, Weibao__V1__Append *ap)
{
	struct wb_arena *a = &c->arena;
	ap->conditions = WB_ARENA_ARRAY(a, Weibao__V1__AppendCondition *, c->out.n_conditions + 1);
	if (!ap->conditions)
		return false;
	for (const struct wb_conditioned *k = c->out.conditions; k; k = k->next) {
		Weibao__V1__AppendCondition *ac = WB_ARENA_NEW(a, Weibao__V1__AppendCondition);
		if (!ac)
			return false;
		weibao__v1__append_condition__init(ac);
		ac->stream_kind = wb_arena_str(a, k->stream_kind);
		ac->stream_id = wb_field_of_id(a, k->stream_id);
		ac->version = k->version;
		ac->tenant = wb_arena_str(a, k->tenant);
		ap->conditions[ap->n_conditions++] = ac;
	}
	return true;
}

/* Packs the append once; a retry after an unknown outcome sends the same bytes. */
static bool pack_append(struct command *c)
{
	const Weibao__V1__Request *q = c->request;
	Weibao__V1__Append ap = WEIBAO__V1__APPEND__INIT;
	Weibao__V1__Actor actor;
	fill_actor(c, &actor);
	c->append_id = ap.request_id = rt_next_id(c->rt);
	ap.service = (char *)(uintptr_t)c->rt->service->name;
	ap.epoch = c->rt->epoch;
	ap.tenant = q->tenant;
	ap.command_id = wb_field_of_id(&c->arena, c->id);
	ap.command_digest = (ProtobufCBinaryData){sizeof c->digest, c->digest};
	ap.actor = &actor;
	ap.has_correlation_id = q->has_correlation_id;
	ap.correlation_id = q->correlation_id;
	ap.has_causation_position = q->has_causation_position;
	ap.causation_position = q->causation_position;
	ap.traceparent = q->traceparent;
	return fill_events(c, &ap) && fill_conditions(c, &ap) && wb_pack(&ap.base, &c->arena, &c->append) == WB_OK;
}

static void enqueue(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	c->state = COMMAND_APPEND;
	c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_APPEND_TIMEOUT_US;
	rt->batch[rt->n_batch++] = c;
}

static void seal_and_append(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	c->needs.n = 0;
	for (struct wb_emitted *e = c->out.events; e; e = e->next) {
		/* the payload is the decision's own, in our arena: sealed in place */
		ProtobufCMessage *m = (ProtobufCMessage *)(uintptr_t)e->event;
		if (keys_seal(rt, c->request->tenant, m, &c->arena, &c->needs) != WB_OK) {
			command_refuse(c, WB_UNAVAILABLE, NULL);
			return;
		}
	}
	if (c->needs.n) {
		c->state = COMMAND_KEYS;
		c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
		rt->keys_wanted = true;
		return;
	}
	c->n_events = (uint32_t)c->out.n_events;
	c->n_answer_events = 0;
	c->last_event_position = 0;
	c->events = WB_ARENA_ARRAY(&c->arena, Weibao__V1__AnswerEvent *, c->n_events);
	if (!c->events || !pack_append(c)) {
		command_refuse(c, WB_COMMAND_TOO_LARGE, NULL);
		return;
	}
	enqueue(c);
}

/* ---- what comes back ---- */

static void decide_again(struct command *c)
{
	if (++c->conflicts > CONFLICTS_MAX) {
		command_busy(c, WB_BUSY);
		return;
	}
	decide(c);
}

static void on_conflict(struct command *c, const Weibao__V1__AppendResult *r)
{
	struct wb_runtime *rt = c->rt;
	rt->stats.commands_conflict++;
	if (!r->stream || !wb_id_from_bytes(r->stream->stream_id.data, r->stream->stream_id.len, &c->conflict.id)) {
		command_busy(c, WB_BUSY);
		return;
	}
	c->conflict.tenant = wb_arena_str(&c->arena, r->stream->tenant);
	c->conflict.kind = wb_arena_str(&c->arena, r->stream->kind);
	c->conflict.version = r->version;
	c->state = COMMAND_CONFLICT;
	c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
	struct wb_txn *txn = rt_txn(rt);
	if (txn && c->conflict.tenant && c->conflict.kind &&
	        wb_projection_version(txn, c->conflict.tenant, c->conflict.kind, c->conflict.id) >= c->conflict.version)
		decide_again(c);
}

static struct command *find_append(struct wb_runtime *rt, uint64_t id)
{
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all; n = n->next) {
		struct command *c = (struct command *)(void *)((char *)n - offsetof(struct command, in_all));
		if (c->append_id == id && c->state == COMMAND_APPEND)
			return c;
	}
	return NULL;
}

void command_on_result(struct wb_runtime *rt, const Weibao__V1__AppendResult *r)
{
	struct command *c = find_append(rt, r->request_id);
	if (!c)
		return;
	switch (r->outcome) {
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_OK:
		c->append_known = true;
		c->position = r->position;
		c->state = COMMAND_FOLD;
		c->deadline_boot_us = rt_boot_us(rt) + 4 * WB_RUNTIME_AFTER_US;
		if (c->n_answer_events == c->n_events)
			command_answer(c);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_DUPLICATE:
		read_again(c, r->position, r->count);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_CONFLICT:
		on_conflict(c, r);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_OTHER:
		command_refuse(c, WB_COMMAND_ID_REUSED, NULL);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_TOO_LARGE:
		command_refuse(c, WB_COMMAND_TOO_LARGE, NULL);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_FULL:
		command_refuse(c, WB_JOURNAL_FULL, NULL);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_CLOCK_SUSPECT:
		command_refuse(c, WB_CLOCK_SUSPECT, NULL);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_FENCED:
		rt_fail(rt, WB_RUNTIME_FENCED, "a newer instance of %s has taken over", rt->service->name);
		command_busy(c, WB_UNAVAILABLE);
		return;
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_INVALID:
	case WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_UNSPECIFIED:
	case _WEIBAO__V1__APPEND_OUTCOME_IS_INT_SIZE:
		break;
	}
	rt_fail(rt, WB_RUNTIME_FAILED, "the journal calls an append of %s malformed", c->request->operation);
	command_busy(c, WB_UNAVAILABLE);
}

/* One of our events was folded: it belongs to the answer of the command under way, whatever became of the result. */
void command_on_event(struct wb_runtime *rt, const struct wb_event *ev)
{
	struct wb_id id;
	if (strcmp(ev->envelope->service, rt->service->name) != 0 ||
	        !wb_id_from_bytes(ev->envelope->command_id.data, ev->envelope->command_id.len, &id))
		return;
	struct node *bucket = &rt->by_id[id_bucket(id)];
	for (struct node *n = bucket->next; n != bucket; n = n->next) {
		struct command *c = (struct command *)(void *)((char *)n - offsetof(struct command, in_id));
		if (wb_id_equal(c->id, id) && (c->state == COMMAND_APPEND || c->state == COMMAND_FOLD) && c->events)
			(void)command_add_event(c, ev);
	}
}

static struct command *command_at(struct node *n)
{
	return (struct command *)(void *)((char *)n - offsetof(struct command, in_all));
}

/* What waited for the fold goes on. A step can free other commands (turns), so the walk begins anew after each. */
static struct command *next_folded(struct wb_runtime *rt)
{
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all; n = n->next) {
		struct command *c = command_at(n);
		if ((c->state == COMMAND_APPEND || c->state == COMMAND_FOLD) && c->events &&
		        c->n_answer_events == c->n_events)
			return c;
		if (c->state == COMMAND_AFTER && c->request->after <= rt->projection.position)
			return c;
		if (c->state == COMMAND_CONFLICT) {
			struct wb_txn *txn = rt_txn(rt);
			if (txn && wb_projection_version(txn, c->conflict.tenant, c->conflict.kind, c->conflict.id) >=
			                   c->conflict.version)
				return c;
		}
	}
	return NULL;
}

void command_after_fold(struct wb_runtime *rt)
{
	struct command *c;
	while ((c = next_folded(rt))) {
		if (c->state == COMMAND_AFTER)
			advance(c);
		else if (c->state == COMMAND_CONFLICT)
			decide_again(c);
		else
			command_answer(c);
	}
}

bool command_on_read(struct wb_runtime *rt, const Weibao__V1__ReadResult *r)
{
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all; n = n->next) {
		struct command *c = command_at(n);
		if (c->state != COMMAND_REPEAT || c->read_id != r->request_id)
			continue;
		for (size_t i = 0; i < r->n_records && c->n_answer_events < c->n_events; i++) {
			struct wb_record rec = {
			        r->records[i]->position, {r->records[i]->record.data, r->records[i]->record.len}};
			struct wb_event ev;
			if (wb_event_open(&rec, &c->arena, &ev) == WB_OK)
				(void)command_add_event(c, &ev);
		}
		if (c->n_answer_events == c->n_events)
			command_answer(c);
		else
			command_busy(c, WB_BUSY);
		return true;
	}
	return false;
}

void command_on_keys(struct wb_runtime *rt)
{
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all;) {
		struct command *c = command_at(n);
		bool waits = c->state == COMMAND_KEYS || c->state == COMMAND_ANSWER;
		if (!waits || !keys_settled(rt, &c->needs)) {
			n = n->next;
			continue;
		}
		if (c->state == COMMAND_ANSWER)
			command_answer(c);
		else if (c->out.n_events && c->held)
			seal_and_append(c);
		else
			advance(c);
		n = rt->commands_all.next; /* the step may have freed any */
	}
}

/* ---- waits that end ---- */

static void expire(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	switch (c->state) {
	case COMMAND_APPEND: /* unknown: the same bytes again, the id makes it once; the turns stay held */
		enqueue(c);
		return;
	case COMMAND_FOLD: /* the feed is late: the gap reader brings it; the answer must wait */
		c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
		return;
	case COMMAND_EFFECT:
		c->deadline_boot_us = rt_boot_us(rt) + WB_RUNTIME_AFTER_US;
		return;
	case COMMAND_AFTER:
	case COMMAND_TURNS:
	case COMMAND_KEYS:
	case COMMAND_CONFLICT:
	case COMMAND_REPEAT:
	case COMMAND_ANSWER:
		break;
	}
	command_busy(c, WB_BUSY);
}

void command_expire(struct wb_runtime *rt)
{
	int64_t now = rt_boot_us(rt);
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all;) {
		struct command *c = command_at(n);
		if (c->deadline_boot_us > now) {
			n = n->next;
			continue;
		}
		c->deadline_boot_us = now + WB_RUNTIME_AFTER_US;
		expire(c);
		n = rt->commands_all.next;
	}
}

/* ---- the batch of this round ---- */

/* AppendBatch is one repeated field of packed appends: they are put behind each other without packing anew. */
static size_t varint(uint8_t *p, size_t v)
{
	size_t n = 0;
	while (v >= 0x80) {
		p[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

static void send_batch(struct wb_runtime *rt, struct command **cs, size_t n)
{
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		bytes += cs[i]->append.len + 11;
	uint8_t *buf = malloc(bytes);
	if (!buf)
		return; /* they are sent again when their wait ends */
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		buf[len++] = 0x0a; /* field 1, length-delimited */
		len += varint(buf + len, cs[i]->append.len);
		memcpy(buf + len, cs[i]->append.data, cs[i]->append.len);
		len += cs[i]->append.len;
	}
	enum wb_err err = rt->ports.append(rt->ports.ctx, (struct wb_bytes){buf, len});
	(void)err; /* lost is unknown: sent again when the wait ends */
	free(buf);
}

#define BATCH_BYTES ((size_t)512 * 1024)

void command_flush(struct wb_runtime *rt)
{
	size_t from = 0, bytes = 0;
	for (size_t i = 0; i < rt->n_batch; i++) {
		if (i > from && bytes + rt->batch[i]->append.len > BATCH_BYTES) {
			send_batch(rt, rt->batch + from, i - from);
			from = i;
			bytes = 0;
		}
		bytes += rt->batch[i]->append.len + 11;
	}
	if (rt->n_batch > from)
		send_batch(rt, rt->batch + from, rt->n_batch - from);
	rt->n_batch = 0;
}

void command_free(struct command *c)
{
	struct wb_runtime *rt = c->rt;
	struct wb_turn_set *held = c->held;
	c->held = NULL;
	node_del(&c->in_all);
	node_del(&c->in_id);
	rt->n_commands--;
	for (size_t i = 0; i < rt->n_batch; i++) {
		if (rt->batch[i] == c) {
			memmove(rt->batch + i, rt->batch + i + 1, (rt->n_batch - i - 1) * sizeof *rt->batch);
			rt->n_batch--;
			break;
		}
	}
	wb_arena_done(&c->arena);
	free(c);
	wb_turn_release(rt->turns, held);
}

void command_free_all(struct wb_runtime *rt)
{
	/* nobody is granted anything any more: the book goes first */
	for (struct node *n = rt->commands_all.next; n != &rt->commands_all;) {
		struct command *c = command_at(n);
		n = n->next;
		c->held = NULL;
		wb_arena_done(&c->arena);
		free(c);
	}
	node_init(&rt->commands_all);
	rt->n_commands = 0;
	rt->n_batch = 0;
}
