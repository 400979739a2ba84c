/*
 * Civil dates as day numbers: days since 1970-01-01 in the proleptic Gregorian calendar, without any zone.
 *
 * Pure integer arithmetic: no clock, no locale, no allocation; safe in decide and evolve, from any thread.
 * Source of the idea: Howard Hinnant, «chrono-compatible low-level date algorithms» (eras of 400 years).
 */
#ifndef WB_CALENDAR_DATE_H
#define WB_CALENDAR_DATE_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WB_DAY_MIN (-25567)   /* 1900-01-01: the first date that this house can name */
#define WB_DAY_MAX 84006      /* 2200-01-01: the first date that it cannot */
#define WB_DATE_TEXT_BYTES 11 /* 2026-02-14 and a NUL */
#define WB_DAY_SECONDS 86400

struct wb_date {
	int32_t year;
	uint8_t month; /* 1 … 12 */
	uint8_t day;   /* 1 … 31 */
};

/* The day number of a date. WB_ERR_INVALID when there is no such date (2027-02-29), WB_ERR_LIMIT outside
 * WB_DAY_MIN … WB_DAY_MAX - 1. */
enum wb_err wb_day_of_date(struct wb_date date, int32_t *ret_day) WB_MUST_CHECK;
/* The date of a day number in WB_DAY_MIN - 400 … WB_DAY_MAX + 400 (asserted: day numbers are made here). */
struct wb_date wb_day_date(int32_t day);
/* 0 Monday … 6 Sunday, of any day number. */
uint32_t wb_day_weekday(int32_t day);
/* Reads exactly YYYY-MM-DD; WB_ERR_INVALID on anything else, WB_ERR_LIMIT as above. */
enum wb_err wb_day_parse(const char *text, size_t len, int32_t *ret_day) WB_MUST_CHECK;
/* Writes YYYY-MM-DD and a NUL; the range of wb_day_date. */
void wb_day_text(int32_t day, char ret_text[static WB_DATE_TEXT_BYTES]);
#endif
