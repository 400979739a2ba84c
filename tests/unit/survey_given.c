#include "tests/unit/survey_given.h"

#define EVENT(b, kind, e) bed_given((b), ACME, (kind), TICKET, &(e).base)

void given_reported(struct bed *b, const char *tenant, const char *ticket)
{
	Weibao__V1__TicketReported e = WEIBAO__V1__TICKET_REPORTED__INIT;
	Weibao__V1__TicketPlace place = WEIBAO__V1__TICKET_PLACE__INIT;
	place.office_id = bed_field(b, bed_id("office"));
	place.office_name = (char *)(uintptr_t) "Finance";
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.number = (char *)(uintptr_t) "ACME-20231114-0001";
	e.place = &place;
	e.caller_id = bed_field(b, bed_id("caller"));
	e.onsite_contact_id = bed_field(b, bed_id("onsite"));
	e.direct_user_id = bed_field(b, bed_id("user"));
	e.direct_user_name = bed_personal(b, "Li");
	e.telephone = bed_personal(b, "010-1");
	e.category = (char *)(uintptr_t) "PC";
	e.kind = WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e.urgency = WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	e.symptom = bed_personal(b, "dark screen");
	e.channel = WEIBAO__V1__CHANNEL__CHANNEL_PHONE;
	e.reported_at = bed_now(b);
	e.covered = true;
	bed_given(b, tenant, "ticket", bed_id(ticket), &e.base);
}

struct bed *given_ticket(void)
{
	struct bed *b = bed_open(&wb_survey_service);
	Weibao__V1__TenantOpened e = WEIBAO__V1__TENANT_OPENED__INIT;
	e.code = (char *)(uintptr_t) "ACME";
	e.name = (char *)(uintptr_t) "Acme";
	e.zone = (char *)(uintptr_t) "Asia/Shanghai";
	e.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_given(b, ACME, "tenant", (struct wb_id){{0}}, &e.base);
	given_reported(b, ACME, "ticket");
	bed_pass(b, WB_HOUR_US);
	as_hotline(b);
	return b;
}

void given_policy(struct bed *b, uint32_t link_days, uint32_t attempts, uint32_t days)
{
	Weibao__V1__PolicySaved e = WEIBAO__V1__POLICY_SAVED__INIT;
	Weibao__V1__PolicyTerms terms = WEIBAO__V1__POLICY_TERMS__INIT;
	terms.link_days = link_days;
	terms.follow_up_attempts = attempts;
	terms.follow_up_attempt_days = days;
	e.policy_version = 1;
	e.terms = &terms;
	bed_given(b, ACME, "policy", (struct wb_id){{0}}, &e.base);
}

void given_visit_completed(struct bed *b, uint32_t round)
{
	Weibao__V1__EngineerArrived a = WEIBAO__V1__ENGINEER_ARRIVED__INIT;
	Weibao__V1__ServiceCompleted e = WEIBAO__V1__SERVICE_COMPLETED__INIT;
	ProtobufCBinaryData engineers[1] = {bed_field(b, bed_id("wang"))};
	a.ticket_id = e.ticket_id = bed_field(b, TICKET);
	a.round = e.round = round;
	a.visit_id = e.visit_id = bed_field(b, bed_id("visit"));
	a.engineer_id = bed_field(b, bed_id("zhao"));
	a.arrived_at = bed_now(b);
	EVENT(b, "visits", a);
	e.completed_at = bed_now(b);
	e.engineer_ids = engineers;
	e.n_engineer_ids = 1;
	EVENT(b, "visits", e);
}

void given_phone_solved(struct bed *b, uint32_t round)
{
	Weibao__V1__PhoneSolved e = WEIBAO__V1__PHONE_SOLVED__INIT;
	e.ticket_id = bed_field(b, TICKET);
	e.round = round;
	e.engineer_id = bed_field(b, bed_id("wang"));
	e.steps = bed_personal(b, "restarted");
	e.completed_at = bed_now(b);
	EVENT(b, "ticket", e);
}

