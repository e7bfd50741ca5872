#!/bin/sh
# rowhouse restore --all --dry-run says what would come back, what it takes and
# what there is; where the disk has no room for it nothing is begun.  How far it is
# sees who watches a terminal, and nobody else.

# in mounts of its own, which end with it
if [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	OWN_MOUNTS=yes exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'mounting a small disk needs root'
mkdir -p "$DATA"
mount -t tmpfs -o size=64m,mode=700 rowhouse-test "$DATA" 2>/dev/null ||
	skip_all 'no tmpfs can be mounted here'

house_new
for slug in small large idle; do
	tenant_new "$slug"
done
sqlite3 "$(db_of large)" \
	'CREATE TABLE ballast (b); INSERT INTO ballast VALUES (randomblob(6000000))'
serve_start
for slug in small large idle _registry; do
	caught_up_or_registry() {
		if [ "$slug" = _registry ]; then
			rm -f r.sqlite
			"$ROWHOUSE" restore _registry --to r.sqlite >/dev/null 2>&1 &&
			[ "$(sqlite3 r.sqlite 'SELECT count(*) FROM tenants')" = 3 ]
		else
			caught_up "$slug"
		fi
	}
	wait_for 30 caught_up_or_registry || bail "$slug does not catch up"
done
# of one of them nothing is left
serve_stop
rm -r "$REPLICA/idle"
bytes=$("$ROWHOUSE" restore large --dry-run --json | tee one.json |
	sed -n 's/.*"bytes":\([0-9]*\).*/\1/p')
rm -rf "${DATA:?}"/*

# --- the plan ---------------------------------------------------------------------

plan() {	# STATUS ARGUMENT…	$output and $said
	want=$1
	shift
	output=$("$ROWHOUSE" restore --all --dry-run "$@" 2>said)
	is "the plan${*:+ as $*}" $? "$want"
	said=$(cat said)
}
plan 1
diag "$output"
like '  has the tenant, its state and size' "$output" '^large +active +20[^ ]*Z +[0-9.]+ [KM]iB +[0-9.]+ [KM]iB$'
like '  what cannot come back, and why' "$output" '^idle +active +CANNOT BE RESTORED: idle: there is no replica of it in '
like '  how many' "$output" 'tenants   3: 2 to come, 0 there already, 1 that cannot be restored'
like '  what the disk needs and has' "$output" '^disk      needs [0-9.]+ [KM]iB, [0-9.]+ [KM]iB is free$'
like '  and fails as the restore would' "$said" '^rowhouse restore: 1 of 3 tenants cannot be restored$'
is '  nothing is begun' "$(ls -A "$DATA")" ''

plan 1 --json
printf %s "$output" >body
q() {	# SQL	of the last answer
	sqlite3 :memory: "$1"
}
is '  the same bytes as for one' "$(q "SELECT json_extract(value, '\$.bytes')
	FROM json_each(readfile('body'), '\$.tenants')
	WHERE json_extract(value, '\$.tenant') = 'large'")" "$bytes"
is '  the sizes add up' "$(q "SELECT sum(json_extract(value, '\$.size')) <= json_extract(readfile('body'), '\$.size')
	FROM json_each(readfile('body'), '\$.tenants')")" 1
is '  with something to spare' "$(q "SELECT json_extract(j, '\$.needed') = json_extract(j, '\$.size') + json_extract(j, '\$.size') / 16
	FROM (SELECT readfile('body') AS j)")" 1
is '  of what is free' "$(q "SELECT abs(json_extract(readfile('body'), '\$.free') - 64 * 1024 * 1024) < 1000000")" 1
needed=$(json '$.needed')

# --- no room ------------------------------------------------------------------------

dd if=/dev/zero of="$DATA/ballast" bs=1k count=$((65536 - needed / 1024 + 200)) 2>/dev/null
plan 1
like 'without room it says so' "$output" '^disk .*: NOT ENOUGH$'
like '  with both figures' "$said" "^rowhouse restore: $DATA needs [0-9.]+ [KM]iB, and [0-9.]+ [KM]iB is free there\$"
said=$("$ROWHOUSE" restore --all 2>&1)
is 'the restore is refused' $? 1
like '  with both figures' "$said" "^rowhouse restore: $DATA needs [0-9.]+ [KM]iB, and [0-9.]+ [KM]iB is free there\$"
is '  before it has begun' "$(ls -A "$DATA")" ballast
rm "$DATA/ballast"

# --- interrupted, and again -------------------------------------------------------------

said=$("$ROWHOUSE" restore --all 2>&1 >all.out)
is 'with room it begins' $? 1
like '  what failed is named, and nothing else said' "$said" '^rowhouse restore: idle: there is no replica of it'
is '  in these lines' "$(echo "$said" | wc -l)" 3
# as a killed attempt leaves it, with all the room there is
large=$(dirname "$(dirname "$(db_of large)")")
mv "$(db_of large)" "$large/00000002/db.sqlite.restoring"
n=$(df -k --output=avail "$DATA" | tail -n 1)
dd if=/dev/zero of="$DATA/ballast" bs=1k count=$((n - 2000)) 2>/dev/null
sqlite3 "$DATA/registry.db" "UPDATE tenants SET epoch = 1 WHERE slug = 'large'" 2>/dev/null
plan 1 --json
printf %s "$output" >body
is '  knows who is there' "$(q "SELECT json_extract(value, '\$.there') FROM json_each(readfile('body'), '\$.tenants')
	WHERE json_extract(value, '\$.tenant') = 'small'")" 1
is '  and counts what it will remove' "$(q "SELECT json_extract(j, '\$.needed') < json_extract(j, '\$.free')
	FROM (SELECT readfile('body') AS j)")" 1
screen=$(script -qec "'$ROWHOUSE' restore --all" /dev/null </dev/null)
like 'who watches sees how far it is' "$screen" '1 of 3 tenants, [0-9.]+ [KM]?i?B of [0-9.]+ [KM]iB, .*/s, [0-9]+ s left'
like '  it goes on' "$screen" 'before   1, by an earlier run'
is '  with the one that was not there' "$(sqlite3 "$(db_of large)" 'SELECT sum(length(b)) FROM ballast')" 6000000

cd "$ROOT" && umount "$DATA"
done_testing
