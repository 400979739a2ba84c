/*
 * sla-timer in a cell: the defaults of a new tenant by a to-do with an effect, more clocks due at one instant than any
 * batch holds, each fired once; a kill and a bad transport between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calendar/date.h"
#include "ops/simcell/drive.h"
#include "services/sla-timer/sla.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1200
static const struct wb_id zero;

/* ---- an intake that only tells: its commands are its events ---- */

static void tell_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_write_name(t, "tell", (struct wb_bytes){(const uint8_t *)"tell", 4});
}

static void tell_opened(struct wb_decision *d, const void *command)
{
	wb_emit(d, "tenant", zero, command);
}

static void tell_reported(struct wb_decision *d, const void *command)
{
	Weibao__V1__TicketReported *e = (Weibao__V1__TicketReported *)(uintptr_t)command;
	struct wb_id ticket = wb_id_of_field(e->ticket_id);
	e->symptom = wb_personal(d->arena, wb_id_of_field(e->direct_user_id), ticket, wb_personal_text(e->symptom));
	e->reported_at = d->now_us;
	wb_emit(d, "ticket", ticket, &e->base);
}

static void tell_called(struct wb_decision *d, const void *command)
{
	Weibao__V1__UserCalled *e = (Weibao__V1__UserCalled *)(uintptr_t)command;
	e->called_at = d->now_us;
	wb_emit(d, "ticket", wb_id_of_field(e->ticket_id), &e->base);
}

static const struct wb_command_def tells[] = {
        {&weibao__v1__tenant_opened__descriptor, tell_turns, tell_opened, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__ticket_reported__descriptor, tell_turns, tell_reported, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__user_called__descriptor, tell_turns, tell_called, WB_STAFF, WB_TENANT_CLIENT},
};
static const struct wb_service teller = {
        .name = "intake", .fold_version = "teller-1", .commands = tells, .n_commands = sizeof tells / sizeof tells[0]};
static const struct wb_service *const services[] = {&teller, &wb_sla_timer_service};

/* ---- the cell ---- */

struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
	struct wb_id tickets[MANY];
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

