#ifndef ROWHOUSE_OPENAPI_H
#define ROWHOUSE_OPENAPI_H

#include "tenants/app.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * GET /api/openapi.json (OpenAPI 3.1): the application's endpoints and those of
 * Rowhouse itself on a tenant's host; or those on the platform's.  The same for every tenant, and for
 * everybody: it says nothing that the page's own scripts do not, and
 * programs that read it (generators of clients, Swagger UI) come without a
 * token.
 *
 * It is written when it is first asked for, and kept for as long as the
 * application, which is this process's life.
 */
struct openapi;

struct openapi *openapi_new(const struct app *app);
void openapi_free(struct openapi *openapi);	/* accepts NULL */

int openapi_text(struct openapi *openapi, int platform, struct str *out,
    struct err *err);

#endif
