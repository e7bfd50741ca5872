#include "fcgi/accounts.h"

#include <assert.h>
#include <string.h>

#include "fcgi/factors.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/factor.h"
#include "tenants/token.h"
#include "tenants/users_session.h"

/* Ten in a row, then as many as an hour has of these. */
#define LAST_AN_HOUR 60

void
accounts_methods(struct buf *out)
{
	/* The last three are for SDKs older than 0.22. */
	buf_puts(out,
	    "{\"password\":{\"enabled\":true,\"identityFields\":[\"email\"]},"
	    "\"oauth2\":{\"enabled\":false,\"providers\":[]},"
	    "\"mfa\":{\"enabled\":true,\"duration\":300},"
	    "\"otp\":{\"enabled\":false,\"duration\":0},"
	    "\"authProviders\":[],\"usernamePassword\":false,"
	    "\"emailPassword\":true}");
}

static struct str
sent_token(const struct request *request)
{
	struct str text = str_trim(request->authorization);

	if (text.n > 7 && str_is_nocase(str_sub(text, 0, 7), "bearer "))
		text = str_trim(str_sub(text, 7, text.n));
	return text;
}

static int
find_key(struct answer *answer, struct str text, struct err *err)
{
	if (keys_find(answer->tenant, answer->env->master, text,
		answer->env->call.arena, &answer->key, &answer->user, err) != 0)
		return -1;
	answer->caller.user_id = answer->user.id;
	answer->caller.role = answer->key.role;
	answer->caller.key_id = answer->key.id;
	answer->caller.email = answer->user.email;
	return 0;
}

int
accounts_caller(struct answer *answer, struct err *err)
{
	struct arena *arena = answer->env->call.arena;
	struct str text = sent_token(answer->request);
	struct token token;

	if (text.n == 0)
		return 0;
	if (str_starts(text, KEYS_PREFIX)) {
		if (find_key(answer, text, err) == 0)
			return 0;
		if (err->code != ERR_AUTH && err->code != ERR_NOT_FOUND)
			return -1;
		goto guest;
	}
	if (token_read(text, &answer->row, clock_wall_ms() / 1000, arena,
		&token, err) != 0)
		goto guest;
	if (users_by_id(answer->tenant, token.user_id, arena, &answer->user,
		err) != 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		goto guest;
	}
	if (token_verify(answer->env->master, &answer->row, text,
		answer->user.token_key, err) != 0)
		goto guest;
	answer->caller.user_id = answer->user.id;
	answer->caller.role = answer->user.role;
	answer->caller.token_key = answer->user.token_key;
	answer->caller.email = answer->user.email;
	answer->refreshable = token.refreshable;
	return 0;
guest:
	err_clear(err);
	return 0;
}

/* {"record":{…},"token":"…"}, with a token that was sent or a new one. */
static void
put_session(
    struct answer *answer, const struct user *user, struct str old_token)
{
	const struct config *config = answer->env->call.config;
	struct buf *out = &answer->response->body;

	buf_puts(out, "{\"record\":");
	users_put_record(out, user, 1);
	buf_puts(out, ",\"token\":\"");
	if (old_token.n > 0)
		buf_str(out, old_token);
	else
		token_issue(answer->env->master, &answer->row, user->id,
		    user->token_key,
		    (clock_wall_ms() + config->token_ttl_ms) / 1000, out);
	buf_puts(out, "\"}");
}

struct str
accounts_field(struct answer *answer, const char *name)
{
	const struct json *value =
	    answer->body ? json_get(answer->body, name) : NULL;

	if (value && value->type == JSON_STRING && value->string.n > 0)
		return value->string;
	faults_required(&answer->faults, answer->env->call.arena, str_of(name));
	return STR_NONE;
}

void
accounts_session(struct answer *answer, const struct user *user)
{
	put_session(answer, user, STR_NONE);
}

struct caller
accounts_signs_in(const struct answer *answer, const struct user *user)
{
	return (struct caller){ .user_id = user->id,
		.role = user->role,
		.email = user->email,
		.address = answer->request->address };
}

