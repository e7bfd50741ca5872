#include "tenants/app_sql.h"

#include <string.h>

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What SQLite's IdChar() takes into a name; '$' is in, for it is theirs too. */
static int
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       is_digit(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t
skip_name(struct str sql, size_t at)
{
	while (at < sql.n && is_name(sql.p[at]))
		at++;
	return at;
}

/* Behind a string or name that begins at `at`; 0 where it does not end. */
static size_t
skip_quoted(struct str sql, size_t at)
{
	char quote = sql.p[at] == '[' ? ']' : sql.p[at];

	for (at++; at < sql.n; at++) {
		if (sql.p[at] != quote)
			continue;
		if (quote == ']' || at + 1 == sql.n || sql.p[at + 1] != quote)
			return at + 1;
		at++;
	}
	return 0;
}

static size_t
skip_block_comment(struct str sql, size_t at)
{
	for (at += 2; at + 1 < sql.n; at++)
		if (sql.p[at] == '*' && sql.p[at + 1] == '/')
			return at + 2;
	return 0;
}

/* With the "::" and the "(…)" that SQLite lets follow, for Tcl's sake. */
static size_t
skip_variable(struct str sql, size_t at)
{
	size_t from = ++at, end;

	while (at < sql.n) {
		if (is_name(sql.p[at])) {
			at++;
		} else if (sql.p[at] == ':' && at + 1 < sql.n &&
			   sql.p[at + 1] == ':') {
			at += 2;
		} else if (sql.p[at] == '(' && at > from) {
			end = str_find(sql, ')', at);
			return end == sql.n ? end : end + 1;
		} else {
			break;
		}
	}
	return at;
}

static int
starts_comment(struct str sql, size_t at, const char *with)
{
	return at + 1 < sql.n && sql.p[at] == with[0] &&
	       sql.p[at + 1] == with[1];
}

static enum app_sql_kind
finish(struct str sql, size_t *end, enum app_sql_kind kind)
{
	if (*end != 0)
		return kind;
	*end = sql.n;
	return APP_SQL_UNFINISHED;
}

int
app_sql_next(struct str sql, size_t *at, struct app_sql_token *out)
{
	size_t from = *at, end;
	char c;

	while (from < sql.n && is_space(sql.p[from]))
		from++;
	if (from == sql.n) {
		*at = from;
		return 0;
	}
	c = sql.p[from];
	end = from + 1;
	out->kind = APP_SQL_OTHER;
	if (starts_comment(sql, from, "--")) {
		end = str_find(sql, '\n', from);
		out->kind = APP_SQL_COMMENT;
	} else if (starts_comment(sql, from, "/*")) {
		end = skip_block_comment(sql, from);
		out->kind = finish(sql, &end, APP_SQL_COMMENT);
	} else if (c == '\'') {
		end = skip_quoted(sql, from);
		out->kind = finish(sql, &end, APP_SQL_STRING);
	} else if (c == '"' || c == '`' || c == '[') {
		end = skip_quoted(sql, from);
		out->kind = finish(sql, &end, APP_SQL_NAME);
	} else if (c == '?') {
		while (end < sql.n && is_digit(sql.p[end]))
			end++;
		out->kind = APP_SQL_VARIABLE;
	} else if (memchr(":@$#", c, 4)) {
		end = skip_variable(sql, from);
		out->kind = APP_SQL_VARIABLE;
	} else if (is_digit(c)) {
		end = skip_name(sql, from);
		out->kind = APP_SQL_NUMBER;
	} else if (is_name(c)) {
		end = skip_name(sql, from);
		out->kind = APP_SQL_NAME;
	}
	out->text = str_sub(sql, from, end);
	*at = end;
	return 1;
}

struct str
app_sql_unquote(struct app_sql_token token)
{
	struct str text = token.text;

	if (text.n >= 2 && memchr("'\"`[", text.p[0], 4))
		return str_sub(text, 1, text.n - 1);
	return text;
}
