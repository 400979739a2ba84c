#include "store/private.h"

#include <setjmp.h>
#include <string.h>

bool wb_txn_dump(struct wb_txn *txn, wb_dump_fn *visit, void *ctx)
{
	const struct wb_env *env = txn->env;
	bool going = true;
	for (size_t i = 0; going && i < env->table_count; i++) {
		const struct wb_table *table = env->tables[env->by_name[i]];
		struct wb_scan scan;
		struct wb_bytes key, value;
		wb_scan_prefix(&scan, txn, table, NULL);
		while (going && wb_scan_next(&scan, &key, &value))
			going = visit(ctx, table->name, key, value);
		wb_scan_done(&scan);
	}
	return going && !txn->failure.err;
}

/* One byte of each page that the value lies on, so that an unreadable one shows here and not later. */
static void touch(struct wb_bytes value)
{
	volatile uint8_t seen = 0;
	for (size_t at = 0; at < value.len; at += 4096)
		seen = value.data[at];
	if (value.len)
		seen = value.data[value.len - 1];
	(void)seen;
}

static bool rising(struct wb_bytes before, struct wb_bytes key)
{
	size_t shorter = before.len < key.len ? before.len : key.len;
	int order = shorter ? memcmp(before.data, key.data, shorter) : 0;
	return order < 0 || (order == 0 && before.len < key.len);
}

static void check_table(struct wb_txn *txn, const struct wb_table *table)
{
	struct wb_scan scan;
	struct wb_bytes key, value, before = {0};
	uint64_t expected = wb_rows(txn, table), seen = 0;
	wb_scan_prefix(&scan, txn, table, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		if (key.len == 0 || key.len > WB_KEY_BYTES_MAX || !rising(before, key) || ++seen > expected) {
			wb_txn_fail(txn, WB_ERR_CORRUPT, table);
			break;
		}
		touch(value);
		before = key;
	}
	wb_scan_done(&scan);
	if (!txn->failure.err && seen != expected)
		wb_txn_fail(txn, WB_ERR_CORRUPT, table);
}

/* Where to go when LMDB finds its own promise broken by the file, during a check on this thread; NULL: no check. */
static _Thread_local jmp_buf *escape;

void wb_check_lmdb_assert(MDB_env *env, const char *message)
{
	(void)env;
	(void)message;
	if (escape)
		longjmp(*escape, 1);
}

/* LMDB would abort. It only reads here, holding no lock and no memory but the cursor, which the transaction closes. */
static bool check_guarded(struct wb_txn *txn, const struct wb_table *table)
{
	jmp_buf here;
	bool survived = setjmp(here) == 0;
	if (survived) {
		escape = &here;
		check_table(txn, table);
	}
	escape = NULL;
	return survived;
}

enum wb_err wb_txn_check(struct wb_txn *txn)
{
	for (size_t i = 0; !txn->failure.err && i < txn->env->table_count; i++)
		if (!check_guarded(txn, txn->env->tables[i]))
			wb_txn_fail(txn, WB_ERR_CORRUPT, txn->env->tables[i]);
	return txn->failure.err;
}
