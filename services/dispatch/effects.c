/*
 * What dispatch does before it decides. Shifts stand in local time: the zone's rules are read here and become data of
 * the event. What is shown to be signed is bound with a nonce, made here where the command brings none (a phone makes
 * its own offline): a decision has no chance of its own.
 */
#include "service/effects.h"
#include "calendar/zone.h"
#include "services/dispatch/core.h"
#include "base/bytes.h"
#include "seal/commit.h"
#include "weibao/v1/dispatch_commands.pb-c.h"
#include "weibao/v1/dispatch_onsite_commands.pb-c.h"

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

struct state {
	struct wb_random random;
};

/* ---- nonces ---- */

struct nonce_job {
	const ProtobufCMessage *command;
	char hex[2 * WB_COMMIT_NONCE_BYTES + 1];
};

static const ProtobufCFieldDescriptor *nonce_field(const ProtobufCMessage *m)
{
	return protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "nonce");
}

static void *nonce_begin(void *arg, const struct wb_decision *d, const void *command)
{
	struct state *s = arg;
	uint8_t raw[WB_COMMIT_NONCE_BYTES];
	const Weibao__V1__Personal *given;
	(void)d;
	memcpy(&given, (const char *)command + nonce_field(command)->offset, sizeof given);
	struct nonce_job *job = given ? NULL : calloc(1, sizeof *job); /* until nonce_end */
	if (!job)
		return NULL;
	s->random.fill(s->random.ctx, raw, sizeof raw);
	wb_hex(raw, sizeof raw, job->hex);
	job->command = command;
	return job;
}

/* A shallow copy of the command with the nonce in it. */
static const ProtobufCMessage *nonce_end(void *arg, void *ctx, struct wb_arena *arena)
{
	struct nonce_job *job = ctx;
	const ProtobufCMessageDescriptor *type = job->command->descriptor;
	ProtobufCMessage *copy = wb_arena_alloc(arena, type->sizeof_message);
	Weibao__V1__Personal *nonce = WB_ARENA_NEW(arena, Weibao__V1__Personal);
	(void)arg;
	if (copy && nonce) {
		memcpy(copy, job->command, type->sizeof_message);
		weibao__v1__personal__init(nonce);
		nonce->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
		nonce->plain = wb_arena_str(arena, job->hex);
		memcpy((char *)copy + nonce_field(copy)->offset, &nonce, sizeof nonce);
	}
	free(job);
	return copy && nonce ? copy : NULL;
}

static void *state_open(const char *dir, struct wb_random random)
{
	struct state *s = calloc(1, sizeof *s); /* the process's life */
	(void)dir;
	if (s)
		s->random = random;
	return s;
}

static void state_close(void *state)
{
	free(state);
}

static const struct wb_effect_def defs[] = {
        {&weibao__v1__save_shifts__descriptor, zone_begin, zone_work, zone_end},
        {&weibao__v1__show_format_statement__descriptor, nonce_begin, NULL, nonce_end},
        {&weibao__v1__show_form__descriptor, nonce_begin, NULL, nonce_end},
        {&weibao__v1__take_custody__descriptor, nonce_begin, NULL, nonce_end},
        {&weibao__v1__return_custody__descriptor, nonce_begin, NULL, nonce_end},
        {&weibao__v1__leave_loan__descriptor, nonce_begin, NULL, nonce_end},
        {&weibao__v1__close_repair__descriptor, nonce_begin, NULL, nonce_end},
};
const struct wb_effects dp_effects = {
        .open = state_open, .close = state_close, .defs = defs, .n_defs = sizeof defs / sizeof defs[0]};
