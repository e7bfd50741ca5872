#!/bin/sh
# rowhouse verify says whether the replica is what the database is: while the
# tenant is written, when it is sealed, and when no replicator runs.  A page
# that is wrong, with every checksum right, does not pass; the status says so
# loudly until a new epoch makes it good.  The replicator proves by itself.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 200ms' 'replica.sweep = 1s'
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme DEV

writer_start acme DEV a
ok 'a tenant is written' wait_for 20 acked_at_least acme 20
for n in 1 2 3; do
	said=$("$ROWHOUSE" verify acme 2>&1)
	is "while it is written it is proven ($n)" $? 0
	like '  and says at which TXID' "$said" \
		'^acme: proven at TXID [0-9]+ of epoch 00000001 \([0-9]+ pages, '
done
writers_stop
said=$("$ROWHOUSE" verify --all 2>&1)
is 'all are proven' $? 0
like '  and the registry with them' "$said" '^_registry: proven'
like '  which is counted' "$said" '^3 proven, 0 failed, 0 not proven$'
is 'nothing is left behind' "$(find "$DATA"/verify.* -type f ! -name lock)" ''

like 'a tenant that is not there has no proof' \
	"$("$ROWHOUSE" verify nobody 2>&1)" '^nobody: not proven: .*nobody'
"$ROWHOUSE" verify 2>/dev/null
is 'it wants to know whom' $? 2

base=$REPLICA/globex/00000001/ltx/9/0000000000000001-0000000000000001.ltx
"$O/tools/spoil" "$base" 2 || bail 'cannot spoil the base'
said=$("$ROWHOUSE" verify globex acme 2>&1)
is 'a wrong page does not pass' $? 1
like '  it is named' "$said" \
	'^globex: FAILED PROOF: TXID 1 of epoch 00000001: page 2 differs$'
like '  and what to do' "$said" 'rowhouse verify globex --new-epoch'
like '  others are proven all the same' "$said" '^acme: proven'
is 'JSON says the same' "$(sqlite3 :memory: "SELECT '$("$ROWHOUSE" verify \
	globex --json)' ->> '\$.result'")" failed
said=$("$ROWHOUSE" status)
is 'status ends with 1' $? 1
like '  and says why' "$said" 'failed proof: TXID 1: page 2 differs'

stop "$CADDY_PID"
serve_stop
said=$("$ROWHOUSE" status 2>/dev/null)
like 'it is remembered when all is down' "$said" \
	'failed proof: TXID 1: page 2 differs'
said=$("$ROWHOUSE" verify acme 2>&1)
is 'without a replicator it is proven from the position' $? 0

config_write 'replica.interval = 200ms' 'replica.sweep = 1s' \
	'replica.verify_every = 2s'
house_start
said=$("$ROWHOUSE" verify globex --new-epoch 2>&1)
like 'a new epoch is begun on demand' "$said" 'a new epoch begins'
healed() {
	"$ROWHOUSE" verify globex | grep -q 'proven at TXID .* of epoch 00000002'
}
ok '  and makes it good' wait_for 20 healed
ok '  as status says' wait_for 20 "$ROWHOUSE" status

proven_at() {	# SLUG
	sed 's/.*"time_ms":\([0-9]*\).*/\1/' "$DATA/tenants/$1/00000001/spool/proven"
}
before=$(proven_at acme)
later() {
	[ "$(proven_at acme)" -gt "$before" ]
}
ok 'the replicator proves by itself' wait_for 20 later
before=$(proven_at acme)
ok '  again and again' wait_for 20 later

serve_stop
is 'no process of it is left' \
	"$(pgrep -f "^rowhouse verify --worker -c $CONF" || true)" ''

done_testing
