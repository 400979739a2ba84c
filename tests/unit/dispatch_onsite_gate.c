/* The format gate: shown, signed by the user, formatted once; nothing else. */
#include "unit/dispatch_onsite_kit.h"

#include "seal/commit.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include <stdio.h>
#include <string.h>

#define BACKED_UP WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_BACKED_UP
#define NOTHING WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_NOTHING_TO_KEEP
#define UNREADABLE WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_UNREADABLE
#define SCREEN WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_SCREEN
#define LINK WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_LINK
#define PAPER WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_PAPER

static void sign_command(struct kit *k, const struct site *s, Weibao__V1__SignFormatConsent *c)
{
	weibao__v1__sign_format_consent__init(c);
	SITE_OF(k, *c, s);
	c->has_statement_id = true;
	c->statement_id = FIELD(k, s->statement);
	c->commitment = s->commitment;
	c->signature = site_given(k);
	c->signature->has_signer_id = false;
	c->signature->relation = "colleague";
}

static void shown_signed_formatted(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	THEN_EVENT(k->b, 0, "FormatStatementShown");
	const Weibao__V1__FormatStatementShown *shown = (const Weibao__V1__FormatStatementShown *)bed_event(k->b, 0);
	assert_int_equal(shown->commitment.len, 32);
	assert_int_equal(strlen(shown->nonce->plain), 64);
	assert_string_equal(shown->storage_device->plain, "USB disk");
	site_sign(k, &s);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
	const Weibao__V1__FormatConsentSigned *consent = (const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0);
	assert_memory_equal(consent->signature->commitment.data, shown->commitment.data, 32);
	assert_string_equal(consent->signature->nonce->plain, shown->nonce->plain);
	assert_string_equal(consent->disk, "disk C");
	site_format(k, &s, "disk C");
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "DiskFormatted");
	assert_true(bed_conditioned(k->b, "ticket"));
	assert_memory_equal(
	        ((const Weibao__V1__DiskFormatted *)bed_event(k->b, 0))->consent_id.data, consent->consent_id.data, 16);
	site_format(k, &s, "disk C");
	THEN_REJECTED_AT(k->b, BACKUP_NOT_SIGNED, "disk");
	MSG(RecordFormat, again, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(k, again, &s);
	again.disk = "disk C";
	again.has_consent_id = true;
	again.consent_id = FIELD(k, s.consent);
	bed_when(k->b, ACME, &again.base);
	THEN_REJECTED_AT(k->b, CONSENT_USED, "consentId");
	site_sign(k, &s);
	THEN_REJECTED(k->b, ALREADY_SIGNED);
}

static void no_consent_no_format(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	site_show(k, &s, "disk C", NOTHING);
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	site_sign(k, &s);
	site_format(k, &s, "disk D");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(k, c, &s);
	c.disk = "disk D";
	c.has_consent_id = true;
	c.consent_id = FIELD(k, s.consent);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, BACKUP_NOT_SIGNED, "consentId");
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_engineer(k, 1); /* not on the visit */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
}

static void a_consent_is_of_one_visit(void **state)
{
	struct kit *k = *state;
	struct site s, other;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	took(k);
	site_form(k, &s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT);
	site_sign_form(k, &s);
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, VISIT_OVER);
	other = s;
	kit_schedule(k, ACME, s.ticket, k->engineers[0], bed_now(k->b) + WB_DAY_US);
	took(k);
	other.visit = k->visit;
	bed_pass(k->b, WB_DAY_US);
	kit_arrive(k, ACME, s.ticket, other.visit);
	site_format(k, &other, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(k, c, &other);
	c.disk = "disk C";
	c.has_consent_id = true;
	c.consent_id = FIELD(k, s.consent);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, BACKUP_NOT_SIGNED, "consentId");
}

/* Shown on one visit, and signed for as if it were the other of the same ticket. */
static void a_statement_is_of_one_visit(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent c;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", NOTHING);
	took(k);
	site_form(k, &s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT);
	site_sign_form(k, &s);
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
	kit_schedule(k, ACME, s.ticket, k->engineers[0], bed_now(k->b) + WB_DAY_US);
	took(k);
	s.visit = k->visit;
	bed_pass(k->b, WB_DAY_US);
	kit_arrive(k, ACME, s.ticket, s.visit);
	took(k);
	sign_command(k, &s, &c);
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "statementId");
	c.has_statement_id = false; /* nor found by what was shown */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "statementId");
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
}

