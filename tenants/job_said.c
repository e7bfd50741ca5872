#include "tenants/job_said.h"

#include <unistd.h>

#include "tenants/base/json.h"

/* The first JOB_RESULT bytes of it. */
static struct str
said(int fd, struct arena *arena)
{
	char *text = arena_alloc(arena, JOB_RESULT);
	ssize_t n = pread(fd, text, JOB_RESULT, 0);

	return n > 0 ? str_trim(str_make(text, (size_t)n)) : STR_NONE;
}

void
job_said_result(const struct config *config, struct job *job, int fd,
    struct arena *arena)
{
	const struct json_limits limits = { 12, JOB_VALUES };
	struct str text = said(fd, arena);
	const struct json *root;
	struct err ignored = ERR_INIT;
	struct buf out;

	if (json_parse(text, limits, arena, &root, &ignored) == 0 &&
	    root->type == JSON_OBJECT) {
		job->result = text;
		return;
	}
	buf_init(&out, JOB_SIZE / 2);
	buf_puts(&out, "{\"text\":");
	json_put_string(&out, str_sub(text, 0, JOB_ERROR));
	if (job->kind == JOB_EXPORT) {
		buf_puts(&out, ",\"path\":");
		json_put_string(&out, str_of(job_export_path(config, job).p));
	}
	buf_putc(&out, '}');
	job->result = arena_str(arena, buf_view(&out));
	buf_free(&out);
}

/* What a command that says all in JSON says of why; STR_NONE. */
static struct str
said_in_json(int fd, struct arena *arena)
{
	const struct json_limits limits = { 12, JOB_VALUES };
	const struct json *root, *why = NULL;
	struct err ignored = ERR_INIT;

	if (json_parse(said(fd, arena), limits, arena, &root, &ignored) == 0 &&
	    root->type == JSON_OBJECT)
		why = json_get(root, "error");
	return why != NULL && why->type == JSON_STRING ? why->string : STR_NONE;
}

/* What is not UTF-8 goes out as JSON has it: job_put() sees to that. */
void
job_said_error(struct job *job, int err_fd, int out_fd, struct arena *arena,
    const char *otherwise)
{
	struct str text = said(err_fd, arena);

	if (text.n == 0)
		text = said_in_json(out_fd, arena);
	if (text.n == 0)
		text = str_of(otherwise);
	(void)str_copy(
	    str_sub(text, 0, JOB_ERROR), job->error, sizeof(job->error));
}
