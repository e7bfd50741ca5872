#ifndef ROWHOUSE_STORE_DIR_PUT_H
#define ROWHOUSE_STORE_DIR_PUT_H

#include <stddef.h>

#include "replication/store.h"

/*
 * One object on its way into a directory, a chunk at a time; store_dir.c's
 * alone, whose essay says how.
 */
struct store_dir_put;

/* On the file beside the object while it is written. */
#define STORE_DIR_PUT_SUFFIX ".put"

/* op must outlive it.  NULL is an error. */
struct store_dir_put *store_dir_put_new(struct store_op *op, const char *path,
    struct err *err);
/* With n bytes of space at chunk: 1 it is put, 0 there is more to do, -1. */
int store_dir_put_step(struct store_dir_put *put, void *chunk, size_t n,
    struct err *err);
/* Of the object. */
int64_t store_dir_put_size(const struct store_dir_put *put);
/* What was not put leaves nothing behind.  Accepts NULL. */
void store_dir_put_free(struct store_dir_put *put);
/* Removes a file of that suffix if no one is writing it. */
void store_dir_put_sweep(const char *temp);

#endif