void given_form_signed(struct bed *b, uint32_t round, Weibao__V1__Grade grade, int64_t signed_at)
{
	Weibao__V1__FormSigned e = WEIBAO__V1__FORM_SIGNED__INIT;
	Weibao__V1__Signature s = WEIBAO__V1__SIGNATURE__INIT;
	static uint8_t commitment[32];
	s.kind = WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_SCREEN;
	s.signer_name = bed_personal(b, "Li");
	s.has_signer_id = true;
	s.signer_id = bed_field(b, bed_id("user"));
	s.relation = (char *)(uintptr_t) "self";
	s.commitment = (ProtobufCBinaryData){sizeof commitment, commitment};
	s.nonce = bed_personal(b, "00");
	e.ticket_id = bed_field(b, TICKET);
	e.round = round;
	e.visit_id = bed_field(b, bed_id("visit"));
	e.revision = 1;
	e.signature = &s;
	e.has_grade = true;
	e.grade = grade;
	e.opinions = bed_personal(b, "as it should be");
	e.signed_at = signed_at;
	EVENT(b, "visits", e);
}

void given_closed(struct bed *b, uint32_t round, Weibao__V1__CloseReason reason)
{
	Weibao__V1__TicketClosed e = WEIBAO__V1__TICKET_CLOSED__INIT;
	e.ticket_id = bed_field(b, TICKET);
	e.round = round;
	e.reason = reason;
	EVENT(b, "ticket", e);
}

void given_round(struct bed *b, uint32_t round)
{
	Weibao__V1__RoundStarted e = WEIBAO__V1__ROUND_STARTED__INIT;
	e.ticket_id = bed_field(b, TICKET);
	e.round = round;
	e.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED;
	e.started_at = bed_now(b);
	EVENT(b, "ticket", e);
}

void given_cancelled(struct bed *b, uint32_t round)
{
	Weibao__V1__TicketCancelled e = WEIBAO__V1__TICKET_CANCELLED__INIT;
	e.ticket_id = bed_field(b, TICKET);
	e.round = round;
	e.reason = bed_personal(b, "mistake");
	EVENT(b, "ticket", e);
}

void when_rated(struct bed *b, uint32_t round, Weibao__V1__Grade grade, const char *opinions)
{
	Weibao__V1__Rate c = WEIBAO__V1__RATE__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = round;
	c.grade = grade;
	c.opinions = opinions ? bed_personal(b, opinions) : NULL;
	bed_when(b, ACME, &c.base);
}

void when_analysed(struct bed *b, uint32_t round, const char *cause, const char *remedy)
{
	Weibao__V1__AnalyseCause c = WEIBAO__V1__ANALYSE_CAUSE__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = round;
	c.cause = bed_personal(b, cause);
	c.remedy = bed_personal(b, remedy);
	bed_when(b, ACME, &c.base);
}

void when_declined(struct bed *b, uint32_t round, const char *call)
{
	Weibao__V1__DeclineFurtherVisit c = WEIBAO__V1__DECLINE_FURTHER_VISIT__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = round;
	c.recorded_call = (char *)(uintptr_t)call;
	bed_when(b, ACME, &c.base);
}

void when_attempted(struct bed *b, uint32_t round)
{
	Weibao__V1__RecordFollowUpAttempt c = WEIBAO__V1__RECORD_FOLLOW_UP_ATTEMPT__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = round;
	bed_when(b, ACME, &c.base);
}

void when_followed_up(struct bed *b, uint32_t round, Weibao__V1__Grade attitude)
{
	Weibao__V1__RecordFollowUp c = WEIBAO__V1__RECORD_FOLLOW_UP__INIT;
	c.ticket_id = bed_field(b, TICKET);
	c.round = round;
	c.quality = c.conformity = c.progress = G(SATISFIED);
	c.attitude = attitude;
	bed_when(b, ACME, &c.base);
}

void as_hotline(struct bed *b)
{
	bed_as(b, WB_ROLE(HOTLINE), bed_id("lead"));
}

void as_user(struct bed *b)
{
	bed_as(b, WB_ROLE(USER), bed_id("user"));
}

bool owed(struct bed *b, const char *kind, uint32_t round)
{
	return bed_todo(b, kind, ACME, TICKET, round) >= 0;
}

void run_own(struct bed *b)
{
	for (int i = 0; i < 4 && (owed(b, "ask", 1) || owed(b, "form", 1) || owed(b, "ask", 2)); i++)
		(void)bed_run(b);
}
