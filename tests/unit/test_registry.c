#include "tenants/registry.h"

#include "tenants/base/clock.h"
#include "tenants/hint.h"
#include "tenants/hostname.h"
#include "tenants/layout.h"
#include "tenants/registry_cache.h"
#include "tests/unit/house.h"
#include "tests/unit/switch_to.h"

static struct registry *registry;

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	return 0;
}

static int
leave(void **state)
{
	registry_close(registry);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static void
add(const char *slug)
{
	struct registry_tenant row = { .epoch = 1, .generation = 1 };

	snprintf(row.slug, sizeof(row.slug), "%s", slug);
	crypto_id(row.uid, REGISTRY_UID);
	OK(registry_add(registry, &row, &house.err));
}

/* --- which tenant a host is ------------------------------------------------ */

/* clang-format off */
static const struct {
	struct str host;
	const char *slug;	/* NULL: nobody's */
} hosts[] = {
	{ STR("acme.example.com"), "acme" },
	{ STR("ACME.example.com"), "acme" },
	{ STR("Acme.Example.COM"), "acme" },
	{ STR("acme.example.com."), "acme" },
	{ STR("acme.example.com:80"), "acme" },
	{ STR("acme.example.com:443"), "acme" },
	{ STR("acme.example.com:1"), "acme" },
	{ STR("acme.example.com:65535"), "acme" },
	{ STR("acme.example.com:08443"), "acme" },
	{ STR("acme.example.com:00080"), "acme" },
	{ STR("ACME.EXAMPLE.COM.:8080"), "acme" },
	{ STR("acme.example.com.:443"), "acme" },
	{ STR("shop.acme.test"), "acme" },
	{ STR("SHOP.acme.TEST"), "acme" },
	{ STR("shop.acme.test."), "acme" },
	{ STR("shop.acme.test:8443"), "acme" },
	{ STR("Shop.Acme.Test.:1"), "acme" },
	{ STR("globex.example.com"), "globex" },
	{ STR("globex.example.com:9"), "globex" },
	{ STR("xn--bcher-kva.test"), "globex" },
	{ STR("XN--BCHER-KVA.test:80"), "globex" },
	{ STR("a.b.acme.example.com"), "acme" },
	{ STR("a-b.example.com"), "a-b" },
	{ STR("a--b.example.com"), "a--b" },
	{ STR("7.example.com"), "7" },
	{ STR("gone.example.com"), "gone" },
	{ STR("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.example.com"), "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" },
	{ STR("example.com"), NULL },
	{ STR("example.com."), NULL },
	{ STR("EXAMPLE.COM:80"), NULL },
	{ STR("nobody.example.com"), NULL },
	{ STR("acme.example.org"), NULL },
	{ STR("acme.example"), NULL },
	{ STR("acme"), NULL },
	{ STR("com"), NULL },
	{ STR("localhost"), NULL },
	{ STR("acme.localhost"), NULL },
	{ STR("acme.com"), NULL },
	{ STR("www.acme.example.com"), NULL },
	{ STR("acme.acme.example.com"), NULL },
	{ STR("example.com.example.com"), NULL },
	{ STR("acmeexample.com"), NULL },
	{ STR("acmexexample.com"), NULL },
	{ STR("acme-example.com"), NULL },
	{ STR("xacme.example.com"), NULL },
	{ STR("acmex.example.com"), NULL },
	{ STR("acme-.example.com.x"), NULL },
	{ STR("acme.example.com.evil.test"), NULL },
	{ STR("evil.test"), NULL },
	{ STR("acme.example.comx"), NULL },
	{ STR("acme.example.co"), NULL },
	{ STR("cme.example.com"), NULL },
	{ STR("127.0.0.1"), NULL },
	{ STR("127.0.0.1:8080"), NULL },
	{ STR("10.0.0.1"), NULL },
	{ STR("0"), NULL },
	{ STR("1"), NULL },
	{ STR("0x7f000001"), NULL },
	{ STR("2130706433"), NULL },
	{ STR("shop.acme.tes"), NULL },
	{ STR("hop.acme.test"), NULL },
	{ STR("shop.acme.test.test"), NULL },
	{ STR("x.shop.acme.test"), NULL },
	{ STR("acme.test"), NULL },
	{ STR("test"), NULL },
	{ STR("registry.example.com"), NULL },
	{ STR("xn--acme.example.com"), NULL },
	{ STR("xn--bcher-kva"), NULL },
	{ STR("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.example.com"), NULL },
	{ STR("mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.example.com"), NULL },
	{ STR(""), NULL },
	{ STR("."), NULL },
	{ STR(".."), NULL },
	{ STR("..."), NULL },
	{ STR("acme..example.com"), NULL },
	{ STR(".acme.example.com"), NULL },
	{ STR("acme.example.com.."), NULL },
	{ STR("acme.example.com..."), NULL },
	{ STR("..acme.example.com"), NULL },
	{ STR("acme.example..com"), NULL },
	{ STR(".example.com"), NULL },
	{ STR("acme."), NULL },
	{ STR(".acme"), NULL },
	{ STR("acme.example.com.:80."), NULL },
	{ STR("acme.example.com:80."), NULL },
	{ STR("acme.example.com:"), NULL },
	{ STR("acme.example.com::"), NULL },
	{ STR("acme.example.com:0"), NULL },
	{ STR("acme.example.com:00000"), NULL },
	{ STR("acme.example.com:65536"), NULL },
	{ STR("acme.example.com:99999"), NULL },
	{ STR("acme.example.com:100000"), NULL },
	{ STR("acme.example.com:4294967376"), NULL },
	{ STR("acme.example.com:18446744073709551696"), NULL },
	{ STR("acme.example.com:-1"), NULL },
	{ STR("acme.example.com:+80"), NULL },
	{ STR("acme.example.com:80a"), NULL },
	{ STR("acme.example.com:a"), NULL },
	{ STR("acme.example.com:0x50"), NULL },
	{ STR("acme.example.com:8 0"), NULL },
	{ STR("acme.example.com: 80"), NULL },
	{ STR("acme.example.com:80 "), NULL },
	{ STR("acme.example.com:80\t"), NULL },
	{ STR("acme.example.com:80:80"), NULL },
	{ STR("acme.example.com:80/"), NULL },
	{ STR("acme.example.com:80#"), NULL },
	{ STR("acme.example.com:80?"), NULL },
	{ STR("acme.example.com:80,81"), NULL },
	{ STR("acme.example.com:http"), NULL },
	{ STR("acme.example.com:\xd9\xa8"), NULL },
	{ STR("acme.example.com:80\0"), NULL },
	{ STR("acme.example.com:8\0080"), NULL },
	{ STR("acme.example.com:000080"), NULL },
	{ STR("acme.example.com:1e3"), NULL },
	{ STR("acme.example.com:80.0"), NULL },
	{ STR("ac\0me.example.com"), NULL },
	{ STR("ac\001me.example.com"), NULL },
	{ STR("ac\tme.example.com"), NULL },
	{ STR("ac\nme.example.com"), NULL },
	{ STR("ac\rme.example.com"), NULL },
	{ STR("ac\r\nHost: xme.example.com"), NULL },
	{ STR("ac\033me.example.com"), NULL },
	{ STR("ac me.example.com"), NULL },
	{ STR("ac!me.example.com"), NULL },
	{ STR("ac\"me.example.com"), NULL },
	{ STR("ac#me.example.com"), NULL },
	{ STR("ac$me.example.com"), NULL },
	{ STR("ac%me.example.com"), NULL },
	{ STR("ac%2eme.example.com"), NULL },
	{ STR("ac%00me.example.com"), NULL },
	{ STR("ac&me.example.com"), NULL },
	{ STR("ac'me.example.com"), NULL },
	{ STR("ac(me.example.com"), NULL },
	{ STR("ac)me.example.com"), NULL },
	{ STR("ac*me.example.com"), NULL },
	{ STR("ac+me.example.com"), NULL },
	{ STR("ac,me.example.com"), NULL },
	{ STR("ac/me.example.com"), NULL },
	{ STR("ac;me.example.com"), NULL },
	{ STR("ac<me.example.com"), NULL },
	{ STR("ac=me.example.com"), NULL },
	{ STR("ac>me.example.com"), NULL },
	{ STR("ac?me.example.com"), NULL },
	{ STR("ac@me.example.com"), NULL },
	{ STR("ac[me.example.com"), NULL },
	{ STR("ac\\me.example.com"), NULL },
	{ STR("ac]me.example.com"), NULL },
	{ STR("ac^me.example.com"), NULL },
	{ STR("ac_me.example.com"), NULL },
	{ STR("ac`me.example.com"), NULL },
	{ STR("ac{me.example.com"), NULL },
	{ STR("ac|me.example.com"), NULL },
	{ STR("ac}me.example.com"), NULL },
	{ STR("ac~me.example.com"), NULL },
	{ STR("ac\177me.example.com"), NULL },
	{ STR("ac\200me.example.com"), NULL },
	{ STR("ac\377me.example.com"), NULL },
	{ STR("ac\303\251me.example.com"), NULL },
	{ STR("ac\303\211me.example.com"), NULL },
	{ STR("ac\342\200\213me.example.com"), NULL },
	{ STR("ac\357\273\277me.example.com"), NULL },
	{ STR("ac\342\200\256me.example.com"), NULL },
	{ STR("ac\302\255me.example.com"), NULL },
	{ STR("ac\357\274\216me.example.com"), NULL },
	{ STR("ac\343\200\202me.example.com"), NULL },
	{ STR("ac\360\237\230\200me.example.com"), NULL },
	{ STR("ac\xc0\xaeme.example.com"), NULL },
	{ STR("ac\xed\xa0\x80me.example.com"), NULL },
	{ STR(" acme.example.com"), NULL },
	{ STR("acme.example.com "), NULL },
	{ STR("\tacme.example.com"), NULL },
	{ STR("acme.example.com\n"), NULL },
	{ STR("acme.example.com\0"), NULL },
	{ STR("\0acme.example.com"), NULL },
	{ STR("acme.example.com\0.evil.test"), NULL },
	{ STR("acme .example.com"), NULL },
	{ STR("acme. example.com"), NULL },
	{ STR("acme.example.com\r\nX-Tenant: globex"), NULL },
	{ STR("\342\204\252.example.com"), NULL },
	{ STR("acme.examp\304\261e.com"), NULL },
	{ STR("\357\275\201cme.example.com"), NULL },
	{ STR("\320\260cme.example.com"), NULL },
	{ STR("[::1]"), NULL },
	{ STR("[::1]:80"), NULL },
	{ STR("::1"), NULL },
	{ STR("[acme.example.com]"), NULL },
	{ STR("[fe80::1%25eth0]"), NULL },
	{ STR("http://acme.example.com"), NULL },
	{ STR("//acme.example.com"), NULL },
	{ STR("acme.example.com/"), NULL },
	{ STR("acme.example.com/../globex"), NULL },
	{ STR("../acme"), NULL },
	{ STR("user@acme.example.com"), NULL },
	{ STR("acme.example.com@evil.test"), NULL },
	{ STR("acme.example.com,globex.example.com"), NULL },
	{ STR("acme.example.com globex.example.com"), NULL },
	{ STR("acme.example.com;globex.example.com"), NULL },
	{ STR("acme.example.com?x"), NULL },
	{ STR("acme.example.com#x"), NULL },
	{ STR("*.example.com"), NULL },
	{ STR("*"), NULL },
	{ STR("_registry"), NULL },
	{ STR("_registry.example.com"), NULL },
	{ STR("-.example.com"), NULL },
	{ STR("-acme.example.com"), NULL },
	{ STR("acme-.example.com"), NULL },
	{ STR("acme.-example.com"), NULL },
	{ STR("acme.example.com-"), NULL },
	{ STR("acme.example-.com"), NULL },
	{ STR("lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll.example.com"), NULL },
	{ STR("llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll.example.com"), NULL },
};
/* clang-format on */

static void
every_crafted_host_is_whose_it_is(void **state)
{
	static const char *const slugs[] = { "acme", "globex", "gone", "a-b",
		"a--b", "7", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" };
	struct registry_tenant row;
	int round, wrong = 0;
	size_t i;

	(void)state;
	assert_true(N_OF(hosts) >= 200);
	for (i = 0; i < N_OF(slugs); i++)
		add(slugs[i]);
	OK(registry_set_state(
	    registry, STR("globex"), REGISTRY_SUSPENDED, &house.err));
	OK(registry_set_state(
	    registry, STR("gone"), REGISTRY_DELETED, &house.err));
	OK(registry_host_add(
	    registry, STR("acme"), STR("Shop.ACME.test"), &house.err));
	OK(registry_host_add(
	    registry, STR("globex"), STR("xn--bcher-kva.test"), &house.err));
	OK(registry_host_add(
	    registry, STR("acme"), STR("a.b.acme.example.com"), &house.err));
	/* The second round is answered from the cache. */
	for (round = 0; round < 2; round++)
		for (i = 0; i < N_OF(hosts); i++) {
			int rc = registry_find_host(
			    registry, hosts[i].host, &row, &house.err);

			if (rc == 0 && hosts[i].slug != NULL &&
			    strcmp(row.slug, hosts[i].slug) == 0)
				continue;
			if (rc != 0 && hosts[i].slug == NULL &&
			    house.err.code == ERR_NOT_FOUND)
				continue;
			print_message("# wrong: %.*s is %s\n",
			    STR_FMT(hosts[i].host),
			    rc == 0 ? row.slug : house.err.msg);
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

static void
a_name_has_253_bytes_at_most(void **state)
{
	char host[300], out[HOSTNAME_MAX + 1];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(host); n++)
		host[n] = n % 50 == 49 ? '.' : 'a';
	assert_int_equal(hostname_parse(str_make(host, 253), out), 0);
	assert_int_equal(strlen(out), 253);
	assert_int_equal(hostname_parse(str_make(host, 254), out), -1);
	memcpy(host + 253, ".:65535", 7);
	assert_int_equal(hostname_parse(str_make(host, 260), out), 0);
	assert_int_equal(strlen(out), 253);
	assert_int_equal(hostname_parse(str_make(host, 299), out), -1);
}

static void
a_name_is_brought_to_one_form(void **state)
{
	static const struct {
		struct str host;
		const char *name; /* NULL: it is none */
	} names[] = {
		{ STR("A.b"), "a.b" },
		{ STR("a"), "a" },
		{ STR("A-1.B--2."), "a-1.b--2" },
		{ STR("a:65535"), "a" },
		{ STR("-a.b"), NULL },
		{ STR("a.-b"), NULL },
		{ STR("a-.b"), NULL },
		{ STR("a.b-"), NULL },
		{ STR("a..b"), NULL },
		{ STR("a_b"), NULL },
		{ STR("a."), "a" },
		{ STR("."), NULL },
		{ STR(":80"), NULL },
		{ STR("a:"), NULL },
		{ STR("a:0"), NULL },
		{ STR("a\0b"), NULL },
		{ STR("/a"), NULL },
	};
	char out[HOSTNAME_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(names); i++) {
		int rc = hostname_parse(names[i].host, out);

		if ((rc == 0) != (names[i].name != NULL) ||
		    (rc == 0 && strcmp(out, names[i].name) != 0))
			fail_msg("%.*s: %s", STR_FMT(names[i].host),
			    rc == 0 ? out : "refused");
	}
}

static void
the_platform_has_the_bare_domain(void **state)
{
	(void)state;
	assert_true(registry_is_platform(&house.config, STR("example.com")));
	assert_true(
	    registry_is_platform(&house.config, STR("EXAMPLE.com.:8443")));
	assert_false(
	    registry_is_platform(&house.config, STR("acme.example.com")));
	assert_false(registry_is_platform(&house.config, STR("")));
	assert_false(registry_is_platform(&house.config, STR("example.com\0")));
}

static void
errors_of_a_look_up(void **state)
{
	struct registry_tenant row;

	(void)state;
	FAILS(registry_find(registry, STR("acme"), &row, &house.err),
	    ERR_NOT_FOUND, "there is no tenant acme");
	FAILS(registry_find(registry, STR("../a"), &row, &house.err), ERR_INPUT,
	    "slug \"../a\": only a-z, 0-9 and - may be in it");
	FAILS(registry_find_host(
		  registry, STR("Acme.example.com:80"), &row, &house.err),
	    ERR_NOT_FOUND, "no tenant has the host acme.example.com");
	FAILS(registry_find_host(registry, STR("a b"), &row, &house.err),
	    ERR_NOT_FOUND, "that is not a host name");
}

/* --- the cache -------------------------------------------------------------- */

static int
count_statement(unsigned what, void *arg, void *stmt, void *sql)
{
	(void)what;
	(void)stmt;
	(void)sql;
	(*(int *)arg)++;
	return 0;
}

static void
a_known_host_costs_no_sql(void **state)
{
	struct registry *worker;
	struct registry_tenant row;
	int ran = 0, i;

	(void)state;
	add("acme");
	OK(registry_host_add(
	    registry, STR("acme"), STR("shop.acme.test"), &house.err));
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	sqlite3_trace_v2(db_handle(registry_db(worker)), SQLITE_TRACE_STMT,
	    count_statement, &ran);
#define ASK(host, want)                                                        \
	do {                                                                   \
		ran = 0;                                                       \
		OK(registry_find_host(worker, STR(host), &row, &house.err));   \
		assert_int_equal(ran, want);                                   \
	} while (0)
	ASK("acme.example.com", 1);
	ASK("shop.acme.test", 1);
	for (i = 0; i < 10; i++) {
		ASK("acme.example.com", 0);
		ASK("ACME.example.com:443", 0);
		ASK("shop.acme.test", 0);
	}
	/* By slug, as Caddy names it, the same; and a slug is not a host. */
	ran = 0;
	OK(registry_find(worker, STR("acme"), &row, &house.err));
	assert_int_equal(ran, 1);
	OK(registry_find(worker, STR("acme"), &row, &house.err));
	assert_int_equal(ran, 1);
	assert_true(
	    registry_find_host(worker, STR("acme"), &row, &house.err) != 0);
	assert_true(
	    registry_find_host(worker, STR("/acme"), &row, &house.err) != 0);
	/* Whoever writes to the registry is heard at once. */
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_SUSPENDED, &house.err));
	OK(registry_find(worker, STR("acme"), &row, &house.err));
	assert_int_equal(row.state, REGISTRY_SUSPENDED);
	ASK("acme.example.com", 1);
	assert_int_equal(row.state, REGISTRY_SUSPENDED);
	ASK("acme.example.com", 0);
	OK(registry_host_remove(
	    registry, STR("acme"), STR("shop.acme.test"), &house.err));
	FAILS(
	    registry_find_host(worker, STR("shop.acme.test"), &row, &house.err),
	    ERR_NOT_FOUND, "no tenant has the host shop.acme.test");
	/* What nobody has is looked for each time, and pushes nobody out. */
	ASK("acme.example.com", 1);
	for (i = 0; i < 3000; i++) {
		char host[40];

		snprintf(host, sizeof(host), "h%d.example.com", i);
		assert_true(registry_find_host(
				worker, str_of(host), &row, &house.err) != 0);
	}
	ASK("acme.example.com", 0);
	registry_close(worker);
}

static void
the_cache_is_bounded_and_of_one_version(void **state)
{
	struct registry_cache *cache = registry_cache_new();
	struct registry_tenant row = { .epoch = 1 };
	int i, kept = 0;

	(void)state;
	assert_null(registry_cache_get(cache, 7, "a"));
	registry_cache_put(cache, 7, "a", &row);
	assert_non_null(registry_cache_get(cache, 7, "a"));
	assert_null(registry_cache_get(cache, 7, "b"));
	/* Version 0 means that nobody can tell. */
	assert_null(registry_cache_get(cache, 0, "a"));
	registry_cache_put(cache, 0, "z", &row);
	assert_null(registry_cache_get(cache, 7, "z"));
	/* What was read under an older version is not kept under a newer. */
	assert_null(registry_cache_get(cache, 8, "a"));
	assert_null(registry_cache_get(cache, 7, "a"));
	assert_null(registry_cache_get(cache, 8, "a"));
	registry_cache_put(cache, 7, "a", &row);
	assert_null(registry_cache_get(cache, 8, "a"));
	for (i = 0; i < 5000; i++) {
		char host[24];

		snprintf(host, sizeof(host), "host%d", i);
		row.epoch = (uint32_t)i;
		registry_cache_put(cache, 8, host, &row);
		/* One that is asked for stays. */
		if (i > 0)
			assert_non_null(registry_cache_get(cache, 8, "host0"));
	}
	for (i = 0; i < 5000; i++) {
		const struct registry_tenant *found;
		char host[24];

		snprintf(host, sizeof(host), "host%d", i);
		found = registry_cache_get(cache, 8, host);
		if (found == NULL)
			continue;
		assert_int_equal(found->epoch, i);
		kept++;
	}
	assert_in_range(kept, 900, 1024);
	registry_cache_free(cache);
}

/* --- rows ------------------------------------------------------------------ */

static int
collect(const struct registry_tenant *tenant, void *arg)
{
	strcat(strcat(arg, tenant->slug), " ");
	return strcmp(tenant->slug, "stop") == 0 ? 42 : 0;
}

static int
collect_host(const char *host, void *arg)
{
	strcat(strcat(arg, host), " ");
	return 0;
}

static void
a_row_comes_back_as_it_went_in(void **state)
{
	struct registry_tenant row = { .slug = "acme",
		.uid = "abcdefghijklmno",
		.epoch = 0xfffffffe,
		.parent_epoch = 0xfffffffd,
		.parent_txid = 1234567890123,
		.generation = 9,
		.size_max = 5 << 20,
		.plan = "free" };
	struct registry_tenant out;
	char slugs[200] = "";
	int64_t now = clock_wall_ms();

	(void)state;
	OK(registry_add(registry, &row, &house.err));
	OK(registry_find(registry, STR("acme"), &out, &house.err));
	assert_string_equal(out.slug, row.slug);
	assert_string_equal(out.uid, row.uid);
	assert_int_equal(out.state, REGISTRY_ACTIVE);
	assert_int_equal(out.epoch, row.epoch);
	assert_int_equal(out.parent_epoch, row.parent_epoch);
	assert_int_equal(out.parent_txid, row.parent_txid);
	assert_int_equal(out.generation, 9);
	assert_int_equal(out.size_max, 5 << 20);
	assert_string_equal(out.plan, "free");
	assert_in_range(out.created_ms, now, now + 60000);
	assert_int_equal(out.created_ms, out.updated_ms);

	add("zebra");
	add("beta");
	assert_int_equal(
	    registry_each(registry, collect, slugs, &house.err), 0);
	assert_string_equal(slugs, "acme beta zebra ");
	add("stop");
	slugs[0] = '\0';
	assert_int_equal(
	    registry_each(registry, collect, slugs, &house.err), 42);
	assert_string_equal(slugs, "acme beta stop ");
}

static void
a_plan_is_changed(void **state)
{
	struct registry_tenant row;

	(void)state;
	add("acme");
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_string_equal(row.plan, "");
	OK(registry_set_plan(registry, STR("acme"), STR("pro"), &house.err));
	/* What was looked up before is looked up anew. */
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_string_equal(row.plan, "pro");
	OK(registry_set_plan(registry, STR("acme"), STR(""), &house.err));
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_string_equal(row.plan, "");
	FAILS(registry_set_plan(registry, STR("b"), STR("pro"), &house.err),
	    ERR_NOT_FOUND, "there is no tenant b");
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	FAILS(registry_set_plan(registry, STR("acme"), STR("pro"), &house.err),
	    ERR_CONFLICT, "tenant acme is deleted");
}

static void
what_is_undeleted_is_as_it_was(void **state)
{
	static const enum registry_state states[] = { REGISTRY_ACTIVE,
		REGISTRY_SUSPENDED, REGISTRY_ACTIVE };
	struct registry_tenant row;
	size_t i;

	(void)state;
	add("acme");
	for (i = 0; i < N_OF(states); i++) {
		OK(registry_set_state(
		    registry, STR("acme"), states[i], &house.err));
		OK(registry_set_state(
		    registry, STR("acme"), REGISTRY_DELETED, &house.err));
		OK(registry_undelete(registry, STR("acme"), &house.err));
		OK(registry_find(registry, STR("acme"), &row, &house.err));
		assert_int_equal(row.state, states[i]);
	}
	FAILS(registry_undelete(registry, STR("acme"), &house.err),
	    ERR_CONFLICT, "tenant acme is not deleted");
}

static void
a_slug_is_taken_once(void **state)
{
	struct registry_tenant row = { .slug = "acme",
		.uid = "abcdefghijklmno",
		.epoch = 1,
		.generation = 1 };

	(void)state;
	OK(registry_check_free(registry, STR("acme"), &house.err));
	OK(registry_add(registry, &row, &house.err));
	FAILS(registry_add(registry, &row, &house.err), ERR_CONFLICT,
	    "tenant acme exists already");
	assert_string_equal(house.err.hint, "");
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	FAILS(registry_add(registry, &row, &house.err), ERR_CONFLICT,
	    "tenant acme exists already");
	assert_string_equal(house.err.hint,
	    "it is deleted and its data is kept; the slug stays taken until "
	    "it is erased");
	FAILS(registry_set_state(
		  registry, STR("acme"), REGISTRY_ACTIVE, &house.err),
	    ERR_CONFLICT, "tenant acme is deleted");
	/* A uid is never used again. */
	strcpy(row.slug, "other");
	FAILS(registry_add(registry, &row, &house.err), ERR_CONFLICT,
	    "registry: UNIQUE constraint failed: tenants.uid");
	strcpy(row.slug, "Other");
	FAILS(registry_add(registry, &row, &house.err), ERR_INPUT,
	    "slug \"Other\": only a-z, 0-9 and - may be in it");
}

static void
an_incarnation_replaces_the_one_it_was_made_from(void **state)
{
	struct registry_tenant row;

	(void)state;
	add("acme");
	OK(switch_to(registry, STR("acme"), 1, 2, 1, 77, &house.err));
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_int_equal(row.epoch, 2);
	assert_int_equal(row.parent_epoch, 1);
	assert_int_equal(row.parent_txid, 77);
	assert_int_equal(row.generation, 2);
	FAILS(switch_to(registry, STR("acme"), 1, 3, 1, 78, &house.err),
	    ERR_CONFLICT,
	    "the current epoch of acme is 00000002, not 00000001");
	FAILS(switch_to(registry, STR("acme"), 2, 2, 1, 78, &house.err),
	    ERR_INPUT, "epoch 00000002 cannot follow epoch 00000002");
	FAILS(switch_to(registry, STR("beta"), 1, 2, 1, 78, &house.err),
	    ERR_NOT_FOUND, "there is no tenant beta");
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_int_equal(row.epoch, 2);
	assert_int_equal(row.generation, 2);
}

/* A registry that was restored gives no token back. */
static void
generations_pass_all_that_there_were(void **state)
{
	int64_t now_s = clock_wall_ms() / 1000;
	struct registry_tenant acme, globex;

	(void)state;
	add("acme");
	add("globex");
	OK(switch_to(registry, STR("acme"), 1, 2, 1, 77, &house.err));
	OK(registry_revoke_tokens(registry, &house.err));
	OK(registry_find(registry, STR("acme"), &acme, &house.err));
	OK(registry_find(registry, STR("globex"), &globex, &house.err));
	assert_true(acme.generation >= now_s);
	assert_true(globex.generation >= now_s);
	OK(registry_revoke_tokens(registry, &house.err));
	OK(registry_revoke_tokens(registry, &house.err));
	OK(registry_find(registry, STR("globex"), &globex, &house.err));
	assert_true(globex.generation >= now_s + 2);
}

static void
hosts_belong_to_one(void **state)
{
	char all[200] = "";

	(void)state;
	add("acme");
	add("globex");
	OK(registry_host_add(
	    registry, STR("acme"), STR("WWW.acme.test."), &house.err));
	OK(registry_host_add(
	    registry, STR("acme"), STR("acme.test:443"), &house.err));
	FAILS(registry_host_add(
		  registry, STR("globex"), STR("acme.test"), &house.err),
	    ERR_CONFLICT, "the host acme.test is that of tenant acme");
	FAILS(registry_host_add(
		  registry, STR("globex"), STR("acme.example.com"), &house.err),
	    ERR_CONFLICT, "the host acme.example.com is not free");
	FAILS(registry_host_add(
		  registry, STR("globex"), STR("www.acme.example.com"), &house.err),
	    ERR_CONFLICT, "the host www.acme.example.com is not free");
	FAILS(registry_host_add(
		  registry, STR("acme"), STR("x.notacme.example.com"), &house.err),
	    ERR_CONFLICT, "the host x.notacme.example.com is not free");
	FAILS(registry_host_add(
		  registry, STR("globex"), STR("EXAMPLE.com"), &house.err),
	    ERR_CONFLICT, "the host example.com is not free");
	FAILS(registry_host_add(
		  registry, STR("globex"), STR("a_b.test"), &house.err),
	    ERR_INPUT, "that is not a host name");
	FAILS(registry_host_add(
		  registry, STR("nobody"), STR("a.test"), &house.err),
	    ERR_NOT_FOUND, "there is no tenant nobody");
	FAILS(registry_host_remove(
		  registry, STR("globex"), STR("acme.test"), &house.err),
	    ERR_NOT_FOUND, "tenant globex has no host acme.test");
	assert_int_equal(registry_each_host(registry, STR("acme"), collect_host,
			     all, &house.err),
	    0);
	assert_string_equal(all, "acme.test www.acme.test ");
	OK(registry_host_remove(
	    registry, STR("acme"), STR("acme.test"), &house.err));
	FAILS(registry_host_remove(
		  registry, STR("acme"), STR("acme.test"), &house.err),
	    ERR_NOT_FOUND, "tenant acme has no host acme.test");
	/* A name that nobody answers at is not taken from the others. */
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	FAILS(registry_host_add(
		  registry, STR("acme"), STR("acme.test"), &house.err),
	    ERR_CONFLICT, "tenant acme is deleted");
	OK(registry_host_add(
	    registry, STR("globex"), STR("acme.test"), &house.err));
	OK(registry_host_remove(
	    registry, STR("acme"), STR("www.acme.test"), &house.err));
}

static void
every_commit_sends_a_hint(void **state)
{
	struct registry_tenant row;
	struct hint hint;
	struct db_wal w;
	int fd = hint_listen(&house.config, &house.err);

	(void)state;
	assert_true(fd >= 0);
	/* Making it found nobody there; one that is opened anew tries anew. */
	registry_close(registry);
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	HAVE(registry);
#define HINTED(call)                                                           \
	do {                                                                   \
		OK(call);                                                      \
		assert_int_equal(hint_receive(fd, &hint), 1);                  \
		assert_string_equal(hint.slug, "_registry");                   \
		assert_int_equal(hint.epoch, 0);                               \
		OK(db_wal_index(registry_db(registry), &w, &house.err));       \
		assert_int_equal(hint.commit.frame, w.frames);                 \
		assert_int_equal(hint.commit.salt[0], w.salt[0]);              \
		assert_int_equal(hint.commit.salt[1], w.salt[1]);              \
		assert_int_equal(hint_receive(fd, &hint), 0);                  \
	} while (0)
	memset(&row, 0, sizeof(row));
	strcpy(row.slug, "acme");
	strcpy(row.uid, "abcdefghijklmno");
	row.epoch = row.generation = 1;
	HINTED(registry_add(registry, &row, &house.err));
	HINTED(registry_set_state(
	    registry, STR("acme"), REGISTRY_SUSPENDED, &house.err));
	HINTED(switch_to(registry, STR("acme"), 1, 2, 1, 5, &house.err));
	HINTED(registry_host_add(
	    registry, STR("acme"), STR("a.test"), &house.err));
	HINTED(registry_host_remove(
	    registry, STR("acme"), STR("a.test"), &house.err));
	/* What changed nothing is not told. */
	assert_true(registry_add(registry, &row, &house.err) != 0);
	assert_int_equal(hint_receive(fd, &hint), 0);
	close(fd);
}

/* --- the file ---------------------------------------------------------------- */

static void
it_is_not_made_unasked(void **state)
{
	char text[700];

	(void)state;
	snprintf(text, sizeof(text), "%s is not there",
	    layout_registry(&house.config).p);
	assert_null(registry_open(&house.config, DB_SERVE, 0, &house.err));
	assert_err(&house.err, ERR_NOT_FOUND, text);
	assert_string_equal(house.err.hint,
	    "`rowhouse tenant create` makes it, `rowhouse restore _registry` "
	    "brings back one that was lost");
}

static void
it_is_not_made_over_tenants_or_a_wal(void **state)
{
	struct layout_path path = layout_registry(&house.config);
	char text[800], file[800];

	(void)state;
	snprintf(text, sizeof(text),
	    "cannot make the registry: %s is not there, but what belongs to "
	    "it is",
	    path.p);
	OK(file_mkdirs(
	    layout_incarnation(&house.config, "acme", 1).p, 0755, &house.err));
	assert_null(registry_open(&house.config, DB_TOOL, 1, &house.err));
	assert_err(&house.err, ERR_CORRUPT, text);
	assert_string_equal(house.err.hint,
	    "bring the registry back: rowhouse restore _registry --in-place");
	assert_int_equal(house_file_size(path.p), -1);

	OK(file_remove_tree(
	    layout_tenant(&house.config, "acme").p, &house.err));
	snprintf(file, sizeof(file), "%s-wal", path.p);
	OK(file_create(file, STR("x"), 0644, &house.err));
	assert_null(registry_open(&house.config, DB_TOOL, 1, &house.err));
	assert_err(&house.err, ERR_CORRUPT, text);
	OK(file_remove(file, &house.err));

	/* What a killed attempt left is in nobody's way. */
	snprintf(file, sizeof(file), "%s.new", path.p);
	OK(file_create(file, STR("half"), 0644, &house.err));
	registry_close(registry_open(&house.config, DB_TOOL, 1, &house.err));
	assert_true(house_file_size(path.p) > 0);
	assert_int_equal(house_file_size(file), -1);
}

static void
the_first_commands_may_come_together(void **state)
{
	pid_t pid[4];
	int i, status;

	(void)state;
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			registry = registry_open(
			    &house.config, DB_TOOL, 1, &house.err);
			if (registry == NULL)
				_exit(1);
			char slug[8] = { (char)('a' + i), '\0' };
			add(slug);
			registry_close(registry);
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	HAVE(registry);
	char all[40] = "";
	assert_int_equal(registry_each(registry, collect, all, &house.err), 0);
	assert_string_equal(all, "a b c d ");
	registry_close(registry);
}

static void
a_house_keeps_its_name(void **state)
{
	char id[REGISTRY_HOUSE + 1], again[REGISTRY_HOUSE + 1], text[700];

	(void)state;
	OK(registry_house(registry, id, &house.err));
	assert_int_equal(strlen(id), REGISTRY_HOUSE);
	registry_close(registry);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	OK(registry_house(registry, again, &house.err));
	assert_string_equal(again, id);
	/* One that is made anew has another. */
	registry_close(registry);
	snprintf(text, sizeof(text), "rm %s*",
	    layout_registry(&house.config).p);
	assert_int_equal(system(text), 0);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	OK(registry_house(registry, again, &house.err));
	assert_string_not_equal(again, id);
	OK(db_exec(registry_db(registry), "DELETE FROM house", &house.err));
	FAILS(registry_house(registry, id, &house.err), ERR_CORRUPT,
	    "the registry does not say which house it is of");
}

static void
an_older_schema_is_brought_up_to_date(void **state)
{
	struct registry_tenant row;
	char id[REGISTRY_HOUSE + 1], text[700];

	(void)state;
	add("acme");
	OK(db_exec(registry_db(registry),
	    "DROP TABLE house; ALTER TABLE tenants DROP COLUMN plan;"
	    " DROP TABLE erasures; ALTER TABLE tenants DROP COLUMN was;"
	    " DROP TABLE deeds",
	    &house.err));
	OK(db_set_user_version(registry_db(registry), 1, &house.err));
	registry_close(registry);
	snprintf(text, sizeof(text), "%s has schema 1, this release knows 6",
	    layout_registry(&house.config).p);
	registry = registry_open(&house.config, DB_REPLICATE, 0, &house.err);
	assert_null(registry);
	assert_err(&house.err, ERR_CORRUPT, text);
	err_clear(&house.err);
	registry = registry_open(&house.config, DB_SERVE, 1, &house.err);
	HAVE(registry);
	OK(registry_house(registry, id, &house.err));
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_string_equal(row.plan, "");
}

static void
a_newer_schema_is_left_alone(void **state)
{
	char text[700];

	(void)state;
	OK(db_set_user_version(registry_db(registry), 7, &house.err));
	snprintf(text, sizeof(text), "%s has schema 7, this release knows 6",
	    layout_registry(&house.config).p);
	assert_null(registry_open(&house.config, DB_TOOL, 1, &house.err));
	assert_err(&house.err, ERR_BUSY, text);
}

/* --- the platform's log ---------------------------------------------------- */

static char told[600];

static int
tell(const struct registry_deed *deed, void *arg)
{
	size_t n = strlen(told);

	(void)arg;
	assert_true(deed->time_ms > 0);
	snprintf(told + n, sizeof(told) - n, "%lld %.*s %.*s %.*s %.*s %.*s\n",
	    (long long)deed->id, STR_FMT(deed->who), STR_FMT(deed->address),
	    STR_FMT(deed->what), STR_FMT(deed->slug), STR_FMT(deed->detail));
	return 0;
}

static const char *
deeds(struct str slug, int64_t before, int64_t limit)
{
	told[0] = '\0';
	OK(registry_deeds(
	    registry, slug, before, limit, tell, NULL, &house.err));
	return told;
}

static void
a_deed_is_noted_with_its_change_or_not_at_all(void **state)
{
	struct registry_deed deed = { .who = STR("operator"),
		.address = STR("192.0.2.1"),
		.what = STR("tenant-suspended"),
		.slug = STR("acme") };

	(void)state;
	add("acme");
	add("globex");
	assert_string_equal(deeds(STR_NONE, 0, 10), "");
	registry_note(registry, &deed);
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_SUSPENDED, &house.err));
	/* of one change alone */
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	assert_string_equal(deeds(STR_NONE, 0, 10),
	    "1 operator 192.0.2.1 tenant-suspended acme \n");
	registry_note(registry, &deed);
	assert_int_equal(registry_set_state(registry, STR("acme"),
			     REGISTRY_ACTIVE, &house.err),
	    -1);
	registry_note(registry, NULL);
	err_clear(&house.err);
	deed.slug = STR("globex");
	deed.detail = STR("by hand");
	OK(registry_note_alone(registry, &deed, &house.err));
	assert_string_equal(deeds(STR_NONE, 0, 10),
	    "2 operator 192.0.2.1 tenant-suspended globex by hand\n"
	    "1 operator 192.0.2.1 tenant-suspended acme \n");
	assert_string_equal(deeds(STR("acme"), 0, 10),
	    "1 operator 192.0.2.1 tenant-suspended acme \n");
	assert_string_equal(deeds(STR_NONE, 2, 10),
	    "1 operator 192.0.2.1 tenant-suspended acme \n");
	assert_string_equal(deeds(STR_NONE, 0, 1),
	    "2 operator 192.0.2.1 tenant-suspended globex by hand\n");
}

