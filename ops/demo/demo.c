/*
 * weibao-demo: makes the data of a demo.
 *
 *   weibao-demo --data DIR [--days N] [--seed N]
 *
 * DIR is new and holds nothing but its mark (kind: demo). A whole cell runs in this process on a virtual clock that
 * ends now; people call, engineers go, users sign, all by the real commands: no event and no table is written past
 * them. What was under way at the end is open in the demo. DIR/sign-in.txt says who can sign in. Exit status: 0 made, 1
 * a command was refused that must not be, 2 usage, 3 cannot start.
 */
#include "ops/demo/story.h"
#include "ops/demo/world.h"

#include "base/clock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (24 * 3600 * WB_SECOND_US)

struct options {
	const char *data;
	unsigned days;
	uint64_t seed;
};

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	        {"data", 1, NULL, 'd'}, {"days", 1, NULL, 'n'}, {"seed", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
	*o = (struct options){.days = 35, .seed = 20261123};
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == 'd')
			o->data = optarg;
		else if (c == 'n')
			o->days = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			o->seed = strtoull(optarg, NULL, 10);
		else
			return false;
	}
	return o->data && o->days >= 1 && o->days <= 120 && optind == argc;
}

static bool is_demo_folder(const char *dir)
{
	char path[512], kind[16] = "";
	(void)snprintf(path, sizeof path, "%s/kind", dir);
	FILE *f = fopen(path, "re");
	bool demo = f && fgets(kind, sizeof kind, f) && strncmp(kind, "demo", 4) == 0;
	if (f)
		(void)fclose(f);
	return demo;
}

int main(int argc, char **argv)
{
	static struct world w;
	struct options o;
	struct wb_clock clock = wb_clock_system();
	int64_t now = clock.wall_us(clock.ctx);
	if (!parse(argc, argv, &o)) {
		(void)fprintf(stderr, "usage: %s --data DIR [--days N] [--seed N]\n", argv[0]);
		return 2;
	}
	if (!is_demo_folder(o.data)) {
		(void)fprintf(stderr, "weibao-demo: %s is not a new demo folder\n", o.data);
		return 3;
	}
	w.dir = o.data;
	w.chance = o.seed;
	const struct simcell_options so = {.dir = o.data,
	        .services = demo_services,
	        .n_services = DEMO_SERVICES,
	        .start_us = now - (int64_t)o.days * DAY_US,
	        .seed = o.seed,
	        .fast = true};
	enum wb_err err = simcell_open(&so, &w.cell);
	if (err) {
		(void)fprintf(stderr, "weibao-demo: the cell cannot be made: %s\n", wb_err_text(err));
		return 3;
	}
	drive_init(&w.d, w.cell);
	world_make(&w);
	struct agenda *a = agenda_new(&w, simcell_now(w.cell), now);
	if (!a)
		return 3;
	agenda_play(a, now - WB_SECOND_US);
	world_sign_in(&w);
	(void)printf("%zu tickets, %llu commands\n", agenda_stories(a), (unsigned long long)w.commands);
	agenda_free(a);
	drive_done(&w.d);
	simcell_close(w.cell);
	return 0;
}
