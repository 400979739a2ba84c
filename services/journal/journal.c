/* Opening and closing: which log it is, its tail, its first record. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_LOG_MAP ((size_t)64 << 30)
#define DEFAULT_HEADS_MAP ((size_t)32 << 30)
#define DEFAULT_INDEX_MAP ((size_t)64 << 30)
#define DEFAULT_RESERVE ((uint64_t)64 << 20)
#define NOTES_BYTES_MAX 50000 /* of notes in one IncarnationStarted */

static const struct wb_table *const log_tables[] = {&wb_log_records, &wb_log_meta};

static void defaults(struct wb_journal *j, const struct wb_journal_options *o)
{
	struct wb_journal_options *d = &j->options;
	*d = *o;
	d->dir = j->dir;
	d->log_map_bytes = o->log_map_bytes ? o->log_map_bytes : DEFAULT_LOG_MAP;
	d->heads_map_bytes = o->heads_map_bytes ? o->heads_map_bytes : DEFAULT_HEADS_MAP;
	d->index_map_bytes = o->index_map_bytes ? o->index_map_bytes : DEFAULT_INDEX_MAP;
	d->reserve_bytes = o->reserve_bytes ? o->reserve_bytes : DEFAULT_RESERVE;
	d->clock_step_us_max = o->clock_step_us_max ? o->clock_step_us_max : WB_MINUTE_US;
	d->start_gap_us_max = o->start_gap_us_max ? o->start_gap_us_max : 30 * WB_DAY_US;
}

static enum wb_err make_dir(struct wb_journal *j)
{
	char marker[PATH_MAX + 16];
	if (mkdir(j->dir, 0700) != 0 && errno != EEXIST)
		return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	(void)snprintf(marker, sizeof marker, "%s/%s", j->dir, WB_JOURNAL_MARKER);
	return access(marker, F_OK) == 0 ? WB_ERR_DENIED : WB_OK;
}

static enum wb_err open_log(struct wb_journal *j)
{
	char dir[PATH_MAX + 16];
	(void)snprintf(dir, sizeof dir, "%s/log", j->dir);
	struct wb_env_options o = {.dir = dir,
	        .sync = j->options.volatile_log ? WB_SYNC_LAZY : WB_SYNC_DURABLE,
	        .tables = log_tables,
	        .table_count = sizeof log_tables / sizeof log_tables[0],
	        .map_bytes = j->options.log_map_bytes};
	return wb_env_open(&o, &j->log);
}

static bool get_u64(struct wb_txn *txn, const char *name, uint64_t *ret)
{
	struct wb_key k;
	struct wb_bytes v;
	wb_key_init(&k);
	wb_key_str(&k, name);
	if (!wb_get(txn, &wb_log_meta, &k, &v) || v.len != 8)
		return false;
	*ret = wb_be64_get(v.data);
	return true;
}

/* Which log it is. A log without records needs no meta rows: they come with its first record. */
static enum wb_err read_meta(struct wb_journal *j, struct wb_txn *txn)
{
	struct wb_key k;
	struct wb_bytes v;
	uint64_t incarnation = 0, lease = 0, format = 0;
	j->head = wb_journal_log_head(txn);
	wb_key_init(&k);
	wb_key_str(&k, "log_id");
	bool found = wb_get(txn, &wb_log_meta, &k, &v) && wb_id_from_bytes(v.data, v.len, &j->log_id) &&
	             get_u64(txn, "incarnation", &incarnation) && get_u64(txn, "format", &format);
	if (wb_txn_error(txn))
		return wb_txn_error(txn);
	if (found && format != WB_JOURNAL_FORMAT)
		return WB_ERR_MISMATCH;
	if (!found && j->head)
		return WB_ERR_CORRUPT;
	(void)get_u64(txn, "lease", &lease);
	j->incarnation = (uint32_t)incarnation;
	j->lease_us = (int64_t)lease;
	return wb_txn_error(txn);
}

static enum wb_err see_last(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct wb_journal *j = ctx;
	(void)position;
	(void)record;
	(void)leaf;
	(void)chain;
	if (v->recorded_at < j->recorded_us)
		return WB_ERR_CORRUPT;
	j->recorded_us = v->recorded_at;
	return WB_OK;
}

