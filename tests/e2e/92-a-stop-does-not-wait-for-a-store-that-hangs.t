#!/bin/sh
# The replicator is told to stop while its store takes connections and never
# answers.  It ends before anybody would kill it, and whether what was on its way
# has arrived or not: the next one has all of it in the replica.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)"
tenant_new acme
begin() {
	background replicator.log "$ROWHOUSE" replicator
	REPLICATOR=$pid
}
write() {
	"$ROWHOUSE" tenant sql acme "UPDATE _users SET name = '$1'" --write >/dev/null
}
shipped() {
	"$ROWHOUSE" status --json 2>/dev/null | tr '{' '\n' | grep '"tenant"' >status.json
	[ "$(grep -c '"txid":\([1-9][0-9]*\),"replicated_txid":\1,' status.json)" -eq 2 ]
}
begin
ok 'all is shipped' wait_for 60 shipped
kill -s STOP "$S3_PID"
write 'Sent and Unanswered'
behind() { ! shipped; }
ok 'the store hangs: a write is on its way' wait_for 20 behind
begun=$(date +%s)
stop "$REPLICATOR"
ended=$?
took=$(($(date +%s) - begun))
diag "the stop took $took s"
ok 'a stop ends by itself' test $took -lt 29
is '  as it should' $ended 0
like '  and says what it left' "$(grep ' stop ' replicator.log)" \
	's3://test/house.* has not answered what is on its way'
write 'Written Without Anybody'
kill -s CONT "$S3_PID"
rm replicator.log
begin
ok 'the next one ships it' wait_for 60 shipped
unlike '  and is nobody else' "$(cat replicator.log)" ' conflict | begins: |was replaced'
ok '  and it is proven' "$ROWHOUSE" verify acme
stop "$REPLICATOR"
like '  which says goodbye' "$(tail -n 1 replicator.log)" 'everything is shipped'
"$ROWHOUSE" restore acme --to restored.sqlite >restore.log 2>&1
is 'the last write is in the replica' \
	"$(sqlite3 -readonly restored.sqlite 'SELECT DISTINCT name FROM _users')" \
	'Written Without Anybody'
done_testing
