#include "tests/harness/bed.h"
#include "service/decision.h"
#include "service/internal.h"
#include "wire/unpack.h"
#include "weibao/v1/envelope.pb-c.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BED_ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define BED_SENT_MAX 4096

struct bed {
	const struct wb_service *service;
	char dir[64];
	struct wb_projection projection;
	struct wb_arena arena;
	struct wb_counters *counters;
	int64_t now_us;
	uint64_t next_command;
	bool has_command_id;
	struct wb_id command_id;
	Weibao__V1__Principal who;
	Weibao__V1__Role roles[32];
	struct wb_record *records;
	size_t n_records, cap_records;
	struct {
		char tenant[64];
		uint64_t n;
	} tenants[64];
	struct wb_decision_out out;
	const char *refusal, *path;
	bool already;
	const ProtobufCMessage *sent;
	const char *sent_to;
	void *cache;
};

/* Opens nothing: in a bed all is plain. */
static struct {
	void *none;
} plain_opener;

static struct wb_opener *opener(void)
{
	return (struct wb_opener *)(void *)&plain_opener;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static void open_at(struct bed *b, struct wb_projection *p, const char *name)
{
	char dir[128];
	(void)snprintf(dir, sizeof dir, "%s/%s", b->dir, name);
	const struct wb_projection_options o = {.dir = dir, .map_bytes = (size_t)256 << 20, .scratch = true};
	assert_int_equal(wb_projection_open(p, b->service, &o), WB_OK);
	assert_int_equal(wb_projection_reset(p, bed_id("log"), 1), WB_OK);
}

struct bed *bed_open(const struct wb_service *service)
{
	struct bed *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->service = service;
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/weibao-bed-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	wb_arena_init(&b->arena, BED_ARENA_BYTES);
	b->counters = wb_counters_new();
	b->now_us = BED_START;
	open_at(b, &b->projection, "live");
	weibao__v1__principal__init(&b->who);
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("nobody"));
	return b;
}

void bed_cache(struct bed *b)
{
	struct wb_txn *txn;
	assert_null(b->cache);
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	b->cache = b->service->cache->open(txn, opener(), b->dir);
	wb_txn_abort(txn);
	assert_non_null(b->cache);
}

static void feed_cache(struct bed *b, const struct wb_record *r, const ProtobufCMessage *event)
{
	struct wb_txn *txn;
	struct wb_event ev;
	if (!b->cache)
		return;
	assert_int_equal(wb_event_open(r, &b->arena, &ev), WB_OK);
	ev.payload = event;
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	b->service->cache->event(b->cache, txn, opener(), &ev);
	wb_txn_abort(txn);
}

void bed_close(struct bed *b)
{
	struct wb_projection again;
	uint8_t one[32], two[32];
	if (b->cache)
		b->service->cache->close(b->cache);
	open_at(b, &again, "again");
	for (size_t i = 0; i < b->n_records; i++)
		assert_int_equal(wb_projection_fold(&again, &b->records[i], 1), WB_OK);
	assert_int_equal(wb_projection_digest(&b->projection, one), WB_OK);
	assert_int_equal(wb_projection_digest(&again, two), WB_OK);
	assert_memory_equal(one, two, sizeof one);
	wb_projection_close(&again);
	wb_projection_close(&b->projection);
	nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	wb_counters_free(b->counters);
	wb_arena_done(&b->arena);
	free(b->records);
	free(b);
}

void bed_at(struct bed *b, int64_t us)
{
	b->now_us = us;
}

void bed_pass(struct bed *b, int64_t us)
{
	b->now_us += us;
}

int64_t bed_now(const struct bed *b)
{
	return b->now_us;
}

struct wb_arena *bed_arena(struct bed *b)
{
	return &b->arena;
}

struct wb_id bed_id(const char *name)
{
	return wb_id_of("bed", name, strlen(name));
}

ProtobufCBinaryData bed_field(struct bed *b, struct wb_id id)
{
	return wb_field_of_id(&b->arena, id);
}

Weibao__V1__Personal *bed_personal(struct bed *b, const char *text)
{
	Weibao__V1__Personal *p = WB_ARENA_NEW(&b->arena, Weibao__V1__Personal);
	weibao__v1__personal__init(p);
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = wb_arena_str(&b->arena, text);
	return p;
}

