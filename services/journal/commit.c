/* The batch's frames, the one durable commit, and what goes out afterwards. */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the batch ---- */

void wb_journal_batch_reset(struct wb_journal *j)
{
	j->frame_count = 0;
	j->frames_len = 0;
}

/* Buffers of the process's life, grown to the largest batch seen and kept: no allocation an event. */
uint8_t *wb_journal_batch_room(struct wb_journal *j, size_t len)
{
	if (j->frame_count + 2 > j->frame_slots) {
		size_t slots = j->frame_slots ? 2 * j->frame_slots : 1024;
		size_t *at = reallocarray(j->frame_at, slots, sizeof *at);
		if (!at)
			return NULL;
		j->frame_at = at;
		struct wb_bytes *views = reallocarray(j->views, slots, sizeof *views);
		if (!views)
			return NULL;
		j->views = views;
		j->frame_slots = slots;
	}
	if (j->frames_cap - j->frames_len < len) {
		size_t cap = 2 * j->frames_cap + len + 65536;
		uint8_t *frames = realloc(j->frames, cap);
		if (!frames)
			return NULL;
		j->frames = frames;
		j->frames_cap = cap;
	}
	return j->frames + j->frames_len;
}

void wb_journal_feed_fill(struct wb_journal *j, uint64_t first, struct wb_journal_feed *f)
{
	for (size_t i = 0; i < j->frame_count; i++) {
		size_t at = j->frame_at[i] + WB_FRAME_HEAD_BYTES;
		j->views[i] = (struct wb_bytes){j->frames + at, j->frame_at[i + 1] - at};
	}
	*f = (struct wb_journal_feed){.log_id = j->log_id,
	        .incarnation = j->incarnation,
	        .first = first,
	        .count = j->frame_count,
	        .records = j->views,
	        .complete_to = j->head,
	        .time_us = j->announced_us};
}

/* ---- the commit ---- */

static void put_u64(struct wb_txn *txn, const char *name, uint64_t value)
{
	struct wb_key k;
	uint8_t v[8];
	wb_key_init(&k);
	wb_key_str(&k, name);
	wb_be64_put(v, value);
	wb_put(txn, &wb_log_meta, &k, ((struct wb_bytes){v, sizeof v}));
}

static void put_meta(struct wb_journal *j, struct wb_txn *txn)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, "log_id");
	wb_put(txn, &wb_log_meta, &k, ((struct wb_bytes){j->log_id.b, WB_ID_BYTES}));
	put_u64(txn, "incarnation", j->incarnation);
	put_u64(txn, "format", WB_JOURNAL_FORMAT);
}

static int64_t mono_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * WB_SECOND_US + t.tv_nsec / 1000;
}

/* One try. A lease goes along when half of the old one is used up, so that an idle journal rarely syncs for it. */
static enum wb_err try_commit(struct wb_journal *j, int64_t lease_us)
{
	struct wb_txn *txn;
	struct wb_key k;
	uint64_t first = j->head + 1;
	enum wb_err err = wb_txn_write(j->log, &txn);
	if (err)
		return err;
	for (size_t i = 0; i < j->frame_count; i++) {
		wb_journal_position_key(&k, first + i);
		wb_put_append(txn, &wb_log_records, &k,
		        ((struct wb_bytes){j->frames + j->frame_at[i], j->frame_at[i + 1] - j->frame_at[i]}));
	}
	if (lease_us)
		put_u64(txn, "lease", (uint64_t)lease_us);
	if (j->meta_dirty)
		put_meta(j, txn);
	int64_t began = mono_us();
	err = wb_txn_commit(txn);
	j->last_sync_us = mono_us() - began;
	return err;
}

/* The disk was full before the commit's last step: the log is as it was, and usable. */
static bool only_full(struct wb_journal *j)
{
	struct wb_txn *txn;
	if (wb_env_failure(j->log).code != ENOSPC && wb_env_failure(j->log).code != EDQUOT)
		return false;
	if (wb_txn_write(j->log, &txn))
		return false;
	bool same = wb_journal_log_head(txn) == j->head && !wb_txn_error(txn);
	wb_txn_abort(txn);
	return same;
}

