/*
 * One loop over libcurl's: a list of what is in the outbox, in the order in
 * which it was asked for; inotify says when there is more.
 *
 * Trouble of two kinds is kept apart.  What is wrong with one mail (its
 * recipient is put off, the connection broke while it was sent) is that mail's,
 * and the others go on.  Where the server is not to be had, or refuses us
 * before it has heard of a recipient, all wait, and one alone tries again, each
 * time another.
 */
#include "tenants/mailer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tenants/base/arena.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/net.h"
#include "tenants/base/notify.h"
#include "tenants/base/signals.h"
#include "tenants/layout.h"
#include "tenants/mail_quota.h"
#include "tenants/outbox.h"
#include "tenants/smtp_login.h"

#define AT_ONCE    4
#define LOOK_MS    60000 /* should inotify have missed something */
#define FIRST_MS   1000
#define LAST_MS    600000
#define CONNECT_MS 15000
#define STOP_MS    20000
#define LIST_MAX   ((size_t)64 << 20)
#define LETTER_MAX (4 * OUTBOX_SIZE_MAX)
#define LEFT_S     3600 /* what a killed worker left half written */
#define NEVER      INT64_MAX
#define FILE_PATH  (LAYOUT_MAX + 64)

struct letter {
	struct mailer *mailer;
	char name[OUTBOX_NAME + 1];
	int there; /* when last looked */
	int failures;
	int64_t next_ms; /* mono */
	char why[200]; /* what went wrong last */
	struct arena *arena; /* while it is on its way */
	struct outbox_mail mail;
	struct net_mail envelope;
	struct buf message;
	struct net_request request;
};

struct mailer {
	const struct config *config;
	struct layout_path dir;
	int dir_fd; /* locked */
	int signals, changes;
	struct smtp_login login;
	char url[sizeof(((struct config *)0)->mail_url) +
		 sizeof(((struct config *)0)->base_domain) + 1];
	struct net *net;
	struct mail_quota *quota;
	struct arena *names;
	size_t n, cap;
	struct letter **letter; /* by name, which is by age */
	size_t on_way;
	int failures; /* of the server, in a row */
	int64_t server_ms; /* not before, mono */
	int64_t look_ms;
	int stops;
};

static int64_t
backoff_ms(int failures)
{
	int64_t wait_ms = FIRST_MS;

	while (--failures > 0 && wait_ms < LAST_MS)
		wait_ms *= 2;
	return wait_ms < LAST_MS ? wait_ms : LAST_MS;
}

static void
path_of(const struct mailer *mailer, const char *name, char out[FILE_PATH])
{
	(void)snprintf(out, FILE_PATH, "%s/%s", mailer->dir.p, name);
}

/* --- the list ------------------------------------------------------------ */

static int
by_name(const void *key, const void *letter)
{
	return strcmp(key, (*(struct letter *const *)letter)->name);
}

static struct letter *
find(const struct mailer *mailer, size_t n, const char *name)
{
	struct letter **found = n == 0 ? NULL
				       : bsearch(name, mailer->letter, n,
					     sizeof(*mailer->letter), by_name);

	return found ? *found : NULL;
}

static void
add(struct mailer *mailer, const char *name)
{
	struct letter *letter = calloc(1, sizeof(*letter));

	if (mailer->n == mailer->cap) {
		mailer->cap = mailer->cap ? mailer->cap * 2 : 64;
		mailer->letter = realloc(
		    mailer->letter, mailer->cap * sizeof(*mailer->letter));
	}
	if (!letter || !mailer->letter)
		err_die("out of memory: mails");
	letter->mailer = mailer;
	letter->there = 1;
	(void)str_copy(str_of(name), letter->name, sizeof(letter->name));
	mailer->letter[mailer->n++] = letter;
}

/* What a worker that was killed has not finished, and nobody will. */
static void
remove_left(const struct mailer *mailer, const char *name)
{
	char path[FILE_PATH];
	struct file_id id;
	struct err err = ERR_INIT;

	path_of(mailer, name, path);
	if (file_identify(path, &id, &err) != 0 || id.ino == 0 ||
	    id.mtime_ns / 1000000 + LEFT_S * INT64_C(1000) > clock_wall_ms())
		return;
	if (file_remove(path, &err) != 0)
		log_err("outbox", STR_NONE, &err);
}

