/*
 * rowhouse tenant: tenants from the command line.  The verbs are in
 * cmd_tenant_*.c; those of other rooms come from rowhouse.c.
 */
#include "tenants/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/crypto.h"
#include "tenants/caller.h"
#include "tenants/cmd_tenant.h"
#include "tenants/owner.h"

enum choice {
	OWNER = 256,
	NAME,
	PASSWORD_STDIN,
	STATE,
	SORT,
	LIMIT,
	PLAN,
	AT,
	TXID,
	LATEST,
	FROM,
	UID,
	JSON,
	YES,
	WRITE,
	HELP
};

static const struct option options[] = {
	{ "owner", required_argument, NULL, OWNER },
	{ "name", required_argument, NULL, NAME },
	{ "password-stdin", no_argument, NULL, PASSWORD_STDIN },
	{ "state", required_argument, NULL, STATE },
	{ "sort", required_argument, NULL, SORT },
	{ "limit", required_argument, NULL, LIMIT },
	{ "plan", required_argument, NULL, PLAN },
	{ "at", required_argument, NULL, AT },
	{ "txid", required_argument, NULL, TXID },
	{ "latest", no_argument, NULL, LATEST },
	{ "from", required_argument, NULL, FROM },
	{ "uid", required_argument, NULL, UID },
	{ "json", no_argument, NULL, JSON },
	{ "yes", no_argument, NULL, YES },
	{ "write", no_argument, NULL, WRITE },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static const struct cmd_tenant_verb verbs[] = {
	{ "create", NULL, 2, 2, 1, cmd_tenant_create,
	    "create SLUG --owner EMAIL [--name NAME] [--password-stdin]",
	    "tenant-created", 0 },
	{ "invite", NULL, 2, 2, 1, cmd_tenant_invite, "invite SLUG",
	    "invited", 0 },
	{ "list", NULL, 1, 2, 0, cmd_tenant_list,
	    "list [PATTERN] [--state STATE] [--sort [-]KEY] [--limit N] "
	    "[--json]",
	    NULL, 0 },
	{ "show", NULL, 2, 2, 0, cmd_tenant_show, "show SLUG [--json]",
	    NULL, 0 },
	{ "suspend", NULL, 2, 2, 0, cmd_tenant_suspend, "suspend SLUG",
	    "tenant-suspended", 0 },
	{ "resume", NULL, 2, 2, 0, cmd_tenant_resume, "resume SLUG",
	    "tenant-resumed", 0 },
	{ "delete", NULL, 2, 2, 0, cmd_tenant_delete, "delete SLUG [--yes]",
	    "tenant-deleted", 0 },
	{ "undelete", NULL, 2, 2, 0, cmd_tenant_undelete, "undelete SLUG",
	    "tenant-undeleted", 0 },
	{ "plan", NULL, 3, 3, 0, cmd_tenant_plan, "plan SLUG NAME",
	    "plan-set", 2 },
	{ "export", NULL, 3, 3, 0, cmd_tenant_export, "export SLUG FILE",
	    NULL, 0 },
	{ "import", NULL, 3, 3, 1, cmd_tenant_import,
	    "import SLUG FILE [--uid UID]",
	    "tenant-imported", 2 },
	{ "sql", NULL, 2, 3, 0, cmd_tenant_sql,
	    "sql SLUG [STATEMENTS] [--write] [--json]",
	    "sql-written", 0 },
	{ "host", "add", 4, 4, 0, cmd_tenant_host_add, "host add SLUG HOST",
	    "host-added", 3 },
	{ "host", "remove", 4, 4, 0, cmd_tenant_host_remove,
	    "host remove SLUG HOST",
	    "host-removed", 3 },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* Those of this room, then the others. */
struct book {
	const struct cmd_tenant_verb *const *others;
	size_t n;
};

/* NULL where there is none left. */
static const struct cmd_tenant_verb *
verb_at(const struct book *book, size_t i)
{
	if (i < VERBS)
		return &verbs[i];
	return i < VERBS + book->n ? book->others[i - VERBS] : NULL;
}

static int
usage(FILE *out, const struct book *book, const char *name)
{
	const struct cmd_tenant_verb *verb;
	const char *head = "usage:";
	size_t i;

	for (i = 0; (verb = verb_at(book, i)) != NULL; i++) {
		if (name != NULL && strcmp(name, verb->name) != 0)
			continue;
		(void)fprintf(out, "%-6s rowhouse tenant %s [-c FILE]\n", head,
		    verb->usage);
		head = "";
	}
	return 2;
}

static int
wrong(const struct book *book, const char *verb, const char *what,
    const char *which)
{
	(void)fprintf(stderr, "rowhouse tenant: %s%s\n", what, which);
	return usage(stderr, book, verb);
}

static const struct cmd_tenant_verb *
find_verb(const struct book *book, const struct cmd_tenant_line *line)
{
	const struct cmd_tenant_verb *verb;
	size_t i;

	for (i = 0; (verb = verb_at(book, i)) != NULL; i++)
		if (strcmp(line->word[0], verb->name) == 0 &&
		    (verb->second == NULL ||
			(line->n > 1 &&
			    strcmp(line->word[1], verb->second) == 0)))
			return verb;
	return NULL;
}

/* "--at" is in "[--at TIME]", and not in "[--attach]". */
static int
takes(const struct cmd_tenant_verb *verb, const char *option)
{
	const char *at = verb->usage;
	size_t n = strlen(option);

	while ((at = strstr(at, "--")) != NULL) {
		at += 2;
		if (strncmp(at, option, n) == 0 && strchr(" ]", at[n]) != NULL)
			return 1;
	}
	return 0;
}

/* The first option given that the verb does not take, or NULL. */
static const char *
not_taken(const struct cmd_tenant_verb *verb, unsigned given)
{
	for (size_t i = 0; options[i].name != NULL; i++)
		if ((given & 1U << i) && !takes(verb, options[i].name))
			return options[i].name;
	return NULL;
}

/* Where what follows an option belongs, or NULL. */
static const char **
place_of(struct cmd_tenant_line *line, int option)
{
	switch (option) {
	case 'c':
		return &line->file;
	case OWNER:
		return &line->owner;
	case NAME:
		return &line->name;
	case STATE:
		return &line->state;
	case SORT:
		return &line->sort;
	case LIMIT:
		return &line->limit;
	case PLAN:
		return &line->plan;
	case AT:
		return &line->at;
	case TXID:
		return &line->txid;
	case FROM:
		return &line->from;
	case UID:
		return &line->uid;
	default:
		return NULL;
	}
}

/* The same of an option that is given or not. */
static int *
switch_of(struct cmd_tenant_line *line, int option)
{
	switch (option) {
	case PASSWORD_STDIN:
		return &line->password_stdin;
	case LATEST:
		return &line->latest;
	case JSON:
		return &line->json;
	case YES:
		return &line->yes;
	case WRITE:
		return &line->write;
	case HELP:
		return &line->help;
	default:
		return NULL;
	}
}

/* given: bit i for options[i].  0, or the exit status. */
static int
read_line(int argc, char **argv, const struct book *book,
    struct cmd_tenant_line *line, unsigned *given)
{
	int c, i = 0;

	line->name = "";
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:", options, &i)) != -1) {
		if (place_of(line, c) != NULL)
			*place_of(line, c) = optarg;
		else if (switch_of(line, c) != NULL)
			*switch_of(line, c) = 1;
		else
			return wrong(book, NULL,
			    c == ':' ? "nothing follows " : "unknown option ",
			    argv[optind - 1]);
		if (c != 'c')
			*given |= 1U << i;
	}
	for (; optind < argc; optind++) {
		if (line->n == CMD_TENANT_WORDS)
			return wrong(
			    book, NULL, "one word too many: ", argv[optind]);
		line->word[line->n++] = argv[optind];
	}
	return 0;
}

static int
names_slug(const struct cmd_tenant_verb *verb)
{
	return verb->least > 1;
}

static int
run(const struct cmd_tenant_verb *verb, struct cmd_tenant_job *job,
    struct err *err)
{
	char caller[CALLER_MAX];
	int rc;

	if (crypto_init(err) != 0 ||
	    config_load(&job->config, job->line.file, err) != 0)
		return -1;
	if (names_slug(verb) && slug_check(job->slug, err) != 0)
		return -1;
	if (owner_check(&job->config, err) != 0 ||
	    (verb->make && owner_check_new(&job->config, err) != 0))
		return -1;
	job->registry = registry_open(&job->config, DB_TOOL, verb->make, err);
	if (job->registry == NULL)
		return -1;
	if (verb->deed != NULL) {
		caller_name(caller);
		job->deed.who = str_of(caller);
		job->deed.what = str_of(verb->deed);
		job->deed.slug = job->slug;
		if (verb->detail > 0)
			job->deed.detail = str_of(job->line.word[verb->detail]);
		registry_note(job->registry, &job->deed);
	}
	rc = verb->run(job, err);
	registry_close(job->registry);
	return rc;
}

/* 0, or the exit status. */
static int
check_line(const struct book *book, const struct cmd_tenant_verb *verb,
    const struct cmd_tenant_line *line, unsigned given)
{
	const char *odd = not_taken(verb, given);

	if (odd != NULL)
		return wrong(book, verb->name, "unknown option --", odd);
	if (line->n < verb->least)
		return wrong(book, verb->name, "a word is missing", "");
	if (line->n > verb->most)
		return wrong(book, verb->name,
		    "one word too many: ", line->word[verb->most]);
	if (verb->run == cmd_tenant_create && line->owner == NULL)
		return wrong(book, verb->name, "--owner is missing", "");
	if (!!line->at + !!line->txid + line->latest > 1)
		return wrong(book, verb->name,
		    "--at, --txid and --latest: only one", "");
	return 0;
}

/* The verb, or NULL with the exit status of what is wrong with the line. */
static const struct cmd_tenant_verb *
choose(const struct book *book, const struct cmd_tenant_line *line,
    unsigned given, int *status)
{
	const struct cmd_tenant_verb *verb = NULL;

	if (line->n == 0)
		*status = wrong(book, NULL, "what is to be done?", "");
	else if ((verb = find_verb(book, line)) != NULL)
		*status = check_line(book, verb, line, given);
	else if (strcmp(line->word[0], "host") == 0)
		*status =
		    wrong(book, "host", "after host comes add or remove", "");
	else
		*status =
		    wrong(book, NULL, "there is no such verb: ", line->word[0]);
	return *status == 0 ? verb : NULL;
}

int
cmd_tenant(int argc, char **argv, const struct cmd_tenant_verb *const *others,
    size_t n)
{
	const struct book book = { others, n };
	const struct cmd_tenant_verb *verb;
	struct err err = ERR_INIT;
	struct cmd_tenant_job job;
	unsigned given = 0;
	int status;

	memset(&job, 0, sizeof(job));
	status = read_line(argc, argv, &book, &job.line, &given);
	if (status != 0)
		return status;
	if (job.line.help)
		return usage(stdout, &book, NULL) * 0;
	verb = choose(&book, &job.line, given, &status);
	if (verb == NULL)
		return status;
	job.slug = names_slug(verb)
		       ? str_of(job.line.word[verb->second ? 2 : 1])
		       : STR_NONE;
	if (run(verb, &job, &err) == 0)
		return 0;
	(void)fprintf(stderr, "rowhouse tenant: %s\n", err.msg);
	if (err.hint[0] != '\0')
		(void)fprintf(stderr, "  %s\n", err.hint);
	return err_class(err.code)->exit;
}
