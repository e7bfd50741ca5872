#include "replication/s3_wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/s3_error.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"

#define ATTEMPTS    8
#define REJECTED    4 /* answers of one call */
#define PATIENCE_MS 60000 /* after which nothing is begun again */
#define PAUSE_MS    200 /* at most, before the second attempt; then doubled */
#define PAUSE_MAX   10000
#define CONNECT_MS  10000
#define KEYS_TRIES 3 /* of one call, with others each time */
#define SKEW_MS     600000
#define CLOCK_TRIES 4 /* of one call: an answer's Date may be wrong, too */
#define CLOCK_MS    60000 /* less of a difference is none */
/* What one body of any size may take: at least 32 KiB a second. */
#define WHOLE_MS(bytes) (60000 + (bytes) / 32)

static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb924"
				 "27ae41e4649b934ca495991b7852b855";

/* --- a call -------------------------------------------------------------- */

void
s3_call_init(struct s3_call *call, const char *method, enum s3_class class,
    const char *name)
{
	void *arg = call->arg;
	unsigned *requests = call->requests;

	assert(!call->wire);
	*call = (struct s3_call){ .method = method,
		.class = class,
		.fd = -1,
		.arg = arg,
		.requests = requests };
	(void)str_copy(str_of(name), call->name, sizeof call->name);
}

void
s3_call_header(struct s3_call *call, const char *name, const char *value)
{
	struct s3_header *header;

	assert(call->headers < S3_HEADERS);
	header = &call->header[call->headers++];
	header->name = name;
	if (str_copy(str_of(value), header->value, sizeof header->value) != 0)
		err_die("s3: a header of %zu bytes", strlen(value));
}

struct str
s3_call_etag(const struct s3_call *call)
{
	struct str etag = str_trim(net_header(&call->net, "ETag"));

	if (str_starts(etag, "W/"))
		etag = str_sub(etag, 2, etag.n);
	if (etag.n >= 2 && str_starts(etag, "\"") && str_ends(etag, "\""))
		etag = str_sub(etag, 1, etag.n - 1);
	return etag;
}

void
s3_call_progress(struct s3_call *call)
{
	call->attempts = 1;
	call->begun_ms = clock_mono_ms();
}

/* --- sending ------------------------------------------------------------- */

struct request {
	struct s3_sign_header sign[S3_HEADERS + 5];
	size_t signs;
	struct str line[S3_HEADERS + 8];
	size_t lines;
	struct buf text; /* of all lines, one after the other */
	size_t begin[S3_HEADERS + 8];
	struct buf url;
};

static void
add_sign(struct request *request, const char *name, const char *value)
{
	size_t at = request->signs++;

	for (; at > 0 && strcmp(request->sign[at - 1].name, name) > 0; at--)
		request->sign[at] = request->sign[at - 1];
	request->sign[at] = (struct s3_sign_header){ name, value };
}

static void
add_line(struct request *request, const char *name, const char *value)
{
	request->begin[request->lines++] = request->text.n;
	buf_printf(&request->text, "%s: %s", name, value);
}

static void
add_header(struct request *request, const char *name, const char *value)
{
	add_line(request, name, value);
	if (strncmp(name, "x-amz-", 6) == 0 || strcmp(name, "host") == 0)
		add_sign(request, name, value);
}

/* As the call was told, or as all are. */
static int64_t
time_of(const struct s3_call *call)
{
	return clock_wall_ms() +
	       (call->clock_set ? call->skew_ms : call->wire->skew_ms);
}

static void
sign(struct s3_wire *wire, const struct s3_call *call, struct request *request)
{
	int64_t now = time_of(call);
	const char *payload = call->payload[0] ? call->payload : empty_hash;
	struct str url = buf_view(&request->url);
	char date[S3_SIGN_DATE];
	struct buf value;

	s3_sign_date(now, date);
	add_header(request, "host", wire->place.host);
	add_header(request, "x-amz-content-sha256", payload);
	add_header(request, "x-amz-date", date);
	if (wire->ring.keys.token[0])
		add_header(
		    request, "x-amz-security-token", wire->ring.keys.token);
	buf_init(&value, 2048);
	s3_sign(&(struct s3_sign_input){ .method = call->method,
		    .path = str_sub(url, strlen(wire->place.base), url.n),
		    .query = str_of(call->query),
		    .header = request->sign,
		    .headers = request->signs,
		    .payload = payload,
		    .region = wire->place.region,
		    .service = "s3",
		    .time_ms = now },
	    &wire->ring.keys, &wire->sign_key, &value);
	buf_putc(&value, '\0');
	add_line(request, "Authorization", value.p);
	buf_free(&value);
}

