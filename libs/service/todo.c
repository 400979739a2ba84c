/* To-do rows: what is owed, put and dropped by evolve, read by the runner (runner.c). Law 8. */
#include "service/projection.h"
#include "service/tables.h"
#include "wire/unpack.h"

#include <string.h>

#define HEAD_BYTES 32 /* due, cause position, cause tenant position, cause recorded at */

static void todo_key(struct wb_key *k, const char *kind, const char *tenant, struct wb_id ref, uint32_t n)
{
	wb_key_init(k);
	wb_key_str(k, kind);
	wb_key_str(k, tenant);
	wb_key_id(k, ref);
	wb_key_u32(k, n);
}

static void due_key(struct wb_key *k, int64_t due, const char *kind, const char *tenant, struct wb_id ref, uint32_t n)
{
	wb_key_init(k);
	wb_key_i64(k, due);
	wb_key_str(k, kind);
	wb_key_str(k, tenant);
	wb_key_id(k, ref);
	wb_key_u32(k, n);
}

void wb_todo_drop(struct wb_fold *f, const char *kind, const char *tenant, struct wb_id ref, uint32_t n)
{
	struct wb_key k, due;
	struct wb_bytes had;
	todo_key(&k, kind, tenant, ref, n);
	if (!wb_get(f->db, &wb_table_todo, &k, &had) || had.len < HEAD_BYTES)
		return;
	due_key(&due, (int64_t)wb_be64_get(had.data), kind, tenant, ref, n);
	wb_del(f->db, &wb_table_due, &due);
	wb_del(f->db, &wb_table_todo, &k);
}

void wb_todo_put(struct wb_fold *f, const char *kind, const char *tenant, struct wb_id ref, uint32_t n, int64_t due_at,
        const ProtobufCMessage *body)
{
	struct wb_bytes packed = {NULL, 0};
	struct wb_key k, due;
	wb_todo_drop(f, kind, tenant, ref, n);
	if (body && wb_pack(body, f->arena, &packed) != WB_OK) {
		wb_txn_fail(f->db, WB_ERR_MEMORY, &wb_table_todo);
		return;
	}
	uint8_t *row = wb_arena_alloc(f->arena, HEAD_BYTES + packed.len);
	if (!row) {
		wb_txn_fail(f->db, WB_ERR_MEMORY, &wb_table_todo);
		return;
	}
	wb_be64_put(row, (uint64_t)due_at);
	wb_be64_put(row + 8, f->event->position);
	wb_be64_put(row + 16, f->event->tenant_position);
	wb_be64_put(row + 24, (uint64_t)f->event->recorded_at);
	if (packed.len)
		memcpy(row + HEAD_BYTES, packed.data, packed.len);
	todo_key(&k, kind, tenant, ref, n);
	due_key(&due, due_at, kind, tenant, ref, n);
	wb_put(f->db, &wb_table_todo, &k, ((struct wb_bytes){row, HEAD_BYTES + packed.len}));
	wb_put(f->db, &wb_table_due, &due, ((struct wb_bytes){NULL, 0}));
}

bool wb_projection_todo(struct wb_txn *txn, const char *kind, const char *tenant, struct wb_id ref, uint32_t n,
        struct wb_arena *arena, struct wb_todo *ret)
{
	struct wb_key k;
	struct wb_bytes v;
	todo_key(&k, kind, tenant, ref, n);
	if (!wb_get(txn, &wb_table_todo, &k, &v) || v.len < HEAD_BYTES)
		return false;
	*ret = (struct wb_todo){
	        .kind = wb_arena_str(arena, kind),
	        .tenant = wb_arena_str(arena, tenant),
	        .ref = ref,
	        .n = n,
	        .due_at = (int64_t)wb_be64_get(v.data),
	        .cause_position = wb_be64_get(v.data + 8),
	        .cause_tenant_position = wb_be64_get(v.data + 16),
	        .cause_recorded_at = (int64_t)wb_be64_get(v.data + 24),
	        .body = {wb_arena_copy(arena, v.data + HEAD_BYTES, v.len - HEAD_BYTES), v.len - HEAD_BYTES},
	};
	return ret->kind && ret->tenant && ret->body.data;
}

static bool read_due(struct wb_bytes key, int64_t *ret_due, char *kind, char *tenant, struct wb_id *ref, uint32_t *n)
{
	struct wb_key_reader r;
	wb_key_reader_init(&r, key);
	return wb_key_read_i64(&r, ret_due) && wb_key_read_text(&r, kind, 64, NULL) &&
	       wb_key_read_text(&r, tenant, 64, NULL) && wb_key_read_id(&r, ref) && wb_key_read_u32(&r, n);
}

void wb_projection_due_from(struct wb_txn *txn, struct wb_key *cursor, int64_t until_us,
        bool (*visit)(void *ctx, const struct wb_todo *row), void *ctx, struct wb_arena *arena)
{
	struct wb_scan scan;
	struct wb_bytes key;
	wb_scan_from(&scan, txn, &wb_table_due, NULL, cursor->len ? cursor : NULL);
	while (wb_scan_next(&scan, &key, NULL)) {
		int64_t due;
		char kind[64], tenant[64];
		struct wb_id ref;
		uint32_t n;
		struct wb_todo row;
		if (!read_due(key, &due, kind, tenant, &ref, &n)) {
			wb_txn_fail(txn, WB_ERR_CORRUPT, &wb_table_due);
			break;
		}
		if (due > until_us)
			break;
		wb_key_copy(cursor, key);
		wb_key_after(cursor);
		if (wb_projection_todo(txn, kind, tenant, ref, n, arena, &row) && !visit(ctx, &row)) {
			wb_scan_done(&scan);
			return;
		}
	}
	wb_scan_done(&scan);
	wb_key_init(cursor); /* came to the end: begin again */
}

void wb_projection_due(struct wb_txn *txn, int64_t until_us, bool (*visit)(void *ctx, const struct wb_todo *row),
        void *ctx, struct wb_arena *arena)
{
	struct wb_key cursor;
	wb_key_init(&cursor);
	wb_projection_due_from(txn, &cursor, until_us, visit, ctx, arena);
}

int64_t wb_projection_next_due(struct wb_txn *txn)
{
	struct wb_scan scan;
	struct wb_bytes key;
	struct wb_key_reader r;
	int64_t due = INT64_MAX;
	wb_scan_prefix(&scan, txn, &wb_table_due, NULL);
	if (wb_scan_next(&scan, &key, NULL)) {
		wb_key_reader_init(&r, key);
		if (!wb_key_read_i64(&r, &due))
			due = INT64_MAX;
	}
	wb_scan_done(&scan);
	return due;
}

uint64_t wb_projection_todo_count(struct wb_txn *txn)
{
	return wb_rows(txn, &wb_table_todo);
}
