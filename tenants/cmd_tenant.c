/* rowhouse tenant: tenants from the command line. */
#include "tenants/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/app.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/prompt.h"
#include "tenants/registry.h"

#define WORDS        4 /* create SLUG; host add SLUG HOST */
#define PASSWORD_MAX 1024
#define LIST_MAX     ((size_t)256 << 20)

/* What was said on the command line. */
struct line {
	const char *file;
	const char *owner;
	const char *name;
	int password_stdin;
	int json;
	int yes;
	int n;
	const char *word[WORDS];
};

/* What a verb works with. */
struct job {
	struct line line;
	struct config config;
	struct registry *registry;
	struct str slug;
};

enum choice { OWNER = 256, NAME, PASSWORD_STDIN, JSON, YES, HELP };

static const struct option options[] = {
	{ "owner", required_argument, NULL, OWNER },
	{ "name", required_argument, NULL, NAME },
	{ "password-stdin", no_argument, NULL, PASSWORD_STDIN },
	{ "json", no_argument, NULL, JSON },
	{ "yes", no_argument, NULL, YES },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

/* --- create ------------------------------------------------------------- */

static int
ask_password(
    const struct line *line, char *out, size_t out_size, struct err *err)
{
	char again[PASSWORD_MAX];
	int rc = 0;

	if (line->password_stdin || !prompt_possible())
		return prompt_line("", 0, out, out_size, err);
	if (prompt_line("Password of the owner: ", 1, out, out_size, err) !=
		0 ||
	    prompt_line("Once more: ", 1, again, sizeof(again), err) != 0)
		rc = -1;
	else if (strcmp(out, again) != 0)
		rc = err_set(err, ERR_INPUT, "these were two passwords");
	crypto_wipe(again, sizeof(again));
	return rc;
}

static int
create(struct job *job, struct err *err)
{
	char password[PASSWORD_MAX];
	struct lifecycle_owner owner = { .email = str_of(job->line.owner),
		.name = str_of(job->line.name) };
	struct app *app = app_load(job->config.app, NULL, NULL, err);
	int rc = -1;

	if (app == NULL)
		return -1;
	if (registry_check_free(job->registry, job->slug, err) != 0 ||
	    ask_password(&job->line, password, sizeof(password), err) != 0)
		goto done;
	owner.password = str_of(password);
	rc = lifecycle_create(
	    &job->config, job->registry, app, job->slug, &owner, err);
	if (rc == 0)
		printf("tenant %.*s created; its host is %.*s.%s\n",
		    STR_FMT(job->slug), STR_FMT(job->slug),
		    job->config.base_domain);
done:
	crypto_wipe(password, sizeof(password));
	app_free(app);
	return rc;
}

/* --- list, show --------------------------------------------------------- */

static int64_t
size_of(const struct config *config, const struct registry_tenant *tenant)
{
	struct layout_path path =
	    layout_db(config, tenant->slug, tenant->epoch);
	struct stat st;

	return stat(path.p, &st) == 0 ? (int64_t)st.st_size : -1;
}

static const char *
size_text(int64_t bytes, char out[32])
{
	if (bytes < 0)
		return "missing";
	if (bytes < 10 * 1024 * 1024)
		(void)snprintf(out, 32, "%.1f KiB", (double)bytes / 1024);
	else
		(void)snprintf(out, 32, "%.1f MiB", (double)bytes / (1 << 20));
	return out;
}

static void
put_text(struct buf *out, int *first, const char *name, const char *value)
{
	json_put_name(out, first, name);
	json_put_string(out, str_of(value));
}

static void
put_number(struct buf *out, int *first, const char *name, int64_t value)
{
	json_put_name(out, first, name);
	json_put_i64(out, value);
}

static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	put_text(out, first, name, text);
}

/* The members of a tenant, without the braces. */
static void
put_tenant(struct buf *out, const struct config *config,
    const struct registry_tenant *tenant)
{
	int64_t size = size_of(config, tenant);
	int first = 1;

	put_text(out, &first, "slug", tenant->slug);
	put_text(out, &first, "uid", tenant->uid);
	put_text(out, &first, "state", registry_state_name(tenant->state));
	put_number(out, &first, "epoch", tenant->epoch);
	put_number(out, &first, "parent_epoch", tenant->parent_epoch);
	put_number(out, &first, "parent_txid", (int64_t)tenant->parent_txid);
	put_number(out, &first, "generation", tenant->generation);
	put_number(out, &first, "size_max",
	    tenant->size_max > 0 ? tenant->size_max : config->tenant_size_max);
	if (size >= 0)
		put_number(out, &first, "size", size);
	put_time(out, &first, "created", tenant->created_ms);
	put_time(out, &first, "updated", tenant->updated_ms);
	put_text(out, &first, "path",
	    layout_db(config, tenant->slug, tenant->epoch).p);
}

