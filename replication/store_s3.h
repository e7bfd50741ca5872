#ifndef ROWHOUSE_STORE_S3_H
#define ROWHOUSE_STORE_S3_H

#include "replication/store_driver.h"

/* The store in a bucket; s3_url.h has the URL, S3.md what stores lack. */
extern const struct store_driver store_s3;

#endif
