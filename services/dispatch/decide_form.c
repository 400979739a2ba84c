/* The form's signature: the newest revision is shown, then signed as shown; paper is checked by the lead. */
#include "services/dispatch/onsite.h"

#include <string.h>

ONSITE_TURNS(show_form, Weibao__V1__ShowForm)
ONSITE_TURNS(sign_form, Weibao__V1__SignForm)
ONSITE_TURNS(check_paper_signature, Weibao__V1__CheckPaperSignature)

/* Everything that stands on the form and is signed for. Sealed texts are bound by their ciphertext (decide_sign.c). */
static void form_shown(struct shown *s, const struct visit_ref *v)
{
	const Visit *visit = v->visit;
	const Weibao__V1__FormFilled *f = visit->form;
	const Weibao__V1__TicketReported *r = v->ticket->reported;
	dp_shown_line(s, "form", visit->form_number);
	dp_shown_number(s, "revision", f->revision);
	dp_shown_line(s, "ticket", r->number);
	dp_shown_line(s, "office", r->place->office_name);
	dp_shown_box(s, "user", r->direct_user_name);
	dp_shown_box(s, "contact", r->onsite_contact_name);
	dp_shown_box(s, "address", r->place->address);
	dp_shown_box(s, "telephone", r->telephone);
	dp_shown_box(s, "symptom", r->symptom);
	dp_shown_line(s, "model", v->ticket->model);
	dp_shown_line(s, "serial", v->ticket->serial);
	dp_shown_number(s, "reported at", r->reported_at);
	dp_shown_number(s, "promised arrival", visit->judged_arrival_at);
	dp_shown_number(s, "actual arrival", visit->arrived_at);
	for (size_t i = 0; i < visit->n_engineers; i++) {
		dp_shown_id(s, "engineer", visit->engineers[i]->engineer_id);
		dp_shown_box(s, "engineer's name", visit->engineers[i]->name);
	}
	for (size_t i = 0; i < f->n_contents; i++)
		dp_shown_number(s, "content", f->contents[i]);
	dp_shown_number(s, "in warranty", f->in_warranty);
	dp_shown_number(s, "chargeable", f->chargeable);
	dp_shown_number(s, "amount in fen", f->has_amount_fen ? f->amount_fen : 0);
	dp_shown_box(s, "solution", f->solution);
	dp_shown_number(s, "result", f->result);
	dp_shown_number(s, "second visit at", f->has_second_visit_at ? f->second_visit_at : 0);
	dp_shown_number(s, "completed at", f->has_completed_at ? f->completed_at : 0);
}

void dp_decide_show_form(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ShowForm *c = command;
	struct visit_ref v;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) || !dp_signing_may(d, &v))
		return;
	if (!v.visit->form) {
		wb_refuse(d, WB_FORM_MISSING, "visitId");
		return;
	}
	if (dp_visit_signed(v.visit)) {
		wb_refuse(d, WB_ALREADY_SIGNED, "visitId");
		return;
	}
	struct shown *s = dp_shown_begin(d, "service form 1");
	NEW(d, Weibao__V1__FormShown, weibao__v1__form_shown__init, e);
	if (!s)
		return;
	ONSITE_OF(e, &v);
	e->revision = v.visit->form_revision;
	form_shown(s, &v);
	if (dp_shown_commit(d, s, c->nonce, dp_ticket_subject(v.ticket), v.ticket_id, &e->commitment, &e->nonce))
		wb_emit(d, "visits", v.ticket_id, &e->base);
}

static const Weibao__V1__FormShownRow *shown_get(struct wb_decision *d, const struct visit_ref *v)
{
	return (const Weibao__V1__FormShownRow *)dp_onsite_get(d->db, d->tenant, v->ticket_id, ONSITE_FORM_SHOWN,
	        v->visit_id, &weibao__v1__form_shown_row__descriptor, d->arena);
}

static bool may_sign(struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__FormShownRow *shown,
        ProtobufCBinaryData commitment)
{
	if (dp_visit_signed(v->visit))
		wb_refuse(d, WB_ALREADY_SIGNED, "visitId");
	else if (!v->visit->form)
		wb_refuse(d, WB_FORM_MISSING, "visitId");
	else if (!shown || shown->revision != v->visit->form_revision)
		wb_refuse(d, WB_FORM_NOT_SHOWN, "visitId");
	else if (commitment.len != shown->commitment.len ||
	         memcmp(commitment.data, shown->commitment.data, commitment.len) != 0)
		wb_refuse(d, WB_SHOWN_CHANGED, "commitment");
	return !wb_refused(d);
}

