/* Survey's fold. Of intake and dispatch: where a round stands, who made it, what the signed form said. */
#include "services/survey/survey.h"
#include "services/survey/tables.h"
#include "weibao/v1/identity_events.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <string.h>

#define EV(type) const Weibao__V1__##type *e = payload
#define LINK_DAYS 7
#define ATTEMPTS 3
#define ATTEMPT_DAYS 2

static const struct wb_bytes nothing;

/* Every stream that is folded here has the ticket's id, but those that say it in the event. */
static Survey *survey_of(struct wb_fold *f, const struct wb_event *ev)
{
	return survey_get(f->db, ev->tenant, ev->stream_id, f->arena);
}

static void put(struct wb_fold *f, const struct wb_event *ev, const Survey *s)
{
	struct wb_key k;
	survey_key(&k, ev->tenant, ev->stream_id);
	wb_put_row(f->db, &surveys_table, &k, &s->base);
}

static void mark(struct wb_fold *f, const struct wb_event *ev, const struct wb_table *table, bool there)
{
	struct wb_key k;
	survey_key(&k, ev->tenant, ev->stream_id);
	if (there)
		wb_put(f->db, table, &k, nothing);
	else
		wb_del(f->db, table, &k);
}

static void mark_due(struct wb_fold *f, const struct wb_event *ev, const Round *r, bool there)
{
	struct wb_key k;
	if (!r->has_completed_at)
		return;
	survey_due_key(&k, ev->tenant, r->completed_at, ev->stream_id);
	if (there)
		wb_put(f->db, &due_table, &k, nothing);
	else
		wb_del(f->db, &due_table, &k);
}

static void drop_todos(struct wb_fold *f, const struct wb_event *ev, uint32_t round)
{
	static const char *const kinds[] = {SURVEY_TODO_ASK, SURVEY_TODO_FORM, SURVEY_TODO_ROUND, SURVEY_TODO_CLOSE};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		wb_todo_drop(f, kinds[i], ev->tenant, ev->stream_id, round);
}

/* ---- tickets ---- */

static void on_reported(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(TicketReported);
	Survey s = WEIBAO__V1__SURVEY_ROW__INIT;
	Round first = WEIBAO__V1__SURVEY_ROUND_ROW__INIT, *all[1] = {&first};
	s.ticket_id = e->ticket_id;
	s.number = e->number;
	s.caller_id = e->caller_id;
	s.onsite_contact_id = e->onsite_contact_id;
	s.direct_user_id = e->direct_user_id;
	s.round = first.round = 1;
	s.rounds = all;
	s.n_rounds = 1;
	put(f, ev, &s);
}

static void on_round(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(RoundStarted);
	Survey *s = survey_of(f, ev);
	Round next = WEIBAO__V1__SURVEY_ROUND_ROW__INIT;
	if (!s)
		return;
	Round **all = WB_ARENA_ARRAY(f->arena, Round *, s->n_rounds + 1);
	if (!all)
		return;
	mark_due(f, ev, survey_present(s), false);
	mark(f, ev, &unsatisfied_table, false);
	mark(f, ev, &average_table, false);
	drop_todos(f, ev, s->round);
	for (size_t i = 0; i < s->n_rounds; i++)
		all[i] = s->rounds[i];
	next.round = e->round;
	all[s->n_rounds++] = &next;
	s->rounds = all;
	s->round = e->round;
	s->ended = false;
	put(f, ev, s);
}

static void on_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Survey *s = survey_of(f, ev);
	(void)payload;
	if (!s)
		return;
	s->ended = true;
	mark_due(f, ev, survey_present(s), false);
	mark(f, ev, &unsatisfied_table, false);
	drop_todos(f, ev, s->round);
	put(f, ev, s);
}

/* ---- a round is completed ---- */

static void complete(struct wb_fold *f, const struct wb_event *ev, Survey *s, int64_t at, bool by_phone,
        ProtobufCBinaryData *engineers, size_t n)
{
	Round *r = survey_present(s);
	r->has_completed_at = true;
	r->completed_at = at;
	r->has_by_phone = true;
	r->by_phone = by_phone;
	r->engineer_ids = engineers;
	r->n_engineer_ids = n;
	mark_due(f, ev, r, true);
	wb_todo_put(f, SURVEY_TODO_ASK, ev->tenant, ev->stream_id, s->round, ev->recorded_at, NULL);
	if (r->has_form_grade)
		wb_todo_put(f, SURVEY_TODO_FORM, ev->tenant, ev->stream_id, s->round, ev->recorded_at, NULL);
	put(f, ev, s);
}

