#ifndef ROWHOUSE_KEYS_H
#define ROWHOUSE_KEYS_H

#include <stddef.h>

#include "tenants/base/crypto.h"
#include "tenants/call.h"
#include "tenants/users.h"

/*
 * API keys, for programs that call a tenant's endpoints without anybody who
 * signs in: "rhk_" and 40 characters, in the place of a token.  They live in the
 * tenant's file (_keys), as a keyed hash:
 *
 *	BLAKE2b(master key; tenant's uid, generation, the key)
 *
 * so that a key of one tenant is noise at every other, a restore brings none
 * back, and who reads the file can use none.
 *
 * A key acts for the account that made it, its owner: @user_id is his, @role
 * the lower of the key's and his own.  When he is removed his keys go with him.
 * It is for endpoints and GET /api/audit; whatever its role, it reaches
 * neither accounts nor keys, so that one which leaked makes no others.
 */
#define KEYS_PREFIX "rhk_"
#define KEYS_MAX 100		/* of a tenant */

struct key {
	struct str id;		/* "" = none */
	struct str used;	/* when it was last noted, or "" */
	enum app_access role;
	int writes;		/* else GET alone */
	struct str paths;	/* a JSON array; [] = all */
};

/*
 * Whose key is this?  ERR_AUTH where it is nobody's, has expired or is no key
 * at all; all of that takes as long.
 */
int keys_find(struct tenant *tenant, const struct secret *master,
    struct str text, struct arena *arena, struct key *out, struct user *owner,
    struct err *err);

/* The role of a key by its id; ERR_NOT_FOUND where it is gone or has expired. */
int keys_role(struct tenant *tenant, struct str id, enum app_access *out,
    struct err *err);

/* ERR_DENIED where the key is not for this method or this path. */
int keys_allow(const struct key *key, struct str method,
    const struct str *segments, size_t n_segments, struct arena *arena,
    struct err *err);

/*
 * A key of this tenant was used: notes when, at most once an hour.  Whoever has
 * the tenant gets it again after this.
 */
int keys_note_use(const struct call_env *env, struct str slug,
    const struct key *key, struct err *err);

/*
 * What admins and owners do: sent has the request's query, body and caller, and
 * what is wrong there is a fault.  A key's role is at most its maker's; the
 * answer to making it is the one place where it stands whole.  An admin
 * removes all but owners' keys.  ERR_CONFLICT where there are KEYS_MAX.
 */
int keys_list(const struct call_env *env, struct tenant *tenant,
    const struct call *sent, struct buf *out, struct faults *faults,
    struct err *err);
int keys_create(const struct call_env *env, struct tenant *tenant,
    const struct secret *master, const struct call *sent, struct buf *out,
    struct faults *faults, struct err *err);
int keys_delete(const struct call_env *env, struct tenant *tenant,
    const struct call *sent, struct str id, struct faults *faults,
    struct err *err);

/* For keys*.c: the hash of a key as it stands in the file, in hex. */
#define KEYS_HASH 65
void keys_hash(const struct secret *master, const struct registry_tenant *row,
    struct str text, char out[KEYS_HASH]);

/*
 * The file has become another tenant's, where none of its keys is good any more: so
 * it says.
 */
int keys_disown(struct db *db, struct err *err);

#endif
