#include "tenants/users_session.h"

#include "tests/unit/users_harness.h"

static int
signed_in(const struct user *user, struct err *err)
{
	int rc = users_signed_in(
	    &house.env, house.tenant, OWNER, user, STR(HOUSE_PASSWORD), err);

	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return rc;
}

static int
sign_out(struct caller caller, const char *id, struct err *err)
{
	int rc;

	err_clear(err);
	rc = users_sign_out(&house.env, house.tenant, caller, str_of(id), err);
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return rc;
}

static int64_t
logged(const char *action)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _audit WHERE action = '%s'", action);
	return house_int(&house, sql);
}

static void
rehashes_where_the_policy_rose(void **state)
{
	struct err err = ERR_INIT;
	struct user before = by_id(ids.owner), after;

	(void)state;
	assert_int_equal(signed_in(&before, &err), 0);
	after = by_id(ids.owner);
	assert_true(str_eq(before.password_hash, after.password_hash));
	assert_int_equal(logged("signed-in"), 1);

	house.config.password_passes = 2;
	assert_int_equal(signed_in(&before, &err), 0);
	after = by_id(ids.owner);
	assert_true(str_starts(after.password_hash, "$argon2id$v=19$m=8,t=2,"));
	/* the same password: nobody is signed out */
	assert_true(str_eq(before.token_key, after.token_key));
	assert_int_equal(
	    users_password_ok(&house.config, &after, STR(HOUSE_PASSWORD), &err),
	    1);
	assert_int_equal(logged("signed-in"), 2);
	/* seen before somebody else changed it */
	assert_int_equal(signed_in(&before, &err), -1);
	assert_err(&err, ERR_CONFLICT, "the password was changed meanwhile");
	assert_int_equal(logged("signed-in"), 2);
	house.config.password_passes = 1;
}

static void
signs_out_whom_the_role_may(void **state)
{
	struct user before = by_id(ids.member), after;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(sign_out(GUEST, ids.member, &err), -1);
	assert_err(&err, ERR_AUTH, "sign in first");
	assert_int_equal(sign_out(MEMBER, ids.other, &err), -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
	assert_int_equal(sign_out(ADMIN, "nobody", &err), -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
	assert_int_equal(sign_out(ADMIN, ids.owner, &err), -1);
	assert_err(&err, ERR_DENIED, "only an owner may sign out an owner");
	assert_int_equal(logged("signed-out"), 0);

	assert_int_equal(sign_out(MEMBER, ids.member, &err), 0);
	after = by_id(ids.member);
	assert_false(str_eq(before.token_key, after.token_key));
	assert_int_equal(after.token_key.n, 50);
	assert_true(str_eq(before.password_hash, after.password_hash));
	assert_int_equal(sign_out(ADMIN, ids.other, &err), 0);
	assert_int_equal(sign_out(ADMIN, ids.admin, &err), 0);
	assert_int_equal(sign_out(OWNER, ids.owner, &err), 0);
	assert_int_equal(logged("signed-out"), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rehashes_where_the_policy_rose, settle),
		cmocka_unit_test_setup(signs_out_whom_the_role_may, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