static void on_phone_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(PhoneSolved);
	Survey *s = survey_of(f, ev);
	ProtobufCBinaryData engineer = e->engineer_id;
	if (s && s->round == e->round)
		complete(f, ev, s, e->completed_at, true, &engineer, 1);
}

static void on_form_signed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FormSigned);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round || !e->has_grade)
		return;
	Round *r = survey_present(s);
	r->has_form_grade = true;
	r->form_grade = e->grade;
	r->form_opinions = e->opinions;
	put(f, ev, s);
}

static void on_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(ServiceCompleted);
	Survey *s = survey_of(f, ev);
	if (s && s->round == e->round)
		complete(f, ev, s, e->completed_at, false, e->engineer_ids, e->n_engineer_ids);
}

/* ---- answers ---- */

static void on_asked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(SurveyAsked);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	survey_present(s)->has_expires_at = true;
	survey_present(s)->expires_at = e->expires_at;
	wb_todo_drop(f, SURVEY_TODO_ASK, ev->tenant, ev->stream_id, e->round);
	put(f, ev, s);
}

/* The latest answer of the round counts. */
static void judge(struct wb_fold *f, const struct wb_event *ev, Round *r, bool unsatisfied, bool average)
{
	r->has_unsatisfied = r->has_average = true;
	r->unsatisfied = unsatisfied;
	r->average = average;
	mark(f, ev, &unsatisfied_table, unsatisfied);
	mark(f, ev, &average_table, average);
}

static void on_rated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(RatingGiven);
	Survey *s = survey_of(f, ev);
	Weibao__V1__RatingItem item = WEIBAO__V1__RATING_ITEM__INIT;
	if (!s || s->round != e->round)
		return;
	Round *r = survey_present(s);
	Weibao__V1__RatingItem **all = WB_ARENA_ARRAY(f->arena, Weibao__V1__RatingItem *, r->n_ratings + 1);
	if (!all)
		return;
	item.grade = e->grade;
	item.via = e->via;
	item.at = ev->recorded_at;
	item.opinions = e->opinions;
	for (size_t i = 0; i < r->n_ratings; i++)
		all[i] = r->ratings[i];
	all[r->n_ratings++] = &item;
	r->ratings = all;
	if (e->via == WEIBAO__V1__RATING_VIA__RATING_VIA_FORM)
		wb_todo_drop(f, SURVEY_TODO_FORM, ev->tenant, ev->stream_id, e->round);
	judge(f, ev, r, e->grade == WEIBAO__V1__GRADE__GRADE_DISSATISFIED,
	        e->grade == WEIBAO__V1__GRADE__GRADE_AVERAGE);
	if (r->unsatisfied)
		wb_todo_drop(f, SURVEY_TODO_CLOSE, ev->tenant, ev->stream_id, e->round);
	put(f, ev, s);
}

static void on_analysed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(CauseAnalysed);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	Round *r = survey_present(s);
	r->has_analysed = r->analysed = true;
	r->cause = e->cause;
	r->remedy = e->remedy;
	if (!r->declined)
		wb_todo_put(f, SURVEY_TODO_ROUND, ev->tenant, ev->stream_id, e->round, ev->recorded_at, NULL);
	put(f, ev, s);
}

static void on_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FurtherVisitDeclined);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	survey_present(s)->has_declined = survey_present(s)->declined = true;
	mark(f, ev, &unsatisfied_table, false);
	put(f, ev, s);
}

static void on_attempted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpAttempted);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	Round *r = survey_present(s);
	int64_t *all = WB_ARENA_ARRAY(f->arena, int64_t, r->n_attempts + 1);
	if (!all)
		return;
	for (size_t i = 0; i < r->n_attempts; i++)
		all[i] = r->attempts[i];
	all[r->n_attempts++] = e->called_at;
	r->attempts = all;
	put(f, ev, s);
}

