/*
 * Tiles: the hashes of a tree in files of up to 256, by the C2SP layout tlog-tiles (c2sp.org/tlog-tiles), so that
 * others' tools can fetch and verify a history. Tile (level, index) holds the hashes of tree level 8 · level from
 * 256 · index on; an entry bundle holds the records themselves, each behind its be16 length. Pure.
 */
#ifndef WB_LEDGER_TILE_H
#define WB_LEDGER_TILE_H
#include "ledger/hash.h"

#define WB_TILE_WIDTH 256
#define WB_TILE_LEVEL_MAX 7
#define WB_TILE_PATH_BYTES 64

struct wb_tile_name {
	bool entries;   /* an entry bundle; level is 0 then */
	uint32_t level; /* 0 … WB_TILE_LEVEL_MAX */
	uint64_t index;
	uint32_t width; /* 1 … 256; 256 is a whole tile */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/5" … */
void wb_tile_path(const struct wb_tile_name *name, char ret_path[static WB_TILE_PATH_BYTES]);
/* Reads exactly such a path, without a slash before it; false on any other spelling. */
bool wb_tile_path_parse(const char *path, struct wb_tile_name *ret_name);
/* How wide the tile is in a tree of size: 0 (it does not exist) … 256. */
uint32_t wb_tile_width(uint32_t level, uint64_t index, uint64_t tree_size);
/* The hash over the 2^up entries of a tile from entry first · 2^up on. hashes: those of the tile. */
struct wb_hash wb_tile_node(struct wb_hasher *h, const struct wb_hash *hashes, unsigned up, uint32_t first);
#endif
