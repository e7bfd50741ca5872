#include "replication/s3_credentials.h"

#include "tests/unit/unit.h"

static const char *const variables[] = { "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
	"AWS_SHARED_CREDENTIALS_FILE", "CREDENTIALS_DIRECTORY", "HOME" };

static int
enter(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(variables); i++)
		unsetenv(variables[i]);
	return unit_scratch();
}

static void
put_file(const char *path, const char *text)
{
	unit_put(path, str_of(text));
	assert_int_equal(chmod(path, 0600), 0);
}

static void
assert_keys(const char *profile, const char *id, const char *secret,
    const char *token, const char *source)
{
	struct s3_credentials keys;
	struct err err = ERR_INIT;

	if (s3_credentials_load(profile, &keys, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(keys.id, id);
	assert_string_equal(keys.secret, secret);
	assert_string_equal(keys.token, token);
	assert_string_equal(keys.source, source);
	s3_credentials_wipe(&keys);
	assert_string_equal(keys.secret, "");
}

static void
assert_none(
    const char *profile, enum err_code code, const char *msg, const char *hint)
{
	struct s3_credentials keys;
	struct err err = ERR_INIT;

	assert_int_equal(s3_credentials_load(profile, &keys, &err), -1);
	assert_err(&err, code, msg);
	assert_string_equal(err.hint, hint);
	assert_string_equal(keys.secret, "");
	assert_null(strstr(err.msg, "s3cret"));
}

static void
the_first_that_has_them(void **state)
{
	(void)state;
	assert_none("", ERR_AUTH, "s3: there are no credentials",
	    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, "
	    "or [default] in ~/.aws/credentials");
	setenv("HOME", ".", 1);
	assert_none("backup", ERR_AUTH, "s3: there are no credentials",
	    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, "
	    "or [backup] in ~/.aws/credentials");
	assert_int_equal(mkdir(".aws", 0700), 0);
	put_file(".aws/credentials",
	    "# mine\n[other]\naws_access_key_id = no\n\n[ default ]\r\n"
	    "aws_access_key_id = home\r\naws_secret_access_key=s3cret+/=\r\n"
	    "region = eu-1\n[backup]\naws_access_key_id=b\n"
	    "aws_secret_access_key=bs\naws_session_token=bt");
	assert_keys("", "home", "s3cret+/=", "", "./.aws/credentials");
	assert_keys("backup", "b", "bs", "bt", "./.aws/credentials");
	setenv("AWS_PROFILE", "backup", 1);
	assert_keys("", "b", "bs", "bt", "./.aws/credentials");
	put_file("named",
	    "[backup]\naws_access_key_id=n\naws_secret_access_key=ns\n");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "named", 1);
	assert_keys("", "n", "ns", "", "named");
	unsetenv("AWS_PROFILE");
	assert_int_equal(mkdir("credentials", 0700), 0);
	put_file("credentials/aws",
	    "[default]\naws_access_key_id=d\naws_secret_access_key=ds\n");
	setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
	assert_keys("", "d", "ds", "", "credentials/aws");
	setenv("AWS_ACCESS_KEY_ID", "e", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "es", 1);
	setenv("AWS_SESSION_TOKEN", "et", 1);
	assert_keys("", "e", "es", "et", "the environment");
	/* What the URL names is meant. */
	assert_keys("backup", "n", "ns", "", "named");
}

static void
what_is_wrong_with_them(void **state)
{
	char text[400];

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "id", 1);
	assert_none("", ERR_AUTH,
	    "the environment has the access key id but not the secret access "
	    "key",
	    "both, or neither");
	setenv("AWS_SECRET_ACCESS_KEY", "s3cret\n", 1);
	assert_none("", ERR_INPUT,
	    "the environment: AWS_SECRET_ACCESS_KEY holds what no key does",
	    "");
	memset(text, 'x', 300);
	text[300] = '\0';
	setenv("AWS_SECRET_ACCESS_KEY", text, 1);
	assert_none("", ERR_INPUT,
	    "the environment: AWS_SECRET_ACCESS_KEY is longer than 255 bytes",
	    "");
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "keys", 1);
	assert_none("", ERR_NOT_FOUND,
	    "cannot open keys: No such file or directory", "");
	put_file("keys", "[default]\naws_secret_access_key = s3cret\n");
	assert_none("", ERR_AUTH,
	    "keys has the secret access key but not the access key id",
	    "both, or neither");
	put_file("keys", "[elsewhere]\n");
	assert_none("", ERR_AUTH, "keys has no keys in [default]", "");
	assert_int_equal(chmod("keys", 0644), 0);
	assert_none("", ERR_DENIED,
	    "keys: keys that everybody may read (mode 0644)",
	    "chmod 0600 keys");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_that_has_them, enter),
		cmocka_unit_test_setup(what_is_wrong_with_them, enter),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