static uint64_t next_in_tenant(struct bed *b, const char *tenant)
{
	for (size_t i = 0; i < 64; i++) {
		if (!b->tenants[i].tenant[0])
			(void)snprintf(b->tenants[i].tenant, sizeof b->tenants[i].tenant, "%s", tenant);
		if (strcmp(b->tenants[i].tenant, tenant) == 0)
			return ++b->tenants[i].n;
	}
	fail_msg("too many tenants in a bed");
	return 0;
}

static uint64_t version_of(struct bed *b, const char *tenant, const char *kind, struct wb_id id)
{
	struct wb_txn *txn;
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	uint64_t v = wb_projection_version(txn, tenant, kind, id);
	wb_txn_abort(txn);
	return v;
}

static void record(struct bed *b, const char *tenant, const char *kind, struct wb_id id, const ProtobufCMessage *event,
        const char *service, struct wb_id command, const int64_t *occurred)
{
	Weibao__V1__Envelope e = WEIBAO__V1__ENVELOPE__INIT;
	Weibao__V1__Actor actor = WEIBAO__V1__ACTOR__INIT;
	uint8_t digest[32] = {0};
	struct wb_bytes payload, bytes;
	assert_int_equal(wb_pack(event, &b->arena, &payload), WB_OK);
	actor.account_id = b->who.account_id;
	actor.has_role = b->who.n_roles > 0;
	actor.role = b->who.n_roles ? (uint32_t)b->who.roles[0] : 0;
	actor.has_person_id = b->who.has_person_id;
	actor.person_id = b->who.person_id;
	e.tenant = (char *)(uintptr_t)tenant;
	e.tenant_position = next_in_tenant(b, tenant);
	e.stream_kind = (char *)(uintptr_t)kind;
	e.stream_id = bed_field(b, id);
	e.stream_version = version_of(b, tenant, kind, id) + 1;
	e.event_type = (char *)(uintptr_t)event->descriptor->short_name;
	e.schema_version = 1;
	e.recorded_at = b->now_us;
	e.has_occurred_at = occurred != NULL;
	e.occurred_at = occurred ? *occurred : 0;
	e.actor = &actor;
	e.command_id = bed_field(b, command);
	e.command_digest = (ProtobufCBinaryData){sizeof digest, digest};
	e.service = (char *)(uintptr_t)service;
	e.epoch = 1;
	e.payload = (ProtobufCBinaryData){payload.len, (uint8_t *)(uintptr_t)payload.data};
	assert_int_equal(wb_pack(&e.base, &b->arena, &bytes), WB_OK);
	if (b->n_records == b->cap_records) {
		b->cap_records = b->cap_records ? 2 * b->cap_records : 256;
		b->records = realloc(b->records, b->cap_records * sizeof *b->records);
		assert_non_null(b->records);
	}
	struct wb_record *r = &b->records[b->n_records++];
	*r = (struct wb_record){b->n_records, bytes};
	if (wb_projection_fold(&b->projection, r, 1) != WB_OK)
		fail_msg("%s cannot be folded", event->descriptor->short_name);
	feed_cache(b, r, event);
}

static struct wb_id next_command(struct bed *b)
{
	uint8_t random[10] = {0};
	if (b->has_command_id) {
		b->has_command_id = false;
		return b->command_id;
	}
	wb_be64_put(random + 2, ++b->next_command);
	return wb_id_v7(b->now_us, random);
}

void bed_given(
        struct bed *b, const char *tenant, const char *stream_kind, struct wb_id id, const ProtobufCMessage *event)
{
	record(b, tenant, stream_kind, id, event, "given", next_command(b), NULL);
}

void bed_given_occurred(struct bed *b, const char *tenant, const char *stream_kind, struct wb_id id,
        const ProtobufCMessage *event, int64_t occurred_at)
{
	record(b, tenant, stream_kind, id, event, "given", next_command(b), &occurred_at);
}

