#!/bin/sh
# The replicator is told to stop as soon as it runs, when the bases of all its
# tenants are in the making: they are in the replica when it has ended.  Where they
# cannot get there it ends as well, and does not say that they are.
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

house_new 'replica.url = s3://bucket/house?endpoint=http://127.0.0.1:1'
export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret
rm -r "$DATA"
for slug in $slugs; do
	tenant_new "$slug"
done
rm replicator.log
background replicator.log "$ROWHOUSE" replicator
ok 'without its store it begins as well' wait_for 20 begun
stop "$pid"
like '  and says how much the replica lacks' "$(grep ' stop ' replicator.log)" \
	'[1-9] databases have what the replica does not have'
done_testing
