#include "ops/simcell/simcell.h"
#include "service/keyring_port.h"
#include "wire/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROUNDS_MAX 20000u
#define TICK_US (10 * 1000)
#define CALL_TIMEOUT_US (5 * WB_SECOND_US) /* as host.c */
#define DEFAULT_MAP ((size_t)1 << 30)
#define MESSAGE_ARENA ((size_t)64 << 20)

enum kind { TO_RUNTIME, TO_JOURNAL_APPEND, TO_JOURNAL_READ, RESULT_APPEND, RESULT_READ, FEED, RESULT_CALL };

struct message {
	struct message *next;
	enum kind kind;
	size_t service;          /* target, or who gets the result */
	struct wb_caller caller; /* TO_RUNTIME */
	uint64_t call_id;        /* RESULT_CALL */
	enum wb_err err;
	size_t len;
	uint8_t data[];
};

struct part {
	struct simcell *cell;
	size_t index;
	const struct wb_service *service;
	struct wb_runtime *rt;
	char dir[512];
};

struct call {
	size_t part; /* who asked */
	uint64_t id;
	int64_t until_us;
};
struct simcell {
	char dir[400];
	struct simcell_options options;
	int64_t now_us;
	uint64_t random;
	struct simcell_faults faults;
	struct wb_journal *journal;
	struct wb_journal_reader *reader;
	struct part parts[SIMCELL_SERVICES_MAX];
	size_t n_parts;
	struct wb_keyring_port keyring_port;
	struct message *first, **tail;
	size_t queued;
	/* calls from service to service that are not answered yet: past their time the caller hears of a timeout, as
	 * from the real client */
	struct call *calls;
	size_t n_calls, calls_size;
	uint64_t next_call;
	/* the reply that simcell_call waits for */
	uint64_t awaited;
	uint8_t *reply;
	size_t reply_len;
};

/* ---- clock and randomness ---- */

static int64_t clock_now(void *ctx)
{
	return ((struct simcell *)ctx)->now_us;
}

