/*
 * writers CONF PREFIX COUNT SECONDS PERIOD_MS
 *
 * Plays the workers of COUNT tenants that write a row every PERIOD_MS each,
 * evenly spread; SECONDS = 0 is a row each, at once.  For each commit a line
 * on stdout: when it was, as its hint says it (ms since 1970), and whose.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/db.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

struct writer {
	struct hint hint;
	struct db *db;
	sqlite3_stmt *insert;
};

static int
open_writer(const struct config *config, const char *prefix, long n,
    struct writer *writer, struct err *err)
{
	struct db_opts opts = { .role = DB_SERVE,
		.busy_ms = 10000,
		.cache_kib = 100 };
	struct layout_path path;

	snprintf(writer->hint.slug, sizeof writer->hint.slug, "%s%ld", prefix,
	    n);
	writer->hint.epoch = 1;
	path = layout_db(config, writer->hint.slug, 1);
	opts.path = path.p;
	writer->db = db_open(&opts, err);
	if (!writer->db)
		return -1;
	if (sqlite3_prepare_v3(db_handle(writer->db),
		"INSERT INTO notes (body) VALUES ('written: a line of text as "
		"long as a line of text is')",
		-1, SQLITE_PREPARE_PERSISTENT, &writer->insert,
		NULL) != SQLITE_OK)
		return err_set(err, ERR_SYSTEM, "%s: %s", path.p,
		    sqlite3_errmsg(db_handle(writer->db)));
	return 0;
}

static int
write_one(struct writer *writer, struct hint_sender *sender, struct err *err)
{
	int rc;

	if (db_begin_write(writer->db, err) != 0)
		return -1;
	rc = sqlite3_step(writer->insert);
	sqlite3_reset(writer->insert);
	if (rc != SQLITE_DONE)
		return err_set(err, ERR_SYSTEM, "%s: %s", writer->hint.slug,
		    sqlite3_errmsg(db_handle(writer->db)));
	if (db_commit(writer->db, err) != 0)
		return -1;
	if (!db_take_commit(writer->db, &writer->hint.commit))
		return err_set(err, ERR_SYSTEM, "%s: nothing was committed",
		    writer->hint.slug);
	hint_send(sender, &writer->hint);
	printf("%lld %s\n", (long long)writer->hint.commit.time_ms,
	    writer->hint.slug);
	return 0;
}

static int
write_all(struct writer *writers, long count, double seconds, double period_ms,
    struct hint_sender *sender, struct err *err)
{
	long n = (long)(seconds * 1000 / period_ms * (double)count);
	int64_t begun = clock_mono_us();

	if (seconds <= 0)
		n = count;
	for (long i = 0; i < n; i++) {
		int64_t due = begun + (int64_t)((double)i * period_ms * 1000 /
						(double)count);

		while (seconds > 0 && clock_mono_us() < due) {
			struct timespec nap = { 0, 200000 };

			(void)hint_flush(sender);
			nanosleep(&nap, NULL);
		}
		if (write_one(&writers[i % count], sender, err) != 0)
			return -1;
	}
	(void)hint_flush(sender);
	return 0;
}

int
main(int argc, char **argv)
{
	struct hint_sender *sender = NULL;
	struct err err = ERR_INIT;
	struct writer *writers;
	struct config config;
	struct rlimit limit;
	long count;
	int rc = -1;

	if (argc != 6) {
		fputs("usage: writers CONF PREFIX COUNT SECONDS PERIOD_MS\n",
		    stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	count = strtol(argv[3], NULL, 10);
	writers = calloc((size_t)count, sizeof *writers);
	if (!writers || config_load(&config, argv[1], &err) != 0 ||
	    crypto_init(&err) != 0)
		goto out;
	for (long i = 0; i < count; i++)
		if (open_writer(&config, argv[2], i + 1, &writers[i], &err) !=
		    0)
			goto out;
	sender = hint_sender_new(&config);
	rc = write_all(writers, count, strtod(argv[4], NULL),
	    strtod(argv[5], NULL), sender, &err);
out:
	if (rc != 0)
		fprintf(stderr, "writers: %s\n", err.msg);
	hint_sender_free(sender);
	for (long i = 0; writers && i < count; i++) {
		sqlite3_finalize(writers[i].insert);
		db_close(writers[i].db);
	}
	free(writers);
	return rc != 0;
}
