#ifndef ROWHOUSE_REQUEST_H
#define ROWHOUSE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/call.h"

/*
 * What was asked, from FastCGI's parameters (CGI's variables, RFC 3875).
 * Views into them, or copies in the arena.
 *
 * The path is REQUEST_URI's, which is as the client sent it: cut at the
 * slashes first, then each segment decoded once, so that %2F is no slash.
 */
#define REQUEST_PARAMS_MAX  256			/* number */
#define REQUEST_PARAMS_SIZE (64 * 1024)		/* bytes, all together */
#define REQUEST_URI_MAX     8192
#define REQUEST_SEGMENT_MAX 255
#define REQUEST_QUERY_MAX   64			/* pairs */

struct request {
	struct str method;
	struct str path;	/* as sent, without the query; for the log */
	size_t n_segments;
	struct str segments[APP_PATH_MAX];
	size_t n_query;
	const struct call_pair *query;
	int64_t length;		/* of the body */

	/* p is NULL where it was not sent */
	struct str host;
	struct str tenant;		/* TENANT: what the web server says */
	struct str address;		/* REMOTE_ADDR */
	struct str authorization;
	struct str content_type;
	struct str if_none_match;
	struct str prefer;
};

/*
 * ERR_INPUT: an escape that is none, a NUL, what is not UTF-8, a segment "."
 * or "..", a parameter that came twice, anything too long or too many;
 * ERR_NOT_FOUND: an empty segment, or more of them than any route has;
 * ERR_LENGTH: no length where there has to be one.  *out holds what was understood up to then.
 */
int request_parse(const char *const *params, struct arena *arena,
    struct request *out, struct err *err);

/* Is it application/json (in UTF-8, where it says so)? */
int request_is_json(const struct request *request);

#endif