static void ask_close(struct wb_fold *f, const struct wb_event *ev, const Survey *s, const Round *r)
{
	mark_due(f, ev, r, false);
	if (!r->unsatisfied)
		wb_todo_put(f, SURVEY_TODO_CLOSE, ev->tenant, ev->stream_id, s->round, ev->recorded_at, NULL);
}

static bool is(Weibao__V1__Grade wanted, const Weibao__V1__FollowUpRecorded *e)
{
	return e->quality == wanted || e->conformity == wanted || e->progress == wanted || e->attitude == wanted;
}

static void on_followed_up(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpRecorded);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	Round *r = survey_present(s);
	r->follow_up = (Weibao__V1__FollowUpRecorded *)(uintptr_t)e;
	judge(f, ev, r, is(WEIBAO__V1__GRADE__GRADE_DISSATISFIED, e), is(WEIBAO__V1__GRADE__GRADE_AVERAGE, e));
	ask_close(f, ev, s, r);
	put(f, ev, s);
}

static void on_not_reached(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpNotReached);
	Survey *s = survey_of(f, ev);
	if (!s || s->round != e->round)
		return;
	Round *r = survey_present(s);
	r->has_not_reached = r->not_reached = true;
	ask_close(f, ev, s, r);
	put(f, ev, s);
}

/* ---- what rules need: the unit's zone and policy; who an account is ---- */

static void put_unit(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__SurveyTenantRow *row)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, ev->tenant);
	wb_put_row(f->db, &units_table, &k, &row->base);
}

static void on_opened(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(TenantOpened);
	Weibao__V1__SurveyTenantRow row = WEIBAO__V1__SURVEY_TENANT_ROW__INIT;
	row.zone = e->zone;
	row.link_days = LINK_DAYS;
	row.attempts = ATTEMPTS;
	row.attempt_days = ATTEMPT_DAYS;
	put_unit(f, ev, &row);
}

static void on_policy(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(PolicySaved);
	Weibao__V1__SurveyTenantRow *row = survey_unit(f->db, ev->tenant, f->arena);
	if (!row)
		return;
	row->link_days = e->terms->link_days;
	row->attempts = e->terms->follow_up_attempts;
	row->attempt_days = e->terms->follow_up_attempt_days;
	put_unit(f, ev, row);
}

static void on_calendar(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(CalendarSaved);
	Weibao__V1__SurveyTenantRow *row = survey_unit(f->db, ev->tenant, f->arena);
	if (!row || strcmp(row->zone, e->zone) != 0)
		return;
	row->transitions = e->transitions;
	row->n_transitions = e->n_transitions;
	put_unit(f, ev, row);
}

static void put_name(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__Personal *name)
{
	Weibao__V1__SurveyNameRow row = WEIBAO__V1__SURVEY_NAME_ROW__INIT;
	struct wb_key k;
	row.home = (char *)(uintptr_t)ev->tenant;
	row.name = name;
	wb_key_init(&k);
	wb_key_id(&k, ev->stream_id);
	wb_put_row(f->db, &names_table, &k, &row.base);
}

static void on_account(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(AccountCreated);
	put_name(f, ev, e->display_name);
}

static void on_account_renamed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(AccountRenamed);
	put_name(f, ev, e->display_name);
}

const struct wb_evolve_def survey_evolve[] = {
        {"TicketReported", on_reported},
        {"RoundStarted", on_round},
        {"TicketClosed", on_ended},
        {"TicketCancelled", on_ended},
        {"TicketLinked", on_ended},
        {"PhoneSolved", on_phone_solved},
        {"FormSigned", on_form_signed},
        {"ServiceCompleted", on_completed},
        {"SurveyAsked", on_asked},
        {"RatingGiven", on_rated},
        {"CauseAnalysed", on_analysed},
        {"FurtherVisitDeclined", on_declined},
        {"FollowUpAttempted", on_attempted},
        {"FollowUpRecorded", on_followed_up},
        {"FollowUpNotReached", on_not_reached},
        {"TenantOpened", on_opened},
        {"PolicySaved", on_policy},
        {"CalendarSaved", on_calendar},
        {"AccountCreated", on_account},
        {"AccountRenamed", on_account_renamed},
};
_Static_assert(sizeof survey_evolve / sizeof survey_evolve[0] == SURVEY_EVOLVE_N, "counted");
