/* The runtime's state: opening, catching up with the journal, the epoch, the rounds. */
#include "service/runtime.h"
#include "service/internal.h"
#include "wire/unpack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FEED_QUEUE_BYTES ((size_t)32 * 1024 * 1024)
#define READ_RETRY_US (2 * WB_SECOND_US)
#define FEED_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* ---- small things ---- */

void node_init(struct node *n)
{
	n->prev = n->next = n;
}

void node_add(struct node *list, struct node *n)
{
	n->prev = list->prev;
	n->next = list;
	list->prev->next = n;
	list->prev = n;
}

void node_add_front(struct node *list, struct node *n)
{
	node_add(list->next, n);
}

void node_del(struct node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	node_init(n);
}

bool node_empty(const struct node *list)
{
	return list->next == list;
}

int64_t rt_boot_us(const struct wb_runtime *rt)
{
	return rt->ports.clock.boot_us(rt->ports.clock.ctx);
}

uint64_t rt_next_id(struct wb_runtime *rt)
{
	return ++rt->next_id;
}

void rt_fail(struct wb_runtime *rt, enum wb_runtime_state state, const char *fmt, ...)
{
	va_list args;
	if (rt->state == WB_RUNTIME_FENCED || rt->state == WB_RUNTIME_FAILED)
		return;
	va_start(args, fmt);
	(void)vsnprintf(rt->why, sizeof rt->why, fmt, args);
	va_end(args);
	rt->state = state;
}

struct wb_txn *rt_txn(struct wb_runtime *rt)
{
	if (!rt->read_txn) {
		enum wb_err err = wb_txn_read(rt->projection.env, &rt->read_txn);
		if (err) {
			rt->read_txn = NULL;
			rt_fail(rt, WB_RUNTIME_FAILED, "reading the projection: %s", wb_err_text(err));
		}
	}
	return rt->read_txn;
}

void rt_txn_end(struct wb_runtime *rt)
{
	wb_txn_abort(rt->read_txn);
	rt->read_txn = NULL;
}

/* ---- the runtime's own command: a to-do that ended by a final refusal ---- */

static struct wb_id todo_stream(const Weibao__V1__ToDoEnded *e)
{
	uint8_t buf[160];
	size_t sl = strlen(e->service) + 1, kl = strlen(e->kind) + 1;
	WB_ASSERT(sl + kl + e->ref.len <= sizeof buf);
	memcpy(buf, e->service, sl);
	memcpy(buf + sl, e->kind, kl);
	memcpy(buf + sl + kl, e->ref.data, e->ref.len);
	return wb_id_of("todo", buf, sl + kl + e->ref.len);
}

static void todo_ended_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	wb_turn_write(t, "todo", todo_stream(command));
}

static void todo_ended_decide(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ToDoEnded *e = command;
	wb_emit(d, "todo", todo_stream(e), &e->base);
}

static const struct wb_command_def todo_ended = {
        &weibao__v1__to_do_ended__descriptor, todo_ended_turns, todo_ended_decide, WB_SYSTEM, WB_TENANT_ANY};

/* ---- open and close ---- */

static int by_command(const void *a, const void *b)
{
	const struct wb_command_def *const *x = a, *const *y = b;
	return strcmp((*x)->message->short_name, (*y)->message->short_name);
}

static int by_query(const void *a, const void *b)
{
	const struct wb_query_def *const *x = a, *const *y = b;
	return strcmp((*x)->message->short_name, (*y)->message->short_name);
}

static enum wb_err make_surface(struct wb_runtime *rt)
{
	const struct wb_service *s = rt->service;
	rt->commands = calloc(s->n_commands + 1, sizeof *rt->commands);
	rt->queries = calloc(s->n_queries + 1, sizeof *rt->queries);
	rt->batch = calloc(WB_RUNTIME_COMMANDS, sizeof *rt->batch);
	if (!rt->commands || !rt->queries || !rt->batch)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < s->n_commands; i++)
		rt->commands[i] = &s->commands[i];
	rt->commands[s->n_commands] = &todo_ended;
	rt->n_command_defs = s->n_commands + 1;
	for (size_t i = 0; i < s->n_queries; i++)
		rt->queries[i] = &s->queries[i];
	qsort(rt->commands, rt->n_command_defs, sizeof *rt->commands, by_command);
	qsort(rt->queries, s->n_queries, sizeof *rt->queries, by_query);
	return WB_OK;
}

