/*
 * Messages to JSON and back, by the descriptors of protobuf-c (idea: proto3's JSON mapping).
 *
 *   names        lowerCamelCase of the field's name, nothing else is accepted
 *   absent       not there, or null; a repeated field is always written, as [] if it is empty
 *   int64 …      as strings; numbers and strings are accepted for all integers
 *   enum         its name without the prefix of the enum (ROLE_HOTLINE is "HOTLINE"); UNSPECIFIED is refused
 *   sfixed64     an instant, RFC 3339 (wire/time.h)
 *   bytes        named id, …_id, …_ids: UUID text of 16 bytes; others: base64 (accepted: base64url, no padding)
 *   Personal     a string; never its subject, context or box
 *
 * A problem names the field by its JSON path ("visit.promisedArrivalAt", "telephones[2].number") and a stable reason.
 * JSON text is jansson's, whose values are on the heap (reference counted): what is returned as json_t * is the
 * caller's to json_decref. Messages are in the arena. Any number of threads, an arena each; no state.
 */
#ifndef WB_WIRE_JSON_H
#define WB_WIRE_JSON_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "weibao/v1/common.pb-c.h"
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#define WB_JSON_BYTES_MAX ((size_t)64 * 1024) /* a body from a client */
#define WB_JSON_DEPTH_MAX 32u                 /* braces and brackets in each other */
#define WB_TEXT_CHARS_MAX 4000u               /* code points of a string field or a Personal's plain text */
#define WB_PERSONAL_BYTES_MAX 8000u           /* UTF-8 bytes of a Personal's plain text: it must fit in a record */
#define WB_JSON_PATH_BYTES 256

/* Why an input was refused. Names are part of the API: never renamed. */
#define WB_JSON_REASONS(X)                                                                                             \
	X(NONE, "no problem")                                                                                          \
	X(MALFORMED, "not well-formed JSON")                                                                           \
	X(UNKNOWN_FIELD, "no such field")                                                                              \
	X(WRONG_TYPE, "a value of another type is expected")                                                           \
	X(BAD_TEXT, "text is not valid UTF-8 or holds a NUL")                                                          \
	X(OUT_OF_RANGE, "the value is out of range")                                                                   \
	X(BAD_ID, "not an id (UUID)")                                                                                  \
	X(BAD_TIME, "not an instant (RFC 3339)")                                                                       \
	X(BAD_BASE64, "not base64")                                                                                    \
	X(UNKNOWN_ENUM, "not one of the known names")                                                                  \
	X(MISSING, "a required field is missing")                                                                      \
	X(DUPLICATE, "given twice")                                                                                    \
	X(TOO_DEEP, "nested too deep")                                                                                 \
	X(TOO_LARGE, "too large")                                                                                      \
	X(CONFLICT, "excludes another field that is given too")

enum wb_json_reason {
#define X(name, text) WB_JSON_##name,
	WB_JSON_REASONS(X)
#undef X
};

struct wb_json_problem {
	enum wb_json_reason reason;
	char path[WB_JSON_PATH_BYTES]; /* of the field; "" is the whole; cut at a character if longer */
	int line, column;              /* of the text, from 1; 0 where the text as such was fine */
};

/* "UNKNOWN_FIELD" and the English sentence of a reason; static, never NULL. */
const char *wb_json_reason_name(enum wb_json_reason reason);
const char *wb_json_reason_text(enum wb_json_reason reason);

struct wb_json_limits {
	size_t bytes_max;        /* of the text */
	uint32_t depth_max;      /* at most WB_JSON_DEPTH_MAX is used */
	uint32_t text_chars_max; /* of each string */
	/* Names (of the .proto) of fields of the outermost message that the caller sets itself afterwards (path
	   parameters, the tenant, the principal): not required, and unknown if given. Ends with NULL; NULL: none. */
	const char *const *later;
};
extern const struct wb_json_limits wb_json_outside; /* the three named limits, no later fields */

/*
 * All inputs below: ERR_INVALID or ERR_LIMIT (TOO_DEEP, TOO_LARGE) with *ret_problem filled; ERR_MEMORY: arena or
 * heap, problem NONE. *ret_problem is written always (NONE on success), other outputs only on success.
 */