static void on_answer(struct net_request *net, const struct err *failure);

static int
on_data(struct net_request *net, const void *p, size_t n, struct err *err)
{
	struct s3_call *call = net->arg;

	call->status = net->status;
	return call->data(call, p, n, err);
}

static void
count(struct s3_wire *wire, const struct s3_call *call)
{
	struct store_stats *stats = &wire->stats;

	switch (call->class) {
	case S3_PUTS:
		stats->puts++;
		break;
	case S3_GETS:
		stats->gets++;
		break;
	case S3_LISTS:
		stats->lists++;
		break;
	case S3_DELETES:
		stats->deletes++;
		break;
	}
	if (call->attempts > 0)
		stats->retries++;
	if (call->requests)
		++*call->requests;
}

static void
send(struct s3_wire *wire, struct s3_call *call)
{
	struct request request = { .signs = 0 };

	if (call->begin)
		call->begin(call);
	count(wire, call);
	call->attempts++;
	call->keys = wire->ring.version;
	call->status = 0;
	call->error = (struct s3_error){ .code = "" };
	buf_init(&request.text, 16384);
	buf_init(&request.url, 4096);
	buf_printf(&request.url, "%s%s/", wire->place.base, wire->place.root);
	s3_url_encode(&request.url, str_of(call->name), 1);
	for (size_t i = 0; i < call->headers; i++)
		add_header(
		    &request, call->header[i].name, call->header[i].value);
	sign(wire, call, &request);
	if (call->query[0])
		buf_printf(&request.url, "?%s", call->query);
	buf_putc(&request.url, '\0');
	assert(!request.text.full && !request.url.full);
	for (size_t i = 0; i < request.lines; i++) {
		size_t end = i + 1 < request.lines ? request.begin[i + 1]
						   : request.text.n;

		request.line[i] =
		    str_sub(buf_view(&request.text), request.begin[i], end);
	}
	call->net = (struct net_request){ .method = call->method,
		.url = request.url.p,
		.header = request.line,
		.headers = request.lines,
		.body = call->body,
		.fd = call->fd,
		.offset = call->offset,
		.length = call->length,
		.path = call->path,
		.stall_ms =
		    call->stall_ms ? call->stall_ms : wire->place.stall_ms,
		.whole_ms = call->class == S3_GETS
				? 0
				: WHOLE_MS(call->fd < 0 ? (int64_t)call->body.n
							: call->length),
		.data = call->data ? on_data : NULL,
		.reply_max = call->reply_max,
		.done = on_answer,
		.arg = call };
	net_start(wire->net, &call->net);
	crypto_wipe(request.text.p, request.text.n);
	buf_free(&request.text);
	buf_free(&request.url);
}

/* --- what comes back ----------------------------------------------------- */

static void
finish(struct s3_call *call, const struct err *err)
{
	struct err copy = *err;

	call->wire->calls--;
	call->wire = NULL;
	call->done(call, &copy);
}

static void
note_up(struct s3_wire *wire, int up)
{
	if (up)
		wire->stats.down_ms = 0;
	else if (wire->stats.down_ms == 0)
		wire->stats.down_ms = clock_mono_ms();
}

/* After a pause of anything up to a bound that doubles: full jitter. */
static int
repeat(struct s3_call *call, int64_t at_least_ms)
{
	struct s3_wire *wire = call->wire;
	int64_t now = clock_mono_ms();
	int64_t most = PAUSE_MS;
	uint32_t dice;

	for (unsigned i = 1; i < call->attempts && most < PAUSE_MAX; i++)
		most *= 2;
	crypto_random(&dice, sizeof dice);
	call->due_ms = now + at_least_ms + dice % (most + 1);
	if (call->attempts >= ATTEMPTS ||
	    call->due_ms - call->begun_ms > PATIENCE_MS)
		return -1;
	call->next = wire->later;
	wire->later = call;
	return 0;
}

static void
again_at_once(struct s3_call *call)
{
	call->next = NULL;
	*call->wire->last = call;
	call->wire->last = &call->next;
}

/* Further from the time that the request bore than any store takes. */
static int
is_skewed(const struct s3_call *call)
{
	int64_t theirs = net_date(net_header(&call->net, "Date"));

	return theirs >= 0 &&
	       llabs((long long)(theirs - time_of(call))) > SKEW_MS;
}