static void sign_form(struct wb_decision *d, const Weibao__V1__SignForm *c)
{
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) || !dp_signing_may(d, &v) ||
	        !dp_signing_time(d, &v, c->has_occurred_at, c->occurred_at, &at))
		return;
	const Weibao__V1__FormShownRow *shown = shown_get(d, &v);
	if (!may_sign(d, &v, shown, c->commitment))
		return;
	if (c->has_grade && (c->grade < WEIBAO__V1__GRADE__GRADE_VERY_SATISFIED ||
	                            c->grade > WEIBAO__V1__GRADE__GRADE_DISSATISFIED)) {
		wb_refuse(d, WB_FIELD_INVALID, "grade");
		return;
	}
	NEW(d, Weibao__V1__FormSigned, weibao__v1__form_signed__init, e);
	ONSITE_OF(e, &v);
	e->revision = shown->revision;
	e->has_grade = c->has_grade;
	e->grade = c->grade;
	e->signed_at = at;
	e->signature = dp_signature(d, &v, c->signature, shown->commitment, shown->nonce);
	if (e->signature && dp_personal_optional(d, c->opinions, DISPATCH_LONG_TEXT_BYTES, "opinions",
	                            dp_ticket_subject(v.ticket), v.ticket_id, &e->opinions))
		dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

void dp_decide_sign_form(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SignForm *c = command;
	sign_form(d, c);
	dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);
}

/* ---- paper ---- */

static const Weibao__V1__Signature *consent_signature(
        struct wb_decision *d, struct wb_id ticket, struct wb_id visit, struct wb_id consent)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(
	        d->db, d->tenant, ticket, ONSITE_STATEMENT, &weibao__v1__statement_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++) {
		const Weibao__V1__StatementRow *s = (const Weibao__V1__StatementRow *)all[i];
		if (s->consent && wb_id_equal(wb_id_of_field(s->consent->consent_id), consent) &&
		        wb_id_equal(wb_id_of_field(s->shown->visit_id), visit))
			return s->consent->signature;
	}
	return NULL;
}

void dp_decide_check_paper_signature(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckPaperSignature *c = command;
	const Weibao__V1__Signature *s = NULL;
	struct wb_id ticket, visit;
	if (!wb_require_id(d, c->ticket_id, "ticketId", &ticket) || !wb_require_id(d, c->visit_id, "visitId", &visit))
		return;
	const Visit *v = dp_visit_get(d->db, d->tenant, ticket, visit, d->arena);
	if (v && c->has_consent_id)
		s = consent_signature(d, ticket, visit, wb_id_of_field(c->consent_id));
	else if (v && v->signed_)
		s = v->signed_->signature;
	if (!s) {
		wb_refuse(d, WB_NOT_FOUND, !v ? "visitId" : c->has_consent_id ? "consentId" : "visitId");
		return;
	}
	if (s->kind != WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_PAPER) {
		wb_refuse(d, WB_NOT_ON_PAPER, NULL);
		return;
	}
	if (d->who->has_person_id && dp_visit_engineer(v, wb_id_of_field(d->who->person_id))) {
		wb_refuse(d, WB_CHECKED_BY_VISITOR, NULL);
		return;
	}
	if (!(c->accepted ? dp_text_optional(d, c->reason, DISPATCH_TEXT_BYTES, "reason")
	                  : dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason")))
		return;
	NEW(d, Weibao__V1__PaperSignatureChecked, weibao__v1__paper_signature_checked__init, e);
	e->ticket_id = c->ticket_id;
	e->visit_id = c->visit_id;
	e->what = (char *)(uintptr_t)(c->has_consent_id ? "consent" : "form");
	e->accepted = c->accepted;
	e->reason = c->reason;
	e->has_consent_id = c->has_consent_id;
	e->consent_id = c->consent_id;
	wb_emit(d, "visits", ticket, &e->base);
}
