#ifndef ROWHOUSE_HASHSLOT_H
#define ROWHOUSE_HASHSLOT_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * At most two password hashes at once on a machine: each costs tens of
 * milliseconds and 19 MiB.  A slot is a flock()ed file, so that a killed
 * worker frees its own.
 */

/* The locked descriptor, or -1: ERR_LIMIT with retry_after after wait_ms. */
int hashslot_take(const struct config *config, int64_t wait_ms, struct err *err);
void hashslot_give(int slot);

#endif
