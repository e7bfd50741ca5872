#!/bin/sh
# The store is gone for long, and a tenant goes on writing.  What waits is merged
# in place and stays in its bound; the replicator is killed meanwhile.  When the
# store is back everything arrives, and what can be restored of the outage are
# states that there were.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 100ms' \
	'replica.spool_max = 2MiB' 'replica.claim = 500ms'
tenant_new acme
background replicator.log "$ROWHOUSE" replicator
REPLICATOR=$pid
commits() {	# FIRST COUNT	answered ones, with their times, in commits.out
	"$O/tools/commits" "$CONF" acme "$1" "$2" 10 >>commits.out 2>>commits.err
}
of_acme() {	# NAME	from its status
	"$ROWHOUSE" status acme --json 2>/dev/null | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}
ok 'there are commits' commits 1 40
# nothing is on its way when the store dies: Swift would list half a PUT nowhere
ok '  and the store has them' wait_for 60 caught_up acme
before=$(of_acme replicated_txid)

s3_kill
ok 'the store is gone, and commits go on' commits 41 400
few() { [ "$(of_acme spool_files)" -le 4 ]; }
ok 'what waits becomes few files' wait_for 60 few
ok '  of which the operator is told' grep -q 'replica.spool_max.* it is merged' replicator.log
is '    once' "$(grep -c 'it is merged' replicator.log)" 1
stop "$REPLICATOR" KILL
background replicator.log "$ROWHOUSE" replicator
REPLICATOR=$pid
ok 'killed in the midst of it, it goes on' commits 441 300
ok '  merging' wait_for 60 few
bytes=$(of_acme spool_bytes)
diag "$(wc -l <commits.out) commits wait in $bytes bytes"
ok '  in its bound' test "$bytes" -le $((2 << 20))
ok '  of nothing that the store did not have' test "$(of_acme replicated_txid)" -ge "$before"
wal=$(stat -c %s "$(db_of acme)-wal")
ok '  and so is the WAL' test "$wal" -le $((16 << 20))

s3_again
ok 'the store is back and has all' wait_for 120 caught_up acme
is '  in the same epoch' "$(of_acme epoch)" 1
is '  with all that was answered' "$(sqlite3 caught-up.sqlite \
	'SELECT count(*), max(n) FROM ledger')" "$(wc -l <commits.out)|740"
wrong=
for at in 45 100 200 300 441 500 600 739; do
	ms=$(sed -n "${at}s/.* //p" commits.out)
	rm -f at.sqlite
	"$ROWHOUSE" restore acme --to at.sqlite \
		--at "$(date -u -d "@$((ms / 1000)).$(printf %03d $((ms % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ)" \
		>at.out 2>&1 || wrong="$wrong $at: $(cat at.out)"
	# a whole beginning, of commits that were answered by then
	got=$(sqlite3 at.sqlite 'SELECT count(*) = max(n), max(n) FROM ledger')
	last=${got#1|}
	[ "$got" != "$last" ] && [ "$last" -le "$((at + 1))" ] || wrong="$wrong $at: $got"
done
is 'each moment of the outage has a state that there was' "$wrong" ''
ok 'the replica is proven' "$ROWHOUSE" verify acme
if command -v litestream >/dev/null; then
	rm -f judged.sqlite
	unset AWS_CA_BUNDLE
	ok 'the stock tool restores the same' litestream restore -o judged.sqlite \
		"s3://$S3_BUCKET/house/acme/00000001?endpoint=$S3_ENDPOINT&region=$AWS_REGION&forcePathStyle=true"
	is '  row by row' "$(same_rows caught-up.sqlite judged.sqlite)" ''
else
	skip 'the stock tool restores the same' 'there is no litestream in PATH'
fi
stop "$REPLICATOR"
done_testing
