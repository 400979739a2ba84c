/*
 * The whole flow in a simulated cell: the stories of the demo, played under kills, a bad transport and repeats. After
 * each: every projection folded anew is equal, and nothing personal can be read in any file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/demo/story.h"
#include "ops/demo/texts.h"
#include "ops/demo/world.h"

#include "base/clock.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define START INT64_C(1795392000000000) /* 2026-11-23T00:00:00Z */
#define DAY_US (24 * 3600 * WB_SECOND_US)
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct play {
	char dir[64];
	struct world w;
	struct agenda *a;
	bool kills;
	unsigned step;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static const char *const killed[] = {"intake", "dispatch", "sla-timer", "survey", "reporting", "identity"};

static void maybe_kill(void *ctx)
{
	struct play *p = ctx;
	if (!p->kills || ++p->step % 7)
		return;
	size_t which = p->step / 7 % (COUNT(killed) + 1);
	enum wb_err err =
	        which == COUNT(killed) ? simcell_kill_journal(p->w.cell) : simcell_kill(p->w.cell, killed[which]);
	assert_int_equal(err, WB_OK);
}

static void begin(struct play *p, uint64_t seed, int64_t days)
{
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/weibao-story-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->w.dir = p->dir;
	p->w.chance = seed;
	const struct simcell_options o = {.dir = p->dir,
	        .services = demo_services,
	        .n_services = DEMO_SERVICES,
	        .start_us = START,
	        .seed = seed,
	        .fast = true};
	assert_int_equal(simcell_open(&o, &p->w.cell), WB_OK);
	drive_init(&p->w.d, p->w.cell);
	world_make(&p->w);
	p->a = agenda_new(&p->w, simcell_now(p->w.cell), START + days * DAY_US);
	assert_non_null(p->a);
	agenda_before_step(p->a, maybe_kill, p);
}

static void end(struct play *p)
{
	agenda_free(p->a);
	drive_done(&p->w.d);
	simcell_close(p->w.cell);
	(void)nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Law 1: a projection is a fold of the log and nothing else. */
static void refold_all(struct play *p)
{
	assert_true(simcell_settle(p->w.cell));
	for (size_t i = 0; i < COUNT(killed); i++) {
		enum wb_err err = simcell_refold(p->w.cell, killed[i]);
		if (err)
			fail_msg("%s folded anew: %s", killed[i], wb_err_text(err));
	}
}

static void nothing_is_stuck(struct play *p)
{
	for (size_t i = 0; i < COUNT(killed); i++) {
		struct wb_runtime_stats s;
		wb_runtime_stats(simcell_runtime(p->w.cell, killed[i]), &s);
		if (s.todos_backing_off)
			fail_msg("%s: %llu to-dos back off", killed[i], (unsigned long long)s.todos_backing_off);
	}
}

static void plays_three_days(void **state)
{
	struct play p = {.kills = false};
	(void)state;
	begin(&p, 1, 3);
	p.w.repeat = true;
	agenda_play(p.a, START + 5 * DAY_US);
	nothing_is_stuck(&p);
	refold_all(&p);
	end(&p);
}

static void survives_kills_at_every_turn(void **state)
{
	struct play p = {.kills = true};
	(void)state;
	begin(&p, 2, 2);
	agenda_play(p.a, START + 4 * DAY_US);
	nothing_is_stuck(&p);
	refold_all(&p);
	end(&p);
}

static void survives_a_bad_transport(void **state)
{
	struct play p = {.kills = true};
	(void)state;
	begin(&p, 3, 2);
	simcell_faults(p.w.cell,
	        (struct simcell_faults){.feed_lost = 100, .feed_doubled = 50, .feed_swapped = 50, .calls_lost = 30});
	agenda_play(p.a, START + 3 * DAY_US);
	simcell_faults(p.w.cell, (struct simcell_faults){.feed_lost = 0});
	simcell_advance(p.w.cell, 120 * WB_SECOND_US);
	nothing_is_stuck(&p);
	refold_all(&p);
	end(&p);
}

/* ---- sealed ---- */

static const char *needles[512];
static size_t n_needles;
static const char *found_in;
static const char *found_what;

static int search_file(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)f;
	if (flag != FTW_F || st->st_size == 0)
		return 0;
	int fd = open(path, O_RDONLY);
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		(void)close(fd);
	assert_ptr_not_equal(map, MAP_FAILED);
	for (size_t i = 0; i < n_needles && !found_in; i++) {
		if (memmem(map, (size_t)st->st_size, needles[i], strlen(needles[i]))) {
			found_in = strdup(path);
			found_what = needles[i];
		}
	}
	(void)munmap(map, (size_t)st->st_size);
	return 0;
}

static void need(const char *text)
{
	if (n_needles < COUNT(needles))
		needles[n_needles++] = text;
}

static void nothing_personal_is_readable(void **state)
{
	struct play p = {.kills = false};
	(void)state;
	begin(&p, 4, 2);
	agenda_play(p.a, START + 4 * DAY_US);
	n_needles = 0;
	for (size_t c = 0; c < CLIENTS; c++) {
		for (size_t i = 0; i < p.w.clients[c].n_contacts; i++) {
			need(p.w.clients[c].contacts[i].name);
			need(p.w.clients[c].contacts[i].telephone);
		}
		need(p.w.clients[c].representative.name);
	}
	for (size_t i = 0; i < ENGINEERS; i++)
		need(p.w.engineers[i].name);
	for (size_t i = 0; i < COUNT(faults); i++) {
		need(faults[i].symptom);
		need(faults[i].work);
		need(faults[i].finding);
		need(faults[i].phone_steps);
	}
	for (size_t i = 0; i < COUNT(opinions); i++)
		need(opinions[i]);
	need("滨海路");
	need("用户移动硬盘");
	need(DEMO_PASSWORD);
	assert_true(n_needles > 100);
	drive_done(&p.w.d);
	agenda_free(p.a);
	simcell_close(p.w.cell);
	found_in = NULL;
	(void)nftw(p.dir, search_file, 16, FTW_PHYS);
	if (found_in)
		fail_msg("«%s» can be read in %s", found_what, found_in);
	/* the search itself: it finds what is there */
	char path[128];
	(void)snprintf(path, sizeof path, "%s/note", p.dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "x%sy", p.w.clients[0].contacts[0].name);
	(void)fclose(f);
	(void)nftw(p.dir, search_file, 16, FTW_PHYS);
	assert_non_null(found_in);
	(void)nftw(p.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(plays_three_days),
	        cmocka_unit_test(survives_kills_at_every_turn),
	        cmocka_unit_test(survives_a_bad_transport),
	        cmocka_unit_test(nothing_personal_is_readable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
