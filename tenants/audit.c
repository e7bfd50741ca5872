/*
 * Entries go in at one end and are pruned at the other, by whoever writes the
 * next one: of the oldest few those that are too old or too many.  A log that
 * is over its bounds by much (since nothing happened for a year) gets back into
 * them little by little, and no single request pays for it.
 */
#include "tenants/audit.h"

#include "tenants/base/clock.h"
#include "tenants/stamp.h"
#include "tenants/users_row.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define AGE_MS (400 * DAY_MS)

enum statement { INSERT, PRUNE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[INSERT] = "INSERT INTO _audit"
		   " (at, user, email, address, action, about, old, new)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[PRUNE] =
	    "DELETE FROM _audit WHERE id IN (SELECT id FROM"
	    " (SELECT id, at FROM _audit ORDER BY id LIMIT 8)"
	    " WHERE id <= (SELECT max(id) FROM _audit) - 100000 OR at < ?1)",
};

static const struct str names[AUDIT_ACTIONS] = {
	[AUDIT_SIGNED_IN] = { "signed-in", 9 },
	[AUDIT_SIGNED_OUT] = { "signed-out", 10 },
	[AUDIT_PASSWORD_CHANGED] = { "password-changed", 16 },
	[AUDIT_EMAIL_CHANGED] = { "email-changed", 13 },
	[AUDIT_ROLE_CHANGED] = { "role-changed", 12 },
	[AUDIT_USER_CREATED] = { "user-created", 12 },
	[AUDIT_USER_INVITED] = { "user-invited", 12 },
	[AUDIT_USER_JOINED] = { "user-joined", 11 },
	[AUDIT_USER_REMOVED] = { "user-removed", 12 },
	[AUDIT_KEY_MADE] = { "key-made", 8 },
	[AUDIT_KEY_REVOKED] = { "key-revoked", 11 },
	[AUDIT_FACTOR_ON] = { "factor-on", 9 },
	[AUDIT_FACTOR_OFF] = { "factor-off", 10 },
};

static const struct app_param params[] = {
	{ .name = { "user", 4 }, .type = APP_TEXT, .has_max = 1, .max = 40 },
	{ .name = { "action", 6 },
	    .type = APP_TEXT,
	    .n_choices = AUDIT_ACTIONS,
	    .choices = names },
	{ .name = { "before", 6 },
	    .type = APP_INTEGER,
	    .preset = "9007199254740991" },
	{ .name = { "limit", 5 },
	    .type = APP_INTEGER,
	    .preset = "50",
	    .has_min = 1,
	    .min = 1,
	    .has_max = 1,
	    .max = 200 },
};

#define LIST                                                                   \
	"SELECT id, at, user, email, address, action, about, old, new"         \
	" FROM _audit WHERE id < :before"                                      \
	" AND (:user IS NULL OR user = :user)"                                 \
	" AND (:action IS NULL OR action = :action)"                           \
	" ORDER BY id DESC LIMIT :limit"

static const struct app_statement list = { { LIST, sizeof(LIST) - 1 }, 1 };

static const struct app_endpoint endpoint = {
	.file = "audit",
	.method = "GET",
	.path = "/api/audit",
	.access = APP_ADMIN,
	.returns = APP_MANY,
	.status = 200,
	.own = 1,
	.n_params = sizeof(params) / sizeof(params[0]),
	.params = params,
	.n_statements = 1,
	.statements = &list,
};

const struct app_endpoint *
audit_endpoint(void)
{
	return &endpoint;
}

const char *
audit_action_name(enum audit_action action)
{
	return names[action].p;
}

static sqlite3_stmt *
statement(struct tenant *tenant, enum statement which, struct err *err)
{
	return tenant_statement(
	    tenant, sql, (size_t)which, str_of(sql[which]), err);
}

int
audit_write(struct tenant *tenant, struct caller caller,
    const struct audit_entry *entry, struct err *err)
{
	int64_t now_ms = clock_wall_ms();
	char now[STAMP_TEXT], oldest[STAMP_TEXT];
	sqlite3_stmt *stmt;

	stamp_format(now_ms, now);
	stamp_format(now_ms - AGE_MS, oldest);
	stmt = statement(tenant, INSERT, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, str_of(now));
	users_row_bind_text(stmt, 2, caller.user_id);
	users_row_bind_text(stmt, 3, caller.email);
	users_row_bind_text(stmt, 4, caller.address);
	users_row_bind_text(stmt, 5, names[entry->action]);
	users_row_bind_text(stmt, 6, entry->about);
	users_row_bind_text(stmt, 7, entry->old);
	users_row_bind_text(stmt, 8, entry->new);
	if (tenant_run(tenant, stmt, "audit", err) < 0)
		return -1;
	stmt = statement(tenant, PRUNE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, str_of(oldest));
	return tenant_run(tenant, stmt, "audit", err);
}
