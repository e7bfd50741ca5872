#ifndef ROWHOUSE_OUTBOX_H
#define ROWHOUSE_OUTBOX_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * Mails that wait to be sent: <data>/outbox, a file each, made by a worker and
 * removed by the mailer (mailer.h).
 *
 *	<made, ms since 1970, 13 digits>-<id, which begins as the tenant's uid>
 *
 *	rowhouse mail 1
 *	until: 1795428000123
 *	tenant: acme
 *	to: someone@example.com
 *	subject: Your new password
 *
 *	text, in lines
 *
 * Files and not rows of the registry, since what waits belongs to this machine
 * and moment.  A mail holds what lets an account be taken over: the replica
 * keeps its rows for weeks, this directory is in none.  A registry that is
 * restored would send again what was sent, with tokens that the restore has
 * revoked.  And each commit to the registry makes every worker forget what it
 * has looked up.  What is lost with the machine is what the last moments asked
 * for, and can be asked for again.
 *
 * A file is durable and whole when outbox_put returns, and is there until it was
 * handed to a server or given up: so each mail is sent at least once.
 */
#define OUTBOX_NAME 29		/* of a file */
#define OUTBOX_SIZE_MAX ((size_t)16 * 1024)

/*
 * So many may wait, which is 160 MiB at most, since a mailer may be away for
 * days.  As with what goes out in an hour (mail_quota.h) no tenant may have more of
 * them than are left to all: half, where nobody else has any.  By the names, so that
 * nothing is read; but for those who put one at the same moment.
 */
#define OUTBOX_MAX 10000

struct outbox_mail {
	struct str uid;		/* of the tenant, for outbox_put */
	struct str tenant;	/* slug */
	struct str to;		/* "": to nobody, see outbox_put */
	struct str subject;
	struct str text;	/* lines, each with its LF */
	int64_t until_ms;	/* wall; there is no use in it after */
};

/*
 * One for nobody costs what one for somebody does, and is thrown away by the
 * mailer: whether an address has an account is not to be told by the time that
 * a request took.  ERR_INPUT for a subject or an address with a control
 * character or beyond ASCII: no header is ever made of one.  ERR_BUSY with
 * retry_after where too many wait.
 */
int outbox_put(const struct config *config, const struct outbox_mail *mail,
    struct err *err);

/* Is it the name of a mail? */
int outbox_is_name(const char *name);

/* Reads a file; views into the arena.  ERR_CORRUPT. */
int outbox_read(const char *path, struct arena *arena,
    struct outbox_mail *out, struct err *err);

/*
 * The message as it goes over the wire (RFC 5322), CRLF and all.  It has the
 * same Message-ID, of the file's name, each time.
 */
void outbox_message(const struct config *config, const char *name,
    const struct outbox_mail *mail, int64_t now_ms, struct buf *out);

#endif
