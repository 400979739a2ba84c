/* Dispatch's fold: engineers, teams, assignment, and what intake says of tickets. Visits: evolve_visit.c. */
#include "services/dispatch/core.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <string.h>

/* ---- engineers ---- */

static void put_engineer(struct wb_fold *f, const struct wb_event *ev, const Engineer *row)
{
	struct wb_key k;
	dp_thing_key(&k, DISPATCH_PROVIDER, ev->stream_id);
	wb_put_row(f->db, &dp_engineers_table, &k, &row->base);
}

void dp_fold_engineer_registered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Engineer row = WEIBAO__V1__ENGINEER_ROW__INIT;
	row.details = (Weibao__V1__EngineerRegistered *)(uintptr_t)payload;
	put_engineer(f, ev, &row);
}

void dp_fold_engineer_changed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerChanged *e = payload;
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	if (!row)
		return;
	row->details->name = e->name;
	row->details->position = e->position;
	row->details->duties = e->duties;
	row->details->skills = e->skills;
	row->details->n_skills = e->n_skills;
	row->details->telephone = e->telephone;
	row->details->email = e->email;
	put_engineer(f, ev, row);
}

/* A list of messages with one more at its end. */
static void *grown(struct wb_fold *f, void *list, size_t n, const void *last)
{
	void **more = WB_ARENA_ARRAY(f->arena, void *, n + 1);
	if (!more)
		return NULL;
	if (n)
		memcpy(more, list, n * sizeof *more);
	more[n] = (void *)(uintptr_t)last;
	return more;
}

void dp_fold_certification_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	void *list = row ? grown(f, row->certifications, row->n_certifications, payload) : NULL;
	if (!list)
		return;
	row->certifications = list;
	row->n_certifications++;
	put_engineer(f, ev, row);
}

void dp_fold_certification_removed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CertificationRemoved *e = payload;
	struct wb_id id = wb_id_of_field(e->certification_id);
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	size_t kept = 0;
	if (!row)
		return;
	for (size_t i = 0; i < row->n_certifications; i++)
		if (!wb_id_equal(wb_id_of_field(row->certifications[i]->certification_id), id))
			row->certifications[kept++] = row->certifications[i];
	row->n_certifications = kept;
	put_engineer(f, ev, row);
}

void dp_fold_engineer_inducted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerInducted *e = payload;
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	if (!row)
		return;
	for (size_t i = 0; i < row->n_inductions; i++)
		if (strcmp(row->inductions[i]->client, e->client) == 0) {
			row->inductions[i]->inducted_on = e->inducted_on;
			put_engineer(f, ev, row);
			return;
		}
	void *list = grown(f, row->inductions, row->n_inductions, e);
	if (!list)
		return;
	row->inductions = list;
	row->n_inductions++;
	put_engineer(f, ev, row);
}

void dp_fold_shifts_saved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	if (!row)
		return;
	row->shifts = (Weibao__V1__ShiftsSaved *)(uintptr_t)payload;
	put_engineer(f, ev, row);
}

void dp_fold_leave_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	void *list = row ? grown(f, row->leaves, row->n_leaves, payload) : NULL;
	if (!list)
		return;
	row->leaves = list;
	row->n_leaves++;
	put_engineer(f, ev, row);
}

void dp_fold_leave_cancelled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__LeaveCancelled *e = payload;
	struct wb_id id = wb_id_of_field(e->leave_id);
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	size_t kept = 0;
	if (!row)
		return;
	for (size_t i = 0; i < row->n_leaves; i++)
		if (!wb_id_equal(wb_id_of_field(row->leaves[i]->leave_id), id))
			row->leaves[kept++] = row->leaves[i];
	row->n_leaves = kept;
	put_engineer(f, ev, row);
}

void dp_fold_engineer_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Engineer *row = dp_engineer_get(f->db, ev->stream_id, f->arena);
	(void)payload;
	if (!row)
		return;
	row->left = true;
	put_engineer(f, ev, row);
}

/* ---- teams ---- */

