#include "tenants/call_error.h"

#include <string.h>

#include "tenants/base/log.h"

#define CONFLICT_PREFIX "conflict: "

/* Of "UNIQUE constraint failed: issues.project, issues.number" the end. */
static struct str
detail_of(const char *message)
{
	const char *colon = strstr(message, "failed: ");

	return colon ? str_of(colon + strlen("failed: ")) : STR_NONE;
}

static int
is_param(const struct app_endpoint *endpoint, struct str name)
{
	size_t i;

	for (i = 0; i < endpoint->n_params; i++)
		if (str_eq(endpoint->params[i].name, name))
			return 1;
	return 0;
}

/* "issues.project" -> "project" */
static struct str
column_of(struct str name)
{
	size_t dot;

	name = str_trim(name);
	dot = str_find(name, '.', 0);
	return dot < name.n ? str_sub(name, dot + 1, name.n) : name;
}

/*
 * The columns that are parameters; where none is, all of them.  A unique index
 * over an expression has no columns: "index 'name'".
 */
static int
not_unique(const struct app_endpoint *endpoint, struct str detail,
    struct arena *arena, struct faults *faults, struct err *err)
{
	struct str rest, column;
	int only_params;

	for (only_params = 1; only_params >= 0 && !faults->first;
	     only_params--) {
		rest = str_starts(detail, "index ") ? STR_NONE : detail;
		while (str_next(&rest, ',', &column)) {
			column = column_of(column);
			if (!only_params || is_param(endpoint, column))
				faults_not_unique(faults, arena, column);
		}
	}
	return err_set(
	    err, ERR_CONFLICT, "there is a record with these values already");
}

static int
check_failed(const struct app_endpoint *endpoint, struct str detail,
    struct arena *arena, struct faults *faults, struct err *err)
{
	/* An unnamed CHECK has its expression here, which is nobody's business. */
	if (is_param(endpoint, detail))
		faults_add(faults, arena, detail, "validation_check",
		    "Is not a value that is allowed here.");
	return err_set(err, ERR_INPUT, "the values are not allowed");
}

/*
 * A statement that could be prepared and then fails with no code of its own:
 * a search that FTS5 cannot parse, malformed JSON, an overflow.  It comes from
 * the values; if not, the log tells.
 */
static int
unusable(
    const struct app_endpoint *endpoint, const char *message, struct err *err)
{
	log_info("endpoint", "%s: %s", endpoint->file, message);
	return err_set(
	    err, ERR_INPUT, "the statement cannot work with these values");
}

int
call_error(struct db *db, const struct app_endpoint *endpoint,
    struct arena *arena, struct faults *faults, struct err *err)
{
	sqlite3 *handle = db_handle(db);
	int code = sqlite3_extended_errcode(handle);
	const char *message = arena_strz(arena, str_of(sqlite3_errmsg(handle)));
	struct str detail = detail_of(message);

	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return not_unique(endpoint, detail, arena, faults, err);
	case SQLITE_CONSTRAINT_NOTNULL:
		faults_required(faults, arena, column_of(detail));
		return err_set(err, ERR_INPUT, "a value is missing");
	case SQLITE_CONSTRAINT_CHECK:
		return check_failed(endpoint, detail, arena, faults, err);
	case SQLITE_CONSTRAINT_TRIGGER:
		return call_error_raised(message, err);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return call_error_reference(err);
	default:
		break;
	}
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return err_set(err, ERR_INPUT, "the values are not allowed");
	case SQLITE_TOOBIG:
		return err_set(err, ERR_TOO_LARGE,
		    "a value is larger than the database takes");
	case SQLITE_ERROR:
		return unusable(endpoint, message, err);
	case SQLITE_AUTH:
		return err_set(err, ERR_SYSTEM, "%s: %s", endpoint->file,
		    db_guard_reason(db));
	default:
		return db_err(db, err, "%s", endpoint->file);
	}
}

int
call_error_reference(struct err *err)
{
	return err_set(err, ERR_INPUT,
	    "a record that this refers to is not there, or others refer to "
	    "this one");
}

int
call_error_raised(const char *message, struct err *err)
{
	/* ON DELETE RESTRICT is a trigger of SQLite's own making. */
	if (strcmp(message, "FOREIGN KEY constraint failed") == 0)
		return call_error_reference(err);
	if (str_starts(str_of(message), CONFLICT_PREFIX))
		return err_set(
		    err, ERR_CONFLICT, "%s", message + strlen(CONFLICT_PREFIX));
	return err_set(err, ERR_INPUT, "%s", message);
}
