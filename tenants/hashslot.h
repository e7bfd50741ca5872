#ifndef ROWHOUSE_HASHSLOT_H
#define ROWHOUSE_HASHSLOT_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * At most so many password hashes at once on a machine: each costs tens of
 * milliseconds and 19 MiB.  A slot is a flock()ed file, so that a killed
 * worker frees its own.
 *
 * It is `password.at_once`, or where that is 0 two, and one where there are no more
 * than two processors: one is left to everybody else, since a scheduler may leave
 * a processor to a hash until the next tick, four milliseconds, however nice it is.
 */
int hashslot_count(const struct config *config, int processors);

/* The locked descriptor, or -1: ERR_LIMIT with retry_after after wait_ms. */
int hashslot_take(const struct config *config, int64_t wait_ms, struct err *err);
void hashslot_give(int slot);

#endif
