#include "tenants/token_mail.h"

#include "tests/unit/unit.h"

#define NOW   1800000000
#define KINDS 4

static const struct secret master = { { 1, 2, 3, 4 } };
static const struct registry_tenant acme = {
	.slug = "acme", .uid = "uidofacme000000", .generation = 3
};
static const struct user ann = {
	.id = STR("abcdefghij01234"),
	.email = STR("ann@example.com"),
	.password_hash = STR("$argon2id$one"),
	.token_key = STR("k0k1k2k3k4k5k6k7k8k9k0k1k2k3k4k5k6k7k8k9k0k1k2k3k4"),
};
static struct arena *arena;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	arena = arena_new(1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct str
issue(enum token_mail_kind kind, const struct user *user, int64_t expires_s)
{
	struct buf buf;
	struct str text;

	buf_init(&buf, 4096);
	token_mail_issue(&master, &acme, kind, user, STR("new@example.com"),
	    expires_s, &buf);
	assert_false(buf.full);
	text = arena_str(arena, buf_view(&buf));
	buf_free(&buf);
	return text;
}

/* 1 where it is good. */
static int
good(struct str text, enum token_mail_kind kind,
    const struct registry_tenant *tenant, const struct user *user)
{
	struct err err = ERR_INIT;
	struct token_mail token;

	if (token_mail_read(text, tenant, kind, NOW, arena, &token, &err) ==
		0 &&
	    token_mail_verify(&master, tenant, kind, user, text, &err) == 0) {
		assert_true(str_eq(token.user_id, ann.id));
		assert_true(str_is(token.new_email, "new@example.com"));
		return 1;
	}
	assert_int_equal(err.code, ERR_AUTH);
	return 0;
}

static void
each_is_good_for_what_it_is(void **state)
{
	int kind, other;

	(void)state;
	for (kind = 0; kind < KINDS; kind++)
		for (other = 0; other < KINDS; other++)
			assert_int_equal(good(issue(kind, &ann, NOW + 1), other,
					     &acme, &ann),
			    kind == other);
}

/* What ends which; as token_mail.h has it. */
static void
what_it_did_ends_it(void **state)
{
	static const struct {
		const char *what;
		int ends[KINDS];
	} cases[] = {
		/*		 verification, reset, change, invitation */
		{ "name",	{ 0, 0, 0, 0 } },
		{ "password",	{ 0, 1, 0, 1 } },
		{ "token key",	{ 1, 1, 1, 1 } },
		{ "email",	{ 1, 1, 1, 1 } },
		{ "verified",	{ 1, 0, 0, 0 } },
		{ "id",		{ 1, 1, 1, 1 } },
	};
	size_t i;
	int kind;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct user later = ann;

		if (i == 0)
			later.name = STR("Ann");
		else if (i == 1)
			later.password_hash = STR("$argon2id$two");
		else if (i == 2)
			later.token_key = STR("another");
		else if (i == 3)
			later.email = STR("new@example.com");
		else if (i == 4)
			later.verified = 1;
		else
			later.id = STR("abcdefghij01235");
		for (kind = 0; kind < KINDS; kind++)
			if (good(issue(kind, &ann, NOW + 1), kind, &acme,
				&later) == cases[i].ends[kind])
				fail_msg("%s, kind %d", cases[i].what, kind);
	}
}

static void
it_is_one_tenants(void **state)
{
	struct registry_tenant other;
	struct str text = issue(TOKEN_MAIL_RESET, &ann, NOW + 1);

	(void)state;
	assert_true(good(text, TOKEN_MAIL_RESET, &acme, &ann));
	other = acme;
	strcpy(other.slug, "globex");
	assert_false(good(text, TOKEN_MAIL_RESET, &other, &ann));
	other = acme;
	strcpy(other.uid, "uidofglobex0000");
	assert_false(good(text, TOKEN_MAIL_RESET, &other, &ann));
	/* A restore raises it. */
	other = acme;
	other.generation++;
	assert_false(good(text, TOKEN_MAIL_RESET, &other, &ann));
}

static void
it_ends(void **state)
{
	(void)state;
	assert_true(good(issue(TOKEN_MAIL_RESET, &ann, NOW + 1),
	    TOKEN_MAIL_RESET, &acme, &ann));
	assert_false(good(
	    issue(TOKEN_MAIL_RESET, &ann, NOW), TOKEN_MAIL_RESET, &acme, &ann));
	assert_int_equal(token_mail_ttl_s(TOKEN_MAIL_RESET), 1800);
	assert_int_equal(token_mail_ttl_s(TOKEN_MAIL_INVITATION), 604800);
}

/* Every character counts, and an auth token is none of these. */
static void
no_other_text_is_one(void **state)
{
	struct str text = issue(TOKEN_MAIL_RESET, &ann, NOW + 1);
	char *changed = arena_strz(arena, text);
	struct buf auth;
	size_t i;

	(void)state;
	for (i = 0; i < text.n; i++) {
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		if (good(str_make(changed, text.n), TOKEN_MAIL_RESET, &acme,
			&ann))
			fail_msg("character %zu", i);
		changed[i] = text.p[i];
	}
	assert_false(good(str_sub(text, 0, text.n - 1), TOKEN_MAIL_RESET, &acme,
	    &ann));
	buf_init(&auth, 4096);
	token_issue(&master, &acme, ann.id, ann.token_key, NOW + 1, &auth);
	assert_false(
	    good(buf_view(&auth), TOKEN_MAIL_RESET, &acme, &ann));
	buf_free(&auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_good_for_what_it_is),
		cmocka_unit_test(what_it_did_ends_it),
		cmocka_unit_test(it_is_one_tenants),
		cmocka_unit_test(it_ends),
		cmocka_unit_test(no_other_text_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("token_mail", tests, setup, teardown);
}
