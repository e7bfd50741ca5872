#include "tenants/outbox.h"

#include "tenants/base/crypto.h"
#include "tenants/layout.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;
static struct config config;
static struct arena *arena;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	scratch_make(&scratch);
	scratch_write(&scratch, "rowhouse.conf",
	    "data = data\nbase_domain = example.com\n"
	    "mail.from = no-reply@example.com\n");
	arena = arena_new(4 << 20);
	if (crypto_init(&err) != 0 ||
	    config_load(
		&config, scratch_path(&scratch, "rowhouse.conf"), &err) != 0)
		fail_msg("%s", err.msg);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	scratch_remove(&scratch);
	return 0;
}

static const struct outbox_mail mail = {
	.uid = STR("acme0uidofacme0"),
	.tenant = STR("acme"),
	.to = STR("ann@example.com"),
	.subject = STR("Hello"),
	.text = STR("One\n\n.\n..two\n"),
	.until_ms = 1800000000123,
};

/* The names in the outbox. */
static struct file_names
names(void)
{
	struct layout_path dir = layout_outbox(&config);
	struct file_names out;
	struct err err = ERR_INIT;

	if (file_list(dir.p, arena, &out, &err) != 0)
		fail_msg("%s", err.msg);
	return out;
}

static const char *
path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", layout_outbox(&config).p, name);
}

static void
what_was_put_is_there(void **state)
{
	struct outbox_mail got;
	struct file_names found;
	struct err err = ERR_INIT;
	struct buf message;
	struct stat st;

	(void)state;
	assert_int_equal(outbox_put(&config, &mail, &err), 0);
	found = names();
	assert_int_equal(found.n, 1);
	assert_true(outbox_is_name(found.name[0]));
	assert_int_equal(stat(path_of(found.name[0]), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	if (outbox_read(path_of(found.name[0]), arena, &got, &err) != 0)
		fail_msg("%s", err.msg);
	assert_true(str_eq(got.tenant, mail.tenant));
	assert_true(str_eq(got.to, mail.to));
	assert_true(str_eq(got.subject, mail.subject));
	assert_true(str_eq(got.text, mail.text));
	assert_int_equal(got.until_ms, mail.until_ms);

	buf_init(&message, 4096);
	outbox_message(&config, "1795428000123-abcdefghijklmno", &got,
	    1795428000123, &message);
	buf_putc(&message, '\0');
	assert_string_equal(message.p,
	    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
	    "From: no-reply@example.com\r\n"
	    "To: ann@example.com\r\n"
	    "Subject: Hello\r\n"
	    "Message-ID: <1795428000123-abcdefghijklmno@example.com>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "\r\n"
	    "One\r\n\r\n.\r\n..two\r\n");
	buf_free(&message);
}

/* Some servers cut a line that is too long, and the link with it. */
static void
no_line_is_too_long(void **state)
{
	char text[1200], want[3000];
	struct outbox_mail odd = mail;
	struct buf message;
	char *body;
	size_t i;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "a b  =\n", 7);
	text[sizeof(text) - 1] = '\n';
	odd.text = str_make(text, sizeof(text));
	buf_init(&message, 8192);
	outbox_message(
	    &config, "1795428000123-abcdefghijklmno", &odd, 0, &message);
	buf_putc(&message, '\0');
	assert_non_null(strstr(message.p,
	    "Content-Transfer-Encoding: quoted-printable\r\n"));
	body = strstr(message.p, "\r\n\r\n") + 4;
	strcpy(want, "a b  =3D\r\n");
	for (i = 0; i < sizeof(text) - 8; i++) {
		if (i > 0 && i % 70 == 0)
			strcat(want, "=\r\n");
		strcat(want, "x");
	}
	strcat(want, "\r\n");
	assert_string_equal(body, want);
	buf_free(&message);
}

static void
no_header_is_made_of_another(void **state)
{
	static const struct {
		struct str to, subject;
	} cases[] = {
		{ STR("a@b\nBcc: c@d"), STR("x") },
		{ STR("a@b\r\nRCPT TO:<c@d>"), STR("x") },
		{ STR("a@b c"), STR("x") },
		{ STR("a@b\0c"), STR("x") },
		{ STR("\xc3\xa4@b"), STR("x") },
		{ STR("a@b"), STR("x\r\n\r\nbody") },
		{ STR("a@b"), STR("x\ty") },
	};
	struct outbox_mail bad;
	size_t before = names().n, i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct err err = ERR_INIT;

		bad = mail;
		bad.to = cases[i].to;
		bad.subject = cases[i].subject;
		assert_int_equal(outbox_put(&config, &bad, &err), -1);
		assert_err(&err, ERR_INPUT,
		    "outbox: a mail's address or subject is no plain ASCII");
	}
	assert_int_equal(names().n, before);
}

