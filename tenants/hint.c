#include "tenants/hint.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/layout.h"

#define MAGIC       "RWH1"
#define HEAD        28
#define KEPT_MAX    1024 /* hints that found the queue full */
#define FLUSH_MS    10
#define LAST_MS     200 /* to get rid of them at the end */
#define GARBAGE_MAX 64 /* datagrams skipped in one call */

struct hint_sender {
	struct layout_path path;
	int fd; /* connected, or -1 */
	int64_t interval_ms;
	size_t n_kept;
	struct hint kept[KEPT_MAX];
};

/* -1 where the path is longer than a socket's may be (107 bytes). */
static int
address(const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	return str_copy(str_of(path), out->sun_path, sizeof(out->sun_path));
}

static int
datagram_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

struct hint_sender *
hint_sender_new(const struct config *config)
{
	struct hint_sender *sender = calloc(1, sizeof(*sender));

	if (sender == NULL)
		err_die("out of memory");
	sender->path = layout_hint_socket(config);
	sender->interval_ms = config->replica_interval_ms;
	sender->fd = -1;
	return sender;
}

void
hint_sender_free(struct hint_sender *sender)
{
	const struct timespec nap = { 0, 1000000 };
	int i;

	if (sender == NULL)
		return;
	for (i = 0; i < LAST_MS && hint_flush(sender) >= 0; i++)
		nanosleep(&nap, NULL);
	file_drop(&sender->fd);
	free(sender);
}

/*
 * Tries each time.  Where nobody listens now, who listens later looks at every file
 * after he has begun to, and finds the commit; he would not find those that are
 * made then and sent to nobody, because an attempt has just failed.
 */
