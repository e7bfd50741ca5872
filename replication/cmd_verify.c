/*
 * rowhouse verify: is the replica what the database is?  For people, and with
 * --worker for the replicator, whose log it writes to.
 */
#include "replication/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/control.h"
#include "replication/verify.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/json.h"
#include "tenants/base/log.h"

#define LINE_BYTES 4096

struct line {
	const char *file;
	char **slug;
	size_t n;
	int all, json, worker, new_epoch;
};

/* What came of them. */
struct tally {
	const struct line *line;
	const struct config *config;
	size_t proven, failed;
	struct err untold; /* the first that could not be told */
};

static int
usage(void)
{
	fputs("usage: rowhouse verify (SLUG... | --all) [--new-epoch] [--json] "
	      "[-c FILE]\n"
	      "\n"
	      "  --new-epoch  where the replica is wrong, begins it anew with "
	      "a whole copy\n",
	    stderr);
	return 2;
}

static int
read_line(int argc, char **argv, struct line *line)
{
	int i;

	memset(line, 0, sizeof(*line));
	line->slug = calloc((size_t)argc, sizeof(*line->slug));
	if (line->slug == NULL)
		err_die("out of memory: verify");
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			line->file = argv[++i];
		else if (strcmp(argv[i], "--all") == 0)
			line->all = 1;
		else if (strcmp(argv[i], "--json") == 0)
			line->json = 1;
		else if (strcmp(argv[i], "--new-epoch") == 0)
			line->new_epoch = 1;
		else if (strcmp(argv[i], "--worker") == 0)
			line->worker = 1;
		else if (argv[i][0] != '-')
			line->slug[line->n++] = argv[i];
		else
			return -1;
	}
	return line->all == (line->n == 0) ? 0 : -1;
}

static void
put_json(const char *slug, const struct proof *proof, const struct err *err)
{
	struct buf out;
	int first = 1;

	buf_init(&out, LINE_BYTES);
	buf_putc(&out, '{');
	json_put_name(&out, &first, "tenant");
	json_put_string(&out, str_of(slug));
	json_put_name(&out, &first, "result");
	json_put_string(&out, str_of(err->code != ERR_NONE ? "unknown"
				     : proof->failed       ? "failed"
							   : "proven"));
	if (err->code == ERR_NONE) {
		json_put_name(&out, &first, "epoch");
		json_put_i64(&out, proof->epoch);
		json_put_name(&out, &first, "txid");
		json_put_i64(&out, (int64_t)proof->txid);
		json_put_name(&out, &first, "pages");
		json_put_i64(&out, proof->pages);
		json_put_name(&out, &first, "ms");
		json_put_i64(&out, proof->took_ms);
	}
	json_put_name(&out, &first, "error");
	json_put_string(
	    &out, str_of(err->code != ERR_NONE ? err->msg : proof->what));
	buf_putc(&out, '}');
	printf("%.*s\n", STR_FMT(buf_view(&out)));
	buf_free(&out);
}

/* *renewed: the new epoch that was asked for begins, or why it does not. */
static void
say_failed(const struct tally *tally, const char *slug,
    const struct proof *proof, const struct err *renewed)
{
	printf("%s: FAILED PROOF: TXID %llu of epoch %08x: %s\n", slug,
	    (unsigned long long)proof->txid, proof->epoch, proof->what);
	if (!tally->line->new_epoch)
		printf("  the replica does not say what the database does. "
		       "Keep the database, and\n"
		       "  rowhouse verify %s --new-epoch\n",
		    slug);
	else if (renewed->code != ERR_NONE)
		printf("  no new epoch: %s\n", renewed->msg);
	else
		printf("  a new epoch begins, with a whole copy; verify it "
		       "when status shows it\n");
}

static void
say(const struct tally *tally, const char *slug, const struct proof *proof,
    const struct err *err, const struct err *renewed)
{
	if (tally->line->json) {
		put_json(slug, proof, err);
	} else if (err->code != ERR_NONE) {
		printf("%s: not proven: %s\n", slug, err->msg);
		if (err->hint[0] != '\0')
			printf("  %s\n", err->hint);
	} else if (proof->failed) {
		say_failed(tally, slug, proof, renewed);
	} else {
		printf("%s: proven at TXID %llu of epoch %08x (%u pages, "
		       "%.2f s)\n",
		    slug, (unsigned long long)proof->txid, proof->epoch,
		    proof->pages, (double)proof->took_ms / 1000);
	}
	(void)fflush(stdout);
}

