#include "tenants/app_parse.h"

#include <string.h>

#include "tenants/app_directive.h"
#include "tenants/app_sql.h"
#include "tenants/guard.h"

/* What the server knows; app.h says what each is. */
static const char *const server_variables[] = { "user_id", "role", "tenant",
	"now", "new_id" };

/*
 * The way to a common table expression: a name, perhaps its columns in
 * parentheses, AS, perhaps [NOT] MATERIALIZED, an opening parenthesis.
 * Nothing else in SQL that an endpoint may use looks like that.
 */
enum expression_state {
	EXPRESSION_NOWHERE,
	EXPRESSION_NAME,
	EXPRESSION_COLUMNS,
	EXPRESSION_COLUMNS_END,
	EXPRESSION_AS
};

struct reader {
	struct app_endpoint *endpoint;
	struct arena *arena;
	struct complaints *complaints;
	struct str sql;
	int first_line; /* of sql */
	int used[APP_DIRECTIVE_PARAMS];
	enum expression_state expression;
	struct app_sql_token name; /* of the expression, perhaps */
	size_t n_statements;
	struct app_statement statements[APP_STATEMENTS_MAX];
};

int
app_parse_line(struct str text, size_t at, int first)
{
	size_t i;

	for (i = 0; i < at && i < text.n; i++)
		if (text.p[i] == '\n')
			first++;
	return first;
}

static int
line_of(const struct reader *reader, struct app_sql_token token)
{
	return app_parse_line(reader->sql,
	    (size_t)(token.text.p - reader->sql.p), reader->first_line);
}

#define COMPLAIN(reader, line, ...)                                            \
	complaints_add((reader)->complaints, (reader)->endpoint->file, (line), \
	    __VA_ARGS__)

static int
use_param(struct reader *reader, struct str name)
{
	size_t i;

	for (i = 0; i < reader->endpoint->n_params; i++)
		if (str_eq(reader->endpoint->params[i].name, name)) {
			reader->used[i] = 1;
			return 1;
		}
	return 0;
}

static int
is_server_variable(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof(server_variables) / sizeof(char *); i++)
		if (str_is(name, server_variables[i]))
			return 1;
	return 0;
}

static void
check_variable(struct reader *reader, struct app_sql_token token)
{
	struct str name = str_sub(token.text, 1, token.text.n);
	struct str param = str_sub(name, 4, name.n);

	if (!memchr(":@", token.text.p[0], 2) || !app_directive_name_ok(name)) {
		COMPLAIN(reader, line_of(reader, token),
		    "\"%.*s\" is no variable of an endpoint: write :name",
		    STR_FMT(token.text));
	} else if (token.text.p[0] == ':') {
		if (!use_param(reader, name))
			COMPLAIN(reader, line_of(reader, token),
			    ":%.*s is not declared: -- param: %.*s TYPE",
			    STR_FMT(name), STR_FMT(name));
	} else if (str_starts(name, "has_")) {
		if (!use_param(reader, param))
			COMPLAIN(reader, line_of(reader, token),
			    "@%.*s: there is no param %.*s", STR_FMT(name),
			    STR_FMT(param));
	} else if (!is_server_variable(name)) {
		COMPLAIN(reader, line_of(reader, token),
		    "there is no @%.*s: @user_id, @role, @tenant, @now, "
		    "@new_id, or @has_ and the name of a param",
		    STR_FMT(name));
	}
}

static void
follow_expression(struct reader *reader, struct app_sql_token token)
{
	enum expression_state state = reader->expression;
	int is_name =
	    token.kind == APP_SQL_NAME || token.kind == APP_SQL_STRING;
	struct str name;

	if (state == EXPRESSION_COLUMNS) {
		if (str_is(token.text, ")"))
			reader->expression = EXPRESSION_COLUMNS_END;
		else if (!is_name && !str_is(token.text, ","))
			reader->expression = EXPRESSION_NOWHERE;
	} else if (state == EXPRESSION_AS && str_is(token.text, "(")) {
		name = app_sql_unquote(reader->name);
		if (guard_reserved(name))
			COMPLAIN(reader, line_of(reader, reader->name),
			    "a common table expression cannot be named %.*s, "
			    "which is Rowhouse's own",
			    STR_FMT(name));
		reader->expression = EXPRESSION_NOWHERE;
	} else if (state == EXPRESSION_AS &&
		   (str_is_nocase(token.text, "not") ||
		       str_is_nocase(token.text, "materialized"))) {
		return;
	} else if ((state == EXPRESSION_NAME ||
		       state == EXPRESSION_COLUMNS_END) &&
		   str_is_nocase(token.text, "as")) {
		reader->expression = EXPRESSION_AS;
	} else if (state == EXPRESSION_NAME && str_is(token.text, "(")) {
		reader->expression = EXPRESSION_COLUMNS;
	} else if (is_name) {
		reader->name = token;
		reader->expression = EXPRESSION_NAME;
	} else {
		reader->expression = EXPRESSION_NOWHERE;
	}
}

