/*
 * Transactions over an environment's tables, with a sticky error.
 *
 * The first failure is kept with its code, its table and the caller's file and line; later calls do nothing and return
 * false, and commit refuses with it. So a fold is written straight down and asked once, at the end. «Not there» is no
 * failure: false with wb_txn_error() == WB_OK.
 *
 * A read transaction sees the tables as they were at its beginning; keep it short (at most 1000 to 2000 rows or 50 ms)
 * and never wait for the network inside: it pins pages. There is one write transaction at a time; it is not nested.
 *
 * What get and scans return points into the database: valid until the transaction ends or, in a write transaction,
 * until its next put or del. Values passed in are copied first: they may come from the same transaction.
 *
 * A commit's error:  FULL: the map is full, nothing was written: wb_env_grow and do it all again. LIMIT: too many dirty
 * pages in one transaction: make it smaller. The transaction's own sticky error. Anything else comes as WB_ERR_IO: the
 * kernel may have dropped the pages, and LMDB does not remember that. THE PROCESS MUST EXIT without having acknowledged
 * anything, and never retry the sync.
 *
 * Threads: one at a time for each transaction and its scans.  Source of the idea: knot's knot_lmdb.c.
 */
#ifndef WB_STORE_TXN_H
#define WB_STORE_TXN_H
#include "store/env.h"
#include "store/key.h"

#define WB_TXN_SCANS_MAX 32 /* open at once in one transaction */

struct wb_txn;

/* Begins a read transaction, a pooled one where there is one. Errors: LIMIT (too many readers), MEMORY, IO. */
enum wb_err wb_txn_read(struct wb_env *env, struct wb_txn **ret_txn) WB_MUST_CHECK;
/* Begins the write transaction; waits for another thread's to end, while one of this thread is a
 * bug. Errors: MEMORY, IO. */
enum wb_err wb_txn_write(struct wb_env *env, struct wb_txn **ret_txn) WB_MUST_CHECK;
/* Ends it, whatever is returned: see above. Committing a read transaction only ends it (with its sticky error). */
enum wb_err wb_txn_commit(struct wb_txn *txn) WB_MUST_CHECK;
/* Ends it, undoing what it wrote. NULL is fine. */
void wb_txn_abort(struct wb_txn *txn);

/* The sticky error, WB_OK while there is none; the second with its circumstances (owned by txn, until it ends). */
enum wb_err wb_txn_error(const struct wb_txn *txn);
const struct wb_failure *wb_txn_failure(const struct wb_txn *txn);
struct wb_env *wb_txn_env(struct wb_txn *txn);
bool wb_txn_is_write(const struct wb_txn *txn);

/* Makes err the sticky error unless there is one: for callers that find a row malformed. table may be NULL. */
#define wb_txn_fail(txn, err, table) wb_txn_fail_at(__FILE__, __LINE__, (txn), (err), (table))
/* The value of key; false: not there (ret_value untouched), or the transaction has failed. */
#define wb_get(txn, table, key, ret_value) wb_get_at(__FILE__, __LINE__, (txn), (table), (key), (ret_value))
/* Whether key is there. */
#define wb_has(txn, table, key) wb_has_at(__FILE__, __LINE__, (txn), (table), (key))
/* wb_put(txn, table, key, struct wb_bytes value) sets the value of key (values may be empty). Writing in a read
 * transaction is a bug. */
#define wb_put(txn, table, ...) wb_put_at(__FILE__, __LINE__, (txn), (table), __VA_ARGS__)
/* The same for a key greater than all in its table, packing pages full; any other key: sticky WB_ERR_EXISTS. */
#define wb_put_append(txn, table, ...) wb_put_append_at(__FILE__, __LINE__, (txn), (table), __VA_ARGS__)
/* Removes key; false: it was not there, or the transaction has failed. */
#define wb_del(txn, table, key) wb_del_at(__FILE__, __LINE__, (txn), (table), (key))
/* Removes every row of the table. */
#define wb_clear(txn, table) wb_clear_at(__FILE__, __LINE__, (txn), (table))
/* How many keys begin with prefix (NULL: all), counted one by one up to max and no further. */
#define wb_count(txn, table, prefix, max) wb_count_at(__FILE__, __LINE__, (txn), (table), (prefix), (max))
/* How many rows the table has, in constant time; 0 when the transaction has failed. */
#define wb_rows(txn, table) wb_rows_at(__FILE__, __LINE__, (txn), (table))

