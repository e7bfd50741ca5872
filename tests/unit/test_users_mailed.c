#include "tenants/users_mailed.h"

#include "tenants/users_write.h"
#include "tests/unit/users_harness.h"

/* What a confirmation or an invitation comes to. */
struct outcome {
	int rc;
	struct err err;
	char faults[512];
	struct user user;
};

enum what { PASSWORD, VERIFY, EMAIL, INVITE, UNINVITE };

static struct outcome
confirm(enum what what, struct caller caller, const struct user *seen,
    const char *text, const char *role)
{
	struct outcome out = { .err = ERR_INIT };
	struct faults faults = { 0 };
	struct users_request request = { &house.env, caller, &faults };
	struct users_form form = { .role = role ? users_row_role(str_of(role))
						: APP_NOBODY };
	struct err *err = &out.err;

	house_tenant(&house);
	switch (what) {
	case PASSWORD:
		form.field[USERS_PASSWORD] = str_of(text);
		out.rc = users_mailed_password(
		    &request, house.tenant, seen, &form, err);
		break;
	case VERIFY:
		out.rc = users_mailed_verify(&request, house.tenant, seen, err);
		break;
	case EMAIL:
		out.rc = users_mailed_email(
		    &request, house.tenant, seen, str_of(text), err);
		break;
	case INVITE:
		form.field[USERS_EMAIL] = str_of(text);
		out.rc = users_mailed_invite(
		    &request, house.tenant, &form, &out.user, err);
		break;
	case UNINVITE:
		out.rc = users_mailed_uninvite(
		    &request, house.tenant, str_of(text), err);
		break;
	}
	house_faults(&faults, out.faults, sizeof(out.faults));
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return out;
}

#define assert_refused(got, want, message)                                     \
	do {                                                                   \
		struct outcome o_ = (got);                                     \
		assert_int_equal(o_.rc, -1);                                   \
		assert_err(&o_.err, (want), (message));                        \
	} while (0)

static void
a_password_is_set_once(void **state)
{
	struct user seen = by_id(ids.member), user;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    confirm(PASSWORD, GUEST, &seen, "first choice", NULL).rc, 0);
	user = by_id(ids.member);
	assert_true(user.verified);
	assert_false(str_eq(user.token_key, seen.token_key));
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("first choice"), &err),
	    1);
	/* Two who had the same link: the second comes too late. */
	assert_refused(confirm(PASSWORD, GUEST, &seen, "second one", NULL),
	    ERR_INPUT, "the token is not good");
	assert_refused(confirm(VERIFY, GUEST, &seen, NULL, NULL), ERR_INPUT,
	    "the token is not good");
	assert_refused(confirm(EMAIL, GUEST, &seen, "x@example.com", NULL),
	    ERR_INPUT, "the token is not good");
	user = by_id(ids.member);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("first choice"), &err),
	    1);
}

static void
an_address_is_verified_and_changed(void **state)
{
	struct user seen = by_id(ids.member), user;
	struct outcome out;

	(void)state;
	assert_int_equal(confirm(VERIFY, GUEST, &seen, NULL, NULL).rc, 0);
	user = by_id(ids.member);
	assert_true(user.verified);
	/* That is no reason to sign anybody out. */
	assert_true(str_eq(user.token_key, seen.token_key));
	out = confirm(EMAIL, GUEST, &user, "OTHER@example.com", NULL);
	assert_refused(out, ERR_CONFLICT, "the e-mail address is taken");
	assert_string_equal(
	    out.faults, "email: not_unique: Value must be unique.");
	assert_int_equal(
	    confirm(EMAIL, GUEST, &user, "fresh@example.com", NULL).rc, 0);
	seen = by_id(ids.member);
	assert_true(str_is(seen.email, "fresh@example.com"));
	assert_false(str_eq(user.token_key, seen.token_key));
	assert_refused(confirm(EMAIL, GUEST, &user, "y@example.com", NULL),
	    ERR_INPUT, "the token is not good");
}

