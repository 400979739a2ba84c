/*
 * JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it) and examples of message types, as wire/json.h reads and writes
 * them. Everything comes from the descriptors. New references; the caller json_decrefs. Any thread; no state.
 */
#ifndef WB_WIRE_SCHEMA_H
#define WB_WIRE_SCHEMA_H
#include "base/err.h"
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/*
 * Puts the type's schema, and those of all message types that it refers to, into schemas (an object: the value of
 * components/schemas) under their short names; those that are there already stay. A Personal is a string wherever it
 * stands and gets no schema of its own. ERR_MEMORY, and then schemas may hold a part.
 */
WB_MUST_CHECK enum wb_err wb_schema_add(json_t *schemas, const ProtobufCMessageDescriptor *descriptor);
/* The schema of one message type alone, with {"$ref": "#/components/schemas/<short name>"}; NULL: no memory. */
json_t *wb_schema_message(const ProtobufCMessageDescriptor *descriptor);
/* The reference to it: {"$ref": …}; NULL: no memory. */
json_t *wb_schema_ref(const ProtobufCMessageDescriptor *descriptor);
/* The schema of a field, as a parameter's or a property's; an array if it is repeated; NULL: no memory. */
json_t *wb_schema_field(const ProtobufCFieldDescriptor *field);
/*
 * A plausible message of that type, the same each time, which wb_json_to_message accepts: all fields, of a oneof the
 * first case, one element a repeated field; from the sixth level on only what is required. NULL: no memory.
 */
json_t *wb_json_example(const ProtobufCMessageDescriptor *descriptor);
#endif
