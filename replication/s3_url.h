#ifndef ROWHOUSE_S3_URL_H
#define ROWHOUSE_S3_URL_H

#include "replication/store.h"
#include "tenants/base/buf.h"

/*
 * Where a replica is, all of it in one URL:
 *
 *	s3://BUCKET[/PREFIX][?KEY=VALUE[&KEY=VALUE]…]
 *
 *	endpoint	http[s]://HOST[:PORT]; without it $AWS_ENDPOINT_URL_S3,
 *			$AWS_ENDPOINT_URL, or AWS's of the region
 *	region		without it $AWS_REGION, $AWS_DEFAULT_REGION, us-east-1
 *	style		path (the endpoint's default) or virtual (AWS's)
 *	connections	at once, 1 to 256; 32
 *	stall		seconds without progress until a request is given up
 *			and sent again, 1 to 600; 30
 *	ca		a file of certificates to trust instead of the system's;
 *			without it $AWS_CA_BUNDLE
 *	profile		of the credentials file; $AWS_PROFILE, "default"
 *
 * Values may be %-encoded.  Keys of objects are of [A-Za-z0-9._/-], which
 * every store takes and no signer spells in two ways, so a prefix is too.
 * There are no secrets in it (s3_credentials.h), and one that has any is
 * refused without being repeated.
 */
struct s3_place {
	char bucket[64];
	char prefix[256];	/* without slashes around it; "" */
	char region[64];
	char base[320];		/* "https://host:port", the bucket's */
	char host[300];		/* as the Host header has it */
	char root[72];		/* "" or "/bucket": what paths begin with */
	char ca[512];
	char profile[64];
	int connections;
	int64_t stall_ms;
};

/* rest is what follows "s3://". */
int s3_url_parse(const char *rest, struct s3_place *out, struct err *err);

/* The name of an object, or the prefix that a LIST verb asks for. */
#define S3_NAME 420
void s3_url_name(const struct s3_place *place, const struct store_key *key,
    char out[S3_NAME]);
void s3_url_prefix(const struct s3_place *place, const struct store_op *op,
    char out[S3_NAME]);

/* RFC 3986 with AWS's set: all but [A-Za-z0-9._~-] and, where kept, '/'. */
void s3_url_encode(struct buf *out, struct str text, int keep_slash);

#endif
