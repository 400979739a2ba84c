/*
 * What a decision says, gathered: events, conditions, refusal. Used by the runtime and by tests that decide without
 * one. Everything lives in the decision's arena. Limits: WB_DECISION_EVENTS, WB_DECISION_CONDITIONS; past them it is
 * COMMAND_TOO_LARGE, never a part of it.
 */
#ifndef WB_SERVICE_DECISION_H
#define WB_SERVICE_DECISION_H
#include "service/service.h"

#define WB_DECISION_EVENTS 512
#define WB_DECISION_CONDITIONS 64
#define WB_DECISION_ARGUMENTS 8

struct wb_emitted {
	struct wb_emitted *next;
	const char *stream_kind;
	struct wb_id stream_id;
	uint64_t expected_version;
	const ProtobufCMessage *event;
	bool has_occurred;
	int64_t occurred_at;
};
struct wb_conditioned {
	struct wb_conditioned *next;
	const char *tenant; /* NULL: the command's */
	const char *stream_kind;
	struct wb_id stream_id;
	uint64_t version;
};

/* Counters that run ahead of the projection, by tenant and name. */
struct wb_counters;
struct wb_counters *wb_counters_new(void);
void wb_counters_free(struct wb_counters *c);

struct wb_decision_out {
	struct wb_emitted *events, **events_tail;
	size_t n_events;
	struct wb_conditioned *conditions;
	size_t n_conditions;
	bool refused;
	enum wb_refusal refusal;
	const char *path;
	struct {
		const char *name, *value;
	} arguments[WB_DECISION_ARGUMENTS];
	size_t n_arguments;
	bool already;
	bool too_large;
	uint32_t new_ids;
	struct wb_counters *counters; /* borrowed */
};

void wb_decision_out_init(struct wb_decision_out *out, struct wb_counters *counters);
#endif
