#include "tenants/system_schema.h"

#include <assert.h>

/*
 * A worker holds the schema of each open tenant in memory: an index or a CHECK
 * costs it a KiB or so for each, so that small tables have none.
 */
static const char *const steps[SYSTEM_SCHEMA] = {
	/* 1: whose file it is, what was applied to it, accounts (users.h) */
	"CREATE TABLE _meta (\n"
	"	key TEXT PRIMARY KEY,\n"
	"	value TEXT NOT NULL\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE _migrations (\n"
	"	number INTEGER PRIMARY KEY,\n"
	"	name TEXT NOT NULL,\n"
	"	digest TEXT NOT NULL,\n"
	"	applied TEXT NOT NULL\n"
	") STRICT;\n"
	"CREATE TABLE _users (\n"
	"	id TEXT PRIMARY KEY NOT NULL,\n"
	"	email TEXT NOT NULL COLLATE NOCASE UNIQUE,\n"
	"	name TEXT NOT NULL,\n"
	"	role TEXT NOT NULL CHECK (role IN ('member', 'admin', "
	"'owner')),\n"
	"	verified INTEGER NOT NULL CHECK (verified IN (0, 1)),\n"
	"	password_hash TEXT NOT NULL,\n"
	"	token_key TEXT NOT NULL,\n"
	"	created TEXT NOT NULL,\n"
	"	updated TEXT NOT NULL\n"
	") STRICT;\n"
	"CREATE VIEW users AS SELECT id, name, role FROM _users;\n",

	/* 2: the audit log (audit.h) */
	"CREATE TABLE _audit (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	at TEXT NOT NULL,\n"
	"	user TEXT NOT NULL,\n"
	"	email TEXT NOT NULL,\n"
	"	address TEXT NOT NULL,\n"
	"	action TEXT NOT NULL,\n"
	"	about TEXT NOT NULL,\n"
	"	old TEXT NOT NULL,\n"
	"	new TEXT NOT NULL\n"
	") STRICT;\n",

	/* 3: API keys (keys.h) */
	"CREATE TABLE _keys (\n"
	"	hash TEXT PRIMARY KEY NOT NULL,\n"
	"	id TEXT NOT NULL,\n"
	"	name TEXT NOT NULL,\n"
	"	owner TEXT NOT NULL REFERENCES _users (id) ON DELETE CASCADE,\n"
	"	role TEXT NOT NULL,\n"
	"	scope TEXT NOT NULL,\n"
	"	paths TEXT NOT NULL,\n"
	"	generation INTEGER NOT NULL,\n"
	"	created TEXT NOT NULL,\n"
	"	expires TEXT NOT NULL,\n"
	"	used TEXT NOT NULL\n"
	") STRICT, WITHOUT ROWID;\n",

	/* 4: second factors (factor.h) */
	"CREATE TABLE _factors (\n"
	"	user TEXT PRIMARY KEY NOT NULL\n"
	"		REFERENCES _users (id) ON DELETE CASCADE,\n"
	"	secret BLOB NOT NULL,\n"
	"	enabled INTEGER NOT NULL,\n"
	"	step INTEGER NOT NULL,\n"
	"	recovery TEXT NOT NULL\n"
	") STRICT, WITHOUT ROWID;\n",
};

const char *
system_schema_step(int version)
{
	assert(version >= 1 && version <= SYSTEM_SCHEMA);
	return steps[version - 1];
}
