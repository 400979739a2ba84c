/* Ordered keys: the order of the bytes is the order of the tuples, and everything is read back as it was written. */
#include "store/key.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

/* splitmix64: the same run from the same seed. */
static uint64_t next_random(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

enum part_kind { PART_U8, PART_U16, PART_U32, PART_U64, PART_I64, PART_DESC_U64, PART_DESC_I64, PART_ID, PART_TEXT };
#define PART_KINDS 9
#define PARTS 4

struct part {
	uint64_t u;
	int64_t i;
	struct wb_id id;
	uint8_t text[6];
	size_t text_len;
};

/* Values near the edges, and few of them, so that equal first parts are common. */
static struct part random_part(void)
{
	static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
	        UINT64_C(0x7fffffffffffffff), UINT64_C(0x8000000000000000), UINT64_MAX};
	static const int64_t signed_edges[] = {INT64_MIN, INT64_MIN + 1, -256, -1, 0, 1, 255, INT64_MAX - 1, INT64_MAX};
	static const uint8_t letters[] = {0x00, 0x01, 0x02, 'a', 'b', 0xfe, 0xff};
	struct part p = {0};
	p.u = edges[next_random() % (sizeof edges / sizeof edges[0])];
	p.i = signed_edges[next_random() % (sizeof signed_edges / sizeof signed_edges[0])];
	p.id.b[0] = (uint8_t)(next_random() % 3);
	p.id.b[15] = (uint8_t)(next_random() % 3);
	p.text_len = next_random() % (sizeof p.text + 1);
	for (size_t i = 0; i < p.text_len; i++)
		p.text[i] = letters[next_random() % sizeof letters];
	return p;
}

static void build_part(struct wb_key *k, enum part_kind kind, const struct part *p)
{
	switch (kind) {
	case PART_U8:
		wb_key_u8(k, (uint8_t)p->u);
		break;
	case PART_U16:
		wb_key_u16(k, (uint16_t)p->u);
		break;
	case PART_U32:
		wb_key_u32(k, (uint32_t)p->u);
		break;
	case PART_U64:
		wb_key_u64(k, p->u);
		break;
	case PART_I64:
		wb_key_i64(k, p->i);
		break;
	case PART_DESC_U64:
		wb_key_desc_u64(k, p->u);
		break;
	case PART_DESC_I64:
		wb_key_desc_i64(k, p->i);
		break;
	case PART_ID:
		wb_key_id(k, p->id);
		break;
	case PART_TEXT:
		wb_key_text(k, (struct wb_bytes){p->text, p->text_len});
		break;
	}
}

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? (order > 0) - (order < 0) : (a_len > b_len) - (a_len < b_len);
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_part(enum part_kind kind, const struct part *a, const struct part *b)
{
	switch (kind) {
	case PART_U8:
		return COMPARE((uint8_t)a->u, (uint8_t)b->u);
	case PART_U16:
		return COMPARE((uint16_t)a->u, (uint16_t)b->u);
	case PART_U32:
		return COMPARE((uint32_t)a->u, (uint32_t)b->u);
	case PART_U64:
		return COMPARE(a->u, b->u);
	case PART_I64:
		return COMPARE(a->i, b->i);
	case PART_DESC_U64:
		return COMPARE(b->u, a->u);
	case PART_DESC_I64:
		return COMPARE(b->i, a->i);
	case PART_ID:
		return compare_bytes(a->id.b, WB_ID_BYTES, b->id.b, WB_ID_BYTES);
	case PART_TEXT:
		return compare_bytes(a->text, a->text_len, b->text, b->text_len);
	}
	fail();
	return 0;
}

#define CHECK_INT(type, read, want)                                                                                    \
	do {                                                                                                           \
		type got = 0;                                                                                          \
		assert_true(read(r, &got));                                                                            \
		assert_true(got == (want));                                                                            \
	} while (0)

static void check_part(struct wb_key_reader *r, enum part_kind kind, const struct part *p)
{
	struct wb_id id;
	char text[sizeof p->text + 1];
	size_t len = 0;
	switch (kind) {
	case PART_U8:
		CHECK_INT(uint8_t, wb_key_read_u8, (uint8_t)p->u);
		break;
	case PART_U16:
		CHECK_INT(uint16_t, wb_key_read_u16, (uint16_t)p->u);
		break;
	case PART_U32:
		CHECK_INT(uint32_t, wb_key_read_u32, (uint32_t)p->u);
		break;
	case PART_U64:
		CHECK_INT(uint64_t, wb_key_read_u64, p->u);
		break;
	case PART_I64:
		CHECK_INT(int64_t, wb_key_read_i64, p->i);
		break;
	case PART_DESC_U64:
		CHECK_INT(uint64_t, wb_key_read_desc_u64, p->u);
		break;
	case PART_DESC_I64:
		CHECK_INT(int64_t, wb_key_read_desc_i64, p->i);
		break;
	case PART_ID:
		assert_true(wb_key_read_id(r, &id) && wb_id_equal(id, p->id));
		break;
	case PART_TEXT:
		assert_true(wb_key_read_text(r, text, sizeof text, &len));
		assert_int_equal(len, p->text_len);
		assert_memory_equal(text, p->text, len);
		assert_int_equal(text[len], 0);
		break;
	}
}

