#ifndef ROWHOUSE_FCGI_CMD_H
#define ROWHOUSE_FCGI_CMD_H

/* Subcommands of this room; argv[0] is the subcommand's name. */
int cmd_serve(int argc, char **argv);	/* pool, replicator, mailer */
int cmd_pool(int argc, char **argv);	/* supervisor and workers */
int cmd_health(int argc, char **argv);	/* asks a worker */
int cmd_worker(int argc, char **argv);	/* one worker, listening on fd 0 */

#endif
