#include "tenants/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/json.h"
#include "tenants/job_progress.h"

#define DIGITS   13
#define NAME_F   "%013lld-%s"
#define CANCEL   ".cancel"

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static const char *const kinds[JOB_KINDS] = {
	[JOB_ERASE] = "erase",
	[JOB_RESTORE] = "restore",
	[JOB_PLAN] = "plan",
	[JOB_CLONE] = "clone",
	[JOB_EXPORT] = "export",
	[JOB_IMPORT] = "import",
	[JOB_VERIFY] = "verify",
	[JOB_POINTS] = "points",
};

static const char *const states[JOB_STATES] = {
	[JOB_WAITING] = "waiting",
	[JOB_RUNNING] = "running",
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_CANCELLED] = "cancelled",
};

static int
find(const char *const *names, int n, struct str name)
{
	while (n-- > 0)
		if (str_is(name, names[n]))
			break;
	return n;
}

int
job_state_of(struct str name)
{
	return find(states, JOB_STATES, name);
}

int
job_has_ended(const struct job *job)
{
	return job->state != JOB_WAITING && job->state != JOB_RUNNING;
}

static int
is_id(struct str name)
{
	char id[JOB_ID + 1];

	return str_copy(name, id, sizeof(id)) == 0 && name.n == JOB_ID &&
	       strspn(id, digits) == DIGITS && id[DIGITS] == '-' &&
	       strspn(id + DIGITS + 1, letters) == CRYPTO_ID;
}

static struct layout_path
path_of(const struct config *config, const char *id, const char *end)
{
	struct layout_path path = layout_jobs(config);
	size_t n = strlen(path.p);

	(void)snprintf(path.p + n, sizeof(path.p) - n, "/%s%s", id, end);
	return path;
}

/* --- the record ------------------------------------------------------------- */

static void
put_text(struct buf *out, int *first, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_put_text(out, first, name, value);
}

static void
put_number(struct buf *out, int *first, const char *name, int64_t value)
{
	if (value != 0)
		json_put_int(out, first, name, value);
}

static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	if (ms == 0)
		return;
	clock_format(ms, text);
	put_text(out, first, name, text);
}

void
job_put(const struct job *job, struct buf *out)
{
	int first = 1;

	buf_putc(out, '{');
	put_text(out, &first, "id", job->id);
	put_text(out, &first, "kind", kinds[job->kind]);
	put_text(out, &first, "state", states[job->state]);
	put_text(out, &first, "tenant", job->tenant);
	put_text(out, &first, "uid", job->uid);
	put_number(out, &first, "epoch", job->epoch);
	put_text(out, &first, "to", job->to);
	put_text(out, &first, "to_uid", job->to_uid);
	put_time(out, &first, "at", job->at_ms);
	put_number(out, &first, "txid", job->txid);
	put_text(out, &first, "file", job->file);
	put_time(out, &first, "asked", job->asked_ms);
	put_time(out, &first, "begun", job->begun_ms);
	put_time(out, &first, "ended", job->ended_ms);
	json_put_name(out, &first, "attempts");
	json_put_i64(out, job->attempts);
	if (job->cancelling) {
		json_put_name(out, &first, "cancelling");
		buf_puts(out, "true");
	}
	if (job->total > 0) {
		json_put_name(out, &first, "progress");
		buf_printf(out,
		    "{\"done\":%lld,\"total\":%lld,\"unit\":\"bytes\"}",
		    (long long)job->done, (long long)job->total);
	}
	json_put_name(out, &first, "error");
	json_put_string(out, str_of(job->error));
	json_put_name(out, &first, "result");
	buf_str(out, job->result.n > 0 ? job->result : STR("null"));
	buf_putc(out, '}');
}

static int64_t
get_time(const struct json *object, const char *name)
{
	char text[CLOCK_TEXT];
	struct err err = ERR_INIT;
	int64_t ms;

	json_get_text(object, name, text, sizeof(text));
	return text[0] != '\0' && clock_parse(str_of(text), 0, &ms, &err) == 0
		   ? ms
		   : 0;
}

