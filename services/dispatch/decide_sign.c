/* What was shown, its commitment, and the signature bound to it. */
#include "services/dispatch/onsite.h"
#include "base/bytes.h"
#include "seal/commit.h"

#include <stdio.h>
#include <string.h>

#define KIND(name) WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_##name
#define NAME_BYTES 200u

bool dp_room_require(struct wb_decision *d, struct wb_id ticket, enum onsite kind)
{
	if (dp_onsite_room(d->db, d->tenant, ticket, kind))
		return true;
	wb_refuse(d, WB_COMMAND_TOO_LARGE, NULL);
	return false;
}

struct shown *dp_shown_begin(struct wb_decision *d, const char *title)
{
	struct shown *s = WB_ARENA_NEW(d->arena, struct shown);
	if (!s) {
		wb_refuse(d, WB_COMMAND_TOO_LARGE, NULL);
		return NULL;
	}
	s->arena = d->arena;
	dp_shown_line(s, "weibao", title);
	return s;
}

static void add(struct shown *s, const void *data, size_t len)
{
	if (s->overflow || !len)
		return;
	if (len > s->cap - s->len) {
		size_t cap = (s->cap + len) * 2;
		uint8_t *more = wb_arena_alloc(s->arena, cap);
		if (!more) {
			s->overflow = true;
			return;
		}
		if (s->len)
			memcpy(more, s->text, s->len);
		s->text = more;
		s->cap = cap;
	}
	memcpy(s->text + s->len, data, len);
	s->len += len;
}

/* The length stands before the value: no value can pass for another line. */
static void line(struct shown *s, const char *name, const void *value, size_t len)
{
	char head[64];
	int n = snprintf(head, sizeof head, "%s:%zu:", name, len);
	if (n < 0 || (size_t)n >= sizeof head) {
		s->overflow = true;
		return;
	}
	add(s, head, (size_t)n);
	add(s, value, len);
	add(s, "\n", 1);
}

void dp_shown_line(struct shown *s, const char *name, const char *value)
{
	line(s, name, value, value ? strlen(value) : 0);
}

void dp_shown_number(struct shown *s, const char *name, int64_t value)
{
	char text[32];
	(void)snprintf(text, sizeof text, "%lld", (long long)value);
	dp_shown_line(s, name, text);
}

void dp_shown_id(struct shown *s, const char *name, ProtobufCBinaryData id)
{
	char text[WB_ID_TEXT_BYTES] = "";
	if (id.len == WB_ID_BYTES)
		wb_id_text(wb_id_of_field(id), text);
	dp_shown_line(s, name, text);
}

void dp_shown_box(struct shown *s, const char *name, const Weibao__V1__Personal *box)
{
	if (box && box->value_case == WEIBAO__V1__PERSONAL__VALUE_BOX)
		line(s, name, box->box.data, box->box.len);
	else
		dp_shown_line(s, name, box ? wb_personal_text(box) : NULL);
}

bool dp_shown_commit(struct wb_decision *d, const struct shown *s, const Weibao__V1__Personal *nonce,
        struct wb_id subject, struct wb_id context, ProtobufCBinaryData *ret_commitment,
        Weibao__V1__Personal **ret_nonce)
{
	uint8_t raw[WB_COMMIT_NONCE_BYTES], *commitment = wb_arena_alloc(d->arena, WB_COMMIT_BYTES);
	const char *hex = wb_personal_text(nonce);
	if (!commitment || s->overflow) {
		wb_refuse(d, WB_COMMAND_TOO_LARGE, NULL);
		return false;
	}
	if (!wb_commit_nonce_read(hex, raw)) {
		wb_refuse(d, hex ? WB_FIELD_INVALID : WB_FIELD_REQUIRED, "nonce");
		return false;
	}
	wb_commit(raw, (struct wb_bytes){s->text, s->len}, commitment);
	*ret_commitment = (ProtobufCBinaryData){WB_COMMIT_BYTES, commitment};
	*ret_nonce = wb_personal(d->arena, subject, context, hex);
	return *ret_nonce != NULL;
}

bool dp_signing_time(
        struct wb_decision *d, const struct visit_ref *v, bool has_occurred, int64_t occurred_at, int64_t *ret_at)
{
	if (has_occurred && !wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER)) {
		wb_refuse(d, WB_FIELD_INVALID, "occurredAt");
		return false;
	}
	if (!dp_occurred_require(d, has_occurred, occurred_at, ret_at))
		return false;
	if (!v->visit->has_arrived_at || *ret_at >= v->visit->arrived_at)
		return true;
	wb_refuse(d, WB_TIME_OUT_OF_RANGE, "occurredAt");
	return false;
}

