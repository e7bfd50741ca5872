#include "tenants/base/net.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * libcurl's multi interface, polled.  An easy handle is taken from a small
 * pool for each request and reset afterwards: the connections belong to the
 * multi handle, so nothing is lost by it.
 */
#define REPLY_MAX ((size_t)64 * 1024)
#define STALL_MS  30000
/* Less than this for the time of a stall is a stall, not a slow line. */
#define STALL_BYTES 256
#define UPLOAD_BUF  (128 * 1024)
#define FDS_MAX     128 /* the caller's */
#define SPARE       64

struct net {
	struct net_opts opts;
	char *ca;
	CURLM *multi;
	struct net_request *first; /* under way */
	size_t busy;
	CURL *spare[SPARE];
	size_t spares;
};

_Static_assert(
    sizeof((struct net_request *)0)->detail >= CURL_ERROR_SIZE, "detail");

struct net *
net_new(const struct net_opts *opts, struct err *err)
{
	struct net *net = calloc(1, sizeof *net);
	struct sigaction action;

	if (!net)
		err_die("out of memory: net");
	/* Counts its calls; what they made goes with the process. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(net);
		err_set(err, ERR_SYSTEM, "cannot start libcurl");
		return NULL;
	}
	if (sigaction(SIGPIPE, NULL, &action) == 0 &&
	    action.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
	net->opts = *opts;
	net->ca = opts->ca ? strdup(opts->ca) : NULL;
	net->multi = curl_multi_init();
	if (!net->multi || (opts->ca && !net->ca))
		err_die("out of memory: net");
	curl_multi_setopt(net->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)opts->connections);
	curl_multi_setopt(
	    net->multi, CURLMOPT_MAXCONNECTS, (long)opts->connections);
	curl_multi_setopt(
	    net->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return net;
}

static void
unlink_request(struct net_request *request)
{
	struct net *net = request->net;

	if (request->prev)
		request->prev->next = request->next;
	else
		net->first = request->next;
	if (request->next)
		request->next->prev = request->prev;
	request->next = request->prev = NULL;
	net->busy--;
}

/* The handle of a request that is over, or is not to go on. */
static void
give_back(struct net *net, CURL *easy)
{
	(void)curl_multi_remove_handle(net->multi, easy);
	if (net->spares < SPARE) {
		curl_easy_reset(easy);
		net->spare[net->spares++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

void
net_cancel(struct net_request *request)
{
	struct net *net = request->net;

	if (!net)
		return;
	unlink_request(request);
	request->net = NULL;
	give_back(net, request->handle);
	curl_slist_free_all(request->list);
	buf_free(&request->reply);
}

void
net_free(struct net *net)
{
	if (!net)
		return;
	while (net->first)
		net_cancel(net->first);
	for (size_t i = 0; i < net->spares; i++)
		curl_easy_cleanup(net->spare[i]);
	(void)curl_multi_cleanup(net->multi);
	free(net->ca);
	free(net);
}

/* --- a request ----------------------------------------------------------- */

static size_t
on_read(char *space, size_t size, size_t count, void *arg)
{
	struct net_request *request = arg;
	int64_t rest = request->length - request->sent;
	size_t n = size * count;
	ssize_t got;

	if (rest < (int64_t)n)
		n = (size_t)rest;
	if (n == 0)
		return 0;
	if (request->fd < 0) {
		memcpy(space, request->body.p + request->sent, n);
		request->sent += (int64_t)n;
		return n;
	}
	do
		got = pread(
		    request->fd, space, n, request->offset + request->sent);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		err_sys(&request->failure, "cannot read %s", request->path);
	else if (got == 0)
		err_set(&request->failure, ERR_CORRUPT,
		    "%s became shorter while it was sent", request->path);
	if (got <= 0)
		return CURL_READFUNC_ABORT;
	request->sent += got;
	return (size_t)got;
}

/* A connection that was closed while idle: libcurl begins anew on another. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct net_request *request = arg;

	if (origin != SEEK_SET || offset < 0 || offset > request->length)
		return CURL_SEEKFUNC_FAIL;
	request->sent = offset;
	request->resent++;
	return CURL_SEEKFUNC_OK;
}

static int
status_of(const struct net_request *request)
{
	long status = 0;

	curl_easy_getinfo(request->handle, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static size_t
on_write(char *p, size_t size, size_t count, void *arg)
{
	struct net_request *request = arg;
	size_t n = size * count;

	if (n == 0)
		return 0;
	request->status = status_of(request);
	request->received += (int64_t)n;
	if (request->data && request->status / 100 == 2)
		return request->data(request, p, n, &request->failure) == 0 ? n
									    : 0;
	buf_put(&request->reply, p, n);
	return request->reply.full ? 0 : n;
}

static void
set_upload(CURL *easy, struct net_request *request)
{
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)request->length);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, request);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, request);
}

static void
set_body(CURL *easy, struct net_request *request)
{
	if (request->fd < 0)
		request->length = (int64_t)request->body.n;
	if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (strcmp(request->method, "PUT") == 0 ||
	    strcmp(request->method, "POST") == 0) {
		set_upload(easy, request);
		if (request->length > UPLOAD_BUF / 2)
			curl_easy_setopt(
			    easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUF);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* What libcurl would add of itself is taken away. */
static struct curl_slist *
make_headers(const struct net_request *request)
{
	static const char *const without[] = {
		"Expect:", "User-Agent:", "Accept:", "Transfer-Encoding:"
	};
	struct curl_slist *list = NULL;
	struct buf line;

	buf_init(&line, 16384);
	for (size_t i = 0; i < request->headers + 4; i++) {
		struct curl_slist *longer;

		buf_reset(&line);
		if (i < request->headers)
			buf_str(&line, request->header[i]);
		else
			buf_puts(&line, without[i - request->headers]);
		buf_putc(&line, '\0');
		assert(!line.full);
		longer = curl_slist_append(list, line.p);
		if (!longer)
			err_die("out of memory: headers");
		list = longer;
	}
	buf_free(&line);
	return list;
}

static void
set_times(const struct net *net, CURL *easy, const struct net_request *request)
{
	int64_t stall = request->stall_ms > 0 ? request->stall_ms : STALL_MS;

	curl_easy_setopt(
	    easy, CURLOPT_CONNECTTIMEOUT_MS, (long)net->opts.connect_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(
	    easy, CURLOPT_LOW_SPEED_TIME, (long)((stall + 999) / 1000));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->whole_ms);
}

static void
set_http(CURL *easy, struct net_request *request)
{
	request->list = make_headers(request);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->list);
	set_body(easy, request);
}

/* The verb of what is sent; what follows AUTH is nobody's business. */
static int
on_command(CURL *easy, curl_infotype type, char *p, size_t n, void *arg)
{
	struct net_request *request = arg;

	(void)easy;
	if (type != CURLINFO_HEADER_OUT || n < 4)
		return 0;
	request->quits = memcmp(p, "QUIT", 4) == 0;
	if (!request->quits) {
		memcpy(request->verb, p, 4);
		request->said[0] = '\0';
		request->status = 0;
	}
	return 0;
}

static size_t
on_reply(char *p, size_t size, size_t count, void *arg)
{
	struct net_request *request = arg;
	struct str line = str_trim(str_make(p, size * count));
	int64_t status;

	if (request->quits)
		return size * count;
	if (str_i64(str_sub(line, 0, 3), &status) == 0)
		request->status = (int)status;
	(void)str_copy(str_sub(line, 0, sizeof request->said - 1),
	    request->said, sizeof request->said);
	return size * count;
}

static void
set_mail(CURL *easy, struct net_request *request)
{
	const struct net_mail *mail = request->mail;

	request->list = curl_slist_append(NULL, mail->to);
	if (!request->list)
		err_die("out of memory: mail");
	request->verb[0] = request->said[0] = '\0';
	request->quits = 0;
	request->fd = -1;
	request->length = (int64_t)request->body.n;
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
	    (long)(mail->clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, request->list);
	if (mail->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password);
	}
	set_upload(easy, request);
	/* Which command it was that a reply refuses is not told otherwise. */
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_command);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    (long)((request->stall_ms + 999) / 1000));
}

