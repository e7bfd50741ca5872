#!/bin/sh
# rowhouse restore --points says which moments of a tenant's history can be restored, and a job of the
# operator's API says the same. It does not lie: each moment that it offers is one that a
# restore finds, through merging, retention, new epochs and what is lost in the store.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.free.rate = 1000/s' 'replica.interval = 100ms' 'replica.compact = 1s' \
    'replica.fine = 6s' 'replica.retain = 1h' 'replica.sweep = 1s' 'replica.claim = 1s'
tenant_new acme
tenant_new other
house_start
KEY=$(cat "$DATA/operator.token")
sign_in acme
project_new acme WEB

points() {	# ARGUMENT…	in `points`
	"$ROWHOUSE" restore acme --points --json "$@" >points 2>said || bail "no points: $(cat said)"
}
asked() {	# SQL	of `points`
	sqlite3 -separator ' ' :memory: "WITH p (x) AS (SELECT readfile('points')) $1"
}
ranges() {
	asked "SELECT value ->> 'epoch', value ->> 'from_txid', value ->> 'to_txid', value ->> 'from', value ->> 'to',
	    value ->> 'states' FROM p, json_each(x, '\$.ranges')"
}
# A moment between two others of one range.
between() {
	asked "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', (julianday(value ->> 'from') + julianday(value ->> 'to')) / 2)
	    FROM p, json_each(x, '\$.ranges') WHERE value ->> 'from' < value ->> 'to'"
}

# What is offered is there: by time, by TXID; the ends of ranges are the states that they say.
wrong=
tried=0
try() {	# WHAT TXID-OR-EMPTY ARGUMENT…
	tried=$((tried + 1))
	what=$1 want=$2
	shift 2
	rm -f tried.sqlite*
	"$ROWHOUSE" restore acme "$@" --to tried.sqlite --json >plan 2>said ||
		wrong="$wrong [$what: $(head -n 1 said)]"
	got=$(sqlite3 :memory: "SELECT json_extract(readfile('plan'), '\$.txid')")
	[ -z "$want" ] || [ "$got" = "$want" ] || wrong="$wrong [$what: TXID $got, not $want]"
}
honest() {	# NAME FROM…
	name=$1
	shift
	wrong=
	tried=0
	ranges >listed
	while read -r epoch from_txid to_txid from to states; do
		try "from $from" '' --at "$from" "$@"
		try "to $to" "$to_txid" --at "$to" "$@"
		try "TXID $from_txid" "$from_txid" --epoch "$(printf %08x "$epoch")" --txid "$from_txid" "$@"
		try "TXID $to_txid" "$to_txid" --epoch "$(printf %08x "$epoch")" --txid "$to_txid" "$@"
	done <listed
	between >listed
	while read -r at; do
		try "at $at" '' --at "$at" "$@"
	done <listed
	asked "SELECT value ->> 'epoch', value ->> 'txid', value ->> 'time' FROM p, json_each(x, '\$.snapshots')" >listed
	while read -r epoch txid time; do
		try "snapshot $txid" "$txid" --epoch "$(printf %08x "$epoch")" --txid "$txid" "$@"
	done <listed
	asked "SELECT value ->> 'epoch', value ->> 'txid' FROM p, json_each(x, '\$.migrations')
	    WHERE value ->> 'restorable'" >listed
	while read -r epoch txid; do
		try "migration $txid" "$txid" --epoch "$(printf %08x "$epoch")" --txid "$txid" "$@"
	done <listed
	is "$name: all that is offered is there ($tried)" "$wrong" ''
	ok '  and it is something' test "$tried" -ge 4
}

# --- while it is written ---------------------------------------------------------------
background writer.log "$ROOT/tests/writer" "$PORT" acme.localhost "$TOKEN" WEB a ledger.acme.a
writer=$pid
merged() {
	points
	[ "$(asked "SELECT count(*) FROM p, json_each(x, '\$.ranges') WHERE value ->> 'level' > 0")" -ge 1 ]
}
ok 'a part of it is merged' wait_for 60 merged
stop "$writer"
quiet() {
	caught_up acme
}
ok 'it is replicated' wait_for 30 quiet
rm -rf still
cp -r "$REPLICA" still
points --from "$SCRATCH/still"
honest 'a history with merged parts' --from "$SCRATCH/still"
is '  the newest is the newest' "$(ranges | sed -n 1p | cut -d' ' -f3)" \
    "$("$ROWHOUSE" restore acme --latest --from "$SCRATCH/still" --dry-run --json | sed 's/.*"txid":\([0-9]*\),.*/\1/')"
