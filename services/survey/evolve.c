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

/* ---- what hangs on a survey: to-dos and lists ---- */

#define TODOS 4
#define LISTS 3
struct owed {
	bool todo[TODOS], listed[LISTS];
	int64_t completed_at;
};
static const char *const todo_kinds[TODOS] = {SURVEY_TODO_ASK, SURVEY_TODO_FORM, SURVEY_TODO_ROUND, SURVEY_TODO_CLOSE};
static const struct wb_table *const lists[LISTS] = {&due_table, &unsatisfied_table, &average_table};

/* All of it follows from what the survey says now; no event puts or drops anything by itself. */
static struct owed owed_of(const Survey *s)
{
	const Round *r = survey_present(s);
	bool open = r->has_completed_at && !s->ended, over = r->follow_up || r->not_reached;
	bool declined =
	        s->has_close_reason && s->close_reason == WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED;
	return (struct owed){
	        .todo = {open && !r->has_expires_at, survey_rateable(s) && r->has_form_grade && !r->n_ratings,
	                open && r->unsatisfied && r->analysed && !r->declined, open && over && !r->unsatisfied},
	        .listed = {open && !over, survey_rateable(s) && r->unsatisfied && !declined, r->average},
	        .completed_at = r->completed_at,
	};
}

static void list_key(const struct wb_event *ev, size_t list, const struct owed *o, struct wb_key *k)
{
	if (lists[list] == &due_table)
		survey_due_key(k, ev->tenant, o->completed_at, ev->stream_id);
	else
		survey_key(k, ev->tenant, ev->stream_id);
}

/* Writes it, and puts and drops what came and went since before. round: the one that the to-dos before were of. */
static void settle(
        struct wb_fold *f, const struct wb_event *ev, const Survey *s, const struct owed *before, uint32_t round)
{
	struct owed now = owed_of(s);
	struct wb_key k;
	put(f, ev, s);
	for (size_t i = 0; i < TODOS; i++) {
		bool same = round == s->round;
		if (before->todo[i] && (!now.todo[i] || !same))
			wb_todo_drop(f, todo_kinds[i], ev->tenant, ev->stream_id, round);
		if (now.todo[i] && (!before->todo[i] || !same))
			wb_todo_put(f, todo_kinds[i], ev->tenant, ev->stream_id, s->round, ev->recorded_at, NULL);
	}
	for (size_t i = 0; i < LISTS; i++) {
		if (before->listed[i]) {
			list_key(ev, i, before, &k);
			wb_del(f->db, lists[i], &k);
		}
		if (now.listed[i]) {
			list_key(ev, i, &now, &k);
			wb_put(f->db, lists[i], &k, nothing);
		}
	}
}

/* The present round of a survey under change, if it is the event's. */
struct change {
	Survey *survey;
	Round *round;
	struct owed before;
};

static bool begin(struct change *c, struct wb_fold *f, const struct wb_event *ev, uint32_t round)
{
	c->survey = survey_of(f, ev);
	if (!c->survey || c->survey->round != round)
		return false;
	c->round = survey_present(c->survey);
	c->before = owed_of(c->survey);
	return true;
}

static void end(const struct change *c, struct wb_fold *f, const struct wb_event *ev)
{
	settle(f, ev, c->survey, &c->before, c->survey->round);
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
	Round **all = s ? WB_ARENA_ARRAY(f->arena, Round *, s->n_rounds + 1) : NULL;
	if (!all)
		return;
	struct owed before = owed_of(s);
	uint32_t round = s->round;
	for (size_t i = 0; i < s->n_rounds; i++)
		all[i] = s->rounds[i];
	next.round = e->round;
	all[s->n_rounds++] = &next;
	s->rounds = all;
	s->round = e->round;
	s->ended = s->has_close_reason = false;
	settle(f, ev, s, &before, round);
}

static void on_ended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Survey *s = survey_of(f, ev);
	if (!s)
		return;
	struct owed before = owed_of(s);
	s->ended = true;
	if (strcmp(ev->type, "TicketClosed") == 0) {
		s->has_close_reason = true;
		s->close_reason = ((const Weibao__V1__TicketClosed *)payload)->reason;
	}
	settle(f, ev, s, &before, s->round);
}

/* ---- a round is completed ---- */

