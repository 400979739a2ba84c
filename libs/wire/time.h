/*
 * Instants as RFC 3339 text and back: int64 microseconds since 1970 UTC, years 1970 to 9999. Pure, any thread; no
 * time zone files. Days are counted by Howard Hinnant's civil calendar algorithm.
 */
#ifndef WB_WIRE_TIME_H
#define WB_WIRE_TIME_H
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define WB_TIME_TEXT_BYTES 28                      /* "2026-11-23T01:02:03.000004Z" and a NUL */
#define WB_TIME_MAX_US INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

/* Writes the instant with Z; a fraction only if there is one, of 3 or else 6 digits. ERR_LIMIT: not 1970 to 9999. */
WB_MUST_CHECK enum wb_err wb_time_text(int64_t unix_us, char ret_text[static WB_TIME_TEXT_BYTES]);
/*
 * Reads YYYY-MM-DDThh:mm:ss, a fraction of 1 to 9 digits (past the sixth they are cut off), and Z or ±hh:mm.
 * ERR_INVALID: malformed or no such date or time (leap seconds are none); ERR_LIMIT: not 1970 to 9999 in UTC.
 */
WB_MUST_CHECK enum wb_err wb_time_parse(const char *text, size_t len, int64_t *ret_unix_us);
#endif
