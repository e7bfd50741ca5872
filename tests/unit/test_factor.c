#include "tenants/factor.h"

#include <unistd.h>

#include "tenants/base/clock.h"
#include "tests/unit/users_harness.h"

#define NOT_RIGHT "the code is not right"

static struct err err;
static char recovery[FACTOR_CODES][12];
static char secret_text[100];

/* The tenant again after a write, and nothing left begun. */
static int
after(int rc)
{
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return rc;
}

static int
begin(struct caller caller)
{
	struct result result = { .err = ERR_INIT };
	struct buf out;
	int rc;

	err_clear(&err);
	buf_init(&out, 4096);
	rc = after(factor_begin(&house.env, house.tenant, caller, &out, &err));
	memcpy(result.out, out.p ? out.p : "", out.n);
	buf_free(&out);
	if (rc == 0) {
		snprintf(secret_text, sizeof(secret_text), "%s",
		    member(&result, "secret"));
		assert_non_null(strstr(member(&result, "url"), secret_text));
	}
	return rc;
}

static int
confirm(struct caller caller, const char *code)
{
	const struct json *object, *item;
	struct buf out;
	int i = 0, rc;

	err_clear(&err);
	buf_init(&out, 4096);
	rc = after(factor_confirm(
	    &house.env, house.tenant, caller, str_of(code), &out, &err));
	if (rc == 0) {
		assert_int_equal(json_parse(buf_view(&out), JSON_LIMITS_DEFAULT,
				     house.env.arena, &object, &err),
		    0);
		for (item = json_get(object, "recovery")->child; item;
		     item = item->next)
			assert_int_equal(str_copy(item->string, recovery[i++],
					     sizeof(recovery[0])),
			    0);
		assert_int_equal(i, FACTOR_CODES);
	}
	buf_free(&out);
	return rc;
}

static int
accept_code(const char *code)
{
	err_clear(&err);
	return after(factor_accept(
	    &house.env, house.tenant, MEMBER, str_of(code), &err));
}

static int
remove_of(struct caller caller, const char *id, const char *code)
{
	err_clear(&err);
	return after(factor_remove(
	    &house.env, house.tenant, caller, str_of(id), str_of(code), &err));
}

static struct factor
now_there(const char *id)
{
	struct factor factor;

	assert_int_equal(factor_find(house.tenant, str_of(id), house.env.arena,
			     &factor, &err),
	    0);
	return factor;
}

/* The code of a step away from now, as his application shows it. */
static const char *
code(int away)
{
	static char out[8][OTP_DIGITS + 1];
	static int next;
	char *here = out[next++ % 8];

	otp_code(now_there(ids.member).secret, otp_step(clock_wall_ms()) + away,
	    here);
	return here;
}

static void
have_a_factor(void)
{
	assert_int_equal(begin(MEMBER), 0);
	assert_int_equal(confirm(MEMBER, code(-1)), 0);
}

static void
is_in_force_when_confirmed(void **state)
{
	struct buf text;

	(void)state;
	assert_int_equal(confirm(MEMBER, "000000"), -1);
	assert_err(&err, ERR_CONFLICT, "no second factor was asked for");
	assert_int_equal(begin(GUEST), -1);
	assert_err(&err, ERR_AUTH, "sign in first");
	assert_int_equal(begin(MEMBER), 0);
	assert_int_equal(now_there(ids.member).secret.n, OTP_SECRET);
	assert_false(now_there(ids.member).enabled);
	buf_init(&text, 100);
	otp_put_base32(&text, now_there(ids.member).secret);
	assert_true(str_is(buf_view(&text), secret_text));
	buf_free(&text);
	assert_int_equal(accept_code(code(0)), -1);
	assert_err(&err, ERR_INPUT, NOT_RIGHT);
	assert_int_equal(confirm(MEMBER, code(5)), -1);
	assert_err(&err, ERR_INPUT, NOT_RIGHT);
	assert_int_equal(confirm(MEMBER, ""), -1);
	assert_false(now_there(ids.member).enabled);
	/* Begun anew, it is another one. */
	strcpy(recovery[0], secret_text);
	assert_int_equal(begin(MEMBER), 0);
	assert_string_not_equal(recovery[0], secret_text);
	assert_int_equal(confirm(MEMBER, code(0)), 0);
	assert_true(now_there(ids.member).enabled);
	assert_int_equal(begin(MEMBER), -1);
	assert_err(&err, ERR_CONFLICT, "there is a second factor already");
	assert_int_equal(confirm(MEMBER, code(1)), -1);
	assert_err(&err, ERR_CONFLICT, "there is a second factor already");
	assert_false(now_there(ids.other).there);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _audit"
					   " WHERE action = 'factor-on'"),
	    1);
}

static void
each_code_is_good_once(void **state)
{
	const char *first, *second;

	(void)state;
	have_a_factor();
	first = code(0);
	second = code(1);
	assert_int_equal(accept_code(code(-1)), -1);
	assert_err(&err, ERR_INPUT, NOT_RIGHT);
	assert_int_equal(accept_code(first), 0);
	assert_int_equal(accept_code(first), -1);
	assert_int_equal(accept_code(second), 0);
	assert_int_equal(accept_code(first), -1);
	assert_int_equal(accept_code(second), -1);
	assert_int_equal(accept_code(""), -1);
	assert_int_equal(accept_code("12345"), -1);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _audit WHERE"
					   " action = 'signed-in' AND new ="
					   " 'code'"),
	    2);
}

