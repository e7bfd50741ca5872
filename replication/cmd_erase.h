#ifndef ROWHOUSE_CMD_ERASE_H
#define ROWHOUSE_CMD_ERASE_H

#include "tenants/cmd_tenant.h"

extern const struct cmd_tenant_verb cmd_erase;

#endif
