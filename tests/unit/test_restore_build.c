#include "tests/unit/restore_place.h"

#include <sys/file.h>
#include <sys/resource.h>

static int
plan_and_build(struct place *place, enum restore_point point, uint64_t txid,
    struct restore_target *target, struct err *err)
{
	struct restore_opts opts = {
		.slug = SLUG, .point = point, .txid = txid
	};
	struct restore_plan plan;
	int rc;

	err_clear(err);
	rc = restore_plan(place->store, &opts, place->arena, &plan, err);
	if (rc == 0)
		rc = restore_build(place->store, &plan, target, err);
	arena_reset(place->arena);
	return rc;
}

static int
build(struct place *place, uint64_t txid, struct err *err)
{
	struct restore_target target = { .path = place->to };

	return plan_and_build(
	    place, txid ? RESTORE_TXID : RESTORE_LATEST, txid, &target, err);
}

/* Exactly these files, and nothing beside them. */
static void
assert_directory(const struct place *place, const char *const *names, size_t n)
{
	struct arena *arena = arena_new(1 << 20);
	struct file_names found;
	struct err err = ERR_INIT;
	char dir[600];

	snprintf(dir, sizeof dir, "%s/to", place->dir);
	assert_int_equal(file_list(dir, arena, &found, &err), 0);
	for (size_t i = 0; i < found.n && i < n; i++)
		assert_string_equal(found.name[i], names[i]);
	assert_int_equal(found.n, n);
	arena_free(arena);
}

static void
assert_nothing_left(const struct place *place)
{
	assert_directory(place, NULL, 0);
}

static void
assert_state(const struct place *place, uint64_t txid)
{
	static const char *const only[] = { "back.sqlite" };
	const struct replica_state *state = &place->replica.state[txid];
	size_t n = (size_t)state->pages * place->replica.page_size;
	struct err err = ERR_INIT;
	unsigned char *bytes = malloc(n);
	struct stat st;
	int fd = file_open(place->to, O_RDONLY, 0, &err);

	assert_non_null(bytes);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, n);
	assert_int_equal(file_pread(fd, bytes, n, 0, place->to, &err), 0);
	assert_memory_equal(bytes, state->bytes, n);
	close(fd);
	free(bytes);
	assert_directory(place, only, 1);
}

/* Each state, byte for byte, at the smallest, the usual and the largest pages. */
static void
every_state_comes_back(void **state)
{
	struct place *place = *state;
	static const int sizes[] = { 512, 4096, 65536 };
	struct replica *r = &place->replica;

	for (size_t s = 0; s < N_OF(sizes); s++) {
		r->epoch = (uint32_t)s + 1;
		live(place, sizes[s]);
		replica_put(r, 9, 1, 1);
		for (uint64_t t = 2; t <= r->txid; t++)
			replica_put(r, 0, t, t);
		/* Twice: from raw files alone, and over compacted ones. */
		for (int round = 0; round < 2; round++) {
			for (uint64_t t = 1; t <= r->txid; t++) {
				struct restore_target target = {
					.path = place->to
				};
				struct err err = ERR_INIT;

				if (plan_and_build(place, RESTORE_TXID, t,
					&target, &err) != 0)
					fail_msg("%s", err.msg);
				assert_state(place, t);
				assert_int_equal(target.page_size, sizes[s]);
				assert_int_equal(
				    target.pages, r->state[t].pages);
				assert_int_equal(unlink(place->to), 0);
			}
			if (round > 0)
				break;
			replica_put(r, 1, 2, 4);
			replica_put(r, 1, 5, 8);
			replica_put(r, 2, 2, 8);
			replica_put(r, 3, 3, 10);
			replica_put(r, 9, 1, 7);
		}
		replica_clear(r);
		assert_int_equal(unlink(place->db), 0);
	}
}

static void
see_progress(int64_t done, int64_t total, void *arg)
{
	int64_t *last = arg;

	assert_true(done > last[0]);
	assert_true(done <= total);
	last[0] = done;
	last[1] = total;
}

static void
progress_ends_at_the_total(void **state)
{
	struct place *place = *state;
	int64_t last[2] = { 0, 0 };
	struct restore_target target = {
		.path = place->to, .progress = see_progress, .arg = last
	};
	struct err err = ERR_INIT;

	live(place, 4096);
	replica_put(&place->replica, 9, 1, 1);
	for (uint64_t t = 2; t <= place->replica.txid; t++)
		replica_put(&place->replica, 0, t, t);
	assert_int_equal(
	    plan_and_build(place, RESTORE_LATEST, 0, &target, &err), 0);
	assert_true(last[1] > 0);
	assert_int_equal(last[0], last[1]);
}

