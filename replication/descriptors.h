#ifndef ROWHOUSE_DESCRIPTORS_H
#define ROWHOUSE_DESCRIPTORS_H

#include <stddef.h>

#include "tenants/base/err.h"

/*
 * Raises this process's limit of descriptors as far as it may, and says how
 * many of the databases that are wanted open at once it is enough for: where
 * that is fewer, with a warning; for not even one, ERR_SYSTEM.
 */
int descriptors_allow(size_t wanted, size_t *allowed, struct err *err);

#endif
