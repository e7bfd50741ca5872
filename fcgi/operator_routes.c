/* What there is below /api/operator, in OpenAPI's order. */
#include "fcgi/operator_call.h"

/* clang-format off */
#define NAMED(text) .name = { text, sizeof(text) - 1 }
#define BETWEEN(least, most) \
	.has_min = 1, .min = least, .has_max = 1, .max = most
#define IN_PATH(text, n) \
	{ NAMED(text), .type = APP_TEXT, .required = 1, .in_path = n }
#define TEXT(text, most) \
	{ NAMED(text), .type = APP_TEXT, .required = 1, BETWEEN(1, most) }
#define MAYBE_TEXT(text, most) \
	{ NAMED(text), .type = APP_TEXT, BETWEEN(1, most) }
#define NUMBER(text, least, most, otherwise) \
	{ NAMED(text), .type = APP_INTEGER, BETWEEN(least, most), \
	    .preset = otherwise }
#define FLAG(text) { NAMED(text), .type = APP_BOOLEAN, .preset = "false" }

#define ROUTE(verb, where, what, code, sent, function, log) \
	{ .endpoint = { .method = verb, .path = where, .summary = what, \
		.status = code, .n_params = sizeof(sent) / sizeof(sent[0]), \
		.params = sent }, \
	    .run = function, .deed = log }
#define JOB(where, what, sent, function, log) \
	{ .endpoint = { .method = "POST", .path = where, .summary = what, \
		.status = 202, .n_params = sizeof(sent) / sizeof(sent[0]), \
		.params = sent }, \
	    .run = function, .deed = log, .job = 1 }
/* clang-format on */

#define API       "/api/operator"
#define TENANT    API "/tenants/{slug}"
#define SLUG_SIZE 200 /* so that what is no slug is told so, and not its size */

static const struct str states[] = { { "active", 6 }, { "suspended", 9 },
	{ "deleted", 7 } };

static const struct app_param list[] = {
	[OPERATOR_MATCH] = MAYBE_TEXT("slug", 60),
	[OPERATOR_STATE] = { NAMED("state"), .type = APP_TEXT, .n_choices = 3,
	    .choices = states },
	[OPERATOR_SORT] = { NAMED("sort"), .type = APP_TEXT, BETWEEN(1, 20),
	    .preset = "slug" },
	[OPERATOR_PAGE] = NUMBER("page", 1, 1000000000, "1"),
	[OPERATOR_PER_PAGE] = NUMBER("perPage", 1, 500, "30"),
	[OPERATOR_SKIP_TOTAL] = FLAG("skipTotal"),
};
static const struct app_param create[] = {
	[OPERATOR_SLUG] = TEXT("slug", SLUG_SIZE),
	[OPERATOR_EMAIL] = TEXT("email", 254),
	[OPERATOR_PASSWORD] = TEXT("password", 256),
	[OPERATOR_NAME] = { NAMED("name"), .type = APP_TEXT, .has_max = 1,
	    .max = 200 },
};
static const struct app_param slug[] = { IN_PATH("slug", 1) };
static const struct app_param confirm[] = { IN_PATH("slug", 1),
	TEXT("confirm", SLUG_SIZE) };
static const struct app_param plan[] = { IN_PATH("slug", 1),
	TEXT("plan", CONFIG_PLAN_NAME) };
static const struct app_param host[] = { IN_PATH("slug", 1),
	IN_PATH("host", 2) };
static const struct app_param invite[] = { TEXT("slug", SLUG_SIZE) };
static const struct app_param entries[] = {
	MAYBE_TEXT("tenant", SLUG_SIZE),
	NUMBER("before", 1, 9007199254740991.0, NULL),
	NUMBER("limit", 1, 500, "50"),
};

static const struct app_param status[] = {
	[OPERATOR_STATUS_MATCH] = MAYBE_TEXT("slug", 60),
	[OPERATOR_STATUS_STATE] = { NAMED("state"), .type = APP_TEXT,
	    .n_choices = 3, .choices = states },
	[OPERATOR_STATUS_SORT] = { NAMED("sort"), .type = APP_TEXT,
	    BETWEEN(1, 20), .preset = "slug" },
	[OPERATOR_STATUS_WRONG] = FLAG("wrong"),
	[OPERATOR_STATUS_PAGE] = NUMBER("page", 1, 1000000000, "1"),
	[OPERATOR_STATUS_PER_PAGE] = NUMBER("perPage", 1, 500, "30"),
};

