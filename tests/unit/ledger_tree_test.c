/* Merkle trees against the published vectors and against a naive reading of RFC 6962; every pair up to 300. */
#include "ledger/tile.h"
#include "ledger/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define LEAVES 300

static struct wb_hasher *hasher;
static struct wb_hash leaves[LEAVES];

static struct wb_hash leaf_of(const void *data, size_t len)
{
	uint8_t zero = 0;
	struct wb_bytes parts[] = {{&zero, 1}, {data, len}};
	return wb_hasher_sum(hasher, parts, 2);
}

/* MTH of RFC 6962 section 2.1, word for word. */
static struct wb_hash naive(size_t first, size_t n)
{
	if (n == 0)
		return wb_hasher_sum(hasher, NULL, 0);
	if (n == 1)
		return leaves[first];
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	struct wb_hash left = naive(first, k), right = naive(first + k, n - k);
	return wb_tree_node(hasher, &left, &right);
}

static enum wb_err read_naive(void *ctx, unsigned level, uint64_t index, struct wb_hash *ret)
{
	size_t n = (size_t)1 << level, first = (size_t)index << level;
	if (first + n > *(size_t *)ctx)
		return WB_ERR_NOT_FOUND;
	*ret = naive(first, n);
	return WB_OK;
}

static int setup(void **state)
{
	(void)state;
	if (wb_hasher_open(&hasher))
		return -1;
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t b[8];
		wb_be64_put(b, i * 7 + 3);
		leaves[i] = leaf_of(b, sizeof b);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wb_hasher_close(hasher);
	return 0;
}

static void roots_are_the_published_ones(void **state)
{
	(void)state;
	static const char *const inputs[] = {
	        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
	static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct wb_tree t;
	char text[65];
	wb_tree_init(&t);
	for (size_t i = 0; i <= 8; i++) {
		struct wb_hash root = wb_tree_root(hasher, &t);
		wb_hex(root.b, sizeof root.b, text);
		assert_string_equal(text, roots[i]);
		if (i == 8)
			break;
		uint8_t data[16];
		size_t len = strlen(inputs[i]) / 2;
		assert_true(wb_unhex(inputs[i], data, len));
		struct wb_hash leaf = leaf_of(data, len);
		wb_tree_append(hasher, &t, &leaf);
	}
}

static void grown_roots_are_the_naive_ones(void **state)
{
	(void)state;
	struct wb_tree t, again;
	uint8_t saved[WB_TREE_BYTES_MAX];
	wb_tree_init(&t);
	for (size_t n = 0; n < LEAVES; n++) {
		wb_tree_append(hasher, &t, &leaves[n]);
		struct wb_hash root = wb_tree_root(hasher, &t), want = naive(0, n + 1), at;
		size_t have = n + 1;
		assert_memory_equal(root.b, want.b, 32);
		assert_int_equal(wb_tree_root_at(hasher, n + 1, read_naive, &have, &at), WB_OK);
		assert_memory_equal(at.b, want.b, 32);
		struct wb_bytes bytes = {saved, wb_tree_save(&t, saved)};
		assert_int_equal(wb_tree_load(bytes, &again), WB_OK);
		root = wb_tree_root(hasher, &again);
		assert_memory_equal(root.b, want.b, 32);
		bytes.len--;
		assert_int_equal(wb_tree_load(bytes, &again), WB_ERR_CORRUPT);
	}
}

static void inclusion_holds_and_forgeries_do_not(void **state)
{
	(void)state;
	for (size_t n = 1; n <= LEAVES; n += n < 70 ? 1 : 23) {
		struct wb_hash root = naive(0, n);
		for (size_t i = 0; i < n; i++) {
			struct wb_tree_proof p;
			assert_int_equal(wb_tree_prove_inclusion(hasher, i, n, read_naive, &n, &p), WB_OK);
			assert_true(wb_tree_verify_inclusion(hasher, &leaves[i], i, n, p.hashes, p.count, &root));
			assert_false(wb_tree_verify_inclusion(
			        hasher, &leaves[(i + 1) % LEAVES], i, n, p.hashes, p.count, &root));
			assert_false(wb_tree_verify_inclusion(hasher, &leaves[i], i, n, p.hashes, p.count + 1, &root));
			if (p.count == 0)
				continue;
			assert_false(wb_tree_verify_inclusion(hasher, &leaves[i], i, n, p.hashes, p.count - 1, &root));
			assert_false(wb_tree_verify_inclusion(hasher, &leaves[i], i ^ 1, n, p.hashes, p.count, &root));
			p.hashes[i % p.count].b[i % 32] ^= 1;
			assert_false(wb_tree_verify_inclusion(hasher, &leaves[i], i, n, p.hashes, p.count, &root));
		}
	}
}

static void consistency_holds_for_every_pair(void **state)
{
	(void)state;
	static struct wb_hash roots[LEAVES + 1];
	for (size_t n = 0; n <= LEAVES; n++)
		roots[n] = naive(0, n);
	for (size_t n = 1; n <= LEAVES; n++) {
		for (size_t m = 1; m <= n; m++) {
			struct wb_tree_proof p;
			assert_int_equal(wb_tree_prove_consistency(hasher, m, n, read_naive, &n, &p), WB_OK);
			assert_true(wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count, &roots[m], &roots[n]));
			/* a rewritten history, old or new */
			assert_false(
			        wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count, &roots[m - 1], &roots[n]));
			assert_false(
			        wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count, &roots[m], &roots[n - 1]));
			p.hashes[p.count] = roots[0];
			assert_false(
			        wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count + 1, &roots[m], &roots[n]));
			if (p.count == 0)
				continue;
			assert_false(
			        wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count - 1, &roots[m], &roots[n]));
			p.hashes[(m + n) % p.count].b[m % 32] ^= 0x80;
			assert_false(wb_tree_verify_consistency(hasher, m, n, p.hashes, p.count, &roots[m], &roots[n]));
		}
	}
	struct wb_tree_proof p;
	size_t n = 3;
	assert_int_equal(wb_tree_prove_consistency(hasher, 0, 3, read_naive, &n, &p), WB_ERR_INVALID);
	assert_int_equal(wb_tree_prove_consistency(hasher, 4, 3, read_naive, &n, &p), WB_ERR_INVALID);
	assert_int_equal(wb_tree_prove_inclusion(hasher, 3, 3, read_naive, &n, &p), WB_ERR_INVALID);
}

