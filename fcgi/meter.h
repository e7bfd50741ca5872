#ifndef ROWHOUSE_METER_H
#define ROWHOUSE_METER_H

#include <stdatomic.h>
#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"
#include "tenants/usage.h"

/*
 * What tenants use, counted by all workers in the memory that they share, and
 * taken out by one process, the supervisor, which writes it down (usage.h)
 * once in a while.  A worker adds to atomic numbers and waits for nobody; one
 * that is killed in between leaves a count that is one request short.
 *
 * Bounded: a tenant that finds no cell among METER_PROBES of METER_CELLS is
 * not counted until the next time that idle ones are cleared out.
 */
#define METER_CELLS  8192
#define METER_PROBES 32
#define METER_WORDS  8		/* of 8 bytes: a uid, then a slug */

struct meter_cell {
	_Atomic uint64_t key;	/* of the uid; 0 = free */
	_Atomic uint64_t name[METER_WORDS];
	_Atomic uint32_t epoch;	/* 0 = not named yet */
	int idle;		/* the flusher's: nothing was counted in between */
	_Atomic int64_t sum[USAGE_SUMS];
};

struct meter {
	struct meter_cell cell[METER_CELLS];
};

void meter_add(struct meter *meter, const struct registry_tenant *tenant,
    const int64_t sum[USAGE_SUMS]);

/*
 * Takes what was counted in the last elapsed_ms and writes it down, with the
 * sizes of the files; days that are over are pruned.  What could not be written
 * is lost, and counting goes on.
 */
int meter_flush(struct meter *meter, const struct config *config,
    int64_t elapsed_ms, struct err *err);

#endif
