/* Calendars, instants and spans in the words of the table tests of libs/calendar. */
#ifndef WB_TESTS_CALENDAR_MADE_H
#define WB_TESTS_CALENDAR_MADE_H
#include "calendar/terms.h"

#define H(h) ((uint32_t)((h)*3600))
#define HM(h, m) ((uint32_t)((h)*3600 + (m)*60))
#define OPEN(a, b)                                                                                                     \
	{                                                                                                              \
		.n = 1, .w = { {(a), (b)} }                                                                            \
	}
#define OPEN2(a, b, c, d)                                                                                              \
	{                                                                                                              \
		.n = 2, .w = { {(a), (b)}, {(c), (d)} }                                                                \
	}
#define CLOSED                                                                                                         \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}
#define EVERY_DAY(...)                                                                                                 \
	{                                                                                                              \
		__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__              \
	}
#define WORKDAYS(...)                                                                                                  \
	{                                                                                                              \
		__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, CLOSED, CLOSED                        \
	}

/* «2026-02-13 17:00» or with «:30» or «:30.000001» behind, as UTC. Fails the test when it is not one. */
int64_t utc(const char *text);
/* The same as a wall clock eight hours east (the mainland). */
int64_t cn(const char *text);
int32_t day(const char *text);

extern const struct wb_zone_transition shanghai[1], berlin_2026[3], new_york_2026[3], lord_howe_2026[3];
#define IN(zone_data)                                                                                                  \
	.transitions = (zone_data), .transitions_n = sizeof(zone_data) / sizeof((zone_data)[0]),                       \
	.horizon_until_us = WB_CALENDAR_MAX_US
#endif
