/*
 * The format gate. A DiskFormatted event exists only with a consent that was signed before it, for that disk, on that
 * visit, unused, not withdrawn and not rejected, in the order of the stream and in the order of what happened.
 */
#include "services/dispatch/onsite.h"

#include <string.h>

#define STATEMENT(name) WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_##name

ONSITE_TURNS(show_format_statement, Weibao__V1__ShowFormatStatement)
ONSITE_TURNS(sign_format_consent, Weibao__V1__SignFormatConsent)
ONSITE_TURNS(withdraw_format_consent, Weibao__V1__WithdrawFormatConsent)
ONSITE_TURNS(record_format, Weibao__V1__RecordFormat)
ONSITE_TURNS(record_format_without_consent, Weibao__V1__RecordFormatWithoutConsent)

typedef Weibao__V1__StatementRow Statement;

static Statement *statement_get(struct wb_decision *d, struct wb_id ticket, struct wb_id id)
{
	return (Statement *)dp_onsite_get(
	        d->db, d->tenant, ticket, ONSITE_STATEMENT, id, &weibao__v1__statement_row__descriptor, d->arena);
}

/* ---- shown ---- */

/* What the statement rests on is there for its kind, and for no other. */
static bool basis_sound(struct wb_decision *d, const Weibao__V1__Personal *basis, bool wanted, const char *path)
{
	const char *text = basis ? wb_personal_text(basis) : NULL;
	if (wanted == (text && text[0]))
		return true;
	wb_refuse(d, wanted ? WB_FIELD_REQUIRED : WB_FIELD_INVALID, path);
	return false;
}

static bool statement_sound(struct wb_decision *d, const Weibao__V1__ShowFormatStatement *c)
{
	if (c->kind < STATEMENT(BACKED_UP) || c->kind > STATEMENT(UNREADABLE)) {
		wb_refuse(d, WB_FIELD_INVALID, "kind");
		return false;
	}
	return basis_sound(d, c->storage_device, c->kind == STATEMENT(BACKED_UP), "storageDevice") &&
	       basis_sound(d, c->tried, c->kind == STATEMENT(UNREADABLE), "tried") &&
	       dp_text_require(d, c->disk, DISPATCH_TEXT_BYTES, "disk");
}

const char *dp_statement_text(Weibao__V1__StatementKind kind)
{
	switch (kind) {
	case STATEMENT(BACKED_UP):
		return "已将数据备份到指定存储设备上，可以格式化硬盘。";
	case STATEMENT(NOTHING_TO_KEEP):
		return "硬盘上没有需要保留的数据，可以格式化硬盘。";
	case STATEMENT(UNREADABLE):
		return "硬盘数据无法读取，接受数据丢失，可以格式化硬盘。";
	case STATEMENT(UNSPECIFIED):
	case _WEIBAO__V1__STATEMENT_KIND_IS_INT_SIZE:
		break;
	}
	return "";
}

/* Everything that the user sees above the line where they sign. */
static struct shown *statement_shown(
        struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__ShowFormatStatement *c, int64_t at)
{
	struct shown *s = dp_shown_begin(d, "format statement 1");
	if (!s)
		return NULL;
	dp_shown_line(s, "form", v->visit->form_number);
	dp_shown_line(s, "ticket", v->ticket->reported->number);
	dp_shown_id(s, "visit", v->visit->visit_id);
	dp_shown_line(s, "office", v->ticket->reported->place->office_name);
	dp_shown_id(s, "device", v->ticket->device_id);
	dp_shown_line(s, "model", v->ticket->model);
	dp_shown_line(s, "serial", v->ticket->serial);
	dp_shown_line(s, "disk", c->disk);
	dp_shown_line(s, "statement", dp_statement_text(c->kind));
	dp_shown_line(s, "storage device", wb_personal_text(c->storage_device));
	dp_shown_line(s, "tried", wb_personal_text(c->tried));
	dp_shown_number(s, "shown at", at);
	return s;
}

