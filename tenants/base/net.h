#ifndef ROWHOUSE_BASE_NET_H
#define ROWHOUSE_BASE_NET_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * HTTP/1.1 requests and mails (SMTP), many at once, in one thread; the only
 * includer of curl.h.
 *
 * Connections are kept alive and shared by all requests of a struct net.  What
 * is started runs in net_poll and ends there, in done().  Nothing blocks but
 * net_poll, and that no longer than it was told to; a name is looked up in a
 * thread of libcurl's.
 *
 * https is verified against the system's certificates, or against `ca`.  A
 * redirect is an answer, not followed.  No proxy is used, whatever the
 * environment says.  SIGPIPE is ignored from net_new on, in the whole process,
 * if it was not handled before: TLS writes would raise it.
 */
struct net;

struct net_opts {
	unsigned connections;	/* at once, over all hosts */
	int64_t connect_ms;	/* name, TCP and TLS */
	const char *ca;		/* a file of certificates; NULL = the system's */
};

/*
 * One mail (RFC 5321), to one recipient: url is smtp:// (STARTTLS) or smtps://,
 * its path the name to greet with; the request's body is the message, with CRLF
 * line ends, and nothing else of the request is looked at but its times.  The
 * addresses are the caller's to check: a CR or LF would be a command.
 */
struct net_mail {
	const char *from, *to;
	const char *user, *password;	/* NULL: no login */
	int clear;		/* without TLS; else nothing goes without it */
};

/* What went wrong with a request that got no whole answer. */
enum net_fault {
	NET_OK,		/* an answer, of whatever status */
	NET_UNSENT,	/* no connection: certainly not carried out */
	NET_LOST,	/* broke off: carried out, or not */
	NET_REFUSED,	/* a certificate, an impossible URL: it will again; of a
			   mail only: the server does not take it (5xx to RCPT,
			   DATA or the message) */
	NET_OURS	/* data() failed, or what was sent could not be read */
};

/*
 * One request.  The caller owns it and all it points to until done() was
 * called or net_cancel returned; zeroes are a good beginning.
 */
struct net_request {
	const struct net_mail *mail;	/* NULL: HTTP */
	const char *method;	/* GET, HEAD, PUT, POST, DELETE */
	const char *url;	/* http://… or https://…, encoded already */
	const struct str *header;	/* "Name: value"; Host too where wanted */
	size_t headers;

	/*
	 * What is sent: length bytes of fd from offset on, or `body` where
	 * fd is -1.  Content-Length comes of itself.
	 */
	struct str body;
	int fd;
	int64_t offset, length;
	const char *path;	/* of fd, for errors */

	int64_t stall_ms;	/* without progress; 0 = 30 s */
	int64_t whole_ms;	/* for all of it; 0 = no bound */

	/*
	 * The body of an answer of 2xx, in pieces as they come.  Where it is
	 * NULL, and of any other answer, the body is gathered in reply, which
	 * net_start initializes for reply_max bytes (0 = 64 KiB; an answer
	 * that is longer is a NET_LOST); it is valid in done() and freed by
	 * net after it.
	 */
	int (*data)(struct net_request *request, const void *p, size_t n,
	    struct err *err);
	size_t reply_max;

	/* fault NET_OK: ERR_NONE.  It may start the request again, or free it. */
	void (*done)(struct net_request *request, const struct err *err);
	void *arg;

	/* out */
	int status;		/* of a mail: that of the last reply */
	enum net_fault fault;
	struct buf reply;
	int64_t sent, received;	/* bytes of bodies */
	unsigned resent;	/* an idle connection died under it, and it went
				   out again: it may be carried out twice */

	/* net's */
	char verb[5], said[200];	/* SMTP: the last command but QUIT, its reply */
	int quits;
	void *handle;
	void *list;
	struct net *net;	/* NULL: not under way */
	struct net_request *next, *prev;
	struct err failure;
	char detail[256];	/* libcurl's */
};

struct net *net_new(const struct net_opts *opts, struct err *err);
/* Accepts NULL; cancels what is under way. */
void net_free(struct net *net);

void net_start(struct net *net, struct net_request *request);
/* Without done().  Accepts one that is not under way. */
void net_cancel(struct net_request *request);

/* A header of the answer, in data() and done(); "" where there is none. */
struct str net_header(const struct net_request *request, const char *name);

/* How many are under way. */
size_t net_busy(const struct net *net);

/*
 * Waits, for the caller's descriptors too, until one of them is ready,
 * something ended, or timeout_ms are over (-1: never); returns the number of
 * the caller's that are ready, as poll(2) does, EINTR being 0.
 */
int net_poll(struct net *net, struct pollfd *fds, nfds_t n, int timeout_ms);

/* An HTTP date, in ms since 1970; -1 where it is none. */
int64_t net_date(struct str text);

#endif
