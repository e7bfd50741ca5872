#include "tenants/users.h"

#include <time.h>

#include "tenants/hashslot.h"
#include "tests/unit/users_harness.h"

/* --- reading ------------------------------------------------------------- */

static void
finds_by_id_and_email(void **state)
{
	static char long_name[9 << 20];
	struct err err = ERR_INIT;
	struct user user;

	(void)state;
	user = by_id(ids.owner);
	assert_true(str_is(user.email, HOUSE_OWNER));
	assert_true(str_is(user.name, "The owner"));
	assert_int_equal(user.role, APP_OWNER);
	assert_int_equal(user.verified, 0);
	assert_int_equal(user.token_key.n, 50);
	assert_true(str_starts(user.password_hash, "$argon2id$"));
	assert_int_equal(user.created.n, 24);
	assert_int_equal(users_by_email(house.tenant, STR("OWNER@Example.COM"),
			     house.env.arena, &user, &err),
	    0);
	assert_true(str_is(user.id, ids.owner));
	assert_int_equal(users_by_email(house.tenant, STR("nobody@example.com"),
			     house.env.arena, &user, &err),
	    -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
	assert_int_equal(users_by_id(house.tenant, STR("' OR 1=1 --"),
			     house.env.arena, &user, &err),
	    -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
	/* More than SQLite takes, where request.body_max lets it in. */
	memset(long_name, 'a', sizeof(long_name));
	assert_int_equal(
	    users_by_email(house.tenant, str_make(long_name, sizeof(long_name)),
		house.env.arena, &user, &err),
	    -1);
	assert_err(&err, ERR_NOT_FOUND, "there is no such user");
}

static void
writes_records(void **state)
{
	const struct user user = { .id = STR("id00000000000id"),
		.email = STR("a@b.c"),
		.name = STR("A \"B\""),
		.role = APP_ADMIN,
		.verified = 1,
		.token_key = STR("SECRETKEY"),
		.password_hash = STR("SECRETHASH"),
		.created = STR("2026-11-23 10:00:00.123Z"),
		.updated = STR("2026-11-24 10:00:00.123Z") };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	users_put_record(&out, &user, 1);
	buf_putc(&out, '\0');
	assert_string_equal(out.p,
	    "{\"collectionId\":\"_pb_users_auth_\",\"collectionName\":"
	    "\"users\","
	    "\"created\":\"2026-11-23 10:00:00.123Z\",\"email\":\"a@b.c\","
	    "\"emailVisibility\":false,\"id\":\"id00000000000id\","
	    "\"name\":\"A \\\"B\\\"\",\"role\":\"admin\","
	    "\"updated\":\"2026-11-24 10:00:00.123Z\",\"verified\":true}");
	buf_reset(&out);
	users_put_record(&out, &user, 0);
	buf_putc(&out, '\0');
	assert_null(strstr(out.p, "a@b.c"));
	assert_null(strstr(out.p, "SECRET"));
	buf_free(&out);
}

static void
lists_whom_the_role_may_see(void **state)
{
	struct result result;

	(void)state;
	assert_fails(
	    act(LIST, GUEST, NULL, NULL), ERR_AUTH, "sign in first", "");
	result = act(LIST, ADMIN, NULL, NULL);
	assert_done(result);
	assert_string_equal(member(&result, "totalItems"), "4");
	assert_non_null(strstr(result.out, HOUSE_OWNER));
	result = act(LIST, MEMBER, NULL, NULL);
	assert_done(result);
	assert_string_equal(member(&result, "totalItems"), "1");
	assert_non_null(strstr(result.out, "member@example.com"));
	assert_null(strstr(result.out, "other@example.com"));
}

static void
lists_page_by_page(void **state)
{
	static const struct {
		int64_t page, per_page;
		int skip_total;
		const char *end;
		int items;
	} pages[] = {
		{ 1, 3, 0,
		    "],\"page\":1,\"perPage\":3,\"totalItems\":4,"
		    "\"totalPages\":2}",
		    3 },
		{ 2, 3, 0,
		    "],\"page\":2,\"perPage\":3,\"totalItems\":4,"
		    "\"totalPages\":2}",
		    1 },
		{ 9, 3, 0,
		    "],\"page\":9,\"perPage\":3,\"totalItems\":4,"
		    "\"totalPages\":2}",
		    0 },
		{ 0, 0, 0,
		    "],\"page\":1,\"perPage\":30,\"totalItems\":4,"
		    "\"totalPages\":1}",
		    4 },
		{ -5, -5, 1,
		    "],\"page\":1,\"perPage\":30,\"totalItems\":-1,"
		    "\"totalPages\":-1}",
		    4 },
		{ 1, 5000, 1,
		    "],\"page\":1,\"perPage\":1000,\"totalItems\":-1,"
		    "\"totalPages\":-1}",
		    4 },
		{ INT64_MAX, INT64_MAX, 1,
		    "],\"page\":1000000000,\"perPage\":1000,"
		    "\"totalItems\":-1,\"totalPages\":-1}",
		    0 },
	};
	struct err err = ERR_INIT;
	const char *p;
	struct buf out;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < N_OF(pages); i++) {
		buf_init(&out, 1 << 20);
		assert_int_equal(
		    users_list(&house.env, house.tenant, OWNER, pages[i].page,
			pages[i].per_page, pages[i].skip_total, &out, &err),
		    0);
		assert_true(str_ends(buf_view(&out), pages[i].end));
		buf_putc(&out, '\0');
		for (n = 0, p = out.p; (p = strstr(p, "\"id\":")); p++)
			n++;
		assert_int_equal(n, pages[i].items);
		buf_free(&out);
	}
}

static void
views_whom_the_role_may_see(void **state)
{
	struct result result;

	(void)state;
	assert_fails(
	    act(VIEW, GUEST, ids.member, NULL), ERR_AUTH, "sign in first", "");
	result = act(VIEW, MEMBER, ids.member, NULL);
	assert_done(result);
	assert_string_equal(member(&result, "email"), "member@example.com");
	assert_fails(act(VIEW, MEMBER, ids.other, NULL), ERR_NOT_FOUND,
	    "there is no such user", "");
	/* and no telling whether there is one */
	assert_fails(act(VIEW, MEMBER, "nobody", NULL), ERR_NOT_FOUND,
	    "there is no such user", "");
	result = act(VIEW, ADMIN, ids.owner, NULL);
	assert_done(result);
	assert_string_equal(member(&result, "email"), HOUSE_OWNER);
	assert_fails(act(VIEW, ADMIN, "nobody", NULL), ERR_NOT_FOUND,
	    "there is no such user", "");
}

/* --- passwords ----------------------------------------------------------- */

static void
knows_the_password(void **state)
{
	struct err err = ERR_INIT;
	struct user user = by_id(ids.owner);

	(void)state;
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(HOUSE_PASSWORD), &err),
	    1);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("wrong"), &err), 0);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(""), &err), 0);
	assert_int_equal(
	    users_password_ok(&house.config, NULL, STR(HOUSE_PASSWORD), &err),
	    0);
	user.password_hash = STR("no hash");
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(HOUSE_PASSWORD), &err),
	    0);
}

