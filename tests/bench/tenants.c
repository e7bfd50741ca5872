/*
 * tenants CONF PREFIX COUNT
 *
 * What `rowhouse tenant create PREFIXn` makes, COUNT times in one process; with
 * a configuration whose passwords are cheap, or it takes all day.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tenants/base/crypto.h"
#include "tenants/lifecycle.h"

static int
make_all(const struct config *config, const char *prefix, long count,
    struct err *err)
{
	const struct lifecycle_owner owner = { .email = STR("o@example.com"),
		.password = STR("a long enough password") };
	struct app *app = app_load(config->app, NULL, NULL, err);
	struct registry *registry =
	    app ? registry_open(config, DB_TOOL, 1, err) : NULL;
	char slug[SLUG_MAX + 1];
	int rc = registry ? 0 : -1;

	for (long i = 1; rc == 0 && i <= count; i++) {
		snprintf(slug, sizeof slug, "%s%ld", prefix, i);
		rc = lifecycle_create(
		    config, registry, app, str_of(slug), &owner, err);
	}
	registry_close(registry);
	app_free(app);
	return rc;
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct config config;

	if (argc != 4) {
		fputs("usage: tenants CONF PREFIX COUNT\n", stderr);
		return 2;
	}
	if (config_load(&config, argv[1], &err) == 0 &&
	    crypto_init(&err) == 0 &&
	    make_all(
		&config, argv[2], strtol(argv[3], NULL, 10), &err) == 0)
		return 0;
	fprintf(stderr, "tenants: %s\n", err.msg);
	return 1;
}
