#include "replication/s3_keyring.h"

#include "tests/unit/scratch.h"

static struct scratch scratch;
static struct s3_keyring ring;
static struct err err;

static const char *
put(const char *name, const char *id, const char *secret)
{
	char text[200];

	snprintf(text, sizeof(text),
	    "[default]\naws_access_key_id = %s\n%s%s\n", id,
	    secret[0] ? "aws_secret_access_key = " : "", secret);
	scratch_write_n(&scratch, name, str_of(text));
	return scratch_path(&scratch, name);
}

static int
begin(void **state)
{
	(void)state;
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_PROFILE");
	unsetenv("CREDENTIALS_DIRECTORY");
	setenv("HOME", scratch.dir, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", put("keys", "FIRST", "one"), 1);
	err_clear(&err);
	assert_int_equal(s3_keyring_open(&ring, "", &err), 0);
	return 0;
}

static void
keys_are_read_again_once_in_a_while(void **state)
{
	unsigned version = ring.version;

	(void)state;
	/* Nothing new; and nobody looks again at once. */
	assert_int_equal(s3_keyring_again(&ring, version), 0);
	put("keys", "SECOND", "two");
	assert_int_equal(s3_keyring_again(&ring, version), 0);
	assert_string_equal(ring.keys.id, "FIRST");
	ring.read_ms = 0;
	assert_int_equal(s3_keyring_again(&ring, version), 1);
	assert_string_equal(ring.keys.id, "SECOND");
	/* Whoever was sent with the old ones meanwhile is sent again. */
	assert_int_equal(s3_keyring_again(&ring, version), 1);
	assert_int_equal(s3_keyring_again(&ring, ring.version), 0);
	/* Another secret of the same name. */
	put("keys", "SECOND", "three");
	ring.read_ms = 0;
	assert_int_equal(s3_keyring_again(&ring, ring.version), 1);
	assert_string_equal(ring.keys.secret, "three");
}

static void
what_cannot_be_read_changes_nothing_and_is_said(void **state)
{
	char want[400];

	(void)state;
	put("keys", "SECOND", "");
	assert_int_equal(s3_keyring_again(&ring, ring.version), 0);
	assert_string_equal(ring.keys.id, "FIRST");
	assert_string_equal(ring.keys.secret, "one");
	s3_keyring_hint(&ring, &err);
	snprintf(want, sizeof(want),
	    "others cannot be read: %s has the access key id but not the "
	    "secret access key",
	    scratch_path(&scratch, "keys"));
	assert_string_equal(err.hint, want);
	put("keys", "FIRST", "one");
	ring.read_ms = 0;
	assert_int_equal(s3_keyring_again(&ring, ring.version), 0);
	assert_int_equal(ring.unread.code, ERR_NONE);
}

static void
the_hint_says_how_others_get_there(void **state)
{
	char want[400];

	(void)state;
	s3_keyring_hint(&ring, &err);
	snprintf(want, sizeof(want),
	    "the keys come from %s: put the new ones there, they are read "
	    "again within a minute; nothing has to be restarted",
	    scratch_path(&scratch, "keys"));
	assert_string_equal(err.hint, want);

	put("credentials/aws", "THIRD", "three");
	setenv("CREDENTIALS_DIRECTORY", scratch_path(&scratch, "credentials"),
	    1);
	assert_int_equal(s3_keyring_open(&ring, "", &err), 0);
	assert_string_equal(ring.keys.id, "THIRD");
	s3_keyring_hint(&ring, &err);
	snprintf(want, sizeof(want),
	    "the keys come from %s, a copy that systemd made: put the new "
	    "ones into /etc/credstore/rowhouse.aws, then systemctl restart "
	    "rowhouse-replicator",
	    scratch_path(&scratch, "credentials/aws"));
	assert_string_equal(err.hint, want);

	setenv("AWS_ACCESS_KEY_ID", "FOURTH", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "four", 1);
	assert_int_equal(s3_keyring_open(&ring, "", &err), 0);
	s3_keyring_hint(&ring, &err);
	assert_string_equal(err.hint,
	    "the keys come from the environment, which nobody can change "
	    "while this runs: restart it with the new ones");
}

static void
it_is_known_since_when_they_are_refused(void **state)
{
	int64_t since;

	(void)state;
	assert_int_equal(ring.refused_ms, 0);
	s3_keyring_refused(&ring);
	since = ring.refused_ms;
	assert_true(since > 0);
	s3_keyring_refused(&ring);
	assert_int_equal(ring.refused_ms, since);
	s3_keyring_taken(&ring);
	assert_int_equal(ring.refused_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    keys_are_read_again_once_in_a_while, begin),
		cmocka_unit_test_setup(
		    what_cannot_be_read_changes_nothing_and_is_said, begin),
		cmocka_unit_test_setup(
		    the_hint_says_how_others_get_there, begin),
		cmocka_unit_test_setup(
		    it_is_known_since_when_they_are_refused, begin),
	};
	int failed;

	scratch_make(&scratch);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(&scratch);
	return failed;
}