static void format_by(struct kit *k, const struct site *s, struct wb_id consent)
{
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(k, c, s);
	c.disk = "disk C";
	c.has_consent_id = true;
	c.consent_id = FIELD(k, consent);
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
}

/* Who names a consent that does not count any more is told so. */
static void a_void_consent_is_named_so(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent sign;
	MSG(WithdrawFormatConsent, back, WEIBAO__V1__WITHDRAW_FORMAT_CONSENT__INIT);
	MSG(CheckPaperSignature, check, WEIBAO__V1__CHECK_PAPER_SIGNATURE__INIT);
	MSG(TicketDeviceCorrected, device, WEIBAO__V1__TICKET_DEVICE_CORRECTED__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", NOTHING);
	site_sign(k, &s);
	took(k);
	SITE_OF(k, back, &s);
	back.consent_id = FIELD(k, s.consent);
	back.reason = "another file";
	bed_as(k->b, WB_ROLE(USER), bed_id("user"));
	bed_when(k->b, ACME, &back.base);
	took(k);
	format_by(k, &s, s.consent);
	THEN_REJECTED_AT(k->b, CONSENT_VOID, "consentId");
	site_show(k, &s, "disk C", NOTHING);
	sign_command(k, &s, &sign);
	sign.signature->kind = PAPER;
	sign.signature->witness_name = bed_personal(k->b, "Zhou");
	sign.signature->original_at = "folder 3";
	bed_when(k->b, ACME, &sign.base);
	took(k);
	struct wb_id paper = wb_id_of_field(((const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0))->consent_id);
	check.ticket_id = FIELD(k, s.ticket);
	check.visit_id = FIELD(k, s.visit);
	check.has_consent_id = true;
	check.consent_id = FIELD(k, paper);
	check.reason = "no signature on the sheet";
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	took(k);
	format_by(k, &s, paper);
	THEN_REJECTED_AT(k->b, CONSENT_VOID, "consentId");
	site_show(k, &s, "disk C", NOTHING);
	site_sign(k, &s);
	took(k);
	device.ticket_id = FIELD(k, s.ticket);
	device.device_id = FIELD(k, bed_id("another device"));
	bed_given(k->b, ACME, "ticket", s.ticket, &device.base);
	format_by(k, &s, s.consent);
	THEN_REJECTED_AT(k->b, CONSENT_VOID, "consentId");
}

static void an_engineer_never_signs(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent c;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	sign_command(k, &s, &c);
	c.signature->has_signer_id = true;
	for (size_t i = 0; i < 3; i++) { /* neither this one nor a colleague */
		c.signature->signer_id = FIELD(k, k->engineers[i]);
		bed_when(k->b, ACME, &c.base);
		THEN_REJECTED_AT(k->b, SIGNER_IS_ENGINEER, "signature.signerId");
	}
	c.signature->signer_id = FIELD(k, bed_id("nobody"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNER_UNKNOWN, "signature.signerId");
	c.signature->has_signer_id = false;
	c.signature->kind = LINK; /* an engineer takes signatures on the screen and on paper */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNATURE_KIND_WRONG, "signature.kind");
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	/* an engineer behind a user's account or a link is one still */
	bed_as_link(k->b, "sign", s.visit, 1);
	c.signature->has_signer_id = true;
	c.signature->signer_id = FIELD(k, k->engineers[1]);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNER_IS_ENGINEER, "signature.signerId");
}

static void the_user_signs_by_link_and_signed_in(void **state)
{
	struct kit *k = *state;
	struct site s, other;
	Weibao__V1__SignFormatConsent c;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", UNREADABLE);
	sign_command(k, &s, &c);
	c.signature->kind = LINK;
	bed_as_link(k->b, "rate", s.ticket, 1); /* another purpose */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	bed_as_link(k->b, "sign", bed_id("other"), 1); /* another ticket */
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	bed_as_link(k->b, "sign", s.visit, 1);
	c.signature->kind = SCREEN;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNATURE_KIND_WRONG, "signature.kind");
	c.signature->kind = LINK;
	c.has_occurred_at = true;
	c.occurred_at = bed_now(k->b);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "occurredAt");
	c.has_occurred_at = false;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
	site_format(k, &s, "disk C");
	THEN_EVENT(k->b, 0, "DiskFormatted");
	other = s;
	site_show(k, &other, "disk D", NOTHING);
	sign_command(k, &other, &c);
	bed_as(k->b, WB_ROLE(USER), bed_id("stranger"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "visitId");
	bed_as(k->b, WB_ROLE(USER), bed_id("onsite"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNATURE_KIND_WRONG, "signature.kind");
	c.signature->kind = LINK;
	c.signature->has_signer_id = true; /* in nobody else's name */
	c.signature->signer_id = FIELD(k, bed_id("user"));
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SIGNER_UNKNOWN, "signature.signerId");
	c.signature->signer_id = FIELD(k, bed_id("onsite"));
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
	const Weibao__V1__Signature *g = ((const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0))->signature;
	assert_true(g->has_signer_id && wb_id_equal(wb_id_of_field(g->signer_id), bed_id("onsite")));
}

