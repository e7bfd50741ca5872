#!/bin/sh
# A tenant's files are removed by hand, of one that is written to and of one that
# is idle: status says at once that it is missing, and what brings it back, and
# begins no history of nothing.  Once it is back there is one line of it, and no
# word of the incarnation that is gone.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.idle = 1s' 'replica.sweep = 1s'
slugs='busy idle other'
for slug in $slugs; do
	tenant_new "$slug"
done
house_start
sign_in busy
project_new busy WEB
for slug in $slugs; do
	wait_for 20 caught_up "$slug" || bail "$slug does not catch up"
done
state() {	# SLUG STATE
	"$ROWHOUSE" status "$1" | grep -qx "state        $2"
}
ok 'one is idle' wait_for 20 state idle idle
keep_busy() {
	api busy POST /api/projects/WEB/issues '{"title":"more"}'
	state busy active
}
ok '  and one is not' wait_for 20 keep_busy
txid=$("$ROWHOUSE" status idle --json | sed -n 's/.*"replicated_txid":\([0-9]*\).*/\1/p')
claims() {
	find "$REPLICA" -name owner | wc -l
}
before=$(claims)

rm -r "${DATA:?}/tenants/busy" "${DATA:?}/tenants/idle"
output=$("$ROWHOUSE" status busy)
is 'status fails' $? 1
like '  says at once that the busy one is missing' "$output" '^state +missing$'
like '  what is not there' "$output" "^error +$DATA/tenants/busy/00000001/db.sqlite is not there\$"
like '  and what brings it back' "$output" '^ +rowhouse restore busy --in-place$'
ok 'the idle one is missed by the next sweep' wait_for 20 state idle missing
output=$("$ROWHOUSE" status idle --json)
like '  with what the replica has of it' "$output" "\"replicated_txid\":$txid,"
like '  of which nothing is behind' "$output" '"lag_ms":0,"lag_bytes":0,'
ok '  nobody makes it a directory' test ! -e "$DATA/tenants/idle"
swept() {
	grep -qE '(warn.* database-gone|error="not found") text=.*/busy/' serve.log
}
ok 'so is the busy one' wait_for 20 swept
ok '  and stays so' wait_for 20 state busy missing

for slug in busy idle; do
	ok "$slug is restored" "$ROWHOUSE" restore "$slug" --in-place --yes
	ok '  and replicated' wait_for 20 caught_up "$slug"
	one_line() {
		rows=$("$ROWHOUSE" status --json | tr '{' '\n' |
			sed -n "s/.*\"tenant\":\"$slug\",\"state\":\"\([a-z]*\)\",\"epoch\":\([0-9]*\),.*/\1 \2/p")
		[ "$rows" = 'active 2' ] || [ "$rows" = 'idle 2' ]
	}
	ok '  of it status has one line' wait_for 2 one_line || diag "$rows"
done
"$ROWHOUSE" status >status.out 2>&1
is 'nothing is wrong any more' $? 0
like '  of anybody' "$(grep -cE '^(busy|idle|other) +(active|idle) ' status.out)" 3
is 'each restored one has claimed one epoch' "$(claims)" $((before + 2))
is '  and nobody else is blamed' "$(grep -E ' (conflict|cut) ' serve.log)" ''

done_testing
