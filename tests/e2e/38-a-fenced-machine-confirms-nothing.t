#!/bin/sh
# The replica was taken over by another machine: the old one goes on serving, and
# no write that asks for durability=replicated is confirmed, or even made.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.claim = 500ms' 'replica.confirm = 3s'
tenant_new acme
house_start
sign_in acme
replicated acme POST /api/projects '{"key":"ACK","name":"ack"}'
is 'the old machine confirms' "$status" 201

sed "s|^data = .*|data = $SCRATCH/new|; s|^run = .*|run = $SCRATCH/newrun|" \
	"$CONF" >new.conf
mkdir "$SCRATCH/new"
ok 'a new machine is built' "$ROWHOUSE" restore --all -c new.conf
background new.log "$ROWHOUSE" replicator -c "$SCRATCH/new.conf"
holds() {
	"$ROWHOUSE" status --json -c "$SCRATCH/new.conf" | grep -q '"state":"held"'
}
ok 'and is the owner' wait_for 60 holds
n=0
confirmed=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	replicated acme POST /api/projects/ACK/issues "{\"title\":\"late-$n\"}"
	[ "$status" = 201 ] && confirmed=$((confirmed + 1))
	[ "$status" = 503 ] && grep -q 'belongs to another machine' serve.log &&
		break
done
is 'the old one confirms nothing more' $confirmed 0
is '  and refuses' "$status" 503
ok '  for this reason' grep -q 'belongs to another machine' serve.log
is '  before it is written' "$(sqlite3 -readonly "$(db_of acme)" \
	"SELECT count(*) FROM issues WHERE title = 'late-$n'")" 0
api acme POST /api/projects/ACK/issues '{"title":"local"}'
is 'who does not ask for it is served' "$status" 201

done_testing
