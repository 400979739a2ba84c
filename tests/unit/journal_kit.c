#include "journal_kit.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static int64_t wall(void *ctx)
{
	return ((struct kit *)ctx)->wall_us;
}

static int64_t boot(void *ctx)
{
	return ((struct kit *)ctx)->boot_us;
}

int kit_setup(void **state)
{
	static const struct wb_id log_id = {{0x77, 1, 2, 3}};
	struct kit *k = calloc(1, sizeof *k);
	if (!k)
		return -1;
	(void)snprintf(k->dir, sizeof k->dir, "/tmp/weibao-journal-XXXXXX");
	if (!mkdtemp(k->dir)) {
		free(k);
		return -1;
	}
	k->wall_us = T0;
	k->boot_us = WB_HOUR_US;
	k->options = (struct wb_journal_options){.dir = k->dir,
	        .clock = {wall, boot, k},
	        .log_map_bytes = 64 << 20,
	        .heads_map_bytes = 64 << 20,
	        .index_map_bytes = 64 << 20,
	        .reserve_bytes = 1,
	        .log_id = &log_id};
	wb_arena_init(&k->arena, 256 << 20);
	kit_open(k);
	*state = k;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int kit_teardown(void **state)
{
	struct kit *k = *state;
	kit_close(k);
	wb_arena_done(&k->arena);
	(void)nftw(k->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(k);
	return 0;
}

void kit_open(struct kit *k)
{
	assert_int_equal(wb_journal_open(&k->options, NULL, &k->j), WB_OK);
	assert_int_equal(wb_journal_reader_open(k->j, &k->r), WB_OK);
}

void kit_close(struct kit *k)
{
	wb_journal_reader_close(k->r);
	wb_journal_close(k->j);
	k->r = NULL;
	k->j = NULL;
}

void kit_crash(struct kit *k)
{
	wb_journal_reader_close(k->r);
	wb_journal_crash(k->j);
	k->r = NULL;
	k->j = NULL;
}

void kit_pass(struct kit *k, int64_t us)
{
	k->wall_us += us;
	k->boot_us += us;
}

struct wb_id kit_id(uint64_t n)
{
	struct wb_id id = {{0xaa}};
	wb_be64_put(id.b + 8, n);
	return id;
}

static ProtobufCBinaryData bytes(struct kit *k, const void *data, size_t len)
{
	return (ProtobufCBinaryData){len, wb_arena_copy(&k->arena, data, len)};
}

void kit_command(struct kit *k, Weibao__V1__Append *a, uint64_t n, uint8_t digest)
{
	uint8_t d[WB_DIGEST_BYTES] = {digest};
	struct wb_id id = kit_id(n);
	id.b[1] = 0xcc;
	a->command_id = bytes(k, id.b, sizeof id.b);
	a->command_digest = bytes(k, d, sizeof d);
}

Weibao__V1__Append *kit_append(struct kit *k, const char *service, uint64_t epoch, const char *tenant)
{
	Weibao__V1__Append *a = WB_ARENA_NEW(&k->arena, Weibao__V1__Append);
	weibao__v1__append__init(a);
	a->service = wb_arena_str(&k->arena, service);
	a->epoch = epoch;
	a->tenant = wb_arena_str(&k->arena, tenant);
	a->actor = WB_ARENA_NEW(&k->arena, Weibao__V1__Actor);
	weibao__v1__actor__init(a->actor);
	a->actor->account_id = bytes(k, kit_id(9).b, WB_ID_BYTES);
	a->events = WB_ARENA_ARRAY(&k->arena, Weibao__V1__AppendEvent *, WB_JOURNAL_EVENTS_MAX + 1);
	a->conditions = WB_ARENA_ARRAY(&k->arena, Weibao__V1__AppendCondition *, WB_JOURNAL_CONDITIONS_MAX + 1);
	kit_command(k, a, ++k->next_command, 1);
	return a;
}

void kit_event(struct kit *k, Weibao__V1__Append *a, const char *kind, uint64_t id, uint64_t expected, size_t payload)
{
	Weibao__V1__AppendEvent *e = WB_ARENA_NEW(&k->arena, Weibao__V1__AppendEvent);
	weibao__v1__append_event__init(e);
	e->stream_kind = wb_arena_str(&k->arena, kind);
	e->stream_id = bytes(k, kit_id(id).b, WB_ID_BYTES);
	e->expected_version = expected;
	e->event_type = wb_arena_str(&k->arena, "TicketReported");
	e->schema_version = 1;
	e->payload = (ProtobufCBinaryData){payload, wb_arena_alloc(&k->arena, payload + 1)};
	a->events[a->n_events++] = e;
}

void kit_condition(
        struct kit *k, Weibao__V1__Append *a, const char *tenant, const char *kind, uint64_t id, uint64_t version)
{
	Weibao__V1__AppendCondition *c = WB_ARENA_NEW(&k->arena, Weibao__V1__AppendCondition);
	weibao__v1__append_condition__init(c);
	c->tenant = wb_arena_str(&k->arena, tenant);
	c->stream_kind = wb_arena_str(&k->arena, kind);
	c->stream_id = bytes(k, kit_id(id).b, WB_ID_BYTES);
	c->version = version;
	a->conditions[a->n_conditions++] = c;
}

struct wb_journal_result kit_send(struct kit *k, const Weibao__V1__Append *a)
{
	struct wb_journal_result r;
	kit_pass(k, 10);
	assert_int_equal(wb_journal_append(k->j, &a, 1, &r, &k->feed), WB_OK);
	return r;
}

struct wb_journal_result kit_epoch(struct kit *k, const char *service, uint64_t epoch, uint64_t expected)
{
	Weibao__V1__Append *a = kit_append(k, service, epoch, WB_JOURNAL_CELL);
	Weibao__V1__EpochStarted started = WEIBAO__V1__EPOCH_STARTED__INIT;
	uint8_t buf[128];
	kit_event(k, a, WB_JOURNAL_KIND_EPOCH, 0, expected, 0);
	struct wb_id id = wb_id_of("service", service, strlen(service));
	a->events[0]->stream_id = bytes(k, id.b, sizeof id.b);
	a->events[0]->event_type = wb_arena_str(&k->arena, "EpochStarted");
	started.service = a->service;
	started.epoch = epoch;
	a->events[0]->payload = bytes(k, buf, weibao__v1__epoch_started__pack(&started, buf));
	return kit_send(k, a);
}

struct wb_journal_result kit_tenant_ticket(struct kit *k, const char *tenant, uint64_t id, uint64_t expected)
{
	Weibao__V1__Append *a = kit_append(k, "intake", 1, tenant);
	kit_event(k, a, "ticket", id, expected, 100);
	struct wb_journal_result r = kit_send(k, a);
	wb_arena_reset(&k->arena);
	return r;
}

struct wb_journal_result kit_ticket(struct kit *k, uint64_t id, uint64_t expected)
{
	return kit_tenant_ticket(k, "acme", id, expected);
}

void kit_index(struct kit *k)
{
	uint64_t behind = 1;
	while (behind)
		assert_int_equal(wb_journal_index_step(k->j, 1000, &behind), WB_OK);
}

static bool sum_row(void *ctx, const char *table, struct wb_bytes key, struct wb_bytes value)
{
	struct wb_hash *h = ctx;
	struct wb_hasher *hasher;
	struct wb_bytes parts[] = {{h->b, sizeof h->b}, wb_bytes_str(table), key, value};
	if (wb_hasher_open(&hasher))
		return false;
	*h = wb_hasher_sum(hasher, parts, 4);
	wb_hasher_close(hasher);
	return true;
}

struct wb_hash kit_fold_hash(struct kit *k)
{
	struct wb_hash h = {{0}};
	struct wb_txn *txn;
	kit_index(k);
	assert_int_equal(wb_heads_flush(k->j), WB_OK);
	assert_int_equal(wb_txn_read(k->j->heads, &txn), WB_OK);
	assert_true(wb_txn_dump(txn, sum_row, &h));
	wb_txn_abort(txn);
	assert_int_equal(wb_txn_read(k->j->index, &txn), WB_OK);
	assert_true(wb_txn_dump(txn, sum_row, &h));
	wb_txn_abort(txn);
	return h;
}
