#ifndef ROWHOUSE_TENANT_STATEMENTS_H
#define ROWHOUSE_TENANT_STATEMENTS_H

#include <sqlite3.h>
#include <stddef.h>

/*
 * The prepared statements of one tenant, by key and number, the least recently
 * used first out.  Looking one up takes the same time however many there are.
 */
#define TENANT_STATEMENTS 64

struct tenant_statements;

struct tenant_statements *tenant_statements_new(void);

/* Finalizes them all.  Accepts NULL. */
void tenant_statements_free(struct tenant_statements *statements);

sqlite3_stmt *tenant_statements_get(struct tenant_statements *statements,
    const void *key, size_t number);

/* Takes the statement over; where there is no room, one is dropped first. */
void tenant_statements_put(struct tenant_statements *statements,
    const void *key, size_t number, sqlite3_stmt *stmt);

/* Finalizes the least recently used one: 1, or 0 where there is none. */
int tenant_statements_drop(struct tenant_statements *statements);

/* What they take, as SQLite counted it when each was put here. */
size_t tenant_statements_bytes(const struct tenant_statements *statements);

#endif
