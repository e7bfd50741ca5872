#ifndef ROWHOUSE_NOTIFY_H
#define ROWHOUSE_NOTIFY_H

/*
 * Tells systemd where $NOTIFY_SOCKET says so: sd_notify(3), one datagram, as
 * "READY=1".  It failing is only worth a line in the log.
 */
void notify(const char *state);

#endif
