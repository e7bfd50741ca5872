#include "tenants/app_describe.h"

#include <string.h>

#include "tenants/app_scratch.h"
#include "tenants/app_sql.h"
#include "tenants/base/json.h"

struct describer {
	struct app_scratch *scratch;
	struct buf *out;
	int no_types; /* a view hides a UNION */
};

static int
takes_query(const struct app_endpoint *endpoint)
{
	return strcmp(endpoint->method, "GET") == 0 ||
	       strcmp(endpoint->method, "DELETE") == 0;
}

/* --- parameters ---------------------------------------------------------- */

static const char *const types[] = {
	[APP_TEXT] = "string",
	[APP_INTEGER] = "integer",
	[APP_NUMBER] = "number",
	[APP_BOOLEAN] = "boolean",
};

static void
put_bound(struct buf *out, const struct app_param *param, const char *of_text,
    const char *of_number, double value)
{
	buf_printf(
	    out, ",\"%s\":", param->type == APP_TEXT ? of_text : of_number);
	json_put_double(out, value);
}

static void
put_preset(struct buf *out, const struct app_param *param)
{
	if (!param->preset)
		return;
	buf_puts(out, ",\"default\":");
	/* What a default may say was checked when it was read. */
	if (param->type == APP_TEXT)
		json_put_string(out, str_of(param->preset));
	else if (param->type == APP_BOOLEAN)
		buf_puts(
		    out, strchr("1t", param->preset[0]) ? "true" : "false");
	else
		buf_puts(out, param->preset);
}

static void
put_choices(struct buf *out, const struct app_param *param, int or_null)
{
	size_t i;

	if (param->n_choices == 0)
		return;
	buf_puts(out, ",\"enum\":[");
	for (i = 0; i < param->n_choices; i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_put_string(out, param->choices[i]);
	}
	buf_puts(out, or_null ? ",null]" : "]");
}

/* or_null: in a body, null stands for what was not sent. */
static void
put_schema(struct buf *out, const struct app_param *param, int or_null)
{
	if (param->type == APP_JSON) {
		buf_puts(out, "{\"description\":\"Any JSON.\"");
		put_preset(out, param);
		buf_putc(out, '}');
		return;
	}
	buf_printf(out,
	    or_null ? "{\"type\":[\"%s\",\"null\"]" : "{\"type\":\"%s\"",
	    types[param->type]);
	if (param->type == APP_INTEGER)
		buf_puts(out, ",\"format\":\"int64\"");
	if (param->has_min)
		put_bound(out, param, "minLength", "minimum", param->min);
	else if (param->in_path && param->type == APP_TEXT)
		buf_puts(out, ",\"minLength\":1");
	if (param->has_max)
		put_bound(out, param, "maxLength", "maximum", param->max);
	put_choices(out, param, or_null);
	put_preset(out, param);
	buf_putc(out, '}');
}

static int
in_parameters(
    const struct app_endpoint *endpoint, const struct app_param *param)
{
	return param->in_path || takes_query(endpoint);
}

static void
put_parameters(struct buf *out, const struct app_endpoint *endpoint)
{
	const struct app_param *param;
	size_t i, n = 0;

	for (i = 0; i < endpoint->n_params; i++) {
		param = &endpoint->params[i];
		if (!in_parameters(endpoint, param))
			continue;
		buf_puts(out, n++ == 0 ? ",\"parameters\":[" : ",");
		buf_puts(out, "{\"name\":");
		json_put_string(out, param->name);
		buf_printf(out, ",\"in\":\"%s\",\"required\":%s",
		    param->in_path ? "path" : "query",
		    param->required ? "true" : "false");
		buf_puts(out, param->type == APP_JSON
				  ? ",\"content\":{\"application/json\":"
				    "{\"schema\":"
				  : ",\"schema\":");
		put_schema(out, param, 0);
		buf_puts(out, param->type == APP_JSON ? "}}}" : "}");
	}
	if (n > 0)
		buf_putc(out, ']');
}

static void
put_body(struct buf *out, const struct app_endpoint *endpoint)
{
	const struct app_param *param;
	size_t i, n = 0, required = 0;

	for (i = 0; i < endpoint->n_params; i++) {
		param = &endpoint->params[i];
		if (in_parameters(endpoint, param))
			continue;
		buf_puts(out, n++ == 0 ? ",\"requestBody\":{\"content\":"
					 "{\"application/json\":{\"schema\":"
					 "{\"type\":\"object\",\"properties\":{"
				       : ",");
		json_put_string(out, param->name);
		buf_putc(out, ':');
		put_schema(out, param, !param->required);
	}
	if (n == 0)
		return;
	buf_puts(out, "},\"additionalProperties\":false");
	for (i = 0; i < endpoint->n_params; i++) {
		param = &endpoint->params[i];
		if (in_parameters(endpoint, param) || !param->required)
			continue;
		buf_puts(out, required++ == 0 ? ",\"required\":[" : ",");
		json_put_string(out, param->name);
	}
	buf_printf(out, "%s}}},\"required\":%s}", required > 0 ? "]" : "",
	    required > 0 ? "true" : "false");
}