static void tile_paths_are_the_c2sp_ones(void **state)
{
	(void)state;
	static const struct {
		struct wb_tile_name name;
		const char *path;
	} good[] = {
	        {{false, 0, 0, 256}, "tile/0/000"},
	        {{false, 0, 1234067, 256}, "tile/0/x001/x234/067"},
	        {{false, 2, 999, 5}, "tile/2/999.p/5"},
	        {{true, 0, 1000, 256}, "tile/entries/x001/000"},
	        {{true, 0, 7, 255}, "tile/entries/007.p/255"},
	};
	static const char *const bad[] = {"tile/0/00", "tile/0/0000", "tile/8/000", "tile/0/x000/001", "tile/0/000.p/0",
	        "tile/0/000.p/256", "tile/0/000.p/05", "/tile/0/000", "tile/0/000/", "tile/00/000", "tile/0/x001",
	        "tile/entries", "tile/entries/1/000", "tile/0/x001/x234/x067", "", "tile/0/000.p/", "tile/-1/000"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		char path[WB_TILE_PATH_BYTES];
		struct wb_tile_name name;
		wb_tile_path(&good[i].name, path);
		assert_string_equal(path, good[i].path);
		assert_true(wb_tile_path_parse(path, &name));
		assert_int_equal(name.entries, good[i].name.entries);
		assert_int_equal(name.level, good[i].name.level);
		assert_int_equal(name.index, good[i].name.index);
		assert_int_equal(name.width, good[i].name.width);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct wb_tile_name name;
		assert_false(wb_tile_path_parse(bad[i], &name));
	}
	assert_int_equal(wb_tile_width(0, 0, 70000), 256);
	assert_int_equal(wb_tile_width(0, 273, 70000), 112);
	assert_int_equal(wb_tile_width(0, 274, 70000), 0);
	assert_int_equal(wb_tile_width(1, 1, 70000), 17);
	assert_int_equal(wb_tile_width(2, 0, 70000), 1);
	assert_int_equal(wb_tile_width(3, 0, 70000), 0);
	assert_int_equal(wb_tile_width(8, 0, UINT64_MAX), 0);
}

static void tile_nodes_are_subtree_hashes(void **state)
{
	(void)state;
	for (unsigned up = 0; up <= 8; up++) {
		uint32_t last = (256u >> up) - 1;
		struct wb_hash got = wb_tile_node(hasher, leaves, up, last);
		struct wb_hash want = naive((size_t)last << up, (size_t)1 << up);
		assert_memory_equal(got.b, want.b, 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(roots_are_the_published_ones),
	        cmocka_unit_test(grown_roots_are_the_naive_ones),
	        cmocka_unit_test(inclusion_holds_and_forgeries_do_not),
	        cmocka_unit_test(consistency_holds_for_every_pair),
	        cmocka_unit_test(tile_paths_are_the_c2sp_ones),
	        cmocka_unit_test(tile_nodes_are_subtree_hashes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
