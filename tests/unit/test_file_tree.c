#include "tenants/base/file.h"

#include <sys/stat.h>

#include "tests/unit/file_support.h"

static void
makes_directories(void **state)
{
	struct err err = ERR_INIT;
	char path[5000];
	struct stat st;

	(void)state;
	assert_int_equal(file_mkdirs("a/b/c", 0750, &err), 0);
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(file_mkdirs("a/b/c", 0750, &err), 0);
	assert_int_equal(file_mkdirs("a//b/./d/", 0750, &err), 0);
	assert_names("a/b", "c d");
	assert_non_null(getcwd(path, sizeof path - 5));
	strncat(path, "/e/f", 5);
	assert_int_equal(file_mkdirs(path, 0750, &err), 0);
	assert_names("e", "f");
	assert_int_equal(file_mkdirs("/", 0750, &err), 0);
	unit_put("file", STR(""));
	assert_int_equal(file_mkdirs("file", 0750, &err), -1);
	assert_err(
	    &err, ERR_SYSTEM, "cannot make directory file: Not a directory");
	assert_int_equal(file_mkdirs("file/x", 0750, &err), -1);
	assert_err(
	    &err, ERR_SYSTEM, "cannot make directory file: Not a directory");
	assert_int_equal(file_mkdirs("", 0750, &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "cannot make directory '': No such file or directory");
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	assert_int_equal(file_mkdirs(path, 0750, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_int_equal(file_replace(path, STR("x"), 0644, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_int_equal(file_rename("file", path, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
}

static void
removes(void **state)
{
	struct err err = ERR_INIT;
	int before = next_descriptor();

	(void)state;
	unit_put("outside", STR("stays"));
	assert_int_equal(mkdir("keep", 0755), 0);
	unit_put("keep/this", STR("stays"));
	assert_int_equal(file_mkdirs("t/a/b", 0755, &err), 0);
	unit_put("t/x", STR(""));
	unit_put("t/a/y", STR(""));
	unit_put("t/a/b/z", STR(""));
	assert_int_equal(symlink("../keep", "t/link"), 0);
	assert_int_equal(symlink("../../outside", "t/a/link"), 0);
	assert_int_equal(symlink("nowhere", "t/a/dangling"), 0);
	assert_int_equal(file_remove("t/a", &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot remove t/a: Is a directory");
	assert_int_equal(file_remove_tree("t", &err), 0);
	assert_int_equal(file_remove_tree("t", &err), 0);
	assert_names(".", "keep outside");
	assert_content("keep/this", "stays");
	/* A link given itself is removed, not what it leads to. */
	assert_int_equal(symlink("keep", "link"), 0);
	assert_int_equal(file_remove_tree("link", &err), 0);
	assert_names(".", "keep outside");
	assert_content("keep/this", "stays");
	assert_int_equal(file_remove_tree("outside", &err), 0);
	assert_int_equal(file_remove("outside", &err), 0);
	assert_int_equal(file_remove("keep/this", &err), 0);
	assert_names("keep", "");
	assert_int_equal(next_descriptor(), before);
}

static void
tells_what_is_there(void **state)
{
	struct err err = ERR_INIT;
	struct file_id a, b, none = { 0 };

	(void)state;
	unit_put("x", STR("12345"));
	assert_int_equal(file_exists("x", &err), 1);
	assert_int_equal(file_exists(".", &err), 1);
	assert_int_equal(file_exists("y", &err), 0);
	assert_int_equal(file_exists("x/y", &err), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(file_exists("loop", &err), -1);
	assert_err(&err, ERR_SYSTEM,
	    "cannot look at loop: Too many levels of symbolic links");
	assert_int_equal(file_identify("loop", &a, &err), -1);
	assert_true(file_id_eq(&a, &none));
	assert_int_equal(file_identify("y", &a, &err), 0);
	assert_true(file_id_eq(&a, &none));
	assert_int_equal(file_identify("x", &a, &err), 0);
	assert_int_equal(a.size, 5);
	assert_true(a.ino != 0 && a.mtime_ns > 0 && a.ctime_ns > 0);
	assert_int_equal(file_identify("x", &b, &err), 0);
	assert_true(file_id_eq(&a, &b));
	assert_int_equal(file_replace("x", STR("12345"), 0644, &err), 0);
	assert_int_equal(file_identify("x", &b, &err), 0);
	assert_false(file_id_eq(&a, &b));
}

static void
each_part_of_an_identity_counts(void **state)
{
	struct file_id a = { 1, 2, 3, 4, 5 };
	struct file_id b = a;

	(void)state;
	assert_true(file_id_eq(&a, &b));
	b.dev++;
	assert_false(file_id_eq(&a, &b));
	b = a;
	b.ino++;
	assert_false(file_id_eq(&a, &b));
	b = a;
	b.size++;
	assert_false(file_id_eq(&a, &b));
	b = a;
	b.mtime_ns++;
	assert_false(file_id_eq(&a, &b));
	b = a;
	b.ctime_ns++;
	assert_false(file_id_eq(&a, &b));
}

static void
lists_in_order(void **state)
{
	struct file_names names;
	struct err err = ERR_INIT;

	(void)state;
	assert_names(".", "");
	unit_put("b", STR(""));
	unit_put("a", STR(""));
	unit_put("B", STR(""));
	unit_put(".hidden", STR(""));
	unit_put("...", STR(""));
	unit_put("\xc3\xa4", STR(""));
	assert_names(".", "... .hidden B a b \xc3\xa4");
	assert_int_equal(file_list("none", arena, &names, &err), -1);
	assert_err(
	    &err, ERR_NOT_FOUND, "cannot list none: No such file or directory");
	assert_int_equal(file_list("a", arena, &names, &err), -1);
	assert_err(&err, ERR_SYSTEM, "cannot list a: Not a directory");
}

/* A link that cannot be removed is not a way to what it leads to. */
static void
remove_as_nobody(void *arg)
{
	struct err err = ERR_INIT;

	(void)arg;
	if (geteuid() == 0 && (setegid(NOBODY) != 0 || seteuid(NOBODY) != 0))
		_exit(1);
	if (file_remove_tree("ro", &err) == 0)
		_exit(2);
	dprintf(STDERR_FILENO, "%s", err.msg);
}

static void
no_link_leads_out_of_a_tree(void **state)
{
	char out[500];
	int status;

	(void)state;
	assert_int_equal(mkdir("open", 0777), 0);
	assert_int_equal(chmod("open", 0777), 0);
	unit_put("open/x", STR("stays"));
	assert_int_equal(mkdir("ro", 0755), 0);
	assert_int_equal(symlink("../open", "ro/link"), 0);
	assert_int_equal(chmod("ro", 0555), 0);
	status = unit_apart(remove_as_nobody, NULL, out, sizeof out);
	assert_int_equal(chmod("ro", 0755), 0);
	assert_int_equal(status, 0);
	assert_string_equal(out, "cannot remove ro/link: Permission denied");
	assert_content("open/x", "stays");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(makes_directories),
		test(removes),
		test(no_link_leads_out_of_a_tree),
		test(tells_what_is_there),
		test(each_part_of_an_identity_counts),
		test(lists_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("file, trees", tests, NULL, NULL);
}
