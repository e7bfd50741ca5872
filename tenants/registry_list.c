/* Pages of tenants.  What they are sorted by is chosen, never pasted. */
#include "tenants/registry_own.h"

#define WHERE                                                                  \
	" FROM tenants t WHERE (?1 IS NULL OR t.state = ?1)"                   \
	" AND (?2 IS NULL OR t.slug GLOB ?2)"
#define PAGE(key, way)                                                         \
	"SELECT " REGISTRY_ROW WHERE " ORDER BY " key "t.slug" way             \
	"LIMIT ?3 OFFSET ?4"
#define BOTH(key)                                                              \
	{                                                                      \
		PAGE(key ",", " "), PAGE(key " DESC,", " DESC ")               \
	}
#define STATE                                                                  \
	"CASE t.state WHEN 'active' THEN 0 WHEN 'suspended' THEN 1 ELSE 2 END"

static const char *const page_sql[REGISTRY_KEYS][2] = {
	[REGISTRY_BY_SLUG] = { PAGE("", " "), PAGE("", " DESC ") },
	[REGISTRY_BY_CREATED] = BOTH("t.created"),
	[REGISTRY_BY_UPDATED] = BOTH("t.updated"),
	[REGISTRY_BY_STATE] = BOTH(STATE),
};

static const char count_sql[] = "SELECT count(*)" WHERE;

static sqlite3_stmt *
prepare(struct registry *registry, const char *sql,
    const struct registry_query *query, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(registry->db, sql, err);

	if (stmt == NULL)
		return NULL;
	if (query->state >= 0)
		(void)sqlite3_bind_text(stmt, 1,
		    registry_state_name((enum registry_state)query->state), -1,
		    SQLITE_STATIC);
	if (query->pattern.p != NULL)
		(void)sqlite3_bind_text(stmt, 2, query->pattern.p,
		    (int)query->pattern.n, SQLITE_STATIC);
	return stmt;
}

int
registry_list(struct registry *registry, const struct registry_query *query,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (registry_follow(registry, err) != 0)
		return -1;
	stmt = prepare(
	    registry, page_sql[query->key][query->falling != 0], query, err);
	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_int64(stmt, 3, query->limit);
	(void)sqlite3_bind_int64(stmt, 4, query->skip);
	rc = registry_read_each(registry, stmt, each, arg, err);
	(void)sqlite3_finalize(stmt);
	return rc;
}

int
registry_count(struct registry *registry, const struct registry_query *query,
    int64_t *out, struct err *err)
{
	sqlite3_stmt *stmt;

	if (registry_follow(registry, err) != 0)
		return -1;
	stmt = prepare(registry, count_sql, query, err);
	return stmt == NULL ? -1
			    : registry_read_number(registry, stmt, out, err);
}
