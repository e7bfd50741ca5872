#include "tests/unit/store_place.h"

#include <sys/file.h>
#include <sys/resource.h>

/* What is true of a store in a directory alone. */

/* dir/name in one of the four buffers that are used in turn */
static const char *
in_dir(const struct place *place, const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, PATH_MAX, "%.1000s/%.1000s", place->dir, name);
	return p;
}

static void
urls(void **state)
{
	struct place *place = *state;
	static const char *const bad[] = { "", "gs://bucket/x", "file://",
		"file://host/x", "http://x" };
	char message[PATH_MAX + 64];
	struct err err = ERR_INIT;
	struct store *store;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_null(store_open(bad[i], &err));
		assert_int_equal(err.code, ERR_INPUT);
		snprintf(message, sizeof message,
		    "'%s' is not a place for a replica", bad[i]);
		assert_string_equal(err.msg, message);
		assert_string_equal(err.hint,
		    "a directory, as /path or file:///path, or "
		    "s3://BUCKET/PREFIX");
	}
	store = store_open(place->dir, &err);
	assert_non_null(store);
	assert_string_equal(store_url(store), place->dir);
	store_close(store);
	store_close(NULL);

	assert_int_equal(
	    file_replace(in_dir(place, "file"), STR("x"), 0600, &err), 0);
	assert_null(store_open(in_dir(place, "file"), &err));
	assert_int_equal(err.code, ERR_INPUT);
	snprintf(message, sizeof message, "replica %s is not a directory",
	    in_dir(place, "file"));
	assert_string_equal(err.msg, message);
	assert_null(store_open(in_dir(place, "file/below"), &err));
	snprintf(message, sizeof message, "replica %s: Not a directory",
	    in_dir(place, "file/below"));
	assert_string_equal(err.msg, message);
}

