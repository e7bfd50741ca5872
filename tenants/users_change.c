#include "tenants/users_row.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/call_error.h"
#include "tenants/stamp.h"

#define PASSWORD_MIN    8
#define PASSWORD_MAX    256
#define NAME_MAX_CHARS  200
#define EMAIL_MAX       254 /* RFC 5321, 4.5.3.1.3, without its <> */
#define EMAIL_LOCAL_MAX 64
#define LABEL_MAX       63

#define TOKEN_KEY 50

enum field {
	FIELD_EMAIL,
	FIELD_PASSWORD,
	FIELD_PASSWORD_CONFIRM,
	FIELD_NAME,
	FIELD_ROLE,
	FIELD_OLD_PASSWORD,
	FIELDS
};

static const char *const field_names[FIELDS] = {
	[FIELD_EMAIL] = "email",
	[FIELD_PASSWORD] = "password",
	[FIELD_PASSWORD_CONFIRM] = "passwordConfirm",
	[FIELD_NAME] = "name",
	[FIELD_ROLE] = "role",
	[FIELD_OLD_PASSWORD] = "oldPassword",
};

/* What a body says, field by field; p is NULL for what it does not say. */
struct form {
	struct str field[FIELDS];
	enum app_access role; /* of FIELD_ROLE */
};

struct request {
	const struct call_env *env;
	struct caller caller;
	struct faults *faults;
};

