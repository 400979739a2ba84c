/* Sizes and kinds of files: how many parts they have, which are taken for what. Pure. */
#ifndef WB_INTAKE_ATTACH_KIND_H
#define WB_INTAKE_ATTACH_KIND_H
#include <stdbool.h>
#include <stdint.h>

#define ATTACH_PART_BYTES ((uint32_t)512 * 1024)
#define ATTACH_BYTES_MAX ((uint32_t)20 * 1024 * 1024)
#define ATTACH_PARTS_MAX (ATTACH_BYTES_MAX / ATTACH_PART_BYTES)

/* How many parts a file of that size has, and how many bytes one of them; 0: there is no such part. */
uint32_t attach_parts(uint64_t size);
uint32_t attach_part_size(uint64_t size, uint32_t part);

/* What a purpose takes; a type is looked for in it. ret_type is the type to keep. */
bool attach_type_taken(const char *purpose, const char *sniffed, const char **ret_type);
bool attach_purpose_known(const char *purpose);
#endif
