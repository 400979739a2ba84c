#include "bus/client.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NONE UINT32_MAX
#define INFLIGHT_LIMIT (1u << 20)

/* A request that waits. Slots are linked by index: free ones through next, taken ones in their bucket. */
struct slot {
	uint64_t request_id;
	int64_t deadline_us;
	wb_client_cb *cb;
	void *ctx;
	uint32_t next;
	uint32_t heap_at; /* where it stands in the heap */
};

struct wb_client {
	struct wb_socket *socket;
	struct event *timer; /* armed for armed_us, at or before the earliest deadline */
	int64_t armed_us;    /* INT64_MAX: not armed */
	struct slot *slots;
	uint32_t *buckets; /* heads of chains, NONE: empty */
	uint32_t *heap;    /* slots, earliest deadline first */
	uint32_t free_slot, heap_len, slot_count, bucket_mask;
	struct wb_client_stats stats;
	void (*on_round)(void *ctx);
	void *round_ctx;
	bool closing, in_callback;
};

static int64_t monotonic_us(void)
{
	struct timespec ts;
	WB_ASSERT(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- the heap of deadlines ---- */

static void heap_put(struct wb_client *c, uint32_t at, uint32_t slot)
{
	c->heap[at] = slot;
	c->slots[slot].heap_at = at;
}

static bool earlier(const struct wb_client *c, uint32_t a, uint32_t b)
{
	return c->slots[a].deadline_us < c->slots[b].deadline_us;
}

static void heap_up(struct wb_client *c, uint32_t at)
{
	uint32_t slot = c->heap[at];
	while (at > 0 && earlier(c, slot, c->heap[(at - 1) / 2])) {
		heap_put(c, at, c->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(c, at, slot);
}

static void heap_down(struct wb_client *c, uint32_t at)
{
	uint32_t slot = c->heap[at];
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= c->heap_len)
			break;
		if (child + 1 < c->heap_len && earlier(c, c->heap[child + 1], c->heap[child]))
			child++;
		if (!earlier(c, c->heap[child], slot))
			break;
		heap_put(c, at, c->heap[child]);
		at = child;
	}
	heap_put(c, at, slot);
}

static void heap_remove(struct wb_client *c, uint32_t at)
{
	uint32_t last = c->heap[--c->heap_len];
	if (at == c->heap_len)
		return;
	heap_put(c, at, last);
	heap_up(c, at);
	heap_down(c, c->slots[last].heap_at);
}

/* ---- the table ---- */

static uint32_t *bucket_of(struct wb_client *c, uint64_t request_id)
{
	uint64_t mixed = request_id * UINT64_C(0x9e3779b97f4a7c15); /* ids count up: spread them */
	return &c->buckets[(uint32_t)(mixed >> 32) & c->bucket_mask];
}

/* Where the index of the request's slot stands; *result is NONE if it does not wait. */
static uint32_t *find(struct wb_client *c, uint64_t request_id)
{
	uint32_t *at = bucket_of(c, request_id);
	while (*at != NONE && c->slots[*at].request_id != request_id)
		at = &c->slots[*at].next;
	return at;
}

static void insert(struct wb_client *c, const struct slot *request)
{
	uint32_t i = c->free_slot;
	c->free_slot = c->slots[i].next;
	uint32_t *bucket = bucket_of(c, request->request_id);
	c->slots[i] = *request;
	c->slots[i].next = *bucket;
	*bucket = i;
	c->heap[c->heap_len] = i;
	heap_up(c, c->heap_len++);
	c->stats.inflight++;
}

static struct slot take_out(struct wb_client *c, uint32_t *at)
{
	uint32_t i = *at;
	struct slot taken = c->slots[i];
	*at = taken.next;
	heap_remove(c, taken.heap_at);
	c->slots[i].next = c->free_slot;
	c->free_slot = i;
	c->stats.inflight--;
	return taken;
}

static void call_back(struct wb_client *c, const struct slot *request, enum wb_err err, struct wb_bytes reply)
{
	c->in_callback = true;
	request->cb(request->ctx, err, reply);
	c->in_callback = false;
}

/* ---- time ---- */

static void arm(struct wb_client *c)
{
	if (c->heap_len == 0)
		return;
	int64_t deadline_us = c->slots[c->heap[0]].deadline_us;
	if (deadline_us >= c->armed_us)
		return; /* it fires early and is armed anew: cheaper than to move it with every request */
	int64_t wait_us = deadline_us - monotonic_us();
	if (wait_us < 0)
		wait_us = 0;
	struct timeval tv = {.tv_sec = (time_t)(wait_us / 1000000), .tv_usec = (suseconds_t)(wait_us % 1000000)};
	WB_ASSERT(evtimer_add(c->timer, &tv) == 0);
	c->armed_us = deadline_us;
}

/* Ends the earliest request without a reply; what is still unsent never leaves. */
static void end_first(struct wb_client *c, enum wb_err err)
{
	struct slot request = take_out(c, find(c, c->slots[c->heap[0]].request_id));
	(void)wb_socket_withdraw(c->socket, request.request_id);
	call_back(c, &request, err, (struct wb_bytes){NULL, 0});
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wb_client *c = arg;
	(void)fd;
	(void)what;
	c->armed_us = INT64_MAX;
	int64_t now_us = monotonic_us();
	while (c->heap_len > 0 && c->slots[c->heap[0]].deadline_us <= now_us) {
		c->stats.timeouts++;
		end_first(c, WB_ERR_TIMEOUT);
	}
	arm(c);
}

/* ---- messages ---- */

static void on_message(void *ctx, const struct wb_message *m)
{
	struct wb_client *c = ctx;
	if (m->frame_count != 2 || m->frames[0].len != WB_FRAME_ID_BYTES) {
		c->stats.malformed++;
		return;
	}
	uint32_t *at = find(c, wb_be64_get(m->frames[0].data));
	if (*at == NONE) {
		c->stats.late++;
		return;
	}
	struct slot request = take_out(c, at);
	c->stats.replies++;
	call_back(c, &request, WB_OK, m->frames[1]);
}

static void on_round(void *ctx)
{
	struct wb_client *c = ctx;
	if (c->on_round)
		c->on_round(c->round_ctx);
}

enum wb_err wb_client_send(
        struct wb_client *c, uint64_t request_id, struct wb_bytes body, int timeout_ms, wb_client_cb *cb, void *ctx)
{
	WB_ASSERT(timeout_ms >= 1 && timeout_ms <= WB_CLIENT_TIMEOUT_MS_MAX && cb);
	if (c->closing)
		return WB_ERR_CLOSED;
	if (*find(c, request_id) != NONE)
		return WB_ERR_EXISTS;
	if (c->free_slot == NONE) {
		c->stats.full++;
		return WB_ERR_FULL;
	}
	uint8_t id[WB_FRAME_ID_BYTES];
	wb_be64_put(id, request_id);
	const struct wb_bytes frames[] = {{id, sizeof(id)}, body};
	enum wb_err err = wb_socket_send(c->socket, frames, 2, request_id);
	if (err != WB_OK) {
		c->stats.full += err == WB_ERR_FULL;
		return err;
	}
	int64_t deadline_us = monotonic_us() + (int64_t)timeout_ms * 1000;
	insert(c, &(struct slot){.request_id = request_id, .deadline_us = deadline_us, .cb = cb, .ctx = ctx});
	c->stats.sent++;
	arm(c);
	return WB_OK;
}

bool wb_client_cancel(struct wb_client *c, uint64_t request_id)
{
	uint32_t *at = find(c, request_id);
	if (*at == NONE)
		return false;
	(void)take_out(c, at);
	(void)wb_socket_withdraw(c->socket, request_id);
	c->stats.cancelled++;
	return true;
}

/* ---- life ---- */

static enum wb_err make_table(struct wb_client *c, size_t inflight_max)
{
	if (inflight_max > INFLIGHT_LIMIT)
		return WB_ERR_LIMIT;
	c->slot_count = (uint32_t)inflight_max;
	uint32_t buckets = 1;
	while (buckets < c->slot_count)
		buckets *= 2;
	c->bucket_mask = buckets - 1;
	/* the client's own life, all at once: a send allocates nothing of ours but a queue entry */
	c->slots = calloc(c->slot_count, sizeof(*c->slots));
	c->heap = calloc(c->slot_count, sizeof(*c->heap));
	c->buckets = calloc(buckets, sizeof(*c->buckets));
	if (!c->slots || !c->heap || !c->buckets)
		return WB_ERR_MEMORY;
	for (uint32_t i = 0; i < buckets; i++)
		c->buckets[i] = NONE;
	for (uint32_t i = 0; i < c->slot_count; i++)
		c->slots[i].next = i + 1 < c->slot_count ? i + 1 : NONE;
	return WB_OK;
}

enum wb_err wb_client_open(struct wb_bus *bus, struct event_base *base, const struct wb_client_options *options,
        struct wb_client **ret_client)
{
	struct wb_client *c = calloc(1, sizeof(*c));
	if (!c)
		return WB_ERR_MEMORY;
	size_t inflight_max = options->inflight_max ? options->inflight_max : WB_CLIENT_INFLIGHT_MAX;
	c->armed_us = INT64_MAX;
	c->on_round = options->on_round;
	c->round_ctx = options->round_ctx;
	enum wb_err err = make_table(c, inflight_max);
	if (err != WB_OK)
		goto out;
	c->timer = evtimer_new(base, on_timer, c);
	if (!c->timer) {
		err = WB_ERR_MEMORY;
		goto out;
	}
	struct wb_socket_options so = {.kind = WB_SOCKET_DEALER,
	        .endpoint = options->endpoint,
	        .linger_ms = -1, /* who closes has given its requests up */
	        .send_hwm = (int)inflight_max,
	        .receive_hwm = (int)inflight_max,
	        .queue_max = options->queue_max ? options->queue_max : inflight_max,
	        .body_bytes_max = options->body_bytes_max,
	        .turn_max = options->turn_max,
	        .curve = options->curve};
	struct wb_socket_handler sh = {.on_message = on_message, .on_round = on_round, .ctx = c};
	err = wb_socket_open(bus, base, &so, &sh, &c->socket);
out:
	if (err != WB_OK)
		wb_client_close(c);
	else
		*ret_client = c;
	return err;
}

void wb_client_close(struct wb_client *c)
{
	if (!c)
		return;
	WB_ASSERT(!c->in_callback && !c->closing);
	c->closing = true;
	while (c->heap_len > 0)
		end_first(c, WB_ERR_CLOSED);
	if (c->timer)
		event_free(c->timer);
	wb_socket_close(c->socket);
	free(c->slots);
	free(c->heap);
	free(c->buckets);
	free(c);
}

struct wb_client_stats wb_client_stats(const struct wb_client *c)
{
	struct wb_client_stats stats = c->stats;
	struct wb_socket_stats socket = wb_socket_stats(c->socket);
	stats.malformed += socket.malformed;
	stats.queued = socket.queued;
	return stats;
}
