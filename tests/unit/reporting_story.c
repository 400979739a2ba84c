#include "tests/unit/reporting_story.h"

#include <string.h>

static struct wb_id zero(void)
{
	return (struct wb_id){{0}};
}

void given_tenant(struct bed *b, const char *tenant)
{
	Weibao__V1__TenantOpened e = WEIBAO__V1__TENANT_OPENED__INIT;
	e.code = (char *)(uintptr_t) "ACME";
	e.name = (char *)(uintptr_t) "Acme";
	e.zone = (char *)(uintptr_t) "Asia/Shanghai";
	e.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_given(b, tenant, "tenant", zero(), &e.base);
}

void given_team(struct bed *b, const char *tenant, const char *team)
{
	Weibao__V1__TeamAssigned e = WEIBAO__V1__TEAM_ASSIGNED__INIT;
	e.team_id = bed_field(b, bed_id(team));
	e.team_name = (char *)(uintptr_t)team;
	bed_given(b, tenant, "assignment", zero(), &e.base);
}

void given_member(struct bed *b, const char *team, const char *engineer)
{
	Weibao__V1__TeamMemberAdded e = WEIBAO__V1__TEAM_MEMBER_ADDED__INIT;
	e.team_id = bed_field(b, bed_id(team));
	e.engineer_id = bed_field(b, bed_id(engineer));
	bed_given(b, "provider", "team", bed_id(team), &e.base);
}

void given_ticket(struct bed *b, const char *tenant, const char *ticket, const char *number, const char *contact)
{
	given_ticket_of(b, tenant, ticket, number, contact, &(struct ticket_story){0});
}

void given_ticket_of(struct bed *b, const char *tenant, const char *ticket, const char *number, const char *contact,
        const struct ticket_story *story)
{
	Weibao__V1__TicketReported e = WEIBAO__V1__TICKET_REPORTED__INIT;
	Weibao__V1__TicketPlace place = WEIBAO__V1__TICKET_PLACE__INIT;
	const char *office = story->office ? story->office : "office";
	place.office_id = bed_field(b, bed_id(office));
	place.office_name = (char *)(uintptr_t)office;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.number = (char *)(uintptr_t)number;
	e.place = &place;
	e.caller_id = e.onsite_contact_id = e.direct_user_id = bed_field(b, bed_id(contact));
	e.caller_name = e.direct_user_name = bed_personal(b, contact);
	e.has_device_id = story->device != NULL;
	if (story->device)
		e.device_id = bed_field(b, bed_id(story->device));
	e.category = (char *)(uintptr_t)(story->category ? story->category : "OS");
	e.kind = WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e.urgency = story->urgent ? WEIBAO__V1__URGENCY__URGENCY_URGENT : WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	e.symptom = bed_personal(b, story->symptom ? story->symptom : "does not start");
	e.channel = WEIBAO__V1__CHANNEL__CHANNEL_PHONE;
	e.reported_at = bed_now(b);
	e.covered = !story->uncovered;
	bed_given(b, tenant, "ticket", bed_id(ticket), &e.base);
}

void given_handler(struct bed *b, const char *ticket, const char *engineer)
{
	Weibao__V1__HandlerTaken e = WEIBAO__V1__HANDLER_TAKEN__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.engineer_id = bed_field(b, bed_id(engineer));
	bed_given(b, ACME, "ticket", bed_id(ticket), &e.base);
}

void given_phone_solved(struct bed *b, const char *ticket, const char *engineer, const char *steps)
{
	Weibao__V1__PhoneSolved e = WEIBAO__V1__PHONE_SOLVED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.engineer_id = bed_field(b, bed_id(engineer));
	e.steps = bed_personal(b, steps);
	e.completed_at = bed_now(b);
	bed_given(b, ACME, "ticket", bed_id(ticket), &e.base);
}

void given_visit(struct bed *b, const char *tenant, const char *ticket, const char *visit, int64_t promised_at)
{
	Weibao__V1__VisitScheduled e = WEIBAO__V1__VISIT_SCHEDULED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.visit_id = bed_field(b, bed_id(visit));
	e.form_number = (char *)(uintptr_t)visit;
	e.visit_number = 1;
	e.promised_arrival_at = promised_at;
	e.agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	e.planned_minutes = 60;
	e.travel_minutes = 15;
	e.office_id = bed_field(b, bed_id("office"));
	bed_given(b, tenant, "visits", bed_id(ticket), &e.base);
}

void given_assigned(struct bed *b, const char *tenant, const char *ticket, const char *visit, const char *engineer,
        int64_t slot_from, int64_t slot_until)
{
	Weibao__V1__EngineerAssigned e = WEIBAO__V1__ENGINEER_ASSIGNED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.visit_id = bed_field(b, bed_id(visit));
	e.engineer_id = bed_field(b, bed_id(engineer));
	e.engineer_name = bed_personal(b, engineer);
	e.dispatcher_id = bed_field(b, bed_id("lead"));
	e.slot_from = slot_from;
	e.slot_until = slot_until;
	bed_given(b, tenant, "visits", bed_id(ticket), &e.base);
}

void given_clock(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind, int64_t deadline_at)
{
	Weibao__V1__ClockStarted e = WEIBAO__V1__CLOCK_STARTED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.clock_id = bed_field(b, bed_id(clock));
	e.kind = kind;
	e.started_at = bed_now(b);
	e.policy_version = 1;
	e.deadline_at = deadline_at;
	e.generation = 1;
	bed_given(b, ACME, "clocks", bed_id(ticket), &e.base);
}

void given_breach(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind)
{
	Weibao__V1__ClockBreached e = WEIBAO__V1__CLOCK_BREACHED__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.clock_id = bed_field(b, bed_id(clock));
	e.kind = kind;
	e.deadline_at = e.original_deadline_at = bed_now(b);
	e.policy_version = 1;
	bed_given(b, ACME, "clocks", bed_id(ticket), &e.base);
}

void given_met(struct bed *b, const char *ticket, const char *clock, Weibao__V1__ClockKind kind)
{
	Weibao__V1__ClockMet e = WEIBAO__V1__CLOCK_MET__INIT;
	e.ticket_id = bed_field(b, bed_id(ticket));
	e.round = 1;
	e.clock_id = bed_field(b, bed_id(clock));
	e.kind = kind;
	e.stopped_at = bed_now(b);
	e.deadline_at = e.original_deadline_at = bed_now(b) + WB_HOUR_US;
	e.policy_version = 1;
	bed_given(b, ACME, "clocks", bed_id(ticket), &e.base);
}
