/* Facts of the world that no longer fit (law 9): held for the lead, never lost, never taken as having happened. */
#include "services/dispatch/onsite.h"
#include "service/decision.h"
#include "weibao/v1/dispatch_commands.pb-c.h"
#include "services/dispatch/core.h"
#include "wire/json.h"

#include <string.h>

#define CONTENT_MAX 16000u /* bytes: the whole must fit in a record */

ONSITE_TURNS(settle_fact, Weibao__V1__SettleFact)

/* Refused because of how things stand now, not because of what the fact says. */
static bool no_longer_fits(const struct wb_decision *d, int64_t occurred_at)
{
	static const enum wb_refusal states[] = {WB_VISIT_OVER, WB_VISIT_NOT_ON_SITE, WB_ROUND_PAST, WB_TICKET_OVER,
	        WB_VISIT_UNDER_WAY, WB_FORM_NOT_SIGNED, WB_FORM_MISSING, WB_FORM_NOT_SHOWN, WB_CUSTODY_MISSING,
	        WB_CUSTODY_OPEN, WB_BACKUP_NOT_SIGNED, WB_CONSENT_USED, WB_CONSENT_VOID, WB_ALREADY_SIGNED,
	        WB_SHOWN_CHANGED};
	const struct wb_decision_out *o = d->out;
	if (o->refusal == WB_TIME_OUT_OF_RANGE) /* too old to count; a time that contradicts others is simply wrong */
		return occurred_at < d->now_us - DISPATCH_LATE_EVIDENCE_US;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (o->refusal == states[i])
			return true;
	return false;
}

/* All that the command says, so that the lead can do by hand what the phone could not; NULL: it is too large. */
static Weibao__V1__Personal *content_of(
        struct wb_decision *d, const ProtobufCMessage *command, const Ticket *t, struct wb_id ticket)
{
	char *text;
	if (wb_message_to_json_text(command, NULL, d->arena, &text) != WB_OK || strlen(text) > CONTENT_MAX)
		return NULL;
	return wb_personal(d->arena, dp_ticket_subject(t), ticket, text);
}

void dp_hold(struct wb_decision *d, const ProtobufCMessage *command, ProtobufCBinaryData ticket_field,
        ProtobufCBinaryData visit_field, bool has_occurred, int64_t occurred_at)
{
	struct wb_id ticket = wb_id_of_field(ticket_field), visit = wb_id_of_field(visit_field);
	if (!wb_refused(d) || !has_occurred || d->out->n_events || !no_longer_fits(d, occurred_at) ||
	        occurred_at <= 0 || occurred_at > d->now_us + DISPATCH_SKEW_US)
		return;
	const Visit *v = dp_visit_get(d->db, d->tenant, ticket, visit, d->arena);
	const Ticket *t = dp_ticket_get(d->db, d->tenant, ticket, d->arena);
	if (!v || !t || !dp_onsite_room(d->db, d->tenant, ticket, ONSITE_FACT) || !d->who->has_person_id ||
	        !dp_visit_engineer(v, wb_id_of_field(d->who->person_id)))
		return;
	NEW(d, Weibao__V1__FactHeld, weibao__v1__fact_held__init, e);
	e->content = content_of(d, command, t, ticket);
	if (!e->content)
		return; /* the refusal stands */
	e->ticket_id = ticket_field;
	e->fact_id = wb_field_of_id(d->arena, wb_new_id(d, "fact"));
	e->has_visit_id = true;
	e->visit_id = visit_field;
	e->fact = (char *)(uintptr_t)command->descriptor->short_name;
	e->why = (char *)(uintptr_t)wb_refusal_text(d->out->refusal)->code;
	e->occurred_at = occurred_at;
	e->engineer_id = d->who->person_id;
	d->out->refused = false;
	d->out->path = NULL;
	d->out->n_arguments = 0;
	wb_emit_occurred(d, "visits", ticket, &e->base, occurred_at);
}

#define FACT(name, type)                                                                                               \
	void dp_fact_##name(struct wb_decision *d, const void *command)                                                \
	{                                                                                                              \
		const Weibao__V1__##type *c = command;                                                                 \
		dp_decide_##name(d, command);                                                                          \
		dp_hold(d, &c->base, c->ticket_id, c->visit_id, c->has_occurred_at, c->occurred_at);                   \
	}
DP_FACTS(FACT)

void dp_decide_settle_fact(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SettleFact *c = command;
	struct wb_id ticket, id;
	if (!wb_require_id(d, c->ticket_id, "ticketId", &ticket) || !wb_require_id(d, c->fact_id, "factId", &id) ||
	        !dp_text_require(d, c->how, DISPATCH_TEXT_BYTES, "how"))
		return;
	const Weibao__V1__HeldFactRow *row = (const Weibao__V1__HeldFactRow *)dp_onsite_get(
	        d->db, d->tenant, ticket, ONSITE_FACT, id, &weibao__v1__held_fact_row__descriptor, d->arena);
	const Ticket *t = dp_ticket_get(d->db, d->tenant, ticket, d->arena);
	if (!row || !t) {
		wb_refuse(d, WB_NOT_FOUND, "factId");
		return;
	}
	if (row->settled) {
		wb_refuse(d, WB_FACT_SETTLED_ALREADY, "factId");
		return;
	}
	NEW(d, Weibao__V1__FactSettled, weibao__v1__fact_settled__init, e);
	e->ticket_id = c->ticket_id;
	e->fact_id = c->fact_id;
	e->how = c->how;
	if (dp_personal_optional(d, c->note, DISPATCH_LONG_TEXT_BYTES, "note", dp_ticket_subject(t), ticket, &e->note))
		wb_emit(d, "visits", ticket, &e->base);
}
