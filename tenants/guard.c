#include "tenants/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tenants/base/err.h"

#define USERS_TABLE  "_users"
#define USERS_VIEW   "users"
#define SCHEMA_TABLE "sqlite_master"

/*
 * Sorted, for bsearch().  Left out on purpose: what loads code or touches
 * files (load_extension), hands out pointers (fts3_tokenizer, fts5), writes
 * the log (sqlite_log), reads raw structures (rtreenode, sqlite_offset) or
 * tells about the machine (sqlite_version, sqlite_source_id).
 */
static const char *const allowed_functions[] = {
	"->",
	"->>",
	"abs",
	"acos",
	"acosh",
	"asin",
	"asinh",
	"atan",
	"atan2",
	"atanh",
	"avg",
	"bm25",
	"ceil",
	"ceiling",
	"changes",
	"char",
	"coalesce",
	"concat",
	"concat_ws",
	"cos",
	"cosh",
	"count",
	"cume_dist",
	"current_date",
	"current_time",
	"current_timestamp",
	"date",
	"datetime",
	"degrees",
	"dense_rank",
	"exp",
	"first_value",
	"floor",
	"format",
	"glob",
	"group_concat",
	"hex",
	"highlight",
	"if",
	"ifnull",
	"iif",
	"instr",
	"json",
	"json_array",
	"json_array_insert",
	"json_array_length",
	"json_error_position",
	"json_extract",
	"json_group_array",
	"json_group_object",
	"json_insert",
	"json_object",
	"json_patch",
	"json_pretty",
	"json_quote",
	"json_remove",
	"json_replace",
	"json_set",
	"json_type",
	"json_valid",
	"julianday",
	"lag",
	"last_insert_rowid",
	"last_value",
	"lead",
	"length",
	"like",
	"likelihood",
	"likely",
	"ln",
	"log",
	"log10",
	"log2",
	"lower",
	"ltrim",
	"match",
	"max",
	"median",
	"min",
	"mod",
	"nth_value",
	"ntile",
	"nullif",
	"octet_length",
	"percent_rank",
	"percentile",
	"percentile_cont",
	"percentile_disc",
	"pi",
	"pow",
	"power",
	"printf",
	"quote",
	"radians",
	"random",
	"randomblob",
	"rank",
	"replace",
	"round",
	"row_number",
	"rtrim",
	"sign",
	"sin",
	"sinh",
	"snippet",
	"sqrt",
	"strftime",
	"string_agg",
	"substr",
	"substring",
	"sum",
	"tan",
	"tanh",
	"time",
	"timediff",
	"total",
	"total_changes",
	"trim",
	"trunc",
	"typeof",
	"unhex",
	"unicode",
	"unistr",
	"unistr_quote",
	"unixepoch",
	"unlikely",
	"upper",
	"zeroblob",
};

static int
compare_names(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

static int
function_allowed(const char *name)
{
	return bsearch(name, allowed_functions,
		   sizeof(allowed_functions) / sizeof(allowed_functions[0]),
		   sizeof(allowed_functions[0]), compare_names) != NULL;
}

/*
 * Rowhouse's and SQLite's own tables, and the virtual tables that exist
 * without having been created: pragma_* are PRAGMA by another name, the rest
 * tells about pages, programs and tokenizers.
 */
static int
system_table(const char *name)
{
	static const char *const others[] = { "bytecode", "dbstat",
		"fts3tokenize", "fts4aux", "tables_used" };
	size_t i;

	if (name[0] == '_' || strncasecmp(name, "sqlite_", 7) == 0 ||
	    strncasecmp(name, "pragma_", 7) == 0)
		return 1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(name, others[i]) == 0)
			return 1;
	return 0;
}

static int
refuse(struct guard *guard, const char *before, const char *name,
    const char *after)
{
	/* a long name is cut, which is all right in a message */
	if (!guard->reason[0])
		(void)snprintf(guard->reason, sizeof(guard->reason), "%s%s%s",
		    before, name, after);
	return SQLITE_DENY;
}

/*
 * context is the innermost view, trigger or common table expression.  One of
 * the latter can call itself `users` as well; it gains nothing by that, for
 * it reaches no column that the view does not give to everyone.  An empty
 * column stands for a table of which only the number of rows is wanted; for
 * that of `users` it comes without context.
 */
