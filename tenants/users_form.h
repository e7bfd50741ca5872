#ifndef ROWHOUSE_USERS_FORM_H
#define ROWHOUSE_USERS_FORM_H

#include "tenants/users.h"

/*
 * What a request says about an account, field by field, for those who write
 * accounts: users_change.c and users_mailed.c, and the sign-up.
 */
enum users_field {
	USERS_EMAIL,
	USERS_PASSWORD,
	USERS_PASSWORD_CONFIRM,
	USERS_NAME,
	USERS_ROLE,
	USERS_OLD_PASSWORD,
	USERS_NEW_EMAIL,
	USERS_TOKEN,
	USERS_SLUG,
	USERS_CODE,
	USERS_FIELDS
};

#define USERS_BIT(field) (1u << (field))

#define USERS_PASSWORD_MAX 256

/* p is NULL for what it does not say. */
struct users_form {
	struct str field[USERS_FIELDS];
	enum app_access role;	/* of USERS_ROLE */
};

struct users_request {
	const struct call_env *env;
	struct caller caller;
	struct faults *faults;
};

/*
 * Reads a body (an object, or NULL) that may say what allowed has bits for, and
 * must say what required has.  ERR_INPUT with a fault for each field that is
 * missing, unknown or not as it must be; slugs and tokens are only seen to be
 * texts.  passwordConfirm is looked at where it is allowed.
 */
int users_form_read(const struct users_request *request,
    const struct json *body, unsigned allowed, unsigned required,
    struct users_form *form, struct err *err);

/* What is wrong with a field that had the right form. */
void users_form_fault(const struct users_request *request,
    enum users_field field, const char *code, const char *message);

/*
 * Dot-string "@" Domain of RFC 5321, 4.1.2: neither quoted strings nor address
 * literals, which no one has.  Domains beyond ASCII come as A-labels.
 */
int users_form_email_ok(struct str email);
int users_form_password_ok(struct str password);
int users_form_name_ok(struct str name);

#endif
