/*
 * What a stock shell does to a live tenant: its last close makes a checkpoint,
 * which costs the replica a whole copy, it knows nothing of a file that was
 * replaced under it, and sends no hint.  This is the same file under the same
 * contract as everybody's (db.h).
 *
 * All statements are one transaction.  What they answer is printed when that is
 * over: a pager that nobody leaves would keep the WAL from being restarted.
 */
#include "tenants/cmd_tenant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/full.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"
#include "tenants/shell.h"

#define SQL_MAX  ((size_t)16 << 20)
#define WRITE_MS 30000 /* for which its users may have to wait */
#define READ_MS  600000 /* for which its WAL may grow */

static int
read_stdin(struct buf *out, struct err *err)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "standard input");
		buf_put(out, piece, (size_t)n);
	}
	return buf_check(out, "standard input", err);
}

static struct db *
open_tenant(const struct cmd_tenant_job *job, const struct registry_tenant *row,
    struct err *err)
{
	struct layout_path path =
	    layout_db(&job->config, row->slug, row->epoch);
	struct db_opts opts = { .path = path.p,
		.role = DB_TOOL,
		.busy_ms = job->config.busy_timeout_ms,
		.size_max = row->size_max };
	struct db *db;

	if (opts.size_max == 0)
		opts.size_max = job->config.tenant_size_max;
	db = db_open(&opts, err);
	if (db == NULL)
		return NULL;
	if (migrate_check_owner(db, row->slug, row->uid, err) == 0)
		return db;
	db_close(db);
	return NULL;
}

/* R10: is it still the tenant's file?  The registry's answer holds until the
 * commit, since who makes another current needs this file's write lock. */
static int
check_current(struct cmd_tenant_job *job, struct db *db,
    const struct registry_tenant *row, struct err *err)
{
	struct registry_tenant now;

	if (registry_find(job->registry, job->slug, &now, err) != 0)
		return -1;
	if (!db_moved(db) && now.epoch == row->epoch &&
	    strcmp(now.uid, row->uid) == 0 && now.state == row->state)
		return 0;
	return err_set(
	    err, ERR_BUSY, "tenant %s was changed meanwhile", row->slug);
}

static void
tell(const struct cmd_tenant_job *job, struct db *db,
    const struct registry_tenant *row)
{
	struct hint hint = { .epoch = row->epoch };
	struct hint_sender *sender;

	if (!db_take_commit(db, &hint.commit))
		return;
	(void)str_copy(str_of(row->slug), hint.slug, sizeof(hint.slug));
	sender = hint_sender_new(&job->config);
	hint_send(sender, &hint);
	hint_sender_free(sender);
}

/* In the log before it is done, and not what: rows may hold secrets. */
static int
note(struct cmd_tenant_job *job, struct db *db, struct err *err)
{
	return sqlite3_total_changes(db_handle(db)) == 0
		   ? 0
		   : registry_note_alone(job->registry, &job->deed, err);
}

static int
run_in(struct cmd_tenant_job *job, struct db *db,
    const struct registry_tenant *row, struct str sql, struct buf *out,
    struct err *err)
{
	const struct shell_opts opts = { job->line.write, job->line.json };

	db_deadline(db, clock_mono_ms() + (opts.write ? WRITE_MS : READ_MS));
	if ((opts.write ? db_begin_write(db, err) : db_begin_read(db, err)) !=
	    0)
		return -1;
	if ((!opts.write || check_current(job, db, row, err) == 0) &&
	    shell_run(db, sql, &opts, out, err) == 0 &&
	    note(job, db, err) == 0) {
		if (db_commit(db, err) != 0)
			return -1;
		tell(job, db, row);
		return 0;
	}
	db_rollback(db);
	return -1;
}

static int
run(struct cmd_tenant_job *job, struct str sql, struct buf *out,
    struct err *err)
{
	struct registry_tenant row;
	struct db *db;
	int rc;

	if (registry_find(job->registry, job->slug, &row, err) != 0)
		return -1;
	if (job->line.write && row.state == REGISTRY_DELETED)
		return err_set(
		    err, ERR_CONFLICT, "tenant %s is deleted", row.slug);
	if (job->line.write && full_check(&job->config, row.slug, err) != 0)
		return -1;
	db = open_tenant(job, &row, err);
	if (db == NULL)
		return -1;
	rc = run_in(job, db, &row, sql, out, err);
	db_close(db);
	return rc;
}

int
cmd_tenant_sql(struct cmd_tenant_job *job, struct err *err)
{
	struct buf in, out;
	int rc = 0;

	buf_init(&in, SQL_MAX);
	buf_init(&out, CMD_TENANT_OUT);
	if (job->line.n > 2)
		buf_puts(&in, job->line.word[2]);
	else
		rc = read_stdin(&in, err);
	if (rc == 0)
		rc = run(job, buf_view(&in), &out, err);
	if (rc == 0 &&
	    (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0))
		rc = err_sys(err, "standard output");
	buf_free(&in);
	buf_free(&out);
	return rc;
}
