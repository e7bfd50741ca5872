#include "tenants/base/config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config_plan.h"
#include "tenants/base/config_value.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"

#define FILE_MAX ((size_t)64 * 1024)
#define KIB      INT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)
#define SECOND   INT64_C(1000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)

/* "<slug>." must fit before it in the 253 bytes of a host name. */
#define BASE_DOMAIN_MAX (253 - 41)

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct config_key keys[] = {
	{ "data", CONFIG_DIRECTORY, AT(data), NULL, 1, CONFIG_DIR_MAX,
	  "directory of the registry and of every tenant" },
	{ "run", CONFIG_DIRECTORY, AT(run), NULL, 1, CONFIG_RUN_MAX,
	  "directory of the sockets; without it, run in data" },
	{ "app", CONFIG_DIRECTORY, AT(app), "/usr/local/share/rowhouse/app",
	  1, CONFIG_DIR_MAX, "the application: schema, api, www" },
	{ "base_domain", CONFIG_DOMAIN, AT(base_domain), "localhost",
	  1, BASE_DOMAIN_MAX, "a tenant answers at SLUG.base_domain" },

	{ "workers", CONFIG_NUMBER, AT(workers), "4", 1, 32,
	  "processes that answer requests" },
	{ "worker.requests", CONFIG_NUMBER, AT(worker_requests), "10000",
	  1, 1000000000, "requests after which a worker is replaced" },
	{ "worker.tenants", CONFIG_NUMBER, AT(worker_tenants), "64", 1, 4096,
	  "tenants that a worker holds open" },
	{ "worker.cache", CONFIG_KIBIBYTES, AT(worker_cache_kib), "32MiB",
	  KIB, 64 * MIB, "page cache of a worker, over all tenants" },
	{ "worker.idle", CONFIG_DURATION, AT(worker_idle_ms), "30s",
	  100, DAY, "an open tenant unused so long is closed" },
	{ "request.body_max", CONFIG_BYTES, AT(request_body_max), "1MiB",
	  KIB, 64 * MIB, "largest request body" },
	{ "request.timeout", CONFIG_DURATION, AT(request_timeout_ms), "10s",
	  100, 10 * MINUTE, "to read a request or to write an answer" },
	{ "response.max", CONFIG_BYTES, AT(response_max), "4MiB",
	  KIB, 256 * MIB, "largest answer" },
	{ "response.rows", CONFIG_NUMBER, AT(response_rows), "1000",
	  1, 1000000, "most rows of an answer" },
	{ "socket.group", CONFIG_GROUP, AT(socket_group), "", 0, 63,
	  "group that may connect to fcgi.sock; empty: leave it" },

	{ "db.cache_size", CONFIG_KIBIBYTES, AT(cache_kib), "20000KiB",
	  64, 4 * MIB, "page cache of one connection, at most" },
	{ "db.busy_timeout", CONFIG_DURATION, AT(busy_timeout_ms), "5s",
	  0, MINUTE, "how long to wait for a lock" },
	{ "statement.read", CONFIG_DURATION, AT(read_ms), "250ms",
	  1, MINUTE, "a request's statements, where they only read" },
	{ "statement.write", CONFIG_DURATION, AT(write_ms), "1s",
	  1, MINUTE, "and where they write" },
	{ "tenant.size_max", CONFIG_BYTES, AT(tenant_size_max), "10GiB",
	  MIB, 16 * 1024 * GIB, "quota of a tenant's file" },
	{ "tenant.grace", CONFIG_DURATION, AT(tenant_grace_ms), "7d",
	  0, 3650 * DAY, "so long a deleted tenant can be undeleted" },
	{ "usage.interval", CONFIG_DURATION, AT(usage_interval_ms), "60s",
	  100, HOUR, "what tenants used is written so often" },
	{ "usage.keep", CONFIG_DURATION, AT(usage_keep_ms), "35d",
	  DAY, 3650 * DAY, "and kept so long" },
	{ "token.ttl", CONFIG_DURATION, AT(token_ttl_ms), "5d",
	  MINUTE, 365 * DAY, "how long a sign-in lasts" },
	{ "password.passes", CONFIG_NUMBER, AT(password_passes), "2",
	  1, CRYPTO_PASSES_MAX, "argon2id: t" },
	{ "password.memory", CONFIG_KIBIBYTES, AT(password_kib), "19MiB",
	  CRYPTO_MEMORY_KIB_MIN, CRYPTO_MEMORY_KIB_MAX, "argon2id: m" },
	{ "password.at_once", CONFIG_NUMBER, AT(password_at_once), "0", 0, 16,
	  "hashed at once; 0: two, or one where processors are two or one" },

	{ "replica.url", CONFIG_REPLICA, AT(replica), "", 0, CONFIG_DIR_MAX,
	  "directory or s3:// to replicate to; empty: do not" },
	{ "replica.interval", CONFIG_DURATION, AT(replica_interval_ms), "1s",
	  10, HOUR, "of a tenant that keeps writing" },
	{ "replica.snapshot", CONFIG_DURATION, AT(replica_snapshot_ms), "24h",
	  SECOND, 30 * DAY, "between two snapshots, at the longest" },
	{ "replica.sweep", CONFIG_DURATION, AT(replica_sweep_ms), "60s",
	  100, HOUR, "look at every tenant, for hints that were lost" },
	{ "replica.idle", CONFIG_DURATION, AT(replica_idle_ms), "60s",
	  100, DAY, "a tenant quiet so long is sealed" },
	{ "replica.checkpoint", CONFIG_NUMBER, AT(replica_checkpoint), "1000",
	  1, 1000000, "frames in the WAL that cause a checkpoint" },
	{ "replica.compact", CONFIG_DURATION, AT(replica_compact_ms), "5m",
	  SECOND, HOUR, "files of so long are merged into one, and 12 of those" },
	{ "replica.fine", CONFIG_DURATION, AT(replica_fine_ms), "7d",
	  0, 3650 * DAY, "every interval can be restored, so far back" },
	{ "replica.retain", CONFIG_DURATION, AT(replica_retain_ms), "30d",
	  SECOND, 3650 * DAY, "something can be restored, so far back" },
	{ "replica.claim", CONFIG_DURATION, AT(replica_claim_ms), "10s",
	  100, MINUTE, "ask so often whether the replica is still ours" },
	{ "replica.put_budget", CONFIG_NUMBER, AT(replica_put_budget), "0",
	  0, 1000000000, "PUTs a day over all tenants; 0: as many as needed" },
	{ "replica.shelf_max", CONFIG_BYTES, AT(replica_shelf_max), "512MiB",
	  MIB, 16 * 1024 * GIB, "what is kept on disk to be merged, all tenants" },
	{ "replica.spool_max", CONFIG_BYTES, AT(replica_spool_max), "1GiB",
	  MIB, 16 * 1024 * GIB, "what may wait for the store before it is thinned" },
	{ "replica.spool_full", CONFIG_CHOICE, AT(replica_spool_refuse),
	  "grow refuse", 0, 0,
	  "where it cannot be thinned to that: grow, or refuse writes" },
	{ "replica.verify_every", CONFIG_DURATION, AT(replica_verify_ms), "0s",
	  0, 365 * DAY, "prove each tenant's replica so often; 0s: never" },
	{ "replica.confirm", CONFIG_DURATION, AT(replica_confirm_ms), "10s",
	  100, 25 * SECOND, "durability=replicated waits so long, at most" },
	{ "replica.open", CONFIG_NUMBER, AT(replica_open), "256", 1, 65536,
	  "tenants that the replicator holds open" },

	{ "mail.url", CONFIG_SERVER, AT(mail_url), "", 0, 300,
	  "smtp:// (STARTTLS) or smtps:// server to send through; empty: no mail" },
	{ "mail.from", CONFIG_ADDRESS, AT(mail_from), "", 0, 254,
	  "address that mails come from" },
	{ "mail.login", CONFIG_FILE, AT(mail_login), "", 0, CONFIG_DIR_MAX,
	  "file with the server's user and password, a line each; empty: none" },
	{ "mail.tls", CONFIG_CHOICE, AT(mail_clear), "required never", 0, 0,
	  "never: mails, with what lets an account be taken over, go in clear" },
	{ "mail.ca", CONFIG_FILE, AT(mail_ca), "", 0, CONFIG_DIR_MAX,
	  "file of certificates that the server's is checked against; empty: the system's" },
	{ "mail.link", CONFIG_LINK, AT(mail_link), "https://{host}", 1, 60,
	  "how links in mails begin" },
	{ "mail.timeout", CONFIG_DURATION, AT(mail_timeout_ms), "2m",
	  SECOND, 10 * MINUTE, "so long the server may take for one mail" },
	{ "mail.per_hour", CONFIG_NUMBER, AT(mail_per_hour), "500",
	  1, 100000, "most mails an hour, over all tenants, half of them one's; others wait" },
	{ "mail.per_recipient", CONFIG_NUMBER, AT(mail_per_recipient), "10",
	  1, 1000, "most mails an hour to one address; others wait" },

	{ "signup", CONFIG_CHOICE, AT(signup), "closed invite open", 0, 0,
	  "who makes tenants by POST /api/tenants on the base domain: nobody, who has a code of rowhouse tenant invite, anybody" },

	{ "sandbox", CONFIG_CHOICE, AT(sandbox), "on off require", 0, 0,
	  "of worker, replicator and mailer: what the kernel has of it, nothing, all of it or no start" },
	{ "log.level", CONFIG_LEVEL, AT(log_level), "info", 0, 0,
	  "debug, info, warn or error" },
};
/* clang-format on */

