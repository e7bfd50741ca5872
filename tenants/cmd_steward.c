#include "tenants/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"
#include "tenants/base/role.h"
#include "tenants/base/sandbox.h"
#include "tenants/caller.h"
#include "tenants/job.h"
#include "tenants/job_progress.h"
#include "tenants/steward.h"

#define BINARY "/proc/self/exe"

int
cmd_steward(int argc, char **argv)
{
	struct steward *steward = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = role_begin(argc, argv, "steward", &config, &err);

	if (status == 0)
		steward = steward_new(&config, &err);
	if (steward != NULL)
		steward_run(steward);
	if (err.code != ERR_NONE) {
		log_err("fatal", STR_NONE, &err);
		status = err_class(err.code)->exit;
	}
	steward_free(steward);
	return status;
}

/* What it becomes opens the registry anew: nothing is open when it does. */
static int
prepare(const struct config *config, const char *id, int ask,
    struct arena *arena, char *argv[JOB_WORDS], struct err *err)
{
	struct registry *registry;
	struct job job;
	struct buf out;
	int rc = -1;

	if (crypto_init(err) != 0 ||
	    job_read(config, str_of(id), arena, &job, err) != 0)
		return -1;
	registry = registry_open(config, DB_TOOL, 0, err);
	if (registry == NULL)
		return -1;
	buf_init(&out, JOB_SIZE);
	rc = job_command(config, registry, &job, arena, argv, &out, err);
	if (rc > 0 && ask)
		rc = err_set(err, ERR_CONFLICT, "nothing of it was done");
	if (rc > 0)
		rc = job_progress_begin(config, id, err) == 0 ? 1 : -1;
	if (rc == 0 && (printf("%.*s", STR_FMT(buf_view(&out))) < 0 ||
			   fflush(stdout) != 0))
		rc = err_sys(err, "standard output");
	buf_free(&out);
	registry_close(registry);
	return rc;
}

int
cmd_job(int argc, char **argv, confine_fn *confine)
{
	static const struct option options[] = {
		{ "require-sandbox", no_argument, NULL, 'r' },
		{ "was-done", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	struct arena *arena = arena_new(4 * JOB_SIZE);
	const char *file = NULL;
	struct err err = ERR_INIT;
	struct config config;
	char *words[JOB_WORDS];
	int c, insists = 0, ask = 0, rc = -1;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) > 0 &&
	       c != '?') {
		if (c == 'c')
			file = optarg;
		insists |= c == 'r';
		ask |= c == 'w';
	}
	if (c != -1 || optind != argc - 1) {
		(void)fputs(
		    "usage: rowhouse job ID [-c FILE] [--require-sandbox] "
		    "[--was-done]\n"
		    "What `rowhouse steward` runs; --was-done does nothing, "
		    "and says whether it was done.\n",
		    stderr);
		arena_free(arena);
		return 2;
	}
	if (config_load(&config, file, &err) != 0)
		goto done;
	if (insists)
		config.sandbox = SANDBOX_INSIST;
	if (confine(&config, &err) == 0)
		rc = prepare(&config, argv[optind], ask, arena, words, &err);
	if (rc > 0 && setenv(CALLER_JOB, argv[optind], 1) != 0)
		rc = err_sys(&err, "environment");
	if (rc > 0) {
		execv(BINARY, words);
		err_sys(&err, "cannot execute %s", BINARY);
	}
done:
	if (err.code != ERR_NONE)
		(void)fprintf(stderr, "rowhouse job: %s\n", err.msg);
	arena_free(arena);
	return err_class(err.code)->exit;
}
