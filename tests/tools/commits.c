/*
 * commits CONF SLUG FIRST COUNT [PAUSE_MS]
 *
 * Plays a worker without a pool: numbered rows into the table `ledger` of a
 * tenant, one commit each, with the hint that a worker sends.  Prints "N MS" for each as
 * soon as it is committed.  A bigger blob now and then makes the WAL grow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/db.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

static int
commit(struct db *db, long n, struct err *err)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
	    "INSERT INTO ledger VALUES(%ld, %lld, "
	    "randomblob(%d)); DELETE FROM filler WHERE rowid %% 7 = %ld; "
	    "INSERT INTO filler VALUES(randomblob(%d))",
	    n, (long long)clock_wall_ms(), n % 10 == 0 ? 20000 : 50, n % 7,
	    (int)(n % 5) * 3000);
	if (db_begin_write(db, err) || db_exec(db, sql, err) ||
	    db_commit(db, err)) {
		db_rollback(db);
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct db_opts opts = { .role = DB_SERVE, .busy_ms = 10000 };
	struct registry_tenant tenant;
	struct registry *registry = NULL;
	struct hint_sender *sender = NULL;
	struct err err = ERR_INIT;
	struct config config;
	struct db *db = NULL;
	struct layout_path path;
	struct hint hint;
	long n, first, count;
	int rc = 1;

	if (argc < 5) {
		fputs("usage: commits CONF SLUG FIRST COUNT [PAUSE_MS]\n",
		    stderr);
		return 2;
	}
	first = atol(argv[3]);
	count = atol(argv[4]);
	if (config_load(&config, argv[1], &err) || crypto_init(&err))
		goto out;
	registry = registry_open(&config, DB_TOOL, 0, &err);
	if (registry == NULL ||
	    registry_find(registry, str_of(argv[2]), &tenant, &err))
		goto out;
	path = layout_db(&config, tenant.slug, tenant.epoch);
	opts.path = path.p;
	db = db_open(&opts, &err);
	if (db == NULL ||
	    db_exec(db,
		"CREATE TABLE IF NOT EXISTS ledger(n INTEGER PRIMARY "
		"KEY, at INTEGER, fill BLOB); CREATE TABLE IF NOT EXISTS "
		"filler(b BLOB)",
		&err))
		goto out;
	sender = hint_sender_new(&config);
	snprintf(hint.slug, sizeof(hint.slug), "%s", tenant.slug);
	hint.epoch = tenant.epoch;
	for (n = first; n < first + count; n++) {
		if (commit(db, n, &err))
			goto out;
		if (db_take_commit(db, &hint.commit))
			hint_send(sender, &hint);
		printf("%ld %lld\n", n, (long long)clock_wall_ms());
		fflush(stdout);
		if (argc > 5)
			usleep((useconds_t)atoi(argv[5]) * 1000);
	}
	rc = 0;
out:
	if (rc)
		fprintf(stderr, "commits: %s\n", err.msg);
	hint_sender_free(sender);
	db_close(db);
	registry_close(registry);
	return rc;
}
