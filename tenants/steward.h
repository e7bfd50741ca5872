#ifndef ROWHOUSE_STEWARD_H
#define ROWHOUSE_STEWARD_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * The process that carries out jobs (job.h): `rowhouse serve` starts it, or
 * `rowhouse steward` runs it beside `rowhouse pool`, as the same user.  Each job
 * is a process of its own, `rowhouse job ID`, which becomes the command that an
 * operator would type; two at once.  So the steward itself opens no database
 * and reads no key: it hands on the environment in which those of the store
 * may be.
 *
 * Killed at any moment it goes on with what has not ended: job_command() says
 * what that is for each kind.  Who carries a job out does not outlive it.
 *
 * SIGTERM ends it at once: what is in progress is begun anew by the next.
 * SIGHUP ends it when nothing is in progress: the next one is of the release
 * that is in place then.
 */
struct steward;

/* ERR_BUSY where another one is at work. */
struct steward *steward_new(const struct config *config, struct err *err);
void steward_free(struct steward *steward);	/* accepts NULL */
void steward_run(struct steward *steward);

#endif
