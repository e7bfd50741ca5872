#include "tenants/signup_code.h"

#define CODE_MAX 100

void
signup_code_put(const struct secret *master, struct str slug, int64_t until_s,
    struct buf *out)
{
	const struct str parts[] = { STR("rowhouse sign-up"), slug };
	unsigned char mac[32];
	struct secret key;
	size_t from = out->n;

	buf_printf(out, "%lld", (long long)until_s);
	if (out->full)
		return;
	crypto_derive(master, parts, 2, &key);
	crypto_hmac_sha256(&key, str_make(out->p + from, out->n - from), mac);
	crypto_wipe(&key, sizeof(key));
	buf_putc(out, '.');
	crypto_b64url(out, mac, sizeof(mac));
}

int
signup_code_ok(const struct secret *master, struct str slug, struct str code,
    int64_t erased_s, int64_t now_s)
{
	struct buf wanted;
	int64_t until_s;
	int ok;

	if (str_i64(str_sub(code, 0, str_find(code, '.', 0)), &until_s) != 0 ||
	    until_s <= now_s || until_s - SIGNUP_CODE_S < erased_s)
		return 0;
	/* Text against text: a code has one spelling. */
	buf_init(&wanted, CODE_MAX);
	signup_code_put(master, slug, until_s, &wanted);
	ok = crypto_equal(buf_view(&wanted), code);
	buf_free(&wanted);
	return ok;
}
