/* What the journal's tests share: a folder that goes away, a clock to set, appends in one line. */
#ifndef JOURNAL_KIT_H
#define JOURNAL_KIT_H
#include "services/journal/core.h"
#include "services/journal/private.h"

#define OUT(name) WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_##name
#define T0 INT64_C(1700000000000000)

struct kit {
	char dir[128];
	int64_t wall_us, boot_us;
	struct wb_journal_options options;
	struct wb_journal *j;
	struct wb_journal_reader *r;
	struct wb_arena arena;
	struct wb_journal_feed feed; /* of the last append */
	uint64_t next_command;
};

int kit_setup(void **state);
int kit_teardown(void **state);
void kit_open(struct kit *k);
void kit_close(struct kit *k);
/* As a kill -9 would. */
void kit_crash(struct kit *k);
void kit_pass(struct kit *k, int64_t us);
struct wb_id kit_id(uint64_t n);

/* An append under construction; bytes live in the arena. */
Weibao__V1__Append *kit_append(struct kit *k, const char *service, uint64_t epoch, const char *tenant);
void kit_command(struct kit *k, Weibao__V1__Append *a, uint64_t n, uint8_t digest);
void kit_event(struct kit *k, Weibao__V1__Append *a, const char *kind, uint64_t id, uint64_t expected, size_t payload);
void kit_condition(
        struct kit *k, Weibao__V1__Append *a, const char *tenant, const char *kind, uint64_t id, uint64_t version);
/* Sends one; fails the test on an error. */
struct wb_journal_result kit_send(struct kit *k, const Weibao__V1__Append *a);
/* The usual: starts an epoch of a service; one event of a ticket of tenant acme. */
struct wb_journal_result kit_epoch(struct kit *k, const char *service, uint64_t epoch, uint64_t expected);
struct wb_journal_result kit_ticket(struct kit *k, uint64_t id, uint64_t expected);
struct wb_journal_result kit_tenant_ticket(struct kit *k, const char *tenant, uint64_t id, uint64_t expected);
/* Everything in heads and index as one hash: equal folds, equal hashes. */
struct wb_hash kit_fold_hash(struct kit *k);
/* All of index's steps. */
void kit_index(struct kit *k);
#endif
