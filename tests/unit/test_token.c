#include "tenants/token.h"

#include "tests/unit/unit.h"

#define USER "abcdefghij01234"
#define KEY  "k0k1k2k3k4k5k6k7k8k9k0k1k2k3k4k5k6k7k8k9k0k1k2k3k4"
#define NOW  1800000000

static const struct secret master = { { 1, 2, 3, 4 } };
static const struct registry_tenant acme = {
	.slug = "acme", .uid = "uidofacme000000", .generation = 3
};
static struct arena *arena, *work;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	arena = arena_new(1 << 20);
	work = arena_new(1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	arena_free(work);
	return 0;
}

static struct str
issue(const struct registry_tenant *tenant, int64_t expires_s)
{
	struct buf buf;
	struct str text;

	buf_init(&buf, 4096);
	token_issue(&master, tenant, STR(USER), STR(KEY), expires_s, &buf);
	assert_false(buf.full);
	text = arena_str(arena, buf_view(&buf));
	buf_free(&buf);
	return text;
}

/* A token with any header and claims, and a signature that is right. */
static struct str
forge(const char *header, const char *claims)
{
	const struct str parts[] = { STR("rowhouse token"),
		STR("uidofacme000000"), STR("3"), STR(KEY) };
	unsigned char mac[32];
	struct secret key;
	struct buf buf;
	struct str text;

	crypto_derive(&master, parts, 4, &key);
	buf_init(&buf, 1 << 16);
	crypto_b64url(&buf, header, strlen(header));
	buf_putc(&buf, '.');
	crypto_b64url(&buf, claims, strlen(claims));
	crypto_hmac_sha256(&key, buf_view(&buf), mac);
	buf_putc(&buf, '.');
	crypto_b64url(&buf, mac, sizeof(mac));
	text = arena_str(arena, buf_view(&buf));
	buf_free(&buf);
	return text;
}

/* Both steps, as a request goes through them; 0 or -1. */
static int
enter(struct str text, const struct registry_tenant *tenant,
    const char *token_key, struct token *token, struct err *err)
{
	err_clear(err);
	arena_reset(work);
	if (token_read(text, tenant, NOW, work, token, err) != 0)
		return -1;
	return token_verify(&master, tenant, text, str_of(token_key), err);
}

static void
comes_back(void **state)
{
	struct err err = ERR_INIT;
	struct token token;

	(void)state;
	assert_int_equal(
	    enter(issue(&acme, NOW + 60), &acme, KEY, &token, &err), 0);
	assert_true(str_is(token.user_id, USER));
	assert_int_equal(token.expires_s, NOW + 60);
	assert_int_equal(token.refreshable, 1);
}

