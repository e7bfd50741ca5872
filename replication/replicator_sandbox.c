#include "replication/replicator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/s3_url.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/sandbox.h"
#include "tenants/layout.h"

/* The directory, or the one in which it may come to be. */
static void
add_directory(struct sandbox *sandbox, const char *path)
{
	char dir[CONFIG_PATH_MAX];
	struct err err = ERR_INIT;
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	while (file_exists(dir, &err) == 0 &&
	       (slash = strrchr(dir, '/')) != NULL && slash != dir)
		*slash = '\0';
	sandbox_writes(sandbox, dir);
}

/* Keys are read again when they have expired (s3_credentials.h). */
static void
add_credentials(struct sandbox *sandbox)
{
	const char *home = getenv("HOME");
	char aws[CONFIG_PATH_MAX];

	sandbox_reads(sandbox, getenv("CREDENTIALS_DIRECTORY"));
	sandbox_reads_around(sandbox, getenv("AWS_SHARED_CREDENTIALS_FILE"));
	if (home && home[0]) {
		snprintf(aws, sizeof(aws), "%.500s/.aws", home);
		sandbox_reads(sandbox, aws);
	}
}

int
replicator_shut_out(const struct config *config, const struct file_id *replica)
{
	const char *directory = store_directory(config->replica);
	struct err err = ERR_INIT;
	struct file_id now;
	int moved;

	moved = directory != NULL && replica->ino != 0 &&
		file_identify(directory, &now, &err) == 0 && now.ino != 0 &&
		(now.ino != replica->ino || now.dev != replica->dev);
	if (moved)
		log_warn("replica", "%s is another directory: begins anew",
		    directory);
	return moved;
}

/* What all need who work on the data and with the store. */
static int
add_work(struct sandbox *sandbox, const struct config *config, struct err *err)
{
	const char *directory = store_directory(config->replica);
	struct s3_place place;

	sandbox_writes(sandbox, config->data);
	/* It may be a link, to another disk. */
	sandbox_writes(sandbox, layout_tenants(config).p);
	sandbox_writes(sandbox, config->run);
	sandbox_temp(sandbox);
	sandbox_reads(sandbox, "/proc/sys/kernel/random/boot_id");
	if (directory != NULL) {
		add_directory(sandbox, directory);
		return 0;
	}
	if (s3_url_parse(
		strstr(config->replica, "://") + 3, &place, err) != 0)
		return -1;
	add_credentials(sandbox);
	sandbox_reads_around(sandbox, place.ca);
	return 0;
}

/* To become another command of this program. */
static void
add_self(struct sandbox *sandbox)
{
	sandbox_reads(sandbox, "/dev/null");
	sandbox_libraries(sandbox);
}

static unsigned
network(const struct config *config)
{
	return store_directory(config->replica) == NULL ? SANDBOX_NETWORK : 0;
}

int
replicator_confine(
    const struct config *config, struct file_id *replica, struct err *err)
{
	const char *directory = store_directory(config->replica);
	/* A proof is a process of its own (prover.h), in this very sandbox. */
	int proves = config->replica_verify_ms != 0;
	struct sandbox sandbox;

	sandbox_init(&sandbox,
	    SANDBOX_THREADS | network(config) | (proves ? SANDBOX_SELF : 0));
	if (proves) {
		add_self(&sandbox);
		sandbox_reads_around(&sandbox, config->file);
	}
	if (add_work(&sandbox, config, err) != 0 ||
	    (directory != NULL && file_identify(directory, replica, err) != 0))
		return -1;
	return sandbox_enter(&sandbox, config->sandbox, err);
}

int
replicator_confine_job(const struct config *config, struct err *err)
{
	struct sandbox sandbox;

	sandbox_init(
	    &sandbox, SANDBOX_THREADS | SANDBOX_SELF | network(config));
	sandbox.silent = 1;
	add_self(&sandbox);
	sandbox_reads(&sandbox, config->file);
	/* What is imported has to fit the application. */
	sandbox_reads(&sandbox, config->app);
	if (add_work(&sandbox, config, err) != 0)
		return -1;
	return sandbox_enter(&sandbox, config->sandbox, err);
}
