#ifndef ROWHOUSE_TESTS_UNIT_H
#define ROWHOUSE_TESTS_UNIT_H

/*
 * What the unit tests share: cmocka with all it wants, an assertion for the
 * one error path, a place to work in, and the output of code that writes to
 * stderr or dies.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

/* Code and text, and a text that says which case of a table it was. */
#define assert_err(err, want, text)                                            \
	do {                                                                   \
		assert_string_equal((err)->msg, (text));                       \
		assert_int_equal((err)->code, (want));                         \
	} while (0)

/*
 * Runs body(arg) in a process of its own, with what it writes to stderr in
 * out, and returns its wait status.
 */
static inline int
unit_apart(void (*body)(void *arg), void *arg, char *out, size_t out_size)
{
	size_t n = 0;
	ssize_t got;
	int ends[2];
	int status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		dup2(ends[1], STDERR_FILENO);
		/* What dies on purpose is not to be handled as a crash. */
		signal(SIGABRT, SIG_DFL);
		body(arg);
		_exit(0);
	}
	close(ends[1]);
	while (n + 1 < out_size &&
	       (got = read(ends[0], out + n, out_size - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A new directory to work in; it goes with the scratch directory of the run. */
static inline int
unit_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[100];

	snprintf(dir, sizeof dir, "%.50s/unit.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) && chmod(dir, 0755) == 0 && chdir(dir) == 0 ? 0
									: -1;
}

static inline void
unit_put(const char *path, struct str content)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
	assert_int_equal(fclose(f), 0);
}

/* body(arg) ends the process by err_die() with that text. */
static inline void
assert_dies(void (*body)(void *arg), void *arg, const char *text)
{
	char out[4096];
	int status = unit_apart(body, arg, out, sizeof out);

	if (!strstr(out, text))
		fail_msg("'%s' is not in '%s'", text, out);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#endif
