#include "tenants/call_rows.h"

#include "tenants/base/json.h"

/* What json_check() takes is given back after each row. */
#define SCRATCH_MAX ((size_t)1 << 20)

void
call_rows_begin(struct call_rows *rows)
{
	rows->n = 0;
	rows->scratch = NULL;
	if (rows->endpoint->n_json > 0)
		rows->scratch = arena_new(SCRATCH_MAX);
	if (rows->endpoint->returns == APP_MANY)
		buf_puts(rows->out, "{\"items\":[");
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
put_text(struct call_rows *rows, sqlite3_stmt *stmt, int column,
    const char *name, struct err *err)
{
	const char *p = (const char *)sqlite3_column_text(stmt, column);
	struct str text =
	    str_make(p, (size_t)sqlite3_column_bytes(stmt, column));

	if (!is_json(rows->endpoint, name)) {
		json_put_string(rows->out, text);
		return 0;
	}
	if (json_check(text, JSON_LIMITS_DEFAULT, rows->scratch, err) < 0) {
		err->code = ERR_SYSTEM;
		return err_wrap(err, "column %s is not what json: says", name);
	}
	buf_str(rows->out, text);
	return 0;
}

static int
put_value(struct call_rows *rows, sqlite3_stmt *stmt, int column,
    const char *name, struct err *err)
{
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		json_put_i64(rows->out, sqlite3_column_int64(stmt, column));
		return 0;
	case SQLITE_FLOAT:
		json_put_double(rows->out, sqlite3_column_double(stmt, column));
		return 0;
	case SQLITE_TEXT:
		return put_text(rows, stmt, column, name, err);
	case SQLITE_BLOB:
		return err_set(err, ERR_SYSTEM,
		    "column %s is a blob, for which JSON has no form: use "
		    "hex()",
		    name);
	default:
		buf_puts(rows->out, "null");
		return 0;
	}
}

static int
put_row(struct call_rows *rows, sqlite3_stmt *stmt, struct err *err)
{
	int n = sqlite3_column_count(stmt);
	int first = 1, i;
	const char *name;

	buf_putc(rows->out, '{');
	for (i = 0; i < n; i++) {
		name = sqlite3_column_name(stmt, i);
		if (!name)
			err_die("out of memory");
		json_put_name(rows->out, &first, name);
		if (put_value(rows, stmt, i, name, err) < 0)
			return -1;
	}
	buf_putc(rows->out, '}');
	if (rows->scratch)
		arena_reset(rows->scratch);
	return 0;
}

int
call_rows_put(struct call_rows *rows, sqlite3_stmt *stmt, struct err *err)
{
	enum app_returns returns = rows->endpoint->returns;

	rows->n++;
	if (returns == APP_NONE)
		return 0;
	if (returns == APP_ONE && rows->n > 1)
		return err_set(
		    err, ERR_SYSTEM, "returns one, and gave more rows");
	if (rows->n > rows->rows_max)
		return err_set(err, ERR_TOO_LARGE,
		    "the answer would have more than %lld rows: ask for fewer",
		    (long long)rows->rows_max);
	if (rows->n > 1)
		buf_putc(rows->out, ',');
	if (put_row(rows, stmt, err) < 0)
		return -1;
	if (rows->out->full || rows->out->n > rows->bytes_max)
		return err_set(err, ERR_TOO_LARGE,
		    "the answer would have more than %zu bytes: ask for fewer "
		    "rows",
		    rows->bytes_max);
	return 0;
}

int
call_rows_end(struct call_rows *rows, sqlite3_stmt *stmt, struct err *err)
{
	enum app_returns returns = rows->endpoint->returns;

	if (returns == APP_MANY)
		buf_puts(rows->out, "]}");
	else if (rows->n == 0 &&
		 (returns == APP_ONE || sqlite3_column_count(stmt) > 0))
		return err_set(err, ERR_NOT_FOUND, "there is no such record");
	return buf_check(rows->out, "answer", err);
}

void
call_rows_free(struct call_rows *rows)
{
	arena_free(rows->scratch);
	rows->scratch = NULL;
}