/*
 * A base and increments, one of which is not what it should be: the message
 * names it, and nothing is left.
 */
static void
start_chain(struct place *place)
{
	live(place, 4096);
	replica_put(&place->replica, 9, 1, 1);
	replica_put(&place->replica, 0, 2, 2);
}

static void
assert_build_fails(struct place *place, enum err_code code, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(build(place, 0, &err), -1);
	assert_err(&err, code, message);
	assert_nothing_left(place);
}

#define OBJECT_3 "acme/00000001/0/0000000000000003-0000000000000003.ltx"

static void
a_growth_page_is_missing(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	uint32_t from, to;
	char message[300];

	start_chain(place);
	from = r->state[2].pages;
	to = r->state[3].pages;
	assert_true(to > from + 2);
	for (uint32_t page = from + 1; page <= to;
	     page += page == from + 1 ? 1 : to - from - 2) {
		struct store_op op = { .verb = STORE_DELETE,
			.key = replica_key(r, 0, 3, 3) };
		struct err err = ERR_INIT;

		(void)replica_write(r, 3, 3, page);
		replica_put_file(r, replica_key(r, 0, 3, 3), 3000);
		snprintf(message, sizeof message,
		    OBJECT_3
		    ": page %u is missing, and the database grows from %u "
		    "pages to %u",
		    page, from, to);
		assert_build_fails(place, ERR_CORRUPT, message);
		assert_int_equal(store_now(place->store, &op, &err), 0);
	}
}