static void order_of_bytes_is_order_of_tuples(void **state)
{
	(void)state;
	seed = 20240229;
	for (int round = 0; round < 200000; round++) {
		enum part_kind kinds[PARTS];
		struct part a[PARTS], b[PARTS];
		struct wb_key ka, kb;
		int want = 0;
		wb_key_init(&ka);
		wb_key_init(&kb);
		for (int i = 0; i < PARTS; i++) {
			kinds[i] = (enum part_kind)(next_random() % PART_KINDS);
			a[i] = random_part();
			b[i] = next_random() % 2 ? a[i] : random_part();
			build_part(&ka, kinds[i], &a[i]);
			build_part(&kb, kinds[i], &b[i]);
			if (!want)
				want = compare_part(kinds[i], &a[i], &b[i]);
		}
		assert_int_equal(compare_bytes(ka.b, ka.len, kb.b, kb.len), want);
		struct wb_key_reader r;
		wb_key_reader_init(&r, wb_key_view(&ka));
		for (int i = 0; i < PARTS; i++) {
			assert_false(wb_key_read_end(&r));
			check_part(&r, kinds[i], &a[i]);
		}
		assert_true(wb_key_read_end(&r));
	}
}

static void no_text_is_the_prefix_of_another(void **state)
{
	(void)state;
	static const char *const rising[] = {"", "a", "aa", "ab", "b"};
	struct wb_key before, k;
	for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
		wb_key_init(&k);
		wb_key_str(&k, rising[i]);
		if (i) {
			assert_true(compare_bytes(before.b, before.len, k.b, k.len) < 0);
			assert_true(memcmp(before.b, k.b, before.len < k.len ? before.len : k.len) != 0);
		}
		before = k;
	}
	wb_key_init(&k);
	wb_key_text_prefix(&k, wb_bytes_str("ab"));
	wb_key_init(&before);
	wb_key_str(&before, "abc");
	assert_memory_equal(k.b, before.b, k.len);
}

static void reader_refuses_what_is_malformed(void **state)
{
	(void)state;
	static const uint8_t unended[] = {'a', 'b'}, cut[] = {'a', 0x00}, strange[] = {'a', 0x00, 0x02};
	static const uint8_t with_nul[] = {'a', 0x00, 0xff, 0x00, 0x01};
	struct wb_key_reader r;
	char text[8] = "before";
	uint32_t u = 7;
	size_t len = 0;
	wb_key_reader_init(&r, (struct wb_bytes){unended, sizeof unended});
	assert_false(wb_key_read_u32(&r, &u));
	assert_int_equal(u, 7);
	uint8_t one = 1;
	assert_false(wb_key_read_u8(&r, &one)); /* once failed, all fail */
	assert_int_equal(one, 1);
	assert_false(wb_key_read_end(&r));
	struct wb_bytes bad[] = {{unended, sizeof unended}, {cut, sizeof cut}, {strange, sizeof strange}, {NULL, 0}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		wb_key_reader_init(&r, bad[i]);
		assert_false(wb_key_read_text(&r, text, sizeof text, &len));
		assert_string_equal(text, "before");
	}
	wb_key_reader_init(&r, (struct wb_bytes){with_nul, sizeof with_nul});
	assert_false(wb_key_read_text(&r, text, sizeof text, NULL));
	wb_key_reader_init(&r, (struct wb_bytes){with_nul, sizeof with_nul});
	assert_false(wb_key_read_text(&r, text, 2, &len)); /* the text and its NUL need three */
	wb_key_reader_init(&r, (struct wb_bytes){with_nul, sizeof with_nul});
	assert_true(wb_key_read_text(&r, text, 3, &len));
	assert_int_equal(len, 2);
	wb_key_reader_init(&r, (struct wb_bytes){with_nul, sizeof with_nul});
	assert_true(wb_key_read_u8(&r, &one));
	assert_false(wb_key_read_end(&r)); /* not all was read */
}

static void overflow_marks_and_never_cuts(void **state)
{
	(void)state;
	uint8_t fill[WB_KEY_BYTES_MAX];
	struct wb_key k;
	memset(fill, 'x', sizeof fill);
	wb_key_init(&k);
	wb_key_bytes(&k, fill, sizeof fill - 7);
	wb_key_u64(&k, 1);
	assert_true(k.overflow);
	assert_int_equal(wb_key_view(&k).len, 0);
	wb_key_u8(&k, 1); /* would fit, but what stood before it is missing */
	assert_true(k.overflow);
	wb_key_init(&k);
	wb_key_bytes(&k, fill, sizeof fill);
	assert_false(k.overflow);
	wb_key_init(&k);
	wb_key_text(&k, (struct wb_bytes){fill, sizeof fill - 1});
	assert_true(k.overflow);
}

static void neighbours(void **state)
{
	(void)state;
	uint8_t full[WB_KEY_BYTES_MAX];
	struct wb_key k;
	wb_key_copy(&k, (struct wb_bytes){(const uint8_t *)"a\xff\xff", 3});
	assert_true(wb_key_past(&k));
	assert_int_equal(k.len, 1);
	assert_int_equal(k.b[0], 'b');
	wb_key_after(&k);
	assert_int_equal(k.len, 2);
	assert_memory_equal(k.b, "b\0", 2);
	wb_key_copy(&k, (struct wb_bytes){(const uint8_t *)"\xff\xff", 2});
	assert_false(wb_key_past(&k));
	assert_int_equal(k.len, 2);
	memset(full, 'x', sizeof full);
	wb_key_copy(&k, (struct wb_bytes){full, sizeof full});
	wb_key_after(&k);
	assert_false(k.overflow);
	assert_int_equal(k.len, sizeof full);
	assert_int_equal(k.b[k.len - 1], 'y');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(order_of_bytes_is_order_of_tuples),
	        cmocka_unit_test(no_text_is_the_prefix_of_another),
	        cmocka_unit_test(reader_refuses_what_is_malformed),
	        cmocka_unit_test(overflow_marks_and_never_cuts),
	        cmocka_unit_test(neighbours),
	};
	return cmocka_run_group_tests_name("store_key", tests, NULL, NULL);
}
