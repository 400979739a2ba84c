#include "calendar/date.h"

/* Years begin in March here, so that the leap day is the last of its year. */
#define ERA_DAYS 146097
#define EPOCH_SHIFT 719468 /* 0000-03-01 to 1970-01-01 */

static int32_t days_in_month(int32_t year, uint32_t month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

enum wb_err wb_day_of_date(struct wb_date date, int32_t *ret_day)
{
	if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days_in_month(date.year, date.month))
		return WB_ERR_INVALID;
	if (date.year < 1900 || date.year > 2199)
		return WB_ERR_LIMIT;
	int32_t y = date.year - (date.month <= 2);
	int32_t era = y / 400, year_of_era = y % 400;
	int32_t month = (date.month + 9) % 12;
	int32_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	*ret_day = era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
	return WB_OK;
}

struct wb_date wb_day_date(int32_t day)
{
	WB_ASSERT(day >= WB_DAY_MIN - 400 && day < WB_DAY_MAX + 400);
	int32_t z = day + EPOCH_SHIFT;
	int32_t era = z / ERA_DAYS, day_of_era = z % ERA_DAYS;
	int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int32_t month = (5 * day_of_year + 2) / 153;
	struct wb_date d;

	d.day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
	d.month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	d.year = era * 400 + year_of_era + (d.month <= 2);
	return d;
}

uint32_t wb_day_weekday(int32_t day)
{
	/* Day 0 was a Thursday. */
	int32_t w = (day % 7 + 3) % 7;

	return (uint32_t)(w < 0 ? w + 7 : w);
}

static bool digits_read(const char *text, size_t n, int32_t *ret)
{
	int32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (text[i] - '0');
	}
	*ret = v;
	return true;
}

enum wb_err wb_day_parse(const char *text, size_t len, int32_t *ret_day)
{
	int32_t y, m, d;

	if (len != WB_DATE_TEXT_BYTES - 1 || text[4] != '-' || text[7] != '-')
		return WB_ERR_INVALID;
	if (!digits_read(text, 4, &y) || !digits_read(text + 5, 2, &m) || !digits_read(text + 8, 2, &d))
		return WB_ERR_INVALID;
	return wb_day_of_date((struct wb_date){.year = y, .month = (uint8_t)m, .day = (uint8_t)d}, ret_day);
}

static void digits_put(char *text, size_t n, uint32_t v)
{
	for (size_t i = n; i > 0; i--, v /= 10)
		text[i - 1] = (char)('0' + v % 10);
}

void wb_day_text(int32_t day, char ret_text[static WB_DATE_TEXT_BYTES])
{
	struct wb_date d = wb_day_date(day);

	digits_put(ret_text, 4, (uint32_t)d.year);
	ret_text[4] = '-';
	digits_put(ret_text + 5, 2, d.month);
	ret_text[7] = '-';
	digits_put(ret_text + 8, 2, d.day);
	ret_text[10] = '\0';
}
