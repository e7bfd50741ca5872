#ifndef ROWHOUSE_PROOF_H
#define ROWHOUSE_PROOF_H

#include <stdint.h>

#include "tenants/base/err.h"

/*
 * What `rowhouse verify` last found out about a tenant: a small file, `proven`,
 * in the spool folder of the incarnation, so that it outlives the replicator
 * and goes where the incarnation goes.  It speaks of one state of one epoch:
 * of an epoch that began later it says nothing.
 */
#define PROOF_WHAT 400

struct proof {
	int64_t time_ms;	/* when; 0 = never */
	uint32_t epoch;
	uint64_t txid;		/* the state that was restored and compared */
	uint32_t pages;
	int64_t took_ms;
	int failed;		/* the replica is not the database … */
	char what[PROOF_WHAT];	/* … and this is how it shows; else "" */
};

/* A spool folder without one, or with one that cannot be read: time_ms = 0. */
void proof_read(const char *spool_dir, struct proof *out);

/* Durable; readable by the replicator, whoever wrote it. */
int proof_write(const char *spool_dir, const struct proof *proof,
    struct err *err);

#endif
