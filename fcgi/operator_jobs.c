/*
 * What is left to the steward (steward.h).  What can be seen to be wrong at
 * once is refused at once; the rest a job says of itself.
 */
#include "fcgi/operator_call.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/job.h"

/* In the log before there is a job, under its id. */
static int
note(const struct job *job, void *arg, struct err *err)
{
	struct operator_call *call = arg;

	call->deed.slug = str_of(job->tenant);
	call->deed.detail = str_of(job->id);
	return registry_note_alone(
	    call->answer->env->call.registry, &call->deed, err);
}

static int
add(struct operator_call *call, struct job *job, struct err *err)
{
	struct answer *answer = call->answer;

	if (job_add(answer->env->call.config, job, note, call, err) != 0)
		return -1;
	job_put(job, &answer->response->body);
	return 0;
}

/* One that is about the tenant in the path, as it is now. */
static void
init(const struct operator_call *call, enum job_kind kind, struct job *out)
{
	const struct registry_tenant *row = &call->answer->row;

	*out = (struct job){ .kind = kind, .epoch = row->epoch };
	(void)str_copy(str_of(row->slug), out->tenant, sizeof out->tenant);
	(void)str_copy(str_of(row->uid), out->uid, sizeof out->uid);
}

static int
check_replica(const struct operator_call *call, struct err *err)
{
	if (call->answer->env->call.config->replica[0] != '\0')
		return 0;
	return err_set(
	    err, ERR_CONFLICT, "there is no replica: replica.url is not set");
}

/* `at` and `txid`: at most one; "10 minutes ago" is counted from now. */
static int
read_point(struct operator_call *call, const struct value *at,
    const struct value *txid, struct job *job, struct err *err)
{
	char message[sizeof err->msg] = "Is before all that there ever was.";

	if (at->kind == VALUE_TEXT && txid->kind == VALUE_INTEGER)
		return operator_call_fault(call, "txid", "validation_conflict",
		    "Does not go with `at`.", err);
	if (txid->kind == VALUE_INTEGER)
		job->txid = txid->integer;
	if (at->kind != VALUE_TEXT)
		return 0;
	if (clock_parse(at->text, clock_wall_ms(), &job->at_ms, err) != 0)
		memcpy(message, err->msg, sizeof message);
	/* 0 would be none, and that is the newest. */
	else if (job->at_ms > 0)
		return 0;
	return operator_call_fault(
	    call, "at", "validation_invalid_value", message, err);
}

int
operator_jobs_erase(struct operator_call *call, struct err *err)
{
	const struct registry_tenant *row = &call->answer->row;
	struct job job;

	if (operator_call_confirm(call, call->value[1].text, err) != 0)
		return -1;
	if (row->state != REGISTRY_DELETED)
		return err_set(
		    err, ERR_CONFLICT, "tenant %s is not deleted", row->slug);
	init(call, JOB_ERASE, &job);
	return add(call, &job, err);
}

int
operator_jobs_restore(struct operator_call *call, struct err *err)
{
	const struct value *value = call->value;
	int dry = value[OPERATOR_DRY_RUN].integer != 0;
	struct job job;

	if (!dry && value[OPERATOR_CONFIRM].kind != VALUE_TEXT) {
		faults_required(&call->answer->faults,
		    call->answer->env->call.arena, STR("confirm"));
		return err_set(err, ERR_INPUT, "confirm is missing");
	}
	if (!dry &&
	    operator_call_confirm(call, value[OPERATOR_CONFIRM].text, err) != 0)
		return -1;
	init(call, dry ? JOB_PLAN : JOB_RESTORE, &job);
	if (read_point(call, &value[OPERATOR_AT], &value[OPERATOR_TXID], &job,
		err) != 0 ||
	    check_replica(call, err) != 0 ||
	    registry_check_kept(&call->answer->row, err) != 0)
		return -1;
	return add(call, &job, err);
}

int
operator_jobs_clone(struct operator_call *call, struct err *err)
{
	const struct value *value = call->value;
	struct str to = value[OPERATOR_CONFIRM].text;
	struct job job;

	init(call, JOB_CLONE, &job);
	if (operator_call_new_slug(call, "to", to, err) != 0 ||
	    read_point(call, &value[OPERATOR_AT], &value[OPERATOR_TXID], &job,
		err) != 0 ||
	    check_replica(call, err) != 0)
		return -1;
	(void)str_copy(to, job.to, sizeof job.to);
	crypto_id(job.to_uid, REGISTRY_UID);
	return add(call, &job, err);
}

