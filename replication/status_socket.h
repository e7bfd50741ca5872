#ifndef ROWHOUSE_STATUS_SOCKET_H
#define ROWHOUSE_STATUS_SOCKET_H

#include <poll.h>
#include <stdint.h>

#include "replication/replicator.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * <run>/status.sock (tenants/fleet_status.h): what the replicator tells who
 * serves requests.  Changes nothing, and is served as control.h has it.
 */
struct status_socket;

/* Keeps the view, whose parts have to stay. */
struct status_socket *status_socket_new(const struct config *config,
    const struct replicator_view *view, struct err *err);
void status_socket_free(struct status_socket *socket);	/* accepts NULL */

/* At most CONTROL_CLIENTS + 1. */
nfds_t status_socket_fds(struct status_socket *socket, struct pollfd *fds);
void status_socket_serve(struct status_socket *socket);
int64_t status_socket_due_ms(const struct status_socket *socket);

#endif
