#ifndef ROWHOUSE_LIFECYCLE_H
#define ROWHOUSE_LIFECYCLE_H

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * From nothing to a tenant that can be signed in to, and back.  Each step can
 * be killed anywhere: the file is made and complete before the registry knows
 * of it, and what a killed attempt left behind is cleared by the next.
 */
struct lifecycle_owner {
	struct str email;
	struct str password;
	struct str name;	/* may be empty */
};

/*
 * Nobody makes a tenant before *fd is closed, which is the caller's either way;
 * ERR_BUSY where somebody does.
 */
int lifecycle_lock(const struct config *config, int *fd, struct err *err);

/*
 * Slug rules, file, schema, owner, registry row, hint; the master key where
 * there is none.  ERR_INPUT says what is wrong with slug, e-mail address or
 * password, ERR_CONFLICT that the slug is taken, by a deleted tenant too.
 */
int lifecycle_create(const struct config *config, struct registry *registry,
    const struct app *app, struct str slug,
    const struct lifecycle_owner *owner, struct err *err);

/* Where the database of a new tenant comes from: a whole file at path. */
struct lifecycle_source {
	int (*make)(void *arg, const char *path, struct err *err);
	void *arg;
	/* Brought to its schema at once; NULL: when it is first opened. */
	const struct app *app;
	struct str plan;	/* plan_stored(); STR_NONE: the default */
	/* Drawn beforehand, by who wants to know his own again; NULL: here. */
	const char *uid;
};

/*
 * A tenant that begins with the content of another: a uid of its own, so that
 * no token of the other is good for it; registered when it is whole.  Other
 * tenants can be made while make() works.  Errors as above; ERR_BUSY while
 * another process makes the same.
 */
int lifecycle_adopt(const struct config *config, struct registry *registry,
    struct str slug, const struct lifecycle_source *source, struct err *err);

/*
 * Deleted: answered 404 from now on; files and replica are kept.  The registry
 * remembers the slug.
 */
int lifecycle_delete(struct registry *registry, struct str slug,
    struct err *err);

/* Until when it can be undeleted (wall, ms): tenant.grace after its deletion. */
int64_t lifecycle_grace_ends(const struct config *config,
    const struct registry_tenant *row);

/*
 * As it was, active or suspended, with everything that it had.  ERR_CONFLICT
 * where it is not deleted, where its grace is over or its file is not there.
 */
int lifecycle_undelete(const struct config *config, struct registry *registry,
    struct str slug, struct err *err);

#endif
