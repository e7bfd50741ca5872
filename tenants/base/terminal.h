#ifndef ROWHOUSE_BASE_TERMINAL_H
#define ROWHOUSE_BASE_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * A whole screen of the terminal on standard input and output, for as long as
 * a program wants it.  No curses: its library and its terminfo would be one
 * thing more that a release needs on a server, for the few sequences that
 * every terminal since the VT100 knows (ECMA-48; and xterm's 1049, the other
 * screen, which what does not know it ignores).
 *
 * From terminal_open() to terminal_close() signals come to terminal_wait().
 * The terminal is given back as it was whichever way the process ends, save by
 * SIGKILL: who is told to end closes it first and then ends by that signal.
 */
struct terminal;

/* Keys: a byte that is none of these is itself. */
enum terminal_key {
	TERMINAL_NONE = -1,	/* what came so far is no key yet */
	TERMINAL_ESC = 27,
	TERMINAL_UP = 0x100,
	TERMINAL_DOWN,
	TERMINAL_LEFT,
	TERMINAL_RIGHT,
	TERMINAL_PAGE_UP,
	TERMINAL_PAGE_DOWN,
	TERMINAL_HOME,
	TERMINAL_END,
	TERMINAL_OTHER		/* a sequence that is none of ours */
};

enum terminal_event {
	TERMINAL_TIME,		/* nothing happened until then */
	TERMINAL_KEY,
	TERMINAL_REDRAW,	/* another size, or back from a stop */
	TERMINAL_READY,		/* fd */
	TERMINAL_LOST		/* the terminal is gone */
};

/* ERR_INPUT where these are no terminal, or one that has no cursor to place. */
struct terminal *terminal_open(struct err *err);
/* Accepts NULL. */
void terminal_close(struct terminal *terminal);

size_t terminal_width(const struct terminal *terminal);
size_t terminal_height(const struct terminal *terminal);

/* What the environment says: LC_ALL, LC_CTYPE, LANG; and NO_COLOR. */
int terminal_is_utf8(void);
int terminal_has_colour(void);

/*
 * Waits at most timeout_ms for a key, which is put in *key, for a signal, and
 * for fd to be readable (-1: for none).  Where a signal says to end, it does
 * not return.  What stops the process stops it here, with the terminal as it
 * was before.
 */
enum terminal_event terminal_wait(struct terminal *terminal, int fd,
    int64_t timeout_ms, int *key);

/*
 * Shows a frame: lines, each as wide as the screen, that end in '\n'; as many
 * as it is high, without a cursor.  Only what has changed is sent, at once.
 */
void terminal_draw(struct terminal *terminal, struct str frame);

/*
 * The first key of n bytes, and how many of them it took.  TERMINAL_NONE where
 * more must come, unless they are all there is.
 */
int terminal_decode(const char *bytes, size_t n, int all, size_t *used);

#endif
