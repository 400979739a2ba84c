/* Shifts stand in local time: the zone's rules are read here, before the decision, and become data of the event. */
#include "service/effects.h"
#include "calendar/zone.h"
#include "services/dispatch/core.h"
#include "weibao/v1/dispatch_commands.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define JOB_ARENA_BYTES (4u << 20)

struct zone_job {
	struct wb_arena arena; /* outlives the command's while a thread works */
	const Weibao__V1__SaveShifts *save;
	const char *name;
	int64_t from_us, until_us;
	struct wb_zone zone;
	bool known;
};

static void *zone_begin(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__SaveShifts *c = command;
	struct zone_job *job = calloc(1, sizeof *job);
	(void)state;
	if (!job)
		return NULL;
	wb_arena_init(&job->arena, JOB_ARENA_BYTES);
	job->save = c;
	job->name = wb_arena_str(&job->arena, c->zone);
	wb_zone_horizon(d->now_us, &job->from_us, &job->until_us);
	return job;
}

static void zone_work(void *state, void *arg)
{
	struct zone_job *job = arg;
	(void)state;
	job->known = job->name &&
	             wb_zone_read(NULL, job->name, job->from_us, job->until_us, &job->arena, &job->zone) == WB_OK;
}

static const ProtobufCMessage *zone_end(void *state, void *arg, struct wb_arena *arena)
{
	struct zone_job *job = arg;
	Weibao__V1__ShiftsReady *r = WB_ARENA_NEW(arena, Weibao__V1__ShiftsReady);
	uint32_t n = job->known ? job->zone.transitions_n : 0;
	(void)state;
	if (r) {
		weibao__v1__shifts_ready__init(r);
		r->save = (Weibao__V1__SaveShifts *)(uintptr_t)job->save;
		r->transition_at = WB_ARENA_ARRAY(arena, int64_t, n + 1);
		r->offset_s = WB_ARENA_ARRAY(arena, int32_t, n + 1);
	}
	if (r && r->transition_at && r->offset_s && n) {
		for (uint32_t i = 0; i < n; i++) {
			r->transition_at[i] = job->zone.transitions[i].at_us;
			r->offset_s[i] = job->zone.transitions[i].offset_s;
		}
		r->n_transition_at = r->n_offset_s = n;
		r->tz_version = wb_arena_str(arena, job->zone.version);
	}
	wb_arena_done(&job->arena);
	free(job);
	return r ? &r->base : NULL;
}

static void *state_open(const char *dir, struct wb_random random)
{
	static char none;
	(void)dir;
	(void)random;
	return &none; /* there is no state; NULL would be a failure */
}

static void state_close(void *state)
{
	(void)state;
}

static const struct wb_effect_def defs[] = {
        {&weibao__v1__save_shifts__descriptor, zone_begin, zone_work, zone_end},
};
const struct wb_effects dp_effects = {
        .open = state_open, .close = state_close, .defs = defs, .n_defs = sizeof defs / sizeof defs[0]};
