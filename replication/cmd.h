#ifndef ROWHOUSE_REPLICATION_CMD_H
#define ROWHOUSE_REPLICATION_CMD_H

/*
 * Subcommands of this room.  argv[0] is the subcommand's name; the result is
 * the exit status: 0 done, 1 found a problem, 2 wrong usage, 75 try again.
 */
int cmd_replicator(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_restore(int argc, char **argv);

#endif
