#ifndef ROWHOUSE_RESTORE_ALL_REPORT_H
#define ROWHOUSE_RESTORE_ALL_REPORT_H

#include <stdint.h>

#include "replication/restore_all.h"

/* What `rowhouse restore --all` says: what it would do, how far it is, what it did. */
struct restore_all_report {
	int json;
	int terminal;		/* somebody watches stderr */
	int64_t started_ms;	/* monotonic */
	int64_t shown_ms;	/* the last line of progress; 0 = none stands there */
};

void restore_all_report_init(struct restore_all_report *report, int json);

/* A restore_all's, whose arg is the report.  Silent unless on a terminal … */
void restore_all_report_progress(const struct restore_all *all);
/* … but for what failed: a line on stderr. */
void restore_all_report_told(const struct restore_all *all,
    const struct restore_survey_tenant *tenant);
/* Takes the line of progress away, where there is one. */
void restore_all_report_clear(struct restore_all_report *report);

/* On stdout: the survey, or what became of it. */
void restore_all_report_plan(const struct restore_all_report *report,
    const struct restore_all *all);
void restore_all_report_done(const struct restore_all_report *report,
    const struct restore_all *all);

#endif
