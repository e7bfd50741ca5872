#!/bin/sh
# rowhouse check --config prints every key with its value, as a configuration
# that means the same; a mistake in one is named by file, line and key.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 3' 'worker.cache = 48 MiB' 'token.ttl = 48h' \
	'statement.read = 1500ms # as said'
first=$("$ROWHOUSE" check --config)
is 'it is printed' $? 0
like '  a number' "$first" '^workers = 3$'
like '  a size' "$first" '^worker\.cache = 48MiB$'
like '  a duration' "$first" '^token\.ttl = 2d$'
like '  a default' "$first" '^worker\.tenants = 64$'
like '  a path, whole' "$first" "^data = $SCRATCH/data\$"
keys=$(printf '%s\n' "$first" | grep -c '^[a-z_.]* =')
is '  every key' "$keys" "$(grep -cE '^	\{ "[a-z_.]+", CONFIG_[A-Z]+, AT' "$ROOT/tenants/base/config.c")"

mkdir elsewhere
printf '%s\n' "$first" >elsewhere/printed.conf
second=$("$ROWHOUSE" check --config -c elsewhere/printed.conf)
is 'it means the same from another place' \
	"$(printf '%s\n' "$second" | tail -n +2)" \
	"$(printf '%s\n' "$first" | tail -n +2)"

printf 'wrkers = 3\n' >>elsewhere/printed.conf
lines=$(wc -l <elsewhere/printed.conf)
said=$("$ROWHOUSE" check --config -c elsewhere/printed.conf 2>&1)
is 'a mistake is a problem' $? 1
like '  named by file, line and key' "$said" \
	"^$SCRATCH/elsewhere/printed\.conf:$lines: wrkers: there is no such key\$"
like '  with what there is' "$said" 'there is workers, worker\.requests'

"$ROWHOUSE" check --config >/dev/full 2>&1
is 'output that cannot be written is no success' $? 1

done_testing
