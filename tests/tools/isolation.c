/*
 * isolation [-h PORT] [-c CONNECTIONS] [-n REQUESTS] [-s SEED] SOCKET BASE PASSWORD TENANT…
 *
 * Asks for what many tenants have, in random order, and looks for what is
 * another's in each answer, its head included.  A tenant's slug is its canary:
 * it stands in its accounts' names and addresses, in issues, comments, labels,
 * keys, the audit log and what its clients get wrong.  Ids, tokens, keys and
 * tags of answers, which the server makes up, are looked for as well.
 *
 * At the pool's SOCKET, or, with -h, through the web server at PORT, over
 * connections that are kept and used for one tenant after the other.  Some
 * requests break off, come slowly, or do not wait for their answer.
 *
 * Prints a line for each kind of request: how many, and how often it was
 * answered as it should be.  An answer may be a refusal (429, 503), or missing,
 * since workers are killed meanwhile: how many were is said, too.  Exit status 1
 * where an answer was wrong: what it was is on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tests/tools/support/canary.h"
#include "tests/tools/support/kinds.h"
#include "tests/tools/support/talk.h"

#define TENANTS_MAX 1000
#define CLIENTS_MAX 256
#define LARGE       (128 * 1024) /* beyond request.body_max */
#define PIECE_US    2000
#define HOT         3
#define COOLS       16 /* one of so many requests brings another */
#define WRONG_MAX   10
#define PATIENCE_S  20

struct tenant {
	const char *slug;
	char user[32], token[512], key[128], tag[64], cookie[1024];
};

struct client {
	int fd;
	int kind, tenant;
	struct wire_bytes out, in;
	size_t sent;
	int64_t next_us; /* of a slow one, when it goes on; 0 at once */
};

struct house {
	struct wire_options socket;
	long port, n, connections, begun;
	const char *base, *password;
	struct tenant *tenants;
	int n_tenants, weight, epoll;
	int hot[HOT];
	struct canary_set *canaries;
	struct client clients[CLIENTS_MAX];
	long asked[KINDS], right[KINDS], refused[KINDS], lost[KINDS];
	long wrong;
};

/* --- what is asked ----------------------------------------------------------- */

static int
below(int n)
{
	return (int)(random() % n);
}

static void
expand(const struct house *house, const char *text, const struct tenant *self,
    const struct tenant *other, struct wire_bytes *out)
{
	char number[24];
	const char *with;

	out->n = 0;
	for (; text && *text != '\0'; text++) {
		with = NULL;
		if (*text == '$') {
			text++;
			snprintf(number, sizeof number, "%ld", random());
			with = *text == 'c'   ? self->slug
			       : *text == 'o' ? other->slug
			       : *text == 'u' ? self->user
			       : *text == 'U' ? other->user
			       : *text == 'p' ? house->password
					      : number;
		}
		wire_add(out, with ? with : text, with ? strlen(with) : 1);
	}
	wire_add(out, "", 1);
	out->n--;
}

static void
identify(struct talk_request *request, enum kind_who who,
    const struct tenant *self, const struct tenant *other)
{
	switch (who) {
	case NOBODY:
		break;
	case OWN_TAG:
	case OTHERS_TAG:
		request->if_none_match =
		    who == OWN_TAG ? self->tag : other->tag;
		/* fall through */
	case TOKEN:
		request->authorization = self->token;
		break;
	case KEY:
		request->authorization = self->key;
		break;
	case OTHERS_TOKEN:
		request->authorization = other->token;
		break;
	case OTHERS_KEY:
		request->authorization = other->key;
		break;
	case OTHERS_COOKIE:
		request->cookie = other->cookie;
		break;
	}
}

static void
put_request(const struct house *house, const struct kind *kind,
    const struct tenant *self, const struct tenant *other,
    struct wire_bytes *out)
{
	struct wire_bytes uri = { NULL, 0, 0 }, body = { NULL, 0, 0 };
	struct talk_request request = { .method = kind->method,
		.base_domain = house->base,
		.type = "application/json" };
	char address[64];