/* 1 the call bears the time that the answer has from now on. */
static int
set_clock(struct s3_call *call)
{
	int64_t theirs = net_date(net_header(&call->net, "Date"));

	if (call->clock_set == CLOCK_TRIES || theirs < 0)
		return 0;
	call->clock_set++;
	call->skew_ms = theirs - clock_wall_ms();
	return 1;
}

/*
 * The store took a request that bears another time than all do.  One answer has
 * told that time, another accepts it: it is the store's.
 */
static void
adopt_clock(const struct s3_call *call)
{
	struct s3_wire *wire = call->wire;
	long long s = llabs((long long)call->skew_ms) / 1000;

	if (!call->clock_set ||
	    llabs((long long)(call->skew_ms - wire->skew_ms)) < CLOCK_MS)
		return;
	wire->skew_ms = call->skew_ms;
	if (s < CLOCK_MS / 1000)
		log_info(
		    "store", "the clock of %s is ours again", wire->place.host);
	else
		log_warn("store",
		    "the clock of %s is %lld s %s ours; requests to it bear "
		    "its time",
		    wire->place.host, s,
		    wire->skew_ms > 0 ? "ahead of" : "behind");
}

/* 1 there are other keys now. */
static int
read_keys(struct s3_call *call)
{
	struct s3_wire *wire = call->wire;

	if (call->keys_tried == KEYS_TRIES ||
	    !s3_keyring_again(&wire->ring, call->keys))
		return 0;
	call->keys_tried++;
	wire->sign_key.day[0] = '\0';
	return 1;
}

static int64_t
retry_after(const struct s3_call *call)
{
	struct str value = str_trim(net_header(&call->net, "Retry-After"));
	int64_t seconds, at;

	if (str_i64(value, &seconds) == 0)
		return seconds < 0      ? 0
		       : seconds > 3600 ? 3600000
					: seconds * 1000;
	at = net_date(value);
	if (at < 0)
		return 0;
	at -= time_of(call);
	return at < 0 ? 0 : at > 3600000 ? 3600000 : at;
}

/* Of a 200 too: some answers fail after their status was sent. */
static int
is_error(struct s3_call *call)
{
	int found = s3_answer_error(buf_view(&call->net.reply), &call->error);

	return found || call->status / 100 != 2;
}

static void
on_refusal(struct s3_call *call)
{
	struct s3_wire *wire = call->wire;
	enum s3_remedy remedy = s3_error_remedy(call->status, call->error.code);
	int64_t pause = 0;
	struct err err = ERR_INIT;

	/* The answer to a HEAD has no text, but it has a date. */
	if (call->status == 403 && !call->error.code[0] && is_skewed(call))
		remedy = S3_CLOCK;
	/* Whatever a store calls it: others may be let in. */
	else if ((call->status == 403 || call->status == 401) &&
		 remedy == S3_GIVE_UP)
		remedy = S3_KEYS;
	/* An error behind a status of success is worth another try. */
	if (remedy == S3_GIVE_UP && call->status / 100 == 2)
		remedy = S3_AGAIN;
	if (remedy == S3_SLOWER) {
		wire->stats.refused++;
		pause = retry_after(call);
	}
	note_up(wire, remedy != S3_SLOWER && call->status < 500);
	if (call->status >= 500 || call->status / 100 == 2)
		call->doubtful = 1;
	if ((remedy == S3_CLOCK && set_clock(call)) ||
	    (remedy == S3_KEYS && read_keys(call))) {
		again_at_once(call);
		return;
	}
	if ((remedy == S3_AGAIN || remedy == S3_SLOWER || remedy == S3_CLOCK) &&
	    repeat(call, pause) == 0)
		return;
	s3_error_explain(call, &err);
	if (err.code == ERR_AUTH)
		s3_keyring_refused(&wire->ring);
	if (pause > 0)
		err.retry_after = (int)((pause + 999) / 1000);
	finish(call, &err);
}

/* An answer of success: is it one that can be used? */
static void
on_success(struct s3_call *call)
{
	const char *wrong = call->reject ? call->reject(call) : NULL;
	struct err err = ERR_INIT;

	note_up(call->wire, 1);
	s3_keyring_taken(&call->wire->ring);
	adopt_clock(call);
	if (wrong) {
		if (++call->rejected < REJECTED && repeat(call, 0) == 0)
			return;
		err_set(&err, ERR_CORRUPT, "s3://%s/%s %s",
		    call->wire->place.bucket, call->name, wrong);
	}
	finish(call, &err);
}

