#include "tenants/call.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/call_bind.h"
#include "tenants/call_caller.h"
#include "tenants/call_error.h"
#include "tenants/call_rows.h"
#include "tenants/full.h"
#include "tenants/plan.h"

/* How often a tenant's file may be replaced under one write. */
#define REPLACED_MAX 3

int
call_begin_write(const struct call_env *env, struct caller caller,
    struct tenant **tenant, struct err *err)
{
	struct registry_tenant row;
	int i, changed;

	if (full_check(env->config, (*tenant)->row.slug, err) != 0)
		return -1;
	if (env->watch && env->watch->before(env->watch->arg, &caller,
			      (*tenant)->row.slug, err) != 0)
		return -1;
	for (i = 0; i < REPLACED_MAX; i++) {
		changed = tenant_begin_write(*tenant, env->registry, err);
		if (changed < 0)
			return -1;
		if (changed == 0) {
			if (call_caller_check(
				*tenant, &caller, env->arena, err) == 0)
				return 0;
			db_rollback((*tenant)->db);
			return -1;
		}
		row = (*tenant)->row;
		if (registry_find(env->registry, str_of(row.slug), &row, err) <
		    0)
			return -1;
		/* A restore has signed this one out meanwhile. */
		if (caller.role >= APP_MEMBER &&
		    row.generation != (*tenant)->row.generation) {
			err_set(err, ERR_BUSY,
			    "tenant %s was restored while the request waited",
			    row.slug);
			err->retry_after = 1;
			return -1;
		}
		*tenant = tenant_cache_get(env->cache, &row, err);
		if (!*tenant)
			break;
	}
	if (*tenant)
		(void)err_set(err, ERR_BUSY, "tenant %s is being replaced",
		    (*tenant)->row.slug);
	/* A tenant without its file is our trouble, not a 404. */
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_BUSY;
	return -1;
}

int
call_commit(const struct call_env *env, struct tenant *tenant, int *wrote,
    struct err *err)
{
	struct hint hint;
	int written;

	if (wrote)
		*wrote = 0;
	/* The one constraint that is looked at so late is a deferred one. */
	if (db_commit(tenant->db, err) < 0)
		return err->code == ERR_CONFLICT ? call_error_reference(err)
						 : -1;
	memset(&hint, 0, sizeof(hint));
	written = db_take_commit(tenant->db, &hint.commit);
	memcpy(hint.slug, tenant->row.slug, sizeof(hint.slug));
	hint.epoch = tenant->row.epoch;
	if (written)
		hint_send(env->hints, &hint);
	if (env->watch)
		env->watch->after(env->watch->arg, &hint);
	if (wrote)
		*wrote = written;
	return 0;
}

/* One call on its way. */
struct run {
	const struct call_env *env;
	const struct app_endpoint *endpoint;
	struct tenant *tenant;
	struct call_bind bind;
	struct call_rows rows;
	struct plan plan;
	struct faults *faults;
	int writes;
	sqlite3_stmt *stmt[APP_STATEMENTS_MAX];
};

