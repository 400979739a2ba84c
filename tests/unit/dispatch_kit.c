#include "unit/dispatch_kit.h"

#include <stdlib.h>
#include <string.h>

void took(struct kit *k)
{
	if (bed_refusal(k->b))
		fail_msg("refused with %s at %s", bed_refusal(k->b), bed_path(k->b) ? bed_path(k->b) : "-");
}

void as_manager(struct kit *k)
{
	bed_as(k->b, WB_ROLE(PRINCIPAL), bed_id("principal"));
}

void as_lead(struct kit *k)
{
	bed_as(k->b, WB_ROLE(HOTLINE), bed_id("lead"));
}

void as_engineer(struct kit *k, size_t i)
{
	bed_as(k->b, WB_ROLE(ENGINEER), k->engineers[i]);
}

struct wb_id kit_engineer(struct kit *k, const char *name)
{
	static char *skills[] = {"OS", "HARDWARE"};
	MSG(RegisterEngineer, c, WEIBAO__V1__REGISTER_ENGINEER__INIT);
	c.name = bed_personal(k->b, name);
	c.position = "Engineer";
	c.skills = skills;
	c.n_skills = 2;
	c.telephone = bed_personal(k->b, "010-1234");
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
	THEN_EVENT(k->b, 0, "EngineerRegistered");
	return wb_id_of_field(((const Weibao__V1__EngineerRegistered *)bed_event(k->b, 0))->engineer_id);
}

void kit_member(struct kit *k, struct wb_id engineer)
{
	MSG(AddTeamMember, c, WEIBAO__V1__ADD_TEAM_MEMBER__INIT);
	c.team_id = FIELD(k, k->team);
	c.engineer_id = FIELD(k, engineer);
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
}

static void assign(struct kit *k, const char *tenant)
{
	MSG(AssignTeam, c, WEIBAO__V1__ASSIGN_TEAM__INIT);
	c.team_id = FIELD(k, k->team);
	as_manager(k);
	bed_when(k->b, tenant, &c.base);
	THEN_EVENT(k->b, 0, "TeamAssigned");
}

int kit_open(void **state)
{
	struct kit *k = calloc(1, sizeof *k);
	MSG(FormTeam, c, WEIBAO__V1__FORM_TEAM__INIT);
	k->b = bed_open(&wb_dispatch_service);
	k->engineers[0] = kit_engineer(k, "Wang");
	k->engineers[1] = kit_engineer(k, "Li");
	k->engineers[2] = kit_engineer(k, "Zhao");
	k->outsider = kit_engineer(k, "Qian");
	c.name = "Team 1";
	as_manager(k);
	bed_when(k->b, "provider", &c.base);
	THEN_EVENT(k->b, 0, "TeamFormed");
	k->team = wb_id_of_field(((const Weibao__V1__TeamFormed *)bed_event(k->b, 0))->team_id);
	for (size_t i = 0; i < 3; i++) {
		kit_member(k, k->engineers[i]);
		took(k);
	}
	assign(k, ACME);
	assign(k, BRAVO);
	*state = k;
	return 0;
}

int kit_close(void **state)
{
	struct kit *k = *state;
	bed_close(k->b);
	free(k);
	return 0;
}

/* ---- what intake says ---- */

struct wb_id kit_report(struct kit *k, const char *tenant, const char *name, const char *place, bool secret)
{
	struct wb_id id = bed_id(name);
	MSG(TicketPlace, p, WEIBAO__V1__TICKET_PLACE__INIT);
	MSG(TicketReported, e, WEIBAO__V1__TICKET_REPORTED__INIT);
	p.office_id = FIELD(k, bed_id("office"));
	p.office_name = "Office 1";
	p.place_key = (char *)(uintptr_t)place;
	e.ticket_id = FIELD(k, id);
	e.number = "ACME-20231114-0001";
	e.place = &p;
	e.caller_id = FIELD(k, bed_id("caller"));
	e.onsite_contact_id = FIELD(k, bed_id("onsite"));
	e.direct_user_id = FIELD(k, bed_id("user"));
	e.has_device_id = true;
	e.device_id = FIELD(k, bed_id("device"));
	e.category = "OS";
	e.kind = WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e.urgency = WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	e.symptom = bed_personal(k->b, "does not start");
	e.channel = WEIBAO__V1__CHANNEL__CHANNEL_PHONE;
	e.reported_at = bed_now(k->b);
	e.covered = true;
	e.has_secret_device = true;
	e.secret_device = secret;
	bed_given(k->b, tenant, "ticket", id, &e.base);
	return id;
}

