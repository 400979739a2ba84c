#include "services/intake/page.h"

#include <string.h>

static bool cursor_key(const char *cursor, struct wb_key *k)
{
	uint8_t raw[WB_KEY_BYTES_MAX];
	size_t n = strlen(cursor);
	if (n == 0 || n % 2 || n / 2 > sizeof raw || !wb_unhex(cursor, raw, n / 2))
		return false;
	wb_key_copy(k, (struct wb_bytes){raw, n / 2});
	return true;
}

bool page_begin(struct page *p, struct wb_query *q, const struct wb_table *table, const struct wb_key *prefix,
        const char *cursor, bool has_limit, uint32_t limit, bool backward)
{
	struct wb_key from;
	*p = (struct page){.q = q};
	p->limit = !has_limit || limit == 0 ? PAGE_DEFAULT : limit > PAGE_MAX ? PAGE_MAX : limit;
	if (cursor && !cursor_key(cursor, &from)) {
		wb_query_refuse(q, WB_FIELD_INVALID, "cursor");
		return false;
	}
	if (!cursor && backward)
		wb_scan_back(&p->scan, q->db, table, prefix);
	else if (backward)
		wb_scan_before(&p->scan, q->db, table, prefix, &from);
	else {
		if (cursor)
			wb_key_after(&from);
		wb_scan_from(&p->scan, q->db, table, prefix, cursor ? &from : NULL);
	}
	return true;
}

bool page_next(struct page *p, struct wb_bytes *ret_key, struct wb_bytes *ret_value)
{
	struct wb_bytes key, value;
	if (!wb_scan_next(&p->scan, &key, &value))
		return false;
	if (p->n == p->limit) {
		p->more = true;
		return false;
	}
	wb_key_copy(&p->last, key);
	p->any = true;
	p->n++;
	*ret_key = key;
	*ret_value = value;
	return true;
}

void page_skip(struct page *p)
{
	p->n--;
}

char *page_end(struct page *p)
{
	wb_scan_done(&p->scan);
	if (!p->more || !p->any)
		return NULL;
	char *text = wb_arena_alloc(p->q->arena, 2 * p->last.len + 1);
	if (text)
		wb_hex(p->last.b, p->last.len, text);
	return text;
}
