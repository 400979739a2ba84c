/* The provider's engineers and teams, and a client unit's assignment. */
#include "unit/dispatch_kit.h"

#include <string.h>

#define P "provider"

static void register_checks_its_fields(void **state)
{
	struct kit *k = *state;
	char *bad[] = {"os"};
	char long_text[300];
	MSG(RegisterEngineer, c, WEIBAO__V1__REGISTER_ENGINEER__INIT);
	c.name = bed_personal(k->b, "");
	as_manager(k);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "name");
	c.name = bed_personal(k->b, "Sun");
	c.skills = bad;
	c.n_skills = 1;
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "skills");
	c.n_skills = 0;
	for (size_t i = 0; i < sizeof long_text - 1; i++)
		long_text[i] = 'x';
	long_text[sizeof long_text - 1] = '\0';
	c.duties = long_text;
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_TOO_LONG, "duties");
	c.duties = NULL;
	as_lead(k);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED(k->b, FORBIDDEN);
	as_manager(k);
	bed_when(k->b, ACME, &c.base);
	assert_non_null(bed_refusal(k->b));
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "EngineerRegistered");
}

static void an_engineer_changes(void **state)
{
	struct kit *k = *state;
	MSG(ChangeEngineer, c, WEIBAO__V1__CHANGE_ENGINEER__INIT);
	MSG(GetEngineer, q, WEIBAO__V1__GET_ENGINEER__INIT);
	c.engineer_id = q.engineer_id = FIELD(k, k->engineers[0]);
	c.name = bed_personal(k->b, "Wang Wu");
	c.position = "Senior";
	as_manager(k);
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "EngineerChanged");
	const Engineer *e = (const Engineer *)bed_query(k->b, P, &q.base);
	assert_non_null(e);
	assert_string_equal(e->details->position, "Senior");
	assert_string_equal(e->details->name->plain, "Wang Wu");
	c.engineer_id = FIELD(k, bed_id("nobody"));
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "engineerId");
}

static void certifications_come_and_go(void **state)
{
	struct kit *k = *state;
	MSG(AddCertification, c, WEIBAO__V1__ADD_CERTIFICATION__INIT);
	MSG(RemoveCertification, r, WEIBAO__V1__REMOVE_CERTIFICATION__INIT);
	c.engineer_id = FIELD(k, k->engineers[0]);
	c.name = "RHCE";
	c.issuer = "Red Hat";
	c.expires_on = "2023-02-30";
	as_manager(k);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "expiresOn");
	c.expires_on = "2024-02-29";
	c.name = "";
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "name");
	c.name = "RHCE";
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "CertificationAdded");
	ProtobufCBinaryData id = ((const Weibao__V1__CertificationAdded *)bed_event(k->b, 0))->certification_id;
	/* on the assignment as it was */
	kit_schedule(k, ACME, kit_ticket(k, ACME, "t", NULL), k->engineers[0], HOUR(2));
	const Weibao__V1__EngineerAssigned *a = (const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1);
	assert_int_equal(a->n_certificates, 1);
	assert_string_equal(a->certificates[0], "RHCE / Red Hat");
	kit_schedule(k, ACME, kit_ticket(k, ACME, "u", NULL), k->engineers[0], BED_START + 200 * WB_DAY_US);
	a = (const Weibao__V1__EngineerAssigned *)bed_event(k->b, 1);
	assert_int_equal(a->n_certificates, 0); /* expired by then */
	r.engineer_id = c.engineer_id;
	r.certification_id = FIELD(k, bed_id("none"));
	as_manager(k);
	bed_when(k->b, P, &r.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "certificationId");
	r.certification_id = id;
	bed_when(k->b, P, &r.base);
	THEN_EVENT(k->b, 0, "CertificationRemoved");
	bed_when(k->b, P, &r.base);
	THEN_REJECTED(k->b, NOT_FOUND);
}

static void inductions(void **state)
{
	struct kit *k = *state;
	MSG(InductEngineer, c, WEIBAO__V1__INDUCT_ENGINEER__INIT);
	c.engineer_id = FIELD(k, k->engineers[0]);
	c.client = "provider";
	c.inducted_on = "2023-11-01";
	as_manager(k);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "client");
	c.client = ACME;
	c.inducted_on = "yesterday";
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, FIELD_INVALID, "inductedOn");
	c.inducted_on = "2023-11-01";
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "EngineerInducted");
	bed_when(k->b, P, &c.base);
	THEN_ALREADY(k->b);
}