static enum wb_err open_projection(struct wb_runtime *rt, size_t map_bytes)
{
	char dir[512];
	if (mkdir(rt->data_dir, 0700) != 0 && access(rt->data_dir, W_OK) != 0)
		return WB_ERR_IO;
	if (snprintf(dir, sizeof dir, "%s/projection", rt->data_dir) >= (int)sizeof dir)
		return WB_ERR_LIMIT;
	const struct wb_projection_options o = {.dir = dir, .map_bytes = map_bytes};
	return wb_projection_open(&rt->projection, rt->service, &o);
}

static void on_event(void *ctx, const struct wb_event *ev)
{
	struct wb_runtime *rt = ctx;
	command_on_event(rt, ev);
}

static enum wb_err open_effects(struct wb_runtime *rt)
{
	char dir[512];
	if (!rt->service->effects)
		return WB_OK;
	if (snprintf(dir, sizeof dir, "%s/private", rt->data_dir) >= (int)sizeof dir)
		return WB_ERR_LIMIT;
	rt->effects = rt->service->effects->open(dir, rt->ports.random);
	rt->opener.rt = rt;
	if (rt->effects && rt->service->effects->opener)
		rt->service->effects->opener(rt->effects, &rt->opener);
	return rt->effects ? WB_OK : WB_ERR_IO;
}

enum wb_err wb_runtime_open(const struct wb_runtime_options *o, struct wb_runtime **ret)
{
	struct wb_runtime *rt = calloc(1, sizeof *rt); /* the process's life */
	if (!rt)
		return WB_ERR_MEMORY;
	rt->service = o->service;
	rt->ports = o->ports;
	rt->data_dir = strdup(o->data_dir);
	node_init(&rt->commands_all);
	node_init(&rt->queries_all);
	node_init(&rt->feed_queue);
	node_init(&rt->cache_queue);
	for (size_t i = 0; i < ID_BUCKETS; i++)
		node_init(&rt->by_id[i]);
	wb_key_init(&rt->due_cursor);
	rt->turns = wb_turn_book_new();
	rt->counters = wb_counters_new();
	enum wb_err err = rt->data_dir && rt->turns && rt->counters ? make_surface(rt) : WB_ERR_MEMORY;
	if (!err)
		err = wb_keys_open(&rt->keys);
	if (!err)
		err = open_projection(rt, o->map_bytes);
	if (!err)
		err = open_effects(rt);
	if (err) {
		wb_runtime_close(rt);
		return err;
	}
	rt->projection.on_event = on_event;
	rt->projection.on_event_ctx = rt;
	rt->time_us = rt->projection.time_us;
	*ret = rt;
	return WB_OK;
}

static void drop_feed_queue(struct wb_runtime *rt)
{
	while (!node_empty(&rt->feed_queue)) {
		struct node *n = rt->feed_queue.next;
		node_del(n);
		free((char *)n - offsetof(struct feed_piece, in_queue));
	}
	rt->feed_queue_bytes = 0;
}

void wb_runtime_close(struct wb_runtime *rt)
{
	if (!rt)
		return;
	rt_txn_end(rt);
	runner_free_all(rt);
	command_free_all(rt);
	query_free_all(rt);
	drop_feed_queue(rt);
	cache_close(rt);
	if (rt->effects)
		rt->service->effects->close(rt->effects);
	wb_projection_close(&rt->projection);
	wb_keys_close(rt->keys);
	wb_turn_book_free(rt->turns);
	wb_counters_free(rt->counters);
	free(rt->commands);
	free(rt->queries);
	free(rt->batch);
	free(rt->data_dir);
	free(rt);
}

void wb_runtime_abandon(struct wb_runtime *rt)
{
	if (!rt)
		return;
	rt_txn_end(rt);
	wb_projection_abandon(&rt->projection);
	wb_runtime_close(rt);
}

/* ---- reading the journal ---- */

static void read_from(struct wb_runtime *rt, uint64_t from, uint32_t limit)
{
	Weibao__V1__ReadRequest q = WEIBAO__V1__READ_REQUEST__INIT;
	struct wb_arena a;
	struct wb_bytes packed;
	wb_arena_init(&a, 4096);
	rt->read_id = q.request_id = rt_next_id(rt);
	q.from = from;
	q.limit = limit;
	rt->reading = true;
	rt->read_boot_us = rt_boot_us(rt);
	if (wb_pack(&q.base, &a, &packed) != WB_OK || rt->ports.read(rt->ports.ctx, packed) != WB_OK)
		rt->read_boot_us -= READ_RETRY_US - 100 * 1000; /* again in 100 ms */
	wb_arena_done(&a);
}

