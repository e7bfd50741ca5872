#ifndef ROWHOUSE_STORE_H
#define ROWHOUSE_STORE_H

#include <poll.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * Where replicas live.  Keys are relative to the replica's root:
 *
 *	<slug>/<epoch, 8 hex>/owner
 *	<slug>/<epoch, 8 hex>/<level>/<min, 16 hex>-<max, 16 hex>.ltx
 *	_machine		who owns all of it (R7a)
 *
 * and how epoch and level are spelled on the medium is the store's business
 * (a directory: `ltx/<level, decimal>/`, the layout of Litestream's file
 * replicas; S3: `<level, 4 hex>/`), so a key here is a struct, not a path.
 *
 * Operations are submitted and complete later, in store_poll, through a
 * callback: the replicator has many in flight and never blocks on one.  They
 * complete in any order.  store_now waits; it is for the command line.
 *
 * R7: an object never has two contents.  A put says "only if there is none";
 * where there is one with the same bytes it succeeds, with other bytes it
 * fails with ERR_CONFLICT: somebody else owns this epoch.
 */
struct store;

enum store_kind {
	STORE_LTX,
	STORE_OWNER,
	STORE_MACHINE	/* R7a; no slug, no epoch */
};

#define STORE_ERASE_MAX 1000

#define STORE_LEVEL_RAW 0
#define STORE_LEVEL_SNAPSHOT 9

/*
 * An LTX file of slug "" and epoch 0 is one of a replica that stands alone in
 * the root, without slug and epoch: Litestream's own.  It is only read.
 */
struct store_key {
	char slug[48];
	uint32_t epoch;
	enum store_kind kind;
	int level;
	uint64_t min_txid, max_txid;
};

/* For messages: "acme/00000001/0/…-….ltx", "acme/00000001/owner", "_machine". */
#define STORE_KEY_TEXT 128
void store_key_text(const struct store_key *key, char out[STORE_KEY_TEXT]);

enum store_verb {
	STORE_PUT,
	STORE_GET,
	STORE_LIST,	/* objects of one level of one epoch, in key order */
	STORE_EPOCHS,	/* of one slug, ascending */
	STORE_SLUGS,	/* in order */
	STORE_DELETE,	/* what is not there is deleted already */
	STORE_ERASE	/* of one slug: up to STORE_ERASE_MAX of all that there
			   is, whatever its name */
};

struct store_object {
	struct store_key key;
	int64_t size;	/* LIST: bytes */
};

/*
 * One operation.  The caller owns it and all it points to until done() is
 * called, which happens exactly once, from store_poll; from then on it may be
 * submitted again, in done() already.  data() and object() may fail, which
 * ends the operation with their error.  None of the three may call store_poll.
 */
#define STORE_VERSION 96
struct store_op {
	enum store_verb verb;
	struct store_key key;	/* LIST: slug, epoch, level; EPOCHS, ERASE:
				   slug */

	/*
	 * PUT: a file (path), or bytes where path is NULL; and its time, 0 for
	 * now.  When done() says so, the object is durable.
	 */
	const char *path;
	struct str bytes;
	int64_t time_ms;

	/*
	 * PUT of bytes, with swap: not "only if there is none", but only if
	 * what is there is still of this version, "" = nothing is there; else
	 * ERR_CONFLICT.  Afterwards it is the version of what was put.  A GET
	 * fills it, but for an LTX file, which has one.  An answer that was lost may turn into ERR_CONFLICT: read
	 * again and compare.
	 */
	int swap;
	char version[STORE_VERSION];

	/*
	 * GET: length bytes from offset on, 0 = to the end; arrives in pieces.
	 * Where the object ends earlier so does the answer; an offset past
	 * the end is ERR_CORRUPT, no object ERR_NOT_FOUND.
	 */
	int64_t offset, length;
	int (*data)(struct store_op *op, const void *p, size_t n,
	    struct err *err);

	/*
	 * LIST; EPOCHS: key.slug and .epoch of each; SLUGS: key.slug.  Where
	 * there is nothing yet the list is empty.
	 * ERASE: the size of each that was removed.  None, and no error, says
	 * that a list of all below the slug was empty: that nothing is left.
	 */
	int (*object)(struct store_op *op, const struct store_object *object,
	    struct err *err);

	void (*done)(struct store_op *op, const struct err *err); /* ERR_NONE */
	void *arg;
	unsigned requests;	/* out: sent for it, retries included */

	struct store_op *next;	/* the store's */
	struct err failure;	/* the store's */
};

/*
 * What went over the wire since the store was opened, in the classes that
 * are billed.  A directory counts its operations.
 */
struct store_stats {
	uint64_t puts;		/* PUT, POST and multipart's, but for DELETE */
	uint64_t gets;		/* GET and HEAD of objects */
	uint64_t lists;
	uint64_t deletes;	/* requests, a batch is one */
	uint64_t retries;	/* of all those, how many were repeated */
	uint64_t refused;	/* "slow down": 503, 429 */
	uint64_t failed;	/* operations that ended with an error, but for
				   ERR_NOT_FOUND and ERR_CONFLICT */
	uint64_t bytes_out, bytes_in;	/* of objects */
	int64_t down_ms;	/* mono: no answer but errors since; 0 = up */
	int64_t refused_ms;	/* mono: it refuses our keys since; 0 = it does not */
	int64_t date_ms;	/* its own clock, in its last answer; 0 = it has none */
	int64_t date_mono_ms;	/* mono: when that came */
};

/*
 * "file:///path" or a plain path; s3://bucket/prefix?endpoint=…&region=…
 * (s3_url.h).  A directory that is not there is made by the first put.
 */
struct store *store_open(const char *url, struct err *err);

/*
 * Accepts NULL.  Forgets what is not done, without calling done(): then the
 * operations are the caller's again, and a put may have happened or not.
 */
void store_close(struct store *store);
const char *store_url(const struct store *store);

/* The directory that a URL names; NULL for one that names a bucket. */
const char *store_directory(const char *url);

void store_submit(struct store *store, struct store_op *op);

/*
 * How many more operations would begin at once.  What is submitted beyond it
 * waits inside, first come first served, so who wants a fair order, or to let
 * something urgent pass, submits no more than this.
 */
size_t store_room(const struct store *store);

void store_stats(const struct store *store, struct store_stats *out);

/*
 * poll(2) for the caller's descriptors and the store's own at once; completes
 * what is complete.  Returns the number of the caller's that are ready, as
 * poll does; EINTR is 0.  While a store has work of its own to do it does a
 * little of it and returns, earlier than timeout_ms.
 */
int store_poll(struct store *store, struct pollfd *fds, nfds_t n,
    int timeout_ms);

/* Waits for one; 0 or -1 with its error.  op->done is not called. */
int store_now(struct store *store, struct store_op *op, struct err *err);

#endif
