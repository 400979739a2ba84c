/* Reporting in a cell with intake, dispatch and sla-timer: what they decide is seen, opened, for whom it is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/drive.h"
#include "services/dispatch/dispatch.h"
#include "services/intake/intake.h"
#include "services/reporting/reporting.h"
#include "services/sla-timer/sla.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000)
static const struct wb_service *const services[] = {
        &wb_intake_service, &wb_dispatch_service, &wb_sla_timer_service, &wb_reporting_service};
static const struct wb_id someone = {{1, 2, 3}};

struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
	struct wb_id engineer, team, office, ming, fang;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static json_t *must(struct world *w, json_t *r)
{
	if (!r)
		fail_msg("refused: %s at %s", w->d.code, w->d.path);
	return r;
}

static void as_chief(struct world *w)
{
	drive_as(&w->d, "PRINCIPAL|HOTLINE|ADMINISTRATOR", "provider", someone, someone);
}

static struct wb_id contact(struct world *w, const char *name)
{
	must(w, drive_do(&w->d, "intake", "acme", "RegisterContact",
	                "{\"officeId\":\"%s\",\"name\":\"%s\",\"telephones\":[{\"number\":\"010-8\"}]}",
	                drive_uuid(w->office), name));
	return drive_id(&w->d, "contactId");
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-rst-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 4, .start_us = START, .seed = 4, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	as_chief(w);
	must(w, drive_do(&w->d, "dispatch", "provider", "RegisterEngineer", "{\"name\":\"王工\"}"));
	w->engineer = drive_id(&w->d, "engineerId");
	must(w, drive_do(&w->d, "dispatch", "provider", "FormTeam", "{\"name\":\"一组\"}"));
	w->team = drive_id(&w->d, "teamId");
	must(w, drive_do(&w->d, "dispatch", "provider", "AddTeamMember", "{\"teamId\":\"%s\",\"engineerId\":\"%s\"}",
	                drive_uuid(w->team), drive_uuid(w->engineer)));
	must(w, drive_do(&w->d, "intake", "acme", "OpenTenant",
	                "{\"code\":\"ACME\",\"name\":\"甲方\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}"));
	must(w, drive_do(&w->d, "intake", "acme", "SaveContract",
	                "{\"number\":\"1\",\"validFrom\":\"2026-01-01\",\"validUntil\":\"2027-12-31\","
	                "\"coversAllOffices\":true}"));
	must(w, drive_do(&w->d, "intake", "acme", "RegisterOffice", "{\"name\":\"办公室\",\"placeKey\":\"a\"}"));
	w->office = drive_id(&w->d, "officeId");
	w->ming = contact(w, "李明");
	w->fang = contact(w, "王芳");
	must(w, drive_do(&w->d, "dispatch", "acme", "AssignTeam", "{\"teamId\":\"%s\"}", drive_uuid(w->team)));
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

static struct wb_id report(struct world *w, struct wb_id caller, const char *symptom)
{
	as_chief(w);
	must(w, drive_do(&w->d, "intake", "acme", "ReportFault",
	                "{\"officeId\":\"%s\",\"callerId\":\"%s\",\"category\":\"OS\",\"symptom\":\"%s\","
	                "\"despiteDuplicates\":true}",
	                drive_uuid(w->office), drive_uuid(caller), symptom));
	return drive_id(&w->d, "ticketId");
}

static size_t size(json_t *r, const char *list)
{
	return json_array_size(json_object_get(r, list));
}

static const char *text(json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s ? s : "";
}

static json_t *first(json_t *r, const char *list)
{
	return json_array_get(json_object_get(r, list), 0);
}

/* Reporting is asked once it has seen what was answered. */
static json_t *ask(struct world *w, const char *query, const char *body)
{
	assert_true(simcell_settle(w->cell));
	return must(w, drive_do(&w->d, "reporting", "acme", query, "%s", body));
}

static void texts_are_opened_for_who_may_see_them(void **state)
{
	struct world *w = *state;
	(void)report(w, w->ming, "打印机卡纸");
	(void)report(w, w->fang, "显示器黑屏");
	json_t *r = ask(w, "ListTickets", "{}");
	assert_int_equal(size(r, "tickets"), 2);
	assert_string_equal(text(first(r, "tickets"), "symptom"), "显示器黑屏");
	assert_string_equal(text(first(r, "tickets"), "userName"), "王芳");
	assert_string_equal(text(first(r, "tickets"), "stage"), "REPORTED");
	drive_as(&w->d, "USER", "acme", someone, w->ming);
	r = ask(w, "ListTickets", "{}");
	assert_int_equal(size(r, "tickets"), 1);
	assert_string_equal(text(first(r, "tickets"), "symptom"), "打印机卡纸");
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"黑屏\"}"), "tickets"), 0);
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"卡纸\"}"), "tickets"), 1);
	as_chief(w);
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"王芳\"}"), "tickets"), 1);
}

/* The same after a crash, and after a fold from zero: the cache is made again from the projection. */
static void the_search_survives(void **state)
{
	struct world *w = *state;
	(void)report(w, w->ming, "打印机卡纸");
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"打印机\"}"), "tickets"), 1);
	assert_int_equal(simcell_kill(w->cell, "reporting"), WB_OK);
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"打印机\"}"), "tickets"), 1);
	assert_int_equal(simcell_rebuild(w->cell, "reporting"), WB_OK);
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"打印机\"}"), "tickets"), 1);
	(void)report(w, w->ming, "打印机不动");
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"打印机\"}"), "tickets"), 2);
}

