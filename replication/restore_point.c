#include "replication/restore.h"

#include "tenants/base/clock.h"

int
restore_opts_point(struct restore_opts *opts, const char *at, const char *txid,
    struct err *err)
{
	if (at) {
		opts->point = RESTORE_TIME;
		if (clock_parse(str_of(at), clock_wall_ms(), &opts->time_ms,
			err) != 0)
			return err_wrap(err, "--at");
	} else if (txid) {
		opts->point = RESTORE_TXID;
		if (str_u64(str_of(txid), &opts->txid) != 0 || opts->txid == 0)
			return err_set(err, ERR_INPUT,
			    "--txid %s: is not a number from 1 on", txid);
	}
	return 0;
}