static int
check_access(const struct call *call, struct err *err)
{
	enum app_access needed = call->endpoint->access;

	if (needed != APP_NOBODY && call->caller.role >= needed)
		return 0;
	if (call->caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	return err_set(
	    err, ERR_DENIED, "this needs the role %s", app_access_name(needed));
}

/*
 * Gets the statements, prepared under the guard, and sees whether any of them
 * writes: that is SQLite's to say, not the method's.
 */
static int
prepare(struct run *run, struct err *err)
{
	const struct app_endpoint *endpoint = run->endpoint;
	struct db *db = run->tenant->db;
	const char *reason;
	size_t i;
	int failed = 0;

	run->writes = 0;
	db_guard(db, !endpoint->own);
	for (i = 0; i < endpoint->n_statements && !failed; i++) {
		run->stmt[i] = tenant_statement(
		    run->tenant, endpoint, i, endpoint->statements[i].sql, err);
		failed = !run->stmt[i];
		if (!failed && !sqlite3_stmt_readonly(run->stmt[i]))
			run->writes = 1;
	}
	reason = db_guard_reason(db);
	db_guard(db, 0);
	if (failed) {
		if (reason[0])
			(void)err_set(err, ERR_SYSTEM, "%s", reason);
		return err_wrap(err, "%s:%d", endpoint->file,
		    endpoint->statements[i - 1].line);
	}
	if (run->writes && strcmp(endpoint->method, "GET") == 0)
		return err_set(
		    err, ERR_SYSTEM, "%s: a GET that writes", endpoint->file);
	return 0;
}

/* Steps one statement to its end; the last one's rows are the answer. */
static int
step(struct run *run, size_t i, struct err *err)
{
	sqlite3_stmt *stmt = run->stmt[i];
	int last = i + 1 == run->endpoint->n_statements;
	int rc;

	if (call_bind(&run->bind, stmt, err) < 0)
		goto fail;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		if (last && call_rows_put(&run->rows, stmt, err) < 0)
			goto fail;
	if (rc != SQLITE_DONE)
		return call_error(run->tenant->db, run->endpoint,
		    run->env->arena, run->faults, err);
	if (!last || call_rows_end(&run->rows, stmt, err) == 0)
		return 0;
fail:
	if (err->code == ERR_SYSTEM)
		(void)err_wrap(err, "%s", run->endpoint->file);
	return -1;
}

/* Where it was one of the plan's limits that ended it, says which. */
static void
blame_plan(struct run *run, const struct err *err)
{
	enum plan_limit limit;

	if (err->code == ERR_DEADLINE)
		limit = run->writes ? PLAN_WRITE : PLAN_READ;
	else if (err->code == ERR_TOO_LARGE && run->rows.n > run->rows.rows_max)
		limit = PLAN_ROWS;
	else
		return;
	plan_fault(&run->plan, limit, run->faults, run->env->arena);
}

/* All statements, inside whatever transaction there is. */
static int
execute(struct run *run, struct err *err)
{
	const struct plan *plan = &run->plan;
	struct db *db = run->tenant->db;
	size_t i;
	int rc = 0;

	db_deadline(db,
	    clock_mono_ms() + (run->writes ? plan->write_ms : plan->read_ms));
	db_guard(db, !run->endpoint->own);
	call_rows_begin(&run->rows);
	for (i = 0; i < run->endpoint->n_statements && rc == 0; i++)
		rc = step(run, i, err);
	call_rows_free(&run->rows);
	/* None may be left standing: it would keep its snapshot open. */
	for (i = 0; i < run->endpoint->n_statements; i++)
		(void)sqlite3_reset(run->stmt[i]);
	db_guard(db, 0);
	db_deadline(db, 0);
	if (rc != 0)
		blame_plan(run, err);
	return rc;
}

static int
run_write(struct run *run, int *wrote, struct err *err)
{
	if (call_begin_write(run->env, run->bind.caller, &run->tenant, err) < 0)
		return -1;
	/* Another file, other statements. */
	if (prepare(run, err) < 0 || execute(run, err) < 0) {
		db_rollback(run->tenant->db);
		return -1;
	}
	return call_commit(run->env, run->tenant, wrote, err);
}

static int
run_read(struct run *run, struct err *err)
{
	struct db *db = run->tenant->db;
	int rc;

	/* A single statement sees one state of the file by itself. */
	if (run->endpoint->n_statements == 1)
		return execute(run, err);
	if (db_begin_read(db, err) < 0)
		return -1;
	rc = execute(run, err);
	db_rollback(db);
	return rc;
}

int
call_run(const struct call_env *env, struct tenant *tenant,
    const struct call *call, struct buf *out, int *wrote, struct faults *faults,
    struct err *err)
{
	struct run run = { .env = env,
		.endpoint = call->endpoint,
		.tenant = tenant,
		.faults = faults };

	int rc;

	*wrote = 0;
	if (check_access(call, err) < 0 ||
	    call_bind_read(call, str_of(tenant->row.slug), env->arena,
		&run.bind, faults, err) < 0)
		return -1;
	run.rows.endpoint = call->endpoint;
	plan_of(env->config, &tenant->row, &run.plan);
	run.rows.rows_max = run.plan.rows;
	run.rows.bytes_max = (size_t)env->config->response_max;
	run.rows.out = out;
	rc = prepare(&run, err);
	if (rc == 0)
		rc = run.writes ? run_write(&run, wrote, err)
				: run_read(&run, err);
	/* As a mistake in an endpoint looks, or in what was sent. */
	if (rc != 0 && run.tenant &&
	    (err->code == ERR_SYSTEM || err->code == ERR_INPUT))
		tenant_blame_migration(run.tenant, err);
	return rc;
}