/* 1 the right password, 0 not, -1 could not be found out. */
static int
check_password(struct answer *answer, struct str identity, struct str password,
    struct user *user, struct err *err)
{
	const struct call_env *call = &answer->env->call;
	int known;

	known = users_by_email(
		    answer->tenant, identity, call->arena, user, err) == 0;
	if (!known) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
	}
	/* An account that is not there takes as long. */
	return users_password_ok(
	    call->config, known ? user : NULL, password, err);
}

/*
 * All workers but one may be hashing or wait for their turn.  The last one may
 * a few times in a row, so that a team that comes at nine gets in; not all the
 * time, or whoever has a thousand addresses would stop everybody.  He counts as
 * well while he is there: whoever comes then needs a turn of his own.
 */
int
accounts_hashes(struct answer *answer, struct err *err)
{
	const struct answer_env *env = answer->env;
	int64_t workers = env->call.config->workers;

	if (scoreboard_hash(env->board, env->slot,
		workers > 1 ? (int)workers - 1 : 1))
		return 0;
	if (scoreboard_rate(env->board, STR("the last worker"), LAST_AN_HOUR,
		clock_mono_us()) == 0) {
		(void)scoreboard_hash(env->board, env->slot, SCOREBOARD_SLOTS);
		return 0;
	}
	err_set(err, ERR_LIMIT, "too many passwords are being checked");
	err->retry_after = 1;
	return -1;
}

struct scoreboard_attempt
accounts_attempt(const struct answer *answer, struct str account)
{
	return (struct scoreboard_attempt){
		.address = answer->request->address,
		.tenant = str_of(answer->row.uid),
		.account = account,
	};
}

/* The password was right.  Who has a second factor is not in yet. */
static int
let_in(struct answer *answer, const struct user *user, struct str password,
    struct err *err)
{
	const struct call_env *call = &answer->env->call;
	struct err lost = ERR_INIT;
	struct factor factor;
	int rc;

	if (factor_find(answer->tenant, user->id, call->arena, &factor, err) !=
	    0)
		return -1;
	if (factor.enabled)
		rc = users_rehash(call, answer->tenant, user, password, &lost);
	else
		rc = users_signed_in(call, answer->tenant,
		    accounts_signs_in(answer, user), user, password, &lost);
	answer->tenant = NULL;
	if (rc != 0)
		log_err(
		    "not noted: a sign-in", str_of(answer->row.slug), &lost);
	if (factor.enabled)
		return factors_ask(answer, user, err);
	put_session(answer, user, STR_NONE);
	return 0;
}

static int
sign_in(struct answer *answer, struct err *err)
{
	const struct answer_env *env = answer->env;
	struct str identity = accounts_field(answer, "identity");
	struct str password = accounts_field(answer, "password");
	struct scoreboard_attempt attempt;
	struct user user;
	int right;

	if (answer->faults.first)
		return err_set(
		    err, ERR_INPUT, "identity or password is missing");
	attempt = accounts_attempt(answer, identity);
	if (scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err) != 0)
		return -1;
	right = check_password(answer, identity, password, &user, err);
	if (right != 0)
		scoreboard_attempt_ok(env->board, &attempt, clock_mono_ms());
	if (right < 0)
		return -1;
	if (right == 0)
		return err_set(err, ERR_INPUT, "Failed to authenticate.");
	return let_in(answer, &user, password, err);
}

static int
refresh(struct answer *answer, struct err *err)
{
	if (answer->caller.role == APP_PUBLIC)
		return err_set(err, ERR_AUTH, "there is no valid token");
	put_session(answer, &answer->user,
	    answer->refreshable ? STR_NONE : sent_token(answer->request));
	return 0;
}

/*
 * Who changes his password says the old one.  That is an attempt to sign in
 * like any other, or whoever has got hold of a token could guess without end.
 */
