#include "tenants/call_bind.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"

enum source {
	SOURCE_UNKNOWN,
	SOURCE_PARAM,
	SOURCE_HAS,
	SOURCE_USER_ID,
	SOURCE_ROLE,
	SOURCE_TENANT,
	SOURCE_NOW,
	SOURCE_NEW_ID
};

static const struct {
	const char *name;
	enum source source;
} server_variables[] = {
	{ "@user_id", SOURCE_USER_ID },
	{ "@role", SOURCE_ROLE },
	{ "@tenant", SOURCE_TENANT },
	{ "@now", SOURCE_NOW },
	{ "@new_id", SOURCE_NEW_ID },
};

static size_t
find_param(const struct app_endpoint *endpoint, struct str name)
{
	size_t i;

	for (i = 0; i < endpoint->n_params; i++)
		if (str_eq(endpoint->params[i].name, name))
			break;
	return i;
}

/* What a variable stands for; *at is the parameter's index. */
static enum source
resolve(const struct app_endpoint *endpoint, const char *variable, size_t *at)
{
	enum source source = SOURCE_PARAM;
	size_t i, skip = 1;

	if (!variable)
		return SOURCE_UNKNOWN;
	if (variable[0] == '@') {
		for (i = 0;
		     i < sizeof(server_variables) / sizeof(*server_variables);
		     i++)
			if (strcmp(variable, server_variables[i].name) == 0)
				return server_variables[i].source;
		if (strncmp(variable, "@has_", 5) != 0)
			return SOURCE_UNKNOWN;
		source = SOURCE_HAS;
		skip = 5;
	} else if (variable[0] != ':') {
		return SOURCE_UNKNOWN;
	}
	*at = find_param(endpoint, str_of(variable + skip));
	return *at < endpoint->n_params ? source : SOURCE_UNKNOWN;
}

int
call_bind_known(const struct app_endpoint *endpoint, const char *variable)
{
	size_t at;

	return resolve(endpoint, variable, &at) != SOURCE_UNKNOWN;
}

/* The reading of one call's parameters. */
struct reader {
	const struct app_endpoint *endpoint;
	struct arena *arena;
	struct faults *faults;
	struct call_bind *out;
};

/*
 * The parameter that a name in the query or body is for, or the number of
 * parameters where it is for none, which has been complained of.
 */
static size_t
claim(struct reader *reader, struct str name)
{
	const struct app_endpoint *endpoint = reader->endpoint;
	size_t at = find_param(endpoint, name);

	if (at == endpoint->n_params) {
		faults_add(reader->faults, reader->arena, name,
		    "validation_unknown", "Is not a parameter here.");
		return at;
	}
	if (endpoint->params[at].in_path || reader->out->has[at]) {
		faults_add(reader->faults, reader->arena, name,
		    "validation_repeated",
		    endpoint->params[at].in_path ? "Stands in the path."
						 : "Was sent twice.");
		return endpoint->n_params;
	}
	reader->out->has[at] = 1;
	return at;
}

static void
read_query(struct reader *reader, const struct call *call)
{
	const struct app_endpoint *endpoint = reader->endpoint;
	size_t i, at;

	for (i = 0; i < call->n_query; i++) {
		at = claim(reader, call->query[i].name);
		if (at < endpoint->n_params)
			(void)value_from_text(&endpoint->params[at],
			    call->query[i].value, reader->arena, reader->faults,
			    &reader->out->params[at]);
	}
}

static void
read_preset(struct reader *reader, size_t at)
{
	const struct app_param *param = &reader->endpoint->params[at];
	struct value *value = &reader->out->params[at];

	if (param->preset)
		(void)value_from_text(param, str_of(param->preset),
		    reader->arena, reader->faults, value);
	else if (param->required)
		faults_required(reader->faults, reader->arena, param->name);
	else
		value->kind = VALUE_NULL;
}

static void
read_body(struct reader *reader, const struct call *call)
{
	const struct app_endpoint *endpoint = reader->endpoint;
	const struct json *member;
	size_t at;

	if (!call->body)
		return;
	for (member = call->body->child; member; member = member->next) {
		at = claim(reader, member->name);
		if (at == endpoint->n_params)
			continue;
		if (member->type == JSON_NULL)
			read_preset(reader, at);
		else
			(void)value_from_json(&endpoint->params[at], member,
			    reader->arena, reader->faults,
			    &reader->out->params[at]);
	}
}

