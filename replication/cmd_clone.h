#ifndef ROWHOUSE_CMD_CLONE_H
#define ROWHOUSE_CMD_CLONE_H

/* rowhouse tenant clone SRC DST …; argv as cmd_tenant's others get it. */
#define CMD_CLONE_USAGE \
	"clone SRC DST [--at TIME | --txid N | --latest] [--from URL]"
int cmd_clone(int argc, char **argv);

#endif