static void
note_date(struct s3_wire *wire, const struct net_request *net)
{
	int64_t theirs = net->fault == NET_OK
			     ? net_date(net_header(net, "Date"))
			     : -1;

	if (theirs < 0)
		return;
	wire->stats.date_ms = theirs;
	wire->stats.date_mono_ms = clock_mono_ms();
}

static void
on_answer(struct net_request *net, const struct err *failure)
{
	struct s3_call *call = net->arg;
	struct s3_wire *wire = call->wire;
	struct err err = *failure;

	call->status = net->fault == NET_OK ? net->status : 0;
	note_date(wire, net);
	for (unsigned i = 0; i < net->resent; i++) {
		count(wire, call);
		call->doubtful = 1;
	}
	if (call->class == S3_PUTS)
		wire->stats.bytes_out += (uint64_t)net->sent;
	if (call->class == S3_GETS && call->data)
		wire->stats.bytes_in += (uint64_t)net->received;
	if (net->fault == NET_OK) {
		if (is_error(call))
			on_refusal(call);
		else
			on_success(call);
		return;
	}
	if (net->fault == NET_LOST)
		call->doubtful = 1;
	if (net->fault != NET_OURS) {
		note_up(wire, 0);
		if (net->fault != NET_REFUSED && repeat(call, 0) == 0)
			return;
		if (net->fault == NET_UNSENT)
			err_hint(&err, "is the endpoint in replica.url right, "
				       "and does this machine reach it?");
		err_wrap(&err, "s3://%s/%s", wire->place.bucket,
		    call->name[0] ? call->name : wire->place.prefix);
	}
	finish(call, &err);
}

/* --- the wire ------------------------------------------------------------ */

int
s3_wire_open(struct s3_wire *wire, const char *rest, struct err *err)
{
	struct net_opts opts = { .connect_ms = CONNECT_MS };

	*wire = (struct s3_wire){ .skew_ms = 0 };
	wire->last = &wire->first;
	if (s3_url_parse(rest, &wire->place, err) != 0 ||
	    s3_keyring_open(&wire->ring, wire->place.profile, err) != 0)
		return -1;
	opts.connections = (unsigned)wire->place.connections;
	opts.ca = wire->place.ca[0] ? wire->place.ca : NULL;
	wire->net = net_new(&opts, err);
	return wire->net ? 0 : -1;
}

void
s3_wire_close(struct s3_wire *wire)
{
	net_free(wire->net);
	s3_keyring_wipe(&wire->ring);
	crypto_wipe(&wire->sign_key, sizeof wire->sign_key);
}

void
s3_wire_submit(struct s3_wire *wire, struct s3_call *call)
{
	assert(!call->wire);
	call->wire = wire;
	call->attempts = call->rejected = 0;
	call->doubtful = call->clock_set = 0;
	call->keys_tried = 0;
	call->begun_ms = clock_mono_ms();
	wire->calls++;
	again_at_once(call);
}

static void
drop(struct s3_call **list, struct s3_call *call)
{
	for (; *list; list = &(*list)->next)
		if (*list == call) {
			*list = call->next;
			return;
		}
}

void
s3_wire_cancel(struct s3_call *call)
{
	struct s3_wire *wire = call->wire;

	if (!wire)
		return;
	net_cancel(&call->net);
	drop(&wire->later, call);
	drop(&wire->first, call);
	wire->last = &wire->first;
	while (*wire->last)
		wire->last = &(*wire->last)->next;
	wire->calls--;
	call->wire = NULL;
}

/* Moves what is due to what is to be sent; ms to the next, -1 there is none. */
static int64_t
collect_due(struct s3_wire *wire)
{
	int64_t now = clock_mono_ms(), next = -1;
	struct s3_call **at = &wire->later;

	while (*at) {
		struct s3_call *call = *at;
		int64_t left = call->due_ms - now;

		if (left <= 0) {
			*at = call->next;
			again_at_once(call);
			continue;
		}
		if (next < 0 || left < next)
			next = left;
		at = &call->next;
	}
	return next;
}

static void
pump(struct s3_wire *wire)
{
	while (wire->first &&
	       net_busy(wire->net) < (size_t)wire->place.connections) {
		struct s3_call *call = wire->first;

		wire->first = call->next;
		if (!wire->first)
			wire->last = &wire->first;
		call->next = NULL;
		send(wire, call);
	}
}

int
s3_wire_poll(struct s3_wire *wire, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int64_t due = collect_due(wire);

	if (due >= 0 && (timeout_ms < 0 || due < timeout_ms))
		timeout_ms = (int)due;
	pump(wire);
	return net_poll(wire->net, fds, n, timeout_ms);
}
