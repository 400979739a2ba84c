#include "tests/unit/intake_kit.h"

#include <stdlib.h>
#include <string.h>

static const struct wb_id zero;

ProtobufCBinaryData idf(struct intake_world *w, struct wb_id id)
{
	return bed_field(w->b, id);
}

Weibao__V1__Personal *text(struct intake_world *w, const char *s)
{
	return bed_personal(w->b, s);
}

char *long_text(struct intake_world *w, size_t n)
{
	char *s = wb_arena_alloc(bed_arena(w->b), 3 * n + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(s + 3 * i, "修", 3);
	return s;
}

void as_lead(struct intake_world *w)
{
	bed_as(w->b, WB_ROLE(HOTLINE) | WB_ROLE(PRINCIPAL), w->lead);
}

void as_engineer(struct intake_world *w)
{
	bed_as(w->b, WB_ROLE(ENGINEER), w->engineer);
}

void as_system(struct intake_world *w)
{
	bed_as(w->b, WB_SYSTEM, zero);
}

void as_user(struct intake_world *w, struct wb_id contact)
{
	bed_as(w->b, WB_ROLE(USER), contact);
}

/* ---- the registry ---- */

void open_acme(struct intake_world *w)
{
	Weibao__V1__OpenTenant c = WEIBAO__V1__OPEN_TENANT__INIT;
	c.code = (char *)(uintptr_t) "ACME";
	c.name = (char *)(uintptr_t) "某市档案局";
	c.zone = (char *)(uintptr_t) "Asia/Shanghai";
	c.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TenantOpened");
}

void save_contract(struct intake_world *w, const char *from, const char *until)
{
	Weibao__V1__SaveContract c = WEIBAO__V1__SAVE_CONTRACT__INIT;
	c.number = (char *)(uintptr_t) "HT-2023-7";
	c.valid_from = (char *)(uintptr_t)from;
	c.valid_until = (char *)(uintptr_t)until;
	c.covers_all_offices = true;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ContractSaved");
}

struct wb_id add_office(struct intake_world *w, const char *name, const struct wb_id *parent)
{
	Weibao__V1__RegisterOffice c = WEIBAO__V1__REGISTER_OFFICE__INIT;
	c.name = (char *)(uintptr_t)name;
	c.address = text(w, "人民路 1 号");
	c.has_parent_id = parent != NULL;
	if (parent)
		c.parent_id = idf(w, *parent);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "OfficeRegistered");
	return wb_id_of_field(((const Weibao__V1__OfficeRegistered *)bed_event(w->b, 0))->office_id);
}

struct wb_id add_contact(struct intake_world *w, const char *name, struct wb_id office)
{
	Weibao__V1__RegisterContact c = WEIBAO__V1__REGISTER_CONTACT__INIT;
	Weibao__V1__TelephoneEntry phone = WEIBAO__V1__TELEPHONE_ENTRY__INIT, *phones[1] = {&phone};
	phone.number = text(w, "021-5555");
	phone.extension = text(w, "12");
	c.office_id = idf(w, office);
	c.name = text(w, name);
	c.telephones = phones;
	c.n_telephones = 1;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ContactRegistered");
	return wb_id_of_field(((const Weibao__V1__ContactRegistered *)bed_event(w->b, 0))->contact_id);
}

struct wb_id add_device(
        struct intake_world *w, const char *serial, const struct wb_id *office, const struct wb_id *user)
{
	Weibao__V1__RegisterDevice c = WEIBAO__V1__REGISTER_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	details.serial = (char *)(uintptr_t)serial;
	details.model = (char *)(uintptr_t) "M720";
	c.details = &details;
	c.has_office_id = office != NULL;
	if (office)
		c.office_id = idf(w, *office);
	c.has_user_id = user != NULL;
	if (user)
		c.user_id = idf(w, *user);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "DeviceRegistered");
	return wb_id_of_field(((const Weibao__V1__DeviceRegistered *)bed_event(w->b, 0))->device_id);
}

int intake_world_empty(void **state)
{
	struct intake_world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	w->b = bed_open(&wb_intake_service);
	bed_at(w->b, BED_START);
	w->lead = bed_id("lead");
	w->engineer = bed_id("engineer");
	w->other_engineer = bed_id("other engineer");
	as_lead(w);
	*state = w;
	return 0;
}

int intake_world_setup(void **state)
{
	assert_int_equal(intake_world_empty(state), 0);
	struct intake_world *w = *state;
	open_acme(w);
	save_contract(w, "2023-01-01", "2023-12-31");
	w->office = add_office(w, "办公室", NULL);
	w->contact = add_contact(w, "张三", w->office);
	w->device = add_device(w, "SN-1", &w->office, &w->contact);
	return 0;
}

int intake_world_teardown(void **state)
{
	struct intake_world *w = *state;
	bed_close(w->b);
	free(w);
	return 0;
}

/* ---- tickets ---- */

Weibao__V1__ReportFault report(struct intake_world *w)
{
	Weibao__V1__ReportFault c = WEIBAO__V1__REPORT_FAULT__INIT;
	c.office_id = idf(w, w->office);
	c.has_caller_id = true;
	c.caller_id = idf(w, w->contact);
	c.has_device_id = true;
	c.device_id = idf(w, w->device);
	c.category = (char *)(uintptr_t) "HARDWARE";
	c.symptom = text(w, "不能开机");
	c.has_despite_duplicates = c.despite_duplicates = true;
	return c;
}

