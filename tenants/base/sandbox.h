#ifndef ROWHOUSE_BASE_SANDBOX_H
#define ROWHOUSE_BASE_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include "tenants/base/err.h"

/*
 * What a process gives up for good before it listens to anybody: calls to the
 * kernel (seccomp, sandbox_calls.c) and files (Landlock, sandbox_files.c).  A
 * bug in what parses a stranger's bytes then leads no further than to what the
 * process does anyway.
 *
 * It holds for this thread and all that it begins, and across an exec; so it is
 * entered before there is a second thread, and after all has been opened that
 * is not to be reached any more.
 */
enum sandbox_may {
	SANDBOX_NETWORK = 1,	/* connect to other machines, and ask for names */
	SANDBOX_THREADS = 2,	/* begin some */
	SANDBOX_SELF = 4	/* execute its own binary anew */
};

#define SANDBOX_PATHS 32

struct sandbox {
	unsigned may;		/* enum sandbox_may */
	pid_t tells;		/* may send SIGUSR1 to it; 0: to nobody */
	int silent;		/* the log has it already */
	size_t n;
	struct sandbox_path {
		char *path;
		int write;	/* and create, and remove */
	} path[SANDBOX_PATHS];
};

void sandbox_init(struct sandbox *sandbox, unsigned may);
/*
 * A file, or all that is beneath a directory.  "" and NULL are none, and what
 * is not there is none either.
 */
void sandbox_reads(struct sandbox *sandbox, const char *path);
/* A file's directory: who changes a file puts another in its place. */
void sandbox_reads_around(struct sandbox *sandbox, const char *path);
void sandbox_writes(struct sandbox *sandbox, const char *path);
/* What the dynamic linker needs; part of SANDBOX_NETWORK. */
void sandbox_libraries(struct sandbox *sandbox);
/* The directory of temporary files, $TMPDIR or /tmp; SQLite's, too, from now on. */
void sandbox_temp(struct sandbox *sandbox);

/* What `sandbox` in the configuration says; CONFIG_CHOICE, in this order. */
enum sandbox_insist { SANDBOX_IF_THERE, SANDBOX_OFF, SANDBOX_INSIST };

/*
 * Says in the log what this kernel has of it.  -1 with ERR_SYSTEM where
 * something is missing and SANDBOX_INSIST is insisted on.
 */
int sandbox_probe(int64_t insist, struct err *err);

/*
 * Says so as well, unless it is silent, enters it, and frees it.  An error is
 * one of the above, or a kernel that refuses what it says it has.
 */
int sandbox_enter(struct sandbox *sandbox, int64_t insist, struct err *err);

#endif