static void what_was_shown_is_what_is_signed(void **state)
{
	struct kit *k = *state;
	struct site s, first;
	Weibao__V1__SignFormatConsent c;
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	first = s;
	site_show(k, &s, "disk C", BACKED_UP); /* the same text, another nonce */
	assert_memory_not_equal(first.commitment.data, s.commitment.data, 32);
	sign_command(k, &s, &c);
	c.commitment = first.commitment;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SHOWN_CHANGED, "commitment");
	c.commitment.len = 31;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SHOWN_CHANGED, "commitment");
	c.commitment = s.commitment;
	c.has_statement_id = false; /* offline nobody knows the id: the commitment finds it */
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
	assert_memory_equal(
	        ((const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0))->statement_id.data, s.statement.b, 16);
}

static void the_phone_may_bring_the_nonce(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(ShowFormatStatement, c, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	site_open(k, ACME, "t1", &s);
	SITE_OF(k, c, &s);
	c.disk = "disk C";
	c.kind = NOTHING;
	c.nonce = bed_personal(k->b, "00");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "nonce");
	c.nonce = bed_personal(k->b, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatStatementShown");
	const Weibao__V1__FormatStatementShown *e = (const Weibao__V1__FormatStatementShown *)bed_event(k->b, 0);
	assert_string_equal(e->nonce->plain, c.nonce->plain);
	/* the canonical text, written out by hand */
	uint8_t nonce[32], made[32];
	char text[900], number[32], id[WB_ID_TEXT_BYTES];
	size_t n = 0;
	for (size_t i = 0; i < 32; i++)
		nonce[i] = (uint8_t)i;
#define LINE(name, data, len)                                                                                          \
	do {                                                                                                           \
		n += (size_t)snprintf(text + n, sizeof text - n, "%s:%zu:", name, (size_t)(len));                      \
		memcpy(text + n, data, len);                                                                           \
		n += (size_t)(len);                                                                                    \
		text[n++] = '\n';                                                                                      \
	} while (0)
#define TEXT_LINE(name, s) LINE(name, s, strlen(s))
	TEXT_LINE("weibao", "format statement 1");
	TEXT_LINE("form", "ACME-20231114-0001-V1");
	TEXT_LINE("ticket", "ACME-20231114-0001");
	wb_id_text(s.visit, id);
	TEXT_LINE("visit", id);
	TEXT_LINE("office", "Office 1");
	wb_id_text(bed_id("device"), id);
	TEXT_LINE("device", id);
	TEXT_LINE("model", "");
	TEXT_LINE("serial", "");
	TEXT_LINE("disk", "disk C");
	TEXT_LINE("statement", "硬盘上没有需要保留的数据，可以格式化硬盘。");
	TEXT_LINE("storage device", "");
	TEXT_LINE("tried", "");
	(void)snprintf(number, sizeof number, "%lld", (long long)bed_now(k->b));
	TEXT_LINE("shown at", number);
	wb_commit(nonce, (struct wb_bytes){(const uint8_t *)text, n}, made);
	assert_memory_equal(e->commitment.data, made, 32);
}

static void each_kind_says_what_it_rests_on(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(ShowFormatStatement, c, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	site_open(k, ACME, "t1", &s);
	SITE_OF(k, c, &s);
	c.disk = "";
	c.kind = NOTHING;
	c.nonce = site_nonce(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "disk");
	c.disk = "disk C";
	c.kind = BACKED_UP;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "storageDevice");
	c.storage_device = bed_personal(k->b, "stick");
	c.tried = bed_personal(k->b, "cable");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "tried");
	c.kind = UNREADABLE;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "storageDevice");
	c.storage_device = NULL;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatStatementShown");
	c.tried = NULL;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "tried");
}

