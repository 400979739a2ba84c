/*
 * The whole flow in a simulated cell: the stories of the demo, played under kills, a bad transport and repeats. After
 * each: every projection folded anew is equal, and nothing personal can be read in any file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/demo/texts.h"
#include "tests/sim/play.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define BAD ((struct simcell_faults){.feed_lost = 100, .feed_doubled = 50, .feed_swapped = 50, .calls_lost = 30})

static void sound(struct play *p)
{
	const char *why = play_check(p);
	if (why)
		fail_msg("%s", why);
}

static void plays_three_days(void **state)
{
	struct play p = {.kill_every = 0};
	(void)state;
	play_begin(&p, 1, 3);
	p.w.repeat = true;
	play_until(&p, 5);
	sound(&p);
	play_end(&p);
}

static void survives_kills_at_every_turn(void **state)
{
	struct play p = {.kill_every = 7};
	(void)state;
	play_begin(&p, 2, 2);
	play_until(&p, 4);
	sound(&p);
	play_end(&p);
}

static void survives_a_bad_transport(void **state)
{
	struct play p = {.kill_every = 7};
	(void)state;
	play_begin(&p, 3, 2);
	simcell_faults(p.w.cell, BAD);
	play_until(&p, 3);
	play_heal(&p);
	sound(&p);
	play_end(&p);
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
	struct play p = {.kill_every = 0};
	(void)state;
	play_begin(&p, 4, 2);
	play_until(&p, 4);
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
	play_stop(&p);
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
	play_remove(&p);
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
