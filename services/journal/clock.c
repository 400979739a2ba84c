/*
 * The journal's time. recorded_at never goes back; a wall clock that steps forward is not believed.
 *
 * The boot clock cannot be stepped, so wall - boot stays where it is unless somebody sets the wall clock. The greatest
 * offset that was believed is kept; it may rise by at most the limit in an hour without an operator. A step back needs
 * no alarm: the stamps hold until the wall has come up to them again.
 */
#include "private.h"

static int64_t wall(struct wb_journal *j)
{
	return j->options.clock.wall_us(j->options.clock.ctx);
}

static int64_t boot(struct wb_journal *j)
{
	return j->options.clock.boot_us(j->options.clock.ctx);
}

void wb_journal_clock_open(struct wb_journal *j)
{
	wb_journal_clock_believe(j);
	if (j->head && wall(j) - j->recorded_us > j->options.start_gap_us_max)
		j->clock_suspect = true;
}

void wb_journal_clock_look(struct wb_journal *j)
{
	int64_t now = boot(j), offset = wall(j) - now;
	if (offset - j->offset_us > j->options.clock_step_us_max) {
		j->clock_suspect = true;
	} else if (now - j->offset_boot_us > WB_HOUR_US) {
		j->offset_boot_us = now;
		if (offset > j->offset_us)
			j->offset_us = offset;
	}
}

void wb_journal_clock_believe(struct wb_journal *j)
{
	j->offset_boot_us = boot(j);
	j->offset_us = wall(j) - j->offset_boot_us;
	j->clock_suspect = false;
}

int64_t wb_journal_stamp(struct wb_journal *j)
{
	int64_t stamp = wall(j);
	int64_t announced = atomic_load_explicit(&j->announced_us, memory_order_relaxed);
	if (stamp <= announced)
		stamp = announced + 1;
	return stamp < j->recorded_us ? j->recorded_us : stamp;
}
