#ifndef ROWHOUSE_VALUE_H
#define ROWHOUSE_VALUE_H

#include <sqlite3.h>
#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/base/json.h"
#include "tenants/base/str.h"
#include "tenants/faults.h"

/*
 * The value of a parameter: read from text (path, query, a default) or from
 * JSON, checked against its declaration, and bound.
 */
enum value_kind { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT };

struct value {
	enum value_kind kind;
	int64_t integer;
	double real;
	struct str text;	/* whoever gave it owns it, or the arena */
};

/* 0, or -1 with a fault in the parameter's name. */
int value_from_text(const struct app_param *param, struct str text,
    struct arena *arena, struct faults *faults, struct value *out);
/* Null is not for this one: what it means depends on the parameter. */
int value_from_json(const struct app_param *param, const struct json *json,
    struct arena *arena, struct faults *faults, struct value *out);

/* SQLite's result code.  The text must stay until the statement is reset. */
int value_bind(sqlite3_stmt *stmt, int at, const struct value *value);

#endif
