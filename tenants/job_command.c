/*
 * A job is done by the same command that an operator would type, and may be
 * begun anew after whoever did it was killed.  That has to be no second deed:
 *
 *	erase	goes on where it stopped; done where the tenant is gone
 *	restore	done where the tenant has another incarnation than when it was
 *		asked for, since one more would lose what was written since
 *	clone, import	the new tenant's uid was drawn when it was asked for:
 *		done where he is there, and refused where somebody else is
 *	export	done where the file is there, which gets its name when it is whole
 *	plan, verify	change nothing
 */
#include "tenants/job.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"

struct words {
	const struct config *config;
	struct arena *arena;
	char **argv;
	int n;
};

static void
say(struct words *words, const char *word)
{
	if (words->n >= JOB_WORDS - 1)
		err_die("a job of too many words");
	words->argv[words->n++] = arena_strz(words->arena, str_of(word));
	words->argv[words->n] = NULL;
}

static void
say_point(struct words *words, const struct job *job)
{
	char text[CLOCK_TEXT];

	if (job->at_ms != 0) {
		clock_format(job->at_ms, text);
		say(words, "--at");
		say(words, text);
	} else if (job->txid != 0) {
		(void)snprintf(
		    text, sizeof(text), "%lld", (long long)job->txid);
		say(words, "--txid");
		say(words, text);
	} else {
		say(words, "--latest");
	}
}

static void
say_tenant(struct words *words, const char *verb, const struct job *job)
{
	say(words, "tenant");
	say(words, verb);
	say(words, job->tenant);
}

static void
say_all(struct words *words, const struct job *job)
{
	switch (job->kind) {
	case JOB_ERASE:
		say_tenant(words, "erase", job);
		say(words, "--yes");
		say(words, "--json");
		break;
	case JOB_RESTORE:
	case JOB_PLAN:
		say(words, "restore");
		say(words, job->tenant);
		say_point(words, job);
		say(words, job->kind == JOB_PLAN ? "--dry-run" : "--in-place");
		say(words, "--yes");
		say(words, "--json");
		break;
	case JOB_CLONE:
		say_tenant(words, "clone", job);
		say(words, job->to);
		say_point(words, job);
		say(words, "--uid");
		say(words, job->to_uid);
		break;
	case JOB_EXPORT:
		say_tenant(words, "export", job);
		say(words, job_export_path(words->config, job).p);
		break;
	case JOB_IMPORT:
		say_tenant(words, "import", job);
		say(words, job_import_path(words->config, job).p);
		say(words, "--uid");
		say(words, job->uid);
		break;
	case JOB_VERIFY:
		say(words, "verify");
		say(words, job->tenant);
		say(words, "--json");
		break;
	case JOB_POINTS:
		say(words, "restore");
		say(words, job->tenant);
		say(words, "--points");
		say(words, "--json");
		break;
	case JOB_KINDS:
		err_die("a job of no kind");
	}
	say(words, "-c");
	say(words, words->config->file);
}

/* The row, or uid "" where there is none: 0, -1. */
static int
find(struct registry *registry, const char *slug, struct registry_tenant *out,
    struct err *err)
{
	memset(out, 0, sizeof(*out));
	if (registry_find(registry, str_of(slug), out, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	err_clear(err);
	return 0;
}

static void
tell(const struct config *config, const struct job *job,
    const struct registry_tenant *row, struct buf *out)
{
	buf_puts(out, "{\"slug\":");
	json_put_string(out, str_of(job->tenant));
	buf_puts(out, ",\"uid\":");
	json_put_string(out, str_of(job->uid));
	if (job->kind != JOB_ERASE)
		buf_printf(out, ",\"epoch\":%u", row->epoch);
	if (job->kind == JOB_EXPORT) {
		buf_puts(out, ",\"path\":");
		json_put_string(out, str_of(job_export_path(config, job).p));
	}
	buf_puts(out, ",\"resumed\":true}\n");
}

/* He who is to be made: 1 he is there, 0 nobody is, -1. */
static int
is_made(struct registry *registry, const char *slug, const char *uid,
    struct registry_tenant *row, struct err *err)
{
	if (find(registry, slug, row, err) != 0)
		return -1;
	if (row->uid[0] == '\0')
		return 0;
	if (strcmp(row->uid, uid) == 0)
		return 1;
	return err_set(err, ERR_CONFLICT, "tenant %s exists already", slug);
}

/* Whom it is about is still he, and as he was: 1 it was done, 0, -1. */
static int
is_done(const struct config *config, struct registry *registry,
    const struct job *job, struct registry_tenant *row, struct err *err)
{
	if (job->kind == JOB_IMPORT)
		return is_made(registry, job->tenant, job->uid, row, err);
	if (find(registry, job->tenant, row, err) != 0)
		return -1;
	if (strcmp(row->uid, job->uid) != 0) {
		if (job->kind == JOB_ERASE && job->attempts > 1)
			return 1;
		return err_set(err, ERR_CONFLICT,
		    "the tenant %s that this was asked for is not there any "
		    "more",
		    job->tenant);
	}
	switch (job->kind) {
	case JOB_RESTORE:
		if (row->epoch == job->epoch)
			return 0;
		if (job->attempts > 1)
			return 1;
		return err_set(err, ERR_CONFLICT,
		    "tenant %s was restored since this was asked for",
		    job->tenant);
	case JOB_CLONE:
		return is_made(registry, job->to, job->to_uid, row, err);
	case JOB_EXPORT:
		return file_exists(job_export_path(config, job).p, err);
	default:
		return 0;
	}
}

int
job_command(const struct config *config, struct registry *registry,
    const struct job *job, struct arena *arena, char *argv[JOB_WORDS],
    struct buf *out, struct err *err)
{
	struct words words = { config, arena, argv, 0 };
	struct registry_tenant row;
	int done = is_done(config, registry, job, &row, err);

	if (done < 0)
		return -1;
	if (done) {
		tell(config, job, &row, out);
		return 0;
	}
	say(&words, "rowhouse");
	say_all(&words, job);
	return 1;
}
