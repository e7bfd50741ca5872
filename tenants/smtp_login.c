#include "tenants/smtp_login.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/base/arena.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"

#define FILE_MAX ((size_t)4096)

static int
parse(
    struct str text, const char *path, struct smtp_login *out, struct err *err)
{
	struct str line, name, value;
	int bad = 0;
	size_t at;

	while (str_next(&text, '\n', &line)) {
		at = str_find(line, '=', 0);
		name = str_trim(str_sub(line, 0, at));
		value = str_trim(str_sub(line, at + 1, line.n));
		if (str_is(name, "user"))
			bad |= str_copy(value, out->user, sizeof(out->user));
		else if (str_is(name, "password"))
			bad |= str_copy(
			    value, out->password, sizeof(out->password));
		else
			bad |= name.n > 0;
	}
	if (!bad && out->user[0] && out->password[0])
		return 0;
	err_set(err, ERR_INPUT, "%s: is no login", path);
	return err_hint(
	    err, "two lines: user = NAME, password = WORDS; 255 bytes each");
}

static int
load_file(const char *path, struct smtp_login *out, struct err *err)
{
	struct arena *arena;
	struct stat st;
	struct str text;
	int rc;

	if (stat(path, &st) != 0)
		return err_sys(err, "cannot look at %s", path);
	if (st.st_mode & S_IROTH) {
		err_set(err, ERR_DENIED,
		    "%s: a password that everybody may read (mode %04o)", path,
		    (unsigned)(st.st_mode & 07777));
		return err_hint(err, "chmod 0600 %s", path);
	}
	arena = arena_new(FILE_MAX * 2);
	rc = file_read(path, FILE_MAX, arena, &text, err);
	if (rc == 0) {
		rc = parse(text, path, out, err);
		crypto_wipe((char *)(uintptr_t)text.p, text.n);
	}
	arena_free(arena);
	return rc;
}

int
smtp_login_load(
    const struct config *config, struct smtp_login *out, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[CONFIG_PATH_MAX];
	int there = 0;

	memset(out, 0, sizeof(*out));
	if (dir && dir[0]) {
		(void)snprintf(path, sizeof(path), "%.480s/smtp", dir);
		there = file_exists(path, err);
	}
	if (there < 0)
		return -1;
	if (there && config->mail_clear)
		return err_set(err, ERR_INPUT,
		    "%s: nothing is logged in to without TLS", path);
	if (there)
		return load_file(path, out, err);
	return config->mail_login[0] ? load_file(config->mail_login, out, err)
				     : 0;
}
