/* The writer's thread: everything that has arrived is one group commit; no timer, the sync is the pace. */
#include "host.h"

#include "base/log.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define ARENA_BYTES ((size_t)128 << 20)
#define MESSAGES_MAX 4096

/* What has been drained for one round. Process memory: the lists are made once. */
struct round {
	struct wb_arena arena;
	struct wb_journal_message messages[MESSAGES_MAX];
	size_t begin[MESSAGES_MAX + 1]; /* appends of message i: begin[i] … begin[i + 1] */
	size_t count;
	const Weibao__V1__Append **appends;
	struct wb_journal_result *results;
	size_t appends_cap, total;
};

void wb_histogram_add(struct wb_histogram *h, uint64_t value)
{
	unsigned i = value ? 64u - (unsigned)__builtin_clzll(value) : 0;
	atomic_fetch_add_explicit(&h->buckets[i < WB_BUCKETS ? i : WB_BUCKETS - 1], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

void wb_journal_die(struct wb_journal_host *h, enum wb_err err, const char *what, uint64_t position)
{
	const struct wb_log_fields f = {.position = position};
	char why[256];
	bool stays = err == WB_ERR_IO || err == WB_ERR_CORRUPT;
	(void)snprintf(
	        why, sizeof why, "%s: %s (position %llu)\n", what, wb_err_text(err), (unsigned long long)position);
	wb_log(WB_LOG_ERROR, &f, "%s: %s; the journal stops", what, wb_err_text(err));
	if (stays && wb_journal_mark_stopped(h->dir, why))
		wb_log(WB_LOG_ERROR, NULL, "the marker against an automatic start could not be written");
	_exit(err == WB_ERR_CORRUPT ? WB_JOURNAL_EXIT_DAMAGED : WB_JOURNAL_EXIT_FAILED);
}

static uint64_t mono_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void wb_journal_publish(struct wb_journal_host *h, const struct wb_journal_feed *f, struct wb_arena *a)
{
	struct wb_bytes message;
	/* who misses it sees the gap and reads the log */
	if (wb_journal_feed_pack(f, a, &message) || wb_feed_pub_send(h->pub, message))
		atomic_fetch_add_explicit(&h->unsent, 1, memory_order_relaxed);
}

/* ---- drain ---- */

static bool room_for(struct round *r, size_t more)
{
	if (r->total + more <= r->appends_cap)
		return true;
	size_t cap = 2 * (r->total + more);
	const Weibao__V1__Append **appends = reallocarray(r->appends, cap, sizeof(const Weibao__V1__Append *));
	if (!appends)
		return false;
	r->appends = appends;
	struct wb_journal_result *results = reallocarray(r->results, cap, sizeof *results);
	if (!results)
		return false;
	r->results = results;
	r->appends_cap = cap;
	return true;
}

static bool take(struct round *r, const struct wb_journal_message *m)
{
	const struct wb_unpack_limits limits = {.bytes_max = WB_JOURNAL_APPEND_MESSAGE_MAX,
	        .depth_max = 8,
	        .fields_max = WB_INTERNAL_FIELDS_MAX,
	        .mode = WB_UNPACK_LENIENT};
	ProtobufCMessage *message;
	if (wb_unpack(&weibao__v1__append_batch__descriptor, m->body, &r->arena, &limits, &message))
		return false;
	const Weibao__V1__AppendBatch *batch = (const Weibao__V1__AppendBatch *)message;
	if (!room_for(r, batch->n_appends))
		return false;
	for (size_t i = 0; i < batch->n_appends; i++)
		r->appends[r->total++] = batch->appends[i];
	r->messages[r->count++] = *m;
	r->begin[r->count] = r->total;
	return true;
}

static void drain(struct wb_journal_host *h, struct round *r)
{
	struct wb_journal_message m;
	size_t bytes = 0;
	while (r->count < MESSAGES_MAX && r->total < WB_JOURNAL_DRAIN_APPENDS && bytes < WB_JOURNAL_BATCH_BYTES_MAX) {
		enum wb_err err = wb_journal_receive(h->append_socket, &r->arena, &m);
		if (err == WB_ERR_AGAIN)
			return;
		if (!err)
			bytes += m.body.len;
		if (err || !take(r, &m))
			atomic_fetch_add_explicit(&h->malformed, 1, memory_order_relaxed);
	}
}

/* ---- commit and answer ---- */

static bool answer_one(struct wb_journal_host *h, struct round *r, size_t message, uint64_t head)
{
	size_t n = r->begin[message + 1] - r->begin[message];
	Weibao__V1__AppendResults all = WEIBAO__V1__APPEND_RESULTS__INIT;
	Weibao__V1__AppendResult *results = WB_ARENA_ARRAY(&r->arena, Weibao__V1__AppendResult, n + 1);
	Weibao__V1__AppendResult **list = WB_ARENA_ARRAY(&r->arena, Weibao__V1__AppendResult *, n + 1);
	Weibao__V1__StreamName *streams = WB_ARENA_ARRAY(&r->arena, Weibao__V1__StreamName, n + 1);
	if (!results || !list || !streams)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t at = r->begin[message] + i;
		weibao__v1__append_result__init(&results[i]);
		wb_journal_result_fill(&r->results[at], r->appends[at]->request_id, &results[i], &streams[i]);
		list[i] = &results[i];
	}
	all.n_results = n;
	all.results = list;
	all.head = head;
	size_t len = weibao__v1__append_results__get_packed_size(&all);
	uint8_t *buf = wb_arena_alloc(&r->arena, len);
	if (!buf)
		return false;
	(void)weibao__v1__append_results__pack(&all, buf);
	return wb_journal_answer(h->append_socket, &r->messages[message], (struct wb_bytes){buf, len});
}

static void answer_all(struct wb_journal_host *h, struct round *r)
{
	uint64_t head = wb_journal_head(h->j);
	for (size_t i = 0; i < r->count; i++)
		if (!answer_one(h, r, i, head))
			atomic_fetch_add_explicit(&h->unsent, 1, memory_order_relaxed);
}

static size_t decided(const struct round *r, size_t from, size_t n)
{
	size_t i = 0;
	while (i < n && r->results[from + i].outcome)
		i++;
	return i;
}

static void wake_index(struct wb_journal_host *h)
{
	if (!atomic_load(&h->index_sleeps))
		return;
	(void)pthread_mutex_lock(&h->index_lock);
	(void)pthread_cond_signal(&h->index_wake);
	(void)pthread_mutex_unlock(&h->index_lock);
}

static void figures(struct wb_journal_host *h, const struct round *r, uint64_t began)
{
	struct wb_journal_stats s;
	wb_journal_stats(h->j, &s);
	wb_histogram_add(&h->sync_us, (uint64_t)(s.last_sync_us > 0 ? s.last_sync_us : 0));
	wb_histogram_add(&h->batch_appends, r->total);
	wb_histogram_add(&h->append_us, mono_us() - began);
}

static void commit(struct wb_journal_host *h, struct round *r)
{
	struct wb_journal_feed feed;
	uint64_t began = mono_us();
	for (size_t from = 0; from < r->total;) {
		size_t n = r->total - from;
		if (n > WB_JOURNAL_APPENDS_MAX)
			n = WB_JOURNAL_APPENDS_MAX;
		enum wb_err err = wb_journal_append(h->j, r->appends + from, n, r->results + from, &feed);
		if (err)
			wb_journal_die(h, err, "a commit failed", wb_journal_head(h->j) + 1);
		from += decided(r, from, n);
		if (from == r->total)
			answer_all(h, r);
		if (feed.count)
			wb_journal_publish(h, &feed, &r->arena);
	}
	figures(h, r, began);
}

static void heartbeat(struct wb_journal_host *h, struct round *r)
{
	struct wb_journal_feed feed;
	enum wb_err err = wb_journal_heartbeat(h->j, &feed);
	if (!err)
		wb_journal_publish(h, &feed, &r->arena);
	else if (err != WB_ERR_CLOCK)
		wb_journal_die(h, err, "a heartbeat failed", wb_journal_head(h->j));
}

static void one_round(struct wb_journal_host *h, struct round *r, bool wait, uint64_t *last_us)
{
	r->count = r->total = 0;
	wb_arena_reset(&r->arena);
	if (!wait)
		drain(h, r);
	(void)pthread_mutex_lock(&h->lock);
	if (r->total) {
		commit(h, r);
		*last_us = mono_us();
	} else if (mono_us() - *last_us >= WB_JOURNAL_HEARTBEAT_MS * 1000u) {
		heartbeat(h, r);
		*last_us = mono_us();
	}
	(void)pthread_mutex_unlock(&h->lock);
	if (r->total)
		wake_index(h);
	else if (r->count) /* messages without an append: an empty answer each */
		answer_all(h, r);
}

static bool index_behind(struct wb_journal_host *h)
{
	return wb_journal_head(h->j) - wb_journal_indexed(h->j) > WB_JOURNAL_INDEX_LAG;
}

void *wb_journal_writer(void *host)
{
	struct wb_journal_host *h = host;
	struct round *r = calloc(1, sizeof *r); /* too large for a stack */
	uint64_t last_us = 0;
	if (!r)
		wb_journal_die(h, WB_ERR_MEMORY, "no memory for the writer", 0);
	wb_arena_init(&r->arena, ARENA_BYTES);
	while (!atomic_load(&h->stop)) {
		zmq_pollitem_t item = {.socket = h->append_socket, .events = ZMQ_POLLIN};
		/* far behind, index gets the time: nothing is taken in, heartbeats go on */
		bool wait = index_behind(h);
		if (zmq_poll(&item, wait ? 0 : 1, wait ? 1 : WB_JOURNAL_HEARTBEAT_MS) < 0)
			continue; /* a signal */
		if (wait)
			wake_index(h);
		one_round(h, r, wait, &last_us);
	}
	enum wb_err err = wb_journal_rest(h->j);
	if (err)
		wb_log(WB_LOG_WARN, NULL, "the last folds are lost and will be made again: %s", wb_err_text(err));
	wb_arena_done(&r->arena);
	free(r->appends);
	free(r->results);
	free(r);
	return NULL;
}