void kit_handler(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(HandlerTaken, e, WEIBAO__V1__HANDLER_TAKEN__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.engineer_id = FIELD(k, k->engineers[0]);
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_needs_visit(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(VisitNeeded, e, WEIBAO__V1__VISIT_NEEDED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.engineer_id = FIELD(k, k->engineers[0]);
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_cancelled(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(TicketCancelled, e, WEIBAO__V1__TICKET_CANCELLED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.reason = bed_personal(k->b, "works again");
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_linked(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(TicketLinked, e, WEIBAO__V1__TICKET_LINKED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.to_ticket_id = FIELD(k, bed_id("other ticket"));
	e.to_number = "ACME-20231114-0000";
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_closed(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(TicketClosed, e, WEIBAO__V1__TICKET_CLOSED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.reason = WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP;
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_phone_solved(struct kit *k, const char *tenant, struct wb_id ticket)
{
	MSG(PhoneSolved, e, WEIBAO__V1__PHONE_SOLVED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = 1;
	e.engineer_id = FIELD(k, k->engineers[0]);
	e.steps = bed_personal(k->b, "restarted");
	e.completed_at = bed_now(k->b);
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

void kit_round(struct kit *k, const char *tenant, struct wb_id ticket, uint32_t round, Weibao__V1__RoundCause cause)
{
	MSG(RoundStarted, e, WEIBAO__V1__ROUND_STARTED__INIT);
	e.ticket_id = FIELD(k, ticket);
	e.round = round;
	e.cause = cause;
	e.started_at = bed_now(k->b);
	bed_given(k->b, tenant, "ticket", ticket, &e.base);
}

struct wb_id kit_ticket(struct kit *k, const char *tenant, const char *name, const char *place)
{
	struct wb_id id = kit_report(k, tenant, name, place, false);
	kit_needs_visit(k, tenant, id);
	return id;
}

/* ---- commands ---- */

void kit_schedule(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id engineer, int64_t at)
{
	MSG(ScheduleVisit, c, WEIBAO__V1__SCHEDULE_VISIT__INIT);
	const Ticket *t = kit_ticket_row(k, tenant, ticket);
	c.ticket_id = FIELD(k, ticket);
	c.round = t ? t->round : 1;
	c.engineer_id = FIELD(k, engineer);
	c.promised_arrival_at = at;
	c.agreed_by = WEIBAO__V1__AGREED_BY__AGREED_BY_PHONE;
	as_lead(k);
	bed_when(k->b, tenant, &c.base);
	if (!bed_refusal(k->b))
		k->visit = wb_id_of_field(((const Weibao__V1__VisitScheduled *)bed_event(k->b, 0))->visit_id);
}

/* The engineer who is first on the visit acts; one of the team's if nobody is. */
static void as_its_engineer(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	const Visit *v = kit_visit(k, tenant, ticket, visit);
	struct wb_id who = v && v->n_engineers ? wb_id_of_field(v->engineers[0]->engineer_id) : k->engineers[0];
	bed_as(k->b, WB_ROLE(ENGINEER), who);
}

static uint32_t round_of(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	const Visit *v = kit_visit(k, tenant, ticket, visit);
	return v ? v->round : 1;
}

#define OF(c)                                                                                                          \
	do {                                                                                                           \
		(c).ticket_id = FIELD(k, ticket);                                                                      \
		(c).round = round_of(k, tenant, ticket, visit);                                                        \
		(c).visit_id = FIELD(k, visit);                                                                        \
	} while (0)

#define ENGINEERS_COMMAND(fn, type, init)                                                                              \
	void fn(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)                            \
	{                                                                                                              \
		MSG(type, c, init);                                                                                    \
		OF(c);                                                                                                 \
		as_its_engineer(k, tenant, ticket, visit);                                                             \
		bed_when(k->b, tenant, &c.base);                                                                       \
	}
ENGINEERS_COMMAND(kit_accept, AcceptAssignment, WEIBAO__V1__ACCEPT_ASSIGNMENT__INIT)
ENGINEERS_COMMAND(kit_depart, Depart, WEIBAO__V1__DEPART__INIT)
ENGINEERS_COMMAND(kit_arrive, Arrive, WEIBAO__V1__ARRIVE__INIT)
ENGINEERS_COMMAND(kit_leave, LeaveVisit, WEIBAO__V1__LEAVE_VISIT__INIT)

void kit_decline(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	MSG(DeclineAssignment, c, WEIBAO__V1__DECLINE_ASSIGNMENT__INIT);
	OF(c);
	c.reason = "ill";
	as_its_engineer(k, tenant, ticket, visit);
	bed_when(k->b, tenant, &c.base);
}

static Weibao__V1__ServiceContent software[] = {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_SOFTWARE_FAULT};

void kit_diagnose(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	MSG(DiagnoseVisit, c, WEIBAO__V1__DIAGNOSE_VISIT__INIT);
	OF(c);
	c.contents = software;
	c.n_contents = 1;
	c.finding = bed_personal(k->b, "driver");
	as_its_engineer(k, tenant, ticket, visit);
	bed_when(k->b, tenant, &c.base);
}

void kit_work(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	MSG(RecordWork, c, WEIBAO__V1__RECORD_WORK__INIT);
	OF(c);
	c.steps = bed_personal(k->b, "installed the driver");
	as_its_engineer(k, tenant, ticket, visit);
	bed_when(k->b, tenant, &c.base);
}

void kit_form(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, Weibao__V1__VisitResult r)
{
	MSG(FillForm, c, WEIBAO__V1__FILL_FORM__INIT);
	OF(c);
	c.contents = software;
	c.n_contents = 1;
	c.solution = bed_personal(k->b, "driver installed");
	c.result = r;
	c.has_second_visit_at = r == WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT;
	c.second_visit_at = bed_now(k->b) + WB_DAY_US;
	as_its_engineer(k, tenant, ticket, visit);
	bed_when(k->b, tenant, &c.base);
}

void kit_move(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id engineer,
        int64_t at, Weibao__V1__MovedBy by)
{
	MSG(MoveVisit, c, WEIBAO__V1__MOVE_VISIT__INIT);
	ProtobufCBinaryData ids[] = {FIELD(k, engineer)};
	OF(c);
	c.promised_arrival_at = at;
	c.moved_by = by;
	c.reason = "traffic";
	c.engineer_ids = ids;
	c.n_engineer_ids = 1;
	as_lead(k);
	bed_when(k->b, tenant, &c.base);
}

void kit_cancel(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	MSG(CancelVisit, c, WEIBAO__V1__CANCEL_VISIT__INIT);
	OF(c);
	c.reason = "not needed";
	as_lead(k);
	bed_when(k->b, tenant, &c.base);
}

void kit_confirm(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	MSG(ConfirmVisit, c, WEIBAO__V1__CONFIRM_VISIT__INIT);
	OF(c);
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	bed_when(k->b, tenant, &c.base);
}

void kit_ask_move(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, int64_t at)
{
	MSG(AskMove, c, WEIBAO__V1__ASK_MOVE__INIT);
	OF(c);
	c.wished_at = at;
	c.note = bed_personal(k->b, "in a meeting");
	bed_as(k->b, WB_ROLE(USER), bed_id("caller"));
	bed_when(k->b, tenant, &c.base);
}

void kit_transfer(
        struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id from, struct wb_id to)
{
	MSG(TransferVisit, c, WEIBAO__V1__TRANSFER_VISIT__INIT);
	OF(c);
	c.engineer_id = FIELD(k, to);
	c.has_from_engineer_id = !wb_id_is_zero(from);
	c.from_engineer_id = FIELD(k, from);
	as_lead(k);
	bed_when(k->b, tenant, &c.base);
}

void kit_further(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, struct wb_id engineer)
{
	MSG(AssignFurtherEngineer, c, WEIBAO__V1__ASSIGN_FURTHER_ENGINEER__INIT);
	OF(c);
	c.engineer_id = FIELD(k, engineer);
	as_lead(k);
	bed_when(k->b, tenant, &c.base);
}

void kit_signed(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit, uint32_t revision)
{
	static uint8_t commitment[32] = {1};
	MSG(Signature, s, WEIBAO__V1__SIGNATURE__INIT);
	MSG(FormSigned, e, WEIBAO__V1__FORM_SIGNED__INIT);
	s.kind = WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_SCREEN;
	s.signer_name = bed_personal(k->b, "Sun");
	s.relation = "self";
	s.commitment = (ProtobufCBinaryData){sizeof commitment, commitment};
	s.nonce = bed_personal(k->b, "00");
	OF(e);
	e.revision = revision;
	e.signature = &s;
	e.signed_at = bed_now(k->b);
	bed_given(k->b, tenant, "visits", ticket, &e.base);
}

/* ---- rows ---- */

const Visit *kit_visit(struct kit *k, const char *tenant, struct wb_id ticket, struct wb_id visit)
{
	struct wb_txn *txn;
	assert_int_equal(wb_txn_read(bed_projection(k->b)->env, &txn), WB_OK);
	const Visit *v = dp_visit_get(txn, tenant, ticket, visit, bed_arena(k->b));
	wb_txn_abort(txn);
	return v;
}

const Ticket *kit_ticket_row(struct kit *k, const char *tenant, struct wb_id ticket)
{
	struct wb_txn *txn;
	assert_int_equal(wb_txn_read(bed_projection(k->b)->env, &txn), WB_OK);
	const Ticket *t = dp_ticket_get(txn, tenant, ticket, bed_arena(k->b));
	wb_txn_abort(txn);
	return t;
}