static int
parse(struct str text, struct arena *arena, struct job *out, struct err *err)
{
	const struct json_limits limits = { 16, JOB_VALUES + 100 };
	const struct json *root, *result;
	char kind[16], state[16];
	int k, s;

	memset(out, 0, sizeof(*out));
	if (json_parse(text, limits, arena, &root, err) != 0)
		return -1;
	json_get_text(root, "id", out->id, sizeof(out->id));
	json_get_text(root, "kind", kind, sizeof(kind));
	json_get_text(root, "state", state, sizeof(state));
	json_get_text(root, "tenant", out->tenant, sizeof(out->tenant));
	json_get_text(root, "uid", out->uid, sizeof(out->uid));
	json_get_text(root, "to", out->to, sizeof(out->to));
	json_get_text(root, "to_uid", out->to_uid, sizeof(out->to_uid));
	json_get_text(root, "file", out->file, sizeof(out->file));
	json_get_text(root, "error", out->error, sizeof(out->error));
	out->epoch = (uint32_t)json_get_i64(root, "epoch", UINT32_MAX);
	out->txid = json_get_i64(root, "txid", INT64_MAX);
	out->attempts = json_get_i64(root, "attempts", INT32_MAX);
	out->at_ms = get_time(root, "at");
	out->asked_ms = get_time(root, "asked");
	out->begun_ms = get_time(root, "begun");
	out->ended_ms = get_time(root, "ended");
	result = json_get(root, "result");
	if (result != NULL && result->type == JSON_OBJECT)
		out->result = result->raw;
	k = find(kinds, JOB_KINDS, str_of(kind));
	s = find(states, JOB_STATES, str_of(state));
	if (k < 0 || s < 0 || slug_check(str_of(out->tenant), err) != 0 ||
	    (out->to[0] != '\0' && slug_check(str_of(out->to), err) != 0) ||
	    (out->file[0] != '\0' && !job_file_ok(str_of(out->file))))
		return err_set(err, ERR_CORRUPT, "makes no sense");
	out->kind = (enum job_kind)k;
	out->state = (enum job_state)s;
	return 0;
}

int
job_read(const struct config *config, struct str id, struct arena *arena,
    struct job *out, struct err *err)
{
	struct layout_path path;
	struct str text;

	if (!is_id(id))
		return err_set(err, ERR_NOT_FOUND, "that is the id of no job");
	path = path_of(config, arena_strz(arena, id), "");
	if (file_read(path.p, JOB_SIZE, arena, &text, err) != 0)
		return -1;
	if (parse(text, arena, out, err) != 0 || !str_is(id, out->id)) {
		err->code = ERR_CORRUPT;
		return err_wrap(err, "%s", path.p);
	}
	if (job_has_ended(out))
		return 0;
	if (out->state == JOB_RUNNING)
		job_progress_read(config, out->id, &out->done, &out->total);
	out->cancelling =
	    file_exists(path_of(config, out->id, CANCEL).p, err);
	return out->cancelling < 0 ? -1 : 0;
}

static int
save(const struct config *config, const struct job *job,
    int (*put)(
	const char *path, struct str content, mode_t mode, struct err *err),
    struct err *err)
{
	struct layout_path path = path_of(config, job->id, "");
	struct buf text;
	int rc = -1;

	buf_init(&text, JOB_SIZE);
	job_put(job, &text);
	if (buf_check(&text, "a job", err) == 0)
		rc = put(path.p, buf_view(&text), 0660, err);
	buf_free(&text);
	return rc;
}

int
job_write(const struct config *config, const struct job *job, struct err *err)
{
	return save(config, job, file_replace, err);
}

static int
is_wanted(struct str name, const void *arg)
{
	(void)arg;
	return is_id(name);
}

int
job_list(const struct config *config, struct arena *arena,
    struct file_names *out, struct err *err)
{
	static const struct file_want want = { is_wanted, NULL, JOB_LISTED };
	struct layout_path dir = layout_jobs(config);
	int there = file_exists(dir.p, err);

	*out = (struct file_names){ 0 };
	return there <= 0 ? there
			  : file_list_first(dir.p, &want, arena, out, err);
}