static uint64_t next_random(struct simcell *c)
{
	uint64_t z = (c->random += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool chance(struct simcell *c, uint32_t permille)
{
	return permille && next_random(c) % 1000 < permille;
}

static void random_fill(void *ctx, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = next_random(ctx);
		memcpy(data + i, &v, len - i < 8 ? len - i : 8);
	}
}

struct wb_id simcell_new_id(struct simcell *c)
{
	uint8_t r[16];
	random_fill(c, r, sizeof r);
	return wb_id_v7(c->now_us, r);
}

/* ---- messages ---- */

static struct message *push(struct simcell *c, enum kind kind, size_t service, struct wb_bytes body)
{
	struct message *m = calloc(1, sizeof *m + body.len);
	WB_ASSERT(m);
	m->kind = kind;
	m->service = service;
	m->len = body.len;
	if (body.len)
		memcpy(m->data, body.data, body.len);
	*c->tail = m;
	c->tail = &m->next;
	c->queued++;
	return m;
}

static struct message *pop(struct simcell *c)
{
	struct message *m = c->first;
	if (!m)
		return NULL;
	c->first = m->next;
	if (!c->first)
		c->tail = &c->first;
	c->queued--;
	return m;
}

static void drop_all(struct simcell *c)
{
	struct message *m;
	while ((m = pop(c)))
		free(m);
}

/* Who asked: a part's index and the call's id, or the outside. */
struct from {
	size_t part; /* SIMCELL_SERVICES_MAX: the outside */
	uint64_t id;
};

static struct wb_caller caller_of(size_t part, uint64_t id)
{
	struct from f = {part, id};
	struct wb_caller w = {.len = sizeof f};
	memcpy(w.bytes, &f, sizeof f);
	return w;
}

/* ---- the ports of a runtime ---- */

static enum wb_err port_append(void *ctx, struct wb_bytes batch)
{
	struct part *p = ctx;
	if (!chance(p->cell, p->cell->faults.calls_lost))
		push(p->cell, TO_JOURNAL_APPEND, p->index, batch);
	return WB_OK;
}

static enum wb_err port_read(void *ctx, struct wb_bytes request)
{
	struct part *p = ctx;
	if (!chance(p->cell, p->cell->faults.calls_lost))
		push(p->cell, TO_JOURNAL_READ, p->index, request);
	return WB_OK;
}

static void port_reply(void *ctx, const struct wb_caller *to, struct wb_bytes reply)
{
	struct part *p = ctx;
	struct simcell *c = p->cell;
	struct from f;
	memcpy(&f, to->bytes, sizeof f);
	if (f.part < SIMCELL_SERVICES_MAX) {
		if (!chance(c, c->faults.calls_lost))
			push(c, RESULT_CALL, f.part, reply)->call_id = f.id;
		return;
	}
	if (f.id != c->awaited)
		return;
	free(c->reply);
	c->reply = malloc(reply.len + 1);
	WB_ASSERT(c->reply);
	memcpy(c->reply, reply.data, reply.len);
	c->reply_len = reply.len;
}

static struct part *part_of(struct simcell *c, const char *service)
{
	for (size_t i = 0; i < c->n_parts; i++)
		if (strcmp(c->parts[i].service->name, service) == 0)
			return &c->parts[i];
	return NULL;
}

static enum wb_err port_call(void *ctx, const char *service, uint64_t id, struct wb_bytes request)
{
	struct part *p = ctx, *to = part_of(p->cell, service);
	struct simcell *c = p->cell;
	if (!to)
		return WB_ERR_CLOSED;
	if (c->n_calls == c->calls_size) {
		c->calls_size = 2 * c->calls_size + 64;
		c->calls = realloc(c->calls, c->calls_size * sizeof *c->calls);
		WB_ASSERT(c->calls);
	}
	c->calls[c->n_calls++] = (struct call){p->index, id, c->now_us + CALL_TIMEOUT_US};
	if (!chance(c, c->faults.calls_lost))
		push(c, TO_RUNTIME, to->index, request)->caller = caller_of(p->index, id);
	return WB_OK;
}

/* Takes the call out; false: it was answered, or its time was up. */
static bool call_ends(struct simcell *c, size_t part, uint64_t id)
{
	for (size_t i = 0; i < c->n_calls; i++) {
		if (c->calls[i].part != part || c->calls[i].id != id)
			continue;
		c->calls[i] = c->calls[--c->n_calls];
		return true;
	}
	return false;
}

static void forget_calls(struct simcell *c, size_t part)
{
	for (size_t i = 0; i < c->n_calls;)
		if (c->calls[i].part == part)
			c->calls[i] = c->calls[--c->n_calls];
		else
			i++;
}

static void time_out_calls(struct simcell *c)
{
	for (size_t i = 0; i < c->n_calls;) {
		struct call over = c->calls[i];
		if (over.until_us > c->now_us) {
			i++;
			continue;
		}
		c->calls[i] = c->calls[--c->n_calls];
		wb_runtime_call_result(c->parts[over.part].rt, over.id, WB_ERR_TIMEOUT, (struct wb_bytes){NULL, 0});
		i = 0; /* what it did may have changed the list */
	}
}

/* ---- opening ---- */

static enum wb_err open_journal(struct simcell *c)
{
	char dir[512];
	size_t map = c->options.map_bytes ? c->options.map_bytes : DEFAULT_MAP;
	(void)snprintf(dir, sizeof dir, "%s/journal", c->dir);
	const struct wb_journal_options o = {
	        .dir = dir,
	        .clock = {clock_now, clock_now, c},
	        .log_map_bytes = map,
	        .heads_map_bytes = map,
	        .index_map_bytes = map,
	        .start_gap_us_max = INT64_MAX,
	        .clock_step_us_max = INT64_MAX,
	        .volatile_log = c->options.fast,
	};
	enum wb_err err = wb_journal_open(&o, NULL, &c->journal);
	if (!err)
		err = wb_journal_reader_open(c->journal, &c->reader);
	if (!err) { /* a folder made later than start_us: time goes on behind it */
		struct wb_journal_stats s;
		wb_journal_stats(c->journal, &s);
		int64_t last = s.announced_us > s.recorded_us ? s.announced_us : s.recorded_us;
		if (last > c->now_us)
			c->now_us = last + 1;
	}
	return err;
}

static enum wb_err open_part(struct part *p)
{
	struct simcell *c = p->cell;
	bool ring = strcmp(p->service->name, "intake") == 0;
	const struct wb_runtime_options o = {
	        .service = p->service,
	        .data_dir = p->dir,
	        .map_bytes = c->options.map_bytes ? c->options.map_bytes : DEFAULT_MAP,
	        .ports = {.ctx = p,
	                .clock = {clock_now, clock_now, c},
	                .random = {random_fill, c},
	                .append = port_append,
	                .read = port_read,
	                .reply = port_reply,
	                .call = port_call,
	                .keyring = ring ? &c->keyring_port : NULL},
	};
	return wb_runtime_open(&o, &p->rt);
}

static enum wb_err open_parts(struct simcell *c)
{
	char dir[512];
	(void)snprintf(dir, sizeof dir, "%s/intake", c->dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return WB_ERR_IO;
	(void)snprintf(dir, sizeof dir, "%s/intake/keyring", c->dir);
	enum wb_err err = wb_keyring_port_open(dir, &c->keyring_port);
	for (size_t i = 0; !err && i < c->options.n_services; i++) {
		struct part *p = &c->parts[c->n_parts];
		*p = (struct part){.cell = c, .index = c->n_parts, .service = c->options.services[i]};
		(void)snprintf(p->dir, sizeof p->dir, "%s/%s", c->options.dir, p->service->name);
		err = open_part(p);
		if (!err)
			c->n_parts++;
	}
	return err;
}

enum wb_err simcell_open(const struct simcell_options *o, struct simcell **ret)
{
	struct simcell *c = calloc(1, sizeof *c);
	if (!c)
		return WB_ERR_MEMORY;
	c->options = *o;
	c->now_us = o->start_us;
	c->random = o->seed;
	c->tail = &c->first;
	c->awaited = UINT64_MAX;
	(void)snprintf(c->dir, sizeof c->dir, "%s", o->dir);
	enum wb_err err = mkdir(c->dir, 0700) == 0 || errno == EEXIST ? WB_OK : WB_ERR_IO;
	if (!err)
		err = open_journal(c);
	if (!err)
		err = open_parts(c);
	if (err) {
		simcell_crash(c);
		return err;
	}
	for (int i = 0; i < 200 && !simcell_ready(c); i++)
		simcell_advance(c, TICK_US);
	if (!simcell_ready(c)) {
		simcell_crash(c);
		return WB_ERR_TIMEOUT;
	}
	*ret = c;
	return WB_OK;
}

void simcell_close(struct simcell *c)
{
	if (!c)
		return;
	(void)simcell_settle(c);
	for (size_t i = 0; i < c->n_parts; i++)
		wb_runtime_close(c->parts[i].rt);
	drop_all(c);
	wb_keyring_port_close(&c->keyring_port);
	wb_journal_reader_close(c->reader);
	wb_journal_close(c->journal);
	free(c->calls);
	free(c->reply);
	free(c);
}

void simcell_crash(struct simcell *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_parts; i++)
		wb_runtime_abandon(c->parts[i].rt);
	drop_all(c);
	wb_keyring_port_close(&c->keyring_port);
	if (c->reader)
		wb_journal_reader_close(c->reader);
	if (c->journal)
		wb_journal_crash(c->journal);
	free(c->calls);
	free(c->reply);
	free(c);
}

/* ---- delivery ---- */

static void publish(struct simcell *c, const struct wb_journal_feed *feed)
{
	struct wb_arena a;
	struct wb_bytes packed;
	wb_arena_init(&a, MESSAGE_ARENA);
	WB_ASSERT(wb_journal_feed_pack(feed, &a, &packed) == WB_OK);
	for (size_t i = 0; i < c->n_parts; i++) {
		if (chance(c, c->faults.feed_lost))
			continue;
		push(c, FEED, i, packed);
		if (chance(c, c->faults.feed_doubled))
			push(c, FEED, i, packed);
	}
	wb_arena_done(&a);
}

static void heartbeat(struct simcell *c)
{
	struct wb_journal_feed feed;
	if (wb_journal_heartbeat(c->journal, &feed) == WB_OK)
		publish(c, &feed);
}

static void journal_append(struct simcell *c, const struct message *m)
{
	struct wb_arena a;
	ProtobufCMessage *u;
	struct wb_journal_feed feed;
	struct wb_bytes packed;
	wb_arena_init(&a, MESSAGE_ARENA);
	WB_ASSERT(wb_unpack(&weibao__v1__append_batch__descriptor, (struct wb_bytes){m->data, m->len}, &a,
	                  &wb_unpack_internal, &u) == WB_OK);
	const Weibao__V1__AppendBatch *b = (const Weibao__V1__AppendBatch *)u;
	struct wb_journal_result *r = WB_ARENA_ARRAY(&a, struct wb_journal_result, b->n_appends + 1);
	Weibao__V1__AppendResults out = WEIBAO__V1__APPEND_RESULTS__INIT;
	Weibao__V1__AppendResult *rows = WB_ARENA_ARRAY(&a, Weibao__V1__AppendResult, b->n_appends + 1);
	Weibao__V1__StreamName *streams = WB_ARENA_ARRAY(&a, Weibao__V1__StreamName, b->n_appends + 1);
	out.results = WB_ARENA_ARRAY(&a, Weibao__V1__AppendResult *, b->n_appends + 1);
	WB_ASSERT(r && rows && streams && out.results);
	WB_ASSERT(wb_journal_append(
	                  c->journal, (const Weibao__V1__Append *const *)b->appends, b->n_appends, r, &feed) == WB_OK);
	for (size_t i = 0; i < b->n_appends; i++) {
		weibao__v1__append_result__init(&rows[i]);
		wb_journal_result_fill(&r[i], b->appends[i]->request_id, &rows[i], &streams[i]);
		out.results[i] = &rows[i];
	}
	out.n_results = b->n_appends;
	out.head = feed.complete_to;
	WB_ASSERT(wb_pack(&out.base, &a, &packed) == WB_OK);
	if (!chance(c, c->faults.calls_lost))
		push(c, RESULT_APPEND, m->service, packed);
	publish(c, &feed);
	wb_arena_done(&a);
}

static void journal_read(struct simcell *c, const struct message *m)
{
	struct wb_arena a;
	ProtobufCMessage *u;
	struct wb_journal_page page;
	struct wb_journal_stats stats;
	struct wb_bytes packed;
	Weibao__V1__ReadResult out = WEIBAO__V1__READ_RESULT__INIT;
	wb_arena_init(&a, MESSAGE_ARENA);
	WB_ASSERT(wb_unpack(&weibao__v1__read_request__descriptor, (struct wb_bytes){m->data, m->len}, &a,
	                  &wb_unpack_internal, &u) == WB_OK);
	const Weibao__V1__ReadRequest *q = (const Weibao__V1__ReadRequest *)u;
	const struct wb_journal_query jq = {.from = q->from, .limit = q->limit, .tenant = q->tenant};
	WB_ASSERT(wb_journal_read(c->reader, &jq, &a, &page) == WB_OK);
	wb_journal_stats(c->journal, &stats);
	Weibao__V1__FeedRecord *rows = WB_ARENA_ARRAY(&a, Weibao__V1__FeedRecord, page.count + 1);
	out.records = WB_ARENA_ARRAY(&a, Weibao__V1__FeedRecord *, page.count + 1);
	WB_ASSERT(rows && out.records);
	for (size_t i = 0; i < page.count; i++) {
		weibao__v1__feed_record__init(&rows[i]);
		rows[i].position = page.records[i].position;
		rows[i].record = (ProtobufCBinaryData){
		        page.records[i].record.len, (uint8_t *)(uintptr_t)page.records[i].record.data};
		out.records[i] = &rows[i];
	}
	out.n_records = page.count;
	out.request_id = q->request_id;
	out.log_id = (ProtobufCBinaryData){WB_ID_BYTES, stats.log_id.b};
	out.incarnation = stats.incarnation;
	out.head = page.head;
	out.time = page.time_us;
	out.has_damaged_position = page.damaged_position != 0;
	out.damaged_position = page.damaged_position;
	out.has_chain_hash = true;
	out.chain_hash = (ProtobufCBinaryData){sizeof page.chain_hash, page.chain_hash};
	WB_ASSERT(wb_pack(&out.base, &a, &packed) == WB_OK);
	if (!chance(c, c->faults.calls_lost))
		push(c, RESULT_READ, m->service, packed);
	wb_arena_done(&a);
}

static void deliver(struct simcell *c, struct message *m)
{
	struct wb_bytes body = {m->data, m->len};
	struct wb_runtime *rt = m->service < c->n_parts ? c->parts[m->service].rt : NULL;
	if (!rt)
		return;
	switch (m->kind) {
	case TO_RUNTIME:
		wb_runtime_request(rt, &m->caller, body);
		return;
	case TO_JOURNAL_APPEND:
		journal_append(c, m);
		return;
	case TO_JOURNAL_READ:
		journal_read(c, m);
		return;
	case RESULT_APPEND:
		wb_runtime_append_results(rt, body);
		return;
	case RESULT_READ:
		wb_runtime_read_result(rt, body);
		return;
	case FEED:
		wb_runtime_feed(rt, body);
		return;
	case RESULT_CALL:
		if (call_ends(c, m->service, m->call_id))
			wb_runtime_call_result(rt, m->call_id, WB_OK, body);
		return;
	}
}

/* Two neighbours of the feed to one service change places. */
static void maybe_swap(struct simcell *c)
{
	struct message *a = c->first, *b = a ? a->next : NULL;
	if (!b || a->kind != FEED || b->kind != FEED || a->service != b->service || !chance(c, c->faults.feed_swapped))
		return;
	a->next = b->next;
	b->next = a;
	c->first = b;
	if (!a->next)
		c->tail = &a->next;
}

static void steps(struct simcell *c)
{
	time_out_calls(c);
	for (size_t i = 0; i < c->n_parts; i++)
		if (c->parts[i].rt)
			wb_runtime_step(c->parts[i].rt);
}

bool simcell_settle(struct simcell *c)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		steps(c);
		if (!c->first)
			return true;
		for (size_t n = c->queued; n; n--) {
			maybe_swap(c);
			struct message *m = pop(c);
			if (!m)
				break;
			deliver(c, m);
			free(m);
		}
	}
	return false;
}

