#ifndef ROWHOUSE_TOKEN_MAIL_H
#define ROWHOUSE_TOKEN_MAIL_H

#include "tenants/token.h"
#include "tenants/users.h"

/*
 * Tokens that go out by mail, JWTs as those of token.h, and as PocketBase has
 * them:
 *
 *	{"collectionId":"…","email":"…","exp":N,"id":"…","newEmail":"…",
 *	"tenant":"acme","type":"passwordReset"}
 *
 * What one is good for ends its use: the key is made of what confirming
 * changes, so that there is nothing to remember and nothing to forget.
 *
 *	passwordReset, invitation	password, token key, address
 *	verification			whether the address is verified
 *	emailChange			address, token key
 *
 * And of the tenant's uid and generation, as with all tokens.
 */
enum token_mail_kind {
	TOKEN_MAIL_VERIFICATION,
	TOKEN_MAIL_RESET,
	TOKEN_MAIL_CHANGE,
	TOKEN_MAIL_INVITATION
};

struct token_mail {
	struct str user_id;
	struct str new_email;	/* of TOKEN_MAIL_CHANGE */
};

/* How long it is good for. */
int64_t token_mail_ttl_s(enum token_mail_kind kind);

/* new_email is "" but for TOKEN_MAIL_CHANGE. */
void token_mail_issue(const struct secret *master,
    const struct registry_tenant *tenant, enum token_mail_kind kind,
    const struct user *user, struct str new_email, int64_t expires_s,
    struct buf *out);

/* As token_read and token_verify.  ERR_AUTH. */
int token_mail_read(struct str text, const struct registry_tenant *tenant,
    enum token_mail_kind kind, int64_t now_s, struct arena *arena,
    struct token_mail *out, struct err *err);
int token_mail_verify(const struct secret *master,
    const struct registry_tenant *tenant, enum token_mail_kind kind,
    const struct user *user, struct str text, struct err *err);

#endif
