#include "fcgi/mailed.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/mail.h"
#include "tenants/outbox.h"
#include "tenants/users_mailed.h"

#define TOKEN_MAX   2048
#define SUBJECT_MAX 512
#define TEXT_MAX    8192

#define EMAIL     USERS_BIT(USERS_EMAIL)
#define NEW_EMAIL USERS_BIT(USERS_NEW_EMAIL)
#define TOKEN     USERS_BIT(USERS_TOKEN)
#define PASSWORD  USERS_BIT(USERS_PASSWORD)
#define CONFIRM   USERS_BIT(USERS_PASSWORD_CONFIRM)
#define NAME      USERS_BIT(USERS_NAME)
#define ROLE      USERS_BIT(USERS_ROLE)

static struct users_request
request_of(struct answer *answer)
{
	return (struct users_request){ &answer->env->call, answer->caller,
		&answer->faults };
}

static int
read_form(struct answer *answer, unsigned allowed, unsigned required,
    struct users_form *form, struct err *err)
{
	const struct users_request request = request_of(answer);

	return users_form_read(
	    &request, answer->body, allowed, required, form, err);
}

/* user NULL: to nobody. */
static int
post(struct answer *answer, enum token_mail_kind kind, const struct user *user,
    struct str to, struct str new_email, struct err *err)
{
	const struct config *config = answer->env->call.config;
	const struct user nobody = { .email = to };
	int64_t expires_s = clock_wall_ms() / 1000 + token_mail_ttl_s(kind);
	struct outbox_mail mail = {
		.uid = str_of(answer->row.uid),
		.tenant = str_of(answer->row.slug),
		.to = user ? to : STR(""),
		.until_ms = expires_s * 1000,
	};
	struct buf token, subject, text;
	int rc;

	buf_init(&token, TOKEN_MAX);
	buf_init(&subject, SUBJECT_MAX);
	buf_init(&text, TEXT_MAX);
	token_mail_issue(answer->env->master, &answer->row, kind,
	    user ? user : &nobody, new_email, expires_s, &token);
	mail_text(
	    config, kind, answer->row.slug, buf_view(&token), &subject, &text);
	mail.subject = buf_view(&subject);
	mail.text = buf_view(&text);
	rc = token.full || subject.full || text.full
		 ? err_set(err, ERR_SYSTEM, "a mail is too long")
		 : outbox_put(config, &mail, err);
	crypto_wipe(token.p, token.n);
	crypto_wipe(text.p, text.n);
	buf_free(&token);
	buf_free(&subject);
	buf_free(&text);
	return rc;
}

/* May a mail be asked for, to this address? */
static int
take_mail(struct answer *answer, struct str to, struct err *err)
{
	const struct answer_env *env = answer->env;
	const struct scoreboard_attempt attempt = {
		.what = SCOREBOARD_MAIL,
		.address = answer->request->address,
		.tenant = str_of(answer->row.uid),
		.account = to,
	};

	if (env->call.config->mail_url[0] == '\0')
		return err_set(err, ERR_INPUT, "no mail is sent from here");
	return scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err);
}

/* 1 there is one, whose password is set; 0; -1. */
static int
find(
    struct answer *answer, struct str email, struct user *user, struct err *err)
{
	if (users_by_email(
		answer->tenant, email, answer->env->call.arena, user, err) == 0)
		return !users_mailed_is_invited(user);
	if (err->code != ERR_NOT_FOUND)
		return -1;
	err_clear(err);
	return 0;
}

/* To the address that was sent, if somebody has it who needs the mail. */
static int
request_mail(struct answer *answer, enum token_mail_kind kind, struct err *err)
{
	struct users_form form;
	struct user user;
	struct str to;
	int wanted;

	if (read_form(answer, EMAIL, EMAIL, &form, err) < 0)
		return -1;
	to = form.field[USERS_EMAIL];
	if (take_mail(answer, to, err) < 0 ||
	    (wanted = find(answer, to, &user, err)) < 0)
		return -1;
	if (wanted && kind == TOKEN_MAIL_VERIFICATION)
		wanted = !user.verified;
	return post(answer, kind, wanted ? &user : NULL, to, STR(""), err);
}

/* Whether the new address is somebody's is not told either. */
static int
request_email_change(struct answer *answer, struct err *err)
{
	struct users_form form;
	struct user user;
	struct str to;

	if (answer->caller.role == APP_PUBLIC)
		return err_set(err, ERR_AUTH, "there is no valid token");
	if (read_form(answer, NEW_EMAIL, NEW_EMAIL, &form, err) < 0)
		return -1;
	to = form.field[USERS_NEW_EMAIL];
	if (take_mail(answer, to, err) < 0)
		return -1;
	if (users_by_email(
		answer->tenant, to, answer->env->call.arena, &user, err) == 0)
		return post(answer, TOKEN_MAIL_CHANGE, NULL, to, to, err);
	if (err->code != ERR_NOT_FOUND)
		return -1;
	err_clear(err);
	return post(answer, TOKEN_MAIL_CHANGE, &answer->user, to, to, err);
}

/* Whose a token is, if it is good. */
static int
token_user(struct answer *answer, enum token_mail_kind kind, struct str text,
    struct user *user, struct token_mail *token, struct err *err)
{
	const struct users_request request = request_of(answer);
	struct arena *arena = answer->env->call.arena;

