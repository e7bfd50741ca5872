#include "fcgi/prefer.h"

#include <string.h>

/*
 *	Prefer     = 1#preference
 *	preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )
 *	parameter  = token [ BWS "=" BWS word ]
 *	word       = token / quoted-string
 */

/* Longer ones are cut: none of them is of interest. */
#define WORD_MAX 31

/* tchar of RFC 9110, 5.6.2. */
static int
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
skip_space(struct str *rest)
{
	size_t n = 0;

	while (n < rest->n && (rest->p[n] == ' ' || rest->p[n] == '\t'))
		n++;
	*rest = str_sub(*rest, n, rest->n);
}

/* 1 and past it, where that is what comes next. */
static int
take(struct str *rest, char c)
{
	skip_space(rest);
	if (rest->n == 0 || rest->p[0] != c)
		return 0;
	*rest = str_sub(*rest, 1, rest->n);
	return 1;
}

static struct str
take_token(struct str *rest)
{
	struct str token;
	size_t n = 0;

	skip_space(rest);
	while (n < rest->n && is_token(rest->p[n]))
		n++;
	token = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, n, rest->n);
	return token;
}

/* What stands behind the quote, without its backslashes; -1: it has no end. */
static int
take_quoted(struct str *rest, char word[WORD_MAX + 1])
{
	size_t i, n = 0;

	for (i = 0; i < rest->n && rest->p[i] != '"'; i++) {
		if (rest->p[i] == '\\' && ++i == rest->n)
			return -1;
		if (n < WORD_MAX)
			word[n++] = rest->p[i];
	}
	if (i == rest->n)
		return -1;
	word[n] = '\0';
	*rest = str_sub(*rest, i + 1, rest->n);
	return 0;
}

/* A name, and a word behind it or "".  -1 where there is none. */
static int
take_pair(struct str *rest, struct str *name, char word[WORD_MAX + 1])
{
	struct str token;

	word[0] = '\0';
	*name = take_token(rest);
	if (name->n == 0)
		return -1;
	if (!take(rest, '='))
		return 0;
	if (take(rest, '"'))
		return take_quoted(rest, word);
	token = take_token(rest);
	(void)str_copy(str_sub(token, 0, WORD_MAX), word, WORD_MAX + 1);
	return 0;
}

int
prefer_replicated(struct str rest)
{
	char word[WORD_MAX + 1], ignored[WORD_MAX + 1];
	struct str name, parameter;

	for (;;) {
		/* A list may have empty elements (RFC 9110, 5.6.1). */
		while (take(&rest, ','))
			continue;
		if (take_pair(&rest, &name, word) != 0)
			return 0;
		while (take(&rest, ';')) {
			skip_space(&rest);
			if (rest.n > 0 && is_token(rest.p[0]) &&
			    take_pair(&rest, &parameter, ignored) != 0)
				return 0;
		}
		skip_space(&rest);
		if (rest.n > 0 && rest.p[0] != ',')
			return 0;
		if (str_is_nocase(name, "durability"))
			return str_is_nocase(str_of(word), "replicated");
	}
}
