#include "tenants/base/sha1.h"

#include "tenants/base/crypto.h"
#include "tests/unit/unit.h"

static struct str
repeat(const char *text, int n)
{
	static char out[2000000];
	size_t length = strlen(text);
	int i;

	for (i = 0; i < n; i++)
		memcpy(out + (size_t)i * length, text, length);
	return str_make(out, (size_t)n * length);
}

/* RFC 3174, 7.3, and the empty text. */
static void
digests(void **state)
{
	static const struct {
		const char *text;
		int repeat;
		const char *want;
	} cases[] = {
		{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
		{ "0123456701234567012345670123456701234567012345670123456701"
		  "234567",
		    10, "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
	};
	unsigned char out[SHA1_SIZE];
	char hex[2 * SHA1_SIZE + 1];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		sha1(repeat(cases[i].text, cases[i].repeat), out);
		crypto_hex(out, sizeof(out), hex);
		assert_string_equal(hex, cases[i].want);
	}
}

/* RFC 2202, 3, those with a key of at most a block. */
static void
macs(void **state)
{
	static const struct {
		const char *key;
		int n_key;
		const char *text;
		int n_text;
		const char *want;
	} cases[] = {
		{ "\x0b", 20, "Hi There", 1,
		    "b617318655057264e28bc0b6fb378c8ef146be00" },
		{ "Jefe", 1, "what do ya want for nothing?", 1,
		    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ "\xaa", 20, "\xdd", 50,
		    "125d7342b9ac11cd91a39af48aa17b4f63f175d3" },
		{ "\x0c", 20, "Test With Truncation", 1,
		    "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04" },
	};
	unsigned char out[SHA1_SIZE];
	char hex[2 * SHA1_SIZE + 1], key[100];
	struct str text;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		text = repeat(cases[i].key, cases[i].n_key);
		memcpy(key, text.p, text.n);
		sha1_hmac(str_make(key, text.n),
		    repeat(cases[i].text, cases[i].n_text), out);
		crypto_hex(out, sizeof(out), hex);
		assert_string_equal(hex, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(macs),
	};
	struct err err = ERR_INIT;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
