#include "wire/unpack.h"

#include "wire/field.h"

const struct wb_unpack_limits wb_unpack_outside = {
        .bytes_max = WB_OUTSIDE_BYTES_MAX,
        .depth_max = WB_WIRE_DEPTH_MAX,
        .fields_max = WB_OUTSIDE_FIELDS_MAX,
        .mode = WB_UNPACK_STRICT,
};
/* A value takes a byte at least: what was appended once can always be read. */
const struct wb_unpack_limits wb_unpack_record = {
        .bytes_max = WB_RECORD_BYTES_MAX,
        .depth_max = WB_WIRE_DEPTH_MAX,
        .fields_max = (uint32_t)WB_RECORD_BYTES_MAX,
        .mode = WB_UNPACK_LENIENT,
};
const struct wb_unpack_limits wb_unpack_internal = {
        .bytes_max = WB_INTERNAL_BYTES_MAX,
        .depth_max = WB_WIRE_DEPTH_MAX,
        .fields_max = WB_INTERNAL_FIELDS_MAX,
        .mode = WB_UNPACK_STRICT,
};

static void *arena_alloc(void *data, size_t size)
{
	return wb_arena_alloc(data, size);
}

static void arena_free(void *data, void *pointer)
{
	/* The arena takes everything back at once. */
	(void)data;
	(void)pointer;
}

enum wb_err wb_unpack(const ProtobufCMessageDescriptor *descriptor, struct wb_bytes data, struct wb_arena *arena,
        const struct wb_unpack_limits *limits, ProtobufCMessage **ret_message)
{
	ProtobufCAllocator allocator = {arena_alloc, arena_free, arena};
	static const uint8_t nothing;
	enum wb_err err = wb_wire_scan(descriptor, data, limits);
	if (err)
		return err;
	ProtobufCMessage *m =
	        protobuf_c_message_unpack(descriptor, &allocator, data.len, data.len ? data.data : &nothing);
	if (!m)
		return arena->overflowed ? WB_ERR_MEMORY : WB_ERR_INVALID;
	*ret_message = m;
	return WB_OK;
}

enum wb_err wb_pack(const ProtobufCMessage *message, struct wb_arena *arena, struct wb_bytes *ret_data)
{
	struct wb_path path = {0};
	struct wb_json_problem problem;
	/* protobuf-c packs a missing required message as an empty one, and its own check is blind to oneofs. */
	enum wb_err err = wb_message_check_at(message, 1, &path, &problem);
	if (err)
		return err;
	size_t len = protobuf_c_message_get_packed_size(message);
	if (len > WB_INTERNAL_BYTES_MAX)
		return WB_ERR_LIMIT;
	uint8_t *data = wb_arena_alloc(arena, len + 1);
	if (!data)
		return WB_ERR_MEMORY;
	(void)protobuf_c_message_pack(message, data);
	*ret_data = (struct wb_bytes){data, len};
	return WB_OK;
}
