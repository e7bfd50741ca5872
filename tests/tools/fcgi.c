/*
 * fcgi: a FastCGI client, for tests and measurements at the pool's socket.
 *
 *	fcgi [OPTION]… SOCKET METHOD URI
 *		sends one request and prints the answer, its head first
 *	fcgi bench [OPTION]… SOCKET METHOD URI
 *		sends many, each on a connection of its own
 *
 * What is sent:
 *	-t SLUG		TENANT, as the web server would say
 *	-H HOST		HTTP_HOST
 *	-a TOKEN	HTTP_AUTHORIZATION
 *	-d BODY		a body of JSON, with its length
 *	-b N		a body of N spaces
 *	-p NAME=VALUE	one more parameter; it replaces one of that name, and
 *			NAME alone leaves it out; ++NAME=VALUE comes in addition
 *	-m MODE		whole		all of it (the default)
 *			short		a byte less than announced, and the end
 *			long		a byte more than announced
 *			cut		half of the body, and no end
 *			cut-params	half of the parameters, and no end
 *			liar		a parameter said to be of 4 GiB
 *			abort		half of the body, then FCGI_ABORT_REQUEST
 *			garbage		what is not FastCGI
 *			silent		nothing at all
 *			drip		a byte of the body every -w ms
 *			gone		all of it, and away without the answer
 *			keep		asks for the connection to be kept
 *			filter		in the role of a filter
 *	-w MS		wait so long before the end of the body
 *
 * Many:
 *	-n N		how many requests; 1000
 *	-s SECONDS	for so long, instead
 *	-c N		connections at once; 1
 *	-r N		requests per second, at random moments
 *	-#		each ### in what is sent becomes the request's number, in
 *			as many digits, of which the first is not 0
 *
 * One request ends with exit status 0 when all of it was taken and there was a
 * whole answer, else 1.  Many print one line of name=value pairs, where
 * lost is what was connected and got no whole answer, and refused what could
 * not connect; exit status 1 where any was lost.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tools/support/many.h"
#include "tests/tools/support/wire.h"

/* A peer that does not take all of it: Caddy gives the answer up then. */
static int broken;

static void
send_all(int fd, const char *p, size_t n)
{
	ssize_t sent;

	for (; n > 0 && !broken; p += sent, n -= (size_t)sent) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			broken = 1;
	}
}

static void
pause_ms(long ms)
{
	if (ms > 0)
		poll(NULL, 0, (int)ms);
}

static void
send_body(int fd, const struct wire_options *o)
{
	struct wire_bytes out = { NULL, 0, 0 };
	size_t n = o->body.n, i;

	if (!strcmp(o->mode, "drip")) {
		for (i = 0; i < n; i++) {
			out.n = 0;
			wire_add_record(&out, WIRE_STDIN, o->body.p + i, 1);
			send_all(fd, out.p, out.n);
			pause_ms(o->wait_ms);
		}
		out.n = 0;
	} else if (!strcmp(o->mode, "cut") || !strcmp(o->mode, "abort")) {
		wire_add_stream(&out, WIRE_STDIN, o->body.p, n / 2);
	} else if (!strcmp(o->mode, "short")) {
		wire_add_stream(&out, WIRE_STDIN, o->body.p, n - (n > 0));
	} else {
		wire_add_stream(&out, WIRE_STDIN, o->body.p, n);
	}
	if (!strcmp(o->mode, "long"))
		wire_add_stream(&out, WIRE_STDIN, "x", 1);
	send_all(fd, out.p, out.n);
	out.n = 0;
	if (strcmp(o->mode, "drip") != 0)
		pause_ms(o->wait_ms);
	if (!strcmp(o->mode, "abort"))
		wire_add_record(&out, WIRE_ABORT, NULL, 0);
	else if (strcmp(o->mode, "cut") != 0)
		wire_add_record(&out, WIRE_STDIN, NULL, 0);
	send_all(fd, out.p, out.n);
	free(out.p);
}

static int
send_one(const struct wire_options *o)
{
	struct wire_bytes head = { NULL, 0, 0 }, in = { NULL, 0, 0 };
	struct wire_bytes answer = { NULL, 0, 0 };
	char piece[65536];
	ssize_t n;
	int whole = 1, fd = wire_dial(o, 0);

	if (fd < 0) {
		fprintf(stderr, "fcgi: %s: %s\n", o->socket, strerror(errno));
		return 1;
	}
	if (!strcmp(o->mode, "garbage")) {
		send_all(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	} else if (strcmp(o->mode, "silent") != 0) {
		wire_add_head(&head, o);
		send_all(fd, head.p, head.n);
		if (strcmp(o->mode, "cut-params") != 0)
			send_body(fd, o);
	}
	if (!strncmp(o->mode, "cut", 3))
		shutdown(fd, SHUT_WR);
	if (strcmp(o->mode, "gone") != 0) {
		while ((n = read(fd, piece, sizeof piece)) > 0)
			wire_add(&in, piece, (size_t)n);
		whole = wire_unpack(&in, &answer) && !broken;
	}
	close(fd);
	if (answer.n > 0)
		fwrite(answer.p, 1, answer.n, stdout);
	free(head.p);
	free(in.p);
	free(answer.p);
	return whole ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct wire_options o;
	int status;

	wire_parse_options(argc, argv, &o);
	status = o.bench ? many_send(&o) : send_one(&o);
	wire_free_options(&o);
	return status;
}
