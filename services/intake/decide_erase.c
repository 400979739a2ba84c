/* Decisions on erasing persons: one account asks, another approves; the runtime deletes the keys by the event. */
#include "services/intake/decide.h"
#include "services/intake/files.h"

#define ALIASES_MAX 200u

#define ERASURE_TURNS(name, type) TURNS_ON(name, type, "erasure", subject_id)
ERASURE_TURNS(request_erasure, Weibao__V1__RequestErasure)
ERASURE_TURNS(decline_erasure, Weibao__V1__DeclineErasure)

static struct wb_id account_of(const struct wb_decision *d)
{
	return wb_id_of_field(d->who->account_id);
}

static bool in_state(const Erasure *row, Weibao__V1__ErasureStatus status)
{
	return row && row->status == status;
}

void intake_request_erasure(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RequestErasure *c = command;
	struct wb_id id;
	if (!need_tenant(d) || !wb_require_id(d, c->subject_id, "subjectId", &id) ||
	        !any_contact(d, c->subject_id, "subjectId") || !need_text(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		return;
	const Erasure *row = erasure_get(d->db, d->tenant, id, d->arena);
	if (in_state(row, WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_DONE)) {
		wb_refuse(d, WB_PERSON_IS_ERASED, "subjectId");
		return;
	}
	if (in_state(row, WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_REQUESTED)) {
		wb_refuse(d, WB_ERASURE_REQUESTED, "subjectId");
		return;
	}
	NEW(d, Weibao__V1__ErasureRequested, weibao__v1__erasure_requested__init, e);
	e->subject_id = c->subject_id;
	e->reason = c->reason;
	e->requester_id = wb_field_of_id(d->arena, account_of(d));
	wb_emit(d, "erasure", id, &e->base);
}

/* The request that waits; refuses if there is none. */
static const Erasure *waiting(struct wb_decision *d, ProtobufCBinaryData subject, struct wb_id *ret_id)
{
	if (!wb_require_id(d, subject, "subjectId", ret_id))
		return NULL;
	const Erasure *row = erasure_get(d->db, d->tenant, *ret_id, d->arena);
	if (in_state(row, WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_REQUESTED))
		return row;
	if (in_state(row, WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_DONE))
		wb_refuse(d, WB_PERSON_IS_ERASED, "subjectId");
	else
		wb_refuse(d, row ? WB_ERASURE_NOT_REQUESTED : WB_NOT_FOUND, "subjectId");
	return NULL;
}

/* ---- the same person under other ids ---- */

struct aliases {
	struct wb_id ids[ALIASES_MAX];
	size_t n;
};

static bool known(const struct aliases *all, struct wb_id id)
{
	for (size_t i = 0; i < all->n; i++)
		if (wb_id_equal(all->ids[i], id))
			return true;
	return false;
}

/* What was merged into one of them, and what one of them was merged into: one more walk over the contacts; true if it
 * found some. */
static bool widen(struct wb_decision *d, struct aliases *all)
{
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes value;
	size_t before = all->n;
	struct wb_arena one;
	wb_arena_init(&one, (size_t)1 << 20);
	intake_key(&prefix, d->tenant);
	wb_scan_prefix(&scan, d->db, &intake_contacts_table, &prefix);
	while (all->n < ALIASES_MAX && wb_scan_next(&scan, NULL, &value)) {
		wb_arena_reset(&one);
		const Contact *row = (const Contact *)wb_unpack_row(
		        d->db, &intake_contacts_table, value, &weibao__v1__contact_row__descriptor, &one);
		if (!row || !row->has_merged_into_id)
			continue;
		struct wb_id id = wb_id_of_field(row->contact_id), into = wb_id_of_field(row->merged_into_id);
		if (known(all, into) && !known(all, id))
			all->ids[all->n++] = id;
		else if (known(all, id) && !known(all, into))
			all->ids[all->n++] = into;
	}
	wb_scan_done(&scan);
	wb_arena_done(&one);
	return all->n > before;
}

/* Nobody is recorded anew under a key that is gone: who is erased has left. */
static void emit_left(struct wb_decision *d, struct wb_id id)
{
	const Contact *row = contact_get(d->db, d->tenant, id, d->arena);
	if (!row || row->left || row->has_merged_into_id)
		return;
	NEW(d, Weibao__V1__ContactLeft, weibao__v1__contact_left__init, e);
	e->contact_id = row->contact_id;
	wb_emit(d, "contact", id, &e->base);
}

void intake_approve_erasure_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ApproveErasure *c = command;
	(void)tenant;
	wb_turn_write(t, "erasure", wb_id_of_field(c->subject_id));
	wb_turn_write(t, "contact", wb_id_of_field(c->subject_id));
}

void intake_approve_erasure(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ApproveErasure *c = command;
	struct wb_id id;
	const Erasure *row = waiting(d, c->subject_id, &id);
	if (!row)
		return;
	if (wb_id_equal(wb_id_of_field(row->requester_id), account_of(d))) {
		wb_refuse(d, WB_ERASURE_SAME_ACCOUNT, NULL);
		return;
	}
	struct aliases *all = WB_ARENA_NEW(d->arena, struct aliases);
	NEW(d, Weibao__V1__PersonErased, weibao__v1__person_erased__init, e);
	e->alias_ids = WB_ARENA_ARRAY(d->arena, ProtobufCBinaryData, ALIASES_MAX);
	if (!all || !e->alias_ids)
		return;
	all->ids[all->n++] = id;
	while (widen(d, all)) {
	}
	for (size_t i = 1; i < all->n; i++)
		e->alias_ids[e->n_alias_ids++] = wb_field_of_id(d->arena, all->ids[i]);
	e->subject_id = c->subject_id;
	e->reason = row->reason;
	e->approver_id = wb_field_of_id(d->arena, account_of(d));
	wb_emit(d, "erasure", id, &e->base);
	for (size_t i = 0; i < all->n; i++)
		emit_left(d, all->ids[i]);
}

void intake_decline_erasure(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DeclineErasure *c = command;
	struct wb_id id;
	if (!waiting(d, c->subject_id, &id) || !need_text(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		return;
	NEW(d, Weibao__V1__ErasureDeclined, weibao__v1__erasure_declined__init, e);
	e->subject_id = c->subject_id;
	e->reason = c->reason;
	wb_emit(d, "erasure", id, &e->base);
}