/* Who was there, each once. */
static void add_visitors(struct wb_fold *f, Round *r, const ProtobufCBinaryData *ids, size_t n)
{
	ProtobufCBinaryData *all = WB_ARENA_ARRAY(f->arena, ProtobufCBinaryData, r->n_engineer_ids + n);
	size_t kept = 0;
	if (!all)
		return;
	for (size_t i = 0; i < r->n_engineer_ids + n; i++) {
		ProtobufCBinaryData id = i < r->n_engineer_ids ? r->engineer_ids[i] : ids[i - r->n_engineer_ids];
		bool seen = false;
		for (size_t k = 0; k < kept; k++)
			seen = seen || wb_id_equal(wb_id_of_field(all[k]), wb_id_of_field(id));
		if (!seen)
			all[kept++] = id;
	}
	r->engineer_ids = all;
	r->n_engineer_ids = kept;
}

static void on_arrived(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(EngineerArrived);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	add_visitors(f, c.round, &e->engineer_id, 1);
	end(&c, f, ev);
}

static void on_phone_solved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(PhoneSolved);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_completed_at = c.round->has_by_phone = c.round->by_phone = true;
	c.round->completed_at = e->completed_at;
	end(&c, f, ev);
}

static void on_completed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(ServiceCompleted);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_completed_at = c.round->has_by_phone = true;
	c.round->completed_at = e->completed_at;
	c.round->by_phone = false;
	add_visitors(f, c.round, e->engineer_ids, e->n_engineer_ids);
	end(&c, f, ev);
}

/* No answer yet: it becomes one when the round is completed. */
static void on_form_signed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FormSigned);
	struct change c;
	if (!e->has_grade || !begin(&c, f, ev, e->round))
		return;
	c.round->has_form_grade = c.round->has_form_signed_at = true;
	c.round->form_grade = e->grade;
	c.round->form_opinions = e->opinions;
	c.round->form_signed_at = e->signed_at;
	end(&c, f, ev);
}

/* ---- answers ---- */

static void on_asked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(SurveyAsked);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_expires_at = true;
	c.round->expires_at = e->expires_at;
	end(&c, f, ev);
}

/* The latest answer of the round counts, by when it was given: a form may be sent late. */
static void judge(Round *r, int64_t at, bool unsatisfied, bool average)
{
	if (r->has_answered_at && at < r->answered_at)
		return;
	r->has_answered_at = r->has_unsatisfied = r->has_average = true;
	r->answered_at = at;
	r->unsatisfied = unsatisfied;
	r->average = average && !unsatisfied;
}

static void on_rated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(RatingGiven);
	Weibao__V1__RatingItem item = WEIBAO__V1__RATING_ITEM__INIT;
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	Round *r = c.round;
	Weibao__V1__RatingItem **all = WB_ARENA_ARRAY(f->arena, Weibao__V1__RatingItem *, r->n_ratings + 1);
	if (!all)
		return;
	item.grade = e->grade;
	item.via = e->via;
	item.at = ev->occurred_at;
	item.opinions = e->opinions;
	for (size_t i = 0; i < r->n_ratings; i++)
		all[i] = r->ratings[i];
	all[r->n_ratings++] = &item;
	r->ratings = all;
	judge(r, item.at, e->grade == WEIBAO__V1__GRADE__GRADE_DISSATISFIED,
	        e->grade == WEIBAO__V1__GRADE__GRADE_AVERAGE);
	end(&c, f, ev);
}

static void on_analysed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(CauseAnalysed);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_analysed = c.round->analysed = true;
	c.round->cause = e->cause;
	c.round->remedy = e->remedy;
	end(&c, f, ev);
}

static void on_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FurtherVisitDeclined);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_declined = c.round->declined = true;
	end(&c, f, ev);
}

static void on_attempted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpAttempted);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	Round *r = c.round;
	int64_t *all = WB_ARENA_ARRAY(f->arena, int64_t, r->n_attempts + 1);
	if (!all)
		return;
	for (size_t i = 0; i < r->n_attempts; i++)
		all[i] = r->attempts[i];
	all[r->n_attempts++] = e->called_at;
	r->attempts = all;
	end(&c, f, ev);
}

static bool is(Weibao__V1__Grade wanted, const Weibao__V1__FollowUpRecorded *e)
{
	return e->quality == wanted || e->conformity == wanted || e->progress == wanted || e->attitude == wanted;
}

static void on_followed_up(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpRecorded);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->follow_up = (Weibao__V1__FollowUpRecorded *)(uintptr_t)e;
	judge(c.round, e->called_at, is(WEIBAO__V1__GRADE__GRADE_DISSATISFIED, e),
	        is(WEIBAO__V1__GRADE__GRADE_AVERAGE, e));
	end(&c, f, ev);
}

static void on_not_reached(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	EV(FollowUpNotReached);
	struct change c;
	if (!begin(&c, f, ev, e->round))
		return;
	c.round->has_not_reached = c.round->not_reached = true;
	end(&c, f, ev);
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
        {"EngineerArrived", on_arrived},
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