static int
read_column(struct guard *guard, const char *table, const char *column,
    const char *context)
{
	char name[96];

	if (!system_table(table))
		return SQLITE_OK;
	if (strcasecmp(table, USERS_TABLE) == 0) {
		if (column[0] == '\0' || strcasecmp(column, "id") == 0)
			return SQLITE_OK;
		if (context && strcasecmp(context, USERS_VIEW) == 0 &&
		    (strcasecmp(column, "name") == 0 ||
			strcasecmp(column, "role") == 0))
			return SQLITE_OK;
	}
	if (column[0] == '\0')
		return refuse(
		    guard, "the system table ", table, " may not be read");
	(void)snprintf(name, sizeof(name), "%s.%s", table, column);
	return refuse(guard, "the system column ", name, " may not be read");
}

static int
write_table(struct guard *guard, const char *table)
{
	if (!system_table(table))
		return SQLITE_OK;
	if (strcasecmp(table, SCHEMA_TABLE) == 0)
		return refuse(guard, "", "a change of the schema",
		    " is not allowed here");
	return refuse(guard, "the system table ", table, " may not be written");
}

/*
 * A virtual table that is opened for the first time declares its columns by a
 * CREATE TABLE that is compiled and thrown away, at whose end SQLite writes an
 * UPDATE of the schema table by rowid.  It must be let through, or no FTS5
 * table and no json_each can be used.  Nobody gains by it: SQLITE_DBCONFIG_-
 * DEFENSIVE has an UPDATE of the schema table that comes from outside fail,
 * whatever the authorizer says.
 */
static int
declares_virtual_table(
    struct guard *guard, int action, const char *table, const char *column)
{
	int was_declaring = guard->declaring;

	guard->declaring = 0;
	if (!table || strcmp(table, SCHEMA_TABLE) != 0)
		return 0;
	if (action == SQLITE_UPDATE) {
		guard->declaring = 1;
		return 1;
	}
	return action == SQLITE_READ && was_declaring && column &&
	       strcmp(column, "ROWID") == 0;
}

static const char *
describe(int action)
{
	switch (action) {
	case SQLITE_ATTACH:
		return "ATTACH";
	case SQLITE_DETACH:
		return "DETACH";
	case SQLITE_TRANSACTION:
		return "a transaction of its own";
	case SQLITE_SAVEPOINT:
		return "a savepoint";
	case SQLITE_ANALYZE:
		return "ANALYZE";
	case SQLITE_REINDEX:
		return "REINDEX";
	default:
		return "a change of the schema";
	}
}

static int
authorize(void *arg, int action, const char *first, const char *second,
    const char *database, const char *context)
{
	struct guard *guard = arg;

	if (!guard->on)
		return SQLITE_OK;
	if (database && strcasecmp(database, "main") != 0)
		return refuse(
		    guard, "the database ", database, " may not be used");
	if (declares_virtual_table(guard, action, first, second))
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		if (first && second)
			return read_column(guard, first, second, context);
		break;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		if (first)
			return write_table(guard, first);
		break;
	case SQLITE_FUNCTION:
		if (second && function_allowed(second))
			return SQLITE_OK;
		return refuse(guard, "the function ", second ? second : "?",
		    "() may not be called");
	case SQLITE_PRAGMA:
		if (first && strcasecmp(first, "data_version") == 0 && !second)
			return SQLITE_OK;
		return refuse(
		    guard, "PRAGMA ", first ? first : "?", " may not be used");
	default:
		break;
	}
	return refuse(guard, "", describe(action), " is not allowed here");
}

void
guard_install(struct guard *guard, sqlite3 *handle)
{
	guard->on = 0;
	guard->declaring = 0;
	guard->reason[0] = '\0';
	if (sqlite3_set_authorizer(handle, authorize, guard) != SQLITE_OK)
		err_die("sqlite3_set_authorizer: %s", sqlite3_errmsg(handle));
}

void
guard_switch(struct guard *guard, int on)
{
	guard->on = on;
	guard->declaring = 0;
	if (on)
		guard->reason[0] = '\0';
}

const char *
guard_reason(const struct guard *guard)
{
	return guard->reason;
}

int
guard_reserved(struct str name)
{
	return (name.n > 0 && name.p[0] == '_') ||
	       (name.n >= 7 && strncasecmp(name.p, "sqlite_", 7) == 0) ||
	       str_is_nocase(name, USERS_VIEW);
}