int64_t simcell_now(const struct simcell *c)
{
	return c->now_us;
}

static int64_t next_due(struct simcell *c)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < c->n_parts; i++) {
		struct wb_txn *txn;
		if (wb_txn_read(wb_runtime_projection(c->parts[i].rt)->env, &txn) != WB_OK)
			continue;
		int64_t d = wb_projection_next_due(txn);
		wb_txn_abort(txn);
		due = d < due ? d : due;
	}
	return due;
}

static void index_journal(struct simcell *c)
{
	uint64_t behind;
	while (wb_journal_index_step(c->journal, 10000, &behind) == WB_OK && behind)
		;
}

void simcell_advance(struct simcell *c, int64_t us)
{
	int64_t until = c->now_us + us;
	while (c->now_us < until) {
		int64_t due = next_due(c);
		int64_t to = due > c->now_us && due < until - TICK_US ? due + TICK_US : until;
		c->now_us = to;
		heartbeat(c);
		(void)simcell_settle(c);
		heartbeat(c);
		(void)simcell_settle(c);
	}
	index_journal(c);
}

void simcell_faults(struct simcell *c, struct simcell_faults f)
{
	c->faults = f;
}

bool simcell_ready(const struct simcell *c)
{
	for (size_t i = 0; i < c->n_parts; i++)
		if (wb_runtime_state(c->parts[i].rt) != WB_RUNTIME_READY)
			return false;
	return true;
}

