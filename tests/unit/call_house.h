#ifndef ROWHOUSE_TESTS_CALL_HOUSE_H
#define ROWHOUSE_TESTS_CALL_HOUSE_H

/*
 * A whole house for a test: configuration, registry, application, and the
 * tenant acme with its owner, opened as a worker opens it.
 */

#include "tenants/base/crypto.h"
#include "tenants/call.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/users.h"
#include "tests/unit/scratch.h"

#define HOUSE_OWNER    "owner@example.com"
#define HOUSE_PASSWORD "correct horse"

struct house {
	struct scratch scratch;
	struct config config;
	struct app *app;
	struct call_env env;
	struct registry_tenant row;
	struct tenant *tenant;
};

struct house_file {
	const char *name; /* below the application folder */
	const char *text;
};

static inline void
house_tenant(struct house *house)
{
	struct err err = ERR_INIT;

	if (registry_find(
		house->env.registry, STR("acme"), &house->row, &err) != 0)
		fail_msg("%s", err.msg);
	house->tenant = tenant_cache_get(house->env.cache, &house->row, &err);
	if (!house->tenant)
		fail_msg("%s", err.msg);
}

static inline void
house_build(struct house *house, const struct house_file *files, size_t n)
{
	static const struct lifecycle_owner owner = { STR(HOUSE_OWNER),
		STR(HOUSE_PASSWORD), STR("The owner") };
	struct err err = ERR_INIT;
	char name[128];
	size_t i;

	memset(house, 0, sizeof(*house));
	scratch_make(&house->scratch);
	/* The cheapest hashes there are. */
	scratch_write(&house->scratch, "rowhouse.conf",
	    "data = data\napp = app\n"
	    "password.passes = 1\npassword.memory = 8KiB\n");
	scratch_write(&house->scratch, "app/.keep", "");
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "app/%s", files[i].name);
		scratch_write(&house->scratch, name, files[i].text);
	}
	if (crypto_init(&err) != 0 ||
	    config_load(&house->config,
		scratch_path(&house->scratch, "rowhouse.conf"), &err) != 0)
		fail_msg("%s", err.msg);
	house->env.config = &house->config;
	house->env.arena = arena_new(64 << 20);
	house->env.hints = hint_sender_new(&house->config);
	house->app = app_load(house->config.app, NULL, NULL, &err);
	if (!house->app || app_check(house->app, NULL, NULL, &err) != 0)
		fail_msg("%s", err.msg);
	house->env.registry = registry_open(&house->config, DB_SERVE, 1, &err);
	if (!house->env.registry ||
	    lifecycle_create(&house->config, house->env.registry, house->app,
		STR("acme"), &owner, &err) != 0)
		fail_msg("%s", err.msg);
	house->env.cache = tenant_cache_new(&house->config, house->app);
	house_tenant(house);
}

static inline void
house_raze(struct house *house)
{
	tenant_cache_free(house->env.cache);
	registry_close(house->env.registry);
	hint_sender_free(house->env.hints);
	app_free(house->app);
	arena_free(house->env.arena);
	scratch_remove(&house->scratch);
}

/* Our own SQL on the tenant's file. */
static inline void
house_sql(struct house *house, const char *sql)
{
	struct err err = ERR_INIT;

	if (db_exec(house->tenant->db, sql, &err) != 0)
		fail_msg("%s", err.msg);
}

static inline int64_t
house_int(struct house *house, const char *sql)
{
	struct err err = ERR_INIT;
	int64_t v = -1;

	if (db_int(house->tenant->db, sql, &v, &err) != 0)
		fail_msg("%s", err.msg);
	return v;
}

/* "email: required: …" of "validation_required", in the order they were found. */
static inline void
house_faults(const struct faults *faults, char *out, size_t size)
{
	const struct fault *fault;
	size_t skip;

	out[0] = '\0';
	for (fault = faults->first; fault; fault = fault->next) {
		skip = str_starts(str_of(fault->code), "validation_") ? 11 : 0;
		snprintf(out + strlen(out), size - strlen(out),
		    "%s%.*s: %s: %s", out[0] ? "\n" : "", STR_FMT(fault->field),
		    fault->code + skip, fault->message);
	}
}

#endif
