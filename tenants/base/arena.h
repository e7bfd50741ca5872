#ifndef ROWHOUSE_BASE_ARENA_H
#define ROWHOUSE_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/str.h"

/*
 * Memory of one request, or of one tick: taken piece by piece, given back all
 * at once.  No allocation here returns NULL.  Every input that drives one is
 * bounded before (body, depth, number of tokens, rows), so passing the limit
 * is a mistake of ours and ends the process, as does a malloc() that fails.
 */
struct arena;

struct arena *arena_new(size_t limit);
void arena_free(struct arena *arena);

/* Forgets everything; keeps one block, so that the next request needs none. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for anything. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t n, size_t size);

/* Copies that end in a NUL, so that .p is a C string where the bytes allow. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_strz(struct arena *arena, struct str s);
char *arena_printf(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
