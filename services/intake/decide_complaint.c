/* Decisions on complaints: tenant-visible but for how they were handled inside. */
#include "services/intake/decide.h"

#include <string.h>

static const struct wb_id zero;

static int64_t complaint_due(struct wb_decision *d)
{
	return d->now_us + (int64_t)policy_days(d->db, d->tenant, d->arena).complaint_days * WB_DAY_US;
}

void intake_make_complaint_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MakeComplaint *c = command;
	(void)tenant;
	wb_turn_read(t, "tenant", zero);
	if (c->has_ticket_id)
		wb_turn_read(t, "ticket", wb_id_of_field(c->ticket_id));
	if (c->has_contact_id)
		wb_turn_read(t, "contact", wb_id_of_field(c->contact_id));
}

/* Who complains: the contact that staff name, the ticket's user behind a link, the account's contact. Zero: refused. */
static struct wb_id complainant(
        struct wb_decision *d, const Weibao__V1__MakeComplaint *c, const Ticket *t, bool *ret_is_contact)
{
	*ret_is_contact = true;
	if (is_staff(d)) {
		const Contact *x = c->has_contact_id ? need_contact(d, c->contact_id, "contactId") : NULL;
		if (!c->has_contact_id)
			wb_refuse(d, WB_FIELD_REQUIRED, "contactId");
		return x ? wb_id_of_field(x->contact_id) : zero;
	}
	if (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK)) {
		if (t)
			return wb_id_of_field(t->direct_user_id);
		wb_refuse(d, WB_LINK_OTHER_THING, "ticketId");
		return zero;
	}
	*ret_is_contact = d->who->has_person_id;
	return who_person(d);
}

void intake_make_complaint(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MakeComplaint *c = command;
	struct wb_id id = wb_new_id(d, "complaint"), who;
	bool is_contact;
	if (!need_tenant(d))
		return;
	const Ticket *t = c->has_ticket_id ? visible_ticket(d, c->ticket_id, "complain") : NULL;
	if (wb_refused(d) || !need_personal(d, c->text, INTAKE_TEXT_CHARS, "text"))
		return;
	who = complainant(d, c, t, &is_contact);
	if (wb_refused(d))
		return;
	NEW(d, Weibao__V1__ComplaintMade, weibao__v1__complaint_made__init, e);
	e->complaint_id = wb_field_of_id(d->arena, id);
	e->has_ticket_id = c->has_ticket_id;
	e->ticket_id = c->ticket_id;
	e->text = wb_personal(d->arena, who, id, wb_personal_text(c->text));
	e->has_contact_id = is_contact;
	if (is_contact)
		e->contact_id = wb_field_of_id(d->arena, who);
	e->due_at = complaint_due(d);
	wb_emit(d, "complaint", id, &e->base);
}

/* Staff and representatives all, a user the own ones. */
static const Complaint *complaint_of(struct wb_decision *d, ProtobufCBinaryData id)
{
	const Complaint *row = complaint_get(d->db, d->tenant, wb_id_of_field(id), d->arena);
	if (row && (is_staff(d) || is_client(d) || (row->has_contact_id && is_self(d, row->contact_id))))
		return row;
	wb_refuse(d, WB_NOT_FOUND, "complaintId");
	return NULL;
}

TURNS_ON(answer_complaint, Weibao__V1__AnswerComplaint, "complaint", complaint_id)

void intake_answer_complaint(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AnswerComplaint *c = command;
	const Complaint *row = complaint_of(d, c->complaint_id);
	if (!row || !need_personal(d, c->answer, INTAKE_TEXT_CHARS, "answer"))
		return;
	if (row->has_closed && row->closed) {
		wb_refuse(d, WB_COMPLAINT_CLOSED, NULL);
		return;
	}
	NEW(d, Weibao__V1__ComplaintAnswered, weibao__v1__complaint_answered__init, e);
	e->complaint_id = c->complaint_id;
	/* under the key that seals the complaint itself: they are erased together */
	e->answer = wb_personal(d->arena, wb_id_of_field(row->text->subject_id),
	        row->text->has_context_id ? wb_id_of_field(row->text->context_id) : zero, wb_personal_text(c->answer));
	wb_emit(d, "complaint", wb_id_of_field(c->complaint_id), &e->base);
}

