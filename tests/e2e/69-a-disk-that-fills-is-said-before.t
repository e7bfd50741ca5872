#!/bin/sh
# The disk of the data fills to 98 % while clients write: status, figures and the log
# say so before it is full, reads go on, writes are answered or refused cleanly, and
# a restore for which there is no room is refused before it begins.  When somebody
# makes room all goes on by itself, and nothing acknowledged is lost.
. "$(dirname "$0")/../lib.sh"

data_disk 48m

house_new 'replica.interval = 100ms'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
text=$(head -c 9000 /dev/urandom | base64 -w 0)
for i in $(seq 200); do
	api acme POST /api/projects/ACK/issues "{\"title\":\"big $i\",\"description\":\"$text\"}"
done
is 'there is a tenant of some megabytes' "$status" 201
ok '  in the replica' wait_for 40 caught_up acme
writer_start acme ACK a
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'
unlike 'a disk with room is no news' "$("$ROWHOUSE" status)" 'THE DISK'
free() { df -B1 --output=avail "$DATA" | tail -n 1; }
files() { find "$DATA" -name '*.restoring' -o -name 'db.sqlite' | sort; }

# all but 2 %: and again, where what was on its way to the replica has left
pieces=0
fill() {
	size=$(df -B1 --output=size "$DATA" | tail -n 1)
	more=$(($(free) - size / 50))
	[ "$more" -gt 0 ] || return 0
	pieces=$((pieces + 1))
	fallocate -l "$more" "$DATA/ballast.$pieces"
}
said() { fill; "$ROWHOUSE" status | grep -Eq 'THE DISK OF THE DATA IS (9[789]|100) % FULL: [0-9.]+ [KMB]+i?B? ?ARE LEFT'; }
ok 'status says that it is nearly full' wait_for 10 said
diag "$(df -h "$DATA" | tail -n 1)"
ok '  the figures' sh -c "'$ROWHOUSE' status --prometheus | awk '
	/^rowhouse_disk_free_bytes / { free = \$2 } /^rowhouse_disk_size_bytes / { size = \$2 }
	END { exit !(size > 0 && free < 0.05 * size) }'"
ok '  and the log' grep -Eq "warn replicator.* disk text=\"the disk of $DATA is nearly full: .* writes are refused and nothing is replicated" serve.log
api acme GET /api/projects
is '  reads go on' "$status" 200
api acme POST /api/projects/ACK/issues '{"title":"at 98 %"}'
like '  a write is answered, or refused for the disk' "$status" '^(201|507)$'

before=$(files)
for way in --in-place "--to $DATA/elsewhere.sqlite"; do
	fill
	# words
	# shellcheck disable=SC2086
	output=$("$ROWHOUSE" restore acme $way --yes 2>&1)
	ok "a restore $way is refused" test $? -ne 0
	like '  before it begins, with what it needs' "$output" \
		"needs [0-9.]+ [KM]i?B, and [0-9.]+ ([KM]i?)?B is free there"
	like '  and what to do' "$output" 'nothing was begun: make room on that disk'
done
is '  nothing of it is there' "$(files)" "$before"
ok '  and one to another disk is made' "$ROWHOUSE" restore acme --to "$SCRATCH/other.sqlite"

# until the very end
tries=0
full() {
	tries=$((tries + 1))
	api acme POST /api/projects/ACK/issues "{\"title\":\"the last, $tries\",\"description\":\"$text\"}"
	[ "$status" = 507 ]
}
dd if=/dev/zero of="$DATA/more" bs=16k 2>/dev/null
ok 'full to the end it is 507' wait_for 60 full
api acme GET /api/projects
is '  reads go on' "$status" 200
writers_stop
running=$(replicator)

rm "$DATA"/ballast.* "$DATA/more"
room() {
	api acme POST /api/projects/ACK/issues '{"title":"there is room again"}'
	[ "$status" = 201 ]
}
ok 'with room again it is written to' wait_for 20 room
well() { ! "$ROWHOUSE" status | grep -q 'THE DISK'; }
ok '  status is well' wait_for 20 well
ok '  the log says that, too' grep -Eq 'disk text="the disk of .* has room again' serve.log
ok '  the replica catches up' wait_for 60 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite
is '  and nobody was restarted' "$(replicator)" "$running"
ok 'now it is restored' "$ROWHOUSE" restore acme --in-place --yes
done_testing
