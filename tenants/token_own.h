#ifndef ROWHOUSE_TOKEN_OWN_H
#define ROWHOUSE_TOKEN_OWN_H

#include "tenants/base/json.h"
#include "tenants/token.h"

/* What tokens of all kinds have in common; for token.c and token_mail.c. */

/*
 * The key of a purpose: of the master key, the tenant's uid and generation, and
 * of what else must be the same when the token comes back.
 */
#define TOKEN_OWN_PARTS 4
void token_own_key(const struct secret *master, const char *purpose,
    const struct registry_tenant *tenant, const struct str *more, size_t n,
    struct secret *out);

/* header '.' claims '.' signature */
void token_own_write(const struct secret *key, struct str claims,
    struct buf *out);

/* A JWT with n claims, not verified.  ERR_AUTH. */
int token_own_read(struct str text, size_t n, struct arena *arena,
    const struct json **claims, struct err *err);
int token_own_signed(const struct secret *key, struct str text,
    struct err *err);

/* The claim of that name is this text. */
int token_own_claim(const struct json *claims, const char *name,
    struct str value);

#endif
