#ifndef ROWHOUSE_CALL_ROWS_H
#define ROWHOUSE_CALL_ROWS_H

#include <sqlite3.h>

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/err.h"

/*
 * The rows of an endpoint's last statement, as its answer.
 *
 * NULL is null, an INTEGER a number whatever its size, a REAL the shortest
 * number that reads back as it, a TEXT a string, or itself where the endpoint
 * calls its column JSON.  A blob, or text that is not the JSON that it is said
 * to be, is ERR_SYSTEM.
 */
struct call_rows {
	const struct app_endpoint *endpoint;
	int64_t rows_max;
	size_t bytes_max;
	struct buf *out;
	struct arena *scratch;	/* where there are JSON columns */
	int64_t n;
};

void call_rows_begin(struct call_rows *rows);

/*
 * The row that the statement stands on; ERR_TOO_LARGE past either maximum,
 * ERR_SYSTEM for a second row of `one`.
 */
int call_rows_put(struct call_rows *rows, sqlite3_stmt *stmt,
    struct err *err);

/* ERR_NOT_FOUND where there should have been a row. */
int call_rows_end(struct call_rows *rows, sqlite3_stmt *stmt,
    struct err *err);

void call_rows_free(struct call_rows *rows);

#endif
