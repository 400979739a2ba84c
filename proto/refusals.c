#include "proto/refusals.h"

#include <string.h>

static const struct wb_refusal_text texts[] = {
#define R(code, status, final, zh, en) {#code, status, final, zh, en},
#include "proto/refusals/all.def"
#undef R
};

const struct wb_refusal_text *wb_refusal_text(enum wb_refusal r)
{
	return (size_t)r < sizeof texts / sizeof texts[0] ? &texts[r] : &texts[0];
}

const struct wb_refusal_text *wb_refusal_find(const char *code)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].code, code) == 0)
			return &texts[i];
	return NULL;
}
