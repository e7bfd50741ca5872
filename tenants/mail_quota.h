#ifndef ROWHOUSE_MAIL_QUOTA_H
#define ROWHOUSE_MAIL_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/str.h"

/*
 * How many mails went out in the last hour, in all, to one address (case is
 * ignored) and of one tenant, who may never have sent more than are left to all:
 * half of them, where nobody else sends any, so that those whom others wait for
 * are not behind the thousand invitations of one.  Of this process: a mailer that
 * is started again begins at none.
 */
struct mail_quota;

struct mail_quota *mail_quota_new(size_t most, size_t most_each);
void mail_quota_free(struct mail_quota *quota);	/* accepts NULL */

/* 0: one of the tenant's may go to it now, and counts; else the ms until it may. */
int64_t mail_quota_take(struct mail_quota *quota, struct str tenant,
    struct str to, int64_t now_ms);

/* The last one of the tenant's to that address did not go. */
void mail_quota_give(struct mail_quota *quota, struct str tenant,
    struct str to);

#endif
