/* What dispatch owes: cancelling a visit whose ticket is over, unless somebody is under way. */
#include "services/dispatch/core.h"
#include "wire/unpack.h"
#include "weibao/v1/dispatch_commands.pb-c.h"

void dp_act_cancel_visit(struct wb_errand *e, const struct wb_todo *todo)
{
	Weibao__V1__CancelVisit *c = WB_ARENA_NEW(e->arena, Weibao__V1__CancelVisit);
	ProtobufCMessage *m;
	if (!c || wb_unpack(&weibao__v1__visit_todo_row__descriptor, todo->body, e->arena, &wb_unpack_internal, &m) !=
	                  WB_OK)
		return;
	const Weibao__V1__VisitTodoRow *row = (const Weibao__V1__VisitTodoRow *)m;
	weibao__v1__cancel_visit__init(c);
	c->ticket_id = row->ticket_id;
	c->round = row->round;
	c->visit_id = row->visit_id;
	c->reason = row->reason;
	wb_errand_send(e, NULL, &c->base);
}
