#ifndef ROWHOUSE_ROUTE_H
#define ROWHOUSE_ROUTE_H

#include <stddef.h>

#include "tenants/base/str.h"

/*
 * What Rowhouse itself answers, before the application's endpoints: by host
 * (the platform's own, or a tenant's), path and method.
 */
enum route {
	ROUTE_NONE,		/* no such path, or *allow says what it takes */
	ROUTE_OPTIONS,		/* a known path; *allow is the answer */
	ROUTE_HEALTH,
	ROUTE_OPENAPI,
	ROUTE_SIGN_UP,		/* fcgi/signup.h */
	ROUTE_SIGN_UP_HOW,
	ROUTE_ASK,		/* may there be a certificate for a host? */
	ROUTE_METRICS,
	ROUTE_OPERATOR,		/* operator_api_find() knows which */
	ROUTE_AUTH_METHODS,
	ROUTE_SIGN_IN,		/* auth-with-password */
	ROUTE_REFRESH,
	ROUTE_USERS_LIST,
	ROUTE_USERS_CREATE,
	ROUTE_USERS_VIEW,
	ROUTE_USERS_UPDATE,
	ROUTE_USERS_DELETE,
	ROUTE_SIGN_OUT,		/* everywhere */
	ROUTE_AUDIT,
	ROUTE_KEYS_LIST,
	ROUTE_KEYS_CREATE,
	ROUTE_KEYS_DELETE,
	ROUTE_REQUEST_OTP,
	ROUTE_AUTH_OTP,
	ROUTE_FACTOR,
	ROUTE_FACTOR_REQUEST,
	ROUTE_FACTOR_CONFIRM,
	ROUTE_FACTOR_REMOVE,
	ROUTE_FACTOR_REMOVE_OF,		/* of a record */
	ROUTE_REQUEST_RESET,	/* from here on: fcgi/mailed.h */
	ROUTE_CONFIRM_RESET,
	ROUTE_REQUEST_VERIFICATION,
	ROUTE_CONFIRM_VERIFICATION,
	ROUTE_REQUEST_EMAIL,
	ROUTE_CONFIRM_EMAIL,
	ROUTE_INVITED,
	ROUTE_INVITE,
	ROUTE_UNINVITE,
	ROUTE_CONFIRM_INVITATION
};

/* ROUTE_MACHINE: what this machine asks for itself (TENANT is "-ask"). */
enum route_host { ROUTE_PLATFORM = 1, ROUTE_TENANT = 2, ROUTE_MACHINE = 4 };

/*
 * *allow is the path's methods, "GET, HEAD, OPTIONS", or NULL where the path
 * is not known here.  HEAD is answered as GET.  *id is the record's, where the path has one.
 */
enum route route_find(enum route_host host, struct str method,
    const struct str *segments, size_t n_segments, struct str *id,
    const char **allow);

/* Does it hash a password, whoever asks for it? */
int route_hashes(enum route route);

#endif