/* Its bytes are a promise: a release that changes them signs everybody out. */
static void
has_a_known_form(void **state)
{
	struct str text = issue(&acme, 1900000000);

	(void)state;
	assert_true(str_eq(text,
	    forge("{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
		"{\"collectionId\":\"_pb_users_auth_\",\"exp\":1900000000,"
		"\"id\":\"" USER "\",\"refreshable\":true,"
		"\"tenant\":\"acme\",\"type\":\"auth\"}")));
	assert_true(str_starts(text, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
}

static void
is_worthless_elsewhere(void **state)
{
	struct registry_tenant other;
	struct str text = issue(&acme, NOW + 60);
	struct err err = ERR_INIT;
	struct token token;

	(void)state;
	other = acme;
	strcpy(other.slug, "globex");
	assert_int_equal(enter(text, &other, KEY, &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token is another tenant's");

	/* the same slug, taken again by another */
	other = acme;
	strcpy(other.uid, "uidofanother000");
	assert_int_equal(enter(text, &other, KEY, &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token's signature is wrong");

	/* restored since */
	other = acme;
	other.generation++;
	assert_int_equal(enter(text, &other, KEY, &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token's signature is wrong");

	/* a new password */
	assert_int_equal(
	    enter(text, &acme, "another token key", &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token's signature is wrong");
}

static void
expires(void **state)
{
	struct err err = ERR_INIT;
	struct token token;

	(void)state;
	assert_int_equal(
	    enter(issue(&acme, NOW + 1), &acme, KEY, &token, &err), 0);
	assert_int_equal(
	    enter(issue(&acme, NOW), &acme, KEY, &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token has expired");
}

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS(id, type, collection, tenant, exp, refreshable)                 \
	"{\"id\":" id ",\"type\":" type ",\"collectionId\":" collection        \
	",\"tenant\":" tenant ",\"exp\":" exp ",\"refreshable\":" refreshable  \
	"}"
#define FINE                                                                   \
	CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"", "\"acme\"",  \
	    "1900000000", "true")

/* Rightly signed all of them, so it is the reading that must refuse. */
static const struct {
	const char *header;
	const char *claims;
	const char *text; /* NULL = accepted */
} forged[] = {
	{ HEADER, FINE, NULL },
	{ "{ \"typ\": \"JWT\", \"alg\": \"HS256\" }", FINE, NULL },
	{ "{\"alg\":\"none\",\"typ\":\"JWT\"}", FINE,
	    "the token is not one of HS256" },
	{ "{\"alg\":\"hs256\",\"typ\":\"JWT\"}", FINE,
	    "the token is not one of HS256" },
	{ "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", FINE,
	    "the token is not one of HS256" },
	{ "{\"alg\":\"HS256\",\"typ\":\"JWE\"}", FINE,
	    "the token is not one of HS256" },
	{ "{\"alg\":\"HS256\"}", FINE, "the token is no JWT" },
	{ "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}", FINE,
	    "the token is no JWT" },
	{ "{\"alg\":\"HS256\",\"alg\":\"none\",\"typ\":\"JWT\"}", FINE,
	    "the token is no JWT" },
	{ "[\"HS256\",\"JWT\"]", FINE, "the token is no JWT" },
	{ "{\"alg\":null,\"typ\":\"JWT\"}", FINE,
	    "the token is not one of HS256" },
	{ HEADER, "{}", "the token is no JWT" },
	{ HEADER, "null", "the token is no JWT" },
	{ HEADER, "{\"id\":1", "the token is no JWT" },
	{ HEADER,
	    CLAIMS("\"\"", "\"auth\"", "\"_pb_users_auth_\"", "\"acme\"",
		"1900000000", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("7", "\"auth\"", "\"_pb_users_auth_\"", "\"acme\"",
		"1900000000", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"file\"", "\"_pb_users_auth_\"",
		"\"acme\"", "1900000000", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"pbc_3142635823\"", "\"acme\"",
		"1900000000", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\"", "\"1900000000\"", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\"", "1.9e9", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\"", "99999999999999999999", "true"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\"", "1900000000", "1"),
	    "the token's claims are wrong" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"", "null",
		"1900000000", "true"),
	    "the token is another tenant's" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\\u0000\"", "1900000000", "true"),
	    "the token is another tenant's" },
	{ HEADER,
	    CLAIMS("\"" USER "\"", "\"auth\"", "\"_pb_users_auth_\"",
		"\"acme\"", "-1", "true"),
	    "the token has expired" },
};

static void
reads_strictly(void **state)
{
	struct err err = ERR_INIT;
	struct token token;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < N_OF(forged); i++) {
		rc = enter(forge(forged[i].header, forged[i].claims), &acme,
		    KEY, &token, &err);
		if (rc != (forged[i].text ? -1 : 0) ||
		    (rc && strcmp(err.msg, forged[i].text) != 0))
			fail_msg("%s %s: %d %s", forged[i].header,
			    forged[i].claims, rc, err.msg);
		if (rc)
			assert_int_equal(err.code, ERR_AUTH);
	}
}

/* Every byte of a token counts: none can be changed, dropped or added. */
static void
is_bit_exact(void **state)
{
	struct str good = issue(&acme, NOW + 60);
	struct err err = ERR_INIT;
	struct token token;
	char copy[1024];
	size_t i;
	int bit;

	(void)state;
	assert_true(good.n + 2 < sizeof(copy));
	for (i = 0; i < good.n; i++) {
		for (bit = 0; bit < 8; bit++) {
			memcpy(copy, good.p, good.n);
			copy[i] = (char)(copy[i] ^ 1 << bit);
			assert_int_equal(enter(str_make(copy, good.n), &acme,
					     KEY, &token, &err),
			    -1);
			assert_int_equal(err.code, ERR_AUTH);
		}
		memcpy(copy, good.p, i);
		memcpy(copy + i, good.p + i + 1, good.n - i - 1);
		assert_int_equal(
		    enter(str_make(copy, good.n - 1), &acme, KEY, &token, &err),
		    -1);
		assert_int_equal(
		    enter(str_sub(good, 0, i), &acme, KEY, &token, &err), -1);
	}
}

static void
refuses_what_is_no_token(void **state)
{
	struct str good = issue(&acme, NOW + 60);
	const char *texts[] = { "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d",
		"Bearer x", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..",
		arena_printf(arena, "%s=", good.p),
		arena_printf(arena, "%s.", good.p),
		arena_printf(arena, ".%s", good.p),
		arena_printf(arena, " %s", good.p),
		arena_printf(arena, "%s\n", good.p) };
	struct err err = ERR_INIT;
	struct token token;
	char *huge;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(texts); i++) {
		if (enter(str_of(texts[i]), &acme, KEY, &token, &err) != -1)
			fail_msg("accepted: '%s'", texts[i]);
		assert_int_equal(err.code, ERR_AUTH);
	}
	huge = arena_alloc(arena, 100000);
	memset(huge, 'A', 100000);
	assert_int_equal(
	    enter(str_make(huge, 100000), &acme, KEY, &token, &err), -1);
	assert_err(&err, ERR_AUTH, "the token is too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(has_a_known_form),
		cmocka_unit_test(is_worthless_elsewhere),
		cmocka_unit_test(expires),
		cmocka_unit_test(reads_strictly),
		cmocka_unit_test(is_bit_exact),
		cmocka_unit_test(refuses_what_is_no_token),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