static void put_team(struct wb_fold *f, const struct wb_event *ev, const Team *row)
{
	struct wb_key k;
	dp_thing_key(&k, DISPATCH_PROVIDER, ev->stream_id);
	wb_put_row(f->db, &dp_teams_table, &k, &row->base);
}

void dp_fold_team_formed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamFormed *e = payload;
	Team row = WEIBAO__V1__TEAM_ROW__INIT;
	row.team_id = e->team_id;
	row.name = e->name;
	put_team(f, ev, &row);
}

static void drop_member(Team *row, struct wb_id engineer)
{
	size_t kept = 0;
	for (size_t i = 0; i < row->n_members; i++)
		if (!wb_id_equal(wb_id_of_field(row->members[i]->engineer_id), engineer))
			row->members[kept++] = row->members[i];
	row->n_members = kept;
}

void dp_fold_team_member_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamMemberAdded *e = payload;
	Team *row = dp_team_get(f->db, ev->stream_id, f->arena);
	Weibao__V1__TeamMember m = WEIBAO__V1__TEAM_MEMBER__INIT;
	if (!row)
		return;
	m.engineer_id = e->engineer_id;
	m.lead = e->lead;
	m.has_until_at = e->has_until_at;
	m.until_at = e->until_at;
	drop_member(row, wb_id_of_field(e->engineer_id));
	void *list = grown(f, row->members, row->n_members, &m);
	if (!list)
		return;
	row->members = list;
	row->n_members++;
	put_team(f, ev, row);
}

void dp_fold_team_member_removed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamMemberRemoved *e = payload;
	Team *row = dp_team_get(f->db, ev->stream_id, f->arena);
	if (!row)
		return;
	drop_member(row, wb_id_of_field(e->engineer_id));
	put_team(f, ev, row);
}

/* ---- a client unit's assignment ---- */

static Weibao__V1__AssignmentRow *assignment_of(struct wb_fold *f, const struct wb_event *ev)
{
	Weibao__V1__AssignmentRow *row = dp_assignment_get(f->db, ev->tenant, f->arena);
	if (row)
		return row;
	row = WB_ARENA_NEW(f->arena, Weibao__V1__AssignmentRow);
	if (row)
		weibao__v1__assignment_row__init(row);
	return row;
}

static void put_assignment(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__AssignmentRow *row)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, ev->tenant);
	wb_put_row(f->db, &dp_assignment_table, &k, &row->base);
}

void dp_fold_team_assigned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamAssigned *e = payload;
	Weibao__V1__AssignmentRow *row = assignment_of(f, ev);
	if (!row)
		return;
	row->has_team_id = true;
	row->team_id = e->team_id;
	row->team_name = e->team_name;
	put_assignment(f, ev, row);
}

void dp_fold_secret_engineer_named(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__SecretEngineerNamed *e = payload;
	Weibao__V1__AssignmentRow *row = assignment_of(f, ev);
	struct wb_id id = wb_id_of_field(e->engineer_id);
	ProtobufCBinaryData *ids =
	        row ? WB_ARENA_ARRAY(f->arena, ProtobufCBinaryData, row->n_secret_engineer_ids + 1) : NULL;
	size_t n = 0;
	if (!ids)
		return;
	for (size_t i = 0; i < row->n_secret_engineer_ids; i++)
		if (!wb_id_equal(wb_id_of_field(row->secret_engineer_ids[i]), id))
			ids[n++] = row->secret_engineer_ids[i];
	if (e->named)
		ids[n++] = e->engineer_id;
	row->secret_engineer_ids = ids;
	row->n_secret_engineer_ids = n;
	put_assignment(f, ev, row);
}

void dp_fold_category_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CategoryAdded *e = payload;
	Weibao__V1__PlanCategoryRow row = WEIBAO__V1__PLAN_CATEGORY_ROW__INIT;
	struct wb_key k;
	row.parent = e->parent;
	row.has_planned_minutes = e->has_planned_minutes;
	row.planned_minutes = e->planned_minutes;
	wb_key_init(&k);
	wb_key_str(&k, ev->tenant);
	wb_key_str(&k, e->category);
	wb_put_row(f->db, &dp_categories_table, &k, &row.base);
}
