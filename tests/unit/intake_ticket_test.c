/* Tickets: every status × every command, who may act, rounds, and what dispatch and survey change. */
#include "tests/unit/intake_kit.h"

#include <string.h>

/* ---- every status × every command ---- */

typedef void decide_fn(struct intake_world *w, struct wb_id ticket);

static void verify(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__VerifyReport c = WEIBAO__V1__VERIFY_REPORT__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	WHEN(w, c);
}

static void category(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__CorrectCategory c = WEIBAO__V1__CORRECT_CATEGORY__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.category = (char *)(uintptr_t) "OS";
	WHEN(w, c);
}

static void urgency(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__ChangeUrgency c = WEIBAO__V1__CHANGE_URGENCY__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.urgency = WEIBAO__V1__URGENCY__URGENCY_URGENT;
	WHEN(w, c);
}

static void device(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__CorrectDevice c = WEIBAO__V1__CORRECT_DEVICE__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.device_id = idf(w, add_device(w, NULL, &w->office, NULL));
	WHEN(w, c);
}

static void take(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__TakeHandler c = WEIBAO__V1__TAKE_HANDLER__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	WHEN(w, c);
}

static void call(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__RecordCall c = WEIBAO__V1__RECORD_CALL__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.reached = true;
	WHEN(w, c);
}

static void solve(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__SolveByPhone c = WEIBAO__V1__SOLVE_BY_PHONE__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.steps = text(w, "重启");
	WHEN(w, c);
}

static void confirm(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__ConfirmPhoneSolution c = WEIBAO__V1__CONFIRM_PHONE_SOLUTION__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	WHEN(w, c);
}

static void need_visit(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__NeedVisit c = WEIBAO__V1__NEED_VISIT__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	WHEN(w, c);
}

static void note(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__AddNote c = WEIBAO__V1__ADD_NOTE__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.text = text(w, "用户下午在");
	WHEN(w, c);
}

static void cancel(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__CancelTicket c = WEIBAO__V1__CANCEL_TICKET__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.reason = text(w, "撤回");
	WHEN(w, c);
}

static void link_to_other(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__LinkTicket c = WEIBAO__V1__LINK_TICKET__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.to_ticket_id = idf(w, report_ticket(w));
	WHEN(w, c);
}

static void reopen(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__ReopenTicket c = WEIBAO__V1__REOPEN_TICKET__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.reason = text(w, "又坏了");
	WHEN(w, c);
}

static void close_ticket(struct intake_world *w, struct wb_id t, Weibao__V1__CloseReason reason)
{
	Weibao__V1__CloseTicket c = WEIBAO__V1__CLOSE_TICKET__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.reason = reason;
	WHEN(w, c);
}

static void close_followed_up(struct intake_world *w, struct wb_id t)
{
	as_system(w);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
}

static void close_declined(struct intake_world *w, struct wb_id t)
{
	further_visit_declined(w, t, 1);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
}

static void start_round(struct intake_world *w, struct wb_id t)
{
	Weibao__V1__StartRound c = WEIBAO__V1__START_ROUND__INIT;
	c.ticket_id = idf(w, t);
	c.round = 2;
	c.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED;
	c.started_at = bed_now(w->b);
	as_system(w);
	WHEN(w, c);
}

#define STATUSES 8
static const Weibao__V1__TicketStatus statuses[STATUSES] = {STATUS(REPORTED), STATUS(IN_PHONE), STATUS(NEEDS_VISIT),
        STATUS(VISITING), STATUS(COMPLETED), STATUS(CLOSED), STATUS(CANCELLED), STATUS(LINKED)};