/* ---- killing and starting ---- */

/* What was on its way to or from a part is lost with it. */
static void forget_messages(struct simcell *c, size_t part)
{
	forget_calls(c, part);
	struct message *m = c->first;
	c->first = NULL;
	c->tail = &c->first;
	c->queued = 0;
	while (m) {
		struct message *next = m->next;
		m->next = NULL;
		if (m->service == part && m->kind != TO_JOURNAL_APPEND) {
			free(m);
		} else {
			*c->tail = m;
			c->tail = &m->next;
			c->queued++;
		}
		m = next;
	}
}

enum wb_err simcell_kill(struct simcell *c, const char *service)
{
	struct part *p = part_of(c, service);
	if (!p)
		return WB_ERR_NOT_FOUND;
	wb_runtime_abandon(p->rt);
	p->rt = NULL;
	forget_messages(c, p->index);
	return open_part(p);
}

enum wb_err simcell_kill_journal(struct simcell *c)
{
	wb_journal_reader_close(c->reader);
	wb_journal_crash(c->journal);
	c->reader = NULL;
	c->journal = NULL;
	struct message *m = c->first;
	c->first = NULL;
	c->tail = &c->first;
	c->queued = 0;
	while (m) {
		struct message *next = m->next;
		m->next = NULL;
		if (m->kind == TO_JOURNAL_APPEND || m->kind == TO_JOURNAL_READ) {
			free(m);
		} else {
			*c->tail = m;
			c->tail = &m->next;
			c->queued++;
		}
		m = next;
	}
	return open_journal(c);
}

