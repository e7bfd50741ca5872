#include "tenants/app.h"

#include <string.h>

#include "tenants/app_parse.h"
#include "tenants/app_scratch.h"
#include "tenants/call_bind.h"
#include "tenants/complaints.h"
#include "tenants/db.h"

struct checker {
	struct app_scratch *scratch;
	const struct app_endpoint *endpoint;
	struct complaints *complaints;
};

#define COMPLAIN(checker, line, ...)                                           \
	complaints_add((checker)->complaints, (checker)->endpoint->file,       \
	    (line), __VA_ARGS__)

/* What SQLite said of a statement that it could not prepare, and where. */
static void
complain_of_sql(struct checker *checker, const struct app_statement *statement)
{
	struct db *db = app_scratch_db(checker->scratch);
	sqlite3 *handle = db_handle(db);
	int at = sqlite3_error_offset(handle);
	const char *reason = db_guard_reason(db);
	int line = statement->line;

	if (at > 0)
		line = app_parse_line(statement->sql, (size_t)at, line);
	COMPLAIN(
	    checker, line, "%s", reason[0] ? reason : sqlite3_errmsg(handle));
}

static void
check_variables(struct checker *checker, sqlite3_stmt *stmt, int line)
{
	int n = sqlite3_bind_parameter_count(stmt), i;
	const char *name;

	for (i = 1; i <= n; i++) {
		name = sqlite3_bind_parameter_name(stmt, i);
		if (!call_bind_known(checker->endpoint, name))
			COMPLAIN(checker, line,
			    "%s is no variable of an endpoint",
			    name ? name : "?");
	}
}

static int
has_column(sqlite3_stmt *stmt, struct str name)
{
	int n = sqlite3_column_count(stmt), i;

	for (i = 0; i < n; i++)
		if (str_is(name, sqlite3_column_name(stmt, i)))
			return 1;
	return 0;
}

/* What the last statement gives, against what the directives promise. */
static void
check_answer(struct checker *checker, sqlite3_stmt *stmt, int line)
{
	const struct app_endpoint *endpoint = checker->endpoint;
	int n = sqlite3_column_count(stmt), i, j;
	const char *name;
	size_t k;

	if (endpoint->returns == APP_NONE)
		return;
	if (n == 0)
		COMPLAIN(checker, line,
		    "returns: %s, but the last statement gives no rows",
		    endpoint->returns == APP_ONE ? "one" : "many");
	for (i = 0; i < n; i++) {
		name = sqlite3_column_name(stmt, i);
		for (j = 0; j < i; j++)
			if (strcmp(name, sqlite3_column_name(stmt, j)) == 0)
				break;
		if (j < i)
			COMPLAIN(checker, line,
			    "two columns are named %s: give one another name "
			    "with AS",
			    name);
	}
	for (k = 0; n > 0 && k < endpoint->n_json; k++)
		if (!has_column(stmt, endpoint->json_columns[k]))
			COMPLAIN(checker, endpoint->json_line,
			    "json: the answer has no column %.*s",
			    STR_FMT(endpoint->json_columns[k]));
}

static void
check_statement(
    struct checker *checker, const struct app_statement *statement, int last)
{
	sqlite3_stmt *stmt;
	const char *tail;

	if (app_scratch_prepare(checker->scratch, statement, &stmt, &tail) !=
	    SQLITE_OK) {
		complain_of_sql(checker, statement);
		return;
	}
	if (!stmt || tail != statement->sql.p + statement->sql.n)
		COMPLAIN(checker, statement->line,
		    "SQLite sees the end of the statement elsewhere");
	else if (sqlite3_stmt_isexplain(stmt))
		COMPLAIN(checker, statement->line,
		    "EXPLAIN shows the database's inside to clients");
	else if (!sqlite3_stmt_readonly(stmt) &&
		 strcmp(checker->endpoint->method, "GET") == 0)
		COMPLAIN(checker, statement->line,
		    "a GET only reads, and this writes");
	if (stmt) {
		check_variables(checker, stmt, statement->line);
		if (last)
			check_answer(checker, stmt, statement->line);
	}
	(void)sqlite3_finalize(stmt);
}

static void
check_endpoints(struct checker *checker, const struct app *app)
{
	const struct app_endpoint *endpoint;
	size_t i, j;

	for (i = 0; i < app->n_endpoints; i++) {
		endpoint = checker->endpoint = app->endpoints[i];
		for (j = 0; j < endpoint->n_statements; j++)
			check_statement(checker, &endpoint->statements[j],
			    j + 1 == endpoint->n_statements);
	}
}

int
app_check(const struct app *app,
    void (*complain)(const char *message, void *arg), void *arg,
    struct err *err)
{
	struct complaints complaints = { complain, arg, err, 0 };
	struct checker checker = { .complaints = &complaints };
	struct err second = ERR_INIT;
	int rc = -1;

	checker.scratch = app_scratch_open(err);
	if (!checker.scratch)
		return -1;
	/* Without its tables there is no sense in looking at what uses them. */
	if (app_scratch_migrate(checker.scratch, app, err) < 0) {
		if (complain)
			complain(err->msg, arg);
	} else {
		check_endpoints(&checker, app);
		rc = complaints_end(&complaints, "application");
	}
	if (app_scratch_close(checker.scratch, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}
