/*
 * Ordered keys: tuples of typed parts as byte strings, such that memcmp order of the bytes is the order of the tuples.
 *
 * Invariants: equal tuples of equal types give equal bytes; no complete part is a prefix of another of its type, so
 * what is appended behind one part never disturbs the order by it, and the key of the first n parts is a prefix of
 * exactly the keys that begin with these n values: a range scan is the query. What would not fit is never cut off: the
 * key is marked, and every use of it is an error of the transaction (store/txn.h).
 * Pure; a key is one thread's at a time. The idea of escaped terminators is that of ordered tuple encodings in general.
 */
#ifndef WB_STORE_KEY_H
#define WB_STORE_KEY_H
#include "base/bytes.h"
#include "base/id.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WB_KEY_BYTES_MAX 511 /* LMDB's limit */

struct wb_key {
	uint8_t b[WB_KEY_BYTES_MAX];
	size_t len;    /* bytes of b in use */
	bool overflow; /* a part did not fit: the key must not be used */
};

/* Makes the empty key: the prefix of every key, itself no key of a row. */
void wb_key_init(struct wb_key *k);

/* Each appends one part. Integers are big-endian; i64 with its sign bit flipped, desc_* with all bits flipped, so that
 * greater values come first. */
void wb_key_u8(struct wb_key *k, uint8_t v);
void wb_key_u16(struct wb_key *k, uint16_t v);
void wb_key_u32(struct wb_key *k, uint32_t v);
void wb_key_u64(struct wb_key *k, uint64_t v);
void wb_key_i64(struct wb_key *k, int64_t v);
void wb_key_desc_u64(struct wb_key *k, uint64_t v);
void wb_key_desc_i64(struct wb_key *k, int64_t v);
void wb_key_id(struct wb_key *k, struct wb_id v);
/* A C string, escaped and terminated: ordered by its bytes, no string a prefix of another. NULL counts as "". */
void wb_key_str(struct wb_key *k, const char *s);
/* The same of any bytes, NULs included: a length of n takes n + 2 bytes and one more for each NUL. */
void wb_key_text(struct wb_key *k, struct wb_bytes s);
/* The beginning of a text without its terminator: the last part of a scan's prefix, finds all texts that begin so. */
void wb_key_text_prefix(struct wb_key *k, struct wb_bytes s);
/* len raw bytes. The order holds only where this part has the same length in every key of the table. */
void wb_key_bytes(struct wb_key *k, const void *data, size_t len);

/* A copy of the bytes of a whole key, for example of one that a scan gave. */
void wb_key_copy(struct wb_key *k, struct wb_bytes whole);
/* The bytes, owned by k; empty when it overflowed. */
struct wb_bytes wb_key_view(const struct wb_key *k);
/* Turns k into the least key greater than k: what a page that ended with k goes on from. */
void wb_key_after(struct wb_key *k);
/* Turns k into the least key greater than every key that begins with k; false (k unchanged) where there is none. */
bool wb_key_past(struct wb_key *k);

/*
 * Reads a key part by part, in the order and by the types in which it was built. Each read returns false, writes
 * nothing and marks the reader if the part is not there or malformed; once marked, all reads fail.
 */
struct wb_key_reader {
	struct wb_bytes rest; /* not yet read; owned by whoever gave the key */
	bool failed;
};

void wb_key_reader_init(struct wb_key_reader *r, struct wb_bytes key);
bool wb_key_read_u8(struct wb_key_reader *r, uint8_t *ret_v);
bool wb_key_read_u16(struct wb_key_reader *r, uint16_t *ret_v);
bool wb_key_read_u32(struct wb_key_reader *r, uint32_t *ret_v);
bool wb_key_read_u64(struct wb_key_reader *r, uint64_t *ret_v);
bool wb_key_read_i64(struct wb_key_reader *r, int64_t *ret_v);
bool wb_key_read_desc_u64(struct wb_key_reader *r, uint64_t *ret_v);
bool wb_key_read_desc_i64(struct wb_key_reader *r, int64_t *ret_v);
bool wb_key_read_id(struct wb_key_reader *r, struct wb_id *ret_v);
/* A text of either kind into ret_text (size bytes, its NUL included); ret_len may be NULL. A text that does not fit
 * fails; one with a NUL inside fails where ret_len is NULL. */
bool wb_key_read_text(struct wb_key_reader *r, char *ret_text, size_t size, size_t *ret_len);
/* Exactly len raw bytes. */
bool wb_key_read_bytes(struct wb_key_reader *r, void *ret_data, size_t len);
/* Whether nothing failed and nothing is left: to be asked after the last part. */
bool wb_key_read_end(const struct wb_key_reader *r);

#endif
