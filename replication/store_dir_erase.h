#ifndef ROWHOUSE_STORE_DIR_ERASE_H
#define ROWHOUSE_STORE_DIR_ERASE_H

#include "replication/store.h"

/*
 * Removes up to STORE_ERASE_MAX files below path, and directories that are
 * empty then, path too; store_dir.c's alone.  op->object hears of each file.
 */
int store_dir_erase(struct store_op *op, const char *path, struct err *err);

#endif
