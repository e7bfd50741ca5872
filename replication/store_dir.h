#ifndef ROWHOUSE_STORE_DIR_H
#define ROWHOUSE_STORE_DIR_H

#include "replication/store_driver.h"

/* The store in a directory. */
extern const struct store_driver store_dir;

#endif
