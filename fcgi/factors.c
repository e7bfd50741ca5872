#include "fcgi/factors.h"

#include "fcgi/accounts.h"
#include "tenants/base/clock.h"
#include "tenants/factor.h"

int
factors_ask(struct answer *answer, const struct user *user, struct err *err)
{
	struct buf *out = &answer->response->body;

	answer->response->status = 401;
	buf_puts(out, "{\"status\":401,\"message\":\"A second factor is "
		      "needed.\",\"data\":{},\"mfaId\":\"");
	factor_ticket_put(out, answer->env->master, &answer->row, user,
	    clock_wall_ms() / 1000);
	buf_puts(out, "\"}");
	return buf_check(out, "the answer", err);
}

/* PocketBase's JavaScript SDK sends it in the query, that for Dart in the body. */
static struct str
sent_ticket(const struct answer *answer)
{
	const struct request *request = answer->request;
	const struct json *member =
	    answer->body ? json_get(answer->body, "mfaId") : NULL;
	size_t i;

	if (member && member->type == JSON_STRING)
		return member->string;
	for (i = 0; i < request->n_query; i++)
		if (str_is(request->query[i].name, "mfaId"))
			return request->query[i].value;
	return STR_NONE;
}

static int
find_ticket(struct answer *answer, struct user *user, struct err *err)
{
	struct str ticket = sent_ticket(answer);

	if (users_by_id(answer->tenant, factor_ticket_user(ticket),
		answer->env->call.arena, user, err) < 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
	} else if (factor_ticket_ok(ticket, answer->env->master, &answer->row,
		       user, clock_wall_ms() / 1000)) {
		return 0;
	}
	err_clear(err);
	return err_set(err, ERR_INPUT, "Failed to authenticate.");
}

/* A code is guessed as a password is, and counts like one. */
static int
sign_in(struct answer *answer, struct err *err)
{
	const struct answer_env *env = answer->env;
	struct str code = accounts_field(answer, "password");
	struct scoreboard_attempt attempt;
	struct caller caller;
	struct user user;

	if (answer->faults.first)
		return err_set(err, ERR_INPUT, "the code is missing");
	if (find_ticket(answer, &user, err) < 0)
		return -1;
	attempt = accounts_attempt(answer, user.email);
	if (scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err) != 0)
		return -1;
	caller = accounts_signs_in(answer, &user);
	if (factor_accept(&env->call, answer->tenant, caller, code, err) < 0) {
		if (err->code != ERR_INPUT)
			return -1;
		err_clear(err);
		return err_set(err, ERR_INPUT, "Failed to authenticate.");
	}
	answer->tenant = NULL;
	scoreboard_attempt_ok(env->board, &attempt, clock_mono_ms());
	accounts_session(answer, &user);
	return 0;
}

/* What the caller says again: his password, or a code, or both. */
struct proof {
	struct str password, code;
};

static int
wrong(struct answer *answer, const char *field, const char *message,
    struct err *err)
{
	faults_add(&answer->faults, answer->env->call.arena, str_of(field),
	    "validation_invalid_value", message);
	return err_set(err, ERR_INPUT, "%s", message);
}

static int
use(struct answer *answer, enum route route, const struct proof *proof,
    struct err *err)
{
	const struct call_env *call = &answer->env->call;
	struct buf *out = &answer->response->body;
	int right, rc;

	if (proof->password.p) {
		if (accounts_hashes(answer, err) != 0)
			return -1;
		right = users_password_ok(
		    call->config, &answer->user, proof->password, err);
		if (right < 0)
			return -1;
		if (!right)
			return wrong(answer, "password",
			    "Missing or invalid password.", err);
	}
	if (route == ROUTE_FACTOR_REQUEST)
		return factor_begin(
		    call, answer->tenant, answer->caller, out, err);
	if (route == ROUTE_FACTOR_CONFIRM)
		rc = factor_confirm(call, answer->tenant, answer->caller,
		    proof->code, out, err);
	else
		rc = factor_remove(call, answer->tenant, answer->caller,
		    answer->caller.user_id, proof->code, err);
	if (rc < 0 && err->code == ERR_INPUT)
		return wrong(answer, "code", "Is not right.", err);
	return rc;
}

/* Guesses count here too, or whoever has got hold of a token could try all. */
static int
change(struct answer *answer, enum route route, struct err *err)
{
	const struct answer_env *env = answer->env;
	struct proof proof = { STR_NONE, STR_NONE };
	struct scoreboard_attempt attempt;
	int rc;

	if (answer->caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (route != ROUTE_FACTOR_CONFIRM)
		proof.password = accounts_field(answer, "password");
	if (route != ROUTE_FACTOR_REQUEST)
		proof.code = accounts_field(answer, "code");
	if (answer->faults.first)
		return err_set(err, ERR_INPUT, "password or code is missing");
	attempt = accounts_attempt(answer, answer->user.email);
	if (scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err) != 0)
		return -1;
	rc = use(answer, route, &proof, err);
	if (rc == 0 || err->code != ERR_INPUT)
		scoreboard_attempt_ok(env->board, &attempt, clock_mono_ms());
	return rc;
}

int
factors_answer(
    struct answer *answer, enum route route, struct str id, struct err *err)
{
	const struct call_env *call = &answer->env->call;
	struct buf *out = &answer->response->body;

	switch (route) {
	case ROUTE_REQUEST_OTP:
		buf_puts(out, "{\"otpId\":\"totp\"}");
		return 0;
	case ROUTE_AUTH_OTP:
		return sign_in(answer, err);
	case ROUTE_FACTOR:
		return factor_view(
		    call, answer->tenant, answer->caller, out, err);
	case ROUTE_FACTOR_REMOVE_OF:
		answer->response->status = 204;
		if (str_eq(id, answer->caller.user_id))
			return err_set(err, ERR_DENIED,
			    "one's own takes password and code");
		return factor_remove(
		    call, answer->tenant, answer->caller, id, STR_NONE, err);
	case ROUTE_FACTOR_REMOVE:
		answer->response->status = 204;
		return change(answer, route, err);
	default:
		return change(answer, route, err);
	}
}