/* The first answer says whose log this is: the same history goes on, any other is folded from zero. */
static void connect_log(struct wb_runtime *rt, const Weibao__V1__ReadResult *r)
{
	struct wb_projection *p = &rt->projection;
	struct wb_id log;
	if (!wb_id_from_bytes(r->log_id.data, r->log_id.len, &log))
		return;
	bool same = p->has_log && wb_id_equal(log, p->log_id) && p->incarnation == r->incarnation &&
	            p->position <= r->head &&
	            (p->position == 0 || (r->chain_hash.len == sizeof p->chain &&
	                                         memcmp(r->chain_hash.data, &p->chain, sizeof p->chain) == 0));
	if (!same) {
		rt_txn_end(rt);
		enum wb_err err = wb_projection_reset(p, log, r->incarnation);
		if (err) {
			rt_fail(rt, WB_RUNTIME_FAILED, "emptying the projection: %s", wb_err_text(err));
			return;
		}
	}
	rt->connected = true;
}

static bool other_history(const struct wb_runtime *rt, ProtobufCBinaryData log_id, uint32_t incarnation)
{
	struct wb_id log;
	return !wb_id_from_bytes(log_id.data, log_id.len, &log) || !wb_id_equal(log, rt->projection.log_id) ||
	       incarnation != rt->projection.incarnation;
}

/* ---- folding ---- */

/* A feed time counts once everything up to its complete_to is folded. */
static void advance_time(struct wb_runtime *rt)
{
	if (rt->projection.time_us > rt->time_us)
		rt->time_us = rt->projection.time_us;
	if (rt->feed_complete_to <= rt->projection.position && rt->feed_time_us > rt->time_us)
		rt->time_us = rt->feed_time_us;
}

static void fold(struct wb_runtime *rt, const struct wb_record *records, size_t n)
{
	if (n == 0)
		return;
	rt_txn_end(rt);
	uint64_t before = rt->projection.position;
	enum wb_err err;
	do
		err = wb_projection_fold(&rt->projection, records, n);
	while (err == WB_ERR_AGAIN);
	rt->stats.folds++;
	rt->stats.events_folded += rt->projection.position - before;
	if (err == WB_ERR_CORRUPT)
		rt_fail(rt, WB_RUNTIME_FAILED, "the event at position %llu cannot be folded",
		        (unsigned long long)rt->projection.parked_at);
	else if (err)
		rt_fail(rt, WB_RUNTIME_FAILED, "folding: %s", wb_err_text(err));
	if (err)
		return;
	cache_on_records(rt, records, n);
	advance_time(rt);
	command_after_fold(rt);
	query_after_fold(rt);
}

static bool records_of(Weibao__V1__FeedRecord **in, size_t n, struct wb_arena *a, struct wb_record **ret)
{
	struct wb_record *r = WB_ARENA_ARRAY(a, struct wb_record, n + 1);
	for (size_t i = 0; r && i < n; i++)
		r[i] = (struct wb_record){in[i]->position, {in[i]->record.data, in[i]->record.len}};
	*ret = r;
	return r != NULL;
}

/* A feed message whose records join on: folded. True if there is a gap before it. */
static bool take_feed(struct wb_runtime *rt, const Weibao__V1__Feed *f, struct wb_arena *a)
{
	struct wb_record *records;
	if (f->complete_to > rt->head)
		rt->head = f->complete_to;
	if (f->n_records && f->first > rt->projection.position + 1)
		return true;
	if (f->n_records && records_of(f->records, f->n_records, a, &records))
		fold(rt, records, f->n_records);
	if (f->time >= rt->feed_time_us) {
		rt->feed_time_us = f->time;
		rt->feed_complete_to = f->complete_to;
	}
	advance_time(rt);
	return f->complete_to > rt->projection.position;
}

