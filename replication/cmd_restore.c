/* rowhouse restore: a tenant, at any point of its history. */
#include "replication/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/cmd_restore_all.h"
#include "replication/control.h"
#include "replication/replace.h"
#include "replication/restore_migration.h"
#include "replication/restore_points.h"
#include "replication/restore_report.h"
#include "tenants/base/clock.h"
#include "tenants/base/config.h"
#include "tenants/caller.h"
#include "tenants/db.h"
#include "tenants/layout.h"
#include "tenants/meta.h"
#include "tenants/migrate.h"
#include "tenants/prompt.h"
#include "tenants/registry.h"
#include "tenants/slug.h"

#define FLUSH_MS 10000

/* What was said on the command line. */
struct line {
	const char *file, *slug, *at, *txid, *epoch, *to, *from;
	const char *migration;
	const char *jobs;
	int litestream, all, points;
	int latest, in_place, dry_run, json, yes;
};

enum choice {
	AT = 256,
	TXID,
	LATEST,
	BEFORE_MIGRATION,
	EPOCH,
	TO,
	IN_PLACE,
	DRY_RUN,
	JSON,
	FROM,
	LITESTREAM,
	ALL,
	JOBS,
	POINTS,
	YES,
	HELP
};

static const struct option options[] = {
	{ "at", required_argument, NULL, AT },
	{ "txid", required_argument, NULL, TXID },
	{ "latest", no_argument, NULL, LATEST },
	{ "before-migration", required_argument, NULL, BEFORE_MIGRATION },
	{ "epoch", required_argument, NULL, EPOCH },
	{ "to", required_argument, NULL, TO },
	{ "in-place", no_argument, NULL, IN_PLACE },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "json", no_argument, NULL, JSON },
	{ "from", required_argument, NULL, FROM },
	{ "all", no_argument, NULL, ALL },
	{ "jobs", required_argument, NULL, JOBS },
	{ "litestream", required_argument, NULL, LITESTREAM },
	{ "points", no_argument, NULL, POINTS },
	{ "yes", no_argument, NULL, YES },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static int
usage(FILE *out)
{
	fputs(
	    "usage: rowhouse restore SLUG [--at TIME | --txid N | --latest |\n"
	    "           --before-migration N] [--epoch E]\n"
	    "           (--to FILE | --in-place) [--dry-run] [--json]\n"
	    "           [--from URL] [--yes] [-c FILE]\n"
	    "       rowhouse restore SLUG --points [--json] [--from URL] "
	    "[-c FILE]\n"
	    "       rowhouse restore --all [--at TIME] [--jobs N] "
	    "[--dry-run] [--json]\n"
	    "           [--from URL] [-c FILE]\n"
	    "       rowhouse restore --litestream URL [--at TIME | --txid N]\n"
	    "           (--to FILE | --dry-run) [--json]\n"
	    "\n"
	    "  --to FILE    makes a new file and changes nothing else\n"
	    "  --in-place   the tenant itself goes on from there; the file "
	    "that it\n"
	    "               has now is kept, and the message says where\n"
	    "  --dry-run    says what it would do\n"
	    "  --before-migration\n"
	    "               the last state without migration N; says whether "
	    "that has\n"
	    "               all that was committed before it.  Start the older "
	    "release\n"
	    "               first: the one that has N applies it again\n"
	    "  --points     which moments of its history can be restored\n"
	    "  --all        a lost machine: the registry and every tenant; "
	    "goes on where\n"
	    "               it was interrupted\n"
	    "  --litestream a replica that Litestream wrote, 0.5.16 or "
	    "later\n"
	    "  TIME         2026-11-23T10:00:00Z, seconds since 1970, "
	    "\"10 minutes ago\"\n",
	    out);
	return 2;
}

static int
wrong(const char *what, const char *which)
{
	(void)fprintf(stderr, "rowhouse restore: %s%s\n", what, which);
	return usage(stderr);
}

static void
note(struct line *line, int choice)
{
	switch (choice) {
	case 'c':
		line->file = optarg;
		break;
	case AT:
		line->at = optarg;
		break;
	case TXID:
		line->txid = optarg;
		break;
	case LATEST:
		line->latest = 1;
		break;
	case BEFORE_MIGRATION:
		line->migration = optarg;
		break;
	case EPOCH:
		line->epoch = optarg;
		break;
	case TO:
		line->to = optarg;
		break;
	case IN_PLACE:
		line->in_place = 1;
		break;
	case DRY_RUN:
		line->dry_run = 1;
		break;
	case JSON:
		line->json = 1;
		break;
	case FROM:
		line->from = optarg;
		break;
	case ALL:
		line->all = 1;
		break;
	case JOBS:
		line->jobs = optarg;
		break;
	case LITESTREAM:
		line->litestream = 1;
		line->from = optarg;
		break;
	case POINTS:
		line->points = 1;
		break;
	case YES:
		line->yes = 1;
		break;
	}
}

