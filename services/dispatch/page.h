/* Pages of a table: the rows of one tenant, in key order, with a cursor that is the hex of the last key given. */
#ifndef WB_DISPATCH_PAGE_H
#define WB_DISPATCH_PAGE_H
#include "services/dispatch/tables.h"

#define DISPATCH_PAGE_DEFAULT 50u
#define DISPATCH_PAGE_MAX 200u

struct dp_page {
	struct wb_scan scan;
	struct wb_arena *arena;
	size_t n;     /* rows taken so far: counted by the caller */
	size_t limit; /* of rows */
	struct wb_bytes last;
	char *next;
};
/* False, with the refusal given, if the cursor is none. */
bool dp_page_open(struct dp_page *p, struct wb_query *q, const struct wb_table *table, const char *tenant,
        const char *cursor, bool has_limit, uint32_t limit);
/* The next row's value, until there is none or the page is full. */
bool dp_page_next(struct dp_page *p, struct wb_bytes *ret_value);
/* Ends it; the cursor of the next page, NULL: this was the last. */
char *dp_page_done(struct dp_page *p);
#endif