void
net_start(struct net *net, struct net_request *request)
{
	CURL *easy =
	    net->spares > 0 ? net->spare[--net->spares] : curl_easy_init();

	if (!easy)
		err_die("out of memory: request");
	assert(!request->net && request->done);
	request->net = net;
	request->handle = easy;
	request->status = 0;
	request->fault = NET_OK;
	request->sent = request->received = 0;
	request->resent = 0;
	err_clear(&request->failure);
	buf_init(&request->reply,
	    request->reply_max > 0 ? request->reply_max : REPLY_MAX);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	request->detail[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->detail);
	if (net->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, net->ca);
	set_times(net, easy, request);
	if (request->mail)
		set_mail(easy, request);
	else
		set_http(easy, request);
	request->prev = NULL;
	request->next = net->first;
	if (net->first)
		net->first->prev = request;
	net->first = request;
	net->busy++;
	if (curl_multi_add_handle(net->multi, easy) != CURLM_OK)
		err_die("curl_multi_add_handle refused a handle");
}

struct str
net_header(const struct net_request *request, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(request->handle, name, 0, CURLH_HEADER, -1,
		&header) != CURLHE_OK)
		return STR_NONE;
	return str_of(header->value);
}

size_t
net_busy(const struct net *net)
{
	return net->busy;
}

/* --- the end of one ------------------------------------------------------ */

