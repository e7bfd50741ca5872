#include "tenants/registry_own.h"

#include "tenants/base/clock.h"

static struct str
column(sqlite3_stmt *stmt, int at)
{
	return str_make((const char *)sqlite3_column_text(stmt, at),
	    (size_t)sqlite3_column_bytes(stmt, at));
}

static void
bind(sqlite3_stmt *stmt, int at, struct str text)
{
	(void)sqlite3_bind_text(
	    stmt, at, text.p != NULL ? text.p : "", (int)text.n, SQLITE_STATIC);
}

/* Each that comes pushes one out, and so it stays one at a time. */
static int
prune(struct registry *registry, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(registry->db,
	    "DELETE FROM deeds WHERE id <= (SELECT max(id) FROM deeds) - ?1",
	    err);
	int rc;

	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_int64(stmt, 1, REGISTRY_DEEDS_MAX);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		db_err(registry->db, err, "registry");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
registry_deed_write(struct registry *registry, struct err *err)
{
	const struct registry_deed *deed = registry->deed;
	sqlite3_stmt *stmt = db_prepare(registry->db,
	    "INSERT INTO deeds (time, who, address, what, slug, detail)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	    err);
	int rc;

	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_int64(stmt, 1, clock_wall_ms());
	bind(stmt, 2, deed->who);
	bind(stmt, 3, deed->address);
	bind(stmt, 4, deed->what);
	bind(stmt, 5, deed->slug);
	bind(stmt, 6, deed->detail);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		db_err(registry->db, err, "registry");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? prune(registry, err) : -1;
}

int
registry_deeds(struct registry *registry, struct str slug, int64_t before,
    int64_t limit, int (*each)(const struct registry_deed *deed, void *arg),
    void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, answer = 0;

	if (registry_follow(registry, err) != 0)
		return -1;
	stmt = db_prepare(registry->db,
	    slug.n > 0
		? "SELECT id, time, who, address, what, slug, detail FROM deeds"
		  " WHERE slug = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2"
		: "SELECT id, time, who, address, what, slug, detail FROM deeds"
		  " WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	    err);
	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_int64(stmt, 1, before > 0 ? before : INT64_MAX);
	(void)sqlite3_bind_int64(stmt, 2, limit);
	if (slug.n > 0)
		bind(stmt, 3, slug);
	while (answer == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		const struct registry_deed deed = {
			.id = sqlite3_column_int64(stmt, 0),
			.time_ms = sqlite3_column_int64(stmt, 1),
			.who = column(stmt, 2),
			.address = column(stmt, 3),
			.what = column(stmt, 4),
			.slug = column(stmt, 5),
			.detail = column(stmt, 6),
		};

		answer = rc == SQLITE_ROW
			     ? each(&deed, arg)
			     : db_err(registry->db, err, "registry");
	}
	(void)sqlite3_finalize(stmt);
	return answer;
}

int
registry_erased(struct registry *registry, struct str slug, int64_t *out_ms,
    struct err *err)
{
	sqlite3_stmt *stmt;

	if (registry_follow(registry, err) != 0)
		return -1;
	stmt = db_prepare(registry->db,
	    "SELECT coalesce(max(time), 0) FROM deeds"
	    " WHERE slug = ?1 AND what = '" REGISTRY_ERASED "'",
	    err);
	if (stmt == NULL)
		return -1;
	bind(stmt, 1, slug);
	return registry_read_number(registry, stmt, out_ms, err);
}
