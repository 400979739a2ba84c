/*
 * Ids: 16 bytes, UUID text in JSON. Each kind is a struct of its own where mixing would hurt; most code uses wb_id.
 *
 * Ids made by our own screens and to-dos are UUIDv7, so that they begin with their birth time (48-bit milliseconds)
 * and tables keyed by them grow at their end. Derived ids keep the time of what they are derived from.
 */
#ifndef WB_BASE_ID_H
#define WB_BASE_ID_H
#include "base/bytes.h"
#include "base/err.h"

#define WB_ID_BYTES 16
#define WB_ID_TEXT_BYTES 37 /* 36 characters and a NUL */

struct wb_id {
	uint8_t b[WB_ID_BYTES];
};

bool wb_id_equal(struct wb_id a, struct wb_id b);
/* All bytes zero: «none». Streams that a tenant has once (contract, policy …) use it as their id. */
bool wb_id_is_zero(struct wb_id id);
/* 8-4-4-4-12 lower case. */
void wb_id_text(struct wb_id id, char ret_text[static WB_ID_TEXT_BYTES]);
/* Reads UUID text, either case; false on anything else. */
bool wb_id_parse(const char *text, size_t len, struct wb_id *ret_id);
/* From a protobuf bytes field; false unless it has exactly 16 bytes. */
bool wb_id_from_bytes(const void *data, size_t len, struct wb_id *ret_id);
/* The id of the n-th thing named label that base makes: base's first 6 bytes, then SHA-256(base, label, n). Pure. */
struct wb_id wb_id_derive(struct wb_id base, const char *label, uint32_t n);
/* A stable id of some bytes (a natural name, never personal data) under a label. Pure. */
struct wb_id wb_id_of(const char *label, const void *data, size_t len);
/* A UUIDv7 from a time (microseconds since 1970) and 10 random bytes. Pure. */
struct wb_id wb_id_v7(int64_t unix_us, const uint8_t random[static 10]);
/* Whether it is a UUIDv7 (version and variant bits). */
bool wb_id_is_v7(struct wb_id id);
#endif
