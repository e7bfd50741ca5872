#include "tenants/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tenants/base/crypto.h"
#include "tenants/slug.h"

/* What would end or stop us while the terminal does not echo. */
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t came;

static void
on_signal(int number)
{
	came = number;
}

int
prompt_possible(void)
{
	return isatty(STDIN_FILENO);
}

/* Byte by byte: what follows the line is somebody else's. */
static int
read_line(char *out, size_t out_size, struct err *err)
{
	size_t n = 0;
	char c = '\0';
	ssize_t got;

	while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		if (n + 1 == out_size)
			return err_set(err, ERR_INPUT,
			    "that line is longer than %zu bytes", out_size - 1);
		out[n++] = c;
	}
	if (got < 0)
		return err_sys(err, "cannot read standard input");
	if (got == 0 && n == 0)
		return err_set(err, ERR_INPUT, "standard input is empty");
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	return 0;
}

static int
read_secret(char *out, size_t out_size, struct err *err)
{
	struct sigaction action, before[CAUGHT];
	struct termios shown, hidden;
	size_t i;
	int rc;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal; /* without SA_RESTART */
	came = 0;
	for (i = 0; i < CAUGHT; i++)
		(void)sigaction(caught[i], &action, &before[i]);
	if (tcgetattr(STDIN_FILENO, &shown) != 0) {
		rc = err_sys(err, "cannot ask the terminal");
		goto done;
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0) {
		rc = err_sys(err, "cannot silence the terminal");
		goto done;
	}
	rc = read_line(out, out_size, err);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
done:
	for (i = 0; i < CAUGHT; i++)
		(void)sigaction(caught[i], &before[i], NULL);
	if (came != 0) {
		crypto_wipe(out, out_size);
		(void)raise(came);
	}
	return rc;
}

int
prompt_line(const char *question, int secret, char *out, size_t out_size,
    struct err *err)
{
	if (!prompt_possible())
		return read_line(out, out_size, err);
	(void)fputs(question, stderr);
	(void)fflush(stderr);
	return secret ? read_secret(out, out_size, err)
		      : read_line(out, out_size, err);
}

int
prompt_slug(const char *question, struct str slug, struct err *err)
{
	char typed[SLUG_MAX + 2];

	if (!prompt_possible()) {
		err_set(err, ERR_INPUT, "nobody is there to confirm");
		return err_hint(err, "say --yes");
	}
	if (prompt_line(question, 0, typed, sizeof(typed), err) != 0)
		return -1;
	if (!str_is(slug, typed))
		return err_set(err, ERR_INPUT,
		    "that is another slug; nothing was done");
	return 0;
}
