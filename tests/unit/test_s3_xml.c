#include "replication/s3_xml.h"

#include "replication/s3_answer.h"
#include "tenants/base/buf.h"
#include "tests/unit/unit.h"

static int
note(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	(void)err;
	buf_printf(arg, "%.*s>%.*s=%.*s;", STR_FMT(parent), STR_FMT(name),
	    STR_FMT(text));
	return 0;
}

static void
documents(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "<a/>", ">a=;" },
		{ "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --><a></a>\n",
		    ">a=;" },
		{ "<a><b>1</b><c x='>' y=\"/>\"/> </a>", "a>b=1;a>c=;>a= ;" },
		{ "<n:a xmlns:n='u'><n:b>1</n:b></n:a >", "a>b=1;>a=;" },
		{ "<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#xe4;&#x20ac;"
		  "&#x1F600;&#1;</a>",
		    ">a=&<>\"'AB\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x01;" },
		{ "<a><![CDATA[<&]]>x</a>", ">a=<&x;" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct buf out;

		buf_init(&out, 1000);
		if (s3_xml_parse(str_of(cases[i].text), note, &out, &err) != 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
		buf_putc(&out, '\0');
		assert_string_equal(out.p, cases[i].want);
		buf_free(&out);
	}
}

static void
what_is_none(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "", "xml: it ends too early" },
		{ "<a>", "xml: it ends too early" },
		{ "<a", "xml: a tag that does not end" },
		{ "<a x='>", "xml: a tag that does not end" },
		{ "<a<b>", "xml: a tag that does not end" },
		{ "<>", "xml: a tag without a name" },
		{ "</>", "xml: a tag without a name" },
		{ "<a></a x>", "xml: a tag without a name" },
		{ "</a>", "xml: an end tag without its start tag" },
		{ "<a></b>", "xml: an end tag without its start tag" },
		{ "<a/><b/>", "xml: a second root" },
		{ "x<a/>", "xml: text outside of the root" },
		{ "<a/>x", "xml: text outside of the root" },
		{ "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
		    "xml: a document type" },
		{ "<a>&x;</a>", "xml: an entity that is not known" },
		{ "<a>&amp</a>", "xml: an entity that is not known" },
		{ "<a>&#0;</a>", "xml: an entity that is not known" },
		{ "<a>&#xd800;</a>", "xml: an entity that is not known" },
		{ "<a>&#x110000;</a>", "xml: an entity that is not known" },
		{ "<a>&#;</a>", "xml: an entity that is not known" },
		{ "<a>&#x;</a>", "xml: an entity that is not known" },
		{ "<?xml", "xml: an instruction that does not end" },
		{ "<!-- ", "xml: a comment that does not end" },
		{ "<a><![CDATA[", "xml: a CDATA that does not end" },
		{ "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
		    "xml: too deep" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct buf out;

		buf_init(&out, 1000);
		if (s3_xml_parse(str_of(cases[i].text), note, &out, &err) == 0)
			fail_msg("%s is accepted", cases[i].text);
		assert_err(&err, ERR_CORRUPT, cases[i].msg);
		buf_free(&out);
	}
}

static int
see_key(void *arg, struct str key, int64_t size, struct err *err)
{
	(void)err;
	buf_printf(arg, "%.*s:%lld;", STR_FMT(key), (long long)size);
	return 0;
}

static int
see_prefix(void *arg, struct str prefix, struct err *err)
{
	(void)err;
	buf_printf(arg, "%.*s;", STR_FMT(prefix));
	return 0;
}

static const char whole[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Name>b</Name><Prefix>p/</Prefix><KeyCount>2</KeyCount>"
    "<IsTruncated>true</IsTruncated>"
    "<NextContinuationToken>t&amp;k</NextContinuationToken>"
    "<Contents><Key>p/a&amp;b</Key><Size>12</Size><Owner><ID>x</ID></Owner>"
    "</Contents><Contents><Size>0</Size><Key>p/c</Key></Contents>"
    "<CommonPrefixes><Prefix>p/d/</Prefix></CommonPrefixes>"
    "</ListBucketResult>";

static void
lists(void **state)
{
	struct err err = ERR_INIT;
	struct buf out;
	struct s3_listing listing = {
		.key = see_key, .prefix = see_prefix, .arg = &out
	};

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(s3_answer_list(str_of(whole), &listing, &err), 0);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, "p/a&b:12;p/c:0;p/d/;");
	assert_int_equal(listing.truncated, 1);
	assert_string_equal(listing.token, "t&k");
	buf_free(&out);
}

/* Cut anywhere, or with any byte changed: an answer, or a reason; no crash. */
static void
damaged_lists(void **state)
{
	char text[sizeof whole];

	(void)state;
	for (size_t i = 0; i < sizeof whole - 1; i++)
		for (int how = 0; how < 6; how++) {
			static const char with[] = { '<', '>', '&', '\0',
				'\xff' };
			struct err err = ERR_INIT;
			struct buf out;
			struct s3_listing listing = { .key = see_key,
				.prefix = see_prefix,
				.arg = &out };
			size_t n = sizeof whole - 1;
			int rc;

			memcpy(text, whole, sizeof text);
			if (how == 5)
				n = i;
			else
				text[i] = with[how];
			buf_init(&out, 1000);
			rc = s3_answer_list(str_make(text, n), &listing, &err);
			assert_int_equal(
			    err.code, rc == 0 ? ERR_NONE : ERR_CORRUPT);
			if (how == 5)
				assert_int_equal(rc, -1);
			buf_free(&out);
		}
}

static void
errors(void **state)
{
	struct s3_error error;

	(void)state;
	assert_int_equal(
	    s3_answer_error(STR("<Error><Code>A</Code><Message>m\nn</Message>"
				"<Region>r</Region></Error>"),
		&error),
	    1);
	assert_string_equal(error.code, "A");
	assert_string_equal(error.message, "m n");
	assert_string_equal(error.region, "r");
	assert_int_equal(s3_answer_error(STR(""), &error), 0);
	assert_int_equal(s3_answer_error(STR("hello"), &error), 0);
	assert_int_equal(s3_answer_error(STR("<html>no</html>"), &error), 0);
}

static void
uploads(void **state)
{
	char id[S3_UPLOAD];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    s3_answer_upload(STR("<InitiateMultipartUploadResult><Bucket>b"
				 "</Bucket><UploadId>u/1</UploadId>"
				 "</InitiateMultipartUploadResult>"),
		id, &err),
	    0);
	assert_string_equal(id, "u/1");
	assert_int_equal(
	    s3_answer_upload(STR("<InitiateMultipartUploadResult/>"), id, &err),
	    -1);
	assert_err(&err, ERR_CORRUPT,
	    "the answer is no InitiateMultipartUploadResult");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(lists),
		cmocka_unit_test(damaged_lists),
		cmocka_unit_test(errors),
		cmocka_unit_test(uploads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
