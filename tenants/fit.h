#ifndef ROWHOUSE_FIT_H
#define ROWHOUSE_FIT_H

#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/check.h"
#include "tenants/db.h"
#include "tenants/registry.h"

/*
 * May this application serve this file?
 *
 * A file that is behind is migrated.  One that is ahead, since a newer release
 * has migrated it while this one still serves, and one whose migration fails,
 * are served as they are as long as every endpoint can be prepared on them;
 * else they are 503 with the reason.  Rowhouse's own part says in _meta what a
 * release must know of it (system_schema.h).
 *
 * What fits one file fits all with the same schema, so endpoints are prepared
 * once for each schema and not for each tenant; where a file is at this
 * application's version nothing is prepared.  A migration that failed is not
 * tried again for FIT_RETRY_MS by this process, whoever asks.
 */
struct fit;

#define FIT_RETRY_MS 30000

/* Keeps both. */
struct fit *fit_new(const struct config *config, const struct app *app);
void fit_free(struct fit *fit);

struct fit_found {
	int64_t applied;	/* the file's migrations, now */
	int64_t again_ms;	/* mono: ask again then; 0 = never */
};

/*
 * Of a file of that row's that was just opened.  0 it may be served.  -1:
 * ERR_CORRUPT where it is another tenant's, ERR_BUSY with why it may not, or
 * the lock's error.
 */
int fit_check(struct fit *fit, struct db *db,
    const struct registry_tenant *row, struct fit_found *out,
    struct err *err);

/*
 * The same question, and nothing is changed for it.  0 it may be served, where it is
 * behind if its migration succeeds.  -1: as above.
 */
int fit_look(struct fit *fit, struct db *db, const struct registry_tenant *row,
    int *ahead, int *behind, struct err *err);

/*
 * Of all tenants that are not deleted: how many are ahead, how many behind, each that
 * this application could not serve.  For `rowhouse check --tenants`; changes nothing.
 */
void fit_check_all(const struct config *config, struct check_report *report);

#endif
