/* What survey owes: the survey itself, the form's grade, the next round and the close (both intake's). */
#include "services/survey/survey.h"
#include "services/survey/tables.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "weibao/v1/survey_commands.pb-c.h"

static void act_ask(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__AskSurvey *c = WB_ARENA_NEW(e->arena, Weibao__V1__AskSurvey);
	if (!c)
		return;
	weibao__v1__ask_survey__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	c->round = row->n;
	wb_errand_send(e, NULL, &c->base);
}

static void act_form(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__CountFormGrade *c = WB_ARENA_NEW(e->arena, Weibao__V1__CountFormGrade);
	if (!c)
		return;
	weibao__v1__count_form_grade__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	c->round = row->n;
	wb_errand_send(e, NULL, &c->base);
}

static void act_round(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__StartRound *c = WB_ARENA_NEW(e->arena, Weibao__V1__StartRound);
	const Survey *s = survey_get(e->db, row->tenant, row->ref, e->arena);
	if (!c || !s)
		return;
	weibao__v1__start_round__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	c->round = row->n + 1;
	c->cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED;
	c->started_at = survey_present(s)->answered_at; /* the unsatisfied answer's: where its clocks begin */
	wb_errand_send(e, "intake", &c->base);
}

static void act_close(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__CloseTicket *c = WB_ARENA_NEW(e->arena, Weibao__V1__CloseTicket);
	const Survey *s = survey_get(e->db, row->tenant, row->ref, e->arena);
	if (!c || !s)
		return;
	weibao__v1__close_ticket__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	c->round = row->n;
	c->reason = survey_present(s)->not_reached ? WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_NOT_REACHED
	                                           : WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP;
	wb_errand_send(e, "intake", &c->base);
}

const struct wb_todo_def survey_todos[] = {{SURVEY_TODO_ASK, act_ask}, {SURVEY_TODO_FORM, act_form},
        {SURVEY_TODO_ROUND, act_round}, {SURVEY_TODO_CLOSE, act_close}};
_Static_assert(sizeof survey_todos / sizeof survey_todos[0] == SURVEY_TODOS_N, "counted");