/* What comes of it: an event, «-» (already so), or a refusal. In the order of the statuses above. */
struct row {
	const char *name;
	decide_fn *decide;
	const char *outcome[STATUSES];
};
#define NOT_OPEN3 "TICKET_NOT_OPEN", "TICKET_NOT_OPEN", "TICKET_NOT_OPEN"
#define ALL5(x) x, x, x, x, x
static const struct row rows[] = {
        {"VerifyReport", verify, {ALL5("-"), NOT_OPEN3}},
        {"CorrectCategory", category, {ALL5("TicketCategoryCorrected"), NOT_OPEN3}},
        {"ChangeUrgency", urgency,
                {"TicketUrgencyChanged", "TicketUrgencyChanged", "TicketUrgencyChanged", "TicketUrgencyChanged",
                        "STATE_CHANGED", NOT_OPEN3}},
        {"CorrectDevice", device,
                {"TicketDeviceCorrected", "TicketDeviceCorrected", "TicketDeviceCorrected", "TicketDeviceCorrected",
                        "STATE_CHANGED", NOT_OPEN3}},
        {"TakeHandler", take,
                {"HandlerTaken", "-", "NOT_IN_PHONE_STAGE", "NOT_IN_PHONE_STAGE", "NOT_IN_PHONE_STAGE", NOT_OPEN3}},
        {"RecordCall", call, {"UserCalled", "UserCalled", "UserCalled", "UserCalled", "NOT_IN_PHONE_STAGE", NOT_OPEN3}},
        {"SolveByPhone", solve,
                {"PhoneSolved", "PhoneSolved", "PhoneSolved", "VISIT_OPEN", "NOT_IN_PHONE_STAGE", NOT_OPEN3}},
        {"ConfirmPhoneSolution", confirm,
                {"NOT_SOLVED_BY_PHONE", "NOT_SOLVED_BY_PHONE", "NOT_SOLVED_BY_PHONE", "NOT_SOLVED_BY_PHONE",
                        "PhoneSolutionConfirmed", NOT_OPEN3}},
        {"NeedVisit", need_visit, {"VisitNeeded", "VisitNeeded", "-", "-", "NOT_IN_PHONE_STAGE", NOT_OPEN3}},
        {"AddNote", note, {ALL5("TicketNoteAdded"), "TicketNoteAdded", "TicketNoteAdded", "TicketNoteAdded"}},
        {"CancelTicket", cancel,
                {"TicketCancelled", "TicketCancelled", "TicketCancelled", "VISIT_OPEN", "STATE_CHANGED", NOT_OPEN3}},
        {"LinkTicket", link_to_other,
                {"TicketLinked", "TicketLinked", "TicketLinked", "VISIT_OPEN", "STATE_CHANGED", NOT_OPEN3}},
        {"ReopenTicket", reopen, {ALL5("TICKET_NOT_CLOSED"), "RoundStarted", "TICKET_NOT_CLOSED", "TICKET_NOT_CLOSED"}},
        {"CloseTicket, followed up", close_followed_up,
                {"TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED",
                        "TicketClosed", "-", "TICKET_NOT_OPEN", "TICKET_NOT_OPEN"}},
        {"CloseTicket, further visit declined", close_declined,
                {"TicketClosed", "TicketClosed", "TicketClosed", "VISIT_OPEN", "TicketClosed", "-", "TICKET_NOT_OPEN",
                        "TICKET_NOT_OPEN"}},
        {"StartRound", start_round,
                {"TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED",
                        "RoundStarted", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED", "TICKET_NOT_COMPLETED"}},
};

static const char *outcome(struct intake_world *w)
{
	if (bed_refusal(w->b))
		return bed_refusal(w->b);
	return bed_already(w->b) ? "-" : bed_event(w->b, 0)->descriptor->short_name;
}

static void each_status_takes_its_commands(void **state)
{
	struct intake_world *w = *state;
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		for (size_t s = 0; s < STATUSES; s++) {
			struct wb_id t = ticket_in(w, statuses[s]);
			as_lead(w);
			rows[r].decide(w, t);
			if (strcmp(outcome(w), rows[r].outcome[s]) != 0)
				fail_msg("%s in status %d gives %s, not %s", rows[r].name, (int)statuses[s], outcome(w),
				        rows[r].outcome[s]);
		}
}

/* ---- the phone stage ---- */

static void engineers_take_what_nobody_has(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	take(w, bed_id("none"));
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId");
	as_engineer(w);
	call(w, t);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId"); /* not theirs yet */
	take(w, t);
	THEN_EVENT(w->b, 0, "HandlerTaken");
	call(w, t);
	THEN_EVENT(w->b, 0, "UserCalled");
	bed_as(w->b, WB_ROLE(ENGINEER), w->other_engineer);
	take(w, t);
	THEN_REJECTED(w->b, NOT_THE_HANDLER);
	solve(w, t);
	THEN_REJECTED(w->b, NOT_FOUND);
	as_lead(w);
	take(w, t);
	THEN_EVENT(w->b, 0, "HandlerTaken");
	assert_true(wb_id_equal(wb_id_of_field(state_of(w, t)->handler_id), w->lead));
}

static void a_ticket_is_handed_over_to_known_engineers(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__TakeHandler c = WEIBAO__V1__TAKE_HANDLER__INIT;
	Weibao__V1__EngineerLeft left = WEIBAO__V1__ENGINEER_LEFT__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.has_engineer_id = true;
	c.engineer_id = idf(w, w->other_engineer);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "engineerId");
	engineer_registered(w, w->other_engineer);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "HandlerTaken");
	assert_true(bed_conditioned(w->b, "engineer"));
	const Weibao__V1__HandlerTaken *e = (const Weibao__V1__HandlerTaken *)bed_event(w->b, 0);
	assert_true(wb_id_equal(wb_id_of_field(e->handed_over_by_id), w->lead));
	left.engineer_id = c.engineer_id;
	bed_given(w->b, "provider", "engineer", w->other_engineer, &left.base);
	t = report_ticket(w);
	c.ticket_id = idf(w, t);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "engineerId");
}