/* The last records, each with its link: what a crash could have hurt. */
static enum wb_err check_tail(struct wb_journal *j, struct wb_txn *txn, uint64_t *ret_damaged)
{
	uint64_t before = j->head > WB_JOURNAL_TAIL_CHECKED ? j->head - WB_JOURNAL_TAIL_CHECKED : 0, next = before;
	j->recorded_us = INT64_MIN;
	enum wb_err err = wb_journal_chain_at(j, j->hasher, txn, before, &j->chain);
	if (!err)
		err = wb_journal_walk(
		        j->hasher, txn, before + 1, WB_JOURNAL_TAIL_CHECKED, &j->chain, see_last, j, &next);
	else if (err == WB_ERR_NOT_FOUND)
		err = WB_ERR_CORRUPT;
	if (err == WB_ERR_CORRUPT && ret_damaged)
		*ret_damaged = next;
	if (!j->head)
		j->recorded_us = 0;
	j->announced_us = j->recorded_us > j->lease_us ? j->recorded_us : j->lease_us;
	return err;
}

static enum wb_err read_log(struct wb_journal *j, uint64_t *ret_damaged)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_read(j->log, &txn);
	if (err)
		return err;
	err = read_meta(j, txn);
	if (!err && !j->head) {
		if (j->options.log_id)
			j->log_id = *j->options.log_id;
		else
			randombytes_buf(j->log_id.b, sizeof j->log_id.b);
		j->meta_dirty = true;
	}
	if (!err)
		err = check_tail(j, txn, ret_damaged);
	wb_txn_abort(txn);
	return err;
}

/* ---- incarnations ---- */

/* The notes signed before, spread over as many events as they need; what exceeds one append stays in its table. */
struct carried {
	struct wb_arena *arena;
	char *notes[WB_JOURNAL_OWN_EVENTS_MAX][512];
	size_t counts[WB_JOURNAL_OWN_EVENTS_MAX], bytes, events;
};

static enum wb_err carry(void *ctx, struct wb_bytes note)
{
	struct carried *c = ctx;
	if (c->bytes + note.len > NOTES_BYTES_MAX || c->counts[c->events] == 512) {
		if (c->events + 1 == WB_JOURNAL_OWN_EVENTS_MAX)
			return WB_OK;
		c->events++;
		c->bytes = 0;
	}
	char *text = wb_arena_copy(c->arena, note.data, note.len);
	if (!text)
		return WB_ERR_MEMORY;
	c->notes[c->events][c->counts[c->events]++] = text;
	c->bytes += note.len + 4;
	return WB_OK;
}

static enum wb_err append_incarnation(struct wb_journal *j, struct carried *c)
{
	struct wb_bytes payloads[WB_JOURNAL_OWN_EVENTS_MAX];
	struct wb_journal_feed feed;
	for (size_t i = 0; i <= c->events; i++) {
		Weibao__V1__IncarnationStarted e = WEIBAO__V1__INCARNATION_STARTED__INIT;
		e.log_id = (ProtobufCBinaryData){WB_ID_BYTES, j->log_id.b};
		e.incarnation = j->incarnation;
		e.reason = (char *)(uintptr_t)j->options.reason;
		e.n_last_checkpoints = c->counts[i];
		e.last_checkpoints = c->notes[i];
		size_t len = weibao__v1__incarnation_started__get_packed_size(&e);
		uint8_t *buf = wb_arena_alloc(c->arena, len);
		if (!buf)
			return WB_ERR_MEMORY;
		payloads[i] = (struct wb_bytes){buf, weibao__v1__incarnation_started__pack(&e, buf)};
	}
	return wb_journal_own_events(
	        j, WB_JOURNAL_KIND_INCARNATION, "IncarnationStarted", payloads, c->events + 1, &feed);
}

/* A copy put back twice would count the same number twice: what was signed, kept apart from the log, knows better. */
static enum wb_err start_incarnation(struct wb_journal *j)
{
	uint32_t known = 0;
	struct wb_arena arena;
	enum wb_err err = wb_signed_incarnation(j, &known);
	if (err)
		return err;
	struct carried *c = calloc(1, sizeof *c); /* too large for a stack; once a life */
	if (!c)
		return WB_ERR_MEMORY;
	wb_arena_init(&arena, 4 << 20);
	c->arena = &arena;
	j->incarnation = (known > j->incarnation ? known : j->incarnation) + 1;
	j->meta_dirty = true;
	err = wb_signed_each(j, carry, c);
	if (!err)
		err = wb_signed_incarnation_put(j, j->incarnation);
	if (!err)
		err = append_incarnation(j, c);
	wb_arena_done(&arena);
	free(c);
	return err;
}

/* ---- open and close ---- */

static enum wb_err first_records(struct wb_journal *j)
{
	struct wb_journal_feed feed;
	enum wb_err err = WB_OK;
	bool confirm = j->clock_suspect && j->options.clock_confirmed;
	if (confirm)
		err = wb_journal_confirm_clock(j, &feed);
	if (!err && j->clock_suspect && j->options.new_incarnation)
		err = WB_ERR_CLOCK;
	if (!err && (!j->head || j->options.new_incarnation))
		err = start_incarnation(j);
	return err ? err : wb_heads_flush(j);
}

