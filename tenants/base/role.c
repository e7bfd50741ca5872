#include "tenants/base/role.h"

#include <getopt.h>
#include <stdio.h>

#include "tenants/base/crypto.h"
#include "tenants/base/log.h"
#include "tenants/base/sandbox.h"

int
role_begin(int argc, char **argv, const char *name, struct config *config,
    struct err *err)
{
	static const struct option options[] = {
		{ "require-sandbox", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = NULL;
	int c, insists = 0;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) == 'c' ||
	       c == 'r') {
		if (c == 'c')
			file = optarg;
		else
			insists = 1;
	}
	if (c != -1 || optind != argc) {
		fprintf(stderr,
		    "usage: rowhouse %s [-c FILE] [--require-sandbox]\n",
		    argv[0]);
		return 2;
	}
	log_init(name, LOG_LEVEL_INFO);
	if (config_load(config, file, err) != 0)
		return -1;
	log_init(name, config->log_level);
	if (insists)
		config->sandbox = SANDBOX_INSIST;
	return crypto_init(err);
}