/* 0, or the exit status with *done set. */
static int
read_line(int argc, char **argv, struct line *line, int *done)
{
	int c;

	*done = 1;
	memset(line, 0, sizeof *line);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		if (c == HELP)
			return usage(stdout) * 0;
		if (c == ':')
			return wrong("nothing follows ", argv[optind - 1]);
		if (c == '?')
			return wrong("unknown option ", argv[optind - 1]);
		note(line, c);
	}
	line->slug = "";
	if (!line->litestream && !line->all && optind == argc)
		return wrong("which tenant?", "");
	if (!line->litestream && !line->all)
		line->slug = argv[optind++];
	if (optind < argc)
		return wrong("one word too many: ", argv[optind]);
	if (!!line->at + !!line->txid + line->latest + !!line->migration > 1)
		return wrong("--at, --txid, --latest and --before-migration: "
			     "only one",
		    "");
	if (line->migration && (line->epoch || line->all || line->litestream))
		return wrong("--before-migration looks through all epochs of "
			     "one tenant",
		    "");
	if (line->to && line->in_place)
		return wrong("--to and --in-place: only one", "");
	if (line->all &&
	    (line->to || line->in_place || line->txid || line->epoch ||
		line->litestream))
		return wrong("--all goes with --at, --jobs, --dry-run, --json, "
			     "--from and -c",
		    "");
	if (line->jobs && !line->all)
		return wrong("--jobs goes with --all", "");
	if (line->litestream && (line->in_place || line->epoch))
		return wrong("a replica that Litestream wrote has no tenants "
			     "and no epochs: --to FILE",
		    "");
	if (line->points &&
	    (line->all || line->litestream || line->at || line->txid ||
		line->latest || line->migration || line->epoch || line->to ||
		line->in_place || line->dry_run))
		return wrong("--points goes with --json, --from and -c", "");
	if (!line->points && !line->all && !line->to && !line->in_place && !line->dry_run)
		return wrong("where to? --to FILE or --in-place", "");
	*done = 0;
	return 0;
}

static int
read_point(const struct line *line, struct restore_opts *opts, struct err *err)
{
	uint64_t epoch = 0;

	*opts = (struct restore_opts){ .slug = line->slug };
	if (!line->litestream && !line->all &&
	    strcmp(line->slug, SLUG_REGISTRY) != 0 &&
	    slug_check(str_of(line->slug), err) != 0)
		return -1;
	if (line->epoch && (str_hex64(str_of(line->epoch), &epoch) != 0 ||
			       epoch == 0 || epoch > UINT32_MAX))
		return err_set(err, ERR_INPUT,
		    "--epoch %s: is not an epoch, as 0000001f", line->epoch);
	opts->epoch = (uint32_t)epoch;
	return restore_opts_point(opts, line->at, line->txid, err);
}

/* What the rest works with. */
struct job {
	struct line line;
	struct restore_opts opts;
	struct config config;
	struct store *store;
	struct arena *arena;
	struct restore_plan plan;
	struct restore_report report;
};

static int
open_store(struct job *job, struct err *err)
{
	const char *url = job->line.from;

	/* On a machine that has nothing but the replica --from is enough. */
	if ((!url || job->line.in_place || job->line.all || job->line.file) &&
	    config_load(&job->config, job->line.file, err) != 0)
		return -1;
	if (!url && !job->config.replica[0]) {
		err_set(err, ERR_INPUT, "%s names no replica (replica.url)",
		    job->config.file);
		return err_hint(err, "--from URL names one");
	}
	job->store = store_open(url ? url : job->config.replica, err);
	return job->store ? 0 : -1;
}

/*
 * The replica lags by up to a second, and what was committed in it belongs to
 * the history that is left.  Where no replicator runs there is nobody to ask;
 * replace_tenant asks again and reports.
 */
static void
catch_up(struct job *job)
{
	struct err err = ERR_INIT;

	if ((job->line.in_place || job->line.migration || job->line.points) &&
	    !job->line.from)
		(void)control_flush(
		    &job->config, job->line.slug, FLUSH_MS, &err);
}

static int
confirm(struct job *job, struct err *err)
{
	char answer[SLUG_MAX + 2];

	if (job->line.yes || !prompt_possible())
		return 0;
	restore_report_plan(&job->report, stderr);
	if (prompt_line("Type the tenant's name to go on from there: ", 0,
		answer, sizeof answer, err) != 0)
		return -1;
	if (strcmp(answer, job->line.slug) != 0)
		return err_set(err, ERR_CONFLICT, "nothing was changed");
	return 0;
}