	snprintf(address, sizeof address, "2001:db8:%x:%x::1", below(65536),
	    below(65536));
	request.address = address;
	if (strncmp(kind->uri, "/api/tenants", 12) != 0)
		request.tenant = self->slug;
	expand(house, kind->uri, self, other, &uri);
	expand(house, kind->body, self, other, &body);
	while (kind->manner == BIG && body.n < LARGE)
		wire_add(&body, "                ", 16);
	request.uri = uri.p;
	request.body = kind->body ? body.p : NULL;
	request.body_n = body.n;
	identify(&request, kind->who, self, other);
	out->n = 0;
	if (house->port)
		talk_put_http(&request, out);
	else
		talk_put_fcgi(&request, out);
	free(uri.p);
	free(body.p);
}

/* --- what is answered -------------------------------------------------------- */

static void
complain(struct house *house, int k, int t, const char *what,
    const struct wire_bytes *answer)
{
	if (house->wrong++ < WRONG_MAX)
		fprintf(stderr, "%s, asked by %s: %s\n%.*s\n", kinds[k].name,
		    house->tenants[t].slug, what,
		    (int)(answer->n < 2000 ? answer->n : 2000), answer->p);
}

static void
check(struct house *house, int k, int t, const struct wire_bytes *answer)
{
	const struct kind *kind = &kinds[k];
	const struct tenant *self = &house->tenants[t];
	int status = talk_status(answer->p, answer->n), owner;
	const char *foreign =
	    canary_foreign(house->canaries, answer->p, answer->n, t, &owner);
	char what[200];

	if (foreign) {
		snprintf(what, sizeof what, "%.100s, which is %s's", foreign,
		    house->tenants[owner].slug);
		complain(house, k, t, what, answer);
	} else if (status == 429 || status == 503) {
		house->refused[k]++;
	} else if (status == 502 && house->port) {
		house->lost[k]++;
	} else if (status != kind->want && status != kind->or_else) {
		snprintf(
		    what, sizeof what, "%d and not %d", status, kind->want);
		complain(house, k, t, what, answer);
	} else if (kind->holds == OWN && !memmem(answer->p, answer->n,
					     self->slug, strlen(self->slug))) {
		complain(house, k, t, "without the own canary", answer);
	} else {
		house->right[k]++;
	}
}

/* --- beforehand, one after the other ----------------------------------------- */

static int
ask_once(struct house *house, const struct kind *kind, int t,
    struct wire_bytes *answer)
{
	const struct tenant *self = &house->tenants[t];
	struct wire_bytes out = { NULL, 0, 0 }, in = { NULL, 0, 0 };
	char piece[65536];
	long port = house->port;
	ssize_t n;
	int fd = wire_dial(&house->socket, 0), status;

	house->port = 0;
	put_request(house, kind, self, self, &out);
	house->port = port;
	if (fd < 0 || write(fd, out.p, out.n) != (ssize_t)out.n)
		wire_die("the pool does not answer");
	while ((n = read(fd, piece, sizeof piece)) > 0)
		wire_add(&in, piece, (size_t)n);
	close(fd);
	answer->n = 0;
	status =
	    wire_unpack(&in, answer) ? talk_status(answer->p, answer->n) : 0;
	free(out.p);
	free(in.p);
	return status;
}

/* Those before may have used up what an account may try: it is told when. */
static void
ask_now(struct house *house, const struct kind *kind, int t,
    struct wire_bytes *answer)
{
	int status = ask_once(house, kind, t, answer);

	for (int i = 0; status == 429 && i < PATIENCE_S; i++) {
		sleep(1);
		status = ask_once(house, kind, t, answer);
	}
	if (status != kind->want && status != kind->or_else) {
		fprintf(stderr, "%s %s of %s: %.*s\n", kind->method, kind->uri,
		    house->tenants[t].slug, (int)answer->n, answer->p);
		wire_die("preparing");
	}
}

static void
take(struct house *house, int t, const struct wire_bytes *answer,
    const char *before, char end, char *out, size_t size)
{
	size_t n = 0;
	const char *at = talk_between(answer->p, answer->n, before, end, &n);

	if (!at || n >= size)
		wire_die(before);
	memcpy(out, at, n);
	out[n] = '\0';
	canary_add(house->canaries, out, n, t);
}

