#ifndef ROWHOUSE_MAIL_H
#define ROWHOUSE_MAIL_H

#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/str.h"
#include "tenants/token_mail.h"

/*
 * What mails say.  A link goes to the tenant's own host below the base domain,
 * whatever the request said of hosts, and has its token behind a '#', so that
 * it is in no log of a server and in no Referer:
 *
 *	https://acme.example.com/#/confirm-password-reset/TOKEN
 *
 * and likewise confirm-verification, confirm-email-change and
 * confirm-invitation: the application's page sends the token to the endpoint of
 * that name.
 */
void mail_text(const struct config *config, enum token_mail_kind kind,
    const char *slug, struct str token, struct buf *subject,
    struct buf *text);

#endif
