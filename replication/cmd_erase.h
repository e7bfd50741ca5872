#ifndef ROWHOUSE_CMD_ERASE_H
#define ROWHOUSE_CMD_ERASE_H

/* rowhouse tenant erase SLUG …; argv as cmd_tenant's others get it. */
#define CMD_ERASE_USAGE "erase SLUG [--yes] [--json]"
int cmd_erase(int argc, char **argv);

#endif