enum wb_err simcell_rebuild(struct simcell *c, const char *service)
{
	char dir[600];
	struct part *p = part_of(c, service);
	if (!p)
		return WB_ERR_NOT_FOUND;
	wb_runtime_close(p->rt);
	p->rt = NULL;
	forget_messages(c, p->index);
	(void)snprintf(dir, sizeof dir, "%s/projection", p->dir);
	enum wb_err err = wb_env_remove(dir);
	return err ? err : open_part(p);
}

struct wb_runtime *simcell_runtime(struct simcell *c, const char *service)
{
	struct part *p = part_of(c, service);
	return p ? p->rt : NULL;
}

struct wb_journal *simcell_journal(struct simcell *c)
{
	return c->journal;
}

struct wb_keyring *simcell_keyring(struct simcell *c)
{
	return c->keyring_port.ctx;
}

/* ---- asking ---- */

const Weibao__V1__Reply *simcell_call(
        struct simcell *c, const char *service, Weibao__V1__Request *request, int64_t max_us, struct wb_arena *a)
{
	struct part *p = part_of(c, service);
	struct wb_bytes packed;
	ProtobufCMessage *m;
	int64_t until = c->now_us + max_us;
	if (!p)
		return NULL;
	request->request_id = ++c->next_call;
	c->awaited = request->request_id;
	free(c->reply);
	c->reply = NULL;
	if (wb_pack(&request->base, a, &packed) != WB_OK)
		return NULL;
	push(c, TO_RUNTIME, p->index, packed)->caller = caller_of(SIMCELL_SERVICES_MAX, request->request_id);
	(void)simcell_settle(c);
	while (!c->reply && c->now_us < until)
		simcell_advance(c, TICK_US);
	c->awaited = UINT64_MAX;
	if (!c->reply)
		return NULL;
	static const struct wb_unpack_limits limits = {
	        .bytes_max = 8u << 20, .depth_max = 8, .fields_max = WB_INTERNAL_FIELDS_MAX, .mode = WB_UNPACK_LENIENT};
	if (wb_unpack(&weibao__v1__reply__descriptor, (struct wb_bytes){c->reply, c->reply_len}, a, &limits, &m) !=
	        WB_OK)
		return NULL;
	return (const Weibao__V1__Reply *)m;
}

