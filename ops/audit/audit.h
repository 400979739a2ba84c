/*
 * weibao-audit: the log as an auditor reads it, without the services that wrote it.
 *
 *   tail    the last events, and with --follow those that come
 *   show    events by position, tenant, stream, type, actor or time
 *   verify  the chain, the versions, each tenant's tree against the journal's signed checkpoint
 *   replay  a service's projection folded to a position or instant; its dump; compared with the running one
 *
 * Reads from a running cell (--bus PREFIX) or from a copy of a log folder (--log DIR/journal). Personal data stays
 * sealed: this program has no keys. Exit status: 0 fine, 1 something differs or is damaged, 2 usage, 3 not to be
 * reached.
 */
#ifndef WB_AUDIT_H
#define WB_AUDIT_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/id.h"
#include "service/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audit_exit { AUDIT_FINE = 0, AUDIT_DIFFERS = 1, AUDIT_USAGE = 2, AUDIT_UNREACHABLE = 3 };

struct audit_options {
	const char *command;
	const char *bus, *log; /* one of them */
	const char *service;   /* replay */
	uint64_t position;     /* show --position, replay --to; 0: none */
	const char *tenant, *stream_kind, *type;
	bool has_stream_id, has_actor;
	struct wb_id stream_id, actor;
	int64_t from_us, until_us; /* recorded at; INT64_MIN, INT64_MAX: not bounded */
	uint64_t limit;            /* of events shown; tail: how many */
	bool follow, json, help;
	const char *dump;    /* replay: file, "-": standard output */
	const char *compare; /* replay: health socket of the running service */
};
/* Reads the command line; false: it was wrong, and why was said on standard error. */
bool audit_options_read(int argc, char **argv, struct audit_options *ret);
void audit_usage(const char *program);

/* One record as it stands in the log. */
struct audit_record {
	uint64_t position;
	struct wb_bytes bytes;
};
/* A page of records from a position on, in order and without a hole; count 0: there are no more. */
struct audit_page {
	struct audit_record *records; /* of the arena */
	size_t count;
	uint64_t head;
	struct wb_id log_id;
	uint32_t incarnation;
	uint64_t damaged_position; /* reading stopped there; 0: nothing is damaged */
	bool has_chain;
	uint8_t chain[32]; /* at the last record of the page, as the source says */
};
struct audit_source;
WB_MUST_CHECK enum wb_err audit_source_open(const struct audit_options *o, struct audit_source **ret);
void audit_source_close(struct audit_source *s);
WB_MUST_CHECK enum wb_err audit_source_read(
        struct audit_source *s, uint64_t from, uint32_t limit, struct wb_arena *a, struct audit_page *ret);
/* Asks the journal itself (--bus only): operation and packed body to a packed answer in the arena. WB_ERR_NOT_FOUND. */
WB_MUST_CHECK enum wb_err audit_source_ask(struct audit_source *s, const char *tenant, const char *operation,
        struct wb_bytes body, struct wb_arena *a, struct wb_bytes *ret_answer);

/* The commands; each gives the exit status. */
int audit_show(struct audit_source *s, const struct audit_options *o);
int audit_verify(struct audit_source *s, const struct audit_options *o);
int audit_replay(struct audit_source *s, const struct audit_options *o, const struct wb_service *service);

/* One event as a JSON object on one line, in the arena; NULL: it cannot be read. */
char *audit_event_json(const struct audit_record *r, struct wb_arena *a);
/* Whether an event is asked for. */
bool audit_matches(const struct audit_options *o, const struct audit_record *r, struct wb_arena *a);
#endif
