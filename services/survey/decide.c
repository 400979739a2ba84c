/* Survey's decisions. */
#include "services/survey/survey.h"
#include "services/survey/tables.h"
#include "weibao/v1/survey_commands.pb-c.h"

#include <string.h>

#define CALL_BACK_US (24 * INT64_C(3600000000)) /* a call is recorded within a day */
#define DAY_US (24 * INT64_C(3600000000))

#define NEW(d, type, init_fn, name)                                                                                    \
	type *name = WB_ARENA_NEW((d)->arena, type);                                                                   \
	if (!name)                                                                                                     \
		return;                                                                                                \
	init_fn(name)

#define TURNS(fn, type)                                                                                                \
	static void fn(struct wb_turns *t, const char *tenant, const void *command)                                    \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "survey", wb_id_of_field(c->ticket_id));                                              \
	}
TURNS(ask_turns, Weibao__V1__AskSurvey)
TURNS(form_turns, Weibao__V1__CountFormGrade)
TURNS(rate_turns, Weibao__V1__Rate)
TURNS(analyse_turns, Weibao__V1__AnalyseCause)
TURNS(decline_turns, Weibao__V1__DeclineFurtherVisit)
TURNS(attempt_turns, Weibao__V1__RecordFollowUpAttempt)
TURNS(follow_up_turns, Weibao__V1__RecordFollowUp)

/* The survey of the ticket in its present round, or refused; ret_present: that round. */
static Survey *survey_in(
        struct wb_decision *d, ProtobufCBinaryData field, uint32_t round, struct wb_id *ret_ticket, Round **ret_present)
{
	if (!wb_require_id(d, field, "ticketId", ret_ticket))
		return NULL;
	Survey *s = survey_get(d->db, d->tenant, *ret_ticket, d->arena);
	if (!s || round == 0 || round > s->round) {
		wb_refuse(d, WB_NOT_FOUND, s ? "round" : "ticketId");
		return NULL;
	}
	if (round < s->round) {
		wb_refuse(d, WB_ROUND_PAST, "round");
		return NULL;
	}
	*ret_present = survey_present(s);
	return s;
}

static bool completed(struct wb_decision *d, const Round *r)
{
	if (!r->has_completed_at)
		wb_refuse(d, WB_NOT_COMPLETED_YET, NULL);
	return r->has_completed_at;
}

/* Completed, and neither cancelled nor linked. */
static bool rateable(struct wb_decision *d, const Survey *s)
{
	if (!completed(d, survey_present(s)))
		return false;
	if (!survey_rateable(s))
		wb_refuse(d, WB_TICKET_NOT_OPEN, NULL);
	return survey_rateable(s);
}

/* Completed, and nothing has ended the ticket; what is decided holds only if that is so. */
static bool standing(struct wb_decision *d, const Survey *s, struct wb_id ticket)
{
	if (!completed(d, survey_present(s)))
		return false;
	if (s->ended)
		wb_refuse(d, WB_TICKET_NOT_OPEN, NULL);
	wb_condition(d, "ticket", ticket);
	return !s->ended;
}

static bool staff(const struct wb_decision *d)
{
	return wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_HOTLINE) ||
	       wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_PRINCIPAL) ||
	       wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_MANAGER);
}

/* Who was served: a person of the ticket, or the holder of the link to rate just this round. */
static bool user_may(struct wb_decision *d, const Survey *s, struct wb_id ticket)
{
	if (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK)) {
		bool fits = d->who->link_purpose && strcmp(d->who->link_purpose, "rate") == 0 &&
		            wb_id_equal(wb_id_of_field(d->who->link_id), ticket) && d->who->has_link_round &&
		            d->who->link_round == s->round;
		if (!fits)
			wb_refuse(d, WB_LINK_OTHER_THING, NULL);
		return fits;
	}
	struct wb_id person = wb_id_of_field(d->who->person_id);
	bool own = wb_id_equal(wb_id_of_field(s->caller_id), person) ||
	           wb_id_equal(wb_id_of_field(s->onsite_contact_id), person) ||
	           wb_id_equal(wb_id_of_field(s->direct_user_id), person);
	if (!own)
		wb_refuse(d, WB_NOT_FOUND, "ticketId");
	return own;
}

static bool grade_fits(struct wb_decision *d, Weibao__V1__Grade grade, const char *path)
{
	bool fits = grade >= WEIBAO__V1__GRADE__GRADE_VERY_SATISFIED && grade <= WEIBAO__V1__GRADE__GRADE_DISSATISFIED;
	if (!fits)
		wb_refuse(d, WB_FIELD_INVALID, path);
	return fits;
}

static Weibao__V1__Personal *text_of(
        struct wb_decision *d, const Survey *s, struct wb_id ticket, const Weibao__V1__Personal *in, const char *path)
{
	const char *text = wb_personal_text(in);
	if (!text || !text[0])
		return NULL;
	if (strlen(text) > SURVEY_TEXT_MAX)
		wb_refuse(d, WB_FIELD_TOO_LONG, path);
	return wb_personal(d->arena, wb_id_of_field(s->direct_user_id), ticket, text);
}

