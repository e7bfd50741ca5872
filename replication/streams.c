#include "replication/streams.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/compact.h"
#include "tenants/base/arena.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"

#define BUCKETS 16384
/* Names of the incarnations of one tenant. */
#define NAMES_ARENA (1 << 20)

static size_t
hash(const char *slug)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *slug != '\0'; slug++)
		h = (h ^ (unsigned char)*slug) * 16777619u;
	return h % BUCKETS;
}

struct streams *
streams_new(struct stream_env *env)
{
	struct streams *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		err_die("out of memory");
	streams->env = env;
	streams->n_buckets = BUCKETS;
	streams->bucket = calloc(BUCKETS, sizeof(*streams->bucket));
	if (streams->bucket == NULL)
		err_die("out of memory");
	return streams;
}

void
streams_free(struct streams *streams)
{
	size_t i;

	if (streams == NULL)
		return;
	for (i = 0; i < streams->n_active; i++) {
		if (streams->active[i]->retired)
			stream_free(streams->active[i]);
	}
	for (i = 0; i < streams->n_buckets; i++) {
		struct stream *stream;

		while ((stream = streams->bucket[i]) != NULL) {
			streams->bucket[i] = stream->next;
			stream_free(stream);
		}
	}
	free(streams->active);
	free(streams->bucket);
	free(streams);
}

struct stream *
streams_find(struct streams *streams, const char *slug)
{
	struct stream *stream = streams->bucket[hash(slug)];

	while (stream != NULL && strcmp(stream->slug, slug) != 0)
		stream = stream->next;
	return stream;
}

void
streams_activate(struct streams *streams, struct stream *stream)
{
	if (stream->active)
		return;
	if (streams->n_active == streams->cap_active) {
		streams->cap_active =
		    streams->cap_active == 0 ? 64 : 2 * streams->cap_active;
		streams->active = realloc(streams->active,
		    streams->cap_active * sizeof(*streams->active));
		if (streams->active == NULL)
			err_die("out of memory");
	}
	streams->active[streams->n_active++] = stream;
	stream->active = 1;
}

static void
add(struct streams *streams, struct stream *stream)
{
	size_t i = hash(stream->slug);

	stream->next = streams->bucket[i];
	streams->bucket[i] = stream;
	streams->n++;
	/* What was not sealed may have commits, or files to be shipped. */
	if (!stream->pos.sealed || stream->pos.epoch < stream->least_epoch ||
	    stream_note_replica(stream) || stream_changed(stream)) {
		stream_touch(stream);
		streams_activate(streams, stream);
	}
}

/* It is succeeded by an incarnation whose epochs begin there; 0: by none. */
static void
retire(struct streams *streams, struct stream *stream, uint32_t end_epoch)
{
	struct stream **link = &streams->bucket[hash(stream->slug)];

	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	streams->n--;
	stream->retired = 1;
	stream->end_epoch = end_epoch;
	/* What failed so far may be what it was replaced for. */
	stream->retry_ms = 0;
	/* That it left a WAL is no reason to look at it again. */
	stream->reclaim_ms = INT64_MAX;
	stream_touch(stream);
	streams_activate(streams, stream);
}

static void
set_shelf(struct stream *stream, const char *slug)
{
	if (stream->env->shelf_max == 0)
		return;
	stream->shelf = strdup(layout_shelf(stream->env->config, slug).p);
	if (stream->shelf == NULL)
		err_die("out of memory");
}

static struct stream *
make(struct streams *streams, const struct registry_tenant *row,
    uint32_t incarnation)
{
	const struct config *config = streams->env->config;
	struct stream *stream;

	stream = stream_new(streams->env, row->slug,
	    layout_db(config, row->slug, incarnation).p,
	    layout_spool(config, row->slug, incarnation).p);
	stream->incarnation = incarnation;
	set_shelf(stream, row->slug);
	snprintf(stream->uid, sizeof(stream->uid), "%s", row->uid);
	return stream;
}

/*
 * Incarnations that were replaced while no replicator ran, or shortly before it
 * ended: their last commits still belong to the history.  *newest becomes at least
 * the newest epoch of any.
 */