static void
one_for_nobody_is_a_mail_too(void **state)
{
	struct outbox_mail nobody = mail, got;
	size_t before = names().n, i;
	struct file_names found;
	struct err err = ERR_INIT;

	(void)state;
	nobody.to = STR("");
	assert_int_equal(outbox_put(&config, &nobody, &err), 0);
	found = names();
	assert_int_equal(found.n, before + 1);
	for (i = 0; i < found.n; i++) {
		assert_int_equal(
		    outbox_read(path_of(found.name[i]), arena, &got, &err), 0);
		if (got.to.n == 0)
			return;
	}
	fail_msg("it is not there");
}

/* Leaves n mails of a tenant, by their names. */
static void
leave(const char *whose, int n)
{
	char name[80];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "data/outbox/1795428000123-%s%010d",
		    whose, i);
		scratch_write(&scratch, name, "");
	}
}

static void
too_many_do_not_wait(void **state)
{
	struct outbox_mail other = mail;
	struct file_names found;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	other.uid = STR("other0uidofothe");
	found = names();
	for (i = 0; i < found.n; i++)
		assert_int_equal(unlink(path_of(found.name[i])), 0);
	leave("acme0", OUTBOX_MAX / 2 - 1);
	assert_int_equal(outbox_put(&config, &mail, &err), 0);
	assert_int_equal(outbox_put(&config, &mail, &err), -1);
	assert_err(
	    &err, ERR_BUSY, "outbox: 5000 mails wait, 5000 of this tenant");
	assert_true(err.retry_after > 0);
	assert_true(err.hint[0] != '\0');
	/* Of one that has none there is room, until there is for nobody. */
	err_clear(&err);
	assert_int_equal(outbox_put(&config, &other, &err), 0);
	leave("third", OUTBOX_MAX / 2 - 2);
	assert_int_equal(outbox_put(&config, &other, &err), -1);
	assert_err(&err, ERR_BUSY, "outbox: 9999 mails wait, 1 of this tenant");
	err_clear(&err);
	other.uid = STR("fresh0uidoffres");
	assert_int_equal(outbox_put(&config, &other, &err), 0);
	other.uid = STR("later0uidoflate");
	assert_int_equal(outbox_put(&config, &other, &err), -1);
	assert_err(
	    &err, ERR_BUSY, "outbox: 10000 mails wait, 0 of this tenant");
	found = names();
	assert_int_equal(found.n, OUTBOX_MAX);
	for (i = 0; i < found.n; i++)
		assert_int_equal(unlink(path_of(found.name[i])), 0);
	err_clear(&err);
	assert_int_equal(outbox_put(&config, &mail, &err), 0);
}

static void
what_is_no_mail_is_not_sent(void **state)
{
	static const char *const texts[] = {
		"",
		"rowhouse mail 2\n",
		"rowhouse mail 1\n",
		"rowhouse mail 1\nuntil: 1\ntenant: a\nto: b@c\n",
		"rowhouse mail 1\nuntil: x\ntenant: a\nto: b@c\nsubject: d\n\n",
		"rowhouse mail 1\nuntil: 1\ntenant: a\nto: b@c\nsubject: "
		"d\ne\n",
		"rowhouse mail 1\nuntil: 1\ntenant: a\nto: b\rc\nsubject: "
		"d\n\n",
		"rowhouse mail 1\ntenant: a\nuntil: 1\nto: b@c\nsubject: d\n\n",
	};
	struct outbox_mail got;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(texts); i++) {
		struct err err = ERR_INIT;

		scratch_write(&scratch, "bad", texts[i]);
		if (outbox_read(
			scratch_path(&scratch, "bad"), arena, &got, &err) == 0)
			fail_msg("%s", texts[i]);
		assert_int_equal(err.code, ERR_CORRUPT);
	}
}

static void
names_are_told_from_others(void **state)
{
	static const char *const no[] = { "", "1795428000123",
		"1795428000123-abc", "179542800012x-abcdefghijklmno",
		"1795428000123-abcdefghijklmnO",
		"1795428000123_abcdefghijklmno",
		"1795428000123-abcdefghijklmno.Xy1234.tmp" };
	size_t i;

	(void)state;
	assert_true(outbox_is_name("1795428000123-abcdefghijklm09"));
	for (i = 0; i < N_OF(no); i++)
		if (outbox_is_name(no[i]))
			fail_msg("%s", no[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_there),
		cmocka_unit_test(no_line_is_too_long),
		cmocka_unit_test(no_header_is_made_of_another),
		cmocka_unit_test(one_for_nobody_is_a_mail_too),
		cmocka_unit_test(too_many_do_not_wait),
		cmocka_unit_test(what_is_no_mail_is_not_sent),
		cmocka_unit_test(names_are_told_from_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("outbox", tests, setup, teardown);
}
