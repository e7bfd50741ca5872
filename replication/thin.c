#include "replication/thin.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/file.h"
#include "tenants/base/log.h"

#define PAGES_PER_TICK 512
#define LOOK_MS        1000
#define RETRY_MS       60000
#define SAY_MS         600000 /* an outage is not said at each merge */

void
thin_stop(struct thin *thin)
{
	ltx_merge_free(thin->merge);
	thin->merge = NULL;
}

/* The largest spool that has something to be merged, if it is time for that. */
static struct stream *
choose(const struct streams *streams, struct spool_run *run)
{
	int64_t bytes = 0, most = streams->env->config->replica_spool_max / 2;
	struct stream *chosen = NULL;
	size_t files = 0, i;

	for (i = 0; i < streams->n_active; i++) {
		const struct spool *spool = streams->active[i]->spool;

		if (spool != NULL) {
			bytes += spool->bytes;
			files += spool->n;
		}
	}
	/* Nor more than half of what the disk would have without it. */
	if (streams->env->disk.size > 0 &&
	    (bytes + streams->env->disk.free) / 4 < most)
		most = (bytes + streams->env->disk.free) / 4;
	if (bytes <= most && files <= THIN_FILES)
		return NULL;
	for (i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];
		struct spool_run there;

		if (stream->spool == NULL || stream->retired ||
		    (chosen != NULL &&
			(bytes > most ? stream->spool->bytes <= chosen->spool->bytes
				      : stream->spool->n <= chosen->spool->n)))
			continue;
		there = spool_run(stream->spool);
		if (there.n > 0) {
			chosen = stream;
			*run = there;
		}
	}
	return chosen;
}

static void
begin(struct thin *thin, const struct stream *stream)
{
	size_t n = thin->run.n, i;
	char(*paths)[SPOOL_PATH] = calloc(n, SPOOL_PATH);
	const char **list = calloc(n, sizeof(*list));

	if (paths == NULL || list == NULL)
		err_die("out of memory");
	memcpy(thin->slug, stream->slug, sizeof(thin->slug));
	thin->incarnation = stream->incarnation;
	spool_path(stream->spool, &thin->run.key, thin->path);
	spool_run_paths(stream->spool, &thin->run, paths);
	for (i = 0; i < n; i++)
		list[i] = paths[i];
	thin->merge = ltx_merge_new(list, n, thin->path);
	free(list);
	free(paths);
}

/* The stream as it was when the merge began; NULL where it is another. */
static struct stream *
find(const struct thin *thin, struct streams *streams)
{
	struct stream *stream = streams_find(streams, thin->slug);

	return stream != NULL && stream->incarnation == thin->incarnation &&
		       stream->spool != NULL
		   ? stream
		   : NULL;
}

/* 1 where the spool has one file less, or more. */
static int
step(struct thin *thin, struct streams *streams, struct err *err)
{
	struct stream *stream = find(thin, streams);
	int done = ltx_merge_step(thin->merge, PAGES_PER_TICK, err);
	int taken = 0;

	if (done == 0)
		return 0;
	if (done > 0 && stream != NULL)
		taken = spool_replace_run(stream->spool, &thin->run,
			    ltx_merge_header(thin->merge)->time_ms,
			    ltx_merge_bytes(thin->merge)) == 0;
	if (taken)
		stream_count_thinned(stream, thin->run.n - 1);
	thin_stop(thin);
	/* The store answers again, or an epoch ended: the files stay as they are. */
	if (done > 0 && !taken)
		(void)file_remove(thin->path, err);
	return taken;
}

int
thin_tick(struct thin *thin, struct streams *streams, int64_t mono_ms,
    int *unsynced)
{
	struct stream *stream;
	struct err err = ERR_INIT;

	if (thin->merge != NULL) {
		*unsynced |= step(thin, streams, &err);
		/* Files that went to the store meanwhile are no mistake. */
		if (err.code != ERR_NONE && err.code != ERR_NOT_FOUND)
			log_err("spool", str_of(thin->slug), &err);
		if (err.code != ERR_NONE)
			thin->next_ms = mono_ms + RETRY_MS;
		return 1;
	}
	if (mono_ms < thin->next_ms)
		return 0;
	stream = choose(streams, &thin->run);
	if (stream == NULL) {
		thin->next_ms = mono_ms + LOOK_MS;
		return 0;
	}
	if (thin->said_ms == 0 || mono_ms - thin->said_ms >= SAY_MS) {
		thin->said_ms = mono_ms;
		log_warn("spool",
		    "what waits for the store has more than half of "
		    "replica.spool_max, or of what the disk has for it: it is "
		    "merged, and states between are given up");
	}
	begin(thin, stream);
	return 1;
}
