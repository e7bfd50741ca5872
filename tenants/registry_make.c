#include "tenants/registry_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "tenants/base/arena.h"
#include "tenants/base/file.h"
#include "tenants/db.h"
#include "tenants/layout.h"

#define LIST_MAX ((size_t)16 << 20) /* bytes of names in a directory */

/* What leads to each schema from the one before it. */
static const char *const steps[REGISTRY_SCHEMA] = {
    "CREATE TABLE tenants (\n"
    "	slug TEXT PRIMARY KEY,\n"
    "	uid TEXT NOT NULL UNIQUE,\n"
    "	state TEXT NOT NULL\n"
    "		CHECK (state IN ('active', 'suspended', 'deleted')),\n"
    "	epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),\n"
    "	parent_epoch INTEGER NOT NULL,\n"
    "	parent_txid INTEGER NOT NULL,\n"
    "	generation INTEGER NOT NULL CHECK (generation >= 1),\n"
    "	size_max INTEGER NOT NULL,\n"
    "	created INTEGER NOT NULL,\n"
    "	updated INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE hosts (\n"
    "	host TEXT PRIMARY KEY,\n"
    "	slug TEXT NOT NULL REFERENCES tenants (slug)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE INDEX hosts_slug ON hosts (slug);\n",
    "CREATE TABLE house (id TEXT NOT NULL) STRICT;\n"
    "INSERT INTO house VALUES (lower(hex(randomblob(8))));\n",
    "ALTER TABLE tenants ADD COLUMN plan TEXT NOT NULL DEFAULT '';\n",
    "CREATE TABLE erasures (\n"
    "	slug TEXT PRIMARY KEY REFERENCES tenants (slug),\n"
    "	began INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID;\n",
    /* The state before this one: what is undeleted gets it back. */
    "ALTER TABLE tenants ADD COLUMN was TEXT NOT NULL DEFAULT 'active'\n"
    "	CHECK (was IN ('active', 'suspended', 'deleted'));\n",
    "CREATE TABLE deeds (\n"
    "	id INTEGER PRIMARY KEY,\n"
    "	time INTEGER NOT NULL,\n"
    "	who TEXT NOT NULL,\n"
    "	address TEXT NOT NULL,\n"
    "	what TEXT NOT NULL,\n"
    "	slug TEXT NOT NULL,\n"
    "	detail TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX deeds_slug ON deeds (slug);\n",
};

/* An empty registry may only be made where nothing speaks of an older one. */
static int
check_none_lost(const struct config *config, struct err *err)
{
	struct layout_path tenants = layout_tenants(config);
	struct layout_path path = layout_registry(config);
	char wal[LAYOUT_MAX + 8];
	struct file_names names;
	struct arena *arena;
	int there, rc = -1;
	size_t i;

	(void)snprintf(wal, sizeof(wal), "%s-wal", path.p);
	arena = arena_new(LIST_MAX);
	there = file_exists(wal, err);
	if (there < 0 || file_list(tenants.p, arena, &names, err) != 0)
		goto done;
	for (i = 0; i < names.n && !there; i++)
		there = names.name[i][0] != '.';
	if (there) {
		err_set(err, ERR_CORRUPT,
		    "%s is not there, but what belongs to it is", path.p);
		err_hint(err, "bring the registry back: rowhouse restore "
			      "_registry --in-place");
		goto done;
	}
	rc = 0;
done:
	arena_free(arena);
	return rc;
}

static int
remove_db(const char *path, struct err *err)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };
	char name[LAYOUT_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		if (file_remove(name, err) != 0)
			return -1;
	}
	return 0;
}

/* 1 changed, 0 nothing to do: also where it is of a later release. */
static int
upgrade(struct db *db, struct err *err)
{
	int64_t version;

	if (db_user_version(db, &version, err) != 0)
		return -1;
	if (version >= REGISTRY_SCHEMA)
		return 0;
	if (db_begin_write(db, err) != 0)
		return -1;
	for (; version < REGISTRY_SCHEMA; version++)
		if (db_exec(db, steps[version], err) != 0)
			goto fail;
	if (db_set_user_version(db, REGISTRY_SCHEMA, err) != 0)
		goto fail;
	return db_commit(db, err) == 0 ? 1 : -1;
fail:
	db_rollback(db);
	return -1;
}

static int
upgrade_file(const struct config *config, const char *path, struct err *err)
{
	struct db_opts opts = { .path = path,
		.role = DB_TOOL,
		.busy_ms = config->busy_timeout_ms };
	struct db *db = db_open(&opts, err);
	int rc;

	if (db == NULL)
		return -1;
	rc = upgrade(db, err);
	db_close(db);
	return rc;
}

int
registry_upgrade(const struct config *config, struct err *err)
{
	return upgrade_file(config, layout_registry(config).p, err);
}

static int
make(const struct config *config, const char *path, struct err *err)
{
	char fresh[LAYOUT_MAX + 8], wal[LAYOUT_MAX + 16];
	struct db_opts opts = { .role = DB_TOOL, .create = 1 };
	struct db *db;
	int there;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	(void)snprintf(wal, sizeof(wal), "%s-wal", fresh);
	if (check_none_lost(config, err) != 0 || remove_db(fresh, err) != 0)
		return -1;
	opts.path = fresh;
	db = db_open(&opts, err);
	if (db == NULL)
		return -1;
	if (upgrade(db, err) < 0) {
		db_close(db);
		return -1;
	}
	db_close_last(db);
	there = file_exists(wal, err);
	if (there > 0)
		err_set(
		    err, ERR_SYSTEM, "%s: its WAL could not be copied", fresh);
	if (there != 0)
		return -1;
	return file_rename(fresh, path, err);
}

int
registry_make(const struct config *config, struct err *err)
{
	struct layout_path path = layout_registry(config);
	struct layout_path tenants = layout_tenants(config);
	int there, lock, rc = -1;

	if (file_mkdirs(tenants.p, 0770, err) != 0)
		return -1;
	/* Two commands may be the first at the same time. */
	lock = file_open(config->data, O_RDONLY | O_DIRECTORY, 0, err);
	if (lock < 0)
		return -1;
	while (flock(lock, LOCK_EX) != 0)
		if (errno != EINTR) {
			err_sys(err, "cannot lock %s", config->data);
			goto done;
		}
	there = file_exists(path.p, err);
	if (there < 0)
		goto done;
	if (there)
		rc = upgrade_file(config, path.p, err);
	else
		rc = make(config, path.p, err) == 0 ? 1 : -1;
	if (rc < 0)
		err_wrap(err, "cannot %s the registry",
		    there ? "upgrade" : "make");
done:
	file_drop(&lock);
	return rc;
}
