#include "calendar/zone_rule.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Three letters or more, or anything plain between < and >. */
static bool name_skip(const char **p)
{
	const char *s = *p;

	if (*s == '<') {
		for (s++; is_alpha(*s) || is_digit(*s) || *s == '+' || *s == '-'; s++)
			;
		if (*s != '>' || s - *p < 2)
			return false;
		*p = s + 1;
		return true;
	}
	while (is_alpha(*s))
		s++;
	if (s - *p < 3)
		return false;
	*p = s;
	return true;
}

static bool number(const char **p, int32_t min, int32_t max, int32_t *ret)
{
	int32_t v = 0, digits = 0;

	for (; is_digit(**p) && digits < 4; (*p)++, digits++)
		v = v * 10 + (**p - '0');
	if (digits == 0 || v < min || v > max)
		return false;
	*ret = v;
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool time_read(const char **p, int32_t hours_max, int32_t *ret)
{
	int32_t sign = **p == '-' ? -1 : 1, h, m = 0, s = 0;

	if (**p == '-' || **p == '+')
		(*p)++;
	if (!number(p, 0, hours_max, &h))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!number(p, 0, 59, &m))
			return false;
		if (**p == ':') {
			(*p)++;
			if (!number(p, 0, 59, &s))
				return false;
		}
	}
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool expect(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool date_read(const char **p, struct wb_zone_rule_date *ret)
{
	struct wb_zone_rule_date d = {.time_s = 7200};

	if (!expect(p, ','))
		return false;
	if (**p == 'M') {
		(*p)++;
		d.kind = WB_ZONE_RULE_MONTH;
		if (!number(p, 1, 12, &d.month) || !expect(p, '.') || !number(p, 1, 5, &d.week) || !expect(p, '.') ||
		        !number(p, 0, 6, &d.weekday))
			return false;
	} else if (**p == 'J') {
		(*p)++;
		d.kind = WB_ZONE_RULE_JULIAN;
		if (!number(p, 1, 365, &d.day))
			return false;
	} else {
		d.kind = WB_ZONE_RULE_DAY;
		if (!number(p, 0, 365, &d.day))
			return false;
	}
	if (**p == '/') {
		(*p)++;
		if (!time_read(p, 167, &d.time_s))
			return false;
	}
	*ret = d;
	return true;
}

bool wb_zone_rule_parse(const char *text, struct wb_zone_rule *ret)
{
	struct wb_zone_rule r = {.dst = false};
	const char *p = text;
	int32_t west;

	if (!name_skip(&p) || !time_read(&p, 24, &west))
		return false;
	r.std_offset_s = -west;
	if (*p != '\0') {
		r.dst = true;
		r.dst_offset_s = r.std_offset_s + 3600;
		if (!name_skip(&p))
			return false;
		if (*p != ',') {
			if (!time_read(&p, 24, &west))
				return false;
			r.dst_offset_s = -west;
		}
		if (!date_read(&p, &r.start) || !date_read(&p, &r.end) || *p != '\0')
			return false;
	}
	if (r.std_offset_s < -WB_CALENDAR_OFFSET_MAX_S || r.std_offset_s > WB_CALENDAR_OFFSET_MAX_S ||
	        r.dst_offset_s < -WB_CALENDAR_OFFSET_MAX_S || r.dst_offset_s > WB_CALENDAR_OFFSET_MAX_S)
		return false;
	*ret = r;
	return true;
}

static int32_t day_of(int32_t year, int32_t month, int32_t day)
{
	struct wb_date date = {.year = year, .month = (uint8_t)month, .day = (uint8_t)day};
	int32_t ret = 0;

	WB_ASSERT(wb_day_of_date(date, &ret) == WB_OK);
	return ret;
}

static bool is_leap(int32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t rule_day(const struct wb_zone_rule_date *d, int32_t year)
{
	int32_t first = 0, day = 0;

	switch (d->kind) {
	case WB_ZONE_RULE_JULIAN:
		return day_of(year, 1, 1) + d->day - 1 + (d->day >= 60 && is_leap(year));
	case WB_ZONE_RULE_DAY:
		return day_of(year, 1, 1) + d->day;
	case WB_ZONE_RULE_MONTH:
		break;
	}
	first = day_of(year, d->month, 1);
	/* Its weekdays begin with Sunday, ours with Monday. */
	day = first + (d->weekday + 6 - (int32_t)wb_day_weekday(first)) % 7;
	if (day < first)
		day += 7;
	day += (d->week - 1) * 7;
	/* «The fifth» is the last: one week back where the month has only four. */
	if (wb_day_date(day).month != d->month)
		day -= 7;
	return day;
}

static int64_t rule_at(const struct wb_zone_rule_date *d, int32_t year, int32_t offset_before_s)
{
	return rule_day(d, year) * WB_DAY_US + (d->time_s - offset_before_s) * WB_SECOND_US;
}

void wb_zone_rule_year(const struct wb_zone_rule *rule, int32_t year, struct wb_zone_transition ret[static 2])
{
	struct wb_zone_transition on = {rule_at(&rule->start, year, rule->std_offset_s), rule->dst_offset_s};
	struct wb_zone_transition off = {rule_at(&rule->end, year, rule->dst_offset_s), rule->std_offset_s};
	bool north = on.at_us < off.at_us;

	ret[0] = north ? on : off;
	ret[1] = north ? off : on;
}
