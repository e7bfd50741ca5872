#ifndef ROWHOUSE_STORE_DIR_LIST_H
#define ROWHOUSE_STORE_DIR_LIST_H

#include "replication/store.h"

/*
 * What a directory of a replica holds, some entries at a time; store_dir.c's
 * alone.  Names that are not ours are passed over; what killed puts left is
 * removed.
 */
struct store_dir_list;

/* op must outlive it.  No directory is an empty list; NULL is an error. */
struct store_dir_list *store_dir_list_new(struct store_op *op,
    const char *path, struct err *err);
/* 1 all was given to op->object, 0 there is more to do, -1. */
int store_dir_list_step(struct store_dir_list *list, struct err *err);
void store_dir_list_free(struct store_dir_list *list);	/* accepts NULL */

#endif
