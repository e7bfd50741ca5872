#include "replication/store_dir_list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/ltx.h"
#include "replication/store_dir_put.h"
#include "tenants/slug.h"

#define ENTRIES 1000 /* in one step */

struct entry {
	uint64_t min_txid, max_txid;
	int64_t size;
};

struct store_dir_list {
	struct store_op *op;
	char *path;
	DIR *dir; /* NULL: read to its end */
	struct entry *entry;
	size_t n, max;
	size_t given;
};

static void
sweep(const struct store_dir_list *list, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", list->path, name);

	if (n > 0 && n < (int)sizeof path)
		store_dir_put_sweep(path);
}

static int
collect(struct store_dir_list *list, const char *name, struct err *err)
{
	struct entry entry;
	struct stat st;

	if (ltx_name_parse(str_of(name), &entry.min_txid, &entry.max_txid) !=
	    0) {
		if (str_ends(str_of(name), ".ltx" STORE_DIR_PUT_SUFFIX))
			sweep(list, name);
		return 0;
	}
	if (fstatat(dirfd(list->dir), name, &st, 0) != 0)
		return errno == ENOENT ? 0
				       : err_sys(err, "cannot look at %s/%s",
					     list->path, name);
	entry.size = st.st_size;
	if (list->n == list->max) {
		list->max = list->max * 2 + 64;
		list->entry =
		    realloc(list->entry, list->max * sizeof *list->entry);
		if (!list->entry)
			err_die("out of memory: list of %zu", list->max);
	}
	list->entry[list->n++] = entry;
	return 0;
}

static int
by_txid(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->min_txid != y->min_txid)
		return x->min_txid < y->min_txid ? -1 : 1;
	return x->max_txid < y->max_txid ? -1 : x->max_txid > y->max_txid;
}

static int
collect_some(struct store_dir_list *list, struct err *err)
{
	for (int i = 0; i < ENTRIES; i++) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(list->dir);
		if (!entry && errno)
			return err_sys(err, "cannot list %s", list->path);
		if (!entry) {
			(void)closedir(list->dir);
			list->dir = NULL;
			if (list->n > 0)
				qsort(list->entry, list->n, sizeof *list->entry,
				    by_txid);
			return 0;
		}
		if (collect(list, entry->d_name, err) != 0)
			return -1;
	}
	return 0;
}

static int
give_some(struct store_dir_list *list, struct err *err)
{
	for (int i = 0; i < ENTRIES && list->given < list->n; i++) {
		const struct entry *entry = &list->entry[list->given++];
		struct store_object object = { .key = list->op->key };

		object.key.kind = STORE_LTX;
		object.key.min_txid = entry->min_txid;
		object.key.max_txid = entry->max_txid;
		object.size = entry->size;
		if (list->op->object(list->op, &object, err) != 0)
			return -1;
	}
	return list->given == list->n;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Is it one of what the operation lists?  Completes the key. */
static int
names_key(const struct store_op *op, const char *name, struct store_key *key)
{
	struct err err = ERR_INIT;
	uint64_t epoch;

	*key = op->key;
	if (op->verb == STORE_EPOCHS) {
		if (strlen(name) != 8 || str_hex64(str_of(name), &epoch) != 0 ||
		    epoch == 0)
			return 0;
		key->epoch = (uint32_t)epoch;
		return 1;
	}
	if (strcmp(name, SLUG_REGISTRY) != 0 &&
	    slug_check(str_of(name), &err) != 0)
		return 0;
	return str_copy(str_of(name), key->slug, sizeof key->slug) == 0;
}

static int
list_names(struct store_dir_list *list, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(list->path, &names, NULL, by_name);
	int rc = 1;

	if (n < 0)
		return errno == ENOENT
			   ? 1
			   : err_sys(err, "cannot list %s", list->path);
	for (int i = 0; i < n; i++) {
		struct store_object object = { .size = 0 };

		if (rc == 1 &&
		    names_key(list->op, names[i]->d_name, &object.key) &&
		    list->op->object(list->op, &object, err) != 0)
			rc = -1;
		free(names[i]);
	}
	free(names);
	return rc;
}

struct store_dir_list *
store_dir_list_new(struct store_op *op, const char *path, struct err *err)
{
	struct store_dir_list *list = calloc(1, sizeof *list);

	if (!list)
		err_die("out of memory: list");
	list->op = op;
	list->path = strdup(path);
	if (!list->path)
		err_die("out of memory: list");
	if (op->verb != STORE_LIST)
		return list;
	list->dir = opendir(path);
	if (list->dir || errno == ENOENT)
		return list;
	err_sys(err, "cannot list %s", path);
	store_dir_list_free(list);
	return NULL;
}

int
store_dir_list_step(struct store_dir_list *list, struct err *err)
{
	if (list->op->verb != STORE_LIST)
		return list_names(list, err);
	return list->dir ? collect_some(list, err) : give_some(list, err);
}

void
store_dir_list_free(struct store_dir_list *list)
{
	if (!list)
		return;
	if (list->dir)
		(void)closedir(list->dir);
	free(list->entry);
	free(list->path);
	free(list);
}
