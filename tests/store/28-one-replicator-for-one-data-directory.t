#!/bin/sh
# A second replicator on one data directory is refused before it asks S3 for anything,
# and says why; the first goes on, and when it is gone, however that came, another one
# begins at once: nobody has to wait for a claim that is one's own.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 100ms' \
	'replica.claim = 10s'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
ok 'a tenant is replicated' wait_for 30 caught_up acme

sed "s|^replica.url = .*|replica.url = $(s3_url house "$PROXY" | sed 's/&/\\&/g')|" \
	"$CONF" >second.conf
for command in replicator serve; do
	output=$(timeout 20 "$ROWHOUSE" $command -c second.conf 2>&1)
	result=$?
	ok "a second $command is refused" test $result -ne 0 -a $result -ne 124
done
output=$(timeout 20 "$ROWHOUSE" replicator -c second.conf 2>&1)
like '  it says why, and what to do' "$output" \
	"another replicator works on $DATA\" hint=\"stop it first"
is '  it asked S3 for nothing' "$(cat "$PROXY_LOG")" ''
writer_start acme ACK a 30
wait_for 30 gone "$pid"
ok 'the first goes on' wait_for 30 caught_up acme

kill -s KILL "$(replicator)"
writer_start acme ACK b 30
wait_for 30 gone "$pid"
begun=$(now_ms)
ok 'killed, it is replaced' wait_for 30 caught_up acme
ok '  without waiting for its own claim' test $(($(now_ms) - begun)) -lt $((15000 * PATIENCE))
ledger_ok 'the replica' acme caught-up.sqlite
unlike '  in one epoch' "$(s3 list house/acme/)" 'house/acme/00000002/'

done_testing