int
operator_jobs_export(struct operator_call *call, struct err *err)
{
	struct job job;

	init(call, JOB_EXPORT, &job);
	return registry_check_kept(&call->answer->row, err) != 0
		   ? -1
		   : add(call, &job, err);
}

int
operator_jobs_verify(struct operator_call *call, struct err *err)
{
	struct job job;

	init(call, JOB_VERIFY, &job);
	return check_replica(call, err) != 0 ? -1 : add(call, &job, err);
}

int
operator_jobs_points(struct operator_call *call, struct err *err)
{
	struct job job;

	init(call, JOB_POINTS, &job);
	return check_replica(call, err) != 0 ? -1 : add(call, &job, err);
}

int
operator_jobs_import(struct operator_call *call, struct err *err)
{
	const struct config *config = call->answer->env->call.config;
	struct str slug = call->value[0].text, file = call->value[1].text;
	struct job job = { .kind = JOB_IMPORT };
	struct err unseen = ERR_INIT;
	int there;

	if (operator_call_new_slug(call, "slug", slug, err) != 0)
		return -1;
	if (!job_file_ok(file))
		return operator_call_fault(call, "file",
		    "validation_invalid_value",
		    "Must be a plain name: letters, digits, . _ and -.", err);
	(void)str_copy(slug, job.tenant, sizeof job.tenant);
	(void)str_copy(file, job.file, sizeof job.file);
	crypto_id(job.uid, REGISTRY_UID);
	there = file_exists(job_import_path(config, &job).p, &unseen);
	/* Where the directory is another user's only he can say. */
	if (there == 0)
		return operator_call_fault(call, "file", "validation_not_found",
		    "Is not in the directory `imports` of the data directory.",
		    err);
	return add(call, &job, err);
}

/* --- what became of them ------------------------------------------------------ */

int
operator_jobs_show(struct operator_call *call, struct err *err)
{
	const struct call_env *env = &call->answer->env->call;
	struct job job;

	if (job_read(env->config, call->value[0].text, env->arena, &job, err) !=
	    0)
		return -1;
	job_put(&job, &call->answer->response->body);
	return 0;
}

int
operator_jobs_cancel(struct operator_call *call, struct err *err)
{
	const struct call_env *env = &call->answer->env->call;
	struct job job;

	if (job_cancel(env->config, call->value[0].text, env->arena, note, call,
		&job, err) != 0)
		return -1;
	job_put(&job, &call->answer->response->body);
	return 0;
}

static int
is_wanted(const struct operator_call *call, const struct job *job)
{
	const struct value *tenant = &call->value[0], *state = &call->value[1];

	return (tenant->kind != VALUE_TEXT ||
		   str_is(tenant->text, job->tenant) ||
		   str_is(tenant->text, job->to)) &&
	       (state->kind != VALUE_TEXT ||
		   job_state_of(state->text) == (int)job->state);
}

int
operator_jobs_list(struct operator_call *call, struct err *err)
{
	const struct config *config = call->answer->env->call.config;
	struct operator_page page =
	    operator_call_page(&call->value[2], &call->value[3]);
	int64_t from = (page.page - 1) * page.per_page, total = 0;
	struct buf *out = &call->answer->response->body;
	struct arena *list = arena_new(JOB_LIST_SIZE);
	struct arena *arena = arena_new(JOB_READ_SIZE);
	struct file_names names;
	size_t i = 0;
	int rc = job_list(config, list, &names, err);

	buf_puts(out, "{\"items\":[");
	for (i = rc == 0 ? names.n : 0; i-- > 0;) {
		struct err unread = ERR_INIT;
		struct job job;

		arena_reset(arena);
		/* It may have been forgotten just now. */
		if (job_read(config, str_of(names.name[i]), arena, &job,
			&unread) != 0 ||
		    !is_wanted(call, &job))
			continue;
		if (total >= from && total < from + page.per_page) {
			if (total > from)
				buf_putc(out, ',');
			job_put(&job, out);
		}
		total++;
	}
	arena_free(arena);
	arena_free(list);
	operator_call_put_page(out, page, total);
	return rc;
}