static void
where_objects_are(void **state)
{
	struct place *place = *state;
	struct stat st;
	struct store_key key = ltx_key("acme", 0x1f, 9, 1, 0xabc);

	/* Opening makes nothing; the first put does. */
	assert_int_equal(stat(in_dir(place, "r"), &st), -1);
	must_put(place->store, key, STR("12345"));
	must_put(place->store, owner_key("acme", 0x1f), STR("me"));
	assert_int_equal(
	    stat(in_dir(place, "r/acme/0000001f/ltx/9/"
			       "0000000000000001-0000000000000abc.ltx"),
		&st),
	    0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* The stock tool takes this for its time. */
	assert_true(st.st_mtim.tv_sec == 1795428000);
	assert_true(st.st_mtim.tv_nsec == 123000000);
	assert_int_equal(stat(in_dir(place, "r/acme/0000001f/owner"), &st), 0);
	assert_int_equal(st.st_size, 2);
}

static void
other_files_are_passed_over(void **state)
{
	struct place *place = *state;
	static const char *const names[] = { "r/acme/00000001/ltx/0/README",
		"r/acme/00000001/ltx/0/0000000000000002-0000000000000002.ltx~",
		"r/acme/2", "r/acme/0000000A", "r/acme/00000000",
		"r/acme/000000010", "r/_other", "r/UPPER", "r/-x",
		"r/lost+found" };
	struct seen seen;
	struct store_op op;
	struct err err = ERR_INIT;

	must_put(place->store, ltx_key("acme", 1, 0, 3, 3), STR("x"));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(
		    file_replace(in_dir(place, names[i]), STR("x"), 0600, &err),
		    0);
	op = new_op(STORE_LIST, ltx_key("acme", 1, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 1);
	op = new_op(STORE_EPOCHS, ltx_key("acme", 0, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 1);
	op = new_op(STORE_SLUGS, ltx_key("", 0, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 1);
}

#define LEVEL_0 "r/acme/00000001/ltx/0/"
#define LEFT    LEVEL_0 "0000000000000002-0000000000000002.ltx.put"
#define OBJECT  LEVEL_0 "0000000000000002-0000000000000002.ltx"

static void
what_a_killed_put_left(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct seen seen;
	struct store_op op = new_op(STORE_LIST, key, &seen);
	struct err err = ERR_INIT;
	struct stat st;
	int fd;

	must_put(place->store, ltx_key("acme", 1, 0, 3, 3), STR("x"));
	/* A listing removes it … */
	assert_int_equal(
	    file_replace(in_dir(place, LEFT), STR("half"), 0600, &err), 0);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(stat(in_dir(place, LEFT), &st), -1);
	/* … the next put of the object makes it whole … */
	assert_int_equal(file_replace(in_dir(place, LEFT),
			     STR("half, and longer"), 0600, &err),
	    0);
	must_put(place->store, key, STR("whole"));
	assert_content(place->store, key, 0, 0, STR("whole"));
	assert_int_equal(stat(in_dir(place, LEFT), &st), -1);

	/* … but neither while its writer lives. */
	op.verb = STORE_DELETE;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	fd = open(in_dir(place, LEFT), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	op.verb = STORE_LIST;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(stat(in_dir(place, LEFT), &st), 0);
	assert_int_equal(put_bytes(place->store, key, STR("x"), &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	close(fd);
	must_put(place->store, key, STR("x"));
}

/*
 * Where there is no rename without replacing, the object has two names for a
 * moment.  Killed in that moment, the second one must not be written to.
 */
static void
a_second_name_is_not_written_to(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct store_key next = ltx_key("acme", 1, 0, 3, 3);
	struct stat st;

	must_put(place->store, key, STR("first"));
	assert_int_equal(link(in_dir(place, OBJECT),
			     in_dir(place, LEVEL_0
				 "0000000000000003-0000000000000003.ltx.put")),
	    0);
	must_put(place->store, next, STR("second"));
	assert_content(place->store, key, 0, 0, STR("first"));
	assert_content(place->store, next, 0, 0, STR("second"));
	assert_int_equal(stat(in_dir(place, OBJECT), &st), 0);
	assert_int_equal(st.st_nlink, 1);
}

/* Killed on the way: never a part of an object under its name. */
static void
killed_puts_show_nothing(void **state)
{
	struct place *place = *state;
	struct str bytes = noise((size_t)48 << 20, 4);
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct stat st;
	int polls;

	for (polls = 1;; polls++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			struct err err = ERR_INIT;
			struct store *store = store_open(place->url, &err);
			struct seen seen;
			struct store_op op = new_op(STORE_PUT, key, &seen);

			op.bytes = bytes;
			store_submit(store, &op);
			for (int i = 0; i < polls && !seen.done; i++)
				(void)store_poll(store, NULL, 0, 1000);
			_exit(seen.done ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		assert_int_equal(stat(in_dir(place, OBJECT), &st), -1);
	}
	assert_true(polls > 1);
	assert_content(place->store, key, 0, 0, bytes);
	drop(bytes);
}

/* Two processes, one name, other bytes: one of them wins, whole. */
static void
one_of_two_wins(void **state)
{
	struct place *place = *state;

	for (unsigned round = 0; round < 20; round++) {
		struct store_key key =
		    ltx_key("acme", 1, 0, round + 2, round + 2);
		struct str bytes[2] = { noise(300000, 1), noise(300000, 2) };
		int won = 0;
		pid_t pid[2];

		for (int i = 0; i < 2; i++) {
			pid[i] = fork();
			assert_true(pid[i] >= 0);
			if (pid[i] == 0) {
				struct err err = ERR_INIT;
				struct store *store =
				    store_open(place->url, &err);
				int rc;

				do {
					err_clear(&err);
					rc = put_bytes(
					    store, key, bytes[i], &err);
				} while (err.code == ERR_BUSY);
				_exit(rc == 0 ? 0 : (int)err.code);
			}
		}
		for (int i = 0; i < 2; i++) {
			int status;

			assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
			assert_true(WIFEXITED(status));
			if (WEXITSTATUS(status) == 0) {
				assert_content(
				    place->store, key, 0, 0, bytes[i]);
				won++;
			} else {
				assert_int_equal(
				    WEXITSTATUS(status), ERR_CONFLICT);
			}
		}
		assert_int_equal(won, 1);
		drop(bytes[0]);
		drop(bytes[1]);
	}
}

static void
conflicts_name_the_file(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	char message[PATH_MAX + 64];
	struct err err = ERR_INIT;

	must_put(place->store, key, STR("one"));
	assert_int_equal(put_bytes(place->store, key, STR("two"), &err), -1);
	snprintf(message, sizeof message, "%s is there with other content",
	    in_dir(place, OBJECT));
	assert_string_equal(err.msg, message);
	assert_string_equal(err.hint, "another machine writes to this replica");
}

static void
a_file_in_the_way(void **state)
{
	struct place *place = *state;
	char message[PATH_MAX + 64];
	struct err err = ERR_INIT;

	must_put(place->store, ltx_key("globex", 1, 0, 2, 2), STR("x"));
	assert_int_equal(
	    file_replace(in_dir(place, "r/acme"), STR("x"), 0600, &err), 0);
	assert_int_equal(put_bytes(place->store, ltx_key("acme", 1, 0, 2, 2),
			     STR("x"), &err),
	    -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	snprintf(message, sizeof message, "cannot open %s: Not a directory",
	    in_dir(place, OBJECT));
	assert_string_equal(err.msg, message);
}

/* As root nothing is forbidden: the check is another user's. */
static void
a_directory_that_may_not_be_written(void **state)
{
	struct place *place = *state;
	pid_t pid;
	int status;

	assert_int_equal(chmod(place->dir, 0555), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err = ERR_INIT;
		char message[PATH_MAX + 64];

		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(2);
		if (put_bytes(place->store, ltx_key("acme", 1, 0, 2, 2),
			STR("x"), &err) == 0)
			_exit(3);
		snprintf(message, sizeof message,
		    "cannot make directory %s: Permission denied",
		    in_dir(place, "r"));
		_exit(strcmp(err.msg, message) != 0 ? 4
		      : err.code != ERR_SYSTEM      ? 5
						    : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(place->dir, 0700), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The limit on a file's size stands in for a full disk, without a mount. */
static void
no_room(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct str bytes = noise(3 << 20, 1);
	struct rlimit limit = { 1 << 20, RLIM_INFINITY }, old;
	char message[PATH_MAX + 64];
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(put_bytes(place->store, key, bytes, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	snprintf(message, sizeof message, "cannot write %s: File too large",
	    in_dir(place, LEFT));
	assert_string_equal(err.msg, message);
	/* What it took is given back. */
	assert_int_equal(stat(in_dir(place, LEFT), &st), -1);
	assert_int_equal(stat(in_dir(place, OBJECT), &st), -1);
	must_put(place->store, key, bytes);
	drop(bytes);
}

/* More than one step's worth. */
static void
a_long_list(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct seen seen;
	struct store_op op = new_op(STORE_GET, key, &seen);
	struct err err = ERR_INIT;
	char name[80];
	uint64_t last = 0;

	must_put(place->store, key, STR("x"));
	for (int i = 3; i < 3500; i++) {
		int fd;

		snprintf(name, sizeof name, LEVEL_0 "%016x-%016x.ltx", i, i);
		fd = open(in_dir(place, name), O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	op.verb = STORE_LIST;
	seen.fail_after = 64;
	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(seen.n, 64);
	for (size_t i = 0; i < seen.n; i++) {
		assert_int_equal(seen.object[i].key.min_txid, i + 2);
		assert_true(seen.object[i].key.min_txid > last);
		last = seen.object[i].key.min_txid;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(urls),
		here(where_objects_are),
		here(other_files_are_passed_over),
		here(what_a_killed_put_left),
		here(a_second_name_is_not_written_to),
		here(killed_puts_show_nothing),
		here(one_of_two_wins),
		here(conflicts_name_the_file),
		here(a_file_in_the_way),
		here(a_directory_that_may_not_be_written),
		here(no_room),
		here(a_long_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
