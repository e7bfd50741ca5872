#ifndef ROWHOUSE_APP_SQL_H
#define ROWHOUSE_APP_SQL_H

#include <stddef.h>

#include "tenants/base/str.h"

/*
 * SQL cut into tokens as SQLite's tokenizer (tokenize.c) cuts it, so far as is
 * needed to find the ends of statements, the variables, and the names of
 * common table expressions, without being fooled by a string or a comment.
 * What it means is SQLite's business.
 */
enum app_sql_kind {
	APP_SQL_COMMENT,
	APP_SQL_STRING,		/* 'text' */
	APP_SQL_NAME,		/* bare, "quoted", `quoted` or [quoted] */
	APP_SQL_VARIABLE,	/* :a, @a, $a, #a, ?, ?1 */
	APP_SQL_NUMBER,
	APP_SQL_OTHER,		/* one byte of an operator or of punctuation */
	APP_SQL_UNFINISHED	/* a string, name or comment without its end */
};

struct app_sql_token {
	enum app_sql_kind kind;
	struct str text;
};

/* The token at or after *at, which is moved behind it; 0 at the end. */
int app_sql_next(struct str sql, size_t *at, struct app_sql_token *out);

/* What a name or string token stands for, without its quotes; doubled ones stay doubled. */
struct str app_sql_unquote(struct app_sql_token token);

#endif
