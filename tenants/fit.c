#include "tenants/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/app_parse.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"
#include "tenants/hint.h"
#include "tenants/migrate.h"
#include "tenants/point.h"
#include "tenants/system_schema.h"

#define POINT_MS   1000 /* for which a first request may be held up */
#define SCHEMAS    8 /* of which the verdict is kept */
#define FAILURES   1024
#define SCHEMA_MAX ((size_t)16 << 20)
#define RETRY_S    30

/* What was found out about all files of a schema. */
struct verdict {
	unsigned char schema[32];
	int known;
	struct err err; /* code ERR_NONE: it fits */
};

/* A migration that failed, by the tenant. */
struct failure {
	char uid[REGISTRY_UID + 1];
	int64_t again_ms;
	struct err err;
};

struct fit {
	const struct config *config;
	const struct app *app;
	struct point *point;
	struct hint_sender *hints;
	struct verdict verdict[SCHEMAS];
	unsigned next; /* verdict to be forgotten */
	struct failure **failure; /* FAILURES of them, by uid; or NULL */
};

struct fit *
fit_new(const struct config *config, const struct app *app)
{
	struct fit *fit = calloc(1, sizeof(*fit));

	if (fit == NULL)
		err_die("out of memory");
	fit->config = config;
	fit->app = app;
	fit->point = point_new(config, POINT_MS);
	fit->hints = hint_sender_new(config);
	return fit;
}

void
fit_free(struct fit *fit)
{
	size_t i;

	if (fit == NULL)
		return;
	for (i = 0; fit->failure != NULL && i < FAILURES; i++)
		free(fit->failure[i]);
	free(fit->failure);
	hint_sender_free(fit->hints);
	point_free(fit->point);
	free(fit);
}

/* --- does it fit? --------------------------------------------------------- */

static int
prepare(const struct app_endpoint *endpoint,
    const struct app_statement *statement, struct db *db, struct err *err)
{
	sqlite3 *handle = db_handle(db);
	sqlite3_stmt *stmt = NULL;
	const char *reason;
	int at, rc;

	db_guard(db, 1);
	rc = sqlite3_prepare_v2(
	    handle, statement->sql.p, (int)statement->sql.n, &stmt, NULL);
	reason = db_guard_reason(db);
	db_guard(db, 0);
	(void)sqlite3_finalize(stmt);
	if (rc == SQLITE_OK)
		return 0;
	at = sqlite3_error_offset(handle);
	return err_set(err, ERR_BUSY, "%s:%d: %s", endpoint->file,
	    at > 0 ? app_parse_line(statement->sql, (size_t)at, statement->line)
		   : statement->line,
	    reason[0] ? reason : sqlite3_errmsg(handle));
}

/* Can every endpoint be prepared?  ERR_BUSY names the first that cannot. */
static int
prepare_all(const struct app *app, struct db *db, struct err *err)
{
	size_t i, j;

	for (i = 0; i < app->n_endpoints; i++) {
		const struct app_endpoint *endpoint = app->endpoints[i];

		for (j = 0; j < endpoint->n_statements; j++)
			if (prepare(endpoint, &endpoint->statements[j], db,
				err) != 0)
				return -1;
	}
	return 0;
}

/* A hash of the whole schema. */
static int
hash_schema(struct db *db, unsigned char out[32], struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db,
	    "SELECT type, name, tbl_name, sql FROM sqlite_schema"
	    " ORDER BY type, name",
	    err);
	struct buf all;
	int i, rc;

	if (stmt == NULL)
		return -1;
	buf_init(&all, SCHEMA_MAX);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		for (i = 0; i < 4; i++) {
			const char *text =
			    (const char *)sqlite3_column_text(stmt, i);

			buf_puts(&all, text != NULL ? text : "");
			buf_putc(&all, '\0');
		}
	if (rc != SQLITE_DONE)
		db_err(db, err, "sqlite_schema");
	(void)sqlite3_finalize(stmt);
	crypto_sha256(buf_view(&all), out);
	rc = rc == SQLITE_DONE ? buf_check(&all, "the schema", err) : -1;
	buf_free(&all);
	return rc;
}

/* Once for each schema. */
static int
fits(struct fit *fit, struct db *db, struct err *err)
{
	unsigned char schema[32];
	struct verdict *verdict;
	unsigned i;

	if (hash_schema(db, schema, err) != 0)
		return -1;
	for (i = 0; i < SCHEMAS; i++) {
		verdict = &fit->verdict[i];
		if (verdict->known &&
		    memcmp(verdict->schema, schema, sizeof(schema)) == 0)
			goto found;
	}
	verdict = &fit->verdict[fit->next++ % SCHEMAS];
	memcpy(verdict->schema, schema, sizeof(schema));
	verdict->known = 1;
	err_clear(&verdict->err);
	if (prepare_all(fit->app, db, &verdict->err) != 0)
		verdict->err.retry_after = RETRY_S;
found:
	if (verdict->err.code == ERR_NONE)
		return 0;
	*err = verdict->err;
	return -1;
}

/* --- ahead ------------------------------------------------------------------ */

static int
check_ahead(struct fit *fit, struct db *db, const struct migrate_state *state,
    struct err *err)
{
	if (state->own > SYSTEM_SCHEMA && state->own_least > SYSTEM_SCHEMA) {
		err_set(err, ERR_BUSY,
		    "%s is at system schema %lld, which only releases from "
		    "%lld "
		    "on may serve; this one knows %d",
		    db_path(db), (long long)state->own,
		    (long long)state->own_least, SYSTEM_SCHEMA);
		err->retry_after = RETRY_S;
		return err_hint(err, "start the release that migrated it, or a "
				     "newer");
	}
	if (fits(fit, db, err) == 0)
		return 0;
	err_wrap(err, "is at migration %lld and the application at %zu",
	    (long long)state->applied, fit->app->n_migrations);
	return err_hint(err, "start the release that migrated it, or a newer");
}

