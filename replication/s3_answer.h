#ifndef ROWHOUSE_S3_ANSWER_H
#define ROWHOUSE_S3_ANSWER_H

#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/* What S3 says in XML. */

/* <Error>; what is missing is "". */
struct s3_error {
	char code[64];
	char message[200];
	char region[64];
	char key[420];	/* of a DeleteResult's */
};

/* 1 it is one, 0 it is something else, or no XML at all. */
int s3_answer_error(struct str body, struct s3_error *out);

/* <ListBucketResult>: each in turn; key's is of a <Contents>. */
struct s3_listing {
	int (*key)(void *arg, struct str key, int64_t size, struct err *err);
	int (*prefix)(void *arg, struct str prefix, struct err *err);
	void *arg;
	int truncated;		/* out */
	char token[1024];	/* out: for the next, where truncated */
};

int s3_answer_list(struct str body, struct s3_listing *listing,
    struct err *err);

/* <DeleteResult>: each error in turn. */
int s3_answer_deleted(struct str body,
    int (*failed)(void *arg, const struct s3_error *error), void *arg,
    struct err *err);

/* <InitiateMultipartUploadResult> */
#define S3_UPLOAD 512
int s3_answer_upload(struct str body, char out[S3_UPLOAD], struct err *err);

/* <ListMultipartUploadsResult>: each in turn. */
int s3_answer_uploads(struct str body,
    int (*upload)(void *arg, struct str key, struct str id), void *arg,
    struct err *err);

/* <CompleteMultipartUploadResult>; "" where it names no ETag. */
int s3_answer_completed(struct str body, char *etag, size_t size,
    struct err *err);

#endif
