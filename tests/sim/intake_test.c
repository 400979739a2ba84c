/* Intake in a cell: what is sealed and opened, numbers through crashes, one ticket on a bad transport, complaints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ops/simcell/drive.h"
#include "services/intake/intake.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000) /* 2026-09-21T14:13:20Z: 22:13 in Shanghai */
static const struct wb_service *const services[] = {&wb_intake_service};
static const struct wb_id lead = {{1, 2, 3}}, nobody;

struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
	struct wb_id office, contact, device;
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

static void as_lead(struct world *w)
{
	drive_as(&w->d, "PRINCIPAL|HOTLINE", "provider", lead, lead);
}

static void register_all(struct world *w)
{
	must(w, drive_do(&w->d, "intake", "acme", "OpenTenant",
	                "{\"code\":\"ACME\",\"name\":\"某局\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}"));
	must(w, drive_do(&w->d, "intake", "acme", "SaveContract",
	                "{\"number\":\"1\",\"validFrom\":\"2026-01-01\",\"validUntil\":\"2026-12-31\","
	                "\"coversAllOffices\":true}"));
	must(w, drive_do(&w->d, "intake", "acme", "RegisterOffice",
	                "{\"name\":\"办公室\",\"address\":\"人民路 1 号\"}"));
	w->office = drive_id(&w->d, "officeId");
	must(w, drive_do(&w->d, "intake", "acme", "RegisterContact",
	                "{\"officeId\":\"%s\",\"name\":\"张三\",\"telephones\":[{\"number\":\"010-8\",\"extension\":"
	                "\"12\"}]}",
	                drive_uuid(w->office)));
	w->contact = drive_id(&w->d, "contactId");
	must(w, drive_do(&w->d, "intake", "acme", "RegisterDevice",
	                "{\"officeId\":\"%s\",\"userId\":\"%s\",\"details\":{\"serial\":\"SN-1\"}}",
	                drive_uuid(w->office), drive_uuid(w->contact)));
	w->device = drive_id(&w->d, "deviceId");
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-int-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 1, .start_us = START, .seed = 5, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	as_lead(w);
	register_all(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	simcell_faults(w->cell, (struct simcell_faults){0});
	simcell_settle(w->cell);
	assert_int_equal(simcell_refold(w->cell, "intake"), WB_OK);
	drive_done(&w->d);
	simcell_close(w->cell);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static json_t *report(struct world *w)
{
	return drive_retry(&w->d, 20, "intake", "acme", "ReportFault",
	        "{\"officeId\":\"%s\",\"callerId\":\"%s\",\"deviceId\":\"%s\",\"category\":\"HARDWARE\","
	        "\"symptom\":\"不能开机\",\"despiteDuplicates\":true}",
	        drive_uuid(w->office), drive_uuid(w->contact), drive_uuid(w->device));
}

static const char *text_of(json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));
	return s ? s : "";
}

/* Whether any file of the log holds these bytes. */
static const char *looked_for;
static bool found;
static int look(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	static char buffer[1 << 20];
	(void)st;
	(void)ftw;
	FILE *f = flag == FTW_F ? fopen(path, "rb") : NULL;
	if (!f)
		return 0;
	size_t n = fread(buffer, 1, sizeof buffer, f), m = strlen(looked_for);
	for (size_t i = 0; i + m <= n; i++)
		found |= memcmp(buffer + i, looked_for, m) == 0;
	fclose(f);
	return 0;
}

static bool log_holds(struct world *w, const char *bytes)
{
	char dir[96];
	(void)snprintf(dir, sizeof dir, "%s/journal", w->dir);
	looked_for = bytes;
	found = false;
	nftw(dir, look, 16, FTW_PHYS);
	return found;
}

/* Names go into a ticket as they were, without the decision ever reading them; nothing of it stands plain in the log.
 */
static void a_ticket_carries_what_it_cannot_read(void **state)
{
	struct world *w = *state;
	must(w, report(w));
	json_t *e = drive_event(&w->d, "TicketReported");
	assert_non_null(e);
	assert_string_equal(text_of(e, "number"), "ACME-20260921-0001");
	assert_string_equal(text_of(e, "callerName"), "张三");
	assert_string_equal(text_of(e, "directUserName"), "张三");
	assert_string_equal(text_of(e, "telephone"), "010-8");
	assert_string_equal(text_of(e, "symptom"), "不能开机");
	assert_string_equal(text_of(json_object_get(e, "place"), "address"), "人民路 1 号");
	assert_string_equal(text_of(json_object_get(e, "place"), "officeName"), "办公室");
	assert_false(log_holds(w, "张三"));
	assert_false(log_holds(w, "不能开机"));
	assert_true(log_holds(w, "办公室")); /* an office's name is nobody's secret: the search itself works */
}

static void answers_are_opened(void **state)
{
	struct world *w = *state;
	json_t *r = drive_do(&w->d, "intake", "acme", "GetContact", "{\"contactId\":\"%s\"}", drive_uuid(w->contact));
	must(w, r);
	assert_string_equal(text_of(r, "name"), "张三");
	json_t *phone = json_array_get(json_object_get(r, "telephones"), 0);
	assert_string_equal(text_of(phone, "extension"), "12");
	r = drive_do(&w->d, "intake", "acme", "ListOffices", "{}");
	must(w, r);
	assert_string_equal(text_of(json_array_get(json_object_get(r, "offices"), 0), "address"), "人民路 1 号");
}

