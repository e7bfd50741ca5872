#ifndef ROWHOUSE_LISTEN_H
#define ROWHOUSE_LISTEN_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/* Of connections that wait to be accepted; a full one is a 502 at once. */
#define LISTEN_BACKLOG 4096

struct listen {
	int fd;			/* CLOEXEC */
	char path[CONFIG_PATH_MAX];	/* of a socket that we made; "" = handed to us */
};

/*
 * The pool's socket: handed over by socket activation (sd_listen_fds(3)), or
 * <run>/fcgi.sock, made here with mode 0660.  A socket file that nobody
 * answers on is replaced; ERR_BUSY where somebody does.
 */
int listen_open(const struct config *config, struct listen *out,
    struct err *err);

/* Nobody finds the socket any more; who has connected to it still has. */
void listen_unlink(struct listen *listen);
void listen_close(struct listen *listen);

/*
 * One supervisor for a data directory and one for a run directory: makes both,
 * and takes a lock in each, for as long as the descriptors are open.  ERR_BUSY
 * where another process has one.  Where both are the same fds[1] stays -1.
 */
int listen_lock(const struct config *config, int fds[2], struct err *err);

#endif
