#include "fcgi/route.h"

#include <string.h>

#include "tenants/users.h"

#define SEGMENTS 6
#define METHODS  3

/* "{users}" is the collection by its name or its id, "{id}" any record's. */
static const struct path {
	int hosts;
	const char *segments[SEGMENTS + 1];
	const char *allow;
	struct {
		const char *method;
		enum route route;
	} methods[METHODS + 1];
} paths[] = {
	{ ROUTE_PLATFORM | ROUTE_TENANT | ROUTE_MACHINE, { "api", "health" },
	    "GET, HEAD, OPTIONS", { { "GET", ROUTE_HEALTH } } },
	{ ROUTE_PLATFORM, { "metrics" }, "GET, HEAD, OPTIONS",
	    { { "GET", ROUTE_METRICS } } },
	{ ROUTE_PLATFORM | ROUTE_TENANT, { "api", "openapi.json" },
	    "GET, HEAD, OPTIONS", { { "GET", ROUTE_OPENAPI } } },
	{ ROUTE_MACHINE, { "api", "domains", "ask" }, "GET, HEAD, OPTIONS",
	    { { "GET", ROUTE_ASK } } },
	{ ROUTE_PLATFORM, { "api", "tenants" }, "POST, OPTIONS",
	    { { "POST", ROUTE_SIGN_UP } } },
	{ ROUTE_PLATFORM, { "api", "signup" }, "GET, HEAD, OPTIONS",
	    { { "GET", ROUTE_SIGN_UP_HOW } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "auth-methods" },
	    "GET, HEAD, OPTIONS", { { "GET", ROUTE_AUTH_METHODS } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "auth-with-password" },
	    "POST, OPTIONS", { { "POST", ROUTE_SIGN_IN } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "auth-refresh" },
	    "POST, OPTIONS", { { "POST", ROUTE_REFRESH } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "records" },
	    "GET, HEAD, POST, OPTIONS",
	    { { "GET", ROUTE_USERS_LIST }, { "POST", ROUTE_USERS_CREATE } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "records", "{id}" },
	    "GET, HEAD, PATCH, DELETE, OPTIONS",
	    { { "GET", ROUTE_USERS_VIEW }, { "PATCH", ROUTE_USERS_UPDATE },
		{ "DELETE", ROUTE_USERS_DELETE } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "request-password-reset" },
	    "POST, OPTIONS", { { "POST", ROUTE_REQUEST_RESET } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "confirm-password-reset" },
	    "POST, OPTIONS", { { "POST", ROUTE_CONFIRM_RESET } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "request-verification" },
	    "POST, OPTIONS", { { "POST", ROUTE_REQUEST_VERIFICATION } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "confirm-verification" },
	    "POST, OPTIONS", { { "POST", ROUTE_CONFIRM_VERIFICATION } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "request-email-change" },
	    "POST, OPTIONS", { { "POST", ROUTE_REQUEST_EMAIL } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "confirm-email-change" },
	    "POST, OPTIONS", { { "POST", ROUTE_CONFIRM_EMAIL } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "confirm-invitation" },
	    "POST, OPTIONS", { { "POST", ROUTE_CONFIRM_INVITATION } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "invitations" },
	    "GET, HEAD, POST, OPTIONS",
	    { { "GET", ROUTE_INVITED }, { "POST", ROUTE_INVITE } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "invitations", "{id}" },
	    "DELETE, OPTIONS", { { "DELETE", ROUTE_UNINVITE } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "records", "{id}", "sign-out" },
	    "POST, OPTIONS", { { "POST", ROUTE_SIGN_OUT } } },
	{ ROUTE_TENANT,
	    { "api", "collections", "{users}", "records", "{id}",
		"remove-factor" },
	    "POST, OPTIONS", { { "POST", ROUTE_FACTOR_REMOVE_OF } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "request-otp" },
	    "POST, OPTIONS", { { "POST", ROUTE_REQUEST_OTP } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "auth-with-otp" },
	    "POST, OPTIONS", { { "POST", ROUTE_AUTH_OTP } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "factor" },
	    "GET, HEAD, OPTIONS", { { "GET", ROUTE_FACTOR } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "request-factor" },
	    "POST, OPTIONS", { { "POST", ROUTE_FACTOR_REQUEST } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "confirm-factor" },
	    "POST, OPTIONS", { { "POST", ROUTE_FACTOR_CONFIRM } } },
	{ ROUTE_TENANT, { "api", "collections", "{users}", "remove-factor" },
	    "POST, OPTIONS", { { "POST", ROUTE_FACTOR_REMOVE } } },
	{ ROUTE_TENANT, { "api", "audit" }, "GET, HEAD, OPTIONS",
	    { { "GET", ROUTE_AUDIT } } },
	{ ROUTE_TENANT, { "api", "keys" }, "GET, HEAD, POST, OPTIONS",
	    { { "GET", ROUTE_KEYS_LIST }, { "POST", ROUTE_KEYS_CREATE } } },
	{ ROUTE_TENANT, { "api", "keys", "{id}" }, "DELETE, OPTIONS",
	    { { "DELETE", ROUTE_KEYS_DELETE } } },
};

static int
matches(const char *pattern, struct str segment)
{
	if (pattern[0] != '{')
		return str_is(segment, pattern);
	if (pattern[1] == 'i')
		return 1;
	return str_is_nocase(segment, USERS_COLLECTION) ||
	       str_is(segment, USERS_COLLECTION_ID);
}

static const struct path *
find_path(enum route_host host, const struct str *segments, size_t n_segments)
{
	const struct path *path = paths;
	size_t i, k;

	for (k = 0; k < sizeof paths / sizeof paths[0]; k++, path++) {
		if (!(path->hosts & (int)host))
			continue;
		for (i = 0; i < n_segments && i < SEGMENTS; i++)
			if (!path->segments[i] ||
			    !matches(path->segments[i], segments[i]))
				break;
		if (i == n_segments && !path->segments[i])
			return path;
	}
	return NULL;
}

enum route
route_find(enum route_host host, struct str method, const struct str *segments,
    size_t n_segments, struct str *id, const char **allow)
{
	const struct path *path = find_path(host, segments, n_segments);
	int i;

	*allow = NULL;
	*id = STR_NONE;
	if (!path)
		return ROUTE_NONE;
	*allow = path->allow;
	for (i = 0; path->segments[i]; i++)
		if (strcmp(path->segments[i], "{id}") == 0)
			*id = segments[i];
	if (str_is(method, "OPTIONS"))
		return ROUTE_OPTIONS;
	if (str_is(method, "HEAD"))
		method = STR("GET");
	for (i = 0; path->methods[i].method; i++)
		if (str_is(method, path->methods[i].method))
			return path->methods[i].route;
	return ROUTE_NONE;
}

int
route_hashes(enum route route)
{
	switch (route) {
	case ROUTE_SIGN_IN:
	case ROUTE_USERS_CREATE:
	case ROUTE_CONFIRM_RESET:
	case ROUTE_CONFIRM_EMAIL:
	case ROUTE_CONFIRM_INVITATION:
		return 1;
	default:
		return 0;
	}
}