static enum wb_err open_all(struct wb_journal *j, uint64_t *ret_damaged)
{
	enum wb_err err = make_dir(j);
	if (!err)
		err = sodium_init() < 0 ? WB_ERR_CRYPTO : WB_OK;
	if (!err)
		err = wb_hasher_open(&j->hasher);
	if (!err)
		err = wb_hasher_open(&j->index_hasher);
	if (!err)
		err = open_log(j);
	if (!err)
		err = read_log(j, ret_damaged);
	if (!err)
		err = wb_heads_open(j, ret_damaged);
	if (!err)
		err = wb_index_open(j);
	if (!err)
		err = wb_signed_open(j);
	if (!err) {
		wb_journal_clock_open(j);
		err = first_records(j);
	}
	return err;
}

static void free_all(struct wb_journal *j)
{
	wb_heads_forget(j);
	wb_hasher_close(j->hasher);
	wb_hasher_close(j->index_hasher);
	free(j->frames);
	free(j->frame_at);
	free(j->views);
	sodium_memzero(&j->key, sizeof j->key);
	free(j);
}

enum wb_err wb_journal_open(const struct wb_journal_options *o, uint64_t *ret_damaged, struct wb_journal **ret_journal)
{
	uint64_t damaged = 0;
	struct wb_journal *j = calloc(1, sizeof *j);
	if (!j)
		return WB_ERR_MEMORY;
	int len = snprintf(j->dir, sizeof j->dir, "%s", o->dir);
	defaults(j, o);
	enum wb_err err = len < 0 || (size_t)len >= sizeof j->dir ? WB_ERR_LIMIT : open_all(j, &damaged);
	if (err == WB_ERR_CORRUPT && ret_damaged)
		*ret_damaged = damaged;
	if (err) {
		wb_journal_crash(j);
		return err;
	}
	*ret_journal = j;
	return WB_OK;
}

void wb_journal_crash(struct wb_journal *j)
{
	if (!j)
		return;
	wb_txn_abort(j->heads_txn);
	wb_env_abandon(j->heads);
	wb_env_abandon(j->index);
	wb_env_abandon(j->signed_env);
	wb_env_abandon(j->log);
	free_all(j);
}

/* An environment that could not be closed cleanly is folded again at the next start: nothing to report. */
static void close_env(struct wb_env *env)
{
	if (wb_env_close(env))
		return;
}

void wb_journal_close(struct wb_journal *j)
{
	if (!j)
		return;
	if (j->dead || wb_heads_flush(j)) {
		wb_journal_crash(j);
		return;
	}
	close_env(j->heads);
	close_env(j->index);
	close_env(j->signed_env);
	close_env(j->log);
	free_all(j);
}

/* ---- facts ---- */

void wb_journal_stats(struct wb_journal *j, struct wb_journal_stats *ret)
{
	struct wb_env_usage u;
	*ret = (struct wb_journal_stats){.log_id = j->log_id,
	        .incarnation = j->incarnation,
	        .head = j->head,
	        .index_position = j->index_position,
	        .recorded_us = j->recorded_us,
	        .announced_us = j->announced_us,
	        .clock_suspect = j->clock_suspect,
	        .full = j->full,
	        .commits = j->commits,
	        .last_sync_us = j->last_sync_us};
	memcpy(ret->chain_hash, j->chain.b, sizeof ret->chain_hash);
	memcpy(ret->outcomes, j->outcomes, sizeof ret->outcomes);
	if (wb_env_usage(j->log, &u) == WB_OK) {
		ret->log_used_bytes = u.used_bytes;
		ret->log_map_bytes = u.map_bytes;
		ret->log_transactions = u.transactions;
	}
	if (wb_env_usage(j->heads, &u) == WB_OK) {
		ret->heads_used_bytes = u.used_bytes;
		ret->heads_map_bytes = u.map_bytes;
	}
	if (wb_env_usage(j->index, &u) == WB_OK) {
		ret->index_used_bytes = u.used_bytes;
		ret->index_map_bytes = u.map_bytes;
	}
}

uint64_t wb_journal_head(struct wb_journal *j)
{
	return atomic_load_explicit(&j->head, memory_order_acquire);
}

uint64_t wb_journal_indexed(struct wb_journal *j)
{
	return atomic_load_explicit(&j->index_position, memory_order_acquire);
}

void wb_journal_identity(const struct wb_journal *j, struct wb_id *ret_log_id, uint32_t *ret_incarnation)
{
	*ret_log_id = j->log_id;
	*ret_incarnation = j->incarnation;
}