static int
order(const void *a, const void *b)
{
	return strcmp((*(struct letter *const *)a)->name,
	    (*(struct letter *const *)b)->name);
}

/* Those that are gone, and not on their way, are forgotten. */
static void
forget_gone(struct mailer *mailer)
{
	size_t i, n = 0;

	for (i = 0; i < mailer->n; i++) {
		if (mailer->letter[i]->there || mailer->letter[i]->arena)
			mailer->letter[n++] = mailer->letter[i];
		else
			free(mailer->letter[i]);
	}
	mailer->n = n;
}

static void
look(struct mailer *mailer)
{
	struct file_names names;
	struct letter *letter;
	struct err err = ERR_INIT;
	size_t i, known = mailer->n;

	mailer->look_ms = clock_mono_ms() + LOOK_MS;
	arena_reset(mailer->names);
	if (file_list(mailer->dir.p, mailer->names, &names, &err) != 0) {
		log_err("outbox", STR_NONE, &err);
		return;
	}
	for (i = 0; i < known; i++)
		mailer->letter[i]->there = 0;
	for (i = 0; i < names.n; i++) {
		if (!outbox_is_name(names.name[i])) {
			remove_left(mailer, names.name[i]);
			continue;
		}
		letter = find(mailer, known, names.name[i]);
		if (letter)
			letter->there = 1;
		else
			add(mailer, names.name[i]);
	}
	forget_gone(mailer);
	if (mailer->n > 0)
		qsort(
		    mailer->letter, mailer->n, sizeof(*mailer->letter), order);
}

/* --- one mail ------------------------------------------------------------ */

static void
tell(const struct letter *letter, enum log_level level, const char *event,
    const char *why)
{
	struct log_line line;

	log_begin(&line, level, event);
	log_str(&line, "mail", str_of(letter->name));
	log_str(&line, "tenant", letter->mail.tenant);
	if (why[0])
		log_str(&line, "text", str_of(why));
	log_end(&line);
}

/* Its memory, what the link says with it. */
static void
put_down(struct letter *letter)
{
	crypto_wipe(letter->message.p, letter->message.n);
	buf_free(&letter->message);
	arena_free(letter->arena);
	letter->arena = NULL;
	memset(&letter->mail, 0, sizeof(letter->mail));
}

static void
remove_file(struct letter *letter)
{
	char path[FILE_PATH];
	struct err err = ERR_INIT;

	path_of(letter->mailer, letter->name, path);
	letter->there = 0;
	if (file_remove(path, &err) == 0)
		return;
	/* Better late than twice. */
	letter->there = 1;
	letter->next_ms = NEVER;
	log_err("outbox", letter->mail.tenant, &err);
}

static void
give_up(struct letter *letter, const char *why)
{
	tell(letter, LOG_LEVEL_ERROR, "mail given up", why);
	remove_file(letter);
}

static void
retry(struct letter *letter, const char *why)
{
	letter->failures++;
	letter->next_ms = clock_mono_ms() + backoff_ms(letter->failures);
	(void)str_copy(str_sub(str_of(why), 0, sizeof(letter->why) - 1),
	    letter->why, sizeof(letter->why));
	tell(letter, LOG_LEVEL_WARN, "mail put off", why);
}

static void
server_fails(struct letter *letter, const struct err *err)
{
	struct mailer *mailer = letter->mailer;

	(void)str_copy(str_sub(str_of(err->msg), 0, sizeof(letter->why) - 1),
	    letter->why, sizeof(letter->why));
	if (mailer->failures == 0)
		log_err("mail server", STR_NONE, err);
	letter->failures++;
	letter->next_ms = clock_mono_ms() + backoff_ms(letter->failures);
	mailer->failures++;
	mailer->server_ms = clock_mono_ms() + backoff_ms(mailer->failures);
}

static void
server_works(struct mailer *mailer)
{
	if (mailer->failures > 0)
		log_info("mail server", "answers again");
	mailer->failures = 0;
}