static void show_statement(struct wb_decision *d, const Weibao__V1__ShowFormatStatement *c)
{
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require_working(d, c->ticket_id, c->visit_id, c->round, true, &v) || !statement_sound(d, c) ||
	        !dp_signing_time(d, &v, c->has_occurred_at, c->occurred_at, &at) ||
	        !dp_room_require(d, v.ticket_id, ONSITE_STATEMENT))
		return;
	struct wb_id subject = dp_ticket_subject(v.ticket), id = wb_new_id(d, "statement");
	struct shown *s = statement_shown(d, &v, c, at);
	NEW(d, Weibao__V1__FormatStatementShown, weibao__v1__format_statement_shown__init, e);
	if (!s ||
	        !dp_personal_optional(d, c->storage_device, DISPATCH_TEXT_BYTES, "storageDevice", subject, v.ticket_id,
	                &e->storage_device) ||
	        !dp_personal_optional(d, c->tried, DISPATCH_LONG_TEXT_BYTES, "tried", subject, v.ticket_id, &e->tried))
		return;
	ONSITE_OF(e, &v);
	e->statement_id = wb_field_of_id(d->arena, id);
	e->disk = c->disk;
	e->kind = c->kind;
	e->has_device_id = v.ticket->has_device_id;
	e->device_id = v.ticket->device_id;
	e->shown_at = at;
	if (!dp_shown_commit(d, s, c->nonce, subject, v.ticket_id, &e->commitment, &e->nonce))
		return;
	wb_condition(d, "ticket", v.ticket_id); /* the device that it names */
	dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

void dp_decide_show_format_statement(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ShowFormatStatement *c = command;
	show_statement(d, c);
	dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);
}

/* ---- signed ---- */

/* The visit has not ended: its consents are void then. */
static bool still_working(struct wb_decision *d, const struct visit_ref *v)
{
	if (dp_visit_working(v->visit))
		return true;
	wb_refuse(d, dp_visit_is_open(v->visit) ? WB_VISIT_NOT_ON_SITE : WB_VISIT_OVER, "visitId");
	return false;
}

static bool shown_as(const Statement *s, ProtobufCBinaryData commitment)
{
	return commitment.len == s->shown->commitment.len &&
	       memcmp(commitment.data, s->shown->commitment.data, commitment.len) == 0;
}

/* A phone that was offline when it showed the statement knows no id of it: what it showed finds it. */
static Statement *by_commitment(struct wb_decision *d, const struct visit_ref *v, ProtobufCBinaryData commitment)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(d->db, d->tenant, v->ticket_id, ONSITE_STATEMENT,
	        &weibao__v1__statement_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (shown_as((Statement *)all[i], commitment))
			return (Statement *)all[i];
	return NULL;
}

static Statement *statement_of(struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__SignFormatConsent *c)
{
	struct wb_id id;
	if (c->has_statement_id && !wb_require_id(d, c->statement_id, "statementId", &id))
		return NULL;
	Statement *s = c->has_statement_id ? statement_get(d, v->ticket_id, id) : by_commitment(d, v, c->commitment);
	if (s && wb_id_equal(wb_id_of_field(s->shown->visit_id), v->visit_id))
		return s;
	wb_refuse(d, WB_NOT_FOUND, "statementId");
	return NULL;
}

static bool may_sign(struct wb_decision *d, const Statement *s, ProtobufCBinaryData commitment, int64_t at)
{
	if (s->consent) {
		wb_refuse(d, WB_ALREADY_SIGNED, "statementId");
		return false;
	}
	if (!shown_as(s, commitment)) {
		wb_refuse(d, WB_SHOWN_CHANGED, "commitment");
		return false;
	}
	if (at < s->shown->shown_at) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "occurredAt");
		return false;
	}
	return true;
}

static void sign_consent(struct wb_decision *d, const Weibao__V1__SignFormatConsent *c)
{
	struct visit_ref v;
	int64_t at;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) || !dp_signing_may(d, &v) ||
	        !still_working(d, &v) || !dp_signing_time(d, &v, c->has_occurred_at, c->occurred_at, &at))
		return;
	Statement *s = statement_of(d, &v, c);
	if (!s || !may_sign(d, s, c->commitment, at))
		return;
	NEW(d, Weibao__V1__FormatConsentSigned, weibao__v1__format_consent_signed__init, e);
	ONSITE_OF(e, &v);
	e->consent_id = wb_field_of_id(d->arena, wb_new_id(d, "consent"));
	e->statement_id = s->shown->statement_id;
	e->disk = s->shown->disk;
	e->signed_at = at;
	e->signature = dp_signature(d, &v, c->signature, s->shown->commitment, s->shown->nonce);
	if (e->signature)
		dp_visit_emit(d, v.ticket_id, &e->base, c->has_occurred_at, at);
}

