/* The reader's thread: pages of the log, and requests about histories. The index thread: folds and scrubs. */
#include "host.h"

#include "base/log.h"
#include "wire/unpack.h"

#include <string.h>
#include <time.h>
#include <zmq.h>

#define ARENA_BYTES ((size_t)32 << 20)
#define TURN_MAX 64
#define INDEX_STEP 2000
#define SCRUB_STEP 64
#define SCRUB_IDLE_MS 50

/* ---- pages ---- */

static enum wb_err pack_page(struct wb_journal_host *h, const Weibao__V1__ReadRequest *q,
        const struct wb_journal_page *p, struct wb_arena *a, struct wb_bytes *ret)
{
	struct wb_id log_id;
	Weibao__V1__ReadResult m = WEIBAO__V1__READ_RESULT__INIT;
	Weibao__V1__FeedRecord *records = WB_ARENA_ARRAY(a, Weibao__V1__FeedRecord, p->count + 1);
	Weibao__V1__FeedRecord **list = WB_ARENA_ARRAY(a, Weibao__V1__FeedRecord *, p->count + 1);
	if (!records || !list)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < p->count; i++) {
		weibao__v1__feed_record__init(&records[i]);
		records[i].position = p->records[i].position;
		records[i].record.data = (uint8_t *)(uintptr_t)p->records[i].record.data;
		records[i].record.len = p->records[i].record.len;
		list[i] = &records[i];
	}
	wb_journal_identity(h->j, &log_id, &m.incarnation);
	m.request_id = q->request_id;
	m.log_id = (ProtobufCBinaryData){WB_ID_BYTES, log_id.b};
	m.n_records = p->count;
	m.records = list;
	m.head = p->head;
	m.time = p->time_us;
	m.has_damaged_position = p->damaged_position > 0;
	m.damaged_position = p->damaged_position;
	m.has_chain_hash = !q->tenant && !q->stream;
	m.chain_hash = (ProtobufCBinaryData){sizeof p->chain_hash, (uint8_t *)(uintptr_t)p->chain_hash};
	size_t len = weibao__v1__read_result__get_packed_size(&m);
	uint8_t *buf = wb_arena_alloc(a, len);
	if (!buf)
		return WB_ERR_MEMORY;
	*ret = (struct wb_bytes){buf, weibao__v1__read_result__pack(&m, buf)};
	return WB_OK;
}

static enum wb_err read_page(struct wb_journal_host *h, struct wb_journal_reader *r, struct wb_bytes message,
        struct wb_arena *a, struct wb_bytes *ret, uint64_t *ret_damaged)
{
	ProtobufCMessage *m;
	struct wb_journal_page page;
	enum wb_err err = wb_unpack(&weibao__v1__read_request__descriptor, message, a, &wb_unpack_record, &m);
	if (err)
		return WB_ERR_INVALID;
	const Weibao__V1__ReadRequest *q = (const Weibao__V1__ReadRequest *)m;
	struct wb_journal_query query = {.from = q->from, .limit = q->limit, .tenant = q->tenant};
	if (q->stream) {
		query.tenant = q->stream->tenant;
		query.stream_kind = q->stream->kind;
		if (!wb_id_from_bytes(q->stream->stream_id.data, q->stream->stream_id.len, &query.stream_id))
			return WB_ERR_INVALID;
	}
	err = wb_journal_read(r, &query, a, &page);
	if (!err)
		err = pack_page(h, q, &page, a, ret);
	if (!err)
		*ret_damaged = page.damaged_position;
	return err;
}