static void keep_feed(struct wb_runtime *rt, struct wb_bytes feed)
{
	struct feed_piece *p = malloc(sizeof *p + feed.len); /* until the read that is under way has ended */
	if (!p)
		return;
	p->len = feed.len;
	memcpy(p->data, feed.data, feed.len);
	node_add(&rt->feed_queue, &p->in_queue);
	rt->feed_queue_bytes += feed.len;
	while (rt->feed_queue_bytes > FEED_QUEUE_BYTES) { /* the oldest is read from the journal anyway */
		struct feed_piece *old = (struct feed_piece *)(void *)((char *)rt->feed_queue.next -
		                                                       offsetof(struct feed_piece, in_queue));
		rt->feed_queue_bytes -= old->len;
		node_del(&old->in_queue);
		free(old);
	}
}

static const Weibao__V1__Feed *open_feed(struct wb_bytes bytes, struct wb_arena *a)
{
	static const struct wb_unpack_limits limits = {.bytes_max = (size_t)8 * 1024 * 1024,
	        .depth_max = 4,
	        .fields_max = WB_INTERNAL_FIELDS_MAX,
	        .mode = WB_UNPACK_LENIENT};
	ProtobufCMessage *m;
	wb_arena_init(a, FEED_ARENA_BYTES);
	if (wb_unpack(&weibao__v1__feed__descriptor, bytes, a, &limits, &m) != WB_OK)
		return NULL;
	return (const Weibao__V1__Feed *)m;
}

void wb_runtime_feed(struct wb_runtime *rt, struct wb_bytes feed)
{
	struct wb_arena a;
	rt->feed_boot_us = rt_boot_us(rt);
	const Weibao__V1__Feed *f = open_feed(feed, &a);
	if (!f || !rt->connected || rt->state == WB_RUNTIME_FAILED || rt->state == WB_RUNTIME_FENCED) {
		wb_arena_done(&a);
		return;
	}
	if (other_history(rt, f->log_id, f->incarnation)) {
		rt_fail(rt, WB_RUNTIME_FAILED, "the journal now has another log or incarnation: start again");
	} else if (rt->reading) {
		keep_feed(rt, feed);
	} else if (take_feed(rt, f, &a)) {
		rt->stats.gaps++;
		keep_feed(rt, feed);
		read_from(rt, rt->projection.position + 1, WB_RUNTIME_READ_RECORDS);
	}
	wb_arena_done(&a);
}

/* What the feed brought while we read joins on now, or shows that there is more to read. */
static bool replay_kept(struct wb_runtime *rt)
{
	bool gap = false;
	while (!node_empty(&rt->feed_queue) && rt->state != WB_RUNTIME_FAILED) {
		struct feed_piece *p = (struct feed_piece *)(void *)((char *)rt->feed_queue.next -
		                                                     offsetof(struct feed_piece, in_queue));
		struct wb_arena a;
		const Weibao__V1__Feed *f = open_feed((struct wb_bytes){p->data, p->len}, &a);
		bool hole = f && f->n_records && f->first > rt->projection.position + 1;
		if (f && !hole)
			gap = take_feed(rt, f, &a);
		wb_arena_done(&a);
		if (hole)
			return true;
		rt->feed_queue_bytes -= p->len;
		node_del(&p->in_queue);
		free(p);
	}
	return gap;
}

static void caught_up(struct wb_runtime *rt)
{
	if (rt->state == WB_RUNTIME_CATCHING_UP)
		rt->state = WB_RUNTIME_STARTING;
}

void wb_runtime_read_result(struct wb_runtime *rt, struct wb_bytes result)
{
	static const struct wb_unpack_limits limits = {.bytes_max = (size_t)8 * 1024 * 1024,
	        .depth_max = 4,
	        .fields_max = WB_INTERNAL_FIELDS_MAX,
	        .mode = WB_UNPACK_LENIENT};
	struct wb_arena a;
	ProtobufCMessage *m;
	struct wb_record *records;
	wb_arena_init(&a, FEED_ARENA_BYTES);
	if (rt->state == WB_RUNTIME_FAILED ||
	        wb_unpack(&weibao__v1__read_result__descriptor, result, &a, &limits, &m) != WB_OK)
		goto out;
	const Weibao__V1__ReadResult *r = (const Weibao__V1__ReadResult *)m;
	if (command_on_read(rt, r) || !rt->reading || r->request_id != rt->read_id)
		goto out;
	rt->reading = false;
	rt->head = r->head > rt->head ? r->head : rt->head;
	if (!rt->connected) {
		connect_log(rt, r);
		if (rt->connected)
			read_from(rt, rt->projection.position + 1, WB_RUNTIME_READ_RECORDS);
		goto out;
	}
	if (other_history(rt, r->log_id, r->incarnation)) {
		rt_fail(rt, WB_RUNTIME_FAILED, "the journal now has another log or incarnation: start again");
		goto out;
	}
	if (records_of(r->records, r->n_records, &a, &records))
		fold(rt, records, r->n_records);
	if (r->has_damaged_position && r->damaged_position == rt->projection.position + 1) {
		rt_fail(rt, WB_RUNTIME_FAILED, "the log is damaged at position %llu",
		        (unsigned long long)r->damaged_position);
		goto out;
	}
	if (r->head <= rt->projection.position && r->time > rt->time_us)
		rt->time_us = r->time;
	bool more = rt->projection.position < r->head;
	if (!more)
		more = replay_kept(rt);
	if (more && rt->state != WB_RUNTIME_FAILED)
		read_from(rt, rt->projection.position + 1, WB_RUNTIME_READ_RECORDS);
	else
		caught_up(rt);
out:
	wb_arena_done(&a);
}