bool dp_signing_may(struct wb_decision *d, const struct visit_ref *v)
{
	bool engineer = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER) && d->who->has_person_id &&
	                dp_visit_engineer(v->visit, wb_id_of_field(d->who->person_id));
	bool client = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE) ||
	              wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_DEPUTY);
	bool user = (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_USER) ||
	                    wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK)) &&
	            dp_caller_concerned(d->who, v->ticket, v->visit, "sign", NULL);
	if (engineer || client || user)
		return true;
	wb_refuse(d, WB_NOT_FOUND, "visitId");
	return false;
}

static bool of_ticket(const Ticket *t, struct wb_id person)
{
	const Weibao__V1__TicketReported *r = t->reported;
	return wb_id_equal(person, wb_id_of_field(r->caller_id)) ||
	       wb_id_equal(person, wb_id_of_field(r->onsite_contact_id)) ||
	       wb_id_equal(person, wb_id_of_field(r->direct_user_id));
}

/* On the engineer's device: on its screen or on paper. By the user's own act: by link. */
static bool kind_fits(struct wb_decision *d, Weibao__V1__SignatureKind kind)
{
	bool engineer = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER);
	bool fits = engineer ? kind == KIND(SCREEN) || kind == KIND(PAPER) : kind == KIND(LINK);
	if (!fits)
		wb_refuse(d, WB_SIGNATURE_KIND_WRONG, "signature.kind");
	return fits;
}

/* A user who is signed in signs as who they are. A link is passed on by who got it: it says who signs. */
static bool own_name(struct wb_decision *d, const Weibao__V1__SignatureInput *in)
{
	if (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER) || wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK) ||
	        !d->who->has_person_id || !in->has_signer_id ||
	        wb_id_equal(wb_id_of_field(in->signer_id), wb_id_of_field(d->who->person_id)))
		return true;
	wb_refuse(d, WB_SIGNER_UNKNOWN, "signature.signerId");
	return false;
}

static bool signer_fits(struct wb_decision *d, const struct visit_ref *v, const Weibao__V1__SignatureInput *in)
{
	struct wb_id signer = wb_id_of_field(in->signer_id);
	bool self = in->relation && strcmp(in->relation, "self") == 0;
	if (!own_name(d, in))
		return false;
	if (in->has_signer_id && (dp_visit_engineer(v->visit, signer) || dp_engineer_get(d->db, signer, d->arena))) {
		wb_refuse(d, WB_SIGNER_IS_ENGINEER, "signature.signerId");
		return false;
	}
	if ((self && !in->has_signer_id) || (in->has_signer_id && !of_ticket(v->ticket, signer))) {
		wb_refuse(d, WB_SIGNER_UNKNOWN, "signature.signerId");
		return false;
	}
	return dp_text_require(d, in->relation, DISPATCH_TEXT_BYTES, "signature.relation");
}

Weibao__V1__Signature *dp_signature(struct wb_decision *d, const struct visit_ref *v,
        const Weibao__V1__SignatureInput *in, ProtobufCBinaryData commitment, Weibao__V1__Personal *nonce)
{
	Weibao__V1__Signature *s = WB_ARENA_NEW(d->arena, Weibao__V1__Signature);
	struct wb_id subject = in->has_signer_id ? wb_id_of_field(in->signer_id) : dp_ticket_subject(v->ticket),
	             none = {{0}};
	if (!s || !kind_fits(d, in->kind) || !signer_fits(d, v, in))
		return NULL;
	weibao__v1__signature__init(s);
	s->kind = in->kind;
	s->signer_name = dp_personal_require(d, in->signer_name, NAME_BYTES, "signature.signerName", subject, none);
	s->has_signer_id = in->has_signer_id;
	s->signer_id = in->signer_id;
	s->relation = in->relation;
	s->has_attachment_id = in->has_attachment_id;
	s->attachment_id = in->attachment_id;
	s->commitment = commitment;
	s->nonce = nonce;
	s->original_at = in->original_at;
	if (!s->signer_name ||
	        !dp_personal_optional(d, in->witness_name, NAME_BYTES, "signature.witnessName",
	                dp_ticket_subject(v->ticket), none, &s->witness_name) ||
	        !dp_text_optional(d, in->original_at, DISPATCH_TEXT_BYTES, "signature.originalAt"))
		return NULL;
	if (in->kind == KIND(PAPER) && (!s->witness_name || !in->original_at || !in->original_at[0])) {
		wb_refuse(d, WB_PAPER_INCOMPLETE, s->witness_name ? "signature.originalAt" : "signature.witnessName");
		return NULL;
	}
	return s;
}
