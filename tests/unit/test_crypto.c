#include "tenants/base/crypto.h"

#include <sys/stat.h>

#include "tests/unit/unit.h"

/* The least that libsodium takes: these tests are not about time. */
#define CHEAP ((struct crypto_cost){ 1, 8 })

static struct arena *arena;

static void
assert_hex(const unsigned char *p, size_t n, const char *want)
{
	char *hex = arena_alloc(arena, 2 * n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
	assert_string_equal(hex, want);
}

static struct str
filled(char c, size_t n)
{
	char *p = arena_alloc(arena, n);

	memset(p, c, n);
	return str_make(p, n);
}

/* FIPS 180-4: the examples of NIST's cryptographic standards page. */
static void
sha256(void **state)
{
	static const struct {
		const char *text;
		const char *digest;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned char out[32];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		crypto_sha256(str_of(cases[i].text), out);
		assert_hex(out, sizeof out, cases[i].digest);
	}
	crypto_sha256(STR_NONE, out);
	assert_hex(out, sizeof out, cases[0].digest);
	crypto_sha256(filled('a', 1000000), out);
	assert_hex(out, sizeof out,
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
}

static void
sha256_of_pieces(void **state)
{
	struct str text = filled('a', 1000000);
	struct crypto_sha256 hash;
	unsigned char want[32], out[32];
	char hex[65];

	(void)state;
	crypto_sha256(text, want);
	for (size_t step = 1; step < text.n; step = step * 7 + 1) {
		crypto_sha256_init(&hash);
		for (size_t at = 0; at < text.n; at += step)
			crypto_sha256_add(&hash, text.p + at,
			    step < text.n - at ? step : text.n - at);
		crypto_sha256_end(&hash, out);
		assert_memory_equal(out, want, sizeof out);
	}
	crypto_hex(want, sizeof want, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
				 "f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, 4.7: a key longer than a block. */
static void
hmac_sha256_with_a_long_key(void **state)
{
	unsigned char out[32];

	(void)state;
	crypto_hmac_sha256_any(filled((char)0xaa, 131),
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	assert_hex(out, sizeof out,
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
	crypto_hmac_sha256_any(
	    STR("Jefe"), STR("what do ya want for nothing?"), out);
	assert_hex(out, sizeof out,
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
}

/*
 * RFC 4231, 4.  A key shorter than a block is the same with zeroes after it
 * (RFC 2104), so those of up to 32 bytes fit a struct secret.
 */
static void
hmac_sha256(void **state)
{
	static const struct {
		const char *key;
		char fill; /* of the key, where there is no text */
		size_t key_n;
		const char *text;
		char text_fill;
		const char *mac;
	} cases[] = {
		{ NULL, 0x0b, 20, "Hi There", 0,
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 0, 4, "what do ya want for nothing?", 0,
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ NULL, (char)0xaa, 20, NULL, (char)0xdd,
		    "773ea91e36800e46854db8ebd09181a7"
		    "2959098b3ef8c122d9635514ced565fe" },
		{ "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25"
		  "\26\27\30\31",
		    0, 25, NULL, (char)0xcd,
		    "82558a389a443c0ea4cc819899f2083a"
		    "85f0faa3e578f8077a2e3ff46729665b" },
	};
	unsigned char out[32];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct secret key = { { 0 } };

		if (cases[i].key)
			memcpy(key.bytes, cases[i].key, cases[i].key_n);
		else
			memset(key.bytes, cases[i].fill, cases[i].key_n);
		crypto_hmac_sha256(&key,
		    cases[i].text ? str_of(cases[i].text)
				  : filled(cases[i].text_fill, 50),
		    out);
		assert_hex(out, sizeof out, cases[i].mac);
	}
}

/* By a BLAKE2b that is not libsodium's: hashlib.blake2b of Python 3.11. */
static void
derive(void **state)
{
	struct str parts[] = { STR("token"), STR("uid"), STR("\1\0\0\0") };
	struct secret key, out;

	(void)state;
	memset(key.bytes, 7, sizeof key.bytes);
	crypto_derive(&key, parts, 3, &out);
	assert_hex(out.bytes, sizeof out.bytes,
	    "7867724f5be089df8a45a8794d379463"
	    "c783e4a57dbb02c6814e9d49cb57d6e5");
	crypto_derive(&key, NULL, 0, &out);
	assert_hex(out.bytes, sizeof out.bytes,
	    "bc8a5331c2a318ea8eb83df3c17f7afe"
	    "4694021c93941a41d8bb81f4abb0beb8");
	parts[0] = STR_NONE;
	crypto_derive(&key, parts, 1, &out);
	assert_hex(out.bytes, sizeof out.bytes,
	    "d0078f6656fc2210b9142cf506af5439"
	    "9be02ba51e86e5e5c9e7573785514f20");
}

static void
no_two_lists_of_parts_run_together(void **state)
{
	struct str lists[][3] = {
		{ STR("ab"), STR("c"), STR("") },
		{ STR("a"), STR("bc"), STR("") },
		{ STR("abc"), STR(""), STR("") },
		{ STR(""), STR("abc"), STR("") },
		{ STR("ab"), STR(""), STR("c") },
	};
	struct secret key, other, out[N_OF(lists)], shorter;
	size_t i, j;

	(void)state;
	memset(key.bytes, 1, sizeof key.bytes);
	other = key;
	other.bytes[31] ^= 1;
	for (i = 0; i < N_OF(lists); i++) {
		crypto_derive(&key, lists[i], 3, &out[i]);
		for (j = 0; j < i; j++)
			assert_memory_not_equal(out[i].bytes, out[j].bytes, 32);
	}
	crypto_derive(&key, lists[0], 2, &shorter);
	assert_memory_not_equal(shorter.bytes, out[0].bytes, 32);
	crypto_derive(&other, lists[0], 3, &shorter);
	assert_memory_not_equal(shorter.bytes, out[0].bytes, 32);
	/* out may be the key itself. */
	crypto_derive(&key, lists[0], 3, &key);
	assert_memory_equal(key.bytes, out[0].bytes, 32);
}

static void
equal(void **state)
{
	(void)state;
	assert_true(crypto_equal(STR("abc"), STR("abc")));
	assert_true(crypto_equal(STR(""), STR_NONE));
	assert_false(crypto_equal(STR("abc"), STR("abd")));
	assert_false(crypto_equal(STR("abc"), STR("xbc")));
	assert_false(crypto_equal(STR("abc"), STR("abcd")));
	assert_false(crypto_equal(STR("abc"), STR_NONE));
}

static void
wipes(void **state)
{
	struct secret key, zero = { { 0 } };

	(void)state;
	crypto_random(key.bytes, sizeof key.bytes);
	assert_memory_not_equal(key.bytes, zero.bytes, sizeof key.bytes);
	crypto_wipe(&key, sizeof key);
	assert_memory_equal(key.bytes, zero.bytes, sizeof key.bytes);
}

/* 36 letters, 100,000 draws: 2778 each, and ± 5 standard deviations. */
static void
ids_are_of_36_letters_equally_likely(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char id[CRYPTO_ID + 1];
	char *many = arena_alloc(arena, 100001);
	int count[256] = { 0 };
	size_t i;

	(void)state;
	memset(id, 'X', sizeof id);
	crypto_id(id, CRYPTO_ID);
	assert_int_equal(strlen(id), CRYPTO_ID);
	assert_int_equal(strspn(id, letters), CRYPTO_ID);
	crypto_id(id, 0);
	assert_string_equal(id, "");
	crypto_id(many, 100000);
	assert_int_equal(strspn(many, letters), 100000);
	for (i = 0; i < 100000; i++)
		count[(unsigned char)many[i]]++;
	for (i = 0; i < 36; i++)
		assert_in_range(count[(unsigned char)letters[i]], 2500, 3050);
}

/* RFC 4648, 10, without the padding, and the two letters that differ. */
static void
base64url(void **state)
{
	static const struct {
		struct str bytes;
		const char *text;
	} cases[] = {
		{ { "", 0 }, "" },
		{ { "f", 1 }, "Zg" },
		{ { "fo", 2 }, "Zm8" },
		{ { "foo", 3 }, "Zm9v" },
		{ { "foob", 4 }, "Zm9vYg" },
		{ { "fooba", 5 }, "Zm9vYmE" },
		{ { "foobar", 6 }, "Zm9vYmFy" },
		{ { "\xfb\xff\xbf", 3 }, "-_-_" },
		{ { "\0\0", 2 }, "AAA" },
	};
	struct str out;
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, 10000);
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&buf);
		crypto_b64url(&buf, cases[i].bytes.p, cases[i].bytes.n);
		assert_true(str_is(buf_view(&buf), cases[i].text));
		assert_int_equal(
		    crypto_b64url_decode(str_of(cases[i].text), arena, &out),
		    0);
		assert_true(str_eq(out, cases[i].bytes));
	}
	for (i = 0; i < 300; i++) {
		char bytes[300];

		crypto_random(bytes, sizeof bytes);
		buf_reset(&buf);
		crypto_b64url(&buf, bytes, i);
		assert_int_equal(buf.n, (i * 4 + 2) / 3);
		assert_int_equal(
		    crypto_b64url_decode(buf_view(&buf), arena, &out), 0);
		assert_true(str_eq(out, str_make(bytes, i)));
	}
	buf_free(&buf);
	assert_int_equal(crypto_b64url_decode(STR_NONE, arena, &out), 0);
	assert_int_equal(out.n, 0);
}

static void
base64url_is_strict(void **state)
{
	static const struct str cases[] = {
		{ "Zg==", 4 }, /* padding */
		{ "Zg=", 3 },
		{ "=", 1 },
		{ "Zh", 2 }, /* bits that no byte uses */
		{ "Zm9", 3 },
		{ "Z", 1 }, /* six bits are no byte */
		{ "Zm9vY", 5 },
		{ "+/+/", 4 }, /* the other alphabet */
		{ "Zm9v ", 5 },
		{ " Zm9v", 5 },
		{ "Zm 9v", 5 },
		{ "Zm9v\n", 5 },
		{ "Zm9v\0", 5 },
		{ "Zm.v", 4 },
		{ "Zm9\xc3", 4 }, /* libsodium 1.0.18 takes these */
		{ "Zm9\x80", 4 },
	};
	struct str out;
	char text[4];
	size_t i, taken = 0;

	(void)state;
	for (i = 0; i < 256; i++) {
		memcpy(text, "Zm9v", 4);
		text[1] = (char)i;
		if (crypto_b64url_decode(str_make(text, 4), arena, &out) == 0)
			taken++;
	}
	assert_int_equal(taken, 64);
	for (i = 0; i < N_OF(cases); i++) {
		if (crypto_b64url_decode(cases[i], arena, &out) != -1)
			fail_msg("'%.*s' is taken", STR_FMT(cases[i]));
	}
}

static void
keys_are_made_once(void **state)
{
	struct err err = ERR_INIT;
	struct secret first, again;
	struct stat st;

	(void)state;
	assert_int_equal(crypto_key_load("key", &first, &err), -1);
	assert_err(
	    &err, ERR_NOT_FOUND, "cannot open key: No such file or directory");
	assert_int_equal(crypto_key_create("key", &err), 0);
	assert_int_equal(stat("key", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_size, 32);
	assert_int_equal(crypto_key_load("key", &first, &err), 0);
	err_clear(&err);
	assert_int_equal(crypto_key_create("key", &err), 0);
	assert_err(&err, ERR_NONE, "");
	assert_int_equal(crypto_key_load("key", &again, &err), 0);
	assert_memory_equal(first.bytes, again.bytes, 32);
	assert_int_equal(crypto_key_create("other", &err), 0);
	assert_int_equal(crypto_key_load("other", &again, &err), 0);
	assert_memory_not_equal(first.bytes, again.bytes, 32);
	assert_int_equal(crypto_key_create("no/key", &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "cannot create no/key: No such file or directory");
}

/* A worker that may not write to the directory finds the key all the same. */
static void
create_as_nobody(void *arg)
{
	struct err err = ERR_INIT;

	(void)arg;
	if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0))
		_exit(1);
	if (crypto_key_create("there/key", &err) != 0)
		_exit(2);
}

static void
a_key_that_is_there_needs_no_right_to_write(void **state)
{
	struct err err = ERR_INIT;
	char out[100];

	(void)state;
	assert_int_equal(mkdir("there", 0755), 0);
	assert_int_equal(crypto_key_create("there/key", &err), 0);
	assert_int_equal(chmod("there", 0555), 0);
	assert_int_equal(
	    unit_apart(create_as_nobody, NULL, out, sizeof out), 0);
	assert_int_equal(chmod("there", 0755), 0);
}

static void
put(const char *path, size_t n, mode_t mode)
{
	unit_put(path, filled('x', n));
	assert_int_equal(chmod(path, mode), 0);
}

static void
what_is_no_key_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct secret key;

	(void)state;
	put("k", 32, 0440);
	assert_int_equal(crypto_key_load("k", &key, &err), 0);
	put("k", 32, 0444);
	assert_int_equal(crypto_key_load("k", &key, &err), -1);
	assert_err(
	    &err, ERR_DENIED, "k: a key that everybody may use (mode 0444)");
	assert_string_equal(err.hint, "chmod 0400 k");
	put("k", 32, 0402);
	assert_int_equal(crypto_key_load("k", &key, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	put("k", 31, 0600);
	assert_int_equal(crypto_key_load("k", &key, &err), -1);
	assert_err(
	    &err, ERR_CORRUPT, "k: not a key: it must be a file of 32 bytes");
	put("k", 33, 0600);
	assert_int_equal(crypto_key_load("k", &key, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	put("k", 0, 0600);
	assert_int_equal(crypto_key_load("k", &key, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(crypto_key_load("d", &key, &err), -1);
	assert_err(
	    &err, ERR_CORRUPT, "d: not a key: it must be a file of 32 bytes");
}

static void
passwords(void **state)
{
	static const struct str words[] = { { "correct horse", 13 }, { "", 0 },
		{ NULL, 0 }, { "nul\0inside", 10 }, { "\xf0\x9f\x98\x80", 4 } };
	struct err err = ERR_INIT;
	char hash[CRYPTO_HASH_MAX], again[CRYPTO_HASH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(words); i++) {
		assert_int_equal(
		    crypto_password_hash(words[i], CHEAP, hash, &err), 0);
		assert_true(
		    str_starts(str_of(hash), "$argon2id$v=19$m=8,t=1,p=1$"));
		assert_int_equal(crypto_password_verify(words[i], hash), 1);
		assert_int_equal(crypto_password_verify(STR("x"), hash), 0);
		assert_int_equal(
		    crypto_password_hash(words[i], CHEAP, again, &err), 0);
		assert_string_not_equal(hash, again);
	}
	crypto_password_hash(STR("nul\0inside"), CHEAP, hash, &err);
	assert_int_equal(crypto_password_verify(STR("nul"), hash), 0);
	assert_int_equal(crypto_password_hash(STR("x"),
			     (struct crypto_cost){ 1, 1 }, hash, &err),
	    -1);
	assert_err(
	    &err, ERR_SYSTEM, "cannot hash a password with t=1 and m=1 KiB");
}

/* By the reference implementation: Debian's argon2, -id -t 2 -k 64 -p 1. */
static void
a_foreign_hash_verifies(void **state)
{
	static const char hash[] =
	    "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
	    "Gpj7qOY5RCXJvcMzqcdQqvgR3wcPX7SleI4c9NtXk6E";

	(void)state;
	assert_int_equal(crypto_password_verify(STR("password"), hash), 1);
	assert_int_equal(crypto_password_verify(STR("passwort"), hash), 0);
	assert_int_equal(
	    crypto_password_stale(hash, (struct crypto_cost){ 2, 64 }), 0);
}

static void
what_is_no_hash_of_ours_is_no_hash(void **state)
{
	static const char *const cases[] = {
		"",
		"password",
		"$argon2id$",
		"$argon2id$v=19$",
		"$argon2id$v=19$m=8,t=1,p=1",
		"$argon2id$v=19$m=8,t=1,p=1$",
		"$argon2id$v=19$m=8,t=1,p=1$c2FsdA",
		"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$!!!!",
		"$argon2id$v=19$m=7,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$m=8,t=0,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$m=8,t=1,p=2$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$m=8,t=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$t=1,m=8,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=16$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2i$v=19$m=8,t=3,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2d$v=19$m=8,t=3,p=1$c2FsdHNhbHQ$aGFzaA",
		"$2y$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
		/* one that would take all memory, one that would not end */
		"$argon2id$v=19$m=1048577,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
		"$argon2id$v=19$m=8,t=65,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
		"$argon2id$v=19$m=8,t=99999999999999999999,p=1$c2FsdA$aGFz",
	};
	char longer[300];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		assert_int_equal(crypto_password_verify(STR("x"), cases[i]), 0);
		assert_int_equal(crypto_password_verify(STR(""), cases[i]), 0);
	}
	memset(longer, 'A', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer, "$argon2id$v=19$m=8,t=1,p=1$", 27);
	assert_int_equal(crypto_password_verify(STR("x"), longer), 0);
}

static void
a_weaker_hash_is_stale(void **state)
{
	static const struct {
		const char *hash;
		struct crypto_cost cost;
		int stale;
	} cases[] = {
		{ "$argon2id$v=19$m=19456,t=2,p=1$x$y", { 2, 19456 }, 0 },
		{ "$argon2id$v=19$m=19456,t=3,p=1$x$y", { 2, 19456 }, 0 },
		{ "$argon2id$v=19$m=65536,t=2,p=1$x$y", { 2, 19456 }, 0 },
		{ "$argon2id$v=19$m=19455,t=2,p=1$x$y", { 2, 19456 }, 1 },
		{ "$argon2id$v=19$m=19456,t=1,p=1$x$y", { 2, 19456 }, 1 },
		{ "$argon2id$v=19$m=65536,t=1,p=1$x$y", { 2, 19456 }, 1 },
		/* over the bounds: not ours, so it is to be made anew */
		{ "$argon2id$v=19$m=1048576,t=64,p=1$x$y", { 1, 8 }, 0 },
		{ "$argon2id$v=19$m=1048577,t=64,p=1$x$y", { 1, 8 }, 1 },
		{ "$argon2id$v=19$m=1048576,t=65,p=1$x$y", { 1, 8 }, 1 },
		{ "$argon2id$v=19$m=8,t=1,p=2$x$y", { 1, 8 }, 1 },
		{ "$argon2id$v=19$m=8,t=0,p=1$x$y", { 0, 8 }, 1 },
		{ "$argon2id$v=19$m=7,t=1,p=1$x$y", { 1, 0 }, 1 },
		{ "$2y$10$x", { 1, 8 }, 1 },
		{ "", { 1, 8 }, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++)
		assert_int_equal(
		    crypto_password_stale(cases[i].hash, cases[i].cost),
		    cases[i].stale);
}

static int
set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	arena = arena_new((size_t)16 << 20);
	if (unit_scratch() != 0)
		return -1;
	return crypto_init(&err) == 0 ? crypto_init(&err) : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256),
		cmocka_unit_test(sha256_of_pieces),
		cmocka_unit_test(hmac_sha256),
		cmocka_unit_test(hmac_sha256_with_a_long_key),
		cmocka_unit_test(derive),
		cmocka_unit_test(no_two_lists_of_parts_run_together),
		cmocka_unit_test(equal),
		cmocka_unit_test(wipes),
		cmocka_unit_test(ids_are_of_36_letters_equally_likely),
		cmocka_unit_test(base64url),
		cmocka_unit_test(base64url_is_strict),
		cmocka_unit_test(keys_are_made_once),
		cmocka_unit_test(a_key_that_is_there_needs_no_right_to_write),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(passwords),
		cmocka_unit_test(a_foreign_hash_verifies),
		cmocka_unit_test(what_is_no_hash_of_ours_is_no_hash),
		cmocka_unit_test(a_weaker_hash_is_stale),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("crypto", tests, set_up, tear_down);
}
