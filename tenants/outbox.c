#include "tenants/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"

#define HEAD         "rowhouse mail 1\n"
#define DIGITS       13
#define NAME_F       "%013lld-%s"
#define WHOSE        5 /* letters of the uid; an id has enough without them */
#define RETRY_S      60
#define LINE_LONGEST 998
#define QUOTED_LINE  70

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

int
outbox_is_name(const char *name)
{
	return strlen(name) == OUTBOX_NAME && strspn(name, digits) == DIGITS &&
	       name[DIGITS] == '-' &&
	       strspn(name + DIGITS + 1, letters) == CRYPTO_ID;
}

/* What can stand in a header as it is: visible ASCII and blanks. */
static int
is_plain(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return 0;
	return 1;
}

static int
check(const struct outbox_mail *mail, struct err *err)
{
	if (!is_plain(mail->tenant) || !is_plain(mail->to) ||
	    !is_plain(mail->subject) || str_find(mail->to, ' ', 0) < mail->to.n)
		return err_set(err, ERR_INPUT,
		    "a mail's address or subject is no plain ASCII");
	return 0;
}

static int
is_of(struct str uid, const char *name)
{
	return uid.n >= WHOSE && strlen(name) == OUTBOX_NAME &&
	       memcmp(name + DIGITS + 1, uid.p, WHOSE) == 0 &&
	       outbox_is_name(name);
}

/* May the tenant leave another?  Looks no further than until it may not. */
static int
check_room(const char *path, struct str uid, struct err *err)
{
	size_t n = 0, own = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);
	int rc = -1;

	while (dir && own + n < OUTBOX_MAX &&
	       (errno = 0, entry = readdir(dir)) != NULL) {
		n += entry->d_name[0] != '.';
		own += (size_t)is_of(uid, entry->d_name);
	}
	if (own + n >= OUTBOX_MAX) {
		err_set(err, ERR_BUSY, "%zu mails wait, %zu of this tenant", n,
		    own);
		err_hint(err, "is a mailer running, and what does its log "
			      "say?");
		err->retry_after = RETRY_S;
	} else if (!dir || errno != 0) {
		err_sys(err, "cannot list %s", path);
	} else {
		rc = 0;
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

int
outbox_put(const struct config *config, const struct outbox_mail *mail,
    struct err *err)
{
	struct layout_path dir = layout_outbox(config);
	char path[LAYOUT_MAX + OUTBOX_NAME + 2], id[CRYPTO_ID + 1];
	struct buf text;
	int rc = -1;

	crypto_id(id, CRYPTO_ID);
	if (mail->uid.n >= WHOSE)
		memcpy(id, mail->uid.p, WHOSE);
	(void)snprintf(path, sizeof(path), "%s/" NAME_F, dir.p,
	    (long long)clock_wall_ms(), id);
	buf_init(&text, OUTBOX_SIZE_MAX);
	buf_printf(&text, HEAD "until: %lld\ntenant: %.*s\nto: %.*s\n",
	    (long long)mail->until_ms, STR_FMT(mail->tenant),
	    STR_FMT(mail->to));
	buf_printf(&text, "subject: %.*s\n\n%.*s", STR_FMT(mail->subject),
	    STR_FMT(mail->text));
	/* A mailer that is another user comes in by the directory's group. */
	if (check(mail, err) == 0 && buf_check(&text, "mail", err) == 0 &&
	    file_mkdirs(dir.p, 0700, err) == 0 &&
	    check_room(dir.p, mail->uid, err) == 0)
		rc = file_create(path, buf_view(&text), 0640, err);
	crypto_wipe(text.p, text.n);
	buf_free(&text);
	return rc == 0 ? 0 : err_wrap(err, "outbox");
}

/* The line "name: value"; 0, or -1. */
static int
take(struct str *rest, const char *name, struct str *value)
{
	struct str line;
	size_t n = strlen(name);

	if (!str_next(rest, '\n', &line) || !str_starts(line, name))
		return -1;
	*value = str_sub(line, n, line.n);
	return 0;
}

int
outbox_read(const char *path, struct arena *arena, struct outbox_mail *out,
    struct err *err)
{
	struct str rest, until, empty;

	if (file_read(path, OUTBOX_SIZE_MAX, arena, &rest, err) != 0)
		return -1;
	if (!str_starts(rest, HEAD))
		return err_set(err, ERR_CORRUPT, "%s: is no mail", path);
	rest = str_sub(rest, strlen(HEAD), rest.n);
	if (take(&rest, "until: ", &until) != 0 ||
	    str_i64(until, &out->until_ms) != 0 ||
	    take(&rest, "tenant: ", &out->tenant) != 0 ||
	    take(&rest, "to: ", &out->to) != 0 ||
	    take(&rest, "subject: ", &out->subject) != 0 ||
	    take(&rest, "", &empty) != 0 || empty.n > 0 || check(out, err) != 0)
		return err_set(err, ERR_CORRUPT, "%s: is no whole mail", path);
	out->text = rest;
	return 0;
}

static void
put_date(int64_t now_ms, struct buf *out)
{
	time_t now = (time_t)(now_ms / 1000);
	char text[48];
	struct tm tm;

	/* No locale was set: these are the names that RFC 5322 wants. */
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm) ==
		0)
		err_die("a mail of no date");
	buf_printf(out, "Date: %s\r\n", text);
}

/* RFC 5322, 2.1.1: no line may have more. */
static int
has_long_line(struct str text)
{
	struct str line;

	while (str_next(&text, '\n', &line))
		if (line.n > LINE_LONGEST)
			return 1;
	return 0;
}

/* Quoted-printable (RFC 2045, 6.7): a line that is broken where it was not. */
static void
put_broken(struct str line, struct buf *out)
{
	size_t at = 0, i;

	for (i = 0; i < line.n; i++) {
		if (at >= QUOTED_LINE) {
			buf_puts(out, "=\r\n");
			at = 0;
		}
		if (line.p[i] == '=' || (line.p[i] == ' ' && i + 1 == line.n)) {
			buf_printf(out, "=%02X", (unsigned)line.p[i]);
			at += 3;
		} else {
			buf_putc(out, line.p[i]);
			at++;
		}
	}
}

void
outbox_message(const struct config *config, const char *name,
    const struct outbox_mail *mail, int64_t now_ms, struct buf *out)
{
	struct str rest = mail->text, line;
	int broken = has_long_line(mail->text);

	put_date(now_ms, out);
	buf_printf(out, "From: %s\r\nTo: %.*s\r\nSubject: %.*s\r\n",
	    config->mail_from, STR_FMT(mail->to), STR_FMT(mail->subject));
	buf_printf(out, "Message-ID: <%s@%s>\r\n", name, config->base_domain);
	buf_printf(out,
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: %s\r\n"
	    "Auto-Submitted: auto-generated\r\n\r\n",
	    broken ? "quoted-printable" : "7bit");
	while (str_next(&rest, '\n', &line)) {
		if (line.n == 0 && rest.p == NULL)
			break;
		if (broken)
			put_broken(line, out);
		else
			buf_str(out, line);
		buf_puts(out, "\r\n");
	}
}
