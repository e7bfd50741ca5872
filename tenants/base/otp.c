#include "tenants/base/otp.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/crypto.h"
#include "tenants/base/sha1.h"

#define STEP_MS 30000

int64_t
otp_step(int64_t wall_ms)
{
	return wall_ms / STEP_MS;
}

/* RFC 4226, 5.3: where the last byte says, 31 bits. */
void
otp_code(struct str secret, int64_t step, char out[OTP_DIGITS + 1])
{
	unsigned char mac[SHA1_SIZE], counter[8];
	const unsigned char *p;
	uint32_t number;
	int i;

	for (i = 0; i < 8; i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	sha1_hmac(
	    secret, str_make((const char *)counter, sizeof(counter)), mac);
	p = mac + (mac[SHA1_SIZE - 1] & 15);
	number = (uint32_t)(p[0] & 127) << 24 | (uint32_t)p[1] << 16 |
		 (uint32_t)p[2] << 8 | p[3];
	(void)snprintf(out, OTP_DIGITS + 1, "%06u", number % 1000000);
}

int64_t
otp_match(struct str secret, struct str code, int64_t step, int64_t last)
{
	char right[OTP_DIGITS + 1];
	int64_t found = -1, at;

	for (at = step - 1; at <= step + 1; at++) {
		otp_code(secret, at, right);
		if (crypto_equal(code, str_of(right)) && at > last)
			found = at;
	}
	crypto_wipe(right, sizeof(right));
	return found;
}

void
otp_put_base32(struct buf *buf, struct str bytes)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0;
	int n = 0;
	size_t i;

	for (i = 0; i < bytes.n; i++) {
		bits = (bits << 8 | (unsigned char)bytes.p[i]) & 0xfff;
		for (n += 8; n >= 5; n -= 5)
			buf_putc(buf, letters[bits >> (n - 5) & 31]);
	}
	if (n > 0)
		buf_putc(buf, letters[bits << (5 - n) & 31]);
}

/* All but what RFC 3986, 2.3 calls unreserved. */
static void
put_escaped(struct buf *buf, struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
				"uvwxyz0123456789-._~",
			     c))
			buf_putc(buf, (char)c);
		else
			buf_printf(buf, "%%%02X", c);
	}
}

void
otp_put_url(
    struct buf *buf, struct str issuer, struct str account, struct str secret)
{
	buf_puts(buf, "otpauth://totp/");
	put_escaped(buf, issuer);
	buf_putc(buf, ':');
	put_escaped(buf, account);
	buf_puts(buf, "?secret=");
	otp_put_base32(buf, secret);
	buf_puts(buf, "&issuer=");
	put_escaped(buf, issuer);
	buf_puts(buf, "&algorithm=SHA1&digits=6&period=30");
}
