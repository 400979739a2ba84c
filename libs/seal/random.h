/*
 * Randomness as a value: whoever needs random bytes is given a source, so that tests and simulations run from a seed.
 */
#ifndef WB_SEAL_RANDOM_H
#define WB_SEAL_RANDOM_H
#include <stddef.h>
#include <stdint.h>

struct wb_random {
	void (*fill)(void *ctx, uint8_t *data, size_t len); /* cannot fail */
	void *ctx;
};

/* The machine's (libsodium over getrandom). Any thread. */
struct wb_random wb_random_system(void);
#endif