/* What stands where this method takes no parameters from. */
static void
refuse_place(struct reader *reader, const struct call *call, int takes_query)
{
	const struct json *member;
	size_t i;

	for (i = 0; !takes_query && i < call->n_query; i++)
		faults_add(reader->faults, reader->arena, call->query[i].name,
		    "validation_unknown",
		    "Is not taken from the query here, but from the body.");
	if (!takes_query || !call->body)
		return;
	for (member = call->body->child; member; member = member->next)
		faults_add(reader->faults, reader->arena, member->name,
		    "validation_unknown",
		    "Is not taken from the body here, but from the query.");
}

int
call_bind_read(const struct call *call, struct str tenant, struct arena *arena,
    struct call_bind *out, struct faults *faults, struct err *err)
{
	const struct app_endpoint *endpoint = call->endpoint;
	struct reader reader = { endpoint, arena, faults, out };
	int takes_query = strcmp(endpoint->method, "GET") == 0 ||
			  strcmp(endpoint->method, "DELETE") == 0;
	const struct app_param *param;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->endpoint = endpoint;
	out->params =
	    arena_array(arena, endpoint->n_params + 1, sizeof(*out->params));
	out->has =
	    arena_array(arena, endpoint->n_params + 1, sizeof(*out->has));
	out->caller = call->caller;
	out->tenant = arena_str(arena, tenant);

	if (takes_query)
		read_query(&reader, call);
	else
		read_body(&reader, call);
	refuse_place(&reader, call, takes_query);
	for (i = 0; i < endpoint->n_params; i++) {
		param = &endpoint->params[i];
		if (param->in_path) {
			out->has[i] = 1;
			(void)value_from_text(param,
			    call->path_values[param->in_path - 1], arena,
			    faults, &out->params[i]);
		} else if (!out->has[i]) {
			read_preset(&reader, i);
		}
	}
	if (faults->first)
		return err_set(
		    err, ERR_INPUT, "the request's parameters are not right");
	return 0;
}

static struct str
now(struct call_bind *bind)
{
	if (!bind->now[0])
		stamp_format(clock_wall_ms(), bind->now);
	return str_of(bind->now);
}

static struct str
new_id(struct call_bind *bind)
{
	if (!bind->new_id[0])
		crypto_id(bind->new_id, CRYPTO_ID);
	return str_make(bind->new_id, CRYPTO_ID);
}

static int
bind_text(sqlite3_stmt *stmt, int n, struct str text)
{
	const struct value value = { .kind = VALUE_TEXT, .text = text };

	return value_bind(stmt, n, &value);
}

static int
bind_one(struct call_bind *bind, sqlite3_stmt *stmt, int n)
{
	size_t at;

	switch (resolve(
	    bind->endpoint, sqlite3_bind_parameter_name(stmt, n), &at)) {
	case SOURCE_PARAM:
		return value_bind(stmt, n, &bind->params[at]);
	case SOURCE_HAS:
		return sqlite3_bind_int64(stmt, n, bind->has[at]);
	case SOURCE_USER_ID:
		if (bind->caller.role < APP_MEMBER)
			return sqlite3_bind_null(stmt, n);
		return bind_text(stmt, n, bind->caller.user_id);
	case SOURCE_ROLE:
		return bind_text(
		    stmt, n, str_of(app_access_name(bind->caller.role)));
	case SOURCE_TENANT:
		return bind_text(stmt, n, bind->tenant);
	case SOURCE_NOW:
		return bind_text(stmt, n, now(bind));
	case SOURCE_NEW_ID:
		return bind_text(stmt, n, new_id(bind));
	case SOURCE_UNKNOWN:
		break;
	}
	return SQLITE_MISUSE;
}

int
call_bind(struct call_bind *bind, sqlite3_stmt *stmt, struct err *err)
{
	int n = sqlite3_bind_parameter_count(stmt);
	int i, rc;

	for (i = 1; i <= n; i++) {
		rc = bind_one(bind, stmt, i);
		if (rc == SQLITE_TOOBIG)
			return err_set(err, ERR_TOO_LARGE,
			    "a value is larger than the database takes");
		if (rc != SQLITE_OK)
			return err_set(err, ERR_SYSTEM,
			    "variable %d cannot be bound: %s", i,
			    sqlite3_errstr(rc));
	}
	return 0;
}
