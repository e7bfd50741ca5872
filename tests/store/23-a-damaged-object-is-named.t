#!/bin/sh
# In the middle of a chain in S3 an object is missing, cut short, empty or has another
# byte: a restore that needs it names it and makes nothing, and names the nearest
# points before and after it, which can be restored; so can the newest state.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 100ms' \
	'replica.snapshot = 1s'
tenant_new acme
background replicator.log "$ROWHOUSE" replicator
REPLICATOR=$pid
"$O/tools/commits" "$CONF" acme 1 30 120 >commits.out 2>commits.err ||
	bail "no commits: $(cat commits.err)"
shipped() {
	"$ROWHOUSE" status acme --json 2>/dev/null |
		grep -q '"txid":\([1-9][0-9]*\),"replicated_txid":\1,'
}
ok 'a tenant is replicated' wait_for 20 shipped
stop "$REPLICATOR"

# The newest snapshot with two raw files before it that lead to nothing else.
e=house/acme/00000001
snapshots=$(s3 list $e/0009/ | sed 's/.*-//; s/\.ltx$//')
before=0 after=0
for hex in $snapshots; do
	txid=$((0x$hex))
	[ $((txid - ${last:-txid})) -ge 4 ] && before=$((txid - 3)) after=$txid
	last=$txid
done
ok '  with snapshots in between' test $after -gt 4
hex=$(printf '%016x' $((before + 1)))
name=0000/$hex-$hex.ltx
s3 get "$e/$name" >whole.ltx || bail "there is no $name"
for point in "--txid $before --to before.whole" "--txid $after --to after.whole" \
    '--to newest.whole'; do
	# words
	# shellcheck disable=SC2086
	"$ROWHOUSE" restore acme $point >/dev/null ||
		bail 'the whole replica cannot be restored'
done

# damaged HOW WHAT-IS-SAID
damaged() {
	for txid in $((before + 1)) $((before + 2)); do
		output=$("$ROWHOUSE" restore acme --txid $txid --to none 2>&1)
		is "$1: TXID $txid cannot be restored" $? 1
		like '  it says what of' "$(printf '%s' "$output" | head -n 1)" "$2"
		like '  and what can be' "$(printf '%s' "$output" | tail -n 1)" \
			"^  what can be restored is TXID $before of 20[^ ]*Z, and TXID $after of 20[^ ]*Z$"
		ok '  it made nothing' test ! -e none
	done
	for point in "--txid $before" "--txid $after" ''; do
		# words
		# shellcheck disable=SC2086
		output=$("$ROWHOUSE" restore acme $point --to again 2>&1)
		is "$1: ${point:-the newest state} can be" $? 0
		[ -e again ] || diag "$output"
		case $point in
		"--txid $before") same=before.whole ;;
		"--txid $after") same=after.whole ;;
		*) same=newest.whole ;;
		esac
		ok '  and is what it was' cmp again $same
		rm -f again
	done
}
text="^rowhouse restore: acme/00000001/0/$hex-$hex\\.ltx"
s3 delete "$e/$name"
n=$((before + 1))
damaged missing "^rowhouse restore: acme: epoch 00000001(: TXID $n is missing on the way to $((n + 1))| has no state of TXID $n: after $before comes $((n + 1)))$"
size=$(wc -c <whole.ltx)
head -c $((size / 2)) whole.ltx | s3 put "$e/$name"
damaged short "$text: ends after $((size / 2)) bytes"
s3 put "$e/$name" </dev/null
damaged empty "$text: ends after 0 bytes, in the header$"
{
	head -c $((size - 1)) whole.ltx
	tail -c 1 whole.ltx | tr '\000-\377' '\001-\377\000'
} | s3 put "$e/$name"
damaged wrong "$text: .*checksum"
s3 put "$e/$name" <whole.ltx
"$ROWHOUSE" restore acme --txid $((before + 1)) --to none >none.out 2>&1
is 'with the object in its place it can' $? 0

done_testing
