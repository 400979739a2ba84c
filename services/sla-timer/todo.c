/* What is due becomes a command of the service's own. */
#include "services/sla-timer/tables.h"
#include "wire/unpack.h"

static void *body_of(struct wb_errand *e, const struct wb_todo *row, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *m;
	return wb_unpack(type, row->body, e->arena, &wb_unpack_internal, &m) == WB_OK ? m : NULL;
}

static void act_clock(struct wb_errand *e, const struct wb_todo *row)
{
	const Weibao__V1__ClockRef *ref = body_of(e, row, &weibao__v1__clock_ref__descriptor);
	WB_SLA_NEW(e->arena, JudgeClock, judge_clock, c);
	if (!ref)
		return;
	c->ticket_id = ref->ticket_id;
	c->clock_id = wb_field_of_id(e->arena, row->ref);
	wb_errand_send(e, NULL, &c->base);
}

static void act_exception(struct wb_errand *e, const struct wb_todo *row)
{
	const Weibao__V1__ClockRef *ref = body_of(e, row, &weibao__v1__clock_ref__descriptor);
	WB_SLA_NEW(e->arena, LapseException, lapse_exception, c);
	if (!ref)
		return;
	c->ticket_id = ref->ticket_id;
	c->exception_id = wb_field_of_id(e->arena, row->ref);
	wb_errand_send(e, NULL, &c->base);
}

static void act_advance(struct wb_errand *e, const struct wb_todo *row)
{
	WB_SLA_NEW(e->arena, AdvanceClocks, advance_clocks, c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	wb_errand_send(e, NULL, &c->base);
}

static void act_defaults(struct wb_errand *e, const struct wb_todo *row)
{
	const Weibao__V1__MakeDefaults *c = body_of(e, row, &weibao__v1__make_defaults__descriptor);
	if (c)
		wb_errand_send(e, NULL, &c->base);
}

const struct wb_todo_def wb_sla_todos[] = {
        {WB_SLA_TODO_CLOCK, act_clock},
        {WB_SLA_TODO_FACTS, act_advance},
        {WB_SLA_TODO_APPOINTMENT, act_advance},
        {WB_SLA_TODO_EXCEPTION, act_exception},
        {WB_SLA_TODO_DEFAULTS, act_defaults},
};