/* Text to a JSON value, which must be an object or array. The caller json_decrefs *ret_json. */
WB_MUST_CHECK enum wb_err wb_json_parse(struct wb_bytes text, const struct wb_json_limits *limits, json_t **ret_json,
        struct wb_json_problem *ret_problem);
/* A JSON object to a message in the arena; nothing of json is kept. */
WB_MUST_CHECK enum wb_err wb_json_to_message(const json_t *json, const ProtobufCMessageDescriptor *descriptor,
        const struct wb_json_limits *limits, struct wb_arena *arena, ProtobufCMessage **ret_message,
        struct wb_json_problem *ret_problem);
/* Both in one. */
WB_MUST_CHECK enum wb_err wb_json_text_to_message(struct wb_bytes text, const ProtobufCMessageDescriptor *descriptor,
        const struct wb_json_limits *limits, struct wb_arena *arena, ProtobufCMessage **ret_message,
        struct wb_json_problem *ret_problem);

struct wb_json_param {
	const char *name; /* JSON name: "officeId" */
	const char *text; /* decoded; NUL-terminated */
};
/*
 * Query parameters to a message: each sets the field of that JSON name as its JSON text would (true, 42, HOTLINE, an
 * id, an instant), a repeated field is given repeatedly. Fields of message type other than Personal are WRONG_TYPE.
 * limits->later and required fields as with JSON.
 */
WB_MUST_CHECK enum wb_err wb_json_params_to_message(const struct wb_json_param *params, size_t count,
        const ProtobufCMessageDescriptor *descriptor, const struct wb_json_limits *limits, struct wb_arena *arena,
        ProtobufCMessage **ret_message, struct wb_json_problem *ret_problem);
/*
 * Sets one field, by its name in the .proto ("ticket_id"), from text, or appends to it if it is repeated. The message
 * must be in memory that lives as long as the arena. DUPLICATE if it can be seen to be set already (a required number
 * or bool cannot: it is overwritten), CONFLICT if another case of its oneof is. Uses wb_json_outside's text limit.
 */
WB_MUST_CHECK enum wb_err wb_message_set_text(ProtobufCMessage *message, const char *field_name, const char *text,
        struct wb_arena *arena, struct wb_json_problem *ret_problem);
/*
 * What can be checked of a message in memory, at all depths: required strings, messages and ids are there, enums are
 * not UNSPECIFIED, ids have 16 bytes, strings are UTF-8. wb_pack does so itself.
 */
WB_MUST_CHECK enum wb_err wb_message_check(const ProtobufCMessage *message, struct wb_json_problem *ret_problem);

#define WB_ERASED_TEXT_ZH "已删除"
#define WB_ERASED_TEXT_EN "erased"

struct wb_json_output {
	Weibao__V1__Language language; /* of the word for an erased Personal; anything but EN is Chinese */
	bool show_sealed;              /* an unopened box is {"sealed": true} instead of an error (weibao-audit) */
};
/*
 * A message as a new JSON object, fields in the order of their numbers; output NULL: the zero value. Unknown fields
 * are left out, an enum number without a name is written as the number.
 * ERR_CRYPTO: a Personal is still sealed; ERR_INVALID: what JSON cannot show (an id of another length, a time before
 * 1970, bad UTF-8, NaN, a missing required message, a Personal without value); ERR_LIMIT: too deep; ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_message_to_json(
        const ProtobufCMessage *message, const struct wb_json_output *output, json_t **ret_json);
/* The same as compact text in the arena. */
WB_MUST_CHECK enum wb_err wb_message_to_json_text(
        const ProtobufCMessage *message, const struct wb_json_output *output, struct wb_arena *arena, char **ret_text);

/* The lowerCamelCase name of a field; false if ret_name is too small. */
WB_MUST_CHECK bool wb_json_name(const ProtobufCFieldDescriptor *field, char *ret_name, size_t size);
/* The JSON name of an enum's number ("HOTLINE"), or NULL if it has none; static. */
const char *wb_json_enum_name(const ProtobufCEnumDescriptor *type, int number);
#endif
