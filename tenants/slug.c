#include "tenants/slug.h"

/* Taken by the platform, or easily taken for it. */
static const char *const reserved[] = { "admin", "administrator", "api", "app",
	"assets", "auth", "autoconfig", "autodiscover", "billing", "blog",
	"cdn", "dashboard", "dev", "docs", "ftp", "health", "help", "host",
	"imap", "localhost", "login", "mail", "metrics", "mx", "ns1", "ns2",
	"platform", "pop", "postmaster", "registry", "root", "rowhouse",
	"security", "signup", "smtp", "staging", "static", "status", "support",
	"system", "test", "webmail", "www" };

static int
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A slug as a message may show it: printable, and not much longer than one. */
static void
show(struct str slug, char out[SLUG_MAX + 8])
{
	size_t i, n = slug.n < SLUG_MAX + 4 ? slug.n : SLUG_MAX;

	for (i = 0; i < n; i++) {
		char c = slug.p[i];

		out[i] = c > ' ' && c < 127 && c != '"' ? c : '?';
	}
	if (n < slug.n) {
		out[i++] = '.';
		out[i++] = '.';
		out[i++] = '.';
	}
	out[i] = '\0';
}

int
slug_check(struct str slug, struct err *err)
{
	char shown[SLUG_MAX + 8];
	size_t i;

	if (slug.n == 0)
		return err_set(err, ERR_INPUT, "the slug is empty");
	show(slug, shown);
	if (slug.n > SLUG_MAX)
		return err_set(err, ERR_INPUT,
		    "slug \"%s\": longer than %d characters", shown, SLUG_MAX);
	for (i = 0; i < slug.n; i++)
		if (!is_alnum(slug.p[i]) && slug.p[i] != '-')
			return err_set(err, ERR_INPUT,
			    "slug \"%s\": only a-z, 0-9 and - may be in it",
			    shown);
	if (slug.p[0] == '-' || slug.p[slug.n - 1] == '-')
		return err_set(err, ERR_INPUT,
		    "slug \"%s\": begins or ends with -", shown);
	return 0;
}

int
slug_reserved(struct str slug)
{
	size_t i;

	/* The wire form of another alphabet: it would not be shown as typed. */
	if (str_starts(slug, "xn--"))
		return 1;
	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_is(slug, reserved[i]))
			return 1;
	return 0;
}