static void
note(struct tally *tally, const char *slug, const struct proof *proof,
    const struct err *err)
{
	struct err failed = ERR_INIT, renewed = ERR_INIT;

	if (err->code != ERR_NONE && tally->untold.code == ERR_NONE)
		tally->untold = *err;
	tally->failed += err->code == ERR_NONE && proof->failed;
	tally->proven += err->code == ERR_NONE && !proof->failed;
	if (err->code == ERR_NONE && proof->failed && tally->line->new_epoch)
		(void)control_renew(tally->config, slug, &renewed);
	if (!tally->line->worker) {
		say(tally, slug, proof, err, &renewed);
		return;
	}
	if (err->code != ERR_NONE) {
		log_err("not-proven", str_of(slug), err);
	} else if (proof->failed) {
		err_set(&failed, ERR_CORRUPT,
		    "failed proof: TXID %llu of epoch %08x: %s",
		    (unsigned long long)proof->txid, proof->epoch, proof->what);
		err_hint(&failed, "rowhouse verify %s --new-epoch", slug);
		log_err("failed-proof", str_of(slug), &failed);
	}
}

/* The names first: the registry is asked again about each. */
struct names {
	char (*name)[SLUG_MAX + 1];
	size_t n, max;
};

static int
add_name(const char *slug, void *arg)
{
	struct names *names = arg;

	if (names->n == names->max) {
		names->max = names->max * 2 + 64;
		names->name =
		    realloc(names->name, names->max * sizeof(*names->name));
		if (names->name == NULL)
			err_die("out of memory: verify");
	}
	(void)str_copy(str_of(slug), names->name[names->n++], SLUG_MAX + 1);
	return 0;
}

static int
run(struct tally *tally, struct verify *verify, struct err *err)
{
	const struct line *line = tally->line;
	struct names names = { 0 };
	size_t i;

	if (line->all && verify_each(verify, add_name, &names, err))
		return -1;
	for (i = 0; i < (line->all ? names.n : line->n); i++) {
		const char *slug = line->all ? names.name[i] : line->slug[i];
		struct err why = ERR_INIT;
		struct proof proof;

		(void)verify_tenant(verify, slug, &proof, &why);
		note(tally, slug, &proof, &why);
	}
	free(names.name);
	if (line->all && !line->json && !line->worker)
		printf("%zu proven, %zu failed, %zu not proven\n",
		    tally->proven, tally->failed,
		    i - tally->proven - tally->failed);
	return 0;
}

int
cmd_verify(int argc, char **argv)
{
	struct tally tally = { .untold = ERR_INIT };
	struct verify *verify = NULL;
	struct err err = ERR_INIT;
	struct config config;
	struct line line;
	int rc = -1;

	if (read_line(argc, argv, &line)) {
		free(line.slug);
		return usage();
	}
	tally.line = &line;
	tally.config = &config;
	log_init("verify", LOG_LEVEL_INFO);
	if (config_load(&config, line.file, &err) || crypto_init(&err))
		goto out;
	verify = verify_new(&config, &err);
	if (verify != NULL)
		rc = run(&tally, verify, &err);
	if (rc == 0 && fflush(stdout) != 0)
		rc = err_sys(&err, "cannot write the result");
out:
	if (rc != 0 && line.worker) {
		log_err("not-proven", STR_NONE, &err);
	} else if (rc != 0) {
		fprintf(stderr, "rowhouse verify: %s\n", err.msg);
		if (err.hint[0] != '\0')
			fprintf(stderr, "  %s\n", err.hint);
	}
	verify_free(verify);
	free(line.slug);
	if (rc != 0)
		return err_class(err.code)->exit;
	if (tally.failed > 0)
		return 1;
	return tally.untold.code != ERR_NONE
		   ? err_class(tally.untold.code)->exit
		   : 0;
}
