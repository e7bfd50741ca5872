#ifndef ROWHOUSE_TESTS_CANARY_H
#define ROWHOUSE_TESTS_CANARY_H

#include <stddef.h>

/*
 * Texts that belong to one of many, and whose they are: whatever else they are
 * found in has come to the wrong place.
 */
#define CANARY_LEAST 8	/* bytes; a shorter one may be there by chance */

struct canary_set;

struct canary_set *canary_new(void);
void canary_free(struct canary_set *set);

void canary_add(struct canary_set *set, const char *text, size_t n, int owner);

/* The first that is somebody else's: it, and *owner; NULL where there is none. */
const char *canary_foreign(const struct canary_set *set, const char *text,
    size_t n, int self, int *owner);

#endif
