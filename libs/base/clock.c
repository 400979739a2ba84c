#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
	struct timespec ts = {0, 0};
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * WB_SECOND_US + ts.tv_nsec / 1000;
}

static int64_t system_wall(void *ctx)
{
	(void)ctx;
	return now_us(CLOCK_REALTIME);
}

static int64_t system_boot(void *ctx)
{
	(void)ctx;
	return now_us(CLOCK_BOOTTIME);
}

struct wb_clock wb_clock_system(void)
{
	return (struct wb_clock){system_wall, system_boot, NULL};
}
