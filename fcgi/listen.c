#include "fcgi/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"
#include "tenants/layout.h"

#define ACTIVATED_FD 3 /* sd_listen_fds(3): the first one */
#define ORPHANS_MS   5000

static int
lock(const char *dir, int *fd, struct err *err)
{
	char path[CONFIG_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/pool.lock", dir);
	*fd = file_open(path, O_RDWR | O_CREAT, 0640, err);
	if (*fd < 0)
		return -1;
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK) {
		err_set(err, ERR_BUSY, "%s is locked", path);
		err_hint(err,
		    "another `rowhouse serve` or `rowhouse pool` runs "
		    "here already");
	} else {
		err_sys(err, "%s: flock", path);
	}
	file_drop(fd);
	return -1;
}

int
listen_lock(const struct config *config, int fds[2], struct err *err)
{
	if (file_mkdirs(config->data, 0750, err) != 0 ||
	    file_mkdirs(config->run, 0755, err) != 0 ||
	    lock(config->data, &fds[0], err) != 0)
		return -1;
	return strcmp(config->data, config->run) == 0
		   ? 0
		   : lock(config->run, &fds[1], err);
}

/* 1 handed over, 0 not, -1 handed over something that is none. */
static int
take_over(struct listen *out, struct err *err)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	struct stat st;
	int listening = 0;
	socklen_t size = sizeof listening;
	int64_t n;

	if (!pid || !fds || str_i64(str_of(pid), &n) != 0 || n != getpid())
		return 0;
	if (str_i64(str_of(fds), &n) != 0 || n != 1)
		return err_set(err, ERR_INPUT,
		    "socket activation: LISTEN_FDS is %s, and one socket is "
		    "wanted",
		    fds);
	if (fstat(ACTIVATED_FD, &st) != 0)
		return err_sys(
		    err, "socket activation: descriptor %d", ACTIVATED_FD);
	if (!S_ISSOCK(st.st_mode) ||
	    getsockopt(ACTIVATED_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		&size) != 0 ||
	    !listening)
		return err_set(err, ERR_INPUT,
		    "socket activation: descriptor %d is not a listening "
		    "socket",
		    ACTIVATED_FD);
	if (fcntl(ACTIVATED_FD, F_SETFD, FD_CLOEXEC) != 0)
		return err_sys(
		    err, "socket activation: descriptor %d", ACTIVATED_FD);
	out->fd = ACTIVATED_FD;
	return 1;
}

/* Whether somebody answers on what is at the path: 1, 0, -1 error. */
static int
is_live(const struct sockaddr_un *address, struct err *err)
{
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	/* EAGAIN: its backlog is full, and so it has one. */
	rc = connect(fd, (const struct sockaddr *)address, sizeof *address) ==
		 0 ||
	     errno == EAGAIN;
	if (!rc && errno != ECONNREFUSED && errno != ENOENT)
		rc = err_sys(err, "%s: connect", address->sun_path);
	file_drop(&fd);
	return rc;
}

/*
 * Since we hold the lock, whoever answers may be the workers of a supervisor
 * that was killed, which end within moments.
 */
static int
wait_until_dead(const struct sockaddr_un *address, struct err *err)
{
	int64_t until_ms = clock_mono_ms() + ORPHANS_MS;
	int live;

	while (
	    (live = is_live(address, err)) == 1 && clock_mono_ms() < until_ms)
		(void)poll(NULL, 0, ORPHANS_MS / 20);
	return live;
}

static int
clear_way(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int live;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, "%s", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(
		    err, ERR_CONFLICT, "%s is there and is not a socket", path);
	live = wait_until_dead(address, err);
	if (live < 0)
		return -1;
	if (live) {
		err_set(err, ERR_BUSY, "%s is in use: a server answers on it",
		    path);
		return err_hint(
		    err, "stop it, or set another `run` in the configuration");
	}
	return file_remove(path, err);
}

static int
give_to_group(const char *path, const char *name, struct err *err)
{
	struct group *group;

	if (name[0] == '\0')
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (!group) {
		if (errno != 0)
			return err_sys(err, "socket.group: group %s", name);
		return err_set(
		    err, ERR_INPUT, "socket.group: there is no group %s", name);
	}
	if (chown(path, (uid_t)-1, group->gr_gid) != 0) {
		err_sys(err, "%s: chown to group %s", path, name);
		return err_hint(
		    err, "the user that runs rowhouse must be a member of it");
	}
	return 0;
}

static int
bind_path(struct listen *out, const struct sockaddr_un *address,
    const char *group, struct err *err)
{
	const char *path = address->sun_path;
	mode_t old_umask;
	int rc;

	out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (out->fd < 0)
		return err_sys(err, "socket");
	/* Nobody else's, until it has its group. */
	old_umask = umask(0177);
	rc = bind(out->fd, (const struct sockaddr *)address, sizeof *address);
	umask(old_umask);
	if (rc != 0)
		return err_sys(err, "%s: bind", path);
	str_copy(str_of(path), out->path, sizeof out->path);
	if (give_to_group(path, group, err) != 0)
		return -1;
	if (chmod(path, 0660) != 0)
		return err_sys(err, "%s: chmod", path);
	if (listen(out->fd, LISTEN_BACKLOG) != 0)
		return err_sys(err, "%s: listen", path);
	return 0;
}

int
listen_open(const struct config *config, struct listen *out, struct err *err)
{
	struct layout_path path = layout_fcgi_socket(config);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int taken;

	out->fd = -1;
	out->path[0] = '\0';
	taken = take_over(out, err);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	if (str_copy(
		str_of(path.p), address.sun_path, sizeof address.sun_path) != 0)
		return err_set(err, ERR_INPUT,
		    "%s: longer than the %zu bytes that a socket's path may "
		    "have",
		    path.p, sizeof address.sun_path - 1);
	if (clear_way(&address, err) != 0)
		return -1;
	if (bind_path(out, &address, config->socket_group, err) != 0) {
		listen_close(out);
		return -1;
	}
	return 0;
}

void
listen_unlink(struct listen *listen)
{
	struct err err = ERR_INIT;

	if (listen->path[0] == '\0')
		return;
	if (file_remove(listen->path, &err) != 0)
		log_err("socket", STR_NONE, &err);
	listen->path[0] = '\0';
}

void
listen_close(struct listen *listen)
{
	listen_unlink(listen);
	file_drop(&listen->fd);
}
