#include "tenants/layout.h"

#include "tenants/slug.h"
#include "tests/unit/unit.h"

#define A40 "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"

static struct config config = { .data = "/srv/data", .run = "/run/rowhouse" };

static void
puts_things_where_the_header_says(void **state)
{
	const struct config *c = &config;

	(void)state;
#define AT(call, want) assert_string_equal(layout_##call.p, want)
	AT(registry(c), "/srv/data/registry.db");
	AT(master_key(c), "/srv/data/master.key");
	AT(hash_slot(c, 0), "/srv/data/hash.0");
	AT(hash_slot(c, 1), "/srv/data/hash.1");
	AT(tenants(c), "/srv/data/tenants");
	AT(tenant(c, "acme"), "/srv/data/tenants/acme");
	AT(incarnation(c, "acme", 1), "/srv/data/tenants/acme/00000001");
	AT(incarnation(c, "acme", 0xdeadbeef),
	    "/srv/data/tenants/acme/deadbeef");
	AT(db(c, "acme", 26), "/srv/data/tenants/acme/0000001a/db.sqlite");
	AT(spool(c, "acme", 26), "/srv/data/tenants/acme/0000001a/spool");
	AT(usage_all(c), "/srv/data/usage");
	AT(usage(c, "2026-11-28"), "/srv/data/usage/2026-11-28");
	AT(operator_token(c), "/srv/data/operator.token");
	AT(fcgi_socket(c), "/run/rowhouse/fcgi.sock");
	AT(hint_socket(c), "/run/rowhouse/hint.sock");
	AT(control_socket(c), "/run/rowhouse/control.sock");
	AT(status_socket(c), "/run/rowhouse/status.sock");
	AT(renewal(c), "/run/rowhouse/renewal");
}

static void
the_registry_lies_beside_the_tenants(void **state)
{
	const struct config *c = &config;

	(void)state;
	AT(db(c, SLUG_REGISTRY, 7), "/srv/data/registry.db");
	AT(tenant(c, SLUG_REGISTRY), "/srv/data/registry");
	AT(incarnation(c, SLUG_REGISTRY, 7), "/srv/data/registry");
	AT(spool(c, SLUG_REGISTRY, 7), "/srv/data/registry/spool");
}

static void
the_longest_directory_fits(void **state)
{
	struct config longest;

	(void)state;
	memset(&longest, 0, sizeof(longest));
	memset(longest.data, 'd', CONFIG_DIR_MAX);
	assert_int_equal(strlen(layout_db(&longest, A40, 1).p),
	    CONFIG_DIR_MAX + strlen("/tenants/" A40 "/00000001/db.sqlite"));
}

static void
a_path_too_long(void *arg)
{
	struct config longest;

	(void)arg;
	memset(&longest, 0, sizeof(longest));
	memset(longest.data, 'd', sizeof(longest.data) - 1);
	(void)layout_db(&longest, A40 A40 A40, 1);
}

static void
no_path_is_ever_cut(void **state)
{
	(void)state;
	assert_dies(a_path_too_long, NULL, "a path of 659 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_things_where_the_header_says),
		cmocka_unit_test(the_registry_lies_beside_the_tenants),
		cmocka_unit_test(the_longest_directory_fits),
		cmocka_unit_test(no_path_is_ever_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
