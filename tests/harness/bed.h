/*
 * A test bed: one service's projection and decisions, without runtime, journal or network. For tests that read like
 * the domain:
 *
 *	struct bed *b = bed_open(&wb_intake_service);
 *	bed_given(b, "acme", "tenant", zero, &opened.base);          // an event, of this or another service
 *	bed_as(b, WB_ROLE(HOTLINE), person);
 *	bed_when(b, "acme", &report.base);                           // a command; its events are folded
 *	THEN_EVENT(b, 0, "TicketReported");
 *	bed_when(b, "acme", &report_again.base);
 *	THEN_REJECTED(b, TICKET_NOT_OPEN);
 *	bed_close(b);                                                // refolds all records and compares the dumps
 *
 * Personal fields stay plain in a bed (nothing is sealed). Time is virtual and moves only by bed_at and bed_pass.
 * Roles and tenant rules of the command's definition are checked as the runtime does.
 */
#ifndef WB_TESTS_BED_H
#define WB_TESTS_BED_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "service/projection.h"
#include "service/service.h"

#define BED_START INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */

struct bed;
struct bed *bed_open(const struct wb_service *service);
/* Refolds every record into a fresh projection, fails the test unless the dumps are equal, frees all. */
void bed_close(struct bed *b);

void bed_at(struct bed *b, int64_t us);
void bed_pass(struct bed *b, int64_t us);
int64_t bed_now(const struct bed *b);
/* Memory that lives until bed_close. */
struct wb_arena *bed_arena(struct bed *b);
/* An id of a name: the same name gives the same id. */
struct wb_id bed_id(const char *name);
ProtobufCBinaryData bed_field(struct bed *b, struct wb_id id);
Weibao__V1__Personal *bed_personal(struct bed *b, const char *text);

/* An event that happened (recorded now), of any service. */
void bed_given(
        struct bed *b, const char *tenant, const char *stream_kind, struct wb_id id, const ProtobufCMessage *event);
/* The same of an offline fact: what happened at occurred_at by a phone's sound clock. */
void bed_given_occurred(struct bed *b, const char *tenant, const char *stream_kind, struct wb_id id,
        const ProtobufCMessage *event, int64_t occurred_at);
/* Who acts from now on: roles (bits), and the engineer or contact behind the account. */
void bed_as(struct bed *b, uint32_t roles, struct wb_id person);
/* As the holder of a link. */
void bed_as_link(struct bed *b, const char *purpose, struct wb_id id, uint32_t round);
/* If-Match for the next command is not modelled here; command ids are fresh each time unless set. */
void bed_command_id(struct bed *b, struct wb_id id);
/* Decides a command; its events are folded at once. */
void bed_when(struct bed *b, const char *tenant, const ProtobufCMessage *command);
/* What came of it. */
size_t bed_events(const struct bed *b);
const ProtobufCMessage *bed_event(const struct bed *b, size_t i); /* the test fails if there is none */
const char *bed_refusal(const struct bed *b);                     /* code, or NULL */
const char *bed_path(const struct bed *b);                        /* JSON path, or NULL */
bool bed_already(const struct bed *b);
/* The conditions of the last decision: whether there is one on that stream kind. */
bool bed_conditioned(const struct bed *b, const char *stream_kind);

/* A query; NULL if refused (bed_refusal says why). In the bed's arena. */
const ProtobufCMessage *bed_query(struct bed *b, const char *tenant, const ProtobufCMessage *request);

/* Opens the service's cache from the projection as it stands; from now on it is fed with events and given to queries.
 * Until then a bed has none, as a replay. */
void bed_cache(struct bed *b);

/* The due time of a to-do row, or -1. */
int64_t bed_todo(struct bed *b, const char *kind, const char *tenant, struct wb_id ref, uint32_t n);
size_t bed_todo_count(struct bed *b);
/* Acts on every due row once: commands to the service itself are decided as SYSTEM, those to others are kept. Returns
 * how many rows were acted on. */
size_t bed_run(struct bed *b);
/* The last command that went to another service, and to which; NULL if none since the last call. */
const ProtobufCMessage *bed_sent(struct bed *b, const char **ret_service);

struct wb_projection *bed_projection(struct bed *b);

#define THEN_EVENT(b, i, type_name)                                                                                    \
	do {                                                                                                           \
		if (bed_refusal(b))                                                                                    \
			fail_msg("refused with %s at %s", bed_refusal(b), bed_path(b) ? bed_path(b) : "-");            \
		assert_string_equal(bed_event((b), (i))->descriptor->short_name, (type_name));                         \
	} while (0)
#define THEN_EVENTS(b, n)                                                                                              \
	do {                                                                                                           \
		if (bed_refusal(b))                                                                                    \
			fail_msg("refused with %s at %s", bed_refusal(b), bed_path(b) ? bed_path(b) : "-");            \
		assert_int_equal(bed_events(b), (n));                                                                  \
	} while (0)
#define THEN_REJECTED(b, which)                                                                                        \
	do {                                                                                                           \
		assert_int_equal(bed_events(b), 0);                                                                    \
		assert_non_null(bed_refusal(b));                                                                       \
		assert_string_equal(bed_refusal(b), wb_refusal_text(WB_##which)->code);                                \
	} while (0)
#define THEN_REJECTED_AT(b, which, json_path)                                                                          \
	do {                                                                                                           \
		THEN_REJECTED(b, which);                                                                               \
		assert_non_null(bed_path(b));                                                                          \
		assert_string_equal(bed_path(b), (json_path));                                                         \
	} while (0)
#define THEN_ALREADY(b) assert_true(bed_already(b))
#endif
