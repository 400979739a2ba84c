/*
 * Wire bytes to a message of the product (libFuzzer). The first two bytes choose the type. What strict mode accepts
 * lenient mode accepts too; what was unpacked strictly can be packed, and is then unpacked to the same bytes again.
 */
#include "fuzz_type.h"
#include "wire/json.h"
#include "wire/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_twice(const ProtobufCMessage *m, struct wb_arena *arena)
{
	struct wb_bytes first, second;
	ProtobufCMessage *again = NULL;
	enum wb_err err = wb_pack(m, arena, &first);
	WB_ASSERT(err == WB_OK || err == WB_ERR_MEMORY);
	if (err || wb_unpack(m->descriptor, first, arena, &wb_unpack_internal, &again) != WB_OK) {
		WB_ASSERT(arena->overflowed);
		return;
	}
	err = wb_pack(again, arena, &second);
	WB_ASSERT(err == WB_OK || err == WB_ERR_MEMORY);
	WB_ASSERT(err || wb_bytes_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wb_arena arena;
	ProtobufCMessage *strict = NULL, *lenient = NULL;
	struct wb_json_output output = {.show_sealed = true};
	json_t *json = NULL;
	const ProtobufCMessageDescriptor *type = fuzz_type(&data, &size);
	struct wb_bytes bytes = {data, size};
	wb_arena_init(&arena, (size_t)8 * 1024 * 1024);
	enum wb_err err = wb_unpack(type, bytes, &arena, &wb_unpack_outside, &strict);
	if (err == WB_OK && size <= WB_RECORD_BYTES_MAX)
		WB_ASSERT(wb_wire_scan(type, bytes, &wb_unpack_record) == WB_OK);
	if (err == WB_OK)
		pack_twice(strict, &arena);
	if (!arena.overflowed && wb_unpack(type, bytes, &arena, &wb_unpack_record, &lenient) == WB_OK &&
	        wb_message_to_json(lenient, &output, &json) == WB_OK)
		json_decref(json);
	wb_arena_done(&arena);
	return 0;
}
