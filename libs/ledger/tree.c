#include "ledger/tree.h"

#include <string.h>

void wb_tree_init(struct wb_tree *t)
{
	memset(t, 0, sizeof *t);
}

struct wb_hash wb_tree_node(struct wb_hasher *h, const struct wb_hash *left, const struct wb_hash *right)
{
	uint8_t buf[1 + 2 * WB_HASH_BYTES];
	buf[0] = 0x01;
	memcpy(buf + 1, left->b, WB_HASH_BYTES);
	memcpy(buf + 1 + WB_HASH_BYTES, right->b, WB_HASH_BYTES);
	struct wb_bytes part = {buf, sizeof buf};
	return wb_hasher_sum(h, &part, 1);
}

void wb_tree_append(struct wb_hasher *h, struct wb_tree *t, const struct wb_hash *leaf)
{
	struct wb_hash carry = *leaf;
	unsigned level = 0;
	for (; t->size >> level & 1; level++)
		carry = wb_tree_node(h, &t->peaks[level], &carry);
	t->peaks[level] = carry;
	t->size++;
}

struct wb_hash wb_tree_root(struct wb_hasher *h, const struct wb_tree *t)
{
	struct wb_hash root;
	bool any = false;
	for (unsigned level = 0; level < WB_TREE_LEVELS; level++) {
		if (!(t->size >> level & 1))
			continue;
		root = any ? wb_tree_node(h, &t->peaks[level], &root) : t->peaks[level];
		any = true;
	}
	return any ? root : wb_hasher_sum(h, NULL, 0);
}

size_t wb_tree_save(const struct wb_tree *t, uint8_t buf[static WB_TREE_BYTES_MAX])
{
	size_t len = 8;
	wb_be64_put(buf, t->size);
	for (unsigned level = 0; level < WB_TREE_LEVELS; level++) {
		if (!(t->size >> level & 1))
			continue;
		memcpy(buf + len, t->peaks[level].b, WB_HASH_BYTES);
		len += WB_HASH_BYTES;
	}
	return len;
}

enum wb_err wb_tree_load(struct wb_bytes saved, struct wb_tree *ret_tree)
{
	if (saved.len < 8)
		return WB_ERR_CORRUPT;
	struct wb_tree t = {.size = wb_be64_get(saved.data)};
	size_t at = 8;
	for (unsigned level = 0; level < WB_TREE_LEVELS; level++) {
		if (!(t.size >> level & 1))
			continue;
		if (saved.len - at < WB_HASH_BYTES)
			return WB_ERR_CORRUPT;
		memcpy(t.peaks[level].b, saved.data + at, WB_HASH_BYTES);
		at += WB_HASH_BYTES;
	}
	if (at != saved.len)
		return WB_ERR_CORRUPT;
	*ret_tree = t;
	return WB_OK;
}

/* ---- proofs ---- */

