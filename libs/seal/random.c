#include "seal/random.h"

#include <sodium.h>

static void fill(void *ctx, uint8_t *data, size_t len)
{
	(void)ctx;
	randombytes_buf(data, len);
}

struct wb_random wb_random_system(void)
{
	return (struct wb_random){fill, NULL};
}
