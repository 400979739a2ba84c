/* Reading: every record is checked with its link before it is given out. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

enum wb_err wb_journal_reader_open(struct wb_journal *j, struct wb_journal_reader **ret_reader)
{
	struct wb_journal_reader *r = calloc(1, sizeof *r);
	if (!r)
		return WB_ERR_MEMORY;
	r->j = j;
	r->scrub_next = 1;
	enum wb_err err = wb_hasher_open(&r->hasher);
	if (err) {
		free(r);
		return err;
	}
	r->scrub_chain = wb_chain_start(r->hasher, j->log_id);
	*ret_reader = r;
	return WB_OK;
}

void wb_journal_reader_close(struct wb_journal_reader *r)
{
	if (!r)
		return;
	wb_hasher_close(r->hasher);
	free(r);
}

/* ---- pages ---- */

struct gather {
	const struct wb_journal_query *q;
	struct wb_arena *arena;
	struct wb_journal_page *page;
	size_t limit, bytes;
	uint64_t from; /* first number that is still wanted */
};

/* Adds a record; WB_ERR_LIMIT: the page is full, without it. */
static enum wb_err add(struct gather *g, uint64_t position, struct wb_bytes record)
{
	struct wb_journal_page *p = g->page;
	if (p->count == g->limit || (p->count && g->bytes + record.len > WB_JOURNAL_PAGE_BYTES_MAX))
		return WB_ERR_LIMIT;
	uint8_t *copy = wb_arena_copy(g->arena, record.data, record.len);
	if (!copy)
		return WB_ERR_MEMORY;
	p->records[p->count++] = (struct wb_journal_record){position, {copy, record.len}};
	g->bytes += record.len;
	return WB_OK;
}

static enum wb_err add_any(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	(void)v;
	(void)leaf;
	(void)chain;
	return add(ctx, position, record);
}

static uint64_t number_of(const struct wb_journal_query *q, const struct wb_record_view *v)
{
	return q->stream_kind ? v->stream_version : v->tenant_position;
}

static enum wb_err add_matching(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct gather *g = ctx;
	const struct wb_journal_query *q = g->q;
	(void)leaf;
	(void)chain;
	if (!wb_bytes_equal(v->tenant, wb_bytes_str(q->tenant)) || number_of(q, v) < g->from)
		return WB_OK;
	if (q->stream_kind && !(wb_bytes_equal(v->stream_kind, wb_bytes_str(q->stream_kind)) &&
	                              wb_id_equal(v->stream_id, q->stream_id)))
		return WB_OK;
	enum wb_err err = add(g, position, record);
	if (!err)
		g->from = number_of(q, v) + 1;
	return err;
}

static enum wb_err read_global(struct wb_journal_reader *r, struct wb_txn *log, struct gather *g)
{
	struct wb_hash chain;
	uint64_t next = g->q->from;
	enum wb_err err = wb_journal_chain_at(r->j, r->hasher, log, next - 1, &chain);
	if (err == WB_ERR_NOT_FOUND)
		return WB_OK; /* behind the head: nothing there yet */
	if (err == WB_ERR_CORRUPT)
		next--;
	if (!err)
		err = wb_journal_walk(r->hasher, log, next, g->limit, &chain, add_any, g, &next);
	if (err == WB_ERR_CORRUPT)
		g->page->damaged_position = next;
	if (!err || err == WB_ERR_LIMIT || err == WB_ERR_CORRUPT) {
		memcpy(g->page->chain_hash, chain.b, sizeof g->page->chain_hash);
		err = WB_OK;
	}
	return err;
}

/* One that index names. */
static enum wb_err add_indexed(struct wb_journal_reader *r, struct wb_txn *log, struct gather *g, uint64_t position)
{
	struct wb_frame f;
	struct wb_record_view v;
	uint64_t damaged;
	enum wb_err err = wb_journal_checked(r->j, r->hasher, log, position, &f, &v, &damaged);
	if (err == WB_ERR_CORRUPT)
		g->page->damaged_position = damaged;
	if (err)
		return err;
	return add_matching(g, position, &v, f.record, NULL, NULL);
}

static enum wb_err read_indexed(struct wb_journal_reader *r, struct wb_txn *index, struct wb_txn *log, struct gather *g)
{
	const struct wb_journal_query *q = g->q;
	struct wb_scan scan;
	struct wb_key prefix, from;
	struct wb_bytes key, value;
	enum wb_err err = WB_OK;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	if (q->stream_kind) {
		wb_key_str(&prefix, q->stream_kind);
		wb_key_id(&prefix, q->stream_id);
	}
	from = prefix;
	wb_key_u64(&from, q->from);
	wb_scan_from(&scan, index, q->stream_kind ? &wb_index_streams : &wb_index_tenants, &prefix, &from);
	while (!err && g->page->count < g->limit && wb_scan_next(&scan, &key, &value))
		err = value.len == 8 ? add_indexed(r, log, g, wb_be64_get(value.data)) : WB_ERR_CORRUPT;
	wb_scan_done(&scan);
	return err ? err : wb_txn_error(index);
}

