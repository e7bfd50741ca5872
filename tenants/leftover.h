#ifndef ROWHOUSE_LEFTOVER_H
#define ROWHOUSE_LEFTOVER_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * Restores in place build tenants/<slug>/<epoch>/db.sqlite.restoring under the lock of
 * tenants/<slug>.  What is there when nobody has that lock was left by one that was
 * killed: it goes, and its directory where nothing else is in it.  A tenant that
 * is being restored, or is not there, is passed over.
 */
#define LEFTOVER_SUFFIX ".restoring"
/*
 * Beside the tenants, before a slug (lifecycle.c): one that is made of another, held
 * by who does that; and one that is made under lifecycle_lock().
 */
#define LEFTOVER_COPY ".copy-"
#define LEFTOVER_NEW  ".new-"

int leftover_clear(const struct config *config, const char *slug,
    struct err *err);
/* Of one incarnation, for who has that lock. */
int leftover_clear_epoch(const struct config *config, const char *slug,
    uint32_t epoch, struct err *err);
/* Of all tenants; says in the log what cannot be cleared. */
void leftover_clear_all(const struct config *config);

/*
 * What killed commands had begun of whatever tenant, and nobody is at; with those that
 * were made under the lock, where it is the caller's.
 */
int leftover_clear_begun(const struct config *config, int with_new,
    struct err *err);

/*
 * Of a tenant that is erased: the copy on which a dry run of `rowhouse migrate` was
 * killed; and what killed clones and imports had begun (lifecycle.h), whosever
 * it is, since the name does not say that.
 */
int leftover_clear_copies(const struct config *config, const char *slug,
    struct err *err);

#endif
