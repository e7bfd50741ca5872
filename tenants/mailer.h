#ifndef ROWHOUSE_MAILER_H
#define ROWHOUSE_MAILER_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * The process that sends what is in the outbox (outbox.h).  It opens no
 * database; it has the outbox, the network, and the login of the mail server.
 *
 *	sent			removed, and a line in the log
 *	refused			(5xx to the recipient or the mail) given up: an
 *				error in the log with the server's words
 *	put off			(4xx, broken off) again after 1 s, 2 s, … 10 min
 *	no use any more		given up, with what went wrong last
 *	no server		nothing else is tried until it is back
 *
 * A mail that was sent and whose file could not be removed before a crash is
 * sent again, under the same Message-ID.  No more than mail.per_hour are sent
 * in an hour, and mail.per_recipient to one address; others wait.
 */
struct mailer;

/* ERR_BUSY where another mailer has the outbox. */
struct mailer *mailer_new(const struct config *config, struct err *err);
void mailer_free(struct mailer *mailer);	/* accepts NULL */

/* Until SIGTERM or SIGINT; what is on its way then is waited for, 20 s. */
void mailer_run(struct mailer *mailer);

#endif
