/*
 * The program, broken on purpose, to be deployed: linked with --wrap, so that
 * $FAULT says where it breaks.  The environment is that of whoever starts it,
 * so a fault can be the server's alone, or that of the check before it as well.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/conn.h"
#include "fcgi/scoreboard.h"
#include "replication/replicator.h"

static int
fault(const char *name)
{
	const char *wanted = getenv("FAULT");

	return wanted && strcmp(wanted, name) == 0;
}

int __real_conn_answer(struct conn *conn, struct str head, struct str body,
    struct err *err);
int __wrap_conn_answer(struct conn *conn, struct str head, struct str body,
    struct err *err);

int
__wrap_conn_answer(struct conn *conn, struct str head, struct str body,
    struct err *err)
{
	if (fault("request"))
		abort();
	if (fault("slow"))
		sleep(2);
	return __real_conn_answer(conn, head, body, err);
}

void __real_replicator_run(struct replicator *replicator);
void __wrap_replicator_run(struct replicator *replicator);

void
__wrap_replicator_run(struct replicator *replicator)
{
	if (fault("replicator"))
		abort();
	__real_replicator_run(replicator);
}

struct scoreboard *__real_scoreboard_map(int fd, struct err *err);
struct scoreboard *__wrap_scoreboard_map(int fd, struct err *err);

/* As one whose scoreboard is larger finds it. */
struct scoreboard *
__wrap_scoreboard_map(int fd, struct err *err)
{
	if (fault("scoreboard")) {
		err_set(err, ERR_SYSTEM, "scoreboard: descriptor %d is not one",
		    fd);
		return NULL;
	}
	if (fault("start"))
		abort();
	return __real_scoreboard_map(fd, err);
}