/* A kill between tickets: the counter goes on from what was folded, never twice the same. */
static void numbers_go_on_after_a_crash(void **state)
{
	struct world *w = *state;
	char number[32], last[32] = "";
	for (int i = 0; i < 12; i++) {
		if (i % 4 == 3)
			assert_int_equal(simcell_kill(w->cell, "intake"), WB_OK);
		if (i == 6)
			assert_int_equal(simcell_rebuild(w->cell, "intake"), WB_OK);
		must(w, report(w));
		(void)snprintf(number, sizeof number, "%s", drive_text(&w->d, "number"));
		assert_true(strcmp(number, last) > 0);
		(void)snprintf(last, sizeof last, "%s", number);
	}
}

/* The same command sent again and again on a bad transport makes one ticket. */
static void one_report_one_ticket(void **state)
{
	struct world *w = *state;
	struct wb_id ticket = nobody;
	must(w, report(w));
	struct wb_id command = w->d.command_id;
	ticket = drive_id(&w->d, "ticketId");
	simcell_faults(w->cell, (struct simcell_faults){.feed_lost = 200, .feed_doubled = 100, .calls_lost = 200});
	for (int i = 0; i < 5; i++) {
		w->d.has_next_id = true;
		w->d.next_id = command;
		if (report(w))
			assert_true(wb_id_equal(drive_id(&w->d, "ticketId"), ticket));
		else
			assert_string_equal(w->d.code, "NO_ANSWER");
	}
	simcell_faults(w->cell, (struct simcell_faults){0});
	must(w, report(w));
	assert_string_equal(drive_text(&w->d, "number"), "ACME-20260921-0002");
}

static void a_duplicate_names_the_open_one(void **state)
{
	struct world *w = *state;
	must(w, report(w));
	assert_null(drive_do(&w->d, "intake", "acme", "ReportFault",
	        "{\"officeId\":\"%s\",\"callerId\":\"%s\",\"category\":\"OS\",\"symptom\":\"又坏了\"}",
	        drive_uuid(w->office), drive_uuid(w->contact)));
	assert_string_equal(w->d.code, "POSSIBLE_DUPLICATE");
}

/* The answer is sealed with the complaint; what the provider notes is sealed by the writer in its own tenant. */
static void a_complaint_is_answered(void **state)
{
	struct world *w = *state;
	drive_as(&w->d, "USER", "acme", (struct wb_id){{9}}, w->contact);
	must(w, drive_do(&w->d, "intake", "acme", "MakeComplaint", "{\"text\":\"来得太晚\"}"));
	struct wb_id id = drive_id(&w->d, "complaintId");
	as_lead(w);
	must(w, drive_do(&w->d, "intake", "acme", "AnswerComplaint",
	                "{\"complaintId\":\"%s\",\"answer\":\"已加派工程师\"}", drive_uuid(id)));
	must(w, drive_do(&w->d, "intake", "provider", "NoteComplaintHandling",
	                "{\"complaintId\":\"%s\",\"client\":\"acme\",\"note\":\"与工程师谈话\"}", drive_uuid(id)));
	drive_as(&w->d, "USER", "acme", (struct wb_id){{9}}, w->contact);
	json_t *r = drive_do(&w->d, "intake", "acme", "GetComplaint", "{\"complaintId\":\"%s\"}", drive_uuid(id));
	must(w, r);
	assert_string_equal(text_of(r, "text"), "来得太晚");
	assert_string_equal(text_of(r, "answer"), "已加派工程师");
	as_lead(w);
	r = drive_do(&w->d, "intake", "provider", "ListComplaintHandling",
	        "{\"complaintId\":\"%s\",\"client\":\"acme\"}", drive_uuid(id));
	must(w, r);
	assert_string_equal(text_of(json_array_get(json_object_get(r, "notes"), 0), "note"), "与工程师谈话");
	assert_false(log_holds(w, "与工程师谈话"));
}

/* A deputy's reopening and what follows, with the reason sealed for the ticket. */
static void a_closed_ticket_is_reopened(void **state)
{
	struct world *w = *state;
	must(w, report(w));
	struct wb_id t = drive_id(&w->d, "ticketId");
	must(w, drive_do(&w->d, "intake", "acme", "SolveByPhone",
	                "{\"ticketId\":\"%s\",\"round\":1,\"steps\":\"插好电源\"}", drive_uuid(t)));
	drive_as(&w->d, "SYSTEM", "acme", nobody, nobody);
	must(w, drive_do(&w->d, "intake", "acme", "CloseTicket",
	                "{\"ticketId\":\"%s\",\"round\":1,\"reason\":\"FOLLOWED_UP\"}", drive_uuid(t)));
	simcell_advance(w->cell, 2 * WB_DAY_US);
	drive_as(&w->d, "USER", "acme", (struct wb_id){{9}}, w->contact);
	must(w, drive_do(&w->d, "intake", "acme", "ReopenTicket",
	                "{\"ticketId\":\"%s\",\"round\":1,\"reason\":\"又不开机\"}", drive_uuid(t)));
	assert_string_equal(text_of(drive_event(&w->d, "RoundStarted"), "reason"), "又不开机");
	as_lead(w);
	json_t *r = drive_do(&w->d, "intake", "acme", "GetTicketState", "{\"ticketId\":\"%s\"}", drive_uuid(t));
	must(w, r);
	assert_int_equal(json_integer_value(json_object_get(r, "round")), 2);
	assert_string_equal(text_of(r, "status"), "REPORTED");
	assert_false(log_holds(w, "又不开机"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_ticket_carries_what_it_cannot_read, setup, teardown),
	        cmocka_unit_test_setup_teardown(answers_are_opened, setup, teardown),
	        cmocka_unit_test_setup_teardown(numbers_go_on_after_a_crash, setup, teardown),
	        cmocka_unit_test_setup_teardown(one_report_one_ticket, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_duplicate_names_the_open_one, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_complaint_is_answered, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_closed_ticket_is_reopened, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