/* ---- the epoch ---- */

static void send_epoch(struct wb_runtime *rt)
{
	Weibao__V1__Append ap = WEIBAO__V1__APPEND__INIT, *appends[1] = {&ap};
	Weibao__V1__AppendBatch batch = WEIBAO__V1__APPEND_BATCH__INIT;
	Weibao__V1__AppendEvent ev = WEIBAO__V1__APPEND_EVENT__INIT, *events[1] = {&ev};
	Weibao__V1__EpochStarted started = WEIBAO__V1__EPOCH_STARTED__INIT;
	Weibao__V1__Actor actor = WEIBAO__V1__ACTOR__INIT;
	uint8_t nobody[WB_ID_BYTES] = {0}, digest[32] = {0}, random[10];
	const char *name = rt->service->name;
	struct wb_id stream = wb_id_of("service", name, strlen(name));
	struct wb_txn *txn = rt_txn(rt);
	struct wb_bytes packed;
	struct wb_arena a;
	if (!txn)
		return;
	wb_arena_init(&a, 65536);
	rt->ports.random.fill(rt->ports.random.ctx, random, sizeof random);
	struct wb_id cid = wb_id_v7(rt->ports.clock.wall_us(rt->ports.clock.ctx), random);
	rt->epoch = wb_projection_epoch(txn, name) + 1;
	started.service = (char *)(uintptr_t)name;
	started.epoch = rt->epoch;
	enum wb_err err = wb_pack(&started.base, &a, &packed);
	ev.stream_kind = (char *)(uintptr_t) "epoch";
	ev.stream_id = (ProtobufCBinaryData){sizeof stream.b, stream.b};
	ev.expected_version = wb_projection_version(txn, "cell", "epoch", stream);
	ev.event_type = (char *)(uintptr_t) "EpochStarted";
	ev.schema_version = 1;
	ev.payload = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
	actor.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	actor.service = (char *)(uintptr_t)name;
	rt->epoch_append_id = ap.request_id = rt_next_id(rt);
	ap.service = (char *)(uintptr_t)name;
	ap.epoch = rt->epoch;
	ap.tenant = (char *)(uintptr_t) "cell";
	ap.command_id = (ProtobufCBinaryData){sizeof cid.b, cid.b};
	ap.command_digest = (ProtobufCBinaryData){sizeof digest, digest};
	ap.actor = &actor;
	ap.events = events;
	ap.n_events = 1;
	batch.appends = appends;
	batch.n_appends = 1;
	rt->epoch_sent = true;
	rt->epoch_boot_us = rt_boot_us(rt);
	if (err || wb_pack(&batch.base, &a, &packed) != WB_OK || rt->ports.append(rt->ports.ctx, packed) != WB_OK)
		rt->epoch_boot_us -= WB_RUNTIME_APPEND_TIMEOUT_US - 100 * 1000;
	wb_arena_done(&a);
}

/* Ready once its own epoch is folded: whatever an earlier instance had under way has landed before or never will. */
static void start_step(struct wb_runtime *rt)
{
	struct wb_txn *txn = rt_txn(rt);
	if (!txn)
		return;
	if (rt->epoch_sent && wb_projection_epoch(txn, rt->service->name) == rt->epoch) {
		keys_reconcile(rt);
		rt->state = WB_RUNTIME_READY;
		return;
	}
	if (!rt->epoch_sent || rt_boot_us(rt) - rt->epoch_boot_us > WB_RUNTIME_APPEND_TIMEOUT_US)
		send_epoch(rt);
}

