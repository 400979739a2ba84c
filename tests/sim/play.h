/*
 * A play: the demo's world and stories in a simulated cell in a folder of its own, with kills, and what must hold
 * after. For the sim tests and for ./dev sim. One thread.
 */
#ifndef WB_TESTS_PLAY_H
#define WB_TESTS_PLAY_H
#include "ops/demo/story.h"
#include "ops/demo/world.h"

struct play {
	unsigned kill_every; /* steps; 0: nothing is killed */
	char dir[64];
	struct world w;
	struct agenda *a;
	unsigned step;
	char why[256];
};
/* Makes the world and plans the faults of that many days; kills go round all services and the journal. */
void play_begin(struct play *p, uint64_t seed, int64_t days);
/* Plays to the end of that day, counted from the start. */
void play_until(struct play *p, int64_t day);
/* The transport is good again, and time enough passes for what was lost to be sent again. */
void play_heal(struct play *p);
/* What must hold: no to-do is stuck, and each projection is the fold of the whole log. NULL: it does. */
const char *play_check(struct play *p);
/* Stops the cell cleanly; the folder stays. */
void play_stop(struct play *p);
void play_remove(struct play *p);
/* Both. */
void play_end(struct play *p);
#endif
