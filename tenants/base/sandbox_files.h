#ifndef ROWHOUSE_BASE_SANDBOX_FILES_H
#define ROWHOUSE_BASE_SANDBOX_FILES_H

#include "tenants/base/sandbox.h"

/* The first that renames a file from one directory to another. */
#define SANDBOX_FILES_ABI 2

/* The ABI of this kernel's Landlock; 0 and errno where there is none. */
int sandbox_files_abi(void);

/* For the calling thread and what it begins; abi as above, or more. */
int sandbox_files_enter(const struct sandbox *sandbox, int abi,
    struct err *err);

#endif