struct listing {
	const struct job *job;
	struct buf *out;
	int n;
};

static int
list_tenant(const struct registry_tenant *tenant, void *arg)
{
	struct listing *listing = arg;
	const struct config *config = &listing->job->config;
	char created[CLOCK_TEXT], size[32];

	if (listing->job->line.json) {
		buf_puts(listing->out, listing->n > 0 ? ",\n{" : "\n{");
		put_tenant(listing->out, config, tenant);
		buf_putc(listing->out, '}');
	} else {
		clock_format(tenant->created_ms, created);
		buf_printf(listing->out, "%-40s %-9s %8u %10.10s %12s\n",
		    tenant->slug, registry_state_name(tenant->state),
		    tenant->epoch, created,
		    size_text(size_of(config, tenant), size));
	}
	listing->n++;
	return 0;
}

static int
print(struct buf *out, struct err *err)
{
	if (buf_check(out, "the list", err) != 0)
		return -1;
	if (fwrite(out->p, 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		return err_sys(err, "cannot write to standard output");
	return 0;
}

static int
list(struct job *job, struct err *err)
{
	struct listing listing = { .job = job };
	struct buf out;
	int rc;

	buf_init(&out, LIST_MAX);
	listing.out = &out;
	if (job->line.json)
		buf_puts(&out, "{\"tenants\":[");
	else
		buf_printf(&out, "%-40s %-9s %8s %10s %12s\n", "TENANT",
		    "STATE", "EPOCH", "CREATED", "SIZE");
	rc = registry_each(job->registry, list_tenant, &listing, err);
	if (job->line.json)
		buf_puts(&out, "]}\n");
	if (rc == 0)
		rc = print(&out, err);
	buf_free(&out);
	return rc;
}

static int
show_host(const char *host, void *arg)
{
	struct listing *listing = arg;

	if (listing->job->line.json) {
		if (listing->n > 0)
			buf_putc(listing->out, ',');
		json_put_string(listing->out, str_of(host));
	} else {
		buf_printf(listing->out, "%-12s %s\n", "host", host);
	}
	listing->n++;
	return 0;
}

static void
show_text(struct buf *out, const struct config *config,
    const struct registry_tenant *tenant)
{
	char created[CLOCK_TEXT], updated[CLOCK_TEXT], size[32], max[32];

	clock_format(tenant->created_ms, created);
	clock_format(tenant->updated_ms, updated);
	buf_printf(out,
	    "%-12s %s\n%-12s %s\n%-12s %s\n%-12s %u\n%-12s %u\n%-12s %s\n"
	    "%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s\n",
	    "tenant", tenant->slug, "uid", tenant->uid, "state",
	    registry_state_name(tenant->state), "epoch", tenant->epoch,
	    "generation", tenant->generation, "created", created, "updated",
	    updated, "file", layout_db(config, tenant->slug, tenant->epoch).p,
	    "size", size_text(size_of(config, tenant), size), "at most",
	    size_text(tenant->size_max > 0 ? tenant->size_max
					   : config->tenant_size_max,
		max));
	if (tenant->parent_epoch > 0)
		buf_printf(out, "%-12s epoch %u, TXID %llu\n", "restored from",
		    tenant->parent_epoch,
		    (unsigned long long)tenant->parent_txid);
	buf_printf(
	    out, "%-12s %s.%s\n", "host", tenant->slug, config->base_domain);
}

static int
show(struct job *job, struct err *err)
{
	struct listing listing = { .job = job };
	struct registry_tenant tenant;
	struct buf out;
	int rc;

	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	buf_init(&out, LIST_MAX);
	listing.out = &out;
	if (job->line.json) {
		buf_putc(&out, '{');
		put_tenant(&out, &job->config, &tenant);
		buf_puts(&out, ",\"hosts\":[");
	} else {
		show_text(&out, &job->config, &tenant);
	}
	rc = registry_each_host(
	    job->registry, job->slug, show_host, &listing, err);
	if (job->line.json)
		buf_puts(&out, "]}\n");
	if (rc == 0)
		rc = print(&out, err);
	buf_free(&out);
	return rc;
}

/* --- states and hosts --------------------------------------------------- */

static int
suspend(struct job *job, struct err *err)
{
	if (registry_set_state(
		job->registry, job->slug, REGISTRY_SUSPENDED, err) != 0)
		return -1;
	printf("tenant %.*s is suspended\n", STR_FMT(job->slug));
	return 0;
}

static int
resume(struct job *job, struct err *err)
{
	if (registry_set_state(
		job->registry, job->slug, REGISTRY_ACTIVE, err) != 0)
		return -1;
	printf("tenant %.*s is active\n", STR_FMT(job->slug));
	return 0;
}

static int delete (struct job *job, struct err *err)
{
	char typed[SLUG_MAX + 2];
	struct registry_tenant tenant;

	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	if (!job->line.yes) {
		if (!prompt_possible()) {
			err_set(err, ERR_INPUT, "nobody is there to confirm");
			return err_hint(err, "say --yes");
		}
		if (prompt_line("Nobody will be able to use this tenant any "
				"more.\nType its slug to delete it: ",
			0, typed, sizeof(typed), err) != 0)
			return -1;
		if (!str_is(job->slug, typed))
			return err_set(err, ERR_INPUT,
			    "that is another slug; nothing was done");
	}
	if (lifecycle_delete(job->registry, job->slug, err) != 0)
		return -1;
	printf("tenant %.*s is deleted; its data is kept below %s\n",
	    STR_FMT(job->slug), layout_tenant(&job->config, tenant.slug).p);
	return 0;
}

static int
host_add(struct job *job, struct err *err)
{
	struct str name = str_of(job->line.word[3]);

	if (registry_host_add(job->registry, job->slug, name, err) != 0)
		return -1;
	printf("tenant %.*s has the host %.*s\n", STR_FMT(job->slug),
	    STR_FMT(name));
	return 0;
}

static int
host_remove(struct job *job, struct err *err)
{
	struct str name = str_of(job->line.word[3]);

	if (registry_host_remove(job->registry, job->slug, name, err) != 0)
		return -1;
	printf("tenant %.*s has the host %.*s no more\n", STR_FMT(job->slug),
	    STR_FMT(name));
	return 0;
}

/* --- the command -------------------------------------------------------- */

static const struct verb {
	const char *name;
	const char *second; /* of two words, or NULL */
	int words; /* with the verb's own */
	int make; /* the registry, where there is none */
	int (*run)(struct job *job, struct err *err);
	const char *usage;
} verbs[] = {
	{ "create", NULL, 2, 1, create,
	    "create SLUG --owner EMAIL [--name NAME] [--password-stdin]" },
	{ "list", NULL, 1, 0, list, "list [--json]" },
	{ "show", NULL, 2, 0, show, "show SLUG [--json]" },
	{ "suspend", NULL, 2, 0, suspend, "suspend SLUG" },
	{ "resume", NULL, 2, 0, resume, "resume SLUG" },
	{ "delete", NULL, 2, 0, delete, "delete SLUG [--yes]" },
	{ "host", "add", 4, 0, host_add, "host add SLUG HOST" },
	{ "host", "remove", 4, 0, host_remove, "host remove SLUG HOST" },
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
find_verb(const struct line *line)
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
read_line(int argc, char **argv, struct line *line, int *done)
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
		else if (c == HELP)
			return usage(stdout, NULL) * 0;
		else if (c == ':')
			return wrong(
			    NULL, "nothing follows ", argv[optind - 1]);
		else
			return wrong(NULL, "unknown option ", argv[optind - 1]);
	}
	for (; optind < argc; optind++) {
		if (line->n == WORDS)
			return wrong(NULL, "one word too many: ", argv[optind]);
		line->word[line->n++] = argv[optind];
	}
	*done = 0;
	return 0;
}

static int
run(const struct verb *verb, struct job *job, struct err *err)
{
	int rc;

	if (crypto_init(err) != 0 ||
	    config_load(&job->config, job->line.file, err) != 0)
		return -1;
	if (verb->words > 1 && slug_check(job->slug, err) != 0)
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
	struct job job;
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
	if (job.line.n != verb->words)
		return wrong(verb->name,
		    job.line.n < verb->words ? "a word is missing"
					     : "one word too many: ",
		    job.line.n < verb->words ? "" : job.line.word[verb->words]);
	if (verb->run == create && job.line.owner == NULL)
		return wrong(verb->name, "--owner is missing", "");
	if (verb->words > 1)
		job.slug = str_of(job.line.word[verb->words == 4 ? 2 : 1]);
	if (run(verb, &job, &err) == 0)
		return 0;
	(void)fprintf(stderr, "rowhouse tenant: %s\n", err.msg);
	if (err.hint[0] != '\0')
		(void)fprintf(stderr, "  %s\n", err.hint);
	return err_class(err.code)->exit;
}
