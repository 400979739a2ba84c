/*
 * Pages of a table for a query's answer: rows with a common prefix in key order, and a cursor (the hex of the last key
 * given) that only goes on below the same prefix. Valid during the query; everything is in its arena.
 *
 *	struct wb_page p;
 *	if (!wb_page_open(&p, q, &table, &prefix, c->cursor, c->has_limit, c->limit))
 *		return;                                  // refused: the cursor is none
 *	while (wb_page_next(&p, &key, &value))
 *		…  p.n++ for each row that is given
 *	r->next_cursor = wb_page_done(&p);
 */
#ifndef WB_SERVICE_PAGE_H
#define WB_SERVICE_PAGE_H
#include "service/service.h"

#define WB_PAGE_DEFAULT 50u
#define WB_PAGE_MAX 200u
#define WB_PAGE_SCAN_MAX 5000u /* rows looked at for one page, where most are passed over */

struct wb_page {
	struct wb_scan scan;
	struct wb_arena *arena;
	size_t n;       /* rows given so far: counted by the caller */
	size_t limit;   /* of rows */
	size_t scanned; /* rows looked at */
	struct wb_bytes last;
	char *next;
};
/* limit: 50 where nothing is said, at most 200. False, with FIELD_INVALID at «cursor» given, if the cursor is none. */
bool wb_page_open(struct wb_page *p, struct wb_query *q, const struct wb_table *table, const struct wb_key *prefix,
        const char *cursor, bool has_limit, uint32_t limit);
/* The next row, until there is none or the page is full. ret_key may be NULL. */
bool wb_page_next(struct wb_page *p, struct wb_bytes *ret_key, struct wb_bytes *ret_value);
/* Ends it; the cursor of the next page, NULL: this was the last. */
char *wb_page_done(struct wb_page *p);
#endif
