#include "replication/s3_sign.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CANONICAL_MAX ((size_t)16 * 1024)
#define SCOPE_MAX     200

void
s3_sign_date(int64_t time_ms, char out[S3_SIGN_DATE])
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;
	size_t n;

	(void)gmtime_r(&seconds, &tm);
	n = strftime(out, S3_SIGN_DATE, "%Y%m%dT%H%M%SZ", &tm);
	assert(n == S3_SIGN_DATE - 1);
}

static void
put_signed_names(struct buf *out, const struct s3_sign_input *input)
{
	for (size_t i = 0; i < input->headers; i++)
		buf_printf(
		    out, "%s%s", i > 0 ? ";" : "", input->header[i].name);
}

/* The hash, in hex, of the request as both sides spell it. */
static void
hash_canonical(const struct s3_sign_input *input, char hex[65])
{
	unsigned char hash[32];
	struct buf text;

	buf_init(&text, CANONICAL_MAX);
	buf_printf(&text, "%s\n%.*s\n%.*s\n", input->method,
	    STR_FMT(input->path), STR_FMT(input->query));
	for (size_t i = 0; i < input->headers; i++) {
		assert(i == 0 || strcmp(input->header[i - 1].name,
				     input->header[i].name) < 0);
		buf_printf(&text, "%s:%s\n", input->header[i].name,
		    input->header[i].value);
	}
	buf_putc(&text, '\n');
	put_signed_names(&text, input);
	buf_printf(&text, "\n%s", input->payload);
	assert(!text.full);
	crypto_sha256(buf_view(&text), hash);
	crypto_hex(hash, sizeof hash, hex);
	/* It may hold a session token. */
	crypto_wipe(text.p, text.n);
	buf_free(&text);
}

static void
chain(unsigned char key[32], const char *text)
{
	unsigned char next[32];

	crypto_hmac_sha256_any(
	    str_make((const char *)key, 32), str_of(text), next);
	memcpy(key, next, sizeof next);
	crypto_wipe(next, sizeof next);
}

static void
derive(const struct s3_sign_input *input,
    const struct s3_credentials *credentials, const char day[9],
    struct s3_sign_key *key)
{
	char secret[sizeof credentials->secret + 4];

	if (strcmp(key->day, day) == 0)
		return;
	snprintf(secret, sizeof secret, "AWS4%s", credentials->secret);
	crypto_hmac_sha256_any(str_of(secret), str_of(day), key->bytes);
	crypto_wipe(secret, sizeof secret);
	chain(key->bytes, input->region);
	chain(key->bytes, input->service);
	chain(key->bytes, "aws4_request");
	memcpy(key->day, day, sizeof key->day);
}

void
s3_sign(const struct s3_sign_input *input,
    const struct s3_credentials *credentials, struct s3_sign_key *key,
    struct buf *out)
{
	char date[S3_SIGN_DATE], day[9], scope[SCOPE_MAX], hex[65];
	char text[S3_SIGN_DATE + SCOPE_MAX + 100];
	unsigned char mac[32];
	int n;

	s3_sign_date(input->time_ms, date);
	memcpy(day, date, 8);
	day[8] = '\0';
	derive(input, credentials, day, key);
	n = snprintf(scope, sizeof scope, "%s/%s/%s/aws4_request", day,
	    input->region, input->service);
	assert(n > 0 && (size_t)n < sizeof scope);
	hash_canonical(input, hex);
	n = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date,
	    scope, hex);
	assert(n > 0 && (size_t)n < sizeof text);
	crypto_hmac_sha256_any(
	    str_make((const char *)key->bytes, sizeof key->bytes), str_of(text),
	    mac);
	crypto_hex(mac, sizeof mac, hex);
	buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=",
	    credentials->id, scope);
	put_signed_names(out, input);
	buf_printf(out, ", Signature=%s", hex);
}
