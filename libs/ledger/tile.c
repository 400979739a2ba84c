#include "ledger/tile.h"

#include "ledger/tree.h"

#include <stdio.h>
#include <string.h>

void wb_tile_path(const struct wb_tile_name *name, char ret_path[static WB_TILE_PATH_BYTES])
{
	unsigned groups[8];
	size_t n = 0;
	uint64_t rest = name->index;
	do {
		groups[n++] = (unsigned)(rest % 1000);
		rest /= 1000;
	} while (rest && n < 8);
	int len = name->entries ? snprintf(ret_path, WB_TILE_PATH_BYTES, "tile/entries")
	                        : snprintf(ret_path, WB_TILE_PATH_BYTES, "tile/%u", name->level);
	while (n-- > 0)
		len += snprintf(ret_path + len, WB_TILE_PATH_BYTES - (size_t)len, n ? "/x%03u" : "/%03u", groups[n]);
	if (name->width < WB_TILE_WIDTH)
		len += snprintf(ret_path + len, WB_TILE_PATH_BYTES - (size_t)len, ".p/%u", name->width);
	WB_ASSERT(len > 0 && len < WB_TILE_PATH_BYTES);
}

/* Up to max decimal digits; false if there is none. */
static bool digits(const char **p, size_t max, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;
	for (; n < max && **p >= '0' && **p <= '9'; n++)
		v = v * 10 + (uint64_t)(*(*p)++ - '0');
	*ret = v;
	return n > 0;
}

bool wb_tile_path_parse(const char *path, struct wb_tile_name *ret_name)
{
	struct wb_tile_name name = {.width = WB_TILE_WIDTH};
	const char *p = path;
	uint64_t v;
	if (strncmp(p, "tile/", 5) != 0)
		return false;
	p += 5;
	if (strncmp(p, "entries/", 8) == 0) {
		name.entries = true;
		p += 7;
	} else if (digits(&p, 1, &v) && v <= WB_TILE_LEVEL_MAX) {
		name.level = (uint32_t)v;
	} else {
		return false;
	}
	for (bool more = true; more;) {
		if (*p++ != '/')
			return false;
		more = *p == 'x';
		p += more;
		if (name.index > UINT64_C(1) << 50 || !digits(&p, 3, &v))
			return false;
		name.index = name.index * 1000 + v;
	}
	if (strncmp(p, ".p/", 3) == 0) {
		p += 3;
		if (!digits(&p, 3, &v) || v == 0 || v >= WB_TILE_WIDTH)
			return false;
		name.width = (uint32_t)v;
	}
	/* There is one spelling of each: what does not come out the same is refused. */
	char again[WB_TILE_PATH_BYTES];
	wb_tile_path(&name, again);
	if (*p || strcmp(again, path) != 0)
		return false;
	*ret_name = name;
	return true;
}

uint32_t wb_tile_width(uint32_t level, uint64_t index, uint64_t tree_size)
{
	if (level > WB_TILE_LEVEL_MAX)
		return 0;
	uint64_t hashes = tree_size >> (8 * level);
	if (index > hashes / WB_TILE_WIDTH)
		return 0;
	uint64_t rest = hashes - index * WB_TILE_WIDTH;
	return rest < WB_TILE_WIDTH ? (uint32_t)rest : WB_TILE_WIDTH;
}

struct wb_hash wb_tile_node(struct wb_hasher *h, const struct wb_hash *hashes, unsigned up, uint32_t first)
{
	struct wb_tree t;
	uint32_t n = UINT32_C(1) << up;
	WB_ASSERT(up <= 8);
	wb_tree_init(&t);
	for (uint32_t i = 0; i < n; i++)
		wb_tree_append(h, &t, &hashes[first * n + i]);
	return t.peaks[up];
}
