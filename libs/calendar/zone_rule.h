/*
 * The POSIX rule at the end of a TZif file («CET-1CEST,M3.5.0,M10.5.0/3»), which gives the years behind its table, with
 * the extensions of RFC 8536 (quoted names, hours up to ±167). Used by zone.c and its tests. Pure.
 */
#ifndef WB_CALENDAR_ZONE_RULE_H
#define WB_CALENDAR_ZONE_RULE_H
#include "calendar/calendar.h"

enum wb_zone_rule_kind { WB_ZONE_RULE_MONTH, WB_ZONE_RULE_JULIAN, WB_ZONE_RULE_DAY };

struct wb_zone_rule_date {
	enum wb_zone_rule_kind kind;
	int32_t month, week, weekday; /* MONTH: 1 … 12, 1 … 5 (5: the last), 0 Sunday … 6 */
	int32_t day;                  /* JULIAN: 1 … 365, never the leap day; DAY: 0 … 365 */
	int32_t time_s;               /* local time of the change, by the clock before it */
};

struct wb_zone_rule {
	bool dst;
	int32_t std_offset_s; /* local minus UTC (the text says it the other way round) */
	int32_t dst_offset_s;
	struct wb_zone_rule_date start, end; /* of daylight saving time */
};

/* Reads a rule; false when it is not one. */
bool wb_zone_rule_parse(const char *text, struct wb_zone_rule *ret);
/* The two changes of a year (1900 … 2199) in ascending order. Only where dst. */
void wb_zone_rule_year(const struct wb_zone_rule *rule, int32_t year, struct wb_zone_transition ret[static 2]);
#endif
