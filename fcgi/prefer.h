#ifndef ROWHOUSE_PREFER_H
#define ROWHOUSE_PREFER_H

#include "tenants/base/str.h"

/*
 * Does a Prefer header (RFC 7240) ask for durability=replicated?  Several
 * headers come as one, with commas between.  Of a preference that is there
 * more than once only the first counts.  Other preferences, and parameters,
 * are ignored; so is all from the first thing on that is no preference.
 */
int prefer_replicated(struct str header);

#endif
