/*
 * Stories: each ticket of the demo goes its way step by step, many at once, each step at its own instant. The agenda
 * takes the earliest step, moves the clock there and lets somebody act.
 */
#ifndef WB_DEMO_STORY_H
#define WB_DEMO_STORY_H
#include "ops/demo/world.h"

struct agenda;
/* Plans the faults of the days from from_us to until_us. */
struct agenda *agenda_new(struct world *w, int64_t from_us, int64_t until_us);
/* Plays until that instant; stories under way then stay as they are: a demo has open tickets. */
void agenda_play(struct agenda *a, int64_t until_us);
/* Calls fn before each step: tests kill things there. NULL: nobody. */
void agenda_before_step(struct agenda *a, void (*fn)(void *ctx), void *ctx);
size_t agenda_stories(const struct agenda *a);
void agenda_free(struct agenda *a);
#endif
