#include "tenants/registry_cache.h"

#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 4

struct entry {
	struct registry_tenant tenant;
	char name[];
};

struct registry_cache {
	uint64_t version;
	/* In each set the one asked for last comes first. */
	struct entry *entry[SETS][WAYS];
};

struct registry_cache *
registry_cache_new(void)
{
	struct registry_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		err_die("out of memory");
	return cache;
}

static void
forget(struct registry_cache *cache)
{
	int i, j;

	for (i = 0; i < SETS; i++)
		for (j = 0; j < WAYS; j++)
			free(cache->entry[i][j]);
	memset(cache->entry, 0, sizeof(cache->entry));
}

void
registry_cache_free(struct registry_cache *cache)
{
	if (cache == NULL)
		return;
	forget(cache);
	free(cache);
}

/* FNV-1a, 32 bits. */
static struct entry **
set_of(struct registry_cache *cache, const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return cache->entry[(h ^ h >> 16) % SETS];
}

static void
to_front(struct entry **set, int at)
{
	struct entry *entry = set[at];

	memmove(&set[1], &set[0], (size_t)at * sizeof(set[0]));
	set[0] = entry;
}

const struct registry_tenant *
registry_cache_get(
    struct registry_cache *cache, uint64_t version, const char *name)
{
	struct entry **set;
	int i;

	if (version == 0)
		return NULL;
	if (version != cache->version) {
		forget(cache);
		cache->version = version;
		return NULL;
	}
	set = set_of(cache, name);
	for (i = 0; i < WAYS && set[i] != NULL; i++) {
		if (strcmp(set[i]->name, name) != 0)
			continue;
		to_front(set, i);
		return &set[0]->tenant;
	}
	return NULL;
}

void
registry_cache_put(struct registry_cache *cache, uint64_t version,
    const char *name, const struct registry_tenant *tenant)
{
	struct entry **set = set_of(cache, name);
	size_t n = strlen(name) + 1;
	struct entry *entry;

	if (version == 0 || version != cache->version)
		return;
	entry = malloc(sizeof(*entry) + n);
	if (entry == NULL)
		err_die("out of memory");
	entry->tenant = *tenant;
	memcpy(entry->name, name, n);
	free(set[WAYS - 1]);
	set[WAYS - 1] = entry;
	to_front(set, WAYS - 1);
}
