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

/* What leads from the version before to this one (from 1), as SQL. */
const char *system_schema_step(int version);

#endif
