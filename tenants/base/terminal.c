/*
 * A terminal as a whole screen.
 *
 * Signals are blocked and come by a descriptor (signalfd), so that none
 * arrives between two looks.  But a write to a terminal that takes nothing any
 * more blocks: while it lasts, those that end a process are let through to a
 * handler, which needs to remember nothing, for it sets the terminal to what
 * any shell can live with.  The same one serves where the process crashes.
 */
#include "tenants/base/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"

#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

#define KEY_MS    50 /* the bytes of one key do not come further apart */
#define FRAME_MAX (1 << 20)
#define SIZE_MAX_CELLS 1000

static const int ending[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
static const int crashing[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static const int others[] = { SIGWINCH, SIGTSTP, SIGCONT };

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

struct terminal {
	int signals; /* descriptor */
	struct termios before;
	sigset_t mask_before;
	size_t width, height;
	char typed[64];
	size_t n_typed;
	struct buf shown; /* the frame that is there; empty: unknown */
	struct buf out;
};

/* --- keys ------------------------------------------------------------------- */

static int
named(const char *bytes, size_t n)
{
	static const struct {
		const char *bytes;
		int key;
	} keys[] = {
		{ "A", TERMINAL_UP },
		{ "B", TERMINAL_DOWN },
		{ "C", TERMINAL_RIGHT },
		{ "D", TERMINAL_LEFT },
		{ "H", TERMINAL_HOME },
		{ "F", TERMINAL_END },
		{ "1~", TERMINAL_HOME },
		{ "7~", TERMINAL_HOME },
		{ "4~", TERMINAL_END },
		{ "8~", TERMINAL_END },
		{ "5~", TERMINAL_PAGE_UP },
		{ "6~", TERMINAL_PAGE_DOWN },
	};
	size_t i;

	for (i = 0; i < N_OF(keys); i++) {
		if (strlen(keys[i].bytes) == n &&
		    memcmp(keys[i].bytes, bytes, n) == 0)
			return keys[i].key;
	}
	return TERMINAL_OTHER;
}

int
terminal_decode(const char *bytes, size_t n, int all, size_t *used)
{
	size_t i;

	*used = 0;
	if (n == 0)
		return TERMINAL_NONE;
	*used = 1;
	if (bytes[0] != TERMINAL_ESC)
		return (unsigned char)bytes[0];
	if (n == 1)
		goto more;
	if (bytes[1] != '[' && bytes[1] != 'O')
		return TERMINAL_ESC;
	for (i = 2; i < n; i++) {
		/* ECMA-48, 5.4: the final byte */
		if (bytes[i] >= 0x40 && bytes[i] <= 0x7e) {
			*used = i + 1;
			return named(bytes + 2, i - 1);
		}
		if (bytes[i] < 0x20)
			return TERMINAL_ESC;
	}
	if (all) {
		*used = n;
		return n == 2 ? TERMINAL_ESC : TERMINAL_OTHER;
	}
more:
	if (all)
		return TERMINAL_ESC;
	*used = 0;
	return TERMINAL_NONE;
}

/* The next of those that were typed. */
static int
take_key(struct terminal *terminal, int all)
{
	size_t used;
	int key;

	key = terminal_decode(terminal->typed, terminal->n_typed,
	    all || terminal->n_typed == sizeof(terminal->typed), &used);
	terminal->n_typed -= used;
	memmove(terminal->typed, terminal->typed + used, terminal->n_typed);
	return key;
}

/* --- what the environment says ---------------------------------------------- */

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

int
terminal_is_utf8(void)
{
	const char *locale = variable("LC_ALL");

	if (locale[0] == '\0')
		locale = variable("LC_CTYPE");
	if (locale[0] == '\0')
		locale = variable("LANG");
	return strcasestr(locale, "utf-8") != NULL ||
	       strcasestr(locale, "utf8") != NULL;
}

/* no-color.org: whatever it is set to, unless that is nothing. */
int
terminal_has_colour(void)
{
	return variable("NO_COLOR")[0] == '\0';
}

/* --- the screen ------------------------------------------------------------- */

static void
send_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = write(STDOUT_FILENO, p, n);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

/* Ends the process by that signal, with a terminal that can be used. */
static void
on_end(int number)
{
	struct termios mode;

	(void)!write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	if (tcgetattr(STDIN_FILENO, &mode) == 0) {
		mode.c_lflag |= ICANON | ECHO;
		mode.c_iflag |= ICRNL | IXON;
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	}
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void
measure(struct terminal *terminal)
{
	struct winsize size;

	terminal->width = 80;
	terminal->height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	    size.ws_row > 0) {
		terminal->width = size.ws_col;
		terminal->height = size.ws_row;
	}
	if (terminal->width > SIZE_MAX_CELLS)
		terminal->width = SIZE_MAX_CELLS;
	if (terminal->height > SIZE_MAX_CELLS)
		terminal->height = SIZE_MAX_CELLS;
}

static void
enter(struct terminal *terminal)
{
	struct termios mode = terminal->before;

	/* Its keys for signals stay: whoever started us wants them too. */
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	mode.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	send_all(ENTER, sizeof(ENTER) - 1);
	buf_reset(&terminal->shown);
	measure(terminal);
}

static void
leave(struct terminal *terminal)
{
	send_all(LEAVE, sizeof(LEAVE) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

static void
set_of(sigset_t *set, const int *numbers, size_t n)
{
	size_t i;

	sigemptyset(set);
	for (i = 0; i < n; i++)
		sigaddset(set, numbers[i]);
}

static void
handle(const int *numbers, size_t n, void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler };
	size_t i;

	for (i = 0; i < n; i++)
		(void)sigaction(numbers[i], &action, NULL);
}

struct terminal *
terminal_open(struct err *err)
{
	struct terminal *terminal;
	sigset_t set;
	size_t i;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(err, ERR_INPUT, "standard %s is not a terminal",
		    isatty(STDOUT_FILENO) ? "input" : "output");
		return NULL;
	}
	if (variable("TERM")[0] == '\0' ||
	    strcmp(variable("TERM"), "dumb") == 0) {
		err_set(err, ERR_INPUT,
		    "this terminal has no cursor to place (TERM=%s)",
		    variable("TERM"));
		return NULL;
	}
	terminal = calloc(1, sizeof(*terminal));
	if (terminal == NULL)
		err_die("out of memory");
	buf_init(&terminal->shown, FRAME_MAX);
	buf_init(&terminal->out, 2 * FRAME_MAX);
	set_of(&set, ending, N_OF(ending));
	for (i = 0; i < N_OF(others); i++)
		sigaddset(&set, others[i]);
	if (tcgetattr(STDIN_FILENO, &terminal->before) != 0) {
		err_sys(err, "cannot ask the terminal");
		goto fail;
	}
	terminal->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal->signals < 0) {
		err_sys(err, "signalfd");
		goto fail;
	}
	(void)sigprocmask(SIG_BLOCK, &set, &terminal->mask_before);
	handle(ending, N_OF(ending), on_end);
	handle(crashing, N_OF(crashing), on_end);
	enter(terminal);
	return terminal;
fail:
	buf_free(&terminal->shown);
	buf_free(&terminal->out);
	free(terminal);
	return NULL;
}

void
terminal_close(struct terminal *terminal)
{
	if (terminal == NULL)
		return;
	leave(terminal);
	handle(ending, N_OF(ending), SIG_DFL);
	handle(crashing, N_OF(crashing), SIG_DFL);
	file_drop(&terminal->signals);
	(void)sigprocmask(SIG_SETMASK, &terminal->mask_before, NULL);
	buf_free(&terminal->shown);
	buf_free(&terminal->out);
	free(terminal);
}

size_t
terminal_width(const struct terminal *terminal)
{
	return terminal->width;
}

size_t
terminal_height(const struct terminal *terminal)
{
	return terminal->height;
}

void
terminal_draw(struct terminal *terminal, struct str frame)
{
	struct str rest = frame, old = buf_view(&terminal->shown), line, was;
	sigset_t set, before;
	size_t row = 0;

	buf_reset(&terminal->out);
	while (str_next(&rest, '\n', &line) && rest.p != NULL) {
		row++;
		if (str_next(&old, '\n', &was) && str_eq(was, line))
			continue;
		buf_printf(&terminal->out, "\033[%zu;1H", row);
		buf_str(&terminal->out, line);
		buf_puts(&terminal->out, "\033[0m");
	}
	set_of(&set, ending, N_OF(ending));
	(void)sigprocmask(SIG_UNBLOCK, &set, &before);
	send_all(terminal->out.p, terminal->out.n);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	buf_reset(&terminal->shown);
	buf_str(&terminal->shown, frame);
}

/* --- waiting ---------------------------------------------------------------- */

/* Has it stop or end us; a stop is over when this returns. */
static void
obey(struct terminal *terminal, int number)
{
	sigset_t set, before;

	leave(terminal);
	(void)signal(number, SIG_DFL);
	set_of(&set, &number, 1);
	(void)raise(number);
	(void)sigprocmask(SIG_UNBLOCK, &set, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	enter(terminal);
}

static enum terminal_event
take_signal(struct terminal *terminal)
{
	struct signalfd_siginfo info;

	if (read(terminal->signals, &info, sizeof(info)) != sizeof(info))
		return TERMINAL_TIME;
	if (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT)
		enter(terminal);
	else
		obey(terminal, (int)info.ssi_signo);
	return TERMINAL_REDRAW;
}

static int
read_keys(struct terminal *terminal)
{
	ssize_t got = read(STDIN_FILENO, terminal->typed + terminal->n_typed,
	    sizeof(terminal->typed) - terminal->n_typed);

	if (got > 0)
		terminal->n_typed += (size_t)got;
	return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))
		   ? 0
		   : -1;
}

enum terminal_event
terminal_wait(struct terminal *terminal, int fd, int64_t timeout_ms, int *key)
{
	int64_t until = clock_mono_ms() + (timeout_ms > 0 ? timeout_ms : 0);
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal->signals, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	for (;;) {
		int64_t left = until - clock_mono_ms();
		int n;

		*key = take_key(terminal, 0);
		if (*key != TERMINAL_NONE)
			return TERMINAL_KEY;
		if (left < 0)
			left = 0;
		if (terminal->n_typed > 0)
			left = KEY_MS;
		n = poll(fds, 3, (int)left);
		if (n < 0)
			continue;
		if (n == 0 && terminal->n_typed > 0) {
			*key = take_key(terminal, 1);
			return TERMINAL_KEY;
		}
		if (n == 0)
			return TERMINAL_TIME;
		if (fds[1].revents != 0)
			return take_signal(terminal);
		if (fds[0].revents != 0 && read_keys(terminal) != 0)
			return TERMINAL_LOST;
		if (fds[2].revents != 0)
			return TERMINAL_READY;
	}
}