static int
reach(struct hint_sender *sender)
{
	struct sockaddr_un to;

	if (sender->fd >= 0)
		return 0;
	if (address(sender->path.p, &to) != 0)
		return -1;
	sender->fd = datagram_socket();
	if (sender->fd < 0)
		return -1;
	if (connect(sender->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		file_drop(&sender->fd);
		return -1;
	}
	return 0;
}

size_t
hint_put(const struct hint *hint, unsigned char out[HINT_BYTES])
{
	size_t n = strlen(hint->slug);
	uint32_t words[4];
	uint64_t time;

	words[0] = htole32(hint->epoch);
	words[1] = htole32(hint->commit.salt[0]);
	words[2] = htole32(hint->commit.salt[1]);
	words[3] = htole32(hint->commit.frame);
	time = htole64((uint64_t)hint->commit.time_ms);
	memcpy(out, MAGIC, 4);
	memcpy(out + 4, words, sizeof(words));
	memcpy(out + 20, &time, sizeof(time));
	assert(n <= SLUG_MAX);
	memcpy(out + HEAD, hint->slug, n);
	return HEAD + n;
}

/* 1 sent or in vain, 0 not now: its queue is full. */
static int
deliver(struct hint_sender *sender, const struct hint *hint)
{
	unsigned char bytes[HINT_BYTES];
	size_t n = hint_put(hint, bytes);
	int again;

	/*
	 * A replicator that was started anew has a new socket under the old
	 * name: the first send finds the old one dead, the second may reach it.
	 */
	for (again = 0; again < 2; again++) {
		if (reach(sender) != 0)
			return 1;
		if (send(sender->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) >=
		    0)
			return 1;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
			return 0;
		file_drop(&sender->fd);
	}
	return 1;
}

/* Would the newer one, alone, tell the replicator as much? */
static int
covers(const struct hint_sender *sender, const struct hint *newer,
    const struct hint *older)
{
	const struct db_commit *a = &newer->commit, *b = &older->commit;

	return a->salt[0] == b->salt[0] && a->salt[1] == b->salt[1] &&
	       a->time_ms / sender->interval_ms ==
		   b->time_ms / sender->interval_ms;
}

/*
 * The newest of each tenant and interval, since that is where captures are
 * cut; of too many, those that came first.
 */
static void
keep(struct hint_sender *sender, const struct hint *hint)
{
	size_t i = sender->n_kept;

	while (i > 0 && strcmp(sender->kept[i - 1].slug, hint->slug) != 0)
		i--;
	if (i > 0 && covers(sender, hint, &sender->kept[i - 1]))
		sender->kept[i - 1] = *hint;
	else if (sender->n_kept < KEPT_MAX)
		sender->kept[sender->n_kept++] = *hint;
}

void
hint_send(struct hint_sender *sender, const struct hint *hint)
{
	/* In order: an older one of this tenant may be among those kept. */
	if (hint_flush(sender) >= 0 || !deliver(sender, hint))
		keep(sender, hint);
}

int64_t
hint_flush(struct hint_sender *sender)
{
	size_t i = 0;

	while (i < sender->n_kept && deliver(sender, &sender->kept[i]))
		i++;
	sender->n_kept -= i;
	memmove(sender->kept, &sender->kept[i],
	    sender->n_kept * sizeof(sender->kept[0]));
	return sender->n_kept > 0 ? FLUSH_MS : -1;
}

int
hint_listen(const struct config *config, struct err *err)
{
	struct layout_path path = layout_hint_socket(config);
	struct sockaddr_un here;
	struct stat st;
	int fd;

	if (address(path.p, &here) != 0) {
		err_set(err, ERR_INPUT, "%s is too long for a socket", path.p);
		return err_hint(err,
		    "set `run` to a directory of at most %zu "
		    "bytes",
		    sizeof(here.sun_path) - sizeof("/control.sock"));
	}
	fd = datagram_socket();
	if (fd < 0)
		return err_sys(err, "cannot make a socket");
	if (lstat(path.p, &st) == 0 && S_ISSOCK(st.st_mode)) {
		if (connect(fd, (struct sockaddr *)&here, sizeof(here)) == 0) {
			file_drop(&fd);
			err_set(err, ERR_CONFLICT, "%s is in use", path.p);
			return err_hint(err, "another replicator is running "
					     "on this data");
		}
		if (unlink(path.p) != 0 && errno != ENOENT) {
			err_sys(err, "cannot remove %s", path.p);
			goto fail;
		}
	}
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
		err_sys(err, "cannot listen on %s", path.p);
		goto fail;
	}
	if (chmod(path.p, 0660) != 0) {
		err_sys(err, "cannot change the mode of %s", path.p);
		goto fail;
	}
	return fd;
fail:
	file_drop(&fd);
	return -1;
}

int
hint_parse(const unsigned char *p, size_t n, struct hint *out)
{
	struct str slug;
	struct err unwanted;
	uint32_t words[4];
	uint64_t time;

	if (n <= HEAD || n > HINT_BYTES)
		return -1;
	slug = str_make((const char *)p + HEAD, n - HEAD);
	if (memcmp(p, MAGIC, 4) != 0 ||
	    (!str_is(slug, SLUG_REGISTRY) && slug_check(slug, &unwanted) != 0))
		return -1;
	memcpy(words, p + 4, sizeof(words));
	memcpy(&time, p + 20, sizeof(time));
	out->epoch = le32toh(words[0]);
	out->commit.salt[0] = le32toh(words[1]);
	out->commit.salt[1] = le32toh(words[2]);
	out->commit.frame = le32toh(words[3]);
	out->commit.time_ms = (int64_t)le64toh(time);
	return str_copy(slug, out->slug, sizeof(out->slug));
}

int
hint_receive(int fd, struct hint *out)
{
	unsigned char bytes[HINT_BYTES];
	int skipped;

	for (skipped = 0; skipped < GARBAGE_MAX; skipped++) {
		ssize_t n =
		    recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return 0;
		if (hint_parse(bytes, (size_t)n, out) == 0)
			return 1;
	}
	return 0;
}
