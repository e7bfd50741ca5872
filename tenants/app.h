#ifndef ROWHOUSE_APP_H
#define ROWHOUSE_APP_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/db.h"

/*
 * The application folder: the product that a founder writes in SQL.
 *
 *	schema/0001_init.sql …      migrations, contiguous from 1
 *	api/tasks/GET.sql           GET /api/tasks
 *	api/tasks/{id}/PATCH.sql    PATCH /api/tasks/123
 *
 * Folders under api/ are named in lower-case letters, digits, '-' and '_', or
 * {name} for a place that takes any value.  Names that begin with a dot are
 * not looked at.
 *
 * An endpoint file begins with a comment of directives, which ends at the first
 * line that is neither blank nor a comment:
 *
 *	-- Tasks of this tenant, newest first.        the first line is its summary
 *	-- access: public | member | admin | owner    who may call it; must be there
 *	-- param: NAME TYPE [required|optional] [default V] [min N] [max N] [one of a, b, …]
 *	-- returns: many | one | none                 must be there
 *	-- json: COLUMN, …                            columns that go out as JSON
 *	-- status: N                                  default 200; 204 for none
 *
 * A comment line that begins with another lower-case word and a colon is taken
 * for a mistyped directive.
 *
 * TYPE is text, integer, number, boolean or json.  min and max bound a number's
 * value (exactly up to 2^53) and a text's length in characters.  A parameter is
 * required unless it is optional or has a default; null is taken for an
 * optional one, and stands for the default where there is one.  An empty text
 * counts as sent: `min 1` refuses it.  V is one word, or 'several words'.
 * A name in the path ({id}) is a required parameter and may be declared to give
 * it a type (text otherwise).
 *
 * :NAME	what the client sent, bound as TEXT, INTEGER, REAL (number),
 *		0 or 1 (boolean) or JSON text (json); NULL where it did not
 * @has_NAME	1 where the client sent it, be it null; else 0
 * @user_id	of who calls; NULL for a guest
 * @role	'owner', 'admin', 'member' or 'public'
 * @tenant	the slug
 * @now		'2026-11-23 10:00:00.123Z', the same throughout a call
 * @new_id	15 random characters of [a-z0-9], the same throughout a call
 *
 * Any other variable is an error, and so is a parameter that is not used.
 *
 * `many` answers {"items": [row, …]}; `one` the row, 404 where there is none;
 * `none` nothing.  The rows are those of the last statement.  Where that of a
 * `none` gives rows all the same (DELETE … RETURNING id), it must give one at
 * least, else 404.  A 404 leaves nothing changed.
 *
 * RAISE(ABORT, 'text') in a trigger is a 400 with that text; it is a 409 where
 * the text begins with "conflict: ", which is not shown.  A constraint that
 * bears the name of a parameter (CONSTRAINT title CHECK …) is reported as that
 * parameter's fault.
 */
enum app_access { APP_NOBODY, APP_PUBLIC, APP_MEMBER, APP_ADMIN, APP_OWNER };
enum app_type { APP_TEXT, APP_INTEGER, APP_NUMBER, APP_BOOLEAN, APP_JSON };
enum app_returns { APP_MANY, APP_ONE, APP_NONE };

struct app_param {
	struct str name;
	enum app_type type;
	int required;
	int in_path;			/* n for the n-th {name}, from 1; 0 */
	int has_min, has_max;
	double min, max;
	const char *preset;		/* text of the default, or NULL */
	size_t n_choices;
	const struct str *choices;
	int line;			/* where it is declared; 0 = nowhere */
};

/* One of an endpoint's statements, without the semicolon. */
struct app_statement {
	struct str sql;
	int line;			/* of its first byte, for messages */
};

#define APP_STATEMENTS_MAX 16		/* of an endpoint */

struct app_endpoint {
	const char *file;		/* as found, for messages */
	const char *method;		/* GET POST PUT PATCH DELETE */
	const char *path;		/* "/api/tasks/{id}" */
	size_t n_segments;
	const struct str *segments;	/* "api", "tasks", "{id}" */
	const char *summary;		/* "" = none */
	enum app_access access;
	enum app_returns returns;
	int status;
	int own;			/* Rowhouse's: no guard over it */
	size_t n_params;
	const struct app_param *params;
	size_t n_json;
	const struct str *json_columns;
	int json_line;			/* of the directive */
	size_t n_statements;
	const struct app_statement *statements;
	size_t index;			/* in app->endpoints */
};

struct app_migration {
	int number;			/* from 1 */
	const char *name;		/* "0001_init.sql" */
	const char *file;
	struct str sql;
};

struct app {
	size_t n_endpoints;
	const struct app_endpoint *const *endpoints;
	size_t n_migrations;
	const struct app_migration *migrations;
	/* the rest is app.c's and app_route.c's own: */
	struct arena *arena;
	const struct app_place *root;
};

/*
 * Reads and checks the whole folder: every mistake is reported as
 * "file:line: what" through complain(), and -1 returned at the end; NULL means
 * that only the first goes into *err.
 */
struct app *app_load(const char *dir,
    void (*complain)(const char *message, void *arg), void *arg,
    struct err *err);
void app_free(struct app *app);

/*
 * The rest of the check, which needs SQLite: all migrations on a scratch
 * database (in $TMPDIR), then every endpoint's statements prepared there under
 * the guard, each variable known, a GET read-only, an answer where one is
 * promised, columns named in json: there and no column twice.
 */
int app_check(const struct app *app,
    void (*complain)(const char *message, void *arg), void *arg,
    struct err *err);

/*
 * The endpoint for a path ("/api/tasks/7", decoded segment by segment) and
 * method.  NULL with *allow (in the arena) = "GET, PATCH" where the path is
 * known and the method is not, NULL with *allow == NULL where nothing is.  A
 * literal segment beats {name}; no {name} stands for an empty segment.
 * values[i] is what stood for the i-th {name} of the path.
 */
#define APP_PATH_MAX 12		/* segments */
const struct app_endpoint *app_route(const struct app *app, struct str method,
    const struct str *segments, size_t n_segments, struct arena *arena,
    struct str values[APP_PATH_MAX], const char **allow);

const char *app_access_name(enum app_access access);

#endif
