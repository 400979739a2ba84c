/* Intake and dispatch in one cell: a fault that is phoned in, booked, cancelled, driven to; over two client units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/drive.h"
#include "services/dispatch/dispatch.h"
#include "services/intake/intake.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000)
static const struct wb_service *const services[] = {&wb_intake_service, &wb_dispatch_service};
static const struct wb_id someone = {{1, 2, 3}};

struct client {
	const char *tenant;
	struct wb_id office, contact;
};
struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
	struct wb_id engineer, team;
	struct client acme, bravo;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static void must(struct world *w, json_t *r)
{
	if (!r)
		fail_msg("refused: %s at %s", w->d.code, w->d.path);
}

static void as_chief(struct world *w)
{
	drive_as(&w->d, "PRINCIPAL|HOTLINE|ADMINISTRATOR", "provider", someone, someone);
}

static void as_engineer(struct world *w)
{
	drive_as(&w->d, "ENGINEER", "provider", someone, w->engineer);
}

static struct client open_client(struct world *w, const char *tenant, const char *code)
{
	struct client c = {.tenant = tenant};
	as_chief(w);
	must(w, drive_do(&w->d, "intake", tenant, "OpenTenant",
	                "{\"code\":\"%s\",\"name\":\"%s\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}", code,
	                tenant));
	must(w, drive_do(&w->d, "intake", tenant, "SaveContract",
	                "{\"number\":\"1\",\"validFrom\":\"2026-01-01\",\"validUntil\":\"2027-12-31\","
	                "\"coversAllOffices\":true}"));
	must(w, drive_do(&w->d, "intake", tenant, "RegisterOffice", "{\"name\":\"办公室\",\"placeKey\":\"%s\"}",
	                tenant));
	c.office = drive_id(&w->d, "officeId");
	must(w, drive_do(&w->d, "intake", tenant, "RegisterContact",
	                "{\"officeId\":\"%s\",\"name\":\"李明\",\"telephones\":[{\"number\":\"010-8\"}]}",
	                drive_uuid(c.office)));
	c.contact = drive_id(&w->d, "contactId");
	must(w, drive_do(&w->d, "dispatch", tenant, "AssignTeam", "{\"teamId\":\"%s\"}", drive_uuid(w->team)));
	return c;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-dst-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 2, .start_us = START, .seed = 9, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	as_chief(w);
	must(w, drive_do(&w->d, "dispatch", "provider", "RegisterEngineer", "{\"name\":\"王工\"}"));
	w->engineer = drive_id(&w->d, "engineerId");
	must(w, drive_do(&w->d, "dispatch", "provider", "FormTeam", "{\"name\":\"一组\"}"));
	w->team = drive_id(&w->d, "teamId");
	must(w, drive_do(&w->d, "dispatch", "provider", "AddTeamMember", "{\"teamId\":\"%s\",\"engineerId\":\"%s\"}",
	                drive_uuid(w->team), drive_uuid(w->engineer)));
	w->acme = open_client(w, "acme", "ACME");
	w->bravo = open_client(w, "bravo", "BRAVO");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	drive_done(&w->d);
	simcell_close(w->cell);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

/* Phoned in and found to need a visit. */
static struct wb_id ticket(struct world *w, const struct client *c)
{
	as_chief(w);
	must(w, drive_do(&w->d, "intake", c->tenant, "ReportFault",
	                "{\"officeId\":\"%s\",\"callerId\":\"%s\",\"category\":\"OS\",\"symptom\":\"蓝屏\","
	                "\"despiteDuplicates\":true}",
	                drive_uuid(c->office), drive_uuid(c->contact)));
	struct wb_id id = drive_id(&w->d, "ticketId");
	drive_as(&w->d, "HOTLINE|ENGINEER", "provider", someone, w->engineer);
	must(w, drive_do(&w->d, "intake", c->tenant, "TakeHandler", "{\"ticketId\":\"%s\",\"round\":1}",
	                drive_uuid(id)));
	must(w, drive_do(&w->d, "intake", c->tenant, "NeedVisit", "{\"ticketId\":\"%s\",\"round\":1}", drive_uuid(id)));
	as_chief(w);
	return id;
}

static json_t *schedule(struct world *w, const struct client *c, struct wb_id t, int64_t at)
{
	return drive_do(&w->d, "dispatch", c->tenant, "ScheduleVisit",
	        "{\"ticketId\":\"%s\",\"round\":1,\"engineerId\":\"%s\",\"promisedArrivalAt\":\"%s\",\"agreedBy\":"
	        "\"PHONE\"}",
	        drive_uuid(t), drive_uuid(w->engineer), drive_time(at));
}

static void one_engineer_for_two_client_units(void **state)
{
	struct world *w = *state;
	struct wb_id a = ticket(w, &w->acme), b = ticket(w, &w->bravo);
	int64_t at = simcell_now(w->cell) + 4 * WB_HOUR_US;
	must(w, schedule(w, &w->acme, a, at));
	assert_null(schedule(w, &w->bravo, b, at + 10 * WB_MINUTE_US));
	assert_string_equal(w->d.code, "ENGINEER_BUSY");
	assert_int_equal(simcell_rebuild(w->cell, "dispatch"), WB_OK);
	assert_true(simcell_settle(w->cell));
	assert_null(schedule(w, &w->bravo, b, at + 10 * WB_MINUTE_US)); /* as well after a fold from zero */
	assert_string_equal(w->d.code, "ENGINEER_BUSY");
	must(w, schedule(w, &w->bravo, b, at + 2 * WB_HOUR_US));
}

