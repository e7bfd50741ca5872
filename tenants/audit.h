#ifndef ROWHOUSE_AUDIT_H
#define ROWHOUSE_AUDIT_H

#include "tenants/app.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/call.h"
#include "tenants/tenant.h"

/*
 * The audit log of a tenant, in its own file (_audit): who did what to accounts
 * and keys, when and from where.  An entry is written in the transaction of what
 * it tells of, so that neither is there without the other.  What was refused is
 * not in it: whoever guesses passwords causes no write.
 *
 * It is kept for 400 days, and 100,000 entries at most.  Endpoints of the
 * application cannot reach it (guard.h).
 */
enum audit_action {
	AUDIT_SIGNED_IN,
	AUDIT_SIGNED_OUT,	/* everywhere */
	AUDIT_PASSWORD_CHANGED,
	AUDIT_EMAIL_CHANGED,
	AUDIT_ROLE_CHANGED,
	AUDIT_USER_CREATED,
	AUDIT_USER_INVITED,
	AUDIT_USER_JOINED,	/* who was invited */
	AUDIT_USER_REMOVED,
	AUDIT_KEY_MADE,
	AUDIT_KEY_REVOKED,
	AUDIT_FACTOR_ON,
	AUDIT_FACTOR_OFF,
	AUDIT_ACTIONS
};

struct audit_entry {
	enum audit_action action;
	struct str about;	/* id of the account or key that it was done to */
	struct str old, new;	/* what was there, and is now: never a secret */
};

/*
 * Inside the caller's write transaction.  By whom and from where is the
 * caller's; who signs in is no caller yet, so he is made one for this.
 */
int audit_write(struct tenant *tenant, struct caller caller,
    const struct audit_entry *entry, struct err *err);

/*
 * GET /api/audit, for call_run(): newest first, one page; the next is
 * `before` the last id that came.  By user (who did it) and action.
 */
const struct app_endpoint *audit_endpoint(void);

/* What an entry says as its action: "signed-in". */
const char *audit_action_name(enum audit_action action);

#endif