#define N_KEYS (sizeof keys / sizeof keys[0])
#define N_SEEN (N_KEYS + CONFIG_PLAN_KEYS)

static const struct config_key *
find(struct str name)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++) {
		if (str_is(name, keys[i].name))
			return &keys[i];
	}
	return NULL;
}

/* The keys that begin as that name does, as far as any of them does. */
static int
hint_at_keys(struct str name, struct err *err)
{
	char list[sizeof err->hint] = "";
	size_t best = 1;
	size_t i, n;

	for (i = 0; i < N_KEYS; i++) {
		for (n = 0; n < name.n && name.p[n] == keys[i].name[n];)
			n++;
		if (n < best)
			continue;
		if (n > best)
			list[0] = '\0';
		best = n;
		n = strlen(list);
		(void)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "",
		    keys[i].name);
	}
	return list[0] ? err_hint(err, "there is %s", list) : -1;
}

static int
is_text(struct str line)
{
	size_t i;

	for (i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return 0;
	}
	return str_utf8_ok(line);
}

/* seen[i] is the line that set keys[i], or then a plan's; 0 = none did. */
static int
parse_line(struct config *config, struct str line, int number, int seen[N_SEEN],
    struct err *err)
{
	size_t equals = str_find(line, '=', 0);
	struct str name = str_trim(str_sub(line, 0, equals));
	struct str shown = str_sub(name, 0, 60);
	struct config_key of_plan;
	const struct config_key *key;
	int at;

