#include "replication/s3_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/arena.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"

#define FILE_MAX ((size_t)64 * 1024)

/* Visible ASCII: what a header can hold, and no more. */
static int
take(struct str value, const char *what, const char *source, char *out,
    size_t size, struct err *err)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= ' ' || value.p[i] > '~')
			return err_set(err, ERR_INPUT,
			    "%s: %s holds what no key does", source, what);
	if (str_copy(value, out, size) != 0)
		return err_set(err, ERR_INPUT,
		    "%s: %s is longer than %zu bytes", source, what, size - 1);
	return 0;
}

/* 1 they are there, 0 not, -1 half of them. */
static int
complete(const struct s3_credentials *keys, struct err *err)
{
	if (!keys->id[0] && !keys->secret[0])
		return 0;
	if (keys->id[0] && keys->secret[0])
		return 1;
	err_set(err, ERR_AUTH, "%s has the %s but not the %s", keys->source,
	    keys->id[0] ? "access key id" : "secret access key",
	    keys->id[0] ? "secret access key" : "access key id");
	return err_hint(err, "both, or neither");
}

static int
from_environment(struct s3_credentials *keys, struct err *err)
{
	(void)str_copy(
	    STR("the environment"), keys->source, sizeof keys->source);
	if (take(str_of(getenv("AWS_ACCESS_KEY_ID")), "AWS_ACCESS_KEY_ID",
		keys->source, keys->id, sizeof keys->id, err) != 0 ||
	    take(str_of(getenv("AWS_SECRET_ACCESS_KEY")),
		"AWS_SECRET_ACCESS_KEY", keys->source, keys->secret,
		sizeof keys->secret, err) != 0 ||
	    take(str_of(getenv("AWS_SESSION_TOKEN")), "AWS_SESSION_TOKEN",
		keys->source, keys->token, sizeof keys->token, err) != 0)
		return -1;
	return complete(keys, err);
}

static int
read_line(struct s3_credentials *keys, struct str line, struct err *err)
{
	size_t equals = str_find(line, '=', 0);
	struct str name = str_trim(str_sub(line, 0, equals));
	struct str value = str_trim(str_sub(line, equals + 1, line.n));

	if (str_is(name, "aws_access_key_id"))
		return take(value, "aws_access_key_id", keys->source, keys->id,
		    sizeof keys->id, err);
	if (str_is(name, "aws_secret_access_key"))
		return take(value, "aws_secret_access_key", keys->source,
		    keys->secret, sizeof keys->secret, err);
	if (str_is(name, "aws_session_token"))
		return take(value, "aws_session_token", keys->source,
		    keys->token, sizeof keys->token, err);
	return 0;
}

static int
read_profile(struct s3_credentials *keys, struct str text, const char *profile,
    struct err *err)
{
	struct str line;
	int here = 0;

	while (str_next(&text, '\n', &line)) {
		line = str_trim(line);
		if (str_starts(line, "#") || str_starts(line, ";"))
			continue;
		if (str_starts(line, "[") && str_ends(line, "]"))
			here = str_is(
			    str_trim(str_sub(line, 1, line.n - 1)), profile);
		else if (here && read_line(keys, line, err) != 0)
			return -1;
	}
	return complete(keys, err);
}

/* Not for everybody's eyes. */
static int
check_mode(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_sys(err, "cannot look at %s", path);
	if (!(st.st_mode & S_IROTH))
		return 0;
	err_set(err, ERR_DENIED, "%s: keys that everybody may read (mode %04o)",
	    path, (unsigned)(st.st_mode & 07777));
	return err_hint(err, "chmod 0600 %s", path);
}

/* 1 found, 0 there is no such file, -1; must: it was named. */
static int
from_file(struct s3_credentials *keys, const char *path, const char *profile,
    int must, struct err *err)
{
	struct arena *arena;
	struct str text;
	int rc = file_exists(path, err);

	if (rc < 0 || (rc == 0 && !must))
		return rc;
	if (str_copy(str_of(path), keys->source, sizeof keys->source) != 0)
		return err_set(
		    err, ERR_INPUT, "%.100s...: too long a path", path);
	if (rc > 0 && check_mode(path, err) != 0)
		return -1;
	arena = arena_new(FILE_MAX * 2);
	rc = file_read(path, FILE_MAX, arena, &text, err);
	if (rc == 0) {
		rc = read_profile(keys, text, profile, err);
		crypto_wipe((char *)(uintptr_t)text.p, text.n);
	}
	arena_free(arena);
	if (rc == 0 && must)
		rc = err_set(
		    err, ERR_AUTH, "%s has no keys in [%s]", path, profile);
	return rc;
}

static int
from_files(struct s3_credentials *keys, const char *profile, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *named = getenv("AWS_SHARED_CREDENTIALS_FILE");
	const char *home = getenv("HOME");
	char path[300];
	int rc = 0;

	if (dir && dir[0]) {
		snprintf(path, sizeof path, "%.280s/aws", dir);
		rc = from_file(keys, path, profile, 0, err);
	}
	if (rc == 0 && named && named[0])
		rc = from_file(keys, named, profile, 1, err);
	else if (rc == 0 && home && home[0]) {
		snprintf(path, sizeof path, "%.270s/.aws/credentials", home);
		rc = from_file(keys, path, profile, 0, err);
	}
	if (rc == 0 && access(S3_CREDENTIALS_STORE, R_OK) == 0)
		rc = from_file(keys, S3_CREDENTIALS_STORE, profile, 0, err);
	return rc;
}

int
s3_credentials_load(
    const char *profile, struct s3_credentials *out, struct err *err)
{
	const char *wanted = getenv("AWS_PROFILE");
	int rc = 0;

	*out = (struct s3_credentials){ .id = "" };
	if (!wanted || !wanted[0])
		wanted = "default";
	/* A profile that the URL names is not the environment's keys. */
	if (profile[0])
		wanted = profile;
	else
		rc = from_environment(out, err);
	if (rc == 0)
		rc = from_files(out, wanted, err);
	if (rc > 0)
		return 0;
	if (rc == 0) {
		err_set(err, ERR_AUTH, "s3: there are no credentials");
		err_hint(err,
		    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
		    "environment, or [%.60s] in ~/.aws/credentials",
		    wanted);
	}
	s3_credentials_wipe(out);
	return -1;
}

void
s3_credentials_wipe(struct s3_credentials *credentials)
{
	crypto_wipe(credentials, sizeof *credentials);
}
