#ifndef ROWHOUSE_CALLER_H
#define ROWHOUSE_CALLER_H

/*
 * Who runs this command, for the platform's log (registry.h): "command alice", by
 * the name under which he logged in to the machine, whoever he has become since;
 * by sudo's word or the user of the process where there was no login; "command"
 * where that user has no name; "job ID" where the steward runs it.
 */
#define CALLER_MAX 80
#define CALLER_JOB "ROWHOUSE_JOB"	/* environment of what the steward runs */

void caller_name(char out[CALLER_MAX]);

#endif
