#include "replication/s3_error.h"

#include <stdio.h>
#include <string.h>

enum s3_remedy
s3_error_remedy(int status, const char *code)
{
	static const struct {
		const char *code;
		enum s3_remedy remedy;
	} known[] = {
		{ "SlowDown", S3_SLOWER },
		{ "TooManyRequests", S3_SLOWER },
		{ "RequestTimeTooSkewed", S3_CLOCK },
		{ "ExpiredToken", S3_KEYS },
		{ "TokenRefreshRequired", S3_KEYS },
		{ "InvalidAccessKeyId", S3_KEYS },
		{ "InvalidToken", S3_KEYS },
		/* damaged, or cut short, on its way there */
		{ "RequestTimeout", S3_AGAIN },
		{ "IncompleteBody", S3_AGAIN },
		{ "BadDigest", S3_AGAIN },
		{ "XAmzContentSHA256Mismatch", S3_AGAIN },
		{ "XAmzContentChecksumMismatch", S3_AGAIN },
		{ "InternalError", S3_AGAIN },
		{ "ServiceUnavailable", S3_SLOWER },
		/* another request for the same object is under way */
		{ "ConditionalRequestConflict", S3_AGAIN },
		{ "OperationAborted", S3_AGAIN },
		{ "NotImplemented", S3_GIVE_UP },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(code, known[i].code) == 0)
			return known[i].remedy;
	if (status == 503 || status == 429)
		return S3_SLOWER;
	if (status == 501 || status == 505)
		return S3_GIVE_UP;
	return status >= 500 || status == 408 ? S3_AGAIN : S3_GIVE_UP;
}

int
s3_error_unknown_header(const struct s3_call *call)
{
	return (call->status == 501 || call->status == 400 ||
		   call->status == 405) &&
	       s3_error_remedy(call->status, call->error.code) == S3_GIVE_UP;
}

/* The permission that a call needs, as AWS and those who follow it name it. */
static const char *
permission(const struct s3_call *call)
{
	if (call->class == S3_LISTS)
		return strstr(call->query, "uploads=")
			   ? "s3:ListBucketMultipartUploads"
			   : "s3:ListBucket";
	if (call->class == S3_PUTS)
		return "s3:PutObject";
	if (call->class == S3_GETS)
		return "s3:GetObject";
	return strstr(call->query, "uploadId=") ? "s3:AbortMultipartUpload"
						: "s3:DeleteObject";
}

static int
says(const struct s3_call *call, const char *code)
{
	return strcmp(call->error.code, code) == 0;
}

static void
explain_region(const struct s3_call *call, struct err *err)
{
	const struct s3_place *place = &call->wire->place;
	struct str header = net_header(&call->net, "x-amz-bucket-region");
	struct str region = str_of(call->error.region);

	if (region.n == 0)
		region = header;
	if (region.n == 0) {
		err_set(err, ERR_INPUT,
		    "bucket %s is not in region %s, or not at %s",
		    place->bucket, place->region, place->host);
		err_hint(err, "say which: ?region=…, and endpoint=… where it "
			      "is not AWS");
		return;
	}
	err_set(err, ERR_INPUT, "bucket %s is in region %.*s, not in %s",
	    place->bucket, STR_FMT(str_sub(region, 0, 60)), place->region);
	err_hint(err, "region=%.*s", STR_FMT(str_sub(region, 0, 60)));
}

static int
explain_denied(const struct s3_call *call, struct err *err)
{
	const struct s3_keyring *ring = &call->wire->ring;
	const struct s3_place *place = &call->wire->place;

	if (says(call, "InvalidAccessKeyId")) {
		err_set(err, ERR_AUTH, "%s does not know the access key %s",
		    place->host, ring->keys.id);
	} else if (says(call, "SignatureDoesNotMatch")) {
		err_set(err, ERR_AUTH,
		    "%s refuses the signature: the secret access key of %s "
		    "is wrong",
		    place->host, ring->keys.id);
	} else if (says(call, "ExpiredToken") || says(call, "InvalidToken") ||
		   says(call, "TokenRefreshRequired")) {
		err_set(err, ERR_AUTH, "the session token of %s has expired",
		    ring->keys.id);
	} else if (says(call, "RequestTimeTooSkewed")) {
		err_set(err, ERR_SYSTEM, "the clock is too far from that of %s",
		    place->host);
		return 0;
	} else {
		err_set(err, ERR_DENIED, "not allowed to %s it at %s",
		    call->class == S3_LISTS     ? "list"
		    : call->class == S3_PUTS    ? "put"
		    : call->class == S3_DELETES ? "delete"
						: "get",
		    place->host);
		return err_hint(err, "the key needs %s on %s%s%s%s",
		    permission(call), place->bucket,
		    call->class == S3_LISTS ? ""
		    : place->prefix[0]      ? "/"
					    : "",
		    call->class == S3_LISTS ? "" : place->prefix,
		    call->class == S3_LISTS ? "" : "/*");
	}
	s3_keyring_hint(ring, err);
	return -1;
}

void
s3_error_explain(const struct s3_call *call, struct err *err)
{
	const struct s3_place *place = &call->wire->place;

	err_clear(err);
	if (says(call, "NoSuchBucket")) {
		err_set(err, ERR_INPUT, "there is no bucket %s at %s",
		    place->bucket, place->host);
		err_hint(err, "create it, or correct replica.url: "
			      "bucket, endpoint, region");
	} else if (says(call, "AuthorizationHeaderMalformed") ||
		   says(call, "PermanentRedirect") ||
		   says(call, "IllegalLocationConstraintException") ||
		   says(call, "AuthorizationQueryParametersError") ||
		   call->status / 100 == 3) {
		explain_region(call, err);
	} else if (call->status == 403 || call->status == 401 ||
		   s3_error_remedy(0, call->error.code) == S3_KEYS) {
		(void)explain_denied(call, err);
	} else if (call->status == 404) {
		err_set(err, ERR_NOT_FOUND, "there is none");
	} else if (s3_error_remedy(call->status, call->error.code) ==
		   S3_SLOWER) {
		err_set(err, ERR_BUSY, "%s is asked too much (%d %s)",
		    place->host, call->status, call->error.code);
	} else {
		err_set(err, ERR_SYSTEM, "%s says %d %s%s%s", place->host,
		    call->status, call->error.code,
		    call->error.message[0] ? ": " : "", call->error.message);
	}
	err_wrap(err, "s3://%s/%s", place->bucket,
	    call->name[0] ? call->name : place->prefix);
}
