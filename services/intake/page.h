/* Pages of lists: a scan with a limit, its cursor the hex of the last key given. */
#ifndef WB_INTAKE_PAGE_H
#define WB_INTAKE_PAGE_H
#include "service/service.h"

#define PAGE_DEFAULT 50u
#define PAGE_MAX 200u

struct page {
	struct wb_query *q;
	struct wb_scan scan;
	struct wb_key last;
	uint32_t limit, n;
	bool any, more;
};

/* Begins a page over the keys that begin with prefix; backward: last to first. False: the cursor was refused. */
bool page_begin(struct page *p, struct wb_query *q, const struct wb_table *table, const struct wb_key *prefix,
        const char *cursor, bool has_limit, uint32_t limit, bool backward);
/* The next row; false at the end or when the page is full. Each row counts unless page_skip is called for it. */
bool page_next(struct page *p, struct wb_bytes *ret_key, struct wb_bytes *ret_value);
void page_skip(struct page *p);
/* Ends the scan: the cursor for the next page, or NULL. */
char *page_end(struct page *p);
#endif
