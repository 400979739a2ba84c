/*
 * Rows whose values are protobuf messages.
 *
 * A row is unpacked into an arena: the message and all it points to live until the arena is reset, also past the
 * transaction, and the arena's cap bounds them. A value that does not unpack makes the transaction fail with
 * WB_ERR_CORRUPT, an arena that is full with WB_ERR_MEMORY. Threads: as the transaction.
 */
#ifndef WB_STORE_ROW_H
#define WB_STORE_ROW_H
#include "base/arena.h"
#include "store/txn.h"
#include <protobuf-c/protobuf-c.h>

#define WB_ROW_BYTES_MAX (1u << 20) /* packed; a greater one fails with WB_ERR_LIMIT */

/*
 * The message of key by its descriptor, in arena; NULL: not there, or the transaction has failed. To be cast:
 *	Weibao__V1__TicketRow *row = (Weibao__V1__TicketRow *)wb_get_row(txn, &tickets, &key,
 *	        &weibao__v1__ticket_row__descriptor, arena);
 */
#define wb_get_row(txn, table, key, descriptor, arena)                                                                 \
	wb_get_row_at(__FILE__, __LINE__, (txn), (table), (key), (descriptor), (arena))
/* The same from a value that a scan gave. table is for the error's circumstances only. */
#define wb_unpack_row(txn, table, value, descriptor, arena)                                                            \
	wb_unpack_row_at(__FILE__, __LINE__, (txn), (table), (value), (descriptor), (arena))
/* Packs msg (a message's base, &row->base) as the value of key. False: the transaction has failed. A required field
 * that is missing is a bug of the caller. */
#define wb_put_row(txn, table, key, msg) wb_put_row_at(__FILE__, __LINE__, (txn), (table), (key), (msg))

ProtobufCMessage *wb_get_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena);
ProtobufCMessage *wb_unpack_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        struct wb_bytes value, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena);
bool wb_put_row_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, const ProtobufCMessage *msg);

#endif
