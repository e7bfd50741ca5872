#include "tenants/base/file.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/file_support.h"

static void
reads(void **state)
{
	struct err err = ERR_INIT;
	char *big = malloc(200001);
	struct str s;

	(void)state;
	unit_put("empty", STR(""));
	unit_put("five", STR("12345"));
	assert_int_equal(file_read("five", 5, arena, &s, &err), 0);
	assert_int_equal(s.n, 5);
	assert_string_equal(s.p, "12345");
	assert_int_equal(file_read("empty", 0, arena, &s, &err), 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(file_read("five", 4, arena, &s, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "five is larger than 4 bytes");
	memset(big, 'x', 200000);
	big[200000] = '\0';
	unit_put("big", str_of(big));
	assert_content("big", big);
	assert_int_equal(file_read("big", 199999, arena, &s, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "big is larger than 199999 bytes");
	free(big);
	/* A file that does not say how large it is. */
	assert_int_equal(
	    file_read("/proc/self/status", 65536, arena, &s, &err), 0);
	assert_true(str_starts(s, "Name:"));
	assert_int_equal(file_read("/dev/zero", 100000, arena, &s, &err), -1);
	assert_err(
	    &err, ERR_TOO_LARGE, "/dev/zero is larger than 100000 bytes");
	assert_int_equal(file_read("none", 10, arena, &s, &err), -1);
	assert_err(
	    &err, ERR_NOT_FOUND, "cannot open none: No such file or directory");
	assert_int_equal(file_read(".", 10, arena, &s, &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot read .: Is a directory");
}

static void
descriptors_do_not_cross_exec(void **state)
{
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	fd = file_open("x", O_RDWR | O_CREAT | O_EXCL, 0640, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(file_close(&fd, "x", &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(file_close(&fd, "x", &err), 0);
	file_drop(&fd);
	assert_int_equal(
	    file_open("x", O_RDWR | O_CREAT | O_EXCL, 0640, &err), -1);
	assert_err(&err, ERR_CONFLICT, "cannot open x: File exists");
	fd = 9999;
	assert_int_equal(file_close(&fd, "x", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot close x: Bad file descriptor");
	assert_int_equal(fd, -1);
	errno = EIO;
	fd = 9999;
	file_drop(&fd);
	assert_int_equal(errno, EIO);
}

static void
replaces(void **state)
{
	struct err err = ERR_INIT;
	int before = next_descriptor();
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(file_replace("x", STR("one"), 0644, &err), 0);
	assert_content("x", "one");
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_replace("x", STR(""), 0400, &err), 0);
	assert_content("x", "");
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_non_null(getcwd(path, sizeof path - 2));
	strncat(path, "/x", 3);
	assert_int_equal(file_replace(path, STR("abs"), 0644, &err), 0);
	assert_content("x", "abs");
	assert_names(".", "x");
	umask(022);
	assert_int_equal(file_replace("no/x", STR("y"), 0644, &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "cannot create no/x: No such file or directory");
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(file_replace("d", STR("y"), 0644, &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot replace d: Is a directory");
	assert_names(".", "d x");
	assert_int_equal(next_descriptor(), before);
}

/* Who has the old file open goes on reading the old file. */
static void
a_reader_sees_old_or_new(void **state)
{
	struct err err = ERR_INIT;
	char text[4] = "";
	int fd;

	(void)state;
	assert_int_equal(file_replace("x", STR("old"), 0644, &err), 0);
	fd = file_open("x", O_RDONLY, 0, &err);
	assert_int_equal(file_replace("x", STR("new"), 0644, &err), 0);
	assert_int_equal(file_pread(fd, text, 3, 0, "x", &err), 0);
	assert_string_equal(text, "old");
	assert_content("x", "new");
	file_drop(&fd);
}

static void
creates_once(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(file_create("x", STR("one"), 0400, &err), 0);
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(file_create("x", STR("two"), 0400, &err), -1);
	assert_err(&err, ERR_CONFLICT, "cannot create x: File exists");
	assert_content("x", "one");
	assert_names(".", "x");
}

/* Writing fails as on a full disk: the limit on the size of files. */
static void
without_room(void *arg)
{
	struct rlimit limit = { 10, 10 };
	struct err err = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(1);
	if (file_replace("x", STR("more than ten bytes"), 0644, &err) != -1)
		_exit(2);
	dprintf(STDERR_FILENO, "%s", err.msg);
	(void)arg;
}

static void
without_room_the_old_file_stays(void **state)
{
	struct err err = ERR_INIT;
	char out[500];

	(void)state;
	assert_int_equal(file_replace("x", STR("old"), 0644, &err), 0);
	assert_int_equal(unit_apart(without_room, NULL, out, sizeof out), 0);
	assert_string_equal(out, "cannot write x: File too large");
	assert_content("x", "old");
	assert_names(".", "x");
}

static void
a_full_disk_is_full(void **state)
{
	struct err err = ERR_INIT;
	int fd = file_open("/dev/full", O_RDWR, 0, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(file_pwrite(fd, "x", 1, 0, "/dev/full", &err), -1);
	assert_err(
	    &err, ERR_FULL, "cannot write /dev/full: No space left on device");
	assert_int_equal(file_sync(fd, "/dev/full", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot sync /dev/full: Invalid argument");
	file_drop(&fd);
}

static void
reads_and_writes_in_place(void **state)
{
	struct err err = ERR_INIT;
	char text[8] = "";
	int fd = file_open("x", O_RDWR | O_CREAT, 0644, &err);

	(void)state;
	assert_int_equal(file_pwrite(fd, "abcdef", 6, 0, "x", &err), 0);
	assert_int_equal(file_pwrite(fd, "XY", 2, 2, "x", &err), 0);
	assert_int_equal(file_pwrite(fd, NULL, 0, 2, "x", &err), 0);
	assert_int_equal(file_pread(fd, text, 4, 1, "x", &err), 0);
	assert_string_equal(text, "bXYe");
	assert_int_equal(file_pread(fd, text, 0, 99, "x", &err), 0);
	assert_int_equal(file_pread(fd, text, 4, 4, "x", &err), -1);
	assert_err(&err, ERR_CORRUPT, "x ends at byte 6, 2 bytes too early");
	assert_int_equal(file_sync(fd, "x", &err), 0);
	assert_int_equal(file_close(&fd, "x", &err), 0);
	fd = file_open("x", O_RDONLY, 0, &err);
	assert_int_equal(file_pwrite(fd, "x", 1, 0, "x", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot write x: Bad file descriptor");
	file_drop(&fd);
	assert_int_equal(file_pread(fd, text, 1, 0, "x", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot read x: Bad file descriptor");
}

static void
renames(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	unit_put("x", STR("1"));
	unit_put("y", STR("2"));
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(file_rename("x", "y", &err), 0);
	assert_content("y", "1");
	assert_int_equal(file_rename("y", "d/z", &err), 0);
	assert_names(".", "d");
	assert_content("d/z", "1");
	assert_int_equal(file_rename("y", "z", &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "cannot rename y to z: No such file or directory");
	assert_int_equal(file_sync_dir("d", &err), 0);
	assert_int_equal(file_sync_dir("d/z", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot open d/z: Not a directory");
}

/* Files of /proc are read by the page, however much is asked for. */
static void
a_read_in_pieces_is_whole(void **state)
{
	static const char path[] = "/proc/kallsyms";
	struct err err = ERR_INIT;
	char all[20000], piece[100];
	int64_t at;
	int fd;

	(void)state;
	if (access(path, R_OK) != 0)
		skip();
	fd = file_open(path, O_RDONLY, 0, &err);
	assert_true(fd >= 0);
	assert_int_equal(file_pread(fd, all, sizeof all, 0, path, &err), 0);
	for (at = 0; at < (int64_t)sizeof all; at += sizeof piece) {
		assert_int_equal(
		    file_pread(fd, piece, sizeof piece, at, path, &err), 0);
		assert_memory_equal(all + at, piece, sizeof piece);
	}
	file_drop(&fd);
}

static void
say(const struct err *err)
{
	dprintf(STDERR_FILENO, "%s: %s\n", err_class(err->code)->name, err->msg);
}

/* In a directory that is somebody else's. */
static void
as_nobody(void *arg)
{
	struct err err = ERR_INIT;
	struct file_names names;
	struct str s;

	if (geteuid() == 0 && (setegid(NOBODY) != 0 || seteuid(NOBODY) != 0))
		_exit(1);
	if (file_replace("ro/x", STR("new"), 0644, &err) != 0)
		say(&err);
	if (file_create("ro/y", STR("new"), 0644, &err) != 0)
		say(&err);
	if (file_remove("ro/x", &err) != 0)
		say(&err);
	if (file_remove_tree("ro", &err) != 0)
		say(&err);
	if (file_mkdirs("ro/z", 0755, &err) != 0)
		say(&err);
	if (file_mkdirs("ro", 0755, &err) == 0)
		dprintf(STDERR_FILENO, "there\n");
	if (file_rename("ro/x", "ro/z", &err) != 0)
		say(&err);
	if (file_read("no/x", 9, arg, &s, &err) != 0)
		say(&err);
	if (file_exists("no/x", &err) != 0)
		say(&err);
	if (file_list("no", arg, &names, &err) != 0)
		say(&err);
}

static void
a_read_only_directory_says_so(void **state)
{
	char out[2000];
	int status;

	(void)state;
	assert_int_equal(mkdir("ro", 0755), 0);
	unit_put("ro/x", STR("old"));
	assert_int_equal(mkdir("no", 0700), 0);
	unit_put("no/x", STR("old"));
	assert_int_equal(chmod("ro", 0555), 0);
	assert_int_equal(chmod("no", 0), 0);
	status = unit_apart(as_nobody, arena, out, sizeof out);
	assert_int_equal(chmod("ro", 0755), 0);
	assert_int_equal(chmod("no", 0755), 0);
	assert_int_equal(status, 0);
	assert_string_equal(out,
	    "system: cannot create ro/x: Permission denied\n"
	    "system: cannot create ro/y: Permission denied\n"
	    "system: cannot remove ro/x: Permission denied\n"
	    "system: cannot remove ro/x: Permission denied\n"
	    "system: cannot make directory ro/z: Permission denied\n"
	    "there\n"
	    "system: cannot rename ro/x to ro/z: Permission denied\n"
	    "system: cannot open no/x: Permission denied\n"
	    "system: cannot look at no/x: Permission denied\n"
	    "system: cannot list no: Permission denied\n");
	assert_content("ro/x", "old");
	assert_names("ro", "x");
}

/* With fewer and fewer descriptors, everything fails, and loses none. */
static void
starved(void *arg)
{
	struct rlimit limit;
	struct err err = ERR_INIT;
	struct file_names names;
	int before = next_descriptor();
	struct str s;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(1);
	limit.rlim_cur = (rlim_t)before;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(2);
	if (file_read("x", 9, arg, &s, &err) == 0 ||
	    file_replace("x", STR("y"), 0644, &err) == 0 ||
	    file_create("y", STR("y"), 0644, &err) == 0 ||
	    file_list(".", arg, &names, &err) == 0 ||
	    file_sync_dir(".", &err) == 0 || file_remove_tree("d", &err) == 0)
		_exit(3);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    next_descriptor() != before)
		_exit(4);
	dprintf(STDERR_FILENO, "%s", err.msg);
}

static void
without_descriptors_nothing_is_lost(void **state)
{
	char out[500];

	(void)state;
	unit_put("x", STR("old"));
	assert_int_equal(mkdir("d", 0755), 0);
	unit_put("d/x", STR(""));
	assert_int_equal(unit_apart(starved, arena, out, sizeof out), 0);
	assert_string_equal(out, "cannot remove d: Too many open files");
	assert_content("x", "old");
	assert_names(".", "d x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(reads),
		test(descriptors_do_not_cross_exec),
		test(replaces),
		test(a_reader_sees_old_or_new),
		test(creates_once),
		test(without_room_the_old_file_stays),
		test(a_full_disk_is_full),
		test(reads_and_writes_in_place),
		test(a_read_in_pieces_is_whole),
		test(renames),
		test(a_read_only_directory_says_so),
		test(without_descriptors_nothing_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
