#include "tenants/users_form.h"

#include <string.h>

#include "tenants/users_row.h"

#define PASSWORD_MIN    8
#define TEXT_MAX_CHARS  200
#define EMAIL_MAX       254 /* RFC 5321, 4.5.3.1.3, without its <> */
#define EMAIL_LOCAL_MAX 64
#define LABEL_MAX       63

static const char *const field_names[USERS_FIELDS] = {
	[USERS_EMAIL] = "email",
	[USERS_PASSWORD] = "password",
	[USERS_PASSWORD_CONFIRM] = "passwordConfirm",
	[USERS_NAME] = "name",
	[USERS_ROLE] = "role",
	[USERS_OLD_PASSWORD] = "oldPassword",
	[USERS_NEW_EMAIL] = "newEmail",
	[USERS_TOKEN] = "token",
	[USERS_SLUG] = "slug",
	[USERS_CODE] = "code",
};

void
users_form_fault(const struct users_request *request, enum users_field field,
    const char *code, const char *message)
{
	faults_add(request->faults, request->env->arena,
	    str_of(field_names[field]), code, message);
}

static void
require(const struct users_request *request, enum users_field field)
{
	faults_required(
	    request->faults, request->env->arena, str_of(field_names[field]));
}

static int
label_ok(struct str label)
{
	size_t i;

	if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return 0;
	for (i = 0; i < label.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
			label.p[i], 63))
			return 0;
	return 1;
}

static int
atom_ok(struct str atom)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				      "!#$%&'*+-/=?^_`{|}~";
	size_t i;

	for (i = 0; i < atom.n; i++)
		if (!memchr(allowed, atom.p[i], sizeof(allowed) - 1))
			return 0;
	return atom.n > 0;
}

int
users_form_email_ok(struct str email)
{
	size_t at = str_find(email, '@', 0);
	struct str local = str_sub(email, 0, at), part;
	struct str domain = str_sub(email, at + 1, email.n);

	if (at == email.n || email.n > EMAIL_MAX || local.n == 0 ||
	    local.n > EMAIL_LOCAL_MAX || domain.n == 0)
		return 0;
	while (str_next(&local, '.', &part))
		if (!atom_ok(part))
			return 0;
	while (str_next(&domain, '.', &part))
		if (!label_ok(part))
			return 0;
	return 1;
}

int
users_form_password_ok(struct str password)
{
	return password.n >= PASSWORD_MIN && password.n <= USERS_PASSWORD_MAX;
}

int
users_form_name_ok(struct str name)
{
	return name.n <= TEXT_MAX_CHARS && str_utf8_ok(name) &&
	       (name.n == 0 || !memchr(name.p, 0, name.n));
}

static void
read_member(const struct users_request *request, const struct json *member,
    unsigned allowed, struct users_form *form)
{
	struct arena *arena = request->env->arena;
	unsigned i;

	for (i = 0; i < USERS_FIELDS; i++)
		if (str_is(member->name, field_names[i]))
			break;
	if (i == USERS_FIELDS || !(allowed & USERS_BIT(i)))
		faults_add(request->faults, arena, member->name,
		    "validation_unknown", "Is not a field of users.");
	else if (member->type == JSON_NULL)
		faults_required(request->faults, arena, member->name);
	else if (member->type != JSON_STRING)
		faults_add(request->faults, arena, member->name,
		    "validation_invalid_type", "Must be text.");
	else
		form->field[i] = arena_str(arena, member->string);
}

static void
check_password(
    const struct users_request *request, const struct users_form *form)
{
	struct str password = form->field[USERS_PASSWORD];
	struct str confirm = form->field[USERS_PASSWORD_CONFIRM];

	if (!password.p && !confirm.p)
		return;
	if (!password.p)
		require(request, USERS_PASSWORD);
	else if (password.n < PASSWORD_MIN)
		users_form_fault(request, USERS_PASSWORD,
		    "validation_length_too_short",
		    "Must have at least 8 bytes.");
	else if (password.n > USERS_PASSWORD_MAX)
		users_form_fault(request, USERS_PASSWORD,
		    "validation_length_too_long",
		    "Must have at most 256 bytes.");
	if (!confirm.p)
		require(request, USERS_PASSWORD_CONFIRM);
	else if (!str_eq(password, confirm))
		users_form_fault(request, USERS_PASSWORD_CONFIRM,
		    "validation_values_mismatch", "Values don't match.");
}

static void
check_email(const struct users_request *request, const struct users_form *form,
    enum users_field field)
{
	if (form->field[field].p && !users_form_email_ok(form->field[field]))
		users_form_fault(request, field, "validation_invalid_email",
		    "Must be a valid email address.");
}

static void
check_text(const struct users_request *request, const struct users_form *form,
    enum users_field field)
{
	if (form->field[field].p)
		(void)faults_text(request->faults, request->env->arena,
		    str_of(field_names[field]), form->field[field], 0,
		    TEXT_MAX_CHARS);
}

int
users_form_read(const struct users_request *request, const struct json *body,
    unsigned allowed, unsigned required, struct users_form *form,
    struct err *err)
{
	struct faults *faults = request->faults;
	const struct json *member;
	unsigned i;

	memset(form, 0, sizeof(*form));
	for (member = body ? body->child : NULL; member; member = member->next)
		read_member(request, member, allowed, form);
	for (i = 0; i < USERS_FIELDS; i++)
		if ((required & USERS_BIT(i)) &&
		    (!form->field[i].p ||
			(i == USERS_TOKEN && form->field[i].n == 0)))
			require(request, (enum users_field)i);
	check_email(request, form, USERS_EMAIL);
	check_email(request, form, USERS_NEW_EMAIL);
	check_text(request, form, USERS_NAME);
	check_text(request, form, USERS_CODE);
	if (form->field[USERS_ROLE].p) {
		form->role = users_row_role(form->field[USERS_ROLE]);
		if (form->role == APP_NOBODY)
			users_form_fault(request, USERS_ROLE,
			    "validation_not_in_list",
			    "Must be one of member, admin, owner.");
	}
	if (allowed & USERS_BIT(USERS_PASSWORD_CONFIRM))
		check_password(request, form);
	if (faults->first)
		return err_set(
		    err, ERR_INPUT, "the user's fields are not right");
	return 0;
}
