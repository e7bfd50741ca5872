#!/bin/sh
# The disk of the data fills up while clients write.  They are told so, nothing
# acknowledged is lost, and when there is room again all goes on.
. "$(dirname "$0")/../lib.sh"

data_disk 6m

house_new
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'

dd if=/dev/zero of="$DATA/ballast" bs=64k 2>/dev/null
full() {
	api acme POST /api/projects/ACK/issues \
		"{\"title\":\"big\",\"description\":\"$(printf 'x%.0s' $(seq 9000))\"}"
	[ "$status" = 507 ]
}
ok 'a full disk is 507' wait_for 30 full
is '  in the API'"'"'s shape' "$(json '$.status')" 507
unlike '  without our inside' "$body" 'sqlite|disk image|/'
api acme GET /api/projects
is 'reading goes on' "$status" 200
api acme GET /api/health
is 'the pool is healthy' "$status" 200
writers_stop
rm "$DATA/ballast"
room() {
	api acme POST /api/projects/ACK/issues '{"title":"there is room again"}'
	[ "$status" = 201 ]
}
ok 'with room again it is written to' wait_for 20 room
writer_start acme ACK b 20
wait_for 20 gone "$pid"
copy_of "$(db_of acme)" "$SCRATCH/live.sqlite"
ledger_ok 'the file' acme live.sqlite
ok 'the replica catches up' wait_for 40 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite

done_testing
