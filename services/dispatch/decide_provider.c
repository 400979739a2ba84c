/* The provider's own: engineers, their certifications, shifts and leave, teams. */
#include "services/dispatch/core.h"
#include "calendar/date.h"
#include "weibao/v1/dispatch_commands.pb-c.h"

#include <string.h>

static const struct wb_id zero;

#define SKILLS_MAX 40u
#define CERTIFICATIONS_MAX 40u
#define LEAVES_MAX 200u
#define WINDOWS_MAX 42u
#define MEMBERS_MAX 200u
#define SHIFT_END_S (48u * 3600u)

static void new_turns(struct wb_turns *t, const char *what)
{
	wb_turn_write_name(t, what, (struct wb_bytes){(const uint8_t *)what, strlen(what)});
}

void dp_turns_register_engineer(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	new_turns(t, "new engineer");
}

void dp_turns_form_team(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	new_turns(t, "new team");
}

#define ENGINEER_TURNS(name, type)                                                                                     \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "engineer", wb_id_of_field(c->engineer_id));                                          \
	}
ENGINEER_TURNS(change_engineer, Weibao__V1__ChangeEngineer)
ENGINEER_TURNS(add_certification, Weibao__V1__AddCertification)
ENGINEER_TURNS(remove_certification, Weibao__V1__RemoveCertification)
ENGINEER_TURNS(induct_engineer, Weibao__V1__InductEngineer)
ENGINEER_TURNS(add_leave, Weibao__V1__AddLeave)
ENGINEER_TURNS(cancel_leave, Weibao__V1__CancelLeave)
ENGINEER_TURNS(leave_company, Weibao__V1__LeaveCompany)

void dp_turns_shifts_ready(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ShiftsReady *c = command;
	(void)tenant;
	wb_turn_write(t, "engineer", wb_id_of_field(c->save->engineer_id));
}

/* What is decided for SaveShifts is the message that its effect made; the bare one comes only where none ran. */
static bool is_ready(const void *command)
{
	return ((const ProtobufCMessage *)command)->descriptor == &weibao__v1__shifts_ready__descriptor;
}

void dp_turns_save_shifts(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__SaveShifts *c = command;
	if (is_ready(command))
		dp_turns_shifts_ready(t, tenant, command);
	else
		wb_turn_write(t, "engineer", wb_id_of_field(c->engineer_id));
}

#define TEAM_TURNS(name, type)                                                                                         \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "team", wb_id_of_field(c->team_id));                                                  \
		wb_turn_read(t, "engineer", wb_id_of_field(c->engineer_id));                                           \
	}
TEAM_TURNS(add_team_member, Weibao__V1__AddTeamMember)
TEAM_TURNS(remove_team_member, Weibao__V1__RemoveTeamMember)

/* ---- engineers ---- */

/* The engineer of a command, still with the company. */
static Engineer *engineer_of(struct wb_decision *d, ProtobufCBinaryData field, struct wb_id *ret_id)
{
	if (!wb_require_id(d, field, "engineerId", ret_id))
		return NULL;
	Engineer *e = dp_engineer_get(d->db, *ret_id, d->arena);
	if (!e)
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
	else if (e->left)
		wb_refuse(d, WB_ENGINEER_LEFT, "engineerId");
	return e && !e->left ? e : NULL;
}

static bool code_sound(const char *s)
{
	size_t n = strlen(s);
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return n > 0 && n <= 64;
}

static bool skills_sound(struct wb_decision *d, char **skills, size_t n)
{
	bool sound = n <= SKILLS_MAX;
	for (size_t i = 0; sound && i < n; i++)
		sound = code_sound(skills[i]);
	if (!sound)
		wb_refuse(d, WB_FIELD_INVALID, "skills");
	return sound;
}

static bool date_sound(struct wb_decision *d, const char *date, const char *path)
{
	int32_t day;
	if (date && wb_day_parse(date, strlen(date), &day) == WB_OK)
		return true;
	wb_refuse(d, WB_FIELD_INVALID, path);
	return false;
}