static void serve_reads(struct wb_journal_host *h, struct wb_journal_reader *r, struct wb_arena *a)
{
	struct wb_journal_message m;
	struct wb_bytes reply;
	for (int i = 0; i < TURN_MAX; i++) {
		uint64_t damaged = 0;
		wb_arena_reset(a);
		enum wb_err err = wb_journal_receive(h->read_socket, a, &m);
		if (err == WB_ERR_AGAIN)
			return;
		if (!err)
			err = read_page(h, r, m.body, a, &reply, &damaged);
		if (err == WB_ERR_IO || err == WB_ERR_CORRUPT)
			wb_journal_die(h, err, "reading failed", 0);
		atomic_fetch_add_explicit(err ? &h->malformed : &h->reads, 1, memory_order_relaxed);
		/* unanswered (index far behind, no memory): the asker times out and asks again */
		if (!err && !wb_journal_answer(h->read_socket, &m, reply))
			atomic_fetch_add_explicit(&h->unsent, 1, memory_order_relaxed);
		if (damaged)
			wb_journal_die(h, WB_ERR_CORRUPT, "a record is damaged", damaged);
	}
}

static void serve_requests(struct wb_journal_host *h, struct wb_journal_reader *r, struct wb_arena *a)
{
	struct wb_journal_message m;
	struct wb_bytes reply;
	for (int i = 0; i < TURN_MAX; i++) {
		wb_arena_reset(a);
		enum wb_err err = wb_journal_receive(h->request_socket, a, &m);
		if (err == WB_ERR_AGAIN)
			return;
		if (!err)
			err = wb_journal_request(h, r, m.body, a, &reply);
		atomic_fetch_add_explicit(err ? &h->malformed : &h->requests, 1, memory_order_relaxed);
		if (!err && !wb_journal_answer(h->request_socket, &m, reply))
			atomic_fetch_add_explicit(&h->unsent, 1, memory_order_relaxed);
	}
}

void *wb_journal_reading(void *host)
{
	struct wb_journal_host *h = host;
	struct wb_journal_reader *r;
	struct wb_arena a;
	enum wb_err err = wb_journal_reader_open(h->j, &r);
	if (err)
		wb_journal_die(h, err, "the reader could not start", 0);
	wb_arena_init(&a, ARENA_BYTES);
	while (!atomic_load(&h->stop)) {
		zmq_pollitem_t items[] = {{.socket = h->read_socket, .events = ZMQ_POLLIN},
		        {.socket = h->request_socket, .events = ZMQ_POLLIN}};
		if (zmq_poll(items, 2, 100) <= 0)
			continue;
		serve_reads(h, r, &a);
		serve_requests(h, r, &a);
	}
	wb_arena_done(&a);
	wb_journal_reader_close(r);
	return NULL;
}

/* ---- index ---- */

static void sleep_until_woken(struct wb_journal_host *h)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += SCRUB_IDLE_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&h->index_lock);
	atomic_store(&h->index_sleeps, true);
	if (wb_journal_indexed(h->j) == wb_journal_head(h->j) && !atomic_load(&h->stop))
		(void)pthread_cond_timedwait(&h->index_wake, &h->index_lock, &until);
	atomic_store(&h->index_sleeps, false);
	(void)pthread_mutex_unlock(&h->index_lock);
}

static void scrub(struct wb_journal_host *h, struct wb_journal_reader *r)
{
	uint64_t damaged = 0;
	enum wb_err err = wb_journal_scrub_step(r, SCRUB_STEP, &damaged);
	if (err || damaged)
		wb_journal_die(h, err ? err : WB_ERR_CORRUPT, "the scrub found a damaged record", damaged);
	atomic_fetch_add_explicit(&h->scrubbed, SCRUB_STEP, memory_order_relaxed);
}

void *wb_journal_indexing(void *host)
{
	struct wb_journal_host *h = host;
	struct wb_journal_reader *r;
	enum wb_err err = wb_journal_reader_open(h->j, &r);
	if (err)
		wb_journal_die(h, err, "the index thread could not start", 0);
	while (!atomic_load(&h->stop)) {
		uint64_t behind = 0;
		err = wb_journal_index_step(h->j, INDEX_STEP, &behind);
		if (err)
			wb_journal_die(h, err, "folding the index failed", wb_journal_indexed(h->j) + 1);
		if (behind)
			continue;
		scrub(h, r);
		sleep_until_woken(h);
	}
	wb_journal_reader_close(r);
	return NULL;
}