/* The largest power of two smaller than n, as its exponent; n >= 2. */
static unsigned split_level(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* The hash of the leaves first … first + n - 1, where first is a multiple of a power of two >= n. */
static enum wb_err range_hash(
        struct wb_hasher *h, uint64_t first, uint64_t n, wb_tree_read_fn *read, void *ctx, struct wb_hash *ret_hash)
{
	struct wb_hash parts[WB_TREE_LEVELS];
	size_t count = 0;
	for (unsigned level = WB_TREE_LEVELS; level-- > 0;) {
		if (!(n >> level & 1))
			continue;
		enum wb_err err = read(ctx, level, first >> level, &parts[count++]);
		if (err)
			return err;
		first += UINT64_C(1) << level;
	}
	struct wb_hash sum = parts[count - 1];
	for (size_t i = count - 1; i-- > 0;)
		sum = wb_tree_node(h, &parts[i], &sum);
	*ret_hash = sum;
	return WB_OK;
}

enum wb_err wb_tree_root_at(
        struct wb_hasher *h, uint64_t size, wb_tree_read_fn *read, void *ctx, struct wb_hash *ret_root)
{
	if (size == 0)
		return WB_ERR_INVALID;
	return range_hash(h, 0, size, read, ctx, ret_root);
}

static void reverse(struct wb_tree_proof *p)
{
	for (size_t i = 0, k = p->count; i + 1 < k; i++) {
		struct wb_hash swap = p->hashes[i];
		p->hashes[i] = p->hashes[--k];
		p->hashes[k] = swap;
	}
}

enum wb_err wb_tree_prove_inclusion(struct wb_hasher *h, uint64_t index, uint64_t size, wb_tree_read_fn *read,
        void *ctx, struct wb_tree_proof *ret_proof)
{
	if (index >= size)
		return WB_ERR_INVALID;
	ret_proof->count = 0;
	uint64_t first = 0, n = size;
	while (n > 1) {
		uint64_t k = UINT64_C(1) << split_level(n);
		bool left = index - first < k;
		struct wb_hash *out = &ret_proof->hashes[ret_proof->count++];
		enum wb_err err = left ? range_hash(h, first + k, n - k, read, ctx, out)
		                       : range_hash(h, first, k, read, ctx, out);
		if (err)
			return err;
		first = left ? first : first + k;
		n = left ? k : n - k;
	}
	reverse(ret_proof);
	return WB_OK;
}

enum wb_err wb_tree_prove_consistency(struct wb_hasher *h, uint64_t old_size, uint64_t new_size, wb_tree_read_fn *read,
        void *ctx, struct wb_tree_proof *ret_proof)
{
	if (old_size == 0 || old_size > new_size)
		return WB_ERR_INVALID;
	ret_proof->count = 0;
	uint64_t first = 0, m = old_size, n = new_size;
	bool known = true; /* the subtree of m leaves is the whole old tree, which the verifier has */
	enum wb_err err;
	while (m < n) {
		uint64_t k = UINT64_C(1) << split_level(n);
		struct wb_hash *out = &ret_proof->hashes[ret_proof->count++];
		if (m <= k) {
			err = range_hash(h, first + k, n - k, read, ctx, out);
			n = k;
		} else {
			err = range_hash(h, first, k, read, ctx, out);
			first += k;
			m -= k;
			n -= k;
			known = false;
		}
		if (err)
			return err;
	}
	if (!known) {
		err = range_hash(h, first, n, read, ctx, &ret_proof->hashes[ret_proof->count++]);
		if (err)
			return err;
	}
	reverse(ret_proof);
	return WB_OK;
}

bool wb_tree_verify_inclusion(struct wb_hasher *h, const struct wb_hash *leaf, uint64_t index, uint64_t size,
        const struct wb_hash *hashes, size_t count, const struct wb_hash *root)
{
	if (index >= size)
		return false;
	uint64_t fn = index, sn = size - 1;
	struct wb_hash r = *leaf;
	for (size_t i = 0; i < count; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			r = wb_tree_node(h, &hashes[i], &r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = wb_tree_node(h, &r, &hashes[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && wb_hash_equal(&r, root);
}

bool wb_tree_verify_consistency(struct wb_hasher *h, uint64_t old_size, uint64_t new_size, const struct wb_hash *hashes,
        size_t count, const struct wb_hash *old_root, const struct wb_hash *new_root)
{
	if (old_size == 0 || old_size > new_size)
		return false;
	if (old_size == new_size)
		return count == 0 && wb_hash_equal(old_root, new_root);
	bool whole = (old_size & (old_size - 1)) == 0; /* then the old root itself begins the path */
	if (!whole && count == 0)
		return false;
	uint64_t fn = old_size - 1, sn = new_size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	struct wb_hash fr = whole ? *old_root : hashes[0], sr = fr;
	for (size_t i = whole ? 0 : 1; i < count; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			fr = wb_tree_node(h, &hashes[i], &fr);
			sr = wb_tree_node(h, &hashes[i], &sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sr = wb_tree_node(h, &sr, &hashes[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && wb_hash_equal(&fr, old_root) && wb_hash_equal(&sr, new_root);
}
