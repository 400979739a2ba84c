#include "store/row.h"
#include "store/private.h"

static void *arena_alloc(void *ctx, size_t size)
{
	return wb_arena_alloc(ctx, size);
}

/* The arena frees all at once. */
static void arena_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

ProtobufCMessage *wb_unpack_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        struct wb_bytes value, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena)
{
	ProtobufCAllocator allocator = {.alloc = arena_alloc, .free = arena_free, .allocator_data = arena};
	if (wb_txn_error(txn))
		return NULL;
	if (value.len > WB_ROW_BYTES_MAX) {
		wb_txn_fail_at(file, line, txn, WB_ERR_CORRUPT, table);
		return NULL;
	}
	ProtobufCMessage *msg = protobuf_c_message_unpack(descriptor, &allocator, value.len, value.data);
	if (!msg)
		wb_txn_fail_at(file, line, txn, arena->overflowed ? WB_ERR_MEMORY : WB_ERR_CORRUPT, table);
	return msg;
}

ProtobufCMessage *wb_get_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena)
{
	struct wb_bytes value;
	if (!wb_get_at(file, line, txn, table, key, &value))
		return NULL;
	return wb_unpack_row_at(file, line, txn, table, value, descriptor, arena);
}

bool wb_put_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, const ProtobufCMessage *msg)
{
	if (wb_txn_error(txn))
		return false;
	WB_ASSERT(protobuf_c_message_check(msg));
	size_t size = protobuf_c_message_get_packed_size(msg);
	uint8_t *packed = size <= WB_ROW_BYTES_MAX ? wb_txn_scratch(txn, size) : NULL;
	if (!packed) {
		wb_txn_fail_at(file, line, txn, size > WB_ROW_BYTES_MAX ? WB_ERR_LIMIT : WB_ERR_MEMORY, table);
		return false;
	}
	WB_ASSERT(protobuf_c_message_pack(msg, packed) == size);
	return wb_put_at(file, line, txn, table, key, (struct wb_bytes){packed, size});
}
