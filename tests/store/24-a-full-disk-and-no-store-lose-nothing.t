#!/bin/sh
# The disk is full while a tenant replicates to S3; then S3 is gone, and what waits for
# it fills the disk.  Clients are told so and can read, status and log name the disk,
# and nothing acknowledged is lost.  When S3 is there again what it takes makes the
# room that all needs to go on.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

data_disk 8m

s3_start
house_new "replica.url = $(s3_url house)&stall=1" 'replica.interval = 100ms' \
	'replica.claim = 500ms' 'replica.checkpoint = 100'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'

n=0
big() {	# STATUS		text that nothing makes smaller is answered so
	text=$(head -c 6000 /dev/urandom | base64 -w 0)
	api acme POST /api/projects/ACK/issues \
		"{\"title\":\"big $((n + 1))\",\"description\":\"$text\"}"
	[ "$status" != 201 ] || n=$((n + 1))
	[ "$status" = "$1" ]
}
named() {	# of the replicator, where there is no room
	! "$ROWHOUSE" status acme >status.out 2>&1 &&
		grep -Eq 'No space left on device|disk is full' status.out &&
		grep -Eq "make room on the disk of $DATA" status.out
}

dd if=/dev/zero of="$DATA/ballast" bs=64k 2>/dev/null
wait_for 30 big 507
is 'a full disk is 507' "$status" 507
api acme GET /api/projects
is '  reading goes on' "$status" 200
writers_stop
rm "$DATA/ballast"
wait_for 20 big 201
is 'with room again it is written to' "$status" 201
ok '  and arrives' wait_for 60 caught_up acme

s3_kill
while [ $n -lt 1000 ] && big 201; do
	:
done
is 'without S3 what waits fills the disk' "$status" 507
diag "$n issues of 8 KB; $(df -k "$DATA" | tail -n 1)"
api acme GET /api/projects
is '  reading goes on' "$status" 200
ok '  status names the disk' wait_for 20 named
ok '  and the log' grep -Eq "replicator.* error=full .*hint=\"make room on the disk of $DATA" serve.log
sleep 3
ok '  not all the time' test "$(grep -c 'stream tenant=acme error=full' serve.log)" -le 6

s3_again
wait_for 40 big 201
is 'S3 is back, and it is written to, though nobody made room' "$status" 201
ok '  and has all' wait_for 60 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite
is '  of the big ones, too' "$(sqlite3 caught-up.sqlite \
	"SELECT count(*) FROM issues WHERE title LIKE 'big %'")" $n
well() {
	"$ROWHOUSE" status
}
ok 'status is well again' wait_for 40 well
diag "$(df -k "$DATA" | tail -n 1)"
done_testing