/* A directive behind the beginning of the SQL would be ignored in silence. */
static void
check_comment(struct reader *reader, struct app_sql_token token)
{
	size_t at = (size_t)(token.text.p - reader->sql.p);
	struct str word, rest;

	while (at > 0 && memchr(" \t", reader->sql.p[at - 1], 2))
		at--;
	if (at > 0 && reader->sql.p[at - 1] != '\n')
		return;
	if (app_directive_split(token.text, &word, &rest) &&
	    app_directive_known(word))
		COMPLAIN(reader, line_of(reader, token),
		    "%.*s: must stand above the SQL", STR_FMT(word));
}

static void
end_statement(struct reader *reader, size_t from, size_t to)
{
	struct app_statement *statement;
	int line = app_parse_line(reader->sql, from, reader->first_line);

	reader->expression = EXPRESSION_NOWHERE;
	if (reader->n_statements == APP_STATEMENTS_MAX) {
		COMPLAIN(reader, line, "more than %d statements",
		    APP_STATEMENTS_MAX);
		return;
	}
	statement = &reader->statements[reader->n_statements++];
	statement->sql = str_sub(reader->sql, from, to);
	statement->line = line;
}

static void
read_sql(struct reader *reader)
{
	struct app_sql_token token;
	size_t at = 0, begin = 0, end = 0;
	int open = 0;

	while (app_sql_next(reader->sql, &at, &token)) {
		if (token.kind == APP_SQL_COMMENT) {
			check_comment(reader, token);
			continue;
		}
		if (str_is(token.text, ";")) {
			if (open)
				end_statement(reader, begin, end);
			open = 0;
			continue;
		}
		end = at;
		if (!open)
			begin = at - token.text.n;
		open = 1;
		if (token.kind == APP_SQL_UNFINISHED)
			COMPLAIN(reader, line_of(reader, token),
			    "what begins with %c does not end",
			    token.text.p[0]);
		if (token.kind == APP_SQL_VARIABLE)
			check_variable(reader, token);
		follow_expression(reader, token);
	}
	if (open)
		end_statement(reader, begin, end);
}

/*
 * The comment at the head of the file; returns where the SQL begins.
 */
static size_t
read_head(struct app_directive *directive, struct str text, int *line)
{
	struct app_endpoint *endpoint = directive->endpoint;
	struct str comment, word, rest;
	size_t at = 0, end;
	int comments = 0;

	for (*line = 1; at < text.n; at = end + 1, (*line)++) {
		end = str_find(text, '\n', at);
		comment = str_trim(str_sub(text, at, end));
		if (comment.n == 0)
			continue;
		if (!str_starts(comment, "--"))
			return at;
		comments++;
		if (app_directive_split(comment, &word, &rest) &&
		    (comments > 1 || app_directive_known(word)))
			app_directive_read(directive, word, rest, *line);
		else if (comments == 1)
			endpoint->summary = arena_strz(directive->arena,
			    str_trim(str_sub(comment, 2, comment.n)));
	}
	return text.n;
}

static void
check_unused(const struct reader *reader)
{
	const struct app_param *param;
	size_t i;

	for (i = 0; i < reader->endpoint->n_params; i++) {
		param = &reader->endpoint->params[i];
		if (reader->used[i])
			continue;
		if (param->line)
			COMPLAIN(reader, param->line, "param %.*s is not used",
			    STR_FMT(param->name));
		else
			COMPLAIN(reader, 1, "{%.*s} of the path is not used",
			    STR_FMT(param->name));
	}
}

void
app_parse(struct app_endpoint *endpoint, struct str text, struct arena *arena,
    struct complaints *complaints)
{
	struct app_directive directive;
	struct app_statement *statements;
	struct reader reader;
	size_t from;

	memset(&reader, 0, sizeof(reader));
	reader.endpoint = endpoint;
	reader.arena = arena;
	reader.complaints = complaints;
	endpoint->summary = "";
	app_directive_begin(&directive, endpoint, arena, complaints);
	from = read_head(&directive, text, &reader.first_line);
	app_directive_end(&directive);

	reader.sql = str_sub(text, from, text.n);
	read_sql(&reader);
	if (reader.n_statements == 0)
		COMPLAIN(&reader, reader.first_line, "there is no SQL");
	else
		check_unused(&reader);
	statements =
	    arena_array(arena, reader.n_statements + 1, sizeof(*statements));
	memcpy(statements, reader.statements,
	    reader.n_statements * sizeof(*statements));
	endpoint->statements = statements;
	endpoint->n_statements = reader.n_statements;
}