void bed_as(struct bed *b, uint32_t roles, struct wb_id person)
{
	weibao__v1__principal__init(&b->who);
	b->who.account_id = bed_field(b, wb_id_derive(person, "account", 0));
	b->who.home = (char *)(uintptr_t) "provider";
	b->who.has_person_id = true;
	b->who.person_id = bed_field(b, person);
	b->who.roles = b->roles;
	for (uint32_t r = 0; r < 32; r++)
		if (roles & (1u << r))
			b->roles[b->who.n_roles++] = (Weibao__V1__Role)r;
}

void bed_as_link(struct bed *b, const char *purpose, struct wb_id id, uint32_t round)
{
	bed_as(b, WB_ROLE(LINK), (struct wb_id){{0}});
	b->who.has_person_id = false;
	b->who.link_purpose = (char *)(uintptr_t)purpose;
	b->who.has_link_id = true;
	b->who.link_id = bed_field(b, id);
	b->who.has_link_round = true;
	b->who.link_round = round;
}

void bed_command_id(struct bed *b, struct wb_id id)
{
	b->has_command_id = true;
	b->command_id = id;
}

static const struct wb_command_def *command_def(const struct bed *b, const ProtobufCMessage *command)
{
	for (size_t i = 0; i < b->service->n_commands; i++)
		if (b->service->commands[i].message == command->descriptor)
			return &b->service->commands[i];
	fail_msg("%s has no command %s", b->service->name, command->descriptor->short_name);
	return NULL;
}

static bool allowed(struct bed *b, const char *tenant, uint32_t roles, enum wb_tenant_rule rule)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	enum wb_refusal why;
	q.tenant = (char *)(uintptr_t)tenant;
	q.principal = &b->who;
	if (rt_allowed(&q, roles, rule, &why))
		return true;
	b->refusal = wb_refusal_text(why)->code;
	return false;
}

void bed_when(struct bed *b, const char *tenant, const ProtobufCMessage *command)
{
	const struct wb_command_def *def = command_def(b, command);
	struct wb_id id = next_command(b);
	struct wb_bytes packed;
	ProtobufCMessage *m;
	struct wb_turns turns = {.tenant = tenant};
	b->refusal = b->path = NULL;
	b->already = false;
	wb_decision_out_init(&b->out, b->counters);
	if (!allowed(b, tenant, def->roles, def->tenant))
		return;
	/* as it would come over the bus */
	assert_int_equal(wb_pack(command, &b->arena, &packed), WB_OK);
	assert_int_equal(wb_unpack(def->message, packed, &b->arena, &wb_unpack_internal, &m), WB_OK);
	def->turns(&turns, tenant, m);
	assert_false(turns.overflow);
	assert_true(turns.n > 0);
	struct wb_decision d = {.arena = &b->arena,
	        .tenant = tenant,
	        .who = &b->who,
	        .command_id = id,
	        .now_us = b->now_us,
	        .projection = &b->projection,
	        .out = &b->out};
	assert_int_equal(wb_txn_read(b->projection.env, &d.db), WB_OK);
	def->decide(&d, m);
	assert_int_equal(wb_txn_error(d.db), WB_OK);
	wb_txn_abort(d.db);
	assert_false(b->out.too_large);
	if (b->out.refused) {
		b->refusal = wb_refusal_text(b->out.refusal)->code;
		b->path = b->out.path;
		b->out.n_events = 0;
		return;
	}
	b->already = b->out.n_events == 0;
	for (const struct wb_emitted *e = b->out.events; e; e = e->next)
		record(b, tenant, e->stream_kind, e->stream_id, e->event, b->service->name, id,
		        e->has_occurred ? &e->occurred_at : NULL);
}

size_t bed_events(const struct bed *b)
{
	return b->out.n_events;
}

const ProtobufCMessage *bed_event(const struct bed *b, size_t i)
{
	const struct wb_emitted *e = b->out.events;
	for (; e && i; i--)
		e = e->next;
	if (!e)
		fail_msg("there is no such event (%s)", b->refusal ? b->refusal : "nothing was refused");
	return e->event;
}

const char *bed_refusal(const struct bed *b)
{
	return b->refusal;
}

const char *bed_path(const struct bed *b)
{
	return b->path;
}

bool bed_already(const struct bed *b)
{
	return b->already;
}

bool bed_conditioned(const struct bed *b, const char *stream_kind)
{
	for (const struct wb_conditioned *c = b->out.conditions; c; c = c->next)
		if (strcmp(c->stream_kind, stream_kind) == 0)
			return true;
	return false;
}

