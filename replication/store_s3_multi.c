#include "replication/store_s3_job.h"

#include <stdlib.h>

struct store_s3_multi {
	int unused;
};

void
store_s3_multi(struct store_s3_job *job)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_TOO_LARGE, "s3: an object of more than 64 MiB");
	store_s3_end(job, &err);
}

void
store_s3_multi_free(struct store_s3_multi *multi)
{
	free(multi);
}
