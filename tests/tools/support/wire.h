#ifndef ROWHOUSE_TESTS_WIRE_H
#define ROWHOUSE_TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* FastCGI as a web server speaks it, and as none should. */
enum { WIRE_BEGIN = 1, WIRE_ABORT, WIRE_END, WIRE_PARAMS, WIRE_STDIN,
	WIRE_STDOUT };

#define WIRE_PARAMS_MAX 400

struct wire_bytes {
	char *p;
	size_t n, cap;
};

/* What the command line asks for: see the top of fcgi.c. */
struct wire_options {
	int bench;
	const char *socket, *mode;
	struct wire_bytes body;
	const char *params[WIRE_PARAMS_MAX];	/* "NAME=VALUE" */
	size_t n_params;
	char *made[WIRE_PARAMS_MAX];	/* of them, by us */
	size_t n_made;
	long wait_ms;
	long n, connections;
	int numbered;
	double seconds, rate;
};

/* Out of memory, or wrong usage: exit status 2. */
_Noreturn void wire_die(const char *what);

void wire_parse_options(int argc, char **argv, struct wire_options *out);
void wire_free_options(struct wire_options *o);

void wire_add(struct wire_bytes *bytes, const void *p, size_t n);
void wire_add_record(struct wire_bytes *out, int type, const void *p, size_t n);
/* A stream, in records as large as may be; without its end. */
void wire_add_stream(struct wire_bytes *out, int type, const char *p, size_t n);
/* Everything up to the end of the parameters. */
void wire_add_head(struct wire_bytes *out, const struct wire_options *o);

/* Connected; -1 refused.  flags: SOCK_NONBLOCK. */
int wire_dial(const struct wire_options *o, int flags);
/* Takes the answer out of its records: 1 where it is whole. */
int wire_unpack(const struct wire_bytes *in, struct wire_bytes *out);

#endif
