#ifndef ROWHOUSE_S3_CREDENTIALS_H
#define ROWHOUSE_S3_CREDENTIALS_H

#include "tenants/base/err.h"

/*
 * The keys to a store, from the first of these that has them:
 *
 *	1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *	2. $CREDENTIALS_DIRECTORY/aws (systemd's LoadCredential=aws:FILE)
 *	3. $AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/credentials
 *	4. S3_CREDENTIALS_STORE, where systemd has those of the units: for root,
 *	   who restores a tenant by hand
 *
 * The files are as AWS's own tools write them: [PROFILE], then
 * `aws_access_key_id = …`, `aws_secret_access_key = …` and, if there is one,
 * `aws_session_token = …`.  One that every user of the machine may read is
 * refused.  An instance's metadata service is not asked.
 *
 * Nothing prints a secret: no function here puts one into an error, and there
 * is none that formats this struct.
 */
#define S3_CREDENTIALS_STORE "/etc/credstore/rowhouse.aws"

struct s3_credentials {
	char id[144];
	char secret[256];
	char token[4096];	/* "" */
	char source[300];	/* "the environment" or the file's path */
};

/* profile: "" for $AWS_PROFILE or "default". */
int s3_credentials_load(const char *profile, struct s3_credentials *out,
    struct err *err);
void s3_credentials_wipe(struct s3_credentials *credentials);

#endif
