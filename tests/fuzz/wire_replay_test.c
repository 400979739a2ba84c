/*
 * Runs a fuzz target over the example of every message of the product, as JSON and as wire bytes, whole and damaged
 * by a seeded generator: what a fuzzer would find in its first second is found by every build.
 */
#include "base/arena.h"
#include "proto/registry.h"
#include "wire/json.h"
#include "wire/schema.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAMAGES 40

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64: the same inputs each run. */
static size_t random_below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

static size_t damage(uint8_t *data, size_t size)
{
	static const char marks[] = "{}[]\",:\\0-9e.\xff";
	size_t at = random_below(size);
	switch (random_below(5)) {
	case 0:
		data[at] = (uint8_t)(data[at] ^ 1u << random_below(8));
		return size;
	case 1:
		data[at] = (uint8_t)random_below(256);
		return size;
	case 2:
		data[at] = (uint8_t)marks[random_below(sizeof marks)];
		return size;
	case 3:
		memmove(data + at, data + at + 1, size - at - 1);
		return size - 1;
	}
	return at;
}

/* Each input is a block of its own on the heap, so that a read past its end is seen by the sanitizer. */
static void run(size_t type, const uint8_t *body, size_t len, bool damaged)
{
	size_t size = len + 2;
	uint8_t *input = malloc(size);
	assert_non_null(input);
	wb_be16_put(input, (uint16_t)type);
	if (len)
		memcpy(input + 2, body, len);
	for (size_t i = damaged ? 1 + random_below(3) : 0; i > 0 && size > 3; i--)
		size = 2 + damage(input + 2, size - 2);
	uint8_t *exact = malloc(size);
	assert_non_null(exact);
	memcpy(exact, input, size);
	assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
	free(exact);
	free(input);
}

static void run_type(size_t index, const ProtobufCMessageDescriptor *d)
{
	struct wb_arena arena;
	struct wb_json_problem problem;
	struct wb_bytes packed;
	ProtobufCMessage *m = NULL;
	wb_arena_init(&arena, (size_t)4 * 1024 * 1024);
	json_t *example = wb_json_example(d);
	assert_non_null(example);
	char *text = json_dumps(example, JSON_COMPACT);
	assert_non_null(text);
	run(index, (const uint8_t *)text, strlen(text), false);
	for (int i = 0; i < DAMAGES; i++)
		run(index, (const uint8_t *)text, strlen(text), true);
	if (wb_json_to_message(example, d, &wb_json_outside, &arena, &m, &problem) == WB_OK &&
	        wb_pack(m, &arena, &packed) == WB_OK) {
		run(index, packed.data, packed.len, false);
		for (int i = 0; i < DAMAGES; i++)
			run(index, packed.data, packed.len, true);
	}
	free(text);
	json_decref(example);
	wb_arena_done(&arena);
}

static void every_message_damaged(void **state)
{
	(void)state;
	size_t count;
	const struct wb_message_type *types = wb_message_types(&count);
	assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)"", 0), 0);
	for (size_t i = 0; i < count; i++)
		run_type(i, types[i].descriptor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_message_damaged)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
