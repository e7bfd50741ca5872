#ifndef ROWHOUSE_JOB_PROGRESS_H
#define ROWHOUSE_JOB_PROGRESS_H

#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * How far a job (job.h) is: <data>/jobs/<id>.progress, of JOB_PROGRESS_BYTES,
 * two numbers.  Who carries the job out has it open and writes it over, once a
 * second at most, without waiting for a disk: nobody needs it after a power cut.
 * The steward removes it when the job has ended.
 */
#define JOB_PROGRESS_BYTES 42

/*
 * Before this process becomes the command: makes the file, which stays open, and
 * tells the command of it by its environment.
 */
int job_progress_begin(const struct config *config, const char *id,
    struct err *err);

/* The command's side; where it is no job nothing is told to anybody. */
struct job_progress {
	int fd;			/* -1: nobody has asked */
	int64_t told_ms;	/* mono; 0: not yet */
};

void job_progress_find(struct job_progress *out);
void job_progress_tell(struct job_progress *progress, int64_t done,
    int64_t total);

/* 0 and 0 where it is not known. */
void job_progress_read(const struct config *config, const char *id,
    int64_t *done, int64_t *total);
int job_progress_end(const struct config *config, const char *id,
    struct err *err);	/* absent is fine */

#endif