/* 2026-11-23, a Monday, at 10:00 in Shanghai less ten seconds to open the tenant in. */
static int64_t morning(void)
{
	int32_t day;
	assert_int_equal(wb_day_parse("2026-11-23", 10, &day), WB_OK);
	return day * WB_DAY_US + 2 * WB_HOUR_US;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-slat-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {.dir = w->dir,
	        .services = services,
	        .n_services = 2,
	        .start_us = morning() - 10 * WB_MINUTE_US,
	        .seed = 23,
	        .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	drive_as(&w->d, "PRINCIPAL", "provider", wb_id_of("t", "principal", 9), zero);
	must(w, drive_do(&w->d, "intake", "acme", "TenantOpened",
	                "{\"code\":\"ACME\",\"name\":\"Acme\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}"));
	simcell_advance(w->cell, WB_SECOND_US);
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

static void until(struct world *w, int64_t at)
{
	assert_true(at >= simcell_now(w->cell));
	simcell_advance(w->cell, at - simcell_now(w->cell));
	assert_true(simcell_settle(w->cell));
}

static void report(struct world *w, size_t n)
{
	const char *user = drive_uuid(wb_id_of("t", "user", 4));
	for (size_t i = 0; i < n; i++) {
		w->tickets[i] = simcell_new_id(w->cell);
		must(w, drive_retry(&w->d, 20, "intake", "acme", "TicketReported",
		                "{\"ticketId\":\"%s\",\"number\":\"ACME-20261123-0001\",\"place\":{\"officeId\":\"%s\","
		                "\"officeName\":\"Office\"},\"callerId\":\"%s\",\"onsiteContactId\":\"%s\","
		                "\"directUserId\":\"%s\",\"category\":\"HARDWARE\",\"kind\":\"FAULT\","
		                "\"urgency\":\"NORMAL\",\"symptom\":\"dead\",\"channel\":\"PHONE\","
		                "\"reportedAt\":\"2026-11-23T02:00:00Z\",\"unverified\":false,\"covered\":true}",
		                drive_uuid(w->tickets[i]), user, user, user, user));
	}
}

/* The state of the ticket's response clock; *ret_version: how many events its clocks have had. */
static const char *response(struct world *w, struct wb_id ticket, uint64_t *ret_version)
{
	size_t i;
	json_t *v, *r = drive_retry(
	                   &w->d, 20, "sla-timer", "acme", "ListClocks", "{\"ticketId\":\"%s\"}", drive_uuid(ticket));
	must(w, r);
	*ret_version = w->d.version;
	json_array_foreach(json_object_get(r, "clocks"), i, v)
	{
		if (strcmp(json_string_value(json_object_get(v, "kind")), "RESPONSE") == 0)
			return json_string_value(json_object_get(v, "state"));
	}
	return "none";
}

static void the_defaults_are_made(void **state)
{
	struct world *w = *state;
	json_t *r = drive_do(&w->d, "sla-timer", "acme", "GetPolicy", "{}");
	must(w, r);
	assert_int_equal(json_integer_value(json_object_get(r, "policyVersion")), 1);
	r = drive_do(&w->d, "sla-timer", "acme", "ListCalendars", "{}");
	must(w, r);
	assert_int_equal(json_array_size(json_object_get(r, "calendars")), 2);
	r = drive_do(&w->d, "sla-timer", "acme", "SaveCalendar",
	        "{\"name\":\"Night\",\"zone\":\"Europe/"
	        "Berlin\",\"week\":[{\"weekday\":1,\"windows\":[{\"startS\":79200,"
	        "\"endS\":108000}]}]}");
	must(w, r);
	assert_non_null(drive_event(&w->d, "CalendarSaved"));
	assert_int_equal(simcell_refold(w->cell, "sla-timer"), WB_OK);
}

/* More due at one instant than a batch holds, with a kill in the middle: all fire, each once. */
static void many_due_at_once(void **state)
{
	struct world *w = *state;
	struct wb_runtime_stats stats;
	uint64_t version;
	report(w, MANY);
	until(w, morning() + WB_HOUR_US - 20 * WB_MINUTE_US);
	assert_int_equal(simcell_kill(w->cell, "sla-timer"), WB_OK);
	simcell_advance(w->cell, WB_SECOND_US);
	until(w, morning() + 2 * WB_HOUR_US);
	for (size_t i = 0; i < MANY; i++) {
		assert_string_equal(response(w, w->tickets[i], &version), "BREACHED");
		/* two clocks started, one advance, a warning, the breach, two escalations */
		assert_int_equal(version, 7);
	}
	wb_runtime_stats(simcell_runtime(w->cell, "sla-timer"), &stats);
	assert_int_equal(stats.todos, MANY); /* the resolution clocks' */
	assert_int_equal(simcell_refold(w->cell, "sla-timer"), WB_OK);
}

/* Messages are lost, doubled and swapped: some tickets are answered in time, and those only are met. */
static void on_a_bad_transport(void **state)
{
	struct world *w = *state;
	const struct simcell_faults bad = {.feed_lost = 60, .feed_doubled = 60, .feed_swapped = 60, .calls_lost = 60};
	const size_t n = 60;
	uint64_t version;
	simcell_faults(w->cell, bad);
	report(w, n);
	for (size_t i = 0; i < n; i += 2)
		must(w, drive_retry(&w->d, 50, "intake", "acme", "UserCalled",
		                "{\"ticketId\":\"%s\",\"round\":1,\"engineerId\":\"%s\",\"reached\":true,"
		                "\"calledAt\":\"2026-11-23T02:10:00Z\"}",
		                drive_uuid(w->tickets[i]), drive_uuid(wb_id_of("t", "engineer", 8))));
	assert_int_equal(simcell_kill(w->cell, "sla-timer"), WB_OK);
	simcell_advance(w->cell, WB_HOUR_US);
	assert_int_equal(simcell_kill_journal(w->cell), WB_OK);
	simcell_advance(w->cell, 2 * WB_HOUR_US);
	simcell_faults(w->cell, (struct simcell_faults){0});
	simcell_advance(w->cell, WB_MINUTE_US);
	assert_true(simcell_settle(w->cell));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(response(w, w->tickets[i], &version), i % 2 ? "BREACHED" : "MET");
	assert_int_equal(simcell_refold(w->cell, "sla-timer"), WB_OK);
	assert_int_equal(simcell_rebuild(w->cell, "sla-timer"), WB_OK);
	simcell_advance(w->cell, WB_SECOND_US);
	assert_string_equal(response(w, w->tickets[0], &version), "MET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(the_defaults_are_made, setup, teardown),
	        cmocka_unit_test_setup_teardown(many_due_at_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(on_a_bad_transport, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
