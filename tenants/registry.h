#ifndef ROWHOUSE_REGISTRY_H
#define ROWHOUSE_REGISTRY_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/db.h"
#include "tenants/slug.h"

/*
 * The registry: which tenants there are, under which hosts, in which state,
 * and which incarnation (epoch) of each is current.  One SQLite file under the same
 * contract as a tenant's, replicated by the same rules (R15).
 */
struct registry;

enum registry_state {
	REGISTRY_ACTIVE,
	REGISTRY_SUSPENDED,	/* answered 503; kept, replicated */
	REGISTRY_DELETED	/* answered 404; files kept until erased */
};

#define REGISTRY_UID   15
#define REGISTRY_HOUSE 16

struct registry_tenant {
	char slug[SLUG_MAX + 1];
	char uid[REGISTRY_UID + 1];	/* never reused */
	enum registry_state state;
	uint32_t epoch;			/* the current incarnation's */
	uint32_t parent_epoch;		/* what it was restored from; 0 = nothing */
	uint64_t parent_txid;
	uint32_t generation;		/* of tokens; never goes back */
	int64_t size_max;		/* bytes; 0 = the plan's */
	char plan[CONFIG_PLAN_NAME + 1];	/* "" = the default (plan.h) */
	int64_t created_ms;
	int64_t updated_ms;
	int64_t erasing_ms;		/* since when (wall); 0 = it is not */
};

/*
 * Opens it.  Where create is set and there is none, makes it, with the data
 * directory; not where there are tenants already: then it was lost, and an
 * empty one would hide them all.  Every commit through it sends a hint.
 */
struct registry *registry_open(const struct config *config, enum db_role role,
    int create, struct err *err);
void registry_close(struct registry *registry);

struct db *registry_db(struct registry *registry);

/*
 * Which house this is: drawn when the registry was made, and the same in all
 * that is ever restored of it.
 */
int registry_house(struct registry *registry, char out[REGISTRY_HOUSE + 1],
    struct err *err);

/*
 * db_version() of its file.  0 where it cannot be told, or where the file was
 * moved away: then the next look-up opens it anew.
 */
uint64_t registry_version(struct registry *registry);

/*
 * ERR_NOT_FOUND names the slug.  Tenants that are suspended or deleted are
 * found too, here and by host: look at the state.  Both open the registry
 * anew, within a second, when another file takes its place, and are ERR_BUSY
 * as long as there is none: nothing of registry_db() outlives a call of them.
 * What was asked for before costs no SQL until somebody writes to the registry.
 */
int registry_find(struct registry *registry, struct str slug,
    struct registry_tenant *out, struct err *err);

/*
 * The tenant that a host belongs to, by exact look-up: "<slug>.<base domain>"
 * or a host that was added.  Lower-cases, and strips a port and one trailing
 * dot (hostname.h); anything that is not a host name is ERR_NOT_FOUND.
 */
int registry_find_host(struct registry *registry, struct str host,
    struct registry_tenant *out, struct err *err);

/* Is it the platform's own host, the bare base domain? */
int registry_is_platform(const struct config *config, struct str host);

/*
 * Calls each() with every tenant, by slug, until it returns non-zero, which is
 * given back; -1 with *err where it cannot be read.  Follows the file, as above.
 */
int registry_each(struct registry *registry,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err);

/* A page of them: limit rows (-1: all) after skip, in the order of a key. */
enum registry_key {
	REGISTRY_BY_SLUG,
	REGISTRY_BY_CREATED,
	REGISTRY_BY_UPDATED,
	REGISTRY_BY_STATE,	/* active, suspended, deleted */
	REGISTRY_KEYS
};

struct registry_query {
	struct str pattern;	/* of slugs, as SQLite's GLOB; p NULL: all */
	int state;		/* an enum registry_state, or -1: any */
	enum registry_key key;
	int falling;
	int64_t skip, limit;
};

int registry_list(struct registry *registry,
    const struct registry_query *query,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err);
/* How many there are on all pages. */
int registry_count(struct registry *registry,
    const struct registry_query *query, int64_t *out, struct err *err);

/* ERR_CONFLICT where the slug is taken, by a deleted tenant too. */
int registry_check_free(struct registry *registry, struct str slug,
    struct err *err);
