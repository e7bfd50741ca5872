/*
 * rowhouse tenant: tenants from the command line.  The verbs are in
 * cmd_tenant_*.c; those of other rooms come from rowhouse.c.
 */
#include "tenants/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/crypto.h"
#include "tenants/cmd_tenant.h"

enum choice {
	OWNER = 256,
	NAME,
	PASSWORD_STDIN,
	STATE,
	SORT,
	LIMIT,
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
	{ "json", no_argument, NULL, JSON },
	{ "yes", no_argument, NULL, YES },
	{ "write", no_argument, NULL, WRITE },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static const struct verb {
	const char *name;
	const char *second; /* of two words, or NULL */
	int least, most; /* words, with the verb's own */
	int make; /* the registry, where there is none */
	int (*run)(struct cmd_tenant_job *job, struct err *err);
	const char *usage;
} verbs[] = {
	{ "create", NULL, 2, 2, 1, cmd_tenant_create,
	    "create SLUG --owner EMAIL [--name NAME] [--password-stdin]" },
	{ "invite", NULL, 2, 2, 1, cmd_tenant_invite, "invite SLUG" },
	{ "list", NULL, 1, 2, 0, cmd_tenant_list,
	    "list [PATTERN] [--state STATE] [--sort [-]KEY] [--limit N] "
	    "[--json]" },
	{ "show", NULL, 2, 2, 0, cmd_tenant_show, "show SLUG [--json]" },
	{ "suspend", NULL, 2, 2, 0, cmd_tenant_suspend, "suspend SLUG" },
	{ "resume", NULL, 2, 2, 0, cmd_tenant_resume, "resume SLUG" },
	{ "delete", NULL, 2, 2, 0, cmd_tenant_delete, "delete SLUG [--yes]" },
	{ "undelete", NULL, 2, 2, 0, cmd_tenant_undelete, "undelete SLUG" },
	{ "plan", NULL, 3, 3, 0, cmd_tenant_plan, "plan SLUG NAME" },
	{ "export", NULL, 3, 3, 0, cmd_tenant_export, "export SLUG FILE" },
	{ "import", NULL, 3, 3, 1, cmd_tenant_import, "import SLUG FILE" },
	{ "sql", NULL, 2, 3, 0, cmd_tenant_sql,
	    "sql SLUG [STATEMENTS] [--write] [--json]" },
	{ "host", "add", 4, 4, 0, cmd_tenant_host_add, "host add SLUG HOST" },
	{ "host", "remove", 4, 4, 0, cmd_tenant_host_remove,
	    "host remove SLUG HOST" },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* The first word that is no option, or -c's. */
static const char *
first_word(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0)
			i++;
		else if (argv[i][0] != '-')
			return argv[i];
	}
	return "";
}

static int
usage(FILE *out, const char *verb)
{
	const char *head = "usage:";
	size_t i;

	for (i = 0; i < VERBS; i++) {
		if (verb != NULL && strcmp(verb, verbs[i].name) != 0)
			continue;
		(void)fprintf(out, "%-6s rowhouse tenant %s [-c FILE]\n", head,
		    verbs[i].usage);
		head = "";
	}
	return 2;
}

static int
wrong(const char *verb, const char *what, const char *which)
{
	(void)fprintf(stderr, "rowhouse tenant: %s%s\n", what, which);
	return usage(stderr, verb);
}

static const struct verb *
find_verb(const struct cmd_tenant_line *line)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (line->n > 0 && strcmp(line->word[0], verbs[i].name) == 0 &&
		    (verbs[i].second == NULL ||
			(line->n > 1 &&
			    strcmp(line->word[1], verbs[i].second) == 0)))
			return &verbs[i];
	return NULL;
}

/* 0, or the exit status with *done set. */
static int
read_line(int argc, char **argv, struct cmd_tenant_line *line, int *done)
{
	int c;

	*done = 1;
	memset(line, 0, sizeof(*line));
	line->name = "";
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		if (c == 'c')
			line->file = optarg;
		else if (c == OWNER)
			line->owner = optarg;
		else if (c == NAME)
			line->name = optarg;
		else if (c == PASSWORD_STDIN)
			line->password_stdin = 1;
		else if (c == JSON)
			line->json = 1;
		else if (c == YES)
			line->yes = 1;
		else if (c == WRITE)
			line->write = 1;
		else if (c == STATE)
			line->state = optarg;
		else if (c == SORT)
			line->sort = optarg;
		else if (c == LIMIT)
			line->limit = optarg;
		else if (c == HELP)
			return usage(stdout, NULL) * 0;
		else if (c == ':')
			return wrong(
			    NULL, "nothing follows ", argv[optind - 1]);
		else
			return wrong(NULL, "unknown option ", argv[optind - 1]);
	}
	for (; optind < argc; optind++) {
		if (line->n == CMD_TENANT_WORDS)
			return wrong(NULL, "one word too many: ", argv[optind]);
		line->word[line->n++] = argv[optind];
	}
	*done = 0;
	return 0;
}

static int
names_slug(const struct verb *verb)
{
	return verb->least > 1;
}

static int
run(const struct verb *verb, struct cmd_tenant_job *job, struct err *err)
{
	int rc;

	if (crypto_init(err) != 0 ||
	    config_load(&job->config, job->line.file, err) != 0)
		return -1;
	if (names_slug(verb) && slug_check(job->slug, err) != 0)
		return -1;
	job->registry = registry_open(&job->config, DB_TOOL, verb->make, err);
	if (job->registry == NULL)
		return -1;
	rc = verb->run(job, err);
	registry_close(job->registry);
	return rc;
}

/* After a usage that does not know them. */
static int
show_others(const struct cmd_verb *others, size_t n, int status)
{
	for (size_t i = 0; i < n; i++)
		(void)fprintf(status == 0 ? stdout : stderr,
		    "       rowhouse tenant %s [-c FILE]\n", others[i].usage);
	return status;
}

int
cmd_tenant(int argc, char **argv, const struct cmd_verb *others, size_t n)
{
	const struct verb *verb;
	struct err err = ERR_INIT;
	struct cmd_tenant_job job;
	int done, status;

	for (size_t i = 0; i < n; i++)
		if (strcmp(first_word(argc, argv), others[i].name) == 0)
			return others[i].run(argc, argv);
	memset(&job, 0, sizeof(job));
	status = read_line(argc, argv, &job.line, &done);
	if (done)
		return show_others(others, n, status);
	if (job.line.n == 0)
		return wrong(NULL, "what is to be done?", "");
	verb = find_verb(&job.line);
	if (verb == NULL && strcmp(job.line.word[0], "host") == 0)
		return wrong("host", "after host comes add or remove", "");
	if (verb == NULL)
		return wrong(NULL, "there is no such verb: ", job.line.word[0]);
	if (job.line.n < verb->least)
		return wrong(verb->name, "a word is missing", "");
	if (job.line.n > verb->most)
		return wrong(verb->name, "one word too many: ",
		    job.line.word[verb->most]);
	if (verb->run == cmd_tenant_create && job.line.owner == NULL)
		return wrong(verb->name, "--owner is missing", "");
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