/* ---- rounds ---- */

void wb_runtime_append_results(struct wb_runtime *rt, struct wb_bytes results)
{
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, FEED_ARENA_BYTES);
	if (wb_unpack(&weibao__v1__append_results__descriptor, results, &a, &wb_unpack_internal, &m) == WB_OK) {
		const Weibao__V1__AppendResults *r = (const Weibao__V1__AppendResults *)m;
		for (size_t i = 0; i < r->n_results; i++) {
			if (rt->epoch_sent && r->results[i]->request_id == rt->epoch_append_id) {
				if (r->results[i]->outcome != WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_OK)
					rt->epoch_sent = false; /* behind: fold on and try the next number */
			} else {
				command_on_result(rt, r->results[i]);
			}
		}
	}
	wb_arena_done(&a);
}

void wb_runtime_request(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request)
{
	struct wb_arena a;
	ProtobufCMessage *m;
	wb_arena_init(&a, COMMAND_ARENA_BYTES);
	if (wb_unpack(&weibao__v1__request__descriptor, request, &a, &wb_unpack_internal, &m) == WB_OK) {
		const Weibao__V1__Request *q = (const Weibao__V1__Request *)m;
		if (rt->ports.keyring && strcmp(q->operation, "KeysRequest") == 0)
			keys_serve(rt, from, q);
		else if (rt_is_command(rt, q->operation))
			command_take(rt, from, NULL, request);
		else
			query_take(rt, from, request);
	}
	wb_arena_done(&a);
}

void wb_runtime_call_result(struct wb_runtime *rt, uint64_t id, enum wb_err err, struct wb_bytes reply)
{
	if (rt->keys_calling && id == rt->keys_call_id) {
		keys_call_result(rt, err, reply);
		return;
	}
	for (struct pending_call **p = &rt->calls; *p; p = &(*p)->next) {
		struct pending_call *c = *p;
		if (c->id != id)
			continue;
		*p = c->next;
		runner_call_result(rt, c->errand, err, reply);
		free(c);
		return;
	}
}

void wb_runtime_step(struct wb_runtime *rt)
{
	int64_t now = rt_boot_us(rt);
	if (rt->state == WB_RUNTIME_FAILED || rt->state == WB_RUNTIME_FENCED)
		return;
	if (!rt->connected && !rt->reading)
		read_from(rt, rt->projection.position + 1, 0);
	if (rt->reading && now - rt->read_boot_us > READ_RETRY_US)
		read_from(rt, rt->projection.position + 1, rt->connected ? WB_RUNTIME_READ_RECORDS : 0);
	if (rt->state == WB_RUNTIME_STARTING)
		start_step(rt);
	cache_step(rt);
	runner_step(rt);
	command_expire(rt);
	query_expire(rt);
	keys_fetch(rt);
	command_flush(rt);
	rt_txn_end(rt);
}

/* ---- what the outside sees ---- */

enum wb_runtime_state wb_runtime_state(const struct wb_runtime *rt)
{
	return rt->state;
}

const char *wb_runtime_why(const struct wb_runtime *rt)
{
	return rt->why;
}

void wb_runtime_drain(struct wb_runtime *rt)
{
	rt->draining = true;
}

bool wb_runtime_idle(const struct wb_runtime *rt)
{
	return rt->n_commands == 0 && rt->n_queries == 0;
}

struct wb_projection *wb_runtime_projection(struct wb_runtime *rt)
{
	return &rt->projection;
}

void wb_runtime_stats(struct wb_runtime *rt, struct wb_runtime_stats *ret)
{
	struct wb_env_usage usage;
	struct wb_txn *txn = rt_txn(rt);
	*ret = rt->stats;
	ret->position = rt->projection.position;
	ret->head = rt->head;
	ret->journal_time_us = rt->time_us;
	ret->commands_waiting = rt->n_commands;
	ret->queries_waiting = rt->n_queries;
	ret->turns_waiting = wb_turn_waiting(rt->turns);
	ret->todos = txn ? wb_projection_todo_count(txn) : 0;
	ret->todos_running = rt->n_running;
	ret->todos_backing_off = rt->n_backing_off;
	ret->keys = wb_keys_count(rt->keys);
	if (wb_env_usage(rt->projection.env, &usage) == WB_OK && usage.map_bytes)
		ret->map_used_ratio = (double)usage.used_bytes / (double)usage.map_bytes;
	rt_txn_end(rt);
}
