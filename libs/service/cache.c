/* Caches of opened personal data (law 13): fed with committed events once the keys that they need are here. */
#include "service/internal.h"
#include "ledger/record.h"
#include "proto/registry.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CACHE_BATCH 256u

const char *wb_open_personal(struct wb_opener *o, struct wb_arena *a, const char *tenant, const Weibao__V1__Personal *p)
{
	Weibao__V1__Personal copy, *fields = &copy;
	struct needs needs = {0};
	if (!p)
		return NULL;
	copy = *p;
	if (keys_open_one(o->rt, tenant, fields, a, &needs) != WB_OK || needs.n)
		return NULL;
	return copy.value_case == WEIBAO__V1__PERSONAL__VALUE_PLAIN ? copy.plain : NULL;
}

void cache_on_records(struct wb_runtime *rt, const struct wb_record *records, size_t n)
{
	bool all = rt->service->cache || (rt->service->effects && rt->service->effects->event);
	for (size_t i = 0; i < n; i++) {
		struct wb_record_view v;
		/* keys of erased persons are forgotten in any case */
		if (!all && (wb_record_scan(records[i].bytes, &v) != WB_OK ||
		                    !wb_bytes_equal(v.event_type, wb_bytes_str("PersonErased"))))
			continue;
		struct cache_piece *p = malloc(sizeof *p + records[i].bytes.len); /* until its keys are here */
		if (!p) {
			rt_fail(rt, WB_RUNTIME_FAILED, "out of memory");
			return;
		}
		p->position = records[i].position;
		p->len = records[i].bytes.len;
		memcpy(p->data, records[i].bytes.data, p->len);
		node_add(&rt->cache_queue, &p->in_queue);
	}
}

static bool wanted(const struct wb_runtime *rt, const char *type)
{
	if (strcmp(type, "PersonErased") == 0)
		return true;
	for (size_t i = 0; i < rt->service->n_evolve; i++)
		if (strcmp(rt->service->evolve[i].event_type, type) == 0)
			return rt->service->cache || (rt->service->effects && rt->service->effects->event);
	return false;
}

/* True when the event was given on; false: keys are lacking, it stays in front. */
static bool give(struct wb_runtime *rt, const struct cache_piece *p, struct wb_arena *a, struct needs *needs)
{
	struct wb_record rec = {p->position, {p->data, p->len}};
	struct wb_event ev;
	struct wb_opener opener = {rt};
	ProtobufCMessage *m;
	if (wb_event_open(&rec, a, &ev) != WB_OK || !wanted(rt, ev.type))
		return true;
	const struct wb_message_type *t = wb_message_type_find(ev.type);
	struct wb_bytes payload = {ev.envelope->payload.data, ev.envelope->payload.len};
	if (!t || wb_unpack(t->descriptor, payload, a, &wb_unpack_record, &m) != WB_OK)
		return true;
	ev.payload = m;
	if (rt->service->cache) {
		keys_lacking(rt, ev.tenant, m, a, needs);
		if (needs->n)
			return false;
	}
	keys_on_event(rt, &ev);
	struct wb_txn *txn = rt_txn(rt);
	if (rt->service->cache && rt->cache_open)
		rt->service->cache->event(rt->cache, txn, &opener, &ev);
	if (rt->effects && rt->service->effects->event)
		rt->service->effects->event(rt->effects, txn, &ev);
	return true;
}

static void open_cache(struct wb_runtime *rt)
{
	char dir[512];
	struct wb_opener opener = {rt};
	if (snprintf(dir, sizeof dir, "%s/cache", rt->data_dir) >= (int)sizeof dir)
		return;
	rt->cache = rt->service->cache->open(rt_txn(rt), &opener, dir);
	if (!rt->cache)
		rt_fail(rt, WB_RUNTIME_FAILED, "the cache of %s cannot be opened", rt->service->name);
	rt->cache_open = rt->cache != NULL;
}

static void drop_front(struct wb_runtime *rt)
{
	struct node *n = rt->cache_queue.next;
	node_del(n);
	free((char *)n - offsetof(struct cache_piece, in_queue));
}

void cache_step(struct wb_runtime *rt)
{
	struct wb_arena a;
	wb_arena_init(&a, COMMAND_ARENA_BYTES);
	if (rt->service->cache && !rt->cache_open && rt->state == WB_RUNTIME_READY && rt->keys_loaded)
		open_cache(rt);
	/* before it is open its events are only those that it will see in the projection anyway */
	bool skip = rt->service->cache && !rt->cache_open;
	for (size_t i = 0; i < 4096 && !node_empty(&rt->cache_queue) && rt->state != WB_RUNTIME_FAILED; i++) {
		struct cache_piece *p = (struct cache_piece *)(void *)((char *)rt->cache_queue.next -
		                                                       offsetof(struct cache_piece, in_queue));
		struct needs needs = {0};
		wb_arena_reset(&a);
		if (skip && rt->state != WB_RUNTIME_READY) {
			drop_front(rt);
			continue;
		}
		if (skip)
			break;
		if (!give(rt, p, &a, &needs)) {
			rt->keys_wanted = true;
			break;
		}
		drop_front(rt);
	}
	wb_arena_done(&a);
}

/* What the next events of the queue lack, so that one call fetches for many. */
void cache_lacking(struct wb_runtime *rt, struct wb_arena *a, struct needs *needs)
{
	size_t i = 0;
	for (struct node *n = rt->cache_queue.next; n != &rt->cache_queue && i < CACHE_BATCH; n = n->next, i++) {
		const struct cache_piece *p =
		        (const struct cache_piece *)(void *)((char *)n - offsetof(struct cache_piece, in_queue));
		struct wb_record rec = {p->position, {p->data, p->len}};
		struct wb_event ev;
		ProtobufCMessage *m;
		if (!rt->service->cache || wb_event_open(&rec, a, &ev) != WB_OK || !wanted(rt, ev.type))
			continue;
		const struct wb_message_type *t = wb_message_type_find(ev.type);
		struct wb_bytes payload = {ev.envelope->payload.data, ev.envelope->payload.len};
		if (t && wb_unpack(t->descriptor, payload, a, &wb_unpack_record, &m) == WB_OK)
			keys_lacking(rt, ev.tenant, m, a, needs);
	}
}

void cache_close(struct wb_runtime *rt)
{
	while (!node_empty(&rt->cache_queue))
		drop_front(rt);
	if (rt->cache)
		rt->service->cache->close(rt->cache);
	rt->cache = NULL;
	rt->cache_open = false;
}