	if (equals == line.n || name.n == 0)
		return err_set(err, ERR_INPUT,
		    "not of the form 'key = value'");
	if (config_plan_is(name)) {
		at = config_plan_key(config, name, &of_plan, err);
		if (at < 0)
			return -1;
		key = &of_plan;
		at += (int)N_KEYS;
	} else {
		key = find(name);
		if (!key) {
			err_set(err, ERR_INPUT, "%.*s: there is no such key",
			    STR_FMT(shown));
			return hint_at_keys(name, err);
		}
		at = (int)(key - keys);
	}
	if (seen[at])
		return err_set(err, ERR_INPUT, "%.*s: set already in line %d",
		    STR_FMT(shown), seen[at]);
	seen[at] = number;
	if (config_value_set(config, key,
		str_trim(str_sub(line, equals + 1, line.n)), err))
		return err_wrap(err, "%.*s", STR_FMT(shown));
	return 0;
}

static int
parse(struct config *config, struct str text, int seen[N_SEEN], struct err *err)
{
	struct str line;
	int number = 0;

	while (str_next(&text, '\n', &line)) {
		int rc = 0;

		number++;
		if (str_ends(line, "\r"))
			line = str_sub(line, 0, line.n - 1);
		if (!is_text(line))
			rc = err_set(
			    err, ERR_INPUT, "a byte that is not text");
		line = str_trim(config_uncommented(line));
		if (rc == 0 && line.n > 0)
			rc = parse_line(config, line, number, seen, err);
		if (rc != 0)
			return err_wrap(err, "%s:%d", config->file, number);
	}
	return 0;
}