void dp_decide_sign_format_consent(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SignFormatConsent *c = command;
	sign_consent(d, c);
	dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);
}

/* ---- the consents of a visit ---- */

/* The statement whose consent has that id, of this visit; NULL: there is none. */
static Statement *by_consent(struct wb_decision *d, const struct visit_ref *v, struct wb_id consent)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(d->db, d->tenant, v->ticket_id, ONSITE_STATEMENT,
	        &weibao__v1__statement_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++) {
		Statement *s = (Statement *)all[i];
		if (s->consent && wb_id_equal(wb_id_of_field(s->consent->consent_id), consent) &&
		        wb_id_equal(wb_id_of_field(s->shown->visit_id), v->visit_id))
			return s;
	}
	return NULL;
}

/* The statement names the ticket's device: once that is corrected, it was another one that was signed for. */
static bool same_device(const Statement *s, const Ticket *t)
{
	return s->shown->has_device_id == t->has_device_id &&
	       (!t->has_device_id || wb_id_equal(wb_id_of_field(s->shown->device_id), wb_id_of_field(t->device_id)));
}

/* Good for a format of that disk at that time. */
static bool good_for(const Statement *s, const Ticket *t, const char *disk, int64_t at)
{
	return s->consent && !s->withdrawn && !s->rejected && !s->has_used_at && same_device(s, t) &&
	       strcmp(s->shown->disk, disk) == 0 && s->shown->shown_at <= s->consent->signed_at &&
	       s->consent->signed_at <= at;
}

/* The consent that a format may use: the one named, else the first signed of those that are good. */
static Statement *choose(
        struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__RecordFormat *c, int64_t at)
{
	ProtobufCMessage **all;
	Statement *best = NULL;
	size_t n = dp_onsite_all(d->db, d->tenant, v->ticket_id, ONSITE_STATEMENT,
	        &weibao__v1__statement_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++) {
		Statement *s = (Statement *)all[i];
		if (!wb_id_equal(wb_id_of_field(s->shown->visit_id), v->visit_id) ||
		        !good_for(s, v->ticket, c->disk, at))
			continue;
		if (c->has_consent_id &&
		        !wb_id_equal(wb_id_of_field(s->consent->consent_id), wb_id_of_field(c->consent_id)))
			continue;
		if (!best || s->consent->signed_at < best->consent->signed_at)
			best = s;
	}
	return best;
}

void dp_decide_withdraw_format_consent(struct wb_decision *d, const void *command)
{
	const Weibao__V1__WithdrawFormatConsent *c = command;
	struct visit_ref v;
	struct wb_id consent;
	if (!dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !wb_require_id(d, c->consent_id, "consentId", &consent) ||
	        !dp_text_require(d, c->reason, DISPATCH_TEXT_BYTES, "reason"))
		return;
	if (!dp_caller_is_staff(d->who) && !dp_signing_may(d, &v))
		return;
	const Statement *s = by_consent(d, &v, consent);
	if (!s) {
		wb_refuse(d, WB_NOT_FOUND, "consentId");
		return;
	}
	if (s->has_used_at) {
		wb_refuse(d, WB_CONSENT_USED, "consentId");
		return;
	}
	if (s->withdrawn) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__FormatConsentWithdrawn, weibao__v1__format_consent_withdrawn__init, e);
	ONSITE_OF(e, &v);
	e->consent_id = c->consent_id;
	e->reason = c->reason;
	wb_emit(d, "visits", v.ticket_id, &e->base);
}

/* ---- formatted ---- */

static void emit_violation(struct wb_decision *d, const struct visit_ref *v, const char *disk, const char *why,
        int64_t at, bool has_occurred)
{
	NEW(d, Weibao__V1__DiskFormattedWithoutConsent, weibao__v1__disk_formatted_without_consent__init, e);
	ONSITE_OF(e, v);
	e->disk = (char *)(uintptr_t)disk;
	e->why = (char *)(uintptr_t)why;
	e->formatted_at = at;
	e->has_engineer_id = d->who->has_person_id;
	e->engineer_id = d->who->person_id;
	dp_visit_emit(d, v->ticket_id, &e->base, has_occurred, at);
}

