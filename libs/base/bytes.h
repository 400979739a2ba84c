/* A view of bytes owned by someone else: pointer and length, never NUL-terminated by promise. */
#ifndef WB_BASE_BYTES_H
#define WB_BASE_BYTES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_bytes {
	const uint8_t *data;
	size_t len;
};

/* Equal length and content. */
bool wb_bytes_equal(struct wb_bytes a, struct wb_bytes b);
/* The bytes of a C string without its NUL; NULL gives the empty view. */
struct wb_bytes wb_bytes_str(const char *s);

/* Big-endian integers, as they stand in keys and records. */
void wb_be16_put(uint8_t *p, uint16_t v);
void wb_be32_put(uint8_t *p, uint32_t v);
void wb_be64_put(uint8_t *p, uint64_t v);
uint16_t wb_be16_get(const uint8_t *p);
uint32_t wb_be32_get(const uint8_t *p);
uint64_t wb_be64_get(const uint8_t *p);

/* Lower-case hex: ret_text holds 2 * len + 1 chars. */
void wb_hex(const void *data, size_t len, char *ret_text);
/* Reads exactly 2 * len hex digits; false on anything else. */
bool wb_unhex(const char *text, void *ret_data, size_t len);

/* Whether len bytes are valid UTF-8 (no overlong forms, no surrogates) without a NUL. */
bool wb_utf8_valid(const void *data, size_t len);
#endif
