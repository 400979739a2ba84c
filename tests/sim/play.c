#include "tests/sim/play.h"

#include "base/clock.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1795392000000000) /* 2026-11-23T00:00:00Z */
#define HEAL_US (120 * WB_SECOND_US)

static const char *const killed[] = {"intake", "dispatch", "sla-timer", "survey", "reporting", "identity"};
#define KILLED (sizeof killed / sizeof killed[0])

static void well(enum wb_err err, const char *what)
{
	if (!err)
		return;
	(void)fprintf(stderr, "play: %s: %s\n", what, wb_err_text(err));
	exit(1);
}

static void maybe_kill(void *ctx)
{
	struct play *p = ctx;
	if (!p->kill_every || ++p->step % p->kill_every)
		return;
	size_t which = p->step / p->kill_every % (KILLED + 1);
	well(which == KILLED ? simcell_kill_journal(p->w.cell) : simcell_kill(p->w.cell, killed[which]), "a kill");
}

void play_begin(struct play *p, uint64_t seed, int64_t days)
{
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/weibao-play-XXXXXX");
	if (!mkdtemp(p->dir))
		well(WB_ERR_IO, "a folder");
	p->w.dir = p->dir;
	p->w.chance = seed;
	const struct simcell_options o = {.dir = p->dir,
	        .services = demo_services,
	        .n_services = DEMO_SERVICES,
	        .start_us = START,
	        .seed = seed,
	        .fast = true};
	well(simcell_open(&o, &p->w.cell), "the cell");
	drive_init(&p->w.d, p->w.cell);
	world_make(&p->w);
	p->a = agenda_new(&p->w, simcell_now(p->w.cell), START + days * WB_DAY_US);
	well(p->a ? WB_OK : WB_ERR_MEMORY, "the agenda");
	agenda_before_step(p->a, maybe_kill, p);
}

void play_until(struct play *p, int64_t day)
{
	agenda_play(p->a, START + day * WB_DAY_US);
}

void play_heal(struct play *p)
{
	simcell_faults(p->w.cell, (struct simcell_faults){.feed_lost = 0});
	simcell_advance(p->w.cell, HEAL_US);
}

const char *play_check(struct play *p)
{
	if (!simcell_settle(p->w.cell))
		return "the cell does not come to rest";
	for (size_t i = 0; i < KILLED; i++) {
		struct wb_runtime_stats s;
		wb_runtime_stats(simcell_runtime(p->w.cell, killed[i]), &s);
		enum wb_err err = simcell_refold(p->w.cell, killed[i]);
		if (s.todos_backing_off)
			(void)snprintf(p->why, sizeof p->why, "%s: %llu to-dos back off", killed[i],
			        (unsigned long long)s.todos_backing_off);
		else if (err)
			(void)snprintf(p->why, sizeof p->why, "%s folded anew: %s", killed[i], wb_err_text(err));
		else
			continue;
		return p->why;
	}
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

void play_stop(struct play *p)
{
	agenda_free(p->a);
	drive_done(&p->w.d);
	simcell_close(p->w.cell);
}

void play_remove(struct play *p)
{
	(void)nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void play_end(struct play *p)
{
	play_stop(p);
	play_remove(p);
}
