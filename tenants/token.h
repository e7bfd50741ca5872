#ifndef ROWHOUSE_TOKEN_H
#define ROWHOUSE_TOKEN_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * Tokens: JSON Web Tokens (RFC 7519), HS256 and nothing else.
 *
 *	{"alg":"HS256","typ":"JWT"}.{"collectionId":"…","exp":N,"id":"…",
 *	"refreshable":true,"tenant":"acme","type":"auth"}
 *
 * The key is derived from the master key, the tenant's uid, the tenant's
 * generation and the user's own token key.  So a token of one tenant is
 * worthless at every other, a new password revokes the old ones, and a restored
 * tenant (whose generation went up) resurrects none.
 */
struct token {
	struct str user_id;
	int64_t expires_s;
	int refreshable;
};

void token_issue(const struct secret *master,
    const struct registry_tenant *tenant, struct str user_id,
    struct str token_key, int64_t expires_s, struct buf *out);

/*
 * In two steps, since the key needs the user: token_read checks the form and
 * the claims (type, tenant, collection, expiry against now_s) and trusts nothing; token_verify
 * checks the signature.  ERR_AUTH.
 */
int token_read(struct str text, const struct registry_tenant *tenant,
    int64_t now_s, struct arena *arena, struct token *out, struct err *err);
int token_verify(const struct secret *master,
    const struct registry_tenant *tenant, struct str text,
    struct str token_key, struct err *err);

#endif
