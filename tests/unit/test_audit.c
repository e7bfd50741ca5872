#include "tenants/audit.h"

#include "tests/unit/users_harness.h"

static void
forget(void)
{
	house_sql(&house, "DELETE FROM _audit");
}

/* All of it, oldest first, an entry a line. */
static const char *
entries(void)
{
	static char out[8192];
	sqlite3_stmt *stmt;
	struct err err = ERR_INIT;
	size_t n = 0;

	out[0] = '\0';
	stmt = db_prepare(house.tenant->db,
	    "SELECT user || ' ' || email || ' ' || address || ' ' || action"
	    " || ' ' || about || ' ' || old || ' > ' || new FROM _audit"
	    " WHERE at LIKE '20__-__-__ __:__:__.___Z' ORDER BY id",
	    &err);
	assert_non_null(stmt);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s\n",
		    (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return out;
}

static void
assert_entries(const char *fmt, ...)
{
	char want[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	assert_string_equal(entries(), want);
	forget();
}

#define BY "owner@example.com 192.0.2.1"

static void
tells_what_became_of_accounts(void **state)
{
	char id[16];

	(void)state;
	forget();
	add("new@example.com", "member", id);
	assert_entries(
	    "%s " BY " user-created %s  > new@example.com\n", ids.owner, id);
	assert_done(act(UPDATE, OWNER, id,
	    "{\"email\":\"newer@example.com\",\"role\":\"admin\","
	    "\"password\":\"password2\",\"passwordConfirm\":\"password2\"}"));
	assert_entries("%s " BY " password-changed %s  > \n"
		       "%s " BY
		       " email-changed %s new@example.com > newer@example.com\n"
		       "%s " BY " role-changed %s member > admin\n",
	    ids.owner, id, ids.owner, id, ids.owner, id);
	/* What is as it was is nothing to tell. */
	assert_done(act(UPDATE, ADMIN, id,
	    "{\"email\":\"newer@example.com\",\"role\":\"admin\","
	    "\"name\":\"New\"}"));
	assert_entries("");
	assert_done(act(DELETE, ADMIN, id, NULL));
	assert_entries(
	    "%s " BY " user-removed %s newer@example.com > \n", ids.admin, id);
}

static void
tells_nothing_of_what_did_not_happen(void **state)
{
	struct result result;

	(void)state;
	forget();
	result = act(DELETE, OWNER, ids.owner, NULL);
	assert_int_equal(result.err.code, ERR_CONFLICT);
	result = act(CREATE, OWNER, NULL,
	    "{\"email\":\"member@example.com\",\"password\":\"password1\","
	    "\"passwordConfirm\":\"password1\"}");
	assert_int_equal(result.err.code, ERR_CONFLICT);
	/* Refused as late as at the commit. */
	house_sql(&house, "INSERT INTO late SELECT id FROM _users"
			  " WHERE email = 'other@example.com'");
	result = act(DELETE, OWNER, ids.other, NULL);
	assert_int_equal(result.err.code, ERR_INPUT);
	house_sql(&house, "DELETE FROM late");
	/* No room for the answer. */
	out_max = 10;
	result = act(UPDATE, OWNER, ids.other, "{\"role\":\"admin\"}");
	assert_int_equal(result.err.code, ERR_TOO_LARGE);
	out_max = 4 << 20;
	assert_entries("");
}

static void
put(enum audit_action action)
{
	const struct audit_entry entry = { .action = action };
	struct err err = ERR_INIT;

	assert_int_equal(db_begin_write(house.tenant->db, &err), 0);
	assert_int_equal(audit_write(house.tenant, OWNER, &entry, &err), 0);
	assert_int_equal(db_commit(house.tenant->db, &err), 0);
}

#define FILL(first, last, at)                                                  \
	"WITH RECURSIVE n(i) AS (SELECT " #first                               \
	" UNION ALL SELECT i + 1 FROM n WHERE i < " #last                      \
	") INSERT INTO _audit SELECT i, " at                                   \
	", '', '', '', 'signed-in', '', '', '' FROM n"

static void
keeps_to_its_bounds(void **state)
{
	int i;

	(void)state;
	forget();
	house_sql(&house, FILL(1, 100003, "'2999-01-01 00:00:00.000Z'"));
	put(AUDIT_SIGNED_IN);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _audit"), 100000);
	assert_int_equal(house_int(&house, "SELECT min(id) FROM _audit"), 5);
	put(AUDIT_SIGNED_IN);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _audit"), 100000);
	forget();
	house_sql(&house, FILL(1, 20,
			      "strftime('%Y-%m-%d %H:%M:%fZ', 'now',"
			      " '-401 days')"));
	house_sql(&house, FILL(21, 30,
			      "strftime('%Y-%m-%d %H:%M:%fZ', 'now',"
			      " '-399 days')"));
	/* A few at a time. */
	put(AUDIT_SIGNED_IN);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _audit"), 31 - 8);
	for (i = 0; i < 5; i++)
		put(AUDIT_SIGNED_IN);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _audit"), 10 + 6);
	forget();
}

/* GET /api/audit, as the pool asks it. */
static struct result
ask(struct caller caller, size_t n, const struct call_pair *query)
{
	const struct call call = { .endpoint = audit_endpoint(),
		.n_query = n,
		.query = query,
		.caller = caller };
	struct result result = { .err = ERR_INIT };
	struct faults faults = { 0 };
	struct buf out;
	int wrote;

	arena_reset(house.env.arena);
	house_tenant(&house);
	buf_init(&out, 4 << 20);
	result.rc = call_run(&house.env, house.tenant, &call, &out, &wrote,
	    &faults, &result.err);
	assert_true(out.n < sizeof(result.out));
	memcpy(result.out, out.p ? out.p : "", out.n);
	house_faults(&faults, result.faults, sizeof(result.faults));
	buf_free(&out);
	return result;
}

static void
is_read_page_by_page(void **state)
{
	const struct call_pair first[] = { { STR("limit"), STR("2") } };
	const struct call_pair next[] = { { STR("limit"), STR("2") },
		{ STR("before"), STR("4") } };
	const struct call_pair some[] = { { STR("action"), STR("signed-out") },
		{ STR("user"), str_of(ids.owner) } };
	const struct call_pair none[] = { { STR("user"), STR("x") } };
	const struct call_pair bad[] = { { STR("action"), STR("danced") },
		{ STR("limit"), STR("201") }, { STR("page"), STR("1") } };
	struct result result;
	int i;

	(void)state;
	forget();
	for (i = 0; i < 5; i++)
		put(i == 1 ? AUDIT_SIGNED_OUT : AUDIT_SIGNED_IN);
	assert_fails(ask(GUEST, 0, NULL), ERR_AUTH, "sign in first", "");
	assert_fails(
	    ask(MEMBER, 0, NULL), ERR_DENIED, "this needs the role admin", "");
	result = ask(ADMIN, N_OF(first), first);
	assert_done(result);
	assert_non_null(
	    strstr(result.out, "{\"items\":[{\"id\":5,\"at\":\"20"));
	assert_non_null(strstr(result.out, "{\"id\":4,"));
	assert_null(strstr(result.out, "{\"id\":3,"));
	result = ask(OWNER, N_OF(next), next);
	assert_non_null(strstr(result.out, "{\"items\":[{\"id\":3,"));
	assert_non_null(strstr(result.out, "{\"id\":2,"));
	assert_null(strstr(result.out, "{\"id\":1,"));
	result = ask(OWNER, N_OF(some), some);
	assert_non_null(strstr(result.out, "{\"items\":[{\"id\":2,"));
	assert_null(strstr(result.out, "{\"id\":1,"));
	result = ask(OWNER, N_OF(none), none);
	assert_string_equal(result.out, "{\"items\":[]}");
	result = ask(OWNER, N_OF(bad), bad);
	assert_int_equal(result.err.code, ERR_INPUT);
	assert_non_null(strstr(result.faults, "action: not_in_list:"));
	assert_non_null(strstr(result.faults, "limit: max_less_equal"));
	assert_non_null(strstr(result.faults, "page: unknown:"));
	forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tells_what_became_of_accounts, settle),
		cmocka_unit_test_setup(
		    tells_nothing_of_what_did_not_happen, settle),
		cmocka_unit_test_setup(keeps_to_its_bounds, settle),
		cmocka_unit_test_setup(is_read_page_by_page, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