static void
prepare(struct house *house, int t)
{
	struct tenant *self = &house->tenants[t];
	struct wire_bytes answer = { NULL, 0, 0 };

	canary_add(house->canaries, self->slug, strlen(self->slug), t);
	for (int i = 0; i < KINDS_BEFORE; i++) {
		ask_now(house, &kinds_before[i], t, &answer);
		if (i == KIND_SIGN_IN) {
			take(house, t, &answer, "\"token\":\"", '"',
			    self->token, sizeof self->token);
			take(house, t, &answer, "\"id\":\"", '"', self->user,
			    sizeof self->user);
		} else if (i == KIND_MAKE_KEY) {
			take(house, t, &answer, "\"key\":\"", '"', self->key,
			    sizeof self->key);
		}
	}
	take(house, t, &answer, "ETag: ", '\r', self->tag, sizeof self->tag);
	snprintf(self->cookie, sizeof self->cookie,
	    "pb_auth=%%7B%%22token%%22%%3A%%22%s%%22%%7D", self->token);
	free(answer.p);
}

/* --- all at once -------------------------------------------------------------- */

static int
draw_kind(const struct house *house)
{
	int k = 0, at = below(house->weight);

	while (at >= kinds[k].weight)
		at -= kinds[k++].weight;
	return k;
}

/* Mostly one of a few, so that a file is open about as often as it is not. */
static int
draw_tenant(struct house *house)
{
	int any = below(house->n_tenants), hot = below(HOT);

	if (below(COOLS) == 0)
		house->hot[hot] = any;
	return below(5) == 0 ? any : house->hot[hot];
}

static int
dial(const struct house *house)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)house->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	if (!house->port)
		return wire_dial(&house->socket, SOCK_NONBLOCK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		wire_die("the web server does not answer");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		wire_die("fcntl");
	return fd;
}

