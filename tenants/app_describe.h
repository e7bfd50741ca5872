#ifndef ROWHOUSE_APP_DESCRIBE_H
#define ROWHOUSE_APP_DESCRIBE_H

#include "tenants/app.h"
#include "tenants/base/buf.h"

/*
 * An application's endpoints as OpenAPI 3.1 has them: members of "paths",
 * without its braces.  They refer to #/components/responses/Error and
 * #/components/securitySchemes/token, which whoever asks has to define.
 *
 * Parameters and bodies follow from the directives.  The columns of an answer
 * are those of the last statement, prepared on a scratch database; a column's
 * type is said where SQLite vouches for it: where it is a column of a STRICT
 * table, answered as it is.  Of all else it is only said that it is a text, a
 * number or null, and of a column that json: names, nothing.  Any of them can
 * be null, since an outer join can make it so.
 *
 * Takes as long as all migrations do on an empty database (some ten
 * milliseconds).
 */
int app_describe(const struct app *app, struct buf *out, struct err *err);

/*
 * What may be sent to an endpoint, its parameters and body: members of an
 * operation, each after a comma.
 */
void app_describe_sent(const struct app_endpoint *endpoint, struct buf *out);

#endif
