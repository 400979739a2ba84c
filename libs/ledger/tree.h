/*
 * Merkle trees of RFC 6962: grown leaf by leaf with only the roots of its whole subtrees kept (O(log n) memory), their
 * root, and inclusion and consistency proofs out of stored hashes. leaf = SHA-256(0x00 | record), node = SHA-256(0x01 |
 * left | right). Pure but for the reader; one thread at a time for a tree and its hasher.
 * Source: RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4 (the verifying algorithms).
 */
#ifndef WB_LEDGER_TREE_H
#define WB_LEDGER_TREE_H
#include "ledger/hash.h"

#define WB_TREE_LEVELS 64
#define WB_TREE_PROOF_MAX 65 /* hashes in a proof at most */

struct wb_tree {
	uint64_t size;
	struct wb_hash
	        peaks[WB_TREE_LEVELS]; /* peaks[l] is the whole subtree of 2^l leaves where bit l of size is set */
};

/* An empty tree. */
void wb_tree_init(struct wb_tree *t);
/* Adds a leaf by its hash. */
void wb_tree_append(struct wb_hasher *h, struct wb_tree *t, const struct wb_hash *leaf);
/* The root now; of the empty tree SHA-256 of nothing. */
struct wb_hash wb_tree_root(struct wb_hasher *h, const struct wb_tree *t);
/* The hash of an inner node. */
struct wb_hash wb_tree_node(struct wb_hasher *h, const struct wb_hash *left, const struct wb_hash *right);

/* The tree as bytes, be64 size and the peaks of its set bits from the lowest: at most WB_TREE_BYTES_MAX. */
#define WB_TREE_BYTES_MAX (8 + WB_TREE_LEVELS * WB_HASH_BYTES)
size_t wb_tree_save(const struct wb_tree *t, uint8_t buf[static WB_TREE_BYTES_MAX]);
WB_MUST_CHECK enum wb_err wb_tree_load(struct wb_bytes saved, struct wb_tree *ret_tree); /* WB_ERR_CORRUPT */

/* Gives the hash of the whole subtree of 2^level leaves that begins at leaf index · 2^level. */
typedef enum wb_err wb_tree_read_fn(void *ctx, unsigned level, uint64_t index, struct wb_hash *ret_hash);

struct wb_tree_proof {
	size_t count;
	struct wb_hash hashes[WB_TREE_PROOF_MAX];
};

/* The root of the first size leaves, size >= 1. Errors: the reader's. */
WB_MUST_CHECK enum wb_err wb_tree_root_at(
        struct wb_hasher *h, uint64_t size, wb_tree_read_fn *read, void *ctx, struct wb_hash *ret_root);
/* The audit path of leaf index in the tree of size. WB_ERR_INVALID unless index < size. */
WB_MUST_CHECK enum wb_err wb_tree_prove_inclusion(struct wb_hasher *h, uint64_t index, uint64_t size,
        wb_tree_read_fn *read, void *ctx, struct wb_tree_proof *ret_proof);
/* That the tree of old_size is a prefix of that of new_size. WB_ERR_INVALID unless 0 < old_size <= new_size. */
WB_MUST_CHECK enum wb_err wb_tree_prove_consistency(struct wb_hasher *h, uint64_t old_size, uint64_t new_size,
        wb_tree_read_fn *read, void *ctx, struct wb_tree_proof *ret_proof);

/* Whether the proof shows what it claims; any malformed proof is simply false. */
bool wb_tree_verify_inclusion(struct wb_hasher *h, const struct wb_hash *leaf, uint64_t index, uint64_t size,
        const struct wb_hash *hashes, size_t count, const struct wb_hash *root);
bool wb_tree_verify_consistency(struct wb_hasher *h, uint64_t old_size, uint64_t new_size, const struct wb_hash *hashes,
        size_t count, const struct wb_hash *old_root, const struct wb_hash *new_root);
#endif