void
app_describe_sent(const struct app_endpoint *endpoint, struct buf *out)
{
	put_parameters(out, endpoint);
	put_body(out, endpoint);
}

/* --- answers ------------------------------------------------------------- */

/*
 * SQLite tells the declared type of a compound's columns by one of its parts
 * alone.  A word inside of a string is no harm: less is said then.
 */
static int
is_compound(struct str sql)
{
	static const char *const words[] = { "union", "intersect", "except" };
	struct app_sql_token token;
	size_t at = 0, i;

	while (app_sql_next(sql, &at, &token))
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (str_is_nocase(token.text, words[i]))
				return 1;
	return 0;
}

/* 1 where a view of the schema is a compound, or cannot be told. */
static int
has_compound_view(struct db *db, int *out, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(
	    db, "SELECT sql FROM sqlite_schema WHERE type = 'view'", err);
	int rc;

	*out = 0;
	if (!stmt)
		return -1;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*out |= is_compound(
		    str_make((const char *)sqlite3_column_text(stmt, 0),
			(size_t)sqlite3_column_bytes(stmt, 0)));
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : db_err(db, err, "views");
}

/* 1 yes, 0 no, -1 cannot be told. */
static int
is_strict(struct db *db, const char *table, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db,
	    "SELECT 1 FROM pragma_table_list"
	    " WHERE schema = 'main' AND name = ?1 AND strict",
	    err);
	int rc;

	if (!stmt)
		return -1;
	(void)sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW    ? 1
	       : rc == SQLITE_DONE ? 0
				   : db_err(db, err, "tables");
}

/* JSON Schema's name for a column's type, or NULL where nobody vouches. */
static int
column_type(struct describer *describer, sqlite3_stmt *stmt, int column,
    const char **out, struct err *err)
{
	static const struct {
		const char *declared, *name;
	} known[] = {
		{ "TEXT", "string" },
		{ "INTEGER", "integer" },
		{ "INT", "integer" },
		{ "REAL", "number" },
	};
	const char *table = sqlite3_column_table_name(stmt, column);
	const char *declared = sqlite3_column_decltype(stmt, column);
	size_t i;
	int strict;

	*out = NULL;
	if (!table || !declared)
		return 0;
	strict = is_strict(app_scratch_db(describer->scratch), table, err);
	if (strict <= 0)
		return strict;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is_nocase(str_of(declared), known[i].declared))
			*out = known[i].name;
	return 0;
}

static int
is_json(const struct app_endpoint *endpoint, const char *column)
{
	size_t i;

	for (i = 0; i < endpoint->n_json; i++)
		if (str_is(endpoint->json_columns[i], column))
			return 1;
	return 0;
}

static int
put_columns(struct describer *describer, const struct app_endpoint *endpoint,
    sqlite3_stmt *stmt, int no_types, struct err *err)
{
	struct buf *out = describer->out;
	int n = sqlite3_column_count(stmt), first = 1, i;
	const char *name, *type;

	buf_puts(out, "{\"type\":\"object\",\"properties\":{");
	for (i = 0; i < n; i++) {
		name = sqlite3_column_name(stmt, i);
		if (!name)
			err_die("out of memory");
		json_put_name(out, &first, name);
		type = NULL;
		if (is_json(endpoint, name)) {
			buf_puts(out, "{\"description\":\"Any JSON.\"}");
			continue;
		}
		if (!no_types &&
		    column_type(describer, stmt, i, &type, err) < 0)
			return -1;
		if (type)
			buf_printf(out, "{\"type\":[\"%s\",\"null\"]}", type);
		else
			buf_puts(out, "{\"type\":[\"string\",\"number\","
				      "\"null\"]}");
	}
	buf_puts(out, "},\"required\":[");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_put_string(out, str_of(sqlite3_column_name(stmt, i)));
	}
	buf_puts(out, "],\"additionalProperties\":false}");
	return 0;
}

static int
put_row(struct describer *describer, const struct app_endpoint *endpoint,
    struct err *err)
{
	const struct app_statement *last =
	    &endpoint->statements[endpoint->n_statements - 1];
	struct db *db = app_scratch_db(describer->scratch);
	sqlite3_stmt *stmt;
	const char *tail;
	int rc;

