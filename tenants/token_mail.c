#include "tenants/token_mail.h"

#include "tenants/token_own.h"

#define CLAIMS     7
#define CLAIMS_MAX 2048

#define MINUTE_S 60
#define DAY_S    (24 * 60 * MINUTE_S)

static const struct kind {
	const char *type;
	const char *purpose; /* of the key */
	int64_t ttl_s;
} kinds[] = {
	[TOKEN_MAIL_VERIFICATION] = { "verification", "rowhouse verification",
	    DAY_S },
	[TOKEN_MAIL_RESET] = { "passwordReset", "rowhouse password reset",
	    30 * MINUTE_S },
	[TOKEN_MAIL_CHANGE] = { "emailChange", "rowhouse email change",
	    30 * MINUTE_S },
	[TOKEN_MAIL_INVITATION] = { "invitation", "rowhouse invitation",
	    7 * DAY_S },
};

int64_t
token_mail_ttl_s(enum token_mail_kind kind)
{
	return kinds[kind].ttl_s;
}

static void
derive_key(const struct secret *master, const struct registry_tenant *tenant,
    enum token_mail_kind kind, const struct user *user, struct secret *out)
{
	struct str more[] = { user->id, user->token_key, user->email, STR("") };

	if (kind == TOKEN_MAIL_RESET || kind == TOKEN_MAIL_INVITATION)
		more[3] = user->password_hash;
	else if (kind == TOKEN_MAIL_VERIFICATION)
		more[3] = user->verified ? STR("1") : STR("0");
	token_own_key(master, kinds[kind].purpose, tenant, more,
	    sizeof(more) / sizeof(more[0]), out);
}

void
token_mail_issue(const struct secret *master,
    const struct registry_tenant *tenant, enum token_mail_kind kind,
    const struct user *user, struct str new_email, int64_t expires_s,
    struct buf *out)
{
	struct secret key;
	struct buf claims;

	buf_init(&claims, CLAIMS_MAX);
	buf_puts(&claims,
	    "{\"collectionId\":\"" USERS_COLLECTION_ID "\",\"email\":");
	json_put_string(&claims, user->email);
	buf_puts(&claims, ",\"exp\":");
	json_put_i64(&claims, expires_s);
	buf_puts(&claims, ",\"id\":");
	json_put_string(&claims, user->id);
	buf_puts(&claims, ",\"newEmail\":");
	json_put_string(&claims, new_email);
	buf_puts(&claims, ",\"tenant\":");
	json_put_string(&claims, str_of(tenant->slug));
	buf_printf(&claims, ",\"type\":\"%s\"}", kinds[kind].type);
	derive_key(master, tenant, kind, user, &key);
	token_own_write(&key, buf_view(&claims), out);
	crypto_wipe(&key, sizeof(key));
	buf_free(&claims);
}

int
token_mail_read(struct str text, const struct registry_tenant *tenant,
    enum token_mail_kind kind, int64_t now_s, struct arena *arena,
    struct token_mail *out, struct err *err)
{
	const struct json *claims, *id, *exp, *new_email;
	int64_t expires_s;

	if (token_own_read(text, CLAIMS, arena, &claims, err) < 0)
		return -1;
	id = json_get(claims, "id");
	exp = json_get(claims, "exp");
	new_email = json_get(claims, "newEmail");
	if (!id || id->type != JSON_STRING || id->string.n == 0 || !exp ||
	    json_i64(exp, &expires_s) < 0 || !new_email ||
	    new_email->type != JSON_STRING ||
	    !token_own_claim(claims, "type", str_of(kinds[kind].type)) ||
	    !token_own_claim(
		claims, "collectionId", STR(USERS_COLLECTION_ID)) ||
	    !token_own_claim(claims, "tenant", str_of(tenant->slug)))
		return err_set(err, ERR_AUTH, "the token's claims are wrong");
	if (expires_s <= now_s)
		return err_set(err, ERR_AUTH, "the token has expired");
	out->user_id = id->string;
	out->new_email = new_email->string;
	return 0;
}

int
token_mail_verify(const struct secret *master,
    const struct registry_tenant *tenant, enum token_mail_kind kind,
    const struct user *user, struct str text, struct err *err)
{
	struct secret key;
	int rc;

	derive_key(master, tenant, kind, user, &key);
	rc = token_own_signed(&key, text, err);
	crypto_wipe(&key, sizeof(key));
	return rc;
}
