/*
 * Private to libs/wire: how protobuf-c lays a field out in a message struct, in one place.
 *
 * A value stands at offset. Whether it is there says the quantifier: n_… of a repeated field, has_… of an optional
 * scalar, the case number of a oneof (shared by its members, whose values share one union); optional strings and
 * messages have none, and are there if their pointer is not NULL (a string: nor the default).
 */
#ifndef WB_WIRE_FIELD_H
#define WB_WIRE_FIELD_H
#include "base/id.h"
#include "wire/json.h"
#include "wire/unpack.h"
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in the message we are, as text for a problem. Starts empty by = {0}. */
struct wb_path {
	char text[WB_JSON_PATH_BYTES];
	size_t len;
};
/* Both return what wb_path_cut takes back to. Too long a path is cut at a character. */
size_t wb_path_name(struct wb_path *path, const char *name);
size_t wb_path_field(struct wb_path *path, const ProtobufCFieldDescriptor *field);
size_t wb_path_index(struct wb_path *path, size_t index);
void wb_path_cut(struct wb_path *path, size_t len);

/* Fills *p with the reason at the path; ERR_LIMIT for TOO_DEEP and TOO_LARGE, else ERR_INVALID. */
enum wb_err wb_json_refuse(struct wb_json_problem *p, enum wb_json_reason reason, const struct wb_path *path);

bool wb_field_is_oneof(const ProtobufCFieldDescriptor *f);
bool wb_field_is_repeated(const ProtobufCFieldDescriptor *f);
bool wb_field_is_required(const ProtobufCFieldDescriptor *f);
/* bytes id, …_id, or repeated …_ids. */
bool wb_field_is_id(const ProtobufCFieldDescriptor *f);
bool wb_message_is_personal(const ProtobufCMessageDescriptor *d);
bool wb_field_is_personal(const ProtobufCFieldDescriptor *f);

/* The size of one value in memory. */
size_t wb_field_size(const ProtobufCFieldDescriptor *f);
/* Whether a field that is not repeated has a value; a required scalar always. */
bool wb_field_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* How many values it has: n of a repeated field, else 0 or 1. */
size_t wb_field_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* The i-th value, i < count. */
const void *wb_field_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i);
/* The other member of f's oneof that is set, by its number, or 0. */
uint32_t wb_field_other_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* Marks a field that is not repeated as set and gives the place for its value (of a oneof: zeroed). */
void *wb_field_set(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* Gives a repeated field an array of n zeroed values, all counted; NULL at the arena's cap or if n is 0. */
void *wb_field_array(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t n, struct wb_arena *arena);

/* The integer at v, widened; f is of an integer, bool or enum type (unsigned 64-bit ones keep their bits). */
int64_t wb_field_integer(const ProtobufCFieldDescriptor *f, const void *v);
bool wb_enum_known(const ProtobufCEnumDescriptor *type, int64_t number);

/* The checks of wb_message_check, with a limit of depth; used by wb_pack. */
enum wb_err wb_message_check_at(
        const ProtobufCMessage *m, uint32_t depth, struct wb_path *path, struct wb_json_problem *p);

/* Sets *value (a field's place) from text, as from a JSON string; p and path name the problem. */
struct wb_text_input {
	struct wb_arena *arena;
	struct wb_path *path;
	struct wb_json_problem *problem;
	uint32_t chars_max;
};
enum wb_err wb_value_from_text(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, const char *text, size_t len, void *value);
/* Sets an integer-like field (not bool, not enum, not an instant) from a number; OUT_OF_RANGE if it does not fit. */
enum wb_err wb_value_from_integer(
        const struct wb_text_input *in, const ProtobufCFieldDescriptor *f, int64_t number, void *value);
/* The field of that JSON name, or NULL. */
const ProtobufCFieldDescriptor *wb_field_by_json_name(const ProtobufCMessageDescriptor *d, const char *name);
/* MISSING at the first required field of d that is not marked in given (one bool a field). */
enum wb_err wb_required_given(const ProtobufCMessageDescriptor *d, const bool *given, const char *const *later,
        struct wb_path *path, struct wb_json_problem *p);
/* Whether name is in the list that ends with NULL; a NULL list is empty. */
bool wb_name_listed(const char *const *list, const char *name);

/* base64 with padding into ret_text of wb_base64_bytes(len) chars, the NUL included. */
size_t wb_base64_bytes(size_t len);
void wb_base64(const uint8_t *data, size_t len, char *ret_text);
/* Reads base64 or base64url, padded or not; ret_data holds len / 4 * 3 + 2. False if malformed. */
bool wb_unbase64(const char *text, size_t len, uint8_t *ret_data, size_t *ret_len);
#endif