static int64_t
cpu_us(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* By processor time, the least of several: a busy machine must not matter. */
static int64_t
cost_of(const struct user *user)
{
	struct err err = ERR_INIT;
	int64_t least = INT64_MAX, t;
	int i;

	for (i = 0; i < 7; i++) {
		t = cpu_us();
		assert_int_equal(users_password_ok(&house.config, user,
				     STR("wrong password"), &err),
		    0);
		t = cpu_us() - t;
		least = t < least ? t : least;
	}
	return least;
}

static void
takes_as_long_for_nobody(void **state)
{
	struct user user = by_id(ids.owner);
	struct err err = ERR_INIT;
	char hash[CRYPTO_HASH_MAX];
	int64_t known, unknown;

	(void)state;
	house.config.password_kib = 8192;
	assert_int_equal(crypto_password_hash(STR("x"),
			     (struct crypto_cost){ 1, 8192 }, hash, &err),
	    0);
	user.password_hash = str_of(hash);
	known = cost_of(&user);
	unknown = cost_of(NULL);
	house.config.password_kib = 8;
	print_message("# known %lld us, unknown %lld us\n", (long long)known,
	    (long long)unknown);
	assert_true(known > 1000);
	assert_true(unknown * 10 > known * 7 && unknown * 7 < known * 10);
}

static void
hashes_two_at_once(void **state)
{
	struct err err = ERR_INIT;
	struct user user = by_id(ids.owner);
	int a, b;

	(void)state;
	house.config.password_at_once = 2;
	a = hashslot_take(&house.config, 0, &err);
	b = hashslot_take(&house.config, 0, &err);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(HOUSE_PASSWORD), &err),
	    -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_true(err.retry_after > 0);
	hashslot_give(a);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR(HOUSE_PASSWORD), &err),
	    1);
	hashslot_give(b);
	house.config.password_at_once = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_by_id_and_email, settle),
		cmocka_unit_test_setup(writes_records, settle),
		cmocka_unit_test_setup(lists_whom_the_role_may_see, settle),
		cmocka_unit_test_setup(lists_page_by_page, settle),
		cmocka_unit_test_setup(views_whom_the_role_may_see, settle),
		cmocka_unit_test_setup(knows_the_password, settle),
		cmocka_unit_test_setup(takes_as_long_for_nobody, settle),
		cmocka_unit_test_setup(hashes_two_at_once, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
