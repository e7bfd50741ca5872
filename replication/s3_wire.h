#ifndef ROWHOUSE_S3_WIRE_H
#define ROWHOUSE_S3_WIRE_H

#include "replication/s3_answer.h"
#include "replication/s3_keyring.h"
#include "replication/s3_sign.h"
#include "replication/s3_url.h"
#include "replication/store.h"
#include "tenants/base/net.h"

/*
 * Calls to S3: signed, repeated where that can help, and answered once with
 * what S3 finally said.  store_s3*.c decide what to call, and what it means.
 *
 * Repeated, up to 8 times within a minute, with full jitter: no connection, an
 * answer that was lost or cut short, 5xx, 429, "slow down" (at least as late
 * as Retry-After has it), a request damaged on its way, a conflict with
 * another request under way.  So a call may be carried out more than once, and
 * `doubtful` says where one of them may have been before the last.
 *
 * Where the store says that the time is wrong a call is sent again with the
 * Date of that answer, a few times.  Others bear that time only when a request
 * with it was accepted: one answer may be wrong.  What is refused is sent again where
 * the keys are others by now (s3_keyring.h).
 */
struct s3_wire {
	struct s3_place place;
	struct s3_keyring ring;
	struct s3_sign_key sign_key;
	struct net *net;
	int64_t skew_ms;	/* the store's clock less ours */
	struct store_stats stats;
	struct s3_call *first, **last;	/* to be sent */
	struct s3_call *later;		/* to be sent again, at due_ms */
	size_t calls;			/* all that are not done */
};

enum s3_class { S3_PUTS, S3_GETS, S3_LISTS, S3_DELETES };

/* Lower case.  Those that begin with x-amz- are signed. */
struct s3_header {
	const char *name;
	char value[160];
};

#define S3_HEADERS 8
struct s3_call {
	const char *method;
	enum s3_class class;
	char name[S3_NAME];	/* of the object; "" = the bucket */
	char query[1600];	/* encoded, sorted; every name has its '=' */
	struct s3_header header[S3_HEADERS];
	size_t headers;

	struct str body;
	int fd;			/* -1: body */
	int64_t offset, length;
	const char *path;
	char payload[65];	/* the body's SHA-256; "" = there is none */

	int64_t stall_ms;	/* 0 = the place's */
	size_t reply_max;
	/* As net's; before each attempt, so that it may begin again. */
	int (*data)(struct s3_call *call, const void *p, size_t n,
	    struct err *err);
	void (*begin)(struct s3_call *call);
	/*
	 * Of an answer of 2xx: NULL, or what is wrong with it ("comes without
	 * its end").  Then it is repeated; the fourth time it is ERR_CORRUPT.
	 */
	const char *(*reject)(struct s3_call *call);

	/*
	 * An answer of 2xx that is no error in disguise is ERR_NONE.  Of the
	 * others status and error say what it was, 0 for no answer.
	 */
	void (*done)(struct s3_call *call, const struct err *err);
	void *arg;
	unsigned *requests;	/* counted up for each attempt */

	/* out */
	int status;
	struct s3_error error;
	int doubtful;

	/* the wire's */
	struct s3_wire *wire;	/* NULL: not under way */
	struct net_request net;
	unsigned attempts, rejected;
	int64_t begun_ms, due_ms;
	int clock_set;
	unsigned keys, keys_tried;	/* sent with; how often with others */
	int64_t skew_ms;	/* of its own, where clock_set */
	struct s3_call *next;
};

/* What a call was, for a struct on its way to be another. */
void s3_call_init(struct s3_call *call, const char *method,
    enum s3_class class, const char *name);
void s3_call_header(struct s3_call *call, const char *name,
    const char *value);
/* The value, without the quotes around it; "" where there is none. */
struct str s3_call_etag(const struct s3_call *call);

/* It has made progress: its patience begins anew. */
void s3_call_progress(struct s3_call *call);

int s3_wire_open(struct s3_wire *wire, const char *rest, struct err *err);
/* Forgets what is under way. */
void s3_wire_close(struct s3_wire *wire);
void s3_wire_submit(struct s3_wire *wire, struct s3_call *call);
/* Without done(). */
void s3_wire_cancel(struct s3_call *call);

/* As store_poll's; at most until the next call is due. */
int s3_wire_poll(struct s3_wire *wire, struct pollfd *fds, nfds_t n,
    int timeout_ms);

#endif
