/* Bounded unpack: what the wire may hold, by hand-made bytes. */
#include "unit/wire_test.pb-c.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define LEAF (&weibao__test__leaf__descriptor)
#define EVERYTHING (&weibao__test__everything__descriptor)
#define CHAIN (&weibao__test__chain__descriptor)
#define COLOURS (&weibao__test__colour_box__descriptor)
#define ID                                                                                                             \
	"\x1a\x10"                                                                                                     \
	"0123456789abcdef" /* field 3, 16 bytes */
#define NAME                                                                                                           \
	"\x0a\x02"                                                                                                     \
	"ab" /* field 1 */
#define BYTES(s) ((struct wb_bytes){(const uint8_t *)(s), sizeof(s) - 1})

static struct wb_arena arena;

static int setup(void **state)
{
	(void)state;
	wb_arena_init(&arena, (size_t)8 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wb_arena_done(&arena);
	return 0;
}

static enum wb_err try(const ProtobufCMessageDescriptor *d, struct wb_bytes b, const struct wb_unpack_limits *limits)
{
	ProtobufCMessage *m = NULL;
	enum wb_err err = wb_unpack(d, b, &arena, limits, &m);
	assert_true((err == WB_OK) == (m != NULL));
	return err;
}

static void assert_both(const ProtobufCMessageDescriptor *d, struct wb_bytes b, enum wb_err strict, enum wb_err lenient)
{
	assert_int_equal(try(d, b, &wb_unpack_outside), strict);
	assert_int_equal(try(d, b, &wb_unpack_record), lenient);
}

static void a_good_message(void **state)
{
	(void)state;
	ProtobufCMessage *m = NULL;
	assert_int_equal(wb_unpack(LEAF, BYTES(NAME ID "\x10\x07"), &arena, &wb_unpack_outside, &m), WB_OK);
	const Weibao__Test__Leaf *leaf = (const Weibao__Test__Leaf *)m;
	assert_string_equal(leaf->name, "ab");
	assert_true(leaf->has_count);
	assert_int_equal(leaf->count, 7);
	assert_memory_equal(leaf->leaf_id.data, "0123456789abcdef", 16);
	assert_both(&weibao__test__empty__descriptor, BYTES(""), WB_OK, WB_OK);
	assert_both(&weibao__test__empty__descriptor, (struct wb_bytes){NULL, 0}, WB_OK, WB_OK);
}

static void malformed_bytes(void **state)
{
	(void)state;
	const struct wb_bytes bad[] = {
	        BYTES(NAME ID "\x10"),                                         /* a value is missing */
	        BYTES(NAME ID "\x10\x80"),                                     /* varint without end */
	        BYTES(NAME ID "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* more than 64 bits */
	        BYTES("\x0a\x7f"
	              "ab" ID), /* longer than there is */
	        BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
	              "ab" ID),                        /* a length of 2^64 - 1 */
	        BYTES(NAME ID "\x00\x01"),             /* field number 0 */
	        BYTES(NAME ID "\x23\x24"),             /* a group */
	        BYTES(NAME ID "\x26"),                 /* wire type 6 */
	        BYTES(NAME ID "\x15\x01\x00\x00\x00"), /* count as fixed32 */
	        BYTES(NAME ID "\x12\x01\x01"),         /* count packed: it is not repeated */
	        BYTES("\x08\x01" ID),                  /* name as a number */
	        BYTES("\x0a\x02\xc3\x28" ID),          /* not UTF-8 */
	        BYTES("\x0a\x03\xed\xa0\x80" ID),      /* a surrogate */
	        BYTES("\x0a\x02"
	              "a\0" ID),                   /* a NUL in a string */
	        BYTES(NAME NAME ID),               /* twice */
	        BYTES(NAME ID "\x10\x01\x10\x02"), /* twice */
	        BYTES(ID),                         /* no name */
	        BYTES(""),
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_both(LEAF, bad[i], WB_ERR_INVALID, WB_ERR_INVALID);
}

static void unknown_fields(void **state)
{
	(void)state;
	assert_both(LEAF, BYTES(NAME ID "\x22\x01x"), WB_ERR_INVALID, WB_OK);
	assert_both(LEAF, BYTES(NAME ID "\x20\x01"), WB_ERR_INVALID, WB_OK);
	assert_both(LEAF, BYTES(NAME ID "\x25\x01\x02\x03\x04"), WB_ERR_INVALID, WB_OK);
	assert_both(LEAF, BYTES(NAME ID "\x22\x05x"), WB_ERR_INVALID, WB_ERR_INVALID);

	/* What a newer version wrote survives being read and written by this one. */
	Weibao__Test__NewerLeaf newer = WEIBAO__TEST__NEWER_LEAF__INIT;
	newer.name = (char *)"n";
	newer.leaf_id = (ProtobufCBinaryData){16, (uint8_t *)"0123456789abcdef"};
	newer.more = (char *)"more";
	newer.has_and_more = 1;
	newer.and_more = 99;
	struct wb_bytes first, second;
	ProtobufCMessage *m = NULL, *again = NULL;
	assert_int_equal(wb_pack(&newer.base, &arena, &first), WB_OK);
	assert_int_equal(wb_unpack(LEAF, first, &arena, &wb_unpack_record, &m), WB_OK);
	assert_int_equal(wb_pack(m, &arena, &second), WB_OK);
	assert_int_equal(
	        wb_unpack(&weibao__test__newer_leaf__descriptor, second, &arena, &wb_unpack_outside, &again), WB_OK);
	assert_string_equal(((Weibao__Test__NewerLeaf *)again)->more, "more");
	assert_int_equal(((Weibao__Test__NewerLeaf *)again)->and_more, 99);
}

static void enums_and_ids(void **state)
{
	(void)state;
	assert_both(COLOURS, BYTES("\x10\x05"), WB_OK, WB_OK);
	assert_both(COLOURS, BYTES("\x10\x00"), WB_ERR_INVALID, WB_OK);
	assert_both(COLOURS, BYTES("\x10\x02"), WB_ERR_INVALID, WB_OK);
	assert_both(COLOURS, BYTES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), WB_ERR_INVALID, WB_OK);
	assert_both(COLOURS, BYTES("\x0a\x02\x01\x05"), WB_OK, WB_OK);
	assert_both(COLOURS, BYTES("\x0a\x02\x01\x02"), WB_ERR_INVALID, WB_OK);
	assert_both(COLOURS, BYTES("\x08\x01\x0a\x01\x05\x08\x05"), WB_OK, WB_OK);
	assert_both(COLOURS, BYTES("\x0a\x02\x01\x85"), WB_ERR_INVALID, WB_ERR_INVALID);
	assert_both(LEAF,
	        BYTES(NAME "\x1a\x03"
	                   "abc"),
	        WB_ERR_INVALID, WB_OK);
}

static void numbers_that_do_not_fit(void **state)
{
	(void)state;
	static const char most[] = "\x08\xff\xff\xff\xff\x07", least[] = "\x08\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01";
	assert_both(EVERYTHING, BYTES(most), WB_OK, WB_OK);
	assert_both(EVERYTHING, BYTES(least), WB_OK, WB_OK);
	assert_both(EVERYTHING, BYTES("\x08\x80\x80\x80\x80\x08"), WB_ERR_INVALID, WB_OK);
	assert_both(LEAF, BYTES(NAME ID "\x10\xff\xff\xff\xff\x0f"), WB_OK, WB_OK);
	assert_both(LEAF, BYTES(NAME ID "\x10\x80\x80\x80\x80\x10"), WB_ERR_INVALID, WB_OK);
	assert_both(EVERYTHING, BYTES("\x08\x01\x68\x01"), WB_OK, WB_OK);
	assert_both(EVERYTHING, BYTES("\x08\x01\x68\x02"), WB_ERR_INVALID, WB_OK);
}

static void oneofs(void **state)
{
	(void)state;
	assert_both(EVERYTHING, BYTES("\x08\x01\xf2\x01\x01x"), WB_OK, WB_OK);
	assert_both(EVERYTHING, BYTES("\x08\x01\xf2\x01\x01x\x88\x02\x07"), WB_ERR_INVALID, WB_ERR_INVALID);
	assert_both(EVERYTHING, BYTES("\x08\x01\x88\x02\x07\x88\x02\x07"), WB_ERR_INVALID, WB_ERR_INVALID);
}

static struct wb_bytes nested(uint8_t *buffer, size_t size, unsigned levels)
{
	size_t at = size;
	for (unsigned i = 1; i < levels; i++) {
		size_t len = size - at;
		assert_true(len < 128);
		buffer[--at] = (uint8_t)len;
		buffer[--at] = 0x0a;
	}
	return (struct wb_bytes){buffer + at, size - at};
}

static void limits(void **state)
{
	(void)state;
	uint8_t buffer[256];
	assert_both(CHAIN, nested(buffer, sizeof buffer, WB_WIRE_DEPTH_MAX), WB_OK, WB_OK);
	assert_both(CHAIN, nested(buffer, sizeof buffer, WB_WIRE_DEPTH_MAX + 1), WB_ERR_LIMIT, WB_ERR_LIMIT);
	struct wb_unpack_limits shallow = wb_unpack_outside;
	shallow.depth_max = 2;
	assert_int_equal(try(CHAIN, nested(buffer, sizeof buffer, 2), &shallow), WB_OK);
	assert_int_equal(try(CHAIN, nested(buffer, sizeof buffer, 3), &shallow), WB_ERR_LIMIT);

	struct wb_unpack_limits few = wb_unpack_outside;
	few.fields_max = 3;
	assert_int_equal(try(COLOURS, BYTES("\x0a\x02\x01\x05"), &few), WB_OK);
	assert_int_equal(try(COLOURS, BYTES("\x0a\x03\x01\x05\x01"), &few), WB_ERR_LIMIT);
	few.bytes_max = 3;
	assert_int_equal(try(COLOURS, BYTES("\x0a\x02\x01\x05"), &few), WB_ERR_LIMIT);
}

static void the_size_limits(void **state)
{
	(void)state;
	/* text (field 15) of n bytes behind i32. */
	static char blob[WB_OUTSIDE_BYTES_MAX + 1];
	memset(blob, 'x', sizeof blob);
	struct {
		const struct wb_unpack_limits *limits;
		size_t fits;
	} cases[] = {{&wb_unpack_outside, 65536}, {&wb_unpack_record, 60000}};
	for (size_t i = 0; i < 2; i++) {
		for (size_t over = 0; over < 2; over++) {
			size_t len = cases[i].fits + over - 6;
			memcpy(blob,
			        (char[]){0x08, 0x01, 0x7a, (char)(0x80 | (len & 0x7f)),
			                (char)(0x80 | (len >> 7 & 0x7f)), (char)(len >> 14)},
			        6);
			struct wb_bytes b = {(uint8_t *)blob, len + 6};
			assert_int_equal(try(EVERYTHING, b, cases[i].limits), over ? WB_ERR_LIMIT : WB_OK);
		}
	}
}

static void the_arena_is_the_cap(void **state)
{
	(void)state;
	static uint8_t many[20000];
	for (size_t i = 0; i < sizeof many; i += 2)
		memcpy(many + i, "\x1a\x00", 2);
	struct wb_arena small;
	wb_arena_init(&small, 64 * 1024);
	ProtobufCMessage *m = NULL;
	struct wb_bytes b = {many, sizeof many};
	assert_int_equal(wb_unpack(CHAIN, b, &small, &wb_unpack_internal, &m), WB_ERR_MEMORY);
	assert_null(m);
	wb_arena_done(&small);
	assert_int_equal(try(CHAIN, b, &wb_unpack_outside), WB_ERR_LIMIT);
	assert_int_equal(try(CHAIN, b, &wb_unpack_internal), WB_OK);
}

/* Each prefix and each changed byte of a full message: refused or unpacked, never anything else. */
static void every_damage(void **state)
{
	(void)state;
	Weibao__Test__Everything e = WEIBAO__TEST__EVERYTHING__INIT;
	Weibao__Test__Leaf leaf = WEIBAO__TEST__LEAF__INIT, *leaves[] = {&leaf, &leaf};
	uint32_t numbers[] = {1, 300, 70000};
	leaf.name = (char *)"叶";
	leaf.leaf_id = (ProtobufCBinaryData){16, (uint8_t *)"0123456789abcdef"};
	e.n_leaves = 2;
	e.leaves = leaves;
	e.n_numbers = 3;
	e.numbers = numbers;
	e.has_happened_at = 1;
	e.happened_at = 5;
	e.choice_case = WEIBAO__TEST__EVERYTHING__CHOICE_BY_LEAF;
	e.by_leaf = &leaf;
	struct wb_bytes b;
	assert_int_equal(wb_pack(&e.base, &arena, &b), WB_OK);
	assert_int_equal(try(EVERYTHING, b, &wb_unpack_outside), WB_OK);
	uint8_t copy[512];
	assert_true(b.len <= sizeof copy);
	for (size_t at = 0; at < b.len; at++) {
		ProtobufCMessage *m;
		struct wb_bytes changed = {copy, b.len}, cut = {b.data, at};
		enum wb_err err = wb_unpack(EVERYTHING, cut, &arena, &wb_unpack_outside, &m);
		assert_true(err == WB_OK || err == WB_ERR_INVALID);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, b.data, b.len);
			copy[at] = (uint8_t)(copy[at] ^ 1u << bit);
			err = wb_unpack(EVERYTHING, changed, &arena, &wb_unpack_record, &m);
			assert_true(err == WB_OK || err == WB_ERR_INVALID);
		}
		wb_arena_reset(&arena);
		assert_int_equal(wb_pack(&e.base, &arena, &b), WB_OK);
	}
}

