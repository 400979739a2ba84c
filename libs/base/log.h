/*
 * One structured log line an outcome, as JSON on standard error. Called at the edge (main programs, the runtime);
 * libraries do not log. Never personal data, never secrets, bounded in length.
 */
#ifndef WB_BASE_LOG_H
#define WB_BASE_LOG_H
#include "base/id.h"
#include <stdint.h>

enum wb_log_level { WB_LOG_DEBUG, WB_LOG_INFO, WB_LOG_WARN, WB_LOG_ERROR };

struct wb_log_fields {
	const char *tenant;             /* or NULL */
	const char *stream;             /* kind, or NULL */
	uint64_t position;              /* 0: none */
	const struct wb_id *command_id; /* or NULL */
	const char *trace_id;           /* or NULL */
};

/* Names the process in every line and sets the least level written; the name must outlive all calls. */
void wb_log_init(const char *service, enum wb_log_level least);
/* Writes one line; fields may be NULL. Thread safe (one write(2)). */
void wb_log(enum wb_log_level level, const struct wb_log_fields *fields, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
#endif