static void
recovery_codes_are_good_once(void **state)
{
	char typed[40];
	int i;

	(void)state;
	have_a_factor();
	assert_int_equal(accept_code("aaaaa-aaaaa"), -1);
	snprintf(typed, sizeof(typed), "%sx", recovery[3]);
	assert_int_equal(accept_code(typed), -1);
	snprintf(typed, sizeof(typed), "%.10s", recovery[3]);
	assert_int_equal(accept_code(typed), -1);
	for (i = 0; recovery[3][i]; i++)
		typed[i] = recovery[3][i] >= 'a' && recovery[3][i] <= 'z'
			       ? (char)(recovery[3][i] - 32)
			       : recovery[3][i];
	typed[i] = '\0';
	typed[5] = ' ';
	assert_int_equal(accept_code(typed), 0);
	for (i = 0; i < FACTOR_CODES; i++) {
		assert_int_equal(accept_code(recovery[i]), i == 3 ? -1 : 0);
		assert_int_equal(accept_code(recovery[i]), -1);
	}
	assert_int_equal(now_there(ids.member).recovery.n, 0);
	/* The application's go on. */
	assert_int_equal(accept_code(code(1)), 0);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _audit WHERE"
					   " new = 'recovery code'"),
	    10);
}

static void
is_removed_by_role(void **state)
{
	(void)state;
	assert_int_equal(remove_of(MEMBER, ids.member, "000000"), -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no second factor");
	have_a_factor();
	assert_int_equal(remove_of(GUEST, ids.member, code(0)), -1);
	assert_err(&err, ERR_AUTH, "sign in first");
	assert_int_equal(remove_of(MEMBER, ids.member, "000000"), -1);
	assert_err(&err, ERR_INPUT, NOT_RIGHT);
	assert_int_equal(
	    remove_of(as(ids.other, APP_MEMBER), ids.member, code(0)), -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
	assert_int_equal(remove_of(MEMBER, ids.member, code(0)), 0);
	assert_false(now_there(ids.member).there);
	have_a_factor();
	assert_int_equal(remove_of(ADMIN, ids.member, NULL), 0);
	have_a_factor();
	assert_int_equal(remove_of(MEMBER, ids.member, recovery[9]), 0);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _audit"
					   " WHERE action = 'factor-off'"),
	    3);
	/* An owner's is an owner's to remove. */
	assert_int_equal(begin(OWNER), 0);
	house_sql(&house, "UPDATE _factors SET enabled = 1");
	assert_int_equal(remove_of(ADMIN, ids.owner, NULL), -1);
	assert_err(&err, ERR_DENIED, "only an owner may change an owner");
	house_sql(&house, "DELETE FROM _factors");
	/* It goes with the account. */
	have_a_factor();
	assert_done(act(DELETE, OWNER, ids.member, NULL));
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _factors"), 0);
}

#define NOW 1800000000

static void
a_ticket_is_for_one_and_for_five_minutes(void **state)
{
	static const struct secret master = { { 1, 2, 3 } };
	struct user user = by_id(ids.member), other = by_id(ids.other);
	struct registry_tenant row = house.row;
	struct str ticket, changed;
	char text[200];
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 1000);
	factor_ticket_put(&out, &master, &row, &user, NOW);
	ticket = buf_view(&out);
#define GOOD(ticket, row, user, now)                                           \
	factor_ticket_ok((ticket), &master, (row), (user), (now))
	assert_true(str_eq(factor_ticket_user(ticket), user.id));
	assert_true(GOOD(ticket, &row, &user, NOW));
	assert_true(GOOD(ticket, &row, &user, NOW + 299));
	assert_false(GOOD(ticket, &row, &user, NOW + 300));
	assert_false(GOOD(ticket, &row, &other, NOW));
	user.token_key = STR("another");
	assert_false(GOOD(ticket, &row, &user, NOW));
	user = by_id(ids.member);
	row.generation++;
	assert_false(GOOD(ticket, &row, &user, NOW));
	row = house.row;
	row.uid[0] ^= 1;
	assert_false(GOOD(ticket, &row, &user, NOW));
	row = house.row;
	for (i = 0; i < ticket.n; i++) {
		assert_int_equal(str_copy(ticket, text, sizeof(text)), 0);
		text[i] ^= 1;
		changed = str_make(text, ticket.n);
		assert_false(GOOD(changed, &row, &user, NOW) &&
			     str_eq(factor_ticket_user(changed), user.id));
		assert_false(GOOD(str_sub(ticket, 0, i), &row, &user, NOW));
	}
	buf_free(&out);
}

static int
again(void **state)
{
	house_tenant(&house);
	house_sql(&house, "DELETE FROM _factors; DELETE FROM _audit");
	/* A test's codes are to be of one time: not at the end of it. */
	while (clock_wall_ms() % 30000 > 27000)
		usleep(100000);
	return settle(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_in_force_when_confirmed, again),
		cmocka_unit_test_setup(each_code_is_good_once, again),
		cmocka_unit_test_setup(recovery_codes_are_good_once, again),
		cmocka_unit_test_setup(is_removed_by_role, again),
		cmocka_unit_test_setup(
		    a_ticket_is_for_one_and_for_five_minutes, again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
