/* sla-timer as a value: its commands with their turns and roles, and its rooms. */
#include "services/sla-timer/tables.h"

static const struct wb_id zero;

#define TICKET_TURNS(fn, Type)                                                                                         \
	static void fn(struct wb_turns *t, const char *tenant, const void *command)                                    \
	{                                                                                                              \
		const Weibao__V1__##Type *c = command;                                                                 \
		(void)tenant;                                                                                          \
		wb_turn_write(t, WB_SLA_STREAM_CLOCKS, wb_id_of_field(c->ticket_id));                                  \
	}
TICKET_TURNS(advance_turns, AdvanceClocks)
TICKET_TURNS(judge_turns, JudgeClock)
TICKET_TURNS(lapse_turns, LapseException)
TICKET_TURNS(suspend_turns, SuspendClock)
TICKET_TURNS(resume_turns, ResumeClock)
TICKET_TURNS(propose_turns, ProposeException)
TICKET_TURNS(agree_turns, AgreeException)
TICKET_TURNS(decline_turns, DeclineException)

static void policy_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_write(t, WB_SLA_STREAM_POLICY, zero);
}

/* A new calendar has an id of its own and is in nobody's way. What comes is the command, or what was made of it. */
static void calendar_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__CalendarReady *ready =
	        m->descriptor == &weibao__v1__calendar_ready__descriptor ? command : NULL;
	struct wb_id id = zero;
	(void)tenant;
	if (ready && ready->save && ready->save->has_calendar_id)
		id = wb_id_of_field(ready->save->calendar_id);
	if (ready && ready->holidays)
		id = wb_id_of_field(ready->holidays->calendar_id);
	if (wb_id_is_zero(id))
		wb_turn_write_name(t, WB_SLA_STREAM_CALENDAR, (struct wb_bytes){(const uint8_t *)"new", 3});
	else
		wb_turn_write(t, WB_SLA_STREAM_CALENDAR, id);
}

#define KEEPERS (WB_ROLE(PRINCIPAL) | WB_ROLE(MANAGER))
#define CLIENT (WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(LINK))
static const struct wb_command_def commands[] = {
        {&weibao__v1__save_policy__descriptor, policy_turns, wb_sla_save_policy, KEEPERS, WB_TENANT_CLIENT},
        {&weibao__v1__save_calendar__descriptor, calendar_turns, wb_sla_save_calendar, KEEPERS, WB_TENANT_CLIENT},
        {&weibao__v1__import_holidays__descriptor, calendar_turns, wb_sla_import_holidays, KEEPERS, WB_TENANT_CLIENT},
        {&weibao__v1__make_defaults__descriptor, policy_turns, wb_sla_make_defaults, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__advance_clocks__descriptor, advance_turns, wb_sla_advance_clocks, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__judge_clock__descriptor, judge_turns, wb_sla_judge_clock, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__lapse_exception__descriptor, lapse_turns, wb_sla_lapse_exception, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__suspend_clock__descriptor, suspend_turns, wb_sla_suspend_clock, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__resume_clock__descriptor, resume_turns, wb_sla_resume_clock, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__propose_exception__descriptor, propose_turns, wb_sla_propose_exception, WB_STAFF,
                WB_TENANT_CLIENT},
        {&weibao__v1__agree_exception__descriptor, agree_turns, wb_sla_agree_exception, CLIENT, WB_TENANT_CLIENT},
        {&weibao__v1__decline_exception__descriptor, decline_turns, wb_sla_decline_exception, CLIENT, WB_TENANT_CLIENT},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
const struct wb_service wb_sla_timer_service = {
        .name = "sla-timer",
        .fold_version = WB_FOLD_VERSION,
        .tables = wb_sla_tables,
        .n_tables = WB_SLA_TABLES,
        .commands = commands,
        .n_commands = COUNT(commands),
        .queries = wb_sla_queries,
        .n_queries = WB_SLA_QUERIES,
        .evolve = wb_sla_evolve,
        .n_evolve = WB_SLA_EVOLVES,
        .todos = wb_sla_todos,
        .n_todos = WB_SLA_TODOS,
        .effects = &wb_sla_effects,
};
