#ifndef ROWHOUSE_USERS_ROW_H
#define ROWHOUSE_USERS_ROW_H

#include <sqlite3.h>

#include "tenants/users.h"

/*
 * The SQL of accounts, shared by users.c, which reads, users_write.c
 * and its users, which write, and users_limit.c, which counts; audit.c and
 * keys.c bind texts like it.
 */
enum users_row_sql {
	USERS_ROW_BY_ID,
	USERS_ROW_BY_EMAIL,
	USERS_ROW_LIST,		/* ?1 an id or NULL, ?2 limit, ?3 offset */
	USERS_ROW_COUNT,	/* ?1 an id or NULL */
	USERS_ROW_OWNERS,	/* that can sign in */
	USERS_ROW_INVITED,	/* ?1 limit; those without a password */
	USERS_ROW_INSERT,	/* users_row_bind */
	USERS_ROW_UPDATE,	/* users_row_bind */
	USERS_ROW_DELETE,	/* ?1 an id */
	USERS_ROW_SQL
};

const char *users_row_sql(enum users_row_sql which);

/* Kept with the tenant, reset and unbound. */
sqlite3_stmt *users_row_statement(struct tenant *tenant,
    enum users_row_sql which, struct err *err);

void users_row_bind_text(sqlite3_stmt *stmt, int at, struct str text);
void users_row_bind(sqlite3_stmt *stmt, const struct user *user);
void users_row_read(sqlite3_stmt *stmt, struct arena *arena,
    struct user *out);

/* The first column of a statement's one row. */
int users_row_int(struct tenant *tenant, sqlite3_stmt *stmt, int64_t *out,
    struct err *err);

/* APP_NOBODY for what is no role of a user. */
enum app_access users_row_role(struct str name);

/* May the caller see and change this account, his own aside? */
int users_row_manages(struct caller caller, const struct user *user);

/*
 * Hashes a password in one of the machine's slots; ERR_LIMIT where none gets
 * free.
 */
int users_row_hash(const struct config *config, struct str password,
    char out[CRYPTO_HASH_MAX], struct err *err);

/* How long to stand in the queue for a hash slot. */
#define USERS_ROW_HASH_WAIT_MS 1000

#endif
