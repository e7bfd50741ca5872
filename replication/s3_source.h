#ifndef ROWHOUSE_S3_SOURCE_H
#define ROWHOUSE_S3_SOURCE_H

#include "replication/s3_wire.h"
#include "replication/store.h"
#include "tenants/base/crypto.h"
#include "tenants/base/md5.h"

/* What a put sends: a file or bytes, hashed a step at a time. */
struct s3_source {
	const char *path;	/* NULL: bytes */
	struct str bytes;
	int fd;			/* -1 */
	int64_t size;

	/* of what was hashed last */
	char sha256[65];	/* hex */
	char md5[33];		/* hex, as an ETag has it */
	char md5_base64[25];	/* as Content-MD5 has it */

	int64_t at, end;	/* of what is hashed now */
	struct crypto_sha256 sha256_state;
	struct md5 md5_state;
};

int s3_source_open(struct s3_source *source, const struct store_op *op,
    struct err *err);
void s3_source_close(struct s3_source *source);	/* zeroes: nothing to do */

void s3_source_hash(struct s3_source *source, int64_t from, int64_t to);
/* 1 hashed, 0 there is more to do, -1. */
int s3_source_step(struct s3_source *source, struct err *err);

/* Is that what stands at `at`?  1, 0, -1. */
int s3_source_same(const struct s3_source *source, int64_t at, const void *p,
    size_t n, struct err *err);

/* Makes `length` bytes from offset on the call's body, as hashed last. */
void s3_source_send(const struct s3_source *source, int64_t offset,
    int64_t length, struct s3_call *call);

#endif
