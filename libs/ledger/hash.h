/*
 * SHA-256 with the algorithm fetched once and one context reused (twice as fast as one-shot calls on short inputs),
 * and CRC-32C. A hasher belongs to one thread at a time.
 */
#ifndef WB_LEDGER_HASH_H
#define WB_LEDGER_HASH_H
#include "base/bytes.h"
#include "base/err.h"

#define WB_HASH_BYTES 32

struct wb_hash {
	uint8_t b[WB_HASH_BYTES];
};

struct wb_hasher;

WB_MUST_CHECK enum wb_err wb_hasher_open(struct wb_hasher **ret_hasher);
void wb_hasher_close(struct wb_hasher *h); /* NULL is fine */

/* SHA-256 of the concatenated parts. A failure of the library on memory that it already has is a bug. */
struct wb_hash wb_hasher_sum(struct wb_hasher *h, const struct wb_bytes *parts, size_t n);

bool wb_hash_equal(const struct wb_hash *a, const struct wb_hash *b);

/* CRC-32C (Castagnoli) of len bytes, going on from crc (0 at first); by the processor's instruction where it has one.
 */
uint32_t wb_crc32c(uint32_t crc, const void *data, size_t len);
/* The same without the instruction: what the first is tested against. */
uint32_t wb_crc32c_portable(uint32_t crc, const void *data, size_t len);
#endif
