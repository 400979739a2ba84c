/*
 * A whole cell in one process: the journal's core and any number of services, on a virtual clock and a transport that
 * can lose, double and delay, all from one seed. The demo drives the real commands through it; tests kill and restart
 * its parts. The only place that knows all services (see all.h) beside their own main programs.
 *
 * Everything is synchronous: simcell_call sends a request and runs rounds until its reply is there. Folders are the
 * same as those of the real processes: journal/, intake/ …, so a folder made here is opened by ./dev up as it is.
 * One thread.
 */
#ifndef WB_SIMCELL_H
#define WB_SIMCELL_H
#include "base/arena.h"
#include "base/id.h"
#include "seal/keyring.h"
#include "service/runtime.h"
#include "services/journal/core.h"

#define SIMCELL_SERVICES_MAX 8

struct simcell;
struct simcell_options {
	const char *dir;                          /* data folder; made if absent */
	const struct wb_service *const *services; /* the one named "intake" gets the keyring */
	size_t n_services;
	int64_t start_us; /* virtual time; before the log's end it is moved behind it */
	uint64_t seed;
	bool fast;        /* the log is not synced while it is made (a demo, most tests) */
	size_t map_bytes; /* of each environment; 0: 1 GiB */
};
/* Faults of the transport, in permille of messages. */
struct simcell_faults {
	uint32_t feed_lost, feed_doubled, feed_swapped; /* the journal's feed */
	uint32_t calls_lost;                            /* requests and replies, appends and results */
};

WB_MUST_CHECK enum wb_err simcell_open(const struct simcell_options *o, struct simcell **ret);
/* Lets everything settle, stops cleanly. */
void simcell_close(struct simcell *c);
/* A crash of the whole cell: nothing is synced, no clean mark. */
void simcell_crash(struct simcell *c);

int64_t simcell_now(const struct simcell *c);
/* Runs rounds until nothing moves any more at this instant; false: bounded rounds were used up. */
bool simcell_settle(struct simcell *c);
/* Moves the clock by us, stopping at every due to-do on the way, settling each time. */
void simcell_advance(struct simcell *c, int64_t us);
void simcell_faults(struct simcell *c, struct simcell_faults f);

/* Whether all services are ready (simcell_open settles until they are, bounded). */
bool simcell_ready(const struct simcell *c);
/* Kills one service (no clean stop) and opens it again; it catches up in the next rounds. WB_ERR_NOT_FOUND. */
WB_MUST_CHECK enum wb_err simcell_kill(struct simcell *c, const char *service);
/* The same for the journal. */
WB_MUST_CHECK enum wb_err simcell_kill_journal(struct simcell *c);
/* Stops a service, removes its projection, starts it again. */
WB_MUST_CHECK enum wb_err simcell_rebuild(struct simcell *c, const char *service);
struct wb_runtime *simcell_runtime(struct simcell *c, const char *service);
struct wb_journal *simcell_journal(struct simcell *c);
struct wb_keyring *simcell_keyring(struct simcell *c);

/* Folds the whole log into a fresh folder by a service's own evolve and compares with the live projection: tables by
 * digest, chain by the journal's. WB_ERR_MISMATCH: they differ (law 1 is broken); others: it could not be done. */
WB_MUST_CHECK enum wb_err simcell_refold(struct simcell *c, const char *service);

/* Sends a command or query and runs until it is answered or max_us of virtual time have passed. The reply is in the
 * arena; NULL: no answer. request_id is filled in. */
const Weibao__V1__Reply *simcell_call(
        struct simcell *c, const char *service, Weibao__V1__Request *request, int64_t max_us, struct wb_arena *a);
/* Fresh ids from the seed. */
struct wb_id simcell_new_id(struct simcell *c);
#endif