static void
done(struct net_request *request, const struct err *err)
{
	struct letter *letter = request->arg;
	struct mailer *mailer = letter->mailer;

	mailer->on_way--;
	if (request->fault != NET_OK)
		mail_quota_give(
		    mailer->quota, letter->mail.tenant, letter->mail.to);
	switch (request->fault) {
	case NET_OK:
		server_works(mailer);
		remove_file(letter);
		tell(letter, LOG_LEVEL_INFO, "mail sent", "");
		break;
	case NET_REFUSED:
		server_works(mailer);
		give_up(letter, err->msg);
		break;
	case NET_LOST:
		server_works(mailer);
		retry(letter, err->msg);
		break;
	case NET_UNSENT:
	case NET_OURS:
		server_fails(letter, err);
		break;
	}
	put_down(letter);
}

static void
start(struct letter *letter)
{
	struct mailer *mailer = letter->mailer;
	const struct config *config = mailer->config;
	struct arena *arena = letter->arena;

	letter->envelope = (struct net_mail){
		.from = config->mail_from,
		.to = arena_strz(arena, letter->mail.to),
		.user = mailer->login.user[0] ? mailer->login.user : NULL,
		.password = mailer->login.password,
		.clear = (int)config->mail_clear,
	};
	buf_init(&letter->message, LETTER_MAX);
	outbox_message(config, letter->name, &letter->mail, clock_wall_ms(),
	    &letter->message);
	memset(&letter->request, 0, sizeof(letter->request));
	letter->request = (struct net_request){
		.mail = &letter->envelope,
		.url = mailer->url,
		.body = buf_view(&letter->message),
		.stall_ms = config->mail_timeout_ms,
		.whole_ms = config->mail_timeout_ms,
		.done = done,
		.arg = letter,
	};
	mailer->on_way++;
	net_start(mailer->net, &letter->request);
}

/* It is due: sent, or put off, or thrown away. */
static void
take(struct letter *letter, int64_t now_ms)
{
	struct mailer *mailer = letter->mailer;
	char path[FILE_PATH];
	struct err err = ERR_INIT;
	int64_t wait_ms;

	path_of(mailer, letter->name, path);
	letter->arena = arena_new(LETTER_MAX);
	if (outbox_read(path, letter->arena, &letter->mail, &err) != 0) {
		/* Kept, for whoever wants to see what it is. */
		if (err.code != ERR_NOT_FOUND)
			log_err("outbox", STR_NONE, &err);
		letter->next_ms = NEVER;
	} else if (letter->mail.to.n == 0) {
		remove_file(letter);
	} else if (letter->mail.until_ms <= clock_wall_ms()) {
		give_up(letter,
		    letter->why[0] ? letter->why : "nobody sent it in time");
	} else if ((wait_ms = mail_quota_take(mailer->quota,
			letter->mail.tenant, letter->mail.to, now_ms)) > 0) {
		if (letter->why[0] == '\0')
			tell(letter, LOG_LEVEL_WARN, "mail waits",
			    "as many as may be sent in an hour were sent");
		(void)str_copy(STR("too many mails in an hour"), letter->why,
		    sizeof(letter->why));
		letter->next_ms = now_ms + wait_ms;
	} else {
		start(letter);
		return;
	}
	put_down(letter);
}

/* --- the loop ------------------------------------------------------------ */

/* Until when one that waits has nothing to wait for any more. */
static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Takes what is due; ms until something is. */
static int64_t
work(struct mailer *mailer)
{
	int64_t now_ms = clock_mono_ms(), next_ms;
	size_t at_once = mailer->failures > 0 ? 1 : AT_ONCE, i;

	if (now_ms >= mailer->look_ms)
		look(mailer);
	next_ms = mailer->look_ms;
	for (i = 0; i < mailer->n && !mailer->stops; i++) {
		/* Should it be one mail's fault, another is to find that out. */
		struct letter *letter =
		    mailer->letter[(i + (size_t)mailer->failures) % mailer->n];

		if (letter->arena || !letter->there)
			continue;
		if (letter->next_ms <= now_ms && now_ms >= mailer->server_ms &&
		    mailer->on_way < at_once)
			take(letter, now_ms);
		else if (mailer->on_way < at_once)
			next_ms =
			    sooner(next_ms, letter->next_ms > mailer->server_ms
						? letter->next_ms
						: mailer->server_ms);
	}
	return next_ms > now_ms ? next_ms - now_ms : 0;
}

