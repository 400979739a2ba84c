#include "service/page.h"

#include <string.h>

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

bool wb_page_open(struct wb_page *p, struct wb_query *q, const struct wb_table *table, const struct wb_key *prefix,
        const char *cursor, bool has_limit, uint32_t limit)
{
	struct wb_key from;
	*p = (struct wb_page){.arena = q->arena};
	p->limit = !has_limit || limit == 0 ? WB_PAGE_DEFAULT : limit > WB_PAGE_MAX ? WB_PAGE_MAX : limit;
	if (cursor && !cursor_key(cursor, prefix, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return false;
	}
	wb_scan_from(&p->scan, q->db, table, prefix, cursor ? &from : NULL);
	return true;
}

bool wb_page_next(struct wb_page *p, struct wb_bytes *ret_key, struct wb_bytes *ret_value)
{
	struct wb_bytes key;
	if (!wb_scan_next(&p->scan, &key, ret_value))
		return false;
	if (p->n == p->limit || p->scanned == WB_PAGE_SCAN_MAX) { /* there is more */
		p->next = wb_arena_alloc(p->arena, 2 * p->last.len + 1);
		if (p->next)
			wb_hex(p->last.data, p->last.len, p->next);
		return false;
	}
	p->scanned++;
	p->last = key;
	if (ret_key)
		*ret_key = key;
	return true;
}

char *wb_page_done(struct wb_page *p)
{
	wb_scan_done(&p->scan);
	return p->next;
}
