/*
 * Turns: who may decide when (the way of a command, step 2). A command names all its turns, exclusive or shared, takes
 * them at once in order of arrival, and holds them until its events are folded; others go on meanwhile.
 *
 * Invariants: a set is granted whole or not at all, so there is no deadlock; a turn is granted to a set only if no
 * earlier waiting set wants it in a conflicting way, so nobody starves. One thread. Memory: one entry a wanted turn.
 */
#ifndef WB_SERVICE_TURNS_H
#define WB_SERVICE_TURNS_H
#include "base/id.h"
#include "service/service.h"

#define WB_TURNS_MAX 24 /* of one command */
#define WB_TURN_KEY_BYTES 16

/* The turns of one command, filled by its turns function. Keys are 128-bit hashes of (tenant, kind, id). */
struct wb_turns {
	const char *tenant; /* of the command */
	struct {
		uint8_t key[WB_TURN_KEY_BYTES];
		bool exclusive;
	} wants[WB_TURNS_MAX];
	size_t n;
	bool overflow; /* more than WB_TURNS_MAX: the command is refused */
	/* the thing: first exclusive turn that names a stream */
	bool has_thing;
	const char *thing_kind;
	struct wb_id thing_id;
};

struct wb_turn_book; /* all sets, held and waiting */
struct wb_turn_set;  /* one command's place in the book */

struct wb_turn_book *wb_turn_book_new(void);
/* Frees the book and every set still in it; nobody is told any more. NULL is fine. */
void wb_turn_book_free(struct wb_turn_book *b);
/* Queues a copy of the turns; granted is called (during this call, or later from release) once all are held. NULL if
 * memory is out. */
struct wb_turn_set *wb_turn_take(
        struct wb_turn_book *b, const struct wb_turns *t, void (*granted)(void *ctx), void *ctx);
/* Gives back a set, held or still waiting, and grants what that lets go. The set is gone. */
void wb_turn_release(struct wb_turn_book *b, struct wb_turn_set *s);
/* Sets waiting now. */
size_t wb_turn_waiting(const struct wb_turn_book *b);
#endif
