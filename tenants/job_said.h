#ifndef ROWHOUSE_JOB_SAID_H
#define ROWHOUSE_JOB_SAID_H

#include "tenants/job.h"

/*
 * What the command that carried a job out has said, in files, becomes its result,
 * or its error; both live in the arena as long as the job.
 */

/* JSON as it is; of all else, a text that a console can show. */
void job_said_result(const struct config *config, struct job *job, int fd,
    struct arena *arena);
/*
 * What it said as an error, or the "error" of its JSON; `otherwise` where it said
 * neither.
 */
void job_said_error(struct job *job, int err_fd, int out_fd,
    struct arena *arena, const char *otherwise);

#endif
