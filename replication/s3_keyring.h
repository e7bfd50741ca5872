#ifndef ROWHOUSE_S3_KEYRING_H
#define ROWHOUSE_S3_KEYRING_H

#include <stdint.h>

#include "replication/s3_credentials.h"
#include "tenants/base/err.h"

/*
 * The keys that are in use, and what becomes of them while we run: somebody takes them
 * back, and brings others.  What a store refuses for its keys has them read again, at
 * most once in ten seconds; a file that was changed is all that it takes.
 */
struct s3_keyring {
	struct s3_credentials keys;
	char profile[64];
	unsigned version;	/* goes up when they are others */
	int64_t read_ms;	/* mono: when they were read again last; 0 = never */
	int64_t refused_ms;	/* mono: since when the store refuses them; 0 = it does not */
	struct err unread;	/* why they could not be read again; ERR_NONE */
};

int s3_keyring_open(struct s3_keyring *ring, const char *profile,
    struct err *err);
void s3_keyring_wipe(struct s3_keyring *ring);

/*
 * Keys of that version were refused.  1 there are others now, 0 there are not.  Logs
 * what it finds, and no secret.
 */
int s3_keyring_again(struct s3_keyring *ring, unsigned version);

/* The store took them; it refuses a request for their sake. */
void s3_keyring_taken(struct s3_keyring *ring);
void s3_keyring_refused(struct s3_keyring *ring);

/* Where they come from and how others get there, as the hint. */
void s3_keyring_hint(const struct s3_keyring *ring, struct err *err);

#endif
