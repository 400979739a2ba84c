#include "services/intake/attach_kind.h"

#include <stddef.h>
#include <string.h>

uint32_t attach_parts(uint64_t size)
{
	return (uint32_t)((size + ATTACH_PART_BYTES - 1) / ATTACH_PART_BYTES);
}

uint32_t attach_part_size(uint64_t size, uint32_t part)
{
	uint64_t from = (uint64_t)part * ATTACH_PART_BYTES;
	if (from >= size)
		return 0;
	return size - from < ATTACH_PART_BYTES ? (uint32_t)(size - from) : ATTACH_PART_BYTES;
}

struct kind {
	const char *purpose, *type, *kept;
};
static const struct kind kinds[] = {
        {"photo", "image/jpeg", NULL},
        {"photo", "image/png", NULL},
        {"photo", "image/webp", NULL},
        {"photo", "image/heic", NULL},
        {"signature", "image/png", NULL},
        {"signature", "image/jpeg", NULL},
        {"paper-form", "image/jpeg", NULL},
        {"paper-form", "image/png", NULL},
        {"paper-form", "image/tiff", NULL},
        {"paper-form", "application/pdf", NULL},
        {"import", "text/csv", NULL},
        {"import", "text/plain", "text/csv"},
        {"import", "application/csv", "text/csv"},
        {"other", "image/jpeg", NULL},
        {"other", "image/png", NULL},
        {"other", "image/webp", NULL},
        {"other", "application/pdf", NULL},
        {"other", "text/plain", NULL},
};

bool attach_purpose_known(const char *purpose)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].purpose, purpose) == 0)
			return true;
	return false;
}

bool attach_type_taken(const char *purpose, const char *sniffed, const char **ret_type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].purpose, purpose) != 0 || strcmp(kinds[i].type, sniffed) != 0)
			continue;
		*ret_type = kinds[i].kept ? kinds[i].kept : kinds[i].type;
		return true;
	}
	return false;
}
