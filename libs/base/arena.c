#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)16 * 1024)
#define ALIGN _Alignof(max_align_t)

struct wb_arena_chunk {
	struct wb_arena_chunk *next;
	size_t size, used;
	_Alignas(max_align_t) unsigned char data[];
};

void wb_arena_init(struct wb_arena *a, size_t cap_bytes)
{
	*a = (struct wb_arena){.cap_bytes = cap_bytes};
}

void wb_arena_done(struct wb_arena *a)
{
	struct wb_arena_chunk *next;
	for (struct wb_arena_chunk *c = a->head; c; c = next) {
		next = c->next;
		free(c);
	}
	a->head = NULL;
	a->used_bytes = 0;
}

void wb_arena_reset(struct wb_arena *a)
{
	struct wb_arena_chunk *keep = NULL, *next;
	for (struct wb_arena_chunk *c = a->head; c; c = next) {
		next = c->next;
		if (!keep && c->size == CHUNK_BYTES)
			keep = c;
		else
			free(c);
	}
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->head = keep;
	a->used_bytes = 0;
	a->overflowed = false;
}

static struct wb_arena_chunk *chunk_new(struct wb_arena *a, size_t need)
{
	size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
	struct wb_arena_chunk *c = malloc(sizeof *c + size);
	if (!c)
		return NULL;
	c->size = size;
	c->used = 0;
	c->next = a->head;
	a->head = c;
	return c;
}

void *wb_arena_alloc(struct wb_arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGN || a->overflowed) {
		a->overflowed = true;
		return NULL;
	}
	size_t need = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (need > a->cap_bytes - a->used_bytes) {
		a->overflowed = true;
		return NULL;
	}
	struct wb_arena_chunk *c = a->head;
	if (!c || c->size - c->used < need)
		c = chunk_new(a, need);
	if (!c) {
		a->overflowed = true;
		return NULL;
	}
	void *p = c->data + c->used;
	c->used += need;
	a->used_bytes += need;
	memset(p, 0, need);
	return p;
}

void *wb_arena_array(struct wb_arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size) {
		a->overflowed = true;
		return NULL;
	}
	return wb_arena_alloc(a, n * size);
}

void *wb_arena_copy(struct wb_arena *a, const void *data, size_t len)
{
	if (len == SIZE_MAX)
		return NULL;
	char *p = wb_arena_alloc(a, len + 1);
	if (p && len)
		memcpy(p, data, len);
	return p;
}

char *wb_arena_str(struct wb_arena *a, const char *s)
{
	return s ? wb_arena_copy(a, s, strlen(s)) : NULL;
}

char *wb_arena_fmt(struct wb_arena *a, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *p = n < 0 ? NULL : wb_arena_alloc(a, (size_t)n + 1);
	if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
