/* rowhouse check: everything that can be wrong, before it is. */
#include "tenants/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/app.h"
#include "tenants/base/buf.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/fit.h"
#include "tenants/layout.h"
#include "tenants/smtp_login.h"

#define CONFIG_PRINT_MAX ((size_t)64 * 1024)

static void
check_app(const struct config *config, struct check_report *report)
{
	struct err err = ERR_INIT;
	struct app *app;

	app = app_load(config->app, check_problem, report, &err);
	if (app)
		(void)app_check(app, check_problem, report, &err);
	/* What is no mistake in a file: there was no room for a scratch one. */
	if (err.code != ERR_NONE && report->problems == 0)
		check_error(&err, report);
	app_free(app);
}

/* The directory itself or, where it has to be made yet, what it is made in. */
static int
look_at_data(const struct config *config, struct err *err)
{
	char path[CONFIG_PATH_MAX];
	struct stat st;
	char *slash;

	(void)snprintf(path, sizeof(path), "%s", config->data);
	while (stat(path, &st) < 0) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || strcmp(path, "/") == 0)
			return err_sys(err, "cannot look at %s", path);
		slash[slash == path] = '\0';
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%s is not a directory", path);
	if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) < 0) {
		(void)err_set(err, ERR_SYSTEM, "%s cannot be written: %s", path,
		    strerror(errno));
		return err_hint(
		    err, "it must belong to the user that runs rowhouse");
	}
	return 0;
}

static void
check_data(const struct config *config, struct check_report *report)
{
	struct err err = ERR_INIT;

	if (look_at_data(config, &err) < 0)
		check_error(&err, report);
}

/* That it is not there yet is all right: the first tenant makes it. */
static void
check_key(const struct config *config, struct check_report *report)
{
	const struct layout_path path = layout_master_key(config);
	struct err err = ERR_INIT;
	struct secret key;
	int there = file_exists(path.p, &err);

	if (there < 0 || (there > 0 && crypto_key_load(path.p, &key, &err) < 0))
		check_error(&err, report);
	crypto_wipe(&key, sizeof(key));
}

/* Whether the server takes the login is seen when something is sent. */
static void
check_mail(const struct config *config, struct check_report *report)
{
	struct err err = ERR_INIT;
	struct smtp_login login;

	if (config->mail_url[0] == '\0')
		return;
	if (smtp_login_load(config, &login, &err) == 0 && config->mail_ca[0] &&
	    file_exists(config->mail_ca, &err) == 0)
		(void)err_set(&err, ERR_NOT_FOUND, "mail.ca: there is no %s",
		    config->mail_ca);
	if (err.code != ERR_NONE)
		check_error(&err, report);
	crypto_wipe(&login, sizeof(login));
}

static const struct check own_checks[] = {
	{ "application", check_app },
	{ "data", check_data },
	{ "key", check_key },
	{ "mail", check_mail },
};

static int
print_config(const struct config *config)
{
	struct buf out;

	buf_init(&out, CONFIG_PRINT_MAX);
	config_print(config, &out);
	(void)printf("%.*s", STR_FMT(buf_view(&out)));
	buf_free(&out);
	return fflush(stdout) != 0;
}

static int
usage(FILE *out)
{
	(void)fputs(
	    "usage: rowhouse check [-c FILE] [--app|--config|--tenants]\n\n"
	    "Looks at the configuration, the application folder (its\n"
	    "migrations and endpoints, against a scratch database), the\n"
	    "data directory, the key and the login of the mail server.\n"
	    "Changes nothing.\n"
	    "--app: the configuration and the application alone, as the\n"
	    "pool does before it starts and before a renewal.\n"
	    "--config: prints the configuration in force, every key of it.\n"
	    "--tenants: how this release would serve each tenant's file as it\n"
	    "is now, and nothing else: before an older one is started.\n"
	    "Exit status: 0 all is well, 1 problems were found.\n",
	    out);
	return 2;
}

int
cmd_check(int argc, char **argv, const struct check *others, size_t n)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "app", no_argument, NULL, 'a' },
		{ "config", no_argument, NULL, 'p' },
		{ "tenants", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct err err = ERR_INIT;
	const char *file = NULL;
	static const struct check tenants = { "tenants", fit_check_all };
	struct config config;
	size_t i, problems = 0;
	int c, app_only = 0, print = 0, of_tenants = 0;

	optind = 0;
	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c == 'h')
			return usage(stdout) * 0;
		if (c == 'a')
			app_only = 1;
		else if (c == 'p')
			print = 1;
		else if (c == 't')
			of_tenants = 1;
		else if (c == 'c')
			file = optarg;
		else
			return usage(stderr);
	}
	if (optind < argc)
		return usage(stderr);
	if (crypto_init(&err) < 0 || config_load(&config, file, &err) < 0) {
		(void)printf("%s\nconfiguration: 1 problem\n", err.msg);
		if (err.hint[0])
			(void)printf("  %s\n", err.hint);
		return 1;
	}
	if (print)
		return print_config(&config);
	if (of_tenants)
		return check_run(&tenants, &config) > 0 || fflush(stdout) != 0;
	(void)printf("configuration %s: ok\n", config.file);
	for (i = 0; i < sizeof(own_checks) / sizeof(own_checks[0]); i++)
		if (!app_only || own_checks[i].run == check_app)
			problems += check_run(&own_checks[i], &config);
	for (i = 0; i < n && !app_only; i++)
		problems += check_run(&others[i], &config);
	if (fflush(stdout) != 0)
		return 1;
	return problems > 0;
}
