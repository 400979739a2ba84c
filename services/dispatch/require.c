/* What every decision asks first: is it there, is it yours, is it now. */
#include "services/dispatch/dispatch.h"

#include <string.h>

bool dp_ticket_require(
        struct wb_decision *d, ProtobufCBinaryData ticket, uint32_t round, struct wb_id *ret_id, Ticket **ret)
{
	if (!wb_require_id(d, ticket, "ticketId", ret_id))
		return false;
	*ret = dp_ticket_get(d->db, d->tenant, *ret_id, d->arena);
	if (!*ret) {
		wb_refuse(d, WB_NOT_FOUND, "ticketId");
		return false;
	}
	if (round < (*ret)->round) {
		wb_refuse(d, WB_ROUND_PAST, "round");
		return false;
	}
	if (round > (*ret)->round) {
		wb_refuse(d, WB_FIELD_INVALID, "round");
		return false;
	}
	return true;
}

bool dp_visit_require(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *ret)
{
	if (!wb_require_id(d, ticket, "ticketId", &ret->ticket_id) ||
	        !wb_require_id(d, visit, "visitId", &ret->visit_id))
		return false;
	ret->ticket = dp_ticket_get(d->db, d->tenant, ret->ticket_id, d->arena);
	ret->visit = dp_visit_get(d->db, d->tenant, ret->ticket_id, ret->visit_id, d->arena);
	if (!ret->ticket || !ret->visit) {
		wb_refuse(d, WB_NOT_FOUND, ret->ticket ? "visitId" : "ticketId");
		return false;
	}
	/* a to-do cancels what an earlier round left behind */
	bool waits = dp_visit_is_open(ret->visit) && !dp_visit_under_way(ret->visit) &&
	             !wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_SYSTEM);
	if (round < ret->visit->round || (waits && round < ret->ticket->round)) {
		wb_refuse(d, WB_ROUND_PAST, "round");
		return false;
	}
	if (round > ret->visit->round) {
		wb_refuse(d, WB_FIELD_INVALID, "round");
		return false;
	}
	return true;
}

bool dp_visit_require_mine(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *ret)
{
	if (!dp_visit_require(d, ticket, visit, round, ret))
		return false;
	if (!d->who->has_person_id || !dp_visit_engineer(ret->visit, wb_id_of_field(d->who->person_id))) {
		wb_refuse(d, WB_NOT_FOUND, "visitId");
		return false;
	}
	return true;
}

bool dp_visit_require_working(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit,
        uint32_t round, bool back, struct visit_ref *ret)
{
	if (!dp_visit_require_mine(d, ticket, visit, round, ret))
		return false;
	if (ret->visit->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE || (back && dp_visit_working(ret->visit)))
		return true;
	wb_refuse(d, dp_visit_is_open(ret->visit) ? WB_VISIT_NOT_ON_SITE : WB_VISIT_OVER, "visitId");
	return false;
}

static bool link_fits(const Weibao__V1__Principal *who, const Ticket *ticket, const Visit *visit, const char *purpose,
        const char *or_purpose)
{
	if (!who->link_purpose || !who->has_link_id)
		return false;
	if (strcmp(who->link_purpose, purpose) != 0 && (!or_purpose || strcmp(who->link_purpose, or_purpose) != 0))
		return false;
	uint32_t round = visit ? visit->round : ticket->round;
	if (who->has_link_round && who->link_round && who->link_round != round)
		return false;
	struct wb_id id = wb_id_of_field(who->link_id);
	return wb_id_equal(id, wb_id_of_field(ticket->reported->ticket_id)) ||
	       (visit && wb_id_equal(id, wb_id_of_field(visit->visit_id)));
}

