#!/bin/sh
# Workers are killed with SIGKILL, one after the other, while clients write.
# Whatever was acknowledged is there, and in the replica.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 3'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
for name in a b c; do
	writer_start acme ACK $name
done

kills=0
while [ $kills -lt 16 ]; do
	wait_for 20 acked_at_least acme $((kills * 8 + 8)) || break
	victim=$(workers | sed -n "$((kills % 3 + 1))p")
	[ -n "$victim" ] && kill -s KILL "$victim" 2>/dev/null && kills=$((kills + 1))
done
is 'clients went on through 16 kills' $kills 16
writers_stop
three_workers() {
	[ "$(workers | wc -l)" -eq 3 ]
}
ok 'the pool is whole again' wait_for 20 three_workers
diag "$(cut -f2 ledger.acme.* | sort | uniq -c)"

copy_of "$(db_of acme)" live.sqlite
ledger_ok 'the file' acme live.sqlite
ok 'the replica catches up' wait_for 20 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite

done_testing
