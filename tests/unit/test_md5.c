#include "tenants/base/md5.h"

#include "tenants/base/crypto.h"
#include "tests/unit/unit.h"

/* RFC 1321, A.5, and lengths around those of a block. */
static void
examples(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz",
		    "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		  "0123456789",
		    "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "1234567890123456789012345678901234567890123456789012345678"
		  "9012345678901234567890",
		    "57edf4a22be3c955ac49da2e2107b67a" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		unsigned char out[16];
		struct md5 md5;
		char hex[33];

		md5_init(&md5);
		md5_add(&md5, cases[i].text, strlen(cases[i].text));
		md5_end(&md5, out);
		crypto_hex(out, sizeof out, hex);
		assert_string_equal(hex, cases[i].want);
	}
}

/* Of all lengths up to three blocks, hashed once more: from another MD5. */
static void
lengths_and_pieces(void **state)
{
	struct md5 all, md5;
	unsigned char out[16], again[16];
	char text[192], hex[33];

	(void)state;
	memset(text, 'x', sizeof text);
	md5_init(&all);
	for (size_t n = 0; n <= sizeof text; n++) {
		md5_init(&md5);
		md5_add(&md5, text, n);
		md5_end(&md5, out);
		md5_add(&all, out, sizeof out);
		for (size_t step = 1; step < 70; step += 3) {
			md5_init(&md5);
			for (size_t at = 0; at < n; at += step)
				md5_add(&md5, text + at,
				    step < n - at ? step : n - at);
			md5_end(&md5, again);
			assert_memory_equal(again, out, sizeof out);
		}
	}
	md5_end(&all, out);
	crypto_hex(out, sizeof out, hex);
	assert_string_equal(hex, "a5c81034f7f8ba548ac9e03a3a226a39");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(lengths_and_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
