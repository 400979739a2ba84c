#include "store/private.h"

#include <string.h>

/* Where a cursor was sent and what it found there. */
struct seek {
	MDB_val key, value;
	int rc;
};

void wb_scan_init_at(const char *file, int line, struct wb_scan *scan, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *prefix, const struct wb_key *bound, bool backward)
{
	(void)wb_txn_dbi(txn, table);
	scan->txn = txn;
	scan->table = table;
	scan->slot = WB_TXN_SCANS_MAX;
	scan->changes = 0;
	scan->file = file;
	scan->line = line;
	scan->backward = backward;
	scan->bounded = bound;
	scan->started = false;
	scan->open = true;
	wb_key_init(&scan->prefix);
	wb_key_init(&scan->bound);
	if ((prefix && prefix->overflow) || (bound && bound->overflow)) {
		wb_txn_fail_at(file, line, txn, WB_ERR_LIMIT, table);
		return;
	}
	if (prefix)
		wb_key_copy(&scan->prefix, wb_key_view(prefix));
	if (bound)
		wb_key_copy(&scan->bound, wb_key_view(bound));
}

void wb_scan_done(struct wb_scan *scan)
{
	if (scan->open && scan->slot < WB_TXN_SCANS_MAX) {
		mdb_cursor_close(scan->txn->cursors[scan->slot]);
		scan->txn->cursors[scan->slot] = NULL;
	}
	scan->open = false;
}

static bool open_cursor(struct wb_scan *scan)
{
	struct wb_txn *txn = scan->txn;
	unsigned slot = 0;
	while (slot < WB_TXN_SCANS_MAX && txn->cursors[slot])
		slot++;
	if (slot == WB_TXN_SCANS_MAX) {
		wb_txn_fail_at(scan->file, scan->line, txn, WB_ERR_LIMIT, scan->table);
		return false;
	}
	int rc = mdb_cursor_open(txn->mdb, wb_txn_dbi(txn, scan->table), &txn->cursors[slot]);
	if (rc) {
		txn->cursors[slot] = NULL;
		wb_txn_fail_code(scan->file, scan->line, txn, wb_store_err(rc), rc, scan->table);
		return false;
	}
	scan->slot = slot;
	return true;
}

static void move(struct wb_scan *scan, struct seek *s, MDB_cursor_op op)
{
	s->rc = mdb_cursor_get(scan->txn->cursors[scan->slot], &s->key, &s->value, op);
}

/* To the first key >= at; the empty key: to the first of all. */
static void seek_from(struct wb_scan *scan, struct seek *s, const struct wb_key *at)
{
	s->key = (MDB_val){at->len, (void *)(uintptr_t)at->b};
	move(scan, s, at->len ? MDB_SET_RANGE : MDB_FIRST);
}

/* To the last key < at; NULL: to the last of all. */
static void seek_before(struct wb_scan *scan, struct seek *s, const struct wb_key *at)
{
	s->rc = MDB_NOTFOUND;
	if (at)
		seek_from(scan, s, at);
	if (!s->rc)
		move(scan, s, MDB_PREV);
	else if (s->rc == MDB_NOTFOUND)
		move(scan, s, MDB_LAST);
}

static int compare(const struct wb_key *a, const struct wb_key *b)
{
	int order = memcmp(a->b, b->b, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void seek_start(struct wb_scan *scan, struct seek *s)
{
	if (!scan->backward) {
		bool inside = scan->bounded && compare(&scan->bound, &scan->prefix) > 0;
		seek_from(scan, s, inside ? &scan->bound : &scan->prefix);
		return;
	}
	struct wb_key end = scan->prefix;
	bool ends = wb_key_past(&end);
	if (scan->bounded && (!ends || compare(&scan->bound, &end) < 0))
		seek_before(scan, s, &scan->bound);
	else
		seek_before(scan, s, ends ? &end : NULL);
}

/* After a change the cursor may stand anywhere: from the copy of the key given last, whether it is still there or not.
 */
static void seek_again(struct wb_scan *scan, struct seek *s)
{
	if (scan->backward) {
		seek_before(scan, s, &scan->bound);
		return;
	}
	seek_from(scan, s, &scan->bound);
	if (!s->rc && s->key.mv_size == scan->bound.len && memcmp(s->key.mv_data, scan->bound.b, scan->bound.len) == 0)
		move(scan, s, MDB_NEXT);
}

static bool in_prefix(const struct wb_scan *scan, const MDB_val *key)
{
	return key->mv_size >= scan->prefix.len && memcmp(key->mv_data, scan->prefix.b, scan->prefix.len) == 0;
}

bool wb_scan_next(struct wb_scan *scan, struct wb_bytes *ret_key, struct wb_bytes *ret_value)
{
	struct wb_txn *txn = scan->txn;
	struct seek s = {.rc = MDB_NOTFOUND};
	if (!scan->open)
		return false;
	if (txn->failure.err || (!scan->started && !open_cursor(scan)))
		goto end;
	if (!scan->started)
		seek_start(scan, &s);
	else if (scan->changes != txn->changes)
		seek_again(scan, &s);
	else
		move(scan, &s, scan->backward ? MDB_PREV : MDB_NEXT);
	scan->started = true;
	scan->changes = txn->changes;
	if (s.rc && s.rc != MDB_NOTFOUND)
		wb_txn_fail_code(scan->file, scan->line, txn, wb_store_err(s.rc), s.rc, scan->table);
	if (s.rc || !in_prefix(scan, &s.key))
		goto end;
	struct wb_bytes key = {s.key.mv_data, s.key.mv_size};
	if (txn->write)
		wb_key_copy(&scan->bound, key);
	if (ret_key)
		*ret_key = key;
	if (ret_value)
		*ret_value = (struct wb_bytes){s.value.mv_data, s.value.mv_size};
	return true;
end:
	wb_scan_done(scan);
	return false;
}

size_t wb_count_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *prefix, size_t max)
{
	struct wb_scan scan;
	size_t n = 0;
	wb_scan_init_at(file, line, &scan, txn, table, prefix, NULL, false);
	while (n < max && wb_scan_next(&scan, NULL, NULL))
		n++;
	wb_scan_done(&scan);
	return n;
}