static void statements_end_somewhere(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	for (int i = 0; i < 500; i++) {
		site_show(k, &s, "disk C", NOTHING);
		took(k);
	}
	site_sign(k, &s); /* the newest is seen among all of them */
	took(k);
	site_format(k, &s, "disk C");
	THEN_EVENT(k->b, 0, "DiskFormatted");
	site_show(k, &s, "disk C", NOTHING);
	THEN_REJECTED(k->b, COMMAND_TOO_LARGE);
}

static void a_withdrawn_consent_is_void(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(WithdrawFormatConsent, c, WEIBAO__V1__WITHDRAW_FORMAT_CONSENT__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	SITE_OF(k, c, &s);
	c.consent_id = FIELD(k, s.consent);
	c.reason = "";
	bed_as_link(k->b, "sign", s.visit, 1);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "reason");
	c.reason = "found another file";
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentWithdrawn");
	bed_when(k->b, ACME, &c.base);
	THEN_ALREADY(k->b);
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	site_format(k, &s, "disk C");
	THEN_EVENT(k->b, 0, "DiskFormatted");
	c.consent_id = FIELD(k, s.consent);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, CONSENT_USED, "consentId");
}

static void a_paper_signature_may_be_rejected(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent c;
	MSG(CheckPaperSignature, check, WEIBAO__V1__CHECK_PAPER_SIGNATURE__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	sign_command(k, &s, &c);
	c.signature->kind = PAPER;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, PAPER_INCOMPLETE, "signature.witnessName");
	c.signature->witness_name = bed_personal(k->b, "Zhou");
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, PAPER_INCOMPLETE, "signature.originalAt");
	c.signature->original_at = "folder 3";
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
	s.consent = wb_id_of_field(((const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0))->consent_id);
	check.ticket_id = FIELD(k, s.ticket);
	check.visit_id = FIELD(k, s.visit);
	check.has_consent_id = true;
	check.consent_id = FIELD(k, s.consent);
	check.accepted = false;
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "reason");
	check.reason = "no signature on it";
	bed_as(k->b, WB_ROLE(HOTLINE) | WB_ROLE(ENGINEER), k->engineers[0]); /* who made the visit */
	bed_when(k->b, ACME, &check.base);
	THEN_REJECTED(k->b, CHECKED_BY_VISITOR);
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	THEN_EVENT(k->b, 0, "PaperSignatureChecked");
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	check.consent_id = FIELD(k, s.consent);
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	THEN_REJECTED(k->b, NOT_ON_PAPER);
	site_format(k, &s, "disk C");
	THEN_EVENT(k->b, 0, "DiskFormatted");
}

static void another_device_voids_the_consent(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(TicketDeviceCorrected, e, WEIBAO__V1__TICKET_DEVICE_CORRECTED__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	e.ticket_id = FIELD(k, s.ticket);
	e.device_id = FIELD(k, bed_id("another device"));
	bed_given(k->b, ACME, "ticket", s.ticket, &e.base);
	site_format(k, &s, "disk C");
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
}

static void nobody_signs_before_it_is_shown(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent c;
	MSG(ShowFormatStatement, show, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	site_open(k, ACME, "t1", &s);
	int64_t arrived = bed_now(k->b);
	bed_pass(k->b, 5 * WB_MINUTE_US);
	SITE_OF(k, show, &s);
	show.disk = "disk C";
	show.kind = NOTHING;
	show.nonce = site_nonce(k);
	show.has_occurred_at = true;
	show.occurred_at = arrived - 1; /* nor is it shown before anybody is there */
	as_engineer(k, 0);
	bed_when(k->b, ACME, &show.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
	site_show(k, &s, "disk C", NOTHING);
	took(k);
	sign_command(k, &s, &c);
	c.has_occurred_at = true;
	c.occurred_at = bed_now(k->b) - 1;
	bed_pass(k->b, WB_MINUTE_US);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "occurredAt");
	c.occurred_at++;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormatConsentSigned");
}

static void what_happened_when_counts_too(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	site_open(k, ACME, "t1", &s);
	int64_t before = bed_now(k->b) + WB_MINUTE_US;
	bed_pass(k->b, 2 * WB_MINUTE_US);
	site_show(k, &s, "disk C", BACKED_UP);
	bed_pass(k->b, WB_MINUTE_US);
	site_sign(k, &s);
	SITE_OF(k, c, &s);
	c.disk = "disk C";
	c.has_occurred_at = true;
	c.occurred_at = before; /* formatted, and signed only afterwards */
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "DiskFormattedWithoutConsent");
	bed_pass(k->b, 5 * WB_MINUTE_US);
	c.occurred_at = bed_now(k->b) - WB_MINUTE_US;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "DiskFormatted");
	assert_int_equal(((const Weibao__V1__DiskFormatted *)bed_event(k->b, 0))->formatted_at, c.occurred_at);
}

