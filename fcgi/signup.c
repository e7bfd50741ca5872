#include "fcgi/signup.h"

#include "fcgi/accounts.h"
#include "fcgi/mailed.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/signup_code.h"
#include "tenants/slug.h"
#include "tenants/users_form.h"

#define REQUIRED                                                               \
	(USERS_BIT(USERS_SLUG) | USERS_BIT(USERS_EMAIL) |                      \
	    USERS_BIT(USERS_PASSWORD))
#define ALLOWED     (REQUIRED | USERS_BIT(USERS_NAME) | USERS_BIT(USERS_CODE))
#define AT_ONCE     2
#define PATIENCE_MS 1000
#define PLACE       STR("sign-up") /* no uid is like it */

static int
taken(const struct users_request *request, struct err *err)
{
	faults_not_unique(request->faults, request->env->arena, STR("slug"));
	return err_set(err, ERR_CONFLICT, "the name is taken");
}

static void
check_query(struct answer *answer)
{
	const struct request *sent = answer->request;
	size_t i;

	for (i = 0; i < sent->n_query; i++)
		faults_add(&answer->faults, answer->env->call.arena,
		    sent->query[i].name, "validation_unknown",
		    "Nothing is asked for in the query.");
}

int
signup_how(struct answer *answer, struct err *err)
{
	static const char *const names[] = { [CONFIG_CLOSED] = "closed",
		[CONFIG_INVITE] = "invite",
		[CONFIG_OPEN] = "open" };

	check_query(answer);
	if (answer->faults.first)
		return err_set(err, ERR_INPUT, "there is a query");
	buf_printf(&answer->response->body, "{\"signup\":\"%s\"}",
	    names[answer->env->call.config->signup]);
	return 0;
}

/* The code where one is asked for: 0, with a fault of it where it is not good. */
static int
check_code(struct answer *answer, const struct users_request *request,
    const struct users_form *form, struct err *err)
{
	struct str slug = form->field[USERS_SLUG];
	int64_t erased_ms;

	if (answer->env->call.config->signup != CONFIG_INVITE)
		return 0;
	if (registry_erased(
		answer->env->call.registry, slug, &erased_ms, err) != 0)
		return -1;
	if (!signup_code_ok(answer->env->master, slug, form->field[USERS_CODE],
		erased_ms / 1000, clock_wall_ms() / 1000))
		users_form_fault(request, USERS_CODE, "validation_invalid_code",
		    "Is no invitation to this name.");
	return 0;
}

static int
read_form(struct answer *answer, const struct users_request *request,
    struct users_form *form, struct err *err)
{
	struct str slug, password;

	check_query(answer);
	if (users_form_read(
		request, answer->body, ALLOWED, REQUIRED, form, err) < 0)
		return -1;
	slug = form->field[USERS_SLUG];
	password = form->field[USERS_PASSWORD];
	if (slug_check(slug, err) != 0)
		users_form_fault(
		    request, USERS_SLUG, "validation_invalid_slug", err->msg);
	else if (slug_reserved(slug))
		users_form_fault(request, USERS_SLUG, "validation_reserved",
		    "The platform keeps this name.");
	if (!users_form_password_ok(password))
		users_form_fault(request, USERS_PASSWORD,
		    "validation_invalid_password", "Must have 8 to 256 bytes.");
	if (check_code(answer, request, form, err) != 0)
		return -1;
	if (request->faults->first)
		return err_set(
		    err, ERR_INPUT, "the new tenant's fields are not right");
	if (registry_check_free(request->env->registry, slug, err) == 0)
		return 0;
	return err->code == ERR_CONFLICT ? taken(request, err) : -1;
}

static int
take_attempt(struct answer *answer, struct str email, struct err *err)
{
	const struct scoreboard_attempt attempt = {
		.what = SCOREBOARD_SIGN_UP,
		.address = answer->request->address,
		.tenant = PLACE,
		.account = email,
	};

	return scoreboard_attempt(
	    answer->env->board, &attempt, clock_mono_ms(), err);
}

int
signup_make(struct answer *answer, struct str slug,
    const struct lifecycle_owner *owner, struct err *err)
{
	const struct answer_env *env = answer->env;
	int rc = -1;

	if (accounts_hashes(answer, err) != 0)
		return -1;
	if (!scoreboard_enter(
		env->board, env->slot, PLACE, AT_ONCE, PATIENCE_MS)) {
		err_set(err, ERR_LIMIT, "too many are signing up just now");
		err->retry_after = 1;
	} else {
		rc = lifecycle_create(env->call.config, env->call.registry,
		    env->app, slug, owner, err);
		scoreboard_leave(env->board, env->slot);
	}
	scoreboard_hashed(env->board, env->slot);
	return rc != 0 ? -1
		       : registry_find(
			     env->call.registry, slug, &answer->row, err);
}

static int
make(struct answer *answer, const struct users_request *request,
    const struct users_form *form, struct err *err)
{
	const struct lifecycle_owner owner = {
		.email = form->field[USERS_EMAIL],
		.password = form->field[USERS_PASSWORD],
		.name = form->field[USERS_NAME],
	};
	const struct registry_deed deed = {
		.who = STR("visitor"),
		.address = answer->request->address,
		.what = STR("tenant-created"),
		.slug = form->field[USERS_SLUG],
	};
	struct registry *registry = answer->env->call.registry;
	int rc;

	registry_note(registry, &deed);
	rc = signup_make(answer, deed.slug, &owner, err);
	registry_note(registry, NULL);
	if (rc == 0)
		return 0;
	if (err->code == ERR_LIMIT)
		return -1;
	/* What it says is for the operator: paths, for one. */
	log_err("sign-up", form->field[USERS_SLUG], err);
	if (err->code == ERR_CONFLICT)
		return taken(request, err);
	if (err->code == ERR_INPUT)
		err->code = ERR_SYSTEM;
	return -1;
}

/* Whoever was not sent it can ask for it. */
static void
welcome(struct answer *answer, struct str email)
{
	const struct call_env *call = &answer->env->call;
	struct err err = ERR_INIT;
	struct user user;

	if (call->config->mail_url[0] == '\0')
		return;
	answer->tenant = tenant_cache_get(call->cache, &answer->row, &err);
	if (!answer->tenant ||
	    users_by_email(answer->tenant, email, call->arena, &user, &err) !=
		0 ||
	    mailed_welcome(answer, &user, &err) != 0)
		log_err("sign-up", str_of(answer->row.slug), &err);
}

static void
put_answer(struct answer *answer, struct str email)
{
	struct buf *out = &answer->response->body;

	answer->response->status = 201;
	buf_puts(out, "{\"email\":");
	json_put_string(out, email);
	buf_printf(out, ",\"host\":\"%s.%s\",\"slug\":\"%s\"}",
	    answer->row.slug, answer->env->call.config->base_domain,
	    answer->row.slug);
}

int
signup_answer(struct answer *answer, struct err *err)
{
	const struct answer_env *env = answer->env;
	const struct users_request request = { &env->call, answer->caller,
		&answer->faults };
	struct users_form form;

	if (env->call.config->signup == CONFIG_CLOSED)
		return err_set(err, ERR_DENIED, "signup = closed");
	if (read_form(answer, &request, &form, err) < 0 ||
	    take_attempt(answer, form.field[USERS_EMAIL], err) < 0 ||
	    make(answer, &request, &form, err) < 0)
		return -1;
	welcome(answer, form.field[USERS_EMAIL]);
	put_answer(answer, form.field[USERS_EMAIL]);
	return 0;
}
