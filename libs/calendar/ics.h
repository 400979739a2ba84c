/*
 * Holidays and moved working days (调休) from an iCalendar file (RFC 5545). NOT pure: libical allocates. It is called
 * before the command; the days then stand in the event.
 *
 * What counts: VEVENTs whose DTSTART is a date; DTEND (exclusive) or DURATION gives the range, else it is one day.
 * STATUS:CANCELLED is left out. An event that repeats (RRULE, RDATE) is refused: days are listed date by date.
 *
 * Whether a day is closed or works is read from, in this order:
 *   X-WEIBAO-DAY:CLOSED or WORK · X-APPLE-SPECIAL-DAY:WORK-HOLIDAY (closed) or ALTERNATE-WORKDAY ·
 *   the SUMMARY, as the mainland's feeds write it: 班 (班, 补班, 上班) is a working day, else 休 or 假 a closed one ·
 *   anything else as the caller says (feeds of other countries name the day only; mixed feeds name remembrance days).
 *
 * The text is input from outside: size, lines, events and days are bounded, and a problem names the event and its line.
 * Threads: libical keeps some state of its own; one call at a time.
 */
#ifndef WB_CALENDAR_ICS_H
#define WB_CALENDAR_ICS_H
#include "base/arena.h"
#include "calendar/calendar.h"

#define WB_ICS_BYTES_MAX (1024 * 1024)
#define WB_ICS_LINE_BYTES_MAX 4096
#define WB_ICS_EVENTS_MAX 4096
#define WB_ICS_EVENT_DAYS_MAX 62 /* a longer «holiday» is a mistake */
#define WB_ICS_NAME_BYTES_MAX 120

enum wb_ics_kind { WB_ICS_CLOSED, WB_ICS_WORK };
enum wb_ics_plain { WB_ICS_PLAIN_IGNORED, WB_ICS_PLAIN_CLOSED }; /* an event that does not say which it is */

struct wb_ics_day {
	int32_t day;
	enum wb_ics_kind kind;
	const char *name; /* the SUMMARY, cut at a character within WB_ICS_NAME_BYTES_MAX; may be empty */
};

struct wb_ics_days {
	struct wb_ics_day *days; /* ascending, each date once */
	size_t n;
	size_t ignored; /* events left out: cancelled, or plain with WB_ICS_PLAIN_IGNORED */
};

#define WB_ICS_PROBLEMS(X)                                                                                             \
	X(NONE, "no problem")                                                                                          \
	X(TOO_LARGE, "the file is too large")                                                                          \
	X(NOT_TEXT, "the file is not UTF-8 text")                                                                      \
	X(LINE_LONG, "a line is too long")                                                                             \
	X(NOT_A_CALENDAR, "the file is not one iCalendar object: BEGIN and END do not match")                          \
	X(EVENTS_MANY, "too many events")                                                                              \
	X(EVENT_MALFORMED, "the event cannot be read")                                                                 \
	X(NO_DATE, "the event has no DTSTART that is a date: only whole days count")                                   \
	X(DATE_RANGE, "the event lies outside 1900 to 2199")                                                           \
	X(END_BEFORE_START, "the event ends before it starts, or not on a date")                                       \
	X(TOO_LONG, "the event covers too many days")                                                                  \
	X(REPEATS, "the event repeats: list its days date by date")                                                    \
	X(KIND_UNKNOWN, "X-WEIBAO-DAY is neither WORK nor CLOSED")                                                     \
	X(CONFLICT, "two events say different things about one date")                                                  \
	X(DAYS_MANY, "too many special days")

enum wb_ics_problem_code {
#define X(name, text) WB_ICS_PROBLEM_##name,
	WB_ICS_PROBLEMS(X)
#undef X
};

struct wb_ics_problem {
	enum wb_ics_problem_code code;
	uint32_t line;  /* from 1: the line, or that of the event's BEGIN:VEVENT; 0: the whole file */
	uint32_t event; /* from 1; 0: none */
	int32_t day;    /* CONFLICT: the date */
};

/* Reads the text. WB_ERR_INVALID: *ret_problem says what is wrong and where (it is written in that case only).
 * WB_ERR_MEMORY: the arena is too small. The days are the arena's. */
enum wb_err wb_ics_read(const void *text, size_t len, enum wb_ics_plain plain, struct wb_arena *arena,
        struct wb_ics_days *ret, struct wb_ics_problem *ret_problem) WB_MUST_CHECK;
/* The name and the text of a code; static, never NULL. */
const char *wb_ics_problem_name(enum wb_ics_problem_code code);
const char *wb_ics_problem_text(enum wb_ics_problem_code code);
#endif