/* A phone that was in a basement for days: nobody is accused by what it brings, and nothing becomes a format. */
static void what_comes_too_late_is_held(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignFormatConsent sign;
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	MSG(ShowFormatStatement, show, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	int64_t then = bed_now(k->b) + WB_MINUTE_US;
	bed_pass(k->b, 25 * WB_HOUR_US);
	SITE_OF(k, show, &s);
	show.disk = "disk D";
	show.kind = NOTHING;
	show.nonce = site_nonce(k);
	show.has_occurred_at = true;
	show.occurred_at = then;
	bed_when(k->b, ACME, &show.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	sign_command(k, &s, &sign);
	sign.has_occurred_at = true;
	sign.occurred_at = then;
	bed_when(k->b, ACME, &sign.base);
	THEN_EVENT(k->b, 0, "FactHeld");
	const Weibao__V1__FactHeld *held = (const Weibao__V1__FactHeld *)bed_event(k->b, 0);
	assert_string_equal(held->fact, "SignFormatConsent");
	assert_string_equal(held->why, "TIME_OUT_OF_RANGE");
	assert_non_null(strstr(held->content->plain, "\"signerName\":\"Sun\"")); /* all that it said */
	SITE_OF(k, c, &s);
	c.disk = "disk C";
	c.has_occurred_at = true;
	c.occurred_at = then;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	c.occurred_at = bed_now(k->b); /* in time, and its consent is among the held */
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	held = (const Weibao__V1__FactHeld *)bed_event(k->b, 0);
	assert_string_equal(held->why, "BACKUP_NOT_SIGNED");
	assert_non_null(strstr(held->content->plain, "\"disk\":\"disk C\""));
	assert_int_equal(bed_todo_count(k->b), 0);
}

static void a_format_told_after_the_end_is_held(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	int64_t then = bed_now(k->b);
	bed_pass(k->b, WB_MINUTE_US);
	site_form(k, &s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	site_sign_form(k, &s);
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
	SITE_OF(k, c, &s);
	c.disk = "disk C";
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED(k->b, VISIT_OVER);
	c.has_occurred_at = true;
	c.occurred_at = then;
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "FactHeld");
	assert_string_equal(((const Weibao__V1__FactHeld *)bed_event(k->b, 0))->why, "VISIT_OVER");
}

static void the_workshop_belongs_to_the_visit(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	struct wb_id custody = site_take(k, &s, "computer");
	took(k);
	site_form(k, &s, WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK);
	site_sign_form(k, &s);
	kit_leave(k, ACME, s.ticket, s.visit);
	THEN_EVENTS(k->b, 1);
	site_show(k, &s, "disk C", BACKED_UP);
	took(k);
	Weibao__V1__SignFormatConsent c;
	sign_command(k, &s, &c);
	c.signature->kind = LINK;
	bed_as_link(k->b, "sign", s.ticket, 1);
	bed_when(k->b, ACME, &c.base);
	took(k);
	site_format(k, &s, "disk C");
	THEN_EVENT(k->b, 0, "DiskFormatted");
	site_show(k, &s, "disk D", BACKED_UP);
	site_sign(k, &s);
	took(k);
	site_return(k, &s, custody);
	THEN_EVENT(k->b, 1, "VisitEnded");
	site_format(k, &s, "disk D"); /* signed, and the visit has ended */
	THEN_REJECTED(k->b, VISIT_OVER);
}

static void what_nevertheless_happened_opens_a_complaint(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(RecordFormatWithoutConsent, c, WEIBAO__V1__RECORD_FORMAT_WITHOUT_CONSENT__INIT);
	site_open(k, ACME, "t1", &s);
	SITE_OF(k, c, &s);
	c.disk = "disk C";
	c.why = "";
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "why");
	c.why = "thought it was the spare disk";
	c.has_formatted_at = true;
	c.formatted_at = bed_now(k->b) + WB_HOUR_US;
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "formattedAt");
	c.formatted_at = bed_now(k->b);
	bed_pass(k->b, 3 * WB_DAY_US); /* however late it is told */
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENTS(k->b, 1);
	THEN_EVENT(k->b, 0, "DiskFormattedWithoutConsent");
	const Weibao__V1__DiskFormattedWithoutConsent *e =
	        (const Weibao__V1__DiskFormattedWithoutConsent *)bed_event(k->b, 0);
	struct wb_id complaint = wb_id_derive(s.visit, "violation", (uint32_t)(e->formatted_at / WB_SECOND_US));
	assert_int_equal(bed_todo(k->b, DISPATCH_TODO_VIOLATION, ACME, complaint, 0), bed_now(k->b));
	assert_int_equal(bed_run(k->b), 1);
	const char *service;
	const Weibao__V1__OpenViolationComplaint *sent =
	        (const Weibao__V1__OpenViolationComplaint *)bed_sent(k->b, &service);
	assert_string_equal(service, "intake");
	assert_string_equal(sent->base.descriptor->short_name, "OpenViolationComplaint");
	assert_int_equal(sent->formatted_at, e->formatted_at);
	MSG(ComplaintMade, made, WEIBAO__V1__COMPLAINT_MADE__INIT);
	made.complaint_id = FIELD(k, bed_id("another"));
	made.text = bed_personal(k->b, "x");
	made.has_by_violation = made.by_violation = true;
	bed_given(k->b, ACME, "complaint", bed_id("another"), &made.base);
	assert_int_equal(bed_todo_count(k->b), 1);
	made.complaint_id = FIELD(k, complaint);
	bed_given(k->b, ACME, "complaint", complaint, &made.base);
	assert_int_equal(bed_todo_count(k->b), 0);
	c.formatted_at += WB_MINUTE_US; /* two more: each opens its own */
	as_lead(k);
	bed_when(k->b, ACME, &c.base);
	c.formatted_at += WB_MINUTE_US;
	bed_when(k->b, ACME, &c.base);
	assert_int_equal(bed_todo_count(k->b), 2);
	site_format(k, &s, "disk C"); /* and it is no consent for anything */
	THEN_REJECTED(k->b, BACKUP_NOT_SIGNED);
}