	if (token_mail_read(text, &answer->row, kind, clock_wall_ms() / 1000,
		arena, token, err) == 0 &&
	    users_by_id(answer->tenant, token->user_id, arena, user, err) ==
		0 &&
	    token_mail_verify(
		answer->env->master, &answer->row, kind, user, text, err) == 0)
		return 0;
	if (err->code != ERR_AUTH && err->code != ERR_NOT_FOUND)
		return -1;
	return users_mailed_bad_token(&request, err);
}

static int
confirm_password(struct answer *answer, enum token_mail_kind kind,
    unsigned more, struct err *err)
{
	const struct users_request request = request_of(answer);
	unsigned required = TOKEN | PASSWORD | CONFIRM;
	struct token_mail token;
	struct users_form form;
	struct user user;

	if (read_form(answer, required | more, required, &form, err) < 0 ||
	    token_user(
		answer, kind, form.field[USERS_TOKEN], &user, &token, err) < 0)
		return -1;
	return users_mailed_password(
	    &request, answer->tenant, &user, &form, err);
}

static int
confirm_verification(struct answer *answer, struct err *err)
{
	const struct users_request request = request_of(answer);
	struct token_mail token;
	struct users_form form;
	struct user user;

	if (read_form(answer, TOKEN, TOKEN, &form, err) < 0 ||
	    token_user(answer, TOKEN_MAIL_VERIFICATION, form.field[USERS_TOKEN],
		&user, &token, err) < 0)
		return -1;
	return users_mailed_verify(&request, answer->tenant, &user, err);
}

/* The password is an attempt to sign in like any other. */
static int
check_password(struct answer *answer, const struct user *user,
    struct str password, struct err *err)
{
	const struct users_request request = request_of(answer);
	const struct answer_env *env = answer->env;
	const struct scoreboard_attempt attempt = {
		.address = answer->request->address,
		.tenant = str_of(answer->row.uid),
		.account = user->email,
	};
	int right;

	if (scoreboard_attempt(env->board, &attempt, clock_mono_ms(), err) < 0)
		return -1;
	right = users_password_ok(env->call.config, user, password, err);
	if (right != 0)
		scoreboard_attempt_ok(env->board, &attempt, clock_mono_ms());
	if (right == 0) {
		users_form_fault(&request, USERS_PASSWORD,
		    "validation_invalid_password",
		    "Missing or invalid auth record password.");
		return err_set(err, ERR_INPUT, "the password is wrong");
	}
	return right < 0 ? -1 : 0;
}

static int
confirm_email_change(struct answer *answer, struct err *err)
{
	const struct users_request request = request_of(answer);
	unsigned required = TOKEN | PASSWORD;
	struct token_mail token;
	struct users_form form;
	struct user user;

	if (read_form(answer, required, required, &form, err) < 0 ||
	    token_user(answer, TOKEN_MAIL_CHANGE, form.field[USERS_TOKEN],
		&user, &token, err) < 0 ||
	    check_password(answer, &user, form.field[USERS_PASSWORD], err) < 0)
		return -1;
	return users_mailed_email(
	    &request, answer->tenant, &user, token.new_email, err);
}

static int
invite(struct answer *answer, struct err *err)
{
	const struct users_request request = request_of(answer);
	struct users_form form;
	struct user user;
	struct str to;

	if (answer->caller.role == APP_PUBLIC)
		return err_set(err, ERR_AUTH, "there is no valid token");
	if (answer->caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may invite");
	if (read_form(answer, EMAIL | NAME | ROLE, EMAIL, &form, err) < 0)
		return -1;
	to = form.field[USERS_EMAIL];
	if (take_mail(answer, to, err) < 0 ||
	    users_mailed_invite(&request, answer->tenant, &form, &user, err) <
		0)
		return -1;
	answer->tenant = NULL;
	users_put_record(&answer->response->body, &user, 1);
	return post(answer, TOKEN_MAIL_INVITATION, &user, to, STR(""), err);
}

int
mailed_welcome(struct answer *answer, const struct user *user, struct err *err)
{
	return post(
	    answer, TOKEN_MAIL_VERIFICATION, user, user->email, STR(""), err);
}

int
mailed_answer(
    struct answer *answer, enum route route, struct str id, struct err *err)
{
	const struct users_request request = request_of(answer);
	struct buf *out = &answer->response->body;

	if (route == ROUTE_INVITE)
		return invite(answer, err);
	if (route == ROUTE_INVITED)
		return users_mailed_invited(&request, answer->tenant, out, err);
	answer->response->status = 204;
	switch (route) {
	case ROUTE_REQUEST_RESET:
		return request_mail(answer, TOKEN_MAIL_RESET, err);
	case ROUTE_CONFIRM_RESET:
		return confirm_password(answer, TOKEN_MAIL_RESET, 0, err);
	case ROUTE_REQUEST_VERIFICATION:
		return request_mail(answer, TOKEN_MAIL_VERIFICATION, err);
	case ROUTE_CONFIRM_VERIFICATION:
		return confirm_verification(answer, err);
	case ROUTE_REQUEST_EMAIL:
		return request_email_change(answer, err);
	case ROUTE_CONFIRM_EMAIL:
		return confirm_email_change(answer, err);
	case ROUTE_UNINVITE:
		return users_mailed_uninvite(&request, answer->tenant, id, err);
	case ROUTE_CONFIRM_INVITATION:
		return confirm_password(
		    answer, TOKEN_MAIL_INVITATION, NAME, err);
	default:
		err_die("mailed: route %d is not by mail", (int)route);
	}
}