static void calls_stand_at_their_time(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__RecordCall c = WEIBAO__V1__RECORD_CALL__INIT;
	int64_t reported = bed_now(w->b);
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.reached = false;
	c.note = text(w, "无人接听");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "UserCalled");
	assert_int_equal(state_of(w, t)->status, STATUS(REPORTED)); /* nobody was reached */
	bed_pass(w->b, WB_HOUR_US);
	c.has_called_at = true;
	c.called_at = reported - 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "calledAt");
	c.called_at = bed_now(w->b) + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "calledAt");
	bed_pass(w->b, 25 * WB_HOUR_US);
	c.called_at = reported + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "calledAt");
	c.called_at = bed_now(w->b) - WB_HOUR_US;
	c.reached = true;
	WHEN(w, c);
	assert_true(((const Weibao__V1__UserCalled *)bed_event(w->b, 0))->called_at == c.called_at);
	assert_int_equal(state_of(w, t)->status, STATUS(IN_PHONE));
	c.note = text(w, long_text(w, INTAKE_TEXT_CHARS + 1));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "note");
}

static void a_solution_by_phone_completes_the_round(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(NEEDS_VISIT));
	Weibao__V1__SolveByPhone c = WEIBAO__V1__SOLVE_BY_PHONE__INIT;
	c.ticket_id = idf(w, t);
	c.round = 1;
	c.steps = text(w, "");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "steps");
	c.steps = text(w, "重装驱动");
	c.category = (char *)(uintptr_t) "NONE";
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CATEGORY_UNKNOWN, "category");
	c.category = (char *)(uintptr_t) "TOOLS";
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "PhoneSolved");
	assert_true(bed_conditioned(w->b, "visits")); /* nobody books a visit meanwhile */
	assert_string_equal(state_of(w, t)->category, "TOOLS");
	/* the user says so by a link of that round */
	bed_as_link(w->b, "confirm", t, 1);
	confirm(w, t);
	THEN_EVENT(w->b, 0, "PhoneSolutionConfirmed");
	assert_true(((const Weibao__V1__PhoneSolutionConfirmed *)bed_event(w->b, 0))->by_link);
	confirm(w, t);
	THEN_ALREADY(w->b);
}

static void links_are_good_for_one_thing(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(COMPLETED)), other = ticket_in(w, STATUS(COMPLETED));
	bed_as_link(w->b, "rate", t, 1);
	confirm(w, t);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	bed_as_link(w->b, "confirm", other, 1);
	confirm(w, t);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	bed_as_link(w->b, "confirm", t, 2);
	confirm(w, t);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	cancel(w, t);
	THEN_REJECTED(w->b, FORBIDDEN);
}

static void users_act_on_their_own_tickets(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(REPORTED)), other = add_contact(w, "李四", w->office);
	as_user(w, other);
	note(w, t);
	THEN_REJECTED(w->b, NOT_FOUND);
	cancel(w, t);
	THEN_REJECTED(w->b, NOT_FOUND);
	as_user(w, w->contact);
	note(w, t);
	THEN_EVENT(w->b, 0, "TicketNoteAdded");
	urgency(w, t);
	THEN_REJECTED(w->b, FORBIDDEN);
	cancel(w, t);
	THEN_EVENT(w->b, 0, "TicketCancelled");
	assert_true(bed_conditioned(w->b, "visits"));
	bed_as(w->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	note(w, t);
	THEN_EVENT(w->b, 0, "TicketNoteAdded");
}

static void a_merged_contact_is_the_same_person(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(REPORTED)), now = add_contact(w, "张三（新）", w->office);
	Weibao__V1__MergeContacts c = WEIBAO__V1__MERGE_CONTACTS__INIT;
	c.contact_id = idf(w, w->contact);
	c.into_id = idf(w, now);
	WHEN(w, c);
	as_user(w, now);
	note(w, t);
	THEN_EVENT(w->b, 0, "TicketNoteAdded");
}

/* ---- the whole ticket ---- */

