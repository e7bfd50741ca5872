#!/bin/sh
# All processes are killed at the same moment while clients write, five times.
# Whatever was acknowledged is there after each start, and at the end in the
# replica.  (The machine stays up: what a power cut takes is the operating
# system's business, and no part of this test.)
. "$(dirname "$0")/../lib.sh"

house_new 'replica.checkpoint = 50' 'replica.interval = 50ms'
tenant_new acme
house_start
sign_in acme
project_new acme ACK

for round in 1 2 3 4 5; do
	writer_start acme ACK "a$round"
	writer_start acme ACK "b$round"
	ok "round $round: clients write" \
		wait_for 20 acked_at_least acme $(($(acked acme) + 60))
	everything_killed
	writers_stop
	serve_start
	ok "round $round: the house answers again" wait_for 20 healthy
	copy_of "$(db_of acme)" live.sqlite
	ledger_ok "round $round" acme live.sqlite
done
ok 'the replica catches up' wait_for 40 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite

done_testing
