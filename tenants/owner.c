#include "tenants/owner.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/str.h"
#include "tenants/layout.h"

struct name {
	char text[64];
};

static struct name
name_of(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	struct name name;

	if (user == NULL ||
	    str_copy(str_of(user->pw_name), name.text, sizeof(name.text)) != 0)
		(void)snprintf(
		    name.text, sizeof(name.text), "user %ld", (long)uid);
	return name;
}

static int
run_as(uid_t uid, struct err *err)
{
	return err_hint(err, "run it as that user: sudo -u %s rowhouse ...",
	    name_of(uid).text);
}

int
owner_check(const struct config *config, struct err *err)
{
	struct stat st;

	if (access(config->data, W_OK | X_OK) == 0 || errno == ENOENT)
		return 0;
	if (errno == EROFS) {
		err_set(err, ERR_DENIED, "the file system of %s is read-only",
		    config->data);
		return err_hint(
		    err, "who only looks at a database in use writes, too");
	}
	if (errno != EACCES || stat(config->data, &st) != 0)
		return err_sys(err, "%s", config->data);
	err_set(err, ERR_DENIED, "%s belongs to %s, and this is %s",
	    config->data, name_of(st.st_uid).text, name_of(geteuid()).text);
	return run_as(st.st_uid, err);
}

int
owner_check_new(const struct config *config, struct err *err)
{
	struct layout_path path = layout_registry(config);
	const char *whose = path.p;
	struct stat st, dir;

	if (geteuid() != 0 || stat(config->data, &dir) != 0)
		return 0;
	/* What is made there is the group's, and the pool is in it (config.h). */
	if (dir.st_mode & S_ISGID)
		return 0;
	if (stat(path.p, &st) != 0) {
		st = dir;
		whose = config->data;
	}
	if (st.st_uid == 0)
		return 0;
	err_set(err, ERR_DENIED,
	    "%s belongs to %s, who could not open what root makes", whose,
	    name_of(st.st_uid).text);
	return run_as(st.st_uid, err);
}
