#ifndef ROWHOUSE_SYSTEM_SCHEMA_H
#define ROWHOUSE_SYSTEM_SCHEMA_H

/*
 * Rowhouse's own part of a tenant's schema.  It moves on in steps, which are
 * applied like the application's migrations, before them and in the same
 * transaction (migrate.h); _meta says as system_schema how far a file is.
 *
 * A step that was released is never edited: files are out there that have it.
 * What is to change becomes the next one, which must also work in a file with
 * the application's tables and rows in it.
 */
#define SYSTEM_SCHEMA 4		/* of this release */

/*
 * The least of it that a release must know to serve a file of this one, which
 * goes into _meta as system_schema_least: in a deploy the old workers go on
 * beside the new ones.  What an older one would get wrong must not be less: it
 * knows nothing of second factors, so 4.
 */
#define SYSTEM_SCHEMA_LEAST 4

/* What leads from the version before to this one (from 1), as SQL. */
const char *system_schema_step(int version);

#endif
