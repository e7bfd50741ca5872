#ifndef ROWHOUSE_S3_ERROR_H
#define ROWHOUSE_S3_ERROR_H

#include "replication/s3_wire.h"

/* What is to be done about an answer that is not the wanted one. */
enum s3_remedy {
	S3_GIVE_UP,
	S3_AGAIN,	/* later */
	S3_SLOWER,	/* later, and it is the store that is asked too much */
	S3_CLOCK,	/* with the right time */
	S3_KEYS		/* with other keys, if there are any */
};

enum s3_remedy s3_error_remedy(int status, const char *code);

/*
 * Does the store not know a header of it?  Stores say so as they like; what has
 * another remedy, such as keys that have expired (400), says nothing of that.
 */
int s3_error_unknown_header(const struct s3_call *call);

/* Says it to people: what was wanted, what the store said, what helps. */
void s3_error_explain(const struct s3_call *call, struct err *err);

#endif
