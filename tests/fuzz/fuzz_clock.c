#include "tenants/base/clock.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/*
 * A time that is taken lies in the years 0 to 9999, comes back the same when it
 * is formatted and parsed again, and, where SQLite knows the text too, is what
 * SQLite takes it for, to the second.  One that is refused has a message.
 */

#define NOW INT64_C(1795428000500)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* SQLite's opinion in seconds; 0 where it has none. */
static int
judge(struct str text, int64_t *seconds)
{
	static sqlite3 *db;
	static sqlite3_stmt *stmt;
	int known;

	if (!stmt) {
		must(sqlite3_open(":memory:", &db) == SQLITE_OK);
		must(sqlite3_prepare_v2(db,
			 "SELECT CAST(strftime('%s', ?1) AS INTEGER)", -1,
			 &stmt, NULL) == SQLITE_OK);
	}
	must(sqlite3_bind_text(stmt, 1, text.p, (int)text.n, SQLITE_STATIC) ==
	     SQLITE_OK);
	must(sqlite3_step(stmt) == SQLITE_ROW);
	known = sqlite3_column_type(stmt, 0) == SQLITE_INTEGER;
	*seconds = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return known;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct err err = ERR_INIT;
	char shown[CLOCK_TEXT];
	int64_t ms, back, seconds;

	if (clock_parse(text, NOW, &ms, &err) == 0) {
		clock_format(ms, shown);
		must(clock_parse(str_of(shown), 0, &back, &err) == 0);
		must(back == ms);
		/* With that dash it is a date, no number and no "ago". */
		if (size > 4 && text.p[4] == '-' && judge(text, &seconds))
			must(llabs(seconds - ms / 1000) <= 1);
	} else {
		must(err.code == ERR_INPUT && err.msg[0]);
	}
	err_clear(&err);
	if (clock_parse_duration(text, &ms, &err) == 0)
		must(ms >= 0);
	else
		must(err.code == ERR_INPUT && err.msg[0]);
	return 0;
}