static void
hang_up(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void
begin(struct house *house, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	int other;

	client->tenant = draw_tenant(house);
	other = (client->tenant + 1 + below(house->n_tenants - 1)) %
		house->n_tenants;
	client->kind = draw_kind(house);
	put_request(house, &kinds[client->kind],
	    &house->tenants[client->tenant], &house->tenants[other],
	    &client->out);
	client->sent = client->in.n = 0;
	client->next_us = 0;
	if (client->fd < 0) {
		client->fd = dial(house);
		/* Nobody listens for a moment, or too many are waiting. */
		if (client->fd < 0)
			return;
		if (epoll_ctl(
			house->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
			wire_die("epoll_ctl");
	}
	house->begun++;
	house->asked[client->kind]++;
}

/* How much of it may go out now. */
static size_t
allowed(const struct client *client)
{
	switch (kinds[client->kind].manner) {
	case HALF:
		return client->out.n - (size_t)below((int)client->out.n);
	case SLOW:
		return client->sent + client->out.n / 8 + 1;
	default:
		return client->out.n;
	}
}

static void
send_more(struct house *house, struct client *client)
{
	enum kind_manner manner = kinds[client->kind].manner;
	size_t most = allowed(client);
	ssize_t n;

	if (most > client->out.n)
		most = client->out.n;
	if (client->next_us > clock_mono_us() || client->sent >= client->out.n)
		return;
	n = send(client->fd, client->out.p + client->sent, most - client->sent,
	    MSG_NOSIGNAL);
	if (n > 0)
		client->sent += (size_t)n;
	if (manner == SLOW)
		client->next_us = clock_mono_us() + PIECE_US;
	if (manner == HALF ||
	    (manner == GONE && client->sent == client->out.n)) {
		house->right[client->kind]++;
		hang_up(client);
	}
}

static void
finish(struct house *house, struct client *client, int whole, size_t n)
{
	struct wire_bytes answer = { client->in.p, n, 0 };

	if (!whole)
		house->lost[client->kind]++;
	else
		check(house, client->kind, client->tenant, &answer);
	client->in.n = 0;
	client->sent = client->out.n = 0;
}

static void
receive(struct house *house, struct client *client)
{
	struct wire_bytes answer = { NULL, 0, 0 };
	int head_only = !strcmp(kinds[client->kind].method, "HEAD"), whole;
	char piece[65536];
	size_t n = 0;
	ssize_t got;

	while ((got = read(client->fd, piece, sizeof piece)) > 0)
		wire_add(&client->in, piece, (size_t)got);
	if (house->port) {
		whole = talk_whole_http(&client->in, head_only, &n);
		if (got < 0 && errno == EAGAIN && !whole)
			return;
		if (!whole || got == 0 || n != client->in.n ||
		    memmem(client->in.p, n, "\r\nConnection: close", 19))
			hang_up(client);
		finish(house, client, whole, n);
		return;
	}
	if (got < 0 && errno == EAGAIN)
		return;
	whole = wire_unpack(&client->in, &answer);
	hang_up(client);
	free(client->in.p);
	client->in = answer;
	finish(house, client, whole, answer.n);
}

static int
is_busy(const struct client *client)
{
	return client->fd >= 0 && client->out.n > 0;
}

static void
run(struct house *house)
{
	struct epoll_event events[64];
	struct client *client;
	int busy = 1, i, n;

	while (house->wrong < WRONG_MAX && (busy || house->begun < house->n)) {
		busy = 0;
		for (i = 0; i < house->connections; i++) {
			client = &house->clients[i];
			if (!is_busy(client) && house->begun < house->n)
				begin(house, client);
			/* Those that hang up, and those that dawdle. */
			if (is_busy(client))
				send_more(house, client);
			busy |= is_busy(client);
		}
		n = epoll_wait(house->epoll, events, 64, 1);
		for (i = 0; i < n; i++) {
			client = events[i].data.ptr;
			if (client->fd >= 0 &&
			    events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				receive(house, client);
		}
	}
}

static void
report(const struct house *house, double seconds)
{
	long right = 0, refused = 0, lost = 0;

	for (int k = 0; k < KINDS; k++) {
		printf("# %8ld %-24s %8ld as they should be, %6ld refused, "
		       "%4ld lost\n",
		    house->asked[k], kinds[k].name, house->right[k],
		    house->refused[k], house->lost[k]);
		right += house->right[k];
		refused += house->refused[k];
		lost += house->lost[k];
		if (house->right[k] == 0 && house->n > 10000)
			printf("never=%s\n", kinds[k].name);
	}
	printf("asked=%ld right=%ld refused=%ld lost=%ld wrong=%ld "
	       "seconds=%.1f rate=%.0f\n",
	    house->begun, right, refused, lost, house->wrong, seconds,
	    (double)house->begun / seconds);
}

static int
parse(struct house *house, int argc, char **argv)
{
	int c;

	house->n = 20000;
	house->connections = 8;
	while ((c = getopt(argc, argv, "h:c:n:s:")) != -1) {
		long n = strtol(optarg, NULL, 10);

		if (c == 'h')
			house->port = n;
		else if (c == 'c' && n > 0 && n <= CLIENTS_MAX)
			house->connections = n;
		else if (c == 'n')
			house->n = n;
		else if (c == 's')
			srandom((unsigned)n);
		else
			return -1;
	}
	house->n_tenants = argc - optind - 3;
	if (house->n_tenants < 2 || house->n_tenants > TENANTS_MAX)
		return -1;
	house->socket.socket = argv[optind];
	house->base = argv[optind + 1];
	house->password = argv[optind + 2];
	house->tenants =
	    calloc((size_t)house->n_tenants, sizeof *house->tenants);
	for (int t = 0; house->tenants && t < house->n_tenants; t++)
		house->tenants[t].slug = argv[optind + 3 + t];
	return house->tenants ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct house house;
	int64_t begun_us;

	if (parse(&house, argc, argv) != 0)
		wire_die("see the top of tests/tools/isolation.c");
	house.canaries = canary_new();
	house.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int k = 0; k < KINDS; k++)
		house.weight += kinds[k].weight;
	for (int t = 0; t < house.n_tenants; t++)
		prepare(&house, t);
	for (int i = 0; i < CLIENTS_MAX; i++)
		house.clients[i].fd = -1;
	printf("prepared\n");
	fflush(stdout);
	begun_us = clock_mono_us();
	run(&house);
	report(&house, (double)(clock_mono_us() - begun_us) / 1e6);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		hang_up(&house.clients[i]);
		free(house.clients[i].out.p);
		free(house.clients[i].in.p);
	}
	canary_free(house.canaries);
	free(house.tenants);
	return house.wrong > 0;
}
