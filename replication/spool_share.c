#include "replication/spool_share.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/log.h"
#include "tenants/full.h"

#define LOOK_MS 1000

static void
unmark_all(const struct config *config)
{
	struct err err = ERR_INIT;

	if (full_unmark_all(config, &err))
		log_err("spool", STR("all tenants"), &err);
}

void
spool_share_begin(struct spool_share *share, const struct config *config)
{
	memset(share, 0, sizeof(*share));
	unmark_all(config);
}

void
spool_share_end(struct spool_share *share, const struct config *config)
{
	if (share->n > 0)
		unmark_all(config);
	free(share->full);
	memset(share, 0, sizeof(*share));
}

/* What may wait of each, or INT64_MAX while all together are in the bound. */
static int64_t
measure(struct spool_share *share, const struct streams *streams)
{
	const struct config *config = streams->env->config;
	int64_t bytes = 0, most = config->replica_spool_max, n = 0;
	int beyond;
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		const struct spool *spool = streams->active[i]->spool;

		if (spool != NULL && spool->bytes > 0) {
			bytes += spool->bytes;
			n++;
		}
	}
	beyond = bytes > (share->beyond ? most / 8 * 7 : most);
	if (beyond && !share->beyond)
		log_warn("spool",
		    "what waits for the store is more than replica.spool_max: %s",
		    config->replica_spool_refuse
			? "who has more than his share is refused"
			: "it goes on growing");
	share->beyond = beyond;
	return beyond && config->replica_spool_refuse ? most / n : INT64_MAX;
}

static int
is_over(const struct stream *stream, int64_t most)
{
	return stream != NULL && stream->spool != NULL &&
	       stream->spool->bytes > most &&
	       strcmp(stream->slug, SLUG_REGISTRY) != 0;
}

static void
let_again(struct spool_share *share, struct streams *streams, int64_t most)
{
	struct err err = ERR_INIT;
	size_t i, n = 0;

	for (i = 0; i < share->n; i++) {
		char *slug = share->full[i];
		struct stream *stream = streams_find(streams, slug);

		if (is_over(stream, most) ||
		    full_unmark(streams->env->config, slug, &err)) {
			/* A restore has put another in its place. */
			if (stream != NULL)
				stream->refused = 1;
			memmove(share->full[n++], slug, sizeof(*share->full));
			continue;
		}
		if (stream != NULL)
			stream->refused = 0;
		log_info("spool", "%s may be written to again", slug);
	}
	share->n = n;
}

static void
refuse(struct spool_share *share, struct stream *stream)
{
	struct err err = ERR_INIT;

	if (full_mark(stream->env->config, stream->slug, &err)) {
		log_err("spool", str_of(stream->slug), &err);
		return;
	}
	if (share->n == share->cap) {
		share->cap = share->cap ? 2 * share->cap : 16;
		share->full =
		    realloc(share->full, share->cap * sizeof(*share->full));
		if (share->full == NULL)
			err_die("out of memory");
	}
	memcpy(share->full[share->n++], stream->slug, sizeof(stream->slug));
	stream->refused = 1;
	log_warn("spool",
	    "%s is not written to: %lld bytes of it wait for the store",
	    stream->slug, (long long)stream->spool->bytes);
}

void
spool_share_tick(
    struct spool_share *share, struct streams *streams, int64_t mono_ms)
{
	int64_t most;
	size_t i;

	if (mono_ms < share->next_ms)
		return;
	share->next_ms = mono_ms + LOOK_MS;
	most = measure(share, streams);
	let_again(share, streams, most);
	for (i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];

		if (!stream->retired && !stream->refused &&
		    is_over(stream, most))
			refuse(share, stream);
	}
}