static void the_gate_is_seen(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(GetServiceForm, q, WEIBAO__V1__GET_SERVICE_FORM__INIT);
	site_open(k, ACME, "t1", &s);
	site_show(k, &s, "disk C", BACKED_UP);
	site_sign(k, &s);
	site_format(k, &s, "disk C");
	q.ticket_id = FIELD(k, s.ticket);
	q.visit_id = FIELD(k, s.visit);
	bed_as_link(k->b, "sign", s.visit, 1);
	const Weibao__V1__ServiceFormAnswer *a = (const Weibao__V1__ServiceFormAnswer *)bed_query(k->b, ACME, &q.base);
	assert_non_null(a);
	assert_int_equal(a->n_statements, 1);
	assert_true(a->statements[0]->has_used_at);
	bed_as_link(k->b, "sign", bed_id("other"), 1);
	assert_null(bed_query(k->b, ACME, &q.base));
	as_engineer(k, 1); /* a colleague in the team */
	assert_non_null(bed_query(k->b, ACME, &q.base));
	bed_as(k->b, WB_ROLE(ENGINEER), k->outsider);
	assert_null(bed_query(k->b, ACME, &q.base));
	as_engineer(k, 0);
	assert_null(bed_query(k->b, BRAVO, &q.base));
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(shown_signed_formatted),
	        T(no_consent_no_format),
	        T(a_consent_is_of_one_visit),
	        T(a_statement_is_of_one_visit),
	        T(a_void_consent_is_named_so),
	        T(an_engineer_never_signs),
	        T(the_user_signs_by_link_and_signed_in),
	        T(what_was_shown_is_what_is_signed),
	        T(the_phone_may_bring_the_nonce),
	        T(each_kind_says_what_it_rests_on),
	        T(statements_end_somewhere),
	        T(a_withdrawn_consent_is_void),
	        T(a_paper_signature_may_be_rejected),
	        T(another_device_voids_the_consent),
	        T(nobody_signs_before_it_is_shown),
	        T(what_happened_when_counts_too),
	        T(what_comes_too_late_is_held),
	        T(a_format_told_after_the_end_is_held),
	        T(the_workshop_belongs_to_the_visit),
	        T(what_nevertheless_happened_opens_a_complaint),
	        T(the_gate_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
