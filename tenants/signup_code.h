#ifndef ROWHOUSE_SIGNUP_CODE_H
#define ROWHOUSE_SIGNUP_CODE_H

#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * What lets a visitor sign up where `signup = invite`: a code that the operator
 * makes for a slug (`rowhouse tenant invite SLUG`) and hands over,
 *
 *	<until, seconds since 1970>.<base64url(HMAC-SHA-256)>
 *
 * under a key of the master key and the slug.  It is good once, since a slug is
 * taken from then on, and one that is erased later than the code was made ends it
 * (registry_erased): nothing has to remember the code.
 */
#define SIGNUP_CODE_DAYS 7
#define SIGNUP_CODE_S (SIGNUP_CODE_DAYS * INT64_C(86400))

void signup_code_put(const struct secret *master, struct str slug,
    int64_t until_s, struct buf *out);

/*
 * Is it that slug's, and good still?  Not where a tenant of that slug was erased
 * since: erased_s, 0 where none ever was.
 */
int signup_code_ok(const struct secret *master, struct str slug,
    struct str code, int64_t erased_s, int64_t now_s);

#endif