/* Replaces byte `at` of the object, behind the store's back. */
static void
damage(const struct place *place, const char *object, off_t at, int flip)
{
	char path[700];
	unsigned char byte;
	int fd;

	snprintf(path, sizeof path, "%s/r/%s", place->dir, object);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (unsigned char)(byte ^ flip);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#define FILE_3 "acme/00000001/ltx/0/0000000000000003-0000000000000003.ltx"

static void
a_damaged_object_in_the_middle(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	int64_t size;
	int refused = 0, same = 0;

	start_chain(place);
	size = replica_write(r, 3, 3, 0);
	replica_put_file(r, replica_key(r, 0, 3, 3), 3000);
	replica_put(r, 0, 4, 4);
	for (off_t at = 0; at < size; at += at < 130 ? 1 : 997) {
		struct err err = ERR_INIT;

		damage(place, FILE_3, at, 0x10);
		if (build(place, 4, &err) == 0) {
			/* A byte of a block that means nothing. */
			assert_state(place, 4);
			assert_int_equal(unlink(place->to), 0);
			same++;
		} else {
			assert_int_equal(err.code, ERR_CORRUPT);
			assert_int_equal(strncmp(err.msg, OBJECT_3 ": ",
					     strlen(OBJECT_3 ": ")),
			    0);
			assert_nothing_left(place);
			refused++;
		}
		damage(place, FILE_3, at, 0x10);
	}
	assert_true(refused > 130 && same < 3);
}

static void
an_object_that_was_cut(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	int64_t size;

	start_chain(place);
	size = replica_write(r, 3, 3, 0);
	assert_int_equal(truncate(r->scratch, size - 1), 0);
	replica_put_file(r, replica_key(r, 0, 3, 3), 3000);
	{
		char message[300];

		snprintf(message, sizeof message,
		    OBJECT_3 ": ends after %ld bytes, in the index or trailer",
		    size - 1);
		assert_build_fails(place, ERR_CORRUPT, message);
	}
}

static void
an_object_of_another_range(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	struct restore_target target = { .path = place->to };
	struct restore_opts opts = { .slug = SLUG };
	struct store_op op = { .verb = STORE_DELETE };
	struct restore_plan plan;
	struct err err = ERR_INIT;

	/* The plan is made before the object turns into another. */
	start_chain(place);
	replica_put(r, 0, 3, 3);
	replica_put(r, 0, 4, 4);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	plan.objects[2] = plan.objects[3];
	plan.n = 3;
	assert_int_equal(restore_build(place->store, &plan, &target, &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "acme/00000001/0/0000000000000004-0000000000000004.ltx: TXID 3 is "
	    "missing before it");
	assert_nothing_left(place);

	plan.n = 2;
	assert_int_equal(restore_build(place->store, &plan, &target, &err), -1);
	assert_err(
	    &err, ERR_NOT_FOUND, "acme: the objects lead to TXID 2, not 4");
	assert_nothing_left(place);

	/* And one that has turned into another under its own name. */
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	op.key = plan.objects[2].key;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	plan.objects[2].size = replica_write(r, 4, 4, 0);
	replica_put_file(r, op.key, 3000);
	assert_int_equal(restore_build(place->store, &plan, &target, &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "acme/00000001/0/0000000000000003-0000000000000003.ltx: header: "
	    "holds TXIDs 4 to 4");
	assert_nothing_left(place);
}

static void
an_object_of_another_epoch(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;

	start_chain(place);
	r->epoch = 7;
	(void)replica_write(r, 3, 3, 0);
	r->epoch = 1;
	replica_put_file(r, replica_key(r, 0, 3, 3), 3000);
	assert_build_fails(
	    place, ERR_CORRUPT, OBJECT_3 ": header: is of epoch 00000007");
}

static void
pages_of_another_size(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	struct replica *other = calloc(1, sizeof *other);

	assert_non_null(other);
	start_chain(place);
	memcpy(other, r, offsetof(struct replica, state));
	other->txid = 0;
	assert_int_equal(unlink(place->db), 0);
	for (int i = 0; i < 3; i++) {
		replica_sql(place->db, 1024, life[i]);
		replica_take(other, place->db, 1000);
	}
	(void)replica_write(other, 3, 3, 0);
	replica_put_file(r, replica_key(r, 0, 3, 3), 3000);
	assert_build_fails(place, ERR_CORRUPT,
	    OBJECT_3 ": header: pages of 1024 bytes follow pages of 4096");
	replica_clear(other);
	free(other);
}

static void
an_object_that_went_away(void **state)
{
	struct place *place = *state;
	struct restore_target target = { .path = place->to };
	struct restore_opts opts = { .slug = SLUG };
	struct restore_plan plan;
	struct store_op op = { .verb = STORE_DELETE };
	struct err err = ERR_INIT;

	start_chain(place);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	op.key = plan.objects[1].key;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(restore_build(place->store, &plan, &target, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.hint, "it was there a moment ago; try again");
	assert_nothing_left(place);
}

/* Every checksum is right, and yet it is no database that SQLite would have. */
static void
what_sqlite_refuses(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	unsigned char *page_1, *page_2;

	live(place, 4096);
	page_1 = r->state[1].bytes;
	page_2 = page_1 + 4096;
	assert_true(r->state[1].pages >= 2);

	page_1[18] = page_1[19] = 1;
	replica_put(r, 9, 1, 1);
	assert_build_fails(
	    place, ERR_CORRUPT, "acme: what was restored is not in WAL mode");

	page_1[18] = page_1[19] = 2;
	page_1[16] = 8;
	r->epoch = 2;
	replica_put(r, 9, 1, 1);
	assert_build_fails(place, ERR_CORRUPT,
	    "acme: what was restored is no database with pages of 4096 bytes");

	page_1[16] = 16;
	page_1[0] = 's';
	r->epoch = 3;
	replica_put(r, 9, 1, 1);
	assert_build_fails(place, ERR_CORRUPT,
	    "acme: what was restored is no database with pages of 4096 bytes");

	page_1[0] = 'S';
	page_2[0] = 77;
	r->epoch = 4;
	replica_put(r, 9, 1, 1);
	{
		struct err err = ERR_INIT;

		assert_int_equal(build(place, 0, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_int_equal(
		    strncmp(err.msg, "acme: what was restored: ", 25), 0);
		assert_nothing_left(place);
	}
}

static void
nothing_is_overwritten(void **state)
{
	struct place *place = *state;
	static const char *const names[] = { "", "-wal", "-shm", "-journal" };

	start_chain(place);
	for (size_t i = 0; i < N_OF(names); i++) {
		struct err err = ERR_INIT;
		char path[700], message[800];
		const char *only[1];

		snprintf(path, sizeof path, "%s%s", place->to, names[i]);
		assert_int_equal(
		    file_replace(path, STR("mine"), 0600, &err), 0);
		assert_int_equal(build(place, 0, &err), -1);
		snprintf(message, sizeof message, "%s is there already", path);
		assert_err(&err, ERR_CONFLICT, message);
		only[0] = strrchr(path, '/') + 1;
		assert_directory(place, only, 1);
		assert_int_equal(unlink(path), 0);
	}
}

/* A stale journal beside the half-built file would be replayed into it. */
static void
what_a_killed_build_left(void **state)
{
	struct place *place = *state;
	static const char *const names[] = { RESTORE_SUFFIX,
		RESTORE_SUFFIX "-wal", RESTORE_SUFFIX "-shm",
		RESTORE_SUFFIX "-journal" };
	struct err err = ERR_INIT;
	char path[700], message[800];
	int fd;

	start_chain(place);
	for (size_t i = 0; i < N_OF(names); i++) {
		char *old = calloc(1, 500000);

		assert_non_null(old);
		snprintf(path, sizeof path, "%s%s", place->to, names[i]);
		assert_int_equal(
		    file_replace(path, str_make(old, 500000), 0600, &err), 0);
		free(old);
	}
	assert_int_equal(build(place, 0, &err), 0);
	assert_state(place, 2);
	assert_int_equal(unlink(place->to), 0);

	/* One that is alive is left alone. */
	snprintf(path, sizeof path, "%s" RESTORE_SUFFIX, place->to);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(build(place, 0, &err), -1);
	snprintf(
	    message, sizeof message, "%s: another process builds it", path);
	assert_err(&err, ERR_BUSY, message);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	assert_int_equal(build(place, 0, &err), 0);
	assert_state(place, 2);
}

struct killed {
	struct place *place;
	int64_t after;
};

static void
kill_me(int64_t done, int64_t total, void *arg)
{
	struct killed *killed = arg;

	(void)total;
	if (done >= killed->after)
		raise(SIGKILL);
}

static void
build_and_die(void *arg)
{
	struct killed *killed = arg;
	struct restore_target target = {
		.path = killed->place->to, .progress = kill_me, .arg = killed
	};
	struct err err = ERR_INIT;

	(void)plan_and_build(killed->place, RESTORE_LATEST, 0, &target, &err);
}

static void
killed_anywhere(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	struct killed killed = { place, 0 };
	struct err err = ERR_INIT;
	char out[200];
	int status;

	start_chain(place);
	for (uint64_t t = 3; t <= r->txid; t++)
		replica_put(r, 0, t, t);
	for (;; killed.after += 20000) {
		status = unit_apart(build_and_die, &killed, out, sizeof out);
		if (WIFEXITED(status))
			break;
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_int_equal(access(place->to, F_OK), -1);
	}
	assert_true(killed.after > 40000);
	assert_state(place, r->txid);
	assert_int_equal(unlink(place->to), 0);
	assert_int_equal(build(place, 0, &err), 0);
	assert_state(place, r->txid);
}

static void
no_room(void **state)
{
	struct place *place = *state;
	struct rlimit limit = { 40000, RLIM_INFINITY }, old;
	struct err err = ERR_INIT;
	char message[800];
	int rc;

	start_chain(place);
	replica_put(&place->replica, 0, 3, 3);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rc = build(place, 0, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(rc, -1);
	snprintf(message, sizeof message,
	    "cannot write %s" RESTORE_SUFFIX ": File too large", place->to);
	assert_string_equal(err.msg, message);
	assert_nothing_left(place);
}

static void
a_directory_that_is_not_there(void **state)
{
	struct place *place = *state;
	struct restore_target target = { .path = "/nowhere/x.sqlite" };
	struct err err = ERR_INIT;

	start_chain(place);
	assert_int_equal(
	    plan_and_build(place, RESTORE_LATEST, 0, &target, &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    "cannot open /nowhere/x.sqlite" RESTORE_SUFFIX
	    ": No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(every_state_comes_back),
		here(progress_ends_at_the_total),
		here(a_growth_page_is_missing),
		here(a_damaged_object_in_the_middle),
		here(an_object_that_was_cut),
		here(an_object_of_another_range),
		here(an_object_of_another_epoch),
		here(pages_of_another_size),
		here(an_object_that_went_away),
		here(what_sqlite_refuses),
		here(nothing_is_overwritten),
		here(what_a_killed_build_left),
		here(killed_anywhere),
		here(no_room),
		here(a_directory_that_is_not_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