/* What no line has set. */
static int
fill(struct config *config, const int seen[N_SEEN], struct err *err)
{
	size_t i;

	for (i = 0; i < N_KEYS; i++) {
		const struct config_key *key = &keys[i];
		char run[CONFIG_PATH_MAX];
		struct str value = str_of(key->preset);

		if (seen[i])
			continue;
		if (key->offset == AT(data)) {
			err_set(err, ERR_INPUT, "must be set");
			err_hint(err, "data = /var/lib/rowhouse");
			return err_wrap(err, "%s: data", config->file);
		}
		if (key->offset == AT(run)) {
			snprintf(run, sizeof run, "%.*s/run", CONFIG_DIR_MAX,
			    config->data);
			value = str_of(run);
		}
		if (key->kind == CONFIG_CHOICE)
			value = str_sub(value, 0, str_find(value, ' ', 0));
		if (config_value_set(config, key, value, err) != 0)
			return err_wrap(err, "%s: %s", config->file, key->name);
	}
	return 0;
}

/* Absolute, since whoever reads it later may have changed directory. */
static int
name_file(struct config *config, const char *path, struct err *err)
{
	char here[CONFIG_PATH_MAX] = "";
	struct str rest = str_of(path);
	struct buf full;
	int rc;

	if (path[0] != '/' && !getcwd(here, sizeof here))
		return err_sys(err, "working directory");
	while (str_starts(rest, "./"))
		rest = str_sub(rest, 2, rest.n);
	buf_init(&full, sizeof config->file - 1);
	if (path[0] != '/') {
		buf_puts(&full, here);
		buf_putc(&full, '/');
	}
	buf_str(&full, rest);
	rc = buf_check(&full, "the name of the configuration file", err);
	if (rc == 0)
		rc = str_copy(
		    buf_view(&full), config->file, sizeof config->file);
	buf_free(&full);
	return rc;
}

static int
check_mail(const struct config *config, struct err *err)
{
	if (config->mail_url[0] && !config->mail_from[0]) {
		err_set(err, ERR_INPUT, "%s: mail.from: must be set",
		    config->file);
		return err_hint(err, "mail.url is: whom do mails come from?");
	}
	if (config->mail_login[0] && config->mail_clear)
		return err_set(err, ERR_INPUT,
		    "%s: mail.login: nothing is logged in to without TLS",
		    config->file);
	return 0;
}

static void
share(const struct config *config)
{
	struct stat st;

	if (stat(config->data, &st) == 0 && (st.st_mode & S_ISGID))
		umask(umask(0) & ~(mode_t)S_IRWXG);
}

int
config_load(struct config *config, const char *path, struct err *err)
{
	struct arena *arena = NULL;
	int seen[N_SEEN] = { 0 };
	struct str text;
	int rc = -1;

	*config = (struct config){ .file = "" };
	if (!path || !path[0])
		path = getenv("ROWHOUSE_CONFIG");
	if (!path || !path[0])
		path = "/etc/rowhouse.conf";
	if (name_file(config, path, err) != 0)
		return -1;
	arena = arena_new(FILE_MAX * 2);
	if (file_read(config->file, FILE_MAX, arena, &text, err) != 0) {
		err_wrap(err, "configuration");
		if (err->code == ERR_NOT_FOUND)
			err_hint(err, "name one: -c FILE, or ROWHOUSE_CONFIG "
				      "in the environment");
		goto done;
	}
	if (parse(config, text, seen, err) != 0 || fill(config, seen, err) != 0)
		goto done;
	if (config->replica[0] && strcmp(config->replica, config->data) == 0) {
		err_set(err, ERR_INPUT,
		    "%s:%d: replica.url: "
		    "the data directory itself cannot be its replica",
		    config->file, seen[find(STR("replica.url")) - keys]);
		goto done;
	}
	if (check_mail(config, err) == 0)
		rc = config_plan_check(config, err);
	if (rc == 0)
		share(config);
done:
	arena_free(arena);
	return rc;
}

void
config_print(const struct config *config, struct buf *out)
{
	size_t i;

	buf_printf(out, "# %s\n", config->file);
	for (i = 0; i < N_KEYS; i++) {
		const struct config_key *key = &keys[i];

		buf_printf(out, "\n# %s\n%s = ", key->about, key->name);
		config_value_put(config, key, out);
		buf_putc(out, '\n');
	}
	config_plan_print(config, out);
}
