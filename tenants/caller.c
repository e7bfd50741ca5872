#include "tenants/caller.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenants/base/str.h"

#define NAME_SIZE 64
#define ROW_SIZE  4096

/*
 * The kernel keeps the user of a login over su and sudo (loginuid, which
 * getlogin asks first); the environment may say anything, and is asked last.
 */
static const char *
find_name(char out[NAME_SIZE])
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd row, *found = NULL;
	char room[ROW_SIZE];

	if (getlogin_r(out, NAME_SIZE) == 0)
		return out;
	if (getuid() == 0 && sudo != NULL &&
	    str_copy(str_of(sudo), out, NAME_SIZE) == 0)
		return out;
	if (getpwuid_r(getuid(), &row, room, sizeof(room), &found) == 0 &&
	    found != NULL &&
	    str_copy(str_of(found->pw_name), out, NAME_SIZE) == 0)
		return out;
	return "";
}

void
caller_name(char out[CALLER_MAX])
{
	const char *job = getenv(CALLER_JOB), *name;
	char room[NAME_SIZE];

	if (job != NULL) {
		(void)snprintf(out, CALLER_MAX, "job %.64s", job);
		return;
	}
	name = find_name(room);
	(void)snprintf(out, CALLER_MAX, "command%s%s",
	    name[0] != '\0' ? " " : "", name);
}