static void corrections_are_checked(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__CorrectCategory cat = WEIBAO__V1__CORRECT_CATEGORY__INIT;
	Weibao__V1__CorrectDevice dev = WEIBAO__V1__CORRECT_DEVICE__INIT;
	Weibao__V1__ChangeUrgency urg = WEIBAO__V1__CHANGE_URGENCY__INIT;
	cat.ticket_id = dev.ticket_id = urg.ticket_id = idf(w, t);
	cat.round = dev.round = urg.round = 1;
	cat.category = (char *)(uintptr_t) "COFFEE";
	WHEN(w, cat);
	THEN_REJECTED_AT(w->b, CATEGORY_UNKNOWN, "category");
	cat.category = (char *)(uintptr_t) "HARDWARE";
	WHEN(w, cat);
	THEN_ALREADY(w->b);
	dev.device_id = idf(w, bed_id("nothing"));
	WHEN(w, dev);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "deviceId");
	dev.device_id = idf(w, w->device);
	WHEN(w, dev);
	THEN_ALREADY(w->b);
	urg.urgency = WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	WHEN(w, urg);
	THEN_ALREADY(w->b);
	urg.urgency = WEIBAO__V1__URGENCY__URGENCY_URGENT;
	urg.reason = (char *)(uintptr_t) "";
	WHEN(w, urg);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reason");
	/* the device's open tickets follow the correction */
	device(w, t);
	THEN_EVENT(w->b, 0, "TicketDeviceCorrected");
	Weibao__V1__ReportFault again = report(w);
	again.caller_id = idf(w, add_contact(w, "李四", w->office));
	again.has_despite_duplicates = false;
	WHEN(w, again);
	THEN_EVENT(w->b, 0, "TicketReported");
}

static void a_duplicate_is_linked_to_an_open_other(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__LinkTicket c = WEIBAO__V1__LINK_TICKET__INIT;
	c.ticket_id = c.to_ticket_id = idf(w, t);
	c.round = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, MERGE_WITH_ITSELF, "toTicketId");
	c.to_ticket_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "toTicketId");
	c.to_ticket_id = idf(w, ticket_in(w, STATUS(CANCELLED)));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TICKET_NOT_OPEN, "toTicketId");
	c.to_ticket_id = idf(w, ticket_in(w, STATUS(VISITING)));
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TicketLinked");
	assert_true(bed_conditioned(w->b, "visits"));
}

static void visits_lead_the_status(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(NEEDS_VISIT)), one = bed_id("visit 1"), two = bed_id("visit 2");
	visit_scheduled(w, t, 1, one);
	assert_int_equal(state_of(w, t)->status, STATUS(VISITING));
	visit_cancelled(w, t, 1, one);
	assert_int_equal(state_of(w, t)->status, STATUS(NEEDS_VISIT));
	visit_scheduled(w, t, 1, one);
	visit_scheduled(w, t, 1, two);
	visit_ended(w, t, 1, one); /* a second visit is agreed already */
	assert_int_equal(state_of(w, t)->status, STATUS(VISITING));
	visit_ended(w, t, 1, two);
	assert_int_equal(state_of(w, t)->status, STATUS(NEEDS_VISIT));
	visit_scheduled(w, t, 1, two);
	/* the visit's engineer may act on it */
	engineer_assigned(w, t, two, w->engineer);
	as_engineer(w);
	note(w, t);
	THEN_EVENT(w->b, 0, "TicketNoteAdded");
	service_completed(w, t, 1, two);
	assert_int_equal(state_of(w, t)->status, STATUS(COMPLETED));
	visit_ended(w, t, 1, two);
	assert_int_equal(state_of(w, t)->status, STATUS(COMPLETED));
	assert_int_equal(state_of(w, t)->n_open_visit_ids, 0);
	confirm(w, t);
	THEN_REJECTED(w->b, NOT_SOLVED_BY_PHONE);
}

static void a_diagnosis_corrects_the_category(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(VISITING));
	Weibao__V1__VisitDiagnosed e = WEIBAO__V1__VISIT_DIAGNOSED__INIT;
	e.ticket_id = idf(w, t);
	e.round = 1;
	e.visit_id = idf(w, bed_id("visit"));
	e.finding = text(w, "中毒");
	GIVEN(w, "visits", t, e);
	assert_string_equal(state_of(w, t)->category, "HARDWARE");
	e.category = (char *)(uintptr_t) "VIRUS";
	GIVEN(w, "visits", t, e);
	assert_string_equal(state_of(w, t)->category, "VIRUS");
}

