/*
 * The registry of message types: every message of proto/weibao/v1 by its short name. Generated tables, read only.
 *
 * An event's type in the log is the short name of its message ("TicketReported"); the file that a message stands
 * in says what it is: *_events, *_commands, *_queries, *_rows.
 */
#ifndef WB_PROTO_REGISTRY_H
#define WB_PROTO_REGISTRY_H
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct wb_message_type {
	const char *name; /* short name, unique in the package */
	const char *file; /* the .proto file without its ending, e.g. "intake_events" */
	const ProtobufCMessageDescriptor *descriptor;
};

/* All types, ordered by name. */
const struct wb_message_type *wb_message_types(size_t *ret_count);
/* The type of that name, or NULL. */
const struct wb_message_type *wb_message_type_find(const char *name);
#endif
