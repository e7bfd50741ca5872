#ifndef ROWHOUSE_S3_SIGN_H
#define ROWHOUSE_S3_SIGN_H

#include <stdint.h>

#include "replication/s3_credentials.h"
#include "tenants/base/buf.h"
#include "tenants/base/crypto.h"
#include "tenants/base/str.h"

/*
 * AWS Signature Version 4 ("Authenticating Requests: Using the Authorization
 * Header").  By hand and not with libcurl's signer: that one cannot be given
 * the time, so a wrong clock could not be corrected, and in 7.88 it signs some
 * paths and queries wrongly.
 */
struct s3_sign_header {
	const char *name;	/* lower case; in ascending order */
	const char *value;	/* trimmed */
};

struct s3_sign_input {
	const char *method;
	struct str path;	/* encoded, as it goes over the wire */
	struct str query;	/* encoded, sorted by name; "" */
	const struct s3_sign_header *header;	/* what is signed */
	size_t headers;
	const char *payload;	/* its SHA-256 in hex */
	const char *region, *service;
	int64_t time_ms;
};

#define S3_SIGN_DATE 17	/* "20130524T000000Z" */
void s3_sign_date(int64_t time_ms, char out[S3_SIGN_DATE]);

/*
 * A key serves a day and a region, so it is kept: zeroes at first.  Wiped by
 * who owns it.
 */
struct s3_sign_key {
	char day[9];
	unsigned char bytes[32];
};

/* Appends the value of the Authorization header. */
void s3_sign(const struct s3_sign_input *input,
    const struct s3_credentials *credentials, struct s3_sign_key *key,
    struct buf *out);

#endif
