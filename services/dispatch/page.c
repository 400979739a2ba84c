#include "services/dispatch/page.h"

#include <string.h>

/* Goes on behind the key whose hex the cursor is; it must be one of this tenant. */
static bool cursor_key(const char *cursor, const struct wb_key *prefix, struct wb_key *k)
{
	uint8_t raw[WB_KEY_BYTES_MAX];
	struct wb_bytes own = wb_key_view(prefix);
	size_t n = strlen(cursor);
	if (n == 0 || n % 2 || n / 2 > sizeof raw || !wb_unhex(cursor, raw, n / 2))
		return false;
	if (n / 2 < own.len || memcmp(raw, own.data, own.len) != 0)
		return false;
	wb_key_copy(k, (struct wb_bytes){raw, n / 2});
	wb_key_after(k);
	return true;
}

bool dp_page_open(struct dp_page *p, struct wb_query *q, const struct wb_table *table, const char *tenant,
        const char *cursor, bool has_limit, uint32_t limit)
{
	struct wb_key prefix, from;
	*p = (struct dp_page){.arena = q->arena};
	p->limit = !has_limit || limit == 0    ? DISPATCH_PAGE_DEFAULT
	           : limit > DISPATCH_PAGE_MAX ? DISPATCH_PAGE_MAX
	                                       : limit;
	wb_key_init(&prefix);
	wb_key_str(&prefix, tenant);
	if (cursor && !cursor_key(cursor, &prefix, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return false;
	}
	wb_scan_from(&p->scan, q->db, table, &prefix, cursor ? &from : NULL);
	return true;
}

bool dp_page_next(struct dp_page *p, struct wb_bytes *ret_value)
{
	struct wb_bytes key;
	if (!wb_scan_next(&p->scan, &key, ret_value))
		return false;
	if (p->n == p->limit) { /* there is more */
		p->next = wb_arena_alloc(p->arena, 2 * p->last.len + 1);
		if (p->next)
			wb_hex(p->last.data, p->last.len, p->next);
		return false;
	}
	p->last = key;
	return true;
}

char *dp_page_done(struct dp_page *p)
{
	wb_scan_done(&p->scan);
	return p->next;
}
