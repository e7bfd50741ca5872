#include "tenants/mail.h"

#include <string.h>

/* {host} and {link} are filled in. */
static const struct {
	const char *page;
	const char *subject;
	const char *text;
} mails[] = {
	[TOKEN_MAIL_VERIFICATION] = { "confirm-verification",
	    "Confirm your address for {host}",
	    "Hello,\n\nplease confirm that this is the e-mail address of your "
	    "account at {host}:\n\n{link}\n\nThe link works for a day. If "
	    "you have no account there, ignore this mail.\n" },
	[TOKEN_MAIL_RESET] = { "confirm-password-reset",
	    "Choose a new password for {host}",
	    "Hello,\n\nsomebody, probably you, asked for a new password for "
	    "your account at {host}. Choose it here:\n\n{link}\n\nThe link "
	    "works for 30 minutes, and once. If it was not you, ignore this "
	    "mail: your password stays as it is.\n" },
	[TOKEN_MAIL_CHANGE] = { "confirm-email-change",
	    "Confirm your new address for {host}",
	    "Hello,\n\nplease confirm that your account at {host} is to have "
	    "this e-mail address; you will be asked for your password:\n\n"
	    "{link}\n\nThe link works for 30 minutes. If you did not ask for "
	    "it, ignore this mail: nothing changes.\n" },
	[TOKEN_MAIL_INVITATION] = { "confirm-invitation",
	    "You are invited to {host}",
	    "Hello,\n\nyou are invited to work together at {host}. Choose a "
	    "password, and you are in:\n\n{link}\n\nThe link works for seven "
	    "days.\n" },
};

static void
put_host(const struct config *config, const char *slug, struct buf *out)
{
	buf_printf(out, "%s.%s", slug, config->base_domain);
}

struct filling {
	const struct config *config;
	const char *slug;
	const char *page;
	struct str token;
};

/* Ends where there is no {, of which a pattern has only those two words. */
static void
fill(const struct filling *with, const char *pattern, struct buf *out)
{
	struct str rest = str_of(pattern), word;
	size_t at;

	while ((at = str_find(rest, '{', 0)) < rest.n) {
		buf_str(out, str_sub(rest, 0, at));
		rest = str_sub(rest, at + 1, rest.n);
		(void)str_next(&rest, '}', &word);
		if (str_is(word, "host")) {
			put_host(with->config, with->slug, out);
			continue;
		}
		fill(with, with->config->mail_link, out);
		buf_printf(out, "/#/%s/%.*s", with->page, STR_FMT(with->token));
	}
	buf_str(out, rest);
}

void
mail_text(const struct config *config, enum token_mail_kind kind,
    const char *slug, struct str token, struct buf *subject, struct buf *text)
{
	const struct filling with = { config, slug, mails[kind].page, token };

	fill(&with, mails[kind].subject, subject);
	fill(&with, mails[kind].text, text);
}
