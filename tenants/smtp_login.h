#ifndef ROWHOUSE_SMTP_LOGIN_H
#define ROWHOUSE_SMTP_LOGIN_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * The login of the mail server: from the file "smtp" in $CREDENTIALS_DIRECTORY
 * (systemd's LoadCredential), else from mail.login; neither: no login.
 *
 *	user = rowhouse@example.com
 *	password = …
 *
 * Only the mailer reads it.  It is never in an argument or the environment.
 */
struct smtp_login {
	char user[256];		/* "": none */
	char password[256];
};

/* ERR_DENIED where everybody may read the file; ERR_INPUT for half a login. */
int smtp_login_load(const struct config *config, struct smtp_login *out,
    struct err *err);

#endif