/* Readers of other threads must be between two transactions for a moment. */
static enum wb_err grow_log(struct wb_journal *j)
{
	struct timespec ms = {.tv_nsec = 1000000};
	for (int tries = 0; tries < 2000; tries++) {
		enum wb_err err = wb_env_grow(j->log);
		if (err != WB_ERR_AGAIN)
			return err;
		(void)nanosleep(&ms, NULL);
	}
	return WB_ERR_FULL;
}

enum wb_err wb_journal_commit(struct wb_journal *j, int64_t stamp_us)
{
	int64_t lease = stamp_us > j->lease_us - WB_JOURNAL_LEASE_US / 2 ? stamp_us + WB_JOURNAL_LEASE_US : 0;
	enum wb_err err;
	for (;;) {
		err = try_commit(j, lease);
		if (err != WB_ERR_FULL)
			break;
		if (grow_log(j))
			return WB_ERR_FULL;
	}
	if (err == WB_ERR_IO && only_full(j)) {
		j->full = true;
		return WB_ERR_FULL;
	}
	if (err) {
		j->dead = true;
		return err;
	}
	if (lease)
		j->lease_us = lease;
	j->meta_dirty = false;
	if (j->frame_count) {
		j->recorded_us = stamp_us;
		j->commits++;
		atomic_store_explicit(&j->head, j->head + j->frame_count, memory_order_release);
	}
	return WB_OK;
}

/* ---- messages ---- */

enum wb_err wb_journal_feed_pack(const struct wb_journal_feed *f, struct wb_arena *a, struct wb_bytes *ret_message)
{
	Weibao__V1__Feed m = WEIBAO__V1__FEED__INIT;
	Weibao__V1__FeedRecord *records = WB_ARENA_ARRAY(a, Weibao__V1__FeedRecord, f->count + 1);
	Weibao__V1__FeedRecord **list = WB_ARENA_ARRAY(a, Weibao__V1__FeedRecord *, f->count + 1);
	if (!records || !list)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < f->count; i++) {
		weibao__v1__feed_record__init(&records[i]);
		records[i].position = f->first + i;
		records[i].record.data = (uint8_t *)(uintptr_t)f->records[i].data;
		records[i].record.len = f->records[i].len;
		list[i] = &records[i];
	}
	m.log_id = (ProtobufCBinaryData){WB_ID_BYTES, (uint8_t *)(uintptr_t)f->log_id.b};
	m.incarnation = f->incarnation;
	m.first = f->first;
	m.n_records = f->count;
	m.records = list;
	m.complete_to = f->complete_to;
	m.time = f->time_us;
	size_t len = weibao__v1__feed__get_packed_size(&m);
	uint8_t *out = wb_arena_alloc(a, len);
	if (!out)
		return WB_ERR_MEMORY;
	*ret_message = (struct wb_bytes){out, weibao__v1__feed__pack(&m, out)};
	return WB_OK;
}

void wb_journal_result_fill(const struct wb_journal_result *r, uint64_t request_id, Weibao__V1__AppendResult *ret,
        Weibao__V1__StreamName *stream)
{
	ret->request_id = request_id;
	ret->outcome = r->outcome;
	ret->has_position = r->position > 0;
	ret->position = r->position;
	ret->has_count = r->count > 0;
	ret->count = r->count;
	ret->has_version = r->outcome == WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_CONFLICT ||
	                   r->outcome == WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_FENCED;
	ret->version = r->version;
	ret->has_recorded_at = r->recorded_at != 0;
	ret->recorded_at = r->recorded_at;
	if (!r->tenant.data)
		return;
	weibao__v1__stream_name__init(stream);
	stream->tenant = (char *)(uintptr_t)r->tenant.data;
	stream->kind = (char *)(uintptr_t)r->stream_kind.data;
	stream->stream_id = (ProtobufCBinaryData){WB_ID_BYTES, (uint8_t *)(uintptr_t)r->stream_id.b};
	ret->stream = stream;
}
