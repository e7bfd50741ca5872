#ifndef ROWHOUSE_BASE_ERR_H
#define ROWHOUSE_BASE_ERR_H

/*
 * One error path.  A function that can fail returns 0 or -1 (or a pointer or
 * NULL) and takes a `struct err *` as its last argument, never NULL.  The one
 * who notices sets the error, those above wrap it with what they were doing,
 * and it is logged or rendered once: at the request loop, at the replicator's
 * loop or by main().  Messages are lower case and name the object; a hint, where
 * there is one, says what to do about it.
 */

enum err_code {
	ERR_NONE = 0,
	ERR_INPUT,	/* what was sent is wrong; sending it again is too */
	ERR_AUTH,	/* no credentials, or bad ones */
	ERR_DENIED,	/* known, and not allowed */
	ERR_NOT_FOUND,	/* no such route, tenant, row, object */
	ERR_METHOD,	/* the route exists, the method does not */
	ERR_CONFLICT,	/* it exists already, or somebody else's does */
	ERR_LENGTH,	/* a body without a length */
	ERR_TOO_LARGE,	/* over a stated limit of size */
	ERR_MEDIA,	/* a body that is not JSON */
	ERR_LIMIT,	/* over a stated limit of rate or number */
	ERR_BUSY,	/* not now: locked, draining, suspended, migrating */
	ERR_UNCONFIRMED,	/* done here, and not known to be with the replica */
	ERR_DEADLINE,	/* the statement ran longer than it may */
	ERR_FULL,	/* no room: the disk, or what waits for the store */
	ERR_QUOTA,	/* the tenant has as much as it may have */
	ERR_CORRUPT,	/* bytes that are not what they must be */
	ERR_SYSTEM,	/* the operating system or a library refused */
	ERR_CODES
};

struct err {
	enum err_code code;
	int retry_after;	/* seconds a client should wait; 0 = not said */
	/* Text without control characters, whoever's words are in it. */
	char msg[480];		/* what happened, outermost context first */
	char hint[240];		/* what to do about it, or "" */
};

#define ERR_INIT { ERR_NONE, 0, "", "" }

/* What a code means to each of those who have to act on it. */
struct err_class {
	const char *name;	/* "not found", for logs */
	int http;		/* status of the answer */
	int retry;		/* is the same call worth making again, later? */
	int exit;		/* status of a command line that fails with it */
};

const struct err_class *err_class(enum err_code code);

/* Sets the error and returns -1, so that `return err_set(...)` is the idiom. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed system call: appends strerror(errno), and turns
 * ENOSPC and EDQUOT into ERR_FULL, ENOENT into ERR_NOT_FOUND, EEXIST into
 * ERR_CONFLICT; anything else is ERR_SYSTEM.  Preserves errno.
 */
int err_sys(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Puts "context: " before the message.  Code and hint stay.  Returns -1.
 * Where a message is too long its end is cut and shown as "...".
 */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Says what to do about it.  Returns -1. */
int err_hint(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets it, for those who can do without what failed. */
void err_clear(struct err *err);

/*
 * The end of a process that cannot go on: out of memory, or a broken promise
 * of our own code.  The supervisor starts another.
 */
_Noreturn void err_die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#endif