static enum net_fault
fault_of_mail(const struct net_request *request, CURLcode code)
{
	if (code == CURLE_OK)
		return NET_OK;
	/* A no to what came before is about the server or us, not this mail. */
	if (request->status >= 400 && (strcmp(request->verb, "RCPT") == 0 ||
					  strcmp(request->verb, "DATA") == 0))
		return request->status >= 500 ? NET_REFUSED : NET_LOST;
	return request->sent > 0 ? NET_LOST : NET_UNSENT;
}

static enum net_fault
fault_of(const struct net_request *request, CURLcode code)
{
	long sent = 0;

	if (request->failure.code != ERR_NONE)
		return NET_OURS;
	if (request->mail)
		return fault_of_mail(request, code);
	switch (code) {
	case CURLE_OK:
		return NET_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return NET_UNSENT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return NET_REFUSED;
	default:
		curl_easy_getinfo(
		    request->handle, CURLINFO_REQUEST_SIZE, &sent);
		return sent > 0 ? NET_LOST : NET_UNSENT;
	}
}

static void
explain(struct net_request *request, CURLcode code)
{
	const char *effective = NULL;
	struct str url;

	if (request->fault == NET_OK || request->fault == NET_OURS)
		return;
	curl_easy_getinfo(request->handle, CURLINFO_EFFECTIVE_URL, &effective);
	/* As far as the host: what follows is the caller's to name. */
	url = str_of(effective);
	for (size_t slashes = 0, i = 0; i < url.n; i++)
		if (url.p[i] == '/' && ++slashes == 3)
			url.n = i;
	if (request->mail && request->said[0] && request->status >= 400)
		err_set(&request->failure, ERR_SYSTEM, "%.*s: %s: %s",
		    STR_FMT(url), request->verb[0] ? request->verb : "greeting",
		    request->said);
	else if (request->reply.full)
		err_set(&request->failure, ERR_SYSTEM,
		    "%.*s: an answer of more than %zu bytes", STR_FMT(url),
		    request->reply.max);
	else
		err_set(&request->failure, ERR_SYSTEM, "%.*s: %s", STR_FMT(url),
		    request->fault == NET_REFUSED && request->detail[0]
			? request->detail
			: curl_easy_strerror(code));
	if (code == CURLE_OPERATION_TIMEDOUT && request->fault == NET_LOST)
		err_hint(&request->failure, "it stalled, or took too long");
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		err_hint(&request->failure,
		    "its certificate is not one that this machine trusts for "
		    "that name");
	if (code == CURLE_SSL_CACERT_BADFILE)
		err_hint(&request->failure,
		    "%s must be a file of certificates (PEM)",
		    request->net->ca ? request->net->ca : "the system's");
}

/*
 * Headers live with the handle, so that is given back after done(), which may
 * have started the request again, or freed it.
 */
static void
finish(struct net_request *request, CURLcode code)
{
	struct net *net = request->net;
	struct curl_slist *list = request->list;
	CURL *easy = request->handle;
	struct err failure;
	struct buf reply;

	if (!request->mail)
		request->status = status_of(request);
	request->fault = fault_of(request, code);
	explain(request, code);
	failure = request->failure;
	reply = request->reply;
	unlink_request(request);
	request->net = NULL;
	request->done(request, &failure);
	give_back(net, easy);
	curl_slist_free_all(list);
	buf_free(&reply);
}

/* How many ended. */
static int
complete(struct net *net)
{
	CURLMsg *message;
	int left, n = 0;

	while ((message = curl_multi_info_read(net->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		char *request = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, &request);
		finish((struct net_request *)(void *)request, code);
		n++;
	}
	return n;
}

static int
step(struct net *net)
{
	int running;

	if (curl_multi_perform(net->multi, &running) != CURLM_OK)
		err_die("curl_multi_perform failed");
	return complete(net);
}

static int
ready(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int rc = poll(fds, n, timeout_ms);

	if (rc < 0 && errno != EINTR)
		err_die("poll: %s", strerror(errno));
	return rc < 0 ? 0 : rc;
}

int
net_poll(struct net *net, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct curl_waitfd wait[FDS_MAX];

	assert(n <= FDS_MAX);
	if (net->busy == 0)
		return ready(fds, n, timeout_ms);
	if (step(net) > 0)
		return ready(fds, n, 0);
	for (nfds_t i = 0; i < n; i++)
		wait[i] = (struct curl_waitfd){ .fd = fds[i].fd,
			.events =
			    (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN
							    : 0) |
				    (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT
							     : 0)) };
	if (timeout_ms < 0)
		timeout_ms = 60000;
	if (curl_multi_poll(net->multi, wait, (unsigned)n, timeout_ms, NULL) !=
	    CURLM_OK)
		err_die("curl_multi_poll failed");
	(void)step(net);
	/* Its events lack hang-ups, so the caller's are asked for again. */
	return ready(fds, n, 0);
}

int64_t
net_date(struct str text)
{
	char date[64];
	time_t at;

	if (str_copy(text, date, sizeof date) != 0)
		return -1;
	at = curl_getdate(date, NULL);
	return at < 0 ? -1 : (int64_t)at * 1000;
}