static void
adopt_others(struct streams *streams, const struct registry_tenant *row,
    uint32_t *newest)
{
	struct layout_path dir = layout_tenant(streams->env->config, row->slug);
	struct arena *arena = arena_new(NAMES_ARENA);
	struct err err = ERR_INIT;
	struct file_names names;
	struct stream *stream;
	uint64_t incarnation;
	size_t i;

	if (file_list(dir.p, arena, &names, &err)) {
		if (err.code != ERR_NOT_FOUND)
			log_err("stream", str_of(row->slug), &err);
		names.n = 0;
	}
	for (i = 0; i < names.n; i++) {
		if (strlen(names.name[i]) != 8 ||
		    str_hex64(str_of(names.name[i]), &incarnation) ||
		    (incarnation == row->epoch &&
			row->state != REGISTRY_DELETED))
			continue;
		stream = make(streams, row, (uint32_t)incarnation);
		if (stream->pos.epoch > *newest)
			*newest = stream->pos.epoch;
		/* One that left a WAL is no reason to look at it. */
		stream->reclaim_ms = INT64_MAX;
		if (stream->pos.epoch == 0 ||
		    (stream->pos.sealed && !stream_changed(stream))) {
			stream_free(stream);
			continue;
		}
		if (incarnation != row->epoch)
			stream->end_epoch = row->epoch;
		stream->retired = 1;
		stream_touch(stream);
		streams_activate(streams, stream);
	}
	arena_free(arena);
}

/*
 * Deleted and undeleted before it came to rest: it goes on.  A second stream
 * would write into the same spool.
 */
static int
revive(struct streams *streams, const struct registry_tenant *row)
{
	struct stream *stream;
	size_t i, at = hash(row->slug);

	for (i = 0; i < streams->n_active; i++) {
		stream = streams->active[i];
		if (!stream->retired || stream->end_epoch != 0 ||
		    stream->incarnation != row->epoch ||
		    strcmp(stream->slug, row->slug) != 0)
			continue;
		stream->retired = 0;
		stream->reclaim_ms = 0;
		stream->next = streams->bucket[at];
		streams->bucket[at] = stream;
		streams->n++;
		return 1;
	}
	return 0;
}

static int
reconcile_tenant(const struct registry_tenant *row, void *arg)
{
	struct streams *streams = arg;
	struct stream *stream = streams_find(streams, row->slug);
	int deleted = row->state == REGISTRY_DELETED;
	uint32_t newest = 0;

	if (row->erasing_ms != 0) {
		(void)streams_forget(streams, row->slug);
		return 0;
	}

	if (stream != NULL && !deleted && stream->incarnation == row->epoch)
		return 0;
	if (stream == NULL && !deleted && revive(streams, row))
		return 0;
	if (stream != NULL) {
		newest = stream->pos.epoch;
		retire(streams, stream, deleted ? 0 : row->epoch);
	} else if (!streams->reconciled) {
		adopt_others(streams, row, &newest);
	}
	if (deleted)
		return 0;
	stream = make(streams, row, row->epoch);
	stream->least_epoch = newest + 1;
	stream->parent_epoch = row->parent_epoch;
	stream->parent_txid = row->parent_txid;
	add(streams, stream);
	return 0;
}

int
streams_reconcile(
    struct streams *streams, struct registry *registry, struct err *err)
{
	const struct config *config = streams->env->config;
	struct stream *stream;

	if (streams_find(streams, SLUG_REGISTRY) == NULL) {
		stream = stream_new(streams->env, SLUG_REGISTRY,
		    layout_registry(config).p,
		    layout_spool(config, SLUG_REGISTRY, 0).p);
		set_shelf(stream, SLUG_REGISTRY);
		add(streams, stream);
	}
	if (registry_each(registry, reconcile_tenant, streams, err))
		return -1;
	streams->reconciled = 1;
	return 0;
}

int
streams_forget(struct streams *streams, const char *slug)
{
	struct stream *current = streams_find(streams, slug);
	size_t i, n = 0;
	int left = 0;

	if (current != NULL)
		retire(streams, current, 0);
	for (i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];

		if (!stream->retired || strcmp(stream->slug, slug) != 0) {
			streams->active[n++] = stream;
		} else if (stream->in_flight || stream->chore) {
			stream->retry_ms = stream->ship_retry_ms = INT64_MAX;
			stream->chores_ms = INT64_MAX;
			streams->active[n++] = stream;
			left = 1;
		} else {
			stream_free(stream);
		}
	}
	streams->n_active = n;
	return left;
}

