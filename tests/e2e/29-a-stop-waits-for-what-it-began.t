#!/bin/sh
# The replicator is told to stop as soon as it runs, when the bases of all its
# tenants are in the making: they are in the replica when it has ended.
. "$(dirname "$0")/../lib.sh"

house_new
slugs='t1 t2 t3 t4 t5 t6 t7 t8'
for slug in $slugs; do
	tenant_new "$slug"
done
background replicator.log "$ROWHOUSE" replicator
begun() { grep -q ' begins: created' replicator.log; }
ok 'it begins' wait_for 20 begun
stop "$pid"
like 'it says that nothing is left' "$(tail -n 1 replicator.log)" \
	'everything is shipped'
for slug in $slugs; do
	ok "$slug can be restored" "$ROWHOUSE" restore "$slug" --to "$slug.sqlite"
done

done_testing