/* --- behind ----------------------------------------------------------------- */

static struct failure **
place_of(struct fit *fit, const char *uid)
{
	uint32_t h = 2166136261u;

	if (fit->failure == NULL) {
		fit->failure = calloc(FAILURES, sizeof(*fit->failure));
		if (fit->failure == NULL)
			err_die("out of memory");
	}
	for (; *uid != '\0'; uid++)
		h = (h ^ (unsigned char)*uid) * 16777619u;
	return &fit->failure[(h ^ h >> 16) % FAILURES];
}

/* The one of this tenant that is still to be believed, or NULL. */
static const struct failure *
remembered(struct fit *fit, const char *uid)
{
	const struct failure *failure;

	if (fit->failure == NULL)
		return NULL;
	failure = *place_of(fit, uid);
	if (failure == NULL || strcmp(failure->uid, uid) != 0 ||
	    failure->again_ms <= clock_mono_ms())
		return NULL;
	return failure;
}

static const struct failure *
remember(
    struct fit *fit, const struct registry_tenant *row, const struct err *why)
{
	struct failure **place = place_of(fit, row->uid);

	if (*place == NULL && (*place = calloc(1, sizeof(**place))) == NULL)
		err_die("out of memory");
	memcpy((*place)->uid, row->uid, sizeof((*place)->uid));
	(*place)->again_ms = clock_mono_ms() + FIT_RETRY_MS;
	(*place)->err = *why;
	return *place;
}

/* What goes on with the next attempt is no fault of the migration. */
static int
is_failure(const struct err *err)
{
	return err->code != ERR_BUSY && err->code != ERR_CORRUPT;
}

struct begun {
	struct fit *fit;
	const struct registry_tenant *row;
};

static int
on_begun(void *arg, struct db *db, char *point, struct err *err)
{
	const struct begun *begun = arg;

	(void)db;
	(void)err;
	if (point != NULL)
		point_ask(begun->fit->point, begun->row, point);
	return 0;
}

static int
run(struct fit *fit, struct db *db, const struct registry_tenant *row,
    int own_only, struct err *err)
{
	struct begun begun = { fit, row };
	struct migrate_job job = { .slug = row->slug,
		.uid = row->uid,
		.own_only = own_only,
		.begun = on_begun,
		.arg = &begun };
	struct hint hint = { .epoch = row->epoch };

	if (migrate_run(db, fit->app, &job, err) != 0)
		return -1;
	if (db_take_commit(db, &hint.commit)) {
		(void)str_copy(str_of(row->slug), hint.slug, sizeof(hint.slug));
		hint_send(fit->hints, &hint);
	}
	return 0;
}

/* The migration failed, now or a while ago. */
static int
serve_behind(struct fit *fit, struct db *db, const struct failure *failure,
    struct err *err)
{
	if (fits(fit, db, err) == 0)
		return 0;
	if (err->code != ERR_BUSY)
		return -1;
	/* What failed comes first; then why it cannot be done without. */
	return err_wrap(
	    err, "migration failed: %s; and without it", failure->err.msg);
}

static int
bring_up(struct fit *fit, struct db *db, const struct registry_tenant *row,
    int own_pending, struct fit_found *out, struct err *err)
{
	const struct failure *failure = remembered(fit, row->uid);
	int rc, first = failure == NULL;

	if (first) {
		if (run(fit, db, row, 0, err) == 0) {
			out->applied = (int64_t)fit->app->n_migrations;
			return 0;
		}
		if (!is_failure(err))
			return -1;
		failure = remember(fit, row, err);
	}
	out->again_ms = failure->again_ms;
	/* Rowhouse's own part moves on without the application's. */
	rc = own_pending ? run(fit, db, row, 1, err)
			 : migrate_check_owner(db, row->slug, row->uid, err);
	if (rc == 0)
		rc = serve_behind(fit, db, failure, err);
	if (first)
		log_warn("migration-failed", "tenant %s: %s; %s", row->slug,
		    failure->err.msg,
		    rc == 0 ? "it is served as it was" : "it is not served");
	return rc;
}

/* Which way?  Neither is right: it is at this application's version. */
static int
look(const struct fit *fit, struct db *db, struct migrate_state *state,
    int *ahead, int *behind, struct err *err)
{
	if (migrate_look(db, state, err) != 0)
		return -1;
	*ahead = migrate_is_ahead(state, fit->app);
	*behind = !*ahead &&
		  (state->own < SYSTEM_SCHEMA ||
		      state->applied < (int64_t)fit->app->n_migrations);
	return 0;
}

int
fit_look(struct fit *fit, struct db *db, const struct registry_tenant *row,
    int *ahead, int *behind, struct err *err)
{
	struct migrate_state state;

	if (look(fit, db, &state, ahead, behind, err) != 0 ||
	    migrate_check_owner(db, row->slug, row->uid, err) != 0)
		return -1;
	return *ahead ? check_ahead(fit, db, &state, err) : 0;
}

int
fit_check(struct fit *fit, struct db *db, const struct registry_tenant *row,
    struct fit_found *out, struct err *err)
{
	struct migrate_state state;
	int ahead, behind;

	(void)hint_flush(fit->hints);
	if (look(fit, db, &state, &ahead, &behind, err) != 0)
		return -1;
	*out = (struct fit_found){ .applied = state.applied };
	if (behind)
		return bring_up(
		    fit, db, row, state.own < SYSTEM_SCHEMA, out, err);
	if (migrate_check_owner(db, row->slug, row->uid, err) != 0)
		return -1;
	return ahead ? check_ahead(fit, db, &state, err) : 0;
}
