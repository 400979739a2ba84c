/* Complaints: who makes them, when they are due, how they end; and what the provider notes for itself. */
#include "tests/unit/intake_kit.h"

#include <string.h>

static Weibao__V1__MakeComplaint complaint(struct intake_world *w)
{
	Weibao__V1__MakeComplaint c = WEIBAO__V1__MAKE_COMPLAINT__INIT;
	c.text = text(w, "来得太晚");
	return c;
}

static const Weibao__V1__ComplaintMade *made(struct intake_world *w)
{
	THEN_EVENT(w->b, 0, "ComplaintMade");
	return (const Weibao__V1__ComplaintMade *)bed_event(w->b, 0);
}

static void answer(struct intake_world *w, struct wb_id id)
{
	Weibao__V1__AnswerComplaint c = WEIBAO__V1__ANSWER_COMPLAINT__INIT;
	c.complaint_id = idf(w, id);
	c.answer = text(w, "已加派工程师");
	WHEN(w, c);
}

static void close_it(struct intake_world *w, struct wb_id id, bool accepted)
{
	Weibao__V1__CloseComplaint c = WEIBAO__V1__CLOSE_COMPLAINT__INIT;
	c.complaint_id = idf(w, id);
	c.accepted_by_client = accepted;
	WHEN(w, c);
}

static void a_user_complains_and_is_answered(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__MakeComplaint c = complaint(w);
	c.has_ticket_id = true;
	c.ticket_id = idf(w, report_ticket(w));
	as_user(w, w->contact);
	WHEN(w, c);
	const Weibao__V1__ComplaintMade *e = made(w);
	struct wb_id id = wb_id_of_field(e->complaint_id);
	assert_true(wb_id_equal(wb_id_of_field(e->contact_id), w->contact));
	assert_true(e->due_at == bed_now(w->b) + 3 * WB_DAY_US);
	answer(w, id);
	THEN_REJECTED(w->b, FORBIDDEN);
	close_it(w, id, true);
	THEN_REJECTED(w->b, COMPLAINT_NOT_ANSWERED);
	as_lead(w);
	answer(w, id);
	THEN_EVENT(w->b, 0, "ComplaintAnswered");
	/* who may not see it cannot close it; who complained closes it content or not at all */
	as_user(w, bed_id("another"));
	close_it(w, id, true);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "complaintId");
	as_user(w, w->contact);
	close_it(w, id, false);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "acceptedByClient");
	close_it(w, id, true);
	THEN_EVENT(w->b, 0, "ComplaintClosed");
	close_it(w, id, true);
	THEN_ALREADY(w->b);
	as_lead(w);
	answer(w, id);
	THEN_REJECTED(w->b, COMPLAINT_CLOSED);
}

static void staff_record_a_complaint_for_a_contact(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__MakeComplaint c = complaint(w);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "contactId");
	c.has_contact_id = true;
	c.contact_id = idf(w, bed_id("nobody"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "contactId");
	c.contact_id = idf(w, w->contact);
	c.text = text(w, "");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "text");
	c = complaint(w);
	c.has_contact_id = true;
	c.contact_id = idf(w, w->contact);
	c.has_ticket_id = true;
	c.ticket_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId");
	c.has_ticket_id = false;
	WHEN(w, c);
	struct wb_id id = wb_id_of_field(made(w)->complaint_id);
	answer(w, id);
	close_it(w, id, false); /* the provider may end it without the client's word, and that shows */
	THEN_EVENT(w->b, 0, "ComplaintClosed");
	answer(w, bed_id("none"));
	THEN_REJECTED_AT(w->b, NOT_FOUND, "complaintId");
}

static void a_link_complains_about_its_ticket(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w), other = report_ticket(w);
	Weibao__V1__MakeComplaint c = complaint(w);
	bed_as_link(w->b, "complain", t, 1);
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	c.has_ticket_id = true;
	c.ticket_id = idf(w, other);
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	c.ticket_id = idf(w, t);
	WHEN(w, c);
	assert_true(wb_id_equal(wb_id_of_field(made(w)->text->subject_id), w->contact));
}

static void the_policy_says_when_it_is_due(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__PolicySaved e = WEIBAO__V1__POLICY_SAVED__INIT;
	Weibao__V1__PolicyTerms terms = WEIBAO__V1__POLICY_TERMS__INIT;
	Weibao__V1__MakeComplaint c = complaint(w);
	terms.complaint_days = 5;
	e.policy_version = 1;
	e.terms = &terms;
	GIVEN(w, "policy", ((struct wb_id){{0}}), e);
	bed_as(w->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	WHEN(w, c);
	assert_true(made(w)->due_at == bed_now(w->b) + 5 * WB_DAY_US);
}

static void a_format_without_consent_opens_one(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__OpenViolationComplaint c = WEIBAO__V1__OPEN_VIOLATION_COMPLAINT__INIT;
	struct wb_id t = report_ticket(w);
	c.ticket_id = idf(w, t);
	c.visit_id = idf(w, bed_id("visit"));
	c.formatted_at = bed_now(w->b);
	WHEN(w, c);
	THEN_REJECTED(w->b, FORBIDDEN);
	as_system(w);
	WHEN(w, c);
	assert_true(made(w)->by_violation && wb_id_equal(wb_id_of_field(made(w)->ticket_id), t));
	WHEN(w, c); /* a retry of the to-do */
	THEN_ALREADY(w->b);
	c.formatted_at += WB_HOUR_US; /* another disk */
	WHEN(w, c);
	(void)made(w);
	c.ticket_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId");
}

static void handling_stays_with_the_provider(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__MakeComplaint c = complaint(w);
	Weibao__V1__NoteComplaintHandling n = WEIBAO__V1__NOTE_COMPLAINT_HANDLING__INIT;
	Weibao__V1__ListComplaintHandling l = WEIBAO__V1__LIST_COMPLAINT_HANDLING__INIT;
	as_user(w, w->contact);
	WHEN(w, c);
	n.complaint_id = l.complaint_id = made(w)->complaint_id;
	n.client = l.client = (char *)(uintptr_t)ACME;
	n.note = text(w, "与工程师谈话");
	as_lead(w);
	WHEN(w, n); /* not in the client unit's tenant */
	THEN_REJECTED(w->b, NOT_FOUND);
	n.client = (char *)(uintptr_t) "other";
	bed_when(w->b, "provider", &n.base);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "complaintId");
	n.client = (char *)(uintptr_t)ACME;
	n.note = text(w, "");
	bed_when(w->b, "provider", &n.base);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "note");
	n.note = text(w, "与工程师谈话");
	bed_when(w->b, "provider", &n.base);
	THEN_EVENT(w->b, 0, "ComplaintHandlingNoted");
	const Weibao__V1__ListComplaintHandlingAnswer *r =
	        (const Weibao__V1__ListComplaintHandlingAnswer *)bed_query(w->b, "provider", &l.base);
	assert_non_null(r);
	assert_int_equal(r->n_notes, 1);
	assert_string_equal(wb_personal_text(r->notes[0]->note), "与工程师谈话");
	bed_as(w->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
	assert_null(bed_query(w->b, "provider", &l.base));
}

#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_user_complains_and_is_answered),
	        T(staff_record_a_complaint_for_a_contact),
	        T(a_link_complains_about_its_ticket),
	        T(the_policy_says_when_it_is_due),
	        T(a_format_without_consent_opens_one),
	        T(handling_stays_with_the_provider),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
