#ifndef ROWHOUSE_TESTS_JSON_JUDGE_H
#define ROWHOUSE_TESTS_JSON_JUDGE_H

/* For the tests of JSON: what they work with, and SQLite's second opinion. */

#include <sqlite3.h>

#include "tenants/base/json.h"
#include "tests/unit/unit.h"

static struct arena *arena;
static sqlite3 *judge;
static struct buf out;

static int
enter(void **state)
{
	(void)state;
	arena = arena_new((size_t)64 << 20);
	buf_init(&out, 1 << 20);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	arena_free(arena);
	buf_free(&out);
	return 0;
}

static const struct json *
parse(const char *text)
{
	const struct json *value = NULL;
	struct err err = ERR_INIT;

	if (json_parse(
		str_of(text), JSON_LIMITS_DEFAULT, arena, &value, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
	return value;
}

/* SQLite's opinion, of the text up to a NUL. */
static int
json_valid(struct str text)
{
	sqlite3_stmt *stmt;
	int valid;

	assert_int_equal(
	    sqlite3_prepare_v2(judge, "SELECT json_valid(?1)", -1, &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(
	    sqlite3_bind_text(stmt, 1, text.p, (int)text.n, SQLITE_STATIC),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	valid = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return valid;
}

static int
open_judge(void **state)
{
	(void)state;
	return sqlite3_open(":memory:", &judge) == SQLITE_OK ? 0 : -1;
}

static int
close_judge(void **state)
{
	(void)state;
	return sqlite3_close(judge) == SQLITE_OK ? 0 : -1;
}

#endif