static void
complain(const struct request *request, enum field field, const char *code,
    const char *message)
{
	faults_add(request->faults, request->env->arena,
	    str_of(field_names[field]), code, message);
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

/*
 * Dot-string "@" Domain of RFC 5321, 4.1.2: neither quoted strings nor address
 * literals, which no one has.  Domains beyond ASCII come as A-labels.
 */
static int
email_ok(struct str email)
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

static void
read_member(const struct request *request, const struct json *member,
    int updates, struct form *form)
{
	struct arena *arena = request->env->arena;
	int i;

	for (i = 0; i < FIELDS; i++)
		if (str_is(member->name, field_names[i]))
			break;
	if (i == FIELDS || (i == FIELD_OLD_PASSWORD && !updates))
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
check_password(const struct request *request, const struct form *form)
{
	struct str password = form->field[FIELD_PASSWORD];
	struct str confirm = form->field[FIELD_PASSWORD_CONFIRM];

	if (!password.p && !confirm.p)
		return;
	if (!password.p)
		faults_required(request->faults, request->env->arena,
		    str_of(field_names[FIELD_PASSWORD]));
	else if (password.n < PASSWORD_MIN)
		complain(request, FIELD_PASSWORD, "validation_length_too_short",
		    "Must have at least 8 bytes.");
	else if (password.n > PASSWORD_MAX)
		complain(request, FIELD_PASSWORD, "validation_length_too_long",
		    "Must have at most 256 bytes.");
	if (!confirm.p)
		faults_required(request->faults, request->env->arena,
		    str_of(field_names[FIELD_PASSWORD_CONFIRM]));
	else if (!str_eq(password, confirm))
		complain(request, FIELD_PASSWORD_CONFIRM,
		    "validation_values_mismatch", "Values don't match.");
}

/* Reads a body; updates = oldPassword is a field, and nothing is required. */
static int
read_form(const struct request *request, const struct json *body, int updates,
    struct form *form, struct err *err)
{
	static const enum field required[] = { FIELD_EMAIL, FIELD_PASSWORD,
		FIELD_PASSWORD_CONFIRM };
	struct faults *faults = request->faults;
	struct arena *arena = request->env->arena;
	const struct json *member;
	size_t i;

	memset(form, 0, sizeof(*form));
	for (member = body ? body->child : NULL; member; member = member->next)
		read_member(request, member, updates, form);
	for (i = 0; !updates && i < sizeof(required) / sizeof(required[0]); i++)
		if (!form->field[required[i]].p)
			faults_required(
			    faults, arena, str_of(field_names[required[i]]));
	if (form->field[FIELD_EMAIL].p && !email_ok(form->field[FIELD_EMAIL]))
		complain(request, FIELD_EMAIL, "validation_invalid_email",
		    "Must be a valid email address.");
	if (form->field[FIELD_NAME].p)
		(void)faults_text(faults, arena,
		    str_of(field_names[FIELD_NAME]), form->field[FIELD_NAME], 0,
		    NAME_MAX_CHARS);
	if (form->field[FIELD_ROLE].p) {
		form->role = users_row_role(form->field[FIELD_ROLE]);
		if (form->role == APP_NOBODY)
			complain(request, FIELD_ROLE, "validation_not_in_list",
			    "Must be one of member, admin, owner.");
	}
	check_password(request, form);
	if (faults->first)
		return err_set(
		    err, ERR_INPUT, "the user's fields are not right");
	return 0;
}

static struct str
now(struct arena *arena)
{
	char text[STAMP_TEXT];

	stamp_format(clock_wall_ms(), text);
	return arena_str(arena, str_of(text));
}

static struct str
random_text(struct arena *arena, size_t n)
{
	char *text = arena_alloc(arena, n + 1);

	crypto_id(text, n);
	return str_make(text, n);
}

static int
set_password(const struct request *request, struct str password,
    struct user *user, struct err *err)
{
	struct arena *arena = request->env->arena;
	char hash[CRYPTO_HASH_MAX];

	if (users_row_hash(request->env->config, password, hash, err) < 0)
		return -1;
	user->password_hash = arena_str(arena, str_of(hash));
	user->token_key = random_text(arena, TOKEN_KEY);
	return 0;
}

/*
 * Runs one of the statements that write a row.  What a request can break: the
 * address is unique, and the application's tables may refer to the row, with
 * triggers of their own on the way.
 */
static int
run(struct tenant *tenant, sqlite3_stmt *stmt, const struct request *request,
    struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_CONSTRAINT_UNIQUE) {
		if (request)
			faults_not_unique(request->faults, request->env->arena,
			    str_of(field_names[FIELD_EMAIL]));
		(void)err_set(err, ERR_CONFLICT, "the e-mail address is taken");
	} else if (rc == SQLITE_CONSTRAINT_TRIGGER) {
		(void)call_error_raised(
		    sqlite3_errmsg(db_handle(tenant->db)), err);
	} else if ((rc & 0xff) == SQLITE_CONSTRAINT) {
		/* ON DELETE SET NULL where there may be none, for one. */
		(void)call_error_reference(err);
	} else if (rc != SQLITE_DONE) {
		(void)db_err(tenant->db, err, "users");
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
write_row(struct tenant *tenant, enum users_row_sql which,
    const struct user *user, const struct request *request, struct err *err)
{
	sqlite3_stmt *stmt = users_row_statement(tenant, which, err);

	if (!stmt)
		return -1;
	users_row_bind(stmt, user);
	return run(tenant, stmt, request, err);
}

int
users_create(const struct call_env *env, struct tenant *tenant,
    struct caller caller, const struct json *body, struct buf *out,
    struct faults *faults, struct err *err)
{
	const struct request request = { env, caller, faults };
	struct form form;
	struct user user;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may add users");
	if (read_form(&request, body, 0, &form, err) < 0)
		return -1;
	if (form.role == APP_OWNER && caller.role < APP_OWNER)
		return err_set(
		    err, ERR_DENIED, "only an owner may make an owner");
	memset(&user, 0, sizeof(user));
	user.id = random_text(env->arena, CRYPTO_ID);
	user.email = form.field[FIELD_EMAIL];
	user.name = form.field[FIELD_NAME];
	user.role = form.role == APP_NOBODY ? APP_MEMBER : form.role;
	user.created = user.updated = now(env->arena);
	if (set_password(&request, form.field[FIELD_PASSWORD], &user, err) < 0)
		return -1;
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	users_put_record(out, &user, 1);
	if (write_row(tenant, USERS_ROW_INSERT, &user, &request, err) < 0 ||
	    buf_check(out, "answer", err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

/* What this caller may not change about this user, whatever the values. */
static int
check_rights(const struct request *request, const struct user *user,
    const struct form *form, struct err *err)
{
	struct caller caller = request->caller;
	int self = str_eq(caller.user_id, user->id);

	if (!self && caller.role < APP_ADMIN)
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (!self && !users_row_manages(caller, user))
		return err_set(
		    err, ERR_DENIED, "only an owner may change an owner");
	if (caller.role < APP_ADMIN && form->field[FIELD_EMAIL].p)
		return err_set(err, ERR_DENIED,
		    "only an admin or owner may change an e-mail address");
	if (caller.role < APP_ADMIN && form->field[FIELD_ROLE].p)
		return err_set(err, ERR_DENIED,
		    "only an admin or owner may change a role");
	if (form->role == APP_OWNER && caller.role < APP_OWNER)
		return err_set(
		    err, ERR_DENIED, "only an owner may make an owner");
	return 0;
}

/* Nobody changes his own password without knowing the old one. */
static int
check_old_password(const struct request *request, const struct user *user,
    const struct form *form, struct err *err)
{
	struct str old = form->field[FIELD_OLD_PASSWORD];
	int ok = 0;

	if (!form->field[FIELD_PASSWORD].p ||
	    !str_eq(request->caller.user_id, user->id))
		return 0;
	if (old.p && old.n <= PASSWORD_MAX)
		ok = users_password_ok(request->env->config, user, old, err);
	if (ok < 0)
		return -1;
	if (!ok) {
		complain(request, FIELD_OLD_PASSWORD,
		    "validation_invalid_old_password",
		    "Missing or invalid old password.");
		return err_set(
		    err, ERR_INPUT, "the user's fields are not right");
	}
	return 0;
}

static int
check_last_owner(struct tenant *tenant, const struct user *user,
    const char *what, struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t owners;

	if (user->role != APP_OWNER)
		return 0;
	stmt = users_row_statement(tenant, USERS_ROW_OWNERS, err);
	if (!stmt || users_row_int(tenant, stmt, &owners, err) < 0)
		return -1;
	if (owners > 1)
		return 0;
	return err_set(err, ERR_CONFLICT, "the last owner cannot be %s", what);
}

/* The part of an update that is done under the write lock. */
static int
apply(struct tenant *tenant, const struct request *request,
    const struct user *seen, const struct form *form, struct user *user,
    struct err *err)
{
	struct arena *arena = request->env->arena;
	const struct str *field = form->field;
	struct str hash = user->password_hash, key = user->token_key;

	if (users_by_id(tenant, seen->id, arena, user, err) < 0 ||
	    check_rights(request, user, form, err) < 0)
		return -1;
	if (field[FIELD_PASSWORD].p) {
		if (!str_eq(user->password_hash, seen->password_hash))
			return err_set(err, ERR_CONFLICT,
			    "the password was changed meanwhile");
		user->password_hash = hash;
		user->token_key = key;
	}
	if (field[FIELD_NAME].p)
		user->name = field[FIELD_NAME];
	if (field[FIELD_EMAIL].p && !str_eq(field[FIELD_EMAIL], user->email)) {
		user->email = field[FIELD_EMAIL];
		user->verified = 0;
		if (!field[FIELD_PASSWORD].p)
			user->token_key = random_text(arena, TOKEN_KEY);
	}
	if (field[FIELD_ROLE].p && form->role != user->role) {
		if (check_last_owner(tenant, user, "lowered", err) < 0)
			return -1;
		user->role = form->role;
	}
	user->updated = now(arena);
	return write_row(tenant, USERS_ROW_UPDATE, user, request, err);
}

int
users_update(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, const struct json *body,
    struct buf *out, struct faults *faults, struct err *err)
{
	const struct request request = { env, caller, faults };
	struct user seen, user;
	struct form form;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN && !str_eq(caller.user_id, id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (users_by_id(tenant, id, env->arena, &seen, err) < 0 ||
	    read_form(&request, body, 1, &form, err) < 0 ||
	    check_rights(&request, &seen, &form, err) < 0 ||
	    check_old_password(&request, &seen, &form, err) < 0)
		return -1;
	/* Hashing takes tens of milliseconds: before the lock, not under it. */
	user = seen;
	if (form.field[FIELD_PASSWORD].p &&
	    set_password(&request, form.field[FIELD_PASSWORD], &user, err) < 0)
		return -1;
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (apply(tenant, &request, &seen, &form, &user, err) < 0)
		goto fail;
	users_put_record(out, &user, 1);
	if (buf_check(out, "answer", err) < 0)
		goto fail;
	return call_commit(env, tenant, NULL, err);
fail:
	db_rollback(tenant->db);
	return -1;
}

static int
remove_row(struct tenant *tenant, struct caller caller, struct str id,
    struct arena *arena, struct err *err)
{
	sqlite3_stmt *stmt;
	struct user user;

	if (users_by_id(tenant, id, arena, &user, err) < 0)
		return -1;
	if (!users_row_manages(caller, &user))
		return err_set(
		    err, ERR_DENIED, "only an owner may remove an owner");
	if (check_last_owner(tenant, &user, "removed", err) < 0)
		return -1;
	stmt = users_row_statement(tenant, USERS_ROW_DELETE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, id);
	return run(tenant, stmt, NULL, err);
}

int
users_delete(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may remove users");
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (remove_row(tenant, caller, id, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

int
users_rehash(const struct call_env *env, struct tenant *tenant,
    const struct user *user, struct str password, struct err *err)
{
	const struct crypto_cost cost = {
		(unsigned)env->config->password_passes,
		(unsigned)env->config->password_kib
	};
	/* It is our write, not the request's. */
	struct call_env unwatched = *env;
	/* He is signing in just now. */
	const struct caller nobody = { .role = APP_PUBLIC };
	char old[CRYPTO_HASH_MAX], hash[CRYPTO_HASH_MAX];
	struct user now_there;

	if (str_copy(user->password_hash, old, sizeof(old)) == 0 &&
	    !crypto_password_stale(old, cost))
		return 0;
	unwatched.watch = NULL;
	if (users_row_hash(env->config, password, hash, err) < 0 ||
	    call_begin_write(&unwatched, nobody, &tenant, err) < 0)
		return -1;
	if (users_by_id(tenant, user->id, env->arena, &now_there, err) < 0)
		goto fail;
	if (!str_eq(now_there.password_hash, user->password_hash)) {
		(void)err_set(
		    err, ERR_CONFLICT, "the password was changed meanwhile");
		goto fail;
	}
	now_there.password_hash = str_of(hash);
	if (write_row(tenant, USERS_ROW_UPDATE, &now_there, NULL, err) < 0)
		goto fail;
	return call_commit(&unwatched, tenant, NULL, err);
fail:
	db_rollback(tenant->db);
	return -1;
}

static int
check_owner(
    struct str email, struct str password, struct str name, struct err *err)
{
	if (!email_ok(email))
		return err_set(err, ERR_INPUT,
		    "\"%.*s\" is not an e-mail address", STR_FMT(email));
	if (password.n < PASSWORD_MIN || password.n > PASSWORD_MAX)
		return err_set(err, ERR_INPUT,
		    "the password must have %d to %d bytes", PASSWORD_MIN,
		    PASSWORD_MAX);
	if (name.n > NAME_MAX_CHARS || !str_utf8_ok(name) ||
	    (name.n > 0 && memchr(name.p, 0, name.n)))
		return err_set(err, ERR_INPUT,
		    "the name must be UTF-8 text of at most %d bytes",
		    NAME_MAX_CHARS);
	return 0;
}

int
users_insert_owner(struct db *db, const struct config *config, struct str email,
    struct str password, struct str name, struct err *err)
{
	char id[CRYPTO_ID + 1], key[TOKEN_KEY + 1], hash[CRYPTO_HASH_MAX];
	char stamp[STAMP_TEXT];
	struct user user;
	sqlite3_stmt *stmt;
	int rc;

	if (check_owner(email, password, name, err) < 0 ||
	    users_row_hash(config, password, hash, err) < 0)
		return -1;
	crypto_id(id, CRYPTO_ID);
	crypto_id(key, TOKEN_KEY);
	stamp_format(clock_wall_ms(), stamp);
	user = (struct user){ .id = str_of(id),
		.email = email,
		.name = name,
		.role = APP_OWNER,
		.token_key = str_of(key),
		.password_hash = str_of(hash),
		.created = str_of(stamp),
		.updated = str_of(stamp) };
	stmt = db_prepare(db, users_row_sql(USERS_ROW_INSERT), err);
	if (!stmt)
		return -1;
	users_row_bind(stmt, &user);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		(void)db_err(db, err, "users");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}
