#include "tenants/tenant_statements.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/err.h"

#define BUCKETS 128
#define NONE    0xff

/* Places in the table are numbers of one byte; a list ends in NONE. */
struct statement {
	const void *key;
	size_t number;
	sqlite3_stmt *stmt; /* NULL = a free place, listed in free by chain */
	int bytes;
	unsigned char chain;
	unsigned char newer, older;
};

struct tenant_statements {
	size_t bytes;
	unsigned char newest, oldest, free;
	unsigned char bucket[BUCKETS];
	struct statement table[TENANT_STATEMENTS];
};

struct tenant_statements *
tenant_statements_new(void)
{
	struct tenant_statements *s = calloc(1, sizeof(*s));
	unsigned char i;

	if (s == NULL)
		err_die("out of memory");
	memset(s->bucket, NONE, sizeof(s->bucket));
	s->newest = s->oldest = NONE;
	for (i = 0; i < TENANT_STATEMENTS; i++)
		s->table[i].chain = i + 1 < TENANT_STATEMENTS ? i + 1 : NONE;
	return s;
}

void
tenant_statements_free(struct tenant_statements *s)
{
	if (s == NULL)
		return;
	while (tenant_statements_drop(s))
		;
	free(s);
}

static unsigned char *
bucket_of(struct tenant_statements *s, const void *key, size_t number)
{
	uint64_t h = (uint64_t)(uintptr_t)key ^ (uint64_t)number << 48;

	return &s->bucket[(h * 0x9e3779b97f4a7c15u) >> 57];
}

static void
unlist(struct tenant_statements *s, unsigned char at)
{
	const struct statement *it = &s->table[at];

	if (it->newer != NONE)
		s->table[it->newer].older = it->older;
	else
		s->newest = it->older;
	if (it->older != NONE)
		s->table[it->older].newer = it->newer;
	else
		s->oldest = it->newer;
}

static void
list_newest(struct tenant_statements *s, unsigned char at)
{
	s->table[at].newer = NONE;
	s->table[at].older = s->newest;
	if (s->newest != NONE)
		s->table[s->newest].newer = at;
	else
		s->oldest = at;
	s->newest = at;
}

sqlite3_stmt *
tenant_statements_get(
    struct tenant_statements *s, const void *key, size_t number)
{
	unsigned char at = *bucket_of(s, key, number);

	while (at != NONE &&
	       (s->table[at].key != key || s->table[at].number != number))
		at = s->table[at].chain;
	if (at == NONE)
		return NULL;
	if (s->newest != at) {
		unlist(s, at);
		list_newest(s, at);
	}
	return s->table[at].stmt;
}

int
tenant_statements_drop(struct tenant_statements *s)
{
	unsigned char at = s->oldest;
	struct statement *it = &s->table[at];
	unsigned char *link;

	if (at == NONE)
		return 0;
	/* One that is being stepped was given out and not given back. */
	if (sqlite3_stmt_busy(it->stmt))
		err_die("a statement in use would be dropped: %.200s",
		    sqlite3_sql(it->stmt));
	unlist(s, at);
	link = bucket_of(s, it->key, it->number);
	while (*link != at)
		link = &s->table[*link].chain;
	*link = it->chain;
	(void)sqlite3_finalize(it->stmt);
	s->bytes -= (size_t)it->bytes;
	it->stmt = NULL;
	it->chain = s->free;
	s->free = at;
	return 1;
}

void
tenant_statements_put(struct tenant_statements *s, const void *key,
    size_t number, sqlite3_stmt *stmt)
{
	unsigned char *head = bucket_of(s, key, number);
	struct statement *it;
	unsigned char at;

	if (s->free == NONE)
		(void)tenant_statements_drop(s);
	at = s->free;
	it = &s->table[at];
	s->free = it->chain;
	it->key = key;
	it->number = number;
	it->stmt = stmt;
	it->bytes = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_MEMUSED, 0);
	it->chain = *head;
	*head = at;
	list_newest(s, at);
	s->bytes += (size_t)it->bytes;
}

size_t
tenant_statements_bytes(const struct tenant_statements *s)
{
	return s->bytes;
}
