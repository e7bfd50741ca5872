#include "replication/s3_xml.h"

#include <stdint.h>
#include <string.h>

#include "tenants/base/buf.h"

#define DEPTH    16
#define TEXT_MAX ((size_t)64 * 1024) /* of one element */

struct reader {
	struct str rest;
	struct str name[DEPTH]; /* open elements, as they are written */
	size_t depth;
	int rooted; /* there was a root */
	struct buf text; /* of the innermost */
	s3_xml_fn *element;
	void *arg;
};

static int
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "xml: %s", what);
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str
local(struct str name)
{
	size_t colon = str_find(name, ':', 0);

	return colon < name.n ? str_sub(name, colon + 1, name.n) : name;
}

static void
advance(struct reader *reader, size_t n)
{
	reader->rest = str_sub(reader->rest, n, reader->rest.n);
}

/* Drops everything up to the end of `mark`; *before is what it was. */
static int
cut(struct reader *reader, const char *mark, struct str *before)
{
	const char *p =
	    memmem(reader->rest.p, reader->rest.n, mark, strlen(mark));

	if (!p)
		return -1;
	*before = str_sub(reader->rest, 0, (size_t)(p - reader->rest.p));
	advance(reader, before->n + strlen(mark));
	return 0;
}

/* --- text ---------------------------------------------------------------- */

static void
put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_putc(out, (char)(0x80 | (c & 63)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 63)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_putc(out, (char)(0x80 | (c & 63)));
	}
}

/*
 * &#N; and &#xN;.  XML 1.0 knows no control characters, but keys of others'
 * objects may have them, and stores write them like this.
 */
static int
put_number(struct buf *out, struct str digits)
{
	int hex = str_starts(digits, "x");
	uint64_t c;

	if (hex ? digits.n < 2 || digits.n > 7 : digits.n > 7)
		return -1;
	c = 0;
	for (size_t i = hex ? 1 : 0; i < digits.n; i++) {
		char d = digits.p[i];
		unsigned v;

		if (d >= '0' && d <= '9')
			v = (unsigned)(d - '0');
		else if (hex && (d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = (unsigned)((d | 0x20) - 'a' + 10);
		else
			return -1;
		c = c * (hex ? 16 : 10) + v;
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	put_utf8(out, (uint32_t)c);
	return 0;
}

static int
put_entity(struct buf *out, struct str name)
{
	static const struct {
		const char *name;
		char c;
	} named[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' } };

	if (str_starts(name, "#") && name.n > 1)
		return put_number(out, str_sub(name, 1, name.n));
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		if (str_is(name, named[i].name)) {
			buf_putc(out, named[i].c);
			return 0;
		}
	return -1;
}

static int
read_text(struct reader *reader, struct err *err)
{
	struct str text =
	    str_sub(reader->rest, 0, str_find(reader->rest, '<', 0));

	advance(reader, text.n);
	for (size_t i = 0; i < text.n; i++) {
		size_t end;

		if (reader->depth == 0) {
			if (!is_space(text.p[i]))
				return bad(err, "text outside of the root");
			continue;
		}
		if (text.p[i] != '&') {
			buf_putc(&reader->text, text.p[i]);
			continue;
		}
		end = str_find(text, ';', i);
		if (end == text.n ||
		    put_entity(&reader->text, str_sub(text, i + 1, end)) != 0)
			return bad(err, "an entity that is not known");
		i = end;
	}
	return reader->text.full ? bad(err, "an element of too much text") : 0;
}

/* --- tags ---------------------------------------------------------------- */

static int
end_element(struct reader *reader, struct str name, struct err *err)
{
	struct str parent = STR("");

	if (reader->depth == 0 ||
	    !str_eq(reader->name[reader->depth - 1], name))
		return bad(err, "an end tag without its start tag");
	if (reader->depth > 1)
		parent = local(reader->name[reader->depth - 2]);
	if (reader->element(reader->arg, parent, local(name),
		buf_view(&reader->text), err) != 0)
		return -1;
	reader->depth--;
	buf_reset(&reader->text);
	return 0;
}

/* The length of a start tag up to its '>', which quotes may hold as well. */
static size_t
tag_length(struct str rest)
{
	char quote = '\0';

	for (size_t i = 0; i < rest.n; i++) {
		char c = rest.p[i];

		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '<')
			return rest.n;
		else if (c == '>')
			return i;
	}
	return rest.n;
}

static int
read_tag(struct reader *reader, struct err *err)
{
	size_t n = tag_length(reader->rest), i = 0;
	struct str tag = str_sub(reader->rest, 0, n);
	int closing = str_starts(tag, "/"), empty = str_ends(tag, "/");
	struct str name;

	if (n == reader->rest.n)
		return bad(err, "a tag that does not end");
	advance(reader, n + 1);
	tag = str_sub(tag, closing ? 1 : 0, tag.n - (empty ? 1 : 0));
	while (i < tag.n && !is_space(tag.p[i]))
		i++;
	name = str_sub(tag, 0, i);
	if (name.n == 0 || (closing && (empty || str_trim(tag).n != name.n)))
		return bad(err, "a tag without a name");
	if (closing)
		return end_element(reader, name, err);
	if (reader->depth == 0 && reader->rooted)
		return bad(err, "a second root");
	if (reader->depth == DEPTH)
		return bad(err, "too deep");
	reader->rooted = 1;
	reader->name[reader->depth++] = name;
	buf_reset(&reader->text);
	return empty ? end_element(reader, name, err) : 0;
}

static int
read_markup(struct reader *reader, struct err *err)
{
	struct str text;

	if (str_starts(reader->rest, "<?")) {
		if (cut(reader, "?>", &text) != 0)
			return bad(err, "an instruction that does not end");
		return 0;
	}
	if (str_starts(reader->rest, "<!--")) {
		if (cut(reader, "-->", &text) != 0)
			return bad(err, "a comment that does not end");
		return 0;
	}
	if (str_starts(reader->rest, "<![CDATA[") && reader->depth > 0) {
		advance(reader, strlen("<![CDATA["));
		if (cut(reader, "]]>", &text) != 0)
			return bad(err, "a CDATA that does not end");
		buf_str(&reader->text, text);
		return reader->text.full
			   ? bad(err, "an element of too much text")
			   : 0;
	}
	if (str_starts(reader->rest, "<!"))
		return bad(err, "a document type");
	advance(reader, 1);
	return read_tag(reader, err);
}

int
s3_xml_parse(
    struct str document, s3_xml_fn *element, void *arg, struct err *err)
{
	struct reader reader = {
		.rest = document, .element = element, .arg = arg
	};
	int rc = 0;

	buf_init(&reader.text, TEXT_MAX);
	if (str_starts(reader.rest, "\xef\xbb\xbf"))
		advance(&reader, 3);
	while (rc == 0 && reader.rest.n > 0)
		rc = reader.rest.p[0] == '<' ? read_markup(&reader, err)
					     : read_text(&reader, err);
	if (rc == 0 && (reader.depth > 0 || !reader.rooted))
		rc = bad(err, "it ends too early");
	buf_free(&reader.text);
	return rc;
}