struct wb_id report_ticket(struct intake_world *w)
{
	Weibao__V1__ReportFault c = report(w);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TicketReported");
	return wb_id_of_field(((const Weibao__V1__TicketReported *)bed_event(w->b, 0))->ticket_id);
}

void visit_scheduled(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit)
{
	Weibao__V1__VisitScheduled e = WEIBAO__V1__VISIT_SCHEDULED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = round;
	e.visit_id = idf(w, visit);
	e.form_number = (char *)(uintptr_t) "ACME-20231115-0001-V1";
	e.visit_number = 1;
	e.promised_arrival_at = bed_now(w->b) + WB_HOUR_US;
	e.agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	e.planned_minutes = 60;
	e.office_id = idf(w, w->office);
	GIVEN(w, "visits", ticket, e);
}

void visit_cancelled(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit)
{
	Weibao__V1__VisitCancelled e = WEIBAO__V1__VISIT_CANCELLED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = round;
	e.visit_id = idf(w, visit);
	e.reason = (char *)(uintptr_t) "用户出差";
	GIVEN(w, "visits", ticket, e);
}

void visit_ended(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit)
{
	Weibao__V1__VisitEnded e = WEIBAO__V1__VISIT_ENDED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = round;
	e.visit_id = idf(w, visit);
	GIVEN(w, "visits", ticket, e);
}

void service_completed(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit)
{
	Weibao__V1__ServiceCompleted e = WEIBAO__V1__SERVICE_COMPLETED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = round;
	e.visit_id = idf(w, visit);
	e.completed_at = bed_now(w->b);
	GIVEN(w, "visits", ticket, e);
}

void engineer_assigned(struct intake_world *w, struct wb_id ticket, struct wb_id visit, struct wb_id engineer)
{
	Weibao__V1__EngineerAssigned e = WEIBAO__V1__ENGINEER_ASSIGNED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = 1;
	e.visit_id = idf(w, visit);
	e.engineer_id = idf(w, engineer);
	e.engineer_name = text(w, "李工");
	e.dispatcher_id = idf(w, w->lead);
	GIVEN(w, "visits", ticket, e);
}

void further_visit_declined(struct intake_world *w, struct wb_id ticket, uint32_t round)
{
	Weibao__V1__FurtherVisitDeclined e = WEIBAO__V1__FURTHER_VISIT_DECLINED__INIT;
	e.ticket_id = idf(w, ticket);
	e.round = round;
	e.by_own_act = true;
	GIVEN(w, "survey", ticket, e);
}

void engineer_registered(struct intake_world *w, struct wb_id engineer)
{
	Weibao__V1__EngineerRegistered e = WEIBAO__V1__ENGINEER_REGISTERED__INIT;
	e.engineer_id = idf(w, engineer);
	e.name = text(w, "王工");
	bed_given(w->b, "provider", "engineer", engineer, &e.base);
}

Weibao__V1__GetTicketStateAnswer *state_of(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__GetTicketState q = WEIBAO__V1__GET_TICKET_STATE__INIT;
	q.ticket_id = idf(w, ticket);
	as_lead(w);
	const ProtobufCMessage *m = bed_query(w->b, ACME, &q.base);
	assert_non_null(m);
	return (Weibao__V1__GetTicketStateAnswer *)(uintptr_t)m;
}

static void take(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__TakeHandler c = WEIBAO__V1__TAKE_HANDLER__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "HandlerTaken");
}

static void need_visit(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__NeedVisit c = WEIBAO__V1__NEED_VISIT__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "VisitNeeded");
}

static void solve(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__SolveByPhone c = WEIBAO__V1__SOLVE_BY_PHONE__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	c.steps = text(w, "重新插好电源线");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "PhoneSolved");
}

static void close_it(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__CloseTicket c = WEIBAO__V1__CLOSE_TICKET__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	c.reason = WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP;
	as_system(w);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TicketClosed");
	as_lead(w);
}

static void cancel_it(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__CancelTicket c = WEIBAO__V1__CANCEL_TICKET__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	c.reason = text(w, "用户撤回");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TicketCancelled");
}

static void link_it(struct intake_world *w, struct wb_id ticket)
{
	Weibao__V1__LinkTicket c = WEIBAO__V1__LINK_TICKET__INIT;
	c.ticket_id = idf(w, ticket);
	c.round = 1;
	c.to_ticket_id = idf(w, report_ticket(w));
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TicketLinked");
}

struct wb_id ticket_in(struct intake_world *w, Weibao__V1__TicketStatus status)
{
	as_lead(w);
	struct wb_id t = report_ticket(w);
	switch (status) {
	case STATUS(IN_PHONE):
		take(w, t);
		break;
	case STATUS(NEEDS_VISIT):
		need_visit(w, t);
		break;
	case STATUS(VISITING):
		need_visit(w, t);
		visit_scheduled(w, t, 1, wb_id_derive(t, "visit", 1));
		break;
	case STATUS(COMPLETED):
		solve(w, t);
		break;
	case STATUS(CLOSED):
		solve(w, t);
		close_it(w, t);
		break;
	case STATUS(CANCELLED):
		cancel_it(w, t);
		break;
	case STATUS(LINKED):
		link_it(w, t);
		break;
	case STATUS(REPORTED):
	case STATUS(UNSPECIFIED):
	case _WEIBAO__V1__TICKET_STATUS_IS_INT_SIZE:
		break;
	}
	assert_int_equal(state_of(w, t)->status, status);
	return t;
}
