#include "tenants/base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/err.h"

/*
 * The first block of the list is the one in use and has BLOCK bytes; behind it
 * are those that are used up.  Under AddressSanitizer what has not been handed
 * out is poisoned, with a gap after every piece, so that an overrun is found
 * as it would be with malloc().
 */
#define BLOCK ((size_t)16 * 1024 - sizeof(struct block))
#define ALIGN _Alignof(max_align_t)

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define POISONED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define POISONED 1
#endif

#ifdef POISONED
#include <sanitizer/asan_interface.h>
#define GAP            ALIGN
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define GAP            ((size_t)0)
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

struct block {
	struct block *next;
	size_t size; /* of bytes */
	size_t used;
	max_align_t bytes[];
};

struct arena {
	size_t limit;
	size_t used;
	struct block *block;
};

static struct block *
new_block(size_t size)
{
	struct block *block = malloc(sizeof *block + size);

	if (!block)
		err_die("out of memory: arena block of %zu bytes", size);
	block->next = NULL;
	block->size = size;
	block->used = 0;
	POISON(block->bytes, size);
	return block;
}

static void
free_block(struct block *block)
{
	UNPOISON(block->bytes, block->size);
	free(block);
}

struct arena *
arena_new(size_t limit)
{
	struct arena *arena;

	if (limit > SIZE_MAX / 2)
		err_die("arena: a limit of %zu bytes is none", limit);
	arena = malloc(sizeof *arena);
	if (!arena)
		err_die("out of memory: arena");
	arena->limit = limit;
	arena->used = 0;
	arena->block = new_block(BLOCK);
	return arena;
}

void
arena_free(struct arena *arena)
{
	struct block *block, *next;

	if (!arena)
		return;
	for (block = arena->block; block; block = next) {
		next = block->next;
		free_block(block);
	}
	free(arena);
}

void
arena_reset(struct arena *arena)
{
	struct block *kept = arena->block;
	struct block *block, *next;

	for (block = kept->next; block; block = next) {
		next = block->next;
		free_block(block);
	}
	kept->next = NULL;
	kept->used = 0;
	POISON(kept->bytes, kept->size);
	arena->used = 0;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->block;
	size_t need;
	char *p;

	if (size > arena->limit - arena->used)
		err_die("arena: %zu bytes more than %zu pass the limit of %zu",
		    size, arena->used, arena->limit);
	need = (size + GAP + ALIGN - 1) / ALIGN * ALIGN;
	if (need > block->size - block->used) {
		struct block *fresh;

		/* A large piece gets a block of its own behind the first. */
		if (need > BLOCK / 4) {
			fresh = new_block(need);
			fresh->next = block->next;
			block->next = fresh;
		} else {
			fresh = new_block(BLOCK);
			fresh->next = block;
			arena->block = fresh;
		}
		block = fresh;
	}
	p = (char *)block->bytes + block->used;
	block->used += need;
	arena->used += size;
	UNPOISON(p, size);
	memset(p, 0, size);
	return p;
}

void *
arena_array(struct arena *arena, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		err_die("arena: array of %zu times %zu bytes", n, size);
	return arena_alloc(arena, n * size);
}

char *
arena_strz(struct arena *arena, struct str s)
{
	char *p = arena_alloc(arena, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

struct str
arena_str(struct arena *arena, struct str s)
{
	return str_make(arena_strz(arena, s), s.n);
}

char *
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_die("arena_printf: cannot format '%s'", fmt);
	p = arena_alloc(arena, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