static void leave_is_added_and_cancelled(void **state)
{
	struct kit *k = *state;
	MSG(AddLeave, c, WEIBAO__V1__ADD_LEAVE__INIT);
	MSG(CancelLeave, x, WEIBAO__V1__CANCEL_LEAVE__INIT);
	c.engineer_id = FIELD(k, k->engineers[0]);
	c.from_at = HOUR(10);
	c.until_at = HOUR(10);
	as_lead(k);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "untilAt");
	c.until_at = HOUR(20);
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "LeaveAdded");
	ProtobufCBinaryData id = ((const Weibao__V1__LeaveAdded *)bed_event(k->b, 0))->leave_id;
	c.from_at = HOUR(19);
	c.until_at = HOUR(21);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, LEAVE_OVERLAPS, "fromAt");
	c.from_at = HOUR(20);
	bed_when(k->b, P, &c.base);
	THEN_EVENT(k->b, 0, "LeaveAdded");
	x.engineer_id = c.engineer_id;
	x.leave_id = id;
	bed_when(k->b, P, &x.base);
	THEN_EVENT(k->b, 0, "LeaveCancelled");
	bed_when(k->b, P, &x.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "leaveId");
	c.from_at = HOUR(-100 * 24);
	c.until_at = HOUR(-99 * 24);
	bed_when(k->b, P, &c.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "fromAt");
}

static void save_shifts(struct kit *k, Weibao__V1__ShiftWindow **windows, size_t n, bool zone_known)
{
	static int64_t at[] = {0};
	static int32_t offset[] = {8 * 3600};
	MSG(SaveShifts, s, WEIBAO__V1__SAVE_SHIFTS__INIT);
	MSG(ShiftsReady, c, WEIBAO__V1__SHIFTS_READY__INIT);
	s.engineer_id = FIELD(k, k->engineers[0]);
	s.zone = "Asia/Shanghai";
	s.windows = windows;
	s.n_windows = n;
	c.save = &s;
	if (zone_known) {
		c.tz_version = "2026a";
		c.transition_at = at;
		c.n_transition_at = 1;
		c.offset_s = offset;
		c.n_offset_s = 1;
	}
	bed_as(k->b, WB_ROLE(SYSTEM), bed_id("system"));
	bed_when(k->b, P, &c.base);
}

static bool off_shift(struct kit *k, struct wb_id ticket, int64_t at)
{
	MSG(SuggestEngineers, q, WEIBAO__V1__SUGGEST_ENGINEERS__INIT);
	q.ticket_id = FIELD(k, ticket);
	q.arrival_at = at;
	as_lead(k);
	const Weibao__V1__SuggestEngineersAnswer *r =
	        (const Weibao__V1__SuggestEngineersAnswer *)bed_query(k->b, ACME, &q.base);
	assert_non_null(r);
	for (size_t i = 0; i < r->n_engineers; i++)
		if (wb_id_equal(wb_id_of_field(r->engineers[i]->engineer_id), k->engineers[0]))
			for (size_t j = 0; j < r->engineers[i]->n_reasons; j++)
				if (strcmp(r->engineers[i]->reasons[j], "OFF_SHIFT") == 0)
					return true;
	return false;
}

static void shifts_are_local_time(void **state)
{
	struct kit *k = *state;
	MSG(ShiftWindow, day, WEIBAO__V1__SHIFT_WINDOW__INIT);
	MSG(ShiftWindow, night, WEIBAO__V1__SHIFT_WINDOW__INIT);
	Weibao__V1__ShiftWindow *both[] = {&day, &night};
	struct wb_id t = kit_ticket(k, ACME, "t", NULL);
	day.weekday = 3; /* BED_START is Wednesday 06:13 in Shanghai */
	day.start_s = 9 * 3600;
	day.end_s = 17 * 3600;
	night.weekday = 3;
	night.start_s = 16 * 3600;
	night.end_s = 26 * 3600;
	save_shifts(k, both, 2, true);
	THEN_REJECTED_AT(k->b, SHIFTS_OVERLAP, "windows");
	night.start_s = 22 * 3600;
	save_shifts(k, both, 2, false);
	THEN_REJECTED_AT(k->b, SHIFT_ZONE_UNKNOWN, "zone");
	day.weekday = 8;
	save_shifts(k, both, 2, true);
	THEN_REJECTED(k->b, SHIFTS_OVERLAP);
	day.weekday = 3;
	save_shifts(k, both, 2, true);
	THEN_EVENT(k->b, 0, "ShiftsSaved");
	const int64_t midnight = BED_START - (6 * 3600 + 13 * 60 + 20) * WB_SECOND_US;
	assert_true(off_shift(k, t, midnight + 9 * WB_HOUR_US - 1));
	assert_false(off_shift(k, t, midnight + 9 * WB_HOUR_US));
	assert_false(off_shift(k, t, midnight + 16 * WB_HOUR_US));
	assert_true(off_shift(k, t, midnight + 16 * WB_HOUR_US + 1)); /* an hour does not fit any more */
	assert_false(off_shift(k, t, midnight + 23 * WB_HOUR_US + 30 * WB_MINUTE_US)); /* over midnight */
	assert_false(off_shift(k, t, midnight + 25 * WB_HOUR_US));
	assert_true(off_shift(k, t, midnight + 25 * WB_HOUR_US + 1));
}