const ProtobufCMessage *bed_query(struct bed *b, const char *tenant, const ProtobufCMessage *request)
{
	const struct wb_query_def *def = NULL;
	struct wb_query_out out = {0};
	b->refusal = b->path = NULL;
	for (size_t i = 0; i < b->service->n_queries; i++)
		if (b->service->queries[i].message == request->descriptor)
			def = &b->service->queries[i];
	if (!def)
		fail_msg("%s has no query %s", b->service->name, request->descriptor->short_name);
	if (!allowed(b, tenant, def->roles, def->tenant))
		return NULL;
	struct wb_query q = {.arena = &b->arena,
	        .tenant = tenant,
	        .who = &b->who,
	        .now_us = b->now_us,
	        .cache = b->cache,
	        .projection = &b->projection,
	        .out = &out};
	assert_int_equal(wb_txn_read(b->projection.env, &q.db), WB_OK);
	def->answer(&q, request);
	assert_int_equal(wb_txn_error(q.db), WB_OK);
	wb_txn_abort(q.db);
	if (out.refused || !out.answer) {
		b->refusal = wb_refusal_text(out.refused ? out.refusal : WB_NOT_FOUND)->code;
		b->path = out.path;
		return NULL;
	}
	return out.answer;
}

int64_t bed_todo(struct bed *b, const char *kind, const char *tenant, struct wb_id ref, uint32_t n)
{
	struct wb_txn *txn;
	struct wb_todo row;
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	bool there = wb_projection_todo(txn, kind, tenant, ref, n, &b->arena, &row);
	wb_txn_abort(txn);
	return there ? row.due_at : -1;
}

size_t bed_todo_count(struct bed *b)
{
	struct wb_txn *txn;
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	size_t n = (size_t)wb_projection_todo_count(txn);
	wb_txn_abort(txn);
	return n;
}

struct due {
	struct wb_todo rows[256];
	size_t n;
};

static bool collect(void *ctx, const struct wb_todo *row)
{
	struct due *d = ctx;
	d->rows[d->n++] = *row;
	return d->n < 256;
}

static void act(struct bed *b, const struct wb_todo *row)
{
	struct wb_errand e = {.arena = &b->arena, .now_us = b->now_us, .tenant = row->tenant};
	const struct wb_todo_def *def = NULL;
	for (size_t i = 0; i < b->service->n_todos; i++)
		if (strcmp(b->service->todos[i].kind, row->kind) == 0)
			def = &b->service->todos[i];
	if (!def)
		fail_msg("no to-do %s", row->kind);
	assert_int_equal(wb_txn_read(b->projection.env, &e.db), WB_OK);
	def->act(&e, row);
	wb_txn_abort(e.db);
	if (!e.command)
		return;
	if (e.service && strcmp(e.service, b->service->name) != 0) {
		b->sent = e.command;
		b->sent_to = e.service;
		return;
	}
	Weibao__V1__Principal was = b->who;
	Weibao__V1__Role roles[32];
	memcpy(roles, b->roles, sizeof roles);
	bed_as(b, WB_ROLE(SYSTEM), (struct wb_id){{0}});
	b->who.has_person_id = false;
	bed_when(b, e.tenant, e.command);
	b->who = was;
	memcpy(b->roles, roles, sizeof roles);
	b->who.roles = b->roles;
}

size_t bed_run(struct bed *b)
{
	struct wb_txn *txn;
	struct due *d = calloc(1, sizeof *d);
	assert_non_null(d);
	assert_int_equal(wb_txn_read(b->projection.env, &txn), WB_OK);
	wb_projection_due(txn, b->now_us, collect, d, &b->arena);
	wb_txn_abort(txn);
	for (size_t i = 0; i < d->n; i++)
		act(b, &d->rows[i]);
	size_t n = d->n;
	free(d);
	return n;
}

const ProtobufCMessage *bed_sent(struct bed *b, const char **ret_service)
{
	const ProtobufCMessage *m = b->sent;
	*ret_service = b->sent_to;
	b->sent = NULL;
	return m;
}

struct wb_projection *bed_projection(struct bed *b)
{
	return &b->projection;
}