/* ---- by to-dos ---- */

static void ask(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AskSurvey *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	const Weibao__V1__SurveyTenantRow *unit = survey_unit(d->db, d->tenant, d->arena);
	if (!s || !standing(d, s, ticket))
		return;
	if (r->has_expires_at) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__SurveyAsked, weibao__v1__survey_asked__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->expires_at = d->now_us + (int64_t)(unit ? unit->link_days : 7) * DAY_US;
	wb_emit(d, "survey", ticket, &e->base);
}

static Weibao__V1__RatingGiven *rating(
        struct wb_decision *d, struct wb_id ticket, uint32_t round, Weibao__V1__Grade grade, Weibao__V1__RatingVia via)
{
	Weibao__V1__RatingGiven *e = WB_ARENA_NEW(d->arena, Weibao__V1__RatingGiven);
	if (!e)
		return NULL;
	weibao__v1__rating_given__init(e);
	e->ticket_id = wb_field_of_id(d->arena, ticket);
	e->round = round;
	e->grade = grade;
	e->via = via;
	return e;
}

static void count_form(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CountFormGrade *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	if (!s || !rateable(d, s))
		return;
	if (!r->has_form_grade || r->n_ratings) {
		wb_already(d);
		return;
	}
	Weibao__V1__RatingGiven *e =
	        rating(d, ticket, c->round, r->form_grade, WEIBAO__V1__RATING_VIA__RATING_VIA_FORM);
	if (!e)
		return;
	e->opinions = r->form_opinions; /* sealed for the same person and ticket: it goes on as it is */
	wb_emit_occurred(d, "survey", ticket, &e->base, r->form_signed_at);
}

/* ---- the user ---- */

static void rate(struct wb_decision *d, const void *command)
{
	const Weibao__V1__Rate *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	if (s && staff(d)) { /* also who is a user besides: a rating is the user's alone */
		wb_refuse(d, WB_FORBIDDEN, NULL);
		return;
	}
	if (!s || !user_may(d, s, ticket) || !grade_fits(d, c->grade, "grade") || !rateable(d, s))
		return;
	if (r->n_ratings || r->has_form_grade) { /* the form's is on its way */
		wb_refuse(d, WB_ALREADY_RATED, NULL);
		return;
	}
	if (r->has_expires_at && d->now_us >= r->expires_at) {
		wb_refuse(d, WB_SURVEY_EXPIRED, NULL);
		return;
	}
	bool link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK);
	Weibao__V1__RatingGiven *e = rating(d, ticket, c->round, c->grade,
	        link ? WEIBAO__V1__RATING_VIA__RATING_VIA_LINK : WEIBAO__V1__RATING_VIA__RATING_VIA_SIGNED_IN);
	if (!e)
		return;
	e->opinions = text_of(d, s, ticket, c->opinions, "opinions");
	e->has_contact_id = d->who->has_person_id;
	e->contact_id = d->who->person_id;
	wb_condition(d, "ticket", ticket); /* no further round meanwhile */
	wb_emit(d, "survey", ticket, &e->base);
}

static void decline(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DeclineFurtherVisit *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	bool by_staff = staff(d);
	if (!s || (!by_staff && !user_may(d, s, ticket)) || !standing(d, s, ticket))
		return;
	if (!r->unsatisfied) {
		wb_refuse(d, WB_NOT_UNSATISFIED, NULL);
		return;
	}
	if (r->declined) {
		wb_already(d);
		return;
	}
	if (by_staff && (!c->recorded_call || !c->recorded_call[0])) {
		wb_refuse(d, WB_RECORDED_CALL_REQUIRED, "recordedCall");
		return;
	}
	if (by_staff && strlen(c->recorded_call) > SURVEY_CALL_MAX) {
		wb_refuse(d, WB_FIELD_TOO_LONG, "recordedCall");
		return;
	}
	NEW(d, Weibao__V1__FurtherVisitDeclined, weibao__v1__further_visit_declined__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->by_own_act = !by_staff;
	e->recorded_call = by_staff ? c->recorded_call : NULL;
	wb_emit(d, "survey", ticket, &e->base);
}

/* ---- staff ---- */

static void analyse(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AnalyseCause *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	if (!s || !standing(d, s, ticket))
		return;
	if (!r->unsatisfied) {
		wb_refuse(d, WB_NOT_UNSATISFIED, NULL);
		return;
	}
	if (r->analysed) {
		wb_refuse(d, WB_CAUSE_ANALYSED, NULL);
		return;
	}
	NEW(d, Weibao__V1__CauseAnalysed, weibao__v1__cause_analysed__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->cause = text_of(d, s, ticket, c->cause, "cause");
	e->remedy = text_of(d, s, ticket, c->remedy, "remedy");
	if (!e->cause || !e->remedy) {
		wb_refuse(d, WB_FIELD_REQUIRED, e->cause ? "remedy" : "cause");
		return;
	}
	wb_emit(d, "survey", ticket, &e->base);
}

/* A call of the follow-up may be recorded: the round is completed, nothing ended the follow-up, not by a visitor. */
static bool may_call(struct wb_decision *d, const Survey *s, struct wb_id ticket, bool has_at, int64_t at)
{
	const Round *r = survey_present(s);
	struct wb_id person = wb_id_of_field(d->who->person_id);
	if (!standing(d, s, ticket))
		return false;
	wb_condition(d, "visits", ticket); /* who visited is as it was looked at */
	if (r->follow_up || r->not_reached) {
		wb_refuse(d, WB_FOLLOWED_UP, NULL);
		return false;
	}
	for (size_t i = 0; i < r->n_engineer_ids; i++) {
		if (!wb_id_is_zero(person) && wb_id_equal(wb_id_of_field(r->engineer_ids[i]), person)) {
			wb_refuse(d, WB_FOLLOW_UP_BY_VISITOR, NULL);
			return false;
		}
	}
	if (has_at && (at > d->now_us || at < d->now_us - CALL_BACK_US || at < r->completed_at)) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "calledAt");
		return false;
	}
	return true;
}