/* What index lacks: the end of the log, record by record. */
static enum wb_err read_tail(struct wb_journal_reader *r, struct wb_txn *log, struct gather *g, uint64_t indexed)
{
	struct wb_hash chain;
	uint64_t next = indexed + 1;
	if (g->page->count == g->limit || indexed >= g->page->head)
		return WB_OK;
	if (g->page->head - indexed > WB_JOURNAL_LAG_MAX)
		return WB_ERR_AGAIN;
	enum wb_err err = wb_journal_chain_at(r->j, r->hasher, log, indexed, &chain);
	if (!err)
		err = wb_journal_walk(r->hasher, log, next, SIZE_MAX, &chain, add_matching, g, &next);
	if (err == WB_ERR_CORRUPT)
		g->page->damaged_position = next;
	return err;
}

static enum wb_err read_some(struct wb_journal_reader *r, struct wb_txn *index, struct wb_txn *log, struct gather *g)
{
	struct at at = {.position = 0};
	g->page->head = wb_journal_log_head(log);
	if (wb_txn_error(log))
		return wb_txn_error(log);
	if (!g->q->tenant)
		return read_global(r, log, g);
	(void)wb_journal_at_get(index, &wb_index_meta, &at);
	enum wb_err err = read_indexed(r, index, log, g);
	if (!err)
		err = read_tail(r, log, g, at.position);
	if (err == WB_ERR_LIMIT || (err == WB_ERR_CORRUPT && g->page->damaged_position))
		err = WB_OK;
	return err;
}

enum wb_err wb_journal_read(struct wb_journal_reader *r, const struct wb_journal_query *q, struct wb_arena *a,
        struct wb_journal_page *ret_page)
{
	struct wb_txn *index = NULL, *log = NULL;
	if (q->from == 0 || (q->stream_kind && !q->tenant))
		return WB_ERR_INVALID;
	struct wb_journal_page page = {0};
	struct gather g = {.q = q, .arena = a, .page = &page, .from = q->from};
	g.limit = q->limit < WB_JOURNAL_PAGE_RECORDS_MAX ? q->limit : WB_JOURNAL_PAGE_RECORDS_MAX;
	page.records = WB_ARENA_ARRAY(a, struct wb_journal_record, g.limit + 1);
	if (!page.records)
		return WB_ERR_MEMORY;
	/* The order matters: a time first, then index, then the log, so that the head is behind both. */
	page.time_us = atomic_load_explicit(&r->j->announced_us, memory_order_acquire);
	enum wb_err err = wb_txn_read(r->j->index, &index);
	if (!err)
		err = wb_txn_read(r->j->log, &log);
	if (!err)
		err = read_some(r, index, log, &g);
	wb_txn_abort(log);
	wb_txn_abort(index);
	if (!err)
		*ret_page = page;
	return err;
}

/* ---- time ---- */

struct until {
	int64_t us;
	uint64_t position;
};

static enum wb_err walk_until(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct until *u = ctx;
	(void)record;
	(void)leaf;
	(void)chain;
	if (v->recorded_at > u->us)
		return WB_ERR_LIMIT;
	u->position = position;
	return WB_OK;
}

/* A position recorded at or before the instant, at most WB_JOURNAL_TIME_EVERY (or index's lag) before the last one. */
static uint64_t near(struct wb_txn *index, int64_t us)
{
	struct wb_scan scan;
	struct wb_key before;
	struct wb_bytes key, value;
	uint64_t position = 0;
	wb_key_init(&before);
	wb_key_i64(&before, us);
	wb_key_u64(&before, UINT64_MAX);
	wb_scan_before(&scan, index, &wb_index_times, NULL, &before);
	if (wb_scan_next(&scan, &key, &value) && value.len == 8)
		position = wb_be64_get(value.data);
	wb_scan_done(&scan);
	return position;
}

enum wb_err wb_journal_position_at(struct wb_journal_reader *r, int64_t recorded_us, uint64_t *ret_position)
{
	struct wb_txn *index = NULL, *log = NULL;
	struct until u = {.us = recorded_us};
	struct wb_hash chain;
	uint64_t next;
	enum wb_err err = wb_txn_read(r->j->index, &index);
	if (!err)
		err = wb_txn_read(r->j->log, &log);
	if (!err) {
		u.position = near(index, recorded_us);
		err = wb_journal_chain_at(r->j, r->hasher, log, u.position, &chain);
	}
	if (!err)
		err = wb_journal_walk(r->hasher, log, u.position + 1, SIZE_MAX, &chain, walk_until, &u, &next);
	wb_txn_abort(log);
	wb_txn_abort(index);
	if (err && err != WB_ERR_LIMIT)
		return err;
	*ret_position = u.position;
	return WB_OK;
}

/* ---- scrub ---- */

enum wb_err wb_journal_scrub_step(struct wb_journal_reader *r, size_t limit, uint64_t *ret_damaged)
{
	struct wb_txn *log;
	uint64_t next = r->scrub_next;
	enum wb_err err = wb_txn_read(r->j->log, &log);
	if (err)
		return err;
	err = wb_journal_walk(r->hasher, log, r->scrub_next, limit, &r->scrub_chain, NULL, NULL, &next);
	wb_txn_abort(log);
	if (err && err != WB_ERR_CORRUPT)
		return err;
	*ret_damaged = err ? next : 0;
	if (!err && next - r->scrub_next < limit) {
		next = 1;
		r->scrub_chain = wb_chain_start(r->hasher, r->j->log_id);
	}
	r->scrub_next = next;
	return WB_OK;
}