static const struct app_param restore[] = {
	IN_PATH("slug", 1),
	[OPERATOR_CONFIRM] = MAYBE_TEXT("confirm", SLUG_SIZE),
	[OPERATOR_AT] = MAYBE_TEXT("at", 60),
	[OPERATOR_TXID] = NUMBER("txid", 1, 9007199254740991.0, NULL),
	[OPERATOR_DRY_RUN] = FLAG("dry_run"),
};
static const struct app_param clone[] = {
	IN_PATH("slug", 1),
	[OPERATOR_CONFIRM] = TEXT("to", SLUG_SIZE),
	[OPERATOR_AT] = MAYBE_TEXT("at", 60),
	[OPERATOR_TXID] = NUMBER("txid", 1, 9007199254740991.0, NULL),
};
static const struct app_param import[] = { TEXT("slug", SLUG_SIZE),
	TEXT("file", 200) };
static const struct str job_states[] = { { "waiting", 7 }, { "running", 7 },
	{ "done", 4 }, { "failed", 6 }, { "cancelled", 9 } };
static const struct app_param jobs[] = {
	MAYBE_TEXT("tenant", SLUG_SIZE),
	{ NAMED("state"), .type = APP_TEXT, .n_choices = 5,
	    .choices = job_states },
	NUMBER("page", 1, 1000000000, "1"),
	NUMBER("perPage", 1, 500, "30"),
};
static const struct app_param job[] = { IN_PATH("id", 1) };

static const struct operator_route routes[] = {
	ROUTE("GET", API "/tenants", "Tenants, a page of them.", 200, list,
	    operator_tenants_list, NULL),
	ROUTE("POST", API "/tenants", "A tenant with its owner.", 201, create,
	    operator_tenants_create, "tenant-created"),
	ROUTE("GET", TENANT, "A tenant, with its hosts.", 200, slug,
	    operator_tenants_show, NULL),
	ROUTE("POST", TENANT "/suspend",
	    "Answered 503 from now on; kept and replicated.", 200, slug,
	    operator_tenants_suspend, "tenant-suspended"),
	ROUTE("POST", TENANT "/resume", "Active again.", 200, slug,
	    operator_tenants_resume, "tenant-resumed"),
	ROUTE("POST", TENANT "/delete",
	    "Answered 404 from now on; kept for tenant.grace at least.", 200,
	    confirm, operator_tenants_delete, "tenant-deleted"),
	ROUTE("POST", TENANT "/undelete", "Active again, as it was.", 200, slug,
	    operator_tenants_undelete, "tenant-undeleted"),
	ROUTE("PUT", TENANT "/plan", "Its limits, from its next request on.",
	    200, plan, operator_tenants_plan, "plan-set"),
	ROUTE("PUT", TENANT "/hosts/{host}", "A host of its own.", 200, host,
	    operator_tenants_host_add, "host-added"),
	ROUTE("DELETE", TENANT "/hosts/{host}", "No longer its host.", 204,
	    host, operator_tenants_host_remove, "host-removed"),
	ROUTE("GET", TENANT "/status",
	    "How its replica is, and what it used by day.", 200, slug,
	    operator_status_tenant, NULL),
	JOB(TENANT "/erase",
	    "Nothing of it will be left, here or in the replica.", confirm,
	    operator_jobs_erase, "erase-asked"),
	JOB(TENANT "/restore", "It goes on from another point of its history.",
	    restore, operator_jobs_restore, "restore-asked"),
	JOB(TENANT "/clone", "A new tenant from a point of its history.", clone,
	    operator_jobs_clone, "clone-asked"),
	JOB(TENANT "/export", "Its database as a file.", slug,
	    operator_jobs_export, "export-asked"),
	JOB(TENANT "/verify", "Is its replica what its database is?", slug,
	    operator_jobs_verify, "verify-asked"),
	JOB(TENANT "/points", "Which moments of its history can be restored.",
	    slug, operator_jobs_points, "points-asked"),
	JOB(API "/imports", "A new tenant from a file.", import,
	    operator_jobs_import, "import-asked"),
	ROUTE("GET", API "/status",
	    "How all are: replicated, used, and what is wrong with whom.", 200,
	    status, operator_status_fleet, NULL),
	ROUTE("GET", API "/jobs", "What takes longer, the newest first.", 200,
	    jobs, operator_jobs_list, NULL),
	ROUTE("GET", API "/jobs/{id}", "What has become of one.", 200, job,
	    operator_jobs_show, NULL),
	JOB(API "/jobs/{id}/cancel",
	    "It is not to be done any more; what was done stays.", job,
	    operator_jobs_cancel, "cancel-asked"),
	ROUTE("POST", API "/invitations",
	    "A code to sign up with, for one name.", 200, invite,
	    operator_tenants_invite, "invited"),
	{ .endpoint = { .method = "GET",
	      .path = API "/plans",
	      .summary = "The plans that a tenant may have.",
	      .status = 200 },
	    .run = operator_tenants_plans },
	ROUTE("GET", API "/log",
	    "What was done to which tenant, the newest first.", 200, entries,
	    operator_tenants_log, NULL),
};

const struct operator_route *
operator_routes(size_t *n)
{
	*n = sizeof routes / sizeof routes[0];
	return routes;
}
