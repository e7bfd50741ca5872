#include "tenants/app_scratch.h"

#include <stdio.h>
#include <stdlib.h>

#include "tenants/base/file.h"
#include "tenants/migrate.h"

#define DIR_SIZE 512

/* Whose file it says it is. */
#define SCRATCH_SLUG "scratch"
#define SCRATCH_UID  "000000000000000"

struct app_scratch {
	struct db *db;
	char dir[DIR_SIZE]; /* "" = not made */
};

static int
make_dir(char dir[DIR_SIZE], struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	int n;

	n = snprintf(dir, DIR_SIZE, "%s/rowhouse-check-XXXXXX",
	    tmp && tmp[0] ? tmp : "/tmp");
	if (n < 0 || n >= DIR_SIZE) {
		dir[0] = '\0';
		return err_set(err, ERR_INPUT, "TMPDIR is too long");
	}
	if (!mkdtemp(dir)) {
		(void)err_sys(err, "cannot make %s", dir);
		dir[0] = '\0';
		return -1;
	}
	return 0;
}

struct app_scratch *
app_scratch_open(struct err *err)
{
	struct app_scratch *scratch = calloc(1, sizeof(*scratch));
	char path[DIR_SIZE + 16];
	const struct db_opts opts = {
		.path = path, .role = DB_SERVE, .create = 1
	};
	struct err second = ERR_INIT;

	if (!scratch)
		err_die("out of memory");
	if (make_dir(scratch->dir, err) == 0) {
		(void)snprintf(
		    path, sizeof(path), "%s/db.sqlite", scratch->dir);
		scratch->db = db_open(&opts, err);
	}
	if (scratch->db)
		return scratch;
	(void)app_scratch_close(scratch, &second);
	return NULL;
}

int
app_scratch_migrate(
    struct app_scratch *scratch, const struct app *app, struct err *err)
{
	return migrate_up(scratch->db, app, SCRATCH_SLUG, SCRATCH_UID, err);
}

struct db *
app_scratch_db(struct app_scratch *scratch)
{
	return scratch->db;
}

int
app_scratch_close(struct app_scratch *scratch, struct err *err)
{
	int rc = 0;

	if (!scratch)
		return 0;
	db_close(scratch->db);
	if (scratch->dir[0])
		rc = file_remove_tree(scratch->dir, err);
	free(scratch);
	return rc;
}

int
app_scratch_prepare(struct app_scratch *scratch,
    const struct app_statement *statement, sqlite3_stmt **out,
    const char **tail)
{
	struct db *db = scratch->db;
	int rc;

	*out = NULL;
	db_guard(db, 1);
	rc = sqlite3_prepare_v2(
	    db_handle(db), statement->sql.p, (int)statement->sql.n, out, tail);
	db_guard(db, 0);
	return rc;
}