static int
restore_to(struct job *job, const char *path, struct err *err)
{
	struct restore_target target = { .path = path,
		.progress = restore_report_progress,
		.around = restore_report_around,
		.arg = &job->report };

	if (restore_around(job->store, &job->plan, job->arena, &target, err) !=
	    0)
		return -1;
	restore_report_done(&job->report, &target, NULL);
	return 0;
}

/* What was revoked since the registry was as it is again stays revoked. */
static int
revoke_tokens(const struct config *config, struct err *err)
{
	/* It may be of an older release. */
	struct registry *registry = registry_open(config, DB_TOOL, 1, err);
	int rc = -1;

	if (registry != NULL && registry_revoke_tokens(registry, err) == 0)
		rc = 0;
	registry_close(registry);
	return rc == 0 ? 0 : err_wrap(err, "the registry is restored, but");
}

/* There is one registry, and no incarnation of it: it must be gone first. */
static int
restore_registry(struct job *job, struct err *err)
{
	struct layout_path path = layout_registry(&job->config);

	if (restore_to(job, path.p, err) == 0)
		return revoke_tokens(&job->config, err);
	if (err->code == ERR_CONFLICT)
		err_hint(err,
		    "a registry that is there is not replaced: stop rowhouse "
		    "and move it, its -wal and its -shm away");
	return -1;
}

static int
restore_in_place(struct job *job, struct err *err)
{
	char caller[CALLER_MAX], point[64];
	struct registry_deed deed = { .what = STR("tenant-restored"),
		.slug = str_of(job->line.slug) };
	struct replace replace = { .config = &job->config,
		.deed = &deed,
		.store = job->store,
		.plan = &job->plan,
		.arena = job->arena,
		.target = { .progress = restore_report_progress,
		    .around = restore_report_around,
		    .arg = &job->report } };

	caller_name(caller);
	(void)snprintf(point, sizeof(point), "TXID %llu of epoch %08x",
	    (unsigned long long)job->plan.txid, job->plan.epoch);
	deed.who = str_of(caller);
	deed.detail = str_of(point);
	if (replace_tenant(&replace, err) != 0)
		return -1;
	restore_report_done(&job->report, &replace.target, &replace);
	return 0;
}

/* Its row of our registry, where there is one: another replica than ours is not of it. */
static int
find_row(const struct job *job, struct registry_tenant *row)
{
	struct err ignored = ERR_INIT;
	struct registry *registry;
	int found;

	if (job->line.from)
		return 0;
	registry = registry_open(&job->config, DB_TOOL, 0, &ignored);
	found = registry && registry_find(registry, str_of(job->line.slug), row,
				&ignored) == 0;
	registry_close(registry);
	return found;
}

/* The tenant's file, to read what its migrations noted; NULL: nothing is known. */
static struct db *
open_noted(const struct job *job)
{
	struct err ignored = ERR_INIT;
	struct registry_tenant row;
	struct layout_path path;
	struct db_opts opts = { .path = path.p,
		.role = DB_TOOL,
		.busy_ms = job->config.busy_timeout_ms };
	struct db *db = NULL;

	if (find_row(job, &row)) {
		path = layout_db(&job->config, row.slug, row.epoch);
		db = db_open(&opts, &ignored);
	}
	return db;
}

/* "" where there is nothing that says so. */
static void
read_noted(struct db *db, int number, char out[MIGRATE_POINT])
{
	struct err ignored = ERR_INIT;
	char key[32];

	out[0] = '\0';
	(void)snprintf(key, sizeof key, "point.%d", number);
	if (db)
		(void)meta_get(db, key, out, MIGRATE_POINT, &ignored);
}

/* Which TXID that is. */
static int
find_migration(struct job *job, struct restore_migration *found,
    struct err *err)
{
	char noted[MIGRATE_POINT];
	struct db *db;
	uint64_t number;

	if (str_u64(str_of(job->line.migration), &number) != 0 || number == 0 ||
	    number > INT32_MAX)
		return err_set(err, ERR_INPUT,
		    "--before-migration %.40s: is not a number from 1 on",
		    job->line.migration);
	db = open_noted(job);
	read_noted(db, (int)number, noted);
	db_close(db);
	*found = (struct restore_migration){ .store = job->store,
		.slug = job->line.slug,
		.number = (int)number,
		.noted = noted };
	if (restore_migration_find(found, err) != 0)
		return -1;
	found->noted = NULL;
	job->opts.point = RESTORE_TXID;
	job->opts.epoch = found->epoch;
	job->opts.txid = found->txid;
	return 0;
}

#define JOBS_MAX     64
#define JOBS_DEFAULT 8