void dp_decide_register_engineer(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RegisterEngineer *c = command;
	struct wb_id id = wb_new_id(d, "engineer");
	NEW(d, Weibao__V1__EngineerRegistered, weibao__v1__engineer_registered__init, e);
	e->engineer_id = wb_field_of_id(d->arena, id);
	e->name = dp_personal_require(d, c->name, DISPATCH_TEXT_BYTES, "name", id, zero);
	if (!e->name || !dp_text_optional(d, c->position, DISPATCH_TEXT_BYTES, "position") ||
	        !dp_text_optional(d, c->duties, DISPATCH_TEXT_BYTES, "duties") ||
	        !skills_sound(d, c->skills, c->n_skills) ||
	        !dp_personal_optional(d, c->telephone, DISPATCH_TEXT_BYTES, "telephone", id, zero, &e->telephone) ||
	        !dp_personal_optional(d, c->email, DISPATCH_TEXT_BYTES, "email", id, zero, &e->email))
		return;
	e->position = c->position;
	e->duties = c->duties;
	e->skills = c->skills;
	e->n_skills = c->n_skills;
	wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_change_engineer(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeEngineer *c = command;
	struct wb_id id;
	if (!engineer_of(d, c->engineer_id, &id))
		return;
	NEW(d, Weibao__V1__EngineerChanged, weibao__v1__engineer_changed__init, e);
	e->engineer_id = c->engineer_id;
	e->name = dp_personal_require(d, c->name, DISPATCH_TEXT_BYTES, "name", id, zero);
	if (!e->name || !dp_text_optional(d, c->position, DISPATCH_TEXT_BYTES, "position") ||
	        !dp_text_optional(d, c->duties, DISPATCH_TEXT_BYTES, "duties") ||
	        !skills_sound(d, c->skills, c->n_skills) ||
	        !dp_personal_optional(d, c->telephone, DISPATCH_TEXT_BYTES, "telephone", id, zero, &e->telephone) ||
	        !dp_personal_optional(d, c->email, DISPATCH_TEXT_BYTES, "email", id, zero, &e->email))
		return;
	e->position = c->position;
	e->duties = c->duties;
	e->skills = c->skills;
	e->n_skills = c->n_skills;
	wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_add_certification(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AddCertification *c = command;
	struct wb_id id;
	const Engineer *row = engineer_of(d, c->engineer_id, &id);
	if (!row || !dp_text_require(d, c->name, DISPATCH_TEXT_BYTES, "name") ||
	        !dp_text_require(d, c->issuer, DISPATCH_TEXT_BYTES, "issuer") ||
	        !date_sound(d, c->expires_on, "expiresOn"))
		return;
	if (row->n_certifications >= CERTIFICATIONS_MAX) {
		wb_refuse(d, WB_FIELD_INVALID, "name");
		return;
	}
	NEW(d, Weibao__V1__CertificationAdded, weibao__v1__certification_added__init, e);
	e->engineer_id = c->engineer_id;
	e->certification_id = wb_field_of_id(d->arena, wb_new_id(d, "certification"));
	e->name = c->name;
	e->issuer = c->issuer;
	e->expires_on = c->expires_on;
	if (dp_personal_optional(d, c->number, DISPATCH_TEXT_BYTES, "number", id, zero, &e->number))
		wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_remove_certification(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RemoveCertification *c = command;
	struct wb_id id, which;
	const Engineer *row = engineer_of(d, c->engineer_id, &id);
	bool found = false;
	if (!row || !wb_require_id(d, c->certification_id, "certificationId", &which))
		return;
	for (size_t i = 0; i < row->n_certifications; i++)
		found |= wb_id_equal(wb_id_of_field(row->certifications[i]->certification_id), which);
	if (!found) {
		wb_refuse(d, WB_NOT_FOUND, "certificationId");
		return;
	}
	NEW(d, Weibao__V1__CertificationRemoved, weibao__v1__certification_removed__init, e);
	e->engineer_id = c->engineer_id;
	e->certification_id = c->certification_id;
	wb_emit(d, "engineer", id, &e->base);
}

/* A client unit's tenant code, as far as dispatch can tell. */
static bool client_sound(const char *s)
{
	return s && s[0] != '\0' && strlen(s) <= 64 && strcmp(s, DISPATCH_PROVIDER) != 0 && strcmp(s, "cell") != 0;
}

void dp_decide_induct_engineer(struct wb_decision *d, const void *command)
{
	const Weibao__V1__InductEngineer *c = command;
	struct wb_id id;
	const Engineer *row = engineer_of(d, c->engineer_id, &id);
	if (!row || !date_sound(d, c->inducted_on, "inductedOn"))
		return;
	if (!client_sound(c->client)) {
		wb_refuse(d, WB_FIELD_INVALID, "client");
		return;
	}
	for (size_t i = 0; i < row->n_inductions; i++)
		if (strcmp(row->inductions[i]->client, c->client) == 0 &&
		        strcmp(row->inductions[i]->inducted_on, c->inducted_on) == 0) {
			wb_already(d);
			return;
		}
	NEW(d, Weibao__V1__EngineerInducted, weibao__v1__engineer_inducted__init, e);
	e->engineer_id = c->engineer_id;
	e->client = c->client;
	e->inducted_on = c->inducted_on;
	wb_emit(d, "engineer", id, &e->base);
}

/* ---- shifts and leave ---- */

/* Half-open seconds of a week, from Monday; a window may pass midnight, and Sunday's into Monday. */
static bool windows_clash(const Weibao__V1__ShiftWindow *a, const Weibao__V1__ShiftWindow *b)
{
	const int64_t week = 7 * 86400;
	int64_t a0 = (int64_t)(a->weekday - 1) * 86400 + a->start_s, a1 = a0 + a->end_s - a->start_s;
	int64_t b0 = (int64_t)(b->weekday - 1) * 86400 + b->start_s, b1 = b0 + b->end_s - b->start_s;
	for (int64_t turn = -1; turn <= 1; turn++)
		if (a0 + turn * week < b1 && b0 < a1 + turn * week)
			return true;
	return false;
}

static bool windows_sound(Weibao__V1__ShiftWindow **w, size_t n)
{
	if (n > WINDOWS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (w[i]->weekday < 1 || w[i]->weekday > 7 || w[i]->start_s >= 86400 || w[i]->end_s <= w[i]->start_s ||
		        w[i]->end_s > SHIFT_END_S || w[i]->end_s - w[i]->start_s > 86400)
			return false;
		for (size_t j = 0; j < i; j++)
			if (windows_clash(w[i], w[j]))
				return false;
	}
	return true;
}

void dp_decide_save_shifts(struct wb_decision *d, const void *command)
{
	if (is_ready(command))
		dp_decide_shifts_ready(d, command);
	else
		wb_refuse(d, WB_UNAVAILABLE, NULL); /* the zone's rules are not known */
}

void dp_decide_shifts_ready(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ShiftsReady *c = command;
	struct wb_id id;
	if (!engineer_of(d, c->save->engineer_id, &id))
		return;
	if (!windows_sound(c->save->windows, c->save->n_windows)) {
		wb_refuse(d, WB_SHIFTS_OVERLAP, "windows");
		return;
	}
	if (!c->tz_version || c->n_transition_at != c->n_offset_s || c->n_offset_s == 0) {
		wb_refuse(d, WB_SHIFT_ZONE_UNKNOWN, "zone");
		return;
	}
	NEW(d, Weibao__V1__ShiftsSaved, weibao__v1__shifts_saved__init, e);
	e->engineer_id = c->save->engineer_id;
	e->zone = c->save->zone;
	e->windows = c->save->windows;
	e->n_windows = c->save->n_windows;
	e->transition_at = c->transition_at;
	e->n_transition_at = c->n_transition_at;
	e->offset_s = c->offset_s;
	e->n_offset_s = c->n_offset_s;
	e->tz_version = c->tz_version;
	wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_add_leave(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AddLeave *c = command;
	struct wb_id id;
	const Engineer *row = engineer_of(d, c->engineer_id, &id);
	if (!row)
		return;
	if (c->until_at <= c->from_at || c->until_at <= d->now_us || c->until_at - c->from_at > 366 * WB_DAY_US ||
	        c->from_at < d->now_us - 31 * WB_DAY_US || c->from_at > d->now_us + 2 * 366 * WB_DAY_US) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, c->until_at <= c->from_at ? "untilAt" : "fromAt");
		return;
	}
	if (dp_engineer_on_leave(row, c->from_at, c->until_at) || row->n_leaves >= LEAVES_MAX) {
		wb_refuse(d, WB_LEAVE_OVERLAPS, "fromAt");
		return;
	}
	NEW(d, Weibao__V1__LeaveAdded, weibao__v1__leave_added__init, e);
	e->engineer_id = c->engineer_id;
	e->leave_id = wb_field_of_id(d->arena, wb_new_id(d, "leave"));
	e->from_at = c->from_at;
	e->until_at = c->until_at;
	wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_cancel_leave(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CancelLeave *c = command;
	struct wb_id id, leave;
	const Engineer *row = engineer_of(d, c->engineer_id, &id);
	bool found = false;
	if (!row || !wb_require_id(d, c->leave_id, "leaveId", &leave))
		return;
	for (size_t i = 0; i < row->n_leaves; i++)
		found |= wb_id_equal(wb_id_of_field(row->leaves[i]->leave_id), leave);
	if (!found) {
		wb_refuse(d, WB_NOT_FOUND, "leaveId");
		return;
	}
	NEW(d, Weibao__V1__LeaveCancelled, weibao__v1__leave_cancelled__init, e);
	e->engineer_id = c->engineer_id;
	e->leave_id = c->leave_id;
	wb_emit(d, "engineer", id, &e->base);
}

void dp_decide_leave_company(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LeaveCompany *c = command;
	struct wb_id id;
	if (!wb_require_id(d, c->engineer_id, "engineerId", &id))
		return;
	const Engineer *row = dp_engineer_get(d->db, id, d->arena);
	if (!row) {
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
		return;
	}
	if (row->left) {
		wb_already(d);
		return;
	}
	if (dp_engineer_has_open(d->db, d->arena, id)) {
		wb_refuse(d, WB_ENGINEER_HAS_VISITS, "engineerId");
		return;
	}
	NEW(d, Weibao__V1__EngineerLeft, weibao__v1__engineer_left__init, e);
	e->engineer_id = c->engineer_id;
	wb_emit(d, "engineer", id, &e->base);
}

/* ---- teams ---- */

void dp_decide_form_team(struct wb_decision *d, const void *command)
{
	const Weibao__V1__FormTeam *c = command;
	struct wb_id id = wb_new_id(d, "team");
	if (!dp_text_require(d, c->name, DISPATCH_TEXT_BYTES, "name"))
		return;
	NEW(d, Weibao__V1__TeamFormed, weibao__v1__team_formed__init, e);
	e->team_id = wb_field_of_id(d->arena, id);
	e->name = c->name;
	wb_emit(d, "team", id, &e->base);
}

static Team *team_of(struct wb_decision *d, ProtobufCBinaryData field, struct wb_id *ret_id)
{
	if (!wb_require_id(d, field, "teamId", ret_id))
		return NULL;
	Team *t = dp_team_get(d->db, *ret_id, d->arena);
	if (!t)
		wb_refuse(d, WB_NOT_FOUND, "teamId");
	return t;
}

void dp_decide_add_team_member(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AddTeamMember *c = command;
	struct wb_id team, engineer;
	const Weibao__V1__TeamMember *m = NULL;
	const Team *row = team_of(d, c->team_id, &team);
	if (!row || !engineer_of(d, c->engineer_id, &engineer))
		return;
	if (c->has_until_at && c->until_at <= d->now_us) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "untilAt");
		return;
	}
	if (dp_team_has(row, engineer, d->now_us, &m) && m->lead == (c->has_lead && c->lead) &&
	        m->has_until_at == c->has_until_at && m->until_at == c->until_at) {
		wb_already(d);
		return;
	}
	if (!m && row->n_members >= MEMBERS_MAX) {
		wb_refuse(d, WB_FIELD_INVALID, "engineerId");
		return;
	}
	NEW(d, Weibao__V1__TeamMemberAdded, weibao__v1__team_member_added__init, e);
	e->team_id = c->team_id;
	e->engineer_id = c->engineer_id;
	e->lead = c->has_lead && c->lead;
	e->has_until_at = c->has_until_at;
	e->until_at = c->until_at;
	wb_emit(d, "team", team, &e->base);
}

void dp_decide_remove_team_member(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RemoveTeamMember *c = command;
	struct wb_id team, engineer;
	const Team *row = team_of(d, c->team_id, &team);
	if (!row || !wb_require_id(d, c->engineer_id, "engineerId", &engineer))
		return;
	if (!dp_team_has(row, engineer, INT64_MIN, NULL)) {
		wb_refuse(d, WB_NOT_FOUND, "engineerId");
		return;
	}
	NEW(d, Weibao__V1__TeamMemberRemoved, weibao__v1__team_member_removed__init, e);
	e->team_id = c->team_id;
	e->engineer_id = c->engineer_id;
	wb_emit(d, "team", team, &e->base);
}