TURNS_ON(close_complaint, Weibao__V1__CloseComplaint, "complaint", complaint_id)

void intake_close_complaint(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CloseComplaint *c = command;
	const Complaint *row = complaint_of(d, c->complaint_id);
	if (!row)
		return;
	if (row->has_closed && row->closed) {
		wb_already(d);
		return;
	}
	if (!row->answer) {
		wb_refuse(d, WB_COMPLAINT_NOT_ANSWERED, NULL);
		return;
	}
	/* acceptance is the client's own word; who is not content leaves it open */
	if (!is_staff(d) && !c->accepted_by_client) {
		wb_refuse(d, WB_FIELD_INVALID, "acceptedByClient");
		return;
	}
	NEW(d, Weibao__V1__ComplaintClosed, weibao__v1__complaint_closed__init, e);
	e->complaint_id = c->complaint_id;
	e->accepted_by_client = c->accepted_by_client;
	wb_emit(d, "complaint", wb_id_of_field(c->complaint_id), &e->base);
}

TURNS_ON(note_complaint_handling, Weibao__V1__NoteComplaintHandling, "complaint", complaint_id)

/* In the tenant "provider": the client unit never sees it. */
void intake_note_complaint_handling(struct wb_decision *d, const void *command)
{
	const Weibao__V1__NoteComplaintHandling *c = command;
	struct wb_id id = wb_id_of_field(c->complaint_id);
	if (strlen(c->client) > 32 || !complaint_get(d->db, c->client, id, d->arena)) {
		wb_refuse(d, WB_NOT_FOUND, "complaintId");
		return;
	}
	if (!need_personal(d, c->note, INTAKE_TEXT_CHARS, "note"))
		return;
	NEW(d, Weibao__V1__ComplaintHandlingNoted, weibao__v1__complaint_handling_noted__init, e);
	e->complaint_id = c->complaint_id;
	e->client = c->client;
	e->note = wb_personal(d->arena, wb_id_of_field(d->who->account_id), zero, wb_personal_text(c->note));
	wb_emit(d, "complaint", id, &e->base);
}

void intake_open_violation_complaint_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__OpenViolationComplaint *c = command;
	(void)tenant;
	wb_turn_read(t, "ticket", wb_id_of_field(c->ticket_id));
	wb_turn_write_name(t, "violation", (struct wb_bytes){c->visit_id.data, c->visit_id.len});
}

void intake_open_violation_complaint(struct wb_decision *d, const void *command)
{
	const Weibao__V1__OpenViolationComplaint *c = command;
	/* one for each formatted disk: a retry of the to-do finds it */
	struct wb_id id =
	        wb_id_derive(wb_id_of_field(c->visit_id), "violation", (uint32_t)(c->formatted_at / WB_SECOND_US));
	const Ticket *t = visible_ticket(d, c->ticket_id, NULL);
	if (!t)
		return;
	if (complaint_get(d->db, d->tenant, id, d->arena)) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__ComplaintMade, weibao__v1__complaint_made__init, e);
	e->complaint_id = wb_field_of_id(d->arena, id);
	e->has_ticket_id = true;
	e->ticket_id = c->ticket_id;
	e->text = wb_personal(d->arena, wb_id_of_field(t->direct_user_id), id,
	        "未经用户签字同意格式化硬盘（违规格式化）。 A disk was formatted without signed consent.");
	e->due_at = complaint_due(d);
	e->has_by_violation = e->by_violation = true;
	wb_emit(d, "complaint", id, &e->base);
}