/* Nothing open, nothing waiting, nothing on its way. */
static int
is_idle(const struct stream *stream, int64_t now_ms)
{
	return !stream_is_open(stream) && !stream->dirty &&
	       !stream->in_flight && !stream->chore &&
	       !compact_is_due(stream, now_ms) &&
	       (stream->spool == NULL || stream->spool->n == 0);
}

/* 0: there is more to do. */
static int
conclude(struct stream *stream)
{
	struct err err = ERR_INIT;
	int rc = stream_conclude(stream, &err);

	if (rc < 0)
		log_err("stream", str_of(stream->slug), &err);
	return rc;
}

void
streams_settle(struct streams *streams)
{
	int64_t now_ms = clock_wall_ms();
	size_t i, n = 0;

	for (i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];

		if (!is_idle(stream, now_ms) ||
		    (stream->retired && !conclude(stream))) {
			streams->active[n++] = stream;
			continue;
		}
		stream->active = 0;
		if (stream->retired)
			stream_free(stream);
	}
	streams->n_active = n;
}

int
streams_sweep(struct streams *streams, size_t n)
{
	int64_t now_ms = clock_wall_ms();
	struct stream *stream;

	while (n > 0 && streams->sweep_bucket < streams->n_buckets) {
		stream = streams->bucket[streams->sweep_bucket++];
		for (; stream != NULL; stream = stream->next) {
			if (n > 0)
				n--;
			/* Of an open one the index tells, at no cost. */
			if (stream_is_open(stream)) {
				stream_touch(stream);
			} else if (!stream->active &&
				   (stream_changed(stream) ||
				       stream_is_ahead(stream, now_ms))) {
				stream_touch(stream);
				streams_activate(streams, stream);
			} else if (compact_is_due(stream, now_ms)) {
				streams_activate(streams, stream);
			}
		}
	}
	if (streams->sweep_bucket < streams->n_buckets)
		return 0;
	streams->sweep_bucket = 0;
	return 1;
}

static int
note_replica(struct streams *streams, struct stream *stream)
{
	if (!stream_note_replica(stream))
		return 0;
	stream_touch(stream);
	streams_activate(streams, stream);
	return 1;
}

int
streams_note_replica(struct streams *streams, uint32_t replica)
{
	struct stream *stream;
	int elsewhere = 0;
	size_t i;

	streams->env->replica = replica;
	for (i = 0; i < streams->n_active; i++)
		elsewhere |= note_replica(streams, streams->active[i]);
	for (i = 0; i < streams->n_buckets; i++)
		for (stream = streams->bucket[i]; stream != NULL;
		     stream = stream->next)
			elsewhere |= note_replica(streams, stream);
	return elsewhere;
}

/* 1 it was news. */
static int
note_shipped(struct stream *stream)
{
	struct err err = ERR_INIT;

	if (stream->file == NULL || stream->pos.shipped == stream->acked)
		return 0;
	stream->pos.shipped = stream->acked;
	if (stream_save(stream, &err))
		log_err("stream", str_of(stream->slug), &err);
	return 1;
}

void
streams_note_shipped(struct streams *streams)
{
	for (size_t i = 0; i < streams->n_active; i++)
		(void)note_shipped(streams->active[i]);
}

int
streams_make_room(struct streams *streams, int64_t mono_ms)
{
	int noted = 0;

	for (size_t i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];

		if (stream->failure == NULL ||
		    stream->failure->code != ERR_FULL || !note_shipped(stream))
			continue;
		/* After this tick's sync. */
		stream->retry_ms = mono_ms + 1;
		noted = 1;
	}
	return noted;
}

void
streams_quarantine(struct streams *streams, const struct err *why)
{
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		struct stream *stream = streams->active[i];

		if (stream->spool == NULL)
			continue;
		if (spool_drop_unsynced(stream->spool, &err) ||
		    stream_break(stream, 0, why->msg, &err)) {
			stream_failed(stream, &err);
			continue;
		}
		stream_failed(stream, why);
	}
}