static int
update(struct answer *answer, struct str id, struct err *err)
{
	const struct answer_env *env = answer->env;
	struct scoreboard_attempt attempt =
	    accounts_attempt(answer, answer->user.email);
	int guesses = str_eq(id, answer->caller.user_id) &&
		      json_get(answer->body, "oldPassword") != NULL;
	int rc;

	if (json_get(answer->body, "password") &&
	    accounts_hashes(answer, err) != 0)
		return -1;
	if (guesses &&
	    scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err) != 0)
		return -1;
	rc = users_update(&env->call, answer->tenant, answer->caller, id,
	    answer->body, &answer->response->body, &answer->faults, err);
	if (guesses && (rc == 0 || err->code != ERR_INPUT))
		scoreboard_attempt_ok(env->board, &attempt, clock_mono_ms());
	return rc;
}

static int
parse_flag(struct str text, int *out)
{
	*out = str_is(text, "1") || str_is_nocase(text, "true");
	return *out || str_is(text, "0") || str_is_nocase(text, "false") ||
	       text.n == 0;
}

static int
list(struct answer *answer, struct err *err)
{
	const struct call_env *call = &answer->env->call;
	const struct call_pair *pair;
	int64_t page = 1, per_page = 30;
	int skip_total = 0, ok;
	size_t i;

	for (i = 0; i < answer->request->n_query; i++) {
		pair = &answer->request->query[i];
		if (str_is(pair->name, "page"))
			ok = str_i64(pair->value, &page) == 0;
		else if (str_is(pair->name, "perPage"))
			ok = str_i64(pair->value, &per_page) == 0;
		else if (str_is(pair->name, "skipTotal"))
			ok = parse_flag(pair->value, &skip_total);
		else
			/* Answering more than was asked for is harmless. */
			ok = str_is(pair->name, "fields") ||
			     str_is(pair->name, "expand");
		if (!ok)
			faults_add(&answer->faults, call->arena, pair->name,
			    "validation_invalid_value", "Invalid value.");
	}
	if (answer->faults.first)
		return err_set(err, ERR_INPUT, "bad query");
	return users_list(call, answer->tenant, answer->caller, page, per_page,
	    skip_total, &answer->response->body, err);
}

int
accounts_answer(
    struct answer *answer, enum route route, struct str id, struct err *err)
{
	const struct call_env *call = &answer->env->call;
	const struct call sent = { .n_query = answer->request->n_query,
		.query = answer->request->query,
		.body = answer->body,
		.caller = answer->caller };
	struct buf *out = &answer->response->body;

	switch (route) {
	case ROUTE_SIGN_IN:
		return sign_in(answer, err);
	case ROUTE_REFRESH:
		return refresh(answer, err);
	case ROUTE_USERS_LIST:
		return list(answer, err);
	case ROUTE_USERS_CREATE:
		return users_create(call, answer->tenant, answer->caller,
		    answer->body, out, &answer->faults, err);
	case ROUTE_USERS_VIEW:
		return users_view(
		    call, answer->tenant, answer->caller, id, out, err);
	case ROUTE_USERS_UPDATE:
		return update(answer, id, err);
	case ROUTE_USERS_DELETE:
		answer->response->status = 204;
		return users_delete(
		    call, answer->tenant, answer->caller, id, err);
	case ROUTE_SIGN_OUT:
		answer->response->status = 204;
		return users_sign_out(
		    call, answer->tenant, answer->caller, id, err);
	case ROUTE_KEYS_LIST:
		return keys_list(
		    call, answer->tenant, &sent, out, &answer->faults, err);
	case ROUTE_KEYS_CREATE:
		return keys_create(call, answer->tenant, answer->env->master,
		    &sent, out, &answer->faults, err);
	case ROUTE_KEYS_DELETE:
		answer->response->status = 204;
		return keys_delete(
		    call, answer->tenant, &sent, id, &answer->faults, err);
	case ROUTE_REQUEST_OTP:
	case ROUTE_AUTH_OTP:
	case ROUTE_FACTOR:
	case ROUTE_FACTOR_REQUEST:
	case ROUTE_FACTOR_CONFIRM:
	case ROUTE_FACTOR_REMOVE:
	case ROUTE_FACTOR_REMOVE_OF:
		return factors_answer(answer, route, id, err);
	default:
		err_die(
		    "accounts: route %d is not one of accounts", (int)route);
	}
}
