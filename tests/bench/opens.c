/*
 * opens CONF SOCKET PREFIX COUNT URI SQL
 *
 * What the first request costs that a worker gets of a tenant, beside what bare
 * SQLite takes to open the same file and read the same.  COUNT tenants are each
 * asked once through the pool's socket and once opened here, in turn, half of
 * them apart, so that each meets files that nobody had open.  Twice: as it is,
 * and with the database's pages dropped from the page cache before.  Two lines:
 *
 *	cached POOL-P50-MS POOL-P99-MS BARE-P50-MS BARE-P99-MS
 *	read POOL-P50-MS POOL-P99-MS BARE-P50-MS BARE-P99-MS
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tests/tools/support/wire.h"

struct opens {
	struct config config;
	const char *socket, *prefix, *uri, *sql;
	long count;
	int64_t *pool_us, *bare_us;
};

_Noreturn static void
die(const char *what, const char *why)
{
	fprintf(stderr, "opens: %s: %s\n", what, why);
	exit(1);
}

static struct layout_path
path_of(const struct opens *o, long n)
{
	char slug[64];

	snprintf(slug, sizeof slug, "%s%ld", o->prefix, n);
	return layout_db(&o->config, slug, 1);
}

/* Unwritten pages cannot be dropped. */
static void
drop_pages(const struct opens *o, long n)
{
	struct layout_path path = path_of(o, n);
	int fd = open(path.p, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path.p, "open");
	if (fdatasync(fd) != 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		die(path.p, "fadvise");
	close(fd);
}

static int64_t
ask_pool(const struct opens *o, long n)
{
	struct wire_bytes in = { NULL, 0, 0 }, answer = { NULL, 0, 0 };
	struct wire_options request;
	struct wire_bytes out = { NULL, 0, 0 };
	char slug[64], host[80], piece[65536];
	const char *argv[] = { "fcgi", "-t", slug, "-H", host, o->socket, "GET",
		o->uri, NULL };
	int64_t begun_us;
	ssize_t got;
	int fd;

	snprintf(slug, sizeof slug, "%s%ld", o->prefix, n);
	snprintf(host, sizeof host, "%s.localhost", slug);
	optind = 1;
	wire_parse_options(8, (char **)argv, &request);
	wire_add_head(&out, &request);
	wire_add_record(&out, WIRE_STDIN, NULL, 0);
	begun_us = clock_mono_us();
	fd = wire_dial(&request, 0);
	if (fd < 0 || write(fd, out.p, out.n) != (ssize_t)out.n)
		die(slug, "cannot be asked");
	while ((got = read(fd, piece, sizeof piece)) > 0)
		wire_add(&in, piece, (size_t)got);
	begun_us = clock_mono_us() - begun_us;
	close(fd);
	if (!wire_unpack(&in, &answer) ||
	    strncmp(answer.p, "Status: 200", 11) != 0)
		die(slug, "is not answered");
	free(out.p);
	free(in.p);
	free(answer.p);
	wire_free_options(&request);
	return begun_us;
}

static int64_t
open_bare(const struct opens *o, long n)
{
	struct layout_path path = path_of(o, n);
	int64_t begun_us = clock_mono_us();
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int rc;

	if (sqlite3_open_v2(path.p, &db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(db, o->sql, -1, &stmt, NULL) != SQLITE_OK)
		die(path.p, sqlite3_errmsg(db));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		(void)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_DONE)
		die(path.p, sqlite3_errmsg(db));
	begun_us = clock_mono_us() - begun_us;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return begun_us;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
put_percentiles(int64_t *us, long n)
{
	qsort(us, (size_t)n, sizeof *us, compare);
	printf(" %.3f %.3f", (double)us[n / 2] / 1e3,
	    (double)us[n * 99 / 100] / 1e3);
}

static void
measure(struct opens *o, const char *name, int drops)
{
	for (long i = 0; i < o->count; i++) {
		long here = i + 1, there = (i + o->count / 2) % o->count + 1;

		if (drops) {
			drop_pages(o, here);
			drop_pages(o, there);
		}
		o->pool_us[i] = ask_pool(o, here);
		o->bare_us[i] = open_bare(o, there);
	}
	printf("%s", name);
	put_percentiles(o->pool_us, o->count);
	put_percentiles(o->bare_us, o->count);
	printf("\n");
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct opens o;

	if (argc != 7) {
		fputs(
		    "usage: opens CONF SOCKET PREFIX COUNT URI SQL\n", stderr);
		return 2;
	}
	if (config_load(&o.config, argv[1], &err) != 0)
		die(argv[1], err.msg);
	o.socket = argv[2];
	o.prefix = argv[3];
	o.count = strtol(argv[4], NULL, 10);
	o.uri = argv[5];
	o.sql = argv[6];
	o.pool_us = calloc((size_t)o.count, sizeof *o.pool_us);
	o.bare_us = calloc((size_t)o.count, sizeof *o.bare_us);
	if (o.count < 100 || !o.pool_us || !o.bare_us)
		die(argv[4], "tenants are too few");
	measure(&o, "cached", 0);
	measure(&o, "read", 1);
	free(o.pool_us);
	free(o.bare_us);
	return 0;
}
