/*
 * ./dev sim: the simulated cell from many seeds, each with other stories, kills and faults of the transport.
 *
 *	sim [--seeds N] [--seed FIRST]
 *
 * Ends at the first seed after which something does not hold, with that seed in the message; the same seed plays the
 * same again.
 */
#include "tests/sim/play.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t below(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"seeds", 1, NULL, 'n'}, {"seed", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
	uint64_t seeds = 100, first = 1;
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == '?') {
			(void)fprintf(stderr, "usage: %s [--seeds N] [--seed FIRST]\n", argv[0]);
			return 2;
		}
		*(c == 'n' ? &seeds : &first) = strtoull(optarg, NULL, 10);
	}
	for (uint64_t seed = first; seed < first + seeds; seed++) {
		uint64_t chance = seed;
		struct play p = {.kill_every = below(&chance, 4) ? 3 + below(&chance, 20) : 0};
		const struct simcell_faults faults = {.feed_lost = below(&chance, 200),
		        .feed_doubled = below(&chance, 100),
		        .feed_swapped = below(&chance, 100),
		        .calls_lost = below(&chance, 60)};
		play_begin(&p, seed, 1);
		simcell_faults(p.w.cell, faults);
		play_until(&p, 2);
		play_heal(&p);
		const char *why = play_check(&p);
		if (why) {
			(void)fprintf(stderr, "seed %llu: %s (its folder: %s)\n", (unsigned long long)seed, why, p.dir);
			return 1;
		}
		play_end(&p);
		(void)printf("seed %llu holds\n", (unsigned long long)seed);
		(void)fflush(stdout);
	}
	(void)printf("%llu seeds hold\n", (unsigned long long)seeds);
	return 0;
}
