#include "replication/descriptors.h"

#include <sys/resource.h>

#include "tenants/base/log.h"

/* Two connections with a WAL each, the shared memory, a file being made. */
#define EACH  7
#define OTHER 64
#define MOST  65536

int
descriptors_allow(size_t wanted, size_t *allowed, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_sys(err, "getrlimit");
	limit.rlim_cur = limit.rlim_max < MOST ? limit.rlim_max : MOST;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return err_sys(err, "setrlimit");
	*allowed = wanted;
	if (limit.rlim_cur >= OTHER + wanted * EACH)
		return 0;
	if (limit.rlim_cur < OTHER + EACH)
		return err_set(err, ERR_SYSTEM,
		    "%llu descriptors are too few (ulimit -n)",
		    (unsigned long long)limit.rlim_cur);
	*allowed = (limit.rlim_cur - OTHER) / EACH;
	log_warn("limits",
	    "%llu descriptors (ulimit -n) are enough for %zu open databases, "
	    "not %zu",
	    (unsigned long long)limit.rlim_cur, *allowed, wanted);
	return 0;
}
