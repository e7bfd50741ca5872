#ifndef ROWHOUSE_STORE_DIR_H
#define ROWHOUSE_STORE_DIR_H

#include "replication/store.h"

/* The store in a directory; store.c's alone.  store.h has the contract. */
struct store_dir;

struct store_dir *store_dir_open(const char *path, struct err *err);
void store_dir_close(struct store_dir *dir);	/* accepts NULL */
void store_dir_submit(struct store_dir *dir, struct store_op *op);
int store_dir_poll(struct store_dir *dir, struct pollfd *fds, nfds_t n,
    int timeout_ms);

#endif
