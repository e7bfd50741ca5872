#ifndef ROWHOUSE_CLAIM_H
#define ROWHOUSE_CLAIM_H

#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * R7a: a replica has one owner, a machine, and the newest claim wins.
 *
 * The claim is the object `_machine`, replaced only where it is still what was read.
 * Its sequence goes up by one with each claim.  <data>/claim remembers what this
 * installation claimed last.  So a machine that starts knows which it is:
 *
 *  - nothing remembered: it is new here, built from the replica or for the first
 *    time, and takes the replica over;
 *  - the store's claim is the remembered one, or an older: it goes on, with a claim of its own;
 *  - it is a newer one: the replica was taken over, and this machine is the older
 *    one.  It ships nothing any more, whoever starts it how often.
 *
 * Who takes over from somebody that did not say goodbye waits, for twice as long as
 * the other may go without asking whether the claim is still his.  An image of the
 * machine remembers the same claim: whichever starts later is the owner.
 *
 * A replica does not vanish.  Where no claim is found and ours has been there, its
 * file system is not mounted, or somebody removed it: nothing is shipped into
 * the hole, which would lack what it builds on, until it is there again or the
 * operator has <data>/claim forgotten.
 *
 * A replica is one house's for ever: a claim names the house, which the registry
 * knows (registry_house).  A registry that was made anew is another house, however
 * it came to that replica, by a wrong URL or on a machine that was to be rebuilt
 * first.  It ships nothing: its empty registry would be the newest there.
 *
 * An owner asks every replica.claim while anything is active, never while all is idle.
 */
struct claim;

/*
 * Keeps config and store; host and house are copied.  ERR_CORRUPT where
 * <data>/claim is not one.
 */
struct claim *claim_new(const struct config *config, struct store *store,
    const char *host, const char *house, struct err *err);
void claim_free(struct claim *claim);	/* accepts NULL */

/* Takes, confirms; submits what is due.  active: there is something to own. */
void claim_tend(struct claim *claim, int active, int64_t mono_ms);

/* When claim_tend has something to do (mono); INT64_MAX: not while idle. */
int64_t claim_due_ms(const struct claim *claim, int active);

/*
 * Which replica it is: a number that was drawn with its first claim and is in each
 * that followed.  Known where an object may leave; 0: nobody said.
 */
uint32_t claim_replica(const struct claim *claim);

/* May an object leave?  Confirmed within twice replica.claim. */
int claim_may_ship(const struct claim *claim, int64_t mono_ms);

/* The last moment (mono) at which it was certainly ours; 0 = it is not. */
int64_t claim_confirmed_ms(const struct claim *claim);

/*
 * Was it ours at most CLAIM_FRESH_MS ago, or twice replica.claim if that is
 * less, so that nobody else has shipped since?  Where it is not known, the next claim_tend asks, however long
 * replica.claim is.
 */
#define CLAIM_FRESH_MS 10000
int claim_is_fresh(struct claim *claim, int64_t mono_ms);

/* Is somebody else the owner?  Then why, with a hint; else NULL. */
const struct err *claim_lost(const struct claim *claim);

/* Why the last try to take it failed; NULL: it is taken, or being taken. */
const struct err *claim_refused(const struct claim *claim);

/*
 * Says goodbye, so that nobody has to wait: blocks, for a bounded time, and
 * what fails is only logged.  Nothing may be on its way any more.
 */
void claim_release(struct claim *claim);

/* {"state":"held", …} for status. */
void claim_put_status(const struct claim *claim, struct buf *out);

#endif