static void
who_may_invite_whom(void **state)
{
	(void)state;
	assert_refused(confirm(INVITE, GUEST, NULL, "n@example.com", NULL),
	    ERR_AUTH, "sign in first");
	assert_refused(confirm(INVITE, MEMBER, NULL, "n@example.com", NULL),
	    ERR_DENIED, "only an admin or owner may invite");
	assert_refused(confirm(INVITE, ADMIN, NULL, "n@example.com", "owner"),
	    ERR_DENIED, "only an owner may invite an owner");
	assert_refused(confirm(INVITE, ADMIN, NULL, "MEMBER@example.com", NULL),
	    ERR_CONFLICT, "the e-mail address is taken");
	assert_int_equal(
	    confirm(INVITE, ADMIN, NULL, "n@example.com", "admin").rc, 0);
	assert_int_equal(
	    confirm(INVITE, OWNER, NULL, "boss@example.com", "owner").rc, 0);
	assert_refused(confirm(INVITE, ADMIN, NULL, "boss@example.com", NULL),
	    ERR_DENIED, "only an owner may invite an owner");
}

static void
an_invitation_counts_as_a_user(void **state)
{
	(void)state;
	house.config.n_plans = 1;
	strcpy(house.config.plan[0].name, "default");
	house.config.plan[0].users = 5;
	assert_int_equal(
	    confirm(INVITE, ADMIN, NULL, "n@example.com", NULL).rc, 0);
	assert_refused(confirm(INVITE, ADMIN, NULL, "m@example.com", NULL),
	    ERR_QUOTA, "the tenant has as many users as it may have");
	/* Who is invited already can be asked again. */
	assert_int_equal(
	    confirm(INVITE, ADMIN, NULL, "n@example.com", NULL).rc, 0);
	house.config.n_plans = 0;
}

static void
who_was_invited_is_nobody_yet(void **state)
{
	struct outcome out =
	    confirm(INVITE, OWNER, NULL, "boss@example.com", "owner");
	char id[16], other[16];
	struct err err = ERR_INIT;
	struct user user;

	(void)state;
	assert_int_equal(out.rc, 0);
	assert_int_equal(str_copy(out.user.id, id, sizeof(id)), 0);
	user = by_id(id);
	assert_true(users_mailed_is_invited(&user));
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(""), &err), 0);
	/* No owner that another could leave because of. */
	assert_fails(act(DELETE, OWNER, ids.owner, NULL), ERR_CONFLICT,
	    "the last owner cannot be removed", "");
	user = by_id(id);
	/* Asked again it is the same account, and the link before is void. */
	assert_int_equal(
	    confirm(INVITE, OWNER, NULL, "boss@example.com", "admin").rc, 0);
	assert_false(str_eq(by_id(id).token_key, user.token_key));
	assert_int_equal(by_id(id).role, APP_ADMIN);
	assert_refused(confirm(PASSWORD, GUEST, &user, "too late now", NULL),
	    ERR_INPUT, "the token is not good");
	user = by_id(id);
	assert_int_equal(
	    confirm(PASSWORD, GUEST, &user, "here I am", NULL).rc, 0);
	assert_refused(confirm(UNINVITE, OWNER, NULL, id, NULL), ERR_NOT_FOUND,
	    "there is no such invitation");

	out = confirm(INVITE, OWNER, NULL, "b2@example.com", "owner");
	assert_int_equal(str_copy(out.user.id, other, sizeof(other)), 0);
	assert_refused(confirm(UNINVITE, ADMIN, NULL, other, NULL), ERR_DENIED,
	    "only an owner may take back an owner's invitation");
	assert_refused(confirm(UNINVITE, MEMBER, NULL, other, NULL), ERR_DENIED,
	    "only an admin or owner may invite");
	/* There is one owner who can sign in: this one may still go. */
	assert_int_equal(confirm(UNINVITE, OWNER, NULL, other, NULL).rc, 0);
	assert_refused(confirm(UNINVITE, OWNER, NULL, other, NULL),
	    ERR_NOT_FOUND, "there is no such user");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_password_is_set_once, settle),
		cmocka_unit_test_setup(
		    an_address_is_verified_and_changed, settle),
		cmocka_unit_test_setup(who_may_invite_whom, settle),
		cmocka_unit_test_setup(an_invitation_counts_as_a_user, settle),
		cmocka_unit_test_setup(who_was_invited_is_nobody_yet, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("users_mailed", tests, build, raze);
}
