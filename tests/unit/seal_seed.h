/* A source of «random» bytes that is the same in every run: a counter, hashed by multiplication. */
#ifndef WB_TESTS_SEAL_SEED_H
#define WB_TESTS_SEAL_SEED_H
#include "seal/random.h"

static inline void seed_fill(void *ctx, uint8_t *data, size_t len)
{
	uint64_t *state = ctx;
	for (size_t i = 0; i < len; i++) {
		*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		data[i] = (uint8_t)(*state >> 56);
	}
}

/* state is the seed, and must outlive the source. */
static inline struct wb_random seed_random(uint64_t *state)
{
	return (struct wb_random){seed_fill, state};
}
#endif