/* Of an erased person the ticket stays, its texts do not: neither shown nor found, before and after a restart. */
static void an_erased_person_is_not_found(void **state)
{
	static const struct wb_id another = {{4, 5, 6}};
	struct world *w = *state;
	(void)report(w, w->ming, "打印机卡纸");
	(void)report(w, w->fang, "打印机卡纸");
	assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"卡纸\"}"), "tickets"), 2);
	must(w, drive_do(&w->d, "intake", "acme", "RequestErasure", "{\"subjectId\":\"%s\",\"reason\":\"asked\"}",
	                drive_uuid(w->ming)));
	drive_as(&w->d, "PRINCIPAL", "provider", another, another);
	must(w, drive_do(&w->d, "intake", "acme", "ApproveErasure", "{\"subjectId\":\"%s\"}", drive_uuid(w->ming)));
	for (int round = 0; round < 2; round++) {
		json_t *r = ask(w, "SearchTickets", "{\"text\":\"卡纸\"}");
		assert_int_equal(size(r, "tickets"), 1);
		assert_string_equal(text(first(r, "tickets"), "userName"), "王芳");
		assert_int_equal(size(ask(w, "SearchTickets", "{\"text\":\"李明\"}"), "tickets"), 0);
		r = ask(w, "ListTickets", "{\"sort\":\"OLDEST\"}");
		assert_int_equal(size(r, "tickets"), 2);
		assert_string_equal(text(first(r, "tickets"), "symptom"), "已删除");
		assert_string_equal(text(first(r, "tickets"), "userName"), "已删除");
		assert_int_equal(simcell_kill(w->cell, "reporting"), WB_OK);
	}
}

static void a_visit_in_the_case_file(void **state)
{
	struct world *w = *state;
	char body[128];
	struct wb_id t = report(w, w->ming, "蓝屏");
	drive_as(&w->d, "HOTLINE|ENGINEER", "provider", someone, w->engineer);
	must(w, drive_do(&w->d, "intake", "acme", "TakeHandler", "{\"ticketId\":\"%s\",\"round\":1}", drive_uuid(t)));
	must(w, drive_do(&w->d, "intake", "acme", "NeedVisit", "{\"ticketId\":\"%s\",\"round\":1}", drive_uuid(t)));
	as_chief(w);
	must(w, drive_do(&w->d, "dispatch", "acme", "ScheduleVisit",
	                "{\"ticketId\":\"%s\",\"round\":1,\"engineerId\":\"%s\",\"promisedArrivalAt\":\"%s\","
	                "\"agreedBy\":\"PHONE\"}",
	                drive_uuid(t), drive_uuid(w->engineer), drive_time(simcell_now(w->cell) + 4 * WB_HOUR_US)));
	(void)snprintf(body, sizeof body, "{\"ticketId\":\"%s\"}", drive_uuid(t));
	json_t *r = ask(w, "GetTicket", body);
	assert_string_equal(text(json_object_get(r, "ticket"), "stage"), "VISITING");
	assert_string_equal(text(json_object_get(r, "ticket"), "engineerName"), "王工");
	assert_string_equal(text(first(r, "people"), "name"), "李明");
	assert_int_equal(size(r, "visits"), 1);
	assert_true(size(r, "clocks") >= 3); /* response, resolution, arrival … */
	assert_true(size(r, "timeline") >= 6);
	assert_true(size(ask(w, "Board", "{}"), "running") >= 2);
	(void)snprintf(body, sizeof body, "{\"engineerId\":\"%s\",\"fromAt\":\"%s\",\"untilAt\":\"%s\"}",
	        drive_uuid(w->engineer), drive_time(simcell_now(w->cell)),
	        drive_time(simcell_now(w->cell) + WB_DAY_US));
	assert_int_equal(size(ask(w, "EngineerAgenda", body), "items"), 1);
	drive_as(&w->d, "REPRESENTATIVE", "acme", someone, someone);
	r = ask(w, "History", "{\"limit\":200}");
	assert_true(size(r, "events") >= 10);
	assert_string_equal(text(first(r, "events"), "eventType"), "TenantOpened");
}

static void changes_for_a_contact(void **state)
{
	struct world *w = *state;
	(void)report(w, w->ming, "蓝屏");
	(void)report(w, w->fang, "黑屏");
	drive_as(&w->d, "USER", "acme", someone, w->ming);
	json_t *r = ask(w, "ListChanges", "{\"after\":0}");
	json_t *changes = json_object_get(r, "changes");
	assert_true(json_array_size(changes) >= 1);
	const char *ticket = text(json_array_get(changes, 0), "ticketId");
	for (size_t i = 0; i < json_array_size(changes); i++)
		assert_string_equal(text(json_array_get(changes, i), "ticketId"), ticket);
	assert_true(strtoull(text(r, "upTo"), NULL, 10) >= w->d.position);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(texts_are_opened_for_who_may_see_them, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_search_survives, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_erased_person_is_not_found, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_visit_in_the_case_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(changes_for_a_contact, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