static void pack_refuses_what_was_forgotten(void **state)
{
	(void)state;
	Weibao__Test__Leaf leaf = WEIBAO__TEST__LEAF__INIT;
	struct wb_bytes b;
	assert_int_equal(wb_pack(&leaf.base, &arena, &b), WB_ERR_INVALID);
	leaf.name = (char *)"a";
	assert_int_equal(wb_pack(&leaf.base, &arena, &b), WB_ERR_INVALID);
	leaf.leaf_id = (ProtobufCBinaryData){15, (uint8_t *)"0123456789abcdef"};
	assert_int_equal(wb_pack(&leaf.base, &arena, &b), WB_ERR_INVALID);
	leaf.leaf_id.len = 16;
	assert_int_equal(wb_pack(&leaf.base, &arena, &b), WB_OK);
	leaf.name = (char *)"\xff";
	assert_int_equal(wb_pack(&leaf.base, &arena, &b), WB_ERR_INVALID);

	Weibao__Test__ColourBox box = WEIBAO__TEST__COLOUR_BOX__INIT;
	assert_int_equal(wb_pack(&box.base, &arena, &b), WB_OK);
	assert_int_equal(b.len, 0);
	box.has_one = 1;
	assert_int_equal(wb_pack(&box.base, &arena, &b), WB_ERR_INVALID);
	box.one = WEIBAO__TEST__COLOUR__COLOUR_DARK_GREEN;
	assert_int_equal(wb_pack(&box.base, &arena, &b), WB_OK);
	assert_memory_equal(b.data, "\x10\x05", 2);

	/* A oneof's union holds one thing at a time: the check looks at that only. */
	Weibao__Test__Everything e = WEIBAO__TEST__EVERYTHING__INIT;
	e.choice_case = WEIBAO__TEST__EVERYTHING__CHOICE_BY_NUMBER;
	e.by_number = UINT64_MAX;
	assert_int_equal(wb_pack(&e.base, &arena, &b), WB_OK);
	e.choice_case = WEIBAO__TEST__EVERYTHING__CHOICE_BY_LEAF;
	e.by_leaf = NULL;
	struct wb_bytes none;
	assert_int_equal(wb_pack(&e.base, &arena, &none), WB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_good_message, setup, teardown),
	        cmocka_unit_test_setup_teardown(malformed_bytes, setup, teardown),
	        cmocka_unit_test_setup_teardown(unknown_fields, setup, teardown),
	        cmocka_unit_test_setup_teardown(enums_and_ids, setup, teardown),
	        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit, setup, teardown),
	        cmocka_unit_test_setup_teardown(oneofs, setup, teardown),
	        cmocka_unit_test_setup_teardown(limits, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_size_limits, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_arena_is_the_cap, setup, teardown),
	        cmocka_unit_test_setup_teardown(every_damage, setup, teardown),
	        cmocka_unit_test_setup_teardown(pack_refuses_what_was_forgotten, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
