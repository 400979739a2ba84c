/* The tables of the four environments, and the rows and walks that more than one file needs. */
#include "private.h"

#include <string.h>

const struct wb_table wb_log_records = {"records", 0}, wb_log_meta = {"meta", 1};
const struct wb_table wb_heads_streams = {"streams", 0}, wb_heads_commands = {"commands", 1},
                      wb_heads_epochs = {"epochs", 2}, wb_heads_tenants = {"tenants", 3}, wb_heads_meta = {"meta", 4};
const struct wb_table wb_index_streams = {"streams", 0}, wb_index_tenants = {"tenants", 1},
                      wb_index_times = {"times", 2}, wb_index_tiles = {"tiles", 3}, wb_index_meta = {"meta", 4};
const struct wb_table wb_signed_notes = {"notes", 0}, wb_signed_meta = {"meta", 1};

#define AT_BYTES (4 + WB_ID_BYTES + 8 + WB_HASH_BYTES)

static void at_key(struct wb_key *k)
{
	wb_key_init(k);
	wb_key_str(k, "at");
}

bool wb_journal_at_get(struct wb_txn *txn, const struct wb_table *table, struct at *ret_at)
{
	struct wb_key k;
	struct wb_bytes v;
	at_key(&k);
	if (!wb_get(txn, table, &k, &v) || v.len != AT_BYTES)
		return false;
	ret_at->fold = wb_be32_get(v.data);
	memcpy(ret_at->log_id.b, v.data + 4, WB_ID_BYTES);
	ret_at->position = wb_be64_get(v.data + 4 + WB_ID_BYTES);
	memcpy(ret_at->chain.b, v.data + 12 + WB_ID_BYTES, WB_HASH_BYTES);
	return true;
}

void wb_journal_at_put(struct wb_txn *txn, const struct wb_table *table, const struct at *at)
{
	struct wb_key k;
	uint8_t v[AT_BYTES];
	at_key(&k);
	wb_be32_put(v, at->fold);
	memcpy(v + 4, at->log_id.b, WB_ID_BYTES);
	wb_be64_put(v + 4 + WB_ID_BYTES, at->position);
	memcpy(v + 12 + WB_ID_BYTES, at->chain.b, WB_HASH_BYTES);
	wb_put(txn, table, &k, ((struct wb_bytes){v, sizeof v}));
}

void wb_journal_position_key(struct wb_key *k, uint64_t position)
{
	wb_key_init(k);
	wb_key_u64(k, position);
}

uint64_t wb_journal_log_head(struct wb_txn *log)
{
	struct wb_scan scan;
	struct wb_bytes key;
	uint64_t head = 0;
	wb_scan_back(&scan, log, &wb_log_records, NULL);
	if (wb_scan_next(&scan, &key, NULL) && key.len == 8)
		head = wb_be64_get(key.data);
	wb_scan_done(&scan);
	return head;
}

enum wb_err wb_journal_frame(struct wb_txn *log, uint64_t position, struct wb_frame *ret_frame)
{
	struct wb_key k;
	struct wb_bytes v;
	wb_journal_position_key(&k, position);
	if (!wb_get(log, &wb_log_records, &k, &v))
		return wb_txn_error(log) ? wb_txn_error(log) : WB_ERR_NOT_FOUND;
	return wb_frame_open(position, v, ret_frame);
}

enum wb_err wb_journal_chain_at(
        struct wb_journal *j, struct wb_hasher *h, struct wb_txn *log, uint64_t position, struct wb_hash *ret_chain)
{
	struct wb_frame f;
	if (position == 0) {
		*ret_chain = wb_chain_start(h, j->log_id);
		return WB_OK;
	}
	enum wb_err err = wb_journal_frame(log, position, &f);
	if (err)
		return err;
	*ret_chain = f.chain;
	return WB_OK;
}

/* One row of the log: CRC, link, fields. */
static enum wb_err check_row(struct wb_hasher *h, uint64_t position, struct wb_bytes value, struct wb_hash *chain,
        struct wb_hash *ret_leaf, struct wb_frame *ret_frame, struct wb_record_view *ret_view)
{
	if (wb_frame_open(position, value, ret_frame))
		return WB_ERR_CORRUPT;
	*ret_leaf = wb_chain_leaf(h, ret_frame->record);
	struct wb_hash next = wb_chain_next(h, chain, position, ret_leaf);
	if (!wb_hash_equal(&next, &ret_frame->chain))
		return WB_ERR_CORRUPT;
	*chain = next;
	return wb_record_scan(ret_frame->record, ret_view);
}

enum wb_err wb_journal_walk(struct wb_hasher *h, struct wb_txn *log, uint64_t from, size_t limit, struct wb_hash *chain,
        wb_journal_visit_fn *visit, void *ctx, uint64_t *ret_next)
{
	struct wb_scan scan;
	struct wb_key start;
	struct wb_bytes key, value;
	enum wb_err err = WB_OK;
	*ret_next = from;
	wb_journal_position_key(&start, from);
	wb_scan_from(&scan, log, &wb_log_records, NULL, &start);
	while (!err && limit-- > 0 && wb_scan_next(&scan, &key, &value)) {
		struct wb_frame f;
		struct wb_record_view v;
		struct wb_hash leaf, link = *chain;
		/* a hole is damage at the position that is missing */
		if (key.len != 8 || wb_be64_get(key.data) != *ret_next)
			err = WB_ERR_CORRUPT;
		else
			err = check_row(h, *ret_next, value, &link, &leaf, &f, &v);
		if (!err)
			err = visit ? visit(ctx, *ret_next, &v, f.record, &leaf, &f.chain) : WB_OK;
		if (err)
			break;
		*chain = link;
		++*ret_next;
	}
	wb_scan_done(&scan);
	return err ? err : wb_txn_error(log);
}

enum wb_err wb_journal_checked(struct wb_journal *j, struct wb_hasher *h, struct wb_txn *log, uint64_t position,
        struct wb_frame *ret_frame, struct wb_record_view *ret_view, uint64_t *ret_damaged)
{
	struct wb_hash chain, leaf;
	struct wb_key k;
	struct wb_bytes v;
	*ret_damaged = position - 1;
	enum wb_err err = wb_journal_chain_at(j, h, log, position - 1, &chain);
	if (err)
		return err == WB_ERR_NOT_FOUND ? WB_ERR_CORRUPT : err;
	*ret_damaged = position;
	wb_journal_position_key(&k, position);
	if (!wb_get(log, &wb_log_records, &k, &v))
		return wb_txn_error(log) ? wb_txn_error(log) : WB_ERR_CORRUPT;
	return check_row(h, position, v, &chain, &leaf, ret_frame, ret_view);
}
