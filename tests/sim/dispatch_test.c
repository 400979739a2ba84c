/* Dispatch in a cell: what only a cell shows: the zone read by an effect, names opened over tenants, a rebuild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/drive.h"
#include "services/dispatch/dispatch.h"
#include "tests/harness/toy.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000)
static const struct wb_service *const services[] = {&toy_service, &wb_dispatch_service};
static const struct wb_id someone = {{1, 2, 3}};

struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-dsp-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 2, .start_us = START, .seed = 5, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
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

static void must(struct world *w, json_t *r)
{
	if (!r)
		fail_msg("refused: %s at %s", w->d.code, w->d.path);
}

static struct wb_id engineer(struct world *w, const char *name)
{
	drive_as(&w->d, "PRINCIPAL|HOTLINE", "provider", someone, someone);
	must(w, drive_do(&w->d, "dispatch", "provider", "RegisterEngineer",
	                "{\"name\":\"%s\",\"telephone\":\"010-1\",\"skills\":[\"OS\"]}", name));
	return drive_id(&w->d, "engineerId");
}

static void shifts_take_the_zones_rules_along(void **state)
{
	struct world *w = *state;
	struct wb_id e = engineer(w, "王工");
	must(w, drive_do(&w->d, "dispatch", "provider", "SaveShifts",
	                "{\"engineerId\":\"%s\",\"zone\":\"Europe/"
	                "Berlin\",\"windows\":[{\"weekday\":1,\"startS\":32400,"
	                "\"endS\":61200}]}",
	                drive_uuid(e)));
	json_t *saved = drive_event(&w->d, "ShiftsSaved");
	assert_non_null(saved);
	assert_true(json_array_size(json_object_get(saved, "offsetS")) > 2); /* daylight saving */
	assert_true(strlen(drive_text(&w->d, "tzVersion")) > 0);
	assert_null(drive_do(&w->d, "dispatch", "provider", "SaveShifts",
	        "{\"engineerId\":\"%s\",\"zone\":\"Europe/Nowhere\",\"windows\":[]}", drive_uuid(e)));
	assert_string_equal(w->d.code, "SHIFT_ZONE_UNKNOWN");
}

/* The names are sealed in the provider's tenant and read in the client unit's. */
static void the_engineers_table_is_read_by_the_client(void **state)
{
	struct world *w = *state;
	struct wb_id e = engineer(w, "王工");
	must(w, drive_do(&w->d, "dispatch", "provider", "FormTeam", "{\"name\":\"一组\"}"));
	struct wb_id team = drive_id(&w->d, "teamId");
	must(w, drive_do(&w->d, "dispatch", "provider", "AddTeamMember", "{\"teamId\":\"%s\",\"engineerId\":\"%s\"}",
	                drive_uuid(team), drive_uuid(e)));
	must(w, drive_do(&w->d, "dispatch", "acme", "AssignTeam", "{\"teamId\":\"%s\"}", drive_uuid(team)));
	for (int round = 0; round < 2; round++) {
		drive_as(&w->d, "REPRESENTATIVE", "acme", someone, someone);
		json_t *r = drive_do(&w->d, "dispatch", "acme", "ListClientEngineers", "{}");
		must(w, r);
		json_t *first = json_array_get(json_object_get(r, "engineers"), 0);
		assert_string_equal(json_string_value(json_object_get(first, "name")), "王工");
		assert_string_equal(json_string_value(json_object_get(first, "telephone")), "010-1");
		assert_true(json_is_true(json_object_get(r, "tooFew")));
		assert_int_equal(simcell_rebuild(w->cell, "dispatch"), WB_OK); /* and after a fold from zero */
		assert_true(simcell_settle(w->cell));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(shifts_take_the_zones_rules_along, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_engineers_table_is_read_by_the_client, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
