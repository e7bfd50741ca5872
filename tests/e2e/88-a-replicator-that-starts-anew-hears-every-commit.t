#!/bin/sh
# The replicator ends and is started anew while clients write, and they stop writing
# at once when it is there: no later commit helps it on, and all of them are in the
# replica long before it looks at every file again (replica.sweep).
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 100ms' 'replica.sweep = 1h'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
starts() { grep -c 'replicator.* start text=' serve.log; }
begun() { [ "$(starts)" -gt "$1" ]; }
PACE=0.01
export PACE
for name in a b c d; do
	case $name in [ac]) how=TERM ;; *) how=KILL ;; esac
	writer_start acme ACK $name
	wait_for 20 acked_at_least acme $(($(acked acme) + 20)) || bail 'nothing is written'
	n=$(starts)
	kill -s "$how" "$(replicator)"
	wait_for 30 begun "$n" || bail 'it is not started anew'
	# its first look at the files is over
	wait_for 20 acked_at_least acme $(($(acked acme) + 30)) || bail 'nothing is written'
	writers_stop
	ok "ended by $how: what was written last is there" wait_for 15 caught_up acme
	ledger_ok '  the replica' acme caught-up.sqlite
done
done_testing
