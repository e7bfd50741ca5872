#include "tenants/token_own.h"

#include <assert.h>
#include <stdio.h>

#include "tenants/users.h"

/*
 *	base64url(header) '.' base64url(claims) '.' base64url(HMAC-SHA-256)
 *
 * (RFC 7515, 7.1), where the HMAC is over all that stands before the second
 * dot.  What goes out is made from the literal header below; what comes in may
 * have its two members in another order, and nothing else.  "alg" is compared,
 * never obeyed.
 */
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/*
 * One of ours has about 300 bytes, and up to 1000 with two mail addresses in it.
 * Longer ones are not looked into.
 */
#define TEXT_MAX 2048

#define CLAIMS 6

static void
derive_key(const struct secret *master, const struct registry_tenant *tenant,
    struct str token_key, struct secret *out)
{
	const struct str more[] = { token_key };

	token_own_key(master, "rowhouse token", tenant, more, 1, out);
}

void
token_own_key(const struct secret *master, const char *purpose,
    const struct registry_tenant *tenant, const struct str *more, size_t n,
    struct secret *out)
{
	char generation[16];
	int digits = snprintf(
	    generation, sizeof(generation), "%u", (unsigned)tenant->generation);
	struct str parts[3 + TOKEN_OWN_PARTS] = {
		str_of(purpose),
		str_of(tenant->uid),
		str_make(generation, (size_t)digits),
	};
	size_t i;

	assert(n <= TOKEN_OWN_PARTS);
	for (i = 0; i < n; i++)
		parts[3 + i] = more[i];
	crypto_derive(master, parts, 3 + n, out);
}

void
token_own_write(const struct secret *key, struct str claims, struct buf *out)
{
	unsigned char mac[32];
	size_t from = out->n;

	crypto_b64url(out, HEADER, sizeof(HEADER) - 1);
	buf_putc(out, '.');
	crypto_b64url(out, claims.p, claims.n);
	if (out->full)
		return;
	crypto_hmac_sha256(key, str_make(out->p + from, out->n - from), mac);
	buf_putc(out, '.');
	crypto_b64url(out, mac, sizeof(mac));
}

void
token_issue(const struct secret *master, const struct registry_tenant *tenant,
    struct str user_id, struct str token_key, int64_t expires_s,
    struct buf *out)
{
	struct secret key;
	struct buf claims;

	buf_init(&claims, TEXT_MAX);
	buf_puts(
	    &claims, "{\"collectionId\":\"" USERS_COLLECTION_ID "\",\"exp\":");
	json_put_i64(&claims, expires_s);
	buf_puts(&claims, ",\"id\":");
	json_put_string(&claims, user_id);
	buf_puts(&claims, ",\"refreshable\":true,\"tenant\":");
	json_put_string(&claims, str_of(tenant->slug));
	buf_puts(&claims, ",\"type\":\"auth\"}");
	derive_key(master, tenant, token_key, &key);
	token_own_write(&key, buf_view(&claims), out);
	crypto_wipe(&key, sizeof(key));
	buf_free(&claims);
}

/* Three parts, none empty, no fourth; *signed_text is the first two. */
static int
split(struct str text, struct str part[3], struct str *signed_text,
    struct err *err)
{
	struct str rest = text;
	size_t i;

	if (text.n > TEXT_MAX)
		return err_set(err, ERR_AUTH, "the token is too long");
	for (i = 0; i < 3; i++)
		if (!str_next(&rest, '.', &part[i]) || part[i].n == 0)
			return err_set(err, ERR_AUTH, "the token is no JWT");
	if (rest.p)
		return err_set(err, ERR_AUTH, "the token is no JWT");
	*signed_text = str_sub(text, 0, text.n - part[2].n - 1);
	return 0;
}

/* A part that holds an object of exactly n members. */
static const struct json *
decode(struct str part, size_t n, struct arena *arena, struct err *err)
{
	const struct json *object;
	struct str text;

	if (crypto_b64url_decode(part, arena, &text) < 0 ||
	    json_parse(text, JSON_LIMITS_DEFAULT, arena, &object, err) < 0 ||
	    object->type != JSON_OBJECT || object->n != n) {
		err_clear(err);
		(void)err_set(err, ERR_AUTH, "the token is no JWT");
		return NULL;
	}
	return object;
}

int
token_own_claim(const struct json *object, const char *name, struct str value)
{
	const struct json *member = json_get(object, name);

	return member && member->type == JSON_STRING &&
	       str_eq(member->string, value);
}

int
token_own_read(struct str text, size_t n, struct arena *arena,
    const struct json **claims, struct err *err)
{
	const struct json *header;
	struct str part[3], signed_text;

	if (split(text, part, &signed_text, err) < 0 ||
	    !(header = decode(part[0], 2, arena, err)) ||
	    !(*claims = decode(part[1], n, arena, err)))
		return -1;
	if (!token_own_claim(header, "alg", STR("HS256")) ||
	    !token_own_claim(header, "typ", STR("JWT")))
		return err_set(err, ERR_AUTH, "the token is not one of HS256");
	return 0;
}

int
token_read(struct str text, const struct registry_tenant *tenant, int64_t now_s,
    struct arena *arena, struct token *out, struct err *err)
{
	const struct json *claims, *id, *exp, *refreshable;

	if (token_own_read(text, CLAIMS, arena, &claims, err) < 0)
		return -1;
	id = json_get(claims, "id");
	exp = json_get(claims, "exp");
	refreshable = json_get(claims, "refreshable");
	if (!id || id->type != JSON_STRING || id->string.n == 0 || !exp ||
	    json_i64(exp, &out->expires_s) < 0 || !refreshable ||
	    (refreshable->type != JSON_TRUE &&
		refreshable->type != JSON_FALSE) ||
	    !token_own_claim(claims, "type", STR("auth")) ||
	    !token_own_claim(claims, "collectionId", STR(USERS_COLLECTION_ID)))
		return err_set(err, ERR_AUTH, "the token's claims are wrong");
	if (!token_own_claim(claims, "tenant", str_of(tenant->slug)))
		return err_set(err, ERR_AUTH, "the token is another tenant's");
	if (out->expires_s <= now_s)
		return err_set(err, ERR_AUTH, "the token has expired");
	out->user_id = id->string;
	out->refreshable = refreshable->type == JSON_TRUE;
	return 0;
}

int
token_own_signed(const struct secret *key, struct str text, struct err *err)
{
	struct str part[3], signed_text;
	unsigned char mac[32];
	struct buf expected;
	int same;

	if (split(text, part, &signed_text, err) < 0)
		return -1;
	crypto_hmac_sha256(key, signed_text, mac);
	/*
	 * Text against text: a signature has one spelling here, so that a
	 * token cannot be varied in the bits that base64 leaves unused.
	 */
	buf_init(&expected, 64);
	crypto_b64url(&expected, mac, sizeof(mac));
	same = crypto_equal(buf_view(&expected), part[2]);
	buf_free(&expected);
	if (!same)
		return err_set(err, ERR_AUTH, "the token's signature is wrong");
	return 0;
}

int
token_verify(const struct secret *master, const struct registry_tenant *tenant,
    struct str text, struct str token_key, struct err *err)
{
	struct secret key;
	int rc;

	derive_key(master, tenant, token_key, &key);
	rc = token_own_signed(&key, text, err);
	crypto_wipe(&key, sizeof(key));
	return rc;
}
