#!/bin/sh
# A machine is replaced while a merged object of its is on its way to S3.  That one
# may arrive; nothing follows it, the old machine stops at once when it is told to,
# and what is in the replica is whole for the new one.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start
house_new "replica.url = $(s3_url house "$PROXY")" 'replica.claim = 500ms' \
	'replica.interval = 100ms' 'replica.compact = 2s' 'replica.sweep = 1s'
tenant_new acme
background old.log "$ROWHOUSE" replicator
OLD=$pid
commits() { "$O/tools/commits" "$CONF" acme "$1" "$2" 50 >>commits.out 2>&1; }
ok 'there are commits' commits 1 5
wait_for 30 caught_up acme || bail 'they do not arrive'
faults 'reset-before verb=PUT key=/acme/00000001/0001/'
under_way() {
	commits "$n" 20
	n=$((n + 20))
	grep -q '^PUT - .*/acme/00000001/0001/' "$PROXY_LOG"
}
n=6
ok 'a merged object is on its way' wait_for 30 under_way
is '  and not there' "$(s3 list house/acme/00000001/0001/)" ''

sed "s|^data = .*|data = $SCRATCH/new|; s|^run = .*|run = $SCRATCH/newrun|;
	s|^replica.url = .*|replica.url = $(s3_url house | sed 's/&/\\&/g')|" "$CONF" >new.conf
wait_for 30 caught_up acme || bail 'the commits do not arrive'
ok 'a new machine comes back' "$ROWHOUSE" restore --all -c new.conf
background new.log "$ROWHOUSE" replicator -c "$SCRATCH/new.conf"
NEW=$pid
fenced() {
	commits "$n" 1
	n=$((n + 1))
	! "$ROWHOUSE" status >status.out 2>status.err &&
		grep -q 'this machine was replaced' status.err
}
ok 'the old one notices' wait_for 30 fenced
: >"$SCRATCH/seen"
cp "$PROXY_LOG" seen
faults
new_is_well() {
	"$ROWHOUSE" status -c new.conf
}
ok 'the new one owns it' wait_for 30 new_is_well
arrived() {
	[ -n "$(s3 list house/acme/00000001/0001/)" ]
}
# its next attempt, and no more
ok 'what was on its way arrives late' wait_for 30 arrived
changes() {	# by the old one, since it was fenced
	tail -n +$(($(wc -l <seen) + 1)) "$PROXY_LOG" | grep -E '^(PUT|DELETE|BATCH|START|COMPLETE) '
}
for _ in 1 2 3; do commits "$n" 20; n=$((n + 20)); done
diag "$(changes)"
is '  and nothing else' "$(changes | grep -vc '/acme/00000001/0001/')" 0
is '  not even a second merged one' "$(changes | grep -c '^PUT 200 ')" 1
begun=$(now_ms)
stop "$OLD"
is 'the old one stops when it is told to' "$(($(now_ms) - begun < 10000 * PATIENCE))" 1
like '  and has said why' "$(cat old.log)" 'this machine was replaced'

# whole, with the object that nobody waited for
rm -f late.sqlite
ok 'the old epoch is restored' "$ROWHOUSE" restore acme --epoch 1 --to late.sqlite -c new.conf
is '  and sound' "$(sqlite3 late.sqlite 'PRAGMA integrity_check')" ok
like '  through what came late' \
	"$("$ROWHOUSE" restore acme --epoch 1 --dry-run -c new.conf)" '^  level 1 '
ok 'the new one is proven' "$ROWHOUSE" verify --all -c new.conf
stop "$NEW"

done_testing
