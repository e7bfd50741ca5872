#ifndef ROWHOUSE_OWNER_H
#define ROWHOUSE_OWNER_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * Whose house it is.  Commands are run by people, who are somebody else than the
 * pool, or root.
 */

/*
 * May this user write in the data directory, which is what it takes to look at it,
 * too?  ERR_DENIED says whose it is, or that its file system is read-only.  One that
 * is not there is nobody's yet: 0.
 */
int owner_check(const struct config *config, struct err *err);

/*
 * Can the pool open what this process makes there?  ERR_DENIED where this is root
 * and the registry, or the directory that has none yet, is another user's, who could
 * not; in a directory that is shared with a group he can.
 */
int owner_check_new(const struct config *config, struct err *err);

#endif