/* The same question, and the row; created_ms and updated_ms are set here. */
int registry_add(struct registry *registry,
    const struct registry_tenant *tenant, struct err *err);

/* ERR_CONFLICT for a tenant that is deleted: nothing follows that. */
int registry_set_state(struct registry *registry, struct str slug,
    enum registry_state state, struct err *err);

/* ERR_CONFLICT for one that is deleted.  Whether there is such a plan: plan.h. */
int registry_set_plan(struct registry *registry, struct str slug,
    struct str plan, struct err *err);

/* Active again, or suspended, as it was; ERR_CONFLICT where it is not deleted. */
int registry_undelete(struct registry *registry, struct str slug,
    struct err *err);

/*
 * From the first on a deleted tenant is being erased: nothing brings it back,
 * and the replicator leaves it alone.  ERR_CONFLICT where it is not deleted;
 * begun already is fine.  The second forgets it, with its hosts, and its slug
 * is free; ERR_CONFLICT where it is not being erased, or is not this uid's.
 */
int registry_erase_begin(struct registry *registry, struct str slug,
    struct err *err);
int registry_erase_end(struct registry *registry, struct str slug,
    const char *uid, struct err *err);

/* ERR_CONFLICT where it is being erased. */
int registry_check_kept(const struct registry_tenant *tenant,
    struct err *err);

/*
 * Makes another incarnation current and raises the generation of tokens, so
 * that what was restored resurrects none.  was is the tenant as it was when that
 * began: ERR_CONFLICT where its epoch is no longer the current one, or the slug is
 * another's.
 */
int registry_switch(struct registry *registry,
    const struct registry_tenant *was, uint32_t epoch, uint32_t parent_epoch,
    uint64_t parent_txid, struct err *err);

/*
 * Raises every tenant's generation beyond all that there ever were (a
 * generation is at most the seconds since 1970 at which it was made): for a
 * registry that was itself restored, and would bring revoked tokens back.
 */
int registry_revoke_tokens(struct registry *registry, struct err *err);

/*
 * A host of the tenant's own.  ERR_CONFLICT where it is another's, or is one
 * that the base domain gives to a slug, or the tenant is deleted; ERR_INPUT where
 * it is no host name.
 */
int registry_host_add(struct registry *registry, struct str slug,
    struct str host, struct err *err);
/* ERR_NOT_FOUND where it is not one of the tenant's. */
int registry_host_remove(struct registry *registry, struct str slug,
    struct str host, struct err *err);
int registry_each_host(struct registry *registry, struct str slug,
    int (*each)(const char *host, void *arg), void *arg, struct err *err);

/*
 * The platform's log: what the operator did to which tenant, when and from
 * where, by HTTP and by command, and which tenants visitors made themselves.  An
 * entry is written in the transaction of what it tells of, so that neither is
 * there without the other.  REGISTRY_DEEDS_MAX of them are kept.
 *
 * registry_note: the next change through this registry is that deed, which is
 * the caller's until NULL is noted.  registry_note_alone is for what changes
 * nothing here.
 */
#define REGISTRY_DEEDS_MAX 100000

struct registry_deed {
	int64_t id;		/* when it is read: it grows */
	int64_t time_ms;	/* when it is read */
	struct str who;		/* "operator", "visitor", or as caller.h says */
	struct str address;	/* from where; may be empty */
	struct str what;	/* "tenant-suspended" */
	struct str slug;	/* may be empty */
	struct str detail;	/* never a secret; may be empty */
};

void registry_note(struct registry *registry,
    const struct registry_deed *deed);
int registry_note_alone(struct registry *registry,
    const struct registry_deed *deed, struct err *err);

/*
 * The newest first, of one slug (or STR_NONE), from those with an id below
 * `before` (0: all) so many.
 */
int registry_deeds(struct registry *registry, struct str slug, int64_t before,
    int64_t limit, int (*each)(const struct registry_deed *deed, void *arg),
    void *arg, struct err *err);

/*
 * When a tenant of that slug was last erased, as the log has it (wall, ms); 0
 * where it has none.  A deed that says REGISTRY_ERASED is one.
 */
#define REGISTRY_ERASED "tenant-erased"

int registry_erased(struct registry *registry, struct str slug, int64_t *out_ms,
    struct err *err);

const char *registry_state_name(enum registry_state state);
int registry_state_of(struct str name);	/* -1: there is no such state */

#endif
