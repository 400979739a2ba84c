/* A format without consent opens a complaint at the principal: intake's. */
#include "services/dispatch/onsite.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "wire/unpack.h"

void dp_act_violation(struct wb_errand *e, const struct wb_todo *todo)
{
	Weibao__V1__OpenViolationComplaint *c = WB_ARENA_NEW(e->arena, Weibao__V1__OpenViolationComplaint);
	ProtobufCMessage *m;
	if (!c || wb_unpack(&weibao__v1__violation_todo_row__descriptor, todo->body, e->arena, &wb_unpack_internal,
	                  &m) != WB_OK)
		return;
	const Weibao__V1__ViolationTodoRow *row = (const Weibao__V1__ViolationTodoRow *)m;
	weibao__v1__open_violation_complaint__init(c);
	c->ticket_id = row->ticket_id;
	c->visit_id = row->visit_id;
	c->formatted_at = row->formatted_at;
	wb_errand_send(e, "intake", &c->base);
}
