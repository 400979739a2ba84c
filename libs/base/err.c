#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *wb_err_text(enum wb_err err)
{
	static const char *const texts[] = {
#define X(name, text) [WB_##name] = text,
	        WB_ERRORS(X)
#undef X
	};
	return (unsigned)err < sizeof texts / sizeof texts[0] ? texts[err] : "unknown error";
}

const char *wb_err_name(enum wb_err err)
{
	static const char *const names[] = {
#define X(name, text) [WB_##name] = #name,
	        WB_ERRORS(X)
#undef X
	};
	return (unsigned)err < sizeof names / sizeof names[0] ? names[err] : "ERR_UNKNOWN";
}

_Noreturn void wb_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "bug: %s:%d: %s does not hold\n", file, line, what);
	abort();
}