/* Without its effect there are no rules of the zone: nothing is guessed. */
static void shifts_need_the_zones_rules(void **state)
{
	struct kit *k = *state;
	MSG(SaveShifts, s, WEIBAO__V1__SAVE_SHIFTS__INIT);
	s.engineer_id = FIELD(k, k->engineers[0]);
	s.zone = "Asia/Shanghai";
	as_lead(k);
	bed_when(k->b, P, &s.base);
	THEN_REJECTED(k->b, UNAVAILABLE);
}

static void leave_company(struct kit *k, struct wb_id engineer)
{
	MSG(LeaveCompany, c, WEIBAO__V1__LEAVE_COMPANY__INIT);
	c.engineer_id = FIELD(k, engineer);
	as_manager(k);
	bed_when(k->b, P, &c.base);
}

static void nobody_leaves_with_open_visits(void **state)
{
	struct kit *k = *state;
	struct wb_id t = kit_ticket(k, ACME, "t", NULL);
	kit_schedule(k, ACME, t, k->engineers[0], HOUR(2));
	leave_company(k, k->engineers[0]);
	THEN_REJECTED_AT(k->b, ENGINEER_HAS_VISITS, "engineerId");
	kit_transfer(k, ACME, t, k->visit, k->engineers[0], k->engineers[1]);
	took(k);
	leave_company(k, k->engineers[0]);
	THEN_EVENT(k->b, 0, "EngineerLeft");
	leave_company(k, k->engineers[0]);
	THEN_ALREADY(k->b);
	leave_company(k, bed_id("nobody"));
	THEN_REJECTED(k->b, NOT_FOUND);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "u", NULL), k->engineers[0], HOUR(5));
	THEN_REJECTED_AT(k->b, ENGINEER_LEFT, "engineerId");
	kit_member(k, k->engineers[0]);
	THEN_REJECTED(k->b, ENGINEER_LEFT);
}

static void teams(void **state)
{
	struct kit *k = *state;
	MSG(FormTeam, f, WEIBAO__V1__FORM_TEAM__INIT);
	MSG(AddTeamMember, a, WEIBAO__V1__ADD_TEAM_MEMBER__INIT);
	MSG(RemoveTeamMember, r, WEIBAO__V1__REMOVE_TEAM_MEMBER__INIT);
	f.name = "";
	as_manager(k);
	bed_when(k->b, P, &f.base);
	THEN_REJECTED_AT(k->b, FIELD_REQUIRED, "name");
	a.team_id = FIELD(k, bed_id("no team"));
	a.engineer_id = FIELD(k, k->outsider);
	bed_when(k->b, P, &a.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "teamId");
	a.team_id = FIELD(k, k->team);
	a.has_until_at = true;
	a.until_at = BED_START;
	bed_when(k->b, P, &a.base);
	THEN_REJECTED_AT(k->b, TIME_OUT_OF_RANGE, "untilAt");
	a.until_at = HOUR(20); /* reinforcement for a time */
	bed_when(k->b, P, &a.base);
	THEN_EVENT(k->b, 0, "TeamMemberAdded");
	bed_when(k->b, P, &a.base);
	THEN_ALREADY(k->b);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "t", NULL), k->outsider, HOUR(10));
	took(k);
	kit_schedule(k, ACME, kit_ticket(k, ACME, "u", NULL), k->outsider, HOUR(20));
	THEN_REJECTED(k->b, ENGINEER_NOT_IN_TEAM);
	r.team_id = a.team_id;
	r.engineer_id = FIELD(k, k->engineers[2]);
	as_manager(k);
	bed_when(k->b, P, &r.base);
	THEN_EVENT(k->b, 0, "TeamMemberRemoved");
	bed_when(k->b, P, &r.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "engineerId");
}

static void assignment(void **state)
{
	struct kit *k = *state;
	MSG(AssignTeam, c, WEIBAO__V1__ASSIGN_TEAM__INIT);
	c.team_id = FIELD(k, bed_id("no team"));
	as_manager(k);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, NOT_FOUND, "teamId");
	c.team_id = FIELD(k, k->team);
	bed_when(k->b, ACME, &c.base);
	THEN_ALREADY(k->b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(register_checks_its_fields),
	        T(an_engineer_changes),
	        T(certifications_come_and_go),
	        T(inductions),
	        T(leave_is_added_and_cancelled),
	        T(shifts_are_local_time),
	        T(shifts_need_the_zones_rules),
	        T(nobody_leaves_with_open_visits),
	        T(teams),
	        T(assignment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