/* Why no consent will do: for the refusal, and for the violation of what happened all the same. */
static enum wb_refusal why_not(struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__RecordFormat *c)
{
	const Statement *s = c->has_consent_id ? by_consent(d, v, wb_id_of_field(c->consent_id)) : NULL;
	if (s && s->has_used_at)
		return WB_CONSENT_USED;
	if (s && (s->withdrawn || s->rejected || !same_device(s, v->ticket)))
		return WB_CONSENT_VOID;
	return WB_BACKUP_NOT_SIGNED;
}

/* Whether facts of this visit wait for the lead: the consent may be among them. */
static bool facts_wait(struct wb_decision *d, const struct visit_ref *v)
{
	ProtobufCMessage **all;
	size_t n = dp_onsite_all(
	        d->db, d->tenant, v->ticket_id, ONSITE_FACT, &weibao__v1__held_fact_row__descriptor, d->arena, &all);
	for (size_t i = 0; i < n; i++) {
		const Weibao__V1__HeldFactRow *f = (const Weibao__V1__HeldFactRow *)all[i];
		if (!f->settled && wb_id_equal(wb_id_of_field(f->held->visit_id), v->visit_id))
			return true;
	}
	return false;
}

static void emit_formatted(struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__RecordFormat *c,
        const Statement *s, int64_t at)
{
	NEW(d, Weibao__V1__DiskFormatted, weibao__v1__disk_formatted__init, e);
	ONSITE_OF(e, v);
	e->disk = c->disk;
	e->consent_id = s->consent->consent_id;
	e->formatted_at = at;
	wb_condition(d, "ticket", v->ticket_id); /* its device is still the one of the statement */
	dp_visit_emit(d, v->ticket_id, &e->base, c->has_occurred_at, at);
}

/*
 * A consent that covers it, on a visit that goes on: formatted. An offline fact without any consent happened in the
 * world all the same: the violation. One that came too late, or whose visit has ended meanwhile, or whose consent may
 * itself be held, accuses nobody and proves nothing: held for the lead.
 */
static void record_format(struct wb_decision *d, const Weibao__V1__RecordFormat *c)
{
	struct visit_ref v;
	int64_t at = c->has_occurred_at && c->occurred_at < d->now_us ? c->occurred_at : d->now_us;
	if (!dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v) ||
	        !dp_text_require(d, c->disk, DISPATCH_TEXT_BYTES, "disk") ||
	        !dp_occurred_require(d, c->has_occurred_at, c->occurred_at, &at))
		return;
	const Statement *s = choose(d, &v, c, at);
	if (s && dp_visit_working(v.visit))
		emit_formatted(d, &v, c, s, at);
	else if (!s && c->has_occurred_at && !facts_wait(d, &v))
		emit_violation(d, &v, c->disk, wb_refusal_text(why_not(d, &v, c))->code, at, true);
	else if (still_working(d, &v))
		wb_refuse(d, why_not(d, &v, c), c->has_consent_id ? "consentId" : "disk");
}

void dp_decide_record_format(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordFormat *c = command;
	record_format(d, c);
	dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);
}

void dp_decide_record_format_without_consent(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RecordFormatWithoutConsent *c = command;
	struct visit_ref v;
	bool staff = dp_caller_is_staff(d->who);
	if (!(staff ? dp_visit_require(d, c->ticket_id, c->visit_id, c->round, &v)
	            : dp_visit_require_mine(d, c->ticket_id, c->visit_id, c->round, &v)) ||
	        !dp_text_require(d, c->disk, DISPATCH_TEXT_BYTES, "disk") ||
	        !dp_text_require(d, c->why, DISPATCH_TEXT_BYTES, "why"))
		return;
	int64_t at = c->has_formatted_at ? c->formatted_at : d->now_us;
	if (at > d->now_us + DISPATCH_SKEW_US || at < v.visit->scheduled_at) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "formattedAt");
		return;
	}
	emit_violation(d, &v, c->disk, c->why, at, false);
}
