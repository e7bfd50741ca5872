#include "tenants/base/json.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/*
 * What the parser takes, SQLite's json_valid() takes too, and comes back the
 * same when it is written and read again; what it refuses, SQLite refuses too,
 * unless the reason is one of those where RFC 8259 leaves the choice to us.
 * Memory stays within JSON_MEMORY, which the arena sees to.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static int
json_valid(struct str text)
{
	static sqlite3 *db;
	static sqlite3_stmt *stmt;
	int valid;

	if (!stmt) {
		must(sqlite3_open(":memory:", &db) == SQLITE_OK);
		must(sqlite3_prepare_v2(db, "SELECT json_valid(?1)", -1, &stmt,
			 NULL) == SQLITE_OK);
	}
	must(sqlite3_bind_text(stmt, 1, text.n ? text.p : "", (int)text.n,
		 SQLITE_STATIC) == SQLITE_OK);
	must(sqlite3_step(stmt) == SQLITE_ROW);
	valid = sqlite3_column_int(stmt, 0);
	sqlite3_reset(stmt);
	return valid;
}

static void
put(struct buf *out, const struct json *value)
{
	const struct json *child;
	int64_t i;
	double d;

	switch (value->type) {
	case JSON_STRING:
		json_put_string(out, value->string);
		return;
	case JSON_NUMBER:
		if (json_i64(value, &i) == 0) {
			must(json_double(value, &d) == 0);
			json_put_i64(out, i);
		} else if (json_double(value, &d) == 0) {
			json_put_double(out, d);
		} else {
			buf_str(out, value->raw);
		}
		return;
	case JSON_ARRAY:
		buf_putc(out, '[');
		for (child = value->child; child; child = child->next) {
			if (child != value->child)
				buf_putc(out, ',');
			put(out, child);
		}
		buf_putc(out, ']');
		return;
	case JSON_OBJECT:
		buf_putc(out, '{');
		for (child = value->child; child; child = child->next) {
			must(json_get_str(value, child->name) == child);
			if (child != value->child)
				buf_putc(out, ',');
			json_put_string(out, child->name);
			buf_putc(out, ':');
			put(out, child);
		}
		buf_putc(out, '}');
		return;
	default:
		buf_str(out, value->raw);
	}
}

static void
same(const struct json *a, const struct json *b)
{
	double x, y;

	must(a->type == b->type && a->n == b->n);
	must(str_eq(a->string, b->string) && str_eq(a->name, b->name));
	if (a->type == JSON_NUMBER) {
		must(json_double(a, &x) == json_double(b, &y));
		must(json_double(a, &x) != 0 || x == y);
	}
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
		same(a, b);
	must(!a && !b);
}

static int
is_our_choice(const struct err *err)
{
	return err->code == ERR_TOO_LARGE || strstr(err->msg, "surrogate") ||
	       strstr(err->msg, "not UTF-8") ||
	       strstr(err->msg, "stands twice");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_limits limits = { 8, 200 };
	struct str text = str_make((const char *)data, size);
	struct arena *arena = arena_new(JSON_MEMORY(limits, size));
	struct arena *other = NULL;
	const struct json *value, *again;
	struct err err = ERR_INIT;
	struct buf out;

	buf_init(&out, 16 * size + 1000);
	if (json_parse(text, limits, arena, &value, &err) == 0) {
		must(json_valid(text));
		put(&out, value);
		must(!out.full && json_valid(buf_view(&out)));
		other = arena_new(JSON_MEMORY(limits, out.n));
		must(json_parse(buf_view(&out), limits, other, &again, &err) ==
		     0);
		same(value, again);
	} else {
		must(err.code == ERR_INPUT || err.code == ERR_TOO_LARGE);
		must(is_our_choice(&err) || str_find(text, '\0', 0) < size ||
		     !json_valid(text));
	}
	/* Whatever the bytes are, they can be written as a string. */
	buf_reset(&out);
	json_put_string(&out, text);
	must(!out.full && json_valid(buf_view(&out)));
	arena_free(other);
	arena_free(arena);
	buf_free(&out);
	return 0;
}