/* Who called: the person behind the account where there is one. */
static ProtobufCBinaryData caller_of(struct wb_decision *d)
{
	return d->who->has_person_id ? d->who->person_id : d->who->account_id;
}

static void attempt(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordFollowUpAttempt *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	const Weibao__V1__SurveyTenantRow *unit = survey_unit(d->db, d->tenant, d->arena);
	int64_t at = c->has_called_at ? c->called_at : d->now_us;
	if (!s || !unit || !may_call(d, s, ticket, c->has_called_at, at))
		return;
	if (r->n_attempts >= SURVEY_ATTEMPTS_MAX) {
		wb_refuse(d, WB_FOLLOW_UP_ATTEMPTS_MANY, NULL);
		return;
	}
	NEW(d, Weibao__V1__FollowUpAttempted, weibao__v1__follow_up_attempted__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->attempt = (uint32_t)r->n_attempts + 1;
	e->called_at = at;
	e->note = text_of(d, s, ticket, c->note, "note");
	e->caller_id = caller_of(d);
	wb_emit(d, "survey", ticket, &e->base);
	if (e->attempt < unit->attempts || survey_attempt_days(unit, r, at) < unit->attempt_days)
		return;
	NEW(d, Weibao__V1__FollowUpNotReached, weibao__v1__follow_up_not_reached__init, over);
	over->ticket_id = c->ticket_id;
	over->round = c->round;
	over->attempts = e->attempt;
	wb_emit(d, "survey", ticket, &over->base);
}

static Weibao__V1__Personal *caller_name(struct wb_decision *d)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_id(&k, wb_id_of_field(d->who->account_id));
	const Weibao__V1__SurveyNameRow *row = (const Weibao__V1__SurveyNameRow *)wb_get_row(
	        d->db, &names_table, &k, &weibao__v1__survey_name_row__descriptor, d->arena);
	return row ? wb_personal_carry(
	                     d->arena, row->home, row->name, wb_id_of_field(d->who->account_id), (struct wb_id){{0}})
	           : NULL;
}

static void follow_up(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordFollowUp *c = command;
	struct wb_id ticket;
	Round *r;
	Survey *s = survey_in(d, c->ticket_id, c->round, &ticket, &r);
	int64_t at = c->has_called_at ? c->called_at : d->now_us;
	if (!s || !grade_fits(d, c->quality, "quality") || !grade_fits(d, c->conformity, "conformity") ||
	        !grade_fits(d, c->progress, "progress") || !grade_fits(d, c->attitude, "attitude") ||
	        !may_call(d, s, ticket, c->has_called_at, at))
		return;
	NEW(d, Weibao__V1__FollowUpRecorded, weibao__v1__follow_up_recorded__init, e);
	e->ticket_id = c->ticket_id;
	e->round = c->round;
	e->quality = c->quality;
	e->conformity = c->conformity;
	e->progress = c->progress;
	e->attitude = c->attitude;
	e->record = text_of(d, s, ticket, c->record, "record");
	e->caller_id = caller_of(d);
	e->caller_name = caller_name(d);
	e->called_at = at;
	wb_emit(d, "survey", ticket, &e->base);
}

const struct wb_command_def survey_commands[] = {
        {&weibao__v1__ask_survey__descriptor, ask_turns, ask, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__count_form_grade__descriptor, form_turns, count_form, WB_SYSTEM, WB_TENANT_CLIENT},
        {&weibao__v1__rate__descriptor, rate_turns, rate, WB_ROLE(USER) | WB_ROLE(LINK), WB_TENANT_CLIENT},
        {&weibao__v1__decline_further_visit__descriptor, decline_turns, decline,
                WB_ROLE(USER) | WB_ROLE(LINK) | WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__analyse_cause__descriptor, analyse_turns, analyse, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__record_follow_up_attempt__descriptor, attempt_turns, attempt, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__record_follow_up__descriptor, follow_up_turns, follow_up, WB_STAFF, WB_TENANT_CLIENT},
};
_Static_assert(sizeof survey_commands / sizeof survey_commands[0] == SURVEY_COMMANDS_N, "counted");
