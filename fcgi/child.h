#ifndef ROWHOUSE_CHILD_H
#define ROWHOUSE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "tenants/base/err.h"

/*
 * A role's process: the rowhouse binary, executed anew, so that it holds
 * nothing that it was not handed.
 */
struct child_spec {
	const char *path;	/* of the binary */
	const char *const *argv;	/* NULL at the end */
	int input;		/* becomes descriptor 0; -1: /dev/null */
	int keep;		/* stays open under its number; -1: none */
	int store_keys;		/* may have AWS_*: it talks to the replica */
};

/*
 * The child has a process group of its own, so that Ctrl-C reaches the
 * supervisor alone, and gets SIGTERM when the supervisor dies.  Its signals are
 * as a shell would leave them, and its output is our standard error.  It exits with CHILD_NOT_EXECUTED where
 * there is no such binary.
 */
#define CHILD_NOT_EXECUTED 127
int child_start(const struct child_spec *spec, pid_t *out, struct err *err);

/*
 * How long to wait before a process is started again that ended ran_ms after
 * its start.  *failures counts those in a row: 100 ms, twice as long each time,
 * 5 s at most, and all is forgiven after 10 s of running.
 */
int64_t child_backoff_ms(int64_t ran_ms, int *failures);

/* "exit status 1", "signal 9 (Killed)": how it ended, as waitpid says it. */
#define CHILD_END 64
void child_describe_end(int status, char out[CHILD_END]);

/*
 * The path of the binary that argv[0] names, absolute, symbolic links left
 * alone: what is there at the time of a renewal is what will be run, where
 * /proc/self/exe would name the old file.
 */
int child_find_binary(const char *argv0, char *out, size_t out_size,
    struct err *err);

#endif
