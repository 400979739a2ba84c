/*
 * Effects: what a service must do off the log before a command can be decided, or add to its answer after.
 *
 * Identity needs them: a password hash takes 100 ms (never on the loop), secrets are written to a store of their own
 * under a new version id before the event that activates it, and an answer may show what no event may hold (a session
 * token). The order is: begin (loop) → work (thread) → end (loop) → turns → decide → append → reveal (loop).
 * A crash between leaves at most an unused secret, swept by the service; a retry does the same again with the same ids.
 */
#ifndef WB_SERVICE_EFFECTS_H
#define WB_SERVICE_EFFECTS_H
#include "base/clock.h"
#include "seal/random.h"
#include "service/service.h"

struct wb_effect_def {
	const ProtobufCMessageDescriptor *message; /* of the command as received */
	/* On the loop: looks up what the work needs. Returns a job (arena or heap), or NULL: nothing to do, decide as
	 * is. */
	void *(*begin)(void *state, const struct wb_decision *d, const void *command);
	/* On a worker thread: may block, must not touch db or arena. NULL: none. */
	void (*work)(void *state, void *job);
	/* On the loop: the message that is decided instead (arena), or NULL: the one received. Frees the job. */
	const ProtobufCMessage *(*end)(void *state, void *job, struct wb_arena *arena);
};
struct wb_effects {
	/* Opens the service's private state in dir; NULL on failure. */
	void *(*open)(const char *dir, struct wb_random random);
	void (*close)(void *state);
	const struct wb_effect_def *defs;
	size_t n_defs;
	/* An answer that shows more than the events: replaces CommandAnswer (arena), or NULL. */
	const ProtobufCMessage *(*reveal)(
	        void *state, const char *operation, const Weibao__V1__CommandAnswer *answer, struct wb_arena *arena);
	/* After the fold of an event was committed. NULL: none. */
	void (*event)(void *state, struct wb_txn *db, const struct wb_event *ev);
	/* Answers of queries that need the state (check a session): fills in q; false: not its. NULL: none. */
	bool (*query)(void *state, struct wb_query *q, const ProtobufCMessage *request);
	/* Once, after open: what opens personal data, for use on the loop until close (a file's key). It opens what its
	 * process has keys for at once: intake, which has the keyring, everything. NULL: none. */
	void (*opener)(void *state, struct wb_opener *opener);
};
#endif
