/*
 * Looked for at each byte of each answer: the eight bytes there, hashed, are a
 * bit in a filter that fits into a processor's cache, and a chain behind it.
 */
#include "tests/tools/support/canary.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/support/wire.h"

#define BITS (1 << 18)

struct canary {
	struct canary *next;
	int owner;
	size_t n;
	char text[];
};

struct canary_set {
	uint64_t filter[BITS / 64];
	struct canary *chain[BITS];
};

struct canary_set *
canary_new(void)
{
	struct canary_set *set = calloc(1, sizeof *set);

	if (!set)
		wire_die("out of memory");
	return set;
}

void
canary_free(struct canary_set *set)
{
	struct canary *canary;

	for (size_t i = 0; set && i < BITS; i++)
		while ((canary = set->chain[i]) != NULL) {
			set->chain[i] = canary->next;
			free(canary);
		}
	free(set);
}

static size_t
hash(const char *text)
{
	uint64_t eight;

	memcpy(&eight, text, CANARY_LEAST);
	return (size_t)(eight * UINT64_C(0x9e3779b97f4a7c15) >> 46);
}

void
canary_add(struct canary_set *set, const char *text, size_t n, int owner)
{
	struct canary *canary = malloc(sizeof *canary + n + 1);
	size_t at;

	assert(n >= CANARY_LEAST);
	if (!canary)
		wire_die("out of memory");
	at = hash(text);
	canary->owner = owner;
	canary->n = n;
	memcpy(canary->text, text, n);
	canary->text[n] = '\0';
	canary->next = set->chain[at];
	set->chain[at] = canary;
	set->filter[at / 64] |= UINT64_C(1) << at % 64;
}

const char *
canary_foreign(const struct canary_set *set, const char *text, size_t n,
    int self, int *owner)
{
	const struct canary *canary;
	size_t at;

	for (; n >= CANARY_LEAST; text++, n--) {
		at = hash(text);
		if (!(set->filter[at / 64] & UINT64_C(1) << at % 64))
			continue;
		for (canary = set->chain[at]; canary; canary = canary->next)
			if (canary->owner != self && canary->n <= n &&
			    memcmp(canary->text, text, canary->n) == 0) {
				*owner = canary->owner;
				return canary->text;
			}
	}
	return NULL;
}