/* --- asking for one ----------------------------------------------------------- */

static int
is_about(const struct job *job, const char *slug)
{
	return slug[0] != '\0' &&
	       (strcmp(job->tenant, slug) == 0 || strcmp(job->to, slug) == 0);
}

/* Under the lock: may there be one more, about these? */
static int
check_room(const struct config *config, const struct job *job,
    const struct file_names *names, struct arena *arena, struct err *err)
{
	struct job other;
	size_t i, n = 0;

	for (i = names->n; i-- > 0;) {
		struct err unread = ERR_INIT;

		arena_reset(arena);
		if (job_read(config, str_of(names->name[i]), arena, &other,
			&unread) != 0 ||
		    job_has_ended(&other))
			continue;
		if (is_about(&other, job->tenant) || is_about(&other, job->to))
			return err_set(err, ERR_CONFLICT,
			    "job %s is about the same tenant and has not ended",
			    other.id);
		n++;
	}
	/* Those that cannot be looked at may be about the same tenant. */
	n += names->more;
	if (n < JOB_OPEN && names->more == 0)
		return 0;
	err_set(err, ERR_LIMIT, "%zu jobs wait already", n);
	err->retry_after = 60;
	return -1;
}

/* One at a time adds a job, or cancels one: a descriptor, or -1. */
static int
lock(const struct config *config, struct err *err)
{
	struct layout_path dir = layout_jobs(config);
	int fd;

	if (file_mkdirs(dir.p, 0770, err) != 0)
		return -1;
	fd = file_open(dir.p, O_RDONLY | O_DIRECTORY, 0, err);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			err_sys(err, "cannot lock %s", dir.p);
			file_drop(&fd);
		}
	return fd;
}

int
job_add(const struct config *config, struct job *job,
    int (*before)(const struct job *job, void *arg, struct err *err), void *arg,
    struct err *err)
{
	struct arena *list = arena_new(JOB_LIST_SIZE);
	struct arena *arena = arena_new(JOB_READ_SIZE);
	struct file_names names;
	char id[CRYPTO_ID + 1];
	int held, rc = -1;

	job->asked_ms = clock_wall_ms();
	crypto_id(id, CRYPTO_ID);
	(void)snprintf(
	    job->id, sizeof(job->id), NAME_F, (long long)job->asked_ms, id);
	held = lock(config, err);
	if (held >= 0 && job_list(config, list, &names, err) == 0 &&
	    check_room(config, job, &names, arena, err) == 0 &&
	    before(job, arg, err) == 0)
		rc = save(config, job, file_create, err);
	file_drop(&held);
	arena_free(arena);
	arena_free(list);
	return rc;
}

/* --- and thinking better of it ------------------------------------------------- */

/* 1 it may be wished; 0 that is done already; -1. */
static int
may_cancel(const struct job *job, struct err *err)
{
	if (job->state == JOB_CANCELLED || job->cancelling)
		return 0;
	if (job_has_ended(job))
		return err_set(err, ERR_CONFLICT, "job %s has ended: %s",
		    job->id, states[job->state]);
	if (job->kind == JOB_ERASE && job->attempts > 0)
		return err_set(err, ERR_CONFLICT,
		    "job %s is an erasure that was begun: it goes on to its "
		    "end",
		    job->id);
	return 1;
}

int
job_cancel(const struct config *config, struct str id, struct arena *arena,
    int (*before)(const struct job *job, void *arg, struct err *err), void *arg,
    struct job *out, struct err *err)
{
	int held = lock(config, err), rc = -1;

	if (held >= 0 && job_read(config, id, arena, out, err) == 0)
		rc = may_cancel(out, err);
	if (rc > 0)
		rc = before(out, arg, err) == 0
			 ? file_create(path_of(config, out->id, CANCEL).p,
			       STR(""), 0660, err)
			 : -1;
	out->cancelling |= rc == 0 && !job_has_ended(out);
	file_drop(&held);
	return rc;
}

int
job_cancel_heard(
    const struct config *config, const struct job *job, struct err *err)
{
	return file_remove(path_of(config, job->id, CANCEL).p, err);
}
