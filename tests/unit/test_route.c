#include "fcgi/route.h"

#include "tests/unit/unit.h"

#define HEALTH  "GET, HEAD, OPTIONS"
#define SIGN_IN "POST, OPTIONS"
#define RECORDS "GET, HEAD, POST, OPTIONS"
#define RECORD  "GET, HEAD, PATCH, DELETE, OPTIONS"

static const struct {
	enum route_host host;
	const char *method, *path;
	enum route route;
	const char *allow, *id;
} cases[] = {
	{ ROUTE_PLATFORM, "GET", "api/health", ROUTE_HEALTH, HEALTH, NULL },
	{ ROUTE_TENANT, "GET", "api/health", ROUTE_HEALTH, HEALTH, NULL },
	{ ROUTE_TENANT, "HEAD", "api/health", ROUTE_HEALTH, HEALTH, NULL },
	{ ROUTE_TENANT, "OPTIONS", "api/health", ROUTE_OPTIONS, HEALTH, NULL },
	{ ROUTE_TENANT, "GET", "api/openapi.json", ROUTE_OPENAPI, HEALTH, NULL },
	{ ROUTE_PLATFORM, "GET", "api/openapi.json", ROUTE_OPENAPI, HEALTH,
	    NULL },
	{ ROUTE_MACHINE, "GET", "api/domains/ask", ROUTE_ASK, HEALTH, NULL },
	{ ROUTE_MACHINE, "GET", "api/health", ROUTE_HEALTH, HEALTH, NULL },
	{ ROUTE_PLATFORM, "GET", "api/domains/ask", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "api/domains/ask", ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "GET", "api/signup", ROUTE_SIGN_UP_HOW, HEALTH,
	    NULL },
	{ ROUTE_TENANT, "GET", "api/signup", ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "POST", "api/tenants", ROUTE_SIGN_UP, SIGN_IN, NULL },
	{ ROUTE_PLATFORM, "GET", "api/tenants", ROUTE_NONE, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/tenants", ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "GET", "metrics", ROUTE_METRICS, HEALTH, NULL },
	{ ROUTE_PLATFORM, "POST", "metrics", ROUTE_NONE, HEALTH, NULL },
	{ ROUTE_PLATFORM, "GET", "api/metrics", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "metrics", ROUTE_NONE, NULL, NULL },
	{ ROUTE_MACHINE, "GET", "metrics", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "POST", "api/health", ROUTE_NONE, HEALTH, NULL },
	{ ROUTE_TENANT, "get", "api/health", ROUTE_NONE, HEALTH, NULL },
	{ ROUTE_TENANT, "", "api/health", ROUTE_NONE, HEALTH, NULL },
	{ ROUTE_TENANT, "GET", "api/Health", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "api/health/x", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "api", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "OPTIONS", "api/tasks", ROUTE_NONE, NULL, NULL },

	{ ROUTE_TENANT, "GET", "api/collections/users/auth-methods",
	    ROUTE_AUTH_METHODS, HEALTH, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/auth-with-password",
	    ROUTE_SIGN_IN, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/Users/auth-with-password",
	    ROUTE_SIGN_IN, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST",
	    "api/collections/_pb_users_auth_/auth-with-password", ROUTE_SIGN_IN,
	    SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/_users/auth-with-password",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "api/collections/users/auth-with-password",
	    ROUTE_NONE, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/auth-refresh",
	    ROUTE_REFRESH, SIGN_IN, NULL },

	{ ROUTE_TENANT, "GET", "api/collections/users/records",
	    ROUTE_USERS_LIST, RECORDS, NULL },
	{ ROUTE_TENANT, "HEAD", "api/collections/users/records",
	    ROUTE_USERS_LIST, RECORDS, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/records",
	    ROUTE_USERS_CREATE, RECORDS, NULL },
	{ ROUTE_TENANT, "DELETE", "api/collections/users/records", ROUTE_NONE,
	    RECORDS, NULL },
	{ ROUTE_TENANT, "GET", "api/collections/users/records/7",
	    ROUTE_USERS_VIEW, RECORD, "7" },
	{ ROUTE_TENANT, "PATCH", "api/collections/users/records/7",
	    ROUTE_USERS_UPDATE, RECORD, "7" },
	{ ROUTE_TENANT, "DELETE", "api/collections/users/records/7",
	    ROUTE_USERS_DELETE, RECORD, "7" },
	{ ROUTE_TENANT, "POST", "api/collections/users/records/7/sign-out",
	    ROUTE_SIGN_OUT, SIGN_IN, "7" },
	{ ROUTE_TENANT, "GET", "api/collections/users/records/7/sign-out",
	    ROUTE_NONE, SIGN_IN, "7" },
	{ ROUTE_TENANT, "POST", "api/collections/users/records/7/sign-in",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/records/7/sign-out/8",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "POST",
	    "api/collections/users/records/7/remove-factor",
	    ROUTE_FACTOR_REMOVE_OF, SIGN_IN, "7" },
	{ ROUTE_TENANT, "POST", "api/collections/users/remove-factor",
	    ROUTE_FACTOR_REMOVE, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/auth-with-otp",
	    ROUTE_AUTH_OTP, SIGN_IN, NULL },
	{ ROUTE_TENANT, "GET", "api/collections/users/factor", ROUTE_FACTOR,
	    HEALTH, NULL },
	{ ROUTE_TENANT, "GET", "api/audit", ROUTE_AUDIT, HEALTH, NULL },
	{ ROUTE_PLATFORM, "GET", "api/audit", ROUTE_NONE, NULL, NULL },
	{ ROUTE_TENANT, "GET", "api/keys", ROUTE_KEYS_LIST, RECORDS, NULL },
	{ ROUTE_TENANT, "POST", "api/keys", ROUTE_KEYS_CREATE, RECORDS, NULL },
	{ ROUTE_TENANT, "DELETE", "api/keys/7", ROUTE_KEYS_DELETE,
	    "DELETE, OPTIONS", "7" },
	{ ROUTE_TENANT, "GET", "api/keys/7", ROUTE_NONE, "DELETE, OPTIONS",
	    "7" },
	{ ROUTE_TENANT, "PUT", "api/collections/users/records/7", ROUTE_NONE,
	    RECORD, "7" },
	{ ROUTE_TENANT, "GET", "api/collections/users/records/7/x", ROUTE_NONE,
	    NULL, NULL },
	{ ROUTE_TENANT, "GET", "api/collections/tasks/records/7", ROUTE_NONE,
	    NULL, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/request-password-reset",
	    ROUTE_REQUEST_RESET, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/confirm-password-reset",
	    ROUTE_CONFIRM_RESET, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/request-verification",
	    ROUTE_REQUEST_VERIFICATION, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/confirm-verification",
	    ROUTE_CONFIRM_VERIFICATION, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/request-email-change",
	    ROUTE_REQUEST_EMAIL, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/confirm-email-change",
	    ROUTE_CONFIRM_EMAIL, SIGN_IN, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/confirm-invitation",
	    ROUTE_CONFIRM_INVITATION, SIGN_IN, NULL },
	{ ROUTE_TENANT, "GET", "api/collections/users/invitations",
	    ROUTE_INVITED, RECORDS, NULL },
	{ ROUTE_TENANT, "POST", "api/collections/users/invitations",
	    ROUTE_INVITE, RECORDS, NULL },
	{ ROUTE_TENANT, "DELETE", "api/collections/users/invitations/7",
	    ROUTE_UNINVITE, "DELETE, OPTIONS", "7" },
	{ ROUTE_TENANT, "GET", "api/collections/users/invitations/7",
	    ROUTE_NONE, "DELETE, OPTIONS", "7" },

	/* Nobody signs in at the platform's own host. */
	{ ROUTE_PLATFORM, "POST",
	    "api/collections/users/request-password-reset", ROUTE_NONE, NULL,
	    NULL },
	{ ROUTE_PLATFORM, "GET", "api/collections/users/auth-methods",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "POST", "api/collections/users/auth-with-password",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "POST", "api/collections/users/auth-refresh",
	    ROUTE_NONE, NULL, NULL },
	{ ROUTE_PLATFORM, "GET", "api/collections/users/records", ROUTE_NONE,
	    NULL, NULL },
	{ ROUTE_PLATFORM, "GET", "api/collections/users/records/7", ROUTE_NONE,
	    NULL, NULL },
};

static void
routes(void **state)
{
	struct str segments[16], rest, id;
	const char *allow;
	enum route route;
	size_t i, n;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		rest = str_of(cases[i].path);
		n = 0;
		if (rest.n > 0)
			while (str_next(&rest, '/', &segments[n]))
				n++;
		route = route_find(cases[i].host, str_of(cases[i].method),
		    segments, n, &id, &allow);
		if (route != cases[i].route || !allow != !cases[i].allow ||
		    !str_eq(id, str_of(cases[i].id)))
			fail_msg("%s %s: route %d, %s", cases[i].method,
			    cases[i].path, (int)route, allow ? allow : "404");
		if (allow)
			assert_string_equal(allow, cases[i].allow);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
