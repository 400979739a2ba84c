/*
 * The slow oracle of libs/calendar: steps through a span second by second and asks for each whether it lies in a
 * window. Shares nothing with the library but the data that describes a calendar; its dates, zones, windows and clocks
 * are worked out anew, the simplest way there is.
 */
#ifndef WB_TESTS_CALENDAR_ORACLE_H
#define WB_TESTS_CALENDAR_ORACLE_H
#include "calendar/terms.h"

#define ORACLE_WINDOWS_MAX 1024
#define ORACLE_SECONDS_MAX (40 * 86400)

struct oracle_window {
	int64_t start_local_s, end_local_s;
	int64_t first_s, last_s; /* seconds (UTC) that it covers; first_s > last_s: none */
	int32_t day;
};

struct oracle {
	const struct wb_calendar *cal;
	int64_t base_s;                         /* UTC second of element 0 */
	int64_t n;                              /* seconds */
	bool open[ORACLE_SECONDS_MAX];          /* whether a second is service time */
	int32_t before[ORACLE_SECONDS_MAX + 1]; /* open seconds before each */
	struct oracle_window w[ORACLE_WINDOWS_MAX];
	int w_n;
};

/* Steps through n seconds from base_s. What is asked later must keep four days from both ends. */
void oracle_build(struct oracle *o, const struct wb_calendar *cal, int64_t base_s, int64_t n);
bool oracle_open(const struct oracle *o, int64_t at_us);
int64_t oracle_between(const struct oracle *o, int64_t from_us, int64_t to_us);
int32_t oracle_local_day(const struct oracle *o, int64_t at_us);
/* The end of the n-th service day; false when it lies too near to the end of what was stepped through. */
bool oracle_service_days(const struct oracle *o, int64_t from_us, uint32_t n, int64_t *ret_us);

struct oracle_clock {
	bool known;  /* false: ran out of seconds */
	bool frozen; /* an open suspension holds it */
	int64_t ticked_us;
	int64_t deadline_us;
};

/* Lets a clock of amount_us run from start_us, tick by tick. */
struct oracle_clock oracle_run(
        const struct oracle *o, int64_t start_us, int64_t amount_us, const struct wb_suspension *susp, size_t susp_n);
/* What has ticked until now_us, with the suspensions that begin not after deadline_us. */
int64_t oracle_ticked(const struct oracle *o, int64_t start_us, int64_t now_us, int64_t deadline_us,
        const struct wb_suspension *susp, size_t susp_n);
#endif