	if (app_scratch_prepare(describer->scratch, last, &stmt, &tail) !=
	    SQLITE_OK)
		return db_err(db, err, "%s:%d", endpoint->file, last->line);
	rc = put_columns(describer, endpoint, stmt,
	    describer->no_types || is_compound(last->sql), err);
	(void)sqlite3_finalize(stmt);
	return rc;
}

static void
put_error(struct buf *out, int status)
{
	buf_printf(
	    out, ",\"%d\":{\"$ref\":\"#/components/responses/Error\"}", status);
}

static int
put_answers(struct describer *describer, const struct app_endpoint *endpoint,
    struct err *err)
{
	struct buf *out = describer->out;
	int status = endpoint->status;

	buf_printf(out, ",\"responses\":{\"%d\":{\"description\":", status);
	switch (endpoint->returns) {
	case APP_NONE:
		buf_puts(out, "\"Done.\"}");
		break;
	case APP_ONE:
		buf_puts(out, "\"The record.\",\"content\":"
			      "{\"application/json\":{\"schema\":");
		if (put_row(describer, endpoint, err) < 0)
			return -1;
		buf_puts(out, "}}}");
		break;
	case APP_MANY:
		buf_puts(out,
		    "\"The records.\",\"content\":{\"application/json\":"
		    "{\"schema\":{\"type\":\"object\",\"properties\":"
		    "{\"items\":{\"type\":\"array\",\"items\":");
		if (put_row(describer, endpoint, err) < 0)
			return -1;
		buf_puts(out, "}},\"required\":[\"items\"],"
			      "\"additionalProperties\":false}}}}");
		break;
	}
	if (status == 200 && strcmp(endpoint->method, "GET") == 0)
		buf_puts(out, ",\"304\":{\"description\":"
			      "\"What If-None-Match names.\"}");
	put_error(out, 400);
	if (endpoint->access > APP_PUBLIC)
		put_error(out, 401);
	if (endpoint->access > APP_MEMBER)
		put_error(out, 403);
	if (endpoint->returns != APP_MANY)
		put_error(out, 404);
	if (strcmp(endpoint->method, "GET") != 0)
		put_error(out, 409);
	buf_puts(
	    out, ",\"default\":{\"$ref\":\"#/components/responses/Error\"}}");
	return 0;
}

/* --- endpoints ----------------------------------------------------------- */

static int
put_endpoint(struct describer *describer, const struct app_endpoint *endpoint,
    struct err *err)
{
	struct buf *out = describer->out;
	const char *p;

	buf_putc(out, '"');
	for (p = endpoint->method; *p; p++)
		buf_putc(out, (char)(*p - 'A' + 'a'));
	buf_puts(out, "\":{");
	if (endpoint->n_segments > 1) {
		buf_puts(out, "\"tags\":[");
		json_put_string(out, endpoint->segments[1]);
		buf_puts(out, "],");
	}
	buf_puts(out, "\"summary\":");
	json_put_string(out, str_of(endpoint->summary));
	if (endpoint->access > APP_MEMBER)
		buf_printf(out, ",\"description\":\"Needs the role %s.\"",
		    app_access_name(endpoint->access));
	if (endpoint->access > APP_PUBLIC)
		buf_puts(out, ",\"security\":[{\"token\":[]}]");
	else
		buf_puts(out, ",\"security\":[{},{\"token\":[]}]");
	app_describe_sent(endpoint, out);
	if (put_answers(describer, endpoint, err) < 0)
		return -1;
	buf_putc(out, '}');
	return 0;
}

/* Endpoints of one path stand one after the other: app_load() reads folders. */
static int
put_endpoints(
    struct describer *describer, const struct app *app, struct err *err)
{
	const char *path = NULL;
	size_t i;

	for (i = 0; i < app->n_endpoints; i++) {
		if (path && strcmp(path, app->endpoints[i]->path) == 0) {
			buf_putc(describer->out, ',');
		} else {
			if (path)
				buf_puts(describer->out, "},");
			path = app->endpoints[i]->path;
			json_put_string(describer->out, str_of(path));
			buf_puts(describer->out, ":{");
		}
		if (put_endpoint(describer, app->endpoints[i], err) < 0)
			return -1;
	}
	if (path)
		buf_putc(describer->out, '}');
	return buf_check(describer->out, "the description", err);
}

int
app_describe(const struct app *app, struct buf *out, struct err *err)
{
	struct describer describer = { .out = out };
	struct err second = ERR_INIT;
	int rc = -1;

	describer.scratch = app_scratch_open(err);
	if (!describer.scratch)
		return -1;
	if (app_scratch_migrate(describer.scratch, app, err) == 0 &&
	    has_compound_view(app_scratch_db(describer.scratch),
		&describer.no_types, err) == 0)
		rc = put_endpoints(&describer, app, err);
	if (app_scratch_close(describer.scratch, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}