static void
take_signals(struct mailer *mailer)
{
	while (signals_next(mailer->signals) != 0)
		mailer->stops = 1;
}

static void
take_changes(struct mailer *mailer)
{
	char events[4096];

	while (read(mailer->changes, events, sizeof(events)) > 0)
		mailer->look_ms = 0;
}

void
mailer_run(struct mailer *mailer)
{
	struct pollfd fds[] = {
		{ .fd = mailer->signals, .events = POLLIN },
		{ .fd = mailer->changes, .events = POLLIN },
	};
	struct notify_watch watch;
	int64_t until_ms = NEVER, wait_ms, now_ms;

	log_info("sends", "through %s", mailer->config->mail_url);
	notify_watch_begin(&watch);
	notify("READY=1");
	while (!mailer->stops ||
	       (mailer->on_way > 0 && clock_mono_ms() < until_ms)) {
		wait_ms = work(mailer);
		now_ms = clock_mono_ms();
		wait_ms =
		    sooner(wait_ms, notify_watch_tend(&watch, now_ms) - now_ms);
		(void)net_poll(mailer->net, fds, 2,
		    (int)sooner(wait_ms, mailer->stops ? 200 : LOOK_MS));
		take_signals(mailer);
		take_changes(mailer);
		if (mailer->stops && until_ms == NEVER) {
			notify("STOPPING=1");
			until_ms = clock_mono_ms() + STOP_MS;
		}
	}
}

static int
open_outbox(struct mailer *mailer, struct err *err)
{
	mailer->dir = layout_outbox(mailer->config);
	if (file_mkdirs(mailer->dir.p, 0700, err) != 0)
		return -1;
	mailer->dir_fd =
	    file_open(mailer->dir.p, O_RDONLY | O_DIRECTORY, 0, err);
	if (mailer->dir_fd < 0)
		return -1;
	if (flock(mailer->dir_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_BUSY, "%s: another mailer is at work",
		    mailer->dir.p);
	mailer->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (mailer->changes < 0 ||
	    inotify_add_watch(
		mailer->changes, mailer->dir.p, IN_MOVED_TO | IN_CREATE) < 0)
		return err_sys(err, "cannot watch %s", mailer->dir.p);
	return 0;
}

struct mailer *
mailer_new(const struct config *config, struct err *err)
{
	const struct net_opts opts = {
		.connections = AT_ONCE,
		.connect_ms = sooner(CONNECT_MS, config->mail_timeout_ms),
		.ca = config->mail_ca[0] ? config->mail_ca : NULL,
	};
	static const int wanted[] = { SIGTERM, SIGINT, 0 };
	struct mailer *mailer = calloc(1, sizeof(*mailer));

	if (!mailer)
		err_die("out of memory: mailer");
	mailer->config = config;
	mailer->dir_fd = mailer->signals = mailer->changes = -1;
	mailer->names = arena_new(LIST_MAX);
	mailer->quota = mail_quota_new(
	    (size_t)config->mail_per_hour, (size_t)config->mail_per_recipient);
	(void)snprintf(mailer->url, sizeof(mailer->url), "%s/%s",
	    config->mail_url, config->base_domain);
	if (smtp_login_load(config, &mailer->login, err) != 0 ||
	    open_outbox(mailer, err) != 0 ||
	    (mailer->signals = signals_open(wanted, err)) < 0)
		goto fail;
	mailer->net = net_new(&opts, err);
	if (mailer->net)
		return mailer;
fail:
	mailer_free(mailer);
	return NULL;
}

void
mailer_free(struct mailer *mailer)
{
	size_t i;

	if (!mailer)
		return;
	for (i = 0; i < mailer->n; i++) {
		struct letter *letter = mailer->letter[i];

		if (letter->arena) {
			net_cancel(&letter->request);
			put_down(letter);
		}
		free(letter);
	}
	free(mailer->letter);
	net_free(mailer->net);
	mail_quota_free(mailer->quota);
	arena_free(mailer->names);
	crypto_wipe(&mailer->login, sizeof(mailer->login));
	file_drop(&mailer->changes);
	file_drop(&mailer->signals);
	file_drop(&mailer->dir_fd);
	free(mailer);
}