/* The name went from the provider's tenant into the client unit's, sealed for it: its user reads it. */
static void the_user_sees_who_comes(void **state)
{
	struct world *w = *state;
	struct wb_id t = ticket(w, &w->acme);
	must(w, schedule(w, &w->acme, t, simcell_now(w->cell) + 4 * WB_HOUR_US));
	struct wb_id visit = drive_id(&w->d, "visitId");
	drive_as(&w->d, "USER", "acme", someone, w->acme.contact);
	json_t *v = drive_do(&w->d, "dispatch", "acme", "GetVisit", "{\"ticketId\":\"%s\",\"visitId\":\"%s\"}",
	        drive_uuid(t), drive_uuid(visit));
	must(w, v);
	json_t *first = json_array_get(json_object_get(v, "engineers"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "name")), "王工");
	must(w, drive_do(&w->d, "dispatch", "acme", "ConfirmVisit",
	                "{\"ticketId\":\"%s\",\"round\":1,\"visitId\":\"%s\"}", drive_uuid(t), drive_uuid(visit)));
}

/* Neither service ends what the other has begun. */
static void ticket_and_visit_keep_each_other(void **state)
{
	struct world *w = *state;
	struct wb_id t = ticket(w, &w->acme);
	must(w, schedule(w, &w->acme, t, simcell_now(w->cell) + 4 * WB_HOUR_US));
	struct wb_id visit = drive_id(&w->d, "visitId");
	assert_null(drive_do(&w->d, "intake", "acme", "CancelTicket",
	        "{\"ticketId\":\"%s\",\"round\":1,\"reason\":\"好了\"}", drive_uuid(t)));
	assert_string_equal(w->d.code, "VISIT_OPEN");
	must(w, drive_do(&w->d, "dispatch", "acme", "CancelVisit",
	                "{\"ticketId\":\"%s\",\"round\":1,\"visitId\":\"%s\",\"reason\":\"not needed\"}", drive_uuid(t),
	                drive_uuid(visit)));
	must(w, drive_do(&w->d, "intake", "acme", "CancelTicket",
	                "{\"ticketId\":\"%s\",\"round\":1,\"reason\":\"好了\"}", drive_uuid(t)));
	assert_null(schedule(w, &w->acme, t, simcell_now(w->cell) + 4 * WB_HOUR_US));
	assert_string_equal(w->d.code, "TICKET_OVER");
}

static void an_engineer_drives_there(void **state)
{
	struct world *w = *state;
	struct wb_id t = ticket(w, &w->acme);
	must(w, schedule(w, &w->acme, t, simcell_now(w->cell) + WB_HOUR_US));
	struct wb_id visit = drive_id(&w->d, "visitId");
	static const char *const steps[] = {"AcceptAssignment", "Depart", "Arrive"};
	for (size_t i = 0; i < 3; i++) {
		as_engineer(w);
		must(w, drive_do(&w->d, "dispatch", "acme", steps[i],
		                "{\"ticketId\":\"%s\",\"round\":1,\"visitId\":\"%s\"}", drive_uuid(t),
		                drive_uuid(visit)));
		assert_int_equal(simcell_kill(w->cell, "dispatch"), WB_OK);
		assert_true(simcell_settle(w->cell));
	}
	as_engineer(w);
	must(w, drive_do(&w->d, "dispatch", "acme", "FillForm",
	                "{\"ticketId\":\"%s\",\"round\":1,\"visitId\":\"%s\",\"contents\":[\"SOFTWARE_FAULT\"],"
	                "\"inWarranty\":true,\"chargeable\":false,\"solution\":\"重装驱动\",\"result\":\"FIXED\"}",
	                drive_uuid(t), drive_uuid(visit)));
	assert_null(drive_do(&w->d, "dispatch", "acme", "LeaveVisit",
	        "{\"ticketId\":\"%s\",\"round\":1,\"visitId\":\"%s\"}", drive_uuid(t), drive_uuid(visit)));
	assert_string_equal(w->d.code, "FORM_NOT_SIGNED");
	json_t *v = drive_do(&w->d, "dispatch", "acme", "GetVisit", "{\"ticketId\":\"%s\",\"visitId\":\"%s\"}",
	        drive_uuid(t), drive_uuid(visit));
	must(w, v);
	assert_string_equal(json_string_value(json_object_get(json_object_get(v, "form"), "solution")), "重装驱动");
	assert_string_equal(json_string_value(json_object_get(v, "state")), "ON_SITE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(one_engineer_for_two_client_units, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_user_sees_who_comes, setup, teardown),
	        cmocka_unit_test_setup_teardown(ticket_and_visit_keep_each_other, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_engineer_drives_there, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