static void
the_log_knows_when_a_slug_was_erased(void **state)
{
	struct registry_deed deed = { .what = STR("tenant-deleted"),
		.slug = STR("acme") };
	int64_t before_ms = clock_wall_ms(), at_ms;

	(void)state;
	OK(registry_note_alone(registry, &deed, &house.err));
	deed.what = STR("tenant-erased");
	deed.slug = STR("globex");
	OK(registry_note_alone(registry, &deed, &house.err));
	OK(registry_erased(registry, STR("acme"), &at_ms, &house.err));
	assert_int_equal(at_ms, 0);
	deed.slug = STR("acme");
	OK(registry_note_alone(registry, &deed, &house.err));
	OK(registry_erased(registry, STR("acme"), &at_ms, &house.err));
	assert_true(at_ms >= before_ms && at_ms <= clock_wall_ms());
	OK(db_exec(registry_db(registry),
	    "INSERT INTO deeds SELECT 9, 7, '', '', what, slug, ''"
	    " FROM deeds WHERE id = 3",
	    &house.err));
	OK(registry_erased(registry, STR("acme"), &before_ms, &house.err));
	assert_int_equal(before_ms, at_ms);
}

static void
the_log_of_deeds_is_bounded(void **state)
{
	const struct registry_deed deed = { .what = STR("odd") };
	int64_t n;

	(void)state;
	OK(db_exec(registry_db(registry),
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 100000) INSERT INTO deeds"
	    " SELECT i, 1, '', '', '', '', '' FROM n",
	    &house.err));
	OK(registry_note_alone(registry, &deed, &house.err));
	OK(registry_note_alone(registry, &deed, &house.err));
	OK(db_int(registry_db(registry), "SELECT count(*) FROM deeds", &n,
	    &house.err));
	assert_int_equal(n, REGISTRY_DEEDS_MAX);
	OK(db_int(registry_db(registry), "SELECT min(id) FROM deeds", &n,
	    &house.err));
	assert_int_equal(n, 3);
}

