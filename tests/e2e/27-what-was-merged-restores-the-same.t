#!/bin/sh
# While a tenant is written, its raw files are merged into longer ones, and
# those that are old enough are deleted.  Every state that is still offered is
# byte for byte what the raw files alone gave, of which the test keeps copies.
# The replicator is killed on the way, more than once.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 100ms' 'replica.compact = 1s' \
	'replica.fine = 8s' 'replica.retain = 1h' 'replica.sweep = 1s' \
	'replica.snapshot = 30d'
tenant_new acme
house_start
sign_in acme
project_new acme ACK

# Hard links to all raw files there ever were, the base and the claim.
E=$REPLICA/acme/00000001
keep() {
	mkdir -p all/acme/00000001/ltx/0 all/acme/00000001/ltx/9
	ln "$E/owner" all/acme/00000001/ 2>/dev/null
	ln "$E"/ltx/9/*1-0000000000000001.ltx all/acme/00000001/ltx/9/ 2>/dev/null
	ln "$E"/ltx/0/*.ltx all/acme/00000001/ltx/0/ 2>/dev/null
	return 0
}
files() {	# LEVEL
	find "$E/ltx/$1" -name '*.ltx' 2>/dev/null | wc -l
}

writer_start acme ACK a
killed=0
victim=
begun=$(now_ms)
grown() {
	keep
	now=$(replicator)
	# three times, at moments that the load decides
	if [ $killed -lt 3 ] && [ -n "$now" ] && [ "$now" != "$victim" ] &&
	   [ "$(files 1)" -ge $((killed * 4 + 2)) ]; then
		killed=$((killed + 1))
		victim=$now
		kill -s KILL "$victim"
	fi
	[ "$(files 2)" -ge 1 ] && [ $killed -eq 3 ] && [ "$now" != "$victim" ] &&
	[ "$(now_ms)" -gt $((begun + 28000)) ]
}
ok 'files are merged, and merged again' wait_for 90 grown
writers_stop
ok 'the replica catches up' wait_for 20 caught_up acme
keep
diag "raw $(files 0) of $(find all -path '*/0/*.ltx' | wc -l), level 1 $(files 1), level 2 $(files 2)"

less() {
	[ "$(files 0)" -lt "$(($(find all -path '*/0/*.ltx' | wc -l) / 2))" ]
}
ok 'raw files that are old are deleted' wait_for 60 less

txids() {	# LEVEL
	find "$E/ltx/$1" -name '*.ltx' | sed 's/.*-\([0-9a-f]*\)\.ltx/\1/' | sort
}
differ=
tried=0
for hex in $(txids 2) $(txids 1) $(txids 0 | tail -n 8); do
	txid=$(printf '%d' "0x$hex")
	rm -f then.sqlite now.sqlite
	if ! "$ROWHOUSE" restore acme --from "$SCRATCH/all" --txid "$txid" --to then.sqlite >said 2>&1; then
		diag "the copies: $(cat said)"
		differ="$differ -$txid"
		continue
	fi
	# what retention deletes meanwhile is not offered any more
	if ! "$ROWHOUSE" restore acme --txid "$txid" --to now.sqlite >said 2>&1; then
		find "$E/ltx" -name "*-$hex.ltx" | grep -q . && {
			diag "$(cat said)"
			differ="$differ $txid"
		}
		continue
	fi
	tried=$((tried + 1))
	cmp -s then.sqlite now.sqlite || differ="$differ $txid"
done
is 'each state is what it was' "$differ" ''
ok '  and they were many' test "$tried" -ge 8

plan=$("$ROWHOUSE" restore acme --to plan.sqlite --dry-run 2>&1)
like 'a plan takes the longest steps' "$plan" 'level 2 .* objects'
ok '  and few of them' \
	test "$(printf '%s\n' "$plan" | sed -n 's/.*fetches *\([0-9]*\) .*/\1/p')" -le 40
ok 'the latest is sound' "$ROWHOUSE" restore acme --to latest.sqlite
is '  row by row' "$(same_rows live.sqlite latest.sqlite)" ''

# What the catalog says is what there is.
shelf=$DATA/tenants/acme/shelf
empty() {
	[ "$(find "$shelf" -name '*.ltx' | wc -l)" -le 1 ]
}
ok 'a quiet tenant leaves nothing on the shelf' wait_for 60 empty
diag "$(find "$shelf" -type f)"

done_testing