static void only_the_follow_up_closes(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(COMPLETED));
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	THEN_REJECTED_AT(w->b, FORBIDDEN, "reason");
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
	THEN_REJECTED_AT(w->b, FURTHER_VISIT_NOT_DECLINED, "reason");
	further_visit_declined(w, t, 1);
	bed_as(w->b, WB_ROLE(HOTLINE), w->lead);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
	THEN_REJECTED(w->b, FORBIDDEN);
	as_lead(w);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FURTHER_VISIT_DECLINED);
	THEN_EVENT(w->b, 0, "TicketClosed");
	assert_true(bed_conditioned(w->b, "survey") && bed_conditioned(w->b, "visits"));
	as_system(w);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_NOT_REACHED);
	THEN_ALREADY(w->b);
}

static void a_further_round_starts_anew(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = ticket_in(w, STATUS(COMPLETED));
	Weibao__V1__StartRound c = WEIBAO__V1__START_ROUND__INIT;
	c.ticket_id = idf(w, t);
	c.round = 2;
	c.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_REOPENED;
	c.started_at = bed_now(w->b);
	as_system(w);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "cause");
	c.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED;
	c.started_at = bed_now(w->b) + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "startedAt");
	c.started_at = bed_now(w->b);
	c.round = 3;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "round");
	c.round = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	c.round = 2;
	c.reason = text(w, "没修好");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "RoundStarted");
	WHEN(w, c);
	THEN_ALREADY(w->b);
	assert_int_equal(state_of(w, t)->status, STATUS(REPORTED));
	assert_int_equal(state_of(w, t)->round, 2);
	assert_false(state_of(w, t)->has_handler_id);
	/* what belongs to the first round is over */
	solve(w, t);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	take(w, t);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	bed_as_link(w->b, "confirm", t, 1);
	confirm(w, t);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	as_system(w);
	close_ticket(w, t, WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	/* a late word of dispatch about it changes nothing of this one */
	service_completed(w, t, 1, bed_id("visit"));
	assert_int_equal(state_of(w, t)->status, STATUS(REPORTED));
}

static void reopening_ends_with_the_policys_days(void **state)
{
	struct intake_world *w = *state;
	struct wb_id early = ticket_in(w, STATUS(CLOSED)), late = ticket_in(w, STATUS(CLOSED));
	Weibao__V1__ReopenTicket c = WEIBAO__V1__REOPEN_TICKET__INIT;
	c.ticket_id = idf(w, early);
	c.round = 1;
	c.reason = text(w, " ");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reason");
	bed_pass(w->b, 7 * WB_DAY_US);
	reopen(w, early);
	THEN_EVENT(w->b, 0, "RoundStarted");
	assert_int_equal(state_of(w, early)->round, 2);
	bed_pass(w->b, 1);
	reopen(w, late);
	THEN_REJECTED(w->b, REOPEN_PERIOD_OVER);
	Weibao__V1__PolicySaved e = WEIBAO__V1__POLICY_SAVED__INIT;
	Weibao__V1__PolicyTerms terms = WEIBAO__V1__POLICY_TERMS__INIT;
	terms.reopen_days = 8;
	terms.complaint_days = 2;
	e.policy_version = 1;
	e.terms = &terms;
	GIVEN(w, "policy", ((struct wb_id){{0}}), e);
	as_user(w, w->contact);
	reopen(w, late);
	THEN_EVENT(w->b, 0, "RoundStarted");
}

static void rounds_that_are_not_are_refused(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__AddNote c = WEIBAO__V1__ADD_NOTE__INIT;
	c.ticket_id = idf(w, t);
	c.text = text(w, "备注");
	c.round = 2;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "round");
	c.round = 0;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, ROUND_PAST, "round");
	c.round = 1;
	c.text = text(w, "");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "text");
	bed_when(w->b, "other", &c.base);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId");
}

#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(each_status_takes_its_commands),
	        T(engineers_take_what_nobody_has),
	        T(a_ticket_is_handed_over_to_known_engineers),
	        T(calls_stand_at_their_time),
	        T(a_solution_by_phone_completes_the_round),
	        T(links_are_good_for_one_thing),
	        T(users_act_on_their_own_tickets),
	        T(a_merged_contact_is_the_same_person),
	        T(corrections_are_checked),
	        T(a_duplicate_is_linked_to_an_open_other),
	        T(visits_lead_the_status),
	        T(a_diagnosis_corrects_the_category),
	        T(only_the_follow_up_closes),
	        T(a_further_round_starts_anew),
	        T(reopening_ends_with_the_policys_days),
	        T(rounds_that_are_not_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
