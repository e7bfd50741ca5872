#include "tests/unit/replica.h"

/*
 * mkreplica URL SLUG EPOCH DATABASE PAGE_SIZE    a replica without a replicator
 *
 * Reads lines from stdin:
 *
 *	state MS SQL…		runs SQL; the file is the next state, of time MS
 *	put LEVEL MIN MAX	makes an object of what states MIN to MAX changed
 *	copy FILE		keeps the newest state, as it must come back
 */
int
main(int argc, char **argv)
{
	static struct replica r;
	static char line[1 << 16], path[4096];
	struct err err = ERR_INIT;
	long long ms, min, max;
	int level, at = 0;

	if (argc != 6) {
		fputs("usage: mkreplica URL SLUG EPOCH DATABASE PAGE_SIZE\n",
		    stderr);
		return 2;
	}
	r.store = store_open(argv[1], &err);
	if (!r.store)
		replica_die(argv[1], &err);
	r.slug = argv[2];
	r.epoch = (uint32_t)strtoul(argv[3], NULL, 10);
	snprintf(r.scratch, sizeof r.scratch, "%.400s.object", argv[4]);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "state %lld %n", &ms, &at) == 1) {
			replica_sql(
			    argv[4], (int)strtol(argv[5], NULL, 10), line + at);
			replica_take(&r, argv[4], ms);
		} else if (sscanf(line, "put %d %lld %lld", &level, &min,
			       &max) == 3) {
			replica_put(&r, level, (uint64_t)min, (uint64_t)max);
		} else if (sscanf(line, "copy %4095s", path) == 1) {
			const struct replica_state *state = &r.state[r.txid];
			struct str bytes = str_make((const char *)state->bytes,
			    (size_t)state->pages * r.page_size);

			if (file_replace(path, bytes, 0600, &err) != 0)
				replica_die(path, &err);
		} else {
			replica_die(line, NULL);
		}
	}
	replica_clear(&r);
	store_close(r.store);
	if (unlink(r.scratch) != 0)
		perror(r.scratch);
	return 0;
}
