#ifndef ROWHOUSE_MIGRATE_H
#define ROWHOUSE_MIGRATE_H

#include "tenants/app.h"
#include "tenants/base/err.h"
#include "tenants/db.h"

/*
 * The schema of a tenant's file: Rowhouse's own tables (names that begin with
 * '_', and the view users), then the application's migrations in order, each
 * once, all that are pending in one transaction.  PRAGMA user_version is the
 * number of the last one applied; _migrations keeps names, digests and times,
 * and a digest that no longer fits is a warning in the log.  _meta says whose
 * file it is.
 *
 * A file that is ahead of the application is left alone (ERR_BUSY: an older
 * release was started; fit.h says whether it can serve it all the same).  What
 * is wrong with a migration is ERR_SYSTEM and "file:line: what SQLite said".
 * Transactions, ATTACH, VACUUM and PRAGMA are refused in one, and so is a change
 * of Rowhouse's own tables.
 */
int migrate_up(struct db *db, const struct app *app, const char *slug,
    const char *uid, struct err *err);

/* Where a replica was: "<epoch, 8 hex>-<TXID, 16 hex>" (point.h). */
#define MIGRATE_POINT 26

struct migrate_job {
	const char *slug, *uid;
	int own_only;		/* Rowhouse's part, where the other fails */
	/*
	 * Under the write lock, before anything is changed.  Point is NULL
	 * where no migration of the application is pending; else what is put
	 * there is noted with each that is applied.  May refuse; or NULL.
	 */
	int (*begun)(void *arg, struct db *db, char *point, struct err *err);
	void *arg;
	int applied;		/* out: of the application's migrations */
	int failed;		/* out: number of the one that failed, or 0 */
};
int migrate_run(struct db *db, const struct app *app, struct migrate_job *job,
    struct err *err);

/* How far a file is. */
struct migrate_state {
	int64_t own;		/* Rowhouse's own part; 0: it is empty */
	int64_t own_least;	/* who knows less of it must not serve it,
				   where it is ahead of this release */
	int64_t applied;	/* the last of the application's migrations */
};
int migrate_look(struct db *db, struct migrate_state *out, struct err *err);
int migrate_is_ahead(const struct migrate_state *state, const struct app *app);

/* How far it is behind: number of migrations to apply, ours included. */
int migrate_pending(struct db *db, const struct app *app, int *out,
    struct err *err);

/*
 * A hash of all that migrate_up() would run on an empty file, in hex: another
 * application, or another release of ours, has another.
 */
#define MIGRATE_KEY 65
void migrate_key(const struct app *app, char out[MIGRATE_KEY]);

/*
 * The copy of a template (template.h) becomes this tenant's file, as if its
 * migrations had been applied now.
 */
int migrate_begin(struct db *db, const char *slug, const char *uid,
    struct err *err);

/* From now on the file is of this tenant; ERR_CORRUPT where it is nobody's. */
int migrate_set_owner(struct db *db, const char *slug, const char *uid,
    struct err *err);

/* ERR_CORRUPT where it is another tenant's file that lies there. */
int migrate_check_owner(struct db *db, const char *slug, const char *uid,
    struct err *err);

#endif