bool dp_caller_concerned(const Weibao__V1__Principal *who, const Ticket *ticket, const Visit *visit,
        const char *purpose, const char *or_purpose)
{
	if (dp_caller_is_staff(who) || wb_has_role(who, WEIBAO__V1__ROLE__ROLE_ENGINEER) ||
	        wb_has_role(who, WEIBAO__V1__ROLE__ROLE_AUDITOR) ||
	        wb_has_role(who, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE) ||
	        wb_has_role(who, WEIBAO__V1__ROLE__ROLE_DEPUTY))
		return true;
	if (wb_has_role(who, WEIBAO__V1__ROLE__ROLE_LINK) && link_fits(who, ticket, visit, purpose, or_purpose))
		return true;
	if (!wb_has_role(who, WEIBAO__V1__ROLE__ROLE_USER) || !who->has_person_id)
		return false;
	struct wb_id me = wb_id_of_field(who->person_id);
	const Weibao__V1__TicketReported *r = ticket->reported;
	return wb_id_equal(me, wb_id_of_field(r->caller_id)) || wb_id_equal(me, wb_id_of_field(r->onsite_contact_id)) ||
	       wb_id_equal(me, wb_id_of_field(r->direct_user_id));
}

bool dp_occurred_require(struct wb_decision *d, bool has_occurred, int64_t occurred_at, int64_t *ret_at)
{
	*ret_at = has_occurred && occurred_at < d->now_us ? occurred_at : d->now_us;
	if (!has_occurred)
		return true;
	if (occurred_at > d->now_us + DISPATCH_SKEW_US || occurred_at < d->now_us - DISPATCH_LATE_EVIDENCE_US) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "occurredAt");
		return false;
	}
	return true;
}

void dp_visit_emit(
        struct wb_decision *d, struct wb_id ticket, const ProtobufCMessage *event, bool has_occurred, int64_t at)
{
	if (has_occurred)
		wb_emit_occurred(d, "visits", ticket, event, at);
	else
		wb_emit(d, "visits", ticket, event);
}

bool dp_text_require(struct wb_decision *d, const char *text, size_t max, const char *path)
{
	if (!text || text[0] == '\0') {
		wb_refuse(d, WB_FIELD_REQUIRED, path);
		return false;
	}
	return dp_text_optional(d, text, max, path);
}

bool dp_text_optional(struct wb_decision *d, const char *text, size_t max, const char *path)
{
	if (!text || strlen(text) <= max)
		return true;
	wb_refuse(d, WB_FIELD_TOO_LONG, path);
	return false;
}

Weibao__V1__Personal *dp_personal_require(struct wb_decision *d, const Weibao__V1__Personal *in, size_t max,
        const char *path, struct wb_id subject, struct wb_id context)
{
	const char *text = wb_personal_text(in);
	return dp_text_require(d, text, max, path) ? wb_personal(d->arena, subject, context, text) : NULL;
}

bool dp_personal_optional(struct wb_decision *d, const Weibao__V1__Personal *in, size_t max, const char *path,
        struct wb_id subject, struct wb_id context, Weibao__V1__Personal **ret)
{
	const char *text = in ? wb_personal_text(in) : NULL;
	*ret = NULL;
	if (!text || text[0] == '\0')
		return true;
	if (!dp_text_optional(d, text, max, path))
		return false;
	*ret = wb_personal(d->arena, subject, context, text);
	return true;
}

Weibao__V1__Personal *dp_personal_carry(struct wb_arena *a, const char *box_tenant, const Weibao__V1__Personal *box,
        struct wb_id subject, struct wb_id context)
{
	/* a bed seals nothing: there a row holds plain text */
	const char *plain = box ? wb_personal_text(box) : NULL;
	return plain ? wb_personal(a, subject, context, plain)
	             : wb_personal_carry(a, box_tenant, box, subject, context);
}

struct wb_id dp_actor_id(const Weibao__V1__Principal *who)
{
	return wb_id_of_field(who->has_person_id ? who->person_id : who->account_id);
}

struct wb_id dp_ticket_subject(const Ticket *ticket)
{
	return wb_id_of_field(ticket->reported->direct_user_id);
}

bool dp_caller_is_staff(const Weibao__V1__Principal *who)
{
	return wb_has_role(who, WEIBAO__V1__ROLE__ROLE_HOTLINE) || wb_has_role(who, WEIBAO__V1__ROLE__ROLE_PRINCIPAL) ||
	       wb_has_role(who, WEIBAO__V1__ROLE__ROLE_MANAGER) || wb_has_role(who, WEIBAO__V1__ROLE__ROLE_SYSTEM);
}
