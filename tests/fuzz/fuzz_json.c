/*
 * JSON text to a message of the product and back (libFuzzer). The first two bytes choose the type. What was accepted
 * must be written, packed, unpacked strictly and written again as the same JSON.
 */
#include "fuzz_type.h"
#include "wire/json.h"
#include "wire/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *written(const ProtobufCMessage *m)
{
	json_t *json = NULL;
	WB_ASSERT(wb_message_to_json(m, NULL, &json) == WB_OK);
	return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wb_arena arena;
	ProtobufCMessage *first = NULL, *second = NULL;
	struct wb_json_problem problem;
	struct wb_bytes packed;
	const ProtobufCMessageDescriptor *type = fuzz_type(&data, &size);
	wb_arena_init(&arena, (size_t)8 * 1024 * 1024);
	enum wb_err err = wb_json_text_to_message(
	        (struct wb_bytes){data, size}, type, &wb_json_outside, &arena, &first, &problem);
	WB_ASSERT(wb_utf8_valid(problem.path, strlen(problem.path)));
	WB_ASSERT((err == WB_OK || err == WB_ERR_MEMORY) == (problem.reason == WB_JSON_NONE));
	/* A Personal is a string of its own in JSON: as a body it would have fields that are never written. */
	if (err == WB_OK && type != &weibao__v1__personal__descriptor && wb_pack(first, &arena, &packed) == WB_OK) {
		struct wb_unpack_limits limits = wb_unpack_internal;
		if (wb_unpack(type, packed, &arena, &limits, &second) == WB_OK) {
			json_t *a = written(first), *b = written(second);
			WB_ASSERT(json_equal(a, b));
			json_decref(a);
			json_decref(b);
		} else {
			WB_ASSERT(arena.overflowed);
		}
	}
	wb_arena_done(&arena);
	return 0;
}
