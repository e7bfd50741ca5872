#ifndef ROWHOUSE_OPERATOR_API_H
#define ROWHOUSE_OPERATOR_API_H

#include "fcgi/answer.h"

/*
 * /api/operator/… on the platform's host: what `rowhouse tenant` does, for
 * programs that have the operator's token (operator.h).  fcgi/OPERATOR.md says
 * what there is.
 *
 * A route is declared as the application's endpoints are: what may be sent is
 * checked against that, and GET /api/openapi.json is written from it.  What
 * takes long, or needs the keys of the store, is left to another process: a job
 * (job.h).  Whatever changes something is in the platform's log
 * (registry_note), with it or, of a job, before it.
 */
struct operator_route;

/*
 * The route, with values as its path has them; or NULL, with *allow, in the
 * arena, where the path is known and the method is not.
 */
const struct operator_route *operator_api_find(struct str method,
    const struct str *segments, size_t n_segments, struct arena *arena,
    struct str values[APP_PATH_MAX], const char **allow);

/* Is he the operator?  Before the body is read: ERR_AUTH, ERR_LIMIT. */
int operator_api_admit(const struct answer *answer, struct err *err);

/* The answer to answer->target.operated. */
int operator_api_answer(struct answer *answer, struct err *err);

/* Members of OpenAPI's "paths", each after a comma. */
void operator_api_describe(struct buf *out);

#endif