static void
a_row_that_makes_no_sense_is_not_believed(void **state)
{
	struct registry_tenant row;

	(void)state;
	OK(db_exec(registry_db(registry),
	    "INSERT INTO tenants VALUES ('../etc', 'u', 'active', 1, 0, 0, 1,"
	    " 0, 0, 0, '', 'active'); INSERT INTO hosts VALUES ('evil.test', '../etc');",
	    &house.err));
	FAILS(registry_find_host(registry, STR("evil.test"), &row, &house.err),
	    ERR_CORRUPT,
	    "the registry has a row for \"../etc\" that makes no sense");
}

static void
nothing_is_written_into_one_that_was_moved(void **state)
{
	struct layout_path path = layout_registry(&house.config);

	(void)state;
	add("acme");
	OK(file_rename(path.p, house_path("registry.old"), &house.err));
	FAILS(registry_set_state(
		  registry, STR("acme"), REGISTRY_SUSPENDED, &house.err),
	    ERR_BUSY, "the registry was moved");
	OK(file_rename(house_path("registry.old"), path.p, &house.err));
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_SUSPENDED, &house.err));
}

static void
another_file_in_its_place_is_followed(void **state)
{
	struct layout_path path = layout_registry(&house.config);
	struct registry *worker;
	struct registry_tenant row;
	int64_t until = clock_mono_ms() + 20000;
	int rc;

	(void)state;
	add("old");
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	OK(registry_find_host(
	    worker, STR("old.example.com"), &row, &house.err));
	registry_close(registry);
	OK(file_rename(path.p, house_path("registry.old"), &house.err));
	/* While there is none: try again later. */
	while ((rc = registry_find_host(
		    worker, STR("old.example.com"), &row, &house.err)) == 0 &&
	       clock_mono_ms() < until)
		;
	assert_int_equal(rc, -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	OK(file_remove(house_path("data/registry.db-wal"), &house.err));
	OK(file_remove(house_path("data/registry.db-shm"), &house.err));
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	add("new");
	OK(registry_find_host(
	    worker, STR("new.example.com"), &row, &house.err));
	FAILS(registry_find_host(
		  worker, STR("old.example.com"), &row, &house.err),
	    ERR_NOT_FOUND, "no tenant has the host old.example.com");
	registry_close(worker);
}

static int
note_slug(const struct registry_tenant *tenant, void *arg)
{
	snprintf(arg, SLUG_MAX + 1, "%s", tenant->slug);
	return 0;
}

/* So does the replicator, which asks for all of them. */
static void
another_file_is_followed_by_those_who_want_all(void **state)
{
	struct layout_path path = layout_registry(&house.config);
	struct registry *replicator;
	char last[SLUG_MAX + 1] = "";

	(void)state;
	add("old");
	replicator = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(replicator);
	registry_close(registry);
	OK(file_rename(path.p, house_path("registry.old"), &house.err));
	OK(file_remove(house_path("data/registry.db-wal"), &house.err));
	OK(file_remove(house_path("data/registry.db-shm"), &house.err));
	assert_int_equal(registry_version(replicator), 0);
	assert_int_equal(
	    registry_each(replicator, note_slug, last, &house.err), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	add("new");
	OK(registry_each(replicator, note_slug, last, &house.err));
	assert_string_equal(last, "new");
	registry_close(replicator);
}

/* The web server names the tenant, and then no host is ever looked up. */
static void
another_file_is_followed_by_slug_too(void **state)
{
	struct layout_path path = layout_registry(&house.config);
	struct registry *worker;
	struct registry_tenant row;
	int64_t until = clock_mono_ms() + 20000;
	char text[800];
	int rc;

	(void)state;
	add("old");
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	OK(registry_find(worker, STR("old"), &row, &house.err));
	assert_int_not_equal(registry_version(worker), 0);
	registry_close(registry);
	registry = NULL;
	OK(file_rename(path.p, house_path("registry.old"), &house.err));
	/* Nothing that it said before may be taken for what holds now. */
	assert_int_equal(registry_version(worker), 0);
	snprintf(text, sizeof(text), "the registry was moved: %s is not there",
	    path.p);
	FAILS(registry_find(worker, STR("old"), &row, &house.err), ERR_BUSY,
	    text);
	OK(file_remove(house_path("data/registry.db-wal"), &house.err));
	OK(file_remove(house_path("data/registry.db-shm"), &house.err));
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	add("new");
	OK(registry_find(worker, STR("new"), &row, &house.err));
	FAILS(registry_find(worker, STR("old"), &row, &house.err),
	    ERR_NOT_FOUND, "there is no tenant old");

	/* Without being asked for its version: within a second. */
	registry_close(registry);
	registry = NULL;
	OK(file_rename(path.p, house_path("registry.new"), &house.err));
	while (
	    (rc = registry_find(worker, STR("new"), &row, &house.err)) == 0 &&
	    clock_mono_ms() < until)
		;
	assert_int_equal(rc, -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	registry_close(worker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(every_crafted_host_is_whose_it_is),
		cmocka_unit_test(a_name_has_253_bytes_at_most),
		cmocka_unit_test(a_name_is_brought_to_one_form),
		here(the_platform_has_the_bare_domain),
		here(errors_of_a_look_up),
		here(a_known_host_costs_no_sql),
		cmocka_unit_test(the_cache_is_bounded_and_of_one_version),
		here(a_row_comes_back_as_it_went_in),
		here(a_plan_is_changed),
		here(what_is_undeleted_is_as_it_was),
		here(a_slug_is_taken_once),
		here(an_incarnation_replaces_the_one_it_was_made_from),
		here(generations_pass_all_that_there_were),
		here(hosts_belong_to_one),
		here(every_commit_sends_a_hint),
		house_test(it_is_not_made_unasked),
		house_test(it_is_not_made_over_tenants_or_a_wal),
		house_test(the_first_commands_may_come_together),
		here(a_house_keeps_its_name),
		here(an_older_schema_is_brought_up_to_date),
		here(a_newer_schema_is_left_alone),
		here(a_deed_is_noted_with_its_change_or_not_at_all),
		here(the_log_knows_when_a_slug_was_erased),
		here(the_log_of_deeds_is_bounded),
		here(a_row_that_makes_no_sense_is_not_believed),
		here(nothing_is_written_into_one_that_was_moved),
		here(another_file_in_its_place_is_followed),
		here(another_file_is_followed_by_slug_too),
		here(another_file_is_followed_by_those_who_want_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