like '  the fine part first' "$(asked "SELECT json_group_array(value ->> 'level') FROM p, json_each(x, '\$.ranges')")" '^\[0,'

# --- what is lost in the store is not offered ---------------------------------------------
E=still/acme/00000001/ltx
lost=$(find "$E/0" -name '*.ltx' | sort | tail -n 8 | head -n 1)
txid=$((0x$(basename "$lost" .ltx | cut -d- -f2)))
# with whatever else leads over it
find "$E" -name '*.ltx' ! -path '*/9/*' >files
while read -r file; do
	name=$(basename "$file" .ltx)
	[ $((0x${name%-*})) -gt "$txid" ] || [ $((0x${name#*-})) -lt "$txid" ] || rm "$file"
done <files
points --from "$SCRATCH/still"
is 'a lost object is not passed over' "$(asked "SELECT count(*) FROM p, json_each(x, '\$.ranges')
    WHERE value ->> 'from_txid' <= $txid AND value ->> 'to_txid' >= $txid")" 0
honest 'a history with a gap' --from "$SCRATCH/still"
spoilt=$(find "$E/0" -name '*.ltx' | sort | sed -n 1p)
{
	find "$E/0" -name '*.ltx' | sort | head -n 2
	find "$E/1" -name '*.ltx' | sort | tail -n 1
} >files
while read -r file; do
	chmod u+w "$file"
	printf 'no header' | dd of="$file" conv=notrunc 2>/dev/null
done <files
points --from "$SCRATCH/still"
honest 'a history with spoilt headers' --from "$SCRATCH/still"
is '  which they were' "$(head -c 9 "$spoilt")" 'no header'

# --- other epochs --------------------------------------------------------------------------
"$ROWHOUSE" restore acme --latest --in-place --yes >/dev/null 2>&1 || bail 'not restored in place'
sign_in acme
project_new acme NEW
ok 'it goes on in another epoch' wait_for 30 caught_up acme
rm -rf still
cp -r "$REPLICA" still
points --from "$SCRATCH/still"
ok '  and both are offered' test "$(asked "SELECT count(*) FROM p, json_each(x, '\$.epochs')")" -ge 2
is '  which begins where the other was left' \
    "$(asked "SELECT value ->> 'parent_epoch' FROM p, json_each(x, '\$.epochs') LIMIT 1")" 1
honest 'a history of two epochs' --from "$SCRATCH/still"

# --- as a job ---------------------------------------------------------------------------------
ok 'a job is asked for, and done' job_ends /tenants/acme/points
is '  as what it is' "$(json '$.kind') $(json '$.state')" 'points done'
sqlite3 :memory: "SELECT json_extract(readfile('body'), '\$.result')" >points
epochs() {
	asked "SELECT json_group_array(value ->> 'epoch') FROM p, json_each(x, '\$.epochs')"
}
said=$(epochs)
points
is '  with the same epochs' "$said" "$(epochs)"
is '  and how fine each part is' "$(asked "SELECT DISTINCT value ->> 'grain_ms' FROM p, json_each(x, '\$.ranges')
    WHERE value ->> 'level' = 0")" 100
operator POST /tenants/nobody/points
is 'nobody has none' "$status" 404

# --- in words ------------------------------------------------------------------------------------
like 'people can read it' "$("$ROWHOUSE" restore acme --points)" \
    '20[0-9-]+T[0-9:.]+Z to 20.*epoch 0000000[2-9], TXID [0-9]+ to [0-9]+, [0-9]+ states? '
"$ROWHOUSE" restore acme --points --latest >said 2>&1
is 'what does not go with it is refused' $? 2
like '  in words' "$(cat said)" -- '--points goes with --json, --from and -c'
"$ROWHOUSE" restore nobody --points >said 2>&1
is 'whom the replica does not have' $? 1
like '  is told so' "$(cat said)" 'nobody: there is no replica of it'

done_testing
