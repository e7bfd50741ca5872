#ifndef ROWHOUSE_BASE_CONFIG_H
#define ROWHOUSE_BASE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/log.h"

/*
 * The configuration: one file of `key = value` lines.  A # at the start of a
 * line or after a blank begins a comment.  Unknown keys, doubled keys and
 * values out of range are errors (ERR_INPUT) of the form "FILE:LINE: key: what
 * is wrong".  Paths are absolute, or relative to the file's own directory.
 * Everything has a default but `data`.  The table in config.c is the list of
 * keys, their defaults and ranges, and what `rowhouse check --config` prints.
 *
 * A size is a number of bytes, or of KiB, MiB or GiB (size.h); a duration has a
 * unit (clock.h), and a rate is a number /s, /m or /h.
 *
 * Directories are bounded so that no path made from one is too long for those
 * who must take it: SQLite (511 bytes to the end of "db.sqlite-journal"),
 * LAYOUT_MAX, and a socket's sun_path.
 */
#define CONFIG_PATH_MAX 512
#define CONFIG_DIR_MAX 400	/* bytes of data, app and replica.url */
#define CONFIG_RUN_MAX 94	/* bytes of run: "/control.sock" must follow */

enum config_signup { CONFIG_CLOSED, CONFIG_INVITE, CONFIG_OPEN };

/*
 * A named set of limits: `plan.NAME.LIMIT = VALUE`, as in `plan.free.rate =
 * 20/s`.  Below its least is a limit that no line sets: then the general one
 * holds, where there is one (tenants/plan.h).
 */
#define CONFIG_PLANS 16
#define CONFIG_PLAN_NAME 31

struct config_plan {
	char name[CONFIG_PLAN_NAME + 1];
	int64_t in_flight;
	int64_t rate;			/* requests an hour */
	int64_t read_ms, write_ms;
	int64_t body;			/* bytes */
	int64_t rows;
	int64_t size;			/* bytes */
	int64_t users;
	int64_t replicated;		/* -1 where no line sets it */
};

struct config {
	char file[CONFIG_PATH_MAX];	/* where all this was read, absolute */

	char data[CONFIG_PATH_MAX];	/* registry and tenants */
	char run[CONFIG_PATH_MAX];	/* sockets; default <data>/run */
	char app[CONFIG_PATH_MAX];	/* application folder */
	char base_domain[254];		/* <slug>.<base_domain>; lower case; localhost */

	/* pool */
	int64_t workers;		/* processes; 4 */
	int64_t worker_requests;	/* served before it retires; 10000 */
	int64_t worker_tenants;		/* open tenants per worker; 64 */
	int64_t worker_cache_kib;	/* SQLite page cache, all open tenants; 32768 */
	int64_t worker_idle_ms;		/* an open tenant unused so long is closed; 30s */
	int64_t request_body_max;	/* bytes; 1048576 */
	int64_t request_timeout_ms;	/* to read a request or write an answer; 10s */
	int64_t response_max;		/* bytes; 4194304 */
	int64_t response_rows;		/* of a `returns: many`; 1000 */
	char socket_group[64];		/* of fcgi.sock; "" = leave it */

	/* tenants */
	int64_t cache_kib;		/* ceiling of one connection; 20000 */
	int64_t busy_timeout_ms;	/* 5s */
	int64_t read_ms;		/* a request's statements, reading; 250ms */
	int64_t write_ms;		/* and writing; 1s */
	int64_t tenant_size_max;	/* bytes; 10 GiB */
	int64_t tenant_grace_ms;	/* so long a deleted one can be undeleted; 7d */
	int64_t usage_interval_ms;	/* what they used is written so often; 60s */
	int64_t usage_keep_ms;		/* and kept so long; 35d */
	int64_t token_ttl_ms;		/* 5d */
	int64_t password_passes;	/* argon2id t; 2 */
	int64_t password_kib;		/* argon2id m; 19456 */
	int64_t password_at_once;	/* hashes; 0 = as hashslot.h has it */

	/* replication */
	char replica[CONFIG_PATH_MAX];	/* directory, file:// or s3://; "" = off */
	int64_t replica_interval_ms;	/* of a tenant that keeps writing; 1s */
	int64_t replica_snapshot_ms;	/* at the longest; 24h */
	int64_t replica_sweep_ms;	/* for hints that were lost; 60s */
	int64_t replica_idle_ms;	/* quiet so long, a tenant is sealed; 60s */
	int64_t replica_checkpoint;	/* frames in the WAL; 1000 */
	int64_t replica_compact_ms;	/* files of so long become one; 5m */
	int64_t replica_fine_ms;	/* every interval restorable so far back; 7d */
	int64_t replica_retain_ms;	/* something is; 30d */
	int64_t replica_claim_ms;	/* confirmed so often, while active; 10s */
	int64_t replica_put_budget;	/* PUTs a day, all tenants; 0 = no bound */
	int64_t replica_shelf_max;	/* bytes kept to be merged; 512 MiB */
	int64_t replica_spool_max;	/* bytes that wait for the store; 1 GiB */
	int64_t replica_spool_refuse;	/* beyond it: 0 it grows, 1 writes are refused */
	int64_t replica_verify_ms;	/* each tenant is proven so often; 0 = never */
	int64_t replica_confirm_ms;	/* a request waits so long for it; 10s */
	int64_t replica_open;		/* tenants open at once; 256 */

	/* mail */
	char mail_url[304];		/* smtp:// or smtps://; "" = no mail */
	char mail_from[256];
	char mail_login[CONFIG_PATH_MAX];	/* "" = none */
	int64_t mail_clear;		/* 1: without TLS */
	char mail_ca[CONFIG_PATH_MAX];	/* "" = the system's */
	char mail_link[64];		/* https://{host} */
	int64_t mail_timeout_ms;	/* of one mail; 2m */
	int64_t mail_per_hour;		/* over all tenants; 500 */
	int64_t mail_per_recipient;	/* and hour; 10 */

	int64_t signup;			/* enum config_signup */

	int64_t sandbox;		/* enum sandbox_insist (sandbox.h) */

	size_t n_plans;
	struct config_plan plan[CONFIG_PLANS];

	enum log_level log_level;
};

/*
 * Reads path; "" or NULL means $ROWHOUSE_CONFIG, else /etc/rowhouse.conf.
 *
 * Where the data directory is setgid its group writes it as well: pool and
 * replicator are two users of one group.  From then on the umask of this
 * process takes nothing from the group, whoever called it with which, so that
 * the modes in the code are what files get.
 */
int config_load(struct config *config, const char *path, struct err *err);

/* Every key with the value in force, as a file that could be read again. */
struct buf;
void config_print(const struct config *config, struct buf *out);

#endif