/* ---- law 1, checked ---- */

#define REFOLD_PAGE 1000
#define REFOLD_ARENA ((size_t)64 << 20)

static enum wb_err fold_log(struct simcell *c, struct wb_projection *p)
{
	struct wb_record records[REFOLD_PAGE];
	struct wb_journal_page page;
	struct wb_arena a;
	enum wb_err err;
	wb_arena_init(&a, REFOLD_ARENA);
	do {
		const struct wb_journal_query q = {.from = p->position + 1, .limit = REFOLD_PAGE};
		wb_arena_reset(&a);
		page.count = 0;
		err = wb_journal_read(c->reader, &q, &a, &page);
		for (size_t i = 0; !err && i < page.count; i++)
			records[i] = (struct wb_record){page.records[i].position, page.records[i].record};
		if (!err && page.count)
			err = wb_projection_fold(p, records, page.count);
	} while (!err && page.count);
	wb_arena_done(&a);
	return err;
}

enum wb_err simcell_refold(struct simcell *c, const char *service)
{
	char dir[512];
	uint8_t live[32], again[32];
	struct wb_projection p;
	struct wb_journal_stats stats;
	struct wb_runtime *rt = simcell_runtime(c, service);
	if (!rt)
		return WB_ERR_NOT_FOUND;
	struct wb_projection *lived = wb_runtime_projection(rt);
	(void)snprintf(dir, sizeof dir, "%s/refold", c->dir);
	const struct wb_projection_options o = {.dir = dir, .map_bytes = DEFAULT_MAP, .scratch = true};
	wb_journal_stats(c->journal, &stats);
	enum wb_err err = wb_projection_open(&p, lived->service, &o);
	if (err)
		return err;
	err = wb_projection_reset(&p, stats.log_id, stats.incarnation);
	if (!err)
		err = fold_log(c, &p);
	if (!err)
		err = wb_projection_digest(lived, live);
	if (!err)
		err = wb_projection_digest(&p, again);
	if (!err && (memcmp(live, again, sizeof live) != 0 ||
	                    memcmp(&p.chain, stats.chain_hash, sizeof stats.chain_hash) != 0))
		err = WB_ERR_MISMATCH;
	wb_projection_close(&p);
	return err;
}
