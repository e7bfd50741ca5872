#ifndef ROWHOUSE_RESTORE_REPORT_H
#define ROWHOUSE_RESTORE_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "replication/replace.h"
#include "replication/restore.h"
#include "tenants/job_progress.h"

/* What `rowhouse restore` says: the plan, how far it is, what it did. */
struct restore_report {
	const struct restore_plan *plan;
	int json;
	int terminal;		/* somebody watches stderr */
	int64_t started_ms;	/* monotonic */
	int64_t shown_ms;	/* the last line of progress; 0 = none stands there */
	struct job_progress told;	/* the operator's console, of a job */
};

void restore_report_init(struct restore_report *report,
    const struct restore_plan *plan, int json);
void restore_report_plan(const struct restore_report *report, FILE *out);
/* A restore_target's; arg is the report.  Silent unless on a terminal, or a job. */
void restore_report_progress(int64_t done, int64_t total, void *arg);
/* A restore_target's, too: one line on stderr. */
void restore_report_around(const struct err *why, void *arg);
/* replace is NULL for a restore to a file. */
void restore_report_done(struct restore_report *report,
    const struct restore_target *target, const struct replace *replace);
/* Takes the line of progress away, where there is one. */
void restore_report_clear(struct restore_report *report);

#endif
