#include "wire/time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)

/* Days since 1970-01-01 of a date of the Gregorian calendar; years from March, so that leap days end them. */
static int64_t days_of(int64_t y, int m, int d)
{
	if (m <= 2)
		y--;
	int64_t era = y / 400, yoe = y % 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(int64_t days, int64_t *ret_y, int *ret_m, int *ret_d)
{
	int64_t z = days + 719468;
	int64_t era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*ret_d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_y = yoe + era * 400 + (*ret_m <= 2 ? 1 : 0);
}

static int days_in_month(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return m == 2 && leap ? 29 : days[m - 1];
}

enum wb_err wb_time_text(int64_t unix_us, char ret_text[static WB_TIME_TEXT_BYTES])
{
	if (unix_us < 0 || unix_us > WB_TIME_MAX_US)
		return WB_ERR_LIMIT;
	int64_t s = unix_us / SECOND_US, y;
	int us = (int)(unix_us % SECOND_US), m, d;
	int in_day = (int)(s % DAY_S);
	date_of(s / DAY_S, &y, &m, &d);
	int n = snprintf(ret_text, WB_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, m, d, in_day / 3600,
	        in_day / 60 % 60, in_day % 60);
	char *end = ret_text + n;
	size_t room = WB_TIME_TEXT_BYTES - (size_t)n;
	if (us == 0)
		(void)snprintf(end, room, "Z");
	else if (us % 1000 == 0)
		(void)snprintf(end, room, ".%03dZ", us / 1000);
	else
		(void)snprintf(end, room, ".%06dZ", us);
	return WB_OK;
}

struct reader {
	const char *at, *end;
	bool bad;
};

static int digits(struct reader *r, int n)
{
	int v = 0;
	for (; n > 0 && !r->bad; n--) {
		if (r->at == r->end || *r->at < '0' || *r->at > '9')
			r->bad = true;
		else
			v = v * 10 + (*r->at++ - '0');
	}
	return v;
}

static bool take(struct reader *r, char c)
{
	if (r->bad || r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void expect(struct reader *r, char c)
{
	if (!take(r, c))
		r->bad = true;
}

static int fraction_us(struct reader *r)
{
	int us = 0, unit = 100000, n = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, n++) {
		us += (*r->at - '0') * unit;
		unit /= 10;
	}
	if (n < 1 || n > 9)
		r->bad = true;
	return us;
}

static int offset_s(struct reader *r)
{
	if (take(r, 'Z') || take(r, 'z'))
		return 0;
	int sign = take(r, '-') ? -1 : 1;
	if (sign > 0)
		expect(r, '+');
	int h = digits(r, 2);
	expect(r, ':');
	int m = digits(r, 2);
	if (h > 23 || m > 59)
		r->bad = true;
	return sign * (h * 3600 + m * 60);
}

enum wb_err wb_time_parse(const char *text, size_t len, int64_t *ret_unix_us)
{
	struct reader r = {text, text + len, false};
	int y = digits(&r, 4);
	expect(&r, '-');
	int mo = digits(&r, 2);
	expect(&r, '-');
	int d = digits(&r, 2);
	if (!take(&r, 'T'))
		expect(&r, 't');
	int h = digits(&r, 2);
	expect(&r, ':');
	int mi = digits(&r, 2);
	expect(&r, ':');
	int s = digits(&r, 2);
	int us = take(&r, '.') ? fraction_us(&r) : 0;
	int offset = offset_s(&r);
	if (r.bad || r.at != r.end || mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo))
		return WB_ERR_INVALID;
	if (h > 23 || mi > 59 || s > 59)
		return WB_ERR_INVALID;
	if (y < 1969)
		return WB_ERR_LIMIT; /* no offset reaches 1970 */
	int64_t seconds = days_of(y, mo, d) * DAY_S + h * 3600 + mi * 60 + s - offset;
	int64_t t = seconds * SECOND_US + us;
	if (t < 0 || t > WB_TIME_MAX_US)
		return WB_ERR_LIMIT;
	*ret_unix_us = t;
	return WB_OK;
}