/*
 * A scan: the rows whose keys begin with a prefix, in order.
 *
 *	struct wb_scan scan;
 *	wb_scan_prefix(&scan, txn, &ticket_by_office, &prefix);
 *	while (wb_scan_next(&scan, &key, &value))
 *		…
 *	wb_scan_done(&scan);
 *
 * Ranges are half-open: forward scans begin at the first key >= from, backward ones at the last key < before. prefix,
 * from and before are copied; prefix NULL means all rows. The table may be changed while it is scanned, by this
 * transaction: the scan goes on behind (backward: before) the key that it gave last, whatever became of that key; what
 * was put ahead of it is seen, what was put behind it is not. key and value are void after the change, copy first.
 */
struct wb_scan {
	struct wb_txn *txn; /* all fields are private */
	const struct wb_table *table;
	unsigned slot;    /* the cursor, owned by the transaction */
	uint64_t changes; /* of the transaction, when the cursor was placed */
	struct wb_key prefix;
	struct wb_key bound; /* from or before; then a copy of the key given last */
	const char *file;
	int line;
	bool backward, bounded, started, open;
};
#define wb_scan_prefix(scan, txn, table, prefix)                                                                       \
	wb_scan_init_at(__FILE__, __LINE__, (scan), (txn), (table), (prefix), NULL, false)
#define wb_scan_from(scan, txn, table, prefix, from)                                                                   \
	wb_scan_init_at(__FILE__, __LINE__, (scan), (txn), (table), (prefix), (from), false)
#define wb_scan_back(scan, txn, table, prefix)                                                                         \
	wb_scan_init_at(__FILE__, __LINE__, (scan), (txn), (table), (prefix), NULL, true)
#define wb_scan_before(scan, txn, table, prefix, before)                                                               \
	wb_scan_init_at(__FILE__, __LINE__, (scan), (txn), (table), (prefix), (before), true)
/* The next row; false at the end (or when the transaction has failed), and then the scan is done. Either output may be
 * NULL. */
bool wb_scan_next(struct wb_scan *scan, struct wb_bytes *ret_key, struct wb_bytes *ret_value);
/* Gives the cursor back; needed only where the scan was left before its end, harmless otherwise. The end of the
 * transaction does so too, after which the scan must not be used. */
void wb_scan_done(struct wb_scan *scan);

/* Called for each row; key and value as those of a scan. False stops the dump. */
typedef bool wb_dump_fn(void *ctx, const char *table, struct wb_bytes key, struct wb_bytes value);
/* Visits every table in the order of their names and every row in key order: equal folds give equal dumps. False: the
 * transaction has failed, or visit said stop. */
bool wb_txn_dump(struct wb_txn *txn, wb_dump_fn *visit, void *ctx);
/*
 * Walks every row of every table: keys strictly rising and within limits, as many rows as the table says, every page
 * readable. The first damage becomes the sticky error (WB_ERR_CORRUPT) and is returned; abort the transaction then, and
 * read no more. LMDB has no page checksums: damage inside a value is not seen (records carry hashes of their own), and
 * some damage of page headers can crash the process. Linear in the size of the environment: for tests, tools and after
 * an I/O error.
 */
enum wb_err wb_txn_check(struct wb_txn *txn) WB_MUST_CHECK;

/* What the macros above call. */
void wb_txn_fail_at(const char *file, int line, struct wb_txn *txn, enum wb_err err, const struct wb_table *table);
bool wb_get_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key,
        struct wb_bytes *ret_value);
bool wb_has_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key);
bool wb_put_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key,
        struct wb_bytes value);
bool wb_put_append_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *key, struct wb_bytes value);
bool wb_del_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table, const struct wb_key *key);
bool wb_clear_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table);
size_t wb_count_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *prefix, size_t max);
uint64_t wb_rows_at(const char *file, int line, struct wb_txn *txn, const struct wb_table *table);
void wb_scan_init_at(const char *file, int line, struct wb_scan *scan, struct wb_txn *txn, const struct wb_table *table,
        const struct wb_key *prefix, const struct wb_key *bound, bool backward);

#endif
