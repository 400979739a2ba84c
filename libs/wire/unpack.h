/*
 * Protobuf bytes to messages and back, bounded.
 *
 * protobuf-c's unpack is no validation: it merges duplicates, keeps unknown fields and numbers, lets strings be any
 * bytes. So the wire bytes are scanned first against the descriptor (scan.c), without allocating, and only what
 * passed is unpacked, into the arena alone. Nothing here calls malloc but the arena. A message lives as long as its
 * arena; protobuf_c_message_free_unpacked is never called on it. Any number of threads, an arena each.
 *
 * Refused always: more than the limits, malformed wire bytes, groups, a known field with another wire type, a second
 * value of a field that is not repeated, two cases of one oneof, a string that is not UTF-8 or holds a NUL, a missing
 * required field. Refused in strict mode only: unknown fields, enum numbers that are unknown or 0 (UNSPECIFIED),
 * numbers that do not fit their type, ids (bytes id, …_id, …_ids) that have not 16 bytes.
 */
#ifndef WB_WIRE_UNPACK_H
#define WB_WIRE_UNPACK_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#define WB_OUTSIDE_BYTES_MAX ((size_t)64 * 1024)    /* one message from a client */
#define WB_RECORD_BYTES_MAX ((size_t)60000)         /* one record of the log */
#define WB_INTERNAL_BYTES_MAX ((size_t)1024 * 1024) /* one message between our own processes */
#define WB_WIRE_DEPTH_MAX 32u                       /* messages in messages, the outermost counts 1 */
#define WB_OUTSIDE_FIELDS_MAX 8192u                 /* values, elements of packed fields included */
#define WB_INTERNAL_FIELDS_MAX 262144u
#define WB_MESSAGE_FIELDS_MAX 512u /* fields a message type may declare; more is a bug of ours */

enum wb_unpack_mode {
	WB_UNPACK_STRICT,  /* from outside: what we do not know is refused */
	WB_UNPACK_LENIENT, /* from the log: a newer version may have written it; unknown fields are kept */
};

struct wb_unpack_limits {
	size_t bytes_max;
	uint32_t depth_max;  /* at most WB_WIRE_DEPTH_MAX is used */
	uint32_t fields_max; /* values at all depths */
	enum wb_unpack_mode mode;
};

/* The three usual ones; copy and change for others. Whatever fits in a record passes record's count of fields. */
extern const struct wb_unpack_limits wb_unpack_outside;  /* strict, WB_OUTSIDE_BYTES_MAX */
extern const struct wb_unpack_limits wb_unpack_record;   /* lenient, WB_RECORD_BYTES_MAX */
extern const struct wb_unpack_limits wb_unpack_internal; /* strict, WB_INTERNAL_BYTES_MAX */

/*
 * Checks bytes against the descriptor and limits, then unpacks into the arena.
 * data is only read during the call: the message holds copies. ERR_LIMIT: larger, deeper or more than the limits;
 * ERR_INVALID: refused for any other reason above; ERR_MEMORY: the arena's cap. The arena keeps what it gave out.
 */
WB_MUST_CHECK enum wb_err wb_unpack(const ProtobufCMessageDescriptor *descriptor, struct wb_bytes data,
        struct wb_arena *arena, const struct wb_unpack_limits *limits, ProtobufCMessage **ret_message);

/* The check alone: what wb_unpack does before it unpacks. Allocates nothing. Errors as there. */
WB_MUST_CHECK enum wb_err wb_wire_scan(
        const ProtobufCMessageDescriptor *descriptor, struct wb_bytes data, const struct wb_unpack_limits *limits);

/*
 * Packs into the arena. ERR_INVALID: a required string or message is NULL, an enum that is set is 0, an id that is
 * set has not 16 bytes, a string is not UTF-8 (a decision forgot something); ERR_LIMIT: larger than
 * WB_INTERNAL_BYTES_MAX or deeper than WB_WIRE_DEPTH_MAX; ERR_MEMORY: the arena's cap.
 */
WB_MUST_CHECK enum wb_err wb_pack(const ProtobufCMessage *message, struct wb_arena *arena, struct wb_bytes *ret_data);

/* An initialised empty message of that type in the arena; NULL at the arena's cap. */
ProtobufCMessage *wb_message_new(const ProtobufCMessageDescriptor *descriptor, struct wb_arena *arena);
#endif
