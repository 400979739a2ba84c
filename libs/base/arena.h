/*
 * Arena: memory with the life of one message. Bump allocation in chunks, all freed at once, with a hard cap.
 *
 * Invariants: what was given out stays put until reset or done; everything is aligned for any type; past the cap
 * every allocation returns NULL and the arena remembers that it overflowed. One thread at a time.
 */
#ifndef WB_BASE_ARENA_H
#define WB_BASE_ARENA_H
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct wb_arena_chunk;
struct wb_arena {
	struct wb_arena_chunk *head; /* newest chunk */
	size_t used_bytes;           /* given out since init or reset, rounding included */
	size_t cap_bytes;            /* hard limit of used_bytes */
	bool overflowed;             /* an allocation was refused since init or reset */
};

/* Makes an empty arena that never gives out more than cap_bytes. Allocates nothing yet. */
void wb_arena_init(struct wb_arena *a, size_t cap_bytes);
/* Frees everything; the arena must be initialised again before use. */
void wb_arena_done(struct wb_arena *a);
/* Takes everything back, keeping one chunk for the next message. */
void wb_arena_reset(struct wb_arena *a);
/* size bytes, zeroed; NULL past the cap or when memory is out. */
void *wb_arena_alloc(struct wb_arena *a, size_t size);
/* n elements of size bytes, zeroed, overflow-checked; NULL as above. */
void *wb_arena_array(struct wb_arena *a, size_t n, size_t size);
/* A copy of len bytes with a NUL behind; NULL as above. data may be NULL if len is 0. */
void *wb_arena_copy(struct wb_arena *a, const void *data, size_t len);
/* A copy of the C string; NULL as above or if s is NULL. */
char *wb_arena_str(struct wb_arena *a, const char *s);
/* printf into the arena; NULL as above. */
char *wb_arena_fmt(struct wb_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define WB_ARENA_NEW(a, type) ((type *)wb_arena_alloc((a), sizeof(type)))
#define WB_ARENA_ARRAY(a, type, n) ((type *)wb_arena_array((a), (n), sizeof(type)))
#endif
