#ifndef ROWHOUSE_CMD_CLONE_H
#define ROWHOUSE_CMD_CLONE_H

#include "tenants/cmd_tenant.h"

extern const struct cmd_tenant_verb cmd_clone;

#endif
