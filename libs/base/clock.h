/*
 * The clock as a value: whoever needs the time is given one, so that tests and the demo run on a virtual one.
 * Instants are UTC, int64 microseconds since 1970 everywhere.
 */
#ifndef WB_BASE_CLOCK_H
#define WB_BASE_CLOCK_H
#include <stdint.h>

struct wb_clock {
	int64_t (*wall_us)(void *ctx); /* UTC now; may jump */
	int64_t (*boot_us)(void *ctx); /* since boot, suspended time included; never jumps */
	void *ctx;
};

#define WB_SECOND_US INT64_C(1000000)
#define WB_MINUTE_US (60 * WB_SECOND_US)
#define WB_HOUR_US (60 * WB_MINUTE_US)
#define WB_DAY_US (24 * WB_HOUR_US)

/* The machine's clock: CLOCK_REALTIME and CLOCK_BOOTTIME. */
struct wb_clock wb_clock_system(void);
#endif