static int
restore_all_of(struct job *job, struct err *err)
{
	const struct line *line = &job->line;
	struct cmd_restore_all cmd = { .config = &job->config,
		.url = store_url(job->store),
		.opts = &job->opts,
		.dry_run = line->dry_run,
		.json = line->json };
	uint64_t jobs = JOBS_DEFAULT;

	if (line->jobs && (str_u64(str_of(line->jobs), &jobs) != 0 ||
			      jobs == 0 || jobs > JOBS_MAX))
		return err_set(err, ERR_INPUT,
		    "--jobs %s: is not a number from 1 to %d", line->jobs,
		    JOBS_MAX);
	cmd.jobs = (int)jobs;
	return cmd_restore_all(&cmd, err);
}

/* The newest first. */
static void
read_migrations(const struct job *job, struct restore_points *points)
{
	struct db *db = open_noted(job);
	struct err ignored = ERR_INIT;
	char noted[MIGRATE_POINT];
	int64_t number = 0;
	uint32_t epoch;
	uint64_t txid;

	if (db == NULL || db_user_version(db, &number, &ignored) != 0)
		number = 0;
	for (; number > 0 && points->n_migrations < RESTORE_POINTS_MIGRATIONS;
	     number--) {
		read_noted(db, (int)number, noted);
		if (restore_migration_noted(str_of(noted), &epoch, &txid) == 0)
			points->migration[points->n_migrations++] =
			    (struct restore_points_migration){
				    .number = (int)number,
				    .epoch = epoch,
				    .txid = txid,
			    };
	}
	db_close(db);
}

static int
show_points(const struct job *job, struct err *err)
{
	struct restore_points *points = calloc(1, sizeof *points);
	/* Of another house's replica it is not known how it was merged. */
	const struct config *config = job->line.from ? NULL : &job->config;
	struct buf out;
	int rc;

	if (!points)
		err_die("out of memory: points");
	points->store = job->store;
	points->slug = job->line.slug;
	read_migrations(job, points);
	buf_init(&out, RESTORE_POINTS_JSON);
	rc = restore_points_find(points, err);
	if (rc == 0 && !job->line.json)
		restore_points_show(points, config);
	if (rc == 0 && job->line.json) {
		restore_points_put(points, config, &out);
		rc = buf_check(&out, "the list of them", err);
	}
	if (rc == 0 && job->line.json)
		(void)printf("%.*s\n", STR_FMT(buf_view(&out)));
	buf_free(&out);
	free(points);
	return rc;
}

/*
 * What an erasure has left yet is no state that there was.  Nobody says so where the
 * registry is lost, or is another's.
 */
static int
check_kept(const struct job *job, struct err *err)
{
	struct registry_tenant row;

	return find_row(job, &row) ? registry_check_kept(&row, err) : 0;
}

static int
run(struct job *job, struct err *err)
{
	const struct line *line = &job->line;
	struct restore_migration before = { .number = 0 };

	if (read_point(line, &job->opts, err) != 0)
		return -1;
	if (open_store(job, err) != 0)
		return -1;
	if (line->all)
		return restore_all_of(job, err);
	if (check_kept(job, err) != 0)
		return -1;
	catch_up(job);
	if (line->points)
		return show_points(job, err);
	if (line->migration && find_migration(job, &before, err) != 0)
		return -1;
	if (restore_plan(job->store, &job->opts, job->arena, &job->plan, err) !=
	    0)
		return -1;
	job->plan.migration = before.number;
	job->plan.exact = before.exact;
	restore_report_init(&job->report, &job->plan, line->json);
	if (line->dry_run) {
		restore_report_plan(&job->report, stdout);
		return 0;
	}
	if (line->to)
		return restore_to(job, line->to, err);
	if (strcmp(line->slug, SLUG_REGISTRY) == 0)
		return restore_registry(job, err);
	if (confirm(job, err) != 0)
		return -1;
	/* The time somebody took to think is not ours. */
	restore_report_init(&job->report, &job->plan, line->json);
	return restore_in_place(job, err);
}

int
cmd_restore(int argc, char **argv)
{
	struct job *job = calloc(1, sizeof *job);
	struct err err = ERR_INIT;
	int done, status;

	if (!job)
		err_die("out of memory: restore");
	status = read_line(argc, argv, &job->line, &done);
	if (done)
		goto out;
	job->arena = arena_new(RESTORE_PLAN_MAX);
	if (run(job, &err) == 0 && fflush(stdout) != 0)
		err_sys(&err, "cannot write the report");
	if (err.code == ERR_NONE)
		goto out;
	restore_report_clear(&job->report);
	(void)fprintf(stderr, "rowhouse restore: %s\n", err.msg);
	if (err.hint[0])
		(void)fprintf(stderr, "  %s\n", err.hint);
	status = err_class(err.code)->exit;
out:
	store_close(job->store);
	arena_free(job->arena);
	free(job);
	return status;
}
