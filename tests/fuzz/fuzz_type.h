/* For fuzz targets: the type of message that an input chooses by its first two bytes. */
#ifndef WB_FUZZ_TYPE_H
#define WB_FUZZ_TYPE_H
#include "proto/registry.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Takes the two bytes off; an input without them chooses the first type. */
static inline const ProtobufCMessageDescriptor *fuzz_type(const uint8_t **data, size_t *size)
{
	size_t count, choice = 0;
	const struct wb_message_type *types = wb_message_types(&count);
	if (*size >= 2) {
		choice = (size_t)((*data)[0] << 8 | (*data)[1]);
		*data += 2;
		*size -= 2;
	}
	return types[choice % count].descriptor;
}
#endif
